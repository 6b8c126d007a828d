"""A waterfall has a row for each span, causes above effects, and what waited in a queue."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from pubsub_kit import show
from pubsub_kit.show.diagrams.spans import Span, read, rows
from pubsub_kit.show.marks import Text
from tests.show.runs import canvas_of

LINE = [
    Span("place", 10.0, 10.2, "a", service="shop"),
    Span("charge", 10.5, 10.9, "b", links=("a",), service="payments"),
    Span("look up", 10.6, 10.7, "c", parent="b", service="payments"),
    Span("reserve", 12.9, 13.4, "d", links=("b",), service="stock", error="no such item"),
]


def test_seconds_count_from_the_first_start() -> None:
    assert [(round(s.start, 3), round(s.end, 3)) for s in read(LINE)][:2] == [(0, 0.2), (0.5, 0.9)]


def test_the_text_has_a_line_for_each_span_with_its_cause_its_wait_and_its_error() -> None:
    assert show.waterfall(LINE, title="One order", caption="It failed.").text.split("\n") == [
        "One order",
        "shop: place, 0 s to 200 ms",
        "  payments: charge, 500 ms to 900 ms; linked to shop: place after 300 ms in the queue",
        "    payments: look up, 600 ms to 700 ms",
        "    stock: reserve, 2.9 s to 3.4 s; linked to payments: charge after 2 s in the queue; "
        "failed: no such item",
        "It failed.",
    ]


def test_a_span_stands_below_its_parent_or_below_the_first_that_it_links_to() -> None:
    batch = Span("pack", 20.0, 21.0, "e", links=("d", "a"))
    placed = rows([batch, *reversed(LINE)])
    assert [(row.span.id, row.depth) for row in placed] == [
        ("a", 0),
        ("b", 1),
        ("c", 2),
        ("d", 2),
        ("e", 3),
    ]
    assert placed[-1].sources == (3, 0)


def test_a_link_to_a_span_that_is_not_there_makes_a_root() -> None:
    assert [row.depth for row in rows([Span("pack", 0, 1, "x", links=("gone",))])] == [0]


def test_spans_that_cause_each_other_are_all_drawn() -> None:
    ring = [Span("a", 0, 1, "a", parent="b"), Span("b", 0, 1, "b", parent="a")]
    assert sorted(row.span.id for row in rows(ring)) == ["a", "b"]


def test_spans_without_ids_are_all_drawn() -> None:
    assert len(rows([Span("a", 0, 1), Span("b", 1, 2)])) == 2


def test_an_error_has_a_shape_and_words_of_its_own() -> None:
    picture = show.waterfall(LINE)
    svg = picture.svg()
    assert "500 ms, no such item" in svg
    assert svg.count('stroke="var(--pk-fault)"') >= 3  # hatched, and crossed out


def test_a_wait_is_said_where_there_is_room() -> None:
    said = [mark.text for mark in canvas_of(show.waterfall(LINE)).texts()]
    assert "2 s in the queue" in said


def test_no_two_texts_overlap_and_none_leaves_the_paper() -> None:
    many = [Span(f"a name that is long enough to be cut, {'x' * 60}", i, i + 0.01, str(i),
                 links=(str(i - 1),), service="a service") for i in range(12)]  # fmt: skip
    for spans in (LINE, many):
        canvas = canvas_of(show.waterfall(spans, title="t" * 200, caption="c " * 200))
        boxes = [(mark.bounds(), mark.text) for mark in canvas.texts()]
        for i, ((left, top, right, bottom), text) in enumerate(boxes):
            assert left >= 0
            assert right <= canvas.w, text
            assert bottom <= canvas.h
            for (l2, t2, r2, b2), other in boxes[i + 1 :]:
                apart = right <= l2 or r2 <= left or bottom <= t2 or b2 <= top
                assert apart, (text, other)


def test_of_many_spans_the_first_are_drawn_and_the_others_counted() -> None:
    picture = show.waterfall([Span(f"s{i}", i, i + 1, str(i)) for i in range(65)])
    assert picture.text.endswith("(5 more spans are not drawn)")


def test_instants_alone_are_drawn() -> None:
    assert show.waterfall([Span("now", 5.0, 5.0)]).text == "now, 0 s to 0 s"


def test_nothing_is_no_picture() -> None:
    with pytest.raises(show.PictureError, match="no span to draw"):
        show.waterfall([])


@pytest.mark.parametrize("thing", [3, "span", SimpleNamespace(name="unfinished")])
def test_what_is_no_span_is_refused_by_its_type(thing: Any) -> None:
    with pytest.raises(show.PictureError, match=f"this {type(thing).__name__} is none"):
        show.waterfall([thing])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_drawn_on_either_paper(theme: str) -> None:
    assert show.waterfall(LINE).png(theme).startswith(b"\x89PNG")


def test_names_are_escaped() -> None:
    svg = show.waterfall([Span("<b>", 0, 1, service="a & b")]).svg()
    assert "a &amp; b: &lt;b&gt;" in svg
    assert not re.search("<b>", svg)


def test_words_that_have_no_room_beside_a_bar_are_cut() -> None:
    spans = [Span("a", 0, 10, "a", error="e" * 300)]
    texts: list[Text] = canvas_of(show.waterfall(spans)).texts()
    assert any(mark.text.endswith("…") for mark in texts)
