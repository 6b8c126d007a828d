"""A broker: topics to publish to, and groups that each read every message of a topic.

    publish ──► topic ──► partition, by a stable hash of the key ──► log ──► offset
                                                                      │
                         group "billing"  ◄── its own position ───────┤  another group: a copy
                         group "shipping" ◄── its own position ───────┘  the same group: a share

The log keeps every message, as Kafka does; a subscription hands them out one by one under an ack
id, as RabbitMQ and SQS do. So one broker is both a log and a queue, and nothing is copied.

A broker starts no thread and has no clock of its own: time comes in through `clock`, randomness
through `rng`. One lock makes each call atomic, so threads can share a broker.

With a `path` it survives a restart: storage.py says how, and what a crash costs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from random import Random
from threading import RLock
from typing import TYPE_CHECKING, Any, Self

from pubsub_kit.broker.memory import Memory
from pubsub_kit.broker.reader import Filter, Start
from pubsub_kit.broker.redrive import redrive
from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.broker.settings import Settings, SubscriptionError, is_count
from pubsub_kit.broker.subscription import Shared, Subscription
from pubsub_kit.broker.topic import BrokerError, Position, Topic, check_name
from pubsub_kit.log.event import Event
from pubsub_kit.log.retention import Retention

if TYPE_CHECKING:
    from pubsub_kit.log.disk import Fsync


class Broker:
    """Topics and the groups that read them; the top of this file explains the idea.

    `clock` returns seconds (wall time by default, virtual time in a world); `rng` draws the jitter
    (`random.Random(0)` by default). With `path` the broker is durable, and `fsync` says when its
    topics wait for the disk (by default always). Close it, or use it in a `with` statement.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        clock: Callable[[], float] = time.time,
        rng: Random | None = None,
        fsync: Fsync | None = None,
        commit_every: int = 100,
    ) -> None:
        self.clock, self._lock = clock, RLock()
        self.topics: dict[str, Topic] = {}
        self.subscriptions: dict[tuple[str, str], Subscription] = {}  # by topic and group
        self._storage = keeper = Memory()
        if path is not None:
            if not isinstance(path, str | Path) or path == "":
                raise BrokerError(f"A durable broker needs the path of a folder, not {path!r}.")
            from pubsub_kit.broker.storage import Storage  # here: in memory it needs no files

            self._storage = keeper = Storage(Path(path), self.subscriptions, fsync, commit_every)
        publish, settled, save = self.publish_event, keeper.settled, keeper.save
        self._shared = Shared(clock, self._lock, rng, count(1), publish, settled, save)
        if path is not None:
            try:
                keeper.restore(self.topic, self._shared)
                self.flush()
            except BaseException:
                self._close_logs()
                raise

    def __repr__(self) -> str:
        return f"<Broker topics={list(self.topics)} groups={[g for _, g in self.subscriptions]}>"

    # ── publishing ──────────────────────────────────────────────────────────────────────────────

    def topic(
        self,
        name: str,
        partitions: int | None = None,
        *,
        retention: Retention | None = None,
        compact: bool = False,
    ) -> Topic:
        """Create a topic (with 1 partition by default), or get the one with that name."""
        with self._lock:
            topic = self.topics.get(name) if isinstance(name, str) else None
            if topic is None:
                topic = self._make_topic(name, partitions)
            elif partitions not in (None, topic.partitions):
                raise BrokerError(
                    f"Topic {name!r} has {topic.partitions} partitions, not {partitions!r}: "
                    f"broker.topic({name!r}).log.add_partitions(…) adds more."
                )
            topic.log.retention = retention or topic.log.retention
            topic.log.compacted = compact or topic.log.compacted
            return topic

    def _make_topic(self, name: str, partitions: int | None) -> Topic:
        self._shared.check_open()
        check_name("topic", name)
        if name.startswith("__"):
            raise BrokerError(f"Names like {name!r}, with __ in front, are the broker's own.")
        if not (partitions is None or is_count(partitions)):
            raise BrokerError(f"A topic needs 1 partition or more, not {partitions!r}.")
        self.topics[name] = Topic(name, self._storage.open_log(name, partitions))
        return self.topics[name]

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
        """Publish data as a new event, now; its `type` is by default the topic's name.

        Messages with the same key go to the same partition, so they stay in order.
        """
        source = source or "pubsub-kit"
        with self._lock:
            self._find(topic)
            now = self.clock()
            event = Event.new(type or topic, data, source=source, id=id, time=now, key=key)
            return self.publish_event(topic, event)

    def publish_event(self, topic: str, event: Event) -> Position:
        """Publish an event that you have already made."""
        if not isinstance(event, Event):
            raise BrokerError(f"publish_event takes an Event, not {event!r}: use publish for data.")
        with self._lock:
            return self._find(topic).append(event)

    def publish_batch(self, topic: str, items: Iterable[Any]) -> list[Position]:
        """Publish many events, or data to make events from; return their positions.

        A durable broker writes once for each partition, which is much faster than one by one.
        """
        with self._lock:
            found, now = self._find(topic), self.clock()
            events = [
                item if isinstance(item, Event) else Event.new(topic, item, time=now)
                for item in items
            ]
            return found.append_batch(events)

    def redrive(self, dead_topic: str, to: str | None = None, limit: int | None = None) -> int:
        """Publish dead letters again, each once, to the topic they came from, or to `to`.

        Returns how many. Every group of that topic gets them, with their old ids and keys.
        """
        with self._lock:
            letters = self.subscribe(dead_topic, "__redrive", start="earliest")
            return redrive(letters, self.publish_event, self.topics, to, limit)

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
        """Join a group: its members share one Subscription, and every other group gets a copy.

        `start` says where a new group begins: "latest" gets only what is published from now on,
        "earliest" all that the log has; or `Offset(n)`, or `At(seconds)`. The group skips events
        for which `filter(event)` is false. An unacked delivery is redelivered after `ack_deadline`
        seconds, a nacked one as `retry` says. After `max_deliveries` (by default `retry.attempts`)
        a message goes to the topic `dead_letter` (by default the topic's name plus ".dead"). With
        `ordered`, the next message of a key waits until the one before is acked or dead. At most
        `max_outstanding` messages are in flight at once.

        An existing group keeps its settings: give none, or the same. A new filter replaces its old
        one. Only after a restart of the broker may the settings change. Raises SubscriptionError
        for settings that can't work or that differ from the group's, and BrokerError if there is no
        such topic.
        """
        with self._lock:
            found = self._find(topic)
            limit = retry.attempts if max_deliveries is None else max_deliveries
            settings = Settings(ack_deadline, retry, limit, dead_letter, ordered, max_outstanding)
            settings.check(topic)
            if limit is not None and dead_letter is None:
                settings = settings._replace(dead_letter=f"{topic}.dead")
            check_name("group", group)
            if not (filter is None or callable(filter)):
                raise SubscriptionError(f"A filter must be a function of an event, not {filter!r}.")
            subscription = self.subscriptions.get((topic, group))
            if subscription is None:
                subscription = Subscription(self._shared, found, group, settings, filter)
                subscription.reader.go(start)
            elif settings not in (Settings(), subscription.settings):
                self._change(subscription, settings)
            if filter is not None:
                subscription.reader.filter = filter
            if subscription.settings.dead_letter is not None:
                self.topic(subscription.settings.dead_letter)
            self.subscriptions[topic, group] = subscription
            self._storage.register(subscription)
            return subscription

    def _change(self, group: Subscription, settings: Settings) -> None:
        if not self._storage.reset(group, settings):
            has, wants = group.settings._asdict(), settings._asdict()
            differ = ", ".join(f"{name}={has[name]!r}" for name in has if has[name] != wants[name])
            raise SubscriptionError(
                f"{group.reader.name} already exists with {differ}: give the same settings, or "
                "only the topic and the group."
            )

    # ── surviving ───────────────────────────────────────────────────────────────────────────────

    def flush(self) -> None:
        """Wait until everything published, and every ack, is on the disk, if there is one."""
        with self._lock:
            self._shared.check_open()
            for topic in self.topics.values():
                topic.log.flush()
            self._storage.save()  # after the topics: a cursor follows its log

    def close(self) -> None:
        """Flush and close the files; a closed broker can't be used any more."""
        with self._lock:
            if not self.closed:
                try:
                    self.flush()
                finally:
                    self._close_logs()

    def _close_logs(self) -> None:
        self._shared.closed = True
        for topic in self.topics.values():
            topic.log.close()
        self._storage.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether the broker has been closed."""
        return self._shared.closed

    def _find(self, name: str) -> Topic:
        self._shared.check_open()
        if isinstance(name, str) and name in self.topics:
            return self.topics[name]
        known = ", ".join(map(repr, self.topics)) or "none yet"
        raise BrokerError(
            f"There is no topic {name!r} (topics: {known}): broker.topic({name!r}) makes it."
        )
