"""What the patterns need of the world around them: a store with transactions.

Every method is an await, since each is a point where a crash may fall. A write is one atomic step;
a transaction makes several writes one, or none.
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
        """Remove a row."""
        ...

    async def insert(self, key: str, value: Any = True) -> bool:
        """Write a row if there is none of this key; say whether it was written."""
        ...

    async def add(self, key: str, amount: float) -> Any:
        """Add to a number; return the sum."""
        ...


class Store(Rows, Protocol):
    """Rows that survive a crash."""

    async def compare_and_set(self, key: str, expected: Any, value: Any) -> bool:
        """Write a row if it is as expected, in one step; say whether it was."""
        ...

    async def scan(self, prefix: str = "") -> dict[str, Any]:
        """Return all rows whose key begins so."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[Rows]:
        """Return a block whose writes happen together when it ends, or not at all."""
        ...
