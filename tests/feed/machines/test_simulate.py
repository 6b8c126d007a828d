"""A run of a design at scale: what is delivered when, what it costs, and that it repeats."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from pubsub_kit.feed.arena import Arena, Crash, Failover, Machines, NodeLoss
from pubsub_kit.feed.designs import DesignError, FeedDesign
from pubsub_kit.feed.machines.run import FeedRun, RunError
from pubsub_kit.feed.machines.simulate import simulate
from pubsub_kit.feed.people.network import Bools, Network
from tests.feed.small import load, town

EXACT = Machines(worker_rate=100.0, message_overhead=0.0, broker_latency=0.0)
FAULTS = (Crash(10.0, workers=2), Failover(20.0), NodeLoss(30.0))


def busy(**changes: object) -> FeedRun:
    """Two thousand tweets of all sizes, half of them replies, and reads, with every fault."""
    rng = np.random.default_rng(3)
    network = town(*rng.lognormal(4, 2, 200).astype(int), idle=100)
    tweets = [
        (t, int(a))
        for t, a in zip(
            np.linspace(0, 59, 2_000).tolist(), rng.integers(0, 100, 2_000), strict=True
        )
    ]
    there = load(
        network,
        tweets,
        replies={i: i - 1 for i in range(1, 2_000, 2)},
        deletes={i: tweets[i][0] + 1 for i in range(0, 2_000, 9)},
        reads=5_000,
        returning=0.02,
    )
    design = FeedDesign(**{"workers": 10, "stores": 5, "chunk": 50} | changes)  # type: ignore[arg-type]
    return simulate(design, Arena(there, Machines(worker_rate=2_000), faults=FAULTS))


def test_a_celebrity_alone_takes_a_round_for_each_chunk_a_worker_gets() -> None:
    there = load(town(1_050, 0), [(0.0, 0)])
    run = simulate(FeedDesign(chunk=100, workers=4), Arena(there, EXACT))
    assert run.deliveries == 1_050
    assert sorted(run.part_size) == [50] + [100] * 10
    assert run.delivery(1.0) == pytest.approx(3.0)  # 11 chunks of a second, 4 at a time
    assert run.delivery(0.25) == pytest.approx(1.0)


def test_latency_begins_with_the_tweet_and_counts_the_broker() -> None:
    there = load(town(100, 0), [(5.0, 0)])
    machines = Machines(worker_rate=100, message_overhead=0.5, broker_latency=0.25)
    run = simulate(FeedDesign(workers=1), Arena(there, machines))
    assert run.delivery(0.5) == pytest.approx(1.75)


def test_pulled_authors_take_exactly_their_deliveries_from_the_work() -> None:
    there = load(town(1_000, 30, 20), [(1.0, 0), (2.0, 1), (3.0, 2), (4.0, 2)])
    pushed = simulate(FeedDesign(replicas=1), Arena(there))
    hybrid = simulate(FeedDesign(replicas=1, threshold=1_000), Arena(there))
    assert pushed.deliveries - hybrid.deliveries == 1_000
    assert pushed.write_amplification * 4 == 1_070
    assert hybrid.write_amplification * 4 == 70 + 1  # and the celebrity's own list


def test_the_same_design_and_arena_give_the_same_run() -> None:
    one, other = busy(), busy()
    for field in fields(FeedRun):
        if field.name not in ("design", "arena"):
            assert np.array_equal(getattr(one, field.name), getattr(other, field.name)), field.name


@pytest.mark.parametrize("partition_by", ["author", "reader", "none"])
@pytest.mark.parametrize("semantics", ["at most once", "at least once"])
@pytest.mark.parametrize("removal", ["ignored", "fanned out", "checked on read"])
@pytest.mark.parametrize("threshold", [0, 100, 10**9])
@pytest.mark.parametrize("express", [0, 3])
def test_no_number_of_any_design_is_infinite_or_none(
    partition_by: str, semantics: str, removal: str, threshold: int, express: int
) -> None:
    run = busy(
        partition_by=partition_by,
        semantics=semantics,
        removal=removal,
        threshold=threshold,
        express=express,
    )
    for field in fields(FeedRun):
        if field.name not in ("design", "arena"):
            numbers = np.asarray(getattr(run, field.name), dtype=float)
            assert np.isfinite(numbers).all(), field.name
            assert (numbers >= 0).all(), field.name
    assert run.part_size.sum() + run.lost == pytest.approx(run.deliveries)


def test_work_that_never_ends_in_the_span_shows_as_backlog() -> None:
    there = load(town(6_000, 0), [(0.0, 0), (1.0, 0)])
    run = simulate(FeedDesign(workers=1, chunk=6_000), Arena(there, EXACT))
    assert run.worker_load == pytest.approx(2.0)
    assert run.backlog == pytest.approx(60.0)
    assert run.delivery(1.0) == pytest.approx(119.0)


@pytest.mark.parametrize("down", [Crash(50.0, 20.0), Failover(50.0, 20.0)])
def test_what_comes_while_nobody_serves_is_backlog_too(down: Crash | Failover) -> None:
    there = load(town(300, 100), [(49.5, 1), (55.0, 0)])
    run = simulate(FeedDesign(workers=1), Arena(there, EXACT, faults=(down,)))
    assert run.backlog == pytest.approx(1.0 + 3.0)  # work alone, not the time that nobody works


def test_an_hour_of_machines_and_messages_is_priced_by_the_month() -> None:
    there = load(town(10, 0), [(1.0, 0)], seconds=3_600.0)
    run = simulate(FeedDesign(workers=3, stores=4), Arena(there))
    assert run.cost == pytest.approx(3 * 100 + 4 * 500 + 720 * 0.02 / 1e6)


def test_a_design_may_be_code() -> None:
    class Even(FeedDesign):
        def pushed(self, network: Network) -> Bools:
            return np.asarray(np.arange(len(network.followers)) % 2 == 0)

    there = load(town(10, 20, 40), [(1.0, 0), (1.0, 1), (1.0, 2)])
    assert simulate(Even(), Arena(there)).deliveries == 50


@pytest.mark.parametrize("answer", [True, [True, False], np.array([1.0, 0.0, 0.0]), None])
def test_a_rule_that_does_not_answer_for_each_account_is_refused(answer: object) -> None:
    class Wrong(FeedDesign):
        def kept(self, network: Network) -> Bools:
            return answer  # type: ignore[return-value]

    with pytest.raises(DesignError, match=r"kept\(network\) returns an array of True or False"):
        simulate(Wrong(), Arena(load(town(10, 20, 40))))


def test_an_error_inside_a_rule_comes_through() -> None:
    class Broken(FeedDesign):
        def pushed(self, network: Network) -> Bools:
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        simulate(Broken(), Arena(load(town(10))))


def test_nothing_happens_and_that_is_no_error() -> None:
    run = simulate(FeedDesign(), Arena(load(town(10))))
    assert (run.deliveries, run.delivery(0.99), run.read(0.99)) == (0, 0, 0)


@pytest.mark.parametrize("share", [99, -0.1, float("nan"), "half"])
def test_a_quantile_lies_between_0_and_1(share: Any) -> None:
    with pytest.raises(RunError, match=f"not at {share!r}"):
        simulate(FeedDesign(), Arena(load(town(10)))).delivery(share)


@pytest.mark.parametrize(
    ("name", "most"), [("workers", 10**7), ("stores", 10**7), ("chunk", 10**18)]
)
def test_numbers_of_a_design_end_somewhere(name: str, most: int) -> None:
    design: dict[str, Any] = {name: most}
    simulate(FeedDesign(**design), Arena(load(town(10), [(0.0, 0)]), faults=FAULTS))
    with pytest.raises(DesignError, match=f"{name} is at most {most:_}, not"):
        FeedDesign(**{name: most + 1})  # type: ignore[arg-type]
