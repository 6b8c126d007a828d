"""Numbers for a problem, drawn from a seed that is a stable hash of its family and its review.

The same review draws the same problem on every machine and every version of Python, so only
`random()` of the standard generator is used: how it picks and shuffles has changed before.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from hashlib import sha256
from typing import TypeVar

T = TypeVar("T")


def seed_of(family: str, number: int) -> int:
    """Return the seed of a family's review of this number, from 0 up: 48 bits of a SHA-256."""
    return int.from_bytes(sha256(f"{family}/{number}".encode()).digest()[:6], "big")


class Dice:
    """Draws from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + int(self._random() * (high - low + 1))

    def pick(self, options: Sequence[T]) -> T:
        """Return one of several."""
        return options[self.whole(0, len(options) - 1)]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in another order."""
        left = list(items)
        return [left.pop(self.whole(0, len(left) - 1)) for _ in items]

    def some(self, items: Sequence[T], count: int) -> list[T]:
        """Return so many of the items, in the order in which they were given."""
        chosen = sorted(self.shuffled(range(len(items)))[:count])
        return [items[index] for index in chosen]
