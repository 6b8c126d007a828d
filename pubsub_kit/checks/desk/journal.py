"""The log of a learner's progress, in `my_work/progress`: every check, hint and answer is a fact.

Progress is an event log, and what `progress` prints is a projection of it: the kit keeps its own
state the way it teaches. A log that cannot be used is no reason to fail a check: one sentence says
so, and the rest of the session is kept in memory.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pubsub_kit.checks.desk.copies import FOLDER
from pubsub_kit.checks.forms.sources import ROOT
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog
from pubsub_kit.log.segments import DurableEventLog, LogLocked

SWITCH = "PUBSUB_KIT_PROGRESS"  # "off": keep nothing, as the tests do
#: The folder that has `my_work/`: the checkout.
place = ROOT
_WAIT, _TRIES = 0.02, 150  # another notebook holds the log for some milliseconds at a time

_in_memory = EventLog("progress")
_given_up = False


def record(*facts: tuple[str, dict[str, Any]]) -> str:
    """Append facts, each a kind and its details, to the log of progress.

    On disk if there is a `my_work/`, else in memory. Returns "", or, once, a sentence that says why
    nothing is kept on disk.
    """
    global _given_up
    events = [_event(kind, details) for kind, details in facts]
    if _kept() and not _given_up:
        try:
            with _log() as log:
                log.append_batch(events)
            return ""
        except (PubSubKitError, OSError) as error:
            _given_up = True
            _in_memory.append_batch(events)
            return f"your progress is kept in memory only from here on: {error}"
    _in_memory.append_batch(events)
    return ""


def history(root: Path | None = None) -> list[Event]:
    """Return every fact that was recorded below `root`, the oldest first.

    Raises PubSubKitError where the log on disk cannot be read.
    """
    events: list[Event] = []
    if _kept(root) and not _given_up and _folder(root).is_dir():
        with _log(root) as log:
            events = [event for _, event in log.read(0, 0, log.end(0))]
    return events + [event for _, event in _in_memory.read(0, 0, _in_memory.end(0))]


@dataclass
class Standing:
    """Where somebody stands with one question.

    `outcome` is what their last check said, of the answer as it is now. `held` says whether any
    answer of theirs ever held: no later check takes that away, and no reset. `hints` counts those
    that they asked for, and not those that came with a verdict.
    """

    outcome: str = "not attempted"
    held: bool = False
    checks: int = 0
    hints: int = 0
    solution: bool = False

    def after(self, kind: str, data: Mapping[str, Any]) -> Standing:
        """Return the standing after one more fact."""
        if kind == "checked":
            outcome = str(data.get("outcome", "not attempted"))
            checks = self.checks + (outcome != "not attempted")
            held = self.held or outcome == "holds"
            return replace(self, outcome=outcome, held=held, checks=checks)
        if kind == "hinted":
            return replace(self, hints=self.hints + (not data.get("automatic")))
        if kind == "solution shown":
            return replace(self, solution=True)
        return replace(self, outcome="not attempted") if kind == "reset" else self


def standings(events: Iterable[Event]) -> dict[str, Standing]:
    """Return the standing of each question, such as "03.consumer", that there is a fact about.

    This is a projection: a fold over the log, that can be thrown away and made again.
    """
    table: dict[str, Standing] = {}
    for event in events:
        if event.subject is not None:
            before = table.get(event.subject, Standing())
            kind = event.type.removeprefix("progress.")
            table[event.subject] = before.after(kind, event.data)
    return table


class Answers:
    """Keeps predictions and quiz answers as facts in the same log."""

    def __call__(self, key: str, answer: str | None = None) -> str | None:
        """Keep the answer if there is one; return the latest answer under the key, or None."""
        if answer is not None:
            record(("answered", {"key": key, "answer": answer}))
            return answer
        facts: list[Event] = []
        with suppress(PubSubKitError, OSError):
            facts = history()
        said = [
            fact.data["answer"]
            for fact in facts
            if fact.type == "progress.answered" and fact.data["key"] == key
        ]
        return said[-1] if said else None


def _event(kind: str, details: dict[str, Any]) -> Event:
    asked = "question" in details
    subject = f"{details['exercise']}.{details['question']}" if asked else None
    return Event.new(f"progress.{kind}", details, source="learner", subject=subject)


def _folder(root: Path | None = None) -> Path:
    return (root or place) / FOLDER / "progress"


def _kept(root: Path | None = None) -> bool:
    return os.environ.get(SWITCH) != "off" and _folder(root).parent.is_dir()


def _log(root: Path | None = None) -> DurableEventLog:
    """Open the log for a moment: two notebooks may be open at once, and it has one writer."""
    for _ in range(_TRIES):
        with suppress(LogLocked):
            return DurableEventLog(_folder(root))
        time.sleep(_WAIT)
    return DurableEventLog(_folder(root))
