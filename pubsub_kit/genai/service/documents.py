"""Documents over HTTP: changes are accepted at once, and searched once the pipeline has seen them.

    POST   /documents         {"doc": "chai", "text": "…"}    202  {"doc": "chai", "version": 1}
    DELETE /documents/chai                                    202  {"doc": "chai", "version": 2}
    GET    /search?q=…&k=3                                    200  {"query": "q-1", "hits": […] …}
    POST   /clicks            {"query": "q-1", "doc": "chai"} 202  {"status": "accepted"}
    GET    /health                                            200  {"status": "ok"}

The answer to a change has its version, and 202 says that no search need find it yet: read your own
writes, and you may read the version before. A search answers with its own id, so that a click can
say later which answer it was a click on.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Annotated, Any, Protocol

from fastapi import FastAPI, HTTPException, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from pubsub_kit.errors import PubSubKitError, brief, said
from pubsub_kit.genai.service.installed import ServiceError
from pubsub_kit.genai.service.sentences import Line, Name, Text, answer, speak_plainly, status_of

MOST_HITS = 50
VERBS = "ingest", "remove", "ask", "click"


class Hit(Protocol):
    """A chunk that answers a question: its document, its number in it from 0, and its text."""

    @property
    def doc(self) -> str:
        """The document's id."""

    @property
    def n(self) -> int:
        """The chunk's number in its document."""

    @property
    def text(self) -> str:
        """The chunk's text."""


class Answer(Protocol):
    """What a question found: the query's id, the model that answered, and the hits, best first."""

    @property
    def id(self) -> str:
        """The query's id."""

    @property
    def model(self) -> str:
        """The name of the model whose index was searched."""

    @property
    def hits(self) -> Sequence[Hit]:
        """The chunks, best first."""


class Pipeline(Protocol):
    """What takes documents and answers questions.

    It is called by one thread at a time, but by several in turn, none of which is the caller's.
    What it can't take raises PubSubKitError with a sentence, such as a query's id that it has not
    given out.
    """

    def ingest(self, doc: str, text: str) -> int:
        """Accept a document's new text; return its version."""

    def remove(self, doc: str) -> int:
        """Accept that a document is deleted; return the version of its tombstone."""

    def ask(self, question: str, k: int = 3) -> Answer:
        """Return the `k` chunks that answer a question best."""

    def click(self, query_id: str, doc: str) -> None:
        """Take note that somebody chose a document among a query's hits."""


class Document(BaseModel):
    """A document's new text."""

    doc: Name
    text: Text


class Click(BaseModel):
    """Somebody chose a document among a query's hits."""

    query: Name
    doc: Name


def documents_app(pipeline: Pipeline) -> FastAPI:
    """Return an app that takes documents and answers questions; the top of this file has its paths.

    A pipeline's own PubSubKitError is answered with its sentence: as 503 if it is the broker's,
    else as 422, or 404 for a click. Raises ServiceError for what is no pipeline.
    """
    lacking = [verb for verb in VERBS if not callable(getattr(pipeline, verb, None))]
    if lacking:
        raise ServiceError(
            f"documents_app() takes a pipeline with {', '.join(VERBS)}: {brief(pipeline)} lacks "
            f"{', '.join(lacking)}."
        )
    turn = threading.Lock()
    app = FastAPI(title="Documents")
    speak_plainly(app)

    @app.exception_handler(PubSubKitError)
    async def refuse(request: Request, error: PubSubKitError) -> JSONResponse:
        return answer(status_of(error, 422), said(error))

    @app.post("/documents", status_code=202)
    def ingest(document: Document) -> dict[str, Any]:
        with turn:
            return {"doc": document.doc, "version": pipeline.ingest(document.doc, document.text)}

    @app.delete("/documents/{doc}", status_code=202)
    def remove(doc: Annotated[Name, Path()]) -> dict[str, Any]:
        with turn:
            return {"doc": doc, "version": pipeline.remove(doc)}

    @app.get("/search")
    def search(
        q: Annotated[Line, Query()], k: Annotated[int, Query(ge=1, le=MOST_HITS)] = 3
    ) -> dict[str, Any]:
        with turn:
            found = pipeline.ask(q, k)
        hits = [
            {"rank": rank, "doc": hit.doc, "n": hit.n, "text": hit.text}
            for rank, hit in enumerate(found.hits, 1)
        ]
        return {"query": found.id, "model": found.model, "hits": hits}

    @app.post("/clicks", status_code=202)
    def click(click: Click) -> dict[str, str]:
        try:
            with turn:
                pipeline.click(click.query, click.doc)
        except PubSubKitError as error:
            raise HTTPException(status_of(error, 404), said(error)) from None
        return {"status": "accepted"}

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    return app
