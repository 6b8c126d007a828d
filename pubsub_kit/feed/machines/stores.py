"""The stores that hold timelines: how busy they are from moment to moment, and how long they take.

Each node is taken as an M/M/1 queue: requests come at random at a rate lambda, and are served at a
rate mu, so that one takes an exponential time at the rate mu - lambda. All nodes are alike (mean
field), but for those that hold the hottest key: the list that most reads look up goes to its few
replicas, however many nodes there are. Where lambda passes mu, what is not served waits, and every
later request waits behind it until the backlog is worked off. Near mu a queue is only as long as
there is time for it to grow: in a bin of so many seconds some sqrt(mu × seconds) requests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pubsub_kit.feed.arena import Machines
from pubsub_kit.feed.people.chance import Chance
from pubsub_kit.feed.people.network import Floats


@dataclass(eq=False)
class Stores:
    """Stores over a span of time, in bins of `width` seconds.

    `load`: requests a second in each bin, of all nodes. `nodes`: how many are alive in each bin.
    """

    width: float
    load: Floats
    nodes: Floats
    machines: Machines

    def __post_init__(self) -> None:
        mu = self.machines.node_rate
        a_node = self.load / self.nodes
        grown = (a_node - mu) * self.width
        level = np.concatenate(([0.0], np.cumsum(grown)))
        waiting = level - np.minimum.accumulate(level)  # never below none: Lindley's, for a fluid
        self._backlog = waiting / mu
        self._rate = np.maximum(mu - a_node, mu / (1.0 + np.sqrt(mu * self.width)))

    @property
    def utilisation(self) -> float:
        """Return what is asked of the stores as a share of what they can do."""
        return float(np.mean(self.load / self.nodes)) / self.machines.node_rate

    @property
    def busiest(self) -> float:
        """Return what is asked of a node in its busiest bin, as a share of what it can do."""
        return float(np.max(self.load / self.nodes)) / self.machines.node_rate

    @property
    def backlog(self) -> float:
        """Return how many seconds of work wait at each node at the end."""
        return float(self._backlog[-1])

    def rate(self, at: Floats) -> Floats:
        """Return the rate a second of the exponential part of a request's time at these moments."""
        last = len(self._rate) - 1
        return np.asarray(self._rate[np.minimum((at / self.width).astype(np.int64), last)])

    def wait(self, at: Floats) -> Floats:
        """Return how long a request waits at these moments behind a backlog, in seconds."""
        if not self._backlog.any():
            return np.zeros(len(at))
        return np.interp(at, np.arange(len(self._backlog)) * self.width, self._backlog)


def slowest(rng: Chance, lookups: Floats, parallel: int) -> Floats:
    """Return how long lookups take in all where each takes an exponential time of mean 1.

    So many at once are a round, which lasts as long as its slowest: the largest of m exponentials,
    drawn in one go from its distribution (1 - exp(-t))^m. Many full rounds are drawn as one gamma
    time that has their mean and variance; with one lookup at a time that is exact.
    """
    full, rest = np.divmod(lookups, parallel)
    took = np.where(rest > 0, _largest(rng.random(len(lookups)), np.maximum(rest, 1.0)), 0.0)
    if full.any():
        took[full == 1] += _largest(rng.random(int((full == 1).sum())), float(parallel))
        many = full > 1
        nth = 1.0 / np.arange(1, parallel + 1)
        mean, variance = float(nth.sum()), float((nth**2).sum())
        shape = full[many] * (mean * mean / variance)
        took[many] += rng.standard_gamma(shape) * (variance / mean)
    return took


def _largest(uniform: Floats, of: Floats | float) -> Floats:
    uniform = np.maximum(uniform, 1e-300)
    return np.asarray(-np.log(-np.expm1(np.log(uniform) / of)))
