"""What the patterns need from their surroundings: a store with transactions.

Every method is awaited, because a crash may fall at each one. A write is one atomic step; a
transaction does several writes in one step, or none of them.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol


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
