"""A population's sample gives what an explicit graph of the same people gives."""

from __future__ import annotations

from functools import cache
from statistics import median

import pytest

from pubsub_kit.feed.arena import Arena
from pubsub_kit.feed.designs import FeedDesign
from pubsub_kit.feed.machines.run import FeedRun
from pubsub_kit.feed.machines.simulate import simulate
from pubsub_kit.feed.people.graph import follower_graph
from pubsub_kit.feed.people.network import Network
from pubsub_kit.feed.people.population import population
from pubsub_kit.feed.people.workload import Workload

PEOPLE, FOLLOWS, CELEBRITY = 200_000, 75.0, 40_000

DESIGNS = {
    "write": FeedDesign(workers=2, stores=3),
    "active": FeedDesign(workers=2, stores=3, skip_inactive=True),
    "hybrid": FeedDesign(workers=2, stores=3, threshold=2_000, skip_inactive=True),
    "read": FeedDesign(workers=2, stores=3, threshold=0),
}


@cache
def network(kind: str) -> Network:
    if kind == "graph":
        return follower_graph(PEOPLE, FOLLOWS, celebrity=CELEBRITY)
    return population(PEOPLE, FOLLOWS, celebrity=CELEBRITY, sample=20_000)


@cache
def run(kind: str, design: str, seed: int = 7, reads: int = 200_000) -> FeedRun:
    at = (100.0, 300.0, 500.0)
    work = Workload(tweets_per_day=60, celebrity_tweets_at=at, reads=reads, seed=seed)
    return simulate(DESIGNS[design], Arena(work.over(network(kind))))


@pytest.mark.parametrize("design", DESIGNS)
def test_a_sample_asks_as_much_of_workers_and_stores_as_a_graph(design: str) -> None:
    """Some 40,000 tweets of log-normal size (sigma 2) differ by sqrt(e^4 / 40,000), or 4 %."""
    graph, sample = run("graph", design), run("population", design)
    assert sample.deliveries == pytest.approx(graph.deliveries, rel=0.12)
    assert sample.worker_load == pytest.approx(graph.worker_load, rel=0.12)
    assert sample.store_load == pytest.approx(graph.store_load, rel=0.12)
    assert sample.memory == pytest.approx(graph.memory, rel=0.01)


@pytest.mark.parametrize("design", DESIGNS)
def test_a_sample_looks_up_as_much_a_read_as_a_graph(design: str) -> None:
    """Both count what a reader follows of the pulled accounts, one by edges, one by shares."""
    graph, sample = run("graph", design), run("population", design)
    assert sample.lookups_per_read == pytest.approx(graph.lookups_per_read, rel=0.02)
    assert sample.read(0.5) == pytest.approx(graph.read(0.5), rel=0.02)
    assert sample.read(0.99) == pytest.approx(graph.read(0.99), rel=0.05)


@pytest.mark.parametrize("design", ["write", "active", "hybrid"])
def test_a_sample_delivers_in_the_same_time_as_a_graph(design: str) -> None:
    """At three quarters of a load one large tweet more is felt, so medians of five loads."""
    for share, near in ((0.5, 0.25), (0.99, 0.15)):
        graph, sample = (
            median(run(kind, design, seed, 1_000).delivery(share) for seed in range(1, 6))
            for kind in ("graph", "population")
        )
        assert sample == pytest.approx(graph, rel=near)
