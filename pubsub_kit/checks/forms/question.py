"""What all questions share: how an answer becomes a verdict, whatever the answer does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pubsub_kit.checks.forms import advice, sources
from pubsub_kit.checks.forms.judges import Judge
from pubsub_kit.checks.forms.stub import is_given, is_stub
from pubsub_kit.checks.forms.verdict import Judgement, Verdict
from pubsub_kit.checks.sandbox import guard
from pubsub_kit.checks.sandbox.blame import own_line, told
from pubsub_kit.checks.sandbox.places import spaces
from pubsub_kit.errors import PubSubKitError, said
from pubsub_kit.scenarios.plain import plain, short
from pubsub_kit.world.search.explore import Violation

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture


class AnswerError(PubSubKitError):
    """An answer has the wrong form; the message says which form to use."""


@dataclass
class Question:
    """What all forms share.

    `lessons` explains each misconception by name. `hints` gives hints for each, the gentlest first;
    those under "" fit any failure. `advice.py` has what can go wrong in any question. `limit` is
    the time that one run of an answer may take (seconds). `judged_by` runs it.
    """

    name: str
    asks: str
    lessons: Mapping[str, str] = field(default_factory=dict)
    hints: Mapping[str, Sequence[str]] = field(default_factory=dict)
    limit: float = 10.0
    judged_by: Judge | None = None

    def verdict(self, answer: Any, exercise: str) -> Verdict:
        """Judge an answer; this never raises and never hangs, whatever the answer does.

        Only Ctrl-C gets through, as KeyboardInterrupt.
        """
        title = f"{exercise}.{self.name}"
        ran = guard.run(lambda: self._judged(answer, exercise), self.limit, _spaces(answer))
        judged = ran.value or _of_error(ran.error)
        if judged.violation is not None:
            judged = replace(judged, violation=_first(judged.violation, ran.unawaited))
        return Verdict(
            title,
            judged.outcome,
            judged.summary,
            lesson=self.lesson_for(judged.belief),
            replay=f'q.{self.name}.replay("{judged.code}")' if judged.code else "",
            printed=ran.printed,
            code=judged.code,
            heading=judged.heading,
            violation=judged.violation,
            trace=judged.trace,
            draw=judged.picture,
        )

    def left_out(self, exercise: str) -> Verdict:
        """Return the verdict on an answer that is not to be checked this time."""
        title = f"{exercise}.{self.name}"
        return Verdict(title, "not attempted", "not checked this time: others were asked for")

    def is_blank(self, answer: Any) -> bool:
        """Return whether the answer is still the stub."""
        return is_stub(answer)

    def judge(self, answer: Any) -> Judgement:
        """Judge the answer by running it; whatever it raises passes through."""
        assert self.judged_by is not None
        return self.judged_by.judge(self.runnable(answer))

    def replay(self, answer: Any, code: str, title: str) -> Picture:
        """Run an answer again under a code that a verdict printed, and draw it as that did.

        Raises PubSubKitError if the answer or the code can't be run.
        """
        judge = self.judged_by
        if judge is None:
            raise AnswerError(
                f"{self.name} is a question without runs, so there is nothing to replay"
            )
        run = guard.run(
            lambda: judge.replay(self.runnable(answer), code), self.limit, _spaces(answer)
        )
        if run.value is None:
            why = said(run.error) if run.error else "it did not end"
            raise AnswerError(f"this answer can't be replayed: {why}") from run.error
        world, wrong = run.value
        return judge.picture(world, wrong and _first(_shown(wrong), run.unawaited), title)

    def runnable(self, answer: Any) -> Any:
        """Return what a judge runs for an answer: itself, unless its form says otherwise."""
        return answer

    def lesson_for(self, belief: str) -> str:
        """Return what explains a misconception, or ""."""
        return self.lessons.get(belief) or advice.LESSONS.get(belief, "")

    def hints_for(self, belief: str) -> list[str]:
        """Return the hints that fit a failure, the gentlest first."""
        own = self.hints.get(belief) or advice.HINTS.get(belief, ())
        return [*(own if belief else ()), *self.hints.get("", ())]

    def shown(self) -> str:
        """Return what the learner sees when looking at the question."""
        return self.asks

    def _judged(self, answer: Any, exercise: str) -> Judgement:
        given = sources.cell("exercises", exercise, self.name)
        if self.is_blank(answer) or (given is not None and is_given(answer, given)):
            return Judgement("not attempted", f"not attempted: {self.asks}")
        judged = self.judge(answer)
        if judged.violation is None:
            return judged
        return replace(judged, violation=_shown(judged.violation))


def _shown(wrong: Violation) -> Violation:
    """Return what is wrong in words and values that any picture can show."""
    states = {"expected": plain(wrong.expected), "actual": plain(wrong.actual)}
    return replace(wrong, message=short(wrong.message), **states)


def _spaces(answer: Any) -> list[dict[str, Any]]:
    try:
        return spaces(answer)
    except Exception:  # an answer can refuse to be looked at; it is judged all the same
        return []


def _of_error(error: Exception | None) -> Judgement:
    """Return the judgement of an answer that raised an error or ran out of time."""
    if isinstance(error, PubSubKitError):
        return failed("cannot run", said(error), "misuse")
    assert error is not None
    if not own_line(error):
        message = f"The check itself failed on this answer: {told(error)}."
        return failed("cannot be checked", message, "misuse")
    return failed("your code raises an exception", f"Your code raised {told(error)}", "raises")


def failed(summary: str, message: str, belief: str) -> Judgement:
    """Return the judgement of a wrong answer."""
    return Judgement("fails", summary, Violation(message, belief=belief))


def _first(wrong: Violation, unawaited: str) -> Violation:
    """Return what nobody awaited, if there is such a thing: the rest follows from it."""
    if not unawaited or wrong.belief == "raises":
        return wrong
    message = f"{unawaited}(…) was called but never awaited, so it never ran."
    return replace(wrong, message=message, belief="no await")
