"""A run from moment to moment: how late tweets are, what waits, and how old the oldest of it is.

Each is a list of points (second, value), as `show.lines` draws them. How much waits has no unit by
which to tell whether it is much; how old the oldest is has one: the seconds that were promised.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pubsub_kit.feed.machines.run import (
    FeedRun,
    RunError,
    checked_followers,
    checked_run,
    checked_share,
)
from pubsub_kit.feed.people.network import Floats, Ints

_POINTS = 1_000_000  # of a list at most
Points = list[tuple[float, float]]


def delays(
    run: FeedRun, q: float = 0.5, *, at_least: float = 0, below: float = np.inf, every: float = 1.0
) -> Points:
    """Return the latency that a share `q` of deliveries keeps within, by when it was tweeted.

    Of authors with `at_least` so many followers and `below` so many. A point stands in the middle
    of each `every` seconds in which there is such a delivery. Raises RunError.
    """
    checked_share(q)
    checked_followers(at_least, below)
    _check(run, every)
    load = run.arena.load
    followers = load.network.followers[load.author[run.part_tweet]]
    chosen = (followers >= at_least) & (followers < below) & (run.part_size > 0)
    if not chosen.any():
        return []
    bins = (load.tweet_at[run.part_tweet[chosen]] // every).astype(np.int64)
    latency, size = run.part_latency[chosen], run.part_size[chosen]
    order = np.lexsort((latency, bins))
    bins, latency, so_far = bins[order], latency[order], np.cumsum(size[order])
    found, first = np.unique(bins, return_index=True)
    last = np.append(first[1:], len(bins)) - 1
    before = np.where(first > 0, so_far[first - 1], 0.0)
    wanted = before + q * (so_far[last] - before)
    at = np.minimum(np.searchsorted(so_far, wanted * (1 - 1e-12)), last)
    return _points((found + 0.5) * every, latency[at])


def depth(run: FeedRun, every: float = 1.0) -> Points:
    """Return how many deliveries wait or are in hand at each moment, over the span."""
    when, at, made = _edges(run, every)
    came = np.bincount(at, run.part_size, minlength=len(when) + 1)
    went = np.bincount(made, run.part_size, minlength=len(when) + 1)
    return _points(when, np.cumsum(came - went)[: len(when)])


def age(run: FeedRun, every: float = 1.0) -> Points:
    """Return how many seconds ago the oldest tweet was written of which a delivery still waits."""
    when, _, made = _edges(run, every)
    oldest = np.full(len(when) + 1, np.inf)
    np.minimum.at(oldest, made, run.arena.load.tweet_at[run.part_tweet])
    waits = np.minimum.accumulate(oldest[::-1])[::-1][1:]  # of what is made after each moment
    return _points(when, np.maximum(when - waits, 0.0))


def _edges(run: FeedRun, every: float) -> tuple[Floats, Ints, Ints]:
    """Return the moments, and for each part the first at which it is there, and is made."""
    _check(run, every)
    load = run.arena.load
    when = np.arange(0.0, load.seconds + every / 2, every)
    at = load.tweet_at[run.part_tweet]
    there, made = np.searchsorted(when, at), np.searchsorted(when, at + run.part_latency)
    return when, there, made


def _check(run: FeedRun, every: object) -> None:
    checked_run(run)
    least = run.arena.load.seconds / _POINTS
    if not isinstance(every, int | float | np.number) or not least <= every < np.inf:
        raise RunError(f"every is a number of seconds from {least:g} on, not {every!r}")


def _points(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> Points:
    return list(zip(x.tolist(), y.tolist(), strict=True))
