"""Small worlds in which one thing is missing, so that each can show one anomaly.

A shop publishes orders to a topic, and the group `billing` handles them: on the kit's own broker,
its workers and its store. Each world is a function that sets it up; what is missing, its name says.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from textwrap import dedent
from typing import Any, NamedTuple

from pubsub_kit.log.event import Event
from pubsub_kit.world.deliveries import Hand
from pubsub_kit.world.publishing import PublishTimeout, publish
from pubsub_kit.world.services import CallError
from pubsub_kit.world.verbs import call, sleep
from pubsub_kit.world.world import World

TOPIC, GROUP = "orders", "billing"


class Shape(NamedTuple):
    """A world, what is missing in it, and the faults that may befall it."""

    lacks: str
    world: Callable[[World], None]
    faults: tuple[str, ...]
    until: float = 100.0

    @property
    def source(self) -> str:
        """The code that sets the world up."""
        return dedent(inspect.getsource(self.world))


async def shop(*ids: str, every: float = 0.2) -> None:
    """Publish orders of one customer, one `every` so many seconds, confirmed or not."""
    for id in ids:
        try:
            await publish(TOPIC, {"amount": 10}, key="ann", id=id)
        except PublishTimeout:
            continue
        await sleep(every)


def adds_on_each_delivery(world: World) -> None:
    """Charge for each delivery: without an inbox, a redelivery is charged again."""
    db = world.store()

    async def handle(event: Event) -> None:
        await db.add("ann", event.data["amount"])

    world.topic(TOPIC)
    world.consumer(GROUP, lambda: handle, TOPIC, latency=0.1)
    world.spawn(shop("order-1"), "shop")


def acks_first(world: World) -> None:
    """Ack each order before it is charged: at-most-once."""
    db = world.store()

    async def handle(event: Event) -> None:
        await db.add("ann", event.data["amount"])

    world.topic(TOPIC)
    world.consumer(GROUP, lambda: handle, TOPIC, semantics="at_most_once", latency=0.1)
    world.spawn(shop("order-1", "order-2"), "shop")


def two_workers_share_a_key(world: World) -> None:
    """Let two workers take orders of one key: the second may overtake the first."""
    db = world.store()

    async def handle(event: Event) -> None:
        await db.put("ann", event.id)

    world.topic(TOPIC)
    world.consumer(GROUP, lambda: handle, TOPIC, workers=2, latency=0.5)
    world.spawn(shop("order-1", "order-2"), "shop")


def acks_by_message(world: World) -> None:
    """Ack a message whoever has it by now: the broker does not ask of which delivery."""
    db = world.store()
    world.pause_for = 3.0

    async def handle(hand: Hand) -> None:
        await sleep(1.5)
        await db.add("ann", hand.data["amount"])
        flying = world.broker.subscriptions[TOPIC, GROUP].queue.flying.values()
        held = next((each for each in flying if each.id == hand.id), None)
        node, group = world.current().node, world.groups[TOPIC][0]
        await (Hand(world, node, group, held, hand.event) if held else hand).ack()

    world.topic(TOPIC)
    world.consumer(GROUP, lambda: handle, TOPIC, workers=2, semantics="manual", ack_deadline=4.0)
    world.spawn(shop("order-1"), "shop")


def one_worker(world: World) -> None:
    """Let one worker handle all orders: nobody takes over if it stays down."""
    db = world.store()

    async def handle(event: Event) -> None:
        await db.insert(event.id)

    world.topic(TOPIC)
    world.consumer(GROUP, lambda: handle, TOPIC, latency=0.1)
    world.spawn(shop("order-1", "order-2", "order-3", every=15.0), "shop")


def never_dead_lettered(world: World) -> None:
    """Redeliver a message that always fails, without a limit."""

    async def handle(event: Event) -> None:
        raise ValueError("no amount")

    world.topic(TOPIC)
    world.consumer(GROUP, lambda: handle, TOPIC, latency=0.1)
    world.spawn(shop("order-1"), "shop")


def slower_than_its_lease(world: World) -> None:
    """Dead-letter after two deliveries what takes longer than its lease: no delivery failed."""
    db = world.store()

    async def handle(event: Event) -> None:
        await db.insert(event.id)

    world.topic(TOPIC)
    world.consumer(GROUP, lambda: handle, TOPIC, latency=3.0, ack_deadline=2.0, max_deliveries=2)
    world.spawn(shop("order-1"), "shop")


def saves_then_publishes(world: World) -> None:
    """Write an order, then publish it: a dual write, without an outbox."""
    db = world.store()

    async def take(order: dict[str, Any]) -> None:
        await db.insert(order["id"])
        await publish(TOPIC, order, id=order["id"])

    async def ann() -> None:
        for id in ("order-1", "order-2"):
            try:
                await call("shop", {"id": id}, timeout=0.5)
            except CallError:
                continue

    world.topic(TOPIC)
    world.service("shop", take)
    world.spawn(ann(), "ann")


SHAPES: dict[str, Shape] = {
    "lost": Shape("nobody takes over", one_worker, ("stays down", "publish lost")),
    "doubled effect": Shape(
        "no inbox", adds_on_each_delivery, ("crash", "ack lost", "pause", "duplicate")
    ),
    "acked without effect": Shape("acked before it is handled", acks_first, ("crash",)),
    "redelivered though acked": Shape("an ack may be lost", adds_on_each_delivery, ("ack lost",)),
    "late ack": Shape("acks are not fenced", acks_by_message, ("pause",)),
    "out of order": Shape(
        "no order within a key", two_workers_share_a_key, ("crash", "pause", "reorder")
    ),
    "stuck": Shape("no limit of deliveries", never_dead_lettered, (), 2.0),
    "effect without message": Shape("no outbox", saves_then_publishes, ("crash",)),
    "dead letter without reason": Shape("the work outlasts its lease", slower_than_its_lease, ()),
}
