"""Which schedule comes next: what a search asks of a strategy, and what a strategy gets to know.

A strategy makes schedules in rounds. The search runs each one before it asks for the next, so by
then the schedule has been `offered` its questions: that is all a strategy knows about the world. A
search ends with the first round in which a run fails; it keeps the failure with the shortest trace.

    Bounded()                      every schedule, those with the fewest faults first
    Sampled(seed=7, runs=10_000)   some of them, drawn at random
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from pubsub_kit.world.chance import Schedule


class Strategy(Protocol):
    """An order in which to try schedules; many searches may share one, so it keeps no state."""

    @property
    def sample(self) -> str:
        """What its schedules are where they need not be all of them: "random"; else empty.

        Empty is a promise: round k, from 0 on, holds every schedule of k faults.
        """

    def rounds(self, max_faults: int) -> Iterator[Iterable[Schedule]]:
        """Yield rounds of schedules, none with more faults than that."""
