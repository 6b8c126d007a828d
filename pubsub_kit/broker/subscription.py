"""A subscription: a group's position in a topic, and the deliveries it has not acked yet.

Each message goes through this state machine, once for each group:

                      pull                     ack
    available ────────────────► in flight ────────────► acked
        ▲                         │    │
        │   nack, after a backoff │    │  max_deliveries reached
        └───── deadline passed ───┘    └──────────────► dead: copied to the dead-letter topic

It is a log's reader and a queue at once: a `Reader` moves through the log, and a `Queue` keeps what
it has read until that is acked or dead. A pull takes what is due in the queue first, then new
messages.

Nothing happens in the background. Each call looks at the clock, and first takes back what is past
its deadline; so an ack at its deadline or later is stale, even if nobody had noticed yet.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from random import Random
from threading import RLock

from pubsub_kit.broker.dead_letters import dead_letter
from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.broker.queue import Queue
from pubsub_kit.broker.reader import At, Filter, Offset, Reader, Row
from pubsub_kit.broker.settings import Settings, SubscriptionError, is_count, is_seconds
from pubsub_kit.broker.topic import BrokerError, Topic
from pubsub_kit.log.event import Event

READ_AHEAD = 10_000  # a group with this many messages aside or held reads no new ones


@dataclass(slots=True)
class Shared:
    """What the subscriptions of one broker share, and all they know about it."""

    clock: Callable[[], float]  # seconds
    lock: RLock
    rng: Random | None  # for the jitter of a backoff
    ack_ids: Iterator[int]
    publish: Callable[[str, Event], object]  # to a dead-letter topic
    settled: Callable[[int], None]  # is told how many were acked or dead-lettered
    save: Callable[[], None]  # makes the group's new position durable
    closed: bool = False

    def dice(self) -> Random:
        """Return the generator for jitter, made on first use because seeding one is slow."""
        self.rng = self.rng or Random(0)
        return self.rng

    def check_open(self) -> None:
        """Raise BrokerError if the broker is closed."""
        if self.closed:
            raise BrokerError("This broker is closed: make a new one (of the same path, if any).")


class Subscription:
    """One group's view of one topic, made by `Broker.subscribe` and shared by its workers."""

    def __init__(
        self, shared: Shared, topic: Topic, group: str, settings: Settings, filter: Filter | None
    ) -> None:
        self.topic, self.group, self.settings = topic, group, settings
        self.reader = Reader(f"{topic.name}/{group}", topic.log, filter)
        self.queue = Queue(settings.ordered)
        self.clock, self._lock, self._shared = shared.clock, shared.lock, shared

    def __repr__(self) -> str:
        flying, next = len(self.queue.flying), self.reader.next
        return f"<Subscription {self.reader.name} next={next} in_flight={flying}>"

    # ── handing out ─────────────────────────────────────────────────────────────────────────────

    def pull(self, n: int = 1) -> list[Delivery]:
        """Take up to `n` available messages, and never more in flight than `max_outstanding`."""
        if not is_count(n):
            raise SubscriptionError(f"pull(n) takes a whole number from 1 up, not {n!r}.")
        with self._lock:
            now, queue = self.look(), self.queue
            room = min(n, self.settings.max_outstanding - len(queue.flying))
            rows = queue.take_due(now, room) if queue.aside else []
            if len(rows) < room:
                self._read_on(rows, room)
            if not rows:
                return []
            deadline = now + self.settings.ack_deadline
            return queue.lease(self, self.topic.name, rows, deadline, self._shared.ack_ids)

    def _read_on(self, rows: list[Row], room: int) -> None:
        queue = self.queue
        while len(rows) < room and queue.waiting < READ_AHEAD:
            found: list[Row] = []
            try:
                self.reader.read(found, room - len(rows))
            except SubscriptionError:  # first hand out what came before
                if not rows and not found:
                    raise
            rows += [row for row in found if queue.admits(row)] if queue.ordered else found
            if not found:
                return

    # ── taking back ─────────────────────────────────────────────────────────────────────────────

    def ack(self, ack_id: int) -> bool:
        """Finish a delivery; return False, and do nothing, if its ack id is stale.

        An ack id is stale once it has been acked or nacked, once its deadline has passed, and after
        a seek or a restart.
        """
        with self._lock:
            now = self.look()
            if delivery := self._find(ack_id):
                self._settle(delivery, now)
            return delivery is not None

    def ack_batch(self, deliveries: Iterable[Delivery]) -> int:
        """Ack many deliveries at once; return how many of them were not stale."""
        with self._lock:
            now, queue, counted = self.look(), self.queue, 0
            for delivery in deliveries:
                if queue.flying.pop(delivery.ack_id, None) is not None:
                    counted += 1
                    if queue.ordered:
                        queue.end(delivery.event.key, now)
            self._shared.settled(counted)
            return counted

    def nack(self, ack_id: int, delay: float | None = None, reason: str = "nack") -> bool:
        """Give a delivery back, to be redelivered after `delay` seconds (None: as `retry` says).

        After `max_deliveries` it is dead-lettered with this `reason`. False if the id is stale.
        """
        if delay is not None and not is_seconds(delay):
            raise SubscriptionError(f"nack takes a delay in seconds from 0 up, not {delay!r}.")
        with self._lock:
            now = self.look()
            if delivery := self._find(ack_id):
                if delay is None:
                    delay = self.settings.retry.delay(delivery.attempt, self._shared.dice())
                self._fail(delivery, now, now + delay, reason)
            return delivery is not None

    def extend(self, ack_id: int, seconds: float) -> bool:
        """Move a delivery's deadline to `seconds` from now; return False if its id is stale."""
        if not is_seconds(seconds) or seconds == 0:
            raise SubscriptionError(f"extend takes a number of seconds above 0, not {seconds!r}.")
        with self._lock:
            now = self.look()
            if delivery := self._find(ack_id):
                delivery.deadline = now + seconds
                self.queue.earliest = min(self.queue.earliest, delivery.deadline)
            return delivery is not None

    def _find(self, ack_id: object) -> Delivery | None:
        if not isinstance(ack_id, int):
            raise SubscriptionError(f"Give the ack_id of a delivery, a number, not {ack_id!r}.")
        return self.queue.flying.get(ack_id)

    def look(self) -> float:
        """Look at the clock, take back what is past its deadline, and return the time."""
        if self._shared.closed:
            self._shared.check_open()
        now = self.clock()
        if now >= self.queue.earliest:
            for late in self.queue.overdue(now):
                self._fail(late, late.deadline, late.deadline, "the ack deadline passed")
            self.queue.deadline()
        return now

    def _fail(self, delivery: Delivery, now: float, due: float, reason: str) -> None:
        row = (delivery.partition, delivery.offset, delivery.attempt, delivery.event)
        if self.buries(row, reason):  # the copy comes first: a crash before the ack repeats it
            self._settle(delivery, now)
        else:
            del self.queue.flying[delivery.ack_id]
            self.queue.put_aside(row, due)

    def _settle(self, delivery: Delivery, now: float) -> None:
        del self.queue.flying[delivery.ack_id]
        if self.queue.ordered:
            self.queue.end(delivery.event.key, now)
        self._shared.settled(1)

    def buries(self, row: Row, reason: str) -> bool:
        """Dead-letter a message if it has had its last delivery; return whether it had."""
        most = self.settings.max_deliveries
        if most is None or row[2] < most:
            return False
        letter = dead_letter(row, self.topic.name, self.group, reason)
        self._shared.publish(self.settings.dead_letter or "", letter)
        return True

    # ── going elsewhere ─────────────────────────────────────────────────────────────────────────

    def seek(self, *, offset: int | None = None, time: float | None = None) -> None:
        """Go to this offset in each partition, or to this time (seconds since the epoch).

        Deliveries in flight are forgotten: their acks are stale, and attempts restart at 1.
        """
        if (offset is None) == (time is None):
            raise SubscriptionError("seek takes either offset=… or time=…, not both.")
        with self._lock:
            self.reader.go(At(time) if time is not None else Offset(offset or 0))
            self.queue = Queue(self.settings.ordered)
            self._shared.save()

    # ── looking ─────────────────────────────────────────────────────────────────────────────────

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
    def skipped(self) -> int:
        """How many messages the log forgot before this group could read them."""
        return self.reader.skipped

    @property
    def cursors(self) -> list[int]:
        """For each partition, the first offset that is not acked: what Kafka would commit."""
        with self._lock:
            self.look()
            cursors = [self.reader.position(p) for p in range(self.topic.partitions)]
            for partition, offset, _, _ in self.queue.rows():
                cursors[partition] = min(cursors[partition], offset)
            return cursors

    @property
    def oldest_age(self) -> float | None:
        """The age (seconds) of the oldest message that is not acked; None if all are acked."""
        with self._lock:
            now = self.look()
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
            if aside and len(self.queue.flying) < self.settings.max_outstanding:
                earliest = min(earliest, aside[0][0])
            return None if earliest == math.inf else earliest
