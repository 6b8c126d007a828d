"""The log of a learner's progress, in `my_work/progress`: every check, hint and answer is a fact.

Progress is an event log, and what `progress` prints is a projection of it: the kit keeps its own
state the way it teaches. A log that cannot be used is no reason to fail a check: one sentence says
so, and the rest of the session is kept in memory.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pubsub_kit.checks.desk.copies import FOLDER
from pubsub_kit.checks.forms.sources import ROOT
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog
from pubsub_kit.log.segments import DurableEventLog, LogLocked

SWITCH = "PUBSUB_KIT_PROGRESS"  # "off": keep nothing, as the tests do
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


def history(root: Path = ROOT) -> list[Event]:
    """Return every fact that was recorded, the oldest first.

    Raises PubSubKitError where the log on disk cannot be read.
    """
    events: list[Event] = []
    if _kept(root) and not _given_up and (root / FOLDER / "progress").is_dir():
        with _log(root) as log:
            events = [event for _, event in log.read(0, 0, log.end(0))]
    return events + [event for _, event in _in_memory.read(0, 0, _in_memory.end(0))]


def standings(events: Iterable[Event]) -> dict[str, dict[str, Any]]:
    """Return, for each question, its last outcome, its number of checks, and hints taken.

    This is a projection: a fold over the log, that can be thrown away and made again.
    """
    table: dict[str, dict[str, Any]] = {}
    for event in events:
        if event.subject is None:
            continue
        new = {"outcome": "not attempted", "checks": 0, "hints": 0, "solution": False}
        row = table.setdefault(event.subject, new)
        kind = event.type.removeprefix("progress.")
        if kind == "checked":
            row["outcome"] = event.data["outcome"]
            row["checks"] += event.data["outcome"] != "not attempted"
        elif kind == "hinted":
            row["hints"] += 1
        elif kind == "solution shown":
            row["solution"] = True
        elif kind == "reset":
            row["outcome"] = "not attempted"
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


def _kept(root: Path = ROOT) -> bool:
    return os.environ.get(SWITCH) != "off" and (root / FOLDER).is_dir()


def _log(root: Path = ROOT) -> DurableEventLog:
    """Open the log for a moment: two notebooks may be open at once, and it has one writer."""
    for _ in range(_TRIES):
        with suppress(LogLocked):
            return DurableEventLog(root / FOLDER / "progress")
        time.sleep(_WAIT)
    return DurableEventLog(root / FOLDER / "progress")
