"""The world beside other simulators, and explore() on the question that it is made for."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from typing import Any

import simpy

from pubsub_kit.bench.measure import Aim, Contender, Row, present
from pubsub_kit.log.event import Event
from pubsub_kit.scenarios.idempotency import payments as idempotency
from pubsub_kit.world.search.explore import explore
from pubsub_kit.world.stores import Store
from pubsub_kit.world.verbs import sleep
from pubsub_kit.world.world import World

PROCESSES, ROUNDS = 10, 10_000
COUNT = PROCESSES * ROUNDS


def ours() -> Contender:
    """Ten tasks that sleep, each sleep followed by a step in the trace."""

    def go() -> float:
        world = World()

        async def work(name: str) -> None:
            for _ in range(ROUNDS):
                await sleep(1.0)
                world.note("note", name)

        for i in range(PROCESSES):
            world.spawn(work(f"n{i}"), f"n{i}")
        begin = time.perf_counter()
        if len(world.run()) != COUNT:
            raise AssertionError("steps are missing")
        return time.perf_counter() - begin

    return Contender("pubsub_kit World, traced", COUNT, go)


def simpy_timeouts() -> Contender:
    """SimPy alone: ten processes that wait."""

    def go() -> float:
        env = simpy.Environment()

        def work() -> Generator[simpy.Event, Any, None]:
            for _ in range(ROUNDS):
                yield env.timeout(1.0)

        for _ in range(PROCESSES):
            env.process(work())
        begin = time.perf_counter()
        env.run()
        return time.perf_counter() - begin

    return Contender("SimPy timeouts", COUNT, go)


def simpy_store() -> Contender:
    """SimPy's Store: puts and gets."""

    def go() -> float:
        env = simpy.Environment()
        store = simpy.Store(env)

        def put() -> Generator[simpy.Event, Any, None]:
            for i in range(COUNT // 2):
                yield store.put(i)

        def get() -> Generator[simpy.Event, Any, None]:
            for _ in range(COUNT // 2):
                yield store.get()

        env.process(put())
        env.process(get())
        begin = time.perf_counter()
        env.run()
        return time.perf_counter() - begin

    return Contender("SimPy Store put/get", COUNT, go)


def salabim() -> Contender:
    """Salabim without a trace: ten components that hold."""
    import salabim as library

    count = COUNT // 5

    def go() -> float:
        library.yieldless(False)
        env: Any = library.Environment(trace=False)

        class Work(library.Component):  # type: ignore[misc]
            def process(self) -> Generator[Any, Any, None]:
                for _ in range(count // PROCESSES):
                    yield self.hold(1.0)

        for _ in range(PROCESSES):
            Work()
        begin = time.perf_counter()
        env.run()
        return time.perf_counter() - begin

    return Contender("salabim", count, go)


class Consumer:
    """The right answer to the question of idempotency."""

    def __init__(self, db: Store) -> None:
        self.db = db

    async def handle(self, event: Event) -> None:
        """Mark and count in one transaction."""
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await tx.add(event.data["account"], event.data["amount"])


def exploring() -> Contender:
    """Every schedule of up to two faults, trace on."""

    def go() -> None:
        _search()

    return Contender("explore, idempotency, 2 faults", _search(), go)


def _search() -> int:
    found = explore(
        lambda world: idempotency.payments(world, Consumer),
        idempotency.books_balance,
        faults=idempotency.FAULTS,
        max_faults=2,
    )
    if found.outcome != "holds":
        raise AssertionError(str(found))
    return found.schedules


def thousands() -> Contender:
    """SimPy's timeouts again, a thousand of them as one operation."""
    _, count, go = simpy_timeouts()
    return Contender("1,000 SimPy timeouts", count // 1_000, go)


def rows() -> Iterator[Row]:
    """Yield the rows of the table that are about the world."""
    peers, absent = present(simpy_timeouts, simpy_store, salabim)
    aims = [Aim("SimPy timeouts", 0.75), Aim("SimPy Store put/get", 1.0)]
    yield Row("world events, trace on", "events/s", ours(), peers, aims, absent)
    peers, aims = [thousands()], [Aim("1,000 SimPy timeouts", 10)]
    yield Row("explore()", "schedules/s", exploring(), peers, aims)
