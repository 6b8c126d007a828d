"""Errors and answers that refuse to be shown: an error is told by its class, an answer too."""

from __future__ import annotations

from typing import Any

import pytest

from pubsub_kit import Event, PubSubKitError
from pubsub_kit.checks.forms.choose import Choose
from pubsub_kit.checks.forms.designed import Design
from pubsub_kit.checks.forms.estimate import Estimate
from pubsub_kit.checks.forms.parsons import Parsons
from pubsub_kit.checks.forms.question import AnswerError, Question
from pubsub_kit.checks.sandbox.blame import told
from pubsub_kit.errors import said
from tests.checks.questions import TITLE, PaysOnce, pay


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise KeyError("no words")

    __repr__ = __str__


class UnspeakableOfTheKit(PubSubKitError):
    def __str__(self) -> str:
        raise SystemExit

    def __repr__(self) -> str:
        raise KeyError


class RaisesByAccident(PaysOnce):
    async def handle(self, event: Event) -> None:
        next(self.raising())

    def raising(self) -> Any:
        raise Unspeakable


class RaisesUnspeakably(PaysOnce):
    async def handle(self, event: Event) -> None:
        raise Unspeakable


class CannotBeMade(PaysOnce):
    def __init__(self, db: Any) -> None:
        raise Unspeakable


class RefusesInTheKitsName(PaysOnce):
    def __init__(self, db: Any) -> None:
        raise UnspeakableOfTheKit


@pytest.mark.parametrize("error", [Unspeakable, UnspeakableOfTheKit])
def test_an_error_that_cannot_say_what_it_is_has_its_name(error: type[Exception]) -> None:
    assert said(error()) == told(error()) == error.__name__


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (RaisesUnspeakably, "0 was paid, not 10."),
        (RaisesByAccident, "0 was paid, not 10."),
        (CannotBeMade, "Your code raised Unspeakable (line "),
        (RefusesInTheKitsName, "UnspeakableOfTheKit"),
    ],
)
def test_an_answer_that_raises_it_is_judged_all_the_same(answer: Any, words: str) -> None:
    verdict = pay(limit=10.0).verdict(answer, TITLE)
    assert verdict.outcome == "fails"
    assert verdict.violation is not None
    assert verdict.violation.message.startswith(words)
    if verdict.trace is not None:
        assert any(step.text == "failed: Unspeakable" for step in verdict.trace)


class Shy:
    def __repr__(self) -> str:
        raise KeyError

    __str__ = __repr__
    __hash__ = object.__hash__


FORMS: list[Question] = [
    Choose("how", "How?", options={"how": ["once", "twice"]}),
    Parsons("lines", "Which?", lines=["a = 1"], defines="a"),
    Design("feed", "Which?"),
]
ANSWERS = [Shy(), [Shy()], {Shy(): "once"}, {"how": Shy()}]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: str(form.name))
@pytest.mark.parametrize("answer", ANSWERS, ids=type)
def test_an_answer_that_refuses_to_be_shown_is_told_what_is_wanted(
    form: Question, answer: Any
) -> None:
    with pytest.raises(AnswerError) as told_of_it:
        form.runnable(answer)
    assert str(told_of_it.value)


@pytest.mark.parametrize("answer", ANSWERS, ids=type)
def test_no_estimate_that_refuses_to_be_shown_breaks_the_check(answer: Any) -> None:
    verdict = Estimate("many", "How many?", value=lambda: 3.0).verdict(answer, TITLE)
    assert (verdict.outcome, verdict.belief) == ("fails", "misuse")
    assert verdict.violation is not None
    assert verdict.violation.message.startswith("give a number")
