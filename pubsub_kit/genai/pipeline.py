"""The pipeline: documents in, answers out; one engine, one SQLite file, a model or two.

    ingest ─▶ documents ─▶ indexer: chunk, embed, write ─▶ indexed ─▶ agent
    remove ──┘     └──────▶ a backfill's own lane ─▶ the index of a new model
    ask ─▶ vectors of one model ─▶ queries ─▶ feedback ◀─ clicks ◀─ click

A chunk's row, its document's head and a tombstone are written in one transaction. The indexer tells
of a document after its commit and before its ack: a crash between repeats the event, under the same
id, so whoever reads `indexed` must know what it has done already.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from pubsub_kit.broker.consumer import Consumer
from pubsub_kit.engines.connect import connect
from pubsub_kit.genai.asked import Answer, Hit, Paid, PipelineError, chunks_of, name_of, text_of
from pubsub_kit.genai.backfill import LEASE, Backfill, plain
from pubsub_kit.genai.live import Files, LivePlace, result_of
from pubsub_kit.genai.models import Vectors, model
from pubsub_kit.patterns.tracing import Carrier, Tracing
from pubsub_kit.scenarios.rag_ingestion.problem import PROBLEM, propose
from pubsub_kit.scenarios.rag_ingestion.steps import MODELS
from pubsub_kit.scenarios.rag_ingestion.vectors import Change

DOCUMENTS, INDEXED, QUERIES, CLICKS = "documents", "indexed", "queries", "clicks"
#: Chunks, heads and tombstones in one store, so that one transaction holds a document's change.
DECISIONS = {
    "name": "live", "index": "one store", "replace": "delete-insert", "sweeper": "no",
    "removal": "with changes",
}  # fmt: skip


class Pipeline:
    """Documents are ingested and removed, questions answered; `drain` lets the consumers work.

    `folder` keeps the index, and the log too unless `url` names another engine. It is one
    process's; its methods may be called from several threads. Raises EngineError and StoreError
    where engine or folder can't be used.
    """

    def __init__(
        self, folder: str | Path, url: str = "", *, model: str = "wordllama",
        tracing: Tracing | None = None, lease: float = LEASE,
    ) -> None:  # fmt: skip
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        _known(model)
        self.design = propose(DECISIONS)
        self.files, self.tracing = Files(folder / "index.sqlite"), tracing
        self.engine: Any = connect(url or f"file://{folder / 'broker'}")
        for topic in (DOCUMENTS, INDEXED, QUERIES, CLICKS):
            self.engine.topic(topic)
        self.paid: list[Paid] = []
        self.skipped: list[str] = []  # versions that were refused as out of date
        self._cause: Carrier = {}
        self.lease = lease
        self.api, self.indexer, self.filler = map(self._placed, ("api", "indexer", "filler"))
        result_of(self.api.rows("versions").insert(MODELS, {"active": model, "next": ""}))
        self.lane = self.engine.subscribe(
            DOCUMENTS, "indexer", start="earliest", ack_deadline=lease
        )
        self.consumers = [Consumer(self.lane, self.index)]

    def _placed(self, name: str) -> LivePlace:
        decisions = PROBLEM.decided(self.design)
        part = self.design.part(name)
        return LivePlace(self.design, part, decisions, self.files, self._send, self._told)

    # -- from outside ------------------------------------------------------------------------------

    def ingest(self, doc: str, text: str) -> int:
        """Take a new version of a document; return its number, as soon as the log has it.

        Raises PipelineError for what is no text, and what the engine raises.
        """
        name_of(doc)
        return self._changed("chunk", doc, {"text": text_of("a document", text)})

    def remove(self, doc: str) -> int:
        """Delete a document; return the version that its deletion is."""
        return self._changed("remove", name_of(doc), {})

    def _changed(self, step: str, doc: str, more: Change) -> int:
        version = int(result_of(self.api.rows("counters").add(doc, 1)))
        data = {"id": f"{doc} {version}", "doc": doc, "version": version, **more}
        with self._span("api", f"{'remove' if step == 'remove' else 'upload'} {doc}") as cause:
            self._publish(
                DOCUMENTS, {**data, "step": step}, doc, cause, id=f"{step} {doc} {version}"
            )
        return version

    def ask(self, question: str, k: int = 3) -> Answer:
        """Return the `k` chunks nearest to a question, by the model that answers now.

        Raises PipelineError for what is no question, and for a `k` that is not 1 to 100.
        """
        k = chunks_of(k)
        name = self.models["active"]
        vector = self._vector(text_of("a question", question), name)
        rows = result_of(self.api.steps.search({"vectors": {name: vector}}, name))
        hits = [Hit(row["doc"], row["n"], row["text"]) for row in rows[:k]]
        answer = Answer(uuid.uuid4().hex, name, hits)
        shown = [hit.doc for hit in hits]
        self._publish(
            QUERIES, {"id": answer.id, "question": question, "shown": shown, "model": name}
        )
        return answer

    def _vector(self, question: str, name: str) -> Vectors:
        found: Vectors = model(name).embed([question])[0]
        return found

    # -- the lanes ---------------------------------------------------------------------------------

    def index(self, delivery: Any) -> None:
        """Handle a change: write its chunks, then tell that the document can be found."""
        data = plain(delivery.data)
        with self._span("indexer", f"index {data['doc']}", delivery.event.extensions) as cause:
            self._cause = cause
            result_of(self.indexer.perform(delivery.data["step"], data))
            head = result_of(self.indexer.rows("versions").get(data["doc"]))
            if head and head["version"] == data["version"]:
                told = {"doc": data["doc"], "version": data["version"]}
                self._publish(INDEXED, told, data["doc"], cause, id=f"indexed {data['id']}")

    def drain(self, seconds: float = 60.0) -> int:
        """Let all consumers work in this thread until nothing is left; return how much they did.

        Raises PipelineError if that takes longer than `seconds`.
        """
        end, done = time.monotonic() + seconds, 0
        while steps := sum(consumer.step(10) for consumer in self.consumers):
            done += steps
            if time.monotonic() > end:
                raise PipelineError(f"after {seconds:g} s there was still something to do.")
        return done

    # -- another model -----------------------------------------------------------------------------

    @property
    def models(self) -> Mapping[str, str]:
        """Which model answers, as `active`, and which one is written beside it, as `next`."""
        found: Mapping[str, str] = result_of(self.api.steps.models())
        return found

    def backfill(self, name: str) -> Backfill:
        """Begin a new model's index: live changes go to both from now on, and its lane reads all.

        The lane is a group of its own that starts at offset 0. Raises PipelineError for an unknown
        model, and NotSupported where the engine keeps no log to read again.
        """
        _known(name)
        result_of(self.filler.steps.become(name, at_once=False))
        return Backfill(self.engine, DOCUMENTS, self.filler, name, self.lease)

    def switch(self, name: str) -> bool:
        """Let a model answer if it has each document; return whether it does now.

        The model that answered before is kept up to date: `switch` to it is the way back.
        """
        _known(name)
        if self.models["active"] == name:
            return True
        return bool(result_of(self.api.steps.switch({"model": name})) == "yes")

    def retire(self, name: str) -> int:
        """Delete the index of a model that answers nobody; return how many chunks it had."""
        if self.models["active"] == _known(name):
            raise PipelineError(f"{name} answers questions: switch to another model first.")
        return int(result_of(self.api.steps.retire(name)))

    # -- looks -------------------------------------------------------------------------------------

    def chunks(self, name: str | None = None) -> list[Mapping[str, Any]]:
        """Return the rows of a model's index, of the one that answers by default."""
        start = f"{self.api.steps.index(name or self.models['active'])} "
        return list(result_of(self.api.rows("chunks").scan(start)).values())

    def count(self, name: str) -> int:
        """Return how many texts a model has embedded in this process: what was paid for."""
        return sum(paid.texts for paid in self.paid if paid.model == name)

    def close(self) -> None:
        """Leave all groups and disconnect; what was acknowledged is in the log and the file."""
        self.engine.close()
        self.files.store.close()

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # -- inside ------------------------------------------------------------------------------------

    def _send(self, topic: str, step: str, data: Change) -> None:
        self._publish(DOCUMENTS, {**data, "step": step}, data["doc"], self._cause)

    def _publish(
        self, topic: str, data: Change, key: str | None = None, cause: Carrier | None = None,
        id: str | None = None,
    ) -> None:  # fmt: skip
        self.engine.publish(topic, data, key=key, id=id, extensions={**(cause or {})})

    def _told(self, kind: str, id: str, facts: Mapping[str, Any]) -> None:
        if kind == "embedded":
            self.paid.append(Paid(id, len(facts["texts"])))
        elif kind == "refused":
            self.skipped.append(id)

    def _span(
        self, service: str, name: str, parent: Carrier | None = None
    ) -> AbstractContextManager[Carrier]:
        if self.tracing is None:
            return nullcontext({})
        links = [parent] if parent else []
        return self.tracing.span(service, name, links=links)


def _known(name: str) -> str:
    model(name)  # says in a sentence which there are, and what is not installed
    return name


def hits(pipeline: Pipeline, questions: Sequence[Any]) -> int:
    """Return how many questions find the paragraph that answers them in the first place."""
    found = (pipeline.ask(each.ask, 1).hits for each in questions)
    return sum(
        bool(each) and each[0].doc == wanted.doc and wanted.words in each[0].text
        for each, wanted in zip(found, questions, strict=True)
    )
