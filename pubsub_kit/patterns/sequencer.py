"""Sequencer: apply the events of a key in their order, even if they arrive in another.

Each event carries a number that its producer counts up for its key, from 1. An early event is held
until the gap before it closes. A late one has been applied already, so it is dropped.

    arrives   2        1                3      1
    applied   –        1, 2             3      – (a repeat)

The next number, the held events and the effect are in one transaction, so the sequencer is an inbox
too. A gap that never closes blocks its key forever: watch the age of the oldest held row.

What it costs: a row for each early event, and waiting. If only the latest value matters (a price,
a position), keep the highest version and drop the rest. If order doesn't matter (adding up), do
without it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pubsub_kit.log.event import Event
from pubsub_kit.patterns.ports import Rows, Store

Apply = Callable[[Rows, str, object], Awaitable[object]]


class Sequencer:
    """Calls `apply(tx, key, data)` for each event of a key, in order, once each.

    An event's data is a dict whose "seq" is its number.
    """

    def __init__(self, db: Store, apply: Apply) -> None:
        self.db, self.apply = db, apply

    async def handle(self, event: Event) -> None:
        """Apply the event if it is next, and any held ones that follow; else hold or drop it."""
        key, number = event.key or "", int(event.data["seq"])
        async with self.db.transaction() as tx:
            following = int(await tx.get(f"next {key}", 1))
            if number < following:
                return
            await tx.put(f"held {key} {number}", event.data)
            while (data := await tx.get(f"held {key} {following}")) is not None:
                await self.apply(tx, key, data)
                await tx.delete(f"held {key} {following}")
                following += 1
            await tx.put(f"next {key}", following)
