"""Curves: each named at its end and dashed in its own way, with marks whose words are whole."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pubsub_kit import show
from pubsub_kit.show.charts.lines import Mark
from tests.show.charts.figures import axes_of, outside, overlapping, places, written
from tests.show.runs import labels


def test_a_curve_is_named_at_its_end_and_told_in_words() -> None:
    picture = show.lines(
        {"chain": [(10, 0.9), (1, 0.99)]},
        x="services",
        y="availability",
        marks=[(None, 0.95, "promised")],
    )
    assert "chain: from 0.99 to 0.9 availability between 1 and 10 services" in picture.text
    assert {"chain", "promised", "services", "availability"} <= set(written(picture))
    left, bottom, _, top = dict(places(picture))["chain"]
    x, y = axes_of(picture).transData.transform((10, 0.9))
    assert x < left < x + 30
    assert bottom < y < top


def test_each_curve_has_a_dash_and_a_shape_of_its_own() -> None:
    points = [(0.0, 1.0), (1.0, 2.0)]
    picture = show.lines({"a": points, "b": points, "c": points, "d": points})
    curves = axes_of(picture).get_lines()
    dashes = {str(curve._dash_pattern) for curve in curves}  # type: ignore[attr-defined]
    assert len(dashes) == 4
    assert len({curve.get_marker() for curve in curves}) == 4


def test_a_log_axis_is_logarithmic() -> None:
    axes = axes_of(show.lines({"a": [(1, 5), (1e6, 6)]}, log="x"))
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")


@pytest.mark.parametrize("y", [1.0, 5.0, 9.0])
def test_the_words_of_a_mark_are_wrapped_and_never_cut(y: float) -> None:
    words = "the broker is back, and everybody who failed together comes back together"
    picture = show.lines({"a": [(0, 0), (10, 10)]}, marks=[(9, y, words), (9.5, None, words)])
    whole = [text.replace("\n", " ") for text in written(picture)]
    assert whole.count(words) == 2


@pytest.mark.parametrize(
    ("series", "log", "message"),
    [
        ({}, "", "nothing to draw"),
        ({"a": [(0, float("nan"))]}, "", "not finite"),
        ({"a": [(0, 1)]}, "x", "values above 0"),
        ({"a": [(1, 1)]}, "z", "names no axis"),
    ],
)
def test_curves_that_cannot_be_drawn_are_refused(
    series: dict[str, list[tuple[float, float]]], log: str, message: str
) -> None:
    with pytest.raises(show.PictureError, match=message):
        show.lines(series, log=log)


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        ((None, None, "m"), "neither an x nor a y"),
        ((float("nan"), 1, "m"), "'m' is at .*not finite"),
        ((0.0, None, "m"), "'m' is at .*values above 0"),
    ],
)
def test_marks_that_cannot_be_drawn_are_refused(mark: Mark, message: str) -> None:
    with pytest.raises(show.PictureError, match=message):
        show.lines({"a": [(1, 1)]}, marks=[mark], log="x")


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        labels,
        st.lists(st.tuples(st.floats(0, 1e6), st.floats(-1e3, 1e6)), min_size=1, max_size=20),
        min_size=1,
        max_size=9,
    ),
    st.lists(
        st.one_of(
            st.tuples(st.floats(0, 1e6), st.none(), labels),
            st.tuples(st.none(), st.floats(-1e3, 1e6), labels),
            st.tuples(st.floats(0, 1e6), st.floats(-1e3, 1e6), labels),
        ),
        max_size=6,
    ),
)
@example({f"curve {n}": [(0, 1), (9, 1)] for n in range(8)}, [(9, 1, "here it is")] * 6)
@example({f"curve {n}": [(0, 1), (9, 1 if n else 0)] for n in range(8)}, [])
@example({"a": [(-999_999.0, -999_999.0), (999_999.0, 999_999.0)]}, [(None, 0, "mid" * 30)])
def test_no_two_labels_overlap_and_none_leaves_the_paper(
    series: dict[str, list[tuple[float, float]]], marks: list[Mark]
) -> None:
    picture = show.lines(series, x="services", y="availability", marks=marks, title="A title")
    assert overlapping(picture) == []
    assert outside(picture) == []


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(1e-6, 1e9), st.floats(1e-6, 1e9)), min_size=1, max_size=9),
    st.sampled_from(["x", "y", "xy"]),
)
@example([(30.0, 1.0), (31.0, 1.0)], "xy")
def test_no_two_labels_of_log_axes_overlap(points: list[tuple[float, float]], log: str) -> None:
    picture = show.lines({"a": points}, x="services", y="availability", log=log)
    assert overlapping(picture) == []
    assert outside(picture) == []
