"""A learner's own place: `my_work/` holds copies of the exercises, and the log of their progress.

The copies are made once and never written to again, so an update of the checkout never meets an
edit. Progress is an event log, and what `progress` prints is a projection of it: the kit keeps its
own state the way it teaches. A log that cannot be used is no reason to fail a check: one sentence
says so, and the rest of the session is kept in memory.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pubsub_kit.checks.forms.sources import ROOT
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog

if TYPE_CHECKING:
    from pubsub_kit.log.segments import DurableEventLog

FOLDER = "my_work"
SWITCH = "PUBSUB_KIT_PROGRESS"  # "off": keep nothing, as the tests do
_WAIT, _TRIES = 0.02, 150  # another notebook holds the log for some milliseconds at a time

_in_memory = EventLog("progress")
_given_up = False


class WorkspaceError(PubSubKitError):
    """The learner's own place cannot be made or used; the message says why, and what to do."""


# --- the copies -----------------------------------------------------------------------------------


def prepare(root: Path = ROOT) -> list[str]:
    """Copy each exercise that has no copy yet to `my_work/`; return the names of the new ones.

    Raises WorkspaceError where that folder cannot be written to.
    """
    folder = root / FOLDER
    sources = sorted((root / "exercises").glob("*.ipynb"))
    try:
        folder.mkdir(exist_ok=True)
        return [source.name for source in sources if _copy(source, folder / source.name)]
    except OSError as error:
        raise WorkspaceError(
            f"your copies of the exercises cannot be written to {folder}/ "
            f"({error.strerror or error}): make room there, or work in a checkout that is yours"
        ) from error


def _copy(source: Path, target: Path) -> bool:
    """Copy a file to a place where there is none, whole or not at all; say whether it was done."""
    if target.exists():
        return False
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        shutil.copyfile(source, partial)
        return _name(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def _name(partial: Path, target: Path) -> bool:
    """Give a finished copy its name, unless something has it already."""
    try:
        os.link(partial, target)
    except FileExistsError:
        return False
    except (OSError, AttributeError):  # a file system, or a system, without hard links
        if target.exists():
            return False
        partial.rename(target)
    return True


# --- the log of progress --------------------------------------------------------------------------


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
    from pubsub_kit.log.segments import DurableEventLog, LogLocked

    for _ in range(_TRIES):
        with suppress(LogLocked):
            return DurableEventLog(root / FOLDER / "progress")
        time.sleep(_WAIT)
    return DurableEventLog(root / FOLDER / "progress")
