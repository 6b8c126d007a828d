"""Durable stores: atomic writes, transactions, and what a crash leaves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.running import WorldError
from pubsub_kit.world.stores import Conflict, Store
from pubsub_kit.world.verbs import sleep
from pubsub_kit.world.world import World

Code = Callable[[Store], Awaitable[Any]]


def rows_after(*codes: Code, rows: dict[str, Any] | None = None) -> dict[str, Any]:
    """Run pieces of code side by side on one store; returns its rows."""
    world = World(effect_latency=1.0)
    db = world.store("db", rows)
    for i, code in enumerate(codes):
        world.spawn(_run(code, db), f"node-{i}")
    world.run()
    return db.rows


async def _run(code: Code, db: Store) -> None:
    await code(db)


# --- single rows ----------------------------------------------------------------------------------


def test_what_was_put_is_got() -> None:
    async def code(db: Store) -> None:
        await db.put("tea", 3)
        assert await db.get("tea") == 3
        assert await db.get("coffee") is None
        assert await db.get("coffee", 0) == 0

    assert rows_after(code) == {"tea": 3}


def test_what_was_deleted_is_gone() -> None:
    async def code(db: Store) -> None:
        await db.delete("tea")
        await db.delete("never there")
        assert await db.get("tea", "gone") == "gone"

    assert rows_after(code, rows={"tea": 3}) == {}


def test_insert_writes_only_where_nothing_is() -> None:
    async def code(db: Store) -> None:
        assert await db.insert("a", 1)
        assert not await db.insert("a", 2)
        assert await db.insert("b")

    assert rows_after(code) == {"a": 1, "b": True}


def test_add_counts_from_zero_and_loses_no_update() -> None:
    async def code(db: Store) -> None:
        for _ in range(5):
            await db.add("count", 2)

    assert rows_after(code, code, code) == {"count": 30}


def test_reading_then_writing_loses_updates() -> None:
    async def code(db: Store) -> None:
        await db.put("count", await db.get("count", 0) + 1)

    assert rows_after(code, code, code) == {"count": 1}


def test_compare_and_set_writes_only_over_what_it_expects() -> None:
    async def code(db: Store) -> None:
        assert not await db.compare_and_set("a", None, 9)
        assert await db.compare_and_set("a", 1, 2)
        assert await db.compare_and_set("b", None, 1)

    assert rows_after(code, rows={"a": 1}) == {"a": 2, "b": 1}


def test_scan_returns_the_rows_of_a_prefix_by_key() -> None:
    async def code(db: Store) -> None:
        assert list((await db.scan("a")).items()) == [("a1", 1), ("a2", 2)]
        assert list(await db.scan()) == ["a1", "a2", "b"]

    rows_after(code, rows={"b": 0, "a2": 2, "a1": 1})


def test_a_store_keeps_its_rows_to_itself() -> None:
    mine = {"items": [{"id": 1}]}

    async def code(db: Store) -> None:
        await db.put("cart", mine)
        mine["items"].append({"id": 2})
        got = await db.get("cart")
        got["items"][0]["id"] = 99
        (await db.scan())["cart"]["items"].clear()
        async with db.transaction() as tx:
            (await tx.get("cart"))["items"].clear()
            await tx.put("other", mine)
            mine["items"].clear()
            (await tx.get("other"))["items"].clear()

    kept = {"items": [{"id": 1}]}
    assert rows_after(code) == {"cart": kept, "other": {"items": [{"id": 1}, {"id": 2}]}}


def test_every_write_is_in_the_trace_with_the_rows_before_and_after() -> None:
    world = World()
    db = world.store("db", {"a": 1})

    async def code() -> None:
        await db.put("a", 2)
        async with db.transaction() as tx:
            await tx.delete("a")
            await tx.put("b", "x" * 100)

    world.spawn(code(), "worker")
    effects = world.run().of("effect", node="worker")
    assert [step.data for step in effects] == [
        ("db", {"a": 1}, {"a": 2}),
        ("db", {"a": 2, "b": None}, {"a": None, "b": "x" * 100}),
    ]
    assert [step.text for step in effects] == ["a = 2", "a = –, b = " + "x" * 23 + "…"]


# --- transactions ---------------------------------------------------------------------------------


def test_a_transaction_is_seen_by_others_only_when_it_commits() -> None:
    seen: list[Any] = []

    async def writer(db: Store) -> None:
        async with db.transaction() as tx:
            await tx.put("a", 1)
            await sleep(5)
            await tx.put("b", 1)

    async def reader(db: Store) -> None:
        for _ in range(10):
            seen.append(tuple(await db.scan()))

    rows_after(writer, reader)
    assert set(seen) == {(), ("a", "b")}


def test_a_transaction_sees_its_own_writes() -> None:
    async def code(db: Store) -> None:
        async with db.transaction() as tx:
            await tx.put("a", 1)
            assert await tx.get("a") == 1
            assert await tx.add("a", 4) == 5
            assert not await tx.insert("a", 0)
            await tx.delete("a")
            assert await tx.get("a", "gone") == "gone"
            assert await tx.insert("a", 7)

    assert rows_after(code) == {"a": 7}


def test_a_transaction_that_raises_writes_nothing() -> None:
    async def code(db: Store) -> None:
        async with db.transaction() as tx:
            await tx.put("a", 1)
            raise ZeroDivisionError

    world = World()
    world.spawn(code(world.store("db")))
    with pytest.raises(ZeroDivisionError):
        world.run()
    assert world.store("db").rows == {}


def test_a_transaction_left_by_return_commits() -> None:
    async def code(db: Store) -> None:
        async with db.transaction() as tx:
            await tx.put("a", 1)
            return

    assert rows_after(code) == {"a": 1}


def test_of_two_transactions_that_read_and_write_a_row_one_conflicts() -> None:
    outcomes: list[str] = []

    async def code(db: Store) -> None:
        try:
            async with db.transaction() as tx:
                await tx.add("count", 1)
                await tx.put(f"mark-{len(outcomes)}", True)
        except Conflict as conflict:
            outcomes.append(str(conflict))
        else:
            outcomes.append("done")

    assert rows_after(code, code) == {"count": 1, "mark-0": True}
    assert outcomes == [
        "done",
        "count changed during a transaction: nothing was written",
    ]


def test_a_conflict_is_solved_by_trying_again() -> None:
    async def code(db: Store) -> None:
        while True:
            try:
                async with db.transaction() as tx:
                    await tx.add("count", 1)
                return
            except Conflict:
                pass

    assert rows_after(code, code, code, code) == {"count": 4}


def test_reading_alone_conflicts_too_if_the_view_was_torn() -> None:
    torn: list[bool] = []

    async def reader(db: Store) -> None:
        try:
            async with db.transaction() as tx:
                await tx.get("a")
                await sleep(5)
                await tx.get("b")
        except Conflict:
            torn.append(True)

    async def writer(db: Store) -> None:
        await sleep(2)
        await db.put("a", 2)

    rows_after(reader, writer, rows={"a": 1, "b": 1})
    assert torn == [True]


# --- read committed -------------------------------------------------------------------------------


def read_committed(effect: Callable[[Any], Awaitable[Any]]) -> tuple[dict[str, Any], int]:
    """Run an effect in two transactions at once; return the rows, and how many commits failed."""
    failed: list[Conflict] = []

    async def code(db: Store) -> None:
        try:
            async with db.transaction("read committed") as tx:
                await effect(tx)
        except Conflict as conflict:
            failed.append(conflict)

    return rows_after(code, code, rows={"ann": 0}), len(failed)


def test_at_read_committed_two_transactions_that_look_and_write_both_commit() -> None:
    async def effect(tx: Any) -> None:
        if await tx.get("seen") is None:
            await tx.put("seen", True)
            await tx.add("ann", 10)

    assert read_committed(effect) == ({"ann": 20, "seen": True}, 0)


def test_at_read_committed_keys_are_unique_all_the_same() -> None:
    async def effect(tx: Any) -> None:
        if await tx.insert("seen"):
            await tx.add("ann", 10)

    assert read_committed(effect) == ({"ann": 10, "seen": True}, 1)


def test_at_read_committed_an_addition_is_made_to_what_is_there_at_the_commit() -> None:
    async def adds(tx: Any) -> None:
        await tx.add("ann", 10)
        await tx.add("ann", 1)

    async def writes(tx: Any) -> None:
        await tx.put("ann", await tx.get("ann") + 10)

    async def adds_to_its_own(tx: Any) -> None:
        await tx.put("ann", 5)
        await tx.add("ann", 1)

    assert read_committed(adds) == ({"ann": 22}, 0)
    assert read_committed(writes) == ({"ann": 10}, 0)
    assert read_committed(adds_to_its_own) == ({"ann": 6}, 0)


def test_an_isolation_that_a_store_does_not_have_is_refused_in_a_sentence() -> None:
    db: Any = World().store("db")
    with pytest.raises(PubSubKitError, match="'serializable' or 'read committed'"):
        db.transaction("serialisable")


def test_a_row_that_was_deleted_and_written_anew_is_not_the_same() -> None:
    async def reader(db: Store) -> None:
        try:
            async with db.transaction() as tx:
                before = await tx.get("a")
                await sleep(8)
                await tx.put("copy", before)
        except Conflict:
            await db.put("conflict", True)

    async def writer(db: Store) -> None:
        await sleep(2)
        await db.delete("a")
        await db.put("a", 1)

    assert rows_after(reader, writer, rows={"a": 1}) == {"a": 1, "conflict": True}


# --- crashes --------------------------------------------------------------------------------------


def run_with_crash(code: Callable[[Store], Awaitable[None]], schedule: str) -> World:
    """Let a consumer run code on one event, with a crash as the schedule says."""
    world = World(chance=Schedule(schedule), faults={"crash": 0.0})
    db = world.store("db")
    world.topic("t")

    async def handle(_: Any) -> None:
        await code(db)

    world.consumer("worker", lambda: handle, "t", max_deliveries=1, ack_deadline=5.0)
    world.publish("t", id="go")
    world.run()
    return world


async def two_writes(db: Store) -> None:
    await db.put("a", 1)
    await db.put("b", 1)


async def one_transaction(db: Store) -> None:
    async with db.transaction() as tx:
        await tx.put("a", 1)
        await tx.put("b", 1)


@pytest.mark.parametrize(
    ("schedule", "left"), [("0c", {}), ("1c", {"a": 1}), ("2c", {"a": 1, "b": 1})]
)
def test_a_crash_falls_before_between_or_after_two_writes(
    schedule: str, left: dict[str, int]
) -> None:
    world = run_with_crash(two_writes, schedule)
    assert world.stores["db"].rows == left
    assert len(world.trace.of("crash")) == 1


@pytest.mark.parametrize(("schedule", "left"), [("0c", {}), ("1c", {"a": 1, "b": 1})])
def test_a_crash_never_falls_within_a_transaction(schedule: str, left: dict[str, int]) -> None:
    assert run_with_crash(one_transaction, schedule).stores["db"].rows == left


def test_a_store_outlives_every_crash() -> None:
    world = World()
    db = world.store("db")

    async def put(_: object) -> None:
        await db.put("kept", 1)

    world.service("bank", put)
    world.client("c", "bank")
    world.at(1, world.crash, "bank")
    world.run()
    assert db.rows == {"kept": 1}


# --- names ----------------------------------------------------------------------------------------


def test_a_store_of_a_name_is_made_once() -> None:
    world = World()
    db = world.store("db", {"a": [1]})
    assert world.store("db") is db
    assert world.store("other") is not db
    with pytest.raises(WorldError, match="already a store 'db'"):
        world.store("db", {"a": 2})


def test_a_store_needs_a_running_world() -> None:
    db = World().store("db")
    with pytest.raises(WorldError, match="inside a handler or task"):
        db.get("a").send(None)
