"""The broker's own crash: what it still has afterwards, what is redelivered, and what is lost."""

from __future__ import annotations

from typing import Any

import pytest

from pubsub_kit.log.event import Event
from pubsub_kit.world.chance import FAULTS, Schedule
from pubsub_kit.world.deliveries import Hand
from pubsub_kit.world.publishing import PublishTimeout, publish
from pubsub_kit.world.search.explore import Scenario, explore, replay, run_once
from pubsub_kit.world.verbs import perform, sleep
from pubsub_kit.world.world import World

KINDS = ("broker crash", "broker wiped")


def three_events(world: World, *, at: tuple[float, ...] = (0.0, 3.0, 6.0), **options: Any) -> None:
    """Events 1, 2 and 3 for a worker that takes half a second for each."""
    world.topic("t")

    async def handle(event: Event) -> None:
        await sleep(0.5)
        await perform("did", event.id)

    async def shop() -> None:
        for number, moment in enumerate(at, 1):
            await sleep(moment - world.now)
            try:
                await publish("t", id=str(number))
            except PublishTimeout:
                await perform("unsure", str(number))

    world.consumer("worker", lambda: handle, "t", start="earliest", **options)
    world.spawn(shop(), "shop")


def crashed(scenario: Scenario, kind: str, *numbers: int) -> World:
    code = "".join(f"{number}{FAULTS[kind]}" for number in numbers)
    return replay(scenario, code, faults=[kind], until=200.0)


def story(world: World) -> list[tuple[float, str]]:
    return [(step.time, step.text) for step in world.trace.of("effect")]


# Questions 0 and 1 come before and after the first publish, 2 at its ack; then 3, 4, 5, and so on.


def test_a_durable_broker_keeps_its_log_and_redelivers_what_was_acked_since_it_last_saved() -> None:
    world = crashed(three_events, "broker crash", 5)  # at the ack of 2
    assert story(world) == [
        (0.5, "did 1"), (3.5, "did 2"), (5.0, "did 1 (2 times now)"), (5.5, "did 2 (2 times now)"),
        (6.5, "did 3"),
    ]  # fmt: skip
    [restart] = world.trace.of("restart")
    assert (restart.time, restart.node, restart.text) == (4.5, "t", "the broker is back")


def test_a_broker_in_memory_starts_anew() -> None:
    world = crashed(three_events, "broker wiped", 5)
    assert story(world) == [(0.5, "did 1"), (3.5, "did 2"), (6.5, "did 3")]
    log = world.broker.topics["t"].log
    assert [event.id for _, event in log.read(0, 0)] == ["3"]


@pytest.mark.parametrize(
    ("kind", "number", "kept"),
    [("broker crash", 0, False), ("broker crash", 1, True), ("broker wiped", 1, False)],
)
def test_it_may_crash_before_it_has_an_event_or_before_it_confirms_it(
    kind: str, number: int, kept: bool
) -> None:
    world = crashed(three_events, kind, number)
    effects = [text for _, text in story(world)]
    assert "unsure 1" in effects
    assert ("did 1" in effects) is kept
    if number == 0:
        assert "1 is lost: the broker is down" in [step.text for step in world.trace.of("lose")]


@pytest.mark.parametrize("kind", KINDS)
def test_while_it_is_down_publishes_time_out_acks_are_lost_and_pulls_find_nothing(
    kind: str,
) -> None:
    def busy(world: World) -> None:
        three_events(world, at=(0.0, 0.2, 0.9, 4.0), workers=2)

    world = crashed(busy, kind, 4)  # at the ack of 1, while the other worker is at work on 2
    [crash] = world.trace.of("crash")
    [restart] = world.trace.of("restart")
    assert (crash.time, restart.time) == (0.5, 1.5)
    meanwhile = [step for step in world.trace if crash.time <= step.time < restart.time]
    assert [step.text for step in meanwhile if step.kind == "lose"] == [
        "ack of 1 is lost", "ack of 2 is lost", "3 is lost: the broker is down",
    ]  # fmt: skip
    assert [step for step in meanwhile if step.kind == "begin"] == []
    assert (1.9, "unsure 3") in [(round(at, 3), text) for at, text in story(world)]
    assert "did 4" in [text for _, text in story(world)]


def test_two_groups_each_go_on_from_where_they_were_saved() -> None:
    def both(world: World) -> None:
        three_events(world)

        async def read(event: Event) -> None:
            await perform("read", event.id)

        world.consumer("reader", lambda: read, "t", start="earliest")
        world.at(2.0, world.outage.save)

    world = crashed(both, "broker crash", 7)  # at the second ack of 2
    again = [text for _, text in story(world) if text.endswith("(2 times now)")]
    assert again == ["read 2 (2 times now)", "did 2 (2 times now)"]
    assert len(story(world)) == 3 + 3 + 2


def test_a_stale_ack_of_before_the_crash_does_not_count() -> None:
    """The broker has forgotten that delivery: what it hands out again is another one."""
    counted: list[bool] = []

    def scenario(world: World) -> None:
        world.topic("t")

        async def handle(hand: Hand) -> None:
            if hand.id == "other":
                await hand.ack()  # the broker crashes here
                return
            await sleep(5.0)
            counted.append(await hand.confirmed_ack())

        world.consumer("worker", lambda: handle, "t", workers=3, semantics="manual")
        world.publish("t", id="slow")
        world.publish("t", id="other")

    crashed(scenario, "broker crash", 0)
    assert counted == [False, True]


def test_dead_letters_are_on_the_disk_too_but_the_count_of_attempts_is_as_old_as_the_save() -> None:
    def scenario(world: World) -> None:
        world.topic("t")
        world.topic("dead")

        async def fail(_: Event) -> None:
            await sleep(0.25)
            raise ValueError("broken")

        async def read(event: Event) -> None:
            await perform("buried", event.id)

        world.consumer(
            "worker", lambda: fail, "t", start="earliest", max_deliveries=2, dead_letter="dead"
        )
        world.consumer("reader", lambda: read, "dead", start="earliest")
        world.publish("t", id="poison")

    world = crashed(scenario, "broker crash", 0)  # at the first nack
    begun = [step.text for step in world.trace.of("begin", node="worker")]
    assert begun == ["poison", "poison", "poison (attempt 2)"]
    assert [text for _, text in story(world)] == ["buried poison"]

    world = crashed(scenario, "broker crash", 2)  # at the ack of the dead letter
    assert [text for _, text in story(world)].count("buried poison (2 times now)") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_it_may_crash_twice(kind: str) -> None:
    once = crashed(three_events, kind, 2)
    assert isinstance(once.chance, Schedule)
    for second in range(3, len(once.chance.offered)):
        world = crashed(three_events, kind, 2, second)
        assert len(world.trace.of("crash")) == len(world.trace.of("restart")) == 2
        assert not world.outage.down
        assert world.broker.subscriptions["t", "worker"].pending == 0


def test_a_second_crash_while_it_is_down_is_not_asked_for() -> None:
    def busy(world: World) -> None:
        three_events(world, at=(0.0, 0.2, 0.9), workers=2)

    world = crashed(busy, "broker crash", 4)
    assert isinstance(world.chance, Schedule)
    assert len(world.chance.offered) > 6
    for second in range(5, len(world.chance.offered)):
        trace = crashed(busy, "broker crash", 4, second).trace
        first, again = (step.time for step in trace.of("crash"))
        assert again >= first + 1.0


def test_a_late_copy_that_comes_while_it_is_down_is_lost() -> None:
    def scenario(world: World) -> None:
        three_events(world, at=(0.0,))
        world.topic("u")

        async def slowly(_: Event) -> None:
            await sleep(29.5)

        world.consumer("other", lambda: slowly, "u", ack_deadline=60.0)
        world.publish("u", id="slow")

    faults = ["late duplicate", "broker crash"]
    late = replay(scenario, "0w", faults=faults, until=200.0)
    assert [text for _, text in story(late)] == ["did 1", "did 1 (2 times now)"]
    world = replay(scenario, "0w3b", faults=faults, until=200.0)
    notes = [step.text for step in world.trace.faults() if step.time == 30.0]
    assert notes == ["the second copy of 1 from shop is lost: the broker is down"]


def test_without_a_crash_of_the_broker_among_the_faults_nothing_is_saved_or_asked() -> None:
    world, _ = run_once(three_events, Schedule(), ["crash"], 200.0, 2_000)
    assert world.outage.kinds == ()
    assert isinstance(world.chance, Schedule)
    assert {kind for kinds in world.chance.offered for kind in kinds} == {"crash"}


@pytest.mark.parametrize("kind", KINDS)
def test_equal_states_are_merged_around_a_crash_too(kind: str) -> None:
    def effects(merge: bool) -> tuple[str, set[tuple[str, ...]]]:
        seen: set[tuple[str, ...]] = set()

        def oracle(world: World) -> None:
            seen.add(tuple(text for _, text in story(world)))

        faults = [kind, "ack lost", "crash"]
        found = explore(three_events, oracle, faults=faults, until=200.0, merge=merge)
        return found.outcome, seen

    assert effects(False)[0] == effects(True)[0] == "holds"
    assert effects(True)[1] <= effects(False)[1]
