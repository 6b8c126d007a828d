"""What a run of an answer shows beside what its oracle says: where it was, and what it raised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from pubsub_kit.checks.sandbox import blame
from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.world import World

#: Errors that say nothing of the learner's code.
Errors = tuple[type[BaseException], ...]
#: Says of an error whether a right answer may well raise it.
Forgives = Callable[[BaseException], bool]


@dataclass(frozen=True)
class Place:
    """Where a check was when its answer's error ended it: the world, a seed's code, and its name.

    What has a name of its own, "row 3, one holder", is no seed. `part` goes before the code of a
    run if the answer is put into several worlds: "2/".
    """

    world: World
    seed: str = ""
    name: str = ""
    part: str = ""

    @property
    def progress(self) -> tuple[int, float]:
        """How far the run is: it moves if a step is written, an effect awaited, or time passes."""
        world = self.world
        return len(world.trace) - world.steps_left, world.now

    @property
    def schedule(self) -> str:
        """The schedule or the seed of this run; "" if there is none."""
        chance = self.world.chance
        return self.seed or (chance.code if isinstance(chance, Schedule) else "")

    @property
    def code(self) -> str:
        """The code that runs this world again; "" if there is none."""
        return f"{self.part}{self.schedule}" if self.schedule else ""


def mishap(
    world: World, expected: Errors, forgives: Forgives = lambda error: False
) -> Violation | None:
    """Return an error of the learner's own as the violation, if a handler of this run met one."""
    raised = [(step, error) for step, error in world.raised if not forgives(error)]
    found = blame.mishap(raised, expected)
    return found and Violation(found[1], found[0], belief="raises")


def with_refusal(world: World, violation: Violation) -> Violation:
    """Add the error that the learner raised on purpose, where no handler came to its end."""
    refused = blame.refused(world.raised)
    if not refused or violation.belief == "raises" or _some_work_is_done(world):
        return violation
    return replace(violation, message=f"{violation.message} {refused}")


def _some_work_is_done(world: World) -> bool:
    return any(step.text == "done" for step in world.trace.of("end"))
