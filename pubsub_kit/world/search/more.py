"""What a schedule that was run can be followed by: the same, with one more fault or choice.

`order` is where a schedule stands among those of equally many faults: what differs from it in
choices comes right after it, and then what differs from the next one.
"""

from __future__ import annotations

from collections.abc import Iterator

from pubsub_kit.world.chance import CHOICES, Schedule


def is_open(schedule: Schedule) -> bool:
    """Say whether its run was asked anything after the last thing that it decides."""
    return len(schedule.offered) > max(schedule.faults, default=-1) + 1


def _idle(schedule: Schedule, number: int) -> bool:
    """Say whether nobody could run while the task was held back that comes to this question."""
    point = schedule.points.get(number)
    return point is not None and point.idle


def with_one_more(schedule: Schedule, free: bool) -> Iterator[Schedule]:
    """Yield all that differ by one more choice, if `free`, or else by one more fault."""
    chosen, count = schedule.faults, 0
    *before, latest = schedule.order or ((),)
    for number in range(max(chosen, default=-1) + 1, len(schedule.offered)):
        for kind in schedule.offered[number]:
            if (kind in CHOICES) is free and not (kind == "preempt" and _idle(schedule, number)):
                more = Schedule({**chosen, number: kind})
                more.order = (*before, (*latest, count)) if free else (*before, latest, (count,))
                count += 1
                yield more
