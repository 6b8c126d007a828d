"""How a subscription delivers: the settings of a group, and how bad ones are refused."""

from __future__ import annotations

import math
from typing import NamedTuple

from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.errors import PubSubKitError


class SubscriptionError(PubSubKitError):
    """You asked a subscription for something that it can't do."""


class Settings(NamedTuple):
    """The settings that `Broker.subscribe` takes and explains."""

    ack_deadline: float = 10.0
    retry: RetryPolicy = RetryPolicy()
    max_deliveries: int | None = None
    dead_letter: str | None = None
    ordered: bool = False
    max_outstanding: int = 1000

    def check(self, topic: str) -> None:
        """Raise SubscriptionError with a sentence about the first setting that can't work."""
        problem = None
        if not is_seconds(self.ack_deadline) or self.ack_deadline == 0:
            problem = f"ack_deadline is a number of seconds above 0, not {self.ack_deadline!r}."
        elif self.max_deliveries is not None and not is_count(self.max_deliveries):
            problem = f"max_deliveries is 1 or more (None: no limit), not {self.max_deliveries!r}."
        elif not is_count(self.max_outstanding):
            problem = f"max_outstanding is 1 or more messages, not {self.max_outstanding!r}."
        elif self.dead_letter is not None and self.max_deliveries is None:
            problem = f"dead_letter={self.dead_letter!r} needs max_deliveries too, such as 5."
        elif self.dead_letter == topic:
            problem = f"dead letters of {topic!r} need another topic, or they would loop forever."
        if problem is not None:
            raise SubscriptionError(problem)


def is_seconds(value: object) -> bool:
    """Return whether a value is a finite number of seconds, from 0 up."""
    return isinstance(value, int | float) and 0 <= value < math.inf


def is_count(value: object) -> bool:
    """Return whether a value is a whole number from 1 up."""
    return isinstance(value, int) and value >= 1
