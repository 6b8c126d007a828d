"""explore() beside other systematic searches, on a lost update: the smallest race that there is.

Two workers each read a shared row and write it back, one more. Each search goes through its whole
space of up to two pre-emptions, on from the first failure, and counts its schedules by itself. What
a schedule is differs: `NOTES` says how.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

from pubsub_kit.bench.measure import Aim, Contender, Row, present
from pubsub_kit.world.search.explore import explore
from pubsub_kit.world.stores import Store
from pubsub_kit.world.world import World

BOUND = 2  # pre-emptions or delays
NOTES = (
    "a schedule is one run of the whole race, from its start; each search counts its own:",
    "  explore()  one choice of up to 2 awaits at which the other worker goes first",
    "  simloom    one order of its event loop's callbacks, up to 2 of them out of turn;",
    "             it collects garbage after each, which takes long in a large process",
    "  frontrun   one interleaving of bytecodes, of those that its DPOR cannot tell to be alike",
)


def ours(times: int = 200) -> Contender:
    """explore(): two workers on nodes of their own, a durable row, and a trace of each run."""
    lost: list[World] = []

    def scenario(world: World) -> None:
        db = world.store("db", {"count": 0})
        for name in ("a", "b"):
            _worker(world, db, name)

    def oracle(world: World) -> None:  # a violation would end the search
        if world.stores["db"].rows["count"] != 2:
            lost.append(world)

    def search() -> int:
        lost.clear()
        found = explore(scenario, oracle, faults=("preempt",), max_faults=BOUND)
        return _checked(found.schedules, found.outcome == "holds" and bool(lost))

    return _repeated("explore(), 2 pre-emptions", search, times)


def _worker(world: World, db: Store, name: str) -> None:
    async def add() -> None:
        seen = await db.get("count")
        await db.put("count", seen + 1)

    def boot() -> None:
        world.spawn(add(), name)

    world.claim(name).boot = boot  # a node that would restart, so that faults fall on it
    boot()


class Count:
    """A row that two workers share."""

    def __init__(self) -> None:
        self.value = 0


def simloom(times: int = 1) -> Contender:
    """The systematic search of simloom: asyncio tasks on an event loop of its own."""
    if tuple(sys.version_info) < (3, 12):
        raise ImportError(f"it needs Python 3.12, and this is {sys.version.split()[0]}")
    import simloom as library

    async def add(row: Count) -> None:
        seen = row.value
        await asyncio.sleep(0)
        row.value = seen + 1

    async def race() -> None:
        row = Count()
        await asyncio.gather(add(row), add(row))
        if row.value != 2:
            raise AssertionError("lost")

    def search() -> int:
        found = library.explore_systematic(race, max_delays=BOUND, stop_on_failure=False)
        return _checked(found.schedules, found.exhaustive and found.failed)

    return _repeated("simloom, 2 delays", search, times)


def frontrun(times: int = 20) -> Contender:
    """The DPOR of frontrun: threads, where it is the fastest, and no watch on files and sockets."""
    import frontrun as library

    os.environ["FRONTRUN_ACTIVE"] = "1"  # else it asks to be started by its own command

    def add(row: Count) -> None:
        seen = row.value
        row.value = seen + 1

    def search() -> int:
        found = library.explore(
            setup=Count,
            workers=add,
            count=2,
            invariant=lambda row: row.value == 2,
            preemption_bound=BOUND,
            stop_on_first=False,
            detect_io=False,
            reproduce_on_failure=0,
        )
        return _checked(found.num_explored, bool(found.failures))

    return _repeated("frontrun, DPOR, 2 pre-emptions", search, times)


def _checked(schedules: int, found: bool) -> int:
    if not found:
        raise AssertionError("the lost update was not found")
    return schedules


def _repeated(name: str, search: Any, times: int) -> Contender:
    """Return a contender that searches so many times; its schedules are those of one go."""

    def go() -> float:
        begin = time.perf_counter()
        for _ in range(times):
            search()
        return time.perf_counter() - begin

    return Contender(name, search() * times, go)


def rows() -> Iterator[Row]:
    """Yield the row of the race."""
    peers, absent = present(simloom, frontrun)
    aims = [Aim(peer.name, 20) for peer in peers]
    notes = NOTES
    yield Row("a lost update", "schedules/s", ours(), peers, aims, absent, lambda _: notes)
