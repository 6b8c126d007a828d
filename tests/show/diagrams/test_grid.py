"""A grid says of each thing and owner how it is, by a sign, in words and by its looks."""

from __future__ import annotations

import pytest

from pubsub_kit import show
from tests.show.runs import canvas_of

STATES = {
    "log": {"ann": "– gone", "bob": "✓ readable"},
    "view": {"ann": "✗ readable"},
}


def test_the_text_has_a_line_for_each_row() -> None:
    assert show.grid(STATES, title="After", caption="A leak.").text.split("\n") == [
        "After",
        "log: ann – gone, bob ✓ readable",
        "view: ann ✗ readable",
        "A leak.",
    ]


def test_a_cell_that_a_row_lacks_stays_empty() -> None:
    said = [mark.text for mark in canvas_of(show.grid(STATES)).texts()]
    assert said == ["ann", "bob", "log", "– gone", "✓ readable", "view", "✗ readable"]


def test_bad_good_and_gone_differ_by_their_colours_too() -> None:
    svg = show.grid(STATES).svg()
    for role in ("fault", "good", "faint"):
        assert f'stroke="var(--pk-{role})"' in svg


def test_no_two_texts_overlap_and_none_leaves_the_paper() -> None:
    many = {f"{'long ' * 30}{i}": {f"{'x' * 40}{j}": f"✗ {'y' * 90}" for j in range(6)}
            for i in range(50)}  # fmt: skip
    picture = show.grid(many, title="t" * 200, caption="c " * 200)
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
    empty: list[dict[str, dict[str, str]]] = [{}, {"log": {}}]
    for nothing in empty:
        with pytest.raises(show.PictureError, match="needs a row with a state"):
            show.grid(nothing)


def test_a_state_without_a_sign_is_refused() -> None:
    with pytest.raises(show.PictureError, match="begins with ✓, ✗ or –, unlike 'fine'"):
        show.grid({"log": {"ann": "fine"}})


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_drawn_on_either_paper(theme: str) -> None:
    assert show.grid(STATES).png(theme).startswith(b"\x89PNG")
