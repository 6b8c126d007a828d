"""Outbox: change your data and publish an event about it: either both happen, or neither.

    request ──▶ ┌ transaction ─────────┐        relay ──▶ read the outbox's rows, oldest first
                │ the change           │                  publish each, with its key
                │ a row in the outbox  │                  delete the row
                └──────────────────────┘

If you save first and then publish, a crash in between loses the event. If you publish first, you
announce a change that may never happen. So save the event *with* the change, and let a relay
publish it. If the relay crashes before it deletes the row, it publishes the event twice, under one
id, so its readers need an inbox.

Rows are numbered, as by a database's sequence, and published in that order. A number is given at
the insert, but transactions commit in another order: a relay that asks for `number > last` skips a
row that commits late. So this one publishes each row that it finds, and two events may change
places. Events of one key may not. So each of them counts up a row of their key before it draws its
number, and of two transactions that do so at once, the store lets only one commit.

What it costs: two more writes for each event, a relay to run (one: two could interleave), and some
delay.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pubsub_kit.patterns.ports import Rows, Store

#: Called with an event's id, its data and its key.
Publish = Callable[[str, Any, str | None], Awaitable[object]]
_PREFIX = "outbox "


class Outbox:
    """The writing side: adds an event to the transaction that makes the change."""

    def __init__(self, db: Store) -> None:
        self.db = db

    async def add(self, tx: Rows, id: str, data: Any, key: str | None = None) -> None:
        """Save an event, to be published once the transaction has committed."""
        if key is not None:
            await tx.add(f"turn {key}", 1)
        number = int(await self.db.add("last number", 1))
        await tx.put(f"{_PREFIX}{number:012}", {"id": id, "data": data, "key": key})


class Relay:
    """The publishing side: calls `publish(id, data, key)` at least once for each saved event."""

    def __init__(self, db: Store, publish: Publish) -> None:
        self.db, self.publish = db, publish

    async def run_once(self) -> int:
        """Publish what is in the outbox, oldest first; return how many events there were."""
        rows = await self.db.scan(_PREFIX)
        for row, event in sorted(rows.items()):
            await self.publish(event["id"], event["data"], event["key"])
            await self.db.delete(row)
        return len(rows)
