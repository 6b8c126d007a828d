"""When things happen over a day, and to whom: a Poisson process with the day's curve as its rate.

The curve's integral says how many arrivals are due by a second. Arrivals at an even rate, sent
through its inverse, become arrivals at the curve's rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pubsub_kit.feed.people.chance import Chance
from pubsub_kit.feed.people.network import Floats, Ints

DAY = 86_400.0  # seconds
PEAK = 7 / 5  # of the mean: 5K tweets/s on average, 7K/s daily peak (High Scalability, 2013-07-08)
PEAK_HOUR = 20.0  # when people tweet and read most: an assumption
_STEPS = 2_000  # of the table that the integral is inverted by


def day_curve(hour: Floats | float) -> Floats:
    """Return how busy the hours of a day are, 0 to 24, in multiples of the day's mean.

    A cosine: its mean is 1, and its peak the published one. That it is smooth and symmetric, that
    reads follow it as tweets do, and PEAK_HOUR are assumptions.
    """
    return np.asarray(1 + (PEAK - 1) * np.cos(_angle(np.asarray(hour, np.float64))))


@dataclass(frozen=True)
class Span:
    """Some seconds of a day from an `hour` on, in which a burst multiplies what happens."""

    hour: float
    seconds: float
    burst: float = 1.0
    burst_at: float = 0.0
    burst_seconds: float = 0.0

    def due(self, second: Floats | float) -> Floats:
        """Return the integral of the rate from 0 to a second, in seconds at the day's mean rate."""
        second = np.asarray(second, np.float64)
        start, end = self.burst_at, self.burst_at + self.burst_seconds
        more = self._calm(np.clip(second, start, end)) - self._calm(np.float64(start))
        return np.asarray(self._calm(second) + (self.burst - 1) * more)

    def times(self, count: int, rng: Chance) -> Floats:
        """Return so many arrivals, in order: a Poisson process, given their number.

        Sums of exponential gaps, over the last of them, are uniform numbers in order, unsorted.
        """
        sums = np.cumsum(rng.standard_exponential(count + 1))
        edges = np.clip([self.burst_at, self.burst_at + self.burst_seconds], 0, self.seconds)
        grid = np.sort(np.concatenate((np.linspace(0, self.seconds, _STEPS), edges)))
        due = self.due(grid)
        times: Floats = np.interp(sums[:-1] * (due[-1] / sums[-1]), due, grid)
        return times

    def _calm(self, second: Floats | np.float64) -> Floats:
        begin = _angle(np.float64(self.hour))
        wave = np.sin(begin + 2 * np.pi * second / DAY) - np.sin(begin)
        return np.asarray(second + (PEAK - 1) * DAY / (2 * np.pi) * wave)


def drawn(weights: Floats, count: int, rng: Chance) -> Ints:
    """Return so many indexes, each as likely as its weight; a weight of 0 is never drawn."""
    able = np.flatnonzero(weights)
    chosen = weights[able]
    if chosen.min() == chosen.max():
        place = rng.randint(len(able), size=count)
    else:
        sums = np.cumsum(chosen)
        place = np.searchsorted(sums, rng.random(count) * sums[-1], side="right")
    indexes: Ints = able[np.minimum(place, len(able) - 1)]
    return indexes


def _angle(hour: Floats | np.float64) -> Floats:
    return np.asarray(2 * np.pi * (hour - PEAK_HOUR) / 24)
