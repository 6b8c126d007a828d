"""The forms of a question: write or repair code, order lines, choose, estimate.

Whatever the form, the answer is put to the test by running it. So there is no list of right
answers to compare with, and an unusual right answer is right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pubsub_kit.checks import guard, quantity
from pubsub_kit.checks.judges import Judge
from pubsub_kit.checks.stub import is_stub, source_line
from pubsub_kit.checks.verdict import Judgement, Verdict
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.world.explore import Violation


class AnswerError(PubSubKitError):
    """An answer whose form is off; the message says what form is wanted."""


@dataclass
class Question:
    """What all forms share.

    `lessons` explains each misconception by name; `hints` gives hints by degrees for each, those
    under "" for any failure. `limit` is the time that one check may take (seconds).
    """

    name: str
    asks: str
    lessons: Mapping[str, str] = field(default_factory=dict)
    hints: Mapping[str, Sequence[str]] = field(default_factory=dict)
    limit: float = 30.0

    def verdict(self, answer: Any, exercise: str) -> Verdict:
        """Judge an answer; never raises, never hangs, whatever the answer does."""
        title = f"{exercise}.{self.name}"
        try:
            if self.is_blank(answer):
                return Verdict(title, "not attempted", f"not attempted: {self.asks}")
            judged, output = guard.run(lambda: self.judge(answer), self.limit)
            printed = output.summary
        except KeyboardInterrupt:
            return Verdict(title, "not exercised", "interrupted: check again when you are ready")
        except PubSubKitError as error:
            judged, printed = _failed("cannot run", str(error), "misuse"), ""
        except Exception as error:
            judged, printed = _raised(error, answer), ""
        verdict = Verdict(
            title,
            judged.outcome,
            judged.summary,
            replay=f'replay("{exercise}", "{self.name}:{judged.code}")' if judged.code else "",
            printed=printed,
            violation=judged.violation,
            trace=judged.trace,
        )
        return replace(verdict, lesson=self.lessons.get(verdict.belief, ""))

    def is_blank(self, answer: Any) -> bool:
        """Say whether the answer is still the stub."""
        return is_stub(answer)

    def judge(self, answer: Any) -> Judgement:
        """Put the answer to the test; what it raises goes through."""
        raise NotImplementedError

    def hints_for(self, belief: str) -> list[str]:
        """Return the hints that fit a failure, the gentlest first."""
        own = self.hints.get(belief, ()) if belief else ()
        return [*own, *self.hints.get("", ())]

    def shown(self) -> str:
        """Return what the learner sees when looking at the question."""
        return self.asks


def _failed(summary: str, message: str, belief: str) -> Judgement:
    return Judgement("fails", summary, Violation(message, belief=belief))


def _raised(error: Exception, answer: Any) -> Judgement:
    where = source_line(error, answer)
    message = f"{type(error).__name__}: {error}" + (f" ({where})" if where else "")
    return _failed("your code raised an exception", message, "raises")


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
                f"check() takes your function or class itself, not {type(answer).__name__} "
                f"{str(answer)[:40]!r}: write q.{self.name}.check(my_function)"
            )
        return False

    def judge(self, answer: Any) -> Judgement:
        """Run the answer under its judge."""
        assert self.judged_by is not None
        judged = self.judged_by.judge(answer)
        return _own_error_first(judged)


def _own_error_first(judged: Judgement) -> Judgement:
    """Where code fails without any fault since it raises, say so before all else."""
    if judged.violation is None or judged.trace is None or judged.trace.faults()[:1] == []:
        return judged
    steps = judged.trace.faults()
    programming = ("Error:",)
    first = next(
        (s for s in steps if s.kind == "end" and any(word in s.text for word in programming)), None
    )
    if first is None or any(s.kind != "end" for s in steps):
        return judged
    message = f"your code raised at {first.node}: {first.text.removeprefix('failed: ')}"
    return replace(judged, violation=replace(judged.violation, message=message, belief="raises"))


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

    def build(self, answer: Any) -> Any:
        """Return what the lines define in the answer's order. Raises AnswerError if they can't."""
        if isinstance(answer, str):
            answer = [int(word) for word in answer.replace(",", " ").split() if word.isdigit()]
        numbers = list(answer) if isinstance(answer, list | tuple) else None
        if numbers is None or not all(isinstance(n, int) for n in numbers):
            raise AnswerError(f"give the numbers of the lines in order: [2, 1, 3], not {answer!r}")
        if len(set(numbers)) < len(numbers) or not all(1 <= n <= len(self.lines) for n in numbers):
            raise AnswerError(
                f"use each line from 1 to {len(self.lines)} at most once; you gave {numbers}"
            )
        source = "\n".join([self.header, *(self.lines[n - 1] for n in numbers)])
        space: dict[str, Any] = dict(self.names)
        try:
            exec(compile(source, "<your lines>", "exec"), space)
        except SyntaxError as error:
            raise AnswerError(f"in this order the lines are not Python: {error.msg}") from None
        except Exception as error:
            raise AnswerError(f"in this order the lines do not even load: {error}") from None
        if self.defines not in space:
            raise AnswerError(f"in this order the lines do not define {self.defines}")
        return space[self.defines]

    def judge(self, answer: Any) -> Judgement:
        """Build the code from the lines, and run it."""
        assert self.judged_by is not None
        return _own_error_first(self.judged_by.judge(self.build(answer)))


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

    def read(self, answer: Any) -> dict[str, str]:
        """Return the answer as one option for each thing. Raises AnswerError for another form."""
        things = list(self.options)
        if len(things) == 1 and isinstance(answer, str):
            answer = {things[0]: answer}
        if not isinstance(answer, dict) or set(answer) != set(things):
            example = ", ".join(f"{thing!r}: …" for thing in things)
            raise AnswerError(f"give one option for each: {{{example}}}, not {str(answer)[:80]}")
        for thing, option in answer.items():
            if option not in self.options[thing]:
                known = ", ".join(map(repr, self.options[thing]))
                raise AnswerError(f"{option!r} is no option for {thing}: choose among {known}")
        return {thing: str(answer[thing]) for thing in things}

    def judge(self, answer: Any) -> Judgement:
        """Run the choice."""
        assert self.judged_by is not None
        return self.judged_by.judge(self.read(answer))


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
        belief = next((b for b, wrong in self.wrong.items() if self._near(given, wrong())), "")
        ratio = given / true if true else float("inf")
        far = (
            f"{ratio:.3g} times" if ratio >= 1 else f"1/{1 / ratio:.3g} of" if ratio > 0 else "not"
        )
        message = f"{quantity.words(given, self.unit)} is {far} the right value"
        return Judgement("fails", "not yet", Violation(message, belief=belief))

    def _near(self, given: float, value: float) -> bool:
        return abs(given - value) <= self.tolerance * abs(value)
