"""The references follow from the load: each is as large as its busiest minute asks for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pubsub_kit.feed.arena import Arena, ArenaError, Crash, Machines, NodeLoss, Prices
from pubsub_kit.feed.designs import DesignError, FeedDesign
from pubsub_kit.feed.grading.references import (
    BUSY,
    MOST,
    ByRates,
    destinations,
    fan_out,
    lookups,
    pay_off,
    references,
    sized,
    threshold,
    writes,
)
from pubsub_kit.feed.machines import delivery
from pubsub_kit.feed.machines.reads import followed_and_pulled
from pubsub_kit.feed.people.population import population
from pubsub_kit.feed.people.workload import Workload


@pytest.fixture(scope="module")
def arena() -> Arena:
    people = population(1_000_000, 50.0, celebrity=200_000, sample=5_000)
    return Arena(Workload(seconds=120.0, celebrity_tweets_at=(30.0,), reads=20_000).over(people))


def test_the_four_differ_in_who_is_pushed_and_in_their_size_alone(arena: Arena) -> None:
    four = references(arena)
    assert list(four) == ["fan-out on write", "fan-out on read", "by rates", "hybrid"]
    sizes = {"name", "threshold", "skip_inactive", "workers", "stores", "ratio"}
    for design in four.values():
        differing = {k for k, v in vars(design).items() if v != getattr(FeedDesign(), k, 0.0)}
        assert differing <= sizes
    network = arena.load.network
    pushed = [int(design.pushed(network).sum()) for design in four.values()]
    assert pushed[1] == 0 < pushed[3] < pushed[0] == pushed[2] == len(network.followers)


def test_a_fleet_is_the_work_of_the_busiest_minute_at_the_utilisation_that_is_stated(
    arena: Arena,
) -> None:
    design, load = references(arena)["fan-out on write"], arena.load
    first = load.tweet_at < 60
    followers = load.network.followers[load.author].astype(float)
    work = followers / 4_000 + np.ceil(followers / 4_000) * 0.001
    assert fan_out(design, arena) == pytest.approx(work[first].sum() / 60)
    assert writes(design, arena) == pytest.approx(followers[first].sum() / 60)
    assert (design.workers - 1) * BUSY < work[first].sum() / 60 <= design.workers * BUSY


def test_who_merges_on_read_needs_no_fan_out_and_many_lookups(arena: Arena) -> None:
    three = references(arena)
    read, write = three["fan-out on read"], three["fan-out on write"]
    assert read.workers == 1
    assert fan_out(read, arena) == 0
    assert lookups(read, arena) > 40 * lookups(write, arena)


def test_timelines_must_fit_into_the_stores(arena: Arena) -> None:
    small = replace(arena, machines=Machines(node_bytes=1e9))
    assert sized(FeedDesign(), small).stores >= 1e6 * 800 * 20 * 3 / 1e9
    assert sized(FeedDesign(skip_inactive=True), small).stores == 24


def test_each_machine_that_will_fail_has_a_spare(arena: Arena) -> None:
    failing = replace(arena, faults=(Crash(10, workers=3), Crash(50), NodeLoss(60, nodes=2)))
    before, after = (references(a)["fan-out on write"] for a in (arena, failing))
    assert (after.workers - before.workers, after.stores - before.stores) == (3, 2)
    assert references(failing)["fan-out on read"].workers == 1  # which has nothing to do
    at_once = replace(arena, faults=(Crash(10, 5.0, 3), Crash(12, 5.0, 4), Crash(30, 5.0, 4)))
    assert references(at_once)["fan-out on write"].workers == before.workers + 7


def test_the_threshold_is_what_the_free_part_of_the_fleet_delivers_within_five_seconds(
    arena: Arena,
) -> None:
    hybrid = references(arena)["hybrid"]
    free = 5.0 * (1 - BUSY) * hybrid.workers * 4_000
    assert hybrid.threshold <= free < 2 * hybrid.threshold
    quick = replace(arena, machines=Machines(worker_rate=40_000.0))
    assert threshold(quick) > hybrid.threshold


def test_no_fleet_is_larger_than_anybody_would_pay_for(arena: Arena) -> None:
    slow = replace(arena, machines=Machines(worker_rate=0.01, node_rate=0.01))
    design = references(slow)["fan-out on write"]
    assert (design.workers, design.stores) == (MOST, MOST)


def test_a_rule_of_ones_own_is_sized_by_its_own_pushed_and_kept(arena: Arena) -> None:
    class Nobody(FeedDesign):
        def pushed(self, network):  # type: ignore[no-untyped-def]
            return np.zeros(len(network.followers), bool)

    assert isinstance(sized(Nobody(), arena), Nobody)
    assert destinations(Nobody(), arena).sum() == 0


def test_an_arena_where_nothing_happens_needs_one_of_each() -> None:
    people = population(10_000, 5.0, celebrity=100, sample=1_000)
    quiet = Arena(Workload(tweets_per_day=0, reads_per_day=0).over(people))
    assert sized(FeedDesign(), quiet).workers == 1


def test_what_is_checked_on_read_and_fanned_out_again_is_sized_for(arena: Arena) -> None:
    plain = FeedDesign()
    checking = replace(plain, removal="checked on read", replies="held on read")
    assert lookups(checking, arena) == pytest.approx(3 * lookups(plain, arena))
    load, sweeping = arena.load, replace(plain, removal="fanned out")
    gone = load.deleted_at < load.seconds
    every = replace(load, deleted_at=np.where(gone, load.tweet_at, np.inf))
    at_once = replace(arena, load=every)
    swept = np.where(gone, destinations(plain, arena), 0.0)[load.tweet_at < 60].sum() / 60
    assert swept > 0
    assert writes(sweeping, at_once) == pytest.approx(writes(plain, arena) + swept)
    assert fan_out(sweeping, at_once) > fan_out(plain, arena)
    assert writes(sweeping, arena) > writes(plain, arena)


def test_what_is_no_arena_and_no_design_is_said() -> None:
    with pytest.raises(ArenaError, match="sized for an Arena, not NoneType"):
        references(None)  # type: ignore[arg-type]
    with pytest.raises(DesignError, match=r"sized\(\) takes a design, .* not None"):
        sized(None, None)  # type: ignore[arg-type]


def test_a_rule_that_does_not_answer_is_told_so_when_it_is_sized(arena: Arena) -> None:
    class Wrong(FeedDesign):
        def pushed(self, network):  # type: ignore[no-untyped-def]
            return True

    with pytest.raises(DesignError, match=r"pushed\(network\) returns an array"):
        sized(Wrong(), arena)


# --- by rates -------------------------------------------------------------------------------------


def uneven(spread: float) -> Arena:
    """A million people, who tweet and read unlike each other, with a dear push."""
    people = population(1_000_000, 50.0, celebrity=200_000, sample=5_000, spread=spread)
    load = Workload(seconds=60.0, reads=20_000, reads_per_day=20.0).over(people)
    return Arena(load, prices=Prices(worker=2_000.0))


def work(design: FeedDesign, arena: Arena) -> float:
    """Return dollars for what is expected to be used of machines: pushes and lookups."""
    load, network, often = arena.load, arena.load.network, design.least_reading(arena.load.network)
    people = network.stands_for * network.active
    many = delivery.destinations(network, design.kept(network), often)
    pulled = followed_and_pulled(network, design.pushed(network), often)
    pushes = len(load.tweet_at) * (people * network.tweeting * many).sum()
    lookups = len(load.read_at) * load.read_stands_for * (people * network.reading * pulled).sum()
    operation = arena.prices.node / arena.machines.node_rate
    push = arena.prices.worker / arena.machines.worker_rate + design.replicas * operation
    return float(pushes * push + lookups * operation)


def test_a_push_pays_off_where_a_reader_looks_oftener_than_an_author_tweets(arena: Arena) -> None:
    load = arena.load
    per_read = len(load.tweet_at) / (len(load.read_at) * load.read_stands_for)
    assert pay_off(arena) == pytest.approx((100 / 4_000 + 3 * 500 / 60_000) * 120 * per_read)
    dear = replace(arena, prices=Prices(worker=1_000.0))
    assert pay_off(dear) > 5 * pay_off(arena)


def test_the_rule_by_pairs_takes_the_least_work_of_all_ratios() -> None:
    arena = uneven(1.5)
    best = pay_off(arena)
    design = ByRates(skip_inactive=True, ratio=best)
    least = work(design, arena)
    for factor in (0.0, 0.1, 0.4, 2.5, 10.0, 1e9):
        assert least < work(replace(design, ratio=factor * best), arena) * 1.001, factor
    assert least < 0.9 * work(replace(design, ratio=0.0), arena)  # which pushes to all
    assert least < 0.9 * work(replace(design, ratio=1e9), arena)  # which pulls all


def test_the_rule_by_pairs_never_asks_how_many_follow_an_author(arena: Arena) -> None:
    design = references(arena)["by rates"]
    network = arena.load.network
    assert design.pushed(network)[network.celebrity]
    often = design.least_reading(network)[network.active]
    assert np.ptp(often) == 0  # all tweet equally often here


def test_what_is_pushed_and_what_is_pulled_by_pairs_are_all_that_is_followed() -> None:
    arena = uneven(1.0)
    network = arena.load.network
    everybody = np.ones(len(network.followers), dtype=bool)
    often = np.where(network.active, 0.5 * network.tweeting, 0.5)
    pulled = followed_and_pulled(network, everybody, often)
    pushed = delivery.destinations(network, everybody, often)
    readers = network.active * network.stands_for
    tweets_to_active = (network.active_followers * network.stands_for).sum()
    share = (pushed * network.stands_for).sum() / tweets_to_active
    left = 1 - (pulled * readers).sum() / (network.following * readers).sum()
    assert 0.1 < share < 0.9
    assert share == pytest.approx(left, abs=0.03)


@pytest.mark.parametrize("said", [True, np.zeros(3), "often"])
def test_how_often_one_has_to_read_is_a_number_for_each_account(arena: Arena, said: object) -> None:
    class Wrong(FeedDesign):
        def least_reading(self, network):  # type: ignore[no-untyped-def]
            return said

    with pytest.raises(DesignError, match=r"least_reading\(network\) returns an array of numbers"):
        sized(Wrong(), arena)


def test_how_often_one_has_to_read_is_never_below_nought(arena: Arena) -> None:
    class Below(FeedDesign):
        def least_reading(self, network):  # type: ignore[no-untyped-def]
            return -network.tweeting

    with pytest.raises(DesignError, match=r"numbers from 0 on"):
        sized(Below(), arena)
