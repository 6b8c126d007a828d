"""Judges: how the answer to a question is put to the test by running it.

`Explored` tries every schedule of faults up to a bound; what holds is proven within it, and where
a fault never had a chance to happen, it says "not exercised". `Sampled` runs a world under a few
seeds, for what only shows in numbers (load, waves of retries).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Any, Protocol

from pubsub_kit.checks.forms import luck, searching
from pubsub_kit.checks.forms.patience import STEPS, Patience
from pubsub_kit.checks.forms.raised import Errors, Forgives, Place, mishap, with_refusal
from pubsub_kit.checks.forms.verdict import Judgement
from pubsub_kit.checks.sandbox import blame, guard, leaks
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.scenarios.drawn import Draws, drawn
from pubsub_kit.world.chance import Schedule, ScheduleError
from pubsub_kit.world.running import TooManySteps
from pubsub_kit.world.search.claim import count
from pubsub_kit.world.search.explore import Exploration, Oracle, Violation, explore, run_once
from pubsub_kit.world.services import CallError
from pubsub_kit.world.stores import Conflict
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

#: Puts an answer into a new world.
Stage = Callable[[World, Any], Any]


_UNLIKE = "What one run of this code does depends on earlier runs, so a search proves nothing."
_MOST, _TAIL = 300, 40  # steps that are drawn of a run, and of one that is longer than that


def spacetime(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw a run as a space-time diagram, its violating step marked; of a long run, the end."""
    return drawn(world, violation, title, limit=_MOST if len(world.trace) <= _MOST else _TAIL)


class Judge(Protocol):
    """Puts one answer to the test; a run may stand still for `patience` (seconds)."""

    @property
    def patience(self) -> float:
        """How long one run may stand still (seconds of real time)."""

    def judge(self, answer: Any) -> Judgement:
        """Return what is to be said of an answer; what the answer raises goes through."""

    def replay(self, answer: Any, code: str) -> tuple[World, Violation | None]:
        """Run an answer once more under a schedule or seed that a verdict has printed."""

    def picture(self, world: World, violation: Violation | None, title: str) -> Picture:
        """Draw a run."""


@dataclass(frozen=True)
class Explored:
    """Every schedule of `faults`, up to `max_faults` at once.

    `stage` puts the answer into the world, `oracle` looks at the world after its run. `until` is in
    virtual seconds, `max_steps` in moments of the run, `steps` of all runs bound the search.
    `diagnose` may probe an answer that failed further, and name the belief behind it. `expected`
    are errors that a right answer, or the stage, may well raise in a handler, and `forgives` says
    so of others: any other one is told first. `draws` draws a run, as a space-time diagram if it is
    not given. No run may stand still for longer than `patience` (seconds of real time): that ends
    loops that await nothing.
    `part` goes before the codes of runs that an error ends, where others judge as well.
    """

    stage: Stage
    oracle: Oracle
    faults: Sequence[str]
    max_faults: int = 2
    until: float = 1_000.0
    max_steps: int = 3_000
    steps: int = STEPS
    diagnose: Callable[[Any, Exploration], str] | None = None
    expected: Errors = ()
    forgives: Forgives = lambda error: False
    draws: Draws = spacetime
    patience: float = 3.0
    part: str = ""

    def judge(self, answer: Any) -> Judgement:
        """Explore, and see whether the answer remembers anything from one run to the next."""
        watch = leaks.Watch[str](answer, lambda code: self._run(answer, code))
        leaks.probe(watch, self.faults)
        found = self._search(answer)
        if found.world is not None:
            found.world.end_tasks()
        if (leak := watch.leak(found.code, found.violation)) is not None:
            leak = self._with_new_breakers(answer, watch, leak)
            return Judgement("fails", "remembers what it should not", leak, claim=_UNLIKE)
        calm = self._run(answer, "-")[0] if found.violation else None
        with suppress(ScheduleError):
            self._run(answer, found.code)  # once more, so that what it prints is of this run
        if calm is None:
            if found.outcome != "holds":
                return Judgement("not exercised", str(found), claim=found.claim)
            alone = "holds: in the one run that there is, without faults"
            said = str(found) if self.max_faults else alone
            return Judgement("holds", said, claim=found.claim, hardest=found.hardest)
        return self._failed(answer, found, calm)

    def _with_new_breakers(
        self, answer: Any, watch: leaks.Watch[str], leak: Violation
    ) -> Violation:
        """Add what is wrong even if each run begins with breakers of its own, if anything is."""
        if not watch.is_of_breakers:
            return leak
        found = self._search(answer, watch.memory.forget)
        watch.memory.forget()
        wrong, world = found.violation, found.world
        if world is not None:
            world.end_tasks()
        if wrong is None or world is None or not wrong.belief or self._mishap(world):
            return leak
        where = watch.leaked[0].words.rstrip(".")
        words = f"Your Breaker outlives a restart, in {where}. In self, it would fail too: "
        return replace(leak, message=words + wrong.message, belief=wrong.belief)

    def _search(self, answer: Any, first: Callable[[], None] = lambda: None) -> Exploration:
        """Explore as long as there are steps left; each run begins with what is done `first`."""
        patient, scenario = Patience(self.steps), self._scenario(answer)

        def begins(world: World) -> None:
            first()
            patient.begins(world)
            scenario(world)

        def judged(world: World) -> Violation | None:
            violation = self.oracle(world)
            patient.judged(world, violation is not None)
            return violation

        found = explore(
            begins,
            judged,
            faults=self.faults,
            max_faults=self.max_faults,
            until=self.until,
            max_steps=self.max_steps,
            max_schedules=self.steps,
            seconds=inf,
            strategy=patient,
            progress=searching.report,
        )
        return patient.settle(found)

    def replay(self, answer: Any, code: str) -> tuple[World, Violation | None]:
        """Run the answer under one schedule."""
        world, violation = self._run(answer, code)
        assert isinstance(world.chance, Schedule)
        world.chance.check()
        return world, (violation and self._mishap(world)) or violation

    def picture(self, world: World, violation: Violation | None, title: str) -> Picture:
        """Draw a run."""
        return self.draws(world, violation, title)

    def _scenario(self, answer: Any) -> Callable[[World], Any]:
        def scenario(world: World) -> None:
            guard.next_run(Place(world, part=self.part))
            self.stage(world, answer)

        return scenario

    def _run(self, answer: Any, code: str) -> tuple[World, Violation | None]:
        return self.under(answer, Schedule(code))

    def under(self, answer: Any, schedule: Schedule) -> tuple[World, Violation | None]:
        """Run the answer under a schedule, and say what its oracle finds wrong."""
        world, stuck = run_once(
            self._scenario(answer), schedule, self.faults, self.until, self.max_steps
        )
        violation = stuck or self.oracle(world)
        world.end_tasks()
        return world, violation

    def _failed(self, answer: Any, found: Exploration, calm: World) -> Judgement:
        assert found.violation is not None
        assert found.world is not None
        violation = found.violation
        if own := self._mishap(found.world):
            violation = own
        elif self.diagnose is not None:
            with suppress(Exception):  # the answer's own, in a run of another kind
                belief = self.diagnose(answer, found) or violation.belief
                violation = replace(violation, belief=belief)
        violation = with_refusal(found.world, violation)
        raises = violation.belief == "raises"
        summary = luck.needed(found.code, found.world.trace, calm.trace, raises)
        return _failure(self, found.world, summary, violation, (found.code, found.claim))

    def _mishap(self, world: World) -> Violation | None:
        return mishap(world, blame.EXPECTED + self.expected, self.forgives)


@dataclass(frozen=True)
class Sampled:
    """A few seeded runs: `stage` builds and `oracle` looks, as for `Explored`, once a seed.

    `until` is in virtual seconds, `max_steps` in moments. `draws` draws a run: a chart, as a rule,
    since a run that shows in numbers is too long for a space-time diagram.
    """

    stage: Stage
    oracle: Oracle
    seeds: Sequence[int] = (1, 2, 3)
    until: float | None = None
    max_steps: int = 500_000
    expected: Errors = ()
    draws: Draws = spacetime
    patience: float = 3.0

    def judge(self, answer: Any) -> Judgement:
        """Run under each seed until one fails."""
        watch = leaks.Watch[int](answer, lambda seed: self._judged(answer, seed), costly=True)
        for seed in self.seeds:
            world, violation = self._judged(answer, seed)
            watch.saw(seed, world)
            if violation is not None:
                break
        if (leak := watch.leak(seed, violation)) is not None:
            return Judgement("fails", "remembers what it should not", leak, claim=_UNLIKE)
        if violation is None:
            said = f"holds: {len(self.seeds)} runs, seeds {_list(self.seeds)}"
            return Judgement("holds", said, claim=self._claim())
        violation = self._mishap(world) or violation
        claim = f"The run under seed {seed} breaks it, and one run is proof enough."
        return _failure(self, world, f"fails under seed {seed}", violation, (str(seed), claim))

    def _claim(self) -> str:
        ends = "" if self.until is None else f" of up to {self.until:,g} s of virtual time"
        return (
            f"{count(len(self.seeds), 'run')}{ends} did not break it, with the latencies and the "
            f"luck that the seeds {_list(self.seeds)} draw. This is a sample: other seeds, other "
            "loads and other faults are not covered."
        )

    def replay(self, answer: Any, code: str) -> tuple[World, Violation | None]:
        """Run the answer under one seed."""
        if not code.isdecimal():
            raise PubSubKitError(f"this question is replayed by a seed, a number, not {code!r}")
        world, violation = self._judged(answer, int(code))
        return world, (violation and self._mishap(world)) or violation

    def picture(self, world: World, violation: Violation | None, title: str) -> Picture:
        """Draw a run."""
        return self.draws(world, violation, title)

    def _mishap(self, world: World) -> Violation | None:
        return mishap(world, (CallError, Conflict, *self.expected))

    def _judged(self, answer: Any, seed: int) -> tuple[World, Violation | None]:
        world = World(seed)
        guard.next_run(Place(world, str(seed)))
        self.stage(world, answer)
        try:
            world.run(self.until, max_steps=self.max_steps)
        except TooManySteps:  # what the oracle finds in the run so far says more
            if (violation := self.oracle(world)) is None:
                raise
        else:
            violation = self.oracle(world)
        world.end_tasks()
        return world, violation


def _failure(
    judge: Explored | Sampled,
    world: World,
    summary: str,
    violation: Violation,
    proof: tuple[str, str],
) -> Judgement:
    """Return the judgement of a run that failed; `proof` is its code, and what it proves."""
    code, claim = proof
    which = "the shortest run" if isinstance(judge, Explored) else "a run"
    which = "the failing run that came closest to its end" if violation.unmet else which

    def picture(title: str, wrong: Violation) -> Picture:
        return judge.picture(world, wrong, title)

    heading = f": {which}{'' if violation.unmet else ' that breaks it'}"
    return Judgement("fails", summary, violation, code, world.trace, picture, heading, claim)


def _list(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds))
