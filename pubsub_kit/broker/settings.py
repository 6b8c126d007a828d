"""How a subscription delivers: the settings of a group, and how bad ones are refused."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, Self, get_args

from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.log.settings import LARGEST


class SubscriptionError(PubSubKitError):
    """You asked a subscription for something that it can't do."""


Assignment = Literal["shared", "partitioned"]
_ASSIGNMENTS = get_args(Assignment)


class Settings(NamedTuple):
    """The settings that `Broker.subscribe` takes and explains."""

    ack_deadline: float = 10.0
    retry: RetryPolicy = RetryPolicy()
    max_deliveries: int | None = None
    dead_letter: str | None = None
    ordered: bool = False
    max_outstanding: int = 1000
    assignment: Assignment = "shared"
    session_timeout: float = 10.0

    def filled(self, topic: str) -> Self:
        """Return the settings with the defaults that depend on others.

        Raises SubscriptionError with a sentence about the first setting that can't work.
        """
        problem = self._problem(topic) or self._misassigned()
        if problem is not None:
            raise SubscriptionError(problem)
        most = self.retry.attempts if self.max_deliveries is None else self.max_deliveries
        if most is None and self.dead_letter is not None:
            raise SubscriptionError(
                f"dead_letter={brief(self.dead_letter)} needs max_deliveries too, such as 5."
            )
        dead = self.dead_letter
        if most is not None and dead is None:
            dead = f"{topic}.dead"
        if most is self.max_deliveries and dead is self.dead_letter:
            return self
        return self._replace(max_deliveries=most, dead_letter=dead)

    def _problem(self, topic: str) -> str | None:
        most: object = self.max_deliveries
        retry: object = self.retry
        ordered: object = self.ordered
        dead: object = self.dead_letter
        if not is_seconds(self.ack_deadline) or self.ack_deadline == 0:
            return f"ack_deadline is a number of seconds above 0, not {brief(self.ack_deadline)}."
        if retry.__class__ is not RetryPolicy and not isinstance(retry, RetryPolicy):
            return f"retry is a RetryPolicy(…), not {brief(retry)}."
        if most is not None and not is_count(most):
            return f"max_deliveries is 1 or more (None: no limit), not {brief(most)}."
        if not is_count(self.max_outstanding):
            return f"max_outstanding is 1 or more messages, not {brief(self.max_outstanding)}."
        if ordered.__class__ is not bool:
            return f"ordered is True or False, not {brief(ordered)}."
        if dead is not None and not isinstance(dead, str):
            return f"dead_letter is the name of a topic, not {brief(dead)}."
        if dead == topic:
            return f"dead letters of {topic!r} need another topic, or they would loop forever."
        return None

    def _misassigned(self) -> str | None:
        """Return a sentence about a setting that the group's kind does not have."""
        if not isinstance(self.assignment, str) or self.assignment not in _ASSIGNMENTS:
            return f"assignment is 'shared' or 'partitioned', not {brief(self.assignment)}."
        if not is_seconds(self.session_timeout) or self.session_timeout == 0:
            timeout = brief(self.session_timeout)
            return f"session_timeout is a number of seconds above 0, not {timeout}."
        if self.assignment == "shared" and self.session_timeout != DEFAULT.session_timeout:
            return (
                f"session_timeout={brief(self.session_timeout)} is for assignment='partitioned': a "
                "shared group has an ack_deadline."
            )
        if self.assignment == "partitioned" and self.ack_deadline != DEFAULT.ack_deadline:
            return (
                f"ack_deadline={brief(self.ack_deadline)} is for assignment='shared': a "
                "partitioned group has a session_timeout."
            )
        return None


DEFAULT = Settings()


def is_seconds(value: Any) -> bool:
    """Return whether a value is a finite number of seconds, from 0 up."""
    if value.__class__ is float or isinstance(value, int | float):
        return value.__class__ is not bool and 0 <= value <= LARGEST
    return False


def is_count(value: Any) -> bool:
    """Return whether a value is a whole number from 1 up."""
    if value.__class__ is int or isinstance(value, int):
        return value.__class__ is not bool and 1 <= value <= LARGEST
    return False
