"""A row for each promise, a sign for each engine, in words and by its looks."""

from __future__ import annotations

import pytest

from pubsub_kit import show
from tests.show.runs import canvas_of

SIGNS = {
    "order": {"NATS": "✓", "Redis": "✗"},
    "replay": {"NATS": "✓", "SNS + SQS": "–"},
}


def test_the_text_says_who_keeps_each_row() -> None:
    assert show.engines(SIGNS, title="Recorded", caption="One day.").text.split("\n") == [
        "Recorded",
        "order: kept by NATS; not kept by Redis",
        "replay: kept by NATS; no such thing in SNS + SQS",
        "One day.",
    ]


def test_what_is_not_kept_has_a_box() -> None:
    bad = show.engines({"order": {"Redis": "✗"}}).svg()
    good = show.engines({"order": {"Redis": "✓"}}).svg()
    assert bad.count("<rect") == good.count("<rect") + 1


def test_the_signs_are_explained_under_them() -> None:
    said = [mark.text for mark in canvas_of(show.engines(SIGNS)).texts()]
    assert "✓ kept · ✗ not kept · – no such thing · ~ not promised" in said


def test_no_two_texts_overlap_and_none_leaves_the_paper() -> None:
    many = {f"{'long ' * 30}{i}": {f"{'x' * 40} {j} of a kind": "✗" for j in range(12)}
            for i in range(50)}  # fmt: skip
    picture = show.engines(many, title="t" * 200, caption="c " * 200)
    canvas = canvas_of(picture)
    boxes = [mark.bounds() for mark in canvas.texts()]
    for i, (left, top, right, bottom) in enumerate(boxes):
        assert left >= 0
        assert right <= canvas.w
        assert bottom <= canvas.h
        for l2, t2, r2, b2 in boxes[i + 1 :]:
            assert right <= l2 or r2 <= left or bottom <= t2 or b2 <= top
    assert "(10 more rows are not drawn)" in picture.text


def test_nothing_is_no_picture() -> None:
    empty: list[dict[str, dict[str, str]]] = [{}, {"order": {}}]
    for nothing in empty:
        with pytest.raises(show.PictureError, match="needs a row with a sign"):
            show.engines(nothing)


def test_a_word_is_no_sign() -> None:
    with pytest.raises(show.PictureError, match="A sign is ✓, ✗, – or ~, unlike 'yes'"):
        show.engines({"order": {"Redis": "yes"}})


def test_more_engines_than_a_page_is_wide_are_refused() -> None:
    with pytest.raises(show.PictureError, match="up to 12 engines side by side, not 13"):
        show.engines({"order": {f"e{n}": "✓" for n in range(13)}})
