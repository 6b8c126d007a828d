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

from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.log.settings import LARGEST

JITTERS = True, False, "full", None
LONGEST = 1e9  # seconds, 32 years: what "no limit" comes to


class RetryPolicyError(PubSubKitError):
    """You gave a retry policy a value that it can't use."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to retry, and how often: after up to `base` × `factor`^n seconds, at most `cap`.

    With `jitter` True or "full", each wait is drawn between 0 and that bound; with None it is the
    bound itself. `attempts` is the number of tries after which to give up (None: never), and with
    None for `cap`, waits have no limit. Raises RetryPolicyError for what can't work.
    """

    base: float = 0.1
    factor: float = 2.0
    cap: float | None = 10.0
    jitter: bool | Literal["full"] | None = True
    attempts: int | None = None

    def __post_init__(self) -> None:
        seconds = (self.base, 0 if self.cap is None else self.cap)
        if not (all(_is_finite(each, 0) for each in seconds) and _is_finite(self.factor, 1)):
            raise RetryPolicyError(
                f"base and cap are finite seconds from 0 up (cap=None: no limit), and factor is 1 "
                f"or more, not base={brief(self.base)}, cap={brief(self.cap)}, "
                f"factor={brief(self.factor)}."
            )
        if not (
            isinstance(self.jitter, bool | str | None)
            and self.jitter in (True, False, None, "full")
        ):
            raise RetryPolicyError(f"jitter is True, 'full' or None, not {brief(self.jitter)}.")
        if self.attempts is not None and not _is_finite(self.attempts, 1, int):
            raise RetryPolicyError(
                "attempts is a whole number from 1 up, or None (no limit), not "
                f"{brief(self.attempts)}."
            )

    def bound(self, attempt: int) -> float:
        """Return the longest wait in seconds after the failed attempt number `attempt` (from 1)."""
        cap = LONGEST if self.cap is None else self.cap
        try:
            return min(cap, self.base * float(self.factor) ** (attempt - 1))
        except OverflowError:
            return cap

    def delay(self, attempt: int, rng: Random) -> float:
        """Return the seconds to wait after the failed attempt number `attempt` (from 1)."""
        return self.bound(attempt) * rng.random() if self.jitter else self.bound(attempt)


def _is_finite(value: object, least: float, kind: type = float) -> bool:
    """Return whether a value is a finite number of this kind (an int is a float too)."""
    if not isinstance(value, int | float) or (kind is int and not isinstance(value, int)):
        return False
    return value.__class__ is not bool and least <= value <= LARGEST
