"""Which schedule comes next: what a search asks of a strategy, and what a strategy learns of it.

A strategy makes schedules in rounds. Each is run before the next one is asked for, and so has then
been `offered` its questions: that is all that a strategy knows of the world. A search ends with the
first round in which a run failed, and keeps of its failures the one with the shortest trace.

    Bounded()                      every schedule, those with the fewest faults first
    Sampled(seed=7, runs=10_000)   some of them, drawn at random
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from pubsub_kit.world.chance import Schedule


class Strategy(Protocol):
    """An order in which schedules are tried; it may serve many searches, and keeps none of them."""

    @property
    def sample(self) -> str:
        """What its schedules are where they need not be all of them: "random"; else empty.

        Empty is a promise: round k, from 0 on, holds every schedule of k faults.
        """

    def rounds(self, max_faults: int) -> Iterator[Iterable[Schedule]]:
        """Yield rounds of schedules, none with more faults than that."""
