"""When a check stops its search: after so many steps, however fast the machine is.

A search that finds a failure goes on to the end of that round, since another run with as many
faults may be shorter. Where an answer loops in each of thousands of runs, that takes minutes, so a
search that has failed gets few steps more. One that has not failed gets many, and is then cut off:
nothing is said about what was not tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.search.bounded import Bounded
from pubsub_kit.world.search.explore import Exploration
from pubsub_kit.world.world import World

STEPS = 4_000_000  # of all runs together, before a search is cut off
AFTERWARDS = 60_000  # of those, once a run has failed
_SHORT = 20  # steps of a run that was given up early


@dataclass
class Patience:
    """Tries every schedule, as `Bounded` does, as long as there are steps left.

    `begins` is to hear of each world that begins, and `judged` whether its run failed.
    """

    steps: int = STEPS
    afterwards: int = AFTERWARDS
    left: int = field(init=False)
    stopped_in: int | None = field(init=False, default=None)  # the round that was not finished
    world: World | None = field(init=False, default=None)  # whose run was not judged
    failed: bool = field(init=False, default=False)

    sample = ""

    def __post_init__(self) -> None:
        self.left = self.steps

    def begins(self, world: World) -> None:
        """Hear of a run that begins."""
        self.world = world

    def judged(self, world: World, failed: bool) -> None:
        """Hear of a run that ended, and was judged."""
        self.world = None
        self._spend(_steps_of(world), failed)

    def rounds(self, max_faults: int) -> Iterator[Iterable[Schedule]]:
        """Yield the rounds of `Bounded`, each up to where patience ends."""
        for number, schedules in enumerate(Bounded().rounds(max_faults)):
            if self.stopped_in is not None:
                return
            yield self._round(number, schedules)

    def settle(self, found: Exploration) -> Exploration:
        """Say in a finding that it was cut off, if it was."""
        if self.stopped_in is not None and found.violation is None:
            found.outcome, found.hardest = "cut off", ""
            found.complete = self.stopped_in - 1
        return found

    def _round(self, number: int, schedules: Iterable[Schedule]) -> Iterator[Schedule]:
        for schedule in schedules:
            if self.left <= 0:
                self.stopped_in = number
                return
            yield schedule
            self._end_unjudged()

    def _end_unjudged(self) -> None:
        """Count a run that was not judged: it never ended, or changed nothing and was given up."""
        world, self.world = self.world, None
        if world is not None:
            stuck = "trace" in vars(world)  # nothing is left of a run that was given up
            self._spend(_steps_of(world) if stuck else _SHORT, stuck)

    def _spend(self, steps: int, failed: bool) -> None:
        if failed and not self.failed:
            self.failed, self.left = True, min(self.left, self.afterwards)
        self.left -= steps


def _steps_of(world: World) -> int:
    """Count what a run has cost: the steps of its trace, and each await of an effect."""
    return len(world.trace) + world.steps - world.steps_left
