"""Random search: it may reach every schedule, repeats for a seed, and claims only what it saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.running import WorldError
from pubsub_kit.world.search.bounded import Bounded
from pubsub_kit.world.search.explore import Scenario, Violation, explore, replay
from pubsub_kit.world.search.sampled import Sampled
from pubsub_kit.world.search.strategy import Strategy
from pubsub_kit.world.world import World
from tests.world.payments import (
    FAULTS,
    ChargeFirst,
    CheckThenAct,
    InMemory,
    MarkFirst,
    Naive,
    Transactional,
    charged_once,
    paying,
)

SMALL = paying(Naive, payments=("pay-1",))
FEW = ("duplicate", "crash", "ack lost")


def tried(
    scenario: Scenario, strategy: Strategy, faults: tuple[str, ...] = FAULTS, max_faults: int = 2
) -> list[str]:
    """The code of each schedule that a search tries, in order."""
    codes: list[str] = []

    def oracle(world: World) -> None:
        assert isinstance(world.chance, Schedule)
        codes.append(world.chance.code)

    explore(scenario, oracle, faults=faults, max_faults=max_faults, strategy=strategy, seconds=60)
    return codes


def faults_of(code: str) -> int:
    return Schedule(code).cost


# --- what is drawn --------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_schedules_and_another_seed_others() -> None:
    scenario = paying(Transactional)
    first = tried(scenario, Sampled(seed=7, runs=200))
    assert first == tried(scenario, Sampled(seed=7, runs=200))
    assert first != tried(scenario, Sampled(seed=8, runs=200))
    assert len(set(first)) > 50


def test_one_strategy_may_serve_many_searches() -> None:
    for strategy in (Sampled(seed=7, runs=50), Bounded()):
        assert tried(SMALL, strategy, FEW) == tried(SMALL, strategy, FEW)


def test_every_schedule_up_to_the_bound_is_reached_and_no_other() -> None:
    scenario = paying(Naive, payments=("pay-1", "pay-2"))
    every = tried(scenario, Bounded(), FEW)
    drawn = tried(scenario, Sampled(seed=7, runs=3_000), FEW)
    assert len(every) > 50
    assert set(drawn) == set(every)


@pytest.mark.parametrize("most", [0, 1, 2, 3])
def test_no_schedule_has_more_faults_than_it_may(most: int) -> None:
    numbers = Counter(
        map(faults_of, tried(paying(Transactional), Sampled(seed=7, runs=300), max_faults=most))
    )
    assert sorted(numbers) == list(range(most + 1))


def test_schedules_are_drawn_as_often_as_it_is_said() -> None:
    """A fault falls at each question with probability k / (n + k), evenly among its kinds."""
    runs = 8_000
    world = replay(SMALL, "-", faults=FEW)
    assert isinstance(world.chance, Schedule)
    offered = world.chance.offered
    odds = 1 / (len(offered) + 1)
    counts = Counter(tried(SMALL, Sampled(seed=7, runs=runs), FEW, max_faults=1)[1:])
    expected = {"-": (1 - odds) ** len(offered)}
    for number, kinds in enumerate(offered):
        for kind in kinds:
            code = Schedule({number: kind}).code
            expected[code] = odds * (1 - odds) ** number / len(kinds)
    assert sum(expected.values()) == pytest.approx(1.0)
    assert set(counts) == set(expected)
    for code, share in expected.items():
        spread = (share * (1 - share) / runs) ** 0.5
        assert counts[code] / runs == pytest.approx(share, abs=5 * spread)


def test_the_run_without_faults_comes_first_and_is_the_one_that_is_kept() -> None:
    found = explore(
        paying(Transactional), charged_once, faults=FAULTS, strategy=Sampled(seed=7, runs=20)
    )
    assert tried(paying(Transactional), Sampled(seed=7, runs=20))[0] == "-"
    assert found.trace.faults() == []


# --- what is found --------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [Naive, InMemory, MarkFirst, ChargeFirst, CheckThenAct])
def test_a_known_mistake_is_found_and_replays(answer: Any) -> None:
    found = explore(paying(answer), charged_once, faults=FAULTS, strategy=Sampled(seed=7))
    assert found.outcome == "fails"
    assert found.violation is not None
    assert str(found) == f"fails at schedule {found.code}: {found.violation.message}"
    again = replay(paying(answer), found.code, faults=FAULTS)
    assert again.trace.text() == found.trace.text()
    assert charged_once(again) == found.violation


def test_the_first_run_that_fails_ends_the_search() -> None:
    judged = 0

    def oracle(world: World) -> Violation | None:
        nonlocal judged
        judged += 1
        return charged_once(world)

    found = explore(paying(Naive), oracle, faults=FAULTS, strategy=Sampled(seed=7))
    assert found.schedules == judged < 100


def test_a_search_that_finds_nothing_claims_nothing() -> None:
    found = explore(
        paying(Transactional), charged_once, faults=FAULTS, strategy=Sampled(seed=7, runs=1_000)
    )
    assert (found.outcome, found.schedules, found.complete) == ("not found", 1_000, -1)
    assert str(found) == "not found: 1,000 random schedules of up to 2 faults"
    assert min(found.fired.values()) > 100


def test_it_is_said_of_a_fault_that_it_never_happened() -> None:
    found = explore(
        SMALL, charged_once, faults=("crash", "reply lost"), strategy=Sampled(seed=7, runs=1)
    )
    assert str(found) == (
        "not found: 1 random schedule of up to 2 faults; none of them had crash, reply lost"
    )


@pytest.mark.parametrize("faults", [(), FAULTS])
def test_where_nothing_can_be_drawn_one_run_is_enough(faults: tuple[str, ...]) -> None:
    found = explore(SMALL, charged_once, faults=faults, max_faults=0, strategy=Sampled(seed=7))
    assert (found.outcome, found.schedules) == ("not found", 1)


def test_it_keeps_within_its_schedules_and_its_time() -> None:
    options: dict[str, Any] = {"faults": FAULTS, "strategy": Sampled(seed=7)}
    found = explore(paying(Transactional), charged_once, max_schedules=30, **options)
    assert (found.outcome, found.schedules) == ("not found", 30)
    found = explore(paying(Transactional), charged_once, seconds=-1.0, **options)
    assert (found.outcome, found.schedules) == ("not found", 0)


# --- what is refused, before anything runs --------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": "7"},
        {"seed": 7.0},
        {"seed": True},
        {"seed": 7, "runs": 0},
        {"seed": 7, "runs": 1.5},
    ],
)
def test_a_sample_of_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(WorldError, match="a whole number such as 7"):
        Sampled(**wrong)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"strategy": "random"}, "strategy is 'random': give Bounded"),
        ({"strategy": Sampled}, "Sampled.* give Bounded"),
        ({"strategy": None}, "strategy is None"),
        ({"strategy": Sampled(seed=7), "merge": True}, "a sample is sure of nothing"),
    ],
)
def test_what_is_no_strategy_is_refused(options: dict[str, Any], words: str) -> None:
    def scenario(_: World) -> None:
        raise AssertionError("it ran")

    with pytest.raises(WorldError, match=words):
        explore(scenario, charged_once, faults=FAULTS, **options)


# --- a strategy of one's own ----------------------------------------------------------------------


class Backwards:
    """Every schedule of one fault, the last question first: what another strategy looks like."""

    sample = ""

    def rounds(self, max_faults: int) -> Iterator[Iterable[Schedule]]:
        first = Schedule()
        yield [first]
        if max_faults:
            yield [
                Schedule({number: kind})
                for number in reversed(range(len(first.offered)))
                for kind in first.offered[number]
            ]


def test_a_strategy_of_ones_own_stands_beside_these() -> None:
    every = tried(SMALL, Bounded(), FEW, max_faults=1)
    assert sorted(tried(SMALL, Backwards(), FEW, max_faults=1)) == sorted(every)
    found = explore(
        paying(Transactional), charged_once, faults=FAULTS, max_faults=1, strategy=Backwards()
    )
    assert (found.outcome, found.complete) == ("holds", 1)
