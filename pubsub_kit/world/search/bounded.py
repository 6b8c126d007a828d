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


class Bounded:
    """Every schedule up to a number of faults; each round has one fault more."""

    sample = ""

    def rounds(self, max_faults: int) -> Iterator[Iterable[Schedule]]:
        """Yield all schedules without a fault, then with one, then with two, up to a bound."""
        level: Iterable[Schedule] = [Schedule()]
        for _ in range(max_faults):
            tried: list[Schedule] = []
            yield _kept(level, tried)
            level = _one_more_fault(tried)
        yield level


def _kept(level: Iterable[Schedule], tried: list[Schedule]) -> Iterator[Schedule]:
    for schedule in level:
        tried.append(schedule)
        yield schedule


def _one_more_fault(tried: Iterable[Schedule]) -> Iterator[Schedule]:
    for schedule in tried:
        chosen = schedule.faults
        for number in range(max(chosen, default=-1) + 1, len(schedule.offered)):
            for kind in schedule.offered[number]:
                yield Schedule({**chosen, number: kind})
