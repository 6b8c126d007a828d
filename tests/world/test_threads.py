"""Two threads of one process, as a notebook's widgets may have them, run worlds side by side."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from pubsub_kit import World, call, sleep


def run(name: str) -> str:
    """Run a small world, and return its trace as text."""
    world = World(seed=7)

    async def shop(order: object) -> object:
        await sleep(0.5)
        return await call("stock", order)

    world.service("stock", lambda order: name)
    world.service("shop", shop)
    world.client(name, "shop", every=0.1, count=20)
    return world.run().text()


@pytest.fixture
def impatient() -> Iterator[None]:
    """Let Python change threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("impatient")
def test_worlds_in_two_threads_do_not_meet() -> None:
    alone = {name: run(name) for name in ("ann", "bob")}
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(run, ["ann", "bob"] * 40))
    assert found == [alone["ann"], alone["bob"]] * 40
