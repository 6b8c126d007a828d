"""A shot seen from above: where it goes, what is tested, and whether that is a hit."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pubsub_kit import show
from pubsub_kit.show.diagrams.arena import is_hit
from tests.show.runs import canvas_of, outside, overlapping

Place = tuple[float, float]
places = st.tuples(st.floats(-300, 300), st.floats(-300, 300))


def said(picture: show.Picture) -> list[str]:
    return [text.text for text in canvas_of(picture).texts()]


def test_without_a_ghost_the_target_itself_is_tested() -> None:
    picture = show.arena((0, 0), (50, 100), (0, 100))
    assert "the shot passes 50.0 units from its middle, radius 16: miss" in picture.text
    assert "MISS" in said(picture)
    assert "ghost" not in picture.text


def test_with_a_ghost_the_ghost_is_tested() -> None:
    picture = show.arena((0, 0), (50, 100), (0, 100), ghost=(0, 100))
    assert picture.text.splitlines()[1:] == [
        "ghost at (0.0, 100.0), 50.0 units from the target",
        "the shot passes 0.0 units from its middle, radius 16: hit",
    ]
    assert {"HIT", "shooter", "target now", "ghost: rewound to here"} <= {*said(picture)}


def test_a_wall_has_its_name() -> None:
    picture = show.arena((0, 0), (50, 100), (0, 100), wall=((30, 50), (90, 50)))
    assert "wall" in said(picture)


@pytest.mark.parametrize(
    ("middle", "hit", "off"), [((0, 9), True, 0), ((16, 9), True, 16), ((16.5, 9), False, 16.5)]
)
def test_a_hit_is_a_shot_through_the_circle(middle: Place, hit: bool, off: float) -> None:
    assert is_hit((0, 0), (0, 5), middle, 16) == (hit, off)


@settings(max_examples=150, deadline=None)
@example((0.0, 0.0), (255.0, 0.0), (0.0, 0.0), None, False)
@given(shooter=places, target=places, aim=places, ghost=st.none() | places, wall=st.booleans())
def test_no_two_labels_overlap_and_none_leaves_the_picture(
    shooter: Place, target: Place, aim: Place, ghost: Place | None, wall: bool
) -> None:
    picture = show.arena(
        shooter, target, aim, ghost=ghost, wall=((0, 50), (90, 50)) if wall else None,
        title="A title", caption="Some words. " * 20,
    )  # fmt: skip
    assert overlapping(canvas_of(picture)) == []
    assert outside(canvas_of(picture)) == []


def test_a_place_that_is_nowhere_is_refused() -> None:
    with pytest.raises(show.PictureError, match="finite"):
        show.arena((0, 0), (float("nan"), 0), (0, 1))


def test_it_is_drawn_for_light_and_for_dark_paper() -> None:
    picture = show.arena((0, 0), (50, 100), (0, 100), ghost=(0, 100))
    assert picture.png("light") != picture.png("dark")
