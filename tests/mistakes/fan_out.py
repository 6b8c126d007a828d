"""Answers to exercise 02."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pubsub_kit import At, Offset, World, gather
from pubsub_kit.scenarios.fan_out.publishers import PUBLISHER, THEN, UNHEARD, WAITS
from pubsub_kit.scenarios.fan_out.signups import BILLING, CACHE, EMAIL, GROUPS, SORTS
from tests.mistakes import Mistake, Right

Readers = dict[str, Callable[[Any], Any]]
Connect = Callable[[], Any]

# --- wire: right ----------------------------------------------------------------------------------


def one_subscription_each(world: World, readers: Readers) -> None:
    for name, handler in readers.items():
        world.consumer(name, handler, "signups", start="earliest")


def from_the_first_offset_with_three_workers(world: World, readers: Readers) -> None:
    for name, handler in readers.items():
        world.consumer(name, handler, "signups", start=Offset(0), workers=3)


def from_a_moment_by_a_factory(world: World, readers: Readers) -> None:
    """Each factory gets a handler of its own: a lambda would see the last one."""

    def subscribe(name: str, handler: Any) -> None:
        group = f"readers-of-signups-{name}"
        world.consumer(name, lambda: handler, "signups", group=group, start=At(0.0))

    for item in readers.items():
        subscribe(*item)


def seeks_to_the_beginning(world: World, readers: Readers) -> None:
    for name, handler in readers.items():
        world.consumer(name, handler, "signups").subscription.seek(offset=0)


def acks_by_itself(world: World, readers: Readers) -> None:
    for name, handler in readers.items():
        world.consumer(name, _acks(handler), "signups", start="earliest", semantics="manual")


def _acks(handler: Any) -> Any:
    async def handle(delivery: Any) -> None:
        await handler(delivery.event)
        await delivery.ack()

    return handle


# --- wire: wrong ----------------------------------------------------------------------------------


def one_group_for_all(world: World, readers: Readers) -> None:
    for name, handler in readers.items():
        world.consumer(name, handler, "signups", group="readers", start="earliest")


def one_group_the_other_way_round(world: World, readers: Readers) -> None:
    for name, handler in reversed(readers.items()):
        world.consumer(name, handler, "signups", group="all", start="earliest", workers=2)


def from_now_on(world: World, readers: Readers) -> None:
    for name, handler in readers.items():
        world.consumer(name, handler, "signups")


def loops_over_all(world: World, readers: Readers) -> None:
    async def handle(event: Any) -> None:
        for handler in readers.values():
            await handler(event)

    world.consumer("-".join(readers), handle, "signups", start="earliest")


def gathers_all(world: World, readers: Readers) -> None:
    """Three at a time, and each of them handles all: still one delivery for two readers."""

    async def handle(event: Any) -> None:
        await gather(*(handler(event) for handler in readers.values()))

    world.consumer("-".join(readers), handle, "signups", start="earliest", workers=3)


def only_the_first(world: World, readers: Readers) -> None:
    name, handler = next(iter(readers.items()))
    world.consumer(name, handler, "signups", start="earliest")


def acks_first(world: World, readers: Readers) -> None:
    for name, handler in readers.items():
        world.consumer(name, handler, "signups", start="earliest", semantics="at_most_once")


# --- producer: right ------------------------------------------------------------------------------


class ConnectsAtTheStart:
    def __init__(self, connect: Connect) -> None:
        self.producer = connect()

    async def handle(self, name: str) -> str:
        self.producer.send(name)
        await self.producer.flush()
        return "ok"


class ConnectsWhenFirstAsked:
    def __init__(self, connect: Connect) -> None:
        self.connect = connect
        self.producer: Any = None

    async def handle(self, name: str) -> str:
        self.producer = self.producer or self.connect()
        self.producer.send(name)
        await self.producer.flush()
        return "ok"


def closure(connect: Connect) -> Any:
    producer = connect()

    async def handle(name: str) -> str:
        producer.send(name)
        await producer.flush()
        await producer.flush()
        return "ok"

    return handle


# --- producer: wrong ------------------------------------------------------------------------------


class NeverFlushes(ConnectsAtTheStart):
    async def handle(self, name: str) -> str:
        self.producer.send(name)
        return "ok"


class FlushesEverySecondOne(ConnectsAtTheStart):
    def __init__(self, connect: Connect) -> None:
        super().__init__(connect)
        self.count = 0

    async def handle(self, name: str) -> str:
        self.producer.send(name)
        self.count += 1
        if self.count % 2 == 0:
            await self.producer.flush()
        return "ok"


class ConnectsForEachRequest(ConnectsWhenFirstAsked):
    async def handle(self, name: str) -> str:
        producer = self.connect()
        producer.send(name)
        await producer.flush()
        return "ok"


class SaysNothing(ConnectsAtTheStart):
    async def handle(self, name: str) -> str:
        self.producer.send(name)
        await self.producer.flush()
        return ""


# --- groups, confirm ------------------------------------------------------------------------------


def _groups(email: int, cache: int, billing: int = 0) -> dict[str, str]:
    return {EMAIL: GROUPS[email], CACHE: GROUPS[cache], BILLING: SORTS[billing]}


def _confirm(waits: int, then: int) -> dict[str, str]:
    return {PUBLISHER: WAITS[waits], UNHEARD: THEN[then]}


MISTAKES = [
    Mistake("wire", one_group_for_all, "a shared group fans out", faults=0, m=(13,)),
    Mistake("wire", one_group_the_other_way_round, "a shared group fans out", faults=0, m=(13,)),
    Mistake("wire", from_now_on, "a late subscriber sees history", faults=0, m=(12,)),
    Mistake("wire", loops_over_all, "a loop isolates", faults=0, m=(43,)),
    Mistake("wire", gathers_all, "a loop isolates", faults=0, m=(43,)),
    Mistake("wire", only_the_first, "one reader hears nothing", faults=0),
    Mistake("wire", acks_first, "acks before the work is done", faults=0),
    Mistake("groups", _groups(0, 0), "a shared group fans out", faults=0, m=(13,)),
    Mistake("groups", _groups(1, 1), "each worker is a group", faults=0),
    Mistake("groups", _groups(1, 0, 1), "each worker is a group", faults=0),
    Mistake("producer", NeverFlushes, "send means sent", faults=0, m=(5,)),
    Mistake("producer", FlushesEverySecondOne, "send means sent", faults=0, m=(5,)),
    Mistake("producer", ConnectsForEachRequest, "a producer for each request", faults=0, m=(45,)),
    Mistake("producer", SaysNothing, "another answer", faults=0),
    Mistake("confirm", _confirm(0, 1), "published means arrived", faults=0),
    Mistake("confirm", _confirm(1, 1), "a confirm means it was routed", faults=0, m=(6,)),
    Mistake("confirm", _confirm(1, 2), "a confirm means it was routed", faults=0, m=(6,)),
    Mistake("confirm", _confirm(2, 0), "silence means yes", faults=1),
    Mistake("catch_up", "15 minutes", "arrivals stop"),
    Mistake("catch_up", 2_000, "the backlog is all"),
]

RIGHT = [
    Right("wire", one_subscription_each),
    Right("wire", from_the_first_offset_with_three_workers),
    Right("wire", from_a_moment_by_a_factory),
    Right("wire", seeks_to_the_beginning),
    Right("wire", acks_by_itself),
    Right("groups", _groups(0, 1, 0)),
    Right("groups", _groups(0, 1, 1)),
    Right("producer", ConnectsAtTheStart),
    Right("producer", ConnectsWhenFirstAsked),
    Right("producer", closure),
    Right("confirm", _confirm(2, 1)),
    Right("confirm", _confirm(2, 2)),
    Right("catch_up", 1_200),
    Right("catch_up", "20 min"),
    Right("catch_up", "0.333 hours"),
]

CONSTANTS = ["signups", "ok"]
