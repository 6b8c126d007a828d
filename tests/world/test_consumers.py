"""Consumers in a world: deliveries, acks, redeliveries, and each fault that can befall them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.event import Event
from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.deliveries import Hand
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.running import WorldError
from pubsub_kit.world.verbs import clock, perform, sleep
from pubsub_kit.world.world import World

Handled = list[tuple[float, str]]


def a_world(schedule: str = "", *faults: str, **options: Any) -> World:
    """A world with a topic, whose faults happen where a schedule has them."""
    world = World(chance=Schedule(schedule), faults=dict.fromkeys(faults, 0.0), **options)
    world.topic("orders")
    return world


def consume(world: World, **options: Any) -> Handled:
    """Subscribe a consumer that notes when it handles what."""
    handled: Handled = []

    def handle(event: Event) -> None:
        handled.append((world.now, event.id))

    world.consumer("worker", handle, "orders", **options)
    return handled


def place(world: World, *ids: str, **options: Any) -> None:
    for id in ids:
        world.publish("orders", {"id": id}, id=id, **options)


# --- the plain way --------------------------------------------------------------------------------


def test_what_is_published_is_handled_once_in_order() -> None:
    world = a_world()
    handled = consume(world)
    place(world, "a", "b", "c")
    world.run()
    assert handled == [(0.0, "a"), (0.0, "b"), (0.0, "c")]
    assert world.broker.subscribe("orders", "worker").lag == 0


def test_a_delivery_is_sent_received_handled_and_acked() -> None:
    world = a_world()
    consume(world)
    place(world, "a")
    assert [(s.kind, s.node, s.text) for s in world.run()] == [
        ("send", "orders", "a"),
        ("receive", "worker", "a"),
        ("begin", "worker", "a"),
        ("end", "worker", "done"),
        ("send", "worker", "ack a"),
        ("receive", "orders", "ack a"),
    ]


def test_each_group_gets_every_message_and_workers_share_them() -> None:
    world = a_world()
    for name, workers in [("billing", 2), ("mailing", 1)]:
        world.consumer(name, lambda event: None, "orders", workers=workers, latency=1.0)
    place(world, "a", "b", "c", "d")
    world.run()
    begun = [(step.node, step.time, step.text) for step in world.trace.of("begin")]
    assert [step for step in begun if step[0] == "mailing"] == [
        ("mailing", float(i), id) for i, id in enumerate("abcd")
    ]
    assert [step for step in begun if step[0] != "mailing"] == [
        ("billing-1", 0.0, "a"),
        ("billing-2", 0.0, "b"),
        ("billing-1", 1.0, "c"),
        ("billing-2", 1.0, "d"),
    ]


def test_a_handler_may_publish() -> None:
    world = a_world()
    world.topic("invoices")
    seen: list[Event] = []

    async def bill(event: Event) -> None:
        await publish("invoices", {"of": event.id}, key="ann")

    world.consumer("billing", bill, "orders")
    world.consumer("archive", seen.append, "invoices")
    place(world, "a", "b")
    world.run()
    assert [(event.id, event.data, event.key) for event in seen] == [
        ("invoices-1", {"of": "a"}, "ann"),
        ("invoices-2", {"of": "b"}, "ann"),
    ]


def test_a_handler_gets_its_own_copy_of_the_data() -> None:
    world = a_world()
    seen: list[Any] = []

    def spoil(event: Event) -> None:
        seen.append(dict(event.data))
        event.data.clear()
        if len(seen) == 1:
            raise ValueError("again, please")

    world.consumer("worker", spoil, "orders")
    place(world, "a")
    world.run()
    assert seen == [{"id": "a"}, {"id": "a"}]


def test_events_of_a_world_have_its_ids_and_its_time() -> None:
    world = a_world()
    seen: list[Event] = []
    world.consumer("worker", seen.append, "orders")
    world.at(2.5, world.publish, "orders", "late")
    world.publish("orders", "early")
    world.run()
    assert [(event.id, event.time, event.data) for event in seen] == [
        ("orders-1", 0.0, "early"),
        ("orders-2", 2.5, "late"),
    ]


def test_what_was_published_before_the_group_came_is_seen_if_it_wants_to() -> None:
    world = a_world()
    place(world, "a")
    late, early = consume(world), []
    world.consumer("all", lambda event: early.append(event.id), "orders", start="earliest")
    world.run()
    assert (late, early) == ([], ["a"])


def test_a_filter_passes_over_what_it_refuses() -> None:
    world = a_world()
    handled = consume(world, filter=lambda event: event.id != "b")
    place(world, "a", "b", "c")
    world.run()
    assert [id for _, id in handled] == ["a", "c"]
    assert world.broker.subscribe("orders", "worker").lag == 0


def test_a_key_waits_for_its_turn_and_others_go_on() -> None:
    world = a_world()
    world.consumer("worker", lambda event: None, "orders", workers=2, ordered=True, latency=1.0)
    for id, key in [("a1", "ann"), ("a2", "ann"), ("a3", "ann"), ("b1", "bob")]:
        world.publish("orders", id=id, key=key)
    begun = [(step.time, step.text) for step in world.run().of("begin")]
    assert begun == [(0.0, "a1"), (0.0, "b1"), (1.0, "a2"), (2.0, "a3")]


# --- failures and redelivery ----------------------------------------------------------------------


def fails(times: int) -> Callable[[Event], None]:
    left = [times]

    def handle(_: Event) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise ValueError("out of tea")

    return handle


def test_an_exception_is_a_nack_and_the_message_comes_again_after_a_backoff() -> None:
    world = a_world()
    retry = RetryPolicy(base=1.0, factor=3.0, jitter=None)
    world.consumer("worker", fails(3), "orders", retry=retry)
    place(world, "a")
    trace = world.run()
    assert [(step.time, step.text) for step in trace.of("begin")] == [
        (0.0, "a"),
        (1.0, "a (attempt 2)"),
        (4.0, "a (attempt 3)"),
        (13.0, "a (attempt 4)"),
    ]
    assert [step.text for step in trace.of("end")] == ["failed: out of tea"] * 3 + ["done"]


def test_a_message_that_always_fails_becomes_a_dead_letter_that_others_can_read() -> None:
    world = a_world()
    world.topic("orders.dead")
    letters: list[Event] = []
    world.consumer("undertaker", letters.append, "orders.dead")
    world.consumer("worker", fails(99), "orders", max_deliveries=3)
    place(world, "a")
    trace = world.run()
    assert len(trace.of("begin", node="worker")) == 3
    assert [step.text for step in trace.of("note")] == ["a goes to orders.dead: out of tea"]
    (letter,) = letters
    assert (letter.id, letter.data) == ("a", {"id": "a"})
    assert letter.extensions["deadreason"] == "out of tea"
    assert letter.extensions["deadattempts"] == 3


def test_a_passed_deadline_buries_too() -> None:
    world = a_world()
    letters: list[Event] = []

    async def sleepy(_: Event) -> None:
        await sleep(99)

    world.consumer("worker", sleepy, "orders", workers=2, max_deliveries=1, ack_deadline=5.0)
    world.consumer("undertaker", letters.append, "orders.dead")
    place(world, "a")
    trace = world.run()
    assert [(step.time, step.text) for step in trace.of("note")] == [
        (5.0, "a goes to orders.dead: the ack deadline passed")
    ]
    assert [letter.id for letter in letters] == ["a"]


def test_dead_letters_can_be_redriven_between_two_runs() -> None:
    world = a_world()
    world.consumer("worker", fails(2), "orders", max_deliveries=2)
    place(world, "a")
    world.run()
    assert world.broker.redrive("orders.dead") == 1
    world.run()
    assert [step.text for step in world.trace.of("end")][-1] == "done"


def test_a_handler_slower_than_its_deadline_finds_its_ack_refused() -> None:
    world = a_world()
    world.consumer("worker", lambda e: None, "orders", workers=2, latency=15.0, ack_deadline=10.0)
    place(world, "a")
    trace = world.run(until=24.0)
    assert [(s.time, s.node, s.text) for s in trace.of("begin")] == [
        (0.0, "worker-1", "a"),
        (10.0, "worker-2", "a (attempt 2)"),
        (20.0, "worker-1", "a (attempt 3)"),
    ]
    assert [step.text for step in trace.of("receive", node="orders")] == ["ack a refused: stale"]


# --- semantics ------------------------------------------------------------------------------------


def test_at_least_once_handles_again_after_a_crash() -> None:
    world = a_world("1c", "crash")

    async def handle(event: Event) -> None:
        await perform("charge", event.id)

    world.consumer("worker", handle, "orders")
    place(world, "a")
    trace = world.run()
    assert [step.text for step in trace.of("crash")] == ["crashes before the ack of a"]
    assert [step.text for step in trace.of("effect")] == ["charge a", "charge a (2 times now)"]


def test_at_most_once_loses_what_it_held_in_a_crash() -> None:
    world = a_world("1c", "crash")

    async def handle(event: Event) -> None:
        await perform("charge", event.id)

    world.consumer("worker", handle, "orders", semantics="at_most_once")
    place(world, "a")
    trace = world.run()
    assert [step.text for step in trace.of("crash")] == ["crashes before “charge a”"]
    assert trace.of("effect") == []
    assert world.broker.subscribe("orders", "worker").lag == 0


def test_at_most_once_acks_before_it_begins_and_never_nacks() -> None:
    world = a_world()
    world.consumer("worker", fails(1), "orders", semantics="at_most_once")
    place(world, "a")
    assert [(s.kind, s.text) for s in world.run()][2:] == [
        ("send", "ack a"),
        ("receive", "ack a"),
        ("begin", "a"),
        ("end", "failed: out of tea"),
    ]


def test_at_most_once_does_not_begin_before_it_knows_of_its_ack() -> None:
    world = a_world("0a", "ack lost")
    handled = consume(world, semantics="at_most_once", ack_deadline=5.0)
    place(world, "a")
    world.run()
    assert handled == [(5.0, "a")]


def test_by_hand_nothing_is_acked_that_the_handler_does_not_ack() -> None:
    seen: list[tuple[Any, ...]] = []

    async def handle(hand: Hand) -> None:
        seen.append((hand.id, hand.key, hand.data, hand.attempt, hand.offset, hand.deadline))
        if hand.attempt == 2:
            assert await hand.ack()
            assert not await hand.ack()

    world = a_world()
    world.consumer("worker", handle, "orders", semantics="manual", ack_deadline=5.0)
    place(world, "a", key="ann")
    world.run()
    data = {"id": "a"}
    assert seen == [("a", "ann", data, 1, 0, 5.0), ("a", "ann", data, 2, 0, 10.0)]


def test_by_hand_a_nack_says_when_the_message_comes_again() -> None:
    async def handle(hand: Hand) -> None:
        assert hand.event.id == "a"
        await (hand.ack() if hand.attempt > 1 else hand.nack(delay=7.0))

    world = a_world()
    world.consumer("worker", handle, "orders", semantics="manual")
    place(world, "a")
    assert [step.time for step in world.run().of("begin")] == [0.0, 7.0]


def test_by_hand_an_extended_deadline_gives_more_time() -> None:
    async def handle(hand: Hand) -> None:
        await sleep(4)
        assert await hand.extend(10.0)
        await sleep(9)
        assert await hand.ack()

    world = a_world()
    world.consumer("worker", handle, "orders", semantics="manual", workers=2, ack_deadline=5.0)
    place(world, "a")
    assert len(world.run().of("begin")) == 1


def test_by_hand_all_is_refused_once_the_deadline_has_passed() -> None:
    answers: list[bool] = []

    async def handle(hand: Hand) -> None:
        if hand.attempt > 1:
            await hand.ack()
            return
        await sleep(6)
        answers.extend([await hand.extend(9.0), await hand.nack(), await hand.ack()])

    world = a_world()
    world.consumer("worker", handle, "orders", semantics="manual", workers=2, ack_deadline=5.0)
    place(world, "a")
    world.run()
    assert answers == [False, False, False]


# --- faults ---------------------------------------------------------------------------------------


def test_a_lost_ack_brings_the_message_again() -> None:
    world = a_world("0a", "ack lost")
    handled = consume(world, ack_deadline=5.0)
    place(world, "a")
    trace = world.run()
    assert handled == [(0.0, "a"), (5.0, "a")]
    (lost,) = trace.of("lose")
    assert (lost.text, lost.fault) == ("ack of a is lost", True)


def test_a_reordered_message_comes_after_the_next_one() -> None:
    world = a_world("0o", "reorder")
    handled = consume(world, ack_deadline=10.0)
    place(world, "a", "b")
    world.run()
    assert handled == [(0.0, "b"), (5.0, "a")]


def test_a_delayed_message_comes_twice_and_its_first_ack_is_stale() -> None:
    world = a_world("0y", "delay")
    handled = consume(world, ack_deadline=10.0)
    place(world, "a")
    trace = world.run()
    assert handled == [(10.0, "a"), (15.0, "a")]
    acks = [step.text for step in trace.of("receive", node="orders")]
    assert acks == ["ack a", "ack a refused: stale"]


def test_a_duplicated_publish_is_two_messages_of_one_id() -> None:
    world = a_world("0d", "duplicate")
    handled = consume(world)

    async def shop() -> None:
        await publish("orders", id="a")

    world.spawn(shop(), "shop")
    trace = world.run()
    assert [id for _, id in handled] == ["a", "a"]
    assert [step.text for step in trace.of("send", node="shop")] == [
        "a",
        "a, published again: got no confirm",
    ]


def test_a_paused_worker_comes_back_as_a_zombie() -> None:
    world = a_world("0z", "pause", pause_for=30.0)

    async def handle(event: Event) -> None:
        await perform("charge", event.id)

    world.consumer("worker", handle, "orders", workers=2, ack_deadline=10.0)
    place(world, "a")
    trace = world.run()
    assert [(step.time, step.text) for step in trace.of("effect")] == [
        (10.0, "charge a"),
        (30.0, "charge a (2 times now)"),
    ]
    assert trace.of("receive", node="orders")[-1].text == "ack a refused: stale"


def test_a_preempted_worker_lets_the_others_run_first() -> None:
    world = a_world("0p", "preempt")

    async def handle(event: Event) -> None:
        await perform("charge", event.id)

    world.consumer("worker", handle, "orders", workers=2)
    place(world, "a", "b")
    trace = world.run()
    assert [step.text for step in trace.of("effect")] == ["charge b", "charge a"]
    assert [step.text for step in trace.of("pause")] == ["others run before “charge a”"]


def test_a_clock_may_be_wrong_and_stays_so() -> None:
    shown: list[float] = []
    world = a_world("0k", "skew")

    def handle(event: Event) -> None:
        shown.append(clock())

    world.consumer("worker", handle, "orders")
    place(world, "a")
    world.at(100.0, place, world, "b")
    world.run()
    assert shown == [-60.0, 40.0]
    assert [step.text for step in world.trace.faults()] == ["its clock is 60 s slow"]


def test_rare_faults_come_at_their_rates() -> None:
    world = World(seed=9, faults={"ack lost": 0.1, "duplicate": 0.2})
    world.topic("orders")

    async def shop() -> None:
        for _ in range(2_000):
            await publish("orders")

    world.consumer("worker", lambda event: None, "orders")
    world.spawn(shop(), "shop")
    trace = world.run()
    twice = len(trace.of("send", node="shop")) - 2_000
    assert twice / 2_000 == pytest.approx(0.2, abs=0.03)
    acks = len(trace.of("send", node="worker"))
    assert len(trace.of("lose")) / acks == pytest.approx(0.1, abs=0.02)


# --- far into the day -----------------------------------------------------------------------------


def test_deadlines_hold_far_from_the_beginning_of_time() -> None:
    """At a billion seconds the clock's last bit is 120 ns: no wake-up may miss its moment."""
    world = a_world("0a", "ack lost")
    handled = consume(world, ack_deadline=0.1)
    world.at(1e9, place, world, "a")
    world.run(max_steps=1_000)
    assert [round(when - 1e9, 3) for when, _ in handled] == [0.0, 0.1]


# --- what cannot be -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"workers": 0}, "0 workers: give 1 or more"),
        ({"semantics": "exactly_once"}, "choose one of at_least_once, at_most_once, manual"),
        ({"ack_deadline": -1}, "ack_deadline"),
        ({"latency": -1}, "seconds"),
        ({"topic": "ordrs"}, "no topic 'ordrs'"),
        ({"factory": 42}, "42 can't handle messages"),
        ({"factory": lambda: 42}, "42 can't handle messages"),
        ({"factory": object}, "^an object of object can't handle messages"),
    ],
)
def test_a_consumer_that_cannot_be_is_refused(options: dict[str, Any], words: str) -> None:
    given: dict[str, Any] = {"factory": lambda event: None, "topic": "orders", **options}
    with pytest.raises(PubSubKitError, match=words):
        a_world().consumer("worker", **given)


def test_a_coroutine_that_takes_nothing_is_no_handler() -> None:
    async def handler() -> None: ...

    with pytest.raises(WorldError, match="takes 0 arguments: a handler takes one"):
        a_world().consumer("worker", handler, "orders")


def test_publishing_to_a_topic_that_is_not_there_stops_the_run() -> None:
    async def handle(_: Event) -> None:
        await publish("invoces")

    world = a_world()
    world.consumer("worker", handle, "orders")
    place(world, "a")
    with pytest.raises(WorldError, match="no topic 'invoces'"):
        world.run()


def test_a_filter_that_fails_stops_the_run_with_its_own_error() -> None:
    world = a_world()
    consume(world, filter=lambda event: event.data["price"] > 1)
    place(world, "a")
    with pytest.raises(PubSubKitError, match="filter of orders/worker failed"):
        world.run()
