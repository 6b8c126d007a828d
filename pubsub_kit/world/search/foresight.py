"""What the last round of a search can leave out: runs that would turn out to be redundant.

A run ends as redundant when a pre-empted task could as well have gone on earlier, or one deed
further (world/preemption.py). In the last round no fault comes after the one that is added, so what
its run would do can often be told from runs that were tried: that without this fault, its `parent`,
and those in which the task was held back later. Only what is sure to be redundant is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.deeds import ANY, STIR, Deed, any_meet
from pubsub_kit.world.search.more import is_open, with_one_more

#: What others do while a task is held back; None if that is not known.
Others = tuple[Deed, ...] | None
_ACK_ALONE = 2  # steps of a trace: the ack is sent, and received


def last_round(tried: Iterable[Schedule]) -> Iterator[Schedule]:
    """Yield all schedules with one fault more that may do what no other does.

    Those of one parent come from the last to the first, since a later one tells of an earlier one.
    """
    for parent in tried:
        overtaking: dict[int, Others] = {}  # by the question at which a task is held back
        for schedule in reversed([*with_one_more(parent, free=False)]):
            schedule.listens = False
            number = max(schedule.faults)
            held_back = schedule.faults[number] == "preempt"
            if _could_have_gone_on_earlier(parent, number, held_back):
                continue
            if held_back:
                overtaking[number] = others = _in_vain(parent, number, overtaking)
                if others is not None:
                    continue
            yield from _with_choices(schedule)
            if held_back:
                overtaking[number] = schedule.overtaking


def _could_have_gone_on_earlier(parent: Schedule, number: int, held_back: bool) -> bool:
    """Say whether the fault would stop a task that could as well have gone on earlier.

    Such a task was held back, and has gone on. What it does up to the fault is all that it does at
    a stretch, and does not meet what others did before. A fault other than to be held back sets a
    timer.
    """
    point = parent.points.get(number)
    if point is None or point.late is None:
        return False
    deeds, others = point.late
    return not any_meet(deeds if held_back else [*deeds, STIR], others)


def _in_vain(parent: Schedule, number: int, overtaking: dict[int, Others]) -> Others:
    """Return what others would do while a task is held back, if it is held back in vain."""
    point = parent.points.get(number)
    if point is None or not point.alone:
        return None
    if point.step >= 0 and point.step == parent.steps - _ACK_ALONE:
        # The ack was the last thing to happen. So whatever others pull for, before it or after, is
        # not there.
        return (("pull", *point.deed[1:]),)
    # Others would do what they do while it is held back before its next deed. If nothing of that
    # meets the deed at hand, it could as well do it first, and be held back there.
    after = min((n for n in parent.points if n > number), default=-1)
    others = overtaking.get(after)
    if others is None or point.deed is ANY or parent.points[after].turn != point.turn:
        return None
    return None if any_meet([point.deed], others) else others


def _with_choices(schedule: Schedule) -> Iterator[Schedule]:
    """Yield a schedule, and what differs from it only in further choices.

    Leave out a task's going on where it would do what it did the last time, and nothing of that
    matters to what others have done since. In the end, a schedule knows what others have done in
    any of these runs while its last task was held back.
    """
    yield schedule
    if not is_open(schedule):
        return
    deeds: Others = None
    for more in with_one_more(schedule, free=True):
        more.listens = False
        others = schedule.others.get(max(more.faults))
        if not (others and deeds) or any_meet(deeds, others):
            yield from _with_choices(more)
            deeds = more.deeds if others else None
            schedule.overtaking = _both(schedule.overtaking, more.overtaking)


def _both(some: Others, more: Others) -> Others:
    return None if some is None or more is None else (*some, *more)
