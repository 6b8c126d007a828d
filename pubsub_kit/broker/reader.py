"""A reader: its position in each partition of a log, and how it moves on from there.

It remembers the next offset to read. It moves past what it returns, past what its filter rejects,
and past what the log has forgotten meanwhile, which it counts. It takes all it can from one
partition before it looks at the next, and starts after the one that it looked at last, so that no
partition waits forever.
"""

from __future__ import annotations

import math

from pubsub_kit.broker.choosing import Choosing, Filter
from pubsub_kit.broker.settings import SubscriptionError
from pubsub_kit.broker.starts import At, Start, check_start
from pubsub_kit.errors import brief
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog

CHUNK = 256  # messages that are read at once for a filter
Row = tuple[int, int, int, Event]  # partition, offset, deliveries so far, event


class Reader(Choosing):
    """`next` is its position in each partition; `skipped` counts what was gone before it came."""

    def __init__(self, name: str, log: EventLog, filter: Filter | None) -> None:
        super().__init__(name, filter)
        self.log = log
        self.next: list[int] = []
        self.turn = 0  # the partition to look at first
        self.skipped = 0

    def go(self, start: Start) -> None:
        """Go to a start; raises SubscriptionError if there is no such place."""
        check_start(start)
        self.check_idle()
        log, partitions = self.log, range(self.log.partitions)
        ends = [*log.ends]
        if start == "latest":
            self.next = ends
        elif start == "earliest":
            self.next = [log.start(partition) for partition in partitions]
        elif isinstance(start, At):
            self.next = [log.offset_at(partition, start.time) for partition in partitions]
        else:
            if start.offset > (end := max(ends, default=0)):
                raise SubscriptionError(
                    f"{self.name} can't start at offset {brief(start.offset)}: "
                    f"the log ends at {end}."
                )
            self.next = [min(start.offset, each) for each in ends]
        self.turn = 0

    def read(self, rows: list[Row], most: int) -> None:
        """Add new messages until there are `most` rows; raises SubscriptionError for a bad filter.

        The rows added before the filter failed are valid; the failing event is still to be read.
        """
        next, ends = self.next, self.log.ends
        partitions = len(ends)
        if len(next) < partitions:  # everything in a new partition is new
            next += [0] * (partitions - len(next))
        for _ in range(partitions):
            partition = self.turn
            self.turn = (partition + 1) % partitions
            while self.read_run(partition, rows, most):
                if len(rows) == most:
                    return
                if next[partition] == ends[partition]:
                    break

    def read_run(self, partition: int, rows: list[Row], most: int) -> bool:
        """Read once from a partition, up to `most` rows, or up to what a filter takes at once.

        Returns whether there may be more.
        """
        next, choosy, at = self.next, self.filter is not None, self.next[partition]
        end = self.end(partition) if self.log.grown else math.inf
        found = self.log.peek(partition, at, CHUNK if choosy else most - len(rows))
        after = at + len(found)
        if found and not choosy and found[-1][0] == after - 1 < end:  # no gap
            rows += [(partition, offset, 0, event) for offset, event in found]
            next[partition] = after
            return True
        for offset, event in found:
            if offset >= end:
                break
            if not choosy or self.wants(partition, offset, event):
                rows.append((partition, offset, 0, event))
            if offset != next[partition]:
                self.skip(partition, offset)
            next[partition] = offset + 1
            if len(rows) == most:
                return True
        else:
            if found:
                return True
        stop = int(min(end, self.log.end(partition)))
        if next[partition] < stop:  # the rest was compacted away, or has come since
            more = self.log.peek(partition, next[partition], 1)
            if more and more[0][0] < stop:
                return True
            self.skip(partition, stop)
            next[partition] = stop
        return False

    def end(self, partition: int) -> int:
        """Return where reading has to stop for now: a reader that keeps order may stop earlier."""
        return self.log.end(partition)

    def skip(self, partition: int, to: int) -> None:
        """Count what the log has forgotten between the next offset and this one."""
        self.skipped += to - self.next[partition]

    def position(self, partition: int) -> int:
        """Return the first offset that can still be read."""
        next = self.next[partition] if partition < len(self.next) else 0
        return max(next, self.log.start(partition))

    def unread(self) -> int:
        """Count the messages still to be read, before any filter has looked at them."""
        return sum(self.log.count(p, self.position(p)) for p in range(self.log.partitions))

    def heads(self) -> list[Event]:
        """Return the first unread event of each partition that has one."""
        reads = [self.log.peek(p, self.position(p), 1) for p in range(self.log.partitions)]
        return [event for found in reads for _, event in found]
