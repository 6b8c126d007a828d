"""Two-phase commit: all participants commit, or none does; and what that costs when one is down.

    coordinator ── prepare ──▶ each participant locks, saves its promise, votes yes or no
                ◀── votes ───
    saves its decision: commit if all said yes, else abort   ◀── this is the moment of decision
                ── decision ─▶ each commits or aborts, and unlocks

A participant that has voted yes has promised to commit. Until it hears the decision, it can neither
commit nor abort, and it keeps its locks. If the coordinator is down just then, it could ask the
other participants (these here don't): one that has heard the decision knows it, and one that has
not voted yes can refuse to. Only while nobody whom it can reach knows does two-phase commit block
(Bernstein, Hadzilacos and Goodman, 1987, ch. 7). A timeout doesn't help: either guess may be wrong.

It is atomic, not isolated: the decision reaches one participant before the next, so a reader can
see one of them committed and the other not yet. Readers that must not see that have to respect the
locks, too.

What it costs: two round trips with locks held, and availability multiplied over all participants.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pubsub_kit.patterns.ports import Store

#: Sends a message to a participant and returns its answer; raises if there is none.
Send = Callable[[str, dict[str, Any]], Awaitable[Any]]


class Coordinator:
    """Decides, saves the decision, and repeats it until every participant has heard it."""

    def __init__(self, db: Store, send: Send, pause: Callable[[], Awaitable[None]]) -> None:
        self.db, self.send, self.pause = db, send, pause

    async def run(self, id: str, work: dict[str, Any]) -> bool:
        """Commit `work`, which maps participants to changes; return whether it was committed."""
        await self.db.insert(f"work {id}", work)
        votes = [await self._vote(id, name, change) for name, change in work.items()]
        await self.db.insert(f"decision {id}", all(votes))
        return await self._tell(id)

    async def recover(self) -> None:
        """After a crash, abort what was not decided yet, and tell everyone each decision."""
        for key in await self.db.scan("work "):
            id = key.removeprefix("work ")
            await self.db.insert(f"decision {id}", False)
            await self._tell(id)

    async def _vote(self, id: str, name: str, change: Any) -> bool:
        try:
            return bool(await self.send(name, {"prepare": id, "change": change}))
        except Exception:
            return False  # without an answer there is no promise, so it is safe to abort

    async def _tell(self, id: str) -> bool:
        commit = bool(await self.db.get(f"decision {id}"))
        for name in await self.db.get(f"work {id}", {}):
            while not await self._told(name, {"decide": id, "commit": commit}):
                await self.pause()
        await self.db.delete(f"work {id}")
        return commit

    async def _told(self, name: str, decision: dict[str, Any]) -> bool:
        try:
            await self.send(name, decision)
        except Exception:
            return False
        return True


class Participant:
    """Keeps numbers; a change adds to one of them, unless it would fall below zero."""

    def __init__(self, db: Store) -> None:
        self.db = db

    async def handle(self, message: dict[str, Any]) -> bool:
        """Answer the coordinator: with a vote on a change, or with a yes to its decision."""
        if "prepare" in message:
            return await self._prepare(message["prepare"], *message["change"])
        return await self._decide(message["decide"], message["commit"])

    async def _prepare(self, id: str, name: str, amount: float) -> bool:
        async with self.db.transaction() as tx:
            if await tx.get(f"decided {id}") is not None:
                return False
            holder = await tx.get(f"lock {name}")
            if holder not in (None, id) or await tx.get(name, 0) + amount < 0:
                return False
            await tx.put(f"lock {name}", id)
            await tx.put(f"promised {id}", [name, amount])
            return True

    async def _decide(self, id: str, commit: bool) -> bool:
        async with self.db.transaction() as tx:
            if not await tx.insert(f"decided {id}", commit):
                return True
            promised = await tx.get(f"promised {id}")
            if promised is not None:
                name, amount = promised
                if commit:
                    await tx.add(name, amount)
                await tx.delete(f"promised {id}")
                await tx.delete(f"lock {name}")
            return True
