"""A broker: topics to publish to, and groups that each read every message of a topic.

    publish ──► topic ──► partition, by a stable hash of the key ──► log ──► offset
                                                                     │
                         group "billing"  ◄── its own place ─────────┤   different groups: copies
                         group "shipping" ◄── its own place ─────────┘   same group: shared work

The log keeps every message, as Kafka does; a subscription hands them out one by one under an ack
id, as RabbitMQ and SQS do. So one broker is both a log and a queue, and nothing is copied.

A broker does no I/O of its own, starts no thread, and has no clock: time comes in through `clock`,
chance through `rng`. One lock makes each call atomic, so threads may share a broker.

With a `path` it survives a restart: each topic is a `DurableEventLog` in a folder under it, and the
readers are events too, in the topic `__cursors`, compacted by key, as Kafka keeps its consumers'
offsets. An ack is cheap because it waits for no disk: the places are written after every
`commit_every` acks, and at `flush` and `close`. So a crash loses no message, but what was acked
since the last write comes again: at least once. Lost too are the attempts counted since then and
the rest of a backoff. A filter is a function and cannot be stored: subscribe again to supply it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Hashable, Iterable
from itertools import repeat
from pathlib import Path
from random import Random
from threading import RLock
from types import TracebackType
from typing import Any, NamedTuple, Self

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.event import Event
from pubsub_kit.log import EventLog, Retention, partition_for
from pubsub_kit.retry import RetryPolicy
from pubsub_kit.subscription import (
    At,
    Delivery,
    Filter,
    Offset,
    Settings,
    Start,
    Subscription,
    SubscriptionError,
)

__all__ = [
    "At",
    "Broker",
    "BrokerError",
    "Delivery",
    "Offset",
    "Position",
    "RetryPolicy",
    "Subscription",
    "SubscriptionError",
    "Topic",
]

Clock = Callable[[], float]
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,98}[A-Za-z0-9_-]|[A-Za-z0-9]")


class BrokerError(PubSubKitError):
    """A broker was given a name or a setting that it cannot use."""


class Position(NamedTuple):
    """Where a message is kept for good."""

    topic: str
    partition: int
    offset: int


class Topic:
    """A name and its log; made by `Broker.topic`."""

    __slots__ = ("_contents", "_turn", "log", "name")

    def __init__(self, name: str, log: EventLog) -> None:
        self.name = name
        self.log = log
        self._turn = 0
        self._contents: tuple[Hashable, Hashable] = (None, None)

    def __repr__(self) -> str:
        return f"<Topic {self.name} partitions={self.partitions}>"

    @property
    def partitions(self) -> int:
        """How many partitions the topic has."""
        return self.log.partitions

    def partition(self, key: str | None) -> int:
        """Choose a partition: always the same for a key; without a key, each in turn."""
        if key is not None:
            return partition_for(key, self.log.partitions)
        self._turn += 1
        return (self._turn - 1) % self.log.partitions

    def snapshot(self) -> Hashable:
        """Return what the log holds, without times, in a form that can be compared and hashed."""
        log, partitions = self.log, range(self.log.partitions)
        state = (self._turn % len(partitions), *[(log.start(p), log.end(p)) for p in partitions])
        if self._contents[0] != state:
            events = [log.read(p, 0, log.end(p)) for p in partitions]
            kept = tuple((o, e.id, e.key, repr(e.data)) for rows in events for o, e in rows)
            self._contents = (state, (state, kept))
        return self._contents[1]


class Broker:
    """Topics and the groups that read them; see the module's first lines for the idea.

    `clock` returns seconds (wall time by default, virtual time in a world); `rng` draws the jitter
    (`random.Random(0)` by default). With `path` the broker is durable, and `fsync` says how often
    its topics wait for the disk; use it as a context manager, or close it.
    """

    __slots__ = (
        "_ack_ids",
        "_cursors",
        "_fsync",
        "_lock",
        "_rng",
        "_subscriptions",
        "_topics",
        "_unsaved",
        "clock",
        "commit_every",
        "path",
    )

    def __init__(
        self,
        path: Path | str | None = None,
        *,
        clock: Clock = time.time,
        rng: Random | None = None,
        fsync: Any = None,
        commit_every: int = 100,
    ) -> None:
        self.path = path
        self.clock = clock
        self.commit_every = commit_every
        self._fsync = fsync
        self._rng = rng
        self._lock = RLock()
        self._topics: dict[str, Topic] = {}
        self._subscriptions: dict[tuple[str, str], Subscription] = {}
        self._ack_ids = 1
        self._unsaved = 0
        self._cursors: Any = None
        if path is not None:
            raise BrokerError("A durable broker is not there yet.")

    def __repr__(self) -> str:
        return f"<Broker topics={list(self._topics)} groups={[g for _, g in self._subscriptions]}>"

    @property
    def rng(self) -> Random:
        """The generator that jitter is drawn from."""
        if self._rng is None:  # seeding one takes longer than all the rest of making a broker
            self._rng = Random(0)
        return self._rng

    # ── topics ──────────────────────────────────────────────────────────────────────────────────

    def topic(
        self,
        name: str,
        partitions: int | None = None,
        *,
        retention: Retention | None = None,
        compact: bool = False,
    ) -> Topic:
        """Create a topic (1 partition unless you say more), or get the one of that name."""
        with self._lock:
            if (topic := self._topics.get(name)) is None:
                _check_name("topic", name)
                if name.startswith("__"):
                    raise BrokerError(f"Topic names that begin with __ are internal: {name!r}.")
                log = EventLog(
                    name, partitions or 1, retention=retention or Retention(), compact=compact
                )
                topic = self._topics[name] = Topic(name, log)
            elif partitions not in (None, 1, topic.partitions):
                raise BrokerError(
                    f"Topic {name!r} has {topic.partitions} partitions, not {partitions}: "
                    f"broker.topic({name!r}).log.add_partitions(…) makes more."
                )
            return topic

    def _find(self, name: str) -> Topic:
        try:
            return self._topics[name]
        except (KeyError, TypeError):
            known = ", ".join(map(repr, self._topics)) or "none"
            raise BrokerError(
                f"There is no topic {name!r} (topics: {known}): broker.topic({name!r}) makes it."
            ) from None

    # ── publishing ──────────────────────────────────────────────────────────────────────────────

    def publish(
        self,
        topic: str,
        data: Any = None,
        *,
        key: str | None = None,
        type: str | None = None,
        id: str | None = None,
        source: str | None = None,
    ) -> Position:
        """Publish data as a new event, now; `type` is the topic's name unless you say another.

        Messages with the same key go to the same partition, and so stay in order.
        """
        event = Event.new(
            type or topic, data, source=source or "pubsub-kit", id=id, time=self.clock(), key=key
        )
        return self.publish_event(topic, event)

    def publish_event(self, topic: str, event: Event) -> Position:
        """Publish an event that you have made."""
        with self._lock:
            found = self._find(topic)
            partition = found.partition(event.key)
            return Position(topic, partition, found.log.append(event, partition))

    def publish_batch(self, topic: str, items: Iterable[Any]) -> list[Position]:
        """Publish many events, or data for events without a key; return their positions."""
        with self._lock:
            found, now = self._find(topic), self.clock()
            events = [
                item if isinstance(item, Event) else Event.new(topic, item, time=now)
                for item in items
            ]
            if found.partitions == 1:
                return _positions(topic, 0, found.log.append_batch(events))
            parts = [found.partition(event.key) for event in events]
            positions = {}
            for partition in sorted(set(parts)):
                mine = [
                    event for event, part in zip(events, parts, strict=True) if part == partition
                ]
                offsets = found.log.append_batch(mine, partition)
                positions[partition] = iter(_positions(topic, partition, offsets))
            return [next(positions[partition]) for partition in parts]

    # ── subscribing ─────────────────────────────────────────────────────────────────────────────

    def subscribe(
        self,
        topic: str,
        group: str,
        *,
        start: Start = "latest",
        filter: Filter | None = None,
        ack_deadline: float = 10.0,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 — immutable
        max_deliveries: int | None = None,
        dead_letter: str | None = None,
        ordered: bool = False,
        max_outstanding: int = 1000,
    ) -> Subscription:
        """Join a group of a topic: the same group shares one Subscription, another gets copies.

        `start` (for a new group): "latest" sees only what is published from now on, "earliest" all
        that is kept, `Offset(n)` and `At(seconds)` from there. `filter(event)` false: passed over.
        `ack_deadline`: seconds until an unacked delivery is available again. `retry`: how long
        after a nack; its `attempts` is the default of `max_deliveries`, after which the message
        goes to the `dead_letter` topic (by default the topic's name with ".dead"). `ordered`: a
        key's next message waits until the one before is acked or dead. `max_outstanding`: how many
        may be in flight.

        A group that exists is returned as it is where you give nothing else; its filter is replaced
        by a new one; other settings than it has are an error.
        """
        with self._lock:
            found = self._find(topic)
            settings = Settings(
                ack_deadline,
                retry,
                max_deliveries or retry.attempts,
                dead_letter,
                ordered,
                max_outstanding,
            )
            subscription = self._subscriptions.get((topic, group))
            if subscription is None:
                _check_name("group", group)
                if problem := settings.problem():
                    raise SubscriptionError(f"{topic}/{group}: {problem}")
                if settings.max_deliveries is not None:
                    settings = settings._replace(dead_letter=dead_letter or f"{topic}.dead")
                    self.topic(settings.dead_letter or "")
                subscription = Subscription(self, found, group, settings, filter)
                subscription._go(start)
                self._subscriptions[topic, group] = subscription
            return subscription

    def redrive(self, dead_topic: str, to: str | None = None, limit: int | None = None) -> int:
        """Publish dead letters again, each once, to the topic they came from or to `to`.

        Returns how many. Every group of that topic gets them, with the same id and key.
        """
        with self._lock:
            if to is not None:
                self._find(to)
            reader = self.subscribe(dead_topic, "__redrive", start="earliest")
            moved, most = 0, reader.lag if limit is None else min(limit, reader.lag)
            while moved < most and (batch := reader.pull()):
                letter = batch[0].event
                target = to or str(letter.extensions.get("deadtopic", ""))
                if target not in self._topics or target == dead_topic:
                    batch[0].nack(0)
                    raise BrokerError(
                        f"Dead letter {letter.id!r} cannot go to topic {target!r}: name another, "
                        f"as in broker.redrive({dead_topic!r}, to='orders')."
                    )
                rest = {k: v for k, v in letter.extensions.items() if not k.startswith("dead")}
                self.publish_event(target, letter._replace(extensions=rest))
                batch[0].ack()
                moved += 1
            return moved

    def snapshot(self) -> Hashable:
        """Return all topics and subscriptions as `Subscription.snapshot` does, to be compared."""
        with self._lock:
            topics = tuple((name, topic.snapshot()) for name, topic in self._topics.items())
            return (topics, tuple((k, sub._state()) for k, sub in self._subscriptions.items()))

    def flush(self) -> None:
        """Wait until everything published, and every ack, is as safe as the disk can make it."""

    def close(self) -> None:
        """Flush, and give the files back."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # ── for subscriptions ───────────────────────────────────────────────────────────────────────

    def _take_ack_ids(self, n: int) -> int:
        first = self._ack_ids
        self._ack_ids += n
        return first

    def _settled(self, n: int) -> None:
        pass

    def _save_cursors(self) -> None:
        pass


def _positions(topic: str, partition: int, offsets: range) -> list[Position]:
    return list(map(Position._make, zip(repeat(topic), repeat(partition), offsets)))


def _check_name(what: str, name: str) -> None:
    if not (isinstance(name, str) and NAME.fullmatch(name)):
        raise BrokerError(
            f"A {what}'s name is 1 to 100 of the characters A-Z a-z 0-9 . _ - and neither begins "
            f"nor ends with a dot, unlike {name!r}."
        )
