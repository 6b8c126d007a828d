"""Service levels: what a feed must keep to, as an upper bound of each measure that matters."""

from __future__ import annotations

from math import isfinite, isnan

import numpy as np

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.feed.machines.measures import MEASURES, Values, amount


class LevelsError(PubSubKitError, ValueError):
    """Service levels that nothing can be held to; the message says which, and what is possible."""


class ServiceLevels:
    """Upper bounds of measures by their names: `ServiceLevels(delivery_p99=5.0, lost=0)`.

    Seconds, bytes and dollars a month; loads are shares (0.7 is 70%). Raises LevelsError for a
    measure that there is not, and for a bound that is no number from 0 on.
    """

    def __init__(self, *unnamed: float, **bounds: float) -> None:
        if unnamed:
            raise LevelsError(f"name each level, as delivery_p99=5.0: {unnamed[0]!r} has no name")
        if not bounds:
            raise LevelsError(f"give at least one level, of {_names()}")
        for name, bound in bounds.items():
            if name not in MEASURES:
                raise LevelsError(f"there is no measure {name!r}: the levels are of {_names()}")
            if isinstance(bound, bool) or not isinstance(bound, int | float | np.number):
                raise LevelsError(f"{name} is at most a number, not {bound!r}")
            if not isfinite(bound) or bound < 0:
                raise LevelsError(f"{name} is at most a number from 0 on, not {bound!r}")
        self.bounds = {name: float(bound) for name, bound in bounds.items()}

    def missed(self, values: Values) -> list[str]:
        """Return the names of the levels that these values do not keep, in the order given.

        What could not be measured (NaN) is missed: nothing shows that it would be kept.
        """
        return [name for name, bound in self.bounds.items() if not values[name] <= bound]

    def excess(self, name: str, values: Values) -> float:
        """Return a value as a multiple of its bound; above 1 where it is missed.

        Where the bound is 0, 1 and the value itself; NaN where there is nothing to measure.
        """
        value, bound = values[name], self.bounds[name]
        return value / bound if bound else 1 + value

    def words(self, name: str, values: Values) -> str:
        """Return how one level is kept or missed: "delivery p99: 140 s, at most 5 s"."""
        one, bound = MEASURES[name], self.bounds[name]
        if isnan(values[name]):
            return f"{one.words}: the load has none to measure"
        seen = amount(values[name], one.unit, bound)
        return f"{one.words}: {seen}, at most {amount(bound, one.unit)}"

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={bound:g}" for name, bound in self.bounds.items())
        return f"ServiceLevels({inside})"


def _names() -> str:
    return ", ".join(MEASURES)
