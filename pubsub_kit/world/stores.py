"""A durable store: what you write survives every crash, and each write is one atomic step.

A crash may fall between two writes; a transaction makes several writes into one. It is serializable
and optimistic: it remembers the version of each row it reads, and its commit fails if one has
changed since. At READ COMMITTED, which is PostgreSQL's default, what was read may have changed by
the commit, and nobody minds, with one exception: keys are unique, so of two transactions that
insert the same key, one fails.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from types import TracebackType
from typing import Any, Literal

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.patterns.ports import Conflict as Conflict
from pubsub_kit.world.handlers import copied, short
from pubsub_kit.world.kernel import Kernel

_GONE = object()
Isolation = Literal["serializable", "read committed"]


class Store:
    """Rows by key, each with a version; a row holds a JSON-like value."""

    def __init__(self, world: Kernel, name: str, rows: Mapping[str, Any]) -> None:
        self.world, self.name = world, name
        self.rows: dict[str, Any] = {key: copied(value) for key, value in rows.items()}
        self.versions: dict[str, int] = {}

    async def get(self, key: str, default: Any = None) -> Any:
        """Return the row of a key, or the default."""
        await self.world.point(f"reading {key}", ("read", self.name, (key,)))
        return copied(self.rows.get(key, default))

    async def put(self, key: str, value: Any) -> None:
        """Write a row, whatever was there before."""
        await self.world.point(f"writing {key}", ("write", self.name, (key,)))
        self._write({key: copied(value)})

    async def delete(self, key: str) -> None:
        """Delete a row, if it is there."""
        await self.world.point(f"deleting {key}", ("write", self.name, (key,)))
        if key in self.rows:
            self._write({key: _GONE})
        else:
            self._wrote_nothing()

    async def insert(self, key: str, value: Any = True) -> bool:
        """Write a row only if its key is new, in one step; return whether it was written."""
        await self.world.point(f"inserting {key}", ("write", self.name, (key,)))
        if key in self.rows:
            self._wrote_nothing()
            return False
        self._write({key: copied(value)})
        return True

    async def add(self, key: str, amount: float) -> Any:
        """Add to a number in one step (a missing row counts as 0); return the sum."""
        await self.world.point(f"adding {amount:+g} to {key}", ("write", self.name, (key,)))
        total = self.rows.get(key, 0) + amount
        self._write({key: total})
        return total

    async def compare_and_set(self, key: str, expected: Any, value: Any) -> bool:
        """Write a row only if it is as expected, in one step; return whether it was written."""
        await self.world.point(f"setting {key}", ("write", self.name, (key,)))
        if self.rows.get(key) != expected:
            self._wrote_nothing()
            return False
        self._write({key: copied(value)})
        return True

    async def scan(self, prefix: str = "") -> dict[str, Any]:
        """Return all rows whose key begins with `prefix`, in the order of their keys."""
        await self.world.point(f"scanning {prefix.strip() or 'all rows'}", ("read", self.name, ()))
        found = sorted(key for key in self.rows if key.startswith(prefix))
        return {key: copied(self.rows[key]) for key in found}

    def transaction(self, isolation: Isolation = "serializable") -> Transaction:
        """Return a transaction: `async with db.transaction() as tx:` writes all or nothing.

        Raises PubSubKitError for an isolation level that is neither of the two.
        """
        if isolation not in ("serializable", "read committed"):
            raise PubSubKitError(
                f"transaction({isolation!r}): its isolation is 'serializable' or 'read committed'"
            )
        return Transaction(self, isolation)

    def _wrote_nothing(self) -> None:
        if self.world.preemption.watches:
            self.world.preemption.wrote_nothing(self.world.task)

    def _write(self, changes: dict[str, Any]) -> None:
        """Apply changes in one step, and note it in the trace."""
        node = self.world.current().node
        node.active = True
        before: dict[str, Any] = {}
        after: dict[str, Any] = {}
        words: list[str] = []
        for key, value in changes.items():
            before[key] = self.rows.pop(key, None)
            after[key] = None if value is _GONE else value
            if value is not _GONE:
                self.rows[key] = value
            self.versions[key] = self.versions.get(key, 0) + 1
            words.append(f"{key} = {'–' if after[key] is None else short(after[key])}")
        self.world.note("effect", node.name, text=", ".join(words), data=(self.name, before, after))


class Transaction:
    """Remembers its reads, and holds its writes back until it commits at the end of the block."""

    def __init__(self, store: Store, isolation: Isolation = "serializable") -> None:
        self.store, self.isolation = store, isolation
        self.seen: dict[str, int] = {}
        self.changes: dict[str, Any] = {}
        self.inserted: set[str] = set()
        self.added: dict[str, float] = {}

    async def get(self, key: str, default: Any = None) -> Any:
        """Return a row as this transaction sees it, its own writes included."""
        if key in self.changes:
            value = self.changes[key]
            return default if value is _GONE else copied(value)
        await self._reading(key)
        return copied(self._read(key, default))

    def _reading(self, key: str) -> Awaitable[None]:
        what = ("read", self.store.name, (key,))
        return self.store.world.point(f"reading {key}", what)

    def _read(self, key: str, default: Any) -> Any:
        self.seen.setdefault(key, self.store.versions.get(key, 0))
        return self.store.rows.get(key, default)

    async def put(self, key: str, value: Any) -> None:
        """Write a row when the transaction commits."""
        self.changes[key] = copied(value)
        self.added.pop(key, None)

    async def delete(self, key: str) -> None:
        """Delete a row when the transaction commits."""
        self.changes[key] = _GONE
        self.added.pop(key, None)

    async def insert(self, key: str, value: Any = True) -> bool:
        """Write a row at commit if its key is new; return whether it is."""
        if key in self.changes:
            held = self.changes[key]
        else:
            await self._reading(key)
            held = self._read(key, _GONE)
        if held is not _GONE:
            return False
        self.changes[key] = copied(value)
        self.inserted.add(key)
        return True

    async def add(self, key: str, amount: float) -> Any:
        """Add to a number (a missing row counts as 0); return the sum."""
        mine = key in self.changes and key not in self.added
        if key in self.changes:
            held = self.changes[key]
        else:
            await self._reading(key)
            held = self._read(key, _GONE)
        self.changes[key] = total = (0 if held is _GONE else held) + amount
        if not mine:
            self.added[key] = self.added.get(key, 0) + amount
        return total

    async def __aenter__(self) -> Transaction:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            return
        store = self.store
        if self.changes:
            keys = (*self.changes, *self.seen)
            words = f"committing {', '.join(self.changes)}"
            await store.world.point(words, ("write", store.name, keys))
        stale = [k for k, v in self.seen.items() if store.versions.get(k, 0) != v]
        if self.isolation == "read committed":
            stale = [k for k in stale if k in self.inserted and k in store.rows]
            self.changes |= {k: store.rows.get(k, 0) + n for k, n in self.added.items()}
        if stale:
            if self.changes:
                store._wrote_nothing()
            raise Conflict(f"{', '.join(stale)} changed during a transaction: nothing was written")
        if self.changes:
            store._write(self.changes)
