"""The world's store on SQLite: the same verbs and the same results, shared by processes.

A row is a key, its value as JSON, and a version that grows with each write; a deleted row keeps its
version. A transaction is the world's: optimistic. It reads as it goes along, and at its end takes
SQLite's one write lock, compares the versions of what it read, and writes all or nothing.

The file is in WAL mode, so readers never wait, and each commit is synced (synchronous=FULL); see
https://www.sqlite.org/wal.html. Whoever finds the lock taken waits up to `PATIENCE` seconds.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import takewhile
from pathlib import Path
from types import TracebackType
from typing import Any

from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.patterns.ports import Conflict

PATIENCE = 10.0  # seconds
_GONE = object()
_TABLE = """CREATE TABLE IF NOT EXISTS rows (
    key TEXT PRIMARY KEY, value TEXT, version INTEGER NOT NULL) WITHOUT ROWID"""
_FROM = "SELECT key, value FROM rows WHERE key >= ? AND value IS NOT NULL ORDER BY key"
_WRITE = """INSERT INTO rows VALUES (?, ?, 1)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = version + 1"""
#: Called before each effect with its words, such as "writing ann": there a process may die.
Point = Callable[[str], Awaitable[None]]


class StoreError(PubSubKitError):
    """A row can't be kept, or the file of the store can't be used."""


async def no_point(words: str) -> None:
    """Let an effect happen at once."""


class SqliteStore:
    """Rows by key in a file, for one thread; each process opens the file for itself."""

    def __init__(self, path: str | Path, point: Point = no_point) -> None:
        self.path, self.point = Path(path), point
        try:
            self.file = _opened(self.path)
        except sqlite3.Error as error:
            raise StoreError(
                f"{brief(str(path))} is no file for a store ({error}): name one in a folder that "
                "is there and that you may write to."
            ) from None

    def __repr__(self) -> str:
        return f"<SqliteStore {self.path.name}>"

    async def get(self, key: str, default: Any = None) -> Any:
        """Return the row of a key, or the default."""
        await self.point(f"reading {key}")
        return self.read(key, default)[0]

    async def put(self, key: str, value: Any) -> None:
        """Write a row, whatever was there before."""
        await self.point(f"writing {key}")
        with self.locked():
            self.write(key, value)

    async def delete(self, key: str) -> None:
        """Delete a row, if it is there."""
        await self.point(f"deleting {key}")
        with self.locked():
            if self.read(key, _GONE)[0] is not _GONE:
                self.write(key, _GONE)

    async def insert(self, key: str, value: Any = True) -> bool:
        """Write a row only if its key is new, in one step; return whether it was written."""
        await self.point(f"inserting {key}")
        with self.locked():
            new = self.read(key, _GONE)[0] is _GONE
            if new:
                self.write(key, value)
        return new

    async def add(self, key: str, amount: float) -> Any:
        """Add to a number in one step (a missing row counts as 0); return the sum."""
        await self.point(f"adding {amount:+g} to {key}")
        with self.locked():
            total = self.read(key, 0)[0] + amount
            self.write(key, total)
        return total

    async def compare_and_set(self, key: str, expected: Any, value: Any) -> bool:
        """Write a row only if it is as expected, in one step; return whether it was written."""
        await self.point(f"setting {key}")
        with self.locked():
            same = bool(self.read(key, None)[0] == expected)
            if same:
                self.write(key, value)
        return same

    async def scan(self, prefix: str = "") -> dict[str, Any]:
        """Return all rows whose key begins with `prefix`, in the order of their keys."""
        await self.point(f"scanning {prefix.strip() or 'all rows'}")
        found = self.file.execute(_FROM, (_named(prefix),))
        begins = takewhile(lambda row: row[0].startswith(prefix), found)
        return {key: json.loads(value) for key, value in begins}

    def transaction(self, isolation: str = "serializable") -> SqliteTransaction:
        """Return a transaction: `async with db.transaction() as tx:` writes all or nothing.

        Raises StoreError for an isolation level that is neither of the world's two.
        """
        if isolation not in ("serializable", "read committed"):
            raise StoreError(
                f"transaction({brief(isolation)}): its isolation is 'serializable' or 'read "
                "committed'."
            )
        return SqliteTransaction(self, isolation)

    # ── the file ────────────────────────────────────────────────────────────────────────────────

    @property
    def rows(self) -> dict[str, Any]:
        """All rows, in the order of their keys."""
        found = self.file.execute("SELECT key, value FROM rows WHERE value IS NOT NULL")
        return {key: json.loads(value) for key, value in sorted(found)}

    def read(self, key: str, default: Any) -> tuple[Any, int]:
        """Return a row, or the default, and its version (0 if it was never written)."""
        found = self.file.execute("SELECT value, version FROM rows WHERE key = ?", (_named(key),))
        value, version = found.fetchone() or (None, 0)
        return default if value is None else json.loads(value), version

    def write(self, key: str, value: Any) -> None:
        """Write a row, or delete it: only with the lock in hand."""
        text = None if value is _GONE else _text(key, value)
        self.file.execute(_WRITE, (_named(key), text))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the one write lock, and commit at the end of the block, unless it raises."""
        try:
            self.file.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise StoreError(
                f"{self.path.name} was not free within {PATIENCE:g} s ({error})."
            ) from None
        try:
            yield
        except BaseException:
            self.file.execute("ROLLBACK")
            raise
        self.file.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self.file.close()


class SqliteTransaction:
    """Remembers the versions of its reads, and holds its writes back until the block ends."""

    def __init__(self, store: SqliteStore, isolation: str) -> None:
        self.store, self.isolation = store, isolation
        self.seen: dict[str, int] = {}
        self.changes: dict[str, Any] = {}
        self.inserted: set[str] = set()
        self.added: dict[str, float] = {}

    async def get(self, key: str, default: Any = None) -> Any:
        """Return a row as this transaction sees it, its own writes included."""
        held = await self._held(key)
        return default if held is _GONE else _copied(key, held)

    async def put(self, key: str, value: Any) -> None:
        """Write a row when the transaction commits."""
        self._change(key, _copied(key, value))
        self.added.pop(key, None)

    async def delete(self, key: str) -> None:
        """Delete a row when the transaction commits."""
        self._change(key, _GONE)
        self.added.pop(key, None)

    async def insert(self, key: str, value: Any = True) -> bool:
        """Write a row at commit if its key is new; return whether it is."""
        new = await self._held(key) is _GONE
        if new:
            self._change(key, _copied(key, value))
            self.inserted.add(key)
        return new

    async def add(self, key: str, amount: float) -> Any:
        """Add to a number (a missing row counts as 0); return the sum."""
        mine = key in self.changes and key not in self.added
        held = await self._held(key)
        total = (0 if held is _GONE else held) + amount
        self._change(key, total)
        if not mine:
            self.added[key] = self.added.get(key, 0) + amount
        return total

    async def _held(self, key: str) -> Any:
        if key in self.changes:
            return self.changes[key]
        await self.store.point(f"reading {key}")
        value, version = self.store.read(key, _GONE)
        self.seen.setdefault(key, version)
        return value

    def _change(self, key: str, value: Any) -> None:
        self.changes[_named(key)] = value

    async def __aenter__(self) -> SqliteTransaction:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            return
        if self.changes:
            await self.store.point(f"committing {', '.join(self.changes)}")
        with self.store.locked():
            self._commit()

    def _commit(self) -> None:
        found = {key: self.store.read(key, _GONE) for key in {**self.seen, **self.added}}
        stale = [key for key, version in self.seen.items() if found[key][1] != version]
        if self.isolation == "read committed":
            stale = [k for k in stale if k in self.inserted and found[k][0] is not _GONE]
            for key, amount in self.added.items():
                self.changes[key] = (0 if found[key][0] is _GONE else found[key][0]) + amount
        if stale:
            raise Conflict(f"{', '.join(stale)} changed during a transaction: nothing was written")
        for key, value in self.changes.items():
            self.store.write(key, value)


def rows_of(path: str | Path) -> Mapping[str, Any]:
    """Return what a store's file holds, in the order of its keys."""
    with closing(SqliteStore(path)) as store:
        return store.rows


def _opened(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
    try:
        for command in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", _TABLE):
            file.execute(command)
    except sqlite3.Error:
        file.close()
        raise
    return file


def _named(key: object) -> str:
    try:
        if isinstance(key, str) and key.encode() is not None:
            return key
    except UnicodeEncodeError:
        pass  # half of a character, which no file can hold
    raise StoreError(f"A row's key is a text, not {brief(key)}.")


def _text(key: str, value: Any) -> str:
    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise StoreError(
            f"The row {brief(key)} can't hold {brief(value)} ({error}): a row is what JSON can "
            "write down."
        ) from None


def _copied(key: str, value: Any) -> Any:
    return json.loads(_text(key, value))
