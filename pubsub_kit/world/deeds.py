"""What a task does at a point, and whether it matters which of two tasks does so first.

A deed is what others could notice: that a row is read or written, a message is pulled or acked, a
call is made. Two deeds that do not meet can change places, and nobody could tell. All pruning of
the search rests on `meet`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

#: What a task does at a point: its kind, the store, group or topic, and the keys (none: all).
Deed = tuple[str, str, tuple[str, ...]]

OTHER: Deed = ("other", "", ())
ANY: Deed = ("any", "", ())  # this one and all that the task goes on to do
STIR: Deed = ("stir", "", ())  # to wake or start somebody, set a timer, or draw a number


def meet(one: Deed, other: Deed) -> bool:
    """Say whether it matters which of two deeds of two tasks is done first.

    Reads leave no mark, in a trace either, so only a write of what was read tells. What a consumer
    pulls or acks is all the same to the stores. Everything else is taken to matter.
    """
    kinds = one[0], other[0]
    if "any" in kinds:
        return True
    if "stir" in kinds:  # those whom two tasks wake run in the order in which they were woken
        return kinds[0] == kinds[1]
    if "other" in kinds:
        return "read" not in kinds
    if "read" in kinds:
        return "write" in kinds and one[1] == other[1] and _overlap(one[2], other[2])
    if "write" in kinds:
        return kinds[0] == kinds[1]
    return one[1] == other[1]


def any_meet(some: Iterable[Deed], others: Collection[Deed]) -> bool:
    """Say whether any deed of some matters to any of the others."""
    return any(meet(one, other) for one in some for other in others)


def _overlap(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    return not some or not others or not set(some).isdisjoint(others)


class Point(NamedTuple):
    """A point at which a task may be held back or crash, as the search hears of it.

    `turn` is the same for what a task does without a rest, and no other task's. `alone` says
    whether nobody else is held back, and `idle` whether nobody could run while this task was. If
    the task has gone on after it was held back, `late` has what it did since then, and what others
    had done before since it could last have gone on; if these do not meet, it could as well have
    gone on earlier. If the deed is an ack, and nothing is due later than now, `step` is how many
    steps the trace has; else it is -1.
    """

    turn: int
    deed: Deed
    alone: bool
    idle: bool
    late: tuple[list[Deed], list[Deed]] | None
    step: int
