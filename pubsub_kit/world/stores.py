"""A durable store: what you write survives every crash, and each write is one atomic step.

A crash may fall between two writes; a transaction makes several writes into one. It is optimistic:
it remembers the version of each row it reads, and its commit fails if one has changed since.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.world.handlers import copied, short
from pubsub_kit.world.kernel import Kernel

_GONE = object()


class Conflict(PubSubKitError):
    """Another writer changed what this transaction read: nothing was written, so try again."""


class Store:
    """Rows by key, each with a version; a row holds a JSON-like value."""

    def __init__(self, world: Kernel, name: str, rows: Mapping[str, Any]) -> None:
        self.world, self.name = world, name
        self.rows: dict[str, Any] = {key: copied(value) for key, value in rows.items()}
        self.versions: dict[str, int] = {}

    async def get(self, key: str, default: Any = None) -> Any:
        """Return the row of a key, or the default."""
        await self.world.point(f"reading {key}")
        return copied(self.rows.get(key, default))

    async def put(self, key: str, value: Any) -> None:
        """Write a row, whatever was there before."""
        await self.world.point(f"writing {key}")
        self._write({key: copied(value)})

    async def delete(self, key: str) -> None:
        """Delete a row, if it is there."""
        await self.world.point(f"deleting {key}")
        if key in self.rows:
            self._write({key: _GONE})

    async def insert(self, key: str, value: Any = True) -> bool:
        """Write a row only if its key is new, in one step; return whether it was written."""
        await self.world.point(f"inserting {key}")
        if key in self.rows:
            return False
        self._write({key: copied(value)})
        return True

    async def add(self, key: str, amount: float) -> Any:
        """Add to a number in one step (a missing row counts as 0); return the sum."""
        await self.world.point(f"adding {amount:+g} to {key}")
        total = self.rows.get(key, 0) + amount
        self._write({key: total})
        return total

    async def compare_and_set(self, key: str, expected: Any, value: Any) -> bool:
        """Write a row only if it is as expected, in one step; return whether it was written."""
        await self.world.point(f"setting {key}")
        if self.rows.get(key) != expected:
            return False
        self._write({key: copied(value)})
        return True

    async def scan(self, prefix: str = "") -> dict[str, Any]:
        """Return all rows whose key begins with `prefix`, in the order of their keys."""
        await self.world.point(f"scanning {prefix or 'all rows'}")
        return {k: copied(self.rows[k]) for k in sorted(self.rows) if k.startswith(prefix)}

    def transaction(self) -> Transaction:
        """Return a transaction: `async with db.transaction() as tx:` writes all or nothing."""
        return Transaction(self)

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

    def __init__(self, store: Store) -> None:
        self.store = store
        self.seen: dict[str, int] = {}
        self.changes: dict[str, Any] = {}

    async def get(self, key: str, default: Any = None) -> Any:
        """Return a row as this transaction sees it, its own writes included."""
        if key in self.changes:
            value = self.changes[key]
            return default if value is _GONE else copied(value)
        await self.store.world.point(f"reading {key}")
        self.seen.setdefault(key, self.store.versions.get(key, 0))
        return copied(self.store.rows.get(key, default))

    async def put(self, key: str, value: Any) -> None:
        """Write a row when the transaction commits."""
        self.changes[key] = copied(value)

    async def delete(self, key: str) -> None:
        """Delete a row when the transaction commits."""
        self.changes[key] = _GONE

    async def insert(self, key: str, value: Any = True) -> bool:
        """Write a row at commit if its key is new; return whether it is."""
        if await self.get(key, _GONE) is not _GONE:
            return False
        self.changes[key] = copied(value)
        return True

    async def add(self, key: str, amount: float) -> Any:
        """Add to a number (a missing row counts as 0); return the sum."""
        self.changes[key] = total = await self.get(key, 0) + amount
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
            await store.world.point(f"committing {', '.join(self.changes)}")
        stale = [k for k, v in self.seen.items() if store.versions.get(k, 0) != v]
        if stale:
            raise Conflict(f"{', '.join(stale)} changed during a transaction: nothing was written")
        if self.changes:
            store._write(self.changes)
