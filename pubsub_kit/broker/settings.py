"""How a subscription delivers: the settings of a group, and what is wrong with bad ones."""

from __future__ import annotations

import math
from typing import NamedTuple

from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.errors import PubSubKitError


class SubscriptionError(PubSubKitError):
    """A subscription was asked for something that it cannot do."""


class Settings(NamedTuple):
    """What `Broker.subscribe` was given; it says what each one means."""

    ack_deadline: float = 10.0
    retry: RetryPolicy = RetryPolicy()
    max_deliveries: int | None = None
    dead_letter: str | None = None
    ordered: bool = False
    max_outstanding: int = 1000

    def check(self, topic: str) -> None:
        """Raise SubscriptionError with one sentence on the first setting that cannot work."""
        problem = None
        if not is_seconds(self.ack_deadline) or self.ack_deadline == 0:
            problem = f"ack_deadline is in seconds, more than 0, not {self.ack_deadline!r}."
        elif self.max_deliveries is not None and not is_count(self.max_deliveries):
            problem = f"max_deliveries counts from 1 (None: no limit), not {self.max_deliveries!r}."
        elif not is_count(self.max_outstanding):
            problem = f"max_outstanding is at least 1 message, not {self.max_outstanding!r}."
        elif self.dead_letter is not None and self.max_deliveries is None:
            problem = f"dead_letter={self.dead_letter!r} needs max_deliveries, such as 5, as well."
        elif self.dead_letter == topic:
            problem = f"dead letters of {topic!r} need a topic of their own, or they never end."
        if problem is not None:
            raise SubscriptionError(problem)


def is_seconds(value: object) -> bool:
    """Say whether a value is a finite number of seconds, from 0 up."""
    return isinstance(value, int | float) and 0 <= value < math.inf


def is_count(value: object) -> bool:
    """Say whether a value is a whole number from 1 up."""
    return isinstance(value, int) and value >= 1
