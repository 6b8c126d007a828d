"""What a notebook holds in its hand: `q = exercise("03")`, then `q.consumer.check(my_consumer)`."""

from __future__ import annotations

import importlib
from collections import Counter
from typing import Any

from pubsub_kit.checks import sources, workspace
from pubsub_kit.checks.questions import Code, Question
from pubsub_kit.checks.verdict import SIGNS, Verdict
from pubsub_kit.errors import PubSubKitError

#: The lessons that have an exercise: number, and name of both the notebook and the checks.
LESSONS = {
    "01": "sync_cascade",
}


class NoSuchQuestion(PubSubKitError, AttributeError):
    """An exercise or a question that does not exist; the message says which do."""


class Asked:
    """One question of an exercise, with what you did with it so far in this session."""

    def __init__(self, exercise: str, question: Question) -> None:
        self._exercise, self._question = exercise, question
        self._hinted: Counter[str] = Counter()
        self._verdict: Verdict | None = None
        self.answer: Any = None

    def __repr__(self) -> str:
        sign = SIGNS["not attempted" if self._verdict is None else self._verdict.outcome]
        return f"{sign} {self._exercise}.{self._question.name}: {self._question.shown()}"

    def check(self, answer: Any = None) -> Verdict:
        """Put your answer to the test. Never raises, never hangs, never shows the answer."""
        from dataclasses import replace

        self.answer = answer
        verdict = self._question.verdict(answer, self._exercise)
        if verdict.outcome == "fails":
            verdict = replace(verdict, hint=self._next_hint(verdict.belief))
        self._verdict = verdict
        self._record("checked", outcome=verdict.outcome, belief=verdict.belief)
        return verdict

    def hint(self, number: int | None = None) -> Words:
        """Return the next hint for what your last check showed, or hint 1, 2, 3 …."""
        belief = "" if self._verdict is None else self._verdict.belief
        hints = self._question.hints_for(belief)
        if number is None:
            return Words(self._next_hint(belief))
        if not isinstance(number, int) or not 1 <= number <= len(hints):
            return Words(f"There are hints 1 to {len(hints)} here, no hint {number!r}.")
        self._hinted[belief] = max(self._hinted[belief], number)
        self._record("hinted", number=number, belief=belief)
        return Words(hints[number - 1])

    def solution(self) -> Words:
        """Return one right answer, with its reasons."""
        self._record("solution shown")
        return Words(sources.solution(self._exercise, self._question.name))

    def reset(self) -> Words:
        """Forget hints and verdicts of this question; return the stub, to begin anew."""
        self._hinted.clear()
        self._verdict = self.answer = None
        self._record("reset")
        return Words(sources.stub(self._exercise, self._question.name))

    def _next_hint(self, belief: str) -> str:
        hints = self._question.hints_for(belief)
        if not hints:
            return ""
        number = min(self._hinted[belief] + 1, len(hints))
        self._hinted[belief] = number
        self._record("hinted", number=number, belief=belief)
        more = f" ({number} of {len(hints)})"
        return hints[number - 1] + more

    def _record(self, kind: str, **details: Any) -> None:
        workspace.record(kind, exercise=self._exercise, question=self._question.name, **details)


class Words(str):
    """A text that shows as it is when it is the last line of a cell."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Exercise:
    """The questions of one lesson's exercise, each an attribute."""

    def __init__(self, number: str, name: str, questions: list[Question]) -> None:
        self.number, self.name = number, name
        self._asked = {question.name: Asked(number, question) for question in questions}

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

    def __iter__(self) -> Any:
        return iter(self._asked.values())

    def __repr__(self) -> str:
        return "\n".join(
            [f"Exercise {self.number}, {self.name.replace('_', ' ')}", *map(repr, self)]
        )


_open: dict[str, Exercise] = {}


def exercise(number: str | int) -> Exercise:
    """Open an exercise by its number or name: `exercise("03")`.

    Raises NoSuchQuestion if there is none of that name.
    """
    wanted = str(number).strip().removesuffix(".ipynb")
    wanted = wanted.zfill(2) if wanted.isdigit() else wanted
    for key, name in LESSONS.items():
        if wanted in (key, name, f"{key}_{name}"):
            module = importlib.import_module(f"pubsub_kit.checks.{name}")
            _open[key] = Exercise(key, name, module.QUESTIONS)
            return _open[key]
    known = ", ".join(f"{key} {name}" for key, name in LESSONS.items())
    raise NoSuchQuestion(f"there is no exercise {number!r}: there are {known}")


def replay(number: str | int, code: str) -> Any:
    """Run your last checked answer once more, under a schedule that a verdict printed; draw it.

    Raises NoSuchQuestion if nothing was checked yet, or the code names no question.
    """
    key = str(number).zfill(2)
    name, _, schedule = str(code).partition(":")
    asked = _open[key]._asked.get(name) if key in _open else None
    if asked is None or asked.answer is None:
        raise NoSuchQuestion(
            f"replay({number!r}, {code!r}) needs an answer to run: check one first, in this "
            "notebook, and copy the code from its verdict"
        )
    question = asked._question
    judge = getattr(question, "judged_by", None)
    if judge is None:
        raise NoSuchQuestion(f"{name} is a question without a run: there is nothing to replay")
    build = getattr(question, "build", None) or getattr(question, "read", None)
    answer = asked.answer if isinstance(question, Code) or build is None else build(asked.answer)
    world = judge.replay(answer, schedule)
    from pubsub_kit import show

    return show.spacetime(world.trace, title=f"{key}.{name}, schedule {schedule}")
