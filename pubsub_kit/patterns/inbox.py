"""Inbox: an idempotent consumer. An event's effect happens once, however often the event comes.

    deliver ──▶ ┌ transaction ──────────────────────────┐ ──▶ ack
                │ mark its id as seen; if it was: stop  │
                │ the effect                            │
                └───────────────────────────────────────┘

The mark and the effect are in one transaction, so that no crash falls between them and no second
worker sees the one without the other. This is effectively once: the event is *delivered* at least
once, and its effect *on this store* happens once. An effect elsewhere (a mail, a card) is not
covered; there the other side needs an inbox of its own, and your id.

What it costs: a row for each event, for as long as a message can take to come back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pubsub_kit.log.event import Event
from pubsub_kit.patterns.ports import Rows, Store

Effect = Callable[[Rows, Event], Awaitable[object]]


class Inbox:
    """Handles events by an effect that is given the open transaction, once for each event."""

    def __init__(self, db: Store, effect: Effect) -> None:
        self.db, self.effect = db, effect

    async def handle(self, event: Event) -> None:
        """Apply the event's effect, unless this event has been handled before."""
        async with self.db.transaction() as tx:
            if not await tx.insert(f"seen {event.source} {event.id}"):
                return
            await self.effect(tx, event)
