"""A design as boxes: what is on the picture is what the design says, and its text says the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pubsub_kit.feed.boxes import boxes
from pubsub_kit.feed.designs import DesignError, FeedDesign
from pubsub_kit.feed.people.network import Bools, Network
from pubsub_kit.show.canvas import Canvas

HYBRID = FeedDesign(
    "mine",
    threshold=1_000_000,
    workers=300,
    express=40,
    stores=130,
    dedup=True,
    skip_inactive=True,
    removal="checked on read",
    replies="held on read",
)


class Own(FeedDesign):
    """Decides by a rule of its own."""

    def pushed(self, network: Network) -> Bools:
        return np.asarray(network.followers < 7)


def drawn(design: FeedDesign) -> set[str]:
    canvas = boxes(design).drawing
    assert isinstance(canvas, Canvas)
    return {mark.text for mark in canvas.texts()}


def test_a_hybrid_has_a_write_path_a_read_path_and_three_stores() -> None:
    assert drawn(HYBRID) >= {
        *("author", "post service", "broker", "fan-out", "read service", "reader"),
        *("tweets", "author lists", "timelines", "260 + 40 express", "1,000,000 or more"),
    }
    assert "read service → tweets: text, deleted? original there?" in boxes(HYBRID).text


@pytest.mark.parametrize(
    ("design", "there", "not_there"),
    [
        (FeedDesign(), "timelines", "author lists"),
        (FeedDesign(threshold=0), "author lists", "broker"),
        (Own(), "by its own rule", "1,000,000 or more"),
    ],
)
def test_what_a_design_has_not_got_is_not_drawn(
    design: FeedDesign, there: str, not_there: str
) -> None:
    assert there in drawn(design)
    assert not_there not in drawn(design)


def test_the_words_name_the_ack_the_dedup_and_the_last_attempt() -> None:
    assert "Workers ack after the work. An id is added once. After 5 attempts" in boxes(HYBRID).text
    hasty = boxes(FeedDesign(semantics="at most once")).text
    assert "Workers ack before the work." in hasty
    assert "attempts" not in hasty
    assert "Workers" not in boxes(FeedDesign(threshold=0)).text


@pytest.mark.parametrize("design", [HYBRID, FeedDesign(), FeedDesign(threshold=0), Own()])
def test_all_that_is_written_stays_on_the_paper(design: FeedDesign) -> None:
    canvas = boxes(design).drawing
    assert isinstance(canvas, Canvas)
    for text in canvas.texts():
        left, top, right, bottom = text.bounds()
        assert left >= 0
        assert right <= canvas.w
        assert top >= 0
        assert bottom <= canvas.h


@pytest.mark.parametrize("given", [None, "hybrid", FeedDesign])
def test_only_a_design_has_boxes(given: Any) -> None:
    with pytest.raises(DesignError, match=r"boxes\(\) draws a FeedDesign, not"):
        boxes(given)
