"""What may go wrong at one moment of a run, and how likely it is.

Rates are a tuple, and answers are kept: `explore()` makes thousands of worlds of the same faults.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from pubsub_kit.world.chance import FAULTS, NODE_FAULTS, Chance, probability
from pubsub_kit.world.running import WorldError

#: The ways in which a node may crash: it comes back soon, late, or never.
CRASHES = ("crash", "long crash", "stays down")
#: The faults that a world may suffer, each with its probability.
Rates = tuple[tuple[str, float], ...]
#: The faults that may happen at one moment, and the probability of each.
Odds = tuple[tuple[str, ...], tuple[float, ...]]


@lru_cache
def rated(faults: Rates) -> Rates:
    """Return faults and their rates, checked; raises WorldError or ChanceError."""
    for kind, rate in faults:
        if kind not in FAULTS and kind not in NODE_FAULTS:
            known = NODE_FAULTS if str(kind).startswith(("node", "power")) else FAULTS
            raise WorldError(f"{kind!r} is not a fault: choose from {', '.join(known)}")
        probability(kind, rate)
    return faults


@lru_cache
def among(rates: Rates) -> Callable[..., Odds]:
    """Return a function that picks, of some kinds of fault, those that have a rate."""
    known = dict(rates)

    @lru_cache
    def pick(*kinds: str) -> Odds:
        on = tuple(kind for kind in kinds if kind in known)
        return on, tuple(known[kind] for kind in on)

    return pick


@lru_cache
def at_an_await(rates: Rates) -> dict[tuple[bool, bool, bool], Odds]:
    """Return what may happen at an await: to a node exposed to a crash? with others? an effect?"""
    pick = among(rates)
    return {
        (exposed, others, effect): pick(
            *CRASHES * exposed, *("preempt",) * others, *("pause",) * effect
        )
        for exposed in (False, True)
        for others in (False, True)
        for effect in (False, True)
    }


class Jitter:
    """A generator for jitter that draws on the world's chance, where `random.Random` is wanted."""

    def __init__(self, chance: Chance) -> None:
        self.random = chance.random

    def uniform(self, low: float, high: float) -> float:
        """Return a number between two bounds."""
        return low + (high - low) * self.random()
