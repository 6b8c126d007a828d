"""What people should not see: replies before originals, entries of deleted tweets; by hand."""

from __future__ import annotations

import pytest

from pubsub_kit.feed.arena import Arena, Machines
from pubsub_kit.feed.designs import FeedDesign
from pubsub_kit.feed.machines.anomalies import GET_BOTH
from pubsub_kit.feed.machines.run import FeedRun
from pubsub_kit.feed.machines.simulate import simulate
from tests.feed.small import load, town

EXACT = Machines(worker_rate=100.0, message_overhead=0.0, broker_latency=0.0)


def answered(at: float, **design: object) -> FeedRun:
    """A tweet to 400, in four chunks of a second, and a reply by somebody with 10 followers."""
    there = load(town(400, 10), [(0.0, 0), (at, 1)], replies={1: 0})
    design = {"workers": 2, "chunk": 100, "express": 1} | design
    return simulate(FeedDesign(**design), Arena(there, EXACT))  # type: ignore[arg-type]


def test_a_reply_is_early_for_those_whom_the_original_has_not_reached() -> None:
    both = GET_BOTH * 10
    assert answered(0.1).early_replies == pytest.approx(both)  # at 0.2 s; the original: 1 to 4 s
    assert answered(2.4).early_replies == pytest.approx(both / 2)
    assert answered(3.9).early_replies == 0


def test_a_reply_held_on_read_is_never_early() -> None:
    assert answered(0.1, replies="held on read").early_replies == 0


def test_a_reply_to_a_pulled_tweet_is_never_early_but_a_pulled_reply_may_be() -> None:
    assert answered(0.1, threshold=100).early_replies == 0
    there = load(town(400, 500), [(0.0, 0), (0.1, 1)], replies={1: 0})
    run = simulate(FeedDesign(workers=1, threshold=450, chunk=100), Arena(there, EXACT))
    assert run.early_replies == pytest.approx(GET_BOTH * 400)


def test_by_reader_a_queue_keeps_replies_behind_originals() -> None:
    assert answered(0.1, partition_by="reader", express=0).early_replies == 0
    assert answered(0.1, partition_by="reader", express=1).early_replies > 0  # two queues


def deleted(at: float, unfollows: float = 0.0, **design: object) -> FeedRun:
    """A tweet to 300 in three chunks of a second, and its delete, one worker."""
    there = load(town(300, 0), [(0.0, 0)], deletes={0: at}, unfollows=unfollows)
    return simulate(FeedDesign(workers=1, chunk=100, **design), Arena(there, EXACT))  # type: ignore[arg-type]


def test_ignored_deletes_stay_in_every_timeline() -> None:
    assert deleted(10.0).ghosts == 300
    assert deleted(70.0).ghosts == 0  # after the end


def test_a_delete_that_is_fanned_out_is_the_work_of_a_tweet() -> None:
    left, swept = deleted(10.0), deleted(10.0, removal="fanned out")
    assert swept.ghosts == 0
    assert swept.worker_load == pytest.approx(2 * left.worker_load)
    assert swept.write_amplification == 2 * left.write_amplification
    assert swept.deliveries == left.deliveries == 300


def test_a_delete_near_the_end_leaves_what_it_has_not_reached() -> None:
    assert deleted(58.5, removal="fanned out").ghosts == 200


def test_a_delete_that_overtakes_its_tweet_leaves_it_there() -> None:
    """Round robin, the tweet waits behind another one's long chunk, and its delete does not."""
    there = load(town(300, 10), [(0.0, 0), (0.1, 1), (0.2, 1)], deletes={2: 0.3})
    design = FeedDesign(workers=2, removal="fanned out")
    assert simulate(design, Arena(there, EXACT)).ghosts == 10


def test_checked_on_read_nothing_deleted_is_seen() -> None:
    assert deleted(10.0, unfollows=2.0, removal="checked on read").ghosts == 0


def test_an_unfollowed_author_stays_with_an_even_share_of_the_timeline() -> None:
    follows, minute = 10, 60
    assert deleted(70.0, unfollows=2.0).ghosts == 2 * minute * 800 / follows
    swept = deleted(70.0, unfollows=2.0, removal="fanned out")
    assert swept.ghosts == 0
    assert swept.write_amplification == (300 + 2 * minute) * 3
    assert deleted(70.0, unfollows=2.0, threshold=0).ghosts == 0
