"""Inbox: an idempotent consumer. An event takes effect once, however often it is delivered.

    deliver ──▶ ┌ transaction ──────────────────────────┐ ──▶ ack
                │ mark its id as seen; if it was: stop  │
                │ the effect                            │
                └───────────────────────────────────────┘

The mark and the effect are in one transaction, so no crash can fall between them, and no second
worker sees one without the other. If two workers hold one event, only one of them can insert the
mark, since its key is unique: a look that finds nothing, followed by a write, would let both
through at READ COMMITTED. This is effectively once: the event is *delivered* at least once,
and its effect *on this store* happens once. An effect elsewhere (an email, a card payment) is not
covered: there, the other side needs an inbox of its own, and your id.

What it costs: a row for each event, for as long as the event may be redelivered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pubsub_kit.log.event import Event
from pubsub_kit.patterns.ports import Rows, Store

Effect = Callable[[Rows, Event], Awaitable[object]]


class Inbox:
    """Calls the effect once for each event, inside the transaction that marks it as seen."""

    def __init__(self, db: Store, effect: Effect) -> None:
        self.db, self.effect = db, effect

    async def handle(self, event: Event) -> None:
        """Apply the event's effect, unless it has been applied before."""
        async with self.db.transaction() as tx:
            if not await tx.insert(f"seen {event.source} {event.id}"):
                return
            await self.effect(tx, event)
