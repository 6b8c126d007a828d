"""What a simulated design came to: latencies, losses, load, memory, cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.feed.arena import Arena
from pubsub_kit.feed.designs import FeedDesign
from pubsub_kit.feed.people.network import Floats, Ints


class RunError(PubSubKitError, ValueError):
    """A question that a run cannot answer; the message says why."""


@dataclass(frozen=True, eq=False)
class FeedRun:
    """A design's run in an arena; numbers of people's timelines, not of sampled accounts.

    `deliveries` counts timeline entries that the span's tweets were to make, `lost` those that were
    never made, `doubled` those that were made twice. `early_replies` counts timelines that show a
    reply before its original, `ghosts` entries at the end that should be gone: of deleted tweets,
    of authors that were unfollowed. `write_amplification` is store writes a tweet, replicas
    included, `lookups_per_read` store reads a timeline read. `memory` is in bytes, with replicas.
    `worker_load` and `store_load` are the work that is asked as a share of what can be done over
    the span: above 1, it cannot. `hot_load` is that of the hottest store in its busiest moment.
    `backlog` is the work that waits at the end with the busiest worker, `store_backlog` with the
    busiest store, in seconds. `cost` is dollars a month, were every moment like the span.

    The parts are the messages of the fan-out: `part_tweet` (index of the tweet), `part_size`
    (deliveries, all workers' that it stands for), `part_latency` (seconds from the tweet).
    `read_latency` has an entry for each read of the load, in seconds.
    """

    design: FeedDesign
    arena: Arena
    tweets: int
    deliveries: float
    lost: float
    doubled: float
    early_replies: float
    ghosts: float
    write_amplification: float
    lookups_per_read: float
    memory: float
    worker_load: float
    store_load: float
    hot_load: float
    backlog: float
    store_backlog: float
    cost: float
    part_tweet: Ints = field(repr=False)
    part_size: Floats = field(repr=False)
    part_latency: Floats = field(repr=False)
    read_latency: Floats = field(repr=False)

    def delivery(self, q: float, at_least: float = 0, below: float = np.inf) -> float:
        """Return the latency that a share `q` of deliveries keeps within, in seconds.

        Of tweets by authors with `at_least` so many followers and `below` so many; 0 where none is
        pushed, as a reader then finds the tweet where it was written. Raises RunError.
        """
        checked_share(q)
        checked_followers(at_least, below)
        latency, size, followers = self._parts
        if at_least > 0 or below < np.inf:
            chosen = (followers >= at_least) & (followers < below)
            latency, size = latency[chosen], size[chosen]
        return _quantile(latency, size, q)

    def read(self, q: float) -> float:
        """Return the latency that a share `q` of reads keeps within, in seconds (0 without any)."""
        checked_share(q)
        count = len(self._reads)
        return float(self._reads[max(0, int(np.ceil(q * count)) - 1)]) if count else 0.0

    @cached_property
    def _parts(self) -> tuple[Floats, Floats, Ints]:
        """Return the parts from the fastest to the slowest: latency, size, author's followers."""
        order = _rising(self.part_latency)
        load = self.arena.load
        author = load.author[self.part_tweet[order]]
        return self.part_latency[order], self.part_size[order], load.network.followers[author]

    @cached_property
    def _reads(self) -> Floats:
        return np.sort(self.read_latency)


def checked_share(q: object) -> None:
    """Raise RunError for what is no quantile."""
    if not isinstance(q, int | float | np.number) or not 0 <= q <= 1:
        raise RunError(f"a quantile lies between 0 and 1 (0.99 for p99), not at {q!r}")


def checked_followers(at_least: object, below: object) -> None:
    """Raise RunError for what bounds no number of followers."""
    for name, given in (("at_least", at_least), ("below", below)):
        if not isinstance(given, int | float | np.number) or given != given:
            raise RunError(f"{name} is a number of followers, such as 1_000, not {given!r}")


def checked_run(run: object) -> None:
    """Raise RunError for what is no run."""
    if not isinstance(run, FeedRun):
        hint = ": simulate the design first" if isinstance(run, FeedDesign) else ""
        raise RunError(
            f"a run is what simulate(design, arena) returns, not {type(run).__name__}{hint}"
        )


def _rising(values: Floats) -> Ints:
    """Return the order that sorts values from 0 on, to seven digits.

    As bits, such numbers rise as their values do; numpy sorts 16 bits at a time by radix.
    """
    bits = values.astype(np.float32).view(np.uint32)
    order = np.argsort((bits & 0xFFFF).astype(np.uint16), kind="stable")
    return np.asarray(order[np.argsort((bits >> 16).astype(np.uint16)[order], kind="stable")])


def _quantile(rising: Floats, weight: Floats, q: float) -> float:
    so_far = np.cumsum(weight)
    if not len(so_far) or so_far[-1] <= 0:
        return 0.0
    at = int(np.searchsorted(so_far, q * so_far[-1] * (1 - 1e-12)))
    return float(rising[min(at, len(rising) - 1)])
