"""Brokers as nodes of a world: what `world.brokers(3)` puts behind the world's own broker.

Producers write to the leader, and consumers read what the cluster has committed: that is what the
world's broker holds then, so topics, groups and handlers are those of any world. Where a committed
record is lost after all, it goes from there as well. The positions of groups are kept apart, and
none of these faults touches them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

from simpy import Event as Moment

from pubsub_kit.log.event import Event
from pubsub_kit.world.kernel import Restart
from pubsub_kit.world.odds import Odds
from pubsub_kit.world.replicas.cluster import Cluster
from pubsub_kit.world.replicas.producer import Sending
from pubsub_kit.world.replicas.replica import Record
from pubsub_kit.world.replicas.rules import Cut, Elect
from pubsub_kit.world.replicas.settings import Settings
from pubsub_kit.world.system import System
from pubsub_kit.world.tasks import wait


class Brokers:
    """The ground that a cluster stands on in a world."""

    def __init__(
        self, world: System, nodes: int, settings: Settings, cut: Cut | None, elect: Elect | None
    ) -> None:
        self.world, self.restart_after = world, world.restart_after
        names = [f"broker-{number}" for number in range(1, nodes + 1)]
        self.cluster = Cluster(self, names, settings, cut, elect)
        for replica in self.cluster.nodes:
            node = world.claim(replica.name)
            node.boot = partial(self.cluster.back, replica)
            node.emptied = partial(self.cluster.stopped, replica)
        world.stirs = True  # what one node does wakes others: pre-emption has to look closely
        self.note, self.after, self.fault = world.note, world.after, world.chance.fault

    def odds(self, *kinds: str) -> Odds:
        """Return those of some faults that this world may suffer, and their rates."""
        found: Odds = self.world.enabled(*kinds)
        return found

    def stop(self, name: str, seconds: float | None) -> None:
        """Stop a node, and start it again after so many seconds (None: never)."""
        node = self.world.known(name)
        if seconds is not None:
            self.world.after(seconds, Restart(self.world, node))
        self.world.kill(node)

    def expose(self, record: Record) -> None:
        """Let consumers read a record."""
        world = self.world
        world.broker.publish_event(record.topic, record.event)
        world.wake(record.topic)

    def rewind(self, left: Sequence[Record]) -> None:
        """Leave only these of the records that consumers could read so far."""
        broker = self.world.broker
        for topic in broker.topics.values():
            kept = topic.log.retention, topic.log.compacted
            topic.log = broker._storage.open_log(topic.name, topic.partitions, broker.clock)
            topic.rule(kept)
            topic.turn = 0
        for record in left:
            broker.publish_event(record.topic, record.event)
        for group in broker.subscriptions.values():
            reader, reader.log = group.reader, group.topic.log
            reader.next = [
                min(at, end) for at, end in zip(reader.next, reader.log.ends, strict=True)
            ]

    def send(self, node: str, topic: str, event: Event, done: Callable[[bool], None]) -> None:
        """Send an event to whoever leads; `done(True)` is its ack, `done(False)` the end of it."""
        Sending(self.cluster, node, topic, event, done)

    async def publish(self, node: str, topic: str, event: Event) -> bool:
        """Send an event, and wait until it is acked; return whether it was."""
        answer = Moment(self.world.env)
        self.send(node, topic, event, lambda acked: cast(None, answer.succeed(acked)))
        return bool(await wait(answer))

    def dissolve(self) -> None:
        """Let go of the cluster."""
        vars(self.cluster).clear()


def nothing(_: Any) -> None:
    """Hear an answer, and do nothing."""
