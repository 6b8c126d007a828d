"""Equal states are explored once, where that is sound: no verdict changes, some work is saved."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from pubsub_kit.broker.snapshot import of_broker
from pubsub_kit.log.event import Event
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.explore import Exploration, Oracle, Scenario, Violation, explore
from pubsub_kit.world.stores import Store
from pubsub_kit.world.world import World
from tests.world.payments import (
    FAULTS,
    Calling,
    ChargeFirst,
    CheckThenAct,
    Dozing,
    InMemory,
    MarkFirst,
    Naive,
    Stubborn,
    Transactional,
    charged_once,
    paying,
    with_a_bank,
)

TWO = ("pay-1", "pay-2")


def nothing_wrong(_: World) -> Violation | None:
    return None


def both_ways(
    scenario: Scenario, oracle: Oracle, **options: Any
) -> tuple[Exploration, Exploration]:
    """Explore without and with merging."""
    plain = explore(scenario, oracle, **options)
    return plain, explore(scenario, oracle, merge=True, **options)


ANSWERS = [Naive, InMemory, MarkFirst, ChargeFirst, CheckThenAct, Transactional, Stubborn]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("faults", [FAULTS, ("crash", "pause", "ack lost"), ("delay", "reorder")])
def test_merging_equal_states_changes_no_verdict(answer: Any, faults: tuple[str, ...]) -> None:
    plain, merged = both_ways(paying(answer), charged_once, faults=faults)
    assert (merged.outcome, merged.code) == (plain.outcome, plain.code)
    assert merged.violation == plain.violation
    assert merged.trace.text() == plain.trace.text()
    assert merged.schedules <= plain.schedules


@pytest.mark.parametrize(
    "scenario",
    [
        paying(Dozing, payments=TWO, ack_deadline=6.0),
        with_a_bank(paying(Calling, payments=TWO)),
        paying(InMemory, payments=TWO),
    ],
)
def test_merging_loses_no_ending(scenario: Scenario) -> None:
    def endings(merge: bool) -> set[str]:
        seen: set[str] = set()

        def oracle(world: World) -> None:
            effects = [step.data for step in world.trace.of("effect")]
            seen.add(repr((sorted(world.stores["ledger"].rows.items()), effects)))

        explore(scenario, oracle, faults=("crash", "ack lost"), max_faults=2, merge=merge)
        return seen

    assert endings(merge=True) == endings(merge=False)


def test_merging_saves_schedules() -> None:
    """It saves a tenth of them here, and about as much time as it costs: so you must ask for it."""
    plain, merged = both_ways(
        paying(Transactional), charged_once, faults=("crash", "ack lost"), max_faults=4
    )
    assert (plain.outcome, merged.outcome) == ("holds", "holds")
    assert plain.merged == 0
    assert merged.merged > 100
    assert merged.schedules < 0.95 * plain.schedules
    upto, runs = "of up to 4 faults", f"covered by {merged.schedules:,} runs"
    assert str(plain) == f"holds: all {plain.schedules:,} schedules {upto}"
    assert str(merged) == f"holds: every schedule {upto}, {runs}"


SEEN: set[str] = set()


class InAGlobal(Naive):
    async def handle(self, event: Event) -> None:
        SEEN.add(event.id)
        await super().handle(event)


class InTheClass(Naive):
    seen: set[str] = set()  # noqa: RUF012

    async def handle(self, event: Event) -> None:
        self.seen.add(event.id)
        await super().handle(event)


class InADefault(Naive):
    async def handle(self, event: Event, seen: set[str] = set()) -> None:  # noqa: B006
        seen.add(event.id)
        await super().handle(event)


class InAnIterator(Naive):
    def __init__(self, ledger: Store) -> None:
        super().__init__(ledger)
        self.numbers = itertools.count()

    async def handle(self, event: Event) -> None:
        next(self.numbers)
        await super().handle(event)


def in_a_closure(ledger: Store) -> Callable[[Event], Any]:
    seen: set[str] = set()

    async def handle(event: Event) -> None:
        if event.id not in seen:
            seen.add(event.id)
            await ledger.add(f"charged {event.id}", 1)

    return handle


def in_a_nonlocal(ledger: Store) -> Callable[[Event], Any]:
    count = 0

    async def handle(event: Event) -> None:
        nonlocal count
        count += 1
        await ledger.add(f"charged {event.id}", 1)

    return handle


@pytest.mark.parametrize(
    "answer", [InAGlobal, InTheClass, InADefault, InAnIterator, in_a_closure, in_a_nonlocal]
)
def test_a_handler_whose_memory_cannot_be_seen_is_never_merged(answer: Any) -> None:
    options: dict[str, Any] = {"faults": ("crash", "ack lost"), "max_faults": 2}
    plain, merged = both_ways(paying(answer), nothing_wrong, **options)
    assert merged.merged == 0
    assert merged.schedules == plain.schedules


def test_a_handlers_own_memory_tells_states_apart() -> None:
    """After the crash of one worker the rows may be equal, what the workers remember is not."""

    class Forgetful(Naive):
        """Charges again what it has not seen itself: wrong only where memory was lost."""

        def __init__(self, ledger: Store) -> None:
            super().__init__(ledger)
            self.seen: list[str] = []

        async def handle(self, event: Event) -> None:
            if event.id in self.seen:
                return
            self.seen.append(event.id)
            await self.ledger.add(f"charged {event.id}", 1)

    options: dict[str, Any] = {"faults": ("crash", "ack lost"), "max_faults": 3}
    plain, merged = both_ways(paying(Forgetful, workers=1), charged_once, **options)
    assert (merged.outcome, merged.code) == (plain.outcome, plain.code) == ("fails", plain.code)


def test_publishing_handlers_merge_as_well() -> None:
    def scenario(world: World) -> None:
        world.topic("t")
        world.topic("out")

        async def forward(event: Event) -> None:
            await publish("out", id=event.id)

        world.consumer("worker", lambda: forward, "t", workers=2)
        world.publish("t", id="a")
        world.publish("t", id="b")

    plain, merged = both_ways(scenario, nothing_wrong, faults=("crash", "ack lost"), max_faults=3)
    assert (plain.outcome, merged.outcome) == ("holds", "holds")
    assert merged.merged > 0


def remembering(where: str) -> Scenario:
    """A scenario in which not the handler counts, but something else that decides what follows."""
    numbers = itertools.count()

    def count(_: Any) -> float:
        return float(next(numbers) < 0)

    def scenario(world: World) -> None:
        ledger = world.store("ledger")
        world.topic("t")
        if where == "a service":
            world.service("bank", lambda request: count(request))
        if where == "a link":
            world.service("bank")
            world.link("main", "bank", latency=count)
            world.node("main")
        options: dict[str, Any] = {}
        if where == "a filter":
            options = {"filter": lambda event: not count(event)}
        if where == "a latency":
            options = {"latency": count}

        async def handle(event: Event) -> None:
            async with ledger.transaction() as tx:
                await tx.insert(f"seen {event.id}")

        world.consumer("worker", lambda: handle, "t", start="earliest", **options)
        data = ([],) if where == "the data of an event" else {"n": 1}
        for number in range(2):
            world.publish("t", data, id=f"m-{number}")

    return scenario


@pytest.mark.parametrize(
    ("where", "may"),
    [
        ("nowhere", True),
        ("a service", False),
        ("a link", False),
        ("a filter", False),
        ("a latency", False),
        ("the data of an event", True),  # of which each delivery has its own copy
    ],
)
def test_whatever_decides_the_future_must_be_seen(where: str, may: bool) -> None:
    options: dict[str, Any] = {"faults": ("crash", "ack lost"), "max_faults": 3, "merge": True}
    found = explore(remembering(where), nothing_wrong, **options)
    assert found.outcome == "holds"
    assert (found.merged > 0) is may


def test_when_an_event_was_published_is_part_of_the_state() -> None:
    early, late = (World() for _ in range(2))
    for world, moment in ((early, 1.0), (late, 2.0)):
        world.topic("t")
        world.at(moment, world.publish, "t")
        world.run(until=5.0)
    assert of_broker(early.broker) == of_broker(late.broker)
    assert of_broker(early.broker, exact=True) != of_broker(late.broker, exact=True)
