"""Answers to exercise 03."""

from __future__ import annotations

import os
from contextlib import suppress
from random import randint
from typing import Any
from uuid import uuid4

from pubsub_kit import (
    Breaker,
    CallError,
    CallTimeout,
    Conflict,
    Event,
    RetryPolicy,
    call,
    clock,
    gather,
)
from pubsub_kit.checks.systems.idempotency import (
    AddsUpPayments,
    BodyAsId,
    ChecksThenActs,
    KeepsAllIdsInOneRow,
    OnlyMarks,
    ReadsThenWrites,
    Replaces,
    TakesAConflictForDone,
    TriesAgainAfterAConflict,
)
from pubsub_kit.checks.systems.idempotency import (
    BooksThenMarks as ChecksThenMarksLast,
)
from pubsub_kit.checks.systems.idempotency import (
    MarksAndBooksAtOnce as MarksInATransaction,
)
from pubsub_kit.checks.systems.idempotency import (
    MarksThenBooks as MarksFirst,
)
from pubsub_kit.patterns import Inbox
from tests.mistakes import Mistake, Right, oracles

Request = dict[str, Any]


class _Base:
    """Has the database, and books a payment."""

    def __init__(self, db: Any) -> None:
        self.db = db

    async def book(self, rows: Any, event: Event) -> None:
        await rows.add(event.data["account"], event.data["amount"])


# --- consumer: right ------------------------------------------------------------------------------


async def _effect(tx: Any, event: Event) -> None:
    await tx.add(event.data["account"], event.data["amount"])


def inbox(db: Any) -> Inbox:
    """The pattern itself, by a factory."""
    return Inbox(db, _effect)


def closure(db: Any) -> Any:
    """A function instead of a class, which looks by get and marks last."""

    async def handle(event: Event) -> None:
        async with db.transaction() as tx:
            if await tx.get(f"done {event.id}") is None:
                await _effect(tx, event)
                await tx.put(f"done {event.id}", "yes")

    return handle


class LooksAgainAtOnce(_Base):
    """Looks outside first, and again in each transaction, until there is no conflict."""

    async def handle(self, event: Event) -> None:
        while not await self.db.get(f"seen {event.id}"):
            with suppress(Conflict):
                async with self.db.transaction() as tx:
                    if await tx.insert(f"seen {event.id}"):
                        await self.book(tx, event)


# --- consumer: wrong ------------------------------------------------------------------------------


class LooksFirstAndTooLate(_Base):
    """Heeds the mark in its transaction, but only after the addition."""

    async def handle(self, event: Event) -> None:
        if await self.db.get(f"seen {event.id}"):
            return
        async with self.db.transaction() as tx:
            await self.book(tx, event)
            if not await tx.insert(f"seen {event.id}"):
                return


class LocksTheAccount(_Base):
    """Takes a lock that somebody else has for a sign that the work is done."""

    async def handle(self, event: Event) -> None:
        lock = f"lock {event.data['account']}"
        if not await self.db.insert(lock, event.id):
            return
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await self.book(tx, event)
        await self.db.delete(lock)


class AddsEachTime(_Base):
    async def handle(self, event: Event) -> None:
        await self.book(self.db, event)


class AddsEachTimeInATransaction(_Base):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            await self.book(tx, event)


class SetInMemory(_Base):
    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self.seen: set[str] = set()

    async def handle(self, event: Event) -> None:
        if event.id not in self.seen:
            self.seen.add(event.id)
            await self.book(self.db, event)


class SetInMemoryAfterwards(SetInMemory):
    async def handle(self, event: Event) -> None:
        if event.id not in self.seen:
            await self.book(self.db, event)
            self.seen.add(event.id)


class BooksOnlyRepeats(_Base):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                return
            await self.book(tx, event)


class BooksWhereItFindsTheMark(_Base):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if not await tx.get(f"seen {event.id}"):
                return
            await tx.put(f"seen {event.id}", True)
            await self.book(tx, event)


class NeverEntersItsTransaction(_Base):
    async def handle(self, event: Event) -> None:
        tx = self.db.transaction()
        if await tx.insert(f"seen {event.id}"):
            await self.book(tx, event)


class MarksInATransactionThatItNeverEnters(_Base):
    async def handle(self, event: Event) -> None:
        tx = self.db.transaction()
        if await tx.insert(f"seen {event.id}"):
            await self.book(self.db, event)


class FindsItsOwnMark(_Base):
    async def handle(self, event: Event) -> None:
        await self.db.put(f"seen {event.id}", True)
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await self.book(tx, event)


class DeletesTheMarkAtOnce(_Base):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await self.book(tx, event)
                await tx.delete(f"seen {event.id}")


class LooksAtItsOwnPut(_Base):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            await tx.put(f"seen {event.id}", True)
            if not await tx.get(f"seen {event.id}"):
                await self.book(tx, event)


class WipesMarksOut(_Base):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction("read committed") as tx:
            ids = await tx.get("ids", [])
            if event.id not in ids:
                await tx.put("ids", [*ids, event.id])
                await self.book(tx, event)


class BooksAllOnBob(_Base):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await tx.add("bob", event.data["amount"])


class KeepsTheLastTwoIds(_Base):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            ids = await tx.get("ids", [])
            if event.id not in ids:
                await tx.put("ids", [*ids, event.id][-2:])
                await self.book(tx, event)


class TakesARepeatBack(_Base):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            new = await tx.insert(f"seen {event.id}")
            amount = event.data["amount"] if new else -event.data["amount"]
            await tx.add(event.data["account"], amount)


class BooksAfterAConflict(_Base):
    async def handle(self, event: Event) -> None:
        try:
            async with self.db.transaction() as tx:
                if await tx.insert(f"seen {event.id}"):
                    await self.book(tx, event)
        except Conflict:
            await self.book(self.db, event)


class RefusesAMarkedAccount(_Base):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if not await tx.insert(f"seen {event.data['account']}", event.id):
                raise ValueError("seen already")
            await self.book(tx, event)


class BooksOutsideOfTheTransaction(_Base):
    """Has a transaction, and does not use it for all."""

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await self.book(self.db, event)


class UnmarksAfterAnError(_Base):
    async def handle(self, event: Event) -> None:
        if not await self.db.insert(f"seen {event.id}"):
            return
        try:
            await self.book(self.db, event)
        except Exception:
            await self.db.delete(f"seen {event.id}")
            raise


class LooksAfterwards(_Base):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            await self.book(tx, event)
            if not await tx.insert(f"seen {event.id}"):
                return


class HighestId(_Base):
    """Skips what is not above the last id, though a message can be overtaken."""

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if event.id > await tx.get("highest", ""):
                await tx.put("highest", event.id)
                await self.book(tx, event)


class KeepsASetOnTheStore(_Base):
    async def handle(self, event: Event) -> None:
        seen = self.db.__dict__.setdefault("seen", set())
        if event.id not in seen:
            await self.book(self.db, event)
            seen.add(event.id)


class RemembersTheLastIdOnly(_Base):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if await tx.get("last") != event.id:
                await tx.put("last", event.id)
                await self.book(tx, event)


class MarksWithoutAnId(_Base):
    """Its mark is the same row for every payment."""

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert("seen"):
                await self.book(tx, event)


class ANewMarkEachTime(_Base):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {uuid4()}"):
                await self.book(tx, event)


class IgnoresWhatInsertSays(_Base):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            await tx.insert(f"seen {event.id}")
            await self.book(tx, event)


class ForgetsAfterASecond(_Base):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            since = await tx.get(f"seen {event.id}")
            if since is None or clock() - since > 1.0:
                await tx.put(f"seen {event.id}", clock())
                await self.book(tx, event)


class ForgetsTheMark(_Base):
    """Takes the mark away when the repeat has come, and expects no other one."""

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if await tx.get(event.id):
                await tx.delete(event.id)
                return
            await tx.put(event.id, True)
            await self.book(tx, event)


class LeavesItsLockBehind(_Base):
    async def handle(self, event: Event) -> None:
        if not await self.db.insert("lock"):
            raise RuntimeError("somebody else is at work")
        if await self.db.get(event.id) is None:
            async with self.db.transaction() as tx:
                await tx.put(event.id, True)
                await self.book(tx, event)
        await self.db.delete("lock")


class NeverLooks(_Base):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            await tx.put(f"seen {event.id}", True)
            await self.book(tx, event)


class BooksTwice(_Base):
    async def handle(self, event: Event) -> None:
        if await self.db.get(f"seen {event.id}") is None:
            await self.book(self.db, event)
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await self.book(tx, event)


class RemembersBeforeItCommits(SetInMemory):
    async def handle(self, event: Event) -> None:
        if event.id in self.seen:
            return
        self.seen.add(event.id)
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await self.book(tx, event)


class Pending(_Base):
    """Marks before and after: what crashed in between is pending, and counts again."""

    async def handle(self, event: Event) -> None:
        if await self.db.get(event.id) != "done":
            await self.db.put(event.id, "pending")
            await self.book(self.db, event)
            await self.db.put(event.id, "done")


class CountsPayments(_Base):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await tx.add(event.data["account"], 1)


class BodyInMemory(SetInMemory):
    async def handle(self, event: Event) -> None:
        body = str(sorted(event.data.items()))
        if body not in self.seen:
            self.seen.add(body)
            await self.book(self.db, event)


class ReadCommittedAndNoUniqueKey(_Base):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction("read committed") as tx:
            if await tx.get(event.id) is None:
                await tx.put(event.id, True)
                await self.book(tx, event)


# --- endpoint -------------------------------------------------------------------------------------


class KeepsTheAmount(_Base):
    async def handle(self, request: Request) -> str:
        async with self.db.transaction() as tx:
            kept = await tx.get(f"key {request['key']}")
            if kept is None:
                await tx.put(f"key {request['key']}", request["amount"])
                await tx.add("charged", request["amount"])
                return "ok"
        return "ok" if kept == request["amount"] else "conflict"


class KeepsRequestAndAnswer(_Base):
    """Replays the saved answer, as an API would."""

    async def handle(self, request: Request) -> Any:
        async with self.db.transaction() as tx:
            saved = await tx.get(request["key"])
            if saved is None:
                saved = {"request": request, "answer": "ok"}
                await tx.put(request["key"], saved)
                await tx.add("charged", request["amount"])
        return saved["answer"] if saved["request"] == request else "conflict"


class AddsUpWhatKeysStandFor(_Base):
    """The charge is computed from the keys, so that it may be written again."""

    async def handle(self, request: Request) -> str:
        row = f"key {request['key']}"
        await self.db.insert(row, request["amount"])
        await self.db.put("charged", sum((await self.db.scan("key ")).values()))
        return "ok" if await self.db.get(row) == request["amount"] else "conflict"


class ChargesEachTime(_Base):
    async def handle(self, request: Request) -> str:
        await self.db.add("charged", request["amount"])
        return "ok"


class AnswersFromMemory(_Base):
    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self.kept: dict[str, int] = {}

    async def handle(self, request: Request) -> str:
        if request["key"] not in self.kept:
            self.kept[request["key"]] = request["amount"]
            await self.db.add("charged", request["amount"])
        return "ok" if self.kept[request["key"]] == request["amount"] else "conflict"


class KeyThenCharge(_Base):
    async def handle(self, request: Request) -> str:
        if await self.db.insert(request["key"], request["amount"]):
            await self.db.add("charged", request["amount"])
        return "ok" if await self.db.get(request["key"]) == request["amount"] else "conflict"


class AnswersOkForAnyAmount(_Base):
    async def handle(self, request: Request) -> str:
        async with self.db.transaction() as tx:
            if await tx.insert(request["key"]):
                await tx.add("charged", request["amount"])
        return "ok"


class KeyAndAmountAreTheKey(_Base):
    async def handle(self, request: Request) -> str:
        async with self.db.transaction() as tx:
            if await tx.insert(f"{request['key']} {request['amount']}"):
                await tx.add("charged", request["amount"])
        return "ok"


class RefusesARepeat(_Base):
    async def handle(self, request: Request) -> str:
        async with self.db.transaction() as tx:
            if not await tx.insert(request["key"]):
                return "conflict"
            await tx.add("charged", request["amount"])
        return "ok"


class RaisesOnAConflict(_Base):
    async def handle(self, request: Request) -> str:
        async with self.db.transaction() as tx:
            if await tx.insert(request["key"], request["amount"]):
                await tx.add("charged", request["amount"])
            elif await tx.get(request["key"]) != request["amount"]:
                raise ValueError("conflict")
        return "ok"


class KeepsTheKeyAlone(_Base):
    async def handle(self, request: Request) -> str:
        kept = await self.db.insert(request["key"], request["amount"])
        same = kept or await self.db.get(request["key"]) == request["amount"]
        return "ok" if same else "conflict"


class AnswersOnlyTheFirst(_Base):
    async def handle(self, request: Request) -> str:
        async with self.db.transaction() as tx:
            if await tx.insert(request["key"], request["amount"]):
                await tx.add("charged", request["amount"])
                return "ok"
            same = await tx.get(request["key"]) == request["amount"]
        if same:
            raise RuntimeError("already charged")
        return "conflict"


class LooksOutsideOfTheTransaction(_Base):
    async def handle(self, request: Request) -> str:
        kept = await self.db.get(request["key"])
        if kept is not None:
            return "ok" if kept == request["amount"] else "conflict"
        async with self.db.transaction() as tx:
            await tx.put(request["key"], request["amount"])
            await tx.add("charged", request["amount"])
        return "ok"


class OkWhateverHappens(_Base):
    async def handle(self, request: Request) -> str:
        with suppress(Conflict):
            async with self.db.transaction() as tx:
                kept = await tx.get(request["key"], request["amount"])
                if kept != request["amount"]:
                    return "conflict"
                if await tx.insert(request["key"], kept):
                    await tx.add("charged", kept)
        return "ok"


class AConflictIsAConflict(_Base):
    async def handle(self, request: Request) -> str:
        try:
            return await self.charge(request)
        except Conflict:
            return "conflict"

    async def charge(self, request: Request) -> str:
        async with self.db.transaction() as tx:
            if await tx.insert(request["key"], request["amount"]):
                await tx.add("charged", request["amount"])
            same = await tx.get(request["key"]) == request["amount"]
        return "ok" if same else "conflict"


class PutsTheCharge(_Base):
    async def handle(self, request: Request) -> str:
        async with self.db.transaction() as tx:
            if await tx.insert(request["key"], request["amount"]):
                await tx.put("charged", request["amount"])
            same = await tx.get(request["key"]) == request["amount"]
        return "ok" if same else "conflict"


class ReadsTheSumTooEarly(_Base):
    async def handle(self, request: Request) -> str:
        charged = await self.db.get("charged", 0)
        async with self.db.transaction() as tx:
            if await tx.insert(request["key"], request["amount"]):
                await tx.put("charged", charged + request["amount"])
            same = await tx.get(request["key"]) == request["amount"]
        return "ok" if same else "conflict"


class OneRowForAllKeys(_Base):
    async def handle(self, request: Request) -> str:
        async with self.db.transaction() as tx:
            if await tx.insert("key", request["amount"]):
                await tx.add("charged", request["amount"])
            same = await tx.get("key") == request["amount"]
        return "ok" if same else "conflict"


class RemembersTheLastKey(_Base):
    async def handle(self, request: Request) -> str:
        async with self.db.transaction() as tx:
            kept = await tx.get("last", {})
            if kept.get("key") == request["key"]:
                return "ok" if kept == request else "conflict"
            await tx.put("last", request)
            await tx.add("charged", request["amount"])
        return "ok"


class CachesBeforeItCommits(AnswersFromMemory):
    async def handle(self, request: Request) -> str:
        key, amount = request["key"], request["amount"]
        if key not in self.kept:
            self.kept[key] = amount
            async with self.db.transaction() as tx:
                if await tx.insert(key, amount):
                    await tx.add("charged", amount)
                self.kept[key] = await tx.get(key)
        return "ok" if self.kept[key] == amount else "conflict"


class RefusesOnlyWhatIsMore(_Base):
    async def handle(self, request: Request) -> str:
        async with self.db.transaction() as tx:
            if await tx.insert(request["key"], request["amount"]):
                await tx.add("charged", request["amount"])
            kept = await tx.get(request["key"])
        return "ok" if request["amount"] <= kept else "conflict"


class AddsBeforeItLooks(_Base):
    async def handle(self, request: Request) -> str:
        async with self.db.transaction() as tx:
            await tx.add("charged", request["amount"])
            if not await tx.insert(request["key"], request["amount"]):
                return "ok" if await tx.get(request["key"]) == request["amount"] else "conflict"
        return "ok"


class ARowForEachCharge(_Base):
    """Adds up nothing: the row that the question names is never written."""

    async def handle(self, request: Request) -> str:
        async with self.db.transaction() as tx:
            if await tx.insert(request["key"], request["amount"]):
                await tx.add(f"charged {request['key']}", request["amount"])
            same = await tx.get(request["key"]) == request["amount"]
        return "ok" if same else "conflict"


class AnswersYesOrNo(_Base):
    async def handle(self, request: Request) -> bool:
        async with self.db.transaction() as tx:
            if await tx.insert(request["key"], request["amount"]):
                await tx.add("charged", request["amount"])
            return bool(await tx.get(request["key"]) == request["amount"])


class CachesAfterItsCommit(AnswersFromMemory):
    """Right: what is in memory is in the database too."""

    async def handle(self, request: Request) -> str:
        key, amount = request["key"], request["amount"]
        if key not in self.kept:
            async with self.db.transaction() as tx:
                if await tx.insert(key, amount):
                    await tx.add("charged", amount)
                kept = await tx.get(key)
            self.kept[key] = kept
        return "ok" if self.kept[key] == amount else "conflict"


class LooksAgainAfterAConflict(_Base):
    """Right: at READ COMMITTED, the unique key decides who charges."""

    async def handle(self, request: Request) -> str:
        with suppress(Conflict):
            async with self.db.transaction("read committed") as tx:
                if await tx.insert(request["key"], request["amount"]):
                    await tx.add("charged", request["amount"])
        return "ok" if await self.db.get(request["key"]) == request["amount"] else "conflict"


class RefusalsOverwriteTheKey(_Base):
    async def handle(self, request: Request) -> str:
        async with self.db.transaction() as tx:
            kept = await tx.get(request["key"])
            await tx.put(request["key"], request["amount"])
            if kept is None:
                await tx.add("charged", request["amount"])
        return "ok" if kept in (None, request["amount"]) else "conflict"


class OneRefusalSpoilsTheKey(_Base):
    async def handle(self, request: Request) -> str:
        async with self.db.transaction() as tx:
            if await tx.insert(request["key"], request["amount"]):
                await tx.add("charged", request["amount"])
            elif await tx.get(request["key"]) != request["amount"]:
                await tx.put(request["key"], "spoilt")
                return "conflict"
        return "ok"


class ARefusalDeletesTheKey(_Base):
    async def handle(self, request: Request) -> str:
        async with self.db.transaction() as tx:
            kept = await tx.get(request["key"], request["amount"])
            if kept != request["amount"]:
                await tx.delete(request["key"])
                return "conflict"
            if await tx.insert(request["key"], request["amount"]):
                await tx.add("charged", request["amount"])
        return "ok"


class ComparesInMemory(_Base):
    """Keeps the key in the database, and its amount in the object."""

    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self.amounts: dict[str, int] = {}

    async def handle(self, request: Request) -> str:
        key, amount = request["key"], request["amount"]
        if self.amounts.setdefault(key, amount) != amount:
            return "conflict"
        async with self.db.transaction() as tx:
            if await tx.insert(f"key {key}"):
                await tx.add("charged", amount)
        return "ok"


class KeepsTheAmountInMemory(_Base):
    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self.kept: dict[str, int] = {}

    async def handle(self, request: Request) -> str:
        if self.kept.setdefault(request["key"], request["amount"]) != request["amount"]:
            return "conflict"
        async with self.db.transaction() as tx:
            if await tx.insert(request["key"]):
                await tx.add("charged", request["amount"])
        return "ok"


class AnswersATwinAtOnce(_Base):
    """What is at work counts as done, for a request that is equal to it."""

    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self.busy: dict[str, int] = {}

    async def handle(self, request: Request) -> str:
        key, amount = request["key"], request["amount"]
        if key in self.busy:
            return "ok" if self.busy[key] == amount else "conflict"
        self.busy[key] = amount
        try:
            async with self.db.transaction() as tx:
                if await tx.insert(key, amount):
                    await tx.add("charged", amount)
                elif await tx.get(key) != amount:
                    return "conflict"
        finally:
            del self.busy[key]
        return "ok"


class ChargesAfterAConflict(_Base):
    async def handle(self, request: Request) -> str:
        try:
            async with self.db.transaction() as tx:
                if await tx.insert(request["key"], request["amount"]):
                    await tx.add("charged", request["amount"])
                elif await tx.get(request["key"]) != request["amount"]:
                    return "conflict"
        except Conflict:
            await self.db.add("charged", request["amount"])
        return "ok"


class ChargesOnlyRepeats(_Base):
    async def handle(self, request: Request) -> str:
        async with self.db.transaction() as tx:
            if not await tx.insert(request["key"], request["amount"]):
                await tx.add("charged", request["amount"])
        return "ok"


class RefundsARepeat(_Base):
    async def handle(self, request: Request) -> str:
        async with self.db.transaction() as tx:
            if await tx.insert(request["key"], request["amount"]):
                await tx.add("charged", request["amount"])
                return "ok"
            same = await tx.get(request["key"]) == request["amount"]
            if same:
                await tx.add("charged", -request["amount"])
        return "ok" if same else "conflict"


class LeavesAKeyPending(_Base):
    async def handle(self, request: Request) -> str:
        key, amount = request["key"], request["amount"]
        if await self.db.insert(key, {"amount": amount, "done": False}):
            async with self.db.transaction() as tx:
                await tx.add("charged", amount)
                await tx.put(key, {"amount": amount, "done": True})
            return "ok"
        kept = await self.db.get(key)
        if kept["amount"] != amount:
            return "conflict"
        if not kept["done"]:
            raise RuntimeError("at work, ask again")
        return "ok"


# --- client ---------------------------------------------------------------------------------------

PATIENT = RetryPolicy(attempts=4)


async def breaks_at_the_first_loss(purchase: Request) -> str:
    breaker = Breaker(failures=1, reset=10.0)
    for _ in range(4):
        with suppress(CallError):
            await call("bank", purchase, timeout=1.0, breaker=breaker)
            return "charged"
    return "failed"


async def a_millisecond_for_a_reply(purchase: Request) -> str:
    for _ in range(5):
        with suppress(CallTimeout):
            await call("bank", purchase, timeout=0.001)
            return "charged"
    return "failed"


async def one_id_many_tries(purchase: Request) -> str:
    await call("bank", purchase, timeout=1.0, retry=PATIENT)
    return "charged"


async def mints_one_id_before_the_tries(purchase: Request) -> Any:
    intent = {"id": str(uuid4()), "amount": purchase["amount"]}
    while True:
        with suppress(CallTimeout):
            return await call("bank", intent, timeout=0.5)


async def three_copies_at_once(purchase: Request) -> str:
    async def ask() -> bool:
        with suppress(CallError):
            return bool(await call("bank", purchase, timeout=1.0))
        return False

    return "charged" if any(await gather(ask(), ask(), ask())) else "failed"


async def new_id_for_each_try(purchase: Request) -> str:
    while True:
        with suppress(CallTimeout):
            await call("bank", {**purchase, "id": str(uuid4())}, timeout=1.0)
            return "charged"


async def id_and_number_of_the_try(purchase: Request) -> str:
    for n in range(4):
        with suppress(CallTimeout):
            await call("bank", {**purchase, "id": f"{purchase['id']}/{n}"}, timeout=1.0)
            return "charged"
    return "failed"


async def the_process_as_id(purchase: Request) -> str:
    request = {**purchase, "id": str(os.getpid())}
    await call("bank", request, timeout=0.3, retry=RetryPolicy(attempts=4, base=0.1))
    return "charged"


async def one_id_for_whoever_buys(purchase: Request) -> str:
    request = {**purchase, "id": "my purchase"}
    await call("bank", request, timeout=0.3, retry=RetryPolicy(attempts=4, base=0.1))
    return "charged"


async def amount_as_id(purchase: Request) -> str:
    intent = {"id": f"pay {purchase['amount']}", "amount": purchase["amount"]}
    await call("bank", intent, timeout=1.0, retry=PATIENT)
    return "charged"


async def the_moment_as_id(purchase: Request) -> str:
    intent = {"id": f"{clock()}", "amount": purchase["amount"]}
    await call("bank", intent, timeout=1.0, retry=PATIENT)
    return "charged"


class CountsItsPurchases:
    """One program has one count, and another one begins with 1 as well."""

    def __init__(self) -> None:
        self.count = 0

    async def handle(self, purchase: Request) -> str:
        self.count += 1
        intent = {"id": f"purchase {self.count}", "amount": purchase["amount"]}
        await call("bank", intent, timeout=1.0, retry=PATIENT)
        return "charged"


async def one_of_ten_numbers_as_id(purchase: Request) -> str:
    intent = {"id": randint(1, 10), "amount": purchase["amount"]}
    await call("bank", intent, timeout=1.0, retry=PATIENT)
    return "charged"


async def the_number_of_the_purchase(purchase: Request) -> str:
    """Right, if short."""
    intent = {"id": purchase["id"].removeprefix("buy-"), "amount": purchase["amount"]}
    await call("bank", intent, timeout=1.0, retry=PATIENT)
    return "charged"


async def one_try(purchase: Request) -> str:
    await call("bank", purchase, timeout=1.0)
    return "charged"


async def two_tries(purchase: Request) -> str:
    await call("bank", purchase, timeout=1.0, retry=RetryPolicy(attempts=2))
    return "charged"


async def charged_whatever_happens(purchase: Request) -> str:
    with suppress(CallError):
        await call("bank", purchase, timeout=1.0)
    return "charged"


async def forgets_to_answer(purchase: Request) -> None:
    await call("bank", purchase, timeout=1.0, retry=PATIENT)


async def asks_nobody(purchase: Request) -> str:
    return "charged" if purchase else "failed"


async def item_by_item(purchase: Request) -> str:
    for _ in range(purchase["amount"]):
        await call("bank", {**purchase, "amount": 1}, timeout=1.0, retry=PATIENT)
    return "charged"


async def refunds_after_a_timeout(purchase: Request) -> str:
    with suppress(CallTimeout):
        await call("bank", purchase, timeout=1.0)
        return "charged"
    undo = {"id": f"undo {purchase['id']}", "amount": -purchase["amount"]}
    await call("bank", undo, timeout=1.0, retry=PATIENT)
    return await refunds_after_a_timeout({**purchase, "id": f"{purchase['id']} again"})


async def two_halves(purchase: Request) -> str:
    for half in "ab":
        part = {"id": purchase["id"] + half, "amount": purchase["amount"] // 2}
        await call("bank", part, timeout=1.0, retry=PATIENT)
    return "charged"


async def failed_on_timeout(purchase: Request) -> str:
    try:
        await call("bank", purchase, timeout=1.0)
    except CallTimeout:
        return "failed"
    return "charged"


async def gathers_what_may_raise(purchase: Request) -> str:
    await gather(*(call("bank", purchase, timeout=1.0) for _ in range(3)))
    return "charged"


async def no_timeout(purchase: Request) -> str:
    await call("bank", purchase)
    return "charged"


MISTAKES = [
    Mistake("consumer", AddsEachTime, "no dedup", faults=1, m=(25,)),
    Mistake("consumer", AddsEachTimeInATransaction, "no dedup", faults=1, m=(25,)),
    Mistake("consumer", SetInMemory, "an in-memory set is enough", faults=1, m=(19,)),
    Mistake("consumer", SetInMemoryAfterwards, "an in-memory set is enough", faults=1, m=(19,)),
    Mistake("consumer", ChecksThenActs, "check then act", faults=2, m=(14,)),
    Mistake("consumer", ChecksThenMarksLast, "mark and effect apart", faults=1, m=(15,)),
    Mistake("consumer", MarksFirst, "mark and effect apart", faults=1, m=(15,)),
    Mistake("consumer", BooksOutsideOfTheTransaction, "mark and effect apart", faults=1, m=(15,)),
    Mistake("consumer", UnmarksAfterAnError, "mark and effect apart", faults=1, m=(15,)),
    Mistake("consumer", BodyAsId, "the body is an id", faults=0, m=(17,)),
    Mistake("consumer", LooksAfterwards, "looks too late", faults=1),
    Mistake("consumer", TakesAConflictForDone, "a conflict is done", faults=1),
    Mistake("consumer", ReadsThenWrites, "lost update", faults=1),
    Mistake("consumer", Replaces, "overwrites", faults=0),
    Mistake("consumer", OnlyMarks, "books nothing", faults=0),
    Mistake("consumer", HighestId, "order is no mark", faults=1),
    Mistake("consumer", KeepsASetOnTheStore, "no row", faults=0),
    Mistake("consumer", RemembersTheLastIdOnly, "one mark for all", faults=1),
    Mistake("consumer", MarksWithoutAnId, "one mark for all", faults=0),
    Mistake("consumer", ANewMarkEachTime, "a new mark each time", faults=1, m=(16,)),
    Mistake("consumer", IgnoresWhatInsertSays, "the mark is ignored", faults=1),
    Mistake("consumer", ForgetsAfterASecond, "the mark is ignored", faults=1),
    Mistake("consumer", ForgetsTheMark, "forgets the mark", faults=2),
    Mistake("consumer", LeavesItsLockBehind, "a lock stays", faults=1),
    Mistake("consumer", NeverLooks, "nobody looks", faults=1),
    Mistake("consumer", BooksTwice, "adds it twice", faults=0),
    Mistake("consumer", RemembersBeforeItCommits, "remembers too early", faults=1),
    Mistake("consumer", Pending, "mark and effect apart", faults=1, m=(15,)),
    Mistake("consumer", CountsPayments, "another amount", faults=0),
    Mistake("consumer", BodyInMemory, "the body is an id", faults=0, m=(17,)),
    Mistake("consumer", ReadCommittedAndNoUniqueKey, "read committed", faults=2, m=(14,)),
    Mistake("consumer", BooksOnlyRepeats, "the wrong way round", faults=0),
    Mistake("consumer", BooksWhereItFindsTheMark, "the wrong way round", faults=0),
    Mistake("consumer", NeverEntersItsTransaction, "never entered", faults=0),
    Mistake("consumer", MarksInATransactionThatItNeverEnters, "never entered", faults=1),
    Mistake("consumer", FindsItsOwnMark, "stops itself", faults=0),
    Mistake("consumer", DeletesTheMarkAtOnce, "forgets the mark", faults=1),
    Mistake("consumer", LooksAtItsOwnPut, "stops itself", faults=0),
    Mistake("consumer", WipesMarksOut, "a mark is wiped out", faults=2),
    Mistake("consumer", BooksAllOnBob, "another account", faults=0),
    Mistake("consumer", KeepsTheLastTwoIds, "forgets the mark", faults=1),
    Mistake("consumer", TakesARepeatBack, "a repeat takes away", faults=1),
    Mistake("consumer", BooksAfterAConflict, "adds after a conflict", faults=2),
    Mistake("consumer", LooksFirstAndTooLate, "looks too late", faults=2),
    Mistake("consumer", LocksTheAccount, "a lock is no mark", faults=1),
    Mistake("consumer", RefusesAMarkedAccount, "one mark for all", faults=0),
    Mistake("order", [2, 5, 7, 3, 1], "no dedup", faults=1, m=(25,)),
    Mistake("order", [2, 5, 7, 4, 3, 1], "the mark is ignored", faults=1),
    Mistake("order", [2, 5, 7, 8, 4, 3, 1], "mark and effect apart", faults=1, m=(15,)),
    Mistake("order", [2, 5, 7, 8, 3, 1, 4], "mark and effect apart", faults=1, m=(15,)),
    Mistake("order", [2, 5, 7, 3, 1, 6], "looks too late", faults=1),
    Mistake("order", [2, 5, 7, 8, 3, 1, 6], "looks too late", faults=2),
    Mistake("order", [2, 5, 7, 3, 6], "books nothing", faults=0),
    Mistake("order", [2, 5, 7, 4, 3, 6, 1], "stops itself", faults=0),
    Mistake("order", [2, 5, 7, 4, 8, 3, 1], "stops itself", faults=0),
    Mistake("endpoint", LooksOutsideOfTheTransaction, "check then act", faults=1, m=(14,)),
    Mistake("endpoint", OkWhateverHappens, "a conflict is done", faults=1),
    Mistake("endpoint", AConflictIsAConflict, "a race is a refusal", faults=1),
    Mistake("endpoint", PutsTheCharge, "overwrites", faults=0),
    Mistake("endpoint", ReadsTheSumTooEarly, "lost update", faults=1),
    Mistake("endpoint", OneRowForAllKeys, "one mark for all", faults=0),
    Mistake("endpoint", RemembersTheLastKey, "one mark for all", faults=0),
    Mistake("endpoint", CachesBeforeItCommits, "answers too early", faults=1),
    Mistake("endpoint", RefusesOnlyWhatIsMore, "same key, new payload", faults=0, m=(20,)),
    Mistake("endpoint", AddsBeforeItLooks, "looks too late", faults=0),
    Mistake("endpoint", ARowForEachCharge, "charges nothing", faults=0),
    Mistake("endpoint", AnswersYesOrNo, "another answer", faults=0),
    Mistake("endpoint", ChargesEachTime, "no dedup", faults=0, m=(25,)),
    Mistake("endpoint", AnswersFromMemory, "an in-memory set is enough", faults=0, m=(19,)),
    Mistake("endpoint", KeyThenCharge, "mark and effect apart", faults=1, m=(15,)),
    Mistake("endpoint", AnswersOkForAnyAmount, "same key, new payload", faults=0, m=(20,)),
    Mistake("endpoint", KeyAndAmountAreTheKey, "same key, new payload", faults=0, m=(20,)),
    Mistake("endpoint", RefusesARepeat, "a repeat is an error", faults=0),
    Mistake("endpoint", RaisesOnAConflict, "refuses by silence", faults=0),
    Mistake("endpoint", AnswersOnlyTheFirst, "never answers", faults=0),
    Mistake("endpoint", KeepsTheKeyAlone, "charges nothing", faults=0),
    Mistake("endpoint", RefusalsOverwriteTheKey, "a refusal changes the key", faults=0),
    Mistake("endpoint", OneRefusalSpoilsTheKey, "a refusal changes the key", faults=0),
    Mistake("endpoint", ARefusalDeletesTheKey, "a refusal changes the key", faults=0),
    Mistake("endpoint", KeepsTheAmountInMemory, "the amount is in memory", faults=0, m=(20,)),
    Mistake("endpoint", ComparesInMemory, "the amount is in memory", faults=0, m=(20,)),
    Mistake("endpoint", AnswersATwinAtOnce, "answers too early", faults=1),
    Mistake("endpoint", ChargesAfterAConflict, "adds after a conflict", faults=1),
    Mistake("endpoint", ChargesOnlyRepeats, "the wrong way round", faults=0),
    Mistake("endpoint", RefundsARepeat, "a repeat takes away", faults=0),
    Mistake("endpoint", LeavesAKeyPending, "a lock stays", faults=1),
    Mistake("client", refunds_after_a_timeout, "takes it back", faults=1, m=(16,)),
    Mistake("client", two_halves, "two requests for one purchase", faults=0, m=(16,)),
    Mistake("client", failed_on_timeout, "a timeout means it failed", faults=1),
    Mistake("client", gathers_what_may_raise, "one reply is enough", faults=1),
    Mistake("client", new_id_for_each_try, "a new id for each try", faults=1, m=(16,)),
    Mistake("client", id_and_number_of_the_try, "a new id for each try", faults=1, m=(16,)),
    Mistake("client", amount_as_id, "one id for two", faults=0, m=(17,)),
    Mistake("client", the_process_as_id, "an id of the program", faults=0, m=(17,)),
    Mistake("client", one_id_for_whoever_buys, "an id of the program", faults=0, m=(17,)),
    Mistake("client", the_moment_as_id, "an id that comes twice", faults=0, m=(17,)),
    Mistake("client", CountsItsPurchases, "an id that comes twice", faults=0, m=(17,)),
    Mistake("client", one_of_ten_numbers_as_id, "too few ids", faults=0, m=(17,)),
    Mistake("client", one_try, "gives up at once", faults=1),
    Mistake("client", two_tries, "gives up too soon", faults=2),
    Mistake("client", charged_whatever_happens, "says charged unseen", faults=1),
    Mistake("client", forgets_to_answer, "another answer", faults=0),
    Mistake("client", asks_nobody, "charges nothing", faults=0),
    Mistake("client", item_by_item, "another amount", faults=0),
    Mistake("client", breaks_at_the_first_loss, "a breaker for one order", faults=1),
    Mistake("client", a_millisecond_for_a_reply, "too little patience", faults=0),
    Mistake("client", no_timeout, "waits for ever", faults=1),
    Mistake("window", "2 minutes", "any window will do", faults=1, m=(18,)),
    Mistake("window", "5 minutes", "any window will do", faults=1, m=(18,)),
    Mistake("window", "1 day", "any window will do", faults=1, m=(18,)),
    Mistake("memory", "6.9 GB", "one day"),
    Mistake("memory", 0.92, "minutes for seconds"),
    Mistake("memory", "442 GB", "bits for bytes"),
    Mistake("memory", 1.38, "ids for bytes"),
    Mistake("memory", "2.3 GB", "hours for days"),
]

RIGHT = [
    Right("consumer", MarksInATransaction),
    Right("consumer", inbox),
    Right("consumer", closure),
    Right("consumer", KeepsAllIdsInOneRow),
    Right("consumer", AddsUpPayments),
    Right("consumer", TriesAgainAfterAConflict),
    Right("consumer", LooksAgainAtOnce),
    Right("order", [2, 5, 7, 3, 6, 1]),
    Right("order", "2 7 3 6 1 5"),
    Right("order", [2, 5, 7, 8, 3, 6, 1]),
    Right("endpoint", KeepsTheAmount),
    Right("endpoint", KeepsRequestAndAnswer),
    Right("endpoint", AddsUpWhatKeysStandFor),
    Right("endpoint", CachesAfterItsCommit),
    Right("endpoint", LooksAgainAfterAConflict),
    Right("client", one_id_many_tries),
    Right("client", mints_one_id_before_the_tries),
    Right("client", three_copies_at_once),
    Right("client", the_number_of_the_purchase),
    Right("window", {"window": "8 days"}),
    Right("memory", "55.3 GB"),
    Right("memory", "55,000 MB"),
    Right("memory", "52 GiB"),
]

CONSTANTS = ["ok", "conflict", "charged"]

MISTAKES += oracles.PAYMENT_MISTAKES
RIGHT += oracles.PAYMENT_RIGHT
