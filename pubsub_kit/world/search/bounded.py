"""Iterative fault bounding: every schedule without a fault, then all with one, with two, and so on.

A run asks its `Schedule` a question wherever a fault could happen. The run without faults comes
first. Each question that it asked gives a schedule with one fault; each question that *those* runs
asked after their last fault gives one with two; and so on. So each schedule is tried exactly once,
and the first failure has the fewest faults by construction. This is stateless model checking with a
bound on faults, where Musuvathi and Qadeer bound pre-emptions ("Iterative context bounding", PLDI
2007).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.search.foresight import last_round
from pubsub_kit.world.search.more import is_open, with_one_more


class Bounded:
    """Every schedule up to a number of faults; each round has one fault more."""

    sample = ""

    def rounds(self, max_faults: int) -> Iterator[Iterable[Schedule]]:
        """Yield all schedules without a fault, then with one, then with two, up to a bound."""
        level: Iterable[Schedule] = [Schedule()]
        if not max_faults:
            yield level
        for left in range(max_faults, 0, -1):
            tried: list[Schedule] = []
            yield _with_choices(level, tried)
            level = _one_more_fault(tried)
            if left == 1:
                yield last_round(tried)


def _with_choices(level: Iterable[Schedule], tried: list[Schedule]) -> Iterator[Schedule]:
    """Yield these schedules, and all that differ from them only in further choices."""
    for schedule in level:
        yield schedule
        tried.append(schedule)
        if is_open(schedule):
            yield from _with_choices(with_one_more(schedule, free=True), tried)


def _one_more_fault(tried: Iterable[Schedule]) -> Iterator[Schedule]:
    for schedule in tried:
        yield from with_one_more(schedule, free=False)
