"""Wherever a handler keeps its state, merging equal states changes no verdict.

`PUBSUB_KIT_LONG=2000` tries as many generated programs; without it there are a few.
"""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from pubsub_kit.world.chance import ScheduleError, parse
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.explore import Scenario, Violation, explore
from pubsub_kit.world.world import World
from tests.world.search.places import HIDES, PLACES, SEES, program

PROGRAMS = 60 * max(1, int(os.environ.get("PUBSUB_KIT_LONG", "1")))
RULES = ["n == 2", "n == 3", "n == 4", "n == 5", "n > 3", "n % 2 == 0", "n % 3 == 0", "n > 5"]
FAULTS = [("crash", "ack lost"), ("ack lost",), ("duplicate", "crash"), ("ack lost", "duplicate")]


def counting(make: Any, messages: int = 2, workers: int = 1, **options: Any) -> Scenario:
    """Messages that are handled by a handler which counts."""

    def scenario(world: World) -> None:
        ledger = world.store("ledger")
        world.topic("work")
        world.consumer(
            "worker", lambda: make(ledger), "work", workers=workers, start="earliest", **options
        )

        async def shop() -> None:
            for number in range(messages):
                await publish("work", id=f"m-{number + 1}")

        world.spawn(shop(), "shop")

    return scenario


def nothing_wrong(world: World) -> Violation | None:
    """No handler has gone wrong."""
    return Violation("it went wrong") if "wrong" in world.stores["ledger"].rows else None


def verdict(place: str, rule: str, size: dict[str, int], **options: Any) -> tuple[Any, ...]:
    """Make a program anew and explore it; return the outcome, how many faults it took, and it.

    A program whose state outlives its runs can differ from run to run, which the world may notice.
    """
    scenario = counting(program(place, rule), **size)
    try:
        found = explore(scenario, nothing_wrong, seconds=600.0, max_steps=400, **options)
    except ScheduleError:
        return "differs", -1, None
    return found.outcome, len(parse(found.code)) if found.violation else -1, found


def merged_without_a_fault(place: str) -> int:
    """Return how many runs were merged of a program that only counts."""
    options: dict[str, Any] = {"faults": FAULTS[0], "max_faults": 3, "merge": True}
    *what, found = verdict(place, "False", {"messages": 2}, **options)
    assert what == ["holds", -1]
    assert found.world.raised == []
    return int(found.merged)


@pytest.mark.parametrize("place", SEES)
def test_what_is_seen_is_compared(place: str) -> None:
    assert merged_without_a_fault(place) > 0


@pytest.mark.parametrize("place", HIDES)
def test_what_is_hidden_is_never_merged(place: str) -> None:
    assert merged_without_a_fault(place) == 0


def generated(seed: int) -> tuple[str, str, dict[str, int], dict[str, Any]]:
    """Return a place, a rule, a size, and luck to explore."""
    draw = random.Random(seed)
    place = [*PLACES][seed % len(PLACES)]
    size = {"messages": draw.randint(1, 3), "workers": draw.choice([1, 1, 2])}
    luck = {"faults": draw.choice(FAULTS), "max_faults": draw.randint(2, 3)}
    return place, draw.choice(RULES), size, luck


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_merging_changes_no_verdict_of_a_generated_program(seed: int) -> None:
    place, rule, size, luck = generated(seed)
    *plain, _ = verdict(place, rule, size, merge=False, **luck)
    *merged, _ = verdict(place, rule, size, merge=True, **luck)
    assert merged == plain, (place, rule, size, luck)
