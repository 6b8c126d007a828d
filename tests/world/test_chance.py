"""Chance: what is drawn, what is replayed, and the codes that say which."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubsub_kit.world.chance import (
    CHOICES,
    FAULTS,
    NODE_FAULTS,
    Chance,
    ChanceError,
    Latency,
    Schedule,
    ScheduleError,
    Seeded,
    constant,
    encode,
    exponential,
    latency_of,
    lognormal,
    parse,
    sometimes,
    uniform,
)
from pubsub_kit.world.odds import Jitter
from pubsub_kit.world.running import WorldError
from pubsub_kit.world.world import World

EVERY = sorted(FAULTS | NODE_FAULTS)
SCHEDULES = st.dictionaries(st.integers(0, 999_999), st.sampled_from(EVERY), max_size=8)


def one_sentence(error: pytest.ExceptionInfo[Exception]) -> bool:
    """Whether an error says it in a line, without a full stop inside."""
    text = str(error.value)
    return "\n" not in text and ". " not in text and 20 < len(text) < 250


# --- codes ----------------------------------------------------------------------------------------


@given(SCHEDULES)
def test_a_code_stands_for_one_schedule(faults: dict[int, str]) -> None:
    assert parse(encode(faults)) == faults


@given(SCHEDULES)
def test_a_schedule_has_one_code(faults: dict[int, str]) -> None:
    backwards = dict(reversed(faults.items()))
    assert encode(backwards) == encode(faults) == Schedule(encode(faults)).code


def test_letters_never_change() -> None:
    """Codes are printed in books and chats: a letter may be added, but none may be moved."""
    assert FAULTS == {
        "loss": "l",
        "duplicate": "d",
        "late duplicate": "w",
        "reorder": "o",
        "delay": "y",
        "crash": "c",
        "long crash": "t",
        "stays down": "x",
        "preempt": "p",
        "pause": "z",
        "ack lost": "a",
        "extend lost": "e",
        "reply lost": "r",
        "publish lost": "u",
        "confirm lost": "n",
        "broker crash": "b",
        "broker wiped": "m",
        "skew": "k",
        "skew ahead": "f",
    }
    assert CHOICES == {"resume": "g", "stay": "s"}
    assert NODE_FAULTS == {
        "node crash": "C",
        "node down": "X",
        "node wiped": "W",
        "node cut": "H",
        "power loss": "P",
    }


def test_a_code_lists_question_numbers_and_letters_in_order() -> None:
    assert encode({9: "ack lost", 4: "crash"}) == "4c9a"
    assert encode({}) == "-"
    assert parse("-") == parse("") == {}
    assert parse(" 9a4c ") == {4: "crash", 9: "ack lost"}


@pytest.mark.parametrize(
    "code", ["c4", "4", "4c9", "4q", "4Q", "4c 9a", "4c,9a", "--", "-4c", "4c4a", "1234567c", "٤c"]
)
def test_what_is_no_code_is_refused_in_one_sentence(code: str) -> None:
    with pytest.raises(ScheduleError, match=re.escape(repr(code))) as error:
        parse(code)
    assert one_sentence(error)
    assert "4c9a" in str(error.value)


# --- who answers ----------------------------------------------------------------------------------


def answers(chance: Chance, count: int = 200) -> list[object]:
    """Answers to the same questions."""
    kinds, rates = ("loss", "duplicate"), (0.3, 0.2)
    return [chance.random() if i % 2 else chance.fault(kinds, rates) for i in range(count)]


def test_the_same_seed_gives_the_same_luck() -> None:
    assert answers(Seeded(7)) == answers(Seeded(7))
    assert answers(Seeded(7)) != answers(Seeded(8))


def test_seeded_luck_never_changes() -> None:
    """A seed that a lesson prints must show the same run on every Python, for years."""
    chance = Seeded(7)
    assert [round(chance.random(), 6) for _ in range(3)] == [0.323833, 0.150849, 0.650934]


def test_drawn_faults_come_at_their_rates() -> None:
    chance = Seeded(1)
    drawn = [chance.fault(("loss", "duplicate"), (0.2, 0.05)) for _ in range(20_000)]
    assert drawn.count("loss") / len(drawn) == pytest.approx(0.2, abs=0.01)
    assert drawn.count("duplicate") / len(drawn) == pytest.approx(0.05, abs=0.005)
    assert drawn.count("") / len(drawn) == pytest.approx(0.75, abs=0.01)


def test_where_no_fault_has_a_rate_nothing_is_drawn() -> None:
    chance, other = Seeded(3), Seeded(3)
    assert chance.fault(("loss",), (0.0,)) == chance.fault((), ()) == ""
    assert chance.random() == other.random()


def test_a_certain_fault_always_happens() -> None:
    assert {Seeded(seed).fault(("loss",), (1.0,)) for seed in range(50)} == {"loss"}


def test_a_schedule_answers_the_questions_it_names() -> None:
    schedule = Schedule("1c3a")
    asked = [schedule.fault(("crash", "ack lost"), (0.0, 0.0)) for _ in range(5)]
    assert asked == ["", "crash", "", "ack lost", ""]
    assert schedule.offered == [("crash", "ack lost")] * 5


def test_a_schedule_that_was_made_for_other_code_is_refused() -> None:
    schedule = Schedule("0l")
    with pytest.raises(ScheduleError, match="'loss' at question 0") as error:
        schedule.fault(("crash", "pause"), (0.0, 0.0))
    assert one_sentence(error)


def test_under_a_schedule_every_latency_is_its_median() -> None:
    schedule = Schedule()
    assert uniform(1.0, 3.0)(schedule) == 2.0
    assert lognormal(0.2, sigma=2.0)(schedule) == pytest.approx(0.2)
    assert exponential(2.0)(schedule) == pytest.approx(2.0 * math.log(2))
    assert sometimes(9.0, 0.1, 1.0)(schedule) == 1.0


# --- latencies ------------------------------------------------------------------------------------


def draws(latency: Latency) -> list[float]:
    chance = Seeded(11)
    return sorted(latency(chance) for _ in range(20_000))


def test_latencies_have_the_shape_of_their_names() -> None:
    flat, memoryless, skewed = draws(uniform(1, 3)), draws(exponential(2)), draws(lognormal(2, 1))
    middle = len(flat) // 2
    assert 1 <= flat[0] < flat[-1] < 3
    assert sum(flat) / len(flat) == pytest.approx(2, rel=0.02)
    assert sum(memoryless) / len(memoryless) == pytest.approx(2, rel=0.03)
    assert skewed[middle] == pytest.approx(2, rel=0.03)
    assert sum(skewed) / len(skewed) == pytest.approx(2 * math.exp(0.5), rel=0.05)
    assert draws(constant(0.5)) == [0.5] * 20_000


def test_some_draws_are_slow() -> None:
    slow = sum(seconds == 1.0 for seconds in draws(sometimes(1.0, 0.1, constant(0.01))))
    assert slow / 20_000 == pytest.approx(0.1, abs=0.01)


def test_a_number_is_a_constant_latency_and_a_latency_is_itself() -> None:
    latency = exponential(1.0)
    assert latency_of(latency) is latency
    assert latency_of(3)(Seeded(1)) == 3.0


@pytest.mark.parametrize("seconds", [-1, math.nan, math.inf, "1", None])
def test_a_latency_is_a_finite_number_of_seconds(seconds: float) -> None:
    for make in (constant, exponential, lognormal, latency_of):
        with pytest.raises(ChanceError, match=re.escape(repr(seconds))) as error:
            make(seconds)
        assert one_sentence(error)


def test_bounds_and_shares_that_cannot_be_are_refused() -> None:
    with pytest.raises(ChanceError, match="the smaller bound first"):
        uniform(2, 1)
    with pytest.raises(ChanceError, match="from 0 to 1"):
        sometimes(1.0, 1.5, 0.1)


# --- a world's luck -------------------------------------------------------------------------------


def test_a_fault_that_no_world_knows_is_named() -> None:
    with pytest.raises(WorldError, match="'lost' is not a fault: choose from loss, duplicate") as e:
        World(faults={"lost": 0.1})
    assert one_sentence(e)


@pytest.mark.parametrize("rate", [-0.1, 1.1, math.nan, "often"])
def test_a_rate_is_a_probability(rate: float) -> None:
    with pytest.raises(ChanceError, match="probability"):
        World(faults={"crash": rate})


def test_jitter_is_drawn_from_the_worlds_luck() -> None:
    chance, jitter = Seeded(5), Jitter(Seeded(5))
    assert jitter.random() == chance.random()
    assert jitter.uniform(1, 3) == 1 + 2 * chance.random()
