"""How far the search of a check is: nothing at first, and a line once it takes longer than that.

The line is gone when the check is over, so what a notebook saves does not depend on how fast the
machine is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pubsub_kit.show.widgets import status
from pubsub_kit.world.search.claim import count

PATIENCE = 2.0  # seconds before anything is said

#: Who hears each line too, and "" when there is none any more: the command line does.
listeners: list[Callable[[str], None]] = []

_search: _Search | None = None


class _Search:
    """The check that runs now."""

    def __init__(self, name: str) -> None:
        self.name, self.begun, self.told = name, time.perf_counter(), False
        self.place = status.place()

    def tell(self, words: str) -> None:
        """Show words, or for none an empty place."""
        self.told = bool(words)
        if self.place is not None:
            self.place.show(words) if words else self.place.clear()
        for listener in listeners:
            listener(words)


@contextmanager
def shown(name: str) -> Iterator[None]:
    """Show how far the searches in this block are; `name` is the question that is checked."""
    global _search
    outer, _search = _search, _Search(name)
    try:
        yield
    finally:
        if _search.told:
            _search.tell("")
        _search = outer


def report(schedules: int, faults: int) -> None:
    """Hear from a search: how many schedules are done, and of how many faults it is at."""
    if _search is not None and time.perf_counter() - _search.begun >= PATIENCE:
        done, at = count(schedules, "schedule"), count(faults, "fault")
        _search.tell(f"{_search.name}: {done} tried, now those with {at}")
