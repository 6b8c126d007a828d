"""A reader: a place in each partition of a log, and the way on from there.

It keeps the offset to read next, and moves it past what it returns, past what its filter refuses,
and past what the log has forgotten meanwhile, which it counts. It takes all it can from one
partition before it looks at the next one, and begins after the one that it looked at last, so that
none of them waits for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from pubsub_kit.broker.settings import SubscriptionError, is_count, is_seconds
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog

CHUNK = 256  # messages that a filter gets to see at once

Filter = Callable[[Event], bool]
Row = tuple[int, int, int, Event]  # partition, offset, deliveries so far, event


class Offset(NamedTuple):
    """Start at this offset of each partition, or at the end of one that is shorter."""

    offset: int


class At(NamedTuple):
    """Start at the first message whose time (seconds since the epoch) is not before this."""

    time: float


Start = Literal["latest", "earliest"] | Offset | At


class Reader:
    """A place in each partition, `next`; `skipped` counts what was gone before its turn came."""

    def __init__(self, name: str, log: EventLog, filter: Filter | None) -> None:
        self.name, self.log, self.filter = name, log, filter
        self.next: list[int] = []
        self.turn = 0  # the partition to look at first
        self.skipped = 0

    def go(self, start: Start) -> None:
        """Move to a start."""
        log, partitions = self.log, range(self.log.partitions)
        if start == "latest":
            self.next = [log.end(partition) for partition in partitions]
        elif start == "earliest":
            self.next = [log.start(partition) for partition in partitions]
        elif isinstance(start, At) and is_seconds(start.time):
            self.next = [log.offset_at(partition, start.time) for partition in partitions]
        elif isinstance(start, Offset) and (start.offset == 0 or is_count(start.offset)):
            ends = [log.end(partition) for partition in partitions]
            if start.offset > max(ends):
                raise SubscriptionError(
                    f"{self.name} cannot start at offset {start.offset}: "
                    f"the log ends at {max(ends)}."
                )
            self.next = [min(start.offset, end) for end in ends]
        else:
            raise SubscriptionError(
                "A start is 'latest', 'earliest', Offset(n) or At(seconds), both from 0 up, "
                f"not {start!r}."
            )
        self.turn = 0

    def read(self, rows: list[Row], most: int) -> None:
        """Add new messages until there are `most` rows; raises SubscriptionError for a bad filter.

        What was added before the filter failed is right, and the failing event stays to be read.
        """
        next, partitions = self.next, self.log.partitions
        if len(next) < partitions:  # in a new partition, all is new
            next += [0] * (partitions - len(next))
        for _ in range(partitions):
            partition = self.turn
            self.turn = (partition + 1) % partitions
            while next[partition] < self.log.end(partition):
                self._read_run(partition, rows, most)
                if len(rows) == most:
                    return

    def _read_run(self, partition: int, rows: list[Row], most: int) -> None:
        next, choosy = self.next, self.filter is not None
        limit = CHUNK if choosy else most - len(rows)
        found = self.log.read(partition, next[partition], limit)
        for offset, event in found:
            if not choosy or self._wants(partition, offset, event):
                rows.append((partition, offset, 0, event))
            if offset != next[partition]:
                self.skipped += offset - next[partition]
            next[partition] = offset + 1
            if len(rows) == most:
                return
        if not found:  # the rest of the log was compacted away
            self.skipped += self.log.end(partition) - next[partition]
            next[partition] = self.log.end(partition)

    def _wants(self, partition: int, offset: int, event: Event) -> bool:
        try:
            return self.filter is None or bool(self.filter(event))
        except Exception as error:
            raise SubscriptionError(
                f"The filter of {self.name} failed on partition {partition} offset {offset} with "
                f"{error!r}: subscribe again with a filter that can judge this event."
            ) from error

    def position(self, partition: int) -> int:
        """Return the first offset that is there to be read."""
        next = self.next[partition] if partition < len(self.next) else 0
        return max(next, self.log.start(partition))

    def unread(self) -> int:
        """Count the messages to be read; the filter, if there is one, has not judged them yet."""
        return sum(self.log.end(p) - self.position(p) for p in range(self.log.partitions))

    def heads(self) -> list[Event]:
        """Return the first unread event of each partition that has one."""
        reads = [self.log.read(p, self.position(p), 1) for p in range(self.log.partitions)]
        return [event for found in reads for _, event in found]
