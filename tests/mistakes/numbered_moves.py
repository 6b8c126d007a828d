"""Answers to exercise 05's question account."""

from __future__ import annotations

from typing import Any

from pubsub_kit import Event, sleep
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
        await self.db.put(f"move {event.data['seq']:06d}", event.data)
        balance = 0
        for move in (await self.db.scan("move ")).values():
            balance = balance * move["times"] + move["plus"]
        await self.db.put("balance", balance)


class OneRowHasItAll(Holds):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            moves = {**await tx.get("moves", {}), str(event.data["seq"]): event.data}
            balance = 0
            for _, move in sorted(moves.items(), key=lambda item: int(item[0])):
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


class HoldsOneOnly(Holds):
    """One row for whatever is early."""

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            following, move = await tx.get("next", 1), event.data
            if move["seq"] > following:
                await tx.put("early", move)
                return
            while move and move["seq"] == following:
                await apply(tx, move)
                following += 1
                move = await tx.get("early")
            await tx.put("next", following)


class DropsWhatIsEarly(Holds):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            following = await tx.get("next", 1)
            if event.data["seq"] == following:
                await apply(tx, event.data)
                await tx.put("next", following + 1)


class NeverLooksBack(Holds):
    """Holds what is early, and applies only what arrives in its turn."""

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            following = await tx.get("next", 1)
            if event.data["seq"] == following:
                await apply(tx, event.data)
                await tx.put("next", following + 1)
            elif event.data["seq"] > following:
                await tx.put(f"held {event.data['seq']}", event.data)


class SortsTexts(Holds):
    """Keeps every move as a row, and goes through the rows as texts are sorted."""

    async def handle(self, event: Event) -> None:
        await self.db.put(f"move {event.data['seq']}", event.data)
        balance = 0
        for move in (await self.db.scan("move ")).values():
            balance = balance * move["times"] + move["plus"]
        await self.db.put("balance", balance)


class AlwaysTheSame(Holds):
    """Knows what the moves make."""

    async def handle(self, event: Event) -> None:
        await self.db.put("balance", 210)


class WaitsForFour(Holds):
    """Adds up once the four moves are there."""

    async def handle(self, event: Event) -> None:
        await self.db.put(f"move {event.data['seq']}", event.data)
        moves = await self.db.scan("move ")
        if len(moves) == 4:
            balance = 0
            for move in moves.values():
                balance = balance * move["times"] + move["plus"]
            await self.db.put("balance", balance)


class SendsBackWhatIsBooked(Holds):
    """Takes one number, and no other."""

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            following = await tx.get("next", 1)
            if event.data["seq"] != following:
                raise NotYet(f"{following} comes first")
            await apply(tx, event.data)
            await tx.put("next", following + 1)


class DropsLargeNumbers(Holds):
    """As if a number had one digit."""

    async def handle(self, event: Event) -> None:
        if event.data["seq"] < 10:
            await super().handle(event)


class SendsAllBack(Holds):
    """Number 0 would be the first."""

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            following = await tx.get("next", 0)
            if event.data["seq"] > following:
                raise NotYet(f"{following} comes first")
            await apply(tx, event.data)
            await tx.put("next", following + 1)


class WaitsForZero(Holds):
    """Holds all, since number 0 never comes."""

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            following = await tx.get("next", 0)
            await tx.put(f"held {event.data['seq']}", event.data)
            while (move := await tx.get(f"held {following}")) is not None:
                await apply(tx, move)
                following += 1
            await tx.put("next", following)


class CountsFromZero(Holds):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            await tx.put(f"held {event.data['seq']}", event.data)
            following = await tx.get("next", 0)
            balance = await tx.get("balance", 0)
            while (move := await tx.get(f"held {following}")) is not None:
                balance = balance * move["times"] + move["plus"]
                following += 1
            await tx.put("next", following)
            await tx.put("balance", balance)


class AddsBeforeItMultiplies(Holds):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if event.data["seq"] == await tx.get("next", 1):
                balance = await tx.get("balance", 0) + event.data["plus"]
                await tx.put("balance", balance * event.data["times"])
                await tx.put("next", event.data["seq"] + 1)


class AddsUpInMemory(Holds):
    """The balance lives in memory, and its row is only a copy."""

    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self.balance, self.moves = 0, dict[int, Any]()

    async def handle(self, event: Event) -> None:
        self.moves[event.data["seq"]] = event.data
        self.balance = 0
        for _, move in sorted(self.moves.items()):
            self.balance = self.balance * move["times"] + move["plus"]
        await self.db.put("balance", self.balance)


class KeepsAListOfAll(Holds):
    """A repeat is in the list twice."""

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            moves = [*await tx.get("moves", []), event.data]
            balance = 0
            for move in sorted(moves, key=lambda move: int(move["seq"])):
                balance = balance * move["times"] + move["plus"]
            await tx.put("moves", moves)
            await tx.put("balance", balance)


class CountsInMemory(Holds):
    """After a crash it waits for number 1 again."""

    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self.following = 1

    async def handle(self, event: Event) -> None:
        if event.data["seq"] > self.following:
            raise NotYet(f"{self.following} comes first")
        if event.data["seq"] == self.following:
            await apply(self.db, event.data)
            self.following += 1


class WaitsInTheHandler(Holds):
    """There is one worker, and it waits for what it keeps from coming."""

    async def handle(self, event: Event) -> None:
        while event.data["seq"] > await self.db.get("next", 1):
            await sleep(1.0)
        await SendsBackWhatIsEarly(self.db).handle(event)


class AppliesAllItHolds(Holds):
    """When the next one comes, all that are held must be next too."""

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            following, held = await tx.get("next", 1), await tx.get("held", [])
            if event.data["seq"] > following:
                await tx.put("held", [*held, event.data])
            elif event.data["seq"] == following:
                for move in [event.data, *held]:
                    await apply(tx, move)
                await tx.put("held", [])
                await tx.put("next", following + 1 + len(held))


class LooksThroughKeys(Holds):
    """Goes through what it holds in the order of the keys, as texts."""

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if event.data["seq"] > await tx.get("last", 0):
                await tx.put(f"held {event.data['seq']}", event.data)
        for key, move in (await self.db.scan("held ")).items():
            async with self.db.transaction() as tx:
                last = await tx.get("last", 0)
                if move["seq"] != last + 1:
                    break
                await apply(tx, move)
                await tx.put("last", last + 1)
                await tx.delete(key)


class LooksThroughNumbers(Holds):
    """Goes through what it holds in the order of the numbers."""

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if event.data["seq"] > await tx.get("last", 0):
                await tx.put(f"held {event.data['seq']}", event.data)
        held = await self.db.scan("held ")
        for key, move in sorted(held.items(), key=lambda row: int(row[0].split()[1])):
            async with self.db.transaction() as tx:
                last = await tx.get("last", 0)
                if move["seq"] != last + 1:
                    break
                await apply(tx, move)
                await tx.put("last", last + 1)
                await tx.delete(key)


class _HoldsApart(Holds):
    """What is held is applied in a transaction of its own, one at a time."""

    async def take_up(self) -> None:
        while (held := await self.next_held()) is not None:
            async with self.db.transaction() as tx:
                await apply(tx, held)
                await tx.put("next", held["seq"] + 1)
                await tx.delete(f"held {held['seq']}")

    async def next_held(self) -> Any:
        return await self.db.get(f"held {await self.db.get('next', 1)}")


class MarksAndHolds(_HoldsApart):
    """A repeat is known by its id, which is marked before the move is applied."""

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if not await tx.insert(f"id {event.id}"):
                return
            await tx.put(f"held {event.data['seq']}", event.data)
        await self.take_up()


class MarksFirst(Holds):
    """Marks each move as seen in a write of its own, and sends back what is early."""

    async def handle(self, event: Event) -> None:
        if not await self.db.insert(f"seen {event.id}"):
            return
        async with self.db.transaction() as tx:
            last = await tx.get("last", 0)
            if event.data["seq"] > last + 1:
                raise NotYet(f"{last + 1} comes first")
            await apply(tx, event.data)
            await tx.put("last", event.data["seq"])


class TurnsARepeatAway(_HoldsApart):
    """Whatever was applied before is turned away, even if something behind it is still held."""

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if event.data["seq"] < await tx.get("next", 1):
                return
            await tx.put(f"held {event.data['seq']}", event.data)
        await self.take_up()


class TakesItOutFirst(TurnsARepeatAway):
    """Takes a held move out of its row, and then applies it."""

    async def next_held(self) -> Any:
        held = await super().next_held()
        if held is not None:
            await self.db.delete(f"held {held['seq']}")
        return held


class TakesItOut(TakesItOutFirst):
    """The same, but it looks for held moves at each delivery."""

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if event.data["seq"] >= await tx.get("next", 1):
                await tx.put(f"held {event.data['seq']}", event.data)
        await self.take_up()
