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
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from pubsub_kit.broker import arguments
from pubsub_kit.broker.choosing import Filter
from pubsub_kit.broker.context import Shared
from pubsub_kit.broker.groups import check_no_ring, difference, make_group, undo
from pubsub_kit.broker.memory import Memory
from pubsub_kit.broker.redrive import redrive
from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.broker.settings import DEFAULT, Assignment, Settings
from pubsub_kit.broker.starts import Start
from pubsub_kit.broker.subscription import Subscription
from pubsub_kit.broker.surviving import Surviving
from pubsub_kit.broker.topic import BrokerError, Position, Rules, Topic, check_name
from pubsub_kit.errors import brief
from pubsub_kit.log.event import NO_EXTENSIONS, Event, make, microseconds
from pubsub_kit.log.garbage import uncollected
from pubsub_kit.log.ids import fresh_id
from pubsub_kit.log.retention import Retention
from pubsub_kit.log.threads import new_lock

if TYPE_CHECKING:
    from pubsub_kit.log.disk import Fsync


class Broker(Surviving):
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
        arguments.check_parts(clock, rng, commit_every)
        self.clock, self._lock = clock, new_lock()
        self.topics: dict[str, Topic] = {}
        self.subscriptions: dict[tuple[str, str], Subscription] = {}  # by topic and group
        self._storage = keeper = Memory()
        if path is not None:
            if not isinstance(path, str | Path) or path == "":
                raise BrokerError(f"A broker needs the path of a folder, not {brief(path)}.")
            from pubsub_kit.broker.storage import Storage  # here: in memory it needs no files

            kept = self.topics, self.subscriptions
            self._storage = keeper = Storage(Path(path), *kept, fsync, commit_every, clock)
        publish, settled, save = self.publish_event, keeper.settled, keeper.save
        self._shared = Shared(clock, self._lock, rng, count(1), publish, settled, save)
        if path is not None:
            try:
                keeper.restore(self._open_topic, self._shared)
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
        compact: bool | None = None,
    ) -> Topic:
        """Create a topic (with 1 partition by default), or get the one with that name.

        Retention and compaction, once set, stay (None) until they are set again. Raises BrokerError
        for what can't work, and LogError if the disk refuses; then nothing has changed.
        """
        with self._lock:
            self._shared.check_open()
            rules = arguments.check_topic(partitions, retention, compact)
            topic = self.topics.get(name) if isinstance(name, str) else None
            if topic is None:
                arguments.check_new_topic(name, self.topics)
                return self._open_topic(name, partitions, rules)
            if partitions is not None and partitions != topic.partitions:
                raise BrokerError(
                    f"Topic {name!r} has {topic.partitions} partitions, not {brief(partitions)}: "
                    f"broker.topic({name!r}).log.add_partitions(…) adds more."
                )
            before = topic.rule(rules)
            try:
                self._storage.keep(topic)
            except BaseException:
                topic.rule(before)
                raise
            return topic

    def _open_topic(
        self, name: str, partitions: int | None = None, rules: Rules = (None, None)
    ) -> Topic:
        topic = Topic(name, self._storage.open_log(name, partitions, self.clock))
        try:
            topic.rule(rules)
            self._storage.keep(topic)
        except BaseException:
            self._storage.discard(topic)
            raise
        self.topics[name] = topic
        return topic

    def delete_topic(self, name: str) -> None:
        """Delete a topic for good, with its messages, its groups, and what these had in flight.

        Raises BrokerError if there is no such topic, or if another topic's dead letters go to it.
        """
        with self._lock:
            topic = self._find(name)
            groups = [group for of, group in self.subscriptions.items() if of[0] != name]
            if users := [g.reader.name for g in groups if g.settings.dead_letter == name]:
                raise BrokerError(
                    f"{name!r} can't be deleted, since dead letters of {', '.join(users)} go there:"
                    " unsubscribe first."
                )
            try:
                self._storage.delete(topic)
            finally:
                if topic.log.closed:
                    del self.topics[name]
                    for of in [of for of in self.subscriptions if of[0] == name]:
                        self.subscriptions.pop(of).remove()

    def publish(
        self,
        topic: str,
        data: Any = None,
        *,
        key: str | None = None,
        type: str | None = None,
        id: str | None = None,
        source: str = "pubsub-kit",
        extensions: Mapping[str, str | int | bool] = NO_EXTENSIONS,
    ) -> Position:
        """Publish data as a new event, now; its `type` is by default the topic's name.

        Messages with the same key go to the same partition, so they stay in order. `extensions` are
        further CloudEvents attributes, such as a trace's context: {"traceparent": "00-…"}. Raises
        EventError for an attribute that can't be one, and for data that is no JSON.
        """
        if extensions.__class__ is not dict and extensions is not NO_EXTENSIONS:
            extensions = arguments.checked_extensions(extensions)
        with self._lock:
            found = self._find(topic)
            time = microseconds(self.clock()) / 1_000_000
            id, type = fresh_id() if id is None else id, topic if type is None else type
            event = make(Event, (id, source, type, time, data, None, key, extensions))
            return found.append(event)  # which checks the event

    def publish_event(self, topic: str, event: Event) -> Position:
        """Publish an event that you have already made."""
        if event.__class__ is not Event:
            arguments.check_event(event)
        with self._lock:
            return self._find(topic).append(event)

    def publish_batch(self, topic: str, items: Iterable[Any]) -> list[Position]:
        """Publish many events, or data to make events from, all or none; return their positions.

        A durable broker writes once for each partition, which is much faster than one by one.
        """
        batch = arguments.items_of(items)
        with self._lock, uncollected():
            found, now = self._find(topic), self.clock()
            return found.append_batch(arguments.events_of(batch, topic, now))

    def redrive(self, dead_topic: str, to: str | None = None, limit: int | None = None) -> int:
        """Publish dead letters again, each once, to the topic they came from, or to `to`.

        Returns how many. Every group of that topic gets them, with their old ids and keys.
        """
        with self._lock:
            return redrive(self, dead_topic, to, limit)

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
        assignment: Assignment = "shared",
        session_timeout: float = 10.0,
    ) -> Subscription:
        """Join a group: its members share one Subscription, and every other group gets a copy.

        `start` says where a new group begins: "latest" gets only what is published from now on,
        "earliest" all that the log has; or `Offset(n)`, or `At(seconds)`. The group skips events
        for which `filter(event)` is false. An unacked delivery is redelivered after `ack_deadline`
        seconds, a nacked one as `retry` says. After `max_deliveries` (by default `retry.attempts`)
        a message goes to the topic `dead_letter` (by default the topic's name plus ".dead"). With
        `ordered`, the next message of a key waits until the one before is acked or dead, even if
        partitions are added meanwhile. At most
        `max_outstanding` messages are in flight at once. With `assignment` "partitioned", each
        partition belongs to one member that has joined, until it is silent for `session_timeout`
        seconds: partitioned.py says what else differs.

        An existing group keeps its settings: give none, or the same. A new filter replaces its old
        one. Only after a restart of the broker may the settings change. Raises SubscriptionError
        for settings that can't work or that differ from the group's, and BrokerError if there is no
        such topic.
        """
        with self._lock:
            found = self._find(topic)
            settings = Settings(
                ack_deadline, retry, max_deliveries, dead_letter, ordered, max_outstanding,
                assignment, session_timeout,
            ).filled(topic)  # fmt: skip
            check_name("group", group)
            arguments.check_reading(start, filter)
            subscription = self.subscriptions.get((topic, group))
            changes = subscription is None or settings not in (DEFAULT, subscription.settings)
            before = [*self.topics], subscription and subscription.standing()
            try:
                if changes and (dead := settings.dead_letter) is not None:
                    check_no_ring(self.subscriptions.values(), topic, dead)
                    self.topic(dead)
                if subscription is None:
                    subscription = make_group(self._shared, found, group, settings, filter)
                    subscription.reader.go(start)
                elif changes and not self._storage.reset(subscription, settings):
                    raise difference(subscription, settings)
                if filter is not None:
                    subscription.reader.filter = filter
                self._storage.register(subscription)
            except BaseException:
                undo(self, subscription, *before)
                raise
            self.subscriptions[topic, group] = subscription
            return subscription

    def unsubscribe(self, topic: str, group: str) -> None:
        """Remove a group and its position; acks of what it has in flight become stale.

        Raises BrokerError if there is no such topic or group.
        """
        with self._lock:
            self._find(topic)
            if not isinstance(group, str) or (topic, group) not in self.subscriptions:
                known = ", ".join(repr(g) for of, g in self.subscriptions if of == topic) or "none"
                raise BrokerError(
                    f"{topic!r} has no group {brief(group)} (groups: {known}): check the name."
                )
            self._storage.unregister(self.subscriptions[topic, group])
            self.subscriptions.pop((topic, group)).remove()

    def _find(self, name: str) -> Topic:
        if self._shared.closed:
            self._shared.check_open()
        if (name.__class__ is str or isinstance(name, str)) and name in self.topics:
            return self.topics[name]
        known, name = ", ".join(map(repr, self.topics)) or "none yet", brief(name)
        raise BrokerError(
            f"There is no topic {name} (topics: {known}): broker.topic({name}) makes it."
        )
