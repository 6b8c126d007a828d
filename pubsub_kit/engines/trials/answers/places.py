"""Where a process is killed or stopped: before one of its awaits, named by the await's own words.

    Place("acking pay-1")                      dies before its first ack of pay-1
    Place("reading film tea", stops=True)      stops there, until somebody continues it
    Place("writing next", of="move-2")         dies there while it has move-2 in hand

The words are those of a world's points ("writing ann", "committing seen pay-1, ann"), and three of
the process itself: "handling pay-1", "acking pay-1", "giving pay-1 back". A place may also be a
number: the third await of an effect, say, whatever it is.
"""

from __future__ import annotations

import os
import signal
from typing import NamedTuple


class Place(NamedTuple):
    """The await before which a process ends: the first whose words begin so, or the n-th of all.

    With `of`, the first one while the process has this message in hand.
    """

    at: str | int
    stops: bool = False
    of: str = ""


class Fate:
    """Counts the awaits of this process, and ends it at its place, if it has one."""

    def __init__(self, place: Place | None = None) -> None:
        self.place = place
        self.passed = 0
        self.hand = ""  # the id of the message in hand

    def reach(self, words: str) -> None:
        """Come to an await: from its own place the process does not go on."""
        self.passed += 1
        if self.place is None or not self._is_there(self.place, words):
            return
        how = signal.SIGSTOP if self.place.stops else signal.SIGKILL
        self.place = None
        os.kill(os.getpid(), how)

    def _is_there(self, place: Place, words: str) -> bool:
        if place.of not in ("", self.hand):
            return False
        return words.startswith(place.at) if isinstance(place.at, str) else place.at == self.passed
