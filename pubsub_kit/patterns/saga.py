"""Saga: a transaction across several services, made of steps that can each be undone.

    do 1 ──▶ do 2 ──▶ do 3 ──▶ done
               │ refused
    undo 1 ◀───┘

A step's answer is yes, no or unknown. On yes, go on. On no, undo what was done, the latest step
first. Unknown (a timeout, a crash) is neither, so ask again under the same id until you get an
answer; each service must therefore do its work only once per id. The saga saves its progress before
each step, and after a crash `recover` goes on from there.

What it costs: others see the work half done (there is no isolation), each step needs an undo that
can't be refused, and each request needs an id. If one database can hold everything, a plain
transaction is better in every way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pubsub_kit.patterns.ports import Store

#: Asks a service for something under an id: returns False if it refuses, raises if unknown.
Ask = Callable[[Any, str], Awaitable[bool]]


@dataclass(frozen=True)
class SagaStep:
    """One step: how to do it, and how to undo it."""

    name: str
    do: Ask
    undo: Ask


class Saga:
    """Runs the steps for an order, each under the id "saga id/step name"."""

    def __init__(
        self, db: Store, steps: Sequence[SagaStep], pause: Callable[[], Awaitable[None]]
    ) -> None:
        self.db, self.steps, self.pause = db, steps, pause

    async def run(self, id: str, order: Any) -> bool:
        """Run a saga to its end; return True if every step was done, False if all were undone."""
        await self.db.insert(f"saga {id}", {"order": order, "at": 0, "undoing": False})
        return await self._advance(id)

    async def recover(self) -> None:
        """Finish every saga that a crash interrupted."""
        for key in await self.db.scan("saga "):
            await self._advance(key.removeprefix("saga "))

    async def _advance(self, id: str) -> bool:
        state = await self.db.get(f"saga {id}")
        while 0 <= state["at"] < len(self.steps):
            moved = await self._move(id, state)
            if not await self.db.compare_and_set(f"saga {id}", state, moved):
                moved = await self.db.get(f"saga {id}")  # another worker was here meanwhile
            state = moved
        return not state["undoing"]

    async def _move(self, id: str, state: dict[str, Any]) -> dict[str, Any]:
        step, at = self.steps[state["at"]], state["at"]
        if state["undoing"]:
            await self._insist(step.undo, state["order"], f"{id}/{step.name}")
            return {**state, "at": at - 1}
        if await self._insist(step.do, state["order"], f"{id}/{step.name}"):
            return {**state, "at": at + 1}
        return {**state, "at": at - 1, "undoing": True}

    async def _insist(self, ask: Ask, order: Any, id: str) -> bool:
        while True:
            try:
                return await ask(order, id)
            except Exception:
                await self.pause()  # unknown: it may have been done, so ask again under this id
