"""The last round leaves out nothing but what would have turned out to be redundant."""

from __future__ import annotations

import random
from collections.abc import Hashable

import pytest

from pubsub_kit.world.chance import Schedule, encode, parse
from pubsub_kit.world.search import foresight
from pubsub_kit.world.search.explore import Scenario, Violation, explore
from pubsub_kit.world.world import World
from tests.world.payments import FAULTS, Transactional, charged_once, paying
from tests.world.search.programs import ALL, PLAIN, outcome, program, scenario

pytestmark = pytest.mark.once


def without_foresight(patch: pytest.MonkeyPatch) -> None:
    """Let the last round try all."""
    patch.setattr(foresight, "_could_have_gone_on_earlier", lambda *_: False)
    patch.setattr(foresight, "_in_vain", lambda *_: None)


def endings(set_up: Scenario, faults: list[str], most: int) -> tuple[dict[str, Hashable], int]:
    """Return how each run of a search ended, by schedule; and how many runs were redundant."""
    seen: dict[str, Hashable] = {}

    def oracle(world: World) -> Violation | None:
        assert isinstance(world.chance, Schedule)
        seen[world.chance.code] = outcome(world)
        return None

    found = explore(set_up, oracle, faults=faults, max_faults=most, until=200.0, seconds=3600)
    return seen, found.redundant


@pytest.mark.parametrize(
    ("faults", "most"),
    [
        (["preempt"], 1),
        (["preempt"], 2),
        (["preempt", "crash", "ack lost"], 2),
        (["preempt", "pause", "stays down"], 2),
    ],
)
@pytest.mark.parametrize("kinds", [PLAIN, ALL])
def test_what_is_left_out_would_have_been_redundant(
    kinds: tuple[str, ...], faults: list[str], most: int
) -> None:
    left_out = 0
    for seed in range(6):
        rng = random.Random(f"{seed} {faults}")
        set_up = scenario(program(rng, kinds, 3 if most == 1 else 2), rng.choice((1, 2, 3)))
        seen, redundant = endings(set_up, faults, most)
        with pytest.MonkeyPatch.context() as patch:
            without_foresight(patch)
            all_seen, all_redundant = endings(set_up, faults, most)
        left_out += all_redundant - redundant
        assert seen.items() <= all_seen.items()
        for code in all_seen.keys() - seen.keys():  # held back before the last ack of all
            *parent, (_, kind) = sorted(parse(code).items())
            assert kind == "preempt"
            assert all_seen[code] == seen[encode(dict(parent))]
    assert left_out > 0


def test_it_saves_runs_and_changes_no_verdict() -> None:
    found = explore(paying(Transactional), charged_once, faults=FAULTS, max_faults=2)
    with pytest.MonkeyPatch.context() as patch:
        without_foresight(patch)
        of_all = explore(paying(Transactional), charged_once, faults=FAULTS, max_faults=2)
    assert (found.outcome, found.hardest) == (of_all.outcome, of_all.hardest)
    assert found.redundant < of_all.redundant / 2
