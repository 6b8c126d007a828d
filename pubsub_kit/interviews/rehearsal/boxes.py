"""Time boxes: how long each part of an interview lasts, scaled to the minutes that there are.

A box ends at its place in the whole, however early you went into it: what you saved is yours.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from pubsub_kit.errors import brief
from pubsub_kit.interviews.bank.question import BOXES
from pubsub_kit.interviews.rehearsal.events import RehearsalError
from pubsub_kit.options import LEAST_MINUTES, MOST_MINUTES


class Box(NamedTuple):
    """A part of the interview, from `start` to `end` in seconds of rehearsal time."""

    name: str
    start: float
    end: float


class Timer(NamedTuple):
    """What a front shows: the box, and the seconds that are left in it and in all."""

    box: str
    box_left: float
    left: float


def minutes_of(given: Any, least: float = LEAST_MINUTES) -> float:
    """Return a number of minutes. Raises RehearsalError for one that no rehearsal can last."""
    try:
        minutes = math.nan if isinstance(given, bool) else float(given)
    except (TypeError, ValueError, OverflowError):
        minutes = math.nan
    if not least <= minutes <= MOST_MINUTES:  # which NaN is not
        raise RehearsalError(
            f"a rehearsal lasts {LEAST_MINUTES:g} to {MOST_MINUTES:g} minutes, not "
            f"{brief(given)}: take 45, or 25"
        )
    return minutes


def scaled(minutes: float) -> tuple[Box, ...]:
    """Return the boxes of a rehearsal of so many minutes."""
    unit, start, made = 60 * minutes / sum(length for _, length in BOXES), 0.0, []
    for name, length in BOXES:
        made.append(Box(name, start, start + length * unit))
        start += length * unit
    return tuple(made)


def number_at(boxes: tuple[Box, ...], at: float) -> int:
    """Return the number of the box that is due at a second; the last one's after the end."""
    return next((n for n, box in enumerate(boxes) if at < box.end), len(boxes) - 1)


def clock_face(seconds: float) -> str:
    """Return a time as a clock shows it: "4:05", and "-0:10" for what is over by 10 s."""
    whole = round(seconds)
    return f"{'-' * (whole < 0)}{abs(whole) // 60}:{abs(whole) % 60:02d}"
