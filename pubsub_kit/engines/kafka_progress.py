"""How far a worker has come in one partition: a Kafka group commits one number, not a set.

    offset      4    5    6    7    8        5 and 7 are acked
                ✓    ✓    ·    ✓    ·        committed: 6, the first that is not

Acks may come in any order, but the number goes up only as far as there is no gap. What was acked
above a gap is known to this worker alone: if it dies, its heir gets 7 again.
"""

from __future__ import annotations

from pubsub_kit.engines.worker import Lent


class Progress:
    """What is lent of a partition, what was acked above a gap, and what comes next."""

    def __init__(self) -> None:
        self.lent: dict[int, Lent] = {}
        self.done: set[int] = set()
        self.taken: dict[int, int] = {}  # how often an offset was lent and taken back again
        self.next = 0

    def hand(self, offset: int, lent: Lent) -> None:
        """Note that a message was lent."""
        self.lent[offset] = lent
        self.next = offset + 1

    def tries(self, offset: int) -> int:
        """Return how often this worker handed an offset out."""
        return self.taken.get(offset, 0) + (offset in self.lent)

    def seen(self, offset: int) -> bool:
        """Return whether a message was finished before, and only came by again."""
        if offset in self.done:
            self.next = max(self.next, offset + 1)
            return True
        return offset < self.next

    def mark(self, *offsets: int) -> int:
        """Return how far everything is finished if these offsets are."""
        finished = {*offsets}
        if self.lent.keys() <= finished:
            return self._end(finished)
        return next(each for each in self.lent if each not in finished)  # they ascend

    def _end(self, finished: set[int]) -> int:
        end = self.next
        while end in self.done or end in finished:
            end += 1
        return end

    def finish(self, *offsets: int) -> None:
        """Note that messages were finished."""
        if self.taken:
            for offset in offsets:
                self.taken.pop(offset, None)
        if not self.done and self.lent.keys() == {*offsets}:  # all that is lent, as most often
            self.lent.clear()
            return
        for offset in offsets:
            self.lent.pop(offset, None)
        mark = self.mark(*offsets)
        self.done = {each for each in {*self.done, *offsets} if each >= mark}
        if not self.lent:
            self.next = mark

    def rewind(self, offset: int) -> None:
        """Take back what was lent from an offset on."""
        for later in [each for each in self.lent if each >= offset]:
            self.lent.pop(later).revoked = True
            self.taken[later] = self.taken.get(later, 0) + 1
        self.next = offset

    def end(self) -> None:
        """Take back everything: the partition is somebody else's now."""
        self.rewind(-1)
