"""Choices measured two ways: the front is what nothing beats, bounds are marked, labels read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pubsub_kit import show
from pubsub_kit.show.charts.points import front
from tests.show.charts.figures import axes_of, outside, overlapping, written
from tests.show.runs import labels

FEEDS = {"on write": (60.0, 28.0), "on read": (500.0, 4.0), "hybrid": (50.0, 5.0)}


def test_the_front_is_what_nothing_else_beats_both_ways() -> None:
    assert front(FEEDS) == ["hybrid", "on read"]
    assert front({"a": (1, 3), "b": (2, 2), "c": (3, 1), "d": (3, 2)}) == ["a", "b", "c"]
    assert front({"a": (1, 1), "twin": (1, 1)}) == ["a", "twin"]


numbers = st.floats(0.01, 1e6)


@given(st.dictionaries(st.text("abcdef", min_size=1), st.tuples(numbers, numbers), min_size=1))
def test_whatever_is_not_on_the_front_is_beaten_by_something_that_is(
    values: dict[str, tuple[float, float]],
) -> None:
    best = front(values)
    for name, (a, b) in values.items():
        beaten = any(c <= a and d <= b and (c, d) != (a, b) for c, d in values.values())
        assert (name in best) != beaten


def test_points_are_told_in_words_with_the_front() -> None:
    picture = show.points(FEEDS, x="dollars", y="seconds", title="Feeds")
    assert picture.text.splitlines() == [
        "Feeds",
        "on write: 60 dollars, 28 seconds",
        "on read: 500 dollars, 4 seconds",
        "hybrid: 50 dollars, 5 seconds",
        "on the front: hybrid, on read",
    ]


def test_what_is_over_a_bound_is_shaded_and_what_is_within_is_not() -> None:
    picture = show.points(FEEDS, most=(100, 10), log="xy")
    over_y, over_x = (patch.get_extents() for patch in axes_of(picture).patches)
    corner = axes_of(picture).transData.transform((100, 10))
    assert over_y.y0 == pytest.approx(corner[1])
    assert over_x.x0 == pytest.approx(corner[0])
    assert {"at most 100", "at most 10"} <= set(written(picture))
    assert len(axes_of(show.points(FEEDS)).patches) == 0


def test_each_point_has_a_shape_of_its_own_and_the_marked_one_a_ring() -> None:
    picture = show.points({**FEEDS, "mine": (70, 6)}, mark="mine")
    lines: list[Any] = axes_of(picture).get_lines()
    dots = [line for line in lines if len(line.get_xydata()) == 1]
    (ring,) = [dot for dot in dots if dot.get_markerfacecolor() == "none"]
    assert len({dot.get_marker() for dot in dots if dot is not ring}) == 4
    assert [tuple(at) for at in ring.get_xydata()] == [(70, 6)]


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(labels, st.tuples(numbers, numbers), min_size=1, max_size=30),
    st.sampled_from(["", "x", "y", "xy"]),
    st.none() | numbers,
    st.none() | numbers,
)
def test_no_label_overlaps_another_or_leaves_the_paper(
    values: dict[str, tuple[float, float]], log: str, most_x: float | None, most_y: float | None
) -> None:
    picture = show.points(values, log=log, most=(most_x, most_y), mark=next(iter(values)))
    assert overlapping(picture) == []
    assert outside(picture) == []


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ({}, {}, "nothing to draw"),
        ({"a": (0, float("inf"))}, {}, "not finite"),
        ({"a": (0, 1)}, {"log": "x"}, "values above 0"),
        ({"a": (1, 1)}, {"log": "z"}, "names no axis"),
        ({"a": (1, 1)}, {"log": "y", "most": (None, 0.0)}, "bound of y is 0.0"),
        ({"a": (1, 1)}, {"most": (float("nan"), None)}, "bound of x is nan"),
    ],
)
def test_points_that_cannot_be_drawn_are_refused(
    values: dict[str, tuple[float, float]], options: dict[str, object], message: str
) -> None:
    with pytest.raises(show.PictureError, match=message):
        show.points(values, **options)  # type: ignore[arg-type]
