"""A subscription: one group's place in a topic, and what it was given but has not yet acked.

Every message goes, for each group apart, through this machine:

                      pull                     ack
    available ────────────────► in flight ───────────────► acked
        ▲                          │   │
        │  nack, backoff over      │   │  max_deliveries used up
        └── deadline passed ───────┘   └─────────────────► dead (copied to the dead-letter topic)

It is a log's reader and a queue at once. As a reader it keeps, for each partition, the `next`
offset to read; as a queue it keeps the messages below that are still unacked, in three places:

    in flight   handed out under an ack id; the lease ends at the delivery's deadline
    aside       waiting for a time: a backoff's end, or a deadline that has passed
    held        ordered only: waiting for an earlier message of the same key to be done with

All else below `next` is acked. Delivery order: first what was set aside and is due, by (due time,
partition, offset); then new messages, a run from each partition in turn, the next pull beginning at
the next partition.

Nothing here runs by itself. A call looks at the clock first, and each delivery whose deadline has
passed by then is available again, at once, before the call does anything: so an ack that comes at
or after its deadline is stale, whoever noticed first.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.event import Event
from pubsub_kit.retry import RetryPolicy

if TYPE_CHECKING:
    from pubsub_kit.broker import Broker, Topic

READ_AHEAD = 10_000  # messages aside or held at which a group stops reading new ones
Filter = Callable[[Event], bool]
Row = tuple[int, int, int, Event]  # partition, offset, deliveries so far, event


class SubscriptionError(PubSubKitError):
    """A subscription was asked for something that it cannot do."""


class Offset(NamedTuple):
    """Start at this offset of each partition (what was retained away is skipped and counted)."""

    offset: int


class At(NamedTuple):
    """Start at the first message whose time (seconds since the epoch) is not before this."""

    time: float


Start = Literal["latest", "earliest"] | Offset | At


class Settings(NamedTuple):
    """How a subscription delivers; `Broker.subscribe` says what each one means."""

    ack_deadline: float = 10.0
    retry: RetryPolicy = RetryPolicy()
    max_deliveries: int | None = None
    dead_letter: str | None = None
    ordered: bool = False
    max_outstanding: int = 1000

    def problem(self) -> str | None:
        """Return one sentence on the first setting that cannot work, or None."""
        if not 0 < self.ack_deadline < math.inf:
            return f"ack_deadline is in seconds, more than 0, not {self.ack_deadline!r}."
        if self.max_deliveries is not None and self.max_deliveries < 1:
            return f"max_deliveries counts from 1, not {self.max_deliveries!r}; None: no limit."
        if self.max_outstanding < 1:
            return f"max_outstanding is at least 1 message, not {self.max_outstanding!r}."
        if self.dead_letter is not None and self.max_deliveries is None:
            return (
                f"dead_letter={self.dead_letter!r} needs a max_deliveries, such as 5, to be used."
            )
        return None


class Delivery:
    """One message, handed to one consumer, once, until `deadline` (seconds on the broker's clock).

    A redelivery is a new Delivery with a new ack id and the next `attempt` (from 1).
    """

    __slots__ = ("ack_id", "attempt", "deadline", "event", "offset", "partition", "subscription")

    def __init__(
        self,
        subscription: Subscription,
        partition: int,
        offset: int,
        attempt: int,
        event: Event,
        ack_id: int,
        deadline: float,
    ) -> None:
        self.subscription = subscription
        self.partition = partition
        self.offset = offset
        self.attempt = attempt
        self.event = event
        self.ack_id = ack_id
        self.deadline = deadline

    def __repr__(self) -> str:
        place = f"{self.topic}/{self.partition}/{self.offset}"
        return f"<Delivery {place} attempt {self.attempt} key={self.key!r} data={self.data!r}>"

    @property
    def topic(self) -> str:
        """The topic's name."""
        return self.subscription.topic.name

    @property
    def id(self) -> str:
        """The event's id."""
        return self.event.id

    @property
    def key(self) -> str | None:
        """The event's key."""
        return self.event.key

    @property
    def data(self) -> Any:
        """The event's data."""
        return self.event.data

    def ack(self) -> bool:
        """Say that the message is done with: see `Subscription.ack`."""
        return self.subscription.ack(self.ack_id)

    def nack(self, delay: float | None = None, reason: str = "nack") -> bool:
        """Say that the message failed: see `Subscription.nack`."""
        return self.subscription.nack(self.ack_id, delay, reason)

    def extend(self, seconds: float) -> bool:
        """Ask for more time: see `Subscription.extend`."""
        return self.subscription.extend(self.ack_id, seconds)


class Subscription:
    """One group's reading of one topic; made by `Broker.subscribe`, shared by the group's workers.

    `skipped` counts the messages that retention took before this group had read them.
    """

    __slots__ = (
        "_aside",
        "_broker",
        "_earliest",
        "_held",
        "_in_flight",
        "_lock",
        "_next",
        "_turn",
        "_waiting",
        "filter",
        "group",
        "settings",
        "skipped",
        "topic",
    )

    def __init__(
        self, broker: Broker, topic: Topic, group: str, settings: Settings, filter: Filter | None
    ) -> None:
        self.topic = topic
        self.group = group
        self.settings = settings
        self.filter = filter
        self.skipped = 0
        self._broker = broker
        self._lock = broker._lock
        self._next: list[int] = []
        self._turn = 0  # the partition to read first
        self._in_flight: dict[int, Delivery] = {}
        self._aside: list[tuple[float, int, int, int, Event]] = []  # a heap of (due, *row)
        self._held: dict[str | None, deque[Row]] = {}  # busy key -> its messages that wait
        self._waiting = 0  # how many those are
        self._earliest = math.inf  # no deadline in flight is before this

    def __repr__(self) -> str:
        return f"<Subscription {self.topic.name}/{self.group} lag={self.lag}>"

    def clock(self) -> float:
        """Return the time in seconds on the broker's clock."""
        return self._broker.clock()

    # ── delivering ──────────────────────────────────────────────────────────────────────────────

    def pull(self, n: int = 1) -> list[Delivery]:
        """Take up to `n` available messages (fewer where `max_outstanding` leaves less room)."""
        if not isinstance(n, int) or n < 1:
            raise SubscriptionError(f"pull(n) takes a whole number from 1 up, not {n!r}.")
        with self._lock:
            now = self._look()
            room = min(n, self.settings.max_outstanding - len(self._in_flight))
            rows: list[Row] = []
            while self._aside and self._aside[0][0] <= now and len(rows) < room:
                rows.append(heappop(self._aside)[1:])
            if len(rows) < room:
                try:
                    self._read_on(rows, room)
                except SubscriptionError:  # the filter failed: first hand out what came before
                    if not rows:
                        raise
            return self._lease(rows, now + self.settings.ack_deadline) if rows else []

    def _lease(self, rows: list[Row], deadline: float) -> list[Delivery]:
        first = self._broker._take_ack_ids(len(rows))
        batch = [
            Delivery(self, partition, offset, tried + 1, event, ack_id, deadline)
            for ack_id, (partition, offset, tried, event) in enumerate(rows, first)
        ]
        self._in_flight.update(zip(range(first, first + len(batch)), batch, strict=True))
        self._earliest = min(self._earliest, deadline)
        return batch

    def _read_on(self, rows: list[Row], room: int) -> None:
        """Add new messages to `rows`, up to `room`, a run from each partition in turn."""
        log = self.topic.log
        self._next += [0] * (log.partitions - len(self._next))
        for _ in range(log.partitions):
            if len(rows) >= room:
                return
            partition = self._turn
            self._turn = (partition + 1) % log.partitions
            while len(rows) < room and self._next[partition] < log.end(partition):
                if len(self._aside) + self._waiting >= READ_AHEAD:
                    return
                self._read_run(partition, rows, room)

    def _read_run(self, partition: int, rows: list[Row], room: int) -> None:
        position = self._next[partition]
        choosy = self.filter is not None or self.settings.ordered
        found = self.topic.log.read(partition, position, 256 if choosy else room - len(rows))
        if choosy and found:
            self._choose(partition, found, rows, room)
            return
        rows += [(partition, offset, 0, event) for offset, event in found]
        after = found[-1][0] + 1 if found else self.topic.log.end(partition)
        self.skipped += after - position - len(found)
        self._next[partition] = after

    def _choose(
        self, partition: int, found: list[tuple[int, Event]], rows: list[Row], room: int
    ) -> None:
        """Pass over what the filter refuses; hold back what must wait for its key."""
        for offset, event in found:
            if len(rows) == room:
                return
            row = (partition, offset, 0, event)
            if self._wants(row) and not self._holds(row):
                rows.append(row)
            self.skipped += offset - self._next[partition]
            self._next[partition] = offset + 1

    def _wants(self, row: Row) -> bool:
        try:
            return self.filter is None or bool(self.filter(row[3]))
        except Exception as error:
            raise SubscriptionError(
                f"The filter of {self.topic.name}/{self.group} failed on partition {row[0]} offset "
                f"{row[1]} with {error!r}: subscribe again with a filter that can judge this event."
            ) from error

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

    # ── settling ────────────────────────────────────────────────────────────────────────────────

    def ack(self, ack_id: int) -> bool:
        """Be done with a delivery. False, and nothing happens, where the ack id is stale.

        Stale is an id that was acked or nacked before, whose deadline has passed, or that comes
        from before a seek or a restart.
        """
        with self._lock:
            now = self._look()
            if (delivery := self._find(ack_id)) is None:
                return False
            self._settle(delivery, now)
            return True

    def ack_batch(self, deliveries: Iterable[Delivery]) -> int:
        """Ack many deliveries at once; return how many of them were not stale."""
        with self._lock:
            now, take, counted = self._look(), self._in_flight.pop, 0
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
        if delay is not None and not 0 <= delay < math.inf:
            raise SubscriptionError(f"nack's delay is in seconds from 0 up, not {delay!r}.")
        with self._lock:
            now = self._look()
            if (delivery := self._find(ack_id)) is None:
                return False
            if delay is None:
                delay = self.settings.retry.delay(delivery.attempt, self._broker.rng)
            self._fail(delivery, now, now + delay, reason)
            return True

    def extend(self, ack_id: int, seconds: float) -> bool:
        """Move a delivery's deadline to `seconds` from now. False where the ack id is stale."""
        if not 0 < seconds < math.inf:
            raise SubscriptionError(f"extend takes seconds, more than 0, not {seconds!r}.")
        with self._lock:
            now = self._look()
            if (delivery := self._find(ack_id)) is None:
                return False
            delivery.deadline = now + seconds
            self._earliest = min(self._earliest, delivery.deadline)
            return True

    def seek(self, *, offset: int | None = None, time: float | None = None) -> None:
        """Read on from this offset of each partition, or from this time (seconds since the epoch).

        What was in flight is forgotten: its acks are stale, its attempts count from 1 again.
        """
        if (offset is None) == (time is None):
            raise SubscriptionError("seek takes either offset=… or time=…, and not both.")
        with self._lock:
            self._go(At(time) if time is not None else Offset(offset or 0))
            self._broker._save_cursors()

    def _find(self, ack_id: object) -> Delivery | None:
        if not isinstance(ack_id, int):
            raise SubscriptionError(f"This takes a delivery's ack_id, a number, not {ack_id!r}.")
        return self._in_flight.get(ack_id)

    def _look(self) -> float:
        """Look at the clock, and take back what is past its deadline; return the time."""
        now = self._broker.clock()
        if now >= self._earliest:
            for late in [d for d in self._in_flight.values() if d.deadline <= now]:
                self._fail(late, late.deadline, late.deadline, "ack deadline passed")
            self._earliest = min((d.deadline for d in self._in_flight.values()), default=math.inf)
        return now

    def _fail(self, delivery: Delivery, now: float, due: float, reason: str) -> None:
        row = (delivery.partition, delivery.offset, delivery.attempt, delivery.event)
        if self._used_up(delivery.attempt):
            self._bury(row, reason)  # first the copy, then the ack: a crash between repeats it
            self._settle(delivery, now)
        else:
            del self._in_flight[delivery.ack_id]
            heappush(self._aside, (due, *row))

    def _settle(self, delivery: Delivery, now: float) -> None:
        del self._in_flight[delivery.ack_id]
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
        """Copy the event to the dead-letter topic, with its story as CloudEvents extensions."""
        partition, offset, attempt, event = row
        story: dict[str, str | int] = {
            "deadreason": "".join(c if c.isprintable() else " " for c in reason[:500]),
            "deadtopic": self.topic.name,
            "deadpartition": partition,
            "deadoffset": offset,
            "deadgroup": self.group,
            "deadattempts": attempt,
        }
        dead = event._replace(extensions={**event.extensions, **story})
        self._broker.publish_event(self.settings.dead_letter or "", dead)

    # ── looking ─────────────────────────────────────────────────────────────────────────────────

    @property
    def outstanding(self) -> int:
        """How many messages are in flight."""
        with self._lock:
            self._look()
            return len(self._in_flight)

    @property
    def lag(self) -> int:
        """How many messages are not acked yet; a filter has not judged those still unread."""
        with self._lock:
            self._look()
            return sum(map(self._unread, range(self.topic.log.partitions))) + len(self._unacked())

    @property
    def oldest_age(self) -> float | None:
        """Seconds since the time of the oldest message that is not acked; None where all are."""
        with self._lock:
            now, log = self._look(), self.topic.log
            times = [event.time for _, _, _, event in self._unacked()]
            for partition in range(log.partitions):
                if self._unread(partition):
                    found = log.read(partition, self._position(partition), 1)
                    times += [event.time for _, event in found]
            return max(0.0, now - min(times)) if times else None

    @property
    def cursors(self) -> list[int]:
        """For each partition, the first offset that is not acked: what Kafka would commit."""
        with self._lock:
            self._look()
            cursors = [self._position(partition) for partition in range(self.topic.log.partitions)]
            for partition, offset, _, _ in self._unacked():
                cursors[partition] = min(cursors[partition], offset)
            return cursors

    def next_wakeup(self) -> float | None:
        """Return the clock's time of the next deadline or due redelivery (it may be past), or None.

        A driver may sleep until then, or until something is published or acked. While
        `max_outstanding` is reached only deadlines count.
        """
        with self._lock:
            self._look()
            times = [delivery.deadline for delivery in self._in_flight.values()]
            if self._aside and len(times) < self.settings.max_outstanding:
                times.append(self._aside[0][0])
            return min(times, default=None)

    def snapshot(self) -> Hashable:
        """Return all that decides what happens next (but the rng), with times relative to now.

        Two brokers with equal snapshots behave alike from here on, so a search may merge them.
        """
        with self._lock:
            return (self.topic.snapshot(), self._state())

    def _state(self) -> Hashable:
        now = self._look()
        return (
            tuple(self._next),
            self._turn,
            self.skipped,
            tuple(
                (d.partition, d.offset, d.attempt, round(d.deadline - now, 9))
                for d in self._in_flight.values()
            ),
            tuple((max(0.0, round(due - now, 9)), *row[:3]) for due, *row in sorted(self._aside)),
            tuple((key, tuple(row[:3] for row in rows)) for key, rows in self._held.items()),
        )

    def _position(self, partition: int) -> int:
        read = self._next[partition] if partition < len(self._next) else 0
        return max(read, self.topic.log.start(partition))

    def _unread(self, partition: int) -> int:
        return max(0, self.topic.log.end(partition) - self._position(partition))

    def _unacked(self) -> list[Row]:
        """All that was read and is neither acked nor dead."""
        flying = self._in_flight.values()
        rows: list[Row] = [(d.partition, d.offset, d.attempt, d.event) for d in flying]
        rows += [aside[1:] for aside in self._aside]
        rows += [row for queue in self._held.values() for row in queue]
        return rows

    # ── going somewhere else ────────────────────────────────────────────────────────────────────

    def _go(self, start: Start) -> None:
        log, partitions = self.topic.log, range(self.topic.log.partitions)
        if start == "latest":
            self._forget([log.end(partition) for partition in partitions])
        elif start == "earliest":
            self._forget([log.start(partition) for partition in partitions])
        elif isinstance(start, Offset) and isinstance(start.offset, int) and start.offset >= 0:
            self._forget([start.offset for _ in partitions])
        elif isinstance(start, At):
            self._forget([log.offset_at(partition, start.time) for partition in partitions])
        else:
            raise SubscriptionError(
                f"A start is 'latest', 'earliest', Offset(n) with n from 0 up, or At(seconds), "
                f"not {start!r}."
            )

    def _forget(self, next: list[int]) -> None:
        self._next, self._turn, self._waiting, self._earliest = next, 0, 0, math.inf
        self._in_flight.clear()
        self._aside.clear()
        self._held.clear()

    def _save(self) -> list[tuple[int, list[list[int]]]]:
        """Return, for each partition, the next offset and [offset, attempts] of what is unacked."""
        places: list[tuple[int, list[list[int]]]] = [(next, []) for next in self._next]
        for partition, offset, attempt, _ in sorted(self._unacked(), key=lambda row: row[:2]):
            places[partition][1].append([offset, attempt])
        return places

    def _load(self, places: list[tuple[int, list[list[int]]]]) -> None:
        """Go on from saved places: what was unacked is available at once, its attempts counted."""
        log, now = self.topic.log, self._broker.clock()
        self._forget([min(next, log.end(p)) for p, (next, _) in enumerate(places)])
        for partition, (_, unacked) in enumerate(places):
            for offset, attempt in unacked:
                self._resume(partition, offset, attempt, now)

    def _resume(self, partition: int, offset: int, attempt: int, now: float) -> None:
        found = self.topic.log.read(partition, offset, 1)
        if not found or found[0][0] != offset:
            self.skipped += 1
            return
        row = (partition, offset, attempt, found[0][1])
        if self._used_up(attempt):
            self._bury(row, "the broker was restarted during the last delivery")
        elif not self._holds(row):
            heappush(self._aside, (now, *row))
