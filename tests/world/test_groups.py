"""Groups in a world: workers that share messages or own partitions, and that come and go.

Both kinds in one suite of rows: `a_group` makes either; where they differ, a row says what each
does.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

import pytest

from pubsub_kit.broker.settings import SubscriptionError
from pubsub_kit.log.event import Event
from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.consumers import Group
from pubsub_kit.world.deliveries import Hand
from pubsub_kit.world.running import WorldError
from pubsub_kit.world.verbs import perform
from pubsub_kit.world.world import World

Kind = Literal["shared", "partitioned"]
Log = list[tuple[float, str, str]]  # when which worker began to handle what
BOTH = pytest.mark.parametrize("kind", ["shared", "partitioned"])
SILENCE = 10.0  # seconds until either kind takes back what a worker holds


def a_group(
    kind: Kind,
    workers: int = 2,
    partitions: int = 1,
    latency: float = 1.0,
    schedule: str = "",
    faults: tuple[str, ...] = (),
    **options: Any,
) -> tuple[World, Group]:
    """A world with one topic, and one group of it, whose workers take a second a message."""
    world = World(chance=Schedule(schedule), faults=dict.fromkeys(faults, 0.0))
    world.topic("orders", partitions)

    async def handle(event: Event) -> None:
        await perform("handle", event.id)

    options = {"latency": latency, "assignment": kind, **options}
    return world, world.consumer("w", lambda: handle, "orders", workers=workers, **options)


def place(world: World, *ids: str, keyed: bool = False) -> None:
    for id in ids:
        world.publish("orders", id, id=id, key=id[0] if keyed else None)


def begun(world: World) -> Log:
    return [(step.time, step.node, step.text) for step in world.trace.of("begin")]


def split(world: World) -> dict[str, int]:
    """How many messages each worker finished."""
    return dict(Counter(step.node for step in world.trace.of("end")))


def owners(world: World) -> list[tuple[float, int, dict[str, list[int]]]]:
    """Each rebalance: when, the generation, and who owns which partitions from then on."""
    steps = world.trace.of("rebalance")
    return [(step.time, step.data["generation"], step.data["owners"]) for step in steps]


# --- who gets what --------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    ("partitions", "shared", "partitioned"), [(1, (3, 3), (6, 0)), (2, (3, 3), (3, 3))]
)
def test_how_two_workers_divide_six_messages(
    kind: Kind, partitions: int, shared: tuple[int, int], partitioned: tuple[int, int]
) -> None:
    world, _ = a_group(kind, partitions=partitions)
    place(world, *"abcdef")
    world.run()
    found = split(world)
    wanted = shared if kind == "shared" else partitioned
    assert (found.get("w-1", 0), found.get("w-2", 0)) == wanted


@BOTH
def test_more_workers_than_partitions(kind: Kind) -> None:
    world, _ = a_group(kind, workers=3, partitions=2)
    place(world, *"abcdef")
    world.run()
    assert split(world) == (
        {"w-1": 2, "w-2": 2, "w-3": 2} if kind == "shared" else {"w-1": 3, "w-2": 3}
    )


@BOTH
def test_a_world_comes_to_rest_when_its_messages_are_handled(kind: Kind) -> None:
    world, group = a_group(kind)
    place(world, "a")
    world.run()
    ended = {"shared": SILENCE, "partitioned": 1.0}  # a lease's alarm rings in vain
    assert (world.now, group.subscription.lag) == (ended[kind], 0)


@BOTH
def test_whether_a_keys_messages_reach_one_worker_in_order(kind: Kind) -> None:
    world, _ = a_group(kind, partitions=2)
    place(world, *(f"{key}{n}" for n in range(4) for key in "abc"), keyed=True)
    world.run()
    readers = {key: {node for _, node, text in begun(world) if text[0] == key} for key in "abc"}
    alone = [len(nodes) == 1 for nodes in readers.values()]
    assert any(not one for one in alone) if kind == "shared" else all(alone)
    for key in "abc":
        ids = [text for _, _, text in begun(world) if text[0] == key]
        assert kind == "shared" or ids == sorted(ids)


@BOTH
def test_idle_members_live_for_as_long_as_they_like(kind: Kind) -> None:
    world, group = a_group(kind)
    world.at(500.0, lambda: group.subscription.lag)
    world.at(1000.0, place, world, "a", "b")
    world.run(until=5000.0)
    assert len(split(world)) == (2 if kind == "shared" else 1)
    assert all(time == 0.0 for time, _, _ in owners(world))


@BOTH
def test_a_slow_handler_loses_its_lease_but_not_its_partition(kind: Kind) -> None:
    world, _ = a_group(kind, latency=15.0)
    place(world, "a")
    world.run(until=40)
    again = [(time, node) for time, node, _ in begun(world)][1:]
    assert again[:1] == ([(10.0, "w-2")] if kind == "shared" else [])


# --- workers that die -----------------------------------------------------------------------------


@BOTH
def test_what_a_dead_worker_had_not_acked_is_repeated_by_another(kind: Kind) -> None:
    world, _ = a_group(kind)
    place(world, "a", "b")
    world.at(0.5, world.crash, "w-1")
    world.run()
    repeated = (SILENCE if kind == "shared" else 0.5 + SILENCE, "w-2", "a (attempt 2)")
    assert repeated in begun(world)
    assert {text[0] for _, _, text in begun(world)} == {"a", "b"}


def test_a_dead_members_partition_moves_when_its_session_ends() -> None:
    world, _ = a_group("partitioned", partitions=2, session_timeout=4.0)
    world.at(1.0, world.crash, "w-1")
    world.run()
    assert owners(world) == [(0.0, 2, {"w-1": [0], "w-2": [1]}), (5.0, 3, {"w-2": [0, 1]})]
    assert [step.text for step in world.trace.of("rebalance")][-1] == (
        "generation 3, without w-1: w-2 owns 0, 1"
    )


def test_each_session_ends_in_time_even_if_all_others_are_busy_by_then() -> None:
    world, _ = a_group("partitioned", workers=3, partitions=2, latency=100.0)
    place(world, *"ab")
    world.at(1.0, world.crash, "w-1")
    world.at(2.0, world.crash, "w-2")
    world.run(until=50.0)
    assert [time for time, _, _ in owners(world)] == [0.0, 11.0, 12.0]


def test_a_member_that_restarts_in_time_takes_its_own_place() -> None:
    world, _ = a_group("partitioned")
    place(world, "a", "b")
    world.at(0.5, world.crash, "w-1", 2.0)
    world.run()
    assert owners(world)[-1] == (2.5, 3, {"w-2": [], "w-1": [0]})
    assert begun(world)[1:] == [(2.5, "w-1", "a (attempt 2)"), (3.5, "w-1", "b")]


def test_a_member_that_comes_back_late_joins_again() -> None:
    world, _ = a_group("partitioned", partitions=2)
    world.at(0.5, world.crash, "w-1", 20.0)
    world.run()
    assert owners(world)[1:] == [
        (10.5, 3, {"w-2": [0, 1]}),
        (20.5, 4, {"w-2": [0], "w-1": [1]}),
    ]


def test_the_last_member_to_die_leaves_nobody() -> None:
    world, _ = a_group("partitioned", workers=1)
    world.at(1.0, world.crash, "w")
    place(world, "a")
    world.run()
    assert world.trace.of("rebalance")[-1].text == "generation 2, without w: nobody is there"


@pytest.mark.parametrize(
    ("fault", "code"), [("long crash", "0t"), ("stays down", "0x"), ("pause", "0z")]
)
def test_each_long_silence_costs_a_member_its_partitions(fault: str, code: str) -> None:
    world, _ = a_group("partitioned", partitions=2, faults=(fault,), schedule=code)
    place(world, *"ab")
    world.run()
    fallen = world.trace.faults()[0]
    time, _, owned = owners(world)[1]
    assert time == fallen.time + SILENCE
    assert owned == {"w-2" if fallen.node == "w-1" else "w-1": [0, 1]}


def test_a_zombies_ack_is_refused_and_only_then_does_it_join_again() -> None:
    world, _ = a_group("partitioned", faults=("pause",), schedule="0z")
    place(world, "a", "b")
    trace = world.run()
    refused = [step for step in trace.of("receive", node="orders") if "refused" in step.text]
    assert [(step.peer, step.text) for step in refused] == [
        ("w-1", "ack a refused: stale, of generation 2, now 3")
    ]
    joined = owners(world)[-1]
    assert joined[1:] == (4, {"w-2": [0], "w-1": []})
    assert joined[0] == refused[0].time
    assert [s.node for s in trace.of("effect") if s.text.startswith("handle a")] == ["w-2", "w-1"]


def test_a_pause_shorter_than_the_session_costs_nothing() -> None:
    world, _ = a_group("partitioned", faults=("pause",), schedule="0z", session_timeout=60.0)
    place(world, "a", "b")
    world.run()
    assert len(owners(world)) == 1
    assert split(world) == {"w-1": 2}


def test_a_lost_ack_is_not_repeated_until_the_partition_moves() -> None:
    world, group = a_group("partitioned", faults=("ack lost",), schedule="0a")
    place(world, "a", "b")
    world.at(50.0, group.leave, "w-1")
    world.run()
    ids = [(time, node, text) for time, node, text in begun(world) if time >= 50]
    assert ids == [(50.0, "w-2", "a"), (51.0, "w-2", "b")]  # acked beyond an unacked message


# --- workers that come and go ---------------------------------------------------------------------


@BOTH
def test_a_worker_that_leaves_hands_over(kind: Kind) -> None:
    world, group = a_group(kind, partitions=2)
    place(world, *"abcdef")
    world.at(1.5, group.leave, "w-1")
    world.run()
    times = Counter(text[0] for _, _, text in begun(world))
    repeated = [id for id, n in times.items() if n > 1]
    assert set(times) == set("abcdef")
    assert len(repeated) == (0 if kind == "shared" else 1)  # a shared group takes its ack
    assert all(node == "w-2" for time, node, _ in begun(world) if time > 1.5)


@BOTH
def test_a_worker_that_left_idle_stays_away(kind: Kind) -> None:
    world, group = a_group(kind)
    world.at(1.0, group.leave, "w-1")
    world.at(2.0, place, world, "a", "b")
    world.run()
    assert split(world) == {"w-2": 2}
    assert not world.busy


@BOTH
def test_a_worker_that_left_and_crashes_does_not_come_back(kind: Kind) -> None:
    world, group = a_group(kind)
    world.at(1.0, group.leave, "w-1")
    world.at(1.5, world.crash, "w-1", 1.0)
    world.at(3.0, place, world, "a", "b")
    world.run()
    assert split(world) == {"w-2": 2}


@BOTH
def test_a_worker_that_left_can_be_hired_again(kind: Kind) -> None:
    world, group = a_group(kind, partitions=2)
    world.at(1.0, group.leave, "w-1")
    world.at(2.0, group.hire, "w-1")
    world.at(3.0, place, world, "a", "b")
    world.run()
    assert split(world) == {"w-1": 1, "w-2": 1}


@BOTH
def test_a_worker_that_is_hired_gets_its_share(kind: Kind) -> None:
    world, group = a_group(kind, workers=1, partitions=2)
    place(world, *"abcdef")
    world.at(1.5, group.hire, "w-2")
    world.run()
    assert split(world)["w-2"] == (2 if kind == "shared" else 3)


def test_joining_takes_a_partition_away_and_a_member_keeps_the_rest() -> None:
    world, group = a_group("partitioned", workers=1, partitions=2)
    world.at(1.0, group.hire, "w-2")
    world.at(2.0, group.hire, "w-3", "w-4")
    world.run()
    assert [owned for _, _, owned in owners(world)] == [
        {"w": [0, 1]},
        {"w": [0], "w-2": [1]},
        {"w": [0], "w-2": [1], "w-3": [], "w-4": []},
    ]


@BOTH
def test_only_a_worker_of_the_group_can_leave_it(kind: Kind) -> None:
    _, group = a_group(kind)
    with pytest.raises(WorldError, match="'w-9' does not work for 'w', which has: w-1, w-2"):
        group.leave("w-9")
    with pytest.raises(WorldError, match="already has a 'w-1'"):
        group.hire("w-1")


@BOTH
def test_nothing_is_handed_out_while_a_group_is_paused(kind: Kind) -> None:
    world, group = a_group(kind)
    world.at(1.0, group.pause)
    world.at(2.0, place, world, "a")
    world.at(30.0, group.resume)
    world.run()
    assert begun(world) == [(30.0, "w-1", "a")]
    assert [s.text for s in world.trace.of("note")] == ["w is paused", "w is resumed"]


@BOTH
def test_an_unsubscribed_group_hears_no_more_and_its_acks_are_stale(kind: Kind) -> None:
    world, group = a_group(kind)
    place(world, "a")
    world.at(0.5, group.unsubscribe)
    world.at(2.0, place, world, "b")
    trace = world.run()
    assert begun(world) == [(0.0, "w-1", "a")]
    assert trace.of("receive", node="orders")[-1].text.startswith("ack a refused: stale")
    assert ("orders", "w") not in world.broker.subscriptions
    with pytest.raises(SubscriptionError, match="was unsubscribed"):
        group.resume()


@BOTH
def test_a_group_can_subscribe_again_and_starts_anew(kind: Kind) -> None:
    world, group = a_group(kind)
    heard: list[str] = []
    world.at(1.0, group.unsubscribe)
    world.at(2.0, place, world, "a")
    world.at(3.0, lambda: world.consumer("w", lambda e: heard.append(e.id), "orders", workers=2,
                                         assignment=kind))  # fmt: skip
    world.at(4.0, place, world, "b")
    world.run()
    assert heard == ["b"]


@BOTH
def test_two_kinds_of_workers_in_one_group_hear_of_each_other(kind: Kind) -> None:
    world = World()
    world.topic("orders", 2)
    for name in ("email", "analytics"):
        world.consumer(name, lambda event: None, "orders", group="all", assignment=kind)
    place(world, *"abcd")
    world.at(1.0, world.crash, "email")
    world.at(2.0, place, world, *"ef")
    world.run()
    shared, owned = {"email": 4, "analytics": 2}, {"email": 2, "analytics": 4}
    assert split(world) == (shared if kind == "shared" else owned)
    assert [generation for _, generation, _ in owners(world)] == (
        [] if kind == "shared" else [1, 2, 3]
    )


@BOTH
def test_a_nack_is_redelivered_after_its_delay_and_may_hold_up_what_follows(kind: Kind) -> None:
    world = World()
    world.topic("orders")
    seen: list[tuple[float, str]] = []

    async def handle(hand: Hand) -> None:
        seen.append((world.now, hand.id))
        await (hand.nack(5.0) if hand.id == "a" and hand.attempt == 1 else hand.ack())

    world.consumer("w", lambda: handle, "orders", semantics="manual", workers=2, assignment=kind)
    place(world, "a", "b")
    world.run()
    blocked = [(0.0, "a"), (5.0, "a"), (5.0, "b")]
    assert seen == ([(0.0, "a"), (0.0, "b"), (5.0, "a")] if kind == "shared" else blocked)


@BOTH
def test_a_poison_message_becomes_a_dead_letter_and_the_next_comes(kind: Kind) -> None:
    world = World()
    world.topic("orders")

    def handle(event: Event) -> None:
        if event.id == "a":
            raise ValueError("poison")

    group = world.consumer("w", lambda: handle, "orders", max_deliveries=2, assignment=kind)
    place(world, "a", "b")
    trace = world.run()
    assert "a goes to orders.dead: poison" in [step.text for step in trace.of("note")]
    assert group.subscription.lag == 0


# --- the broker that crashes ----------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(("fault", "code"), [("broker crash", "0b"), ("broker wiped", "0m")])
def test_all_join_again_when_the_broker_is_back(kind: Kind, fault: str, code: str) -> None:
    world, group = a_group(kind, partitions=2, faults=(fault,), schedule=code)
    place(world, "a", "b")
    world.at(20.0, place, world, "c", "d")
    world.run()
    assert {"c", "d"} <= {text for _, _, text in begun(world)}
    assert group.subscription.lag == 0
    if kind == "partitioned":
        times = [time for time, _, _ in owners(world)]
        assert times == [0.0, 2.0]  # down for a second from 1.0 on; both join in one step
        assert owners(world)[-1][2] == {"w-1": [0], "w-2": [1]}
