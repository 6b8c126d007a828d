"""Answers to exercise 02."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pubsub_kit import At, Offset, PublishTimeout, World, gather, publish
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


def _each(world: World, readers: Readers, **options: Any) -> None:
    for name, handler in readers.items():
        world.consumer(name, handler, "signups", start="earliest", **options)


def calls_the_last_handler(world: World, readers: Readers) -> None:
    """Each lambda looks up the loop's variable when it runs."""
    for name, handler in readers.items():
        world.consumer(name, lambda event: handler(event), "signups", start="earliest")  # noqa: B023


def swallows_what_fails(world: World, readers: Readers) -> None:
    def safe(handler: Any) -> Any:
        async def handle(event: Any) -> None:
            with suppress(ConnectionError):
                await handler(event)

        return handle

    _each(world, {name: safe(handler) for name, handler in readers.items()})


def one_delivery_must_do(world: World, readers: Readers) -> None:
    _each(world, readers, max_deliveries=1)


def forgets_to_ack(world: World, readers: Readers) -> None:
    def handles(handler: Any) -> Any:
        async def handle(delivery: Any) -> None:
            await handler(delivery.event)

        return handle

    _each(world, {n: handles(h) for n, h in readers.items()}, semantics="manual")


def subscribes_each_worker(world: World, readers: Readers) -> None:
    for number in "12":
        _each(world, {f"{name}-{number}": handler for name, handler in readers.items()})


def leases_for_a_second(world: World, readers: Readers) -> None:
    _each(world, readers, ack_deadline=1.0)


def filters_out_eve(world: World, readers: Readers) -> None:
    _each(world, readers, filter=lambda event: event.data != "eve")


def passes_over_eve(world: World, readers: Readers) -> None:
    def some(handler: Any) -> Any:
        async def handle(event: Any) -> None:
            if event.data < "eve":
                await handler(event)

        return handle

    _each(world, {name: some(handler) for name, handler in readers.items()})


def starts_at_the_second(world: World, readers: Readers) -> None:
    for name, handler in readers.items():
        start = Offset(1) if name == "index" else "earliest"
        world.consumer(name, handler, "signups", start=start)


def calls_it_twice_to_be_sure(world: World, readers: Readers) -> None:
    def twice(handler: Any) -> Any:
        async def handle(event: Any) -> None:
            await handler(event)
            await handler(event)

        return handle

    _each(world, {name: twice(handler) for name, handler in readers.items()})


def acks_what_is_redelivered(world: World, readers: Readers) -> None:
    def once(handler: Any) -> Any:
        async def handle(delivery: Any) -> None:
            if delivery.attempt == 1:
                await handler(delivery.event)
            await delivery.ack()

        return handle

    _each(world, {name: once(handler) for name, handler in readers.items()}, semantics="manual")


def spawns_the_work(world: World, readers: Readers) -> None:
    """Nobody waits for the tasks, so the message is acked at once."""

    async def handle(event: Any) -> None:
        for name, handler in readers.items():
            world.spawn(handler(event), name)

    world.consumer("-".join(readers), handle, "signups", start="earliest")


def publishes_what_failed(world: World, readers: Readers) -> None:
    """Means to retry, and gives everybody the signup again."""

    def again(handler: Any) -> Any:
        async def handle(event: Any) -> None:
            try:
                await handler(event)
            except ConnectionError:
                await publish("signups", event.data)

        return handle

    _each(world, {name: again(handler) for name, handler in readers.items()})


def publishes_one_of_its_own(world: World, readers: Readers) -> None:
    def tells(handler: Any) -> Any:
        async def handle(event: Any) -> None:
            await handler(event)
            if event.data == "eve":
                await publish("signups", "done")

        return handle

    _each(world, {name: tells(handler) for name, handler in readers.items()})


def under_each_others_names(world: World, readers: Readers) -> None:
    _each(world, dict(zip(sorted(readers, reverse=True), readers.values(), strict=True)))


class SubscribesInItsConstructor:
    """Right: called as the question says, a class does as well as a function."""

    def __init__(self, world: World, readers: Readers) -> None:
        _each(world, readers)


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


class PoolOfThree:
    """Connects three times when the process starts, and never again."""

    def __init__(self, connect: Connect) -> None:
        self.pool = [connect() for _ in range(3)]
        self.requests = 0

    async def handle(self, name: str) -> str:
        self.requests += 1
        producer = self.pool[self.requests % 3]
        producer.send(name)
        await producer.flush()
        return "ok"


class FlushesUntilItIsConfirmed(ConnectsAtTheStart):
    async def handle(self, name: str) -> str:
        self.producer.send(name)
        while True:
            with suppress(PublishTimeout):
                await self.producer.flush()
                return "ok"


class AnswersARepeatFromMemory(ConnectsAtTheStart):
    """What it remembers has been flushed."""

    def __init__(self, connect: Connect) -> None:
        super().__init__(connect)
        self.done: set[str] = set()

    async def handle(self, name: str) -> str:
        if name not in self.done:
            self.producer.send(name)
            await self.producer.flush()
            self.done.add(name)
        return "ok"


class AsksToTryAgain(ConnectsAtTheStart):
    """What it answers after a timeout is no 'ok', so the client asks again."""

    async def handle(self, name: str) -> str:
        self.producer.send(name)
        try:
            await self.producer.flush()
        except PublishTimeout:
            return "try again"
        return "ok"


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


class Greets(ConnectsAtTheStart):
    async def handle(self, name: str) -> str:
        self.producer.send(f"hello {name}")
        await self.producer.flush()
        return "ok"


class SendsADictionary(ConnectsAtTheStart):
    async def handle(self, name: str) -> str:
        self.producer.send({"name": name})
        await self.producer.flush()
        return "ok"


class OnlyFlushes(ConnectsAtTheStart):
    async def handle(self, name: str) -> str:
        await self.producer.flush()
        return "ok"


class OkWhateverFlushRaises(ConnectsAtTheStart):
    async def handle(self, name: str) -> str:
        self.producer.send(name)
        with suppress(PublishTimeout):
            await self.producer.flush()
        return "ok"


class GivesUpAfterTen(ConnectsAtTheStart):
    async def handle(self, name: str) -> str:
        self.producer.send(name)
        for _ in range(10):
            with suppress(PublishTimeout):
                await self.producer.flush()
                break
        return "ok"


class OkToWhoeverAsksMeanwhile(ConnectsAtTheStart):
    """Takes a second request for a name for a repeat, while the first is not confirmed."""

    def __init__(self, connect: Connect) -> None:
        super().__init__(connect)
        self.under_way: set[str] = set()

    async def handle(self, name: str) -> str:
        if name not in self.under_way:
            self.under_way.add(name)
            try:
                self.producer.send(name)
                await self.producer.flush()
            finally:
                self.under_way.discard(name)
        return "ok"


class SendsUntilItIsConfirmed(ConnectsAtTheStart):
    """The buffer keeps what was not confirmed, and gets it again."""

    async def handle(self, name: str) -> str:
        while True:
            self.producer.send(name)
            with suppress(PublishTimeout):
                await self.producer.flush()
                return "ok"


class SendsTwiceToBeSure(ConnectsAtTheStart):
    async def handle(self, name: str) -> str:
        self.producer.send(name)
        self.producer.send(name)
        await self.producer.flush()
        return "ok"


class RemembersTooEarly(AnswersARepeatFromMemory):
    """Remembers a name before it is flushed, so a repeat is told 'ok'."""

    async def handle(self, name: str) -> str:
        if name not in self.done:
            self.done.add(name)
            self.producer.send(name)
            await self.producer.flush()
        return "ok"


class OneNameForAll(ConnectsAtTheStart):
    """Keeps the request in the object, where the next one overwrites it."""

    async def handle(self, name: str) -> str:
        self.name = name
        await self.producer.flush()
        self.producer.send(self.name)
        await self.producer.flush()
        return "ok"


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
    Mistake("wire", acks_what_is_redelivered, "a redelivery is done", faults=0),
    Mistake("wire", spawns_the_work, "acks before the work is done", faults=0),
    Mistake("wire", calls_the_last_handler, "the wrong handler", faults=0),
    Mistake("wire", swallows_what_fails, "a failure is done", faults=0),
    Mistake("wire", one_delivery_must_do, "one try is enough", faults=0),
    Mistake("wire", forgets_to_ack, "never acks", faults=0),
    Mistake("wire", subscribes_each_worker, "each worker is a group", faults=0),
    Mistake("wire", leases_for_a_second, "the lease is too short", faults=0),
    Mistake("wire", filters_out_eve, "filters some out", faults=0),
    Mistake("wire", passes_over_eve, "left out", faults=0),
    Mistake("wire", starts_at_the_second, "starts too late", faults=0),
    Mistake("wire", calls_it_twice_to_be_sure, "calls it twice", faults=0),
    Mistake("wire", publishes_what_failed, "publishes it again", faults=0),
    Mistake("wire", publishes_one_of_its_own, "publishes it again", faults=0),
    Mistake("wire", under_each_others_names, "any name will do", faults=0),
    Mistake("groups", _groups(0, 0), "a shared group fans out", faults=0, m=(13,)),
    Mistake("groups", _groups(1, 1), "each worker is a group", faults=0),
    Mistake("groups", _groups(1, 0, 1), "each worker is a group", faults=0),
    Mistake("producer", NeverFlushes, "send means sent", faults=0, m=(5,)),
    Mistake("producer", FlushesEverySecondOne, "send means sent", faults=0, m=(5,)),
    Mistake("producer", ConnectsForEachRequest, "a producer for each request", faults=0, m=(45,)),
    Mistake("producer", SaysNothing, "another answer", faults=0),
    Mistake("producer", Greets, "sends something else", faults=0),
    Mistake("producer", SendsADictionary, "sends something else", faults=0),
    Mistake("producer", OnlyFlushes, "ok without sending", faults=0),
    Mistake("producer", OneNameForAll, "overwrites a name", faults=0),
    Mistake("producer", OkWhateverFlushRaises, "an error is no ok", faults=0),
    Mistake("producer", GivesUpAfterTen, "an error is no ok", faults=0),
    Mistake("producer", OkToWhoeverAsksMeanwhile, "send means sent", faults=0, m=(5,)),
    Mistake("producer", SendsUntilItIsConfirmed, "sends again what is kept", faults=0),
    Mistake("producer", SendsTwiceToBeSure, "sends it twice", faults=0),
    Mistake("producer", RemembersTooEarly, "send means sent", faults=0, m=(5,)),
    Mistake("confirm", _confirm(0, 1), "published means arrived", faults=0),
    Mistake("confirm", _confirm(1, 1), "a confirm means it was routed", faults=0, m=(6,)),
    Mistake("confirm", _confirm(1, 2), "a confirm means it was routed", faults=0, m=(6,)),
    Mistake("confirm", _confirm(2, 0), "silence means yes", faults=1),
    Mistake("catch_up", "15 minutes", "arrivals stop"),
    Mistake("catch_up", "30 min", "from the start of the burst"),
    Mistake("catch_up", 3_600, "what arrives is what goes"),
    Mistake("catch_up", 2_000, "the backlog is all"),
]

RIGHT = [
    Right("wire", one_subscription_each),
    Right("wire", from_the_first_offset_with_three_workers),
    Right("wire", from_a_moment_by_a_factory),
    Right("wire", seeks_to_the_beginning),
    Right("wire", acks_by_itself),
    Right("wire", SubscribesInItsConstructor),
    Right("groups", _groups(0, 1, 0)),
    Right("groups", _groups(0, 1, 1)),
    Right("producer", ConnectsAtTheStart),
    Right("producer", ConnectsWhenFirstAsked),
    Right("producer", closure),
    Right("producer", FlushesUntilItIsConfirmed),
    Right("producer", PoolOfThree),
    Right("producer", AnswersARepeatFromMemory),
    Right("producer", AsksToTryAgain),
    Right("confirm", _confirm(2, 1)),
    Right("confirm", _confirm(2, 2)),
    Right("catch_up", 1_200),
    Right("catch_up", "20 min"),
    Right("catch_up", "0.333 hours"),
]

CONSTANTS = ["signups", "ok"]
