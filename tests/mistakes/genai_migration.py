"""Answers to exercise 13's second half: a new model, notifications, estimates."""

from __future__ import annotations

from typing import Any

from pubsub_kit import gather, sleep
from tests.mistakes import Mistake, Right


class _Base:
    """A migration in which everything is right; the others change a part of it."""

    def __init__(self, log: Any, indexes: Any, db: Any) -> None:
        self.log, self.indexes, self.db = log, indexes, db
        self.old, self.new = indexes["m1"], indexes["m2"]

    async def write(self, index: Any, change: Any) -> None:
        vector = await index.embed(change.text)
        await index.put_newer(change.doc, change.version, vector)

    async def live(self, change: Any) -> None:
        for index in self.indexes.values():
            await self.write(index, change)

    async def fill(self, change: Any) -> None:
        await self.write(self.new, change)

    async def replay(self, until: float = float("inf"), key: str = "position") -> None:
        at = await self.db.get(key, 0)
        while page := await self.log.read(at):
            for change in page:
                if change.offset >= until:
                    return
                await self.fill(change)
                at = change.offset + 1
                await self.db.put(key, at)

    async def backfill(self) -> None:
        await self.replay()
        await self.db.put("model", "m2")

    async def query(self, text: str) -> Any:
        index = self.indexes[await self.db.get("model")]
        return await index.search(await index.embed(text))


# --- migrate: right -------------------------------------------------------------------------------


class StartsAgainAfterACrash(_Base):
    """Keeps no position: history is replayed from 0, and what is there already stays."""

    async def backfill(self) -> None:
        at = 0
        while page := await self.log.read(at):
            for change in page:
                if await self.new.version(change.doc) < change.version:
                    await self.fill(change)
            at = page[-1].offset + 1
        await self.db.put("model", "m2")


class PositionAfterAPage(_Base):
    """Embeds a page at once, and stores its position once all of it is written."""

    async def backfill(self) -> None:
        while page := await self.log.read(await self.db.get("position", 0)):
            await gather(*(self.write(self.new, change) for change in page))
            await self.db.put("position", page[-1].offset + 1)
        await self.db.put("model", "m2")


class HistoryAlone(_Base):
    """Replays what was there before live changes were written to both."""

    async def backfill(self) -> None:
        until = await self.db.get("until")
        if until is None:
            until = await self.log.end()
            await self.db.put("until", until)
        await self.replay(until)
        await self.db.put("model", "m2")


class TwoReaders(_Base):
    """The live lane keeps m1, and the backfill keeps m2, for ever."""

    async def live(self, change: Any) -> None:
        await self.write(self.old, change)

    async def backfill(self) -> None:
        await self.replay()
        if not await self.db.get("switched"):
            await self.db.put("model", "m2")
            await self.db.put("switched", True)
        while True:
            await self.replay()
            await sleep(5.0)


class NewestFirst(_Base):
    """Reads all of the log, and writes each document once."""

    async def backfill(self) -> None:
        newest: dict[str, Any] = {}
        at = 0
        while page := await self.log.read(at):
            newest |= {change.doc: change for change in page}
            at = page[-1].offset + 1
        for change in newest.values():
            await self.write(self.new, change)
        await self.db.put("model", "m2")


class BothAtOnce(_Base):
    """Asks both indexes, and gives the answer of the one that the row names."""

    async def live(self, change: Any) -> None:
        await gather(*(self.write(index, change) for index in self.indexes.values()))

    async def query(self, text: str) -> Any:
        found = {name: await i.search(await i.embed(text)) for name, i in self.indexes.items()}
        return found[await self.db.get("model")]


# --- migrate: wrong -------------------------------------------------------------------------------


class SwitchesFirst(_Base):
    async def backfill(self) -> None:
        await self.db.put("model", "m2")
        await self.replay()


class SwitchesAtTheFirstChange(_Base):
    async def live(self, change: Any) -> None:
        await self.db.put("model", "m2")
        await super().live(change)

    async def backfill(self) -> None:
        await self.replay()


class CopiesAtTheEnd(_Base):
    """Writes live changes to the index that answers, and copies what there is."""

    async def live(self, change: Any) -> None:
        await self.write(self.indexes[await self.db.get("model")], change)

    async def backfill(self) -> None:
        await self.replay(await self.log.end())
        await self.db.put("model", "m2")


class LiveGoesToTheOldOne(_Base):
    async def live(self, change: Any) -> None:
        await self.write(self.old, change)


class LiveGoesWhereQueriesGo(_Base):
    async def live(self, change: Any) -> None:
        await self.write(self.indexes[await self.db.get("model")], change)


class SkipsDeletions(_Base):
    """Leaves deletions of the new index to the backfill."""

    async def live(self, change: Any) -> None:
        await self.write(self.old, change)
        if change.text is not None:
            await self.write(self.new, change)


class BothOnceItHasSwitched(_Base):
    """Relies on the log for what comes before the switch."""

    async def live(self, change: Any) -> None:
        if await self.db.get("model") == "m2":
            await self.write(self.new, change)
        await self.write(self.old, change)


class KeepsThemInMemory(_Base):
    """Brings to the new index what came before the switch, with the next change after it."""

    def __init__(self, log: Any, indexes: Any, db: Any) -> None:
        super().__init__(log, indexes, db)
        self.kept: list[Any] = []

    async def live(self, change: Any) -> None:
        await self.write(self.old, change)
        self.kept.append(change)
        if await self.db.get("model") == "m2":
            while self.kept:
                await self.write(self.new, self.kept.pop())


class InPlace(_Base):
    async def live(self, change: Any) -> None:
        await self.write(self.old, change)

    async def fill(self, change: Any) -> None:
        await self.old.put(change.doc, change.version, await self.new.embed(change.text))

    async def query(self, text: str) -> Any:
        model = await self.db.get("model")
        return await self.old.search(await self.indexes[model].embed(text))


class CopiesTheVectors(_Base):
    async def fill(self, change: Any) -> None:
        await self.new.put_newer(change.doc, change.version, await self.old.embed(change.text))


class FillsInTheLiveLane(_Base):
    async def live(self, change: Any) -> None:
        if not await self.db.get("done"):
            await super().backfill()
            await self.db.put("done", True)
        await super().live(change)

    async def backfill(self) -> None:
        await self.log.end()


class WaitsForTheSwitch(_Base):
    """Holds each live change back until m2 answers."""

    async def live(self, change: Any) -> None:
        while await self.db.get("model") != "m2":
            await sleep(0.5)
        await super().live(change)


class FillsBlindly(_Base):
    async def fill(self, change: Any) -> None:
        await self.new.put(change.doc, change.version, await self.new.embed(change.text))


class LooksThenFills(_Base):
    async def fill(self, change: Any) -> None:
        vector = await self.new.embed(change.text)
        if await self.new.version(change.doc) < change.version:
            await self.new.put(change.doc, change.version, vector)


class LiveWritesBlindly(_Base):
    async def live(self, change: Any) -> None:
        for index in self.indexes.values():
            await index.put(change.doc, change.version, await index.embed(change.text))


class LooksThenWrites(_Base):
    """Compares in one step and writes in the next, in the live lane alone."""

    async def live(self, change: Any) -> None:
        for index in self.indexes.values():
            if change.version > await index.version(change.doc):
                await index.put(change.doc, change.version, await index.embed(change.text))


class DeletesTheRow(_Base):
    async def live(self, change: Any) -> None:
        for index in self.indexes.values():
            if change.text is None:
                await index.delete(change.doc)
            else:
                await self.write(index, change)

    async def backfill(self) -> None:
        await self.replay(await self.log.end())
        await self.db.put("model", "m2")


class DeletesTheRowInBothLanes(_Base):
    async def write(self, index: Any, change: Any) -> None:
        if change.text is None:
            await index.delete(change.doc)
        else:
            await super().write(index, change)


class DeletesTheRowOfTheOldOne(_Base):
    async def live(self, change: Any) -> None:
        await self.write(self.new, change)
        if change.text is None:
            await self.old.delete(change.doc)
        else:
            await self.write(self.old, change)


class FillsNoDeletions(_Base):
    """Leaves deletions out of the backfill, also those that no live change repeats."""

    async def fill(self, change: Any) -> None:
        if change.text is not None:
            await super().fill(change)


class FillsByDeletingTheRow(_Base):
    async def fill(self, change: Any) -> None:
        if change.text is None:
            await self.new.delete(change.doc)
        else:
            await super().fill(change)


class DeletesThenInserts(_Base):
    async def live(self, change: Any) -> None:
        for index in self.indexes.values():
            if await index.version(change.doc) < change.version:
                await index.delete(change.doc)
            await self.write(index, change)


class AlmostThere(_Base):
    """Switches when no more than two are left, and fills on."""

    async def fill(self, change: Any) -> None:
        await super().fill(change)
        if await self.log.end() - change.offset <= 3:
            await self.db.put("model", "m2")

    async def backfill(self) -> None:
        await self.replay()


class NinetyPercent(_Base):
    async def fill(self, change: Any) -> None:
        if change.offset + 1 >= 0.9 * await self.log.end():
            await self.db.put("model", "m2")
        await super().fill(change)

    async def backfill(self) -> None:
        await self.replay()


class AFixedTime(_Base):
    async def live(self, change: Any) -> None:
        await self.write(self.old, change)

    async def backfill(self) -> None:
        await gather(self.replay(), self.switch())

    async def switch(self) -> None:
        await sleep(0.5)
        await self.db.put("model", "m2")


class DropsTheOldOne(_Base):
    async def backfill(self) -> None:
        await super().backfill()
        for doc in "abc":
            await self.old.delete(doc)


class StopsWritingTheOldOne(_Base):
    async def live(self, change: Any) -> None:
        if await self.db.get("model") == "m1":
            await self.write(self.old, change)
        await self.write(self.new, change)


class ReadsTheModelTwice(_Base):
    async def query(self, text: str) -> Any:
        vector = await self.indexes[await self.db.get("model")].embed(text)
        return await self.indexes[await self.db.get("model")].search(vector)


class EmbedsByTheOldModel(_Base):
    async def query(self, text: str) -> Any:
        vector = await self.old.embed(text)
        return await self.indexes[await self.db.get("model")].search(vector)


class MergesBoth(_Base):
    async def query(self, text: str) -> Any:
        found = [await i.search(await i.embed(text)) for i in self.indexes.values()]
        return sorted({*found[0], *found[1]})


class AsksTheNewOneAlways(_Base):
    async def query(self, text: str) -> Any:
        return await self.new.search(await self.new.embed(text))


class AsksTheOldOneAlways(_Base):
    async def query(self, text: str) -> Any:
        return await self.old.search(await self.old.embed(text))


class AnswersNothing(_Base):
    async def query(self, text: str) -> Any:
        await super().query(text)


class PositionFirst(_Base):
    async def backfill(self) -> None:
        at = await self.db.get("position", 0)
        while page := await self.log.read(at):
            at = page[-1].offset + 1
            await self.db.put("position", at)
            for change in page:
                await self.fill(change)
        await self.db.put("model", "m2")


class PositionAheadOfItsEmbedding(_Base):
    async def fill(self, change: Any) -> None:
        await self.db.put("position", change.offset + 1)
        await super().fill(change)


class LeavesOutTheFirst(_Base):
    async def backfill(self) -> None:
        await self.db.insert("position", 3)
        await super().backfill()


class ForgetsTheLastOfAPage(_Base):
    async def fill(self, change: Any) -> None:
        if change.offset % 2 == 0:
            await super().fill(change)


class ReadsTheLastAgain(_Base):
    """Reads on from the last change that it has, and not from behind it."""

    async def backfill(self) -> None:
        at = 0
        while page := await self.log.read(at):
            for change in page:
                await self.fill(change)
            at = page[-1].offset
        await self.db.put("model", "m2")


class NeverSwitches(_Base):
    async def backfill(self) -> None:
        await self.replay()


class SwitchesAgain(_Base):
    """Says that m2 answers whenever it is at the end."""

    async def backfill(self) -> None:
        while True:
            await super().backfill()
            await sleep(5.0)


# --- notify and estimate --------------------------------------------------------------------------

TOLD = {
    "tell": "from an outbox, written with the version",
    "id": "the document and its version",
    "agent": "drops an id that it had within a day",
    "backfill": "runs without effects",
}
EVERY = TOLD | {"tell": "after every attempt to write"}
DAYS = 10e6 * 20 * 300 / 2e6 / 1440
ESTIMATED = {"vectors": "819 GB", "alone": "20.8 days", "beside": "36 days", "hashed": "22.7 days"}

MISTAKES = [
    Mistake("notify", TOLD | {"tell": "when a change is accepted"}, "accepted is found", 0),
    Mistake("notify", TOLD | {"tell": "after the write, if it was new"}, "told if new", 1),
    Mistake("notify", TOLD | {"id": "a new one for each message"}, "a new id each time", 1),
    Mistake("notify", EVERY | {"id": "a new one for each message"}, "a new id each time", 1),
    Mistake("notify", TOLD | {"id": "the document"}, "one id for a document", 0),
    Mistake("notify", TOLD | {"agent": "acts on each message"}, "each message is news", 1),
    Mistake("notify", EVERY | {"agent": "acts on each message"}, "each message is news", 1),
    Mistake("notify", TOLD | {"backfill": "runs the same code"}, "a replay is quiet", 0, m=(44,)),
    Mistake("notify", EVERY | {"backfill": "runs the same code"}, "a replay is quiet", 0, m=(44,)),
    Mistake("estimate", ESTIMATED | {"vectors": "41 GB"}, "a vector a document"),
    Mistake("estimate", ESTIMATED | {"vectors": "6.55 TB"}, "bits, not bytes"),
    Mistake("estimate", ESTIMATED | {"vectors": 205}, "a number is a byte"),
    Mistake("estimate", ESTIMATED | {"vectors": 763}, "GiB, not GB"),
    Mistake("estimate", ESTIMATED | {"alone": "25 hours"}, "a chunk a document"),
    Mistake("estimate", ESTIMATED | {"alone": "100 minutes"}, "a token a chunk"),
    Mistake("estimate", ESTIMATED | {"alone": DAYS / 60}, "a quota a second"),
    Mistake("estimate", ESTIMATED | {"beside": 20.8}, "live changes are free"),
    Mistake("estimate", ESTIMATED | {"beside": "29.6 days"}, "42% longer"),
    Mistake("estimate", ESTIMATED | {"beside": DAYS / 0.42}, "the others' share"),
    Mistake("estimate", ESTIMATED | {"hashed": "36 days"}, "hashing helps no backfill"),
    Mistake("estimate", ESTIMATED | {"beside": "8.75 days"}, "a share of the time"),
    Mistake("estimate", ESTIMATED | {"beside": "12.1 days"}, "less takes less"),
    Mistake("estimate", ESTIMATED | {"alone": "500 days"}, "hours, not days"),
    Mistake("estimate", ESTIMATED | {"hashed": "20.8 days"}, "hashing makes them free"),
    Mistake("estimate", ESTIMATED | {"hashed": "100 hours"}, "the new model knows them"),
    Mistake("estimate", ESTIMATED | {"hashed": "7.2 days"}, "a fifth of all"),
    Mistake("estimate", ESTIMATED | {"hashed": "13 days"}, "what is saved"),
    Mistake("estimate", ESTIMATED | {"hashed": "31.4 days"}, "the part that changed"),
    Mistake("migrate", SwitchesFirst, "switches first", 0),
    Mistake("migrate", SwitchesAtTheFirstChange, "switches first", 0),
    Mistake("migrate", CopiesAtTheEnd, "one index is enough", 0),
    Mistake("migrate", LiveGoesToTheOldOne, "one index is enough", 0),
    Mistake("migrate", LiveGoesWhereQueriesGo, "the old one is done", 0),
    Mistake("migrate", SkipsDeletions, "one index is enough", 0),
    Mistake("migrate", BothOnceItHasSwitched, "one index is enough", 1),
    Mistake("migrate", KeepsThemInMemory, "one index is enough", 1),
    Mistake("migrate", InPlace, "re-embeds in place", 0),
    Mistake("migrate", CopiesTheVectors, "copies the vectors", 1),
    Mistake("migrate", FillsInTheLiveLane, "one lane", 0),
    Mistake("migrate", WaitsForTheSwitch, "one lane", 0),
    Mistake("migrate", FillsBlindly, "overwrites newer", 0),
    Mistake("migrate", LooksThenFills, "overwrites newer", 2),
    Mistake("migrate", LiveWritesBlindly, "a late copy overwrites", 1),
    Mistake("migrate", LooksThenWrites, "a late copy overwrites", 2),
    Mistake("migrate", DeletesTheRow, "a deletion leaves no trace", 0),
    Mistake("migrate", DeletesTheRowInBothLanes, "a deletion leaves no trace", 0),
    Mistake("migrate", DeletesTheRowOfTheOldOne, "a deletion leaves no trace", 1),
    Mistake("migrate", FillsNoDeletions, "read and not written", 0),
    Mistake("migrate", FillsByDeletingTheRow, "a deletion leaves no trace", 2),
    Mistake("migrate", DeletesThenInserts, "deletes, then inserts", 0),
    Mistake("migrate", AlmostThere, "nearly there", 0),
    Mistake("migrate", NinetyPercent, "nearly there", 0),
    Mistake("migrate", AFixedTime, "nearly there", 0),
    Mistake("migrate", DropsTheOldOne, "drops the old one", 0),
    Mistake("migrate", StopsWritingTheOldOne, "the old one is done", 0),
    Mistake("migrate", ReadsTheModelTwice, "reads the model twice", 0),
    Mistake("migrate", EmbedsByTheOldModel, "one model for all", 0),
    Mistake("migrate", MergesBoth, "two models in one answer", 0),
    Mistake("migrate", AsksTheNewOneAlways, "the row decides", 0),
    Mistake("migrate", AsksTheOldOneAlways, "the row decides", 0),
    Mistake("migrate", AnswersNothing, "not what was found", 0),
    Mistake("migrate", PositionFirst, "resumes past its work", 1),
    Mistake("migrate", PositionAheadOfItsEmbedding, "resumes past its work", 1),
    Mistake("migrate", LeavesOutTheFirst, "read and not written", 0),
    Mistake("migrate", ForgetsTheLastOfAPage, "read and not written", 0),
    Mistake("migrate", ReadsTheLastAgain, "never ends", 0),
    Mistake("migrate", NeverSwitches, "never switches", 0),
    Mistake("migrate", SwitchesAgain, "moves the row again", 0),
]

RIGHT = [
    Right("migrate", StartsAgainAfterACrash),
    Right("migrate", PositionAfterAPage),
    Right("migrate", HistoryAlone),
    Right("migrate", TwoReaders),
    Right("migrate", NewestFirst),
    Right("migrate", BothAtOnce),
    Right("notify", TOLD),
    Right("notify", EVERY),
    Right("estimate", ESTIMATED),
    Right(
        "estimate",
        {"vectors": "0.82 TB", "alone": "500 hours", "beside": 35.7 * 1.0, "hashed": "3.25 weeks"},
    ),
    Right(
        "estimate",
        {
            "vectors": 10**7 * 20 * 1024 * 4 / 10**9,
            "alone": "30_000 minutes",
            "beside": "about 36 days",
            "hashed": DAYS / (1 - 0.42 * 4 / 20),
        },
    ),
]
