"""The Brier score and its bins, on numbers that can be checked by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pubsub_kit.interviews.rehearsal import calibration
from pubsub_kit.interviews.rehearsal.calibration import ALWAYS_HALF, Answer, CalibrationError, brier
from tests.interviews.rehearsal.played import BROKE, HELD, Played, facts


def test_the_score_is_the_mean_squared_distance() -> None:
    assert brier([Answer(0.9, True), Answer(0.6, False)]) == pytest.approx((0.01 + 0.36) / 2)


@pytest.mark.parametrize("held", [True, False])
def test_who_always_says_half_scores_a_quarter(held: bool) -> None:
    assert brier([Answer(0.5, held)] * 7) == ALWAYS_HALF


def test_no_answers_have_no_score() -> None:
    assert brier([]) is None
    assert calibration.bins([]) == []
    assert calibration.curve([]) == []


@pytest.mark.parametrize("confidence", [-0.1, 1.1, math.nan, math.inf, None, "0.5", True])
def test_a_confidence_that_is_none_is_refused(confidence: Any) -> None:
    with pytest.raises(CalibrationError, match="a number from 0 to 1"):
        brier([Answer(confidence, True)])


def test_few_answers_are_put_in_three_bins_and_many_in_five() -> None:
    few = [Answer(0.3, False), Answer(0.5, True), Answer(0.7, False), Answer(1.0, True)]
    assert [(b.low, b.high, b.number, b.held) for b in calibration.bins(few)] == [
        (0.0, 0.5, 1, 0.0), (0.5, 0.8, 2, 0.5), (0.8, 1.0, 1, 1.0),
    ]  # fmt: skip
    many = [Answer(n / 30, True) for n in range(30)]
    assert len(calibration.bins(many)) == 5


def test_the_curve_is_the_score_so_far_after_each_rehearsal() -> None:
    assert calibration.curve([[], [Answer(1.0, True)], [Answer(1.0, False)]]) == [None, 0.0, 0.5]


@settings(max_examples=50)
@given(st.lists(st.builds(Answer, st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_every_answer_is_in_one_bin_and_the_score_is_a_share(given: list[Answer]) -> None:
    score = brier(given)
    assert score is not None
    assert 0 <= score <= 1
    assert sum(each.number for each in calibration.bins(given)) == len(given)


def test_answers_are_the_claims_with_a_confidence_that_a_run_decided() -> None:
    played = Played(results=(HELD, BROKE))
    played("/claim no notice twice under crash, 90%", "/claim it holds under ack lost")
    played("/claim stale under 3, 40%", "/decide 1 2", "/run")
    claim = "no notice twice under crash with confidence 90%"
    assert calibration.answers(played.rehearsal.facts) == [Answer(0.9, True, claim)]


def test_a_claim_that_is_made_again_after_a_run_is_another_answer() -> None:
    played = Played(results=(HELD, BROKE))
    played("/decide 1 2", "/claim it holds, 90%", "/run", "/claim it holds, 90%", "/run")
    assert [each.held for each in calibration.answers(played.rehearsal.facts)] == [True, False]


def test_facts_of_another_shape_are_no_answers() -> None:
    odd = facts(("claimed", 1, {}), ("settled", 2, {}), ("claimed", 3, {"confidence": "high"}))
    assert calibration.answers(odd) == []


def test_sure_and_wrong_leads() -> None:
    sure = Answer(0.8, False, "a")
    assert calibration.overconfident([sure, Answer(0.79, False), Answer(1.0, True)]) == [sure]
