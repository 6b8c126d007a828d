"""Reads and stores: lookups counted by hand, and times held against the theory of M/M/1."""

from __future__ import annotations

import numpy as np
import pytest

from pubsub_kit.feed.arena import Arena, Machines, NodeLoss
from pubsub_kit.feed.designs import DesignError, FeedDesign
from pubsub_kit.feed.machines.reads import OWN
from pubsub_kit.feed.machines.run import FeedRun
from pubsub_kit.feed.machines.simulate import simulate
from pubsub_kit.feed.machines.stores import Stores, slowest
from pubsub_kit.feed.people.chance import seeded
from tests.feed.small import load, town

MACHINES = Machines(base_latency=0.0, pausing=0.0)


def read(
    *followers: int, arena: dict[str, object] | None = None, idle: int = 0, **design: object
) -> FeedRun:
    """A thousand reads, of a town of five unless other accounts are given."""
    given = {"reads": 1_000} | (arena or {})
    faults = given.pop("faults", ())
    machines = given.pop("machines", MACHINES)
    there = load(town(*(followers or (9, 1, 1, 1, 1)), idle=idle), **given)  # type: ignore[arg-type]
    return simulate(FeedDesign(**design), Arena(there, machines, faults=faults))  # type: ignore[arg-type]


# --- lookups --------------------------------------------------------------------------------------


def test_a_kept_timeline_is_one_lookup() -> None:
    assert read().lookups_per_read == 1


def test_pulled_accounts_are_merged_one_lookup_each() -> None:
    assert read(6, 1, 1, 1, 1, threshold=5).lookups_per_read == 1 + 6  # six of ten follows
    assert read(threshold=0).lookups_per_read == 10  # and no timeline, with nothing in it


def test_what_is_checked_on_read_is_a_lookup_more() -> None:
    assert read(removal="checked on read").lookups_per_read == 2
    assert read(removal="checked on read", replies="held on read").lookups_per_read == 3


def test_a_read_deeper_than_the_timeline_rebuilds_it() -> None:
    assert read(arena={"depth": 800}).lookups_per_read == 1
    assert read(arena={"depth": 801}).lookups_per_read == 10


def test_who_returns_finds_a_timeline_only_if_it_is_kept_for_the_inactive() -> None:
    there: dict[str, object] = {"returning": 0.1}
    assert read(arena=there, idle=2).lookups_per_read == 1
    some = read(arena=there, idle=2, skip_inactive=True).lookups_per_read
    assert some == pytest.approx(1 + 0.1 * 9, abs=0.02)


def test_memory_is_entries_of_20_bytes_for_everyone_with_a_timeline() -> None:
    assert read(stores=3).memory == 5 * 800 * 20 * 3
    assert read(idle=2, stores=3, skip_inactive=True).memory == 3 * 800 * 20 * 3
    assert read(stores=3, timeline=100, replicas=1).memory == 5 * 100 * 20
    assert read(stores=3, threshold=9).memory == (5 * 800 + OWN) * 20 * 3  # with the pulled list


def test_what_does_not_fit_is_rebuilt_on_read() -> None:
    tight = Machines(node_bytes=5 * 800 * 20 / 2)
    run = read(arena={"machines": tight, "reads": 20_000}, stores=1, replicas=1)
    assert run.lookups_per_read == pytest.approx(5.5, rel=0.02)  # half of them take 10


# --- losing nodes ---------------------------------------------------------------------------------


def lossy(nodes: int, replicas: int, reads: int = 40_000) -> FeedRun:
    """A million people's reads over a minute, of whom few read twice; half way, nodes die."""
    there = load(
        town(9, 1, 1, 1, 1, stands_for=200_000), reads=reads, read_stands_for=100_000 / reads
    )
    arena = Arena(there, MACHINES, faults=(NodeLoss(30.0, nodes),))
    return simulate(FeedDesign(stores=10, replicas=replicas), arena)


def test_a_lost_node_takes_timelines_that_are_on_no_other() -> None:
    # Over 30 s the chance that a person has read since is 1 - exp(-0.05), 2.5 % in the mean.
    rebuilt = 0.5 * 0.2 * 0.975
    assert lossy(2, replicas=1).lookups_per_read == pytest.approx(1 + 9 * rebuilt, rel=0.03)
    assert lossy(2, replicas=3).lookups_per_read == 1


def test_two_of_two_replicas_are_lost_as_often_as_chance_has_it() -> None:
    rebuilt = 0.5 * (1 / 45) * 0.975  # both of 2 among 10
    assert lossy(2, replicas=2).lookups_per_read == pytest.approx(1 + 9 * rebuilt, rel=0.03)


def test_a_lost_node_leaves_its_load_to_the_others() -> None:
    there: dict[str, object] = {"reads": 60_000, "faults": (NodeLoss(0.0, 1),)}
    calm, hurt = read(arena={"reads": 60_000}, stores=3), read(arena=there, stores=3)
    assert hurt.store_load == pytest.approx(calm.store_load * 3 / 2)


def test_a_design_that_loses_its_last_store_is_told_so() -> None:
    with pytest.raises(DesignError, match="none of the 1 stores is left"):
        read(arena={"faults": (NodeLoss(1.0, 1),)}, stores=1, replicas=1)


# --- time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("busy", [0.1, 0.5, 0.9])
def test_a_lookup_takes_as_long_as_in_an_m_m_1_queue(busy: float) -> None:
    """The time in such a queue is exponential, at the rate at which it is served less its load."""
    mu, reads = 1_000.0, 200_000
    stands = busy * mu * 60 / reads
    machines = Machines(node_rate=mu, base_latency=0.0, pausing=0.0)
    there: dict[str, object] = {"reads": reads, "machines": machines, "read_stands_for": stands}
    run = read(arena=there, stores=1, replicas=1)
    assert run.store_load == pytest.approx(busy)
    for q in (0.5, 0.9, 0.99):
        expected = -np.log(1 - q) / (mu - busy * mu)
        assert run.read(q) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("lookups", [1, 2, 10, 50])
def test_lookups_at_once_take_as_long_as_the_slowest(lookups: int) -> None:
    """The largest of m exponentials has the harmonic number 1 + 1/2 + … + 1/m as its mean."""
    took = slowest(seeded(1), np.full(200_000, float(lookups)), parallel=50)
    nth = 1 / np.arange(1, lookups + 1)
    assert took.mean() == pytest.approx(nth.sum(), rel=0.01)
    assert took.var() == pytest.approx((nth**2).sum(), rel=0.03)


@pytest.mark.parametrize(("lookups", "parallel"), [(60, 50), (230, 50), (7, 1), (100, 20)])
def test_more_lookups_take_several_rounds(lookups: int, parallel: int) -> None:
    took = slowest(seeded(1), np.full(200_000, float(lookups)), parallel)
    nth = 1 / np.arange(1, parallel + 1)
    full, rest = divmod(lookups, parallel)
    assert took.mean() == pytest.approx(full * nth.sum() + nth[:rest].sum(), rel=0.01)


def test_no_lookup_takes_no_time() -> None:
    assert slowest(seeded(1), np.zeros(3), 50).tolist() == [0, 0, 0]


def test_stores_asked_too_much_fall_behind_and_catch_up() -> None:
    load_ = np.array([1_500.0] * 10 + [500.0] * 20)
    busy = Stores(1.0, load_, np.ones(30), Machines(node_rate=1_000))
    at = np.array([0.0, 5.0, 10.0, 15.0, 20.0, 25.0])
    assert busy.wait(at) == pytest.approx([0, 2.5, 5.0, 2.5, 0, 0])
    assert busy.backlog == 0
    assert (busy.rate(at) > 0).all()


def test_overload_shows_as_reads_that_take_ever_longer() -> None:
    machines = Machines(node_rate=100.0, pausing=0.0)
    run = read(arena={"reads": 12_000, "machines": machines}, stores=1, replicas=1)
    assert run.store_load == pytest.approx(2.0)
    assert run.store_backlog == pytest.approx(60.0, rel=0.01)
    early, late = run.read_latency[:1_000].mean(), run.read_latency[-1_000:].mean()
    assert late > early + 50
