"""Mistakes, endless loops and foreign code: they are told in a sentence, and break no world."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pubsub_kit.broker.broker import Broker
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.running import TooManySteps, WorldError
from pubsub_kit.world.search.explore import explore
from pubsub_kit.world.verbs import call, clock, gather, perform, sleep
from pubsub_kit.world.world import World

# --- mistakes in handlers -------------------------------------------------------------------------


def test_a_task_that_raises_stops_the_run_and_the_world_can_go_on() -> None:
    world = World()
    told: list[float] = []

    async def bad() -> None:
        await sleep(1)
        raise ZeroDivisionError

    async def good() -> None:
        await sleep(2)
        told.append(world.now)

    world.spawn(bad(), "shop")
    world.spawn(good(), "shop")
    with pytest.raises(ZeroDivisionError):
        world.run()
    assert told == []
    world.run()
    assert told == [2.0]


def test_a_service_misused_once_keeps_its_workers() -> None:
    async def handle(order: str) -> str:
        return order if order == "right" else await call("nowhere")

    world = World()
    world.service("stock", handle, workers=1)
    world.client("c", "stock", count=2, payload=["wrong", "right"].__getitem__)
    with pytest.raises(WorldError, match="no service 'nowhere'"):
        world.run()
    assert [step.text for step in world.run().of("end", node="stock")] == ["done"]


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, WorldError])
def test_after_an_error_no_world_runs_any_more(error: type[BaseException]) -> None:
    def handle(_: object) -> None:
        raise error

    world = World()
    world.service("stock", handle)
    world.client("c", "stock")
    with pytest.raises(error):
        world.run()
    with pytest.raises(WorldError, match=r"start the world with world\.run\(\)"):
        clock()


def test_a_world_within_a_world_is_a_world_of_its_own() -> None:
    def inner() -> float:
        world = World()
        world.spawn(sleep(5), "x")
        world.run()
        return world.now

    async def handle(_: object) -> float:
        before = clock()
        took = inner()
        await sleep(1)
        return took + clock() - before

    told: list[float] = []

    async def ask() -> None:
        told.append(await call("outer"))

    world = World()
    world.service("outer", handle)
    world.spawn(ask(), "c")
    world.run()
    assert told == [6.0]


def test_a_world_cannot_be_run_by_its_own_handlers() -> None:
    world = World()
    world.service("stock", lambda _: world.run())
    world.client("c", "stock")
    with pytest.raises(WorldError, match="this world is already running"):
        world.run()


# --- time -----------------------------------------------------------------------------------------


def test_a_run_can_be_cut_in_two() -> None:
    def run(*until: float | None) -> str:
        world = World(seed=3)
        world.service("stock", workers=1, latency=0.4)
        world.client("c", "stock", rate=2.0, count=20)
        for end in until:
            world.run(end)
        return world.trace.text()

    assert run(3.0, 3.0, 5.5, None) == run(None)


def test_a_run_until_a_moment_ends_there_and_does_what_is_due_then() -> None:
    world = World()
    told: list[float] = []
    for moment in (1.0, 2.0, 3.0):
        world.at(moment, told.append, moment)
    world.run(until=2.0)
    assert (world.now, told) == (2.0, [1.0, 2.0])
    world.run(until=10.0)
    assert (world.now, told) == (10.0, [1.0, 2.0, 3.0])


def test_actions_happen_at_their_moment_in_the_order_in_which_they_were_planned() -> None:
    world = World()
    told: list[Any] = []
    world.at(2, told.append, "c")
    world.at(1, told.append, "a")
    world.at(1, told.append, "b")
    world.run()
    assert told == ["a", "b", "c"]


@pytest.mark.parametrize("seconds", [-1, float("nan"), "1", None])
def test_a_sleep_is_a_number_of_seconds(seconds: float) -> None:
    async def code() -> None:
        await sleep(seconds)

    world = World()
    world.spawn(code(), "x")
    with pytest.raises(WorldError, match="takes a number of seconds from 0 up"):
        world.run()


@pytest.mark.parametrize("sleeps", [True, False])
def test_what_repeats_without_end_is_stopped(sleeps: bool) -> None:
    world = World()
    db = world.store("db")

    async def for_ever() -> None:
        while True:
            with contextlib.suppress(Exception):
                await (sleep(0) if sleeps else db.get("never there"))

    world.spawn(for_ever(), "x")
    with pytest.raises(TooManySteps, match="the run was still going after 1,000 steps"):
        world.run(max_steps=1_000)


# --- verbs in the wrong place ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "verb", [sleep, call, publish, lambda _: perform("a", "b"), lambda _: gather()]
)
def test_verbs_outside_of_a_run_say_where_they_belong(
    verb: Callable[[Any], Awaitable[Any]],
) -> None:
    with pytest.raises(
        WorldError,
        match=r"inside a handler or a task, .*, and start the world with world.run\(\)",
    ):
        asyncio.run(_awaited(verb))


async def _awaited(verb: Callable[[Any], Awaitable[Any]]) -> None:
    await verb(1)


async def asyncio_sleep() -> None:
    await asyncio.sleep(1)


async def asyncio_sleep_zero() -> None:
    await asyncio.sleep(0)


async def asyncio_gather() -> None:
    await asyncio.gather(sleep(1), sleep(2))


async def asyncio_wait_for() -> None:
    await asyncio.wait_for(sleep(5), timeout=1)


async def asyncio_timeout() -> None:
    async with asyncio.timeout(1):
        await sleep(5)


async def asyncio_task() -> None:
    await asyncio.create_task(asyncio_sleep())


async def asyncio_thread() -> None:
    await asyncio.to_thread(print, "never")


async def asyncio_queue() -> None:
    await asyncio.Queue[int]().get()


async def asyncio_event() -> None:
    await asyncio.Event().wait()


FOREIGN = [
    asyncio_sleep,
    asyncio_sleep_zero,
    asyncio_gather,
    asyncio_wait_for,
    asyncio_timeout,
    asyncio_task,
    asyncio_thread,
    asyncio_queue,
    asyncio_event,
]


def run_foreign(code: Callable[[], Awaitable[None]]) -> None:
    world = World()
    world.service("stock", lambda _: code())
    world.client("c", "stock")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # coroutines that asyncio got and never awaited
        with pytest.raises(
            WorldError, match=r"await the world's own verbs instead, such as sleep\(seconds\)"
        ):
            world.run()
        gc.collect()


@pytest.mark.parametrize("code", FOREIGN)
def test_asyncio_in_a_handler_is_told_the_worlds_own_verbs(
    code: Callable[[], Awaitable[None]],
) -> None:
    run_foreign(code)


@pytest.mark.parametrize("code", FOREIGN)
def test_so_it_is_where_a_loop_runs_as_in_a_notebook_and_the_loop_goes_on(
    code: Callable[[], Awaitable[None]],
) -> None:
    async def cell() -> str:
        run_foreign(code)
        await asyncio.sleep(0)
        return await asyncio.wait_for(asyncio.to_thread(lambda: "the loop is well"), 10)

    assert asyncio.run(cell()) == "the loop is well"


# --- what cannot be ------------------------------------------------------------------------------

CANNOT_BE: dict[str, Callable[[World], object]] = {
    "a seed is a whole number": lambda _: World(seed="x"),  # type: ignore[arg-type]
    "a node or a store needs a name": lambda world: world.service(""),
    "not None": lambda world: world.store(None),  # type: ignore[arg-type]
    "give the moment in seconds": lambda world: world.at("x", print),  # type: ignore[arg-type]
    r"run\('x'\)": lambda world: world.run("x"),  # type: ignore[arg-type]
    "is in the past": lambda world: world.run(-1),
    "no node 'shop'; this world has none yet": lambda world: world.crash("shop"),
    "takes two functions": lambda _: explore(None, None),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("said", CANNOT_BE)
def test_what_cannot_be_is_refused_in_a_sentence(said: str) -> None:
    with pytest.raises(PubSubKitError, match=said):
        CANNOT_BE[said](World())


@pytest.mark.parametrize("path", ["", 3])
def test_a_broker_on_no_folder_is_refused(path: Any) -> None:
    with pytest.raises(PubSubKitError, match="needs the path of a folder"):
        Broker(path)
