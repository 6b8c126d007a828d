"""Answers to exercise 05's question account."""

from __future__ import annotations

from typing import Any

from pubsub_kit import Event
from pubsub_kit.patterns import Sequencer

# --- right ----------------------------------------------------------------------------------------


class Holds:
    """Holds what is early in rows, until the gap before it has closed."""

    def __init__(self, db: Any) -> None:
        self.db = db

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            following = await tx.get("next", 1)
            if event.data["seq"] < following:
                return
            await tx.put(f"held {event.data['seq']}", event.data)
            while (move := await tx.get(f"held {following}")) is not None:
                await apply(tx, move)
                await tx.delete(f"held {following}")
                following += 1
            await tx.put("next", following)


async def apply(tx: Any, move: Any) -> None:
    await tx.put("balance", await tx.get("balance", 0) * move["times"] + move["plus"])


async def _apply(tx: Any, key: str, data: object) -> None:
    await apply(tx, data)


def sequencer(db: Any) -> Sequencer:
    """The pattern of the kit."""
    return Sequencer(db, _apply)


class NotYet(Exception):
    """It is not this move's turn."""


class SendsBackWhatIsEarly(Holds):
    """Holds nothing: what is early is nacked, and comes again."""

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            following = await tx.get("next", 1)
            if event.data["seq"] > following:
                raise NotYet(f"{following} comes first")
            if event.data["seq"] == following:
                await apply(tx, event.data)
                await tx.put("next", following + 1)


class KeepsAllAndAddsUp(Holds):
    """Keeps every move as a row, and works the balance out anew from the rows in order."""

    async def handle(self, event: Event) -> None:
        await self.db.put(f"move {event.data['seq']}", event.data)
        balance = 0
        for move in (await self.db.scan("move ")).values():
            balance = balance * move["times"] + move["plus"]
        await self.db.put("balance", balance)


class OneRowHasItAll(Holds):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            moves = {**await tx.get("moves", {}), str(event.data["seq"]): event.data}
            balance = 0
            for _, move in sorted(moves.items()):
                balance = balance * move["times"] + move["plus"]
            await tx.put("moves", moves)
            await tx.put("balance", balance)


# --- wrong ----------------------------------------------------------------------------------------


class SortsByClock(Holds):
    """M32: keeps every move, and adds up in the order of the tellers' clocks."""

    async def handle(self, event: Event) -> None:
        await self.db.put(f"move {event.data['seq']}", event.data)
        moves = (await self.db.scan("move ")).values()
        balance = 0
        for move in sorted(moves, key=lambda move: float(move["at"])):
            balance = balance * move["times"] + move["plus"]
        await self.db.put("balance", balance)


class DropsWhatIsLate(Holds):
    """M33: whatever has a lower number than the last one is old news."""

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if event.data["seq"] > await tx.get("version", 0):
                await tx.put("version", event.data["seq"])
                await apply(tx, event.data)


class StartsWithWhateverComes(Holds):
    """M36: what arrives first is the first; only from there on it waits for gaps to close."""

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            following = await tx.get("next", event.data["seq"])
            if event.data["seq"] < following:
                return
            await tx.put(f"held {event.data['seq']}", event.data)
            while (move := await tx.get(f"held {following}")) is not None:
                await apply(tx, move)
                following += 1
            await tx.put("next", following)


class AppliesAsTheyCome(Holds):
    """Knows a repeat by its id, and does not look at the numbers."""

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await apply(tx, event.data)


class AppliesEach(Holds):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            await apply(tx, event.data)


class WaitsWithoutDedup(Holds):
    """Sends back what is early, and takes what is late for its turn."""

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            following = await tx.get("next", 1)
            if event.data["seq"] > following:
                raise NotYet(f"{following} comes first")
            await apply(tx, event.data)
            await tx.put("next", event.data["seq"] + 1)


class HoldsInMemory(Holds):
    """Holds what is early in memory, and acks it."""

    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self.held: dict[int, Any] = {}

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            following = await tx.get("next", 1)
            self.held[event.data["seq"]] = event.data
            while (move := self.held.get(following)) is not None:
                await apply(tx, move)
                following += 1
            await tx.put("next", following)


class NumberApartFromBalance(Holds):
    async def handle(self, event: Event) -> None:
        following = await self.db.get("next", 1)
        if event.data["seq"] > following:
            raise NotYet(f"{following} comes first")
        if event.data["seq"] == following:
            await apply(self.db, event.data)
            await self.db.put("next", following + 1)


class CountsInAnotherRow(Holds):
    async def handle(self, event: Event) -> None:
        await self.db.add("sum", event.data["plus"])
