"""A run among five people is drawn so that each thing that a reader sees reaches the reader."""

from __future__ import annotations

import pytest

from pubsub_kit.feed.designs import FeedDesign
from pubsub_kit.feed.five.messages import explore_design, replay_scene
from pubsub_kit.feed.five.pictures import counterexample, draw
from pubsub_kit.show import PictureError
from tests.show.runs import canvas_of

REPLY, REPLIES = "a reply to a celebrity", "a celebrity replies"
MIXED = FeedDesign(threshold=1_000_000, dedup=True, removal="checked on read")


def test_a_read_is_drawn_as_what_reaches_the_reader() -> None:
    found = explore_design(MIXED)
    assert found.scene == REPLIES
    picture = counterexample(found)
    assert {"cat's timeline", "nothing yet"} <= {text.text for text in canvas_of(picture).texts()}
    assert "4 messages" in picture.text, "two are published, and two reach cat"


def test_a_read_is_drawn_with_what_its_timeline_holds() -> None:
    picture = draw(replay_scene(FeedDesign(), REPLY, "-"), None, "A reply")
    assert "hello, reply" in [text.text for text in canvas_of(picture).texts()]


def test_only_a_violation_is_marked() -> None:
    with pytest.raises(PictureError, match=r"draw\(\) takes a Violation or None, not 'late'"):
        draw(replay_scene(FeedDesign(), REPLY, "-"), "late", "")  # type: ignore[arg-type]
