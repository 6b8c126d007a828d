"""The consumers of exercise 03 that an oracle is judged by: five right ones, and the wrong ones.

The plainest right one comes first. Some wrong ones lose a payment, some count one twice, on ann's
account, on bob's, or on both, and one books the right total on the wrong account. Some fail only
under a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import product
from typing import Any, Protocol

from pubsub_kit.checks.systems.suspect import Suspect
from pubsub_kit.log.event import Event
from pubsub_kit.patterns.inbox import Inbox
from pubsub_kit.scenarios.idempotency import payments
from pubsub_kit.world.stores import Conflict
from pubsub_kit.world.world import World


def rows(world: World) -> dict[str, Any]:
    """Return what an oracle gets as the final rows: those of the consumers' database."""
    return dict(world.stores["db"].rows)


class _Consumer:
    """Has the database, and books a payment."""

    def __init__(self, db: Any) -> None:
        self.db = db

    async def book(self, rows: Any, event: Event) -> None:
        await rows.add(event.data["account"], event.data["amount"])


# --- right ----------------------------------------------------------------------------------------


class MarksAndBooksAtOnce(_Consumer):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await self.book(tx, event)


async def _effect(tx: Any, event: Event) -> None:
    await tx.add(event.data["account"], event.data["amount"])


def inbox(db: Any) -> Inbox:
    """Make the kit's own pattern."""
    return Inbox(db, _effect)


class KeepsAllIdsInOneRow(_Consumer):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            seen = await tx.get("seen", [])
            if event.id not in seen:
                await tx.put("seen", [*seen, event.id])
                await self.book(tx, event)


class TriesAgainAfterAConflict(_Consumer):
    async def handle(self, event: Event) -> None:
        while True:
            with suppress(Conflict):
                async with self.db.transaction() as tx:
                    if await tx.insert(event.id, event.data):
                        await self.book(tx, event)
                return


class AddsUpPayments(_Consumer):
    async def handle(self, event: Event) -> None:
        account = event.data["account"]
        await self.db.put(f"payment {account} {event.id}", event.data["amount"])
        while True:
            before = await self.db.get(account)
            total = sum((await self.db.scan(f"payment {account} ")).values())
            if await self.db.compare_and_set(account, before, total):
                return


# --- wrong ----------------------------------------------------------------------------------------


class OnlyMarks(_Consumer):
    async def handle(self, event: Event) -> None:
        await self.db.insert(f"seen {event.id}")


class CountsPayments(_Consumer):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await tx.add(event.data["account"], 1)


class LeavesOutSmallOnes(_Consumer):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}") and event.data["amount"] >= 10:
                await self.book(tx, event)


class Replaces(_Consumer):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await tx.put(event.data["account"], event.data["amount"])


class BodyAsId(_Consumer):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {sorted(event.data.items())}"):
                await self.book(tx, event)


class BooksAllOnAnn(_Consumer):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await tx.add("ann", event.data["amount"])


class AddsEachTime(_Consumer):
    async def handle(self, event: Event) -> None:
        await self.book(self.db, event)


class MarksOnlyLargeOnes(_Consumer):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if event.data["amount"] < 10 or await tx.insert(f"seen {event.id}"):
                await self.book(tx, event)


class MarksOnlySmallOnes(_Consumer):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if event.data["amount"] >= 10 or await tx.insert(f"seen {event.id}"):
                await self.book(tx, event)


class SetInMemory(_Consumer):
    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self.seen: set[str] = set()

    async def handle(self, event: Event) -> None:
        if event.id not in self.seen:
            await self.book(self.db, event)
            self.seen.add(event.id)


class ChecksThenActs(_Consumer):
    async def handle(self, event: Event) -> None:
        if await self.db.get(f"seen {event.id}"):
            return
        async with self.db.transaction() as tx:
            await tx.put(f"seen {event.id}", True)
            await self.book(tx, event)


class BooksThenMarks(_Consumer):
    async def handle(self, event: Event) -> None:
        if await self.db.get(f"seen {event.id}"):
            return
        await self.book(self.db, event)
        await self.db.put(f"seen {event.id}", True)


class MarksThenBooks(_Consumer):
    async def handle(self, event: Event) -> None:
        if await self.db.insert(f"seen {event.id}"):
            await self.book(self.db, event)


class TakesAConflictForDone(_Consumer):
    async def handle(self, event: Event) -> None:
        with suppress(Conflict):
            async with self.db.transaction() as tx:
                if await tx.insert(f"seen {event.id}"):
                    await self.book(tx, event)


class ReadsThenWrites(_Consumer):
    async def handle(self, event: Event) -> None:
        row = event.data["account"]
        balance = await self.db.get(row, 0)
        await self.db.put(row, balance + event.data["amount"])


_EXTRA, _WRITES = "every row counts", "one way to be right"
_LOSS, _DOUBLE, _WHOSE = "a loss is no harm", "a double is no harm", "the total is enough"

SUSPECTS = (
    Suspect("marks a payment and books it in one transaction", MarksAndBooksAtOnce, _EXTRA),
    Suspect("uses the kit's Inbox", inbox, _EXTRA),
    Suspect("keeps the ids of all payments in one row", KeepsAllIdsInOneRow, _WRITES),
    Suspect("tries again after a conflict", TriesAgainAfterAConflict, _WRITES),
    Suspect("keeps no marks: it writes the sum of all payments", AddsUpPayments, _WRITES),
    Suspect("marks payments and never books one", OnlyMarks, _LOSS, 0),
    Suspect("adds 1 for each payment, whatever its amount", CountsPayments, "any sum will do", 0),
    Suspect("writes each payment over the balance", Replaces, _LOSS, 0),
    Suspect("takes an equal payment for a repeat", BodyAsId, _LOSS, 0),
    Suspect("leaves out payments of less than 10", LeavesOutSmallOnes, _LOSS, 0),
    Suspect("books everything on ann's account", BooksAllOnAnn, _WHOSE, 0),
    Suspect("books a payment each time it is delivered", AddsEachTime, _DOUBLE, 1),
    Suspect("books a payment of less than 10 each time", MarksOnlyLargeOnes, _DOUBLE, 1),
    Suspect("books a payment of 10 or more each time", MarksOnlySmallOnes, _DOUBLE, 1),
    Suspect("remembers payments in memory, which a crash wipes", SetInMemory, _DOUBLE, 1),
    Suspect("looks for the mark outside the transaction", ChecksThenActs, _DOUBLE, 2),
    Suspect("books a payment first and marks it in a second write", BooksThenMarks, _DOUBLE, 1),
    Suspect("marks a payment first and books it in a second write", MarksThenBooks, _LOSS, 1),
    Suspect("swallows the Conflict of a transaction", TakesAConflictForDone, _LOSS, 1),
    Suspect("reads a balance and writes it back later", ReadsThenWrites, _LOSS, 1),
)


class Passed(Protocol):
    """A bad run that an oracle lets pass, and what the oracle says of other rows."""

    @property
    def rows(self) -> dict[str, Any]:
        """The rows of that run."""

    def objects(self, rows: dict[str, Any], calm: bool = False) -> bool:
        """Say whether the oracle objects to such rows, after that run or one without faults."""


def overlooked(slipped: Sequence[Suspect], run: Passed) -> str:
    """Return what an oracle overlooks that lets these wrong systems pass, the first in this run."""
    if run.objects({**dict.fromkeys(payments.OWED, 0), **run.rows}):
        return "a missing row is no harm"
    if run.objects(run.rows, calm=True):
        return "a fault is an excuse"
    missed = {suspect.answer for suspect in slipped}
    ann, bob = {Replaces, MarksOnlySmallOnes}, {LeavesOutSmallOnes, MarksOnlyLargeOnes}
    compares = not missed & {OnlyMarks, CountsPayments, BooksAllOnAnn}
    if compares and ann | bob <= missed:
        return "one is not enough"
    if compares and (ann <= missed or bob <= missed):
        return "one account is no matter"
    return slipped[0].belief


def content_with(says: Callable[[dict[str, Any]], Any]) -> dict[str, Any] | None:
    """Return sums that an oracle is content with, if it is so only with wrong ones.

    `says` asks it about rows in which there is nothing but the sums.
    """
    if not says({"ann": 20, "bob": 5}):
        return None
    sums = sorted(product(range(0, 31, 5), repeat=2), key=lambda each: (0 in each, each))
    return next((rows for a, b in sums if not says(rows := {"ann": a, "bob": b})), None)
