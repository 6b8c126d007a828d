"""A subscription: a group's place in a topic, and what it was handed and has not yet acked.

Each message goes, for each group apart, through this machine:

                      pull                     ack
    available ────────────────► in flight ────────────► acked
        ▲                         │    │
        │   nack, after a backoff │    │  max_deliveries reached
        └───── deadline passed ───┘    └──────────────► dead: copied to the dead-letter topic

It is a log's reader and a queue at once: a `Reader` goes on through the log, and a `Queue` keeps
what it has read until that is acked or dead. A pull takes what is due in the queue first, then new
messages.

Nothing happens by itself. A call looks at the clock, and first takes back what is past its
deadline; so an ack at its deadline or later is stale, whether or not anybody had noticed.
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

READ_AHEAD = 10_000  # a group with so many messages aside or held reads no new ones


@dataclass(slots=True)
class Shared:
    """What the subscriptions of one broker share, and all that they know of it."""

    clock: Callable[[], float]  # seconds
    lock: RLock
    rng: Random | None  # for the jitter of a backoff
    ack_ids: Iterator[int]
    publish: Callable[[str, Event], object]  # to the topic of the dead letters
    settled: Callable[[int], None]  # hears how many were acked or buried
    save: Callable[[], None]  # makes the group's new place safe
    closed: bool = False

    def dice(self) -> Random:
        """Return the generator of jitter, made late: to seed one takes long."""
        self.rng = self.rng or Random(0)
        return self.rng

    def check_open(self) -> None:
        """Raise BrokerError if the broker is closed."""
        if self.closed:
            raise BrokerError("This broker is closed: to go on, make a new one (of the same path).")


class Subscription:
    """One group's reading of one topic, made by `Broker.subscribe` and shared by its workers."""

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
        """Take up to `n` available messages (fewer where `max_outstanding` leaves less room)."""
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
        """Be done with a delivery. False, and nothing happens, where the ack id is stale.

        Stale is an id that was acked or nacked before, whose deadline has passed, or that comes
        from before a seek or a restart.
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
        """Give a delivery back: again after `delay` seconds, by default as `retry` says.

        After `max_deliveries` it is dead instead, for this `reason`. False where the id is stale.
        """
        if delay is not None and not is_seconds(delay):
            raise SubscriptionError(f"nack's delay is in seconds from 0 up, not {delay!r}.")
        with self._lock:
            now = self.look()
            if delivery := self._find(ack_id):
                if delay is None:
                    delay = self.settings.retry.delay(delivery.attempt, self._shared.dice())
                self._fail(delivery, now, now + delay, reason)
            return delivery is not None

    def extend(self, ack_id: int, seconds: float) -> bool:
        """Move a delivery's deadline to `seconds` from now. False where the ack id is stale."""
        if not is_seconds(seconds) or seconds == 0:
            raise SubscriptionError(f"extend takes seconds, more than 0, not {seconds!r}.")
        with self._lock:
            now = self.look()
            if delivery := self._find(ack_id):
                delivery.deadline = now + seconds
                self.queue.earliest = min(self.queue.earliest, delivery.deadline)
            return delivery is not None

    def _find(self, ack_id: object) -> Delivery | None:
        if not isinstance(ack_id, int):
            raise SubscriptionError(f"This takes a delivery's ack_id, a number, not {ack_id!r}.")
        return self.queue.flying.get(ack_id)

    def look(self) -> float:
        """Look at the clock, and take back what is past its deadline; return the time."""
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
        """Copy a message that has had its last delivery to the dead letters; say whether it had."""
        most = self.settings.max_deliveries
        if most is None or row[2] < most:
            return False
        letter = dead_letter(row, self.topic.name, self.group, reason)
        self._shared.publish(self.settings.dead_letter or "", letter)
        return True

    # ── going elsewhere ─────────────────────────────────────────────────────────────────────────

    def seek(self, *, offset: int | None = None, time: float | None = None) -> None:
        """Go to this offset of each partition, or to this time (seconds since the epoch).

        What was in flight is forgotten: its acks are stale, its attempts count from 1 again.
        """
        if (offset is None) == (time is None):
            raise SubscriptionError("seek takes either offset=… or time=…, and not both.")
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
        """How many messages are not acked yet; a filter has not judged those still unread."""
        with self._lock:
            self.look()
            return self.reader.unread() + len(self.queue.rows())

    @property
    def skipped(self) -> int:
        """How many messages the log forgot before this group had read them."""
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
        """Seconds since the time of the oldest message that is not acked; None where all are."""
        with self._lock:
            now = self.look()
            events = [row[3] for row in self.queue.rows()] + self.reader.heads()
            return max(0.0, now - min(event.time for event in events)) if events else None

    @property
    def pending(self) -> bool:
        """Whether anything is in flight, or will be delivered again."""
        return bool(self.queue.flying or self.queue.aside)

    def next_wakeup(self) -> float | None:
        """Return the clock's time of the next deadline or due redelivery, past or future, or None.

        A driver may sleep until then, or until something is published or acked. While
        `max_outstanding` is reached, only deadlines count.
        """
        with self._lock:
            self.look()
            earliest, aside = self.queue.deadline(), self.queue.aside
            if aside and len(self.queue.flying) < self.settings.max_outstanding:
                earliest = min(earliest, aside[0][0])
            return None if earliest == math.inf else earliest
