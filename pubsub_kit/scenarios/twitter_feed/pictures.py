"""What a design misses in exercise 06, drawn: how late over time, how slow, or how expensive.

The worst moment is ringed, beside the bound and the moments at which something goes wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from pubsub_kit.feed.grading.card import worst
from pubsub_kit.feed.grading.levels import ServiceLevels
from pubsub_kit.feed.grading.references import references
from pubsub_kit.feed.machines.measures import MEASURES, Trial, amount, measure
from pubsub_kit.feed.machines.moments import age, delays
from pubsub_kit.feed.machines.run import FeedRun
from pubsub_kit.feed.machines.simulate import simulate
from pubsub_kit.scenarios.twitter_feed import arena as stage

if TYPE_CHECKING:
    from pubsub_kit.show.charts.lines import Mark
    from pubsub_kit.show.picture import Picture

_EVERY = 2.0  # seconds that a point of a curve stands for
_GROUPS: Mapping[str, tuple[str, int, float]] = {
    "delivery_p99_small": ("≤ 1K", 0, 1_001),
    "delivery_p99_middle": ("≤ 1M", 1_001, 1_000_001),
    "delivery_p99_large": ("> 1M", 1_000_001, inf),
}
_OF_WORKERS = {
    stage.CELEBRITY_AT: "31M",
    stage.CRASH_AT: "crash",
    stage.EVENT_AT: "event",
    stage.FAILOVER_AT: "failover",
    stage.POISON_AT: "poison",
}
_OF_STORES = {stage.LOSS_AT: "stores lost", stage.EVENT_AT: "event"}
_TIME = "seconds after the start"


def of_what_is_missed(trial: Trial, levels: ServiceLevels, question: str, message: str) -> Picture:
    """Draw the first level that is missed, in its own way."""
    first = levels.missed(trial.values)[0]
    if first.startswith("delivery") or first == "backlog":
        return _late(trial.run, first, levels, question, message)
    if first == "read_p99":
        return _slow(trial.run, levels, question, message)
    if first == "cost":
        return _dear(trial, levels, question, message)
    return _wrong(trial, levels, question, message)


def _late(run: FeedRun, first: str, levels: ServiceLevels, question: str, message: str) -> Picture:
    """Draw how late tweets are, by when they were posted, and how old the oldest of them is."""
    from pubsub_kit import show

    words, least, below = _GROUPS.get(first, _GROUPS["delivery_p99_small"])
    late = delays(run, 0.99, at_least=least, below=below, every=_EVERY)
    bound = levels.bounds[first]
    curves = {f"p99, author {words}": late, "age of the oldest": age(run, _EVERY)}
    missed = curves["age of the oldest"] if first == "backlog" or not late else late
    return show.lines(
        {name: points for name, points in curves.items() if points},
        x=_TIME,
        y="seconds until delivered",
        marks=[(None, bound, f"at most {bound:g} s"), *_upright(_OF_WORKERS), _ring(missed)],
        title=f"{question}: how long deliveries take",
        caption=message,
    )


def _slow(run: FeedRun, levels: ServiceLevels, question: str, message: str) -> Picture:
    """Draw the slowest hundredth of reads over time."""
    from pubsub_kit import show

    load, bound = run.arena.load, 1000 * levels.bounds["read_p99"]
    bins = (load.read_at // _EVERY).astype(np.int64)
    points = [
        ((n + 0.5) * _EVERY, 1000 * float(np.quantile(run.read_latency[bins == n], 0.99)))
        for n in np.unique(bins).tolist()
    ]
    return show.lines(
        {"p99 of reads": points},
        x=_TIME,
        y="milliseconds of a read",
        marks=[(None, bound, f"at most {bound:g} ms"), *_upright(_OF_STORES), _ring(points, 0.001)],
        title=f"{question}: how long reads take",
        caption=message,
        log="y" if max(slow for _, slow in points) > 10 * bound else "",
    )


def _dear(trial: Trial, levels: ServiceLevels, question: str, message: str) -> Picture:
    """Draw cost against the worst latency, beside fan-out on write and on read."""
    from pubsub_kit import show

    arena = trial.run.arena
    others = {
        name: measure(simulate(one, arena))
        for name, one in references(arena).items()
        if name != "hybrid"
    }
    all_values = {"your design": trial.values, **others}
    dots = {name: (v["cost"], max(worst(levels, v), 0.01)) for name, v in all_values.items()}
    return show.points(
        dots,
        x="dollars a month",
        y="times the latency allowed",
        most=(levels.bounds["cost"], 1.0),
        mark="your design",
        log="xy",
        title=f"{question}: what it costs",
        caption=message,
    )


def _wrong(trial: Trial, levels: ServiceLevels, question: str, message: str) -> Picture:
    """Draw what is missed as bars, each beside what is allowed."""
    from pubsub_kit import show

    counted = ("lost", "doubled", "early_replies", "ghosts")
    missed = [name for name in levels.missed(trial.values) if name in counted]
    bars = {}
    for name in missed:
        bars[MEASURES[name].words] = trial.values[name]
        bars[f"{MEASURES[name].words}, at most"] = levels.bounds[name]
    marked = [MEASURES[name].words for name in missed]
    title = f"{question}: what readers see"
    return show.bars(bars, x="timelines", mark=marked, title=title, caption=message)


def _ring(points: Sequence[tuple[float, float]], seconds: float = 1.0) -> Mark:
    """Mark the worst moment of a curve, whose values are in so many `seconds`."""
    at, most = max(points, key=lambda point: point[1])
    return at, most, f"✗ worst: {amount(most * seconds, 's')}"


def _upright(named: Mapping[float, str]) -> list[Mark]:
    return [(at, None, words) for at, words in named.items()]
