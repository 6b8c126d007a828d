"""The corpus: a tea shop's handbook, and questions whose right answer is known."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pubsub_kit.errors import brief
from pubsub_kit.genai.asked import PipelineError

_LONGEST = 90  # words of a chunk


class Document(NamedTuple):
    """A text that is ingested as one."""

    id: str
    text: str


class Question(NamedTuple):
    """A question in other words, the document that answers it, and words of the paragraph."""

    ask: str
    doc: str
    words: str


@cache
def _read() -> tuple[tuple[Document, ...], tuple[Question, ...]]:
    found = tomllib.loads(Path(__file__).with_name("corpus.toml").read_text(encoding="utf-8"))
    documents = tuple(Document(each["id"], each["text"].strip()) for each in found["documents"])
    return documents, tuple(Question(q["ask"], *q["answer"]) for q in found["questions"])


def documents() -> tuple[Document, ...]:
    """Return the documents, in the order of the file."""
    return _read()[0]


def questions() -> tuple[Question, ...]:
    """Return the questions, in the order of the file."""
    return _read()[1]


def paragraphs(text: str) -> Sequence[str]:
    """Cut a document into chunks: a paragraph each, and one of over 90 words at its words."""
    if not isinstance(text, str):
        raise PipelineError(f"a document is a text, not {brief(text)}.")
    chunks = []
    for paragraph in filter(None, map(str.split, text.split("\n\n"))):
        for at in range(0, len(paragraph), _LONGEST):
            chunks.append(" ".join(paragraph[at : at + _LONGEST]))
    return chunks


def hits(ask: Callable[[str], Sequence[Any]]) -> int:
    """Return how many questions find the paragraph that answers them in the first place.

    `ask` returns what a question finds, best first: each with its `doc` and its `text`. Raises
    PipelineError if it can't be called.
    """
    if not callable(ask):
        raise PipelineError(f"hits() takes a function of a question, not {brief(ask)}.")
    found = ((question, ask(question.ask)) for question in questions())
    return sum(
        bool(hits) and hits[0].doc == question.doc and question.words in hits[0].text
        for question, hits in found
    )
