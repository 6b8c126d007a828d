"""The store on SQLite gives what the world's store gives, and keeps it through a crash."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pubsub_kit.patterns.ports import Conflict
from pubsub_kit.patterns.sqlite_store import SqliteStore, StoreError, rows_of
from pubsub_kit.world.stores import Store
from pubsub_kit.world.world import World

KEYS = st.sampled_from(["a", "a b", "b", "é", "😀"])
NUMBERS = st.integers(-3, 3) | st.sampled_from([0.5, 1.5])
VALUES = NUMBERS | st.none() | st.booleans() | st.lists(NUMBERS, max_size=2)
WRITES = (
    st.tuples(st.sampled_from(["put", "insert"]), KEYS, VALUES)
    | st.tuples(st.just("add"), KEYS, NUMBERS)
    | st.tuples(st.sampled_from(["get", "delete"]), KEYS)
)
VERBS = (
    WRITES
    | st.tuples(st.just("compare_and_set"), KEYS, VALUES, VALUES)
    | st.tuples(st.just("scan"), st.sampled_from(["", "a", "z"]))
)
LEVELS = st.sampled_from(["serializable", "read committed"])
# Two transactions are open at once; between their verbs, others write past them.
STEPS = st.lists(
    st.tuples(st.sampled_from(["db", "one", "two"]), VERBS | st.just(("commit",))), max_size=14
)


async def said(thing: Any, verb: str, *arguments: Any) -> Any:
    """Return what a verb returns, or which error it raises."""
    try:
        if verb == "commit":
            return await thing.__aexit__(None, None, None)
        return await getattr(thing, verb)(*arguments)
    except (Conflict, TypeError) as error:
        return type(error).__name__


async def played(db: Any, levels: tuple[str, str], steps: list[Any]) -> list[Any]:
    """Say each verb to the store or to a transaction; return what came back."""
    parts = {"db": db, "one": db.transaction(levels[0]), "two": db.transaction(levels[1])}
    heard = []
    for name, step in steps:
        if step[0] == "commit" and name != "db":
            heard.append(await said(parts[name], "commit"))
            parts[name] = db.transaction(levels[name == "two"])
        elif step[0] != "commit" and hasattr(parts[name], step[0]):
            heard.append(await said(parts[name], *step))
    return [*heard, await db.scan()]


def in_a_world(levels: tuple[str, str], steps: list[Any]) -> list[Any]:
    world, heard = World(), list[Any]()
    db = world.store("db")

    async def code() -> None:
        heard.extend(await played(db, levels, steps))

    world.spawn(code())
    world.run()
    return heard


def at_once(work: Any) -> Any:
    """Run a coroutine that never waits."""
    with pytest.raises(StopIteration) as done:
        work.send(None)
    return done.value.value


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stores")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rows.db"


@pytest.fixture
def db(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(path)
    yield store
    store.close()


@given(st.tuples(LEVELS, LEVELS), STEPS)
@settings(max_examples=150, deadline=None)
def test_each_verb_returns_what_the_worlds_store_returns(
    folder: Path, levels: tuple[str, str], steps: list[Any]
) -> None:
    store = SqliteStore(folder / "rows.db")
    store.file.execute("DELETE FROM rows")
    try:
        assert at_once(played(store, levels, steps)) == in_a_world(levels, steps)
    finally:
        store.close()


def test_it_has_every_verb_of_the_worlds_store() -> None:
    mine = {name for name in vars(Store) if not name.startswith("_")}
    assert mine <= set(vars(SqliteStore))


def test_each_effect_is_announced_in_the_worlds_words(path: Path) -> None:
    heard: list[str] = []

    async def point(words: str) -> None:
        heard.append(words)

    async def code(db: SqliteStore) -> None:
        await db.put("a", 1)
        async with db.transaction() as tx:
            await tx.insert("seen x")
            await tx.add("ann", 10)

    store = SqliteStore(path, point)
    at_once(code(store))
    store.close()
    assert heard == ["writing a", "reading seen x", "reading ann", "committing seen x, ann"]


def test_two_processes_add_up_in_one_file(path: Path) -> None:
    code = (
        "import sys\n"
        "from pubsub_kit.patterns.sqlite_store import SqliteStore\n"
        "db = SqliteStore(sys.argv[1])\n"
        "for _ in range(100):\n"
        "    try: db.add('n', 1).send(None)\n"
        "    except StopIteration: pass\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(2)]
    assert [each.wait(60) for each in both] == [0, 0]
    assert rows_of(path) == {"n": 200}


def test_what_is_not_committed_is_not_there_after_the_process_died(path: Path) -> None:
    code = (
        "import os, sys\n"
        "from pubsub_kit.patterns.sqlite_store import SqliteStore\n"
        "db = SqliteStore(sys.argv[1])\n"
        "try: db.put('a', 1).send(None)\n"
        "except StopIteration: pass\n"
        "with db.locked():\n"
        "    db.write('b', 2)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == -9
    assert rows_of(path) == {"a": 1}


@pytest.mark.parametrize("value", [{1, 2}, object, b"raw"], ids=["set", "class", "bytes"])
def test_a_row_that_json_cannot_write_down_is_refused(db: SqliteStore, value: Any) -> None:
    with pytest.raises(StoreError, match=r"The row 'a' can't hold .*JSON"):
        at_once(db.put("a", value))
    assert db.rows == {}


@pytest.mark.parametrize("key", [None, 3, "\ud800"], ids=["none", "number", "half a character"])
def test_a_key_that_is_no_text_is_refused(db: SqliteStore, key: Any) -> None:
    with pytest.raises(StoreError, match="A row's key is a text, not "):
        at_once(db.put(key, 1))


def test_an_isolation_level_that_there_is_not_is_refused(db: SqliteStore) -> None:
    with pytest.raises(StoreError, match=r"transaction\('dirty'\)"):
        db.transaction("dirty")


def test_a_file_that_cannot_be_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is no file for a store"):
        SqliteStore(tmp_path / "nowhere" / "rows.db")
