"""Where a process is killed or stopped: before one of its awaits, named by the await's own words.

    Place("acking pay-1")                      dies before its first ack of pay-1
    Place("reading film tea", stops=True)      stops there, until somebody continues it

The words are those of a world's points ("writing ann", "committing seen pay-1, ann"), and three of
the process itself: "handling pay-1", "acking pay-1", "giving pay-1 back". A place may also be a
number: the third await of an effect, say, whatever it is.
"""

from __future__ import annotations

import os
import signal
from typing import NamedTuple


class Place(NamedTuple):
    """The await before which a process ends: the first whose words begin so, or the n-th of all."""

    at: str | int
    stops: bool = False


class Fate:
    """Counts the awaits of this process, and ends it at its place, if it has one."""

    def __init__(self, place: Place | None = None) -> None:
        self.place = place
        self.passed = 0

    def reach(self, words: str) -> None:
        """Come to an await: from its own place the process does not go on."""
        self.passed += 1
        if self.place is None or not _is(self.place.at, words, self.passed):
            return
        how = signal.SIGSTOP if self.place.stops else signal.SIGKILL
        self.place = None
        os.kill(os.getpid(), how)


def _is(at: str | int, words: str, number: int) -> bool:
    return words.startswith(at) if isinstance(at, str) else at == number
