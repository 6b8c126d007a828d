"""The run that breaks an answer beside the same faults on the solution.

A schedule names chances by their numbers: "the 4th is a crash". The solution comes to other points,
so its 4th chance may be elsewhere. Each fault of the answer's run therefore strikes the solution at
the same point, in the words of the trace ("crashes before the ack of pay-1"). If it comes to no
such point, the fault strikes at the corresponding chance: of the chances of its kind on its node
since the fault before it, the one after as many writes there, or else the one that has as many
before it. Where there is none, it does not strike at all. The picture says which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeVar

from pubsub_kit.checks.forms import sources
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.question import AnswerError, Question, presentable, spaces_of
from pubsub_kit.checks.sandbox import guard
from pubsub_kit.errors import said
from pubsub_kit.show import compare_runs
from pubsub_kit.show.diagrams.spacetime import RunPicture
from pubsub_kit.show.ink import seconds
from pubsub_kit.show.picture import Picture
from pubsub_kit.world.chance import CHOICES, Schedule, encode, parse
from pubsub_kit.world.search.claim import count
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.search.kept import fault_count
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.world import World

T = TypeVar("T")
_TRIED = 60  # chances at which a fault is tried, to find the same point
_LABELS = ("your answer", "the solution")


def beside_solution(question: Question, answer: Any, exercise: str, code: str) -> Picture:
    """Draw a run of an answer beside the same faults on the solution, whose code stays unseen.

    Raises PubSubKitError where there is no solution, or no run of it to draw.
    """
    judge = question.judged_by
    if not isinstance(judge, Explored):
        raise AnswerError(
            f"{question.name} is not judged by runs under a schedule of faults, so there is "
            "nothing to lay beside the solution"
        )
    world, wrong = question.rerun(answer, code)
    faults = _guarded(question, answer, lambda: _faults(judge, question.runnable(answer), code))
    solution = _guarded(question, None, lambda: _solution(question, exercise))
    applied = _guarded(question, solution, lambda: _applied(judge, solution, faults))
    more = _end_where_it_goes_on(world.trace, applied.world.trace)
    runs = (world, wrong), (applied.world, applied.wrong)
    pictures = [(judge.picture(*run, ""), run[0].trace) for run in runs]
    # What is drawn otherwise, as spans or as logs, is laid side by side by its messages.
    mine, theirs = (p if isinstance(p, RunPicture) else trace for p, trace in pictures)
    return compare_runs(
        mine,
        theirs,
        labels=_LABELS,
        captions=(wrong.message if wrong else "It holds in this run.", applied.words(code) + more),
        title=f"{exercise}.{question.name}: the same faults on the solution",
        only_shared_rows=True,
    )


class Fault(NamedTuple):
    """A fault (or a choice) of a run: its kind, where it struck and when, and the trace's words.

    `writes` of its node came before it in the run. `chance` counts the chances of its kind on its
    node since the fault before it, and `since` those that came after as many writes; both from 0.
    """

    kind: str
    node: str
    chance: int
    writes: int
    since: int
    words: str
    time: float


@dataclass(frozen=True)
class Applied:
    """The solution's run: its schedule, which faults found no chance, and what is wrong with it."""

    world: World
    wrong: Violation | None
    code: str
    exact: bool  # every fault struck at the same point
    missing: Sequence[str]

    def words(self, code: str) -> str:
        """Say what came of the run, and how the schedule of the answer's run was applied to it."""
        does = self.wrong.message if self.wrong else "It holds in this run."
        return f"{does} {self._how(fault_count(parse(code)))}"

    def _how(self, wanted: int) -> str:
        if not wanted:
            return "No fault is added."
        under = f"(schedule {self.code})"
        if self.missing:
            placed = fault_count(parse(self.code))
            some = (
                f"Only {placed} of {count(wanted, 'fault')} finds" if placed else "No fault finds"
            )
            kinds = " and ".join(dict.fromkeys(self.missing))
            return f"{some} a chance here {under}: there is none for {kinds}."
        which = "The same fault strikes" if wanted == 1 else f"The same {wanted} faults strike"
        if self.exact:
            return f"{which} at the same point{'s' * (wanted > 1)} {under}."
        if wanted == 1:
            return f"{which} at the corresponding chance: no point here reads the same {under}."
        return f"{which} at the corresponding chances: not every point reads the same here {under}."


class _Noted(Schedule):
    """A schedule that notes on which node each of its questions is asked."""

    world: World | None = None

    def __init__(self, faults: Mapping[int, str]) -> None:
        super().__init__(faults)
        self.nodes: list[str] = []
        self.asked_at: list[int] = []  # how many there were when each question was asked

    def fault(self, kinds: Sequence[str], rates: Sequence[float]) -> str:
        """Note the node, and return what the schedule says."""
        task = self.world.task if self.world else None
        self.nodes.append(task.node.name if task else "")
        self.asked_at.append(len(self.world.trace) if self.world else 0)
        return super().fault(kinds, rates)

    def chances(self, kind: str, node: str, after: int) -> list[int]:
        """Return the questions behind another one that offer this fault on this node."""
        asked = enumerate(zip(self.offered, self.nodes, strict=False))
        return [i for i, (kinds, at) in asked if i > after and kind in kinds and at == node]

    def writes(self, number: int) -> int:
        """Return how many writes of its node came before a question."""
        steps = self.world.trace.steps[: self.asked_at[number]] if self.world else []
        return sum(step.kind == "effect" and step.node == self.nodes[number] for step in steps)

    def struck(self, number: int) -> tuple[str, float]:
        """Return the words and the time of the fault that a question led to ("" if none)."""
        steps = self.world.trace.steps[self.asked_at[number] :] if self.world else []
        fault = next((step for step in steps if step.fault), None)
        return (f"{fault.node}: {fault.text}", fault.time) if fault else ("", 0.0)


def _run(judge: Explored, answer: Any, noted: _Noted) -> tuple[World, Violation | None]:
    """Run an answer under a schedule that hears of its world."""

    def stage(world: World, answer: Any) -> None:
        noted.world = world
        judge.stage(world, answer)

    return replace(judge, stage=stage).under(answer, noted)


def _faults(judge: Explored, answer: Any, code: str) -> list[Fault]:
    """Return the faults of a run, in order, each with its place among the chances for it."""
    noted = _Noted(parse(code))
    with suppress(Exception):  # the answer's own, which ended the run that was drawn as well
        _run(judge, answer, noted)
    found, last = [], -1
    for number, kind in sorted(noted.faults.items()):
        if number < len(noted.nodes):
            node = noted.nodes[number]
            chances = noted.chances(kind, node, last)
            words = ("", 0.0) if kind in CHOICES else noted.struck(number)
            writes = noted.writes(number)
            alike = [i for i in chances if noted.writes(i) == writes]
            order = chances.index(number), writes, alike.index(number)
            found.append(Fault(kind, node, *order, *words))
            last = number
    return found


def _applied(judge: Explored, solution: Any, faults: Sequence[Fault]) -> Applied:
    """Run the solution under the same faults in the same order, as far as they occur."""
    placed: dict[int, str] = {}
    exact, missing = True, []
    for fault in faults:
        noted = _Noted(placed)
        _run(judge, solution, noted)
        chances = noted.chances(fault.kind, fault.node, max(placed, default=-1))
        same = _same_point(judge, solution, placed, fault, chances)
        if same is None and not chances:
            missing += [] if fault.kind in CHOICES else [fault.kind]
            exact = False
            continue
        chosen = fault.kind in CHOICES and fault.chance < len(chances)
        exact = exact and (same is not None or chosen)
        number = _corresponding(noted, fault, chances) if same is None else same
        placed = {**placed, number: fault.kind}
    world, wrong = _run(judge, solution, _Noted(placed))
    return Applied(world, wrong and presentable(wrong), encode(placed), exact, missing)


def _corresponding(noted: _Noted, fault: Fault, chances: Sequence[int]) -> int:
    """Return the chance after as many writes, or else that with as many chances before it."""
    alike = [i for i in chances if noted.writes(i) == fault.writes]
    among, place = (alike, fault.since) if alike else (chances, fault.chance)
    return among[min(place, len(among) - 1)]


def _same_point(
    judge: Explored, solution: Any, placed: dict[int, str], fault: Fault, chances: Sequence[int]
) -> int | None:
    """Return the chance at which the trace tells of the fault in the same words, about as late."""
    found: list[tuple[float, int]] = []
    for number in chances[:_TRIED] if fault.words else ():
        noted = _Noted({**placed, number: fault.kind})
        _run(judge, solution, noted)
        words, time = noted.struck(number)
        if words == fault.words:
            found.append((abs(time - fault.time), number))
    return min(found)[1] if found else None


def _end_where_it_goes_on(mine: Trace, theirs: Trace) -> str:
    """Cut from the solution's run what an exercise asks only of an answer that is right so far.

    It begins where somebody who only asks, or a topic, sends what the answer's run never had,
    once that is over. Return a sentence on it; "" where there is no such part.
    """
    over = mine[-1].time if mine else 0.0
    known = {step.text for step in mine.of("send")}
    handlers = {step.node for step in theirs.of("begin")}
    for i, step in enumerate(theirs):
        asks = step.kind == "send" and step.node not in handlers
        if asks and step.time >= over and step.text not in known:
            del theirs.steps[i:]
            return f" From {seconds(step.time)} on it is asked for more, which is left out here."
    return ""


def _solution(question: Question, exercise: str) -> Any:
    """Return the solution's answer as the judge runs it; raises AnswerError where there is none."""
    source = sources.solved(exercise, question.name)
    if source is None:
        raise AnswerError(
            f"there is no solution of {question.name} beside the kit: run the kit from its checkout"
        )
    given: list[Any] = []
    here = SimpleNamespace(**{question.name: SimpleNamespace(check=given.append)})
    name = f"<solution of {exercise}.{question.name}>"
    exec(compile(source, name, "exec"), {"__name__": name, "q": here})
    return question.runnable(given[-1])


def _guarded(question: Question, answer: Any, code: Callable[[], T]) -> T:
    """Run code under guard, as answers are; raises AnswerError for what doesn't come to its end."""
    ran = guard.run(code, question.limit, spaces_of(answer))
    if ran.value is None:
        why = said(ran.error) if ran.error else "it did not end"
        raise AnswerError(f"this answer can't be laid beside the solution: {why}") from ran.error
    return ran.value
