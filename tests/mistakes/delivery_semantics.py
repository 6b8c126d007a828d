"""Answers to exercise 04."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from pubsub_kit import gather, perform, sleep
from pubsub_kit.patterns import Inbox
from tests.mistakes import Mistake, Right

# --- semantics ------------------------------------------------------------------------------------

LEAST = {
    "welcome email": "at most once",
    "invoice": "at least once",
    "payment": "effectively once",
    "live position": "at most once",
}

# --- worker: right --------------------------------------------------------------------------------

ROW = "film tea"


class _Base:
    """Has the database."""

    def __init__(self, db: Any) -> None:
        self.db = db


class _Renders(_Base):
    """Renders for 25 s under a lease of 10 s."""

    async def render(self, delivery: Any) -> None:
        for _ in range(5):
            await sleep(5)
            await delivery.extend(10)

    async def write(self, delivery: Any) -> None:
        async with self.db.transaction() as tx:
            if await tx.get(ROW, 0) <= delivery.attempt:
                await tx.put(ROW, delivery.attempt)


class ExtendsAndFences(_Renders):
    async def handle(self, delivery: Any) -> None:
        await self.render(delivery)
        await self.write(delivery)
        await delivery.ack()


class StopsWhenTheLeaseIsGone(_Renders):
    async def handle(self, delivery: Any) -> None:
        for _ in range(5):
            await sleep(5)
            if not await delivery.extend(10):
                return
        await self.write(delivery)
        await delivery.ack()


class AsksForOneLongLease(_Renders):
    """Takes half a minute at once: a crash is noticed later, and nothing is wrong with that."""

    async def handle(self, delivery: Any) -> None:
        await delivery.extend(30)
        await sleep(25)
        await self.write(delivery)
        await delivery.ack()


class SwapsTheRow(_Renders):
    """Compares and sets instead of a transaction."""

    async def handle(self, delivery: Any) -> None:
        await self.render(delivery)
        found = await self.db.get(ROW)
        while found is None or found < delivery.attempt:
            if await self.db.compare_and_set(ROW, found, delivery.attempt):
                break
            found = await self.db.get(ROW)
        await delivery.ack()


class TheFirstOneWins(_Renders):
    """Writes where nothing is yet: what is there was rendered as well."""

    async def handle(self, delivery: Any) -> None:
        await self.render(delivery)
        await self.db.insert(ROW, delivery.attempt)
        await delivery.ack()


class BeatsBesideTheWork(_Renders):
    """Extends by a heartbeat of its own, while the work goes on."""

    async def handle(self, delivery: Any) -> None:
        async def heart() -> None:
            for _ in range(4):
                await sleep(6)
                await delivery.extend(10)

        await gather(heart(), sleep(25))
        await self.write(delivery)
        await delivery.ack()


# --- worker: wrong --------------------------------------------------------------------------------


class NeverExtends(_Renders):
    async def handle(self, delivery: Any) -> None:
        await sleep(25)
        await self.write(delivery)
        await delivery.ack()


class ExtendsOnce(_Renders):
    async def handle(self, delivery: Any) -> None:
        await sleep(5)
        await delivery.extend(10)
        await sleep(20)
        await self.write(delivery)
        await delivery.ack()


class NeverFences(_Renders):
    async def handle(self, delivery: Any) -> None:
        await self.render(delivery)
        await self.db.put(ROW, delivery.attempt)
        await delivery.ack()


class LooksAtTheLeaseThenWrites(_Renders):
    """Asks whether the lease still holds, just before the write."""

    async def handle(self, delivery: Any) -> None:
        await self.render(delivery)
        if await delivery.extend(10):
            await self.db.put(ROW, delivery.attempt)
            await delivery.ack()


class ReadsTheRowThenWrites(_Renders):
    """Compares the attempts, but not in one step with the write."""

    async def handle(self, delivery: Any) -> None:
        await self.render(delivery)
        if await self.db.get(ROW, 0) <= delivery.attempt:
            await self.db.put(ROW, delivery.attempt)
        await delivery.ack()


class AcksOnReceipt(_Renders):
    async def handle(self, delivery: Any) -> None:
        await delivery.ack()
        await sleep(25)
        await self.write(delivery)


class ForgetsToAwaitTheWork(_Renders):
    async def handle(self, delivery: Any) -> None:
        sleep(25)
        await self.write(delivery)
        await delivery.ack()


class NeverAcks(_Renders):
    async def handle(self, delivery: Any) -> None:
        await self.render(delivery)
        await self.write(delivery)


# --- fifo -----------------------------------------------------------------------------------------


class MarksTheId(_Base):
    async def handle(self, event: Any) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await tx.add("balance", event.data)


def inbox(db: Any) -> Inbox:
    """The pattern itself."""

    async def add(tx: Any, event: Any) -> None:
        await tx.add("balance", event.data)

    return Inbox(db, add)


class RemembersTheLastId(_Base):
    """In an ordered queue a repeat comes before the next one, so that one id is enough."""

    async def handle(self, event: Any) -> None:
        async with self.db.transaction() as tx:
            if await tx.get("last") != event.id:
                await tx.add("balance", event.data)
                await tx.put("last", event.id)


class TrustsTheOrder(_Base):
    async def handle(self, event: Any) -> None:
        await self.db.add("balance", event.data)


class RemembersInMemory(_Base):
    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self.last = ""

    async def handle(self, event: Any) -> None:
        if event.id != self.last:
            self.last = event.id
            await self.db.add("balance", event.data)


class MarksApart(_Base):
    async def handle(self, event: Any) -> None:
        if await self.db.insert(f"seen {event.id}"):
            await self.db.add("balance", event.data)


# --- commit ---------------------------------------------------------------------------------------


class _Reads(_Base):
    """Counts one event, or all of a batch side by side."""

    async def one(self, event: Any) -> None:
        await sleep(event.data["takes"])
        await perform("count", event.id)

    async def all(self, batch: Any) -> None:
        await gather(*(self.one(event) for _, event in batch))


class CommitsAtTheEnd(_Reads):
    async def handle(self, batch: Any) -> None:
        await self.all(batch)
        await self.db.put("committed", batch[-1][0] + 1)


class OneAfterTheOther(_Reads):
    async def handle(self, batch: Any) -> None:
        for offset, event in batch:
            await self.one(event)
            await self.db.put("committed", offset + 1)


class CommitsUpToTheFirstUnfinished(_Reads):
    """Commits as it goes, as far as all is done."""

    async def handle(self, batch: Any) -> None:
        done: set[int] = set()

        async def count(offset: int, event: Any) -> None:
            await self.one(event)
            done.add(offset)
            ready = next((o for o, _ in batch if o not in done), batch[-1][0] + 1)
            await self.db.put("committed", ready)

        await gather(*(count(*row) for row in batch))


class CommitsFirst(_Reads):
    async def handle(self, batch: Any) -> None:
        await self.db.put("committed", batch[-1][0] + 1)
        await self.all(batch)


class CommitsOnATimer(_Reads):
    """As a client does that commits what was read, every so often, whatever has become of it."""

    async def handle(self, batch: Any) -> None:
        async def timer() -> None:
            await sleep(0.5)
            await self.db.put("committed", batch[-1][0] + 1)

        await gather(self.all(batch), timer())


class CommitsTheHighest(_Reads):
    async def handle(self, batch: Any) -> None:
        async def count(offset: int, event: Any) -> None:
            await self.one(event)
            await self.db.put("committed", offset + 1)

        await gather(*(count(*row) for row in batch))


class CommitsNothing(_Reads):
    async def handle(self, batch: Any) -> None:
        await self.all(batch)


class CommitsTheLast(_Reads):
    async def handle(self, batch: Any) -> None:
        await self.all(batch)
        await self.db.put("committed", batch[-1][0])


class CommitsOneTooMany(_Reads):
    async def handle(self, batch: Any) -> None:
        await self.all(batch)
        await self.db.put("committed", batch[-1][0] + 2)


class CountsTheFirst(_Reads):
    async def handle(self, batch: Any) -> None:
        await self.one(batch[0][1])
        await self.db.put("committed", batch[0][0])


# --- batch ----------------------------------------------------------------------------------------


class _Works:
    def __init__(self, work: Any) -> None:
        self.work = work


class SaysWhichFailed(_Works):
    async def handle(self, batch: Any) -> list[str]:
        failed = []
        for event in batch:
            try:
                await self.work(event)
            except ValueError:
                failed.append(event.id)
        return failed


class SideBySide(_Works):
    """All at once; whatever raises, its id comes back."""

    async def handle(self, batch: Any) -> list[str]:
        async def failure(event: Any) -> str:
            try:
                await self.work(event)
            except Exception:
                return str(event.id)
            return ""

        return [id for id in await gather(*map(failure, batch)) if id]


class FromTheBack(_Works):
    """Crosses off what is done; order does not matter here."""

    async def handle(self, batch: Any) -> set[str]:
        left = {event.id for event in batch}
        for event in reversed(batch):
            try:
                await self.work(event)
                left.discard(event.id)
            except ValueError:
                continue
        return left


class RaisesForAll(_Works):
    async def handle(self, batch: Any) -> list[str]:
        for event in batch:
            await self.work(event)
        return []


class RaisesAtTheEnd(_Works):
    async def handle(self, batch: Any) -> list[str]:
        error = None
        for event in batch:
            try:
                await self.work(event)
            except ValueError as caught:
                error = caught
        if error:
            raise error
        return []


class ReportsAllUnseen(_Works):
    async def handle(self, batch: Any) -> list[str]:
        return [event.id for event in batch]


class StopsAtTheBadOne(_Works):
    """Gives back all from the bad one on."""

    async def handle(self, batch: Any) -> list[str]:
        for i, event in enumerate(batch):
            try:
                await self.work(event)
            except ValueError:
                return [rest.id for rest in batch[i:]]
        return []


class Swallows(_Works):
    async def handle(self, batch: Any) -> list[str]:
        for event in batch:
            with suppress(ValueError):
                await self.work(event)
        return []


def chosen(**changes: str) -> dict[str, str]:
    """Return the right choice of semantics, with changes."""
    return {**LEAST, **{name.replace("_", " "): option for name, option in changes.items()}}


def tries(deliveries: str, wait: str) -> dict[str, str]:
    """Return a choice for the poison message."""
    return {"deliveries": deliveries, "wait between": wait}


ONCE, TWICE = "ack on receipt is fine", "exactly once comes by itself"
MUCH = "more than is needed"

MISTAKES = [
    Mistake("semantics", chosen(welcome_email="at least once"), TWICE, faults=1, m=(1,)),
    Mistake("semantics", chosen(payment="at least once"), TWICE, faults=1, m=(1,)),
    Mistake("semantics", chosen(invoice="at most once"), ONCE, faults=1, m=(2,)),
    Mistake("semantics", chosen(payment="at most once"), ONCE, faults=1, m=(2,)),
    Mistake("semantics", chosen(welcome_email="effectively once"), MUCH, faults=0),
    Mistake("semantics", chosen(live_position="effectively once"), MUCH, faults=0),
    Mistake("worker", NeverExtends, "the lease outlasts the job", faults=0, m=(10,)),
    Mistake("worker", ExtendsOnce, "the lease outlasts the job", faults=0, m=(10,)),
    Mistake("worker", NeverFences, "the old worker has stopped", faults=1, m=(11,)),
    Mistake("worker", LooksAtTheLeaseThenWrites, "the old worker has stopped", faults=1, m=(11,)),
    Mistake("worker", ReadsTheRowThenWrites, "the old worker has stopped", faults=1, m=(11,)),
    Mistake("worker", AcksOnReceipt, ONCE, faults=1, m=(2,)),
    Mistake("worker", ForgetsToAwaitTheWork, "skips the work", faults=0),
    Mistake("worker", NeverAcks, "never acks", faults=0),
    Mistake("fifo", TrustsTheOrder, "a queue in order is once", faults=1, m=(24,)),
    Mistake("fifo", RemembersInMemory, "a queue in order is once", faults=1, m=(24,)),
    Mistake("fifo", MarksApart, "a deposit is lost", faults=1),
    Mistake("commit", CommitsFirst, "committed means processed", faults=1, m=(3,)),
    Mistake("commit", CommitsOnATimer, "committed means processed", faults=1, m=(3,)),
    Mistake("commit", CommitsTheHighest, "commit the highest finished", faults=1, m=(4,)),
    Mistake("commit", CommitsNothing, "never commits", faults=0),
    Mistake("commit", CommitsTheLast, "the last, not the next", faults=0),
    Mistake("commit", CommitsOneTooMany, "the last, not the next", faults=0),
    Mistake("commit", CountsTheFirst, "counts nothing", faults=0),
    Mistake("poison", tries("no limit", "none"), "requeue works in the end", faults=0, m=(40,)),
    Mistake("poison", tries("no limit", "growing"), "requeue works in the end", faults=0, m=(40,)),
    Mistake("poison", tries("5", "none"), "a few quick tries are enough", faults=0),
    Mistake("poison", tries("1", "growing"), "a few quick tries are enough", faults=0),
    Mistake("batch", RaisesForAll, "one bad record fails the batch", faults=0, m=(41,)),
    Mistake("batch", RaisesAtTheEnd, "one bad record fails the batch", faults=0, m=(41,)),
    Mistake("batch", ReportsAllUnseen, "works on nothing", faults=0),
    Mistake("batch", StopsAtTheBadOne, "stops at the bad one", faults=0),
    Mistake("batch", Swallows, "swallows the error", faults=0),
    Mistake("patience", "7 s", "waits are alike"),
    Mistake("patience", "127 s", "no cap"),
    Mistake("patience", "121 s", "a wait after the last try"),
]

RIGHT = [
    Right("semantics", LEAST),
    Right("semantics", chosen(live_position="at least once")),
    Right("worker", ExtendsAndFences),
    Right("worker", StopsWhenTheLeaseIsGone),
    Right("worker", AsksForOneLongLease),
    Right("worker", SwapsTheRow),
    Right("worker", TheFirstOneWins),
    Right("worker", BeatsBesideTheWork),
    Right("fifo", MarksTheId),
    Right("fifo", inbox),
    Right("fifo", RemembersTheLastId),
    Right("commit", CommitsAtTheEnd),
    Right("commit", OneAfterTheOther),
    Right("commit", CommitsUpToTheFirstUnfinished),
    Right("poison", tries("5", "growing")),
    Right("poison", tries("8", "growing")),
    Right("batch", SaysWhichFailed),
    Right("batch", SideBySide),
    Right("batch", FromTheBack),
    Right("patience", "91 s"),
    Right("patience", "1.5 minutes"),
    Right("patience", 91),
]

CONSTANTS = ["record-2", ["record-2"]]
