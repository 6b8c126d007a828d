"""Time to verdict: how long a learner waits to hear that an answer holds.

The answers are those of the notebooks in `solutions/`, each judged as `check()` judges it: every
schedule up to its question's bound on faults. A machine's speed drops out if the wait is told in
SimPy's timeouts of the same minute.
"""

from __future__ import annotations

import ast
import importlib
import json
import math
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pubsub_kit.bench.measure import Contender, Figure, Row
from pubsub_kit.bench.worlds import thousands
from pubsub_kit.checks.desk.exercises import LESSONS
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.checks.forms.sources import ROOT
from pubsub_kit.world.search.explore import explore

MOST, MOST_AT_3 = 300_000, 500_000  # SimPy timeouts that a verdict may take


class Answer(NamedTuple):
    """A question that every schedule is tried for, its solution, and how many schedules that is."""

    name: str
    question: Question
    answer: Any
    faults: int
    schedules: int

    def judge(self) -> float:
        """Judge it; return how long that took (seconds)."""
        begin = time.perf_counter()
        verdict = self.question.verdict(self.answer, self.name.partition(".")[0])
        seconds = time.perf_counter() - begin
        if verdict.outcome != "holds":
            raise AssertionError(f"the solution of {self.name}: {verdict.summary}")
        return seconds


class _Asked:
    """Stands for `exercise(…)`: keeps the answer to each question instead of judging it."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}

    def __getattr__(self, question: str) -> Any:
        return _Ask(self.answers, question)


class _Ask:
    def __init__(self, answers: dict[str, Any], question: str) -> None:
        self.answers, self.question = answers, question

    def check(self, answer: Any) -> None:
        self.answers[self.question] = answer


def solved(path: Path) -> dict[str, Any]:
    """Run a solution's cells of plain Python; return its last answer to each question."""
    asked = _Asked()
    space: dict[str, Any] = {"__name__": "solution", "print": lambda *_: None}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and _is_python(source):
            exec(compile(source, str(path), "exec"), space)
            space["q"] = asked
    return asked.answers


def _is_python(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:  # a magic of the notebook's
        return False
    return True


def answers(folder: Path = ROOT / "solutions") -> Iterator[Answer]:
    """Yield the solution of every question whose schedules are all tried."""
    for number, name in LESSONS.items():
        given = solved(folder / f"{number}_{name}.ipynb")
        module = importlib.import_module(f"pubsub_kit.checks.questions.{name}")
        for question in module.QUESTIONS:
            judge = question.judged_by
            if isinstance(judge, Explored):
                answer = given[question.name]
                runs = _schedules(judge, question.runnable(answer))
                yield Answer(f"{number}.{question.name}", question, answer, judge.max_faults, runs)


def _schedules(judge: Explored, answer: Any) -> int:
    return explore(
        lambda world: judge.stage(world, answer),
        judge.oracle,
        faults=judge.faults,
        max_faults=judge.max_faults,
        until=judge.until,
        max_steps=judge.max_steps,
        seconds=math.inf,
    ).schedules


class Waits:
    """How long each solution's verdict takes, in every round."""

    def __init__(self, answers: list[Answer]) -> None:
        self.answers = answers
        self.seconds: dict[str, list[float]] = {answer.name: [] for answer in answers}

    def contender(self) -> Contender:
        """Judge all the solutions."""
        schedules = sum(answer.schedules for answer in self.answers)
        return Contender("all solutions judged", schedules, self._go)

    def _go(self) -> float:
        for answer in self.answers:
            self.seconds[answer.name].append(answer.judge())
        return sum(seconds[-1] for seconds in self.seconds.values())

    def notes(self, figures: dict[str, Figure]) -> Iterator[str]:
        """Yield the sum, the longest wait beside its aim, and each other that misses its own."""
        rate = figures["1,000 SimPy timeouts"].median * 1_000
        waits = {name: statistics.median(taken) for name, taken in self.seconds.items()}
        total, schedules = sum(waits.values()), sum(answer.schedules for answer in self.answers)
        yield (
            f"{len(waits)} verdicts, {schedules:,} schedules, {total * 1e3:,.0f} ms: "
            f"as long as {total * rate:,.0f} of SimPy's timeouts"
        )
        for most, some in (
            (MOST, [each for each in self.answers if each.faults < 3]),
            (MOST_AT_3, [each for each in self.answers if each.faults >= 3]),
        ):
            some.sort(key=lambda each: -waits[each.name])
            for i, each in enumerate(some):
                took = waits[each.name]
                if i == 0 or took * rate > most:
                    yield _said(each, took, took * rate, most)


def _said(answer: Answer, seconds: float, timeouts: float, most: float) -> str:
    sign = "reached" if timeouts <= most else "MISSED "
    return (
        f"{sign}: at most {most:,} SimPy timeouts at {answer.faults} faults; "
        f"{answer.name} takes {timeouts:,.0f} ({answer.schedules:,} schedules, "
        f"{seconds * 1e3:,.0f} ms)"
    )


def rows() -> Iterator[Row]:
    """Yield the row of the verdicts."""
    waits = Waits(list(answers()))
    yield Row(
        "time to verdict, each solution at its bound",
        "schedules/s",
        waits.contender(),
        [thousands()],
        notes=waits.notes,
    )
