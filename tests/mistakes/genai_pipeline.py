"""Answers to exercise 13: indexes of chunks, deletions that last, and oracles of deletions."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from pubsub_kit import Conflict, clock
from tests.mistakes import Mistake, Right, genai_migration

Fields = dict[str, Any]

# --- upsert: right --------------------------------------------------------------------------------


class Index:
    """As the solution does it, in parts that the wrong ones change."""

    def __init__(self, db: Any, embed: Any) -> None:
        self.db, self.embed = db, embed

    async def handle(self, event: Any) -> None:
        data = event.data
        vectors = await self.embed(data["chunks"])
        async with self.db.transaction() as tx:
            await self.replace(tx, data, vectors)

    async def replace(self, tx: Any, data: Fields, vectors: list[Any]) -> None:
        head = await tx.get(self.head(data), {"version": 0, "chunks": 0})
        if not self.is_newer(data["version"], head["version"]):
            return
        await self.clear(tx, data["doc"], head["chunks"])
        await self.write(tx, data, vectors)
        await tx.put(self.head(data), {"version": data["version"], "chunks": len(data["chunks"])})

    def head(self, data: Fields) -> str:
        return f"version {data['doc']}"

    def is_newer(self, version: int, than: int) -> bool:
        return version > than

    async def clear(self, rows: Any, doc: str, chunks: int) -> None:
        for n in range(chunks):
            await rows.delete(self.key(doc, n, ""))

    async def write(self, rows: Any, data: Fields, vectors: list[Any]) -> None:
        for n, (text, vector) in enumerate(zip(data["chunks"], vectors, strict=True)):
            row = {"doc": data["doc"], "text": text, "vector": vector}
            await rows.put(self.key(data["doc"], n, text), row)

    def key(self, doc: str, n: int, text: str) -> str:
        return f"chunk {doc} {n}"


class TriesAgain(Index):
    """Begins the transaction again after a conflict, with the vectors that it has paid for."""

    async def handle(self, event: Any) -> None:
        vectors = await self.embed(event.data["chunks"])
        while True:
            with suppress(Conflict):
                async with self.db.transaction() as tx:
                    await self.replace(tx, event.data, vectors)
                return


class EmbedsWhatIsNew(Index):
    """Looks first, so as not to pay for what is stale, and keeps the vectors of equal texts."""

    async def handle(self, event: Any) -> None:
        data = event.data
        if data["version"] <= (await self.db.get(self.head(data), {"version": 0}))["version"]:
            return
        rows = await self.db.scan(f"chunk {data['doc']} ")
        known = {row["text"]: row["vector"] for row in rows.values()}
        missing = [text for text in data["chunks"] if text not in known]
        known |= zip(missing, await self.embed(missing), strict=True) if missing else {}
        async with self.db.transaction() as tx:
            await self.replace(tx, data, [known[text] for text in data["chunks"]])


class KeepsTuples(Index):
    """Stores each vector as a tuple."""

    async def write(self, rows: Any, data: Fields, vectors: list[Any]) -> None:
        await super().write(rows, data, [tuple(vector) for vector in vectors])


class ScansInside(Index):
    """Has no count of chunks: it scans for the old ones after it has read the version."""

    async def clear(self, rows: Any, doc: str, chunks: int) -> None:
        for key in await self.db.scan(f"chunk {doc} "):
            await rows.delete(key)


class StagesFirst(Index):
    """Writes its chunks aside one by one, and moves them in one transaction."""

    async def handle(self, event: Any) -> None:
        data = event.data
        staged = f"staged {data['doc']} {data['version']} "
        for n, text in enumerate(data["chunks"]):
            (vector,) = await self.embed([text])
            await self.db.put(f"{staged}{n}", vector)
        rows = await self.db.scan(staged)
        async with self.db.transaction() as tx:
            await self.replace(tx, data, [*rows.values()])


class KeysByVersion(Index):
    """Has the version in each key, and no head: chunk 0 of a document is asked for in all."""

    async def replace(self, tx: Any, data: Fields, vectors: list[Any]) -> None:
        first = await tx.get(f"chunk {data['doc']} 0", {"version": 0, "of": 0})
        if data["version"] <= first["version"]:
            return
        for n in range(max(first["of"], len(vectors))):
            key = f"chunk {data['doc']} {n}"
            if n >= len(vectors):
                await tx.delete(key)
                continue
            row = {"doc": data["doc"], "text": data["chunks"][n], "vector": vectors[n]}
            await tx.put(key, {**row, "version": data["version"], "of": len(vectors)})


class OneHeadForAll(Index):
    """One row has the versions of all documents."""

    async def replace(self, tx: Any, data: Fields, vectors: list[Any]) -> None:
        heads = await tx.get("heads", {})
        version, keys = heads.get(data["doc"], (0, []))
        if data["version"] > version:
            for key in keys:
                await tx.delete(key)
            await self.write(tx, data, vectors)
            keys = [self.key(data["doc"], n, text) for n, text in enumerate(data["chunks"])]
            await tx.put("heads", {**heads, data["doc"]: [data["version"], keys]})

    def key(self, doc: str, n: int, text: str) -> str:
        return f"chunk {text}, {n} of {doc}"


# --- upsert: wrong --------------------------------------------------------------------------------


class WritesWhatComes(Index):
    def is_newer(self, version: int, than: int) -> bool:
        return True


class NeverReads(Index):
    """Replaces all rows of the document by what comes, whatever its version."""

    async def replace(self, tx: Any, data: Fields, vectors: list[Any]) -> None:
        await self.clear(tx, data["doc"], 5)
        await self.write(tx, data, vectors)


class VersionInMemory(Index):
    def __init__(self, db: Any, embed: Any) -> None:
        super().__init__(db, embed)
        self.versions: dict[str, int] = {}

    async def replace(self, tx: Any, data: Fields, vectors: list[Any]) -> None:
        if data["version"] > self.versions.get(data["doc"], 0):
            await self.clear(tx, data["doc"], 5)
            await self.write(tx, data, vectors)
            self.versions[data["doc"]] = data["version"]


class SeenIds(Index):
    """Skips an event that it has seen, and writes any other."""

    async def replace(self, tx: Any, data: Fields, vectors: list[Any]) -> None:
        if await tx.insert(f"seen {data['doc']} {data['version']}"):
            await self.clear(tx, data["doc"], 5)
            await self.write(tx, data, vectors)


class LooksBeforeItEmbeds(Index):
    async def handle(self, event: Any) -> None:
        data = event.data
        head = await self.db.get(self.head(data), {"version": 0, "chunks": 0})
        if data["version"] <= head["version"]:
            return
        vectors = await self.embed(data["chunks"])
        async with self.db.transaction() as tx:
            await self.clear(tx, data["doc"], 5)
            await self.write(tx, data, vectors)
            await tx.put(self.head(data), {"version": data["version"], "chunks": 0})


class ReadCommitted(Index):
    async def handle(self, event: Any) -> None:
        vectors = await self.embed(event.data["chunks"])
        async with self.db.transaction("read committed") as tx:
            await self.replace(tx, event.data, vectors)


class LooksOutside(Index):
    """Reads the version right before its transaction."""

    async def handle(self, event: Any) -> None:
        data = event.data
        vectors = await self.embed(data["chunks"])
        head = await self.db.get(self.head(data), {"version": 0, "chunks": 0})
        async with self.db.transaction() as tx:
            if data["version"] > head["version"]:
                await self.clear(tx, data["doc"], 5)
                await self.write(tx, data, vectors)
                await tx.put(self.head(data), {"version": data["version"], "chunks": 0})


class TakesAnyOther(Index):
    def is_newer(self, version: int, than: int) -> bool:
        return version != than


class TakesTheOlder(Index):
    def is_newer(self, version: int, than: int) -> bool:
        return not than or version < than


class WantsTheNext(Index):
    def is_newer(self, version: int, than: int) -> bool:
        return not than or version == than + 1


class ComparesTexts(Index):
    def is_newer(self, version: int, than: int) -> bool:
        return str(version) > str(than)


class FirstStays(Index):
    def is_newer(self, version: int, than: int) -> bool:
        return not than


class RaisesAtTheOld(Index):
    """Takes what is out of date for an error, so it comes again."""

    def is_newer(self, version: int, than: int) -> bool:
        if version < than:
            raise ValueError("out of date")
        return version > than


class OneByOne(Index):
    """Each row is a write of its own."""

    async def handle(self, event: Any) -> None:
        vectors = await self.embed(event.data["chunks"])
        await self.replace(self.db, event.data, vectors)


class DeletesThenWrites(Index):
    """One transaction deletes, and another one writes."""

    async def handle(self, event: Any) -> None:
        data = event.data
        vectors = await self.embed(data["chunks"])
        async with self.db.transaction() as tx:
            head = await tx.get(self.head(data), {"version": 0, "chunks": 0})
            if data["version"] <= head["version"]:
                return
            await self.clear(tx, data["doc"], head["chunks"])
        async with self.db.transaction() as tx:
            await self.write(tx, data, vectors)
            await tx.put(
                self.head(data), {"version": data["version"], "chunks": len(data["chunks"])}
            )


class WritesThenDeletes(Index):
    """Writes the new chunks in one transaction, and deletes what is left over in another one."""

    async def handle(self, event: Any) -> None:
        data = event.data
        vectors = await self.embed(data["chunks"])
        async with self.db.transaction() as tx:
            head = await tx.get(self.head(data), {"version": 0})
            if data["version"] <= head["version"]:
                return
            await self.write(tx, data, vectors)
            await tx.put(self.head(data), {"version": data["version"]})
        for key in await self.db.scan(f"chunk {data['doc']} "):
            if int(key.split()[-1]) >= len(vectors):
                await self.db.delete(key)


class LeavesTheOld(Index):
    async def clear(self, rows: Any, doc: str, chunks: int) -> None:
        """Overwrite what has the same number."""


class LeavesTheLast(Index):
    async def clear(self, rows: Any, doc: str, chunks: int) -> None:
        await super().clear(rows, doc, chunks - 1)


class ScansBefore(Index):
    """Scans for the old chunks before it reads the version in its transaction."""

    async def handle(self, event: Any) -> None:
        data = event.data
        vectors = await self.embed(data["chunks"])
        old = await self.db.scan(f"chunk {data['doc']} ")
        async with self.db.transaction() as tx:
            if data["version"] > await tx.get(self.head(data), 0):
                for key in old:
                    await tx.delete(key)
                await self.write(tx, data, vectors)
                await tx.put(self.head(data), data["version"])


class CountsOutside(Index):
    """Reads version and count right before its transaction, and goes by both."""

    async def handle(self, event: Any) -> None:
        data = event.data
        head = await self.db.get(self.head(data), {"version": 0, "chunks": 0})
        vectors = await self.embed(data["chunks"])
        if data["version"] > head["version"]:
            async with self.db.transaction() as tx:
                await self.clear(tx, data["doc"], head["chunks"])
                await self.write(tx, data, vectors)
                now = {"version": data["version"], "chunks": len(vectors)}
                await tx.put(self.head(data), now)


class EmbedsTheFirstAlone(Index):
    """Has one vector, and zip() ends with it."""

    async def write(self, rows: Any, data: Fields, vectors: list[Any]) -> None:
        first = data | {"chunks": data["chunks"][:1]}
        await super().write(rows, first, vectors[:1])


class ScansNamesThatBeginSo(Index):
    """Its prefix has no end, so it finds the chunks of a longer name, too."""

    async def clear(self, rows: Any, doc: str, chunks: int) -> None:
        for key in await self.db.scan(f"chunk {doc}"):
            await rows.delete(key)


class NoVectors(Index):
    async def write(self, rows: Any, data: Fields, vectors: list[Any]) -> None:
        await super().write(rows, data, [None] * len(vectors))


class NewIdsEachTime(Index):
    """Numbers its chunks on and on, and refuses only what is older."""

    async def replace(self, tx: Any, data: Fields, vectors: list[Any]) -> None:
        head = await tx.get(self.head(data), {"version": 0, "keys": []})
        if data["version"] < head["version"]:
            return
        keys = [] if data["version"] == head["version"] else head["keys"]
        for key in keys:
            await tx.delete(key)
        new = []
        for text, vector in zip(data["chunks"], vectors, strict=True):
            new.append(f"chunk {await tx.add('ids', 1)}")
            await tx.put(new[-1], {"doc": data["doc"], "text": text, "vector": vector})
        await tx.put(self.head(data), {"version": data["version"], "keys": new})


class KeysByText(Index):
    async def replace(self, tx: Any, data: Fields, vectors: list[Any]) -> None:
        head = await tx.get(self.head(data), {"version": 0, "keys": []})
        if data["version"] <= head["version"]:
            return
        for key in head["keys"]:
            await tx.delete(key)
        await self.write(tx, data, vectors)
        keys = [self.key(data["doc"], n, text) for n, text in enumerate(data["chunks"])]
        await tx.put(self.head(data), {"version": data["version"], "keys": keys})

    def key(self, doc: str, n: int, text: str) -> str:
        return f"chunk {doc} {text}"


class SharesChunks(KeysByText):
    def key(self, doc: str, n: int, text: str) -> str:
        return f"chunk {text} {n}"


class NumbersAlone(Index):
    def key(self, doc: str, n: int, text: str) -> str:
        return f"chunk {n}"


class DeletesAllChunks(Index):
    async def clear(self, rows: Any, doc: str, chunks: int) -> None:
        for key in await self.db.scan("chunk "):
            await rows.delete(key)


class MarksFirst(Index):
    """Notes the version, and then replaces the chunks in one transaction."""

    async def handle(self, event: Any) -> None:
        data = event.data
        async with self.db.transaction() as tx:
            head = await tx.get(self.head(data), {"version": 0, "chunks": 0})
            if data["version"] <= head["version"]:
                return
            await tx.put(self.head(data), {"version": data["version"], "chunks": 0})
        vectors = await self.embed(data["chunks"])
        async with self.db.transaction() as tx:
            if (await tx.get(self.head(data)))["version"] == data["version"]:
                await self.clear(tx, data["doc"], 5)
                await self.write(tx, data, vectors)


class InsertsASeenRow(Index):
    """Marks the event as seen before it does the work."""

    async def handle(self, event: Any) -> None:
        if await self.db.insert(f"seen {event.id}"):
            await super().handle(event)


class OneVersion(Index):
    def head(self, data: Fields) -> str:
        return "version"


class Swallows(Index):
    async def handle(self, event: Any) -> None:
        with suppress(Conflict):
            await super().handle(event)


class SwapsVectors(Index):
    async def write(self, rows: Any, data: Fields, vectors: list[Any]) -> None:
        await super().write(rows, data, [*reversed(vectors)])


class OneVectorForAll(Index):
    async def handle(self, event: Any) -> None:
        data = event.data
        vectors = await self.embed([" ".join(data["chunks"])])
        async with self.db.transaction() as tx:
            await self.replace(tx, data, vectors * len(data["chunks"]))


class NoDoc(Index):
    async def write(self, rows: Any, data: Fields, vectors: list[Any]) -> None:
        for n, text in enumerate(data["chunks"]):
            await rows.put(self.key(data["doc"], n, text), {"text": text, "vector": vectors[n]})


class OtherKeys(Index):
    def key(self, doc: str, n: int, text: str) -> str:
        return f"{doc} {n}"


class VersionAfterwards(Index):
    """Writes the version's row in a write of its own, after the chunks."""

    async def handle(self, event: Any) -> None:
        data = event.data
        vectors = await self.embed(data["chunks"])
        async with self.db.transaction() as tx:
            if data["version"] <= await tx.get(self.head(data), 0):
                return
            await self.clear(tx, data["doc"], 5)
            await self.write(tx, data, vectors)
        await self.db.put(self.head(data), data["version"])


class DeletesTheVersionBefore(Index):
    """Has the version in its keys, and deletes the version below its own."""

    async def replace(self, tx: Any, data: Fields, vectors: list[Any]) -> None:
        if data["version"] > await tx.get(self.head(data), 0):
            for n in range(5):
                await tx.delete(f"chunk {data['doc']} {data['version'] - 1} {n}")
            for n, text in enumerate(data["chunks"]):
                row = {"doc": data["doc"], "text": text, "vector": vectors[n]}
                await tx.put(f"chunk {data['doc']} {data['version']} {n}", row)
            await tx.put(self.head(data), data["version"])


class LosesItsRace(Index):
    """Takes a compare-and-set that fails for the end of its work."""

    async def handle(self, event: Any) -> None:
        data = event.data
        vectors = await self.embed(data["chunks"])
        old = await self.db.get(self.head(data), 0)
        if data["version"] <= old:
            return
        if not await self.db.compare_and_set(self.head(data), old or None, data["version"]):
            return
        async with self.db.transaction() as tx:
            await self.clear(tx, data["doc"], 5)
            await self.write(tx, data, vectors)


class DropsDoubles(Index):
    """Sorts the texts, and leaves out what it has already."""

    async def handle(self, event: Any) -> None:
        event.data["chunks"] = sorted(set(event.data["chunks"]))
        await super().handle(event)


class OneRowForAllChunks(Index):
    async def write(self, rows: Any, data: Fields, vectors: list[Any]) -> None:
        row = {"doc": data["doc"], "text": data["chunks"], "vector": vectors}
        await rows.put(self.key(data["doc"], 0, ""), row)


class LockRow(Index):
    """Holds a lock while it works, and a crash leaves it locked."""

    async def handle(self, event: Any) -> None:
        if not await self.db.insert(f"lock {event.data['doc']}"):
            raise Conflict("somebody else is at it")
        try:
            await super().handle(event)
        finally:
            await self.db.delete(f"lock {event.data['doc']}")


class MarksWhatIsDone(Index):
    """Right: notes an event after its work, to skip a repeat, and compares versions besides."""

    async def handle(self, event: Any) -> None:
        if not await self.db.get(f"done {event.id}"):
            await super().handle(event)
            await self.db.put(f"done {event.id}", True)


# --- tombstone: right -----------------------------------------------------------------------------

WEEK = 7 * 86_400
NONE = {"version": 0}


class Docs:
    """As the solution does it, in parts that the wrong ones change."""

    def __init__(self, db: Any) -> None:
        self.db = db

    async def handle(self, event: Any) -> None:
        doc, version, text = (event.data[name] for name in ("doc", "version", "text"))
        async with self.db.transaction() as tx:
            chunk = await tx.get(f"chunk {doc}", NONE)
            grave = await tx.get(f"tombstone {doc}", NONE)
            if not self.is_newer(version, chunk["version"], grave["version"], text):
                return
            if text is None:
                await self.delete(tx, doc, version, chunk)
            else:
                await tx.put(f"chunk {doc}", {"version": version, "text": text})

    def is_newer(self, version: int, chunk: int, grave: int, text: Any) -> bool:
        return version > max(chunk, grave)

    async def delete(self, tx: Any, doc: str, version: int, chunk: Fields) -> None:
        await tx.delete(f"chunk {doc}")
        await tx.put(f"tombstone {doc}", {"version": version, "at": clock()})

    async def purge(self, now: float) -> None:
        for key in await self.db.scan("tombstone "):
            async with self.db.transaction() as tx:
                grave = await tx.get(key)
                if grave is not None and self.is_over(grave["at"], now):
                    await tx.delete(key)

    def is_over(self, at: float, now: float) -> bool:
        return now - at > WEEK


class OneRow(Docs):
    """The tombstone takes the place of the text."""

    async def handle(self, event: Any) -> None:
        doc, version, text = (event.data[name] for name in ("doc", "version", "text"))
        async with self.db.transaction() as tx:
            row = await tx.get(doc, NONE)
            if version > row["version"]:
                rest = {"gone": clock()} if text is None else {"text": text}
                await tx.put(doc, {"version": version, **rest})

    async def purge(self, now: float) -> None:
        async with self.db.transaction() as tx:
            for key, row in (await self.db.scan()).items():
                if "gone" in row and now > row["gone"] + WEEK and await tx.get(key) == row:
                    await tx.delete(key)


class KeepsItsDate(Docs):
    """A repeat of the deletion, or of what it deletes, makes the tombstone young again."""

    async def handle(self, event: Any) -> None:
        doc, version = event.data["doc"], event.data["version"]
        async with self.db.transaction() as tx:
            grave = await tx.get(f"tombstone {doc}", NONE)
            if version <= grave["version"]:
                await tx.put(f"tombstone {doc}", {**grave, "at": clock()})
                return
        await super().handle(event)


class LiftsItForTheNew(Docs):
    """A new text takes the tombstone away: from then on, the text's version guards."""

    async def handle(self, event: Any) -> None:
        doc, version, text = (event.data[name] for name in ("doc", "version", "text"))
        async with self.db.transaction() as tx:
            chunk = await tx.get(f"chunk {doc}", NONE)
            grave = await tx.get(f"tombstone {doc}", NONE)
            if version <= max(chunk["version"], grave["version"]):
                return
            await tx.delete(f"tombstone {doc}")
            if text is None:
                await self.delete(tx, doc, version, chunk)
            else:
                await tx.put(f"chunk {doc}", {"version": version, "text": text})


class PurgesByComparing(Docs):
    """Deletes a tombstone by a compare-and-set, and then the empty row."""

    async def purge(self, now: float) -> None:
        for key, grave in (await self.db.scan("tombstone ")).items():
            if grave["at"] + WEEK + 1 < now:
                async with self.db.transaction() as tx:
                    if await tx.get(key) == grave:
                        await tx.delete(key)


class ListOfGraves(Docs):
    """All tombstones are in one row."""

    async def handle(self, event: Any) -> None:
        doc, version, text = (event.data[name] for name in ("doc", "version", "text"))
        async with self.db.transaction() as tx:
            graves = await tx.get("graves", {})
            chunk = await tx.get(f"chunk {doc}", NONE)
            if version <= max(chunk["version"], graves.get(doc, [0])[0]):
                return
            if text is not None:
                await tx.put(f"chunk {doc}", {"version": version, "text": text})
                return
            await tx.delete(f"chunk {doc}")
            await tx.put("graves", {**graves, doc: [version, clock()]})

    async def purge(self, now: float) -> None:
        async with self.db.transaction() as tx:
            graves = await tx.get("graves", {})
            left = {doc: grave for doc, grave in graves.items() if now - grave[1] <= WEEK}
            await tx.put("graves", left)


class TwoSteps(Docs):
    """Deletes the text, and once more together with a tombstone: the second step is enough."""

    async def handle(self, event: Any) -> None:
        await super().handle(event)
        doc, version, text = (event.data[name] for name in ("doc", "version", "text"))
        async with self.db.transaction() as tx:
            grave = await tx.get(f"tombstone {doc}", NONE)
            chunk = await tx.get(f"chunk {doc}", NONE)
            if text is None and version > max(grave["version"], chunk["version"]):
                await Docs.delete(self, tx, doc, version, chunk)

    async def delete(self, tx: Any, doc: str, version: int, chunk: Fields) -> None:
        await tx.delete(f"chunk {doc}")


# --- tombstone: wrong -----------------------------------------------------------------------------


class NoGrave(Docs):
    async def delete(self, tx: Any, doc: str, version: int, chunk: Fields) -> None:
        await tx.delete(f"chunk {doc}")


class GraveForWhatIsThere(Docs):
    async def delete(self, tx: Any, doc: str, version: int, chunk: Fields) -> None:
        if chunk["version"]:
            await super().delete(tx, doc, version, chunk)


class NeverLooks(Docs):
    def is_newer(self, version: int, chunk: int, grave: int, text: Any) -> bool:
        return version > chunk

    async def handle(self, event: Any) -> None:
        doc, version, text = (event.data[name] for name in ("doc", "version", "text"))
        async with self.db.transaction() as tx:
            chunk = await tx.get(f"chunk {doc}", NONE)
            if version > chunk["version"]:
                if text is None:
                    await self.delete(tx, doc, version, chunk)
                else:
                    await tx.put(f"chunk {doc}", {"version": version, "text": text})


class LooksInVain(Docs):
    def is_newer(self, version: int, chunk: int, grave: int, text: Any) -> bool:
        return version > chunk


class LooksOutsideOfIt(Docs):
    async def handle(self, event: Any) -> None:
        doc, version, text = (event.data[name] for name in ("doc", "version", "text"))
        grave = await self.db.get(f"tombstone {doc}", NONE)
        async with self.db.transaction() as tx:
            chunk = await tx.get(f"chunk {doc}", NONE)
            if version > max(chunk["version"], grave["version"]):
                if text is None:
                    await self.delete(tx, doc, version, chunk)
                else:
                    await tx.put(f"chunk {doc}", {"version": version, "text": text})


class BuriesTheTextsVersion(Docs):
    """The tombstone has the version of the text that was there."""

    async def delete(self, tx: Any, doc: str, version: int, chunk: Fields) -> None:
        await tx.delete(f"chunk {doc}")
        await tx.put(f"tombstone {doc}", {"version": chunk["version"], "at": clock()})


class LowersIt(Docs):
    def is_newer(self, version: int, chunk: int, grave: int, text: Any) -> bool:
        return version > chunk if text is None else version > max(chunk, grave)


class DeletesWhatever(Docs):
    def is_newer(self, version: int, chunk: int, grave: int, text: Any) -> bool:
        return version > (grave if text is None else max(chunk, grave))


class ForEver(Docs):
    def is_newer(self, version: int, chunk: int, grave: int, text: Any) -> bool:
        return version > grave if text is None else not grave and version > chunk


class KeepsNoOrder(Docs):
    def is_newer(self, version: int, chunk: int, grave: int, text: Any) -> bool:
        return version > grave and (text is not None or version > chunk)


class Hides(Docs):
    async def delete(self, tx: Any, doc: str, version: int, chunk: Fields) -> None:
        await tx.put(f"chunk {doc}", {**chunk, "version": version, "deleted": True})
        await tx.put(f"tombstone {doc}", {"version": version, "at": clock()})


class KeepsACopy(Docs):
    """Keeps the text in the tombstone, in case somebody wants it back."""

    async def delete(self, tx: Any, doc: str, version: int, chunk: Fields) -> None:
        await tx.delete(f"chunk {doc}")
        await tx.put(f"tombstone {doc}", {"version": version, "at": clock(), "was": chunk})


class DeletesAtThePurge(Docs):
    """Leaves the text to the next purge."""

    async def delete(self, tx: Any, doc: str, version: int, chunk: Fields) -> None:
        await tx.put(f"tombstone {doc}", {"version": version, "at": clock()})

    async def purge(self, now: float) -> None:
        for key in await self.db.scan("tombstone "):
            await self.db.delete(f"chunk {key.split()[1]}")
        await super().purge(now)


class PurgesAll(Docs):
    def is_over(self, at: float, now: float) -> bool:
        return True


class PurgesAfterSixDays(Docs):
    def is_over(self, at: float, now: float) -> bool:
        return now - at > 5 * 86_400


class CountsInHours(Docs):
    def is_over(self, at: float, now: float) -> bool:
        return now - at > 7 * 24


class SwapsTheTwo(Docs):
    def is_over(self, at: float, now: float) -> bool:
        return at - now < WEEK


class NeverPurges(Docs):
    async def purge(self, now: float) -> None:
        await self.db.scan("tombstone ")


class PurgesTooLittle(Docs):
    def is_over(self, at: float, now: float) -> bool:
        return now - at > 30 * 86_400


class PurgesByItsScan(Docs):
    async def purge(self, now: float) -> None:
        for key, grave in (await self.db.scan("tombstone ")).items():
            if now - grave["at"] > WEEK:
                await self.db.delete(key)


class PurgesOldTexts(Docs):
    async def purge(self, now: float) -> None:
        await super().purge(now)
        for key in await self.db.scan("chunk "):
            if now > 2 * WEEK:
                await self.db.delete(key)


class SwallowsIt(Docs):
    async def handle(self, event: Any) -> None:
        with suppress(Conflict):
            await super().handle(event)


class GraveOnce(Docs):
    """Writes the tombstone by itself; a repeat finds it, and returns."""

    async def handle(self, event: Any) -> None:
        doc, version, text = (event.data[name] for name in ("doc", "version", "text"))
        async with self.db.transaction() as tx:
            chunk = await tx.get(f"chunk {doc}", NONE)
            grave = await tx.get(f"tombstone {doc}", NONE)
            if version <= max(chunk["version"], grave["version"]):
                return
            if text is None:
                await tx.put(f"tombstone {doc}", {"version": version, "at": clock()})
            else:
                await tx.put(f"chunk {doc}", {"version": version, "text": text})
        if text is None:
            await self.db.delete(f"chunk {doc}")


class RaisesAtTheDeleted(Docs):
    def is_newer(self, version: int, chunk: int, grave: int, text: Any) -> bool:
        if version < grave:
            raise ValueError(f"deleted at version {grave}")
        return version > max(chunk, grave)


class DeletesThenBuries(Docs):
    """One transaction deletes the text, and a write of its own puts the tombstone."""

    async def handle(self, event: Any) -> None:
        doc, version, text = (event.data[name] for name in ("doc", "version", "text"))
        async with self.db.transaction() as tx:
            chunk = await tx.get(f"chunk {doc}", NONE)
            grave = await tx.get(f"tombstone {doc}", NONE)
            if version <= max(chunk["version"], grave["version"]):
                return
            if text is not None:
                await tx.put(f"chunk {doc}", {"version": version, "text": text})
                return
            await tx.delete(f"chunk {doc}")
        await self.db.put(f"tombstone {doc}", {"version": version, "at": clock()})


class OneGraveIsEnough(Docs):
    """As long as there is a tombstone, a later deletion leaves none."""

    def is_newer(self, version: int, chunk: int, grave: int, text: Any) -> bool:
        return version > max(chunk, grave) and not (text is None and grave and not chunk)


class DatesByTheFirst(Docs):
    """A tombstone that is raised keeps the time of the first deletion."""

    async def delete(self, tx: Any, doc: str, version: int, chunk: Fields) -> None:
        grave = await tx.get(f"tombstone {doc}", NONE)
        await tx.delete(f"chunk {doc}")
        at = grave.get("at", clock())
        await tx.put(f"tombstone {doc}", {"version": version, "at": at})


class LiftsItForAnything(Docs):
    """Any event of the document takes its tombstone away, after it was refused by it."""

    async def handle(self, event: Any) -> None:
        doc, text = event.data["doc"], event.data["text"]
        grave = await self.db.get(f"tombstone {doc}", NONE)
        if text is not None and event.data["version"] <= grave["version"]:
            await self.db.delete(f"tombstone {doc}")
            return
        await super().handle(event)


class GravesInMemory(Docs):
    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self.graves: dict[str, int] = {}

    def is_newer(self, version: int, chunk: int, grave: int, text: Any) -> bool:
        return version > chunk

    async def handle(self, event: Any) -> None:
        if event.data["version"] > self.graves.get(event.data["doc"], 0):
            await super().handle(event)

    async def delete(self, tx: Any, doc: str, version: int, chunk: Fields) -> None:
        await tx.delete(f"chunk {doc}")
        self.graves[doc] = version

    async def purge(self, now: float) -> None:
        self.graves.clear()


class EmptiesTheText(Docs):
    """A deletion is an empty text, which stays."""

    async def delete(self, tx: Any, doc: str, version: int, chunk: Fields) -> None:
        await tx.put(f"chunk {doc}", {"version": version, "text": ""})


class DeletesFirst(Docs):
    """A deletion is carried out whatever there is, and replaces any tombstone."""

    async def handle(self, event: Any) -> None:
        doc, version, text = (event.data[name] for name in ("doc", "version", "text"))
        if text is not None:
            return await super().handle(event)
        await self.db.delete(f"chunk {doc}")
        await self.db.put(f"tombstone {doc}", {"version": version, "at": clock()})


class PurgesItsScanAtOnce(Docs):
    """All that the scan found is deleted in one transaction, which reads nothing."""

    async def purge(self, now: float) -> None:
        graves = await self.db.scan("tombstone ")
        async with self.db.transaction() as tx:
            for key, grave in graves.items():
                if now - grave["at"] > WEEK:
                    await tx.delete(key)


class KeepsAHistory(Docs):
    async def handle(self, event: Any) -> None:
        data = event.data
        if data["text"] is not None:
            await self.db.put(f"history {data['doc']} {data['version']}", data["text"])
        await super().handle(event)


class PurgesWithTheText(Docs):
    """When a tombstone is over, whatever is left of the document goes with it."""

    async def purge(self, now: float) -> None:
        for key in await self.db.scan("tombstone "):
            async with self.db.transaction() as tx:
                if now - (await tx.get(key, {"at": now}))["at"] > WEEK:
                    await tx.delete(key)
                    await tx.delete(f"chunk {key.split()[1]}")


class CountsPurges(Docs):
    """Keeps no time: a tombstone lasts for two purges."""

    async def delete(self, tx: Any, doc: str, version: int, chunk: Fields) -> None:
        await tx.delete(f"chunk {doc}")
        await tx.put(f"tombstone {doc}", {"version": version, "purges": 0})

    async def purge(self, now: float) -> None:
        for key in await self.db.scan("tombstone "):
            async with self.db.transaction() as tx:
                grave = await tx.get(key)
                if grave is not None and grave["purges"] == 2:
                    await tx.delete(key)
                elif grave is not None:
                    await tx.put(key, {**grave, "purges": grave["purges"] + 1})


# --- audit: right ---------------------------------------------------------------------------------


def oracle(run: Any) -> str | None:
    """As the solution does it."""
    gone = []
    for step in run:
        if step.did == "delete":
            gone.append(step)
        for each in gone:
            for index in (step.old, step.new):
                if step.at - each.at > 60 and 0 < index.get(each.doc, 0) <= each.version:
                    return f"at {step.at:g} s {each.doc} is back"
    return None


def with_asserts(run: Any) -> None:
    for n, step in enumerate(run):
        for each in run[:n]:
            if each.did == "delete" and step.at > each.at + 60:
                for index in (step.old, step.new):
                    assert index.get(each.doc, each.version + 1) > each.version, each.doc


def by_the_highest(run: Any) -> str | None:
    """Keeps the highest version that was deleted a minute ago, of each document."""
    waiting, banned = [], dict[str, int]()
    for step in run:
        if step.did == "delete":
            waiting.append(step)
        while waiting and waiting[0].at + 60 < step.at:
            each = waiting.pop(0)
            banned[each.doc] = max(each.version, banned.get(each.doc, 0))
        for doc, version in [*step.old.items(), *step.new.items()]:
            if version <= banned.get(doc, 0):
                return f"{doc} {version}"
    return None


def all_at_once(run: Any) -> list[str]:
    return [
        f"{a.doc} at {b.at}"
        for a in run
        for b in run
        for index in (b.old, b.new)
        if a.did == "delete" and b.at > a.at + 60 and index.get(a.doc, 99) <= a.version
    ]


# --- audit: wrong ---------------------------------------------------------------------------------


def judge(
    run: Any,
    looks: Any = lambda step: True,
    indexes: Any = lambda step: (step.old, step.new),
    forgets: Any = lambda step, each: False,
    counts: Any = lambda step, gone: True,
    bad: Any = lambda step, each, version: step.at - each.at > 60 and version <= each.version,
) -> str | None:
    """Judge by the rule, of which any part may be another one."""
    gone: list[Any] = []
    for step in run:
        gone = [each for each in gone if not forgets(step, each)]
        if step.did == "delete" and counts(step, gone):
            gone.append(step)
        for each in gone if looks(step) else []:
            for index in indexes(step):
                version = index.get(each.doc, 0)
                if version and bad(step, each, version):
                    return f"{each.doc} {version} at {step.at:g} s"
    return None


def never_complains(run: Any) -> str | None:
    return "no steps" if not run else None


def says_ok(run: Any) -> str:
    return judge(run) or "ok"


def at_the_end(run: Any) -> str | None:
    return judge(run, looks=lambda step: step is run[-1])


def old_alone(run: Any) -> str | None:
    return judge(run, indexes=lambda step: [step.old])


def new_alone(run: Any) -> str | None:
    return judge(run, indexes=lambda step: [step.new])


def both_at_once(run: Any) -> str | None:
    return judge(run, indexes=lambda step: [{d: v for d, v in step.old.items() if d in step.new}])


def forgets_at_a_purge(run: Any) -> str | None:
    return judge(run, forgets=lambda step, each: step.did == "purge")


def forgets_at_a_write(run: Any) -> str | None:
    def newer(step: Any, each: Any) -> bool:
        return bool(step.did == "write" and step.doc == each.doc and step.version > each.version)

    return judge(run, forgets=newer)


def first_deletion(run: Any) -> str | None:
    return judge(run, counts=lambda step, gone: step.doc not in {each.doc for each in gone})


def first_document(run: Any) -> str | None:
    def same(step: Any, gone: Any) -> bool:
        return not gone or step.doc == gone[0].doc

    return judge(run, counts=same)


def tea_alone(run: Any) -> str | None:
    return judge(run, counts=lambda step, gone: step.doc == "tea")


def no_grace(run: Any) -> str | None:
    return judge(run, bad=lambda step, each, version: version <= each.version)


def long_grace(run: Any) -> str | None:
    return judge(
        run, bad=lambda step, each, version: step.at > each.at + 100 and version <= each.version
    )


def any_version(run: Any) -> str | None:
    return judge(run, bad=lambda step, each, version: step.at > each.at + 60)


def first_look(run: Any) -> str | None:
    return judge(run, bad=lambda step, each, v: 60 < step.at - each.at < 100 and v <= each.version)


def looks_alone(run: Any) -> str | None:
    """Judges what is seen at a look, and not what is seen right after a command."""
    return judge(run, looks=lambda step: step.did == "look")


def what_was_seen(run: Any) -> str | None:
    def seen_before(step: Any, each: Any, version: int) -> bool:
        before = [i.get(each.doc) for s in run if s.at < each.at for i in (s.old, s.new)]
        return step.at > each.at + 60 and version <= each.version and version in before

    return judge(run, bad=seen_before)


def wants_it_back(run: Any) -> str | None:
    """Complains, too, of a new document that isn't seen at once."""
    for step in run:
        if step.did == "write" and step.doc not in step.old:
            return f"{step.doc} isn't there"
    return judge(run)


def no_such_field(run: Any) -> str | None:
    return judge(run, indexes=lambda step: [step.sees])


def newest_deletion(run: Any) -> str | None:
    """Keeps of each document the deletion that came last, even if its version is lower."""

    def replaced(step: Any, each: Any) -> bool:
        return bool(step.did == "delete" and step.doc == each.doc)

    return judge(run, forgets=replaced)


def highest_deletion(run: Any) -> str | None:
    """Keeps of each document the highest deletion alone, with its time."""

    def replaced(step: Any, each: Any) -> bool:
        deletes = step.did == "delete" and step.doc == each.doc
        return bool(deletes and step.version >= each.version)

    return judge(run, forgets=replaced)


def last_deletion(run: Any) -> str | None:
    return judge(run, forgets=lambda step, each: step.did == "delete")


def highest_of_both(run: Any) -> str | None:
    """Looks at the higher of the two versions that are seen."""

    def higher(step: Any) -> list[Fields]:
        docs = {*step.old, *step.new}
        return [{doc: max(step.old.get(doc, 0), step.new.get(doc, 0)) for doc in docs}]

    return judge(run, indexes=higher)


def forgets_at_anothers_write(run: Any) -> str | None:
    return judge(run, forgets=lambda step, each: step.did == "write" and step.doc != each.doc)


def forgets_at_its_write(run: Any) -> str | None:
    return judge(run, forgets=lambda step, each: step.did == "write" and step.doc == each.doc)


def five_minutes(run: Any) -> str | None:
    return judge(run, bad=lambda step, each, v: 60 < step.at - each.at < 400 and v <= each.version)


def the_very_version(run: Any) -> str | None:
    return judge(
        run, bad=lambda step, each, v: step.at - each.at > 60 and v in (1, each.version - 1)
    )


def below_alone(run: Any) -> str | None:
    return judge(run, bad=lambda step, each, v: step.at - each.at > 60 and v < each.version)


def grace_of_fifty(run: Any) -> str | None:
    return judge(run, bad=lambda step, each, v: step.at - each.at >= 50 and v <= each.version)


def both_alike(run: Any) -> str | None:
    """Complains, too, if the two indexes show different things."""
    apart = next((step for step in run if step.old != step.new), None)
    return judge(run) or (f"they differ at {apart.at:g} s" if apart else None)


def takes_it_for_there(run: Any) -> str | None:
    gone = {step.doc: step.version for step in run if step.did == "delete"}
    return "wrong" if any(step.old[doc] <= gone[doc] for step in run for doc in gone) else None


MISTAKES = [
    Mistake("upsert", WritesWhatComes, "compares otherwise", faults=0),
    Mistake("upsert", NeverReads, "last writer wins", faults=0),
    Mistake("upsert", VersionInMemory, "last writer wins", faults=0),
    Mistake("upsert", SeenIds, "last writer wins", faults=0),
    Mistake("upsert", LooksBeforeItEmbeds, "check outside", faults=1),
    Mistake("upsert", ReadCommitted, "check outside", faults=1),
    Mistake("upsert", LooksOutside, "check outside", faults=1),
    Mistake("upsert", TakesAnyOther, "compares otherwise", faults=0),
    Mistake("upsert", TakesTheOlder, "refuses what is newer", faults=0),
    Mistake("upsert", WantsTheNext, "refuses what is newer", faults=0),
    Mistake("upsert", ComparesTexts, "refuses what is newer", faults=0),
    Mistake("upsert", FirstStays, "refuses what is newer", faults=0),
    Mistake("upsert", RaisesAtTheOld, "never ends", faults=2),
    Mistake("upsert", OneByOne, "in several steps", faults=0),
    Mistake("upsert", DeletesThenWrites, "in several steps", faults=0),
    Mistake("upsert", WritesThenDeletes, "in several steps", faults=0),
    Mistake("upsert", LeavesTheOld, "strays", faults=0),
    Mistake("upsert", LeavesTheLast, "strays", faults=0),
    Mistake("upsert", ScansBefore, "knows only what it saw", faults=1),
    Mistake("upsert", CountsOutside, "knows only what it saw", faults=0),
    Mistake("upsert", EmbedsTheFirstAlone, "leaves chunks out", faults=0),
    Mistake("upsert", ScansNamesThatBeginSo, "touches another document", faults=0),
    Mistake("upsert", NoVectors, "another vector", faults=0),
    Mistake("upsert", NewIdsEachTime, "indexed twice", faults=1),
    Mistake("upsert", KeysByText, "one row for one text", faults=0, m=(17,)),
    Mistake("upsert", SharesChunks, "touches another document", faults=0),
    Mistake("upsert", NumbersAlone, "touches another document", faults=0),
    Mistake("upsert", DeletesAllChunks, "touches another document", faults=0),
    Mistake("upsert", MarksFirst, "marked before the effect", faults=1),
    Mistake("upsert", InsertsASeenRow, "marked before the effect", faults=1),
    Mistake("upsert", OneVersion, "one version for all", faults=0),
    Mistake("upsert", Swallows, "swallows the conflict", faults=1),
    Mistake("upsert", SwapsVectors, "another vector", faults=0),
    Mistake("upsert", OneVectorForAll, "another vector", faults=0),
    Mistake("upsert", NoDoc, "another form", faults=0),
    Mistake("upsert", OtherKeys, "another form", faults=0),
    Mistake("upsert", VersionAfterwards, "the version apart", faults=1),
    Mistake("upsert", DeletesTheVersionBefore, "strays", faults=0),
    Mistake("upsert", LosesItsRace, "swallows the conflict", faults=1),
    Mistake("upsert", DropsDoubles, "one row for one text", faults=0),
    Mistake("upsert", OneRowForAllChunks, "another form", faults=0),
    Mistake("upsert", LockRow, "nobody ends its wait", faults=1),
    Mistake("tombstone", GravesInMemory, "no tombstone", faults=1),
    Mistake("tombstone", EmptiesTheText, "kept for good", faults=0),
    Mistake("tombstone", DeletesFirst, "the tombstone falls", faults=0),
    Mistake("tombstone", PurgesItsScanAtOnce, "purges what it saw", faults=1),
    Mistake("tombstone", KeepsAHistory, "the text is left", faults=0),
    Mistake("tombstone", PurgesWithTheText, "purges what lives", faults=0),
    Mistake("tombstone", CountsPurges, "kept for good", faults=0),
    Mistake("tombstone", NoGrave, "no tombstone", faults=0),
    Mistake("tombstone", GraveForWhatIsThere, "no tombstone without a row", faults=0),
    Mistake("tombstone", NeverLooks, "nobody looks at it", faults=0),
    Mistake("tombstone", LooksInVain, "compares otherwise", faults=0),
    Mistake("tombstone", LooksOutsideOfIt, "check outside", faults=1),
    Mistake("tombstone", BuriesTheTextsVersion, "compares otherwise", faults=0),
    Mistake("tombstone", LowersIt, "the tombstone falls", faults=0),
    Mistake("tombstone", DeletesWhatever, "an old deletion deletes", faults=0),
    Mistake("tombstone", ForEver, "a deletion is for ever", faults=0),
    Mistake("tombstone", KeepsNoOrder, "last writer wins", faults=0),
    Mistake("tombstone", Hides, "the text is left", faults=0),
    Mistake("tombstone", KeepsACopy, "the text is left", faults=0),
    Mistake("tombstone", DeletesAtThePurge, "the text is left", faults=0),
    Mistake("tombstone", PurgesAll, "purged too early", faults=0),
    Mistake("tombstone", PurgesAfterSixDays, "purged too early", faults=0),
    Mistake("tombstone", CountsInHours, "purged too early", faults=0),
    Mistake("tombstone", SwapsTheTwo, "purged too early", faults=0),
    Mistake("tombstone", NeverPurges, "kept for good", faults=0),
    Mistake("tombstone", PurgesTooLittle, "kept for good", faults=0),
    Mistake("tombstone", PurgesByItsScan, "purges what it saw", faults=1),
    Mistake("tombstone", PurgesOldTexts, "purges what lives", faults=0),
    Mistake("tombstone", SwallowsIt, "swallows the conflict", faults=1),
    Mistake("tombstone", GraveOnce, "marked before the effect", faults=1),
    Mistake("tombstone", RaisesAtTheDeleted, "nobody ends its wait", faults=0),
    Mistake("tombstone", DeletesThenBuries, "the tombstone comes later", faults=1),
    Mistake("tombstone", OneGraveIsEnough, "no tombstone", faults=0),
    Mistake("tombstone", DatesByTheFirst, "purged too early", faults=0),
    Mistake("tombstone", LiftsItForAnything, "the tombstone is lifted", faults=0),
    Mistake("audit", never_complains, "never complains"),
    Mistake("audit", says_ok, "a text means right"),
    Mistake("audit", at_the_end, "the end is enough"),
    Mistake("audit", old_alone, "one index is enough"),
    Mistake("audit", new_alone, "one index is enough"),
    Mistake("audit", both_at_once, "one index is enough"),
    Mistake("audit", forgets_at_a_purge, "a purge is an excuse"),
    Mistake("audit", forgets_at_a_write, "a new version excuses old ones"),
    Mistake("audit", first_deletion, "one deletion is enough"),
    Mistake("audit", first_document, "one document is enough"),
    Mistake("audit", tea_alone, "one document is enough"),
    Mistake("audit", newest_deletion, "one deletion is enough"),
    Mistake("audit", highest_deletion, "one deletion is enough"),
    Mistake("audit", last_deletion, "one deletion is enough"),
    Mistake("audit", highest_of_both, "one index is enough"),
    Mistake("audit", forgets_at_anothers_write, "another document excuses it"),
    Mistake("audit", forgets_at_its_write, "a new version excuses old ones"),
    Mistake("audit", five_minutes, "a deletion expires"),
    Mistake("audit", the_very_version, "its own version is no harm"),
    Mistake("audit", below_alone, "its own version is no harm"),
    Mistake("audit", grace_of_fifty, "a lag is a return"),
    Mistake("audit", both_alike, "minds a right step"),
    Mistake("audit", takes_it_for_there, "raises"),
    Mistake("audit", no_such_field, "raises"),
    Mistake("audit", no_grace, "a lag is a return"),
    Mistake("audit", long_grace, "late is no harm"),
    Mistake("audit", any_version, "deleted once is deleted for ever"),
    Mistake("audit", first_look, "gone once, gone for good"),
    Mistake("audit", what_was_seen, "only what was seen returns"),
    Mistake("audit", wants_it_back, "minds a right step"),
    *genai_migration.MISTAKES,
]

RIGHT = [
    Right("upsert", Index),
    Right("upsert", TriesAgain),
    Right("upsert", EmbedsWhatIsNew),
    Right("upsert", ScansInside),
    Right("upsert", KeepsTuples),
    Right("upsert", StagesFirst),
    Right("upsert", KeysByVersion),
    Right("upsert", OneHeadForAll),
    Right("upsert", MarksWhatIsDone),
    Right("tombstone", Docs),
    Right("tombstone", OneRow),
    Right("tombstone", KeepsItsDate),
    Right("tombstone", LiftsItForTheNew),
    Right("tombstone", PurgesByComparing),
    Right("tombstone", ListOfGraves),
    Right("tombstone", TwoSteps),
    Right("audit", oracle),
    Right("audit", with_asserts),
    Right("audit", by_the_highest),
    Right("audit", all_at_once),
    Right("audit", looks_alone),
    *genai_migration.RIGHT,
]

CONSTANTS: list[Any] = [[], "tea 1"]
