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
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pubsub_kit.broker.broker import Broker
from pubsub_kit.broker.consumer import Consumer
from pubsub_kit.broker.settings import is_seconds
from pubsub_kit.engines.connect import connect
from pubsub_kit.errors import brief
from pubsub_kit.genai.agent import Notice
from pubsub_kit.genai.asked import Answer, Hit, Paid, PipelineError, chunks_of, name_of, text_of
from pubsub_kit.genai.backfill import LEASE, Backfill, plain
from pubsub_kit.genai.feedback import CLICK, QUERY, REMOVED, Feedback, FeedbackError
from pubsub_kit.genai.live import Files, LivePlace, result_of, vectors
from pubsub_kit.genai.models import model
from pubsub_kit.genai.spans import Spans, cause
from pubsub_kit.genai.watching import INDEXED, NOTICES, Watches
from pubsub_kit.log.event import Event
from pubsub_kit.patterns.tracing import Tracing
from pubsub_kit.scenarios.rag_ingestion.problem import PROBLEM, propose
from pubsub_kit.scenarios.rag_ingestion.steps import MODELS
from pubsub_kit.scenarios.rag_ingestion.vectors import Change

DOCUMENTS, QUERIES, CLICKS = "documents", "queries", "clicks"
CHANGED, INDEXED_TYPE = "document.changed", "document.indexed"
#: Chunks, heads and tombstones in one store, so that one transaction holds a document's change.
DECISIONS = {
    "name": "live", "index": "one store", "replace": "delete-insert", "sweeper": "no",
    "removal": "with changes",
}  # fmt: skip


class Pipeline:
    """Documents are ingested and removed, questions answered; `drain` lets the consumers work.

    `folder` keeps the index, and the log too unless `url` names another engine. It is one
    process's; its methods may be called from several threads. `model` answers in a new folder, and
    `lease` is in seconds. Raises PipelineError, StoreError, ModelError and EngineError for a
    folder, a file, a model and an engine that can't be used.
    """

    def __init__(
        self, folder: str | Path, url: str = "", *, model: str = "wordllama",
        tracing: Tracing | None = None, lease: float = LEASE,
    ) -> None:  # fmt: skip
        _known(model)
        self.design = propose(DECISIONS)
        self.spans, self.files = Spans(tracing), Files(folder)
        log = f"file://{self.files.path.with_name('broker')}"
        self.engine: Any = connect(log if url in ("", None) else url)
        self.paid: list[Paid] = []
        self.skipped: list[str] = []  # versions that were refused as out of date
        self.feedback = Feedback()
        self.lease = lease
        self.filling: dict[str, Backfill] = {}
        self.api, self.indexer, self.filler = map(self._placed, ("api", "indexer", "filler"))
        try:
            self._join(model)
        except BaseException:
            self.close()  # or the folder would be in use for as long as the error is looked at
            raise

    def _join(self, model: str) -> None:
        result_of(self.api.rows("versions").insert(MODELS, {"active": model, "next": ""}))
        for topic in (DOCUMENTS, INDEXED, QUERIES, CLICKS, NOTICES):
            self.engine.topic(topic)
        self.lane = self.engine.subscribe(
            DOCUMENTS, "indexer", start="earliest", ack_deadline=self.lease
        )
        self.watches = Watches(self.engine, self._top, self._tell, self.spans, self.lease)
        self.consumers = [Consumer(self.lane, self.index)]
        if not isinstance(self.engine, Broker):  # whose log is at hand, and is read again
            for text in result_of(self.api.rows("feedback").scan()).values():
                self.feedback.apply(Event.from_json(text))
            for topic in (QUERIES, CLICKS, DOCUMENTS):
                reader = self.engine.subscribe(topic, "feedback", start="earliest")
                self.consumers.append(Consumer(reader, self._note))

    def _note(self, delivery: Any) -> None:
        """Keep what the ranking is made of: not every engine gives it out a second time."""
        if delivery.event.type in (QUERY, CLICK, REMOVED):
            try:
                self.feedback.handle(delivery)
            except FeedbackError as error:  # it will never be better
                self.feedback.skipped.append(str(error))
                return
            row = delivery.event.to_json()
            result_of(self.api.rows("feedback").put(delivery.event.id, row))

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
        with self.spans.span("api", f"{'upload' if more else 'remove'} {doc}"):
            self._send(DOCUMENTS, step, data)
        return version

    def ask(self, question: str, k: int = 3) -> Answer:
        """Return the `k` chunks nearest to a question, by the model that answers now; log both.

        Raises PipelineError for what is no question, and for a `k` that is not 1 to 100.
        """
        name, found = self.search(question, k)
        answer = Answer(uuid.uuid4().hex, name, found)
        logged = {"id": answer.id, "question": question, "model": name}
        shown = [hit.doc for hit in found]
        self._publish(QUERIES, {**logged, "shown": shown}, id=answer.id, type=QUERY)
        return answer

    def search(self, question: str, k: int = 3) -> tuple[str, list[Hit]]:
        """Return which model answers, and the chunks nearest to a question, without a trace of it.

        What people clicked on after the same question moves it (see `feedback.py`).
        """
        k, question = chunks_of(k), text_of("a question", question)
        name, steps = self.models["active"], self.api.steps
        vector = model(name).embed([question])[0]
        rows = result_of(steps.search({"vectors": {name: vector}}, name))
        moved = self._learned().moved(question, vector, name, lambda doc: vectors(rows, doc))
        if moved is not vector:
            rows = result_of(steps.search({"vectors": {name: moved}}, name))
        return name, [Hit(row["doc"], row["n"], row["text"]) for row in rows[:k]]

    def click(self, query: str, doc: str) -> None:
        """Note that somebody who asked a question chose a document; `query` is the answer's id.

        Raises PipelineError for an id that no answer has.
        """
        if not self._learned().knows(query):
            raise PipelineError(f"No answer has the id {brief(query)}: ask first, then click.")
        self._publish(CLICKS, {"query": query, "doc": name_of(doc)}, type=CLICK)

    def _learned(self) -> Feedback:
        if isinstance(self.engine, Broker):  # whose log is at hand: read what is new of it
            self.feedback.catch_up(*map(self.engine.topic, (QUERIES, CLICKS, DOCUMENTS)))
        return self.feedback

    def watch(self, name: str, question: str) -> list[Notice]:
        """Let an agent tell of each document that answers a question; see `Watches.watch`."""
        return self.watches.watch(name, question)

    def _top(self, question: str, k: int) -> list[str]:
        return [hit.doc for hit in self.search(question, k)[1]]

    def _tell(self, notice: Notice) -> None:
        self._publish(NOTICES, notice._asdict(), id=notice.id)

    # -- the lanes ---------------------------------------------------------------------------------

    def index(self, delivery: Any) -> None:
        """Handle a change: write its chunks, then tell that the document can be found."""
        data = plain(delivery.data)
        with self.spans.span("indexer", f"index {data['doc']}", delivery.event.extensions):
            result_of(self.indexer.perform(delivery.data["step"], data))
            head = result_of(self.indexer.rows("versions").get(data["doc"]))
            if head and head["version"] == data["version"]:
                told = {"doc": data["doc"], "version": data["version"]}
                self._publish(
                    INDEXED, told, data["doc"], id=f"indexed {data['id']}", type=INDEXED_TYPE
                )

    def drain(self, seconds: float = 60.0) -> int:
        """Let all consumers work in this thread until nothing is left; return how much they did.

        Raises PipelineError if that takes longer than `seconds`.
        """
        if not is_seconds(seconds):
            raise PipelineError(f"seconds is a number of seconds, not {brief(seconds)}.")
        end, done = time.monotonic() + seconds, 0
        while steps := sum(each.step(10) for each in (*self.consumers, *self.watches.consumers)):
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
        made = Backfill(self.engine, DOCUMENTS, self.filler, _known(name), self.lease)
        result_of(self.filler.steps.become(name, at_once=False))
        self.filling[name] = made
        return made

    def switch(self, name: str) -> bool:
        """Let a model answer if its backfill is at its end, and it has each document; say whether.

        The model that answered before is kept up to date: `switch` to it is the way back.
        """
        if self.models["active"] == _known(name):
            return True
        if name in self.filling and not self.filling[name].done:
            return False  # a change that began before the backfill did may be missing
        if switched := result_of(self.api.steps.switch({"model": name})) == "yes":
            self.filling.pop(name, None)  # live changes keep it complete from now on
        return bool(switched)

    def retire(self, name: str) -> int:
        """Delete the index of a model that answers nobody; return how many chunks it had."""
        if self.models["active"] == _known(name):
            raise PipelineError(f"{name} answers questions: switch to another model first.")
        return int(result_of(self.api.steps.retire(name)))

    # -- looks -------------------------------------------------------------------------------------

    def chunks(self, name: str | None = None) -> list[Mapping[str, Any]]:
        """Return the rows of a model's index, of the one that answers by default."""
        name = self.models["active"] if name is None else _known(name)
        start = f"{self.api.steps.index(name)} "
        return list(result_of(self.api.rows("chunks").scan(start)).values())

    def count(self, name: str) -> int:
        """Return how many texts a model has embedded in this process: what was paid for."""
        return sum(paid.texts for paid in self.paid if paid.model == _known(name))

    def close(self) -> None:
        """Leave all groups and disconnect; what was acknowledged is in the log and the file."""
        self.engine.close()
        self.files.close()

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # -- inside ------------------------------------------------------------------------------------

    def _send(self, topic: str, step: str, data: Change) -> None:
        kind = REMOVED if step == "remove" else CHANGED
        self._publish(
            DOCUMENTS, {**data, "step": step}, data["doc"], id=f"{step} {data['id']}", type=kind
        )

    def _publish(
        self, topic: str, data: Change, key: str | None = None, *, id: str | None = None,
        type: str | None = None,
    ) -> None:  # fmt: skip
        self.engine.publish(topic, data, key=key, id=id, type=type, extensions=cause())

    def _told(self, kind: str, id: str, facts: Mapping[str, Any]) -> None:
        if kind == "embedded":
            self.paid.append(Paid(id, len(facts["texts"])))
        elif kind == "refused":
            self.skipped.append(id)


def _known(name: str) -> str:
    model(name)  # says in a sentence which there are, and what is not installed
    return name
