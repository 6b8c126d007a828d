"""How long to wait before trying again: exponential backoff with jitter.

    attempt      1      2      3      4   …
    at most   base   ×factor  ×factor  ×factor   up to cap
    waits     anywhere between nothing and that: full jitter

Without jitter, clients that fail together retry together, and fail together again. Spreading them
out is what makes backoff work (M. Brooker, "Exponential Backoff And Jitter", AWS, 2015).
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

from pubsub_kit.errors import PubSubKitError


class RetryPolicyError(PubSubKitError):
    """You gave a retry policy a value that it can't use."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to retry, and how often: after up to `base` × `factor`^n seconds, at most `cap`.

    With `jitter` True or "full", each wait is drawn between 0 and that bound; with None it is the
    bound itself. `attempts` is the number of tries after which to give up (None: never).
    """

    base: float = 0.1
    factor: float = 2.0
    cap: float = 10.0
    jitter: bool | Literal["full"] | None = True
    attempts: int | None = None

    def __post_init__(self) -> None:
        if not (self.base >= 0 and self.cap >= 0 and self.factor >= 1):
            raise RetryPolicyError(
                f"base and cap are seconds from 0 up, and factor is 1 or more, "
                f"not base={self.base!r}, cap={self.cap!r}, factor={self.factor!r}."
            )
        if self.jitter not in (True, False, None, "full"):
            raise RetryPolicyError(f"jitter is True, 'full' or None, not {self.jitter!r}.")
        if self.attempts is not None and self.attempts < 1:
            raise RetryPolicyError(f"attempts is 1 or more, or None, not {self.attempts!r}.")

    def bound(self, attempt: int) -> float:
        """Return the longest wait in seconds after the failed attempt number `attempt` (from 1)."""
        try:
            return min(self.cap, self.base * self.factor ** (attempt - 1))
        except OverflowError:
            return self.cap

    def delay(self, attempt: int, rng: Random) -> float:
        """Return the seconds to wait after the failed attempt number `attempt` (from 1)."""
        return self.bound(attempt) * rng.random() if self.jitter else self.bound(attempt)
