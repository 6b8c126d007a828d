"""Rates: steps counted second by second, with averages between the marked moments."""

from __future__ import annotations

import pytest

from pubsub_kit import show
from pubsub_kit.show import PictureError
from pubsub_kit.world.trace import Step


def steps(*times: float) -> list[Step]:
    """Return steps at these seconds."""
    return [Step(time, "send", "shop", "stock") for time in times]


def test_the_words_average_between_the_marks() -> None:
    calls = steps(0.1, 0.9, 1.5, 2.1, 2.2, 2.3, 2.4, 3.5, 3.6)
    picture = show.rates({"calls": calls}, marks={"stock slows down": 2})
    assert picture.text == "calls: 1.5 a second, 3 a second after “stock slows down”"


def test_a_series_without_a_step_is_drawn_at_zero() -> None:
    picture = show.rates({"calls": steps(0.5, 1.5), "answers": []}, title="Storm")
    assert picture.text == "Storm\ncalls: 1 a second\nanswers: 0 a second"


def test_a_mark_outside_of_the_run_divides_nothing() -> None:
    picture = show.rates({"calls": steps(0.5)}, marks={"later": 7})
    assert picture.text == "calls: 1 a second"


def test_without_any_step_there_is_nothing_to_count() -> None:
    with pytest.raises(PictureError, match="no step to count"):
        show.rates({"calls": []})


def test_hostile_names_reach_the_drawing_escaped() -> None:
    picture = show.rates({"<script>": steps(0.5)}, marks={"<b>": 0.2})
    assert "<script>" not in picture.svg()
    assert "<b>" not in picture.svg()
