"""Where a new group starts to read, and where one that exists may go."""

from __future__ import annotations

from typing import Literal, NamedTuple

from pubsub_kit.broker.settings import SubscriptionError, is_seconds
from pubsub_kit.errors import brief


class Offset(NamedTuple):
    """Start at this offset in each partition, or at the end of a shorter one."""

    offset: int


class At(NamedTuple):
    """Start at the first message from this time on (seconds since the epoch)."""

    time: float


Start = Literal["latest", "earliest"] | Offset | At


def check_start(start: object) -> None:
    """Raise SubscriptionError unless a value is a start."""
    if start.__class__ is str:
        right = start in ("latest", "earliest")
    elif isinstance(start, At):
        right = is_seconds(start.time)
    elif isinstance(start, Offset):
        right = start.offset.__class__ is int and start.offset >= 0
    else:
        right = isinstance(start, str) and start in ("latest", "earliest")
    if not right:
        raise SubscriptionError(
            "A start is 'latest', 'earliest', Offset(n) or At(seconds), both from 0 up, "
            f"not {brief(start)}."
        )
