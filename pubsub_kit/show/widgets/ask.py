"""Questions before and after a run: commit to a prediction, compare it, check an understanding.

A prediction is committed before the run that decides it, kept under its key, and compared by a
later cell. Without widgets both kinds of question print themselves and take their answer from code.
What a cell prints never depends on earlier answers, but for the one cell that compares.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from string import ascii_lowercase
from textwrap import fill
from typing import Any, Protocol

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.show.ink import clean
from pubsub_kit.show.widgets import live
from pubsub_kit.show.widgets.seal import unseal


class QuestionError(PubSubKitError):
    """A question or an answer can't be used; the message says why, and what to do."""


class Store(Protocol):
    """Where answers are kept: `store(key, answer)` keeps one, `store(key)` returns the latest."""

    def __call__(self, key: str, answer: str | None = None) -> str | None:
        """Keep the answer if there is one; return the latest answer under the key, or None."""


# Named, and found when it is first needed: so it is the same one however `show` was imported.
_JOURNAL = "pubsub_kit.checks.desk.journal"


def journal(key: str, answer: str | None = None) -> str | None:
    """Keep answers in the learner's own journal, which outlives this Python."""
    answers: Store = importlib.import_module(_JOURNAL).Answers()
    return answers(key, answer)


store: Store = journal
"""The place where answers are kept; assign another `Store` to keep them elsewhere."""

WIDE = 100  # letters in a line: a notebook breaks a longer one within a word
_predictions: dict[str, Prediction] = {}


class Words:
    """A few lines of text that a notebook shows as they are."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


class Question:
    """A question with lettered options, live with radio buttons or as plain text."""

    button = "Answer"
    kept_under = "question"

    def __init__(self, question: str, options: Iterable[str], key: str | None = None) -> None:
        self.question = clean(question)
        if not isinstance(options, Iterable) or isinstance(options, str):
            raise QuestionError(
                f"The question {question!r} needs a list of options, not {options!r}."
            )
        self.options = dict(zip(ascii_lowercase, map(clean, options), strict=False))
        if len(self.options) < 2:
            raise QuestionError(f"The question {question!r} needs at least two options.")
        self.key = key or self.question
        self._widget: Any = None

    def answer(self, choice: str) -> Words:
        """Answer from code, by letter or by an option's words; get what the button would say."""
        letter = self.letter(choice)
        if letter is None:
            given = ", ".join(self.options)
            raise QuestionError(f"{choice!r} is not among the options: answer one of {given}.")
        return Words(self._answered(letter))

    def letter(self, choice: object) -> str | None:
        """Return the letter of an option given by its letter or its words, or None."""
        said = clean(choice).casefold()
        for letter, option in self.options.items():
            if said in (letter.casefold(), option.casefold(), f"{letter}) {option}".casefold()):
                return letter
        return None

    def line(self, letter: str) -> str:
        """Return an option as it is listed."""
        return f"{letter}) {self.options[letter]}"

    @property
    def text(self) -> str:
        """Return the question and its options as plain text, and the line to type."""
        lines = [self.question, *(f"  {self.line(letter)}" for letter in self.options)]
        return "\n".join([*lines, self._how()])

    @property
    def widget(self) -> Any:
        """Return the live widget: question, options, button, and what comes of it.

        Raises ImportError where anywidget is not installed.
        """
        if self._widget is None:
            before = self.said()  # so that a cell that runs again keeps the choice
            self._widget = live.question(
                question=_html(self.question),
                options=[[letter, _html(self.line(letter))] for letter in self.options],
                button=self.button,
                chosen=before or "",
                said=_html(self._told(before)) if before else "",
            )
            self._widget.on_msg(lambda _, message, buffers: self._pressed(message))
        return self._widget

    def _pressed(self, message: Any) -> None:
        """Take what the button sent: the letter that was chosen."""
        letter = message.get("answer") if isinstance(message, dict) else None
        if letter in self.options:
            try:
                said = self._answered(letter)
            except Exception as error:
                said = f"Your answer was not kept: {clean(error)}"
            self._widget.said = _html(said)

    def said(self) -> str | None:
        """Return the letter that was answered last, in this session or an earlier one, or None."""
        kept = store(f"{self.kept_under}/{self.key}")
        return kept if kept in self.options else None

    def _answered(self, letter: str) -> str:
        store(f"{self.kept_under}/{self.key}", letter)
        return self._told(letter)

    def _told(self, letter: str) -> str:
        raise NotImplementedError

    def _how(self) -> str:
        raise NotImplementedError

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Give the widget where there are widgets, and the same plain text everywhere."""
        return {**live.view(lambda: self.widget), "text/plain": self.text}


def _quoted(text: str) -> str:
    """Return the text as Python writes a string, in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def _html(text: str) -> str:
    """Return the text escaped, with `backticks` as code and line ends kept."""
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
    return marked.replace("\n", "<br>")


class Prediction(Question):
    """A question that a later run answers; the learner commits first.

    Options are words; in a mapping, each has the outcome that it stands for, for `reveal`.
    """

    button = "Commit"
    kept_under = "predict"

    def __init__(
        self, question: str, options: Sequence[str] | Mapping[str, object], key: str
    ) -> None:
        super().__init__(question, options, key)
        values = options.values() if isinstance(options, Mapping) else ()
        self._outcomes = list(zip(self.options, values, strict=False))

    def reveal(self, outcome: object) -> Words:
        """Compare what was predicted with what came out: an outcome, an option, or other words."""
        came = next((letter for letter, value in self._outcomes if value == outcome), None)
        came = came or self.letter(outcome)
        out = self.line(came) if came else clean(outcome)
        said = self.said()
        if said is None:
            return Words(f"○ You made no prediction. What happened: {out}")
        if came is None:
            return Words(f"You predicted {self.line(said)}. What happened: {out}")
        if came == said:
            return Words(f"✓ As you predicted: {out}")
        gap = "The gap between the two is where you learn."
        told = fill(f"✗ You predicted {self.line(said)}. What happened: {out}", WIDE)
        return Words(f"{told}\n{gap}")

    def _told(self, letter: str) -> str:
        return f"Committed to {letter}). Press Shift+Enter to go on and see what happens."

    def _how(self) -> str:
        line = f"show.answer({_quoted(self.key)}, {_quoted(next(iter(self.options)))})"
        return f"Commit to an answer first. In code: {line}"


class Quiz(Question):
    """A question with one right answer, and for each wrong one a reason."""

    button = "Check"
    kept_under = "quiz"

    def __init__(
        self,
        question: str,
        options: Sequence[str],
        answer: str,
        why: Mapping[str, str] | str = "",
        key: str | None = None,
    ) -> None:
        super().__init__(question, options, key)
        right = self.letter(answer)
        if right is None:
            raise QuestionError(f"The right answer {answer!r} is not among the options.")
        self._right = right
        reasons = {right: why} if isinstance(why, str) else why
        self._why = {self.letter(option) or "": clean(reason) for option, reason in reasons.items()}
        if "" in self._why:
            raise QuestionError(f"A reason is given for no option of {question!r}: use its letter.")

    def _told(self, letter: str) -> str:
        why = self._why.get(letter, "")
        if letter == self._right:
            return " ".join(filter(None, (f"✓ Right, {letter}).", why)))
        return " ".join(filter(None, (f"✗ Not {letter}).", why, "Try again.")))

    def _how(self) -> str:
        return f"In code: q = show.quiz(…), then q.answer({_quoted(next(iter(self.options)))})"


def predict(
    question: str, options: Sequence[str] | Mapping[str, object], *, key: str
) -> Prediction:
    """Ask for a prediction, to be compared under `key`; `options` as `Prediction` takes them."""
    _predictions[key] = Prediction(question, options, key)
    return _predictions[key]


def answer(key: str, choice: str) -> Words:
    """Answer the prediction of this key from code."""
    return _asked(key).answer(choice)


def compare(key: str, outcome: object) -> Words:
    """Compare the prediction of this key with what came out."""
    return _asked(key).reveal(outcome)


def _asked(key: str) -> Prediction:
    if key not in _predictions:
        known = ", ".join(map(repr, _predictions)) or "none yet"
        raise QuestionError(
            f"There is no prediction {key!r} (so far: {known}): run the cell that asks it."
        )
    return _predictions[key]


def quiz(
    question: str,
    options: Sequence[str],
    answer: str = "",
    why: Mapping[str, str] | str = "",
    *,
    sealed: str = "",
    key: str | None = None,
) -> Quiz:
    """Ask a question that answers at once; `why` gives a reason by option (letter or words).

    In a notebook both come `sealed`, so that nobody reads the answer before the question.
    """
    if sealed:
        try:
            answer, why = unseal(sealed)
        except (ValueError, TypeError):
            raise QuestionError(
                f"The seal of {question!r} is broken: copy its cell anew."
            ) from None
    return Quiz(question, options, answer, why, key)
