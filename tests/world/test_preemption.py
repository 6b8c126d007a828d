"""Pre-emption: who overtakes whom, where a task that is held back goes on, and for how long."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pubsub_kit.log.event import Event
from pubsub_kit.world.chance import Schedule, ScheduleError, constant, encode, parse
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.explore import Scenario, Violation, explore, replay, run_once
from pubsub_kit.world.stores import Store
from pubsub_kit.world.verbs import call, gather, perform, sleep
from pubsub_kit.world.world import World

Handler = Callable[[Store, Event], Awaitable[None]]


def at_once(handle: Handler, *names: str, gap: float = 0.0, latency: float = 0.0) -> Scenario:
    """Events of these names, so many seconds apart, and a worker for each of them."""

    def scenario(world: World) -> None:
        db = world.store("db", {"n": 0})
        if latency:
            world.effect_latency = constant(latency)
        world.topic("t")
        world.consumer(
            "worker",
            lambda: lambda event: handle(db, event),
            "t",
            workers=len(names),
            start="earliest",
        )
        for i, name in enumerate(names):
            world.at(i * gap, world.publish, "t", None) if gap else world.publish("t", id=name)

    return scenario


async def two_deeds(_: Store, event: Event) -> None:
    await perform(event.id, "1")
    await perform(event.id, "2")


async def count_up(db: Store, _: Event | None = None) -> None:
    await db.put("n", await db.get("n") + 1)


def order(world: World) -> str:
    return " ".join(step.text.replace(" ", "") for step in world.trace.of("effect"))


def orders(scenario: Scenario, most: int, **options: Any) -> dict[str, str]:
    """In which orders things may be done, and the first schedule for each."""
    seen: dict[str, str] = {}

    def oracle(world: World) -> None:
        assert isinstance(world.chance, Schedule)
        seen.setdefault(order(world), world.chance.code)

    found = explore(scenario, oracle, faults=["preempt"], max_faults=most, **options)
    assert found.outcome == "holds"
    return seen


def counts_to(number: int) -> Callable[[World], Violation | None]:
    def oracle(world: World) -> Violation | None:
        n = world.stores["db"].rows["n"]
        return None if n == number else Violation(f"counted to {n}")

    return oracle


def falls_to_one_preemption(scenario: Scenario) -> World:
    found = explore(scenario, counts_to(2), faults=["preempt"], max_faults=2)
    assert (found.outcome, found.complete) == ("fails", 0)
    assert found.violation is not None
    assert found.violation.message == "counted to 1"
    assert found.world is not None
    return found.world


# --- in which order -------------------------------------------------------------------------------


def test_one_preemption_lets_others_do_any_number_of_deeds() -> None:
    seen = orders(at_once(two_deeds, "A", "B"), 1)
    assert set(seen) == {
        "A1 A2 B1 B2",
        "A1 B1 A2 B2",
        "A1 B1 B2 A2",
        "B1 A1 A2 B2",
        "B1 B2 A1 A2",
    }


def test_two_that_are_held_back_go_on_in_either_order() -> None:
    scenario = at_once(two_deeds, "A", "B", "C")
    seen = orders(scenario, 2)
    both = {"A1 B1 C1 C2 B2 A2", "A1 B1 C1 C2 A2 B2"}
    assert both <= set(seen)
    assert not both & set(orders(scenario, 1))


def test_one_goes_on_in_the_middle_of_another_that_goes_on_in_the_middle_of_a_third() -> None:
    seen = orders(at_once(two_deeds, "A", "B", "C"), 2)
    assert {"A1 B1 C1 A2 B2 C2", "A1 B1 C1 B2 A2 C2", "B1 C1 A1 B2 A2 C2"} <= set(seen)
    assert set(parse(seen["A1 B1 C1 B2 A2 C2"]).values()) == {"preempt", "resume"}


def test_a_task_goes_on_between_the_read_and_the_write_of_another() -> None:
    async def write(db: Store, event: Event) -> None:
        if event.id == "A":
            await db.put("n", 10)
        else:
            await count_up(db)

    seen = orders(at_once(write, "A", "B"), 1)
    assert "n=10 n=1" in seen
    assert parse(seen["n=10 n=1"]) == {0: "preempt", 3: "resume"}


def test_three_that_wait_for_each_other_are_told_apart_from_what_comes_earlier() -> None:
    """C is held back last, so B, whom A lets go on, can let C go on before A does any more."""

    async def deeds(_: Store, event: Event) -> None:
        for i in range(2 + (event.id == "A")):
            await perform(event.id, str(i))

    scenario = at_once(deeds, "A", "B", "C")
    seen = orders(scenario, 3)
    for wanted in ("A0 C0 A1 B0 C1 B1 A2", "B0 C0 A0 B1 A1 C1 A2"):
        code = seen[wanted]
        assert Schedule(code).cost <= 3
        assert order(replay(scenario, code, faults=["preempt"])) == wanted


# --- a race that needs time -----------------------------------------------------------------------


@pytest.mark.parametrize("latency", [0.0, 0.005])
def test_two_messages_five_milliseconds_apart_race_with_one_preemption(latency: float) -> None:
    world = falls_to_one_preemption(at_once(count_up, "a", "b", gap=0.005, latency=latency))
    assert [step.kind for step in world.trace.faults()] == ["pause"]


def test_what_runs_at_the_same_instant_anyway_needs_no_preemption() -> None:
    found = explore(at_once(count_up, "a", "b", latency=0.005), counts_to(2), faults=["preempt"])
    assert (found.outcome, found.code) == ("fails", "-")


def test_a_task_is_held_back_for_half_of_its_lease_and_no_longer() -> None:
    async def slowly(db: Store, event: Event) -> None:
        if event.id == "A":
            return await db.put("n", 1)
        for i in range(9):
            await db.put(f"b{i}", i)
            await sleep(1.0)
        return None

    moments: set[float] = set()

    def oracle(world: World) -> None:
        moments.update(s.time for s in world.trace.of("effect") if s.text == "n = 1")

    found = explore(at_once(slowly, "A", "B"), oracle, faults=["preempt"], max_faults=1)
    assert found.outcome == "holds"
    assert moments == {0.0, 1.0, 2.0, 3.0, 4.0, 5.0}


# --- whose task it is -----------------------------------------------------------------------------


def test_the_handler_of_a_service_is_held_back_too() -> None:
    def scenario(world: World) -> None:
        db = world.store("db", {"n": 0})
        world.service("counter", lambda: lambda _: count_up(db))
        for name in ("a", "b"):
            world.client(name, "counter", timeout=5.0)

    world = falls_to_one_preemption(scenario)
    assert {step.node for step in world.trace.faults()} == {"counter"}


def test_so_is_each_task_of_a_gather() -> None:
    async def twice(db: Store, _: Event) -> None:
        await gather(count_up(db), count_up(db))

    falls_to_one_preemption(at_once(twice, "a"))


def test_whom_a_gather_starts_runs_later_if_the_task_itself_has_gone_on_later() -> None:
    """The order in which two tasks start others is a thing of its own: no row tells it."""

    async def start(db: Store, event: Event) -> None:
        await db.get(event.id)
        await gather(perform(event.id, "1"), perform(event.id, "2"))

    assert set(orders(at_once(start, "A", "B"), 1)) >= {"A1 A2 B1 B2", "B1 B2 A1 A2"}


def test_a_call_and_a_publish_are_overtaken_as_well() -> None:
    async def tell(_: Store, event: Event) -> None:
        await (publish("told", event.id) if event.id < "C" else call("log", event.id))

    def scenario(world: World) -> None:
        world.topic("told")
        world.service("log", lambda who: perform("called", who))
        at_once(tell, "A", "B", "C")(world)
        world.consumer(
            "reader", lambda: lambda e: perform("told", e.data), "told", start="earliest"
        )

    assert "toldB toldA" in {
        " ".join(text for text in seen.split() if text.startswith("told"))
        for seen in orders(scenario, 1)
    }


# --- crashes and the end --------------------------------------------------------------------------


def test_a_crash_of_a_node_whose_task_is_held_back_ends_that_task() -> None:
    async def slowly(_: Store, event: Event) -> None:
        for i in range(3):
            await perform(event.id, str(i))
            await sleep(1.0)

    def scenario(world: World) -> None:
        at_once(slowly, "A", "B")(world)
        world.at(0.5, world.crash, "worker-1", 0.0)

    stays = "0p3s"
    for code in ("0p", stays):
        world = replay(scenario, code, faults=["preempt"], until=100.0)
        done = [s.text for s in world.trace.of("effect") if s.text.startswith("A")]
        assert world.preemption.held == []
        assert "A 0" in done
        assert [s.time for s in world.trace.of("effect") if s.text == "A 2"][-1] > 10.0


def test_a_task_whose_sibling_crashes_while_it_is_held_back_goes_with_its_node() -> None:
    async def both(_: Store, event: Event) -> None:
        await gather(perform(event.id, "1"), perform(event.id, "2"))

    def oracle(world: World) -> Violation | None:
        assert world.preemption.held == []
        done = {step.text.split(" (")[0] for step in world.trace.of("effect")}
        return None if done == {"A 1", "A 2"} else Violation(str(done))

    found = explore(at_once(both, "A"), oracle, faults=["preempt", "crash"], max_faults=2)
    assert found.outcome == "holds"
    assert min(found.fired.values()) > 0


def test_a_run_may_end_while_a_task_is_held_back_and_go_on_later() -> None:
    async def slowly(_: Store, event: Event) -> None:
        if event.id == "B":
            await perform("B", "0")
            await sleep(2.0)
        await perform(event.id, "1")

    world, violation = run_once(
        at_once(slowly, "A", "B"), Schedule({0: "preempt", 3: "stay"}), ["preempt"], 1.0, 2_000
    )
    assert violation is None
    assert order(world) == "B0"
    assert len(world.preemption.held) == 1
    world.run(100.0)
    assert order(world) == "B0 B1 A1"
    assert world.preemption.held == []


# --- codes ----------------------------------------------------------------------------------------


def test_every_code_with_choices_replays_to_the_byte() -> None:
    scenario, letters = at_once(two_deeds, "A", "B", "C"), set()
    runs: dict[str, str] = {}

    def oracle(world: World) -> None:
        assert isinstance(world.chance, Schedule)
        runs[world.chance.code] = world.trace.text()

    explore(scenario, oracle, faults=["preempt"], max_faults=2)
    for code, text in runs.items():
        letters |= set(code) & {"p", "g", "s"}
        assert encode(parse(code)) == code
        assert replay(scenario, code, faults=["preempt"]).trace.text() == text
    assert letters == {"p", "g", "s"}


def test_a_choice_costs_no_fault() -> None:
    assert [Schedule(code).cost for code in ("-", "3g", "0p2g", "0p2s3g4p", "1c2p3s")] == [
        0, 0, 1, 2, 2,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("0g", "wants 'resume' at question 0, but only preempt can happen there"),
        ("0p1s", "wants 'stay' at question 1, but only resume can happen there"),
        ("0p1p", "wants 'preempt' at question 1, but only resume can happen there"),
        ("0p99s", "wants 'stay' at question 99, but this run asks only 9 questions"),
    ],
)
def test_a_choice_that_does_not_fit_is_refused_in_one_sentence(code: str, words: str) -> None:
    with pytest.raises(ScheduleError) as refusal:
        replay(at_once(two_deeds, "A", "B"), code, faults=["preempt"])
    said = str(refusal.value)
    assert words in said
    assert "\n" not in said
    assert ". " not in said
