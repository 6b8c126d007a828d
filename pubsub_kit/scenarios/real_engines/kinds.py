"""Three kinds of engine, as a handler meets them, and the shop whose consumer is ported to all.

                 counts deliveries   a failure               an ack
    PARTITIONS   no: attempt is      holds up what comes     moves the position of its owner; one
                 None                after it                from a former owner is refused
    LEASES       yes                 comes again later       names a lease; a late one is refused
    NAMES        yes                 comes again later       names the message; a late one ends the
                                                             lease of whoever holds it by now

The first is a consumer group of Kafka, the second a queue such as SQS, and the third is Redis
Streams or NATS JetStream. What each of them does was recorded: `engines/recorded.json`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from heapq import heapify
from typing import TYPE_CHECKING, Any

from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.scenarios.drawn import drawn
from pubsub_kit.world.deliveries import Hand
from pubsub_kit.world.handlers import instantiate, settle
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

PARTITIONS, LEASES, NAMES = "partitions", "leases", "names"
#: How a verdict names each kind.
KINDS = {
    PARTITIONS: "an engine that counts no deliveries, such as a consumer group of Kafka",
    LEASES: "an engine that refuses a late ack, such as SQS",
    NAMES: "an engine whose late ack ends another's lease, such as Redis Streams",
}
FAULTS = ("crash", "pause")
LEASE = 10.0  # seconds, or a session's; a pause takes 30
AWAY = 45.0  # seconds until a worker that crashed is back
POISON = "order-2"
AMOUNTS = {"order-1": 40, POISON: None, "order-3": 25}
RATE = 2  # what a unit costs: a row of the database
OWED = RATE * sum(amount or 0 for amount in AMOUNTS.values())
DEAD = "orders.dead"
ROW = "billed"


class Seen(Hand):
    """A delivery as an engine of one kind shows it."""

    def __init__(self, hand: Hand, kind: str) -> None:
        vars(self).update(vars(hand))
        self._kind = kind

    @property
    def attempt(self) -> Any:
        """How many times it was delivered, or None where nobody counts."""
        return None if self._kind == PARTITIONS else super().attempt

    async def ack(self) -> bool:
        """Ack the lease, or the message, whoever holds it."""
        return await self._tell("ack", self._acks) is not False

    def _acks(self) -> bool:
        return self._ends_any_lease() if self._kind == NAMES else self._delivery.ack()

    def _ends_any_lease(self) -> bool:
        """End the lease that the message has by now, or its waiting for the next one."""
        group: Any = self._delivery.settler
        group.look()
        place = self._delivery.partition, self._delivery.offset
        for held in group.queue.flying.values():
            if (held.partition, held.offset) == place:
                return bool(held.ack())
        for row in group.queue.aside:
            if row[1:3] == place:
                group.queue.aside.remove(row)
                heapify(group.queue.aside)
                group.queue.waiting -= 1
                return True
        return False


def shop(world: World, answer: Any, kind: str, ids: Iterable[str] = AMOUNTS) -> None:
    """Some of the orders, the second of which can't be billed, and two workers on one database."""
    world.restart_after = AWAY
    db = world.store("db")
    db.rows["rate"] = RATE
    world.topic("orders")
    world.topic(DEAD)
    alone = kind == PARTITIONS
    world.consumer(
        "billing",
        lambda: _handler(answer, db, kind),
        "orders",
        workers=2,
        start="earliest",
        semantics="manual",
        retry=RetryPolicy(base=1.0, factor=1.0, jitter=None),
        **{"assignment": "partitioned", "session_timeout": LEASE}
        if alone
        else {"ack_deadline": LEASE},
    )

    async def sell() -> None:
        for id in ids:
            amount = AMOUNTS[id]
            await publish("orders", {} if amount is None else {"amount": amount}, id=id)

    world.spawn(sell(), "shop")


def _handler(answer: Any, db: Any, kind: str) -> Callable[[Any], Any]:
    handle, _ = instantiate(lambda: answer(db))

    async def handles(hand: Hand) -> None:
        await settle(handle(Seen(hand, kind)))

    return handles


def stage(kind: str) -> Callable[[World, Any], None]:
    """Return the world of one kind of engine."""
    return partial(shop, kind=kind)


def dead(world: World) -> list[str]:
    """Return the ids among the dead letters."""
    return [event.id for _, event in world.broker.topic(DEAD).log.read(0, 0)]


def draw(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw the run in lanes."""
    return drawn(world, violation, title)
