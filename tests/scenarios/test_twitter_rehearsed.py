"""Eight feeds, a mid's, a senior's, a staff's and five with a belief, rank as the rubric says."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from pubsub_kit.designs.components import DesignError
from pubsub_kit.designs.told import moment
from pubsub_kit.feed.designs import FeedDesign
from pubsub_kit.interviews.bank.question import load
from pubsub_kit.scenarios.twitter_feed.rehearsed import DECISIONS, ID, FeedReport, propose, report

RIGHT = {"fan-out": "hybrid", "inactive": "active", "reply-first": "hold", "delete": "at-read"}
BELIEFS = {
    "a retry is harmless": {"repeats": "as they come"},
    "an ack on receipt is fine": {"semantics": "at most once"},
    "a reply comes after its original": {"reply-first": "repair"},
    "a delete needs nobody": {"delete": "ignore"},
    "fan out for everyone": {"fan-out": "push"},
}
# A staff's fleet is sized by the levels and their price, a senior's has room to spare, and a mid's
# is sized by the average.
DESIGNS: dict[str, FeedDesign] = {
    "staff": replace(propose(RIGHT), workers=260, stores=120),
    "senior": replace(propose(RIGHT), workers=360, stores=150),
    "mid": replace(propose(RIGHT), workers=200),
} | {belief: propose({**RIGHT, **given}) for belief, given in BELIEFS.items()}


@cache
def ran(name: str) -> FeedReport:
    return report(DESIGNS[name])


@pytest.mark.once
def test_feeds_rank_as_the_rubric_says() -> None:
    ranked = sorted(DESIGNS, key=lambda name: ran(name).rank)
    assert ranked[:3] == ["staff", "senior", "mid"]


@pytest.mark.once
@pytest.mark.parametrize("belief", BELIEFS)
def test_a_belief_breaks_or_misses_a_level_and_is_asked_about(belief: str) -> None:
    card = ran(belief)
    assert not card.holds or card.missed
    assert card.question.endswith("?")
    for step in card.found.trace.faults()[:1] if not card.holds else []:
        assert moment(step.time) in card.question


def test_each_decision_of_the_bank_makes_a_feed() -> None:
    for decision in load(ID).decisions:
        assert {option.id for option in decision.options} <= set(DECISIONS[decision.id])


def test_an_unknown_option_is_said() -> None:
    with pytest.raises(DesignError, match="one of push, pull, hybrid"):
        propose({"fan-out": "both"})
