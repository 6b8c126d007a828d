"""What a partition in memory holds, and how it forgets some of it: upkeep.py says when."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable

from pubsub_kit.log.event import Event
from pubsub_kit.log.retention import Keyed
from pubsub_kit.log.rows import to_row
from pubsub_kit.log.upkeep import EVERY


class Forgetting:
    """Two parallel lists: offsets, which may have gaps, and events."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._offsets: list[int] = []
        self._events: list[Event] = []
        self._buried: dict[int, float] = {}  # when a tombstone was appended
        self._end, self.due = 0, EVERY  # and the end at which upkeep.py looks after it again
        self._first: int | None = 0  # the offset of the first event, as long as there are no gaps

    def start(self) -> int:
        """Return the oldest offset that is left, or the end."""
        return self._offsets[0] if self._offsets else self._end

    def keyed(self) -> Keyed:
        """Go through (offset, key, time of the append if it is a tombstone)."""
        pairs = zip(self._offsets, self._events, strict=True)
        return ((at, each.key, self._buried.get(at)) for at, each in pairs)

    def sizes(self) -> Iterable[tuple[int, int]]:
        """Go through (offset, bytes), the newest first."""
        pairs = zip(reversed(self._offsets), reversed(self._events), strict=True)
        return ((at, len(to_row(event, self._buried.get(at)))) for at, event in pairs)

    def forget_before(self, offset: int) -> int:
        """Forget every event before `offset`; return how many are gone."""
        return self.forget(set(self._offsets[: bisect_left(self._offsets, offset)]))

    def forget(self, offsets: set[int]) -> int:
        """Forget these offsets, all of which are here; return how many."""
        pairs = zip(self._offsets, self._events, strict=True)
        kept = [pair for pair in pairs if pair[0] not in offsets]
        self._offsets, self._events = [pair[0] for pair in kept], [pair[1] for pair in kept]
        self._buried = {at: time for at, time in self._buried.items() if at not in offsets}
        start = self.start()
        self._first = start if start + len(kept) == self._end else None
        return len(offsets)

    def count(self) -> int:
        """Return how many events are left."""
        return len(self._events)

    def count_from(self, offset: int) -> int:
        """Return how many events are left from an offset on."""
        return len(self._offsets) - bisect_left(self._offsets, offset)
