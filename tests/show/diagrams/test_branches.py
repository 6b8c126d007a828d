"""A history is drawn as a tree: rows are branches, and every label can be read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pubsub_kit import show
from tests.show.runs import canvas_of, outside, overlapping

TREE: list[tuple[int | None, str, object]] = [
    (None, "", 0), (0, "+1", 1), (1, "×2", 2), (1, "+1", 2), (0, "×2", 0)
]  # fmt: skip


@st.composite
def trees(draw: st.DrawFn) -> list[tuple[int | None, str, object]]:
    """Draw a tree of up to 15 states, at most 12 deep."""
    depths, states = [0], [(None, "", draw(st.text(max_size=20)))]
    for n in range(draw(st.integers(0, 14))):
        parent = draw(st.integers(0, n))
        if depths[parent] < 12:
            depths.append(depths[parent] + 1)
            words = draw(st.text(max_size=30))
            states.append((parent, draw(st.text(max_size=30)), words))  # type: ignore[arg-type]
        else:
            break
    return states  # type: ignore[return-value]


def test_a_branch_is_told_with_the_state_that_it_follows_and_where_the_cursor_is() -> None:
    assert show.branches(TREE, here=3, wrong=2, title="A tree").text.splitlines() == [
        "A tree",
        "state 0: 0",
        "state 1, after 0: +1 → 1",
        "state 2, after 1: ×2 → 2 ✗ wrong",
        "state 3, after 1: +1 → 2, here",
        "state 4, after 0: ×2 → 0",
    ]


def test_the_first_state_that_follows_stays_in_its_row_and_later_ones_go_below() -> None:
    boxes = [text for text in canvas_of(show.branches(TREE)).texts() if text.text.isdigit()]
    heights = [text.y for text in boxes]
    assert heights[0] == heights[1] == heights[2] < heights[3] < heights[4]


@settings(max_examples=100, deadline=None)
@given(tree=trees(), data=st.data())
def test_no_two_labels_overlap_and_none_leaves_the_picture(
    tree: list[tuple[int | None, str, object]], data: st.DataObject
) -> None:
    here = data.draw(st.none() | st.integers(0, len(tree) - 1))
    picture = show.branches(tree, here=here, title="A title", caption="Some words. " * 30)
    assert overlapping(canvas_of(picture)) == []
    assert outside(canvas_of(picture)) == []


@pytest.mark.parametrize(
    ("states", "here", "why"),
    [
        ([], None, "no state"),
        ([(None, "", 0), (2, "a", 1)], None, "does not come before"),
        ([(None, "", 0)] * 41, None, "at most 40"),
        ([(n - 1 if n else None, "a", n) for n in range(14)], None, "at most 12"),
        ([(None, "", 0)], 1, "no state 1"),
    ],
)
def test_what_is_no_tree_is_refused(states: object, here: int | None, why: str) -> None:
    with pytest.raises(show.PictureError, match=why):
        show.branches(states, here=here)  # type: ignore[arg-type]


def test_it_is_drawn_for_light_and_for_dark_paper() -> None:
    picture = show.branches(TREE, here=3)
    assert picture.png("light") != picture.png("dark")
