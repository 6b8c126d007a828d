"""A report card: what the search and the slice of load say of a design, beside other designs.

Two levels, and neither speaks for the other. At message level `explore()` tries every schedule of a
small run, up to a bound on its faults. At load level one slice of the real traffic runs once, with
seeded latencies, bursts and the interviewer's failure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite, isnan
from typing import TYPE_CHECKING, Any

from pubsub_kit.designs.build import TIMER, build
from pubsub_kit.designs.built import Built
from pubsub_kit.designs.design import Design
from pubsub_kit.designs.measures import MEASURES, Measures, load
from pubsub_kit.designs.problem import Problem
from pubsub_kit.designs.told import raised, raised_at
from pubsub_kit.show.html import as_html
from pubsub_kit.world.chance import parse
from pubsub_kit.world.search.explore import Exploration, Violation, explore
from pubsub_kit.world.search.kept import fault_count
from pubsub_kit.world.trace import Step, Trace
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

_BEFORE = 80  # steps of a run's picture before the one that is wrong
#: The belief of a design whose own code raises in a run without faults, unnoticed by its rule.
RAISED = "your code raised"
_AFTER = "What does whoever called this step get, and what would have told you?"


def searched(
    problem: Problem, design: Design, about: Callable[[str], bool] = lambda words: True
) -> tuple[Exploration, Built | None]:
    """Look for the shortest run that breaks a design; return what was found, and the run as built.

    `about` says of a violation's message whether it counts; by default each does.
    Raises DesignError for a design that can't be built.
    """
    small = problem.small
    runs: list[Built] = []
    problem.check(design)

    def scenario(world: World) -> None:
        built = build(world, design, problem)
        runs[:] = [built]
        small.traffic(built)

    def oracle(world: World) -> Violation | None:
        wrong = next((each for each in problem.oracle(runs[0]) if about(each.message)), None)
        if wrong is None:
            wrong = _swallowed(world)
            return wrong if wrong and about(wrong.message) else None
        why = raised(world)
        return replace(wrong, message=f"{wrong.message} {why}") if why else wrong

    def search(faults: Sequence[str]) -> Exploration:
        return explore(
            scenario,
            oracle,
            faults=faults,
            max_faults=small.at_most,
            until=small.until,
            seconds=small.seconds,
        )

    found = search(small.faults)
    if found.outcome == "not exercised":  # a design without a group loses no ack
        found = search([fault for fault in small.faults if found.fired[fault]])
    if found.violation is None:
        return found, None
    assert found.rerun is not None
    again = found.rerun(found.code)
    return found, runs[0] if runs[0].world is again else None


def _swallowed(world: World) -> Violation | None:
    """Return what a candidate's step raised though nothing had failed, and its caller swallowed."""
    chosen = getattr(world.chance, "faults", ())  # a step that raises is marked in the trace too
    if chosen or not (why := raised(world)):
        return None
    words = f"Nothing fails, and your code raised an error that nobody noticed. {why}"
    return Violation(words, raised_at(world), "no error", why, RAISED)


@dataclass(frozen=True)
class Report:
    """What became of one design; as the last line of a cell it shows itself.

    `others` are the measures of reference designs, by their names, and `question` is what the
    interviewer asks next, "" if nothing broke.
    """

    problem: Problem
    design: Design
    found: Exploration
    measures: Measures
    question: str = ""
    others: Mapping[str, Report] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether no schedule broke it, within the bound that `found` names."""
        return self.found.violation is None

    @property
    def faults(self) -> int:
        """How many faults the shortest run that breaks it has; one more than tried if none does."""
        if self.holds:  # a search that was cut off proves less
            return self.found.complete + 1
        return fault_count(parse(self.found.code))

    @property
    def missed(self) -> dict[str, float]:
        """The levels that the load run did not keep to, each with what was measured."""
        levels = self.problem.levels
        values = {name: self.measures.get(name, float("nan")) for name in levels}
        return {n: v for n, v in values.items() if isnan(v) or v > levels[n]}

    @property
    def rank(self) -> tuple[int, int, float]:
        """What designs are ordered by, the best first when sorted: faults, levels missed, cost."""
        return -self.faults, len(self.missed), self.measures["cost"]

    @property
    def picture(self) -> Picture:
        """The run that breaks it, or the hardest one that it survived."""
        from pubsub_kit import show

        if self.holds:
            return show.hardest(self.found) if self.found.hardest else show.trace(self.found.trace)
        return show.counterexample(_UpToTheMark(self.found))

    @property
    def text(self) -> str:
        """The card in words: the verdict, the levels, and the next question."""
        return "\n".join([*self._verdict(), "", *self._table(), "", *self._notes()])

    def _verdict(self) -> list[str]:
        lines = [f"{self.design.name}: {self.problem.title}"]
        if self.found.violation is not None:
            lines += [f"✗ fails: {self.found.violation.message}", f"  schedule {self.found.code}"]
            lines += [f"  Next question: {self.question}"] if self.question else []
        else:
            lines += [f"✓ {self.found}" if self.found.outcome == "holds" else f"◐ {self.found}"]
            lines += [f"  faults tried: {', '.join(self.found.fired)}"]
        return lines

    def _table(self) -> list[str]:
        columns = {"this design": self.measures} | {n: r.measures for n, r in self.others.items()}
        wide = [max(11, min(18, len(name))) for name in columns]
        heads = [name[:18] for name in columns]
        lines = [_row("", "at most", heads, wide)]
        for name in self.names:
            words, unit = self.words_of(name)
            bound = self.problem.levels.get(name)
            most = "" if bound is None else amount(bound, unit)
            cells = [_cell(values.get(name), unit, bound) for values in columns.values()]
            lines.append(_row(words, most, cells, wide))
        return lines

    @property
    def names(self) -> list[str]:
        """The measures of the card, those with a level first."""
        levels = self.problem.levels
        return [*levels, *(name for name in self.measures if name not in levels)]

    def words_of(self, name: str) -> tuple[str, str]:
        """Return a measure's words and its unit, "s", "$" or ""."""
        return self.problem.units.get(name) or MEASURES.get(name, (name, ""))

    def _notes(self) -> list[str]:
        part = self.problem.slice
        return [
            f"Load: {part.seconds:g} s of traffic, 1 of {part.one_of:,}, seed {part.seed}; counts "
            "are the slice's. Costs use assumed prices."
        ]

    def __str__(self) -> str:
        """Return the card in words."""
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        drawn = self.picture._repr_mimebundle_()
        bundle: dict[str, Any] = dict(drawn[0] if isinstance(drawn, tuple) else drawn)
        bundle["text/plain"] = f"{self.text}\n\n{bundle['text/plain']}"
        if "text/html" in bundle:
            bundle["text/html"] = f"{self._html()}{bundle['text/html']}"
        return bundle

    def _html(self) -> str:
        return f'<pre style="white-space:pre-wrap">{as_html(self.text)}</pre>'


class _UpToTheMark:
    """A search's failing run as it is drawn: about the step that is wrong, and without timers."""

    def __init__(self, found: Exploration) -> None:
        self.code, wrong = found.code, found.violation
        step = None if wrong is None else wrong.step
        faults = [n for n, s in enumerate(found.trace) if s.fault and s.kind != "end"]
        end = len(found.trace) if step is None else max([step, *faults]) + 1
        begin = 0 if step is None else max(0, min([step - _BEFORE, *faults]))
        named = (step, wrong and wrong.blocker)
        kept = [n for n in range(begin, end) if n in named or not _of_a_timer(found.trace[n])]
        self.trace = Trace([found.trace[n] for n in kept])
        at = {n: place for place, n in enumerate(kept)}
        self.violation = wrong and replace(
            wrong,
            step=None if step is None else at[step],
            blocker=None if wrong.blocker is None else at.get(wrong.blocker),
        )


def _of_a_timer(step: Step) -> bool:
    return step.node.endswith(TIMER) or step.peer.endswith(TIMER)


def run(
    problem: Problem, design: Design, about: Callable[[str], bool] = lambda words: True
) -> Report:
    """Search a design's small run and run its slice of the load, without others beside it."""
    found, built = searched(problem, design, about)
    question = ""
    if found.violation is not None and built is not None:
        swallowed = found.violation.belief == RAISED
        question = _AFTER if swallowed else problem.next_question(built, found.violation)
    measures, _ = load(problem, design)
    return Report(problem, design, found, measures, question)


def report(problem: Problem, design: Design) -> Report:
    """Run a design and the question's reference designs; return its card beside theirs.

    Raises DesignError for a design that can't be built, before anything is run.
    """
    problem.check(design)
    others = {name: run(problem, other) for name, other in problem.references().items()}
    mine = run(problem, design)
    return Report(problem, design, mine.found, mine.measures, mine.question, others)


def amount(value: float, unit: str) -> str:
    """Return a measure in words: "4.2 s", "$12,300", "3"."""
    if isnan(value):
        return "–"
    if not isfinite(value):
        return "never"
    if unit == "$":
        return f"${value:,.0f}"
    if unit == "s":
        return f"{value:.3g} s" if value < 1000 else f"{value:,.0f} s"
    return f"{value:,.3g}" if value != int(value) else f"{int(value):,}"


def _cell(value: float | None, unit: str, bound: float | None) -> str:
    if value is None:
        return "–"
    sign = "" if bound is None else " ✓" if value <= bound else " ✗"
    return amount(value, unit) + sign


def _row(words: str, most: str, cells: list[str], wide: list[int]) -> str:
    line = f"{words:<26}{most:>10}"
    return (line + "".join(f"{c:>{w + 2}}" for c, w in zip(cells, wide, strict=True))).rstrip()
