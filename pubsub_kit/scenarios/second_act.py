"""A second act, in which nothing goes wrong: what the first one left behind has to do for it.

Some mistakes show only later: when a film is wanted again, when a third order comes. A search that
tried every fault in that part too would take many times as long and find little more. So from its
beginning on the chance of the run knows no faults. It may follow in every run, or only where
nothing went wrong before.
"""

from __future__ import annotations

from collections.abc import Sequence

from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.world import World


def bad_luck(steps: Trace) -> bool:
    """Say whether a fault befell a run: an error of the learner's own is none."""
    return any(step.fault and step.kind != "end" for step in steps)


def begins(world: World) -> bool:
    """Say whether the second act of a lucky run begins now; if so, no more faults befall it."""
    if bad_luck(world.trace):
        return False
    _no_more_faults(world, "A run without a fault")
    return True


def follows(world: World, which: str = "Each run") -> None:
    """Begin the second act of any run, or of `which` runs: no more faults befall it."""
    _no_more_faults(world, which)


def _no_more_faults(world: World, which: str) -> None:
    chance = world.chance
    world.chance = Spent(chance) if isinstance(chance, Schedule) else Schedule()
    world.second_act = which


class Spent(Schedule):
    """A schedule that has had its questions: no fault follows, and its code stays what it was."""

    def __init__(self, asked: Schedule) -> None:
        super().__init__(asked.faults)
        self.offered = [*asked.offered]

    def fault(self, kinds: Sequence[str], rates: Sequence[float]) -> str:
        """Say that none happens."""
        return ""
