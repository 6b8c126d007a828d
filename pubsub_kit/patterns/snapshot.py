"""Snapshot: a state and the offset that it was computed up to, so that a start needn't replay all.

    log        0 1 2 3 4 5 6 7 8 9
    snapshot            [6, state]    the state before offset 6: go on from there with 6, 7, 8, 9

The state and its offset are one row, so neither is ever without the other. A snapshot is a cache:
it may be thrown away at any time, since the log has everything. It belongs to the code that
computed it. So its row has a version: change the code, count the version up, and the first start
replays from the beginning.

What it costs: a version to remember, and once events before it are deleted, it is no cache any
more. Then you have to keep it as carefully as the log.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pubsub_kit.log.event import Event
from pubsub_kit.patterns.ports import Log, Store

Fold = Callable[[Any, Event], Any]


class Snapshot:
    """Computes a state by `fold(state, event)`, and saves it after each `every` events."""

    def __init__(
        self, db: Store, log: Log, fold: Fold, start: Any, version: int = 1, every: int = 100
    ) -> None:
        self.db, self.log, self.fold, self.start, self.every = db, log, fold, start, every
        self.row = f"snapshot {version}"

    async def state(self) -> Any:
        """Return the state as of now: the newest snapshot, and what came after it."""
        at, state = await self.db.get(self.row, [0, self.start])
        while events := self.log.read(0, at, self.every):
            for offset, event in events:
                state, at = self.fold(state, event), offset + 1
            if len(events) == self.every:
                await self.db.put(self.row, [at, state])
        return state
