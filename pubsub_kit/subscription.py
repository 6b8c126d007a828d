"""A subscription: a group's place in a topic, and what it was handed and has not yet acked.

Each message goes, for each group apart, through this machine:

                      pull                     ack
    available ────────────────► in flight ────────────► acked
        ▲                         │    │
        │   nack, after a backoff │    │  max_deliveries reached
        └───── deadline passed ───┘    └──────────────► dead: copied to the dead-letter topic

It is a log's reader and a queue at once. The `Reader` goes on through the log; the queue keeps all
that it has read and that is neither acked nor dead, in one of three places:

    in flight   handed out under an ack id, until the delivery's deadline
    aside       available again, once a time has come
    held        ordered only: waiting until an earlier message of the same key is acked or dead

A pull takes first what is due aside, by (due time, partition, offset), then new messages.

Nothing happens by itself. A call looks at the clock, and first takes back what is past its
deadline; so an ack at its deadline or later is stale, whether or not anybody had noticed.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable, Iterable
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from pubsub_kit.dead_letters import dead_letter
from pubsub_kit.delivery import Delivery, Leases
from pubsub_kit.event import Event
from pubsub_kit.reader import At, Filter, Offset, Reader, Row
from pubsub_kit.settings import Settings, SubscriptionError, is_count, is_seconds

if TYPE_CHECKING:
    from pubsub_kit.broker import Broker, Topic

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
        self._drop()

    def _drop(self) -> None:
        self._leases = Leases()
        self._aside: list[tuple[float, int, int, int, Event]] = []  # a heap of (due, *row)
        self._held: dict[str | None, deque[Row]] = {}  # for each busy key, those that wait
        self._waiting = 0  # how many those are

    def __repr__(self) -> str:
        return f"<Subscription {self.reader.name} lag={self.lag}>"

    # ── handing out ─────────────────────────────────────────────────────────────────────────────

    def pull(self, n: int = 1) -> list[Delivery]:
        """Take up to `n` available messages (fewer where `max_outstanding` leaves less room)."""
        if not is_count(n):
            raise SubscriptionError(f"pull(n) takes a whole number from 1 up, not {n!r}.")
        with self._lock:
            now = self._look()
            room = min(n, self.settings.max_outstanding - len(self._leases.flying))
            rows: list[Row] = []
            while self._aside and self._aside[0][0] <= now and len(rows) < room:
                rows.append(heappop(self._aside)[1:])
            if len(rows) < room:
                self._read_on(rows, room)
            if not rows:
                return []
            first_id = self._broker._take_ack_ids(len(rows))
            return self._leases.grant(self, rows, now + self.settings.ack_deadline, first_id)

    def _read_on(self, rows: list[Row], room: int) -> None:
        found: list[Row] = []
        while len(rows) < room and len(self._aside) + self._waiting < READ_AHEAD:
            try:
                self.reader.read(found := [], room - len(rows))
            except SubscriptionError:  # first hand out what came before
                if not rows and not found:
                    raise
            rows += [r for r in found if not self._holds(r)] if self.settings.ordered else found
            if not found:
                return

    def _holds(self, row: Row) -> bool:
        """Hold the row back if its key is busy; else, make its key busy."""
        key = row[3].key
        if not self.settings.ordered or key is None:
            return False
        if (queue := self._held.get(key)) is None:
            self._held[key] = deque()
            return False
        queue.append(row)
        self._waiting += 1
        return True

    # ── taking back ─────────────────────────────────────────────────────────────────────────────

    def ack(self, ack_id: int) -> bool:
        """Be done with a delivery. False, and nothing happens, where the ack id is stale.

        Stale is an id that was acked or nacked before, whose deadline has passed, or that comes
        from before a seek or a restart.
        """
        with self._lock:
            now = self._look()
            if delivery := self._leases.get(ack_id):
                self._settle(delivery, now)
            return delivery is not None

    def ack_batch(self, deliveries: Iterable[Delivery]) -> int:
        """Ack many deliveries at once; return how many of them were not stale."""
        with self._lock:
            now, take, counted = self._look(), self._leases.flying.pop, 0
            for delivery in deliveries:
                if take(delivery.ack_id, None) is not None:
                    counted += 1
                    if self._held:
                        self._release(delivery.event.key, now)
            self._broker._settled(counted)
            return counted

    def nack(self, ack_id: int, delay: float | None = None, reason: str = "nack") -> bool:
        """Give a delivery back: again after `delay` seconds, by default as `retry` says.

        After `max_deliveries` it is dead instead, for this `reason`. False where the id is stale.
        """
        if delay is not None and not is_seconds(delay):
            raise SubscriptionError(f"nack's delay is in seconds from 0 up, not {delay!r}.")
        with self._lock:
            now = self._look()
            if delivery := self._leases.get(ack_id):
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
            if delivery := self._leases.get(ack_id):
                delivery.deadline = now + seconds
                self._leases.earliest = min(self._leases.earliest, delivery.deadline)
            return delivery is not None

    def _look(self) -> float:
        """Look at the clock, and take back what is past its deadline; return the time."""
        if self._broker.closed:
            self._broker._check_open()
        now = self.clock()
        if now >= self._leases.earliest:
            for late in self._leases.overdue(now):
                self._fail(late, late.deadline, late.deadline, "the ack deadline passed")
            self._leases.deadline()
        return now

    def _fail(self, delivery: Delivery, now: float, due: float, reason: str) -> None:
        row = (delivery.partition, delivery.offset, delivery.attempt, delivery.event)
        if self._used_up(delivery.attempt):
            self._bury(row, reason)  # the copy comes first: a crash before the ack repeats it
            self._settle(delivery, now)
        else:
            del self._leases.flying[delivery.ack_id]
            heappush(self._aside, (due, *row))

    def _settle(self, delivery: Delivery, now: float) -> None:
        del self._leases.flying[delivery.ack_id]
        if self._held:
            self._release(delivery.event.key, now)
        self._broker._settled(1)

    def _release(self, key: str | None, now: float) -> None:
        """Let the next message of a key go, if one waits."""
        if queue := self._held.get(key):
            heappush(self._aside, (now, *queue.popleft()))
            self._waiting -= 1
        else:
            self._held.pop(key, None)

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
            self._drop()
            self._broker._save()

    def _places(self) -> list[Place]:
        """Return all that must survive a restart, for each partition."""
        places: list[Place] = [(next, []) for next in self.reader.next]
        for partition, offset, attempt, _ in sorted(self._unacked(), key=lambda row: row[:2]):
            places[partition][1].append([offset, attempt])
        return places

    def _resume(self, places: list[Place]) -> None:
        """Go on from such places: what was unacked is available at once, its attempts counted."""
        self._drop()
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
        elif not self._holds(row):
            heappush(self._aside, (now, *row))

    # ── looking ─────────────────────────────────────────────────────────────────────────────────

    @property
    def outstanding(self) -> int:
        """How many messages are in flight."""
        with self._lock:
            self._look()
            return len(self._leases.flying)

    @property
    def lag(self) -> int:
        """How many messages are not acked yet; a filter has not judged those still unread."""
        with self._lock:
            self._look()
            return self.reader.unread() + len(self._unacked())

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
            for partition, offset, _, _ in self._unacked():
                cursors[partition] = min(cursors[partition], offset)
            return cursors

    @property
    def oldest_age(self) -> float | None:
        """Seconds since the time of the oldest message that is not acked; None where all are."""
        with self._lock:
            now = self._look()
            events = [row[3] for row in self._unacked()] + self.reader.heads()
            return max(0.0, now - min(event.time for event in events)) if events else None

    def next_wakeup(self) -> float | None:
        """Return the clock's time of the next deadline or due redelivery, past or future, or None.

        A driver may sleep until then, or until something is published or acked. While
        `max_outstanding` is reached, only deadlines count.
        """
        with self._lock:
            self._look()
            earliest = self._leases.deadline()
            if self._aside and len(self._leases.flying) < self.settings.max_outstanding:
                earliest = min(earliest, self._aside[0][0])
            return None if earliest == math.inf else earliest

    def snapshot(self) -> Hashable:
        """Return all that decides what happens next (but the rng), with times relative to now.

        Where two snapshots are equal, all goes on alike, so that a search may merge the two.
        """
        with self._lock:
            return (self.topic.snapshot(), self._state())

    def _state(self) -> Hashable:
        now, reader, flying = self._look(), self.reader, self._leases.flying.values()
        return (
            (*reader.next, reader.turn, reader.skipped),
            tuple((d.partition, d.offset, d.attempt, round(d.deadline - now, 9)) for d in flying),
            tuple((max(0.0, round(due - now, 9)), *row[:3]) for due, *row in sorted(self._aside)),
            tuple((key, tuple(row[:3] for row in rows)) for key, rows in self._held.items()),
        )

    def _unacked(self) -> list[Row]:
        """Return all that was read and is neither acked nor dead."""
        flying = self._leases.flying.values()
        rows: list[Row] = [(d.partition, d.offset, d.attempt, d.event) for d in flying]
        rows += [aside[1:] for aside in self._aside]
        rows += [row for queue in self._held.values() for row in queue]
        return rows
