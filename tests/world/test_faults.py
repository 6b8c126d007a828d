"""Every fault by name: its letter, where it may strike, its words, and what the code then sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pubsub_kit.log.event import Event
from pubsub_kit.world.chance import FAULTS, Schedule
from pubsub_kit.world.deliveries import Hand
from pubsub_kit.world.publishing import PublishTimeout, publish
from pubsub_kit.world.search.explore import Scenario, explore, replay, run_once
from pubsub_kit.world.services import CallTimeout
from pubsub_kit.world.stores import Store
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.verbs import call, clock, perform, sleep
from pubsub_kit.world.world import World
from tests.world.payments import (
    InMemory,
    MarkFirst,
    Naive,
    Transactional,
    charged_once,
)

UNTIL = 300.0


def every_verb(world: World) -> None:
    """A shop publishes one event; a worker extends, calls, and nacks it at first, then acks it."""
    world.topic("t")
    world.service("desk", lambda: lambda payload: payload)

    async def handle(hand: Hand) -> None:
        await hand.extend(10.0)
        clock()
        try:
            await call("desk", "q", timeout=1.0)
        except CallTimeout:
            await perform("unheard", "q")
        await (hand.nack(0.0) if hand.attempt == 1 else hand.ack())

    async def shop() -> None:
        try:
            await publish("t", id="e")
        except PublishTimeout as error:
            await perform("unsure", str(error).split(":")[0])

    world.consumer("worker", lambda: handle, "t", semantics="manual", start="earliest")
    world.spawn(shop(), "shop")


def with_fault(scenario: Scenario, fault: str, number: int = 0, until: float = UNTIL) -> World:
    return replay(scenario, f"{number}{FAULTS[fault]}", faults=[fault], until=until)


def said(trace: Trace, *kinds: str) -> list[str]:
    return [step.text for step in (trace.of(*kinds) if kinds else trace)]


@pytest.mark.parametrize(
    ("fault", "questions"),
    [
        ("late duplicate", 3),  # the publish, and both requests
        ("publish lost", 1),
        ("confirm lost", 1),
        ("extend lost", 2),
        ("ack lost", 2),  # the nack, and the ack
        ("skew", 1),  # a node asks its clock twice, but it is one clock
        ("skew ahead", 1),
        ("broker crash", 6),  # before and after the publish, and at both extends, the nack, the ack
        ("broker wiped", 6),
    ],
)
def test_a_fault_is_offered_where_it_can_strike_and_nowhere_else(
    fault: str, questions: int
) -> None:
    world, _ = run_once(every_verb, Schedule(), [fault], UNTIL, 2_000)
    assert isinstance(world.chance, Schedule)
    assert [tuple(kinds) for kinds in world.chance.offered] == [(fault,)] * questions


def test_the_ways_to_crash_are_offered_at_the_same_places() -> None:
    def offered(*faults: str) -> list[tuple[str, ...]]:
        world, _ = run_once(every_verb, Schedule(), faults, UNTIL, 2_000)
        assert isinstance(world.chance, Schedule)
        return [tuple(kinds) for kinds in world.chance.offered]

    crashes = offered("crash")
    assert len(crashes) == 6  # extend, call or its reply, and nack or ack, twice
    for fault in ("long crash", "stays down"):
        assert offered(fault) == [(fault,)] * len(crashes)
    assert offered("crash", "stays down") == [("crash", "stays down")] * len(crashes)


@pytest.mark.parametrize(
    ("fault", "number", "step"),
    [
        ("late duplicate", 0, (0.0, "note", "shop", "t", "e is on its way once more")),
        ("late duplicate", 1, (0.0, "note", "worker", "desk", "q is on its way once more")),
        ("publish lost", 0, (0.0, "lose", "shop", "t", "e is lost")),
        ("confirm lost", 0, (0.0, "lose", "t", "shop", "confirm of e is lost")),
        ("extend lost", 0, (0.0, "lose", "worker", "t", "extend of e is lost")),
        ("ack lost", 0, (0.0, "lose", "worker", "t", "nack of e is lost")),
        ("ack lost", 1, (0.0, "lose", "worker", "t", "ack of e is lost")),
        ("skew", 0, (0.0, "note", "worker", "", "its clock is 60 s slow")),
        ("skew ahead", 0, (0.0, "note", "worker", "", "its clock is 60 s fast")),
        ("crash", 0, (0.0, "crash", "worker", "", "crashes before the extend of e")),
        ("long crash", 0, (0.0, "crash", "worker", "", "crashes before the extend of e, for 30 s")),
        (
            "stays down",
            0,
            (0.0, "crash", "worker", "", "crashes before the extend of e, and stays down"),
        ),
        (
            "broker crash",
            0,
            (
                0.0,
                "crash",
                "t",
                "",
                "the broker crashes: its log is on the disk, later acks are not",
            ),
        ),
        (
            "broker wiped",
            2,
            (0.0, "crash", "t", "", "the broker crashes: all that it had in memory is gone"),
        ),
    ],
)
def test_a_fault_says_where_it_strikes(
    fault: str, number: int, step: tuple[float, str, str, str, str]
) -> None:
    fault_step = with_fault(every_verb, fault, number).trace.faults()[0]
    assert (
        fault_step.time,
        fault_step.kind,
        fault_step.node,
        fault_step.peer,
        fault_step.text,
    ) == step


# --- publishing -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "arrives"), [("publish lost", 0), ("confirm lost", 1)])
def test_a_publisher_without_a_confirm_cannot_tell_which_it_was(fault: str, arrives: int) -> None:
    trace = with_fault(every_verb, fault).trace
    [gives_up] = trace.of("timeout", node="shop")
    assert (gives_up.time, gives_up.text) == (1.0, "gives up on e: no confirm")
    unsure = "unsure no confirm of e from the broker within 1 s"
    assert [step.text for step in trace.of("effect", node="shop")] == [unsure]
    assert said(trace, "begin").count("e") == arrives


Shop = Callable[[str], Any]


async def careless(payment: str) -> None:
    """Publishes once, whatever comes of it."""
    try:
        await publish("payments", {"amount": 10}, id=payment)
    except PublishTimeout:
        return


async def persistent(payment: str) -> None:
    """Publishes again, under the same id, until the broker confirms it."""
    while True:
        try:
            await publish("payments", {"amount": 10}, id=payment)
            return
        except PublishTimeout:
            continue


async def renaming(payment: str) -> None:
    """Publishes again, under a new id."""
    for attempt in ("", "-again"):
        try:
            await publish("payments", {"amount": 10}, id=payment + attempt)
            return
        except PublishTimeout:
            continue


def selling(make: Callable[[Store], Any], shop: Shop = persistent, **options: Any) -> Scenario:
    """A shop that may have to publish twice, and workers that charge."""

    def scenario(world: World) -> None:
        ledger = world.store("ledger")
        world.topic("payments")
        options.setdefault("workers", 2)
        world.consumer("billing", lambda: make(ledger), "payments", start="earliest", **options)

        async def sell() -> None:
            for payment in ("pay-1", "pay-2"):
                await shop(payment)

        world.spawn(sell(), "shop")

    return scenario


EVERYTHING = tuple(kind for kind in FAULTS if kind not in ("broker wiped", "stays down"))


def test_a_right_answer_survives_every_fault() -> None:
    found = explore(selling(Transactional), charged_once, faults=EVERYTHING, max_faults=1)
    assert found.violation is None
    never = {kind for kind, times in found.fired.items() if not times}
    assert never == {
        "loss",
        "reply lost",
        "extend lost",
        "skew",
        "skew ahead",
    }  # none of those here


@pytest.mark.parametrize(
    ("fault", "make", "shop", "message"),
    [
        ("late duplicate", Naive, persistent, "pay-1 is charged 2 times"),
        ("publish lost", Transactional, careless, "pay-1 is never charged"),
        ("confirm lost", Naive, persistent, "pay-1 is charged 2 times"),
        ("long crash", MarkFirst, persistent, "pay-1 is never charged"),
        ("broker crash", Naive, persistent, "pay-1 is charged 2 times"),
        ("broker crash", InMemory, careless, "pay-1 is never charged"),
        ("broker wiped", Transactional, persistent, "pay-2 is never charged"),
    ],
)
def test_a_wrong_answer_falls_to_one_fault(fault: str, make: Any, shop: Shop, message: str) -> None:
    found = explore(selling(make, shop), charged_once, faults=[fault], max_faults=2)
    assert found.outcome == "fails"
    assert Schedule(found.code).cost == 1
    assert found.violation is not None
    assert found.violation.message == message


def test_a_lost_confirm_is_a_message_of_the_broker() -> None:
    steps = with_fault(every_verb, "confirm lost").trace
    [sent] = [step for step in steps.of("send", node="t") if step.peer == "shop"]
    [lost] = steps.of("lose")
    assert (sent.text, lost.message) == ("confirm e", sent.message)
    assert [step.kind for step in steps if step.message == sent.message] == ["send", "lose"]


def test_a_second_try_under_a_new_id_is_another_payment() -> None:
    world = with_fault(selling(Transactional, renaming), "confirm lost")
    assert set(world.stores["ledger"].rows) >= {"charged pay-1", "charged pay-1-again"}


# --- 1, 2, 1 --------------------------------------------------------------------------------------


def shop_of(*moments: float) -> Scenario:
    """Events 1, 2 … at these moments, for one worker."""

    def scenario(world: World) -> None:
        world.topic("t")

        async def handle(event: Event) -> None:
            await perform("did", event.id)

        world.consumer("worker", lambda: handle, "t", start="earliest")

        async def shop() -> None:
            for number, moment in enumerate(moments, 1):
                await sleep(moment - world.now)
                await publish("t", id=str(number))

        world.spawn(shop(), "shop")

    return scenario


@pytest.mark.parametrize(
    ("moments", "begun"),
    [
        ((0.0, 0.0), [(0.0, "1"), (0.0, "2"), (0.0, "1")]),
        ((0.0, 7.0), [(0.0, "1"), (7.0, "2"), (7.0, "1")]),
        ((0.0, 7.0, 9.0), [(0.0, "1"), (7.0, "2"), (7.0, "1"), (9.0, "3")]),
        ((0.0, 50.0), [(0.0, "1"), (30.0, "1"), (50.0, "2")]),
        ((0.0,), [(0.0, "1"), (30.0, "1")]),
    ],
)
def test_a_late_copy_of_an_event_comes_after_the_next_one_or_when_none_comes_for_long(
    moments: tuple[float, ...], begun: list[tuple[float, str]]
) -> None:
    trace = with_fault(shop_of(*moments), "late duplicate").trace
    assert [(step.time, step.text) for step in trace.of("begin")] == begun
    first, again = (
        step for step in trace.of("receive", node="t") if step.text == "1" and step.peer == "shop"
    )
    assert first.message == again.message
    assert len(trace.faults()) == 1


def test_a_late_copy_from_outside_the_world_is_overtaken_too() -> None:
    def scenario(world: World) -> None:
        shop_of(0.0)(world)
        world.at(2.0, world.publish, "t", None)

    trace = with_fault(scenario, "late duplicate").trace
    assert [(step.time, step.text) for step in trace.of("begin")] == [
        (0.0, "1"), (2.0, "t-1"), (2.0, "1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("moments", "begun"),
    [
        ((0.0, 7.0), [(0.0, "1"), (7.0, "2"), (7.0, "1")]),
        ((0.0, 50.0), [(0.0, "1"), (30.0, "1"), (50.0, "2")]),
        ((0.0,), [(0.0, "1"), (30.0, "1")]),
    ],
)
@pytest.mark.parametrize("latency", [0.0, 0.25])
def test_so_does_a_late_copy_on_a_link(
    moments: tuple[float, ...], begun: list[tuple[float, str]], latency: float
) -> None:
    def scenario(world: World) -> None:
        world.service("desk")

        async def ask(number: int, moment: float) -> None:
            await sleep(moment)
            await call("desk", str(number), timeout=5.0)

        for number, moment in enumerate(moments, 1):
            world.spawn(ask(number, moment), "c")
        world.link("c", "desk", latency=latency)

    trace = with_fault(scenario, "late duplicate").trace
    assert [step.text for step in trace.of("begin", node="desk")] == [text for _, text in begun]
    times = [step.time - latency for step in trace.of("begin", node="desk")]
    assert times == [at for at, _ in begun]


# --- leases and clocks ----------------------------------------------------------------------------


def renewing(world: World) -> None:
    """A worker that works for 8 s, and has a lease of 5 s, which it extends after 4 s."""
    world.topic("t")

    async def handle(hand: Hand) -> None:
        await sleep(4.0)
        assert await hand.extend(5.0)  # one that is lost looks like one that arrived
        await sleep(4.0)
        await perform("did", hand.id)
        if not await hand.ack():
            await perform("too late for", hand.id)

    world.consumer("worker", lambda: handle, "t", semantics="manual", workers=2, ack_deadline=5.0)
    world.publish("t", id="e")


def test_a_lost_extend_lets_another_worker_do_the_same_work() -> None:
    assert said(run_once(renewing, Schedule(), [], UNTIL, 2_000)[0].trace, "effect") == ["did e"]
    trace = with_fault(renewing, "extend lost").trace
    assert [(s.time, s.node, s.text) for s in trace.of("begin")] == [
        (0.0, "worker-1", "e"),
        (5.0, "worker-2", "e (attempt 2)"),
    ]
    assert said(trace, "effect") == ["did e", "too late for e", "did e (2 times now)"]


@pytest.mark.parametrize(("fault", "seconds"), [("skew", -60.0), ("skew ahead", 60.0)])
def test_a_clock_is_wrong_by_a_minute_for_as_long_as_the_node_lives(
    fault: str, seconds: float
) -> None:
    read: list[float] = []

    def scenario(world: World) -> None:
        async def look() -> None:
            for _ in range(3):
                read.append(clock() - world.now)
                await sleep(5.0)

        world.spawn(look(), "a")

    world = with_fault(scenario, fault)
    assert read == [seconds] * 3
    assert len(world.trace.faults()) == 1


def test_a_clock_is_wrong_one_way_or_the_other() -> None:
    offered: list[Any] = []

    def oracle(world: World) -> None:
        assert isinstance(world.chance, Schedule)
        offered.extend(world.chance.offered)

    found = explore(every_verb, oracle, faults=["skew", "skew ahead"], max_faults=2)
    assert found.schedules == 3
    assert set(offered) == {("skew", "skew ahead")}


# --- crashes that last ----------------------------------------------------------------------------


@pytest.mark.parametrize(("lease", "down"), [(10.0, 30.0), (40.0, 60.0)])
def test_a_long_crash_lasts_until_every_lease_has_ended(lease: float, down: float) -> None:
    def scenario(world: World) -> None:
        world.topic("t")

        async def handle(event: Event) -> None:
            await perform("did", event.id)

        world.consumer("worker", lambda: handle, "t", workers=2, ack_deadline=lease)
        world.publish("t", id="e")

    trace = with_fault(scenario, "long crash").trace
    assert [step.time for step in trace.of("restart")] == [down]
    assert [(step.time, step.node) for step in trace.of("effect")] == [(lease, "worker-2")]


def test_where_one_of_two_workers_stays_down_the_other_does_the_work() -> None:
    found = explore(selling(Transactional), charged_once, faults=["stays down"], max_faults=1)
    assert found.outcome == "holds"
    trace = with_fault(selling(Transactional), "stays down").trace
    assert trace.of("restart") == []
    assert {step.node for step in trace.of("effect")} == {"billing-2"}


def test_where_the_only_worker_stays_down_the_rule_says_what_is_missing() -> None:
    scenario = selling(Transactional, workers=1)
    found = explore(scenario, charged_once, faults=["stays down"], max_faults=1)
    assert (found.outcome, Schedule(found.code).cost) == ("fails", 1)
    assert found.violation is not None
    assert found.violation.message.endswith("is never charged")


def test_where_a_service_stays_down_who_waits_for_it_without_a_timeout_waits_forever() -> None:
    def scenario(world: World) -> None:
        world.topic("t")

        async def slowly(_: Any) -> None:
            await perform("charge", "e")

        async def handle(event: Event) -> None:
            await call("bank", event.id)

        world.service("bank", slowly)
        world.consumer("worker", lambda: handle, "t")
        world.publish("t", id="e")

    found = explore(scenario, lambda _: None, faults=["stays down"], max_faults=1)
    assert found.violation is not None
    assert found.violation.message == (
        "worker waits forever while handling e: it called bank at 0 s, and bank crashed at 0 s "
        "before it answered"
    )


# --- and equal states -----------------------------------------------------------------------------


@pytest.mark.parametrize("make", [Naive, MarkFirst, Transactional])
def test_merging_equal_states_changes_no_verdict(make: Any) -> None:
    every = [kind for kind in FAULTS if kind not in ("pause", "delay")]
    plain, merged = (
        explore(selling(make), charged_once, faults=every, max_faults=1, merge=merge, seconds=60)
        for merge in (False, True)
    )
    assert (merged.outcome, merged.violation, merged.complete) == (
        plain.outcome,
        plain.violation,
        plain.complete,
    )
    assert merged.merged > 0 or merged.outcome == "fails"
