"""No choice is free: dedup takes time and lookups, a pulled list heats the stores that hold it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pubsub_kit.feed.arena import Arena, Machines, Prices
from pubsub_kit.feed.designs import FeedDesign, PartitionKey
from pubsub_kit.feed.grading.references import sized
from pubsub_kit.feed.machines.delivery import _dealt
from pubsub_kit.feed.machines.reads import _spread, length
from pubsub_kit.feed.machines.run import FeedRun
from pubsub_kit.feed.machines.simulate import simulate
from pubsub_kit.feed.people.chance import seeded
from pubsub_kit.scenarios.twitter_feed.arena import arena as bad_minutes
from tests.feed.small import load, town

HYBRID = FeedDesign(
    threshold=1_000_000,
    skip_inactive=True,
    workers=300,
    stores=130,
    dedup=True,
    removal="checked on read",
    replies="held on read",
)


# --- dedup ----------------------------------------------------------------------------------------


def fanned(**design: object) -> FeedRun:
    """Ten tweets to 400 followers each, on one worker of 100 a second."""
    there = load(town(400, 0), [(6.0 * n, 0) for n in range(10)], seconds=60.0)
    machines = Machines(worker_rate=100.0, message_overhead=0.0, node_rate=1_000.0)
    return simulate(FeedDesign(workers=1, stores=3, **design), Arena(there, machines))  # type: ignore[arg-type]


def test_who_looks_for_each_id_first_is_slower_and_asks_the_stores_once_more() -> None:
    plain, looking = fanned(), fanned(dedup=True)
    assert looking.worker_load == pytest.approx(1.25 * plain.worker_load)
    assert looking.delivery(0.5) == pytest.approx(5.0 + 0.005)
    assert looking.store_load == pytest.approx(4 / 3 * plain.store_load, rel=0.01)
    assert looking.write_amplification == plain.write_amplification


def test_a_fleet_that_looks_for_each_id_is_sized_larger() -> None:
    where = bad_minutes()
    plain, looking = (sized(replace(HYBRID, dedup=dedup), where) for dedup in (False, True))
    assert looking.workers > plain.workers
    assert simulate(looking, where).cost > simulate(plain, where).cost


# --- hot keys -------------------------------------------------------------------------------------


def pulled(replicas: int, stores: int, reads_a_second: float = 100.0) -> FeedRun:
    """A town of ten, all but the first of whom follow nobody but her; she is pulled."""
    there = load(
        town(*[9] + [0] * 9, following=1), reads=6_000, read_stands_for=reads_a_second / 100
    )
    machines = Machines(node_rate=80.0, base_latency=0.0, pausing=0.0)
    design = FeedDesign(threshold=5, stores=stores, replicas=replicas)
    return simulate(design, Arena(there, machines))


def test_a_list_that_everybody_pulls_is_as_hot_however_many_stores_there_are() -> None:
    few, many = pulled(1, 4), pulled(1, 400)
    assert many.store_load < 0.01 * few.store_load * 2
    assert few.hot_load == pytest.approx(1.25, rel=0.1)
    assert many.hot_load == pytest.approx(1.25, rel=0.1)
    assert many.read(0.5) > 1.0


def test_replicas_share_it() -> None:
    loads = [pulled(n, 400).hot_load for n in (1, 2, 4)]
    assert loads == pytest.approx([1.25, 1.25 / 2, 1.25 / 4], rel=0.1)
    assert pulled(2, 400).read(0.99) < 1.0


def test_where_nobody_is_pulled_no_store_is_hotter_than_another() -> None:
    there = load(town(9, 0, 0), reads=600)
    run = simulate(FeedDesign(stores=3), Arena(there, Machines(node_rate=100.0)))
    assert run.hot_load == pytest.approx(run.store_load, rel=0.01)


# --- pauses ---------------------------------------------------------------------------------------


def test_pauses_last_one_on_average_and_from_half_to_half_as_much_again() -> None:
    each = length(seeded(1), np.ones(50_000))
    assert (each.min(), each.max()) == pytest.approx((0.5, 1.5), abs=0.001)
    assert each.mean() == pytest.approx(1.0, abs=0.01)
    assert length(seeded(1), np.full(50_000, 3.0)).mean() == pytest.approx(3.0, abs=0.01)
    assert length(seeded(1), np.zeros(3)).tolist() == [0, 0, 0]


def test_shorter_timelines_make_the_slowest_reads_slower_by_and_by() -> None:
    """A p99 that could only be one pause or two would jump by a whole one between two lengths."""
    where, slow = bad_minutes(), []
    for timeline in range(240, 199, -5):
        slow.append(simulate(replace(HYBRID, timeline=timeline), where).read(0.99))
    steps = np.diff(slow)
    assert steps.min() >= 0
    assert steps.max() < 0.8 * where.machines.pause
    assert slow[0] < 0.2 < slow[-1]


# --- dealing --------------------------------------------------------------------------------------


def test_messages_of_a_size_are_dealt_in_turn_and_begin_where_the_first_one_is() -> None:
    sizes = np.array([4_000.0, 4_000, 30, 4_000, 31, 1_000, 4_000, 16])
    assert _dealt(sizes).tolist() == [0, 1, 2, 2, 3, 5, 3, 4]


def test_every_worker_gets_as_many_of_each_size_to_within_one() -> None:
    sizes = np.floor(seeded(3).lognormal(4.0, 2.0, 5_000)) + 1
    turn = _dealt(sizes) % 7
    for alike in np.unique(np.frexp(sizes)[1]):
        many = np.bincount(turn[np.frexp(sizes)[1] == alike], minlength=7)
        assert many.max() - many.min() <= 1


@pytest.mark.parametrize("partition_by", ["none", "reader"])
def test_more_workers_are_never_later_but_by_noise_and_never_cheaper(
    partition_by: PartitionKey,
) -> None:
    """By author they may be: a hash puts authors together anew, and two large ones may meet."""
    where, fleets = bad_minutes(), (120, 130, 140, 160, 200, 260, 300, 380, 460)
    runs = [simulate(replace(HYBRID, partition_by=partition_by, workers=n), where) for n in fleets]
    late = [run.delivery(0.99) for run in runs]
    for n, seconds in enumerate(late):
        assert seconds <= 1.02 * min(late[:n], default=np.inf) + 0.3, fleets[n]
    assert np.all(np.diff([run.cost for run in runs]) > 0)


def test_more_workers_can_make_reads_wait_for_stores_that_they_write_to_faster() -> None:
    where = bad_minutes()
    loud = replace(HYBRID, threshold=7_000_000)
    few, many = (simulate(replace(loud, workers=n), where) for n in (300, 440))
    assert many.delivery(0.99) < few.delivery(0.99)
    assert many.hot_load > few.hot_load
    assert many.read(0.99) > few.read(0.99)


# --- when stores are written to -------------------------------------------------------------------


def test_writes_fall_evenly_into_the_time_that_a_worker_takes_for_them() -> None:
    end, much, lasting = np.array([2.5, 4.0]), np.array([20.0, 3.0]), np.array([2.0, 0.0])
    assert _spread(end, much, lasting, 1.0, 5) == pytest.approx([5, 10, 5, 3, 0], abs=0.01)


def test_what_is_written_after_the_end_is_not_counted_and_no_more_than_that() -> None:
    luck = seeded(5)
    end, much = luck.uniform(0, 12, 1_000), luck.uniform(0, 9, 1_000)
    lasting = np.minimum(luck.uniform(0, 3, 1_000), end)
    inside = np.clip((10.0 - (end - lasting)) / np.maximum(lasting, 1e-9), 0, 1)
    found = _spread(end, much, lasting, 0.5, 20)
    assert found.sum() == pytest.approx((much * inside).sum(), rel=1e-3)
    assert found.min() >= 0


def test_prices_of_machines_do_not_change_how_a_run_goes() -> None:
    where = bad_minutes()
    dear = replace(where, prices=Prices(worker=1_000.0))
    assert simulate(HYBRID, dear).read(0.99) == simulate(HYBRID, where).read(0.99)
