"""Projection: a read model that is made from a log, and can be made again from it at any time.

    log   0 1 2 3 4 5 6 7          ┌ transaction ────────────────┐
                  ▲                │ apply events 4, 5, 6, 7     │
                  position 4 ────▶ │ position 8                  │
                                   └─────────────────────────────┘

The position and what was applied are committed together, so a crash leaves both or neither: no
event is applied twice, and none is skipped. Of two workers that apply the same events, one fails to
commit, since the position that it read has changed. While the log can't be reached, the read model
still answers; it is only behind.

To rebuild it, perhaps with other code, give it another name and let it catch up beside the old one.
So `apply` must do nothing but write rows: an email that it sent would be sent again by each replay.

What it costs: every reader sees the read model as it was some time ago.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pubsub_kit.log.event import Event
from pubsub_kit.patterns.ports import Log, Rows, Store

Apply = Callable[[Rows, Event], Awaitable[object]]


class Projection:
    """Calls `apply(tx, event)` for each event of a partition, in order, once each."""

    def __init__(
        self, db: Store, log: Log, apply: Apply, name: str = "view", partition: int = 0
    ) -> None:
        self.db, self.log, self.apply, self.partition = db, log, apply, partition
        self.row = f"position {name} {partition}"

    async def catch_up(self, limit: int = 100) -> int:
        """Apply all that is new, `limit` events in a transaction; return the offset that is next.

        The store refuses the commit if another worker was faster: call this again.
        """
        while True:
            async with self.db.transaction() as tx:
                at = int(await tx.get(self.row, 0))
                events = self.log.read(self.partition, at, limit)
                if not events:
                    return at
                for offset, event in events:
                    await self.apply(tx, event)
                    at = offset + 1
                await tx.put(self.row, at)
