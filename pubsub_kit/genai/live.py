"""The handlers of a design, really run: its rows in SQLite, its messages on an engine, its models.

    in the interview's world                    here
    a store in virtual time                     one SQLite file, the same verbs
    a topic of the world                        a topic of an engine: memory, file, Kafka …
    an embedding service that is made up        a model of `models.py`

`Ingestion` is the same class in both. So what explore() finds in the small run is what this code
would do, and the other way round.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from pubsub_kit.designs.components import Component
from pubsub_kit.designs.design import Design
from pubsub_kit.designs.routes import routes
from pubsub_kit.designs.steps import Route
from pubsub_kit.genai.asked import PipelineError, folder_of
from pubsub_kit.genai.corpus import paragraphs
from pubsub_kit.genai.models import Vectors, model
from pubsub_kit.patterns.ports import Conflict
from pubsub_kit.patterns.sqlite_store import SqliteStore, StoreError
from pubsub_kit.scenarios.rag_ingestion.steps import MODELS, NO_HEAD, Ingestion
from pubsub_kit.scenarios.rag_ingestion.vectors import Change

Send = Callable[[str, str, Change], None]  # the topic, the step that it asks for, its data
Told = Callable[[str, str, Mapping[str, Any]], None]  # what kind of fact, its id, and more of it


def result_of(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a step that waits for nothing outside; return what it returns.

    Raises StoreError if the file turns out to be damaged, or can't be written any more.
    """
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    except (sqlite3.Error, json.JSONDecodeError) as error:
        raise StoreError(
            f"The pipeline's index.sqlite can't be used ({error}): use another folder, or put back "
            "a copy of this one."
        ) from None
    work.close()
    raise RuntimeError("a step of the live pipeline waits for the world's clock")


class Files:
    """One SQLite file in a folder, opened once in each thread that uses it.

    Raises PipelineError for the folder, and StoreError for the file, if it can't be used.
    """

    def __init__(self, folder: str | Path) -> None:
        self.path, self.opened = folder_of(folder) / "index.sqlite", threading.local()
        self.closed = False
        result_of(self.store.get(""))  # tells a file of another kind from an index

    @property
    def store(self) -> SqliteStore:
        """The file, as this thread has opened it; raises PipelineError once it was closed."""
        if self.closed:
            raise PipelineError("This pipeline is closed: make a new one of the same folder.")
        if not hasattr(self.opened, "store"):
            self.opened.store = SqliteStore(self.path)
        found: SqliteStore = self.opened.store
        return found

    def close(self) -> None:
        """Close the file here, and open it nowhere any more."""
        if not self.closed:
            self.store.close()
        self.closed = True


class LiveRows:
    """The rows of one role in the file, or in a transaction on it."""

    def __init__(self, table: Any, role: str) -> None:
        self.table, self.role = table, role

    def _key(self, key: str) -> str:
        return f"{self.role}/{key}"

    async def get(self, key: str, default: Any = None) -> Any:
        """Return a row."""
        return await self.table.get(self._key(key), default)

    async def put(self, key: str, value: Any) -> None:
        """Write a row."""
        await self.table.put(self._key(key), value)

    async def delete(self, key: str) -> None:
        """Delete a row."""
        await self.table.delete(self._key(key))

    async def insert(self, key: str, value: Any = True) -> bool:
        """Write a row if its key is new; return whether it was."""
        return bool(await self.table.insert(self._key(key), value))

    async def add(self, key: str, amount: float) -> Any:
        """Add to a number; return the sum."""
        return await self.table.add(self._key(key), amount)

    async def scan(self, prefix: str = "") -> dict[str, Any]:
        """Return all rows whose key begins with `prefix`, by key."""
        found = await self.table.scan(self._key(prefix))
        return {key.partition("/")[2]: value for key, value in found.items()}


class LiveTogether:
    """Several roles in one transaction of the file: all is written, or nothing is."""

    def __init__(self, store: SqliteStore, roles: tuple[str, ...]) -> None:
        self.transaction, self.roles = store.transaction(), roles

    async def __aenter__(self) -> dict[str, LiveRows]:
        table = await self.transaction.__aenter__()
        return {role: LiveRows(table, role) for role in self.roles}

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.transaction.__aexit__(kind, error, trace)


class LivePlace:
    """Where steps really run: one part of a design, with one file and one way to send."""

    def __init__(
        self, design: Design, part: Component, decisions: Mapping[str, Any], files: Files,
        send: Send, told: Told,
    ) -> None:  # fmt: skip
        self.name, self.design, self.decisions = part.name, design, decisions
        self.files, self.publish, self.told = files, send, told
        self.routes: Mapping[str, Route] = routes(design, part)
        self.outside: dict[str, Any] = {}
        self.now = 0.0
        self.steps = LiveIngestion(self)

    def rows(self, role: str) -> Any:
        """Return the rows of a role."""
        return LiveRows(self.files.store, role)

    def record(self, kind: str, id: str, **facts: Any) -> None:
        """Tell a fact to whoever listens."""
        self.told(kind, id, facts)

    async def perform(self, step: str, data: Any) -> Any:
        """Do a step here."""
        return await getattr(self.steps, step)(data)


class LiveIngestion(Ingestion):
    """The candidate's handlers of the interview's question, on real rows, messages and models."""

    place: Any
    split = staticmethod(paragraphs)

    def rows(self, role: str) -> Any:
        """Return the rows of a role."""
        return self.place.rows(role)

    def keeps(self, role: str) -> bool:
        """Return whether the design keeps a role that it need not keep."""
        return self.place.design.holder(role) is not None

    def together(self, *roles: str) -> Any:
        """Return what writes several roles at once: one file holds them all."""
        return LiveTogether(self.place.files.store, roles)

    async def send(self, step: str, data: Mapping[str, Any], id: str | None = None) -> Any:
        """Have a step done: by a model, in this process, or by whoever reads the topic."""
        if step == "embed":
            return self.embed(data["texts"], data["model"])
        route = self.place.routes[step]
        if route.how == "publish":
            return self.place.publish(route.target, step, dict(data))
        return await self.place.perform(step, dict(data))

    def embed(self, texts: list[str], name: str) -> list[str]:
        """Return each text's vector, written down as text, and tell what was paid for."""
        self.record("embedded", name, texts=list(texts))
        return [written(vector) for vector in model(name).embed(texts)]

    def cached(self, data: Change, n: int, model: str) -> str:
        """Return where the cache has a text's vector: under its hash, not its words."""
        return f"{hashlib.sha256(data['texts'][n].encode()).hexdigest()} {model}"

    async def search(self, data: Change, model: str) -> list[Change]:
        """Return all chunks of a model's index, those nearest to a vector first: exact search."""
        found = await self.rows("chunks").scan(f"{self.index(model)} ")
        rows = [found[key] for key in sorted(found)]
        if not rows:
            return []
        scores = np.stack([read(row["vec"]) for row in rows]) @ data["vectors"][model]
        return [rows[at] for at in np.argsort(-scores, kind="stable")]

    # -- models ------------------------------------------------------------------------------------

    async def models(self) -> Mapping[str, str]:
        """Return the model that answers, as `active`, and the other one that is kept, as `next`."""
        found: Mapping[str, str] = await self.rows("versions").get(MODELS)
        return found

    async def lacking(self, name: str) -> list[str]:
        """Return the documents that a model has no vectors of yet."""
        heads = await self.rows("versions").scan()
        heads.pop(MODELS, None)
        return [doc for doc, head in heads.items() if name not in head["models"]]

    async def become(self, model: str, at_once: bool) -> None:
        """Let a model answer, or be built; the one that answered before is kept up to date."""
        try:
            async with self.together("versions") as write:
                row = await write["versions"].get(MODELS)
                if row["active"] != model and (at_once or row["next"] != model):
                    active, soon = (model, row["active"]) if at_once else (row["active"], model)
                    await write["versions"].put(MODELS, {"active": active, "next": soon})
        except Conflict:
            await self.become(model, at_once)

    async def retire(self, name: str) -> int:
        """Give up a model's index; return how many chunks were deleted.

        First nobody writes to it any more; then each document forgets it, in one transaction.
        """
        async with self.together("versions") as write:
            row = await write["versions"].get(MODELS)
            if row["active"] == name:
                raise ValueError(f"{name} answers queries: switch to another model first")
            if row["next"] == name:
                await write["versions"].put(MODELS, {**row, "next": ""})
        heads = await self.rows("versions").scan()
        heads.pop(MODELS, None)
        return sum([await self._forget(doc, name) for doc in heads])

    async def _forget(self, doc: str, name: str) -> int:
        start = f"{self.index(name)} {doc} "
        while True:
            found = await self.rows("chunks").scan(start)
            keys = [key for key, row in found.items() if row["doc"] == doc]
            try:
                async with self.together("chunks", "versions") as write:
                    head = await write["versions"].get(doc) or NO_HEAD
                    if head is not NO_HEAD:
                        left = {
                            "models": [each for each in head["models"] if each != name],
                            "keys": [key for key in head.get("keys", ()) if key not in keys],
                        }
                        await write["versions"].put(doc, {**head, **left})
                    for key in keys:
                        await write["chunks"].delete(key)
                return len(keys)
            except Conflict:
                continue


def written(vector: Vectors) -> str:
    """Return a vector as text: its float32 numbers in base64."""
    return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode("ascii")


def read(text: str) -> Vectors:
    """Return the vector of a text that `written` made."""
    return np.frombuffer(base64.b64decode(text), "<f4")


def vectors(rows: Iterable[Mapping[str, Any]], doc: str) -> list[Vectors]:
    """Return the vectors that a document has among some rows."""
    return [read(row["vec"]) for row in rows if row["doc"] == doc]
