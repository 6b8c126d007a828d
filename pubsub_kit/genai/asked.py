"""What goes into the pipeline, and what comes out: texts, answers, what was paid for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.scenarios.rag_ingestion.steps import MODELS

LARGEST = 100_000  # characters of a document, and of a question
_NAME = 200  # characters of a document's name


class PipelineError(PubSubKitError):
    """A document, a question or a model that the pipeline can't take."""


class Hit(NamedTuple):
    """A chunk that was found."""

    doc: str
    n: int
    text: str


class Answer(NamedTuple):
    """What a question found: by which model, the nearest chunk first."""

    id: str
    model: str
    hits: list[Hit]


class Paid(NamedTuple):
    """What was embedded, and so paid for: by which model, how many texts."""

    model: str
    texts: int


def folder_of(given: Any) -> Path:
    """Return a folder, made if it is not there; raises PipelineError if it can't be used."""
    if not isinstance(given, str | Path) or not str(given):
        raise PipelineError(f"folder is a folder's path, as a text, not {brief(given)}.")
    try:
        Path(given).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:  # ValueError: NUL, or half of a character
        why = getattr(error, "strerror", None) or error
        raise PipelineError(
            f"the pipeline can't keep its data in {brief(str(given))} ({why}): name another folder."
        ) from None
    return Path(given)


def text_of(what: str, given: Any, longest: int = LARGEST) -> str:
    """Return a text that the log and the index can hold; raises PipelineError for anything else."""
    if not isinstance(given, str) or not given.strip():
        raise PipelineError(f"{what} is a text with words in it, not {brief(given)}.")
    if len(given) > longest:
        raise PipelineError(
            f"{what} has at most {longest:,} characters, not {len(given):,}: split it up."
        )
    try:
        given.encode()
    except UnicodeEncodeError:
        raise PipelineError(f"{what} has half of a character in it: {brief(given)}.") from None
    return given


def name_of(given: Any) -> str:
    """Return a document's name; raises PipelineError for what can't be one."""
    if given == MODELS:
        raise PipelineError(f"{MODELS!r} is a row of the pipeline's own: choose another name.")
    return text_of("a document's name", given, _NAME)


def chunks_of(k: Any) -> int:
    """Return how many chunks are asked for; raises PipelineError unless that is 1 to 100."""
    if not isinstance(k, int) or isinstance(k, bool) or not 1 <= k <= 100:
        raise PipelineError(f"k is how many chunks you want, 1 to 100, not {brief(k)}.")
    return k
