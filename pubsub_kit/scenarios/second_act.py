"""A second act, in which nothing goes wrong: what the first one left behind has to do for it.

Some mistakes show only later: when a film is wanted again, when a third order comes. A search that
tried every fault in that part too would take many times as long and find little more. So from its
beginning on the chance of the run knows no faults, or one. It may follow in every run, or only
where nothing went wrong before.
"""

from __future__ import annotations

from collections.abc import Sequence

from pubsub_kit.world.chance import CHOICES, Schedule
from pubsub_kit.world.deeds import Deed, Point
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


def one_fault_left(world: World, since: float, until: float) -> bool:
    """Say whether no schedule has given a run a fault; if so, one may befall it once more.

    That is between two moments (virtual seconds), and no fault follows otherwise. What the traffic
    itself lets fail is no fault of a schedule.
    """
    chance = world.chance
    if not isinstance(chance, Schedule):
        return not bad_luck(world.trace)
    if any(number < len(chance.offered) for number in chance.faults):
        world.chance = Spent(chance)
        return False
    world.chance = last = LastOne(chance)
    world.at(since, setattr, last, "over", False)
    world.at(until, setattr, last, "over", True)
    world.second_act = (
        "A run without a fault goes on with a second part, where one fault was tried from "
        f"{since:,g} s to {until:,g} s."
    )
    return True


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


class LastOne(Schedule):
    """A schedule that goes on with its questions while it is not over, up to its first fault."""

    def __init__(self, asked: Schedule) -> None:
        super().__init__(asked.faults)
        self.asked, self.over = asked, True
        self.offered, self.listens = asked.offered, asked.listens

    def fault(self, kinds: Sequence[str], rates: Sequence[float]) -> str:
        """Return what the schedule says, up to its first fault."""
        if self.over and not all(kind in CHOICES for kind in kinds):
            return ""
        kind = self.asked.fault(kinds, rates)
        self.over = self.over or bool(kind)
        return kind

    def offers(self, others: tuple[Deed, ...]) -> None:
        """Hand it on."""
        self.asked.offers(others)

    def went_on(self, deeds: tuple[Deed, ...] | None) -> None:
        """Hand it on."""
        self.asked.went_on(deeds)

    def comes_to(self, point: Point) -> None:
        """Hand it on."""
        self.asked.comes_to(point)

    def overtaken(self, by: tuple[Deed, ...] | None) -> None:
        """Hand it on."""
        self.asked.overtaken(by)
