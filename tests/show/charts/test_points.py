"""Choices measured two ways: the front is what nothing beats, bounds are marked, labels read."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pubsub_kit import show
from pubsub_kit.show.canvas import Box, Canvas, Disc, Path
from pubsub_kit.show.charts.points import front

FEEDS = {"on write": (60.0, 28.0), "on read": (500.0, 4.0), "hybrid": (50.0, 5.0)}


def shades(canvas: Canvas) -> list[Box]:
    return [mark for mark in canvas.marks if isinstance(mark, Box) and mark.fill == "tint"]


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
    canvas = show.points(FEEDS, most=(100, 10), log="xy").canvas
    over_x, over_y = shades(canvas)
    assert over_x.y == over_y.y
    assert over_x.h > over_y.h
    assert over_x.x == pytest.approx(over_y.x + over_y.w)
    words = [text.text for text in canvas.texts()]
    assert {"at most 100", "at most 10"} <= set(words)
    assert shades(show.points(FEEDS).canvas) == []


def test_each_point_has_a_shape_of_its_own_and_the_marked_one_a_ring() -> None:
    canvas = show.points({**FEEDS, "mine": (70, 6)}, mark="mine").canvas
    (ring,) = [m for m in canvas.marks if isinstance(m, Disc) and not m.fill]
    discs = [m for m in canvas.marks if isinstance(m, Disc) and m.fill]
    squares = [m for m in canvas.marks if isinstance(m, Box) and m.w == m.h == 12]
    corners = sorted(len(m.points) for m in canvas.marks if isinstance(m, Path) and m.closed)
    assert (len(discs), len(squares), corners) == (1, 1, [3, 4])
    diamond = [m for m in canvas.marks if isinstance(m, Path) and len(m.points) == 4 and m.closed]
    assert ring.x == pytest.approx(diamond[0].points[0][0])


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.text(min_size=1, max_size=40), st.tuples(numbers, numbers), min_size=1, max_size=30
    ),
    st.sampled_from(["", "x", "y", "xy"]),
    st.none() | numbers,
    st.none() | numbers,
)
def test_no_label_overlaps_another_or_leaves_the_paper(
    values: dict[str, tuple[float, float]], log: str, most_x: float | None, most_y: float | None
) -> None:
    picture = show.points(values, log=log, most=(most_x, most_y), mark=next(iter(values)))
    boxes = [text.bounds() for text in picture.canvas.texts() if text.halo]
    for (a, b, c, d), (e, f, g, h) in combinations(boxes, 2):
        assert a >= g or e >= c or b >= h or f >= d
    for left, top, right, bottom in boxes:
        assert left >= 0
        assert top >= 0
        assert right <= picture.canvas.w
        assert bottom <= picture.canvas.h


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
