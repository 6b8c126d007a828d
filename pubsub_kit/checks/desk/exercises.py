"""What a notebook holds in its hand: `q = exercise("03")`, then `q.consumer.check(my_consumer)`."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from textwrap import fill
from typing import TYPE_CHECKING, Any

from pubsub_kit.checks.desk import journal
from pubsub_kit.checks.forms import compared, sources
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.checks.forms.verdict import SIGNS, Verdict
from pubsub_kit.errors import PubSubKitError, said

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

WIDE = 100  # letters in a line: a notebook breaks a longer one within a word

#: The lessons that have an exercise: number, and name of both the notebook and the checks.
LESSONS = {
    "01": "sync_cascade",
    "02": "fan_out",
    "03": "idempotency",
    "04": "delivery_semantics",
    "05": "out_of_order_transfers",
    "06": "twitter_feed",
    "07": "event_log_and_replay",
    "08": "event_sourcing_cqrs",
    "09": "time_travel",
    "10": "living_with_events",
    "11": "broker_availability",
    "12": "real_engines",
    "13": "genai_pipeline",
}


#: Who hears of each verdict that counts: the command line does.
listeners: list[Callable[[Verdict], None]] = []
#: The questions to check, such as "03.consumer", if not all: `check 03 consumer` sets it.
only: frozenset[str] = frozenset()

Fact = tuple[str, dict[str, Any]]


class NoSuchQuestion(PubSubKitError, AttributeError):
    """An exercise or a question that does not exist; the message says which do."""


class Asked:
    """One question of an exercise, with what you did with it so far in this session.

    Of a `demo` nothing counts: no fact of it goes to your progress.
    """

    def __init__(self, exercise: str, question: Question, demo: bool = False) -> None:
        self._exercise, self._question, self._demo = exercise, question, demo
        self._hinted: Counter[str] = Counter()
        self._verdict: Verdict | None = None
        self.answer: Any = None

    @property
    def name(self) -> str:
        """The question's name."""
        return self._question.name

    def __repr__(self) -> str:
        sign = SIGNS["not attempted" if self._verdict is None else self._verdict.outcome]
        return _folded(f"{sign} {self._exercise}.{self._question.name}: {self._question.shown()}")

    def check(self, answer: Any = None) -> Verdict:
        """Put your answer to the test. Never raises, never hangs, never shows the answer.

        Only Ctrl-C, or the button that interrupts the kernel, ends it by a KeyboardInterrupt.
        """
        if only and f"{self._exercise}.{self.name}" not in only:
            return self._question.left_out(self._exercise)
        self.answer = answer
        verdict = self._question.verdict(answer, self._exercise)
        facts = [self._fact("checked", outcome=verdict.outcome, belief=verdict.belief)]
        if verdict.outcome == "fails" and self._question.hints_for(verdict.belief):
            # What cannot run is told in full: the hints beyond that one are about answers that do.
            misused = verdict.belief == "misuse"
            words, (kind, details) = (
                self._hint("misuse", 1) if misused else self._next_hint(verdict.belief)
            )
            verdict = replace(verdict, hint=words)
            facts.append((kind, {**details, "automatic": True}))
        self._verdict = replace(verdict, note=self._record(*facts))
        if not self._demo:
            for listener in listeners:
                listener(self._verdict)
        return self._verdict

    def hint(self, number: int | None = None) -> Words:
        """Return the next hint for what your last check showed, or hint 1, 2, 3 …."""
        belief = "" if self._verdict is None else self._verdict.belief  # failing, it is falsy
        hints = self._question.hints_for(belief)
        if not hints:
            return Words("There is no hint for this.")
        if number is None:
            words, fact = self._next_hint(belief)
        elif type(number) is not int or not 1 <= number <= len(hints):
            return Words(f"There are hints 1 to {len(hints)} here, no hint {number!r}.")
        else:
            words, fact = self._hint(belief, number)
        self._record(fact)
        return Words(words)

    def solution(self) -> Words:
        """Return one right answer, with its reasons."""
        self._record(self._fact("solution shown"))
        return Words(sources.solution(self._exercise, self._question.name))

    def reset(self) -> Words:
        """Forget hints and verdicts of this question; return the stub, to begin anew."""
        self._hinted.clear()
        self._verdict = self.answer = None
        self._record(self._fact("reset"))
        return Words(sources.stub(self._exercise, self._question.name))

    def replay(self, code: str) -> Picture:
        """Run your last checked answer once more, under a code that a verdict printed; draw it.

        Raises PubSubKitError where there is no answer to run, or the code is none of its runs.
        """
        last = self._verdict
        if last is None or last.outcome == "not attempted":
            raise NoSuchQuestion(
                f"q.{self.name}.replay({str(code)[:40]!r}) needs an answer to run, and none was "
                "checked since this kernel was started: run the cells of your answer and of its "
                "check() first"
            )
        failed = last.violation is not None and str(code).strip() == last.code
        heading = last.heading if failed else f", run {code}"
        title = f"{self._exercise}.{self.name}{heading}"
        return self._question.replay(self.answer, str(code), title)

    def compare(self) -> Picture | Words:
        """Draw the run that broke your last answer, and the same faults on the solution.

        Where there is none to draw, a sentence says why. The solution's code is not shown.
        """
        last = self._verdict
        if last is None or last.outcome != "fails" or not last.code:
            return Words(
                "There is no run to compare: check an answer first, and if a run breaks it, "
                f"q.{self.name}.compare() shows the same faults on the solution."
            )
        try:
            return compared.beside_solution(self._question, self.answer, self._exercise, last.code)
        except PubSubKitError as error:
            return Words(f"There is nothing to compare here: {said(error)}.")

    def _record(self, *facts: Fact) -> str:
        return "" if self._demo else journal.record(*facts)

    def _next_hint(self, belief: str) -> tuple[str, Fact]:
        last = len(self._question.hints_for(belief))
        return self._hint(belief, min(self._hinted[belief] + 1, last))

    def _hint(self, belief: str, number: int) -> tuple[str, Fact]:
        hints = self._question.hints_for(belief)
        self._hinted[belief] = max(self._hinted[belief], number)
        words = f"{hints[number - 1]} ({number} of {len(hints)})"
        return words, self._fact("hinted", number=number, belief=belief)

    def _fact(self, kind: str, **details: Any) -> Fact:
        return kind, {"exercise": self._exercise, "question": self._question.name, **details}


def _folded(text: str) -> str:
    """Break long lines between words: a notebook does it anywhere."""
    lines = text.splitlines()
    return "\n".join(fill(line, WIDE, subsequent_indent="  " + _indent(line)) for line in lines)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


class Words(str):
    """A text that shows as it is when it is the last line of a cell."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Exercise:
    """The questions of one lesson's exercise, each an attribute."""

    def __init__(
        self, number: str, name: str, questions: list[Question], demo: bool = False
    ) -> None:
        self.number, self.name, self.demo = number, name, demo
        self._asked = {question.name: Asked(number, question, demo) for question in questions}

    def __getattr__(self, name: str) -> Asked:
        asked: dict[str, Asked] = self.__dict__.get("_asked", {})
        if name in asked:
            return asked[name]
        if name.startswith("_"):
            raise AttributeError(name)
        raise NoSuchQuestion(
            f"exercise {self.number} has no question {name!r}: it has {', '.join(asked)}"
        )

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._asked]

    def __iter__(self) -> Iterator[Asked]:
        return iter(self._asked.values())

    def __repr__(self) -> str:
        shown = " (a demonstration: nothing of it counts as your progress)" if self.demo else ""
        title = f"Exercise {self.number}, {self.name.replace('_', ' ')}{shown}"
        return "\n".join([title, *map(repr, self)])


_open: dict[tuple[str, bool], Exercise] = {}


def exercise(number: str | int, *, demo: bool = False) -> Exercise:
    """Open an exercise by its number or name: `exercise("03")`; the same one each time.

    A lesson that shows how checks work opens a `demo`: it answers the same, and none of its checks,
    hints and solutions count as your progress.

    Raises NoSuchQuestion if there is none of that name.
    """
    key = key_of(number)
    if (key, demo) not in _open:
        _open[key, demo] = Exercise(key, LESSONS[key], questions(key), demo)
    return _open[key, demo]


def questions(key: str) -> list[Question]:
    """Return the questions of the exercise with these two digits."""
    found: list[Question] = importlib.import_module(
        f"pubsub_kit.checks.questions.{LESSONS[key]}"
    ).QUESTIONS
    return found


def forget() -> None:
    """Forget every answer, verdict and hint of this session, as a new kernel would."""
    _open.clear()


def key_of(number: str | int) -> str:
    """Return the two digits of an exercise for its number, its name, or its file's name.

    Raises NoSuchQuestion if there is none of that name.
    """
    wanted = str(number).strip().rpartition("/")[2].removesuffix(".ipynb")
    wanted = wanted.zfill(2) if wanted.isdecimal() else wanted
    for key, name in LESSONS.items():
        if wanted in (key, name, f"{key}_{name}"):
            return key
    known = ", ".join(f"{key} {name}" for key, name in LESSONS.items())
    raise NoSuchQuestion(f"there is no exercise {str(number)[:40]!r}: there are {known}")


def replay(number: str | int, code: str) -> Picture:
    """Run an answer once more: `replay("03", "consumer:4c9a")` is `q.consumer.replay("4c9a")`.

    Raises PubSubKitError if nothing was checked yet, or the code names no question and no run.
    """
    name, _, schedule = str(code).partition(":")
    asked = exercise(number)._asked.get(name)
    if asked is None:
        raise NoSuchQuestion(
            f"replay({number!r}, {str(code)[:40]!r}) names no question: write one of "
            f"{', '.join(a.name for a in exercise(number))}, a colon, and the code that its "
            "verdict printed"
        )
    return asked.replay(schedule)
