"""The log of reviews, in `my_work/cards`: it is the truth, and what is due is a fold over it.

An entry is appended, and on the disk, before you are told how a review went; so a kill at any
moment loses at most the review whose result you have not seen. The log is open only for a moment,
so two windows may review at once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pubsub_kit.checks.desk import journal
from pubsub_kit.checks.desk.copies import FOLDER
from pubsub_kit.errors import brief
from pubsub_kit.interviews.cards.card import CardError
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog
from pubsub_kit.log.segments import DurableEventLog, LogLocked

Clock = Callable[[], float]
_WAIT, _TRIES = 0.02, 150
_FIRST, _LAST = 946_684_800.0, 7_258_118_400.0  # the years 2000 and 2200: no clock says others


class Book:
    """What was reviewed: on disk below `root`, or in memory where nothing is to be kept.

    Nothing is kept with PUBSUB_KIT_PROGRESS=off, nor where there is no `my_work/`, unless `make`.
    `clock` gives seconds since the epoch.
    """

    def __init__(
        self, root: Path | None = None, clock: Clock = time.time, *, make: bool = False
    ) -> None:
        self.root, self.clock, self.note = root or journal.place, clock, ""
        self._memory = EventLog("cards")
        self.kept = os.environ.get(journal.SWITCH) != "off"
        if self.kept and make:
            try:
                (self.root / FOLDER).mkdir(exist_ok=True)
            except OSError as error:
                self.kept = False
                self.note = f"your reviews are kept in memory only: {error.strerror or error}"
        self.kept = self.kept and (self.root / FOLDER).is_dir()

    @property
    def folder(self) -> Path:
        """Where the log is, if it is on disk."""
        return self.root / FOLDER / "cards"

    def now(self) -> float:
        """Return the time; raises CardError if the clock cannot be right."""
        at = self.clock()
        if not (isinstance(at, int | float) and _FIRST <= at <= _LAST):
            raise CardError(
                f"the clock says {brief(at)}: set the computer's date right, then go on"
            )
        return float(at)

    def record(self, kind: str, data: Mapping[str, Any]) -> None:
        """Append a fact; raises PubSubKitError, and then nothing was recorded."""
        event = Event.new(f"cards.{kind}", {**data}, source="learner", time=self.now())
        if not self.kept:
            self._memory.append(event)
            return
        try:
            with self._log() as log:
                log.append(event)
        except OSError as error:
            raise CardError(
                f"this review could not be written to {self.folder} ({error.strerror or error}), "
                "so it does not count: make room there, and answer again"
            ) from error

    def history(self) -> list[Event]:
        """Return every fact, the oldest first; raises PubSubKitError if the log can't be read."""
        if not self.kept:
            return [event for _, event in self._memory.read(0, 0, self._memory.end(0))]
        if not self.folder.is_dir():
            return []
        try:
            with self._log() as log:
                return [event for _, event in log.read(0, log.start(0), log.end(0))]
        except OSError as error:
            raise CardError(
                f"your reviews in {self.folder} can't be read ({error.strerror or error})"
            ) from error

    def _log(self) -> DurableEventLog:
        for _ in range(_TRIES):
            with suppress(LogLocked):
                return DurableEventLog(self.folder)
            time.sleep(_WAIT)
        return DurableEventLog(self.folder)
