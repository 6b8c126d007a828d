"""Races that the search can't see: between tasks that were only spawned."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from pubsub_kit.log.event import Event
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.explore import Exploration, Scenario, Violation, explore
from pubsub_kit.world.stores import Store
from pubsub_kit.world.verbs import sleep
from pubsub_kit.world.world import World

Work = Callable[[World, Store], Awaitable[object]]


async def count_up(_: World, db: Store) -> None:
    await db.put("n", await db.get("n", 0) + 1)
    await sleep(1.0)  # and it is still at work


async def read(_: World, db: Store) -> None:
    await db.get("n")
    await sleep(1.0)


async def other_row(_: World, db: Store) -> None:
    await db.get("m")
    await sleep(1.0)


async def tell(world: World, _: Store) -> None:
    await publish("t", world.now)
    await sleep(1.0)


async def tell_others(world: World, _: Store) -> None:
    await publish("u", world.now)
    await sleep(1.0)


def spawned(*works: tuple[str, float, Work]) -> Scenario:
    """Tasks that are only spawned, each on a node and from a moment on, beside a worker."""

    def scenario(world: World) -> None:
        db = world.store("db")
        world.topic("t")
        world.topic("u")

        async def handle(event: Event) -> None:
            await db.get(event.id)

        world.consumer("worker", lambda: handle, "t", start="earliest", workers=2)
        for name in ("e1", "e2"):
            world.publish("t", id=name)
        for node, moment, work in works:

            async def run(moment: float = moment, work: Work = work) -> None:
                await sleep(moment)
                await work(world, db)

            world.spawn(run(), node)

    return scenario


def explored(scenario: Scenario, *faults: str) -> Exploration:
    return explore(scenario, lambda _: None, faults=faults, max_faults=1)


@pytest.mark.parametrize(
    ("works", "words"),
    [
        ([("a", 0.0, count_up), ("b", 0.0, count_up)], "a and b race for rows of 'db'"),
        ([("a", 0.0, count_up), ("b", 0.5, count_up)], "a and b race for rows of 'db'"),
        ([("a", 0.0, count_up), ("b", 0.0, read)], "a and b race for rows of 'db'"),
        ([("a", 0.0, count_up), ("a", 0.0, read)], "two tasks of a race for rows of 'db'"),
        ([("a", 0.0, tell), ("b", 0.5, tell)], "a and b race for the order of 't'"),
        ([("a", 0.0, tell), ("a", 0.5, tell)], "two tasks of a race for the order of 't'"),
    ],
)
def test_two_spawned_tasks_that_race_prove_nothing(
    works: list[tuple[str, float, Work]], words: str
) -> None:
    found = explored(spawned(*works), "preempt")
    assert found.outcome == "not exercised"
    assert found.race == words
    sentence = str(found)
    assert words in sentence
    assert "world.consumer" in sentence
    assert "world.service" in sentence


@pytest.mark.parametrize(
    "works",
    [
        [("a", 0.0, count_up), ("b", 5.0, count_up)],  # one after the other
        [("a", 0.0, read), ("b", 0.0, read)],  # neither writes
        [("a", 0.0, count_up), ("b", 0.0, other_row)],
        [("a", 0.0, tell), ("b", 5.0, tell)],
        [("a", 0.0, tell), ("b", 0.0, tell_others)],
        [("a", 0.0, tell), ("b", 0.0, count_up)],
        [("a", 0.0, count_up)],
    ],
)
def test_where_no_order_could_tell_there_is_no_race(works: list[tuple[str, float, Work]]) -> None:
    found = explored(spawned(*works), "preempt")
    assert (found.outcome, found.race) == ("holds", "")


@pytest.mark.parametrize("faults", [(), ("crash",), ("crash", "ack lost")])
def test_who_does_not_ask_for_preemptions_is_told_of_no_race(faults: tuple[str, ...]) -> None:
    found = explored(spawned(("a", 0.0, count_up), ("b", 0.0, count_up)), *faults)
    assert (found.outcome, found.race) == ("holds", "")


def test_workers_and_services_that_race_are_not_told_of_since_they_are_pre_empted() -> None:
    def scenario(world: World) -> None:
        db = world.store("db")
        world.topic("t")

        async def handle(_: Event) -> None:
            await count_up(world, db)

        world.consumer("worker", lambda: handle, "t", start="earliest", workers=2)
        world.service("desk", lambda: lambda _: count_up(world, db))
        for name in ("e1", "e2"):
            world.publish("t", id=name)
            world.client(name, "desk", timeout=9.0)

    found = explored(scenario, "preempt")
    assert (found.outcome, found.race) == ("holds", "")


def test_a_failure_is_worth_more_than_a_race() -> None:
    scenario = spawned(("a", 0.0, count_up), ("b", 0.0, count_up))
    found = explore(scenario, lambda _: Violation("bad"), faults=["preempt"], max_faults=1)
    assert (found.outcome, found.code) == ("fails", "-")
