"""The picture of calibration says in words what its curve shows, and refuses what is no answer."""

from __future__ import annotations

from typing import Any

import pytest

from pubsub_kit.interviews.rehearsal.account import ReportError
from pubsub_kit.interviews.rehearsal.calibration import Answer
from pubsub_kit.interviews.rehearsal.calibration_picture import said_and_held, scores

REHEARSALS: list[list[Answer | tuple[float, bool]]] = [
    [(0.9, False), (0.8, True)],
    [],
    [Answer(0.9, True), (0.5, True)],
]


def test_the_course_of_the_score_is_said_beside_that_of_a_coin() -> None:
    first = (0.81 + 0.04) / 2
    all_four = (0.81 + 0.04 + 0.01 + 0.25) / 4
    text = scores(REHEARSALS).text
    assert f"{first:.2f} after rehearsal 1, {all_four:.2f} after 3, over 4 settled claims" in text
    assert "Always saying 50% scores 0.25" in text
    assert "would have done as well or better" in text


def test_a_good_score_is_said_to_beat_the_coin() -> None:
    assert "your confidence tells something" in scores([[(0.9, True), (0.1, False)]]).text


def test_each_bin_says_how_sure_and_how_right() -> None:
    text = said_and_held([a for each in REHEARSALS for a in each]).text
    assert "1 claim, 50% sure on average: 100% held, not sure enough." in text
    assert "3 claims, 87% sure on average: 67% held, too sure." in text
    assert "Under 30 claims, three bins" in text


def test_from_thirty_claims_on_there_is_no_warning() -> None:
    assert "three bins" not in said_and_held([(0.7, True)] * 30).text


def test_the_drawing_has_its_words_as_alternative_text() -> None:
    picture = scores(REHEARSALS)
    assert "Brier score" in picture.alt
    assert picture.svg().startswith("<svg")


@pytest.mark.parametrize(
    "odd", [None, 7, "ab", [[]], [], [[(2, True)]], [[(0.5, 1)]], [[0.5]], [[("x", True)]],
            [[(float("nan"), True)]], [None]]
)  # fmt: skip
def test_what_is_no_answer_gets_a_sentence(odd: Any) -> None:
    with pytest.raises(ReportError, match=r"^[A-Z\[({'<0-9a-z].*\.$"):
        scores(odd)
