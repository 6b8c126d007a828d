"""What all questions share: how an answer becomes a verdict, whatever the answer does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pubsub_kit.checks.forms import advice, mishaps, searching, sources
from pubsub_kit.checks.forms.judges import Explored, Judge
from pubsub_kit.checks.forms.stub import is_given, is_stub
from pubsub_kit.checks.forms.verdict import Judgement, Verdict
from pubsub_kit.checks.sandbox import guard
from pubsub_kit.checks.sandbox.places import spaces
from pubsub_kit.errors import PubSubKitError, said
from pubsub_kit.scenarios.plain import plain, short
from pubsub_kit.world.chance import ScheduleError, parse
from pubsub_kit.world.search.claim import count, folded
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.search.kept import fault_count
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture


class AnswerError(PubSubKitError):
    """An answer has the wrong form; the message says which form to use."""


@dataclass
class Question:
    """What all forms share.

    `lessons` explains each misconception by name. `hints` gives hints for each, the gentlest first;
    those under "" fit any failure. `advice.py` has what can go wrong in any question. `judged_by`
    runs an answer. `limit` is how long one run may stand still (seconds; 0: what its judge
    allows).
    """

    name: str
    asks: str
    lessons: Mapping[str, str] = field(default_factory=dict)
    hints: Mapping[str, Sequence[str]] = field(default_factory=dict)
    limit: float = 0.0
    judged_by: Judge | None = None

    def __post_init__(self) -> None:
        """Take the judge's limit if there is none of its own."""
        self.limit = self.limit or (10.0 if self.judged_by is None else self.judged_by.patience)

    def verdict(self, answer: Any, exercise: str) -> Verdict:
        """Judge an answer; this never raises and never hangs, whatever the answer does.

        Only Ctrl-C gets through, as KeyboardInterrupt.
        """
        title = f"{exercise}.{self.name}"
        with searching.shown(title):
            ran = guard.run(lambda: self._judged(answer, exercise), self.limit, spaces_of(answer))
        judged = ran.value or mishaps.of_error(ran, self._run_for(answer), self.judged_by)
        if judged.violation is not None:
            wrong = self._awaited(answer, judged.code, judged.violation, ran.unawaited)
            judged = replace(judged, violation=wrong)
        survivor = partial(self.survived, answer, judged.hardest, title) if judged.hardest else None
        return Verdict(
            title,
            judged.outcome,
            judged.summary,
            lesson=self.lesson_for(judged.belief),
            replay=f'q.{self.name}.replay("{judged.code}")' if judged.code else "",
            compare=self._compare(exercise) if judged.code else "",
            printed=ran.printed,
            code=judged.code,
            heading=judged.heading,
            violation=judged.violation,
            trace=judged.trace,
            claim=folded(judged.claim),
            draw=judged.picture,
            survivor=survivor,
        )

    def _compare(self, exercise: str) -> str:
        """Say what shows the same faults on the solution, if there is one and it can be shown."""
        if not isinstance(self.judged_by, Explored) or sources.solved(exercise, self.name) is None:
            return ""
        return f"q.{self.name}.compare() shows the same faults on the solution"

    def left_out(self, exercise: str) -> Verdict:
        """Return the verdict on an answer that is not to be checked this time."""
        title = f"{exercise}.{self.name}"
        said = "not checked this time: others were asked for"
        return Verdict(title, "not attempted", said, claim=Judgement.claim)

    def is_blank(self, answer: Any) -> bool:
        """Return whether the answer is still the stub."""
        return is_stub(answer)

    def is_untouched(self, answer: Any, exercise: str) -> bool:
        """Return whether the answer is the stub, or what an exercise gave to repair."""
        given = sources.cell("exercises", exercise, self.name)
        return self.is_blank(answer) or (given is not None and is_given(answer, given))

    def judge(self, answer: Any) -> Judgement:
        """Judge the answer by running it; whatever it raises passes through."""
        assert self.judged_by is not None
        return self.judged_by.judge(self.runnable(answer))

    def replay(self, answer: Any, code: str, title: str) -> Picture:
        """Run an answer again under a code that a verdict printed, and draw it as that did.

        Raises PubSubKitError if the answer or the code can't be run.
        """
        world, wrong = self.rerun(answer, code)
        assert self.judged_by is not None
        return self.judged_by.picture(world, wrong, title)

    def survived(self, answer: Any, code: str, name: str) -> Picture:
        """Run an answer again under the hardest schedule that it survived, and draw it.

        Raises PubSubKitError if it can't be run.
        """
        world, wrong = self.rerun(answer, code)
        faults = fault_count(parse(code.rpartition("/")[2]))
        bad = count(faults, "fault") if faults else "no added fault"
        does = "no longer survives" if wrong else "survives"
        title = f"{name} {does} its hardest run: {bad} (schedule {code})"
        assert self.judged_by is not None
        return self.judged_by.picture(world, wrong, title)

    def rerun(self, answer: Any, code: str) -> tuple[World, Violation | None]:
        """Run an answer again under a code; return the world, and what is wrong with the run.

        Raises PubSubKitError if the answer or the code can't be run.
        """
        judge = self.judged_by
        if judge is None:
            raise AnswerError(
                f"{self.name} is a question without runs, so there is nothing to replay"
            )
        run = guard.run(
            lambda: judge.replay(self.runnable(answer), code), self.limit, spaces_of(answer)
        )
        own = run.error is not None and not isinstance(run.error, ScheduleError)
        if own and run.place is not None:
            judged = mishaps.of_error(run, self._run_for(answer), judge)
            if judged.violation is not None and judged.code == code:
                return run.place.world, presentable(judged.violation)
        if run.value is None:
            why = said(run.error) if run.error else "it did not end"
            raise AnswerError(f"this answer can't be replayed: {why}") from run.error
        world, wrong = run.value
        return world, wrong and self._awaited(answer, code, presentable(wrong), run.unawaited)

    def _awaited(self, answer: Any, code: str, wrong: Violation, unawaited: str) -> Violation:
        """Say first which call was never awaited, and in which line, if there is one.

        The run that failed is run once more for that, slowly.
        """
        judge = self.judged_by
        if judge is None or not mishaps.suspects_one(wrong, unawaited):
            return wrong

        def again() -> None:
            judge.replay(self.runnable(answer), code)[0].dissolve()

        ran = guard.run(again, self.limit, spaces_of(answer), origins=True) if code else None
        return mishaps.never_awaited(wrong, (ran and ran.unawaited) or unawaited, answer)

    def runnable(self, answer: Any) -> Any:
        """Return what a judge runs for an answer: itself, unless its form says otherwise."""
        return answer

    def _run_for(self, answer: Any) -> Any:
        """Return what was run for an answer, or the answer itself if it can't be run."""
        try:
            return self.runnable(answer)
        except Exception:
            return answer

    def lesson_for(self, belief: str) -> str:
        """Return what explains a misconception, or ""."""
        return self.lessons.get(belief) or advice.LESSONS.get(belief, "")

    def hints_for(self, belief: str) -> list[str]:
        """Return the hints that fit a failure, the gentlest first."""
        own = self.hints.get(belief) or advice.HINTS.get(belief, ())
        if belief in advice.SLIPS:  # what the question is about is not what went wrong
            return [*own]
        return [*(own if belief else ()), *self.hints.get("", ())]

    def shown(self) -> str:
        """Return what the learner sees when looking at the question."""
        return self.asks

    def _judged(self, answer: Any, exercise: str) -> Judgement:
        if self.is_untouched(answer, exercise):
            return Judgement("not attempted", f"not attempted: {self.asks}")
        judged = self.judge(answer)
        if judged.violation is None:
            return judged
        return replace(judged, violation=presentable(judged.violation))


def presentable(wrong: Violation) -> Violation:
    """Return what is wrong in words and values that any picture can show."""
    states = {"expected": plain(wrong.expected), "actual": plain(wrong.actual)}
    return replace(wrong, message=short(wrong.message), **states)


def spaces_of(answer: Any) -> list[dict[str, Any]]:
    """Return the global namespaces of the learner's own code in an answer, as far as it shows."""
    try:
        return spaces(answer)
    except Exception:  # an answer can refuse to be looked at; it is judged all the same
        return []
