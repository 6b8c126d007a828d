"""A follower graph: who follows whom, and what is counted from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pubsub_kit.feed.people import graph as graphs
from pubsub_kit.feed.people.graph import FollowerGraph, follower_graph
from pubsub_kit.feed.people.network import Bools, Ints, Network
from pubsub_kit.feed.people.sizes import NetworkError
from tests.feed.small import in_two_processes


def small(**dials: Any) -> FollowerGraph:
    return follower_graph(**{"users": 1_000, "follows": 20.0, **dials})


@pytest.fixture(params=[300, 10**6], ids=["many blocks", "one block"])
def graph(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> FollowerGraph:
    monkeypatch.setattr(graphs, "_BLOCK", request.param)
    return small()


def follows(graph: FollowerGraph) -> list[tuple[int, int]]:
    """Every follow as (follower, followed), by a plain loop."""
    return [(int(who), user) for user in range(graph.users) for who in graph.followers_of(user)]


def count(graph: FollowerGraph, authors: Bools, readers: Bools, of: int) -> Ints:
    """Count the follows of marked readers to marked authors by reader (0) or author (1)."""
    counts = np.zeros(graph.users, np.int64)
    for pair in follows(graph):
        counts[pair[of]] += readers[pair[0]] and authors[pair[1]]
    return counts


# Edges


def test_nobody_follows_twice_or_themselves(graph: FollowerGraph) -> None:
    edges = follows(graph)
    assert len(set(edges)) == len(edges) == graph.edges
    assert all(follower != followed for follower, followed in edges)
    assert {follower for follower, _ in edges} <= set(range(graph.users))


def test_an_edge_takes_four_bytes() -> None:
    graph = small()
    assert (graph.starts.itemsize, graph.followed_by.itemsize) == (8, 4)
    assert graph.followed_by.nbytes == 4 * graph.edges


def test_everybody_can_follow_everybody() -> None:
    graph = follower_graph(40, 39.0, celebrity=39)
    assert [sorted({*graph.followers_of(user), user}) for user in range(40)] == [[*range(40)]] * 40


def test_all_people_are_as_likely_to_follow() -> None:
    graph = follower_graph(2_000, 50.0)
    first_half = int(graph.following[:1_000].sum())
    assert abs(first_half - graph.edges / 2) < 5 * np.sqrt(graph.edges / 4)
    assert graph.following.var() == pytest.approx(graph.following.mean(), rel=0.3)  # as Poisson
    many = follower_graph(1_000, 700.0, tail=0.0, celebrity=700)
    assert np.abs(many.following - 700).max() < 5 * np.sqrt(1_000 * 0.7 * 0.3)


# Counts of followers


@pytest.mark.parametrize("tail", [0.0, 0.5, 2.0, 6.0])
@pytest.mark.parametrize("mean", [0.3, 20.0, 150.0])
def test_the_mean_is_exact_whatever_the_tail_and_the_celebrity_is_apart(
    tail: float, mean: float
) -> None:
    graph = small(follows=mean, tail=tail, celebrity=400)
    assert graph.edges == round(999 * mean) + 400


@pytest.mark.parametrize(
    ("celebrity", "followers"), [(None, 200), (20, 20), (700, 700), (999, 999)]
)
def test_the_celebrity_is_exactly_that_large_and_the_largest(
    celebrity: int | None, followers: int
) -> None:
    graph = small(celebrity=celebrity)
    assert graph.followers[graph.celebrity] == graph.followers.max() == followers
    assert graph.active[graph.celebrity]


def test_without_a_tail_all_others_are_alike() -> None:
    graph = small(tail=0.0)
    assert sorted(graph.followers) == [20] * 999 + [200]


def test_a_heavier_tail_gives_the_largest_more_and_the_most_less() -> None:
    sizes = [np.sort(small(tail=tail, celebrity=999).followers) for tail in (0.5, 1.0, 2.0)]
    largest = [int(each[-11:-1].sum()) for each in sizes]
    medians = [int(np.median(each)) for each in sizes]
    assert largest == sorted(set(largest))
    assert medians == sorted(set(medians), reverse=True)


def test_the_counts_are_log_normal_with_the_tail_as_sigma() -> None:
    followers = follower_graph(20_000, 1_000.0, tail=1.0, celebrity=19_999).followers
    middle = np.quantile(followers, [0.1587, 0.5, 0.8413])  # one sigma below, none, one above
    assert np.diff(np.log(middle)) == pytest.approx([1.0, 1.0], rel=0.02)
    assert middle[1] == pytest.approx(1_000 * np.exp(-0.5), rel=0.02)  # a log-normal's median


# What is counted


def test_a_graph_is_a_network_of_single_people(graph: FollowerGraph) -> None:
    network: Network = graph
    assert network.users == network.stands_for.sum() == len(network.active) == 1_000


@pytest.mark.parametrize("share", [0.00001, 0.001, 0.25, 1.0])
def test_exactly_the_share_is_active_and_somebody(share: float) -> None:
    assert small(active=share).active.sum() == max(1, round(1_000 * share))


def test_followers_and_following_are_the_same_follows(graph: FollowerGraph) -> None:
    everybody = np.ones(graph.users, np.bool_)
    assert np.array_equal(graph.followers, count(graph, everybody, everybody, of=1))
    assert np.array_equal(graph.following, count(graph, everybody, everybody, of=0))


def test_active_followers_are_the_followers_that_are_active(graph: FollowerGraph) -> None:
    everybody = np.ones(graph.users, np.bool_)
    assert np.array_equal(graph.active_followers, count(graph, everybody, graph.active, of=1))


@pytest.mark.parametrize("threshold", [0, 1, 5, 60, 200, 10**6])
def test_followed_among_counts_the_marked_accounts(graph: FollowerGraph, threshold: int) -> None:
    marked, everybody = graph.followers >= threshold, np.ones(graph.users, np.bool_)
    assert np.array_equal(graph.followed_among(marked), count(graph, marked, everybody, of=0))


def test_a_graph_can_be_written_by_hand_and_hold_accounts_without_followers() -> None:
    graph = FollowerGraph(
        starts=np.array([0, 0, 2, 3, 3]),
        followed_by=np.array([0, 3, 1], np.int32),
        active=np.array([True, True, False, False]),
    )
    assert graph.followers.tolist() == [0, 2, 1, 0]
    assert graph.active_followers.tolist() == [0, 1, 1, 0]
    assert graph.following.tolist() == [1, 1, 0, 1]
    assert graph.followed_among(np.array([False, True, False, False])).tolist() == [1, 0, 0, 1]
    assert graph.celebrity == 1


# The same again

DIGEST = """
import hashlib
from pubsub_kit.feed.people.graph import follower_graph
graph = follower_graph(3_000, 30.0, seed=11)
arrays = (graph.starts, graph.followed_by, graph.active)
print(hashlib.sha256(b"".join(each.tobytes() for each in arrays)).hexdigest())
"""


def test_a_seed_gives_the_same_graph_in_any_process() -> None:
    assert len(in_two_processes(DIGEST)) == 1


def test_a_seed_says_who_follows_whom_but_not_how_many() -> None:
    one, other = small(seed=1), small(seed=2)
    assert not np.array_equal(one.starts, other.starts)
    assert np.array_equal(np.sort(one.followers), np.sort(other.followers))


# What cannot be


@pytest.mark.parametrize(
    ("dials", "sentence"),
    [
        ({"users": 1}, "users is a whole number from 2 on, not 1"),
        ({"users": 1e3}, "users is a whole number from 2 on, not 1000.0"),
        ({"follows": 0}, "follows is more than 0 and at most the 999 others, not 0"),
        ({"follows": 1_000}, "follows is more than 0 and at most the 999 others, not 1000"),
        ({"follows": float("nan")}, "follows is more than 0 and at most the 999 others, not nan"),
        ({"tail": -1}, "tail is from 0 (all alike) to 10 (2 is heavy), not -1"),
        ({"tail": "2"}, "tail is from 0 (all alike) to 10 (2 is heavy), not '2'"),
        ({"active": 0}, "active is a share, more than 0 and at most 1, not 0"),
        ({"active": True}, "active is a share, more than 0 and at most 1, not True"),
        ({"seed": -1}, "seed is a whole number from 0 on, not -1"),
        (
            {"celebrity": 19},
            "celebrity, the most followers of an account, is a whole number from the mean (20) "
            "to all others (999), not 19",
        ),
        (
            {"celebrity": 1_000},
            "celebrity, the most followers of an account, is a whole number from the mean (20) "
            "to all others (999), not 1000",
        ),
        (
            {"users": 10**8, "follows": 75.0},
            "100,000,000 users with 7,500,000,000 follows are more than fit: "
            "take fewer, or a population, which has no edges",
        ),
        (
            {"users": 10**8, "follows": 0.1},
            "100,000,000 users with 10,000,000 follows are more than fit: "
            "take fewer, or a population, which has no edges",
        ),
    ],
)
def test_a_graph_that_cannot_be_is_refused_in_a_sentence(
    dials: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(NetworkError) as refused:
        small(**dials)
    assert str(refused.value) == sentence
