"""The forms of a question: write or repair code, order lines, choose, estimate.

Whatever the form, the answer is put to the test by running it. So there is no list of right
answers to compare with, and an unusual right answer is right.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pubsub_kit.checks import quantity
from pubsub_kit.checks.blame import told
from pubsub_kit.checks.judges import Judge
from pubsub_kit.checks.question import AnswerError, Question, failed
from pubsub_kit.checks.stub import is_stub
from pubsub_kit.checks.verdict import Judgement

__all__ = ["AnswerError", "Choose", "Code", "Estimate", "Parsons", "Question"]


@dataclass
class Code(Question):
    """Write or repair a function or a class; a judge runs it."""

    judged_by: Judge | None = None

    def is_blank(self, answer: Any) -> bool:
        """Say whether the answer is a stub. Raises AnswerError if it is no code at all."""
        if is_stub(answer):
            return True
        if not callable(answer):
            raise AnswerError(
                f"check() takes your function or class itself, not {_a(answer)}: write "
                f"q.{self.name}.check(my_function)"
            )
        return False

    def judge(self, answer: Any) -> Judgement:
        """Run the answer under its judge."""
        assert self.judged_by is not None
        return self.judged_by.judge(answer)


def _a(answer: Any) -> str:
    name = type(answer).__name__
    return f"{'an' if name[:1] in 'aeiouAEIOU' else 'a'} {name}"


_LINES = "<your lines>"


@dataclass
class Parsons(Question):
    """Put given lines of code into an order; lines may be left out. What comes out is run.

    `lines` stand in the order in which the learner sees them, with their indentation; `header` is
    what comes before them (imports, say), and `defines` is the name that the lines define.
    """

    lines: Sequence[str] = ()
    header: str = ""
    defines: str = "handle"
    judged_by: Judge | None = None
    names: Mapping[str, Any] = field(default_factory=dict)

    def shown(self) -> str:
        """Return the lines, each with its number."""
        rows = [f"{i:>3}  {line}" for i, line in enumerate(self.lines, 1)]
        return "\n".join([self.asks, *rows])

    def runnable(self, answer: Any) -> Any:
        """Return what the lines define in the answer's order. Raises AnswerError if they can't."""
        chosen = [self.lines[number - 1] for number in self._numbers(answer)]
        source = "\n".join([self.header, *chosen]) + "\n"
        space: dict[str, Any] = {"__name__": _LINES, **self.names}
        linecache.cache[_LINES] = len(source), None, source.splitlines(True), _LINES
        try:
            exec(compile(source, _LINES, "exec"), space)
        except SyntaxError as error:
            raise AnswerError(f"in this order the lines are not Python: {error.msg}") from None
        except Exception as error:
            raise AnswerError(f"in this order the lines do not even load: {told(error)}") from None
        if self.defines not in space:
            raise AnswerError(f"in this order the lines do not define {self.defines}")
        return space[self.defines]

    def judge(self, answer: Any) -> Judgement:
        """Build the code from the lines, and run it."""
        assert self.judged_by is not None
        return self.judged_by.judge(self.runnable(answer))

    def _numbers(self, answer: Any) -> list[int]:
        most = len(self.lines)
        if isinstance(answer, str):
            words = answer.replace(",", " ").split()
            answer = [int(word) if word.isdecimal() else word for word in words]
        whole = isinstance(answer, list | tuple) and all(type(n) is int for n in answer)
        if not whole:
            raise AnswerError(
                f"give the numbers of the lines in order, as in [2, 1, 3], not {str(answer)[:60]!r}"
            )
        twice = sorted({n for n in answer if answer.count(n) > 1})
        if twice:
            raise AnswerError(f"use each line once at most: line {twice[0]} is there twice")
        if wrong := [n for n in answer if not 1 <= n <= most]:
            raise AnswerError(
                f"there is no line {wrong[0]}: the lines have numbers from 1 to {most}"
            )
        return list(answer)


@dataclass
class Choose(Question):
    """Choose an option for each of several things; the choice is run.

    `options` gives, for each thing, the options that there are. A question about one thing takes
    the option alone as its answer.
    """

    options: Mapping[str, Sequence[str]] = field(default_factory=dict)
    judged_by: Judge | None = None

    def shown(self) -> str:
        """Return what there is to choose, and from what."""
        rows = [f"  {thing}: {' | '.join(choices)}" for thing, choices in self.options.items()]
        return "\n".join([self.asks, *rows])

    def runnable(self, answer: Any) -> dict[str, str]:
        """Return the answer as one option for each thing. Raises AnswerError for another form."""
        things = list(self.options)
        if len(things) == 1 and isinstance(answer, str):
            answer = {things[0]: answer}
        example = ", ".join(f"{thing!r}: …" for thing in things)
        if not isinstance(answer, Mapping):
            raise AnswerError(f"give one option for each, {{{example}}}, not {str(answer)[:80]!r}")
        if unknown := [thing for thing in answer if thing not in self.options]:
            raise AnswerError(
                f"{str(unknown[0])[:40]!r} is nothing to choose an option for: give {{{example}}}"
            )
        if missing := [thing for thing in things if is_stub(answer.get(thing))]:
            raise AnswerError(f"choose for {' and '.join(map(repr, missing))} too")
        for thing, option in answer.items():
            if option not in self.options[thing]:
                known = ", ".join(map(repr, self.options[thing]))
                raise AnswerError(
                    f"{str(option)[:40]!r} is no option for {thing}: choose among {known}"
                )
        return {thing: str(answer[thing]) for thing in things}

    def judge(self, answer: Any) -> Judgement:
        """Run the choice."""
        assert self.judged_by is not None
        return self.judged_by.judge(self.runnable(answer))


@dataclass
class Estimate(Question):
    """Estimate a quantity; the answer needs a unit where the quantity has one.

    `value` computes the true value in `unit`; `tolerance` is a ratio (0.1: within 10%). `wrong`
    names the values that known misconceptions lead to; `shows` is the calculation in words, told
    once the answer holds.
    """

    value: Callable[[], float] = float
    unit: str = ""
    tolerance: float = 0.1
    wrong: Mapping[str, Callable[[], float]] = field(default_factory=dict)
    shows: str = ""

    def judge(self, answer: Any) -> Judgement:
        """Compare the answer with the computed value, and with the values of known mistakes."""
        given, true = quantity.read(answer, self.unit), self.value()
        if self._near(given, true):
            return Judgement("holds", f"holds: {quantity.words(true, self.unit)}. {self.shows}")
        if self.unit == "percent" and self._near(100 * given, true):
            message = f"{given:.3g} is a share of 1, and the question asks for percent."
            return failed("not yet", message, "misuse")
        belief = next((b for b, wrong in self.wrong.items() if self._near(given, wrong())), "")
        where = _beside(given, true)
        message = f"{quantity.words(given, self.unit)} is {where}."
        if self.unit and where.startswith("far") and not isinstance(answer, str):
            message += f" (A number without a unit counts in this one: {self.unit}.)"
        return failed("not yet", message, belief)

    def _near(self, given: float, value: float) -> bool:
        return abs(given - value) <= self.tolerance * abs(value)


def _beside(given: float, true: float) -> str:
    """Say how a value compares with the true one, without telling that one."""
    ratio = given / true if true else float("inf")
    if ratio <= 0:
        return "not of the size of the right value"
    far = ratio if ratio >= 1 else 1 / ratio
    where = f"{'above' if ratio >= 1 else 'below'} the right value"
    if 1.5 <= far < 10:
        return f"{where}, by less than ten times"
    return f"{'a little' if far < 10 else 'far'} {where}"
