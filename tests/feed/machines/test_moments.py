"""What a run shows from moment to moment, counted by hand on one worker and few tweets."""

from __future__ import annotations

from typing import Any

import pytest

from pubsub_kit.feed.arena import Arena, Machines
from pubsub_kit.feed.designs import FeedDesign
from pubsub_kit.feed.machines.moments import age, delays, depth
from pubsub_kit.feed.machines.run import FeedRun, RunError
from pubsub_kit.feed.machines.simulate import simulate
from tests.feed.small import load, town

# One delivery a second and nothing besides: latencies can be read off the sizes.
SLOW = Machines(worker_rate=1.0, message_overhead=0.0, broker_latency=0.0)


def run(tweets: list[tuple[float, int]], **options: Any) -> FeedRun:
    """Authors 0, 1 and 2 have 6, 2 and 1 followers; all messages wait for one worker."""
    people = town(6, 2, 1)
    arena = Arena(load(people, tweets, seconds=12.0), machines=SLOW)
    return simulate(FeedDesign(workers=1, stores=3, replicas=3, **options), arena)


QUIET: list[tuple[float, int]] = [(2.5, 2)]
BUSY: list[tuple[float, int]] = [(0.5, 0), (1.5, 2), (8.5, 1)]  # made at 6.5, 7.5 and 10.5


def test_a_tweet_behind_a_large_one_waits_for_it() -> None:
    assert delays(run(BUSY)) == [(0.5, 6.0), (1.5, 6.0), (8.5, 2.0)]


def test_delays_are_of_the_authors_that_are_asked_for() -> None:
    assert delays(run(BUSY), below=2) == [(1.5, 6.0)]
    assert delays(run(BUSY), at_least=6) == [(0.5, 6.0)]
    assert delays(run(BUSY), at_least=7) == []


def test_a_quantile_of_delays_counts_deliveries_not_tweets() -> None:
    both = run([(0.0, 0), (0.0, 2)])  # six are there after 6 s, and one after 7 s
    assert delays(both, 6 / 7) == [(0.5, 6.0)]
    assert delays(both, 0.9) == [(0.5, 7.0)]
    assert delays(both, 0.9, every=4.0) == [(2.0, 7.0)]


def test_depth_counts_what_is_published_and_not_made() -> None:
    seen = dict(depth(run(BUSY)))
    assert [seen[t] for t in range(13)] == [0, 6, 7, 7, 7, 7, 7, 1, 0, 2, 2, 0, 0]


def test_age_is_of_the_oldest_that_waits() -> None:
    seen = dict(age(run(BUSY)))
    assert [seen[t] for t in range(9)] == [0, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 5.5, 0]


def test_where_nothing_waits_depth_and_age_are_nought() -> None:
    seen = run(QUIET)
    assert depth(seen, every=2.0) == [(t, 0.0) for t in (0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0)]
    assert {value for _, value in age(seen, every=2.0)} == {0.0}


def test_a_design_that_pushes_nobody_keeps_nobody_waiting() -> None:
    nobody = run(BUSY, threshold=0)
    assert delays(nobody) == []
    assert {value for _, value in [*depth(nobody), *age(nobody)]} == {0.0}


@pytest.mark.parametrize("every", [0, -1, float("nan"), 1e-9, "a"])
@pytest.mark.parametrize("look", [delays, depth, age])
def test_moments_have_some_time_between_them(look: Any, every: Any) -> None:
    with pytest.raises(RunError, match="every is a number of seconds from"):
        look(run(QUIET), every=every)


@pytest.mark.parametrize("bound", ["at_least", "below"])
@pytest.mark.parametrize("given", [None, "1K", [1], float("nan")])
def test_a_class_of_authors_is_bounded_by_numbers_of_followers(bound: str, given: Any) -> None:
    seen = run(QUIET)
    for look in (lambda **b: delays(seen, **b), lambda **b: seen.delivery(0.5, **b)):
        with pytest.raises(RunError, match=f"{bound} is a number of followers"):
            look(**{bound: given})


def test_delays_are_of_a_share_of_a_run() -> None:
    with pytest.raises(RunError, match="a quantile lies between 0 and 1"):
        delays(run(QUIET), 99)
    with pytest.raises(RunError, match="not NoneType"):
        age(None)  # type: ignore[arg-type]
