"""Judges: how the answer to a question is put to the test by running it.

`Explored` tries every schedule of faults up to a bound; what holds is proven within it, and where
a fault never had a chance to happen, it says "not exercised". `Sampled` runs a world under a few
seeds, for what only shows in numbers (load, waves of retries).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from pubsub_kit.checks.forms import luck
from pubsub_kit.checks.forms.verdict import Judgement
from pubsub_kit.checks.sandbox import blame, guard, leaks
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.scenarios.drawn import Draws, drawn
from pubsub_kit.world.chance import Schedule, ScheduleError
from pubsub_kit.world.search.explore import (
    Exploration,
    Oracle,
    Violation,
    explore,
    run_once,
)
from pubsub_kit.world.services import CallError
from pubsub_kit.world.stores import Conflict
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

#: Puts an answer into a new world.
Stage = Callable[[World, Any], Any]
#: Errors that say nothing of the learner's code.
Errors = tuple[type[BaseException], ...]


_MOST, _TAIL = 300, 40  # steps that are drawn of a run, and of one that is longer than that


def spacetime(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw a run as a space-time diagram, its violating step marked; of a long run, the end."""
    return drawn(world, violation, title, limit=_MOST if len(world.trace) <= _MOST else _TAIL)


class Judge(Protocol):
    """Puts one answer to the test."""

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
    virtual seconds, `max_steps` in moments of the run, `seconds` of real time bound the search.
    `diagnose` may probe an answer that failed further, and name the belief behind it. `expected`
    are errors that a right answer, or the stage, may well raise in a handler: any other one is told
    first. `draws` draws a run, as a space-time diagram if it is not given.
    """

    stage: Stage
    oracle: Oracle
    faults: Sequence[str]
    max_faults: int = 2
    until: float = 1_000.0
    max_steps: int = 3_000
    seconds: float = 20.0
    diagnose: Callable[[Any, Exploration], str] | None = None
    expected: Errors = ()
    draws: Draws = spacetime

    def judge(self, answer: Any) -> Judgement:
        """Explore, and see whether the answer remembers anything from one run to the next."""
        watch = leaks.Watch[str](answer, lambda code: self._run(answer, code))
        leaks.probe(watch, self.faults)
        found = explore(
            self._scenario(answer),
            self.oracle,
            faults=self.faults,
            max_faults=self.max_faults,
            until=self.until,
            max_steps=self.max_steps,
            seconds=self.seconds,
        )
        if found.world is not None:
            found.world.end_tasks()
        if (leak := watch.leak(found.code, found.violation)) is not None:
            return Judgement("fails", "remembers what it should not", leak)
        calm = self._run(answer, "-")[0] if found.violation else None
        with suppress(ScheduleError):
            self._run(answer, found.code)  # once more, so that what it prints is of this run
        if calm is None:
            if found.outcome != "holds":
                return Judgement("not exercised", str(found))
            alone = "holds: in the one run that there is, to which no fault is added"
            return Judgement("holds", str(found) if self.max_faults else alone)
        return self._failed(answer, found, calm)

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
            guard.next_run()
            self.stage(world, answer)

        return scenario

    def _run(self, answer: Any, code: str) -> tuple[World, Violation | None]:
        world, stuck = run_once(
            self._scenario(answer), Schedule(code), self.faults, self.until, self.max_steps
        )
        violation = stuck or self.oracle(world)
        world.end_tasks()
        return world, violation

    def _failed(self, answer: Any, found: Exploration, calm: World) -> Judgement:
        assert found.violation is not None
        assert found.world is not None
        violation = found.violation
        if mishap := self._mishap(found.world):
            violation = mishap
        elif self.diagnose is not None:
            belief = self.diagnose(answer, found) or violation.belief
            violation = replace(violation, belief=belief)
        raises = violation.belief == "raises"
        summary = luck.needed(found.code, found.world.trace, calm.trace, raises)
        return _failure(self, found.world, summary, violation, found.code)

    def _mishap(self, world: World) -> Violation | None:
        return _mishap(world, blame.EXPECTED + self.expected)


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

    def judge(self, answer: Any) -> Judgement:
        """Run under each seed until one fails."""
        watch = leaks.Watch[int](answer, lambda seed: self._judged(answer, seed), costly=True)
        for seed in self.seeds:
            world, violation = self._judged(answer, seed)
            watch.saw(seed, world)
            if violation is not None:
                break
        if (leak := watch.leak(seed, violation)) is not None:
            return Judgement("fails", "remembers what it should not", leak)
        if violation is None:
            return Judgement("holds", f"holds: {len(self.seeds)} runs, seeds {_list(self.seeds)}")
        violation = self._mishap(world) or violation
        return _failure(self, world, f"fails under seed {seed}", violation, str(seed))

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
        return _mishap(world, (CallError, Conflict, *self.expected))

    def _judged(self, answer: Any, seed: int) -> tuple[World, Violation | None]:
        world = self._run(answer, seed)
        violation = self.oracle(world)
        world.end_tasks()
        return world, violation

    def _run(self, answer: Any, seed: int) -> World:
        guard.next_run()
        world = World(seed)
        self.stage(world, answer)
        world.run(self.until, max_steps=self.max_steps)
        return world


def _mishap(world: World, expected: Errors) -> Violation | None:
    """Return an error of the learner's own as the violation, if a handler of this run met one."""
    found = blame.mishap(world.raised, expected)
    return found and Violation(found[1], found[0], belief="raises")


def _failure(
    judge: Explored | Sampled, world: World, summary: str, violation: Violation, code: str
) -> Judgement:
    which = "the shortest run" if isinstance(judge, Explored) else "a run"

    def picture(title: str, wrong: Violation) -> Picture:
        return judge.picture(world, wrong, title)

    heading = f": {which} that breaks it"
    return Judgement("fails", summary, violation, code, world.trace, picture, heading)


def _list(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds))
