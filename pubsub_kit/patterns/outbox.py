"""Outbox: change your data and publish an event about it, both or neither.

    request ──▶ ┌ transaction ─────────┐        relay ──▶ read the outbox's rows
                │ the change           │                  publish each
                │ a row in the outbox  │                  delete the row
                └──────────────────────┘

Saving first and publishing then loses the event if a crash falls between; publishing first tells
of a change that may never be. So the event is saved *with* the change, and a relay publishes it.
The relay may crash before it deletes the row: then the event is published twice, with one id, and
its readers need an inbox. A relay that instead asks for `id > last` skips rows: ids are given when
a transaction begins, and transactions end in another order.

What it costs: a second write for each event, a relay to run, and some delay.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pubsub_kit.patterns.ports import Rows, Store

Publish = Callable[[str, Any], Awaitable[object]]
_PREFIX = "outbox "


class Outbox:
    """The writing side: adds an event to the transaction that it is about."""

    async def add(self, tx: Rows, id: str, data: Any) -> None:
        """Save an event to be published once the transaction has committed."""
        await tx.put(_PREFIX + id, data)


class Relay:
    """The publishing side: `publish(id, data)` is called for each saved event, at least once."""

    def __init__(self, db: Store, publish: Publish) -> None:
        self.db, self.publish = db, publish

    async def run_once(self) -> int:
        """Publish every event in the outbox; return how many there were."""
        rows = await self.db.scan(_PREFIX)
        for key, data in rows.items():
            await self.publish(key.removeprefix(_PREFIX), data)
            await self.db.delete(key)
        return len(rows)
