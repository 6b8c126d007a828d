"""A run of the world, written as a log and read back, gets the verdict that the run itself gives.

What is right is found by other means than the oracles': in the rows of the store, in the broker, or
in the trace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pubsub_kit.checks.systems.idempotency import (
    AddsEachTime,
    ChecksThenActs,
    MarksAndBooksAtOnce,
    MarksThenBooks,
)
from pubsub_kit.incidents import incident
from pubsub_kit.incidents.history import History
from pubsub_kit.incidents.questions import QUESTIONS
from pubsub_kit.incidents.reading import written
from pubsub_kit.incidents.shapes import GROUP, SHAPES, TOPIC
from pubsub_kit.incidents.written import records, rows
from pubsub_kit.scenarios.idempotency.payments import OWED, PAYMENTS, payments
from pubsub_kit.world.world import World

SEEDS = range(40)


def runs(oracle: str) -> Iterator[World]:
    """Yield runs of the world that belongs to an oracle, with and without luck."""
    shape = SHAPES[oracle]
    for seed in SEEDS:
        world = World(seed, faults=dict.fromkeys(shape.faults, 0.15 * (seed % 3)))
        shape.world(world)
        world.run(shape.until)
        yield world


def verdict(world: World, oracle: str) -> str:
    return incident(written(rows(world))).finding(oracle).verdict


def charged(world: World) -> Any:
    return world.stores["db"].rows.get("ann", 0)


def first_effects(world: World) -> list[str]:
    texts = [step.text.removeprefix("ann = ") for step in world.trace.of("effect")]
    return list(dict.fromkeys(texts))


def ended_for_another(world: World) -> bool:
    """Say whether an ack counted of a worker that was not the last one to get the message."""
    last = ""
    for step in world.trace.of("receive"):
        if step.peer == TOPIC and step.text.startswith("order-1"):
            last = step.node
        elif step.node == TOPIC and step.text == "ack order-1" and step.peer != last:
            return True
    return False


def acks_lost(world: World) -> bool:
    return bool(world.trace.of("lose"))


def unacked(world: World) -> bool:
    """Say whether the group still owes an ack of what was due before the last publication."""
    acked = {s.text for s in world.trace.of("receive") if s.node == TOPIC and "ack" in s.text}
    return bool(acked) and not {"ack order-1", "ack order-2"} <= acked


TRUTH: dict[str, Callable[[World], bool]] = {
    "doubled effect": lambda world: charged(world) > 10,
    "acked without effect": lambda world: charged(world) == 10,
    "redelivered though acked": acks_lost,
    "out of order": lambda world: first_effects(world) == ["order-2", "order-1"],
    "late ack": ended_for_another,
    "lost": unacked,
    "stuck": lambda world: True,
    "effect without message": lambda world: (
        "order-2" in world.stores["db"].rows
        and "order-2" not in {event.id for _, event in world.broker.topic(TOPIC).log.read(0, 0)}
    ),
    "dead letter without reason": lambda world: True,
}


@pytest.mark.parametrize("oracle", TRUTH)
def test_a_log_of_a_run_is_broken_where_the_run_was_and_holds_where_it_did(oracle: str) -> None:
    """Where the log can't tell, it says so."""
    seen = set()
    for world in runs(oracle):
        expected = TRUTH[oracle](world)
        found = verdict(world, oracle)
        seen.add(found)
        assert found == "undecidable" or (found == "broken") == expected, written(rows(world))
    assert "broken" in seen


@pytest.mark.parametrize("oracle", QUESTIONS)
def test_what_is_read_back_is_judged_as_what_was_written(oracle: str) -> None:
    for world in runs(oracle):
        read_back = incident(written(rows(world))).judged()
        told = [question(History(records(world))) for question in QUESTIONS.values()]
        assert [*read_back] == told


@pytest.mark.parametrize(
    "answer", [AddsEachTime, ChecksThenActs, MarksThenBooks, MarksAndBooksAtOnce]
)
def test_a_known_wrong_answer_is_told_by_its_log(answer: Any) -> None:
    """A balance is too high exactly where a payment changed it twice."""
    high = 0
    for seed in range(80):
        faults = {"duplicate": 0.1, "crash": 0.1, "preempt": 0.1, "ack lost": 0.1}
        world = World(seed, faults=faults)
        payments(world, answer)
        world.run(500)
        db = world.stores["db"].rows
        case = incident(written(rows(world)))
        twice = [f for f in [case.finding("doubled effect")] if f.broken]
        above = any(db.get(name, 0) > owed for name, owed in OWED.items())
        lacking = any(db.get(name, 0) < owed for name, owed in OWED.items())
        assert bool(twice) == above or (twice and lacking)
        high += above
    assert bool(high) == (answer in (AddsEachTime, ChecksThenActs))


def test_a_log_of_a_run_names_its_topic_its_group_and_its_lease() -> None:
    world = next(runs("doubled effect"))
    (got,) = [each for each in records(world) if each.what == "delivered"]
    assert (got.topic, got.group, got.worker, got.lease) == (TOPIC, GROUP, GROUP, 10)
    assert set(PAYMENTS) == {"pay-1", "pay-2", "pay-3"}
