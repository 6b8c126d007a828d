"""Tasks on SimPy's agenda: a sleep is as long as it says, and no failure is swallowed."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from simpy import Event as Moment

from pubsub_kit.world.verbs import sleep
from pubsub_kit.world.world import World


def test_each_sleep_of_a_task_is_as_long_as_it_says() -> None:
    world = World()
    woken: list[float] = []

    async def naps() -> None:
        for seconds in (1.0, 0.0, 2, 0.5):
            await sleep(seconds)
            woken.append(world.now)

    world.spawn(naps())
    world.run()
    assert woken == [1.0, 1.0, 3.0, 3.5]


def test_a_sleep_that_was_begun_and_left_does_not_cut_the_next_one_short() -> None:
    world = World()
    woken: list[float] = []

    async def leaves_one() -> None:
        sleep(1.0).send(None)
        await sleep(5.0)
        woken.append(world.now)

    world.spawn(leaves_one())
    world.run()
    assert woken == [5.0]


def test_a_node_that_crashed_in_its_sleep_does_not_wake_up() -> None:
    world = World()
    woken: list[float] = []

    async def sleeps() -> None:
        await sleep(5.0)
        woken.append(world.now)

    world.spawn(sleeps(), "shop")
    world.at(2.0, world.crash, "shop")
    world.run()
    assert (woken, world.now) == ([], 5.0)


def test_a_simpy_process_that_fails_in_a_world_fails_its_run() -> None:
    world = World()

    def fails() -> Generator[Moment, None, None]:
        yield world.env.timeout(1.0)
        raise ValueError("no stock")

    world.env.process(fails())
    with pytest.raises(ValueError, match="no stock"):
        world.run()
