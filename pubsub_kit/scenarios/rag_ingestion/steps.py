"""A document from its change to its visible chunks: what each part does, by the decisions.

    client ─▶ ingest ─▶ chunk ─▶ upsert ─▶ (provider) embed     remove      sweep
    the log ─▶ backfill ──┘        └─▶ flip                     query       switch

A document's *head* is the version that is current, and the models that its vectors come from. A
chunk is a row with its document, version, number, text, vector and the vector's model. Text becomes
chunks by `Ingestion.split`, and vectors come from whoever performs "embed": a real chunker, model
and index can take their places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pubsub_kit.patterns.ports import Conflict
from pubsub_kit.scenarios.rag_ingestion.vectors import Change, Vectors

Head = Mapping[str, Any]
MODELS = "the models"  # the row that says which model answers, and which one is being built
FIRST = "m1"  # the model that answers at the start
NO_HEAD: Head = {"version": 0, "models": []}


def words(text: str) -> list[str]:
    """Return one chunk for each word: a stand-in for a real chunker."""
    return text.split()


class Ingestion(Vectors):
    """The candidate's side: chunks and their ids, versions, deletion, a new model."""

    split: Callable[[str], Sequence[str]] = staticmethod(words)

    # -- a change ----------------------------------------------------------------------------------

    async def ingest(self, data: Change) -> None:
        """Take a new version of a document: `doc`, `version`, `text`."""
        self.record("accepted", f"{data['doc']} {data['version']}")
        await self.send("chunk", data)

    async def chunk(self, data: Change) -> None:
        """Cut a version into texts."""
        texts = list(self.split(data["text"]))
        await self.send("upsert", {**_about(data), "texts": texts})

    async def upsert(self, data: Change) -> None:
        """Embed what is new, write the chunks, and make them the current ones."""
        table = {role: self.rows(role) for role in ("versions", "tombstones")}
        head = await self.standing(data, table)
        if head is None:
            return self.told(data, None)
        models = _lacking(data, head, await self.models())
        rows: dict[str, Change] = {}
        for model in models:
            rows |= await self.embedded(data, model)
        if self.decisions["replace"] != "flip":
            return await self.replace({**_about(data), "models": models}, rows)
        for key, row in rows.items():
            await self.rows("chunks").put(key, row)
        await self.send("flip", {**_about(data), "models": models})

    async def standing(self, data: Change, table: Mapping[str, Any]) -> Head | None:
        """Return a document's head; None if this version is older, or was deleted."""
        head: Head = await table["versions"].get(data["doc"]) or NO_HEAD
        least = head["version"] if self.decisions["guard"] == "version" else 0
        if self.decisions["delete"] == "tombstone":
            least = max(least, 1 + (await table["tombstones"].get(data["doc"]) or 0))
        return head if data["version"] >= least else None

    def told(self, data: Change, head: Head | None) -> None:
        """Note that a version is refused as out of date, or that it is what queries see now."""
        if head is None or head["version"] != data["version"]:
            kind = "refused" if head is None else "done"
            self.record(kind, f"{data['doc']} {data['version']}")

    # -- which version is current ------------------------------------------------------------------

    async def flip(self, data: Change) -> None:
        """Make a version the current one, unless a newer one or a tombstone is there."""
        try:
            async with self.together("versions", "tombstones") as write:
                head = await self.standing(data, write)
                if head is not None:
                    await write["versions"].put(data["doc"], _next(data, head))
        except Conflict:
            return await self.flip(data)
        self.told(data, head)

    async def replace(self, data: Change, rows: Mapping[str, Change]) -> None:
        """Put new chunks into the place of the old: in one transaction, if one store holds all."""
        first = self.decisions["replace"] == "delete-insert"
        try:
            async with self.together("chunks", "versions", "tombstones") as write:
                head = await self.standing(data, write)
                if head is not None and _adds(data, head):
                    new = self.added(data, head, rows)
                    after = _next(data, head, new)
                    old = [key for key in head.get("keys", ()) if key not in after["keys"]]
                    await _delete(write["chunks"], old if first else ())
                    for key, row in new.items():
                        await write["chunks"].put(key, row)
                    await _delete(write["chunks"], () if first else old)
                    await write["versions"].put(data["doc"], after)
        except Conflict:
            return await self.replace(data, rows)
        self.told(data, head)

    def added(self, data: Change, head: Head, rows: Mapping[str, Change]) -> dict[str, Change]:
        """Return the rows of the models that a version does not have yet: no row comes twice."""
        there = head["models"] if head["version"] == data["version"] else ()
        indexes = tuple(f"{self.index(model)} " for model in data["models"] if model not in there)
        return {key: row for key, row in rows.items() if key.startswith(indexes)}

    # -- deletion ----------------------------------------------------------------------------------

    async def remove(self, data: Change) -> None:
        """Let a document disappear: `doc`, and the `version` that its deletion is."""
        if self.decisions["delete"] == "rights-check":
            await self.rows("tombstones").put(data["doc"], data["version"])
        else:
            await self.bury(data)
            for key, row in (await self.rows("chunks").scan()).items():
                if row["doc"] == data["doc"] and row["version"] <= data["version"]:
                    await self.rows("chunks").delete(key)
        self.record("removed", data["doc"])

    async def bury(self, data: Change) -> None:
        """Take away a document's head, and put a tombstone into its place if that is decided."""
        try:
            async with self.together("versions", "tombstones") as write:
                head = await write["versions"].get(data["doc"]) or NO_HEAD
                if self.decisions["delete"] == "tombstone":
                    before = await write["tombstones"].get(data["doc"]) or 0
                    await write["tombstones"].put(data["doc"], max(before, data["version"]))
                if head["version"] <= data["version"]:
                    await write["versions"].delete(data["doc"])
        except Conflict:
            await self.bury(data)

    async def sweep(self, data: Change) -> None:
        """Delete chunks below their document's current version, or below its tombstone."""
        heads, graves = await self.rows("versions").scan(), {}
        if self.decisions["delete"] == "tombstone":
            graves = await self.rows("tombstones").scan()
        for key, row in (await self.rows("chunks").scan()).items():
            current = heads.get(row["doc"], NO_HEAD)["version"]
            if row["version"] < max(current, graves.get(row["doc"], 0) + 1):
                await self.rows("chunks").delete(key)

    # -- queries and models ------------------------------------------------------------------------

    async def query(self, data: Change) -> Change:
        """Answer from the index: the model that was asked with, and the `hits` as rows."""
        model = (await self.models())["active"]
        heads = await self.rows("versions").scan() if self.decisions["replace"] == "flip" else None
        hidden: Mapping[str, Any] = {}
        if self.decisions["delete"] == "rights-check":
            hidden = await self.rows("tombstones").scan()
        hits = [
            row
            for row in await self.search(data, model)
            if row["doc"] not in hidden
            and (heads is None or heads.get(row["doc"], NO_HEAD)["version"] == row["version"])
        ]
        return {"model": model, "hits": hits}

    async def search(self, data: Change, model: str) -> list[Change]:
        """Return what the index has: a stand-in for the nearest vectors."""
        return list((await self.rows("chunks").scan(f"{self.index(model)} ")).values())

    async def models(self) -> Mapping[str, str]:
        """Return the model that answers, as `active`, and the one being built, as `next`."""
        found: Mapping[str, str] | None = await self.rows("versions").get(MODELS)
        return found or {"active": FIRST, "next": ""}

    async def backfill(self, data: Change) -> None:
        """Take a version from the log once more, so that `model` has it too."""
        await self.become(data["model"], at_once=self.decisions["new-model"] == "in-place")
        await self.send("chunk", {**_about(data), "text": data["text"]})

    async def switch(self, data: Change) -> str:
        """Let `model` answer as soon as it has each document; return "yes", or "not yet"."""
        heads = await self.rows("versions").scan()
        lacks = [doc for doc, head in heads.items() if data["model"] not in head.get("models", ())]
        if [doc for doc in lacks if doc != MODELS]:
            return "not yet"
        await self.become(data["model"], at_once=True)
        return "yes"

    async def become(self, model: str, at_once: bool) -> None:
        """Say which model is being built, or answers."""
        try:
            async with self.together("versions") as write:
                row = await write["versions"].get(MODELS) or {"active": FIRST, "next": ""}
                if row["active"] != model and (at_once or row["next"] != model):
                    active, soon = (model, "") if at_once else (row["active"], model)
                    await write["versions"].put(MODELS, {"active": active, "next": soon})
        except Conflict:
            await self.become(model, at_once)


def _about(data: Change) -> Change:
    return {name: data[name] for name in ("id", "doc", "version")}


def _lacking(data: Change, head: Head, models: Mapping[str, str]) -> list[str]:
    """Return the models whose vectors of this version are not in their index yet."""
    there = head["models"] if head["version"] == data["version"] else []
    return [model for model in models.values() if model and model not in there]


def _adds(data: Change, head: Head) -> bool:
    """Return whether a version, or a model's vectors of it, is not there yet."""
    return head["version"] != data["version"] or not {*data["models"]} <= {*head["models"]}


def _next(data: Change, head: Head, rows: Iterable[str] | None = None) -> dict[str, Any]:
    """Return the head that a version becomes: itself with more models, or a new one."""
    same = head["version"] == data["version"]
    models = [*(head["models"] if same else ())]
    after = {"version": data["version"], "models": sorted({*models, *data["models"]})}
    if rows is not None:
        after["keys"] = sorted({*(head.get("keys", ()) if same else ()), *rows})
    return after


async def _delete(chunks: Any, keys: Iterable[str]) -> None:
    for key in keys:
        await chunks.delete(key)
