"""Worlds that put the patterns on a log to the test: a projection and a snapshot.

The log has a gap, as compaction leaves it, and grows while its readers run.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

from pubsub_kit import Conflict, Violation, World, publish, sleep
from pubsub_kit.log.event import Event

AMOUNTS = {0: 5, 2: 7, 3: -1, 4: 2, 5: 3}  # by offset; 1 is gone


def _history(world: World) -> Any:
    """Publish three events, the second of which is compacted away at once; return the log."""
    world.topic("stock", compact=True)
    for number, amount in enumerate([5, 4, 7]):
        key = "kept" if number != 1 else "gone"
        world.publish("stock", amount, key=f"{key} {number}", id=f"m-{number}")
    log = world.broker.topic("stock").log
    log._partitions[0].forget({1})
    return log


async def _grows() -> None:
    await sleep(2.0)
    for number in (3, 4, 5):
        await publish("stock", AMOUNTS[number], key=f"kept {number}", id=f"m-{number}")


class _Runs:
    """A service that does its work every three seconds, from each start on."""

    def __init__(self, work: Any) -> None:
        self.work = work

    async def recover(self) -> None:
        for _ in range(4):
            with suppress(Conflict):  # of two workers at once; the next round goes on
                await self.work()
            await sleep(3.0)

    async def handle(self, request: Any) -> None: ...


def projection(module: ModuleType) -> Callable[[World], None]:
    """Two workers keep one read model, and another one is made beside it."""

    def scenario(world: World) -> None:
        db, log = world.store("db"), _history(world)

        async def adds(tx: Any, event: Event) -> None:
            await tx.add("stock", event.data)

        async def counts(tx: Any, event: Event) -> None:
            await tx.add("moves", 1)

        def runs(apply: Any, name: str) -> _Runs:
            return _Runs(lambda: module.Projection(db, log, apply, name).catch_up(limit=2))

        world.service("one", lambda: runs(adds, "stock"))
        world.service("two", lambda: runs(adds, "stock"))
        world.spawn(_grows(), "shop")

        async def once() -> None:
            await sleep(20.0)
            await module.Projection(db, log, counts, "moves").catch_up(limit=2)

        world.spawn(once(), "new")

    return scenario


def stock_is_of_the_whole_log(world: World) -> Violation | None:
    rows = world.stores["db"].rows
    found = rows.get("stock", 0), rows.get("moves", 0)
    owed = sum(AMOUNTS.values()), len(AMOUNTS)
    return None if found == owed else Violation(f"stock and moves are {found}, not {owed}")


class _Counted:
    """A log that counts what is read from it."""

    def __init__(self, log: Any) -> None:
        self.log, self.read_events = log, 0

    def read(self, *place: int) -> list[tuple[int, Event]]:
        found: list[tuple[int, Event]] = self.log.read(*place)
        self.read_events += len(found)
        return found


def snapshot(module: ModuleType) -> Callable[[World], None]:
    """Two workers ask for the state now and then; at last one asks again, and one with new code."""

    def scenario(world: World) -> None:
        db, log, told = world.store("db"), _history(world), world.store("told")

        async def state(log: Any, version: int) -> list[int]:
            def fold(state: list[int], event: Event) -> list[int]:
                return [*state, event.data * version]

            found: list[int] = await module.Snapshot(db, log, fold, [], version, every=2).state()
            return found

        async def asks() -> None:
            await state(log, 1)

        world.service("one", lambda: _Runs(asks))
        world.service("two", lambda: _Runs(asks))
        world.spawn(_grows(), "shop")

        async def at_last() -> None:
            await sleep(20.0)
            counted = _Counted(log)
            await told.put("first", await state(counted, 1))
            await told.put("read", counted.read_events)
            await told.put("new code", await state(log, 2))

        world.spawn(at_last(), "last")

    return scenario


def state_is_of_the_whole_log(world: World) -> Violation | None:
    told, amounts = world.stores["told"].rows, [*AMOUNTS.values()]
    if told["first"] != amounts or told["new code"] != [2 * amount for amount in amounts]:
        return Violation(f"the state is {told}")
    return None if told["read"] < 2 else Violation(f"{told['read']} events were read again")
