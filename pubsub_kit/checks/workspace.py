"""A learner's own place: `my_work/` holds copies of the exercises, and the log of their progress.

The copies are made once and never written to again, so an update of the checkout never meets an
edit. Progress is an event log, and what `progress` prints is a projection of it: the kit keeps its
own state the way it teaches.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pubsub_kit.checks.sources import ROOT
from pubsub_kit.event import Event
from pubsub_kit.log import EventLog

FOLDER = "my_work"
SWITCH = "PUBSUB_KIT_PROGRESS"  # "off": keep nothing, as the tests do

_in_memory = EventLog("progress")


def prepare(root: Path = ROOT) -> list[str]:
    """Copy each exercise that has no copy yet to `my_work/`; return the names of the new ones."""
    folder = root / FOLDER
    folder.mkdir(exist_ok=True)
    made = []
    for source in sorted((root / "exercises").glob("*.ipynb")):
        target = folder / source.name
        if not target.exists():
            partial = target.with_suffix(".part")
            shutil.copyfile(source, partial)
            os.link(partial, target) if hasattr(os, "link") else shutil.copyfile(partial, target)
            partial.unlink()
            made.append(source.name)
    return made


def record(kind: str, **details: Any) -> None:
    """Append one fact to the log of progress: on disk if there is a `my_work/`, else in memory."""
    event = Event.new(f"progress.{kind}", details, source="learner", subject=_subject(details))
    if not _kept():
        _in_memory.append(event)
        return
    with _log() as log:
        log.append(event)


def history(root: Path = ROOT) -> list[Event]:
    """Return every fact that was recorded, the oldest first."""
    if not _kept(root):
        return [event for _, event in _in_memory.read(0, 0, _in_memory.end(0))]
    with _log(root) as log:
        return [event for _, event in log.read(0, 0, log.end(0))]


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
            record("answered", key=key, answer=answer)
            return answer
        said = [
            e.data["answer"]
            for e in history()
            if e.type == "progress.answered" and e.data["key"] == key
        ]
        return said[-1] if said else None


def _subject(details: dict[str, Any]) -> str | None:
    if "question" not in details:
        return None
    return f"{details['exercise']}.{details['question']}"


def _kept(root: Path = ROOT) -> bool:
    return os.environ.get(SWITCH) != "off" and (root / FOLDER).is_dir()


def _log(root: Path = ROOT) -> Any:
    """Open the log for a moment: two notebooks may be open at once, and it has one writer."""
    from pubsub_kit.segments import DurableEventLog, LogLocked

    for _ in range(100):
        try:
            return DurableEventLog(root / FOLDER / "progress")
        except LogLocked:
            time.sleep(0.02)
    return DurableEventLog(root / FOLDER / "progress")
