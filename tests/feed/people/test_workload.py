"""What people do in a span of time: arrivals, bursts, replies, deletes, reads."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from pubsub_kit.feed.people.arrivals import DAY, day_curve
from pubsub_kit.feed.people.graph import FollowerGraph, follower_graph
from pubsub_kit.feed.people.network import Floats
from pubsub_kit.feed.people.population import population
from pubsub_kit.feed.people.workload import LARGE_EVENT, Load, Workload, WorkloadError
from tests.feed.small import in_two_processes

TWITTER = population()  # 150M of 300M are active
A_SECOND = 150e6 / DAY  # active people, for each time that one of them does something a day


def load(**dials: Any) -> Load:
    return Workload(**{"seconds": 60.0, "reads": 20_000, **dials}).over(TWITTER)


def assert_near(count: float, expected: float) -> None:
    """Within five sigma of a Poisson count (once in two million)."""
    assert abs(count - expected) < 5 * np.sqrt(expected)


def between(times: Floats, start: float, end: float) -> int:
    return int(((times >= start) & (times < end)).sum())


# Tweets


@pytest.mark.parametrize("seed", range(5))
def test_at_the_default_hour_people_tweet_and_read_as_often_as_published(seed: int) -> None:
    ours = load(seed=seed, seconds=30.0)  # short, since the day's curve rises meanwhile
    assert_near(len(ours.tweet_at), 30 * 400e6 / DAY)
    assert_near(len(ours.read_at) * ours.read_stands_for, 30 * 300e3)


def test_a_day_has_the_mean_and_its_hours_follow_the_curve() -> None:
    ours = Workload(seconds=DAY, hour=0.0, reads=1_000).over(follower_graph(50_000))
    assert_near(len(ours.tweet_at), 25_000 * 400 / 150)
    for hour in range(24):
        expected = 25_000 * 400 / 150 / 24 * day_curve(hour + 0.5)
        assert_near(between(ours.tweet_at, hour * 3_600, (hour + 1) * 3_600), float(expected))


def test_arrivals_are_a_poisson_process() -> None:
    gaps = np.diff(load().tweet_at)
    assert gaps.std() / gaps.mean() == pytest.approx(1, abs=0.02)  # exponential, without memory
    assert (gaps > gaps.mean()).mean() == pytest.approx(np.exp(-1), abs=0.01)
    counts = [len(load(seed=seed, seconds=1.0, reads=1).tweet_at) for seed in range(200)]
    assert np.var(counts) == pytest.approx(np.mean(counts), rel=0.5)


def test_a_burst_multiplies_the_tweets_while_it_lasts_and_not_the_reads() -> None:
    calm = load(reads=None, reads_per_day=1.0)
    ours = load(reads=None, reads_per_day=1.0, burst=LARGE_EVENT, burst_at=20, burst_seconds=15.0)
    rate = A_SECOND * 400 / 150
    assert_near(between(ours.tweet_at, 20, 35), 15 * rate * 12 / 5)
    assert_near(between(ours.tweet_at, 0, 20), 20 * rate)
    assert_near(between(ours.tweet_at, 35, 60), 25 * rate)
    assert np.array_equal(ours.read_at, calm.read_at)


@pytest.mark.parametrize("at", [50.0, 60.0, 500.0])
def test_a_burst_may_go_on_after_the_end_or_begin_there(at: float) -> None:
    ours = load(burst=4.0, burst_at=at, burst_seconds=30.0)
    assert_near(len(ours.tweet_at), A_SECOND * 400 / 150 * (60 + 3 * max(0, 60 - at)))
    assert ours.tweet_at.max() <= 60


def test_active_people_write_all_alike() -> None:
    ours = load(seconds=600.0)
    assert TWITTER.active[ours.author].all()
    followers = TWITTER.followers[ours.author]
    for threshold in (10, 100, 1_000, 10_000):
        marked = TWITTER.active & (TWITTER.followers >= threshold)
        people = float(TWITTER.stands_for[marked].sum())
        assert_near(int((followers >= threshold).sum()), len(followers) * people / 150e6)


def test_the_celebrity_tweets_when_told_besides() -> None:
    calm, ours = load(), load(celebrity_tweets_at=(45.5, 10.0, 9.9999999, 60.0))
    mine = ours.author == TWITTER.celebrity
    assert {9.9999999, 10.0, 45.5, 60.0} <= set(ours.tweet_at[mine])
    assert len(ours.tweet_at) == len(calm.tweet_at) + 4
    assert (np.diff(ours.tweet_at) >= 0).all()


def test_nobody_tweets_or_reads_at_rates_of_nothing() -> None:
    silent = load(tweets_per_day=0, reads_per_day=0, unfollows_per_day=0)
    assert len(silent.tweet_at) == len(silent.reply_to) == len(silent.read_at) == 0
    assert silent.unfollows == 0


# Replies, deletes, unfollows


def test_a_reply_is_to_an_earlier_tweet() -> None:
    ours = load(seconds=600.0)
    reply = np.flatnonzero(ours.reply_to >= 0)
    assert len(reply) > 1_000
    assert (ours.reply_to[reply] < reply).all()
    assert (ours.tweet_at[ours.reply_to[reply]] < ours.tweet_at[reply]).all()


def test_the_share_of_replies_and_how_soon_they_come() -> None:
    ours = load(seconds=600.0, replies=0.3, reply_after=2.0, celebrity_tweets_at=())
    reply = np.flatnonzero(ours.reply_to >= 0)
    assert len(reply) / len(ours.tweet_at) == pytest.approx(0.3, abs=0.01)
    delay = ours.tweet_at[reply] - ours.tweet_at[ours.reply_to[reply]]
    assert np.median(delay) == pytest.approx(2.0, rel=0.1)


def test_a_reply_to_what_came_before_the_span_is_none() -> None:
    assert (load(replies=1.0, reply_after=80_000.0).reply_to == -1).mean() > 0.99
    assert (load(replies=0.0).reply_to == -1).all()


def test_tweets_are_replied_to_in_proportion_to_followers() -> None:
    ours = load(seconds=600.0, reply_after=20.0)
    followers = TWITTER.followers[ours.author]
    to = followers[ours.reply_to[ours.reply_to >= 0]]
    ordinary = (followers > 100) & (followers < 1_000)
    seen = followers[ordinary].sum() / followers[followers < 1_000].sum()
    picked = ((to > 100) & (to < 1_000)).sum() / (to < 1_000).sum()
    assert picked == pytest.approx(seen, rel=0.05)
    famous = load(seconds=600.0, reply_after=20.0, celebrity_tweets_at=(300.0,))
    answers = np.bincount(famous.reply_to[famous.reply_to >= 0], minlength=len(famous.author))
    assert famous.author[answers.argmax()] == TWITTER.celebrity


def test_a_tweet_is_deleted_after_it_was_written() -> None:
    ours = load(seconds=600.0, deletes=0.2, delete_after=5.0)
    deleted = np.isfinite(ours.deleted_at)
    assert deleted.mean() == pytest.approx(0.2, abs=0.01)
    delay = ours.deleted_at[deleted] - ours.tweet_at[deleted]
    assert delay.min() > 0
    assert np.median(delay) == pytest.approx(5.0, rel=0.05)
    assert ours.deleted_at[deleted].max() <= 600
    assert deleted[ours.reply_to >= 0].mean() == pytest.approx(0.2, abs=0.01)  # replies as well


def test_unfollows_go_by_the_active_people() -> None:
    assert load(unfollows_per_day=2.0).unfollows == pytest.approx(2 * A_SECOND, rel=1e-4)


# Reads


def test_a_sample_of_the_reads_stands_for_all_of_them() -> None:
    everything = load(reads=None, reads_per_day=30.0)
    sample = load(reads=5_000, reads_per_day=30.0)
    assert everything.read_stands_for == 1
    assert len(sample.read_at) == 5_000
    assert len(sample.read_at) * sample.read_stands_for == pytest.approx(len(everything.read_at))


def test_a_sample_is_spread_as_the_reads_are() -> None:
    ours = Workload(seconds=DAY, hour=0.0, reads=20_000).over(follower_graph())
    assert (np.diff(ours.read_at) >= 0).all()
    for hour in range(0, 24, 4):
        expected = 20_000 / 24 * day_curve(hour + 0.5)
        assert_near(between(ours.read_at, hour * 3_600, (hour + 1) * 3_600), float(expected))


def test_who_returns_was_not_active_and_all_others_were() -> None:
    ours = load(returning=0.1)
    assert ours.returning.mean() == pytest.approx(0.1, abs=0.01)
    assert np.array_equal(TWITTER.active[ours.reader], ~ours.returning)


def test_nobody_returns_where_all_are_active() -> None:
    graph = follower_graph(500, 5.0, active=1.0)
    assert not Workload(returning=0.5).over(graph).returning.any()


def test_a_read_looks_at_an_entry_at_least_and_at_as_many_as_told_in_the_mean() -> None:
    depth = load(depth=30.0).depth
    assert depth.min() == 1
    assert depth.mean() == pytest.approx(30, rel=0.05)
    assert (depth > 30).mean() == pytest.approx((29 / 30) ** 30, abs=0.02)  # geometric
    assert (load(depth=1.0).depth == 1).all()


# The same again


def test_a_dial_leaves_alone_what_does_not_depend_on_it() -> None:
    calm = load()
    dials: list[tuple[dict[str, Any], set[str]]] = [
        ({"replies": 0.5}, {"reply_to"}),
        ({"deletes": 0.5}, {"deleted_at"}),
        ({"depth": 9.0}, {"depth"}),
        ({"unfollows_per_day": 9.0}, {"unfollows"}),
        ({"returning": 0.5}, {"returning", "reader"}),
        ({"reads": 100}, {"read_at", "reader", "returning", "depth", "read_stands_for"}),
    ]
    for dial, moved in dials:
        other = load(**dial)
        differ = {
            field.name
            for field in fields(Load)
            if not np.array_equal(getattr(other, field.name), getattr(calm, field.name))
        }
        assert differ == moved, dial


DIGEST = """
import hashlib
from pubsub_kit.feed.people.population import population
from pubsub_kit.feed.people.workload import Workload
load = Workload(seconds=2.0, reads=1_000, seed=11).over(population(sample=5_000))
arrays = (load.tweet_at, load.author, load.reply_to, load.deleted_at,
          load.read_at, load.reader, load.returning, load.depth)
print(hashlib.sha256(b"".join(each.tobytes() for each in arrays)).hexdigest())
"""


def test_a_seed_gives_the_same_load_in_any_process() -> None:
    assert len(in_two_processes(DIGEST)) == 1


def test_another_seed_gives_another_load() -> None:
    assert not np.array_equal(load(seed=1).read_at, load(seed=2).read_at)


# What cannot be


@pytest.mark.parametrize(
    ("dials", "sentence"),
    [
        ({"hour": 25}, "hour is a number from 0 to 24, not 25"),
        ({"tweets_per_day": -1}, "tweets_per_day is a number from 0 to 1,000,000,000, not -1"),
        ({"burst": float("nan")}, "burst is a number from 0 to 1,000,000,000, not nan"),
        ({"seconds": 0}, "seconds is more than 0, not 0"),
        ({"replies": "few"}, "replies is a number from 0 to 1, not 'few'"),
        ({"deletes": 1.5}, "deletes is a number from 0 to 1, not 1.5"),
        ({"depth": 0.5}, "depth is a number from 1 to 1,000,000,000, not 0.5"),
        ({"seed": 1.5}, "seed is a whole number from 0 on, not 1.5"),
        (
            {"reads": 0},
            "reads, the most that are kept, is a whole number from 1 on or None (all), not 0",
        ),
        (
            {"celebrity_tweets_at": (61.0,)},
            "celebrity_tweets_at is a tuple of seconds from 0 to 60, such as (30,), not (61.0,)",
        ),
        (
            {"celebrity_tweets_at": 30.0},
            "celebrity_tweets_at is a tuple of seconds from 0 to 60, such as (30,), not 30.0",
        ),
        (
            {"seconds": 86_400.0},
            "about 400,000,000 tweets are more than the 20,000,000 that fit: "
            "shorten `seconds` or take fewer users",
        ),
        (
            {"seconds": 600.0, "reads": None},
            "about 180,000,000 reads are more than the 50,000,000 that fit: "
            "give `reads`, a sample, or take fewer users",
        ),
    ],
)
def test_a_workload_that_cannot_be_is_refused_in_a_sentence(
    dials: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(WorkloadError) as refused:
        load(**dials)
    assert str(refused.value) == sentence


def test_a_network_in_which_nobody_is_active_has_no_load() -> None:
    asleep = FollowerGraph(np.array([0, 1, 1]), np.array([1], np.int32), np.zeros(2, np.bool_))
    with pytest.raises(WorkloadError, match="nobody in this network is active: mark at least one"):
        Workload().over(asleep)


def test_a_load_is_over_a_network() -> None:
    with pytest.raises(WorkloadError, match=r"over\(network\) takes a network, .* not NoneType"):
        Workload().over(None)  # type: ignore[arg-type]
