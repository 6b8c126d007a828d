"""The worlds of lessons 02 to 05, unchanged, on three brokers: calm, and with a dead leader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pubsub_kit.checks.systems.idempotency import MarksAndBooksAtOnce
from pubsub_kit.scenarios.delivery_semantics import balances, deposits, semantics
from pubsub_kit.scenarios.fan_out import signups, wiring
from pubsub_kit.scenarios.idempotency import payments
from pubsub_kit.scenarios.out_of_order_transfers import numbered_moves
from pubsub_kit.world.search.explore import Oracle, explore
from pubsub_kit.world.world import World
from tests.mistakes import lesson

Stage = Callable[[World, Any], None]


def right(number: str, question: str) -> Any:
    """Return the first right answer to a question."""
    return next(r.answer for r in lesson(number).right if r.question == question)


SCENARIOS: dict[str, tuple[Stage, Any, Oracle]] = {
    "wire": (wiring.wire, right("02", "wire"), wiring.everyone_hears_of_everyone),
    "groups": (signups.groups, right("02", "groups"), signups.work_is_shared_and_news_is_copied),
    "payments": (payments.payments, MarksAndBooksAtOnce, payments.books_balance),
    "semantics": (
        semantics.semantics,
        dict(
            zip(
                semantics.NEEDS,
                ["at most once", "at least once", "effectively once"] * 2,
                strict=False,
            )
        ),
        lambda world: None,
    ),
    "fifo": (deposits.fifo, right("04", "fifo"), balances.deposited_once),
    "ledger": (numbered_moves.ledger, right("05", "account"), numbered_moves.adds_up),
}
EVERY = pytest.mark.parametrize("name", SCENARIOS)


def on_three_brokers(name: str, killed: float | None = None) -> Callable[[World], None]:
    """Return a scenario on three brokers, of which the leader is killed after so many seconds."""
    stage, answer, _ = SCENARIOS[name]

    def scenario(world: World) -> None:
        world.brokers(3, acks="all", min_insync=2)
        stage(world, answer)
        if killed is not None:
            world.at(killed, world.crash, "broker-1")

    return scenario


@EVERY
@pytest.mark.parametrize("killed", [None, 0.0, 0.002, 0.005, 1.0], ids=str)
def test_a_lessons_world_runs_unchanged(name: str, killed: float | None) -> None:
    oracle = SCENARIOS[name][2]
    found = explore(on_three_brokers(name, killed), oracle, max_faults=0)
    assert found.outcome == "holds", found
    assert found.world is not None
    cluster = found.world.cluster
    assert cluster.seen.acked
    assert cluster.seen.failed == []
    assert cluster.leader is cluster.nodes[0 if killed is None else 1]


@EVERY
def test_the_consumers_of_a_lesson_get_the_same_events_as_from_one_broker(name: str) -> None:
    stage, answer, _ = SCENARIOS[name]
    alone = World()
    stage(alone, answer)
    alone.run(1_000.0)
    three = World()
    on_three_brokers(name, 0.002)(three)
    three.run(1_000.0)
    for topic, kept in alone.broker.topics.items():
        ids = [e.id for p in range(kept.partitions) for _, e in kept.log.read(p, 0)]
        there = three.broker.topics[topic].log
        assert [e.id for p in range(kept.partitions) for _, e in there.read(p, 0)] == ids


def test_a_lessons_faults_are_tried_on_three_brokers_too() -> None:
    found = explore(
        on_three_brokers("payments"),
        payments.books_balance,
        faults=["crash", "ack lost", "confirm lost"],
        max_faults=1,
    )
    assert found.outcome == "holds", found
