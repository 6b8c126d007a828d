"""Worlds that put the patterns to the test, and the properties that must hold in them.

Each builder takes the pattern's module, so that a test can hand in a module with a line removed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

from pubsub_kit import CallError, Violation, World, call, publish, sleep
from pubsub_kit.log.event import Event
from pubsub_kit.world.event_store import EventStore
from pubsub_kit.world.stores import Isolation, Store, Transaction

Build = Callable[[ModuleType], Callable[[World], None]]
Oracle = Callable[[World], Violation | None]


def inbox(module: ModuleType) -> Callable[[World], None]:
    def scenario(world: World) -> None:
        db = world.store("db")

        async def effect(tx: Any, event: Event) -> None:
            await tx.add("total", event.data)

        world.topic("payments")
        world.consumer(
            "billing",
            lambda: module.Inbox(db, effect),
            "payments",
            workers=2,
            start="earliest",
        )

        async def shop() -> None:
            for i in (1, 2):
                await publish("payments", 10, id=f"pay-{i}")

        world.spawn(shop(), "shop")

    return scenario


class _ReadCommitted(Store):
    """A store whose transactions check nothing but unique keys."""

    def transaction(self, isolation: Isolation = "read committed") -> Transaction:
        return super().transaction(isolation)


def inbox_at_read_committed(module: ModuleType) -> Callable[[World], None]:
    """The same, where no transaction is serializable."""

    def scenario(world: World) -> None:
        world.stores["db"] = _ReadCommitted(world, "db", {})
        inbox(module)(world)

    return scenario


def total_is_20(world: World) -> Violation | None:
    total = world.stores["db"].rows.get("total", 0)
    return None if total == 20 else Violation(f"the total is {total}")


def outbox(module: ModuleType) -> Callable[[World], None]:
    """Two orders, each a change and an event; a relay that may crash; a reader that dedups."""

    def scenario(world: World) -> None:
        db, seen = world.store("db"), world.store("seen")

        async def publish_it(id: str, data: Any, key: str | None) -> None:
            await publish("orders", data, id=id, key=key)

        class Shop:
            async def handle(self, order: dict[str, Any]) -> str:
                async with db.transaction() as tx:
                    await tx.put(f"order {order['id']}", "placed")
                    await module.Outbox(db).add(tx, order["id"], order)
                return "placed"

        world.topic("orders")

        async def reader(event: Event) -> None:
            await seen.put(event.id, event.data)

        world.consumer("mail", lambda: reader, "orders", start="earliest")
        world.service("shop", Shop)
        world.service("relay", lambda: _Relaying(module.Relay(db, publish_it)))

        async def client() -> None:
            for i in (1, 2):
                while True:
                    try:
                        await call("shop", {"id": f"order-{i}"}, timeout=2.0)
                        break
                    except CallError:
                        await sleep(1.0)

        world.spawn(client(), "client")

    return scenario


class _Relaying:
    """A service that runs a relay every five seconds, from each start on."""

    def __init__(self, relay: Any) -> None:
        self.relay = relay

    async def recover(self) -> None:
        for _ in range(8):
            await self.relay.run_once()
            await sleep(5.0)

    async def handle(self, request: Any) -> None: ...


def every_order_is_heard_of(world: World) -> Violation | None:
    placed = {k.removeprefix("order ") for k in world.stores["db"].rows if k.startswith("order ")}
    heard = set(world.stores["seen"].rows)
    return None if placed == heard else Violation(f"placed {placed}, heard of {heard}")


def outbox_of_deposits(module: ModuleType) -> Callable[[World], None]:
    """Two workers book three deposits of ann, and publish each with her key.

    Neither the ids nor the numbers 9, 10 and 11 are in order if the alphabet decides.
    """

    def scenario(world: World) -> None:
        db = world.store("db", {"last number": 8})

        async def publish_it(id: str, data: Any, key: str | None) -> None:
            await publish("booked", data, id=id, key=key)

        async def book(event: Event) -> None:
            async with db.transaction() as tx:
                if await tx.insert(f"seen {event.id}"):
                    await module.Outbox(db).add(tx, event.id, event.data, "ann")
                    await tx.put("booked", [*await tx.get("booked", []), event.id])

        world.topic("deposits")
        world.topic("booked")
        world.consumer("bank", lambda: book, "deposits", workers=2, start="earliest")
        world.service("relay", lambda: _Relaying(module.Relay(db, publish_it)))
        for number in (9, 10, 11):
            world.publish("deposits", number, id=f"d-{number}")

    return scenario


def published_as_booked(world: World) -> Violation | None:
    events = [event for _, event in world.broker.topic("booked").log.read(0, 0, 100)]
    if any(event.key != "ann" for event in events):
        return Violation("a deposit was published without ann's key")
    told = list(dict.fromkeys(event.id for event in events))
    booked = world.stores["db"].rows.get("booked", [])
    if told != booked or len(booked) != 3:
        return Violation(f"booked {booked}, published {told}")
    return None


def sequencer(module: ModuleType) -> Callable[[World], None]:
    def scenario(world: World) -> None:
        db = world.store("db")

        async def apply(tx: Any, key: str, data: Any) -> None:
            await tx.put(f"list {key}", [*(await tx.get(f"list {key}", [])), data["seq"]])

        world.topic("moves", 2)
        world.consumer(
            "player",
            lambda: module.Sequencer(db, apply),
            "moves",
            workers=2,
            start="earliest",
        )

        async def producer() -> None:
            for i in (1, 2, 3):
                await publish("moves", {"seq": i}, key="ann", id=f"move-{i}")

        world.spawn(producer(), "producer")

    return scenario


def applied_in_order(world: World) -> Violation | None:
    rows = world.stores["db"].rows
    done, held = rows.get("list ann", []), [key for key in rows if key.startswith("held")]
    return None if done == [1, 2, 3] and not held else Violation(f"applied {done}, kept {held}")


def _account(world: World, name: str, has: int, limit: int = 10**9) -> None:
    """A service that adds to its balance, once for an id, and refuses to leave 0 to limit."""
    db = world.store(name, {"balance": has})

    async def handle(request: dict[str, Any]) -> bool:
        async with db.transaction() as tx:
            known = await tx.get(f"did {request['id']}")
            if known is not None:
                return bool(known)
            fits: bool = 0 <= await tx.get("balance") + request["amount"] <= limit
            if fits:
                await tx.add("balance", request["amount"])
            await tx.put(f"did {request['id']}", fits)
            return fits

    world.service(name, handle)


def saga(module: ModuleType, limit: int = 10**9) -> Callable[[World], None]:
    """Move 30 from ann to bob with a fee of 1; with a low limit bob's account refuses."""

    def scenario(world: World) -> None:
        _account(world, "ann", 100)
        _account(world, "fees", 0)
        _account(world, "bob", 0, limit)
        db = world.store("db")

        def move(name: str, amount: int) -> Any:
            async def ask(order: Any, id: str) -> bool:
                request = {"id": f"{id}/{amount}", "amount": amount}
                return bool(await call(name, request, timeout=2.0))

            return ask

        steps = [
            module.SagaStep("ann", move("ann", -31), move("ann", 31)),
            module.SagaStep("fees", move("fees", 1), move("fees", -1)),
            module.SagaStep("bob", move("bob", 30), move("bob", -30)),
        ]

        class Transfers:
            def __init__(self) -> None:
                self.saga = module.Saga(db, steps, lambda: sleep(1.0))

            async def recover(self) -> None:
                await self.saga.recover()

            async def handle(self, request: Any) -> bool:
                return bool(await self.saga.run(request["id"], request))

        world.service("transfers", Transfers)
        world.link("client", "transfers", reliable=True)

        async def client() -> None:
            with suppress(CallError):
                await call("transfers", {"id": "t-1"}, timeout=300.0)

        world.spawn(client(), "client")

    return scenario


def moved_whole_or_not_at_all(world: World) -> Violation | None:
    found = tuple(int(world.stores[n].rows["balance"]) for n in ("ann", "fees", "bob"))
    return None if found in ((69, 1, 30), (100, 0, 0)) else Violation(f"balances {found}")


def two_phase_commit(module: ModuleType, has: int = 100) -> Callable[[World], None]:
    def scenario(world: World) -> None:
        for name, balance in (("ann", has), ("bob", 0)):
            db = world.store(name, {"balance": balance})
            world.service(name, lambda db=db: module.Participant(db))
        db = world.store("db")

        async def send(name: str, message: dict[str, Any]) -> Any:
            return await call(name, message, timeout=2.0)

        class Transfers:
            def __init__(self) -> None:
                self.coordinator = module.Coordinator(db, send, lambda: sleep(1.0))

            async def recover(self) -> None:
                await self.coordinator.recover()

            async def handle(self, request: Any) -> bool:
                work = {"ann": ["balance", -30], "bob": ["balance", 30]}
                return bool(await self.coordinator.run(request["id"], work))

        world.service("transfers", Transfers)
        world.link("client", "transfers", reliable=True)

        async def client() -> None:
            with suppress(CallError):
                await call("transfers", {"id": "t-1"}, timeout=300.0)

        world.spawn(client(), "client")

    return scenario


def both_or_neither_and_unlocked(world: World) -> Violation | None:
    ann, bob = (world.stores[n].rows for n in ("ann", "bob"))
    found = (ann["balance"], bob["balance"])
    if found != (70, 30) and (found != (100, 0) or not world.trace.faults()):
        return Violation(f"ann {found[0]}, bob {found[1]}")
    locks = [key for rows in (ann, bob) for key in rows if key.startswith(("lock", "promised"))]
    return Violation(f"still held: {locks}") if locks else None


def aggregate(module: ModuleType) -> Callable[[World], None]:
    """Two branches withdraw 80 of ann's 100; a third withdrawal, of 300, was within an old rule."""

    def apply(balance: int, event: Any) -> int:
        return balance + int(event["change"])

    def decide(balance: int, command: Any) -> list[Any]:
        amount = command["amount"]
        return [{"change": -amount}] if amount <= min(balance, 100) else []

    def scenario(world: World) -> None:
        log = EventStore(world, {"ann": [{"change": 400}, {"change": -300}]})
        answers = world.store("answers")

        class Branch:
            def __init__(self) -> None:
                self.ann = module.Aggregate(log, "ann", decide, apply, 0)

            async def handle(self, command: Any) -> bool:
                return bool(await self.ann.execute(command))

        async def client(branch: str, id: str) -> None:
            while True:
                with suppress(CallError):
                    command = {"id": id, "amount": 80}
                    answers.rows[id] = await call(branch, command, timeout=2.0)
                    return
                await sleep(1.0)

        for branch, id in (("north", "w-1"), ("south", "w-2")):
            world.service(branch, Branch)
            world.spawn(client(branch, id), f"client {id}")

    return scenario


def one_withdrawal_is_decided(world: World) -> Violation | None:
    log, answers = world.stores["log"], world.stores["answers"].rows
    assert isinstance(log, EventStore)
    done = [event.get("cause") for event in log.of("ann")[2:]]
    told = [id for id, answer in answers.items() if answer]
    right = len(done) == 1 and told == done and len(answers) == 2
    return None if right else Violation(f"withdrawn {done}, answered {answers}")
