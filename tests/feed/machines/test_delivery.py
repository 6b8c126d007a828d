"""Fan-out on write: who gets which message, in what order, and what a fault does to it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubsub_kit.feed.arena import Arena, Crash, Failover, Fault, Machines
from pubsub_kit.feed.designs import DesignError, FeedDesign
from pubsub_kit.feed.machines import delivery
from pubsub_kit.feed.machines.delivery import destinations
from pubsub_kit.feed.machines.run import FeedRun
from pubsub_kit.feed.machines.simulate import simulate
from tests.feed.small import load, town

EXACT = Machines(worker_rate=100.0, message_overhead=0.0, broker_latency=0.0)


def fanned(*tweets: tuple[float, int], sizes: tuple[int, ...], **design: object) -> FeedRun:
    """Tweets as (seconds, author) fanned out at 100 deliveries a second, without overhead."""
    faults = design.pop("faults", ())
    assert isinstance(faults, tuple)
    there = load(town(*sizes), list(tweets))
    return simulate(FeedDesign(**design), Arena(there, EXACT, faults=faults))  # type: ignore[arg-type]


# --- destinations ---------------------------------------------------------------------------------


def test_destinations_are_all_followers_or_the_active_ones() -> None:
    network = town(10, 20, 30, 7, idle=2)
    everybody = np.ones(4, dtype=bool)
    assert destinations(network, everybody).tolist() == [10, 20, 30, 7]
    assert destinations(network, network.active).tolist() == [5, 10, 15, 3]
    assert destinations(network, ~everybody).tolist() == [0, 0, 0, 0]


def test_of_a_part_of_the_people_that_part_of_followers_is_a_destination() -> None:
    network = town(100, 100, 100, 100)
    network.following[:] = [30, 10, 10, 10]
    kept = np.array([True, False, False, False])
    assert destinations(network, kept).tolist() == [50] * 4  # half of all follows are the first's


# --- chunks and partitions ------------------------------------------------------------------------


@pytest.mark.parametrize("partition_by", ["author", "reader", "none"])
@pytest.mark.parametrize("express", [0, 2])
@given(sizes=st.lists(st.integers(0, 500), min_size=1, max_size=8), chunk=st.integers(1, 60))
def test_no_chunk_is_too_large_and_each_destination_gets_one(
    partition_by: str, express: int, sizes: list[int], chunk: int
) -> None:
    tweets = [(float(i), i) for i in range(len(sizes))]
    design = {"partition_by": partition_by, "express": express, "workers": 5, "chunk": chunk}
    run = fanned(*tweets, sizes=tuple(sizes), **design)
    assert (run.part_size <= chunk).all()
    assert (run.part_size >= 1).all()
    made = np.bincount(run.part_tweet, run.part_size, minlength=len(sizes))
    assert made.tolist() == sizes


def test_by_author_one_worker_has_all_of_a_tweet() -> None:
    run = fanned((0.0, 1), sizes=(0, 400), workers=4, chunk=100, partition_by="author")
    assert run.part_latency == pytest.approx([1, 2, 3, 4])
    assert fanned((0.0, 1), sizes=(0, 400), workers=4, chunk=100).delivery(1) == pytest.approx(1)


def arrivals(run: FeedRun) -> list[float]:
    """When the last delivery of each tweet is made."""
    at = run.arena.load.tweet_at[run.part_tweet] + run.part_latency
    return [float(at[run.part_tweet == tweet].max()) for tweet in range(run.tweets)]


@pytest.mark.parametrize(("partition_by", "in_order"), [("author", True), ("none", False)])
def test_an_authors_tweets_stay_in_order_by_author_and_need_not_otherwise(
    partition_by: str, in_order: bool
) -> None:
    """Round robin, the second of three short tweets waits behind a long one, the third does not."""
    tweets, sizes = ((0.0, 0), (0.05, 1), (0.1, 1), (0.2, 1)), (300, 10)
    run = fanned(*tweets, sizes=sizes, workers=2, partition_by=partition_by)
    of_one_author = arrivals(run)[1:]
    assert (of_one_author == sorted(of_one_author)) == in_order


def test_by_reader_every_worker_shares_each_tweet() -> None:
    run = fanned((0.0, 0), sizes=(401, 0), workers=4, partition_by="reader")
    assert sorted(run.part_size) == [100, 100, 100, 101]
    assert len(fanned((0.0, 0), sizes=(3, 0), workers=4, partition_by="reader").part_size) == 3


def test_express_workers_serve_tweets_of_one_chunk_alone() -> None:
    tweets, sizes = ((0.0, 0), (0.1, 1)), (400, 10)
    mixed = fanned(*tweets, sizes=sizes, workers=2, chunk=100)
    apart = fanned(*tweets, sizes=sizes, workers=2, chunk=100, express=1)
    assert mixed.delivery(1.0, below=100) == pytest.approx(2.0)  # behind two chunks
    assert apart.delivery(1.0, below=100) == pytest.approx(0.1)
    assert apart.delivery(1.0, at_least=100) == pytest.approx(4.0)  # one worker is left for it


def test_alike_workers_may_stand_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """By reader, half of the workers give the same quantiles as all: they get the same share."""
    tweets = [(i * 0.2, i % 7) for i in range(290)]
    sizes = (400, 800, 1_200, 40, 2_000, 4_000, 80)
    whole = fanned(*tweets, sizes=sizes, workers=40, partition_by="reader")
    monkeypatch.setattr(delivery, "MESSAGES", len(whole.part_size) // 2)
    sample = fanned(*tweets, sizes=sizes, workers=40, partition_by="reader")
    assert len(sample.part_size) == len(whole.part_size) // 2
    assert sample.part_size.sum() == pytest.approx(whole.part_size.sum())
    assert sample.worker_load == pytest.approx(whole.worker_load)
    for q in (0.1, 0.5, 0.99):
        assert sample.delivery(q) == pytest.approx(whole.delivery(q), rel=1e-6)


def test_a_crash_takes_as_many_workers_where_each_stands_for_several(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    faults = (Crash(0.5, 10.0, workers=20),)
    there: dict[str, object] = {"workers": 40, "partition_by": "reader", "faults": faults}
    whole = fanned(*[(0.0, 0)] * 10, sizes=(4_000, 0), **there)
    monkeypatch.setattr(delivery, "MESSAGES", len(whole.part_size) // 4)
    sample = fanned(*[(0.0, 0)] * 10, sizes=(4_000, 0), **there)
    assert len(sample.part_size) == len(whole.part_size) // 4
    assert sample.doubled == whole.doubled == 20 * 50


@pytest.mark.parametrize("partition_by", ["author", "reader", "none"])
def test_more_messages_than_fit_are_refused(partition_by: str) -> None:
    with pytest.raises(DesignError, match=r"chunk=1 makes about 30 million messages .* give it"):
        fanned((0.0, 0), sizes=(30_000_000, 0), chunk=1, workers=1, partition_by=partition_by)


# --- faults ---------------------------------------------------------------------------------------

CRASH = (Crash(1.5, seconds=10.0),)  # half of the second chunk is delivered
FAILOVER = (Failover(1.5, seconds=10.0),)


def struck(faults: tuple[Fault, ...], **design: object) -> FeedRun:
    """Three chunks of a second each, one worker."""
    return fanned((0.0, 0), sizes=(300, 0), chunk=100, workers=1, faults=faults, **design)


def test_at_least_once_a_crash_doubles_what_was_delivered_of_the_chunk_in_hand() -> None:
    run = struck(CRASH)
    assert (run.doubled, run.lost, float(run.part_size.sum())) == (50.0, 0.0, 300.0)
    assert run.part_latency == pytest.approx([1.0, 12.5, 13.5])
    assert run.write_amplification == 350 * 3


def test_dedup_keeps_a_second_delivery_out_of_the_timelines() -> None:
    run = struck(CRASH, dedup=True)
    assert (run.doubled, run.lost, run.write_amplification) == (0, 0, 300 * 3)
    assert run.part_latency == pytest.approx([1.25, 12.75, 14.0])  # each look-up has its price


def test_at_most_once_a_crash_loses_the_rest_of_the_chunk_in_hand() -> None:
    run = struck(CRASH, semantics="at most once")
    assert (run.doubled, run.lost) == (0, 50)
    assert run.part_size.tolist() == [100, 50, 100]
    assert run.part_latency == pytest.approx([1.0, 1.5, 12.5])


def test_at_least_once_a_failover_doubles_the_whole_chunk_whose_ack_is_lost() -> None:
    run = struck(FAILOVER)
    assert (run.doubled, run.lost) == (100, 0)
    assert run.part_latency == pytest.approx([1.0, 2.0, 13.5])


def test_at_most_once_a_failover_loses_the_chunk_on_its_way() -> None:
    run = struck(FAILOVER, semantics="at most once")
    assert (run.doubled, run.lost) == (0, 100)
    assert run.part_latency[[0, 2]] == pytest.approx([1.0, 12.5])


def test_a_message_tried_too_often_is_set_aside() -> None:
    run = struck((Crash(1.5, 1.0), Crash(3.0, 1.0)), attempts=2)
    assert (run.doubled, run.lost) == (50, 50)  # half a chunk twice, and no third try
    assert run.part_latency == pytest.approx([1.0, 3.0, 5.0])
    assert struck(CRASH, attempts=1).lost == 50


def test_who_is_idle_at_a_crash_delays_what_comes_meanwhile() -> None:
    run = fanned((2.0, 0), sizes=(100, 0), workers=1, faults=(Crash(1.0, 5.0),))
    assert run.delivery(1.0) == pytest.approx(5.0)
    assert run.doubled == 0


def test_a_crash_takes_the_workers_with_the_largest_chunks_in_hand() -> None:
    tweets, sizes = ((0.0, 0), (0.0, 1), (0.0, 2)), (100, 300, 200)
    run = fanned(*tweets, sizes=sizes, workers=3, faults=(Crash(0.5, 10.0, workers=2),))
    assert run.part_latency == pytest.approx([1.0, 13.5, 12.5])


def test_what_a_worker_waits_for_is_no_work() -> None:
    run = struck(CRASH)
    assert run.worker_load * 60 == pytest.approx(3.5)  # three chunks, and half of one again


faults = st.lists(
    st.one_of(
        st.builds(Crash, st.floats(0, 12), st.floats(0, 4), st.integers(1, 4)),
        st.builds(Failover, st.floats(0, 12), st.floats(0, 4)),
    ),
    max_size=4,
)


@pytest.mark.parametrize("partition_by", ["author", "reader", "none"])
@pytest.mark.parametrize("semantics", ["at most once", "at least once"])
@given(faults=faults, attempts=st.integers(1, 3))
def test_whatever_fails_a_delivery_is_made_or_counted_as_lost(
    partition_by: str, semantics: str, faults: list[Fault], attempts: int
) -> None:
    run = fanned(
        *((i * 0.5, i % 3) for i in range(20)),
        sizes=(50, 120, 400),
        workers=3,
        chunk=60,
        partition_by=partition_by,
        semantics=semantics,
        attempts=attempts,
        faults=tuple(faults),
    )
    assert run.part_size.sum() + run.lost == pytest.approx(run.deliveries)
    assert (run.part_size >= 0).all()
    assert (run.part_latency >= 0).all()
    if semantics == "at most once":
        assert run.doubled == 0
    elif attempts == 3 and len(faults) < 3:
        assert run.lost == 0


def test_a_second_delivery_that_a_crash_ends_is_doubled_only_as_far_as_it_got() -> None:
    run = struck((Failover(1.5, 0.5), Crash(2.5, 1.0)), attempts=2)
    assert (run.doubled, run.lost) == (50, 0)  # the second chunk is again under way from 2.0 on
    assert run.part_latency == pytest.approx([1.0, 2.0, 4.5])


def test_a_crash_of_a_worker_that_is_down_is_no_further_try() -> None:
    run = struck((Crash(1.5, 10.0), Crash(5.0, 10.0)), attempts=2)
    assert (run.doubled, run.lost) == (50, 0)
    assert run.part_latency == pytest.approx([1.0, 16.0, 17.0])


def test_a_failover_while_a_worker_is_down_doubles_nothing_more() -> None:
    run = struck((Crash(1.5, 10.0), Failover(5.0, 2.0)))
    assert (run.doubled, run.lost) == (50, 0)
    assert run.part_latency == pytest.approx([1.0, 12.5, 13.5])


@pytest.mark.parametrize("semantics", ["at most once", "at least once"])
def test_what_begins_at_the_moment_of_a_crash_waits_for_it_once(semantics: str) -> None:
    tweets, crash = ((2.0, 0), (2.5, 0)), (Crash(2.0, 5.0),)
    run = fanned(*tweets, sizes=(100, 0), workers=1, faults=crash, semantics=semantics)
    last = {"at least once": [6.0, 6.5], "at most once": [5.5]}[semantics]
    assert run.part_latency[run.part_size > 0] == pytest.approx(last)
