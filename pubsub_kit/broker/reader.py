"""A reader: its position in each partition of a log, and how it moves on from there.

It remembers the next offset to read. It moves past what it returns, past what its filter rejects,
and past what the log has forgotten meanwhile, which it counts. It takes all it can from one
partition before it looks at the next, and starts after the one that it looked at last, so that no
partition waits forever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from pubsub_kit.broker.settings import SubscriptionError, is_count, is_seconds
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog

CHUNK = 256  # messages that are read at once for a filter

Filter = Callable[[Event], bool]
Row = tuple[int, int, int, Event]  # partition, offset, deliveries so far, event


class Offset(NamedTuple):
    """Start at this offset in each partition, or at the end of a shorter one."""

    offset: int


class At(NamedTuple):
    """Start at the first message from this time on (seconds since the epoch)."""

    time: float


Start = Literal["latest", "earliest"] | Offset | At


class Reader:
    """`next` is its position in each partition; `skipped` counts what was gone before it came."""

    def __init__(self, name: str, log: EventLog, filter: Filter | None) -> None:
        self.name, self.log, self.filter = name, log, filter
        self.next: list[int] = []
        self.turn = 0  # the partition to look at first
        self.skipped = 0

    def go(self, start: Start) -> None:
        """Go to a start; raises SubscriptionError if there is no such place."""
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
                    f"{self.name} can't start at offset {start.offset}: "
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

        The rows added before the filter failed are valid; the failing event is still to be read.
        """
        next, partitions = self.next, self.log.partitions
        if len(next) < partitions:  # everything in a new partition is new
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
                f"The filter of {self.name} failed at partition {partition}, offset {offset} with "
                f"{error!r}: subscribe again with a filter that can handle this event."
            ) from error

    def position(self, partition: int) -> int:
        """Return the first offset that can still be read."""
        next = self.next[partition] if partition < len(self.next) else 0
        return max(next, self.log.start(partition))

    def unread(self) -> int:
        """Count the messages still to be read, before any filter has looked at them."""
        return sum(self.log.end(p) - self.position(p) for p in range(self.log.partitions))

    def heads(self) -> list[Event]:
        """Return the first unread event of each partition that has one."""
        reads = [self.log.read(p, self.position(p), 1) for p in range(self.log.partitions)]
        return [event for found in reads for _, event in found]
