"""explore(): every schedule once, the simplest first, and no answer that is not earned."""

from __future__ import annotations

import contextlib
import gc
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from pubsub_kit.log.event import Event
from pubsub_kit.world.chance import FAULTS as ALL_FAULTS
from pubsub_kit.world.chance import Schedule, ScheduleError, encode
from pubsub_kit.world.consumers import Worker
from pubsub_kit.world.kernel import Kernel
from pubsub_kit.world.running import WorldError
from pubsub_kit.world.search.explore import Scenario, Violation, explore, replay, run_once
from pubsub_kit.world.services import CallTimeout
from pubsub_kit.world.stores import Store
from pubsub_kit.world.tasks import Node
from pubsub_kit.world.verbs import call, perform, sleep
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

ONE, TWO = ("pay-1",), ("pay-1", "pay-2")


def nothing_wrong(_: World) -> Violation | None:
    return None


def handling(handle: Callable[[Event], Any], **options: Any) -> Scenario:
    """One event for one worker."""

    def scenario(world: World) -> None:
        world.topic("t")
        world.consumer("worker", lambda: handle, "t", **options)
        world.publish("t", id="go")

    return scenario


def test_a_world_that_is_let_go_leaves_nothing_for_the_garbage_collector() -> None:
    """Thousands of worlds are made in a search, and circles are found late and slowly."""
    for answer in (Naive, Transactional):
        world, _ = run_once(paying(answer), Schedule(""), FAULTS, 1_000.0, 2_000)
        gc.collect()
        gc.disable()
        try:
            world.dissolve()
            del world
            assert gc.collect() == 0
        finally:
            gc.enable()


# --- the classical answers ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        (Naive, "4c", "pay-1 is charged 2 times"),
        (InMemory, "4c", "pay-1 is charged 2 times"),
        (MarkFirst, "4c", "pay-1 is never charged"),
        (ChargeFirst, "5c", "pay-1 is charged 2 times"),
        (CheckThenAct, "0d4p", "pay-1 is charged 2 times"),
    ],
)
def test_a_wrong_answer_fails_at_the_fewest_faults(answer: Any, code: str, message: str) -> None:
    found = explore(paying(answer), charged_once, faults=FAULTS, max_faults=3)
    assert (found.outcome, found.code) == ("fails", code)
    assert found.violation is not None
    assert found.violation.message == message
    assert found.complete == len(found.trace.faults()) - 1
    assert str(found) == f"fails at schedule {code}: {message}"


@pytest.mark.parametrize(
    ("answer", "fault", "holds"),
    [
        (Naive, "duplicate", False),
        (Naive, "ack lost", False),
        (Naive, "delay", False),
        (Naive, "preempt", True),
        (InMemory, "duplicate", True),
        (InMemory, "pause", False),
        (CheckThenAct, "crash", True),
        (CheckThenAct, "pause", False),
        (MarkFirst, "pause", True),
        (Transactional, "pause", True),
        (Transactional, "delay", True),
        (Transactional, "reorder", True),
    ],
)
def test_an_answer_falls_to_those_faults_that_it_forgot(
    answer: Any, fault: str, holds: bool
) -> None:
    found = explore(paying(answer), charged_once, faults=[fault], max_faults=2)
    assert found.outcome == ("holds" if holds else "fails")


def test_the_memory_of_one_worker_is_not_that_of_the_other() -> None:
    """A redelivery may reach either: that is asked, so no crash is needed to see it."""
    failing: list[list[str]] = []

    def oracle(world: World) -> None:
        if charged_once(world) is not None:
            failing.append([step.text for step in world.trace.faults()])

    explore(paying(InMemory, payments=ONE), oracle, faults=["ack lost", "preempt"])
    assert ["ack of pay-1 is lost", "other workers pull before billing-1"] in failing


@pytest.mark.parametrize("answer", [Transactional, Stubborn])
def test_a_right_answer_is_proven(answer: Any) -> None:
    found = explore(paying(answer), charged_once, faults=FAULTS, max_faults=2)
    assert found.outcome == "holds"
    assert found.complete == 2
    assert found.violation is None
    assert min(found.fired.values()) > 50
    assert str(found) == f"holds: all {found.schedules:,} schedules of up to 2 faults"


def test_it_is_proven_up_to_three_faults_too() -> None:
    found = explore(paying(Transactional), charged_once, faults=FAULTS, max_faults=3, seconds=60)
    assert (found.outcome, found.complete) == ("holds", 3)
    assert found.schedules > 2_000


# --- every schedule, once -------------------------------------------------------------------------


def schedules_of(scenario: Scenario, faults: tuple[str, ...], most: int) -> list[str]:
    """The code of each schedule that explore tries, in order."""
    tried: list[str] = []

    def oracle(world: World) -> None:
        assert isinstance(world.chance, Schedule)
        tried.append(world.chance.code)

    explore(scenario, oracle, faults=faults, max_faults=most)
    return tried


def by_brute_force(scenario: Scenario, faults: tuple[str, ...], most: int) -> list[str]:
    """The code of each schedule that fits, among all that could be written down."""
    fitting = []
    for number in range(most + 1):
        for questions in itertools.combinations(range(20), number):
            for kinds in itertools.product(faults, repeat=number):
                schedule = Schedule(dict(zip(questions, kinds, strict=True)))
                with contextlib.suppress(ScheduleError):
                    run_once(scenario, schedule, faults, 1_000.0, 2_000)
                    schedule.check()
                    fitting.append(schedule.code)
    return fitting


def test_every_schedule_is_tried_exactly_once() -> None:
    scenario = paying(Naive, payments=("pay-1",))
    faults = ("duplicate", "crash", "ack lost")
    tried = schedules_of(scenario, faults, 2)
    assert len(tried) == len(set(tried))
    assert sorted(tried) == sorted(by_brute_force(scenario, faults, 2))


def test_those_with_fewer_faults_come_first() -> None:
    tried = schedules_of(paying(Transactional), FAULTS, 2)
    numbers = [Schedule(code).cost for code in tried]
    assert tried[0] == "-"
    assert numbers == sorted(numbers)


def test_among_those_with_equally_many_faults_the_shortest_trace_is_kept() -> None:
    lengths: dict[str, int] = {}

    def oracle(world: World) -> Violation | None:
        violation = charged_once(world)
        if violation is not None and isinstance(world.chance, Schedule):
            lengths[world.chance.code] = len(world.trace)
        return violation

    found = explore(paying(Naive), oracle, faults=FAULTS)
    assert len(lengths) > 5
    assert lengths[found.code] == len(found.trace) == min(lengths.values())
    first = next(code for code, length in lengths.items() if length == len(found.trace))
    assert found.code == first


def test_faults_are_counted_as_often_as_they_happened() -> None:
    tried = schedules_of(paying(Transactional), FAULTS, 2)
    found = explore(paying(Transactional), nothing_wrong, faults=FAULTS, max_faults=2)
    letters = {name: ALL_FAULTS[name] for name in FAULTS}
    assert found.fired == {
        name: sum(code.count(letter) for code in tried) for name, letter in letters.items()
    }
    assert found.schedules == len(tried)


# --- what is not asked changes nothing ------------------------------------------------------------

Rows = tuple[tuple[str, str], ...]


def endings(scenario: Scenario, faults: tuple[str, ...], most: int) -> tuple[set[Any], int]:
    """The distinct final states of all schedules (rows, and which effects in any order)."""
    seen: set[Any] = set()

    def oracle(world: World) -> None:
        rows = tuple(repr(sorted(store.rows.items())) for store in world.stores.values())
        effects = sorted(repr(step.data) for step in world.trace.of("effect"))
        seen.add((rows, tuple(effects)))

    found = explore(scenario, oracle, faults=faults, max_faults=most, seconds=60)
    assert found.outcome == "holds"
    return seen, found.schedules


def ask_about_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let explore ask even where the world knows that no answer would change anything."""

    def ask(self: Kernel, node: Node, others: bool, effect: bool) -> str:
        kinds, rates = self.effect_odds[True, effect, effect]
        return self.chance.fault(kinds, rates) if kinds else ""

    made = Worker.__init__

    def used_from_the_start(self: Worker, *arguments: Any) -> None:
        made(self, *arguments)
        self.used = True

    monkeypatch.setattr(Kernel, "_ask", ask)
    monkeypatch.setattr(Worker, "__init__", used_from_the_start)


@pytest.mark.parametrize(
    ("scenario", "faults"),
    [
        (paying(Naive, payments=TWO), FAULTS),
        (paying(InMemory, payments=TWO), FAULTS),
        (paying(CheckThenAct, payments=TWO), FAULTS),
        (paying(MarkFirst, payments=TWO), FAULTS),
        (paying(Transactional, payments=TWO), FAULTS),
        (paying(ChargeFirst, payments=ONE), ("crash", "preempt", "pause")),
        (paying(Dozing, payments=TWO, ack_deadline=6.0), ("crash", "preempt")),
        (paying(Dozing, payments=ONE, ack_deadline=5.0), ("crash", "pause", "ack lost")),
        (with_a_bank(paying(Calling, payments=ONE)), ("crash", "preempt", "reply lost")),
    ],
)
def test_what_is_not_asked_changes_no_ending(
    scenario: Scenario, faults: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, schedules = endings(scenario, faults, 2)
    ask_about_everything(monkeypatch)
    all_asked, all_schedules = endings(scenario, faults, 2)
    assert asked == all_asked
    assert schedules < all_schedules


# --- how a search can end -------------------------------------------------------------------------


async def charge(event: Event) -> None:
    await perform("charge", event.id)


def test_without_faults_there_is_one_schedule() -> None:
    found = explore(handling(charge), nothing_wrong)
    assert (found.outcome, found.schedules, found.complete) == ("holds", 1, 2)
    assert str(found) == "holds: 1 schedule of up to 2 faults"


def test_a_failure_without_any_fault_is_found_first() -> None:
    found = explore(
        handling(charge), lambda world: Violation("too dear", 2), faults=["crash"], max_faults=2
    )
    assert (found.outcome, found.code, found.schedules, found.complete) == ("fails", "-", 1, -1)


def test_a_fault_that_never_had_a_chance_is_not_exercised() -> None:
    found = explore(handling(charge), nothing_wrong, faults=["crash", "reply lost"])
    assert found.outcome == "not exercised"
    assert found.fired["reply lost"] == 0
    words = f"not exercised: in {found.schedules} schedules there was never a chance for reply lost"
    assert str(found) == words


def test_a_search_may_be_cut_off_by_its_number_of_schedules() -> None:
    found = explore(
        paying(Transactional), charged_once, faults=FAULTS, max_faults=3, max_schedules=100
    )
    assert (found.outcome, found.schedules, found.complete) == ("cut off", 100, 1)
    assert str(found) == (
        "cut off after 100 schedules, before all of up to 3 faults were tried: all of up to 1 hold"
    )


def test_a_search_may_be_cut_off_by_the_clock() -> None:
    found = explore(paying(Transactional), charged_once, faults=FAULTS, seconds=-1.0)
    assert (found.outcome, found.schedules, found.complete) == ("cut off", 0, -1)
    assert str(found).endswith("none is proven")
    assert list(found.trace) == []


def test_a_failure_that_was_found_before_the_cut_counts() -> None:
    found = explore(paying(Naive), charged_once, faults=FAULTS, max_schedules=12)
    assert found.outcome == "fails"


def test_what_an_oracle_or_a_scenario_raises_goes_through() -> None:
    def oracle(_: World) -> Violation | None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        explore(handling(charge), oracle)
    with pytest.raises(KeyError):
        explore(lambda world: world.services["nowhere"], nothing_wrong)


@pytest.mark.parametrize(
    "bounds", [{"max_faults": -1}, {"max_steps": 0}, {"max_schedules": 0}, {"faults": ["lost"]}]
)
def test_bounds_and_faults_that_cannot_be_are_refused(bounds: dict[str, Any]) -> None:
    with pytest.raises(WorldError):
        explore(handling(charge), nothing_wrong, **bounds)


# --- no end ---------------------------------------------------------------------------------------


async def reads_for_ever(_: Event, db: Store) -> None:
    while not await db.get("ready"):
        pass


async def polls_for_ever(_: Event, db: Store) -> None:
    while not await db.get("ready"):
        await sleep(0.1)


async def sleeps_again_and_again(_: Event, db: Store) -> None:
    while True:
        await sleep(10)


async def swallows_for_ever(_: Event, db: Store) -> None:
    while True:
        try:
            await db.put("again", True)
            raise ValueError
        except Exception:
            continue


@pytest.mark.parametrize(
    ("handler", "belief"),
    [
        (reads_for_ever, "nobody ends its wait"),
        (polls_for_ever, "nobody ends its wait"),
        (sleeps_again_and_again, "nobody ends its wait"),
        (swallows_for_ever, "never ends"),
    ],
)
@pytest.mark.parametrize("faults", [(), ("crash",)])
def test_a_handler_that_loops_never_ends(
    handler: Any, belief: str, faults: tuple[str, ...]
) -> None:
    def scenario(world: World) -> None:
        db = world.store("db")
        handling(lambda event: handler(event, db), max_deliveries=1)(world)

    found = explore(scenario, nothing_wrong, faults=faults)
    assert found.outcome == "fails"
    assert found.code == "-"
    assert found.violation is not None
    assert found.violation.belief == belief


def test_a_wait_of_minutes_is_told_from_tries_without_end() -> None:
    async def waits_for_long(_: Event) -> None:
        await call("stock", "tea", timeout=5_000.0)

    async def pauses_for_long(_: Event) -> None:
        for _try in range(4):
            with contextlib.suppress(CallTimeout):
                await call("stock", "tea", timeout=0.5)
            await sleep(300.0)

    async def never_replies(_: Any) -> None:
        await sleep(4_000.0)

    def scenario(handler: Any) -> Any:
        def stage(world: World) -> None:
            world.service("stock", never_replies, workers=None)
            world.service("shop", handler)
            world.client("client", "shop", count=1, every=0.0)

        return stage

    for handler, belief, words in (
        (waits_for_long, "one call takes too long", "and has waited for stock's reply since 0 s"),
        (
            pauses_for_long,
            "nobody ends its wait",
            ", and neither called nor wrote anything from 0.5 s to 300.5 s",
        ),
    ):
        found = explore(scenario(handler), nothing_wrong, until=1_000.0)
        assert found.violation is not None
        assert found.violation.belief == belief, found.violation
        assert found.violation.message.endswith(words)


def test_a_handler_that_is_at_work_when_time_is_up_does_end() -> None:
    """A poison message comes again and again; that is for the oracle to judge."""

    async def fails_slowly(_: Event) -> None:
        await sleep(7)
        raise ValueError

    assert explore(handling(fails_slowly), nothing_wrong).outcome == "holds"


def test_a_call_without_a_timeout_waits_for_ever_once_its_reply_is_lost() -> None:
    async def ask(_: Event) -> None:
        await call("bank")

    def scenario(world: World) -> None:
        world.service("bank")
        handling(ask)(world)

    assert explore(scenario, nothing_wrong).outcome == "holds"
    found = explore(scenario, nothing_wrong, faults=["loss", "reply lost"])
    assert found.outcome == "fails"
    assert found.violation is not None
    assert found.violation.belief == "waits for ever"
    assert found.violation.message == (
        "worker waits forever while handling go: it called bank at 0 s, and bank's reply was lost "
        "at 0 s"
    )
    assert found.violation.step is not None
    assert found.violation.blocker is not None
    assert str(found.trace[found.violation.step]).endswith("send      worker → bank: None")
    assert found.trace[found.violation.blocker].kind == "lose"


def test_a_service_may_wait_for_ever_too() -> None:
    async def forward(order: object) -> None:
        await call("bank", order)

    def scenario(world: World) -> None:
        world.service("bank")
        world.service("shop", forward)
        world.client("c", "shop", timeout=5.0)

    found = explore(scenario, nothing_wrong, faults=["loss"])
    assert found.violation is not None
    assert found.violation.message.startswith("shop waits forever while handling order-0")


def test_a_recovery_that_waits_for_ever_is_seen() -> None:
    class Worker:
        async def recover(self) -> None:
            await call("bank")

        def handle(self, _: Event) -> None: ...

    def scenario(world: World) -> None:
        world.service("bank")
        world.topic("t")
        world.consumer("worker", Worker, "t")

    found = explore(scenario, nothing_wrong, faults=["reply lost"])
    assert found.violation is not None
    assert found.violation.message.startswith("worker waits forever while handling recovery")


# --- replay ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [Naive, MarkFirst, CheckThenAct])
def test_a_code_replays_the_run_to_the_byte(answer: Any) -> None:
    found = explore(paying(answer), charged_once, faults=FAULTS)
    again = replay(paying(answer), found.code, faults=FAULTS)
    assert again.trace.text() == found.trace.text()
    assert again.trace.steps == found.trace.steps
    assert charged_once(again) == found.violation


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("0a", "wants 'ack lost' at question 0, but only duplicate can happen there"),
        (
            "99c",
            "'crash' at question 99, but this run asks only 12 questions: it was made",
        ),
        ("99q", "no schedule code"),
    ],
)
def test_a_code_of_other_code_is_refused(code: str, words: str) -> None:
    with pytest.raises(ScheduleError, match=words):
        replay(paying(Naive), code, faults=FAULTS)


def test_every_schedule_that_is_tried_replays() -> None:
    scenario = paying(Transactional, payments=ONE)
    for code in schedules_of(scenario, FAULTS, 2):
        world = replay(scenario, code, faults=FAULTS)
        assert isinstance(world.chance, Schedule)
        assert encode(world.chance.faults) == code


@pytest.mark.parametrize(
    "bound",
    [{"max_faults": "2"}, {"max_faults": None}, {"max_faults": float("nan")}, {"max_steps": 0.5},
     {"max_schedules": "all"}, {"seconds": "x"}, {"seconds": float("nan")}],
)  # fmt: skip
def test_a_bound_that_is_no_number_is_refused_before_anything_runs(bound: Any) -> None:
    with pytest.raises(WorldError, match="explore takes"):
        explore(lambda world: pytest.fail("it ran"), nothing_wrong, **bound)
