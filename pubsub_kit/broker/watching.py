"""What one can see of a group from outside: how far it is behind, and what it waits for."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from threading import RLock

from pubsub_kit.broker.context import Shared
from pubsub_kit.broker.queue import Queue
from pubsub_kit.broker.reader import Reader
from pubsub_kit.broker.settings import SubscriptionError
from pubsub_kit.broker.topic import Topic


class Watched(ABC):
    """The part of a subscription that is for looking at."""

    topic: Topic
    reader: Reader
    queue: Queue
    most: int
    removed: bool
    _lock: RLock
    _shared: Shared

    @abstractmethod
    def look(self) -> float:
        """Look at the clock, take back what is past its deadline, and return the time."""

    def check_there(self) -> None:
        """Raise an error if the broker or the log is closed, or somebody has unsubscribed."""
        self._shared.check_open()
        if self.removed:
            raise SubscriptionError(
                f"{self.reader.name} was unsubscribed: broker.subscribe makes a new group."
            )
        if not self.topic.log.partitions:
            self.topic.log.start()  # it is closed: this says so

    @property
    def outstanding(self) -> int:
        """How many messages are in flight."""
        with self._lock:
            self.look()
            return len(self.queue.flying)

    @property
    def lag(self) -> int:
        """How many messages are not acked yet, counting unread ones that a filter may reject."""
        with self._lock:
            self.look()
            return self.reader.unread() + len(self.queue.rows())

    @property
    def paused(self) -> bool:
        """Whether it is paused."""
        return self.most == 0 and not self.removed

    @property
    def skipped(self) -> int:
        """How many messages the log forgot before this group could read them."""
        return self.reader.skipped

    @property
    def cursors(self) -> list[int]:
        """For each partition, the first offset that is not acked: what Kafka would commit."""
        with self._lock:
            self.look()
            cursors = [self.reader.position(p) for p in range(self.topic.partitions)]
            for partition, offset, _, _ in self.queue.rows() if cursors else ():
                cursors[partition] = min(cursors[partition], offset)
            return cursors

    @property
    def oldest_age(self) -> float | None:
        """The age (seconds) of the oldest message that is not acked; None if all are acked."""
        with self._lock:
            self.look()
            now = self._shared.wall()
            events = [row[3] for row in self.queue.rows()] + self.reader.heads()
            return max(0.0, now - min(event.time for event in events)) if events else None

    @property
    def pending(self) -> bool:
        """Whether anything is in flight or waiting for redelivery."""
        return bool(self.queue.flying or self.queue.aside)

    def next_wakeup(self) -> float | None:
        """Return the time of the next deadline or redelivery, past or future, or None.

        A driver can sleep until then, or until something is published or acked. While
        `max_outstanding` are in flight, only deadlines count.
        """
        with self._lock:
            self.look()
            earliest, aside = self.queue.deadline(), self.queue.aside
            if aside and len(self.queue.flying) < self.most:
                earliest = min(earliest, aside[0][0])
            return None if earliest == math.inf else earliest
