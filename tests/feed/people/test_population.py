"""A population: few accounts that stand for many people."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pubsub_kit.feed.people.graph import FollowerGraph, follower_graph
from pubsub_kit.feed.people.network import Floats, Ints, Network
from pubsub_kit.feed.people.population import Population, population
from pubsub_kit.feed.people.sizes import NetworkError
from pubsub_kit.feed.people.workload import Workload
from tests.feed.small import in_two_processes


@pytest.fixture(scope="module")
def twitter() -> Population:
    return population()


def weighted(values: Any, network: Network) -> float:
    """Return the mean over people, not accounts."""
    return float((values * network.stands_for).sum() / network.users)


def quantiles(values: Ints, network: Network, shares: list[float]) -> Floats:
    """Return the values that these shares of the people do not exceed."""
    order = np.argsort(values)
    people = np.cumsum(network.stands_for[order])
    return np.asarray(values[order][np.searchsorted(people, np.array(shares) * network.users)])


# People


@pytest.mark.parametrize("users", [101, 5_000, 150_000_000, 8_000_000_000])
def test_the_accounts_stand_for_all_people(users: int) -> None:
    network: Network = population(users, 50.0, celebrity=100, sample=5_000)
    assert network.stands_for.sum() == pytest.approx(users, rel=1e-12)
    assert len(network.stands_for) == min(users, 5_000)


def test_the_largest_stand_for_themselves_and_the_others_for_equally_many(
    twitter: Population,
) -> None:
    assert (np.diff(twitter.followers[:10_000]) <= 1).all()
    assert (twitter.stands_for[:10_000] == 1).all()
    assert len(np.unique(twitter.stands_for[10_000:])) == 1


def test_a_sample_with_room_for_all_holds_everybody() -> None:
    network = population(500, 20.0, celebrity=300, sample=1_000)
    assert (network.stands_for == 1).all()
    assert sorted(network.followers) == sorted(
        follower_graph(500, 20.0, celebrity=300).followers.tolist()
    )


# Followers


@pytest.mark.parametrize("tail", [0.0, 1.0, 2.0, 4.0])
def test_the_mean_is_right_whatever_the_tail_and_the_celebrity_is_apart(tail: float) -> None:
    network = population(tail=tail)
    assert weighted(network.followers, network) == pytest.approx(150 + 31 / 300, rel=1e-6)


def test_the_celebrity_is_exactly_that_large_and_the_largest(twitter: Population) -> None:
    assert twitter.followers[twitter.celebrity] == twitter.followers.max() == 31_000_000
    assert twitter.active[twitter.celebrity]
    assert (population(celebrity=150, tail=3.0).followers <= 150).all()


def test_the_largest_account_of_many_people_is_far_above_that_of_a_few() -> None:
    largest = [
        population(users, 50.0, celebrity=users // 2).followers[1] for users in (10**5, 10**8)
    ]
    assert largest[1] > 5 * largest[0]


# Activity


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 1.0])
def test_the_share_is_active_among_small_and_large_accounts_alike(share: float) -> None:
    network = population(active=share)
    assert weighted(network.active, network) == pytest.approx(share, abs=1e-4)
    for size in np.array_split(network.active, 50):
        assert size.mean() == pytest.approx(share, abs=0.03)


def test_the_share_of_the_followers_is_active(twitter: Population) -> None:
    assert (twitter.active_followers <= twitter.followers).all()
    assert np.abs(twitter.active_followers - twitter.followers * 0.5).max() <= 1
    assert twitter.active_followers.sum() == pytest.approx(twitter.followers.sum() / 2, rel=1e-6)


def test_activity_does_not_go_with_followers_or_following(twitter: Population) -> None:
    rest = twitter.stands_for > 1
    for counts in (twitter.followers, twitter.active_followers, twitter.following):
        ratio = counts[rest & twitter.active].mean() / counts[rest & ~twitter.active].mean()
        assert ratio == pytest.approx(1, abs=0.02)


# Who follows


def test_people_follow_as_many_as_follow_them(twitter: Population) -> None:
    mean = weighted(twitter.followers, twitter)
    assert weighted(twitter.following, twitter) == pytest.approx(mean, rel=0.01)
    assert twitter.following.var() == pytest.approx(mean, rel=0.05)  # as Poisson


def test_the_celebrity_is_followed_by_its_share_and_not_by_itself(twitter: Population) -> None:
    only = np.arange(len(twitter.followers)) == twitter.celebrity
    fans = twitter.followed_among(only)
    assert set(fans) == {0, 1}
    assert weighted(fans, twitter) == pytest.approx(31 / 300, abs=0.01)
    assert fans[twitter.celebrity] == 0
    everybody = population(500, 3.0, celebrity=499)
    assert np.flatnonzero(~everybody.follows_celebrity).tolist() == [everybody.celebrity]
    assert everybody.following.mean() == pytest.approx(4.0, abs=5 * np.sqrt(3 / 500))
    assert everybody.following[1:].min() >= 1


@pytest.mark.parametrize("threshold", [0, 1, 100, 10_000, 1_000_000, 10**9])
def test_follows_land_in_proportion_to_followers(twitter: Population, threshold: int) -> None:
    marked = twitter.followers >= threshold
    share = weighted(twitter.followers * marked, twitter)
    counts = twitter.followed_among(marked)
    sigma = np.sqrt(share * (twitter.stands_for**2).sum()) / twitter.users
    assert abs(weighted(counts, twitter) - share) <= 5 * sigma + 1e-3 * share


def test_what_is_marked_and_what_is_not_add_up(twitter: Population) -> None:
    for threshold in (1, 100, 10_000):
        marked = twitter.followers >= threshold
        both = twitter.followed_among(marked) + twitter.followed_among(~marked)
        assert np.array_equal(both, twitter.following)


def test_the_same_question_has_the_same_answer(twitter: Population) -> None:
    marked = twitter.followers >= 500
    assert np.array_equal(twitter.followed_among(marked), twitter.followed_among(marked))


# Against a graph


@pytest.fixture(scope="module")
def pair() -> tuple[Population, FollowerGraph]:
    dials: dict[str, Any] = {"users": 200_000, "follows": 30.0, "celebrity": 40_000}
    return population(**dials, sample=20_000), follower_graph(**dials)


def test_it_has_the_sizes_of_a_graph(pair: tuple[Population, FollowerGraph]) -> None:
    few, all_people = pair
    shares = [0.25, 0.5, 0.75, 0.9, 0.99, 0.999]
    assert weighted(few.followers, few) == pytest.approx(all_people.followers.mean(), rel=1e-3)
    for name in ("followers", "following", "active_followers"):
        ours = quantiles(getattr(few, name), few, shares)
        theirs = quantiles(getattr(all_people, name), all_people, shares)
        assert ours == pytest.approx(theirs, rel=0.03, abs=1), name


def test_it_has_the_largest_accounts_of_a_graph(pair: tuple[Population, FollowerGraph]) -> None:
    few, all_people = pair
    largest = np.sort(all_people.followers)[::-1]
    assert few.followers[:1_000] == pytest.approx(largest[:1_000], rel=1e-3, abs=1)


@pytest.mark.parametrize("threshold", [10, 100, 1_000, 40_000])
def test_its_readers_follow_as_many_large_accounts(
    pair: tuple[Population, FollowerGraph], threshold: int
) -> None:
    means, spreads = [], []
    for network in pair:
        followed = network.followed_among(network.followers >= threshold)
        means.append(weighted(followed, network))
        spreads.append(weighted((followed - means[-1]) ** 2, network))
    assert means[0] == pytest.approx(means[1], rel=0.03)
    assert spreads[0] == pytest.approx(spreads[1], rel=0.1)


# The same again

DIGEST = """
import hashlib
import numpy as np
from pubsub_kit.feed.people.population import population
people = population(sample=5_000, seed=11)
arrays = (people.followers, people.active, people.following, people.active_followers,
          people.followed_among(people.followers > 99))
print(hashlib.sha256(b"".join(each.tobytes() for each in arrays)).hexdigest())
"""


def test_a_seed_gives_the_same_population_in_any_process() -> None:
    assert len(in_two_processes(DIGEST)) == 1


def test_another_seed_gives_other_people_of_the_same_sizes(twitter: Population) -> None:
    other = population(seed=8)
    assert np.array_equal(other.followers, twitter.followers)
    assert not np.array_equal(other.active, twitter.active)
    assert not np.array_equal(other.following, twitter.following)


def test_the_largest_account_is_a_fifth_of_the_users_if_nobody_says_otherwise() -> None:
    people = population(10_000, 20.0, celebrity=None, sample=200)
    assert people.followers[people.celebrity] == 2_000


# What cannot be


@pytest.mark.parametrize(
    ("dials", "sentence"),
    [
        ({"users": 0}, "users is a whole number from 2 on, not 0"),
        ({"users": 10**13}, "users is at most 1,000,000,000,000, not 10,000,000,000,000"),
        ({"sample": 99}, "sample is a whole number of accounts from 100 on, not 99"),
        ({"sample": 1e5}, "sample is a whole number of accounts from 100 on, not 100000.0"),
        (
            {"users": 1_000_000},
            "celebrity, the most followers of an account, is a whole number from the mean (150) "
            "to all others (999,999), not 31000000",
        ),
    ],
)
def test_a_population_that_cannot_be_is_refused_in_a_sentence(
    dials: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(NetworkError) as refused:
        population(**dials)
    assert str(refused.value) == sentence


def test_people_tweet_and_read_as_unevenly_as_the_spread_says() -> None:
    even = population(1_000_000, 50.0, celebrity=200_000, sample=20_000)
    uneven = population(1_000_000, 50.0, celebrity=200_000, sample=20_000, spread=1.0)
    people = uneven.stands_for * uneven.active
    for rates in (uneven.tweeting, uneven.reading):
        assert (rates * people).sum() == pytest.approx(people.sum())
        assert np.log(rates[uneven.active]).std() == pytest.approx(1.0, abs=0.03)
        assert not rates[~uneven.active].any()
    tweeting, reading = (
        np.log(uneven.tweeting[uneven.active]),
        np.log(uneven.reading[uneven.active]),
    )
    assert abs(np.corrcoef(tweeting, reading)[0, 1]) < 0.05
    assert (even.tweeting == even.active).all()
    assert (even.reading == even.active).all()
    assert (even.followers == uneven.followers).all()
    assert (even.following == uneven.following).all()


def test_who_tweets_oftener_writes_more_tweets_and_who_reads_oftener_reads_more() -> None:
    people = population(1_000_000, 50.0, celebrity=200_000, sample=2_000, spread=1.0)
    load = Workload(seconds=3_600.0, reads=100_000).over(people)
    for rates, whose in ((people.tweeting, load.author), (people.reading, load.reader)):
        due = people.stands_for * people.active * rates
        seen = np.bincount(whose, minlength=len(rates))
        assert np.corrcoef(due, seen)[0, 1] > 0.98


@pytest.mark.parametrize("spread", [-1, 3.1, True, "wide", None])
def test_a_spread_is_a_number(spread: object) -> None:
    with pytest.raises(NetworkError, match="spread is a number from 0"):
        population(1_000, 5.0, celebrity=100, spread=spread)  # type: ignore[arg-type]
