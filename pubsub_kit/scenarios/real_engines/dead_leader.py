"""Lesson 12's experiment on three real brokers, simulated: the leader alone has fifty messages."""

from __future__ import annotations

from contextlib import suppress

from pubsub_kit.scenarios.broker_availability.orders import kept_ids
from pubsub_kit.world.publishing import PublishTimeout, publish
from pubsub_kit.world.world import World

COUNT = 50
ALONE, DIES = 0.1, 2.0  # seconds: when the followers hang, and when the leader dies


def dead_leader(acks: str) -> tuple[int, int]:
    """Publish 50 messages while both followers are cut off, and kill the leader.

    Returns how many were acked, and how many of those are lost.
    """
    world = World()
    cluster = world.brokers(3, acks=acks, min_insync=2)
    world.topic("orders")

    def cut_off() -> None:
        for node in cluster.nodes:
            if node is not cluster.leader:
                cluster.fates.befall("node cut", node)

    async def shop(number: int) -> None:
        with suppress(PublishTimeout):
            await publish("orders", number, id=f"m{number}")

    def all_at_once() -> None:
        for number in range(COUNT):
            world.spawn(shop(number), f"shop-{number}")

    world.at(ALONE, cut_off)
    world.at(2 * ALONE, all_at_once)
    world.at(DIES, cluster.kill, "broker-1")
    world.run()
    acked = list(cluster.seen.acked)
    return len(acked), len(set(acked) - {*kept_ids(cluster)})
