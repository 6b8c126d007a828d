"""A question as data: what the interviewer says, hands out, asks to decide, throws, and looks for.

Each question is a TOML file in this folder. `load("notification-system")` reads one, `questions()`
all of them, and `question_in(path)` one that you are writing.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.interviews.bank import reading
from pubsub_kit.interviews.bank.formula import computed

#: The time boxes of a 45-minute interview: name, and minutes.
BOXES = (
    ("requirements", 5),
    ("estimation", 3),
    ("API and data", 6),
    ("high-level design", 11),
    ("deep dives", 15),
    ("wrap-up", 5),
)
DIMENSIONS = (
    "requirements and estimation",
    "communication",
    "API and data",
    "trade-offs",
    "failure",
)
LEVELS = ("mid", "senior", "staff")
#: No hire; no hire, but persuadable; hire; strong hire, perhaps a level up.
BANDS = ("very weak", "weak", "strong", "very strong")
#: What a rehearsal can observe by itself, as a sign's `seen` names it.
SEEN = (
    "estimate before design",
    "clarified before design",
    "estimate used in a decision",
    "failure named unprompted",
    "trade-off with its price",
    "flip named",
    "recap given",
    "time boxes kept",
    "requirement challenged",
    "counterexample explained",
)


class UnknownQuestion(PubSubKitError):
    """The bank has no question of that name; the message offers the nearest."""


@dataclass(frozen=True)
class Clarification:
    """What the interviewer answers if a candidate's question has one of the words `asks`."""

    topic: str
    asks: tuple[str, ...]
    answer: str


@dataclass(frozen=True)
class Estimate:
    """A quantity to estimate, in `unit`; right if it is off by at most the factor `within`.

    `working` shows the steps and says which inputs are assumptions; `decides` says which decision
    the number settles.
    """

    id: str
    ask: str
    formula: str
    unit: str
    working: str
    decides: str
    within: float = 2.0

    @property
    def value(self) -> float:
        """The formula's result, in `unit`. Raises FormulaError if it is no arithmetic."""
        return computed(self.formula)


@dataclass(frozen=True)
class Option:
    """One way to decide, and its cost."""

    id: str
    label: str
    cost: str


@dataclass(frozen=True)
class Decision:
    """What to decide between, and the fact that would flip the choice."""

    id: str
    ask: str
    options: tuple[Option, ...]
    flips: str


@dataclass(frozen=True)
class Failure:
    """What the interviewer throws at the design, and what a good answer says.

    `names` are words by which a candidate names it unprompted.
    """

    throw: str
    expect: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Sign:
    """A sign of a level in a dimension; `seen` is one of SEEN, or "" where a person judges."""

    dimension: str
    level: str
    sign: str
    seen: str = ""


@dataclass(frozen=True)
class Source:
    """Where a number or a pattern comes from; `url` is "" where none is sure to stay."""

    title: str
    url: str = ""


@dataclass(frozen=True)
class Oracle:
    """What must hold in every run.

    `run` names the exercise question whose world decides its first sentence, such as
    "03.consumer", or is "" where none can.
    """

    holds: str
    run: str = ""


@dataclass(frozen=True)
class Question:
    """An interview question; `full` if a design of it runs.

    `hints` are five rungs: restate, point, show the counterexample, name the concept, two options.
    """

    id: str
    number: int
    title: str
    pitch: str
    full: bool
    clarifications: tuple[Clarification, ...]
    estimates: tuple[Estimate, ...]
    decisions: tuple[Decision, ...]
    failure: Failure
    signs: tuple[Sign, ...]
    hints: tuple[str, ...]
    oracle: Oracle
    lessons: tuple[str, ...]
    sources: tuple[Source, ...]


def load(id: str) -> Question:
    """Return the question of this id, such as "notification-system".

    Raises UnknownQuestion with the nearest id, or BankError if the file doesn't fit the schema.
    """
    if not isinstance(id, str):
        raise UnknownQuestion(
            f"give a question's id as a text, such as 'notification-system', not {brief(id)}"
        )
    files = reading.files()
    if id not in files:
        near = difflib.get_close_matches(id[:80].lower(), files, 1, cutoff=0.4)
        offer = f"did you mean {near[0]!r}" if near else f"choose one of {', '.join(files)}"
        raise UnknownQuestion(f"the bank has no question {brief(id)}: {offer}")
    return _loaded(files[id])


def questions() -> tuple[Question, ...]:
    """Return all questions of the bank, by their numbers. Raises BankError like `load`."""
    return tuple(_loaded(path) for path in reading.files().values())


def question_in(path: str | Path) -> Question:
    """Return the question that a TOML file holds. Raises BankError if it doesn't fit the schema."""
    return _built(reading.read(path))


@cache
def _loaded(path: Path) -> Question:
    """Return a question of the bank; the schema is asked only where a file has another shape.

    The tests hold every file of the bank against it, and its library takes a second to import.
    """
    try:
        return _built(reading.parsed(path))
    except (TypeError, KeyError, ValueError, AttributeError):
        return question_in(path)


def _built(found: Mapping[str, Any]) -> Question:
    made: dict[str, Any] = {
        "clarifications": tuple(
            Clarification(**{**one, "asks": tuple(one["asks"])}) for one in found["clarifications"]
        ),
        "estimates": tuple(Estimate(**one) for one in found["estimates"]),
        "decisions": tuple(_decision(one) for one in found["decisions"]),
        "failure": Failure(**{**found["failure"], "names": tuple(found["failure"]["names"])}),
        "signs": tuple(Sign(**one) for one in found["signs"]),
        "hints": tuple(found["hints"]),
        "oracle": Oracle(**found["oracle"]),
        "lessons": tuple(found["lessons"]),
        "sources": tuple(Source(**one) for one in found["sources"]),
    }
    return Question(**{**found, **made})


def _decision(found: Mapping[str, Any]) -> Decision:
    return Decision(**{**found, "options": tuple(Option(**one) for one in found["options"])})
