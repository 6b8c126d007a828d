"""A poison message, counted by hand: it crashes its worker until it is set aside."""

from __future__ import annotations

import numpy as np
import pytest

from pubsub_kit.feed.arena import Arena, Crash, Machines, Poison
from pubsub_kit.feed.designs import FeedDesign
from pubsub_kit.feed.machines.run import FeedRun
from pubsub_kit.feed.machines.simulate import simulate
from tests.feed.small import load, town

MACHINES = Machines(worker_rate=100.0, message_overhead=0.0, broker_latency=0.0)


def run(*faults: Poison | Crash, workers: int = 1, **design: object) -> FeedRun:
    """Four tweets to 100 followers each, at 0, 10, 11 and 40 s: a second's work each."""
    there = load(town(100, 0), [(0.0, 0), (10.0, 0), (11.0, 0), (40.0, 0)])
    made = FeedDesign(workers=workers, **design)  # type: ignore[arg-type]
    return simulate(made, Arena(there, MACHINES, faults=faults))


def test_the_message_is_set_aside_and_what_is_behind_it_waits_for_every_attempt() -> None:
    found = run(Poison(5.0, seconds=3.0), attempts=4)
    assert found.part_size.tolist() == [100, 0, 100, 100]
    assert found.part_latency[[0, 2, 3]] == pytest.approx([1.0, 10 + 4 * 3 + 1 - 11, 1.0])
    assert (found.lost, found.doubled) == (0, 0)


def test_each_attempt_more_makes_the_others_wait_longer() -> None:
    waits = [run(Poison(5.0), attempts=n).part_latency[2] for n in (1, 2, 5, 10)]
    assert np.diff(waits) == pytest.approx([1, 3, 5])


def test_attempts_without_end_block_a_worker_for_ever() -> None:
    found = run(Poison(5.0), attempts=10**17)
    assert found.backlog > 10**5
    assert found.part_latency[2] > 10**5
    assert found.part_latency[0] == pytest.approx(1.0)


def test_at_most_once_the_first_attempt_is_the_last() -> None:
    found = run(Poison(5.0, seconds=3.0), semantics="at most once", attempts=9)
    assert found.part_latency[2] == pytest.approx(3 - 1 + 1)


def test_only_the_worker_that_has_it_is_blocked() -> None:
    found = run(Poison(5.0), workers=2, attempts=20)
    assert found.part_latency[2] == pytest.approx(1.0)


def test_its_worker_works_on_nothing_meanwhile() -> None:
    assert run(Poison(5.0), attempts=20).worker_load == pytest.approx(3 / 60)


def test_a_crash_meanwhile_neither_loses_nor_doubles_it() -> None:
    found = run(Poison(5.0, seconds=3.0), Crash(12.0, seconds=2.0), attempts=4)
    assert (found.lost, found.doubled) == (0, 0)
    assert found.part_latency[2] == pytest.approx(10 + 12 + 1 - 11)


def test_where_nothing_comes_after_it_or_nothing_is_pushed_nothing_is_poisoned() -> None:
    assert run(Poison(50.0)).part_size.tolist() == [100] * 4
    assert run(Poison(5.0), threshold=0).backlog == 0


@pytest.mark.parametrize("partition_by", ["reader", "author"])
def test_every_partition_key_meets_it(partition_by: str) -> None:
    found = run(Poison(5.0), workers=2, partition_by=partition_by, attempts=20)
    assert found.part_latency.max() > 18
