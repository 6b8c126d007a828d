"""What the search leaves out changes no outcome: random programs, run in four ways.

A brute force that knows nothing of the world, the search with all its savings, the search without
any, and random runs all have to agree. A few programs are tried here; PUBSUB_KIT_LONG=50 tries
fifty times as many, others than these, and says how many runs it made.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import count
from typing import Any

import pytest

from pubsub_kit.world import deeds
from pubsub_kit.world.chance import CHOICES, FAULTS, Chance, Schedule
from pubsub_kit.world.kernel import Kernel
from pubsub_kit.world.search import explore as search
from pubsub_kit.world.search.explore import Exploration, Scenario, Violation, explore, run_once
from pubsub_kit.world.search.sampled import Sampled
from pubsub_kit.world.tasks import Node
from pubsub_kit.world.world import World
from tests.world.search.interpreter import every_ending
from tests.world.search.programs import ALL, PLAIN, Job, outcome, program, scenario
from tests.world.search.test_foresight import without_foresight

pytestmark = pytest.mark.once

LONG = float(os.environ.get("PUBSUB_KIT_LONG", "1"))
UNTIL = 200.0
#: All that a program can suffer: it reads no clock.
MIXED = tuple(kind for kind in FAULTS if not kind.startswith("skew"))

Outcomes = dict[Hashable, str]  # each with a schedule that leads to it


@pytest.fixture(scope="module")
def tally() -> Iterator[Counter[str]]:
    """Count what was tried, and say so at the end of a long run."""
    counted: Counter[str] = Counter()
    yield counted
    if LONG > 1:
        print("\n" + ", ".join(f"{what}: {n:,}" for what, n in counted.items()))


def seeds(few: int, first: int = 0) -> range:
    """The seeds of so many programs; of others where many are asked for."""
    first += 0 if LONG == 1 else 10_000
    return range(first, first + max(1, round(few * LONG)))


def outcomes(set_up: Scenario, faults: Sequence[str], most: int) -> tuple[Outcomes, Exploration]:
    """All outcomes that the search reaches, each with the first schedule that leads to it."""
    reached: Outcomes = {}

    def oracle(world: World) -> None:
        assert isinstance(world.chance, Schedule)
        reached.setdefault(outcome(world), world.chance.code)

    found = explore(set_up, oracle, faults=faults, max_faults=most, until=UNTIL, seconds=3600)
    assert found.outcome in ("holds", "not exercised", "fails")
    return reached, found


def of_everything(
    set_up: Scenario, faults: Sequence[str], most: int
) -> tuple[Outcomes, Exploration]:
    """All outcomes that a search reaches which asks every question and ends no run early."""

    def no_pruning(*arguments: Any) -> tuple[World, Violation | None]:
        *most_of_them, _ = arguments
        return run_once(*most_of_them)

    def ask(self: Kernel, node: Node, others: bool, effect: bool) -> str:
        kinds, rates = self.effect_odds[True, effect, effect]
        return self.chance.fault(kinds, rates) if kinds else ""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "run_once", no_pruning)
        patch.setattr(deeds, "meet", lambda one, other: True)
        without_foresight(patch)
        patch.setattr(Kernel, "_ask", ask)
        return outcomes(set_up, faults, most)


def size(faults: int) -> int:
    """How large programs are: small where there is much to try, unless there is time."""
    return 3 if faults < 2 or (faults == 2 and LONG > 1) else 2


def plain(seed: int, faults: int) -> tuple[list[Job], int, int]:
    """A program whose deeds take no time, and how many work at its jobs, and at those of these."""
    jobs = program(random.Random(seed), PLAIN, size(faults))
    return jobs, 1 + seed % 3, 1 + seed % 2


def timed(seed: int, faults: int) -> Scenario:
    """A program that may call and sleep, in a world with latencies or without."""
    rng = random.Random(seed)
    jobs = program(rng, ALL, size(faults))
    slow = rng.random() < 0.5
    effects, links, service = (rng.choice((0.0, 0.002, 0.005)) * slow for _ in range(3))
    return scenario(
        jobs,
        rng.choice((1, 2, 2, len(jobs))),
        effects=effects,
        links=links,
        service=service,
        manual=rng.random() < 0.25,
    )


def some_of(seed: int, number: int) -> list[str]:
    """Some faults, a pre-emption among them."""
    others = [kind for kind in MIXED if kind != "preempt"]
    return ["preempt", *random.Random(seed).sample(others, number - 1)]


# --- against a brute force that knows nothing of the world ----------------------------------------


@pytest.mark.parametrize(("most", "programs"), [(0, 40), (1, 80), (2, 60), (3, 6)])
def test_the_search_sees_what_a_brute_force_sees(
    most: int, programs: int, tally: Counter[str]
) -> None:
    for seed in seeds(programs):
        jobs, workers, helpers = plain(seed, most)
        reached, found = outcomes(scenario(jobs, workers, helpers), ["preempt"], most)
        assert set(reached) == every_ending(jobs, workers, most, helpers), (seed, jobs)
        tally["plain programs"] += 1
        tally["their schedules"] += found.schedules


# --- against a search that saves nothing ----------------------------------------------------------


@pytest.mark.parametrize(
    ("most", "kinds", "programs"), [(1, len(MIXED), 24), (2, 3, 3), (2, 1, 8), (3, 1, 1)]
)
def test_what_the_search_leaves_out_changes_no_outcome(
    most: int, kinds: int, programs: int, tally: Counter[str]
) -> None:
    left_out = 0
    for seed in seeds(programs, 100 * most + kinds):
        set_up, faults = timed(seed, most), some_of(seed, kinds)
        reached, found = outcomes(set_up, faults, most)
        all_reached, all_found = of_everything(set_up, faults, most)
        assert set(reached) == set(all_reached), seed
        left_out += all_found.schedules - found.schedules
        tally["programs with faults"] += 1
        tally["schedules of those"] += found.schedules
        tally["schedules without savings"] += all_found.schedules
    assert left_out > 0


# --- against chance -------------------------------------------------------------------------------


class Luck(Chance):
    """Luck whose numbers are all one half, as a schedule's are, and whose faults are drawn."""

    def __init__(self, seed: int, likely: float) -> None:
        self.draw = random.Random(seed).random
        self.likely, self.faults = likely, 0

    def random(self) -> float:
        return 0.5

    def fault(self, kinds: Sequence[str], rates: Sequence[float]) -> str:
        choice = kinds[0] in CHOICES
        if self.draw() >= (0.4 if choice else self.likely):
            return ""
        self.faults += not choice
        return kinds[int(self.draw() * len(kinds))]


def drawn(
    set_up: Scenario, faults: Sequence[str], most: int, runs: int, seed: int
) -> Iterator[tuple[int, Hashable]]:
    """Yield how many faults each of so many random runs had, and its outcome."""
    ended = 0
    for number in count(seed * 1_000_003):
        luck = Luck(number, random.Random(number).choice((0.02, 0.05, 0.1)))
        world = World(chance=luck, faults=dict.fromkeys(faults, 0.1))
        set_up(world)
        world.run(UNTIL)
        if luck.faults <= most:
            yield luck.faults, outcome(world)
            ended += 1
        world.dissolve()
        if ended == runs:
            return


def sampled(
    set_up: Scenario, faults: Sequence[str], most: int, runs: int, seed: int
) -> Iterator[tuple[int, Hashable]]:
    """Yield the same of a sample of schedules."""
    seen: list[tuple[int, Hashable]] = []

    def oracle(world: World) -> None:
        assert isinstance(world.chance, Schedule)
        seen.append((world.chance.cost, outcome(world)))

    explore(
        set_up,
        oracle,
        faults=faults,
        max_faults=most,
        until=UNTIL,
        seconds=3600,
        strategy=Sampled(seed, runs),
    )
    yield from seen


@pytest.mark.parametrize("runs_of", [drawn, sampled])
@pytest.mark.parametrize(
    ("most", "kinds", "programs"), [(1, len(MIXED), 6), (2, 3, 6), (2, 1, 6), (3, 1, 2)]
)
def test_no_random_run_reaches_what_the_search_does_not(
    most: int,
    kinds: int,
    programs: int,
    runs_of: Callable[..., Iterator[tuple[int, Hashable]]],
    tally: Counter[str],
) -> None:
    for seed in seeds(programs, 500 * most + kinds):
        set_up, faults = timed(seed, most), some_of(seed, kinds)
        reached, _ = outcomes(set_up, faults, most)
        for _, ending in runs_of(set_up, faults, most, 250, seed):
            assert ending in reached, seed
            tally["random runs"] += 1


# --- and so no verdict ----------------------------------------------------------------------------


def bad(ending: Hashable) -> Callable[[World], Violation | None]:
    """A rule that one outcome breaks."""
    return lambda world: Violation("bad") if outcome(world) == ending else None


def test_a_bad_outcome_of_a_random_run_is_found_with_no_more_faults(tally: Counter[str]) -> None:
    for seed in seeds(8, 900):
        set_up, faults = timed(seed, 2), some_of(seed, 3)
        endings = list(drawn(set_up, faults, 2, 40, seed))
        random.Random(seed).shuffle(endings)
        for faulty, ending in endings[:3]:
            found = explore(
                set_up, bad(ending), faults=faults, max_faults=2, until=UNTIL, seconds=3600
            )
            assert found.outcome == "fails", seed
            assert Schedule(found.code).cost <= faulty
            assert found.complete == Schedule(found.code).cost - 1
            tally["verdicts"] += 1


def test_a_bad_outcome_is_found_with_the_fewest_preemptions(tally: Counter[str]) -> None:
    for seed in seeds(8, 950):
        jobs, workers, helpers = plain(seed, 2)
        of_most = [every_ending(jobs, workers, most, helpers) for most in range(3)]
        rng = random.Random(seed)
        for fewest, endings in enumerate(of_most):
            new = sorted(endings - (of_most[fewest - 1] if fewest else set()))
            if not new:
                continue
            found = explore(
                scenario(jobs, workers, helpers),
                bad(rng.choice(new)),
                faults=["preempt"],
                max_faults=2,
                until=UNTIL,
                seconds=3600,
            )
            assert (found.outcome, Schedule(found.code).cost) == ("fails", fewest), seed
            tally["verdicts"] += 1
