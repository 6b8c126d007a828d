"""A second act follows in each run, or only in a lucky one, and nothing goes wrong in it."""

from __future__ import annotations

from typing import Any

from pubsub_kit import Violation, explore, perform, sleep
from pubsub_kit.scenarios import second_act
from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.search.explore import run_once
from pubsub_kit.world.world import World


class Service:
    """Acts twice: once in each act."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def recover(self) -> None:
        await perform("act", "one")
        await sleep(1.0)
        if second_act.begins(self.world):
            await perform("act", "two")

    async def handle(self, request: Any) -> None: ...


def acted(world: World, act: str) -> bool:
    return any(s.kind == "effect" and s.text.startswith(f"act {act}") for s in world.trace)


def test_no_fault_befalls_a_second_act_and_a_run_with_a_fault_has_none() -> None:
    seen: list[tuple[int, bool]] = []

    def oracle(world: World) -> Violation | None:
        seen.append((len(world.trace.faults()), acted(world, "two")))
        return None

    def stage(world: World) -> None:
        world.service("actor", lambda: Service(world))

    found = explore(stage, oracle, faults=["crash"], max_faults=1)
    assert found.outcome == "holds"
    assert (0, True) in seen
    assert {two for faults, two in seen if faults} == {False}
    assert "goes on with a second part, where no fault was tried" in " ".join(found.claim.split())


def test_a_second_act_of_any_run_knows_no_faults_and_keeps_the_code() -> None:
    def stage(world: World) -> None:
        world.service("actor", lambda: _EachTime(world))

    seen: list[tuple[int, bool]] = []

    def oracle(world: World) -> Violation | None:
        seen.append((len(world.trace.faults()), acted(world, "two")))
        return None

    found = explore(stage, oracle, faults=["crash"], max_faults=1)
    assert {two for faults, two in seen if faults} == {True}
    assert "Each run goes on with a second part, where no fault was tried" in " ".join(
        found.claim.split()
    )
    world, _ = run_once(stage, Schedule("0c"), ("crash",), 100.0, 1_000)
    assert isinstance(world.chance, Schedule)
    assert world.chance.code == "0c"


class _EachTime(Service):
    """Has its second act in each run."""

    async def recover(self) -> None:
        await perform("act", "one")
        await sleep(1.0)
        second_act.follows(self.world)
        await perform("act", "two")
