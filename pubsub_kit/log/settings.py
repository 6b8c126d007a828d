"""Settings of a log: bad ones are refused in a sentence, before anything is done with them."""

from __future__ import annotations

import sys
from math import inf

from pubsub_kit.errors import PubSubKitError, brief

MOST = 10_000  # partitions
LARGEST = sys.float_info.max  # a larger whole number is no number of seconds


class LogError(PubSubKitError):
    """You asked a log for something that it can't do."""


def check_count(name: str, value: object, least: int = 1, none: str = "") -> None:
    """Raise LogError unless a value is a whole number from `least` up."""
    if value.__class__ is not int or not isinstance(value, int) or value < least:
        also = f" (None: {none})" if none else ""
        raise LogError(f"{name} is a whole number from {least} up{also}, not {brief(value)}.")


def check_growth(partitions: int, more: object) -> None:
    """Raise LogError unless a log of so many partitions can have so many more."""
    if not isinstance(more, int) or more.__class__ is bool or not 1 <= more <= MOST - partitions:
        raise LogError(
            f"A log has, or grows by, at least 1 partition, not {brief(more)}. It has {MOST:,} at "
            "most."
        )


def check_seconds(name: str, value: object) -> None:
    """Raise LogError unless a value is None, or a finite number of seconds from 0 up."""
    if value is not None and not (
        isinstance(value, int | float) and value.__class__ is not bool and 0 <= value <= LARGEST
    ):
        raise LogError(f"{name} is in seconds, from 0 up (None: no limit), not {brief(value)}.")


def check_time(value: object) -> None:
    """Raise LogError unless a value is a time, in seconds since the epoch."""
    if not (
        isinstance(value, int | float)
        and value.__class__ is not bool
        and (-LARGEST <= value <= LARGEST or value in (inf, -inf))
    ):
        raise LogError(f"A time is a number of seconds since 1970, not {brief(value)}.")
