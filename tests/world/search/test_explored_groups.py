"""Groups of both kinds under every schedule of faults, with workers that come and go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest

from pubsub_kit.world.search import explore as search
from pubsub_kit.world.search.explore import Scenario, explore
from pubsub_kit.world.world import World
from tests.world.payments import InMemory, Naive, Transactional, charged_once, paying

Kind = Literal["shared", "partitioned"]
BOTH = pytest.mark.parametrize("kind", ["shared", "partitioned"])
FAULTS = ("crash", "pause", "ack lost")


def payments(answer: Callable[..., Any], kind: Kind, partitions: int = 1) -> Scenario:
    return paying(answer, partitions=partitions, assignment=kind)


@BOTH
@pytest.mark.parametrize("partitions", [1, 2])
def test_an_idempotent_consumer_holds_whatever_happens_to_its_group(
    kind: Kind, partitions: int
) -> None:
    scenario = payments(Transactional, kind, partitions)
    found = explore(scenario, charged_once, faults=FAULTS, max_faults=2)
    assert found.outcome == "holds"


@BOTH
@pytest.mark.parametrize("answer", [Naive, InMemory])
def test_one_that_counts_on_its_group_is_caught(kind: Kind, answer: Any) -> None:
    found = explore(payments(answer, kind), charged_once, faults=FAULTS, max_faults=2)
    assert found.outcome == "fails"
    assert found.violation is not None
    assert "is charged 2 times" in found.violation.message


def coming_and_going(kind: Kind, answer: Any) -> Scenario:
    """Payments, a worker that joins and one that leaves while the others work."""

    def scenario(world: World) -> None:
        db = world.store("ledger")
        world.topic("payments", 2)
        group = world.consumer(
            "w", lambda: answer(db), "payments", workers=2, assignment=kind, latency=1.0
        )
        for i in range(3):
            world.publish("payments", {"amount": 10}, id=f"pay-{i + 1}")
        world.at(0.5, group.hire, "w-3")
        world.at(1.0, group.leave, "w-1")

    return scenario


def reached(scenario: Scenario, faults: tuple[str, ...], **options: Any) -> set[tuple[Any, ...]]:
    """Everything that can be done in a scenario, in each order in which it can be done."""
    found: set[tuple[Any, ...]] = set()

    def look(world: World) -> None:
        found.add(tuple((step.node, step.text) for step in world.trace.of("effect")))

    result = explore(scenario, look, faults=faults, max_faults=2, **options)
    assert result.outcome in ("holds", "not exercised")
    return found


ANSWERS = pytest.mark.parametrize("answer", [Naive, InMemory, Transactional])


@BOTH
@ANSWERS
@pytest.mark.parametrize(
    "faults", [FAULTS, ("stays down", "long crash"), ("broker crash", "crash"), ("broker wiped",)]
)
def test_merging_equal_states_loses_no_future(
    kind: Kind, answer: Any, faults: tuple[str, ...]
) -> None:
    scenario = coming_and_going(kind, answer)
    assert reached(scenario, faults, merge=True) == reached(scenario, faults)


@BOTH
@ANSWERS
def test_leaving_out_what_pre_emption_would_repeat_loses_no_future(
    kind: Kind, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = coming_and_going(kind, answer)
    pruned = reached(scenario, ("preempt", "crash"))
    run_once: Callable[..., Any] = search.run_once
    monkeypatch.setattr(search, "run_once", lambda *given: run_once(*(*given[:-1], (False, False))))
    assert reached(scenario, ("preempt", "crash")) == pruned
