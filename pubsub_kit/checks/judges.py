"""Judges: how the answer to a coding question is put to the test.

`Explored` tries every schedule of faults up to a bound; what holds is proven within it. `Sampled`
runs a world under a few seeds, for what only shows in numbers (load, waves of retries). Both say
"not exercised" where the run never met what the question is about.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pubsub_kit.checks.verdict import Judgement
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.explore import (
    Exploration,
    Oracle,
    Violation,
    explore,
    replay,
    run_once,
)
from pubsub_kit.world.tasks import WorldError
from pubsub_kit.world.world import World

#: Puts an answer into a new world.
Stage = Callable[[World, Any], Any]


class Judge(Protocol):
    """Puts one answer to the test."""

    def judge(self, answer: Any) -> Judgement:
        """Return what is to be said of an answer; what the answer raises goes through."""
        ...

    def replay(self, answer: Any, code: str) -> World:
        """Run an answer once more under a schedule or seed that a verdict has printed."""
        ...


@dataclass(frozen=True)
class Explored:
    """Every schedule of `faults`, up to `max_faults` at once.

    `stage` puts the answer into the world, `oracle` looks at the world after its run. `until` is in
    virtual seconds, `max_steps` in moments of the run.
    """

    stage: Stage
    oracle: Oracle
    faults: Sequence[str]
    max_faults: int = 2
    until: float = 1_000.0
    max_steps: int = 3_000
    seconds: float = 20.0

    def judge(self, answer: Any) -> Judgement:
        """Explore, and see whether the answer remembers anything from one run to the next."""
        found = explore(
            lambda world: self.stage(world, answer),
            self.oracle,
            faults=self.faults,
            max_faults=self.max_faults,
            until=self.until,
            max_steps=self.max_steps,
            seconds=self.seconds,
        )
        if found.outcome in ("holds", "not exercised") and self._remembers(answer, found):
            return _remembered(found)
        return _judgement(found)

    def replay(self, answer: Any, code: str) -> World:
        """Run the answer under one schedule."""
        return replay(
            lambda world: self.stage(world, answer),
            code,
            faults=self.faults,
            until=self.until,
            max_steps=self.max_steps,
        )

    def _remembers(self, answer: Any, found: Exploration) -> bool:
        """Say whether a run without faults goes another way now than it did at first."""
        again, _ = run_once(
            lambda world: self.stage(world, answer),
            Schedule(),
            self.faults,
            self.until,
            self.max_steps,
        )
        return [step[1:4] for step in again.trace] != [step[1:4] for step in found.trace]


def _remembered(found: Exploration) -> Judgement:
    message = (
        "the same run goes another way the second time: your code keeps something in a global, a "
        "class attribute or a default argument, which a real restart would wipe out"
    )
    return Judgement("fails", message, Violation(message, belief="hidden state"))


def _judgement(found: Exploration) -> Judgement:
    if found.outcome == "fails" and found.violation is not None:
        faults = sum(letter.isalpha() for letter in found.code)
        enough = "1 fault is enough" if faults == 1 else f"{faults} faults are enough"
        summary = f"fails: {enough}" if faults else "fails even where nothing goes wrong"
        return Judgement("fails", summary, found.violation, found.code, found.trace)
    if found.outcome == "holds":
        return Judgement("holds", str(found))
    return Judgement("not exercised", str(found))


@dataclass(frozen=True)
class Sampled:
    """A few seeded runs: `stage` builds and `oracle` looks, as for `Explored`, once a seed."""

    stage: Stage
    oracle: Oracle
    seeds: Sequence[int] = (1, 2, 3)
    until: float | None = None
    max_steps: int = 500_000

    def judge(self, answer: Any) -> Judgement:
        """Run under each seed until one fails."""
        for seed in self.seeds:
            world = self._run(answer, seed)
            if (violation := self.oracle(world)) is not None:
                summary = f"fails under seed {seed}"
                return Judgement("fails", summary, violation, str(seed), world.trace)
        return Judgement("holds", f"holds: {len(self.seeds)} runs, seeds {_list(self.seeds)}")

    def replay(self, answer: Any, code: str) -> World:
        """Run the answer under one seed."""
        if not code.isdigit():
            raise PubSubKitError(f"this question is replayed by a seed, a number, not {code!r}")
        return self._run(answer, int(code))

    def _run(self, answer: Any, seed: int) -> World:
        world = World(seed)
        self.stage(world, answer)
        world.run(self.until, max_steps=self.max_steps)
        return world


def _list(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds))


def misuse(error: WorldError) -> Judgement:
    """Return the judgement of an answer that used the world in a way that cannot work."""
    return Judgement("fails", "cannot run", Violation(str(error), belief="misuse"))
