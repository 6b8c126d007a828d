"""The rows of one role, wherever a design keeps them: in a store, behind a replica, or in a cache.

Two roles that one store holds share its transactions. Two that it does not are written one after
the other, and a crash may fall between.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from math import inf
from types import TracebackType
from typing import Any, NamedTuple, Protocol

from pubsub_kit.world.stores import Store, Transaction
from pubsub_kit.world.tasks import wait
from pubsub_kit.world.world import World

_ABSENT = object()


class Table(Protocol):
    """What rows are read from and written to: a store, or a transaction on one."""

    async def get(self, key: str, default: Any = None) -> Any:
        """Return a row."""

    async def put(self, key: str, value: Any) -> None:
        """Write a row."""

    async def delete(self, key: str) -> None:
        """Delete a row."""

    async def insert(self, key: str, value: Any = True) -> bool:
        """Write a row if its key is new; return whether it was."""

    async def add(self, key: str, amount: float) -> Any:
        """Add to a number."""


class Rows:
    """The rows of one role: `get`, `put`, `delete`, `insert`, `add` as a store has them, `scan`."""

    def __init__(self, kept: Kept, role: str, table: Table) -> None:
        self.kept, self.role, self.table = kept, role, table

    def _key(self, key: str) -> str:
        return f"{self.role}/{key}"

    async def get(self, key: str, default: Any = None) -> Any:
        """Return a row as this place shows it: late behind a replica, gone from a cache in time."""
        found = await self.table.get(self._key(key), _ABSENT)
        if self.kept.reads:  # others run between a look and a leap
            await wait(self.kept.world.env.timeout(self.kept.reads))
        shown = self.kept.seen(self._key(key), found, default)
        if self.kept.looks is not None:
            late = bool(self.kept.lag) and found is not _ABSENT and shown != found
            self.kept.looks.append(Look(len(self.kept.world.trace), self._key(key), late))
        return shown

    async def put(self, key: str, value: Any) -> None:
        """Write a row, whatever was there."""
        await self.table.put(self._key(key), value)
        self.kept.wrote(self._key(key), value)

    async def delete(self, key: str) -> None:
        """Delete a row, if it is there."""
        await self.table.delete(self._key(key))
        self.kept.wrote(self._key(key), _ABSENT)

    async def insert(self, key: str, value: Any = True) -> bool:
        """Write a row only if its key is new; return whether it was.

        In one step where rows last. A replica or a cache is asked first and written then.
        """
        if self.kept.firm:
            return await self.table.insert(self._key(key), value)
        if await self.get(key, _ABSENT) is not _ABSENT:
            return False
        await self.put(key, value)
        return True

    async def add(self, key: str, amount: float) -> Any:
        """Add to a number, in one step; return the sum."""
        return await self.table.add(self._key(key), amount)

    async def scan(self, prefix: str = "") -> dict[str, Any]:
        """Return all rows whose key begins with `prefix`, by key."""
        start = self._key(prefix)
        found = await self.kept.store.scan(start)
        if self.kept.scans:
            await wait(self.kept.world.env.timeout(self.kept.scans))
        rows = {key.partition("/")[2]: self.kept.seen(key, value, _ABSENT)
                for key, value in found.items()}  # fmt: skip
        return {key: value for key, value in rows.items() if value is not _ABSENT}


class Look(NamedTuple):
    """A read: before which step of the trace, of which row, and whether it showed an older one."""

    step: int
    key: str
    late: bool


class Kept:
    """One store or cache of a design in a world: its rows, how late and how long they are seen."""

    def __init__(self, world: World, name: str, lag: float, keeps: float | None) -> None:
        self.world, self.store = world, world.store(name)
        self.lag, self.keeps = lag, keeps
        self.reads = 0.0  # seconds until a reader has what it asked for
        self.looks: list[Look] | None = None  # who judges a small run may ask what was read
        self.scans = 0.0  # the same, of a reader who asked for many rows
        self.history: dict[str, list[tuple[float, Any]]] = {}

    @property
    def firm(self) -> bool:
        """Whether what was written is seen at once, and stays."""
        return not self.lag and self.keeps is None

    def seed(self, key: str, value: Any) -> None:
        """Have a row there from the start, as if written long ago; a cache got it just now."""
        self.store.rows[key] = value
        if not self.firm:
            self.history[key] = [(-inf if self.lag else 0.0, value)]

    def wrote(self, key: str, value: Any) -> None:
        """Remember when a row was written, where that matters."""
        if not self.firm:
            self.history.setdefault(key, []).append((self.world.now, value))

    def seen(self, key: str, found: Any, default: Any) -> Any:
        """Return what a reader sees now of a row."""
        written = self.history.get(key)
        if written and self.lag:
            past = [value for at, value in written if at <= self.world.now - self.lag]
            found = past[-1] if past else _ABSENT
        elif written and self.keeps is not None and self.world.now - written[-1][0] > self.keeps:
            found = _ABSENT
        return default if found is _ABSENT else found

    def wipe(self) -> None:
        """Lose all rows, as a cache does that restarts."""
        self.world.note("note", self.store.name, text="restarts empty", fault=True)
        self.store.rows.clear()
        self.history.clear()


class Together:
    """`async with self.together("keys", "entries") as write:` and then `write["keys"].put(…)`.

    Roles of one firm store are written in one transaction: all or nothing, and a conflict raises
    `Conflict`. Any others are written one by one, as they come.
    """

    def __init__(self, rows: dict[str, Rows]) -> None:
        self.rows = rows
        kept = {id(each.kept): each.kept for each in rows.values()}
        self.single = len(kept) == 1 and next(iter(kept.values())).firm
        self.stack = AsyncExitStack()

    async def __aenter__(self) -> dict[str, Rows]:
        if not self.single:
            return self.rows
        store: Store = next(iter(self.rows.values())).kept.store
        table: Transaction = await self.stack.enter_async_context(store.transaction())
        return {role: Rows(each.kept, role, table) for role, each in self.rows.items()}

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stack.__aexit__(kind, error, trace)
