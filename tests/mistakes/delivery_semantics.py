"""Answers to exercise 04."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from pubsub_kit import Conflict, clock, gather, perform, sleep
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
    """Renders for 25 s under a lease of 10 s, and numbers each lease in the store."""

    async def number(self) -> int:
        return int(await self.db.add("leases", 1))

    async def render(self, delivery: Any) -> int:
        number = await self.number()
        for _ in range(5):
            await sleep(5)
            await delivery.extend(10)
        return number

    async def write(self, number: int) -> None:
        async with self.db.transaction() as tx:
            if await tx.get(ROW, 0) <= number:
                await tx.put(ROW, number)


class ExtendsAndFences(_Renders):
    async def handle(self, delivery: Any) -> None:
        await self.write(await self.render(delivery))
        await delivery.ack()


class StopsWhenTheLeaseIsGone(_Renders):
    async def handle(self, delivery: Any) -> None:
        number = await self.number()
        for _ in range(5):
            await sleep(5)
            if not await delivery.extend(10):
                return
        await self.write(number)
        await delivery.ack()


class AsksForOneLongLease(_Renders):
    """Takes half a minute at once: a crash is noticed later, and nothing is wrong with that."""

    async def handle(self, delivery: Any) -> None:
        await delivery.extend(30)
        number = await self.number()
        await sleep(25)
        await self.write(number)
        await delivery.ack()


class SwapsTheRow(_Renders):
    """Compares and sets instead of a transaction."""

    async def handle(self, delivery: Any) -> None:
        number = await self.render(delivery)
        found = await self.db.get(ROW)
        while found is None or found < number:
            if await self.db.compare_and_set(ROW, found, number):
                break
            found = await self.db.get(ROW)
        await delivery.ack()


class CountsInTheFilmsOwnRow(_Renders):
    """One row holds both counts: how many leases there were, and which one wrote."""

    async def number(self) -> int:
        async with self.db.transaction() as tx:
            count = int(await tx.get("leases", 0)) + 1
            await tx.put("leases", count)
        return count

    async def handle(self, delivery: Any) -> None:
        await self.write(await self.render(delivery))
        await delivery.ack()


class BeatsBesideTheWork(_Renders):
    """Extends by a heartbeat of its own, while the work goes on."""

    async def handle(self, delivery: Any) -> None:
        async def heart() -> None:
            for _ in range(4):
                await sleep(6)
                await delivery.extend(10)

        number = await self.number()
        await gather(heart(), sleep(25))
        await self.write(number)
        await delivery.ack()


class BeatsUntilItIsRendered(_Renders):
    """The heartbeat stops when the work says that it is done, at its next beat."""

    beat = 4

    async def handle(self, delivery: Any) -> None:
        number, done = await self.number(), False

        async def render() -> None:
            nonlocal done
            await sleep(25)
            done = True

        async def heartbeat() -> None:
            while not done:
                await sleep(self.beat)
                await delivery.extend(10)

        await gather(render(), heartbeat())
        await self.write(number)
        await delivery.ack()


class BeatsEachSixSeconds(BeatsUntilItIsRendered):
    beat = 6


class StopsTheHeartOnceTheLeaseIsGone(_Renders):
    """A heartbeat with a flag, which extends before it sleeps, and rests if it is too late."""

    async def handle(self, delivery: Any) -> None:
        number, state = await self.number(), {"busy": True}

        async def work() -> None:
            for _ in range(5):
                await sleep(5)
            state["busy"] = False

        async def keep() -> None:
            while state["busy"] and await delivery.extend(10):
                await sleep(3)

        await gather(work(), keep())
        await self.write(number)
        await delivery.ack()


class NumbersByRowsOfTheirOwn(_Renders):
    """The first row that is free gives the number."""

    async def number(self) -> int:
        number = 1
        while not await self.db.insert(f"lease {number}"):
            number += 1
        return number

    async def handle(self, delivery: Any) -> None:
        await self.write(await self.render(delivery))
        await delivery.ack()


class StopsWhenItIsDead(_Renders):
    """Looks at its clock only to see how long it has worked."""

    async def handle(self, delivery: Any) -> None:
        number, since = await self.number(), clock()
        while clock() < since + 25:
            await sleep(5)
            await delivery.extend(10)
        await self.write(number)
        await delivery.ack()


# --- worker: wrong --------------------------------------------------------------------------------


class NeverExtends(_Renders):
    async def handle(self, delivery: Any) -> None:
        number = await self.number()
        await sleep(25)
        await self.write(number)
        await delivery.ack()


class ExtendsOnce(_Renders):
    async def handle(self, delivery: Any) -> None:
        number = await self.number()
        await sleep(5)
        await delivery.extend(10)
        await sleep(20)
        await self.write(number)
        await delivery.ack()


class NeverFences(_Renders):
    async def handle(self, delivery: Any) -> None:
        await self.db.put(ROW, await self.render(delivery))
        await delivery.ack()


class LooksAtTheLeaseThenWrites(_Renders):
    """Asks whether the lease still holds, just before the write."""

    async def handle(self, delivery: Any) -> None:
        number = await self.render(delivery)
        if await delivery.extend(10):
            await self.db.put(ROW, number)
            await delivery.ack()


class ReadsTheRowThenWrites(_Renders):
    """Compares the numbers, but not in one step with the write."""

    async def handle(self, delivery: Any) -> None:
        number = await self.render(delivery)
        if await self.db.get(ROW, 0) <= number:
            await self.db.put(ROW, number)
        await delivery.ack()


class FencesByTheAttempt(_Renders):
    """An attempt grows with each redelivery, but begins at 1 again when the film is replayed."""

    async def number(self) -> int:
        return 0

    async def handle(self, delivery: Any) -> None:
        await self.render(delivery)
        await self.write(delivery.attempt)
        await delivery.ack()


class FencesByAHigherAttempt(FencesByTheAttempt):
    """The same, and an equal attempt is refused as well."""

    async def write(self, number: int) -> None:
        async with self.db.transaction() as tx:
            if await tx.get(ROW, 0) < number:
                await tx.put(ROW, number)


class TheFirstOneWins(_Renders):
    """Writes where nothing is yet, so a film that is wanted again is never replaced."""

    async def handle(self, delivery: Any) -> None:
        await self.db.insert(ROW, await self.render(delivery))
        await delivery.ack()


class NumbersTheWrite(_Renders):
    """Takes the number once the film is rendered: it is always the highest."""

    async def handle(self, delivery: Any) -> None:
        for _ in range(5):
            await sleep(5)
            await delivery.extend(10)
        await self.write(await self.number())
        await delivery.ack()


class PutsTheTime(_Renders):
    """The time of the write says nothing of the film's age."""

    async def handle(self, delivery: Any) -> None:
        await self.render(delivery)
        await self.db.put(ROW, clock())
        await delivery.ack()


class NumbersByTheClock(_Renders):
    """No two clocks agree."""

    async def number(self) -> int:
        return int(clock())

    async def handle(self, delivery: Any) -> None:
        await self.write(await self.render(delivery))
        await delivery.ack()


class CountsInTwoSteps(NumbersByTheClock):
    """Reads the count and puts it back: another worker may count in between."""

    async def number(self) -> int:
        number = int(await self.db.get("leases", 0)) + 1
        await self.db.put("leases", number)
        return number


class ComparesAtReadCommitted(_Renders):
    async def handle(self, delivery: Any) -> None:
        number = await self.render(delivery)
        async with self.db.transaction("read committed") as tx:
            if await tx.get(ROW, 0) < number:
                await tx.put(ROW, number)
        await delivery.ack()


class LooksInATransactionOfItsOwn(_Renders):
    async def handle(self, delivery: Any) -> None:
        number = await self.render(delivery)
        async with self.db.transaction() as tx:
            found = await tx.get(ROW, 0)
        if found < number:
            async with self.db.transaction() as tx:
                await tx.put(ROW, number)
        await delivery.ack()


class WritesPastItsTransaction(_Renders):
    async def handle(self, delivery: Any) -> None:
        number = await self.render(delivery)
        async with self.db.transaction() as tx:
            if await tx.get(ROW, 0) < number:
                await self.db.put(ROW, number)
        await delivery.ack()


class NeverEntersItsTransaction(_Renders):
    async def handle(self, delivery: Any) -> None:
        number = await self.render(delivery)
        tx = self.db.transaction()
        if await tx.get(ROW, 0) < number:
            await tx.put(ROW, number)
        await delivery.ack()


class MarksTheFilm(_Renders):
    """A replay has the same id."""

    async def handle(self, delivery: Any) -> None:
        number = await self.render(delivery)
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {delivery.id}"):
                await tx.put(ROW, number)
        await delivery.ack()


class PutsTheHigherNumber(_Renders):
    """An old film goes into the row under the number of a newer one."""

    async def handle(self, delivery: Any) -> None:
        number = await self.render(delivery)
        async with self.db.transaction() as tx:
            await tx.put(ROW, max(number, await tx.get(ROW, 0)))
        await delivery.ack()


class PutsText(_Renders):
    async def handle(self, delivery: Any) -> None:
        await self.db.put(ROW, str(await self.render(delivery)))
        await delivery.ack()


class WritesFirst(_Renders):
    """Puts its number to claim the film, and then renders it."""

    async def handle(self, delivery: Any) -> None:
        number = await self.number()
        await self.write(number)
        for _ in range(5):
            await sleep(5)
            await delivery.extend(10)
        await delivery.ack()


class LooksAtTheCountThenWrites(_Renders):
    """Is its lease still the last one? Then it writes."""

    async def handle(self, delivery: Any) -> None:
        number = await self.render(delivery)
        if await self.db.get("leases") == number:
            await self.db.put(ROW, number)
        await delivery.ack()


class CountsByAList(NumbersByTheClock):
    async def number(self) -> int:
        leases = [*(await self.db.get("leases", [])), "lease"]
        await self.db.put("leases", leases)
        return len(leases)


class NumbersByMilliseconds(NumbersByTheClock):
    async def number(self) -> int:
        return int(clock() * 1000)


class SwallowsTheConflictOfItsFilm(_Renders):
    """Takes a conflict for a refusal, though the film in the row may be the older one."""

    async def handle(self, delivery: Any) -> None:
        number = await self.render(delivery)
        with suppress(Conflict):
            await self.write(number)
        await delivery.ack()


class TakesTheNextNumberOfTheRow(_Renders):
    """Two leases may find the same row, and take the same number."""

    async def number(self) -> int:
        return int(await self.db.get(ROW, 0)) + 1

    async def handle(self, delivery: Any) -> None:
        number = await self.render(delivery)
        async with self.db.transaction() as tx:
            if await tx.get(ROW, 0) < number:
                await tx.put(ROW, number)
        await delivery.ack()


class KeepsTheHigherOne(_Renders):
    """Compares the wrong way round, once there is a film."""

    async def write(self, number: int) -> None:
        async with self.db.transaction() as tx:
            if await tx.get(ROW, number) >= number:
                await tx.put(ROW, number)

    async def handle(self, delivery: Any) -> None:
        await self.write(await self.render(delivery))
        await delivery.ack()


class BeatsForEver(_Renders):
    """Nobody stops the heartbeat."""

    async def handle(self, delivery: Any) -> None:
        async def heart() -> None:
            while True:
                await sleep(5)
                await delivery.extend(10)

        number = await self.number()
        await gather(heart(), sleep(25))
        await self.write(number)
        await delivery.ack()


class AcksBeforeItWrites(_Renders):
    async def handle(self, delivery: Any) -> None:
        number = await self.render(delivery)
        await delivery.ack()
        await self.write(number)


class AlwaysTheSameNumber(_Renders):
    async def handle(self, delivery: Any) -> None:
        await self.render(delivery)
        await self.db.put(ROW, 7)
        await delivery.ack()


class RendersOnlyTheFirstTime(_Renders):
    """Takes a second attempt for a repeat of work that is done."""

    async def handle(self, delivery: Any) -> None:
        if delivery.attempt == 1:
            await self.write(await self.render(delivery))
        await delivery.ack()


class CountsInMemory(_Renders):
    """Each worker begins to count at 1."""

    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self.count = 0

    async def number(self) -> int:
        self.count += 1
        return self.count

    async def handle(self, delivery: Any) -> None:
        await self.write(await self.render(delivery))
        await delivery.ack()


class LocksForEver(_Renders):
    """Whoever has the lock renders, and nobody ever gives it back."""

    async def handle(self, delivery: Any) -> None:
        if await self.db.insert(f"lock {delivery.id}"):
            await self.write(await self.render(delivery))
            await delivery.ack()


class RendersTooShort(_Renders):
    async def handle(self, delivery: Any) -> None:
        number = await self.number()
        for _ in range(4):
            await sleep(5)
            await delivery.extend(10)
        await self.write(number)
        await delivery.ack()


class WritesAnotherRow(_Renders):
    async def handle(self, delivery: Any) -> None:
        await self.db.put("film", await self.render(delivery))
        await delivery.ack()


class AcksOnReceipt(_Renders):
    async def handle(self, delivery: Any) -> None:
        await delivery.ack()
        number = await self.number()
        await sleep(25)
        await self.write(number)


class ForgetsToAwaitTheWork(_Renders):
    async def handle(self, delivery: Any) -> None:
        sleep(25)
        await self.write(await self.number())
        await delivery.ack()


class NeverAcks(_Renders):
    async def handle(self, delivery: Any) -> None:
        await self.write(await self.render(delivery))


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


class RemembersAllInOneRow(_Base):
    """One row holds every id that was handled."""

    async def handle(self, event: Any) -> None:
        async with self.db.transaction() as tx:
            seen = await tx.get("seen", [])
            if event.id not in seen:
                await tx.add("balance", event.data)
                await tx.put("seen", [*seen, event.id])


class RemembersTheLastId(_Base):
    """In the queue a repeat comes before the next one; a redriven dead letter does not."""

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


class LooksBeforeItsTransaction(_Base):
    async def handle(self, event: Any) -> None:
        if not await self.db.get(f"seen {event.id}"):
            async with self.db.transaction() as tx:
                await tx.put(f"seen {event.id}", True)
                await tx.add("balance", event.data)


class MarksAfterwards(_Base):
    async def handle(self, event: Any) -> None:
        if not await self.db.get(f"seen {event.id}"):
            await self.db.add("balance", event.data)
            await self.db.put(f"seen {event.id}", True)


class KnowsEqualAmounts(_Base):
    """M17: two deposits of the same amount look like one."""

    async def handle(self, event: Any) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.data}"):
                await tx.add("balance", event.data)


class KnowsHigherIds(_Base):
    """Takes an id that sorts before the last one for an old one."""

    async def handle(self, event: Any) -> None:
        async with self.db.transaction() as tx:
            if event.id > await tx.get("last", ""):
                await tx.add("balance", event.data)
                await tx.put("last", event.id)


class DeletesItsMark(MarksTheId):
    """Tidies up once the deposit is added."""

    async def handle(self, event: Any) -> None:
        await super().handle(event)
        await self.db.delete(f"seen {event.id}")


class SwallowsTheConflict(MarksTheId):
    async def handle(self, event: Any) -> None:
        with suppress(Conflict):
            await super().handle(event)


class AddsUpInMemory(_Base):
    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self.balance, self.seen = 0, set[str]()

    async def handle(self, event: Any) -> None:
        if event.id not in self.seen:
            self.seen.add(event.id)
            self.balance += event.data
        await self.db.put("balance", self.balance)


class AddsToAnotherRow(_Base):
    async def handle(self, event: Any) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await tx.add(f"balance of {event.key}", event.data)


class AddsTwice(_Base):
    async def handle(self, event: Any) -> None:
        if await self.db.insert(f"seen {event.id}"):
            await self.db.add("balance", event.data)
            await self.db.add("balance", event.data)


class MarksApart(_Base):
    async def handle(self, event: Any) -> None:
        if await self.db.insert(f"seen {event.id}"):
            await self.db.add("balance", event.data)


class LooksAtReadCommitted(_Base):
    async def handle(self, event: Any) -> None:
        async with self.db.transaction("read committed") as tx:
            if not await tx.get(f"seen {event.id}"):
                await tx.put(f"seen {event.id}", True)
                await tx.add("balance", event.data)


class AddsAfterAConflict(MarksTheId):
    async def handle(self, event: Any) -> None:
        try:
            await super().handle(event)
        except Conflict:
            await self.db.add("balance", event.data)


class AddsWhatItHasSeen(_Base):
    """The test is inverted."""

    async def handle(self, event: Any) -> None:
        async with self.db.transaction() as tx:
            if not await tx.insert(f"seen {event.id}"):
                await tx.add("balance", event.data)


class BeginsAndNeverEnters(_Base):
    async def handle(self, event: Any) -> None:
        tx = self.db.transaction()
        if await tx.insert(f"seen {event.id}"):
            await tx.add("balance", event.data)


class MarksPastItsTransaction(_Base):
    async def handle(self, event: Any) -> None:
        async with self.db.transaction() as tx:
            if not await tx.get(f"seen {event.id}"):
                await self.db.put(f"seen {event.id}", True)
                await tx.add("balance", event.data)


class ForgetsAfterTwoMinutes(_Base):
    """A mark counts for two minutes, and a dead letter is redriven after five."""

    async def handle(self, event: Any) -> None:
        async with self.db.transaction() as tx:
            seen = await tx.get(f"seen {event.id}")
            if seen is None or clock() - seen > 120:
                await tx.put(f"seen {event.id}", clock())
                await tx.add("balance", event.data)


class WritesAMarkThatNobodyReads(_Base):
    async def handle(self, event: Any) -> None:
        async with self.db.transaction() as tx:
            await tx.put(f"seen {event.id}", True)
            await tx.add("balance", event.data)


class AddsPastItsTransaction(_Base):
    async def handle(self, event: Any) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                total = await tx.get("balance", 0)
                await self.db.put("balance", total + event.data)


class StopsAtTheSum(_Base):
    """Knows what should come out, and adds until it does."""

    async def handle(self, event: Any) -> None:
        async with self.db.transaction() as tx:
            if await tx.get("balance", 0) < 30:
                await tx.add("balance", event.data)


class ForgetsTheF(_Base):
    """One mark for all deposits."""

    async def handle(self, event: Any) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert("seen {event.id}"):
                await tx.add("balance", event.data)


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


class GathersThenFindsTheEnd(_Reads):
    """Commits the end of the batch, found by looking at all its offsets."""

    async def handle(self, batch: Any) -> None:
        offsets, events = zip(*batch, strict=True)
        await gather(*map(self.one, events))
        await self.db.put("committed", max(offsets) + 1)


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


class OneAfterTheOther(_Reads):
    async def handle(self, batch: Any) -> None:
        for offset, event in batch:
            await self.one(event)
            await self.db.put("committed", offset + 1)


class CountsAtOnce(_Reads):
    async def one(self, event: Any) -> None:
        await perform("count", event.id)

    async def handle(self, batch: Any) -> None:
        await self.all(batch)
        await self.db.put("committed", batch[-1][0] + 1)


class CountsUnderAnotherName(CommitsAtTheEnd):
    async def one(self, event: Any) -> None:
        await sleep(event.data["takes"])
        await perform("counted", event.id)


class CountsNothing(CommitsAtTheEnd):
    async def one(self, event: Any) -> None:
        await sleep(event.data["takes"])


class CountsTwice(CommitsAtTheEnd):
    async def one(self, event: Any) -> None:
        await super().one(event)
        await perform("count", event.id)


class CommitsThePlaceInTheBatch(_Reads):
    async def handle(self, batch: Any) -> None:
        await self.all(batch)
        await self.db.put("committed", len(batch))


class CommitsTheEvent(_Reads):
    async def handle(self, batch: Any) -> None:
        await self.all(batch)
        await self.db.put("committed", batch[-1][1].id)


class CommitsTheHighestSoFar(_Reads):
    """As it goes, but never a lower offset than before."""

    async def handle(self, batch: Any) -> None:
        highest = 0

        async def count(offset: int, event: Any) -> None:
            nonlocal highest
            await self.one(event)
            highest = max(highest, offset + 1)
            await self.db.put("committed", highest)

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


class MarksBeforeItCounts(CommitsAtTheEnd):
    async def one(self, event: Any) -> None:
        await sleep(event.data["takes"])
        if await self.db.insert(f"seen {event.id}"):
            await perform("count", event.id)


class CommitsInATransactionNeverEntered(_Reads):
    async def handle(self, batch: Any) -> None:
        await self.all(batch)
        tx = self.db.transaction()
        await tx.put("committed", batch[-1][0] + 1)


class MarksAfterItCounts(CommitsAtTheEnd):
    """A mark that is true when it is written does no harm."""

    async def one(self, event: Any) -> None:
        if not await self.db.get(f"seen {event.id}"):
            await super().one(event)
            await self.db.put(f"seen {event.id}", True)


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


class RaisesItsOwn(_Works):
    async def handle(self, batch: Any) -> list[str]:
        failed = []
        for event in batch:
            try:
                await self.work(event)
            except ValueError:
                failed.append(event.id)
        if failed:
            raise RuntimeError(f"failed: {failed}")
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


class ReportsWhatWentWell(_Works):
    async def handle(self, batch: Any) -> list[str]:
        good = []
        for event in batch:
            with suppress(ValueError):
                await self.work(event)
                good.append(event.id)
        return good


class ReportsAll(_Works):
    async def handle(self, batch: Any) -> list[str]:
        for event in batch:
            with suppress(ValueError):
                await self.work(event)
        return [event.id for event in batch]


class KeepsItsList(_Works):
    """One list for all batches."""

    def __init__(self, work: Any) -> None:
        super().__init__(work)
        self.failed: list[str] = []

    async def handle(self, batch: Any) -> list[str]:
        for event in batch:
            try:
                await self.work(event)
            except ValueError:
                self.failed.append(event.id)
        return self.failed


class SkipsTheFirst(SaysWhichFailed):
    async def handle(self, batch: Any) -> list[str]:
        return await super().handle(batch[1:])


class WorksTwice(SaysWhichFailed):
    """Tries whether the work would go well, and then does it."""

    async def handle(self, batch: Any) -> list[str]:
        await super().handle(batch)
        return await super().handle(batch)


class Swallows(_Works):
    async def handle(self, batch: Any) -> list[str]:
        for event in batch:
            with suppress(ValueError):
                await self.work(event)
        return []


class CatchesAnotherError(_Works):
    async def handle(self, batch: Any) -> list[str]:
        failed = []
        for event in batch:
            try:
                await self.work(event)
            except TypeError:
                failed.append(event.id)
        return failed


class ForgetsToReturn(_Works):
    async def handle(self, batch: Any) -> None:
        failed = []
        for event in batch:
            try:
                await self.work(event)
            except ValueError:
                failed.append(event.id)


def chosen(**changes: str) -> dict[str, str]:
    """Return the right choice of semantics, with changes."""
    return {**LEAST, **{name.replace("_", " "): option for name, option in changes.items()}}


def tries(deliveries: str, wait: str) -> dict[str, str]:
    """Return a choice for the poison message."""
    return {"deliveries": deliveries, "wait between": wait}


ONCE, TWICE = "ack on receipt is fine", "exactly once comes by itself"
MUCH, ALWAYS = "more than is needed", "an ack always arrives"
CLOCK, PAST = "a clock is a fencing token", "writes past its transaction"

MISTAKES = [
    Mistake("semantics", chosen(welcome_email="at least once"), ALWAYS, faults=1, m=(1,)),
    Mistake("semantics", chosen(payment="at least once"), TWICE, faults=1, m=(1,)),
    Mistake("semantics", chosen(invoice="at most once"), ONCE, faults=1, m=(2,)),
    Mistake("semantics", chosen(payment="at most once"), ONCE, faults=1, m=(2,)),
    Mistake("semantics", chosen(welcome_email="effectively once"), MUCH, faults=0),
    Mistake("semantics", chosen(live_position="effectively once"), MUCH, faults=0),
    Mistake("worker", NeverExtends, "the lease outlasts the job", faults=0, m=(10,)),
    Mistake("worker", ExtendsOnce, "the lease outlasts the job", faults=0, m=(10,)),
    Mistake("worker", NeverFences, "the old worker has stopped", faults=1, m=(11,)),
    Mistake("worker", LooksAtTheLeaseThenWrites, "the old worker has stopped", faults=1, m=(11,)),
    Mistake("worker", ReadsTheRowThenWrites, "compares, then puts", faults=1, m=(11,)),
    Mistake("worker", FencesByTheAttempt, "the attempt is a fencing token", faults=0, m=(11,)),
    Mistake("worker", FencesByAHigherAttempt, "a newer film is refused", faults=0, m=(11,)),
    Mistake("worker", TheFirstOneWins, "a newer film is refused", faults=0),
    Mistake("worker", NumbersTheWrite, "numbered after the work", faults=1, m=(11,)),
    Mistake("worker", PutsTheTime, CLOCK, faults=0, m=(11,)),
    Mistake("worker", NumbersByTheClock, CLOCK, faults=0, m=(11,)),
    Mistake("worker", CountsInTwoSteps, "counts in two steps", faults=1),
    Mistake("worker", ComparesAtReadCommitted, "read committed", faults=1, m=(11,)),
    Mistake("worker", LooksInATransactionOfItsOwn, "compares, then puts", faults=1, m=(11,)),
    Mistake("worker", WritesPastItsTransaction, PAST, faults=0),
    Mistake("worker", NeverEntersItsTransaction, "never entered", faults=0),
    Mistake("worker", MarksTheFilm, "a mark refuses it", faults=0),
    Mistake("worker", PutsTheHigherNumber, "another's number", faults=1, m=(11,)),
    Mistake("worker", KeepsTheHigherOne, "the wrong way", faults=0),
    Mistake("worker", SwallowsTheConflictOfItsFilm, "a conflict is no refusal", faults=2),
    Mistake("worker", TakesTheNextNumberOfTheRow, "two leases, one number", faults=2),
    Mistake("worker", PutsText, "no number", faults=0),
    Mistake("worker", WritesFirst, "writes first", faults=0),
    Mistake("worker", LooksAtTheCountThenWrites, "compares, then puts", faults=1, m=(11,)),
    Mistake("worker", CountsByAList, "counts in two steps", faults=1),
    Mistake("worker", NumbersByMilliseconds, CLOCK, faults=0, m=(11,)),
    Mistake("worker", BeatsForEver, "nobody ends its wait", faults=0),
    Mistake("worker", AcksBeforeItWrites, ONCE, faults=1, m=(2,)),
    Mistake("worker", AlwaysTheSameNumber, "two leases, one number", faults=0),
    Mistake("worker", RendersOnlyTheFirstTime, "leaves it out", faults=1),
    Mistake("worker", CountsInMemory, "the attempt is a fencing token", faults=0),
    Mistake("worker", LocksForEver, "leaves it out", faults=0),
    Mistake("worker", RendersTooShort, "renders too short", faults=0),
    Mistake("worker", WritesAnotherRow, "writes no film", faults=0),
    Mistake("worker", AcksOnReceipt, ONCE, faults=1, m=(2,)),
    Mistake("worker", ForgetsToAwaitTheWork, "skips the work", faults=0),
    Mistake("worker", NeverAcks, "never acks", faults=0),
    Mistake("fifo", TrustsTheOrder, "a queue in order is once", faults=1, m=(24,)),
    Mistake("fifo", RemembersInMemory, "a memory is enough", faults=1, m=(24,)),
    Mistake("fifo", RemembersTheLastId, "the last id is enough", faults=1, m=(24,)),
    Mistake("fifo", LooksBeforeItsTransaction, "looks, then writes", faults=1, m=(24,)),
    Mistake("fifo", MarksAfterwards, "mark and money apart", faults=1, m=(24,)),
    Mistake("fifo", KnowsEqualAmounts, "takes another for a repeat", faults=0),
    Mistake("fifo", KnowsHigherIds, "takes another for a repeat", faults=0),
    Mistake("fifo", DeletesItsMark, "the last id is enough", faults=1),
    Mistake("fifo", SwallowsTheConflict, "swallows a conflict", faults=1),
    Mistake("fifo", AddsUpInMemory, "overwrites", faults=1),
    Mistake("fifo", AddsToAnotherRow, "keeps no balance", faults=0),
    Mistake("fifo", AddsTwice, "adds twice", faults=0),
    Mistake("fifo", MarksApart, "a deposit is lost", faults=1),
    Mistake("fifo", LooksAtReadCommitted, "read committed", faults=1, m=(24,)),
    Mistake("fifo", AddsAfterAConflict, "adds after a conflict", faults=1),
    Mistake("fifo", AddsWhatItHasSeen, "the wrong way round", faults=0),
    Mistake("fifo", BeginsAndNeverEnters, "never entered", faults=0),
    Mistake("fifo", MarksPastItsTransaction, PAST, faults=0),
    Mistake("fifo", ForgetsAfterTwoMinutes, "the mark is ignored", faults=2, m=(24,)),
    Mistake("fifo", WritesAMarkThatNobodyReads, "nobody looks", faults=1, m=(24,)),
    Mistake("fifo", AddsPastItsTransaction, PAST, faults=0),
    Mistake("fifo", StopsAtTheSum, "the sum is enough", faults=1),
    Mistake("fifo", ForgetsTheF, "takes another for a repeat", faults=0),
    Mistake("commit", MarksBeforeItCounts, "marks it before it counts", faults=1),
    Mistake("commit", CommitsInATransactionNeverEntered, "never entered", faults=0),
    Mistake("commit", CommitsFirst, "committed means processed", faults=1, m=(3,)),
    Mistake("commit", CommitsOnATimer, "committed means processed", faults=1, m=(3,)),
    Mistake("commit", CommitsTheHighest, "commit the highest finished", faults=0, m=(4,)),
    Mistake("commit", CommitsNothing, "never commits", faults=0),
    Mistake("commit", CommitsTheLast, "the last, not the next", faults=0),
    Mistake("commit", CommitsOneTooMany, "the last, not the next", faults=0),
    Mistake("commit", CountsTheFirst, "leaves clicks out", faults=0),
    Mistake("commit", OneAfterTheOther, "one after the other", faults=0),
    Mistake("commit", CountsAtOnce, "counts before its time", faults=0),
    Mistake("commit", CountsUnderAnotherName, "counts nothing", faults=0),
    Mistake("commit", CountsNothing, "counts nothing", faults=0),
    Mistake("commit", CountsTwice, "counts twice", faults=0),
    Mistake("commit", CommitsThePlaceInTheBatch, "commits another offset", faults=0),
    Mistake("commit", CommitsTheEvent, "commits no offset", faults=0),
    Mistake("commit", CommitsTheHighestSoFar, "commit the highest finished", faults=1, m=(4,)),
    Mistake("poison", tries("no limit", "none"), "requeue works in the end", faults=0, m=(40,)),
    Mistake("poison", tries("no limit", "growing"), "requeue works in the end", faults=0, m=(40,)),
    Mistake("poison", tries("5", "none"), "a few quick tries are enough", faults=0),
    Mistake("poison", tries("1", "growing"), "one attempt is enough", faults=0),
    Mistake("poison", tries("1", "none"), "one attempt is enough", faults=0),
    Mistake("batch", RaisesForAll, "one bad record fails the batch", faults=0, m=(41,)),
    Mistake("batch", RaisesAtTheEnd, "one bad record fails the batch", faults=0, m=(41,)),
    Mistake("batch", RaisesItsOwn, "raises for all", faults=0, m=(41,)),
    Mistake("batch", CatchesAnotherError, "one bad record fails the batch", faults=0, m=(41,)),
    Mistake("batch", ForgetsToReturn, "returns nothing", faults=0),
    Mistake("batch", ReportsAllUnseen, "works on nothing", faults=0),
    Mistake("batch", ReportsWhatWentWell, "returns the good ones", faults=0),
    Mistake("batch", ReportsAll, "returns what is done", faults=0),
    Mistake("batch", KeepsItsList, "remembers earlier failures", faults=0),
    Mistake("batch", SkipsTheFirst, "leaves a record out", faults=0),
    Mistake("batch", WorksTwice, "works on it twice", faults=0),
    Mistake("batch", StopsAtTheBadOne, "stops at the bad one", faults=0),
    Mistake("batch", Swallows, "swallows the error", faults=0),
    Mistake("patience", "7 s", "waits are alike"),
    Mistake("patience", "127 s", "no cap"),
    Mistake("patience", "3 minutes 30 s", "each wait is the cap"),
    Mistake("patience", 93, "the cap comes late"),
    Mistake("patience", "121 s", "a wait after the last try"),
    Mistake("patience", "1 minute 1 s", "one wait is missing"),
    Mistake("patience", "4 min 15 s", "no cap, and a wait too many"),
    Mistake("patience", 45.5, "with jitter"),
]

RIGHT = [
    Right("semantics", LEAST),
    Right("semantics", chosen(live_position="at least once")),
    Right("worker", ExtendsAndFences),
    Right("worker", StopsWhenTheLeaseIsGone),
    Right("worker", AsksForOneLongLease),
    Right("worker", SwapsTheRow),
    Right("worker", CountsInTheFilmsOwnRow),
    Right("worker", BeatsBesideTheWork),
    Right("worker", BeatsUntilItIsRendered),
    Right("worker", BeatsEachSixSeconds),
    Right("worker", StopsTheHeartOnceTheLeaseIsGone),
    Right("worker", NumbersByRowsOfTheirOwn),
    Right("worker", StopsWhenItIsDead),
    Right("fifo", MarksTheId),
    Right("fifo", inbox),
    Right("fifo", RemembersAllInOneRow),
    Right("commit", CommitsAtTheEnd),
    Right("commit", GathersThenFindsTheEnd),
    Right("commit", CommitsUpToTheFirstUnfinished),
    Right("commit", MarksAfterItCounts),
    Right("poison", tries("5", "growing")),
    Right("poison", tries("8", "growing")),
    Right("poison", {"deliveries": 5, "wait between": "Growing"}),
    Right("batch", SaysWhichFailed),
    Right("batch", SideBySide),
    Right("batch", FromTheBack),
    Right("patience", "91 s"),
    Right("patience", "1.5 minutes"),
    Right("patience", 91),
    Right("patience", "1 minute 31 seconds"),
    Right("patience", "1m31s"),
]

CONSTANTS = ["record-2", ["record-2"]]
