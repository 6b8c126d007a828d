"""Crashes, mistakes and foreign code: none of them may leave a world in two minds."""

from __future__ import annotations

import gc
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Awaitable, Callable

import pytest

from pubsub_kit.log.event import Event
from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.stores import Store
from pubsub_kit.world.verbs import call, gather, perform, sleep
from pubsub_kit.world.world import World

# --- what a crash takes ---------------------------------------------------------------------------


def test_a_crash_takes_the_work_in_hand_and_the_queue() -> None:
    world = World()
    world.service("stock", workers=1, latency=1.0)
    world.client("c", "stock", count=3, timeout=5.0)
    world.at(1.5, world.crash, "stock", 1.0)
    world.client("late", "stock", start=3.0)
    trace = world.run()
    assert [step.text for step in trace.of("end", node="stock")] == ["done", "done"]
    assert [step.data["ok"] for step in trace.of("end", node="c")] == [True, False, False]
    assert [step.data for step in trace.of("end", node="late")] == [{"latency": 1.0, "ok": True}]


def test_a_crash_takes_the_memory_and_a_restart_makes_a_new_one() -> None:
    class Counter:
        def __init__(self) -> None:
            self.count = 0

        def handle(self, _: object) -> int:
            self.count += 1
            return self.count

    counted: list[int] = []
    world = World()
    world.service("counter", Counter)

    async def ask() -> None:
        for _ in range(4):
            counted.append(await call("counter"))
            await sleep(1)

    world.spawn(ask(), "c")
    world.at(1.5, world.crash, "counter", 0.1)
    world.run()
    assert counted == [1, 2, 1, 2]


def test_a_restarted_consumer_recovers_before_it_handles() -> None:
    told: list[str] = []

    class Worker:
        async def recover(self) -> None:
            await sleep(0.5)
            told.append("recovered")

        def handle(self, event: Event) -> None:
            told.append(event.id)

    world = World()
    world.topic("t")
    world.consumer("worker", Worker, "t")
    for moment in (1, 2.1):
        world.at(moment, world.publish, "t")
    world.at(2, world.crash, "worker", 0.0)
    trace = world.run()
    assert told == ["recovered", "t-1", "recovered", "t-2"]
    assert [(s.time, s.kind, s.text) for s in trace.of("begin", "end")][:2] == [
        (0.0, "begin", "recovery"),
        (0.5, "end", "done"),
    ]


def test_a_service_recovers_too() -> None:
    told: list[float] = []

    class Bank:
        def __init__(self, world: World) -> None:
            self.world = world

        async def recover(self) -> None:
            told.append(self.world.now)

        def handle(self, _: object) -> None: ...

    world = World()
    world.service("bank", lambda: Bank(world))
    world.at(1, world.crash, "bank", 2.0)
    world.run()
    assert told == [0.0, 3.0]


def test_a_worker_that_crashed_for_good_leaves_its_messages_to_others() -> None:
    world = World()
    world.topic("t")
    world.consumer("w", lambda event: None, "t", workers=2, latency=1.0, ack_deadline=5.0)
    world.publish("t", id="a")
    world.at(0.5, world.crash, "w-1")
    assert [(s.time, s.node) for s in world.run().of("begin")] == [(0.0, "w-1"), (5.0, "w-2")]


def test_a_crashed_caller_never_hears_of_its_reply() -> None:
    told: list[str] = []

    async def code() -> None:
        told.append(await call("stock", "tea"))

    world = World()
    world.service("stock", latency=2.0)
    world.spawn(code(), "shop")
    world.at(1, world.crash, "shop")
    trace = world.run()
    assert told == []
    assert trace[-1].kind == "receive"  # the reply arrives at nobody


def test_a_crash_takes_what_was_gathered() -> None:
    told: list[str] = []

    async def one() -> None:
        await sleep(1)
        told.append("one")

    async def all_of_them() -> None:
        await gather(one(), one())
        told.append("all")

    world = World()
    world.spawn(all_of_them(), "shop")
    world.at(0.5, world.crash, "shop")
    world.run()
    assert told == []


def test_what_a_crash_keeps_from_beginning_is_not_called_never_awaited() -> None:
    async def one() -> None: ...

    async def all_of_them() -> None:
        world.on(0, lambda _: world.crash("shop"))
        await gather(one(), one())

    world = World()
    world.spawn(all_of_them(), "shop")
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        world.run()
        gc.collect()
    assert heard == []


def test_a_crash_and_a_restart_happen_once() -> None:
    world = World()
    world.service("stock")
    world.crash("stock", restart_after=1.0)
    world.crash("stock", restart_after=2.0)
    world.restart("stock")
    world.restart("stock")
    trace = world.run()
    assert [(step.time, step.kind) for step in trace] == [(0.0, "crash"), (0.0, "restart")]


def test_a_crash_may_fall_while_a_handler_waits_for_a_reply_or_sleeps() -> None:
    async def wait_for_reply(_: Event) -> None:
        await call("bank", "x")

    async def doze(_: Event) -> None:
        await sleep(5)

    for handler, words in [
        (wait_for_reply, "crashes before the reply from bank"),
        (doze, "crashes before its sleep of 5 s ends"),
    ]:
        offered: list[str] = []
        for question in range(4):
            world = World(chance=Schedule({question: "crash"}), faults={"crash": 0.0})
            world.service("bank", latency=1.0)
            world.topic("t")
            world.consumer("w", lambda handler=handler: handler, "t")
            world.publish("t")
            offered += [step.text for step in world.run().of("crash")]
        assert words in offered


# --- no code can refuse a crash -------------------------------------------------------------------

Deed = Callable[[Store], Awaitable[None]]


async def swallow_exceptions(db: Store) -> None:
    try:
        await sleep(10)
    except Exception:
        await db.put("swallowed", 1)
    await db.put("went on", 1)


async def swallow_everything(db: Store) -> None:
    try:
        await sleep(10)
    except:  # noqa: E722
        await db.put("swallowed", 1)
    await db.put("went on", 1)


async def insist(db: Store) -> None:
    while True:
        try:
            await sleep(10)
            await db.put("went on", 1)
        except:  # noqa: E722
            pass


async def insist_on_calls(db: Store) -> None:
    while True:
        try:
            await call("bank", timeout=20)
            await db.put("went on", 1)
        except BaseException:
            continue


async def clean_up(db: Store) -> None:
    try:
        await sleep(10)
    finally:
        await db.put("cleaned", 1)
        await publish("t", "cleaned")
        await perform("clean", "up")
        await gather(db.put("gathered", 1))
        await call("bank")


async def raise_another(db: Store) -> None:
    try:
        await sleep(10)
    finally:
        raise ValueError("instead")


async def in_a_transaction(db: Store) -> None:
    async with db.transaction() as tx:
        await tx.put("half", 1)
        try:
            await sleep(10)
        except:  # noqa: E722
            return


DEEDS = [
    swallow_exceptions,
    swallow_everything,
    insist,
    insist_on_calls,
    clean_up,
    raise_another,
    in_a_transaction,
]


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("restart_after", [None, 1.0])
def test_a_crash_cannot_be_swallowed(deed: Deed, restart_after: float | None) -> None:
    world = World()
    world.service("bank", latency=15.0)
    world.topic("t")
    db = world.store("db")
    world.consumer("worker", lambda event: deed(db), "t", ack_deadline=1_000.0)
    world.publish("t")
    world.at(5, world.crash, "worker", restart_after)
    trace = world.run(until=50.0, max_steps=1_000)
    after = [step for step in trace if step.time >= 5 and step.node in ("worker", "t")]
    assert {step.kind for step in after} <= {"crash", "restart", "receive"}  # the bank's reply
    assert db.rows == {}


@pytest.mark.parametrize("deed", DEEDS)
def test_a_service_cannot_swallow_a_crash_and_answer(deed: Deed) -> None:
    world = World()
    world.service("bank", latency=15.0)
    db = world.store("db")
    service = world.service("worker", lambda _: deed(db), workers=1)
    world.client("c", "worker", timeout=30.0)
    world.at(5, world.crash, "worker", 1.0)
    trace = world.run(max_steps=1_000)
    after = [step.kind for step in trace if step.time >= 5 and step.node == "worker"]
    assert after in (["crash", "restart"], ["crash", "restart", "receive"])  # the bank's reply
    assert (service.busy, db.rows) == (0, {})


def test_a_handler_that_crashes_its_own_node_goes_no_further() -> None:
    world = World()
    db = world.store("db")

    async def handle(_: Event) -> None:
        world.crash("worker", restart_after=1.0)
        try:
            await db.put("after the crash", 1)
        except:  # noqa: E722
            await db.put("swallowed", 1)

    world.topic("t")
    world.consumer("worker", handle, "t", max_deliveries=1, ack_deadline=10.0)
    world.publish("t")
    world.run()
    assert db.rows == {}
    assert len(world.trace.of("restart")) == 1


def test_a_schedules_crash_cannot_be_swallowed_either() -> None:
    world = World(chance=Schedule("0c"), faults={"crash": 0.0})
    db = world.store("db")

    async def handle(_: Event) -> None:
        while True:
            try:
                await db.put("a", 1)
                await db.put("b", 1)
                return
            except BaseException:
                await db.put("swallowed", 1)

    world.topic("t")
    world.consumer("worker", lambda: handle, "t", max_deliveries=1, ack_deadline=5.0)
    world.publish("t")
    world.run(max_steps=1_000)
    assert db.rows == {}


STUBBORN = """
    import gc
    from pubsub_kit.world.verbs import call, sleep
    from pubsub_kit.world.world import World

    def leave_one(code):
        async def handle(_):
            while True:
                try:
                    await sleep(10)
                    await code(world)
                except:
                    pass

        world = World()
        world.topic("t")
        world.consumer("worker", handle, "t")
        world.publish("t")
        world.run(until=5)
        return world

    def never_run():
        world = World()
        world.service("s")
        world.client("c", "s")
        return world

    def leave_all():
        return [
            leave_one(lambda world: sleep(10)),
            leave_one(lambda world: call("nowhere")),
            leave_one(lambda world: world.store().get("a")),
            never_run(),
        ]

    for generation in range(3):
        left = leave_all()
        gc.collect(generation)
        del left
        gc.collect()
    kept = leave_all()
    print("end")
"""


def test_code_that_waits_in_a_world_that_is_gone_ends_in_silence() -> None:
    """Neither the garbage collector nor the end of Python may loop in it, or print about it."""
    code = textwrap.dedent(STUBBORN)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == ("end\n", "")


def test_code_of_a_world_that_is_gone_does_nothing_in_another_one() -> None:
    async def handle(_: Event) -> None:
        try:
            await sleep(100)
        finally:
            await publish("t", "from the other world")

    def leave_one() -> None:
        gone = World()
        gone.topic("t")
        gone.consumer("worker", handle, "t")
        gone.publish("t")
        gone.run(until=1)

    leave_one()
    world = World()
    world.topic("t")
    world.at(1, gc.collect)
    world.run()
    assert world.broker.topic("t").log.end() == 0
