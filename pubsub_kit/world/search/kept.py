"""Which runs of a search are worth keeping: the failure that says most, and the hardest survivor.

Of failures with equally many faults, the one with the shortest trace is read most easily. But if
that is a run that waits for something in vain, a short one may only be one that never got far. Then
the one that came closest to its end is kept: with the fewest waits unmet, then with the most work
finished, then the shortest. So only what is really in the way is missing in it.

The hardest run that was survived has the most faults, then the most different kinds of fault, then
the longest trace, since a fault that mattered makes a run do more: it is redelivered, retried or
restarted. Of runs alike in all of that, the first in the order of their schedules is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pubsub_kit.world.chance import CHOICES, Schedule
from pubsub_kit.world.search.violation import Violation, finished
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.world import World

Order = tuple[tuple[int, ...], ...]


def fault_kinds(choices: Mapping[int, str]) -> list[str]:
    """Return which faults a schedule has, one entry for each, given its choices by question.

    Where a pre-empted task goes on is a choice of the search, and no fault.
    """
    return [kind for kind in choices.values() if kind not in CHOICES]


def fault_count(choices: Mapping[int, str]) -> int:
    """Return how many faults a schedule has, given its choices by question."""
    return len(fault_kinds(choices))


class Failure(NamedTuple):
    """A run that failed: its schedule's code, its world, and what went wrong in it."""

    code: str
    world: World
    violation: Violation


class Failures:
    """The failures of one round: the shortest, and the one that came closest to its end."""

    def __init__(self) -> None:
        self.shortest: Failure | None = None
        self.closest: Failure | None = None
        self._length: tuple[int, Order] = (0, ())
        self._rank: tuple[int, int, int, Order] = (0, 0, 0, ())

    def add(self, schedule: Schedule, world: World, violation: Violation) -> None:
        """Keep a failure if it is the best so far in one way or the other."""
        failure = Failure(schedule.code, world, violation)
        length = (len(world.trace), schedule.order)
        if self.shortest is None or length < self._length:
            self.shortest, self._length = failure, length
        if violation.unmet:
            rank = (violation.unmet, -finished(world.trace), *length)
            if self.closest is None or rank < self._rank:
                self.closest, self._rank = failure, rank

    @property
    def best(self) -> Failure:
        """The one to show: the shortest, but of runs that wait in vain the closest."""
        assert self.shortest is not None
        waits = self.shortest.violation.unmet and self.closest is not None
        return self.closest if waits and self.closest is not None else self.shortest


class Hardest:
    """The code of the hardest run that was survived; its world is not kept."""

    def __init__(self) -> None:
        self.code = ""
        self._rank = (-1, 0, 0)
        self._order: Order = ()

    def survived(self, schedule: Schedule, trace: Trace) -> None:
        """Hear of one more run that held."""
        faults = fault_kinds(schedule.faults)
        rank = (len(faults), len(set(faults)), len(trace))
        if rank > self._rank or (rank == self._rank and schedule.order < self._order):
            self._rank, self._order, self.code = rank, schedule.order, schedule.code
