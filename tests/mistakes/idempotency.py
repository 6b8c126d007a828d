"""Answers to exercise 03."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import uuid4

from pubsub_kit import CallError, CallTimeout, Conflict, Event, RetryPolicy, call, gather
from pubsub_kit.patterns import Inbox
from tests.mistakes import Mistake, Right

Request = dict[str, Any]


class _Base:
    """Has the database, and books a payment."""

    def __init__(self, db: Any) -> None:
        self.db = db

    async def book(self, rows: Any, event: Event) -> None:
        await rows.add(event.data["account"], event.data["amount"])


# --- consumer: right ------------------------------------------------------------------------------


class MarksInATransaction(_Base):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await self.book(tx, event)


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


class KeepsAllIdsInOneRow(_Base):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            seen = await tx.get("seen", [])
            if event.id not in seen:
                await tx.put("seen", [*seen, event.id])
                await self.book(tx, event)


class AddsUpPayments(_Base):
    """No mark at all: payments are rows, which may be written twice, and the balance is their sum.

    The balance is set only if it is what it was before the rows were read.
    """

    async def handle(self, event: Event) -> None:
        account = event.data["account"]
        await self.db.put(f"payment {account} {event.id}", event.data["amount"])
        while True:
            before = await self.db.get(account)
            total = sum((await self.db.scan(f"payment {account} ")).values())
            if await self.db.compare_and_set(account, before, total):
                return


class TriesAgainAfterAConflict(_Base):
    async def handle(self, event: Event) -> None:
        while True:
            with suppress(Conflict):
                async with self.db.transaction() as tx:
                    if await tx.insert(event.id, event.data):
                        await self.book(tx, event)
                return


# --- consumer: wrong ------------------------------------------------------------------------------


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


class ChecksThenActs(_Base):
    """Looks outside of the transaction that marks and books."""

    async def handle(self, event: Event) -> None:
        if await self.db.get(f"seen {event.id}"):
            return
        async with self.db.transaction() as tx:
            await tx.put(f"seen {event.id}", True)
            await self.book(tx, event)


class ChecksThenMarksLast(_Base):
    async def handle(self, event: Event) -> None:
        if await self.db.get(f"seen {event.id}"):
            return
        await self.book(self.db, event)
        await self.db.put(f"seen {event.id}", True)


class MarksFirst(_Base):
    async def handle(self, event: Event) -> None:
        if await self.db.insert(f"seen {event.id}"):
            await self.book(self.db, event)


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


class BodyAsId(_Base):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {sorted(event.data.items())}"):
                await self.book(tx, event)


class LooksAfterwards(_Base):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            await self.book(tx, event)
            if not await tx.insert(f"seen {event.id}"):
                return


class TakesAConflictForDone(_Base):
    async def handle(self, event: Event) -> None:
        with suppress(Conflict):
            async with self.db.transaction() as tx:
                if await tx.insert(f"seen {event.id}"):
                    await self.book(tx, event)


class ReadsThenWrites(_Base):
    async def handle(self, event: Event) -> None:
        row = event.data["account"]
        balance = await self.db.get(row, 0)
        await self.db.put(row, balance + event.data["amount"])


class Replaces(_Base):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await tx.put(event.data["account"], event.data["amount"])


class OnlyMarks(_Base):
    async def handle(self, event: Event) -> None:
        await self.db.insert(f"seen {event.id}")


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


# --- client ---------------------------------------------------------------------------------------

PATIENT = RetryPolicy(attempts=4)


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


async def amount_as_id(purchase: Request) -> str:
    intent = {"id": f"pay {purchase['amount']}", "amount": purchase["amount"]}
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
    Mistake("order", [2, 5, 7, 3, 1], "no dedup", faults=1, m=(25,)),
    Mistake("order", [2, 5, 7, 4, 3, 1], "no dedup", faults=1, m=(25,)),
    Mistake("order", [2, 5, 7, 8, 4, 3, 1], "mark and effect apart", faults=1, m=(15,)),
    Mistake("order", [2, 5, 7, 8, 3, 1, 4], "mark and effect apart", faults=1, m=(15,)),
    Mistake("order", [2, 5, 7, 3, 1, 6], "looks too late", faults=1),
    Mistake("order", [2, 5, 7, 3, 6], "books nothing", faults=0),
    Mistake("endpoint", ChargesEachTime, "no dedup", faults=0, m=(25,)),
    Mistake("endpoint", AnswersFromMemory, "an in-memory set is enough", faults=0, m=(19,)),
    Mistake("endpoint", KeyThenCharge, "mark and effect apart", faults=1, m=(15,)),
    Mistake("endpoint", AnswersOkForAnyAmount, "same key, new payload", faults=0, m=(20,)),
    Mistake("endpoint", KeyAndAmountAreTheKey, "same key, new payload", faults=0, m=(20,)),
    Mistake("endpoint", RefusesARepeat, "a repeat is an error", faults=0),
    Mistake("endpoint", RaisesOnAConflict, "refuses by silence", faults=0),
    Mistake("endpoint", KeepsTheKeyAlone, "charges nothing", faults=0),
    Mistake("client", new_id_for_each_try, "a new id for each try", faults=1, m=(16,)),
    Mistake("client", id_and_number_of_the_try, "a new id for each try", faults=1, m=(16,)),
    Mistake("client", amount_as_id, "the body is an id", faults=0, m=(17,)),
    Mistake("client", one_try, "gives up at once", faults=1),
    Mistake("client", two_tries, "gives up at once", faults=2),
    Mistake("client", charged_whatever_happens, "says charged unseen", faults=1),
    Mistake("client", forgets_to_answer, "another answer", faults=0),
    Mistake("client", asks_nobody, "charges nothing", faults=0),
    Mistake("client", item_by_item, "another amount", faults=0),
    Mistake("client", no_timeout, "waits for ever", faults=1),
    Mistake("window", "2 minutes", "any window will do", faults=1, m=(18,)),
    Mistake("window", "5 minutes", "any window will do", faults=1, m=(18,)),
    Mistake("window", "1 day", "any window will do", faults=1, m=(18,)),
    Mistake("memory", "6.9 GB", "one day"),
    Mistake("memory", 0.92, "minutes for seconds"),
]

RIGHT = [
    Right("consumer", MarksInATransaction),
    Right("consumer", inbox),
    Right("consumer", closure),
    Right("consumer", KeepsAllIdsInOneRow),
    Right("consumer", AddsUpPayments),
    Right("consumer", TriesAgainAfterAConflict),
    Right("order", [2, 5, 7, 3, 6, 1]),
    Right("order", "2 7 3 6 1 5"),
    Right("order", [2, 5, 7, 8, 3, 6, 1]),
    Right("endpoint", KeepsTheAmount),
    Right("endpoint", KeepsRequestAndAnswer),
    Right("endpoint", AddsUpWhatKeysStandFor),
    Right("client", one_id_many_tries),
    Right("client", mints_one_id_before_the_tries),
    Right("client", three_copies_at_once),
    Right("window", {"window": "8 days"}),
    Right("memory", "55.3 GB"),
    Right("memory", "55,000 MB"),
    Right("memory", "52 GiB"),
]

CONSTANTS = ["ok", "conflict", "charged"]
