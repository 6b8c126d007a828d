"""Eleven designs of an interview, ranked as an expert would, each for the reason that is given.

Every fleet is sized for the busiest minute of exercise 06, so that a design is not helped or hurt
by a number of machines. First comes what loses nothing, then what readers can use, then money: a
tweet that is lost stays lost, an hour without reads is remembered, and a bill can be cut later.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from pubsub_kit.feed.designs import EVERYBODY, FeedDesign
from pubsub_kit.feed.grading.card import worst
from pubsub_kit.feed.grading.references import sized
from pubsub_kit.feed.machines.measures import Values, measure
from pubsub_kit.feed.machines.simulate import simulate
from pubsub_kit.scenarios.twitter_feed.arena import LEVELS, arena

HYBRID = FeedDesign(
    threshold=1_000_000,
    skip_inactive=True,
    dedup=True,
    removal="checked on read",
    replies="held on read",
)

#: From the best to the worst: what is changed, which levels it misses, and why it stands there.
RANKED: dict[str, tuple[dict[str, Any], set[str], str]] = {
    "threshold 1M": ({}, set(), "the flat part of the cost curve, where reads merge few lists"),
    "threshold 300K": (
        {"threshold": 300_000},
        set(),
        "works as well; a read merges a few lists more, which takes more stores",
    ),
    "express lane": (
        {"workers": 400, "express": 140, "stores": 133},
        set(),
        "works, and small tweets pass the large ones; but the lane's own workers are paid for",
    ),
    "huge timelines": (
        {"timeline": 3_200},
        {"cost"},
        "nothing is wrong with it but the memory: nobody reads that far",
    ),
    "threshold 3M": (
        {"threshold": 3_000_000},
        {"delivery_p99_small", "read_p99"},
        "two accounts of two million at once hold everybody up, and the burst hits the stores",
    ),
    "push all": (
        {"threshold": EVERYBODY},
        {"delivery_p99_small", "cost"},
        "a fleet for 31 million followers stands idle at other times, and is late all the same",
    ),
    "threshold 10K": (
        {"threshold": 10_000},
        {"read_p99", "cost"},
        "every read merges some fifty lists, for ever",
    ),
    "pull all": (
        {"threshold": 0},
        {"read_p99", "cost"},
        "never late, lost or doubled; but each read asks 150 times, at several times the money",
    ),
    "no replicas": (
        {"replicas": 1},
        {"read_p99"},
        "cheapest of all, until stores are lost and reads rebuild for minutes",
    ),
    "tiny timelines": (
        {"timeline": 50},
        {"read_p99"},
        "every third reader scrolls past the end, so reads don't work on an ordinary day either",
    ),
    "at most once": (
        {"semantics": "at most once", "dedup": False},
        {"lost"},
        "what a crash takes is gone for good, however cheap and quick the rest is",
    ),
}


def design(name: str) -> FeedDesign:
    changes = RANKED[name][0]
    made = replace(HYBRID, name=name, **changes)
    return made if "workers" in changes else sized(made, arena())


@cache
def values(name: str) -> Values:
    return measure(simulate(design(name), arena()))


def standing(name: str) -> tuple[bool, int, float]:
    """Return what an expert weighs: whether tweets are lost, how usable it is, and the bill."""
    found = values(name)
    times = worst(LEVELS, found)
    return found["lost"] > 0, (times > 1) + (times > 10), found["cost"]


def test_they_rank_as_an_expert_would_rank_them() -> None:
    assert sorted(RANKED, key=standing) == list(RANKED)


@pytest.mark.parametrize("name", RANKED)
def test_each_misses_what_its_reason_says(name: str) -> None:
    assert set(LEVELS.missed(values(name))) == RANKED[name][1]


def test_a_lower_threshold_takes_more_lookups_and_more_stores() -> None:
    by = ["threshold 3M", "threshold 1M", "threshold 300K", "threshold 10K", "pull all"]
    for more, less in zip(by[1:], by, strict=False):
        assert values(more)["lookups"] > values(less)["lookups"]
        assert design(more).stores >= design(less).stores


def test_the_lane_helps_small_authors_and_costs_more() -> None:
    lane, plain = values("express lane"), values("threshold 1M")
    assert lane["delivery_p99_small"] < plain["delivery_p99_small"]
    assert lane["cost"] > plain["cost"]


def test_one_copy_is_cheapest_and_its_reads_fail_for_longer_than_anyone_waits() -> None:
    assert min(RANKED, key=lambda name: values(name)["cost"]) == "no replicas"
    assert values("no replicas")["read_p99"] > 60
