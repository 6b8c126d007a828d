"""Outbox: change your data and publish an event about it: either both happen, or neither.

    request ──▶ ┌ transaction ─────────┐        relay ──▶ read the outbox's rows
                │ the change           │                  publish each
                │ a row in the outbox  │                  delete the row
                └──────────────────────┘

If you save first and then publish, a crash in between loses the event. If you publish first, you
announce a change that may never happen. So save the event *with* the change, and let a relay
publish it. If the relay crashes before it deletes the row, it publishes the event twice, under one
id, so its readers need an inbox. A relay that asks for `id > last` instead skips rows: ids are
assigned when a transaction begins, but transactions commit in a different order.

What it costs: a second write for each event, a relay to run, and some delay.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pubsub_kit.patterns.ports import Rows, Store

Publish = Callable[[str, Any], Awaitable[object]]
_PREFIX = "outbox "


class Outbox:
    """The writing side: adds an event to the transaction that makes the change."""

    async def add(self, tx: Rows, id: str, data: Any) -> None:
        """Save an event, to be published once the transaction has committed."""
        await tx.put(_PREFIX + id, data)


class Relay:
    """The publishing side: calls `publish(id, data)` at least once for each saved event."""

    def __init__(self, db: Store, publish: Publish) -> None:
        self.db, self.publish = db, publish

    async def run_once(self) -> int:
        """Publish what is in the outbox; return how many events there were."""
        rows = await self.db.scan(_PREFIX)
        for key, data in rows.items():
            await self.publish(key.removeprefix(_PREFIX), data)
            await self.db.delete(key)
        return len(rows)
