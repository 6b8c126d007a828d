"""Bars: as long as their values, which stand at their ends; a marked one is hatched."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pubsub_kit import show
from tests.show.charts.figures import axes_of, outside, overlapping, written
from tests.show.runs import labels

pytestmark = pytest.mark.once


def drawn(picture: show.Picture) -> list[Any]:
    return [*axes_of(picture).patches]


def test_bars_are_as_long_as_their_values_and_the_marked_one_is_hatched() -> None:
    picture = show.bars({"a": 10, "b": 40, "c": -20}, mark="b")
    assert [bar.get_width() for bar in drawn(picture)] == [10, 40, -20]
    assert [bool(bar.get_hatch()) for bar in drawn(picture)] == [False, True, False]
    assert picture.text == "a: 10\nb: 40\nc: -20"
    assert written(picture) == ["10", "40", "-20", "a", "b", "c"]


def test_the_first_bar_is_the_highest() -> None:
    first, second = drawn(show.bars({"a": 1, "b": 2}))
    high = [first.axes.transData.transform((0, bar.get_y()))[1] for bar in (first, second)]
    assert high[0] > high[1]


def test_bars_beyond_the_thirtieth_are_counted() -> None:
    picture = show.bars({f"n{i}": i for i in range(33)})
    assert picture.text.splitlines()[-1] == "3 more bars are not drawn"
    assert len(drawn(picture)) == 30


def test_bars_of_nothing_are_refused() -> None:
    with pytest.raises(show.PictureError, match="at least one name"):
        show.bars({})


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(labels, st.floats(-1e12, 1e12) | st.just(0.0), min_size=1, max_size=12),
    labels,
)
def test_no_two_labels_overlap_and_none_leaves_the_paper(values: dict[str, float], x: str) -> None:
    picture = show.bars(values, x=x, mark=next(iter(values)), title="A title", caption="Words.")
    assert overlapping(picture) == []
    assert outside(picture) == []


def test_what_the_bars_show_is_not_said_again_beside_a_live_picture() -> None:
    assert show.bars({"a": 1, "b": 2}).beyond == ""
    assert show.bars({str(n): n for n in range(40)}).beyond == "10 more bars are not drawn"
