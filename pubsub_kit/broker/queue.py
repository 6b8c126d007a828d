"""A queue: the messages that a group has read and that are neither acked nor dead, in three places.

    flying   in flight, each under an ack id: a lease that ends at the delivery's deadline
    aside    available again at a certain time: after a backoff, or when the deadline passed
    held     ordered only: waiting until an earlier message of the same key is acked or dead

It has no clock and knows no broker: its caller says what time it is.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush

from pubsub_kit.broker.delivery import Delivery, Settler, deliver
from pubsub_kit.broker.reader import Row
from pubsub_kit.log.event import Event


class Queue:
    """The three places; with `ordered`, at most one message per key is flying or aside."""

    def __init__(self, ordered: bool) -> None:
        self.ordered = ordered
        self.flying: dict[int, Delivery] = {}  # by ack id
        self.aside: list[tuple[float, int, int, int, Event]] = []  # a heap of (due, *row)
        self.held: dict[str | None, deque[Row]] = {}  # the messages that wait for each busy key
        self.waiting = 0  # messages aside or held
        self.earliest = math.inf  # no deadline is earlier than this

    def take_due(self, now: float, most: int) -> list[Row]:
        """Take up to `most` of the messages aside that are due, the earliest due first."""
        rows: list[Row] = []
        while self.aside and self.aside[0][0] <= now and len(rows) < most:
            rows.append(heappop(self.aside)[1:])
            self.waiting -= 1
        return rows

    def admits(self, row: Row) -> bool:
        """Let a message that was just read through, or hold it back if its key is busy."""
        key = row[3].key
        if not self.ordered or key is None:
            return True
        if (line := self.held.get(key)) is None:
            self.held[key] = deque()
            return True
        line.append(row)
        self.waiting += 1
        return False

    def lease(
        self, to: Settler, topic: str, rows: list[Row], deadline: float, ack_ids: Iterator[int]
    ) -> list[Delivery]:
        """Lease rows out until a deadline, each under the next ack id."""
        batch = [
            deliver(Delivery, (to, topic, partition, offset, tried + 1, event, id, deadline))
            for (partition, offset, tried, event), id in zip(rows, ack_ids, strict=False)
        ]
        for delivery in batch:
            self.flying[delivery[6]] = delivery
        if deadline < self.earliest:
            self.earliest = deadline
        return batch

    def overdue(self, now: float) -> list[Delivery]:
        """Return the deliveries whose deadline has passed."""
        return [each for each in self.flying.values() if each.deadline <= now]

    def deadline(self) -> float:
        """Return the earliest deadline, or infinity if nothing is flying."""
        earliest = math.inf
        for each in self.flying.values() if self.flying else ():
            if each.deadline < earliest:
                earliest = each.deadline
        self.earliest = earliest
        return earliest

    def put_aside(self, row: Row, due: float) -> None:
        """Make a message available again from the time `due` on."""
        heappush(self.aside, (due, *row))
        self.waiting += 1

    def end(self, key: str | None, now: float) -> None:
        """Release the next message of a key, now that the one before is acked or dead."""
        if line := self.held.get(key):
            heappush(self.aside, (now, *line.popleft()))
        else:
            self.held.pop(key, None)

    def rows(self) -> list[Row]:
        """Return all messages in the queue."""
        rows: list[Row] = [
            (d.partition, d.offset, d.attempt, d.stored) for d in self.flying.values()
        ]
        rows += [aside[1:] for aside in self.aside]
        return rows + [row for line in self.held.values() for row in line]
