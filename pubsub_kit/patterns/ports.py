"""What the patterns need from their surroundings: a store with transactions, an event store, a log.

Every method is awaited, because a crash may fall at each one. A write is one atomic step; a
transaction does several writes in one step, or none of them, and it is serializable. At a weaker
level, what looks before it writes needs a lock, or the unique key of `insert`.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.event import Event


class Conflict(PubSubKitError):
    """Another writer changed what this one had read: nothing was written, so try again."""


class Rows(Protocol):
    """Reads and writes rows by key."""

    async def get(self, key: str, default: Any = None) -> Any:
        """Return the row of a key, or the default."""
        ...

    async def put(self, key: str, value: Any) -> None:
        """Write a row."""
        ...

    async def delete(self, key: str) -> None:
        """Delete a row."""
        ...

    async def insert(self, key: str, value: Any = True) -> bool:
        """Write a row if its key is new; return whether it was written."""
        ...

    async def add(self, key: str, amount: float) -> Any:
        """Add to a number; return the sum."""
        ...


class Store(Rows, Protocol):
    """Rows that survive a crash."""

    async def compare_and_set(self, key: str, expected: Any, value: Any) -> bool:
        """Write a row if it is as expected, in one step; return whether it was written."""
        ...

    async def scan(self, prefix: str = "") -> dict[str, Any]:
        """Return all rows whose key begins with `prefix`."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[Rows]:
        """Return a block whose writes happen together at its end, or not at all."""
        ...


class Log(Protocol):
    """Events under offsets that never change, such as the kit's EventLog."""

    def read(self, partition: int, offset: int, limit: int) -> list[tuple[int, Event]]:
        """Return up to `limit` (offset, event) pairs, starting at the first offset ≥ `offset`."""
        ...


class Streams(Protocol):
    """Events that survive a crash: a stream for each aggregate, which only grows."""

    async def read(self, stream: str) -> list[Any]:
        """Return the events of a stream, oldest first."""
        ...

    async def append(self, stream: str, *events: Any, expected: int | None = None) -> int:
        """Append all the events in one step, or raise Conflict if there are not `expected` yet."""
        ...
