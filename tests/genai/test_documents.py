"""The document service: over HTTP, with a small pipeline that really keeps and finds documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from pubsub_kit.broker.broker import Broker
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.genai.service import Served, ServiceError, documents_app


class Hit(NamedTuple):
    doc: str
    n: int
    text: str


class Answer(NamedTuple):
    id: str
    model: str
    hits: list[Hit]


class Words:
    """A pipeline in memory: the nearest text is the one that shares most words."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.asked: dict[str, list[str]] = {}
        self.clicked: list[tuple[str, str]] = []

    def ingest(self, doc: str, text: str) -> int:
        self.texts[doc] = text
        return self._next(doc)

    def remove(self, doc: str) -> int:
        if doc not in self.texts:
            raise PubSubKitError(f"There is no document {doc!r}.")
        del self.texts[doc]
        return self._next(doc)

    def _next(self, doc: str) -> int:
        self.versions[doc] = self.versions.get(doc, 0) + 1
        return self.versions[doc]

    def ask(self, question: str, k: int = 3) -> Answer:
        words = {*question.lower().split()}

        def shared(doc: str) -> int:
            return len(words & {*self.texts[doc].lower().split()})

        best = sorted(filter(shared, self.texts), key=shared, reverse=True)[:k]
        id = f"q-{len(self.asked) + 1}"
        self.asked[id] = best
        return Answer(id, "words", [Hit(doc, 0, self.texts[doc]) for doc in best])

    def click(self, query_id: str, doc: str) -> None:
        if query_id not in self.asked:
            raise PubSubKitError(f"There was no query {query_id!r}.")
        self.clicked.append((query_id, doc))


@pytest.fixture
def words() -> Words:
    return Words()


@pytest.fixture
def http(words: Words) -> Iterator[httpx.Client]:
    with Served(documents_app(words)) as served:
        yield served.client
        assert served.errors == []


def put(http: httpx.Client, doc: str, text: str) -> httpx.Response:
    return http.post("/documents", json={"doc": doc, "text": text})


# --- where all is well ----------------------------------------------------------------------------


def test_a_document_is_accepted_with_its_version_and_found(http: httpx.Client) -> None:
    replies = [put(http, "green tea", text) for text in ("Steep it cold.", "Steep it at 80 °C.")]
    assert [reply.status_code for reply in replies] == [202, 202]
    assert replies[1].json() == {"doc": "green tea", "version": 2}
    reply = http.get("/search", params={"q": "how to steep"})
    assert reply.status_code == 200
    assert reply.json() == {
        "query": "q-1",
        "model": "words",
        "hits": [{"rank": 1, "doc": "green tea", "n": 0, "text": "Steep it at 80 °C."}],
    }


def test_hits_are_ranked_and_no_more_than_were_asked_for(http: httpx.Client) -> None:
    for doc, text in (("a", "tea"), ("b", "black tea"), ("c", "hot black tea")):
        put(http, doc, text)
    found = http.get("/search", params={"q": "hot black tea", "k": 2}).json()["hits"]
    assert [(hit["rank"], hit["doc"]) for hit in found] == [(1, "c"), (2, "b")]


def test_a_deleted_document_is_found_no_more(http: httpx.Client) -> None:
    put(http, "green tea", "Steep it cold.")
    reply = http.delete("/documents/green tea")
    assert (reply.status_code, reply.json()) == (202, {"doc": "green tea", "version": 2})
    assert http.get("/search", params={"q": "steep"}).json()["hits"] == []


def test_a_click_says_which_answer_it_was_on(http: httpx.Client, words: Words) -> None:
    put(http, "chai", "Boil it.")
    query = http.get("/search", params={"q": "boil"}).json()["query"]
    reply = http.post("/clicks", json={"query": query, "doc": "chai"})
    assert (reply.status_code, reply.json()) == (202, {"status": "accepted"})
    assert words.clicked == [(query, "chai")]


def test_it_says_that_it_is_well(http: httpx.Client) -> None:
    assert http.get("/health").json() == {"status": "ok"}


@pytest.mark.parametrize("doc", ["Grüner_Tee", "緑茶", "a", "v1.2-final", "x" * 100])
def test_a_name_in_any_script_goes_there_and_back(http: httpx.Client, doc: str) -> None:
    assert put(http, doc, "tea").json()["doc"] == doc
    assert http.get("/search", params={"q": "tea"}).json()["hits"][0]["doc"] == doc
    assert http.delete(f"/documents/{doc}").json() == {"doc": doc, "version": 2}


# --- bad requests ---------------------------------------------------------------------------------


def refused(reply: httpx.Response, *statuses: int) -> str:
    """Return the one sentence that a reply refuses with."""
    assert reply.status_code in (statuses or (422,)), reply.text
    assert [*reply.json()] == ["detail"]
    sentence = reply.json()["detail"]
    assert isinstance(sentence, str)
    assert sentence.strip()
    assert "\n" not in sentence
    assert "pydantic" not in sentence
    return sentence


NAMES = [
    "",
    " ",
    " tea",
    "tea ",
    "-tea",
    "a/b",
    "a\nb",
    "a\0b",
    "\ud800",
    "x" * 101,
    "../x",
    "é\u0301!",
]


@pytest.mark.parametrize("doc", [*NAMES, 5, None, [], {}, True])
def test_a_name_that_can_be_none_is_refused(http: httpx.Client, words: Words, doc: Any) -> None:
    body = json.dumps({"doc": doc, "text": "tea"})
    reply = http.post("/documents", content=body, headers={"Content-Type": "application/json"})
    assert refused(reply).startswith("'doc' ")
    assert words.texts == {}


@pytest.mark.parametrize(
    ("text", "words_"),
    [
        ("", "'text' is empty."),
        (" \n\t", "'text' can't be used: it is empty."),
        ("tea\0", "'text' can't be used: it holds a NUL character."),
        ("tea \ud83c", "'text' holds half a surrogate pair, which is no text."),
        (None, "'text' must be a text."),
        (["tea"], "'text' must be a text."),
        ("x" * 200_001, "'text' can't be used: string should have at most 200000 characters."),
    ],
)
def test_a_text_that_can_be_none_is_refused(
    http: httpx.Client, words: Words, text: Any, words_: str
) -> None:
    body = json.dumps({"doc": "tea", "text": text})
    reply = http.post("/documents", content=body, headers={"Content-Type": "application/json"})
    assert refused(reply) == words_
    assert words.texts == {}


def test_a_whole_surrogate_pair_is_a_text(http: httpx.Client) -> None:
    body = '{"doc": "tea", "text": "\\ud83c\\udf75 tea"}'
    http.post("/documents", content=body, headers={"Content-Type": "application/json"})
    assert http.get("/search", params={"q": "tea"}).json()["hits"][0]["text"] == "🍵 tea"


@pytest.mark.parametrize("size", [1_000_000, 5_000_000])
def test_a_text_of_a_megabyte_is_too_large(http: httpx.Client, words: Words, size: int) -> None:
    assert "larger than 1,000,000 bytes" in refused(put(http, "tea", "x" * size), 413)
    assert words.texts == {}
    assert put(http, "tea", "x" * 200_000).status_code == 202


@pytest.mark.parametrize(
    "k", ["0", "-1", "51", str(10**9), "9" * 5000, "1.5", "x", "", "NaN", "\0"]
)
def test_a_number_of_hits_that_can_not_be_is_refused(http: httpx.Client, k: str) -> None:
    assert refused(http.get("/search", params={"q": "tea", "k": k})).startswith("'k' ")


@pytest.mark.parametrize("q", ["", " ", "\0", "x" * 1001])
def test_a_question_that_can_be_none_is_refused(http: httpx.Client, words: Words, q: str) -> None:
    assert refused(http.get("/search", params={"q": q})).startswith("'q' ")
    assert refused(http.get("/search")) == "'q' is missing."
    assert words.asked == {}


def test_half_a_surrogate_in_an_address_is_answered(http: httpx.Client) -> None:
    assert http.get("/search?q=%ED%A0%80").status_code == 200  # each byte reads as the sign �
    assert "'doc'" in refused(http.delete("/documents/%ED%A0%80"))
    assert "'doc'" in refused(http.delete("/documents/a%00b"))


def test_a_query_that_there_was_not_is_a_404(http: httpx.Client) -> None:
    reply = http.post("/clicks", json={"query": "q-9", "doc": "tea"})
    assert refused(reply, 404) == "There was no query 'q-9'."


@pytest.mark.parametrize(
    "body",
    [{}, {"query": "q-1"}, {"doc": "tea"}, {"query": "", "doc": "tea"}, {"query": 1, "doc": "a"}],
)
def test_half_a_click_is_refused(http: httpx.Client, words: Words, body: dict[str, Any]) -> None:
    refused(http.post("/clicks", json=body))
    assert words.clicked == []


def test_what_the_pipeline_refuses_is_said_in_its_own_words(http: httpx.Client) -> None:
    assert refused(http.delete("/documents/coffee")) == "There is no document 'coffee'."


@pytest.mark.parametrize("path", ["/documents", "/clicks"])
@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "5", '"tea"', "null", "{'doc': 1}", "[" * 100_000, b"\x80", b"\xff\xfe\0"],
)
def test_what_is_no_json_object_is_refused(
    http: httpx.Client, path: str, body: str | bytes
) -> None:
    reply = http.post(path, content=body, headers={"Content-Type": "application/json"})
    refused(reply, 400, 422)


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", "", "x"])
def test_another_content_type_is_told_to_be_json(http: httpx.Client, kind: str) -> None:
    body = b'{"doc": "tea", "text": "tea"}'
    reply = http.post("/documents", content=body, headers={"Content-Type": kind})
    sentence = "Send the body as JSON, with Content-Type: application/json."
    assert refused(reply, 415) == sentence


@pytest.mark.parametrize("field", ["\ud800", "\0", "x" * 1000, "__proto__", "version"])
def test_a_field_too_many_is_ignored(http: httpx.Client, field: str) -> None:
    body = json.dumps({"doc": "tea", "text": "tea", field: 7})
    reply = http.post("/documents", content=body, headers={"Content-Type": "application/json"})
    assert reply.json() == {"doc": "tea", "version": 1}


def test_other_paths_and_verbs_are_4xx(http: httpx.Client) -> None:
    assert refused(http.get("/nothing"), 404)
    assert refused(http.delete("/documents/a%2Fb"), 404)
    assert refused(http.put("/documents", json={}), 405)


def test_a_broker_that_is_away_is_not_the_clients_fault(
    http: httpx.Client, words: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = Broker()
    for verb in ("ingest", "click"):
        monkeypatch.setattr(words, verb, lambda *_: broker.publish("documents", {}))
    assert "There is no topic" in refused(put(http, "tea", "tea"), 503)
    assert refused(http.post("/clicks", json={"query": "q-1", "doc": "tea"}), 503)


@pytest.mark.parametrize("pipeline", [None, 5, object(), "pipeline"])
def test_what_is_no_pipeline_is_refused(pipeline: Any) -> None:
    with pytest.raises(
        ServiceError, match=r"takes a pipeline with ingest, remove, ask, click: .* lacks"
    ):
        documents_app(pipeline)
