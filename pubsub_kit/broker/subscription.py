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
from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING

from pubsub_kit.broker.dead_letters import dead_letter
from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.broker.queue import Queue
from pubsub_kit.broker.reader import At, Filter, Offset, Reader, Row
from pubsub_kit.broker.settings import Settings, SubscriptionError, is_count, is_seconds

if TYPE_CHECKING:
    from pubsub_kit.broker.broker import Broker, Topic

READ_AHEAD = 10_000  # a group with so many messages aside or held reads no new ones

Place = tuple[int, list[list[int]]]  # next offset, [offset, deliveries] of each message in hand


class Subscription:
    """One group's reading of one topic, made by `Broker.subscribe` and shared by its workers."""

    def __init__(
        self, broker: Broker, topic: Topic, group: str, settings: Settings, filter: Filter | None
    ) -> None:
        self.topic = topic
        self.group = group
        self.settings = settings
        self.reader = Reader(f"{topic.name}/{group}", topic.log, filter)
        self.restored = False  # after a restart, until somebody subscribes again
        self.clock = broker.clock
        self._broker = broker
        self._lock = broker._lock
        self._queue = Queue(settings.ordered)

    def __repr__(self) -> str:
        flying, next = len(self._queue.flying), self.reader.next
        return f"<Subscription {self.reader.name} next={next} in_flight={flying}>"

    # ── handing out ─────────────────────────────────────────────────────────────────────────────

    def pull(self, n: int = 1) -> list[Delivery]:
        """Take up to `n` available messages (fewer where `max_outstanding` leaves less room)."""
        if not is_count(n):
            raise SubscriptionError(f"pull(n) takes a whole number from 1 up, not {n!r}.")
        with self._lock:
            now, queue = self._look(), self._queue
            room = min(n, self.settings.max_outstanding - len(queue.flying))
            rows = queue.take_due(now, room) if queue.aside else []
            if len(rows) < room:
                self._read_on(rows, room)
            if not rows:
                return []
            first_id = self._broker._ack_ids
            self._broker._ack_ids += len(rows)
            return queue.lease(self, rows, now + self.settings.ack_deadline, first_id)

    def _read_on(self, rows: list[Row], room: int) -> None:
        queue = self._queue
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
            now = self._look()
            if delivery := self._find(ack_id):
                self._settle(delivery, now)
            return delivery is not None

    def ack_batch(self, deliveries: Iterable[Delivery]) -> int:
        """Ack many deliveries at once; return how many of them were not stale."""
        with self._lock:
            now, queue, counted = self._look(), self._queue, 0
            for delivery in deliveries:
                if queue.flying.pop(delivery.ack_id, None) is not None:
                    counted += 1
                    if queue.ordered:
                        queue.end(delivery.event.key, now)
            self._broker._storage.settled(counted)
            return counted

    def nack(self, ack_id: int, delay: float | None = None, reason: str = "nack") -> bool:
        """Give a delivery back: again after `delay` seconds, by default as `retry` says.

        After `max_deliveries` it is dead instead, for this `reason`. False where the id is stale.
        """
        if delay is not None and not is_seconds(delay):
            raise SubscriptionError(f"nack's delay is in seconds from 0 up, not {delay!r}.")
        with self._lock:
            now = self._look()
            if delivery := self._find(ack_id):
                if delay is None:
                    delay = self.settings.retry.delay(delivery.attempt, self._broker.rng)
                self._fail(delivery, now, now + delay, reason)
            return delivery is not None

    def extend(self, ack_id: int, seconds: float) -> bool:
        """Move a delivery's deadline to `seconds` from now. False where the ack id is stale."""
        if not is_seconds(seconds) or seconds == 0:
            raise SubscriptionError(f"extend takes seconds, more than 0, not {seconds!r}.")
        with self._lock:
            now = self._look()
            if delivery := self._find(ack_id):
                delivery.deadline = now + seconds
                self._queue.earliest = min(self._queue.earliest, delivery.deadline)
            return delivery is not None

    def _find(self, ack_id: object) -> Delivery | None:
        if not isinstance(ack_id, int):
            raise SubscriptionError(f"This takes a delivery's ack_id, a number, not {ack_id!r}.")
        return self._queue.flying.get(ack_id)

    def _look(self) -> float:
        """Look at the clock, and take back what is past its deadline; return the time."""
        if self._broker.closed:
            self._broker._check_open()
        now = self.clock()
        if now >= self._queue.earliest:
            for late in self._queue.overdue(now):
                self._fail(late, late.deadline, late.deadline, "the ack deadline passed")
            self._queue.deadline()
        return now

    def _fail(self, delivery: Delivery, now: float, due: float, reason: str) -> None:
        row = (delivery.partition, delivery.offset, delivery.attempt, delivery.event)
        if self._used_up(delivery.attempt):
            self._bury(row, reason)  # the copy comes first: a crash before the ack repeats it
            self._settle(delivery, now)
        else:
            del self._queue.flying[delivery.ack_id]
            self._queue.put_aside(row, due)

    def _settle(self, delivery: Delivery, now: float) -> None:
        del self._queue.flying[delivery.ack_id]
        if self._queue.ordered:
            self._queue.end(delivery.event.key, now)
        self._broker._storage.settled(1)

    def _used_up(self, attempt: int) -> bool:
        return self.settings.max_deliveries is not None and attempt >= self.settings.max_deliveries

    def _bury(self, row: Row, reason: str) -> None:
        letter = dead_letter(row, self.topic.name, self.group, reason)
        self._broker.publish_event(self.settings.dead_letter or "", letter)

    # ── going elsewhere ─────────────────────────────────────────────────────────────────────────

    def seek(self, *, offset: int | None = None, time: float | None = None) -> None:
        """Go to this offset of each partition, or to this time (seconds since the epoch).

        What was in flight is forgotten: its acks are stale, its attempts count from 1 again.
        """
        if (offset is None) == (time is None):
            raise SubscriptionError("seek takes either offset=… or time=…, and not both.")
        with self._lock:
            self.reader.go(At(time) if time is not None else Offset(offset or 0))
            self._queue = Queue(self.settings.ordered)
            self._broker._storage.save(flush=True)

    def _places(self) -> list[Place]:
        """Return all that must survive a restart, for each partition."""
        places: list[Place] = [(next, []) for next in self.reader.next]
        for partition, offset, attempt, _ in sorted(self._queue.rows(), key=lambda row: row[:2]):
            places[partition][1].append([offset, attempt])
        return places

    def _resume(self, places: list[Place]) -> None:
        """Go on from such places: what was unacked is available at once, its attempts counted."""
        self._queue = Queue(self.settings.ordered)
        log, now = self.topic.log, self.clock()
        self.reader.next = [min(next, log.end(p)) for p, (next, _) in enumerate(places)]
        for partition, (_, unacked) in enumerate(places):
            for offset, attempt in unacked:
                found = log.read(partition, offset, 1)
                if found and found[0][0] == offset:
                    self._take_up((partition, offset, attempt, found[0][1]), now)
                else:
                    self.reader.skipped += 1

    def _take_up(self, row: Row, now: float) -> None:
        if self._used_up(row[2]):
            self._bury(row, "the broker was restarted during the last delivery")
        elif self._queue.admits(row):
            self._queue.put_aside(row, now)

    # ── looking ─────────────────────────────────────────────────────────────────────────────────

    @property
    def outstanding(self) -> int:
        """How many messages are in flight."""
        with self._lock:
            self._look()
            return len(self._queue.flying)

    @property
    def lag(self) -> int:
        """How many messages are not acked yet; a filter has not judged those still unread."""
        with self._lock:
            self._look()
            return self.reader.unread() + len(self._queue.rows())

    @property
    def skipped(self) -> int:
        """How many messages the log forgot before this group had read them."""
        return self.reader.skipped

    @property
    def cursors(self) -> list[int]:
        """For each partition, the first offset that is not acked: what Kafka would commit."""
        with self._lock:
            self._look()
            cursors = [self.reader.position(p) for p in range(self.topic.partitions)]
            for partition, offset, _, _ in self._queue.rows():
                cursors[partition] = min(cursors[partition], offset)
            return cursors

    @property
    def oldest_age(self) -> float | None:
        """Seconds since the time of the oldest message that is not acked; None where all are."""
        with self._lock:
            now = self._look()
            events = [row[3] for row in self._queue.rows()] + self.reader.heads()
            return max(0.0, now - min(event.time for event in events)) if events else None

    @property
    def pending(self) -> bool:
        """Whether anything is in flight, or will be delivered again."""
        return bool(self._queue.flying or self._queue.aside)

    def next_wakeup(self) -> float | None:
        """Return the clock's time of the next deadline or due redelivery, past or future, or None.

        A driver may sleep until then, or until something is published or acked. While
        `max_outstanding` is reached, only deadlines count.
        """
        with self._lock:
            self._look()
            earliest, aside = self._queue.deadline(), self._queue.aside
            if aside and len(self._queue.flying) < self.settings.max_outstanding:
                earliest = min(earliest, aside[0][0])
            return None if earliest == math.inf else earliest

    def snapshot(self) -> Hashable:
        """Return all that decides what comes next (but the rng), with times relative to now.

        Where those of two subscriptions set up alike are equal, a search may merge the two.
        """
        with self._lock:
            return (self.topic.snapshot(), self._state())

    def _state(self) -> Hashable:
        now, reader = self._look(), self.reader
        return ((*reader.next, reader.turn, reader.skipped), self._queue.state(now))
