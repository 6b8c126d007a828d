"""What would help a design most: change one parameter at a time, and run the load again.

Only what could help is tried: more workers do nothing for a read. A class of yours stays that
class; a change that its `pushed` and `kept` ignore isn't tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from math import isfinite, log
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.feed.designs import EVERYBODY, DesignError, FeedDesign
from pubsub_kit.feed.grading.levels import ServiceLevels
from pubsub_kit.feed.machines.measures import MEASURES, Values, amount, measure, rounded
from pubsub_kit.feed.machines.simulate import simulate

if TYPE_CHECKING:
    from pubsub_kit.feed.machines.run import FeedRun

TRIES = 14  # simulations at most
_DECADES = (EVERYBODY, 10_000_000, 1_000_000, 100_000, 10_000, 1_000)

# Which parameters could help a measure: by the first part of its name.
_HELPS: Mapping[str, Sequence[str]] = {
    "delivery": ("workers", "threshold", "skip_inactive", "chunk", "partition_by", "express"),
    "read": ("stores", "threshold", "skip_inactive", "removal", "replies", "replicas", "timeline"),
    "lost": ("semantics", "workers"),
    "doubled": ("dedup", "semantics"),
    "early": ("replies", "workers", "partition_by", "threshold"),
    "ghosts": ("removal", "threshold"),
    "write": ("threshold", "skip_inactive"),
    "lookups": ("threshold", "skip_inactive", "removal", "replies"),
    "memory": ("skip_inactive", "replicas", "timeline"),
    "worker": ("workers", "threshold", "skip_inactive", "chunk"),
    "store": ("stores", "threshold", "skip_inactive", "replicas"),
    "hot": ("replicas", "stores", "threshold"),
    "backlog": ("workers", "attempts", "stores", "threshold", "skip_inactive", "partition_by"),
    "cost": ("workers", "stores", "skip_inactive", "threshold", "replicas", "chunk"),
}


class Trial(NamedTuple):
    """A design with one parameter changed, and what its run measured."""

    parameter: str
    design: FeedDesign
    values: Values


def advice(run: FeedRun, levels: ServiceLevels, values: Values) -> str:
    """Return in a sentence or two the one change that helps most, of at most 14 that are tried.

    Where levels are missed: that which meets most of them, the cheapest among equals. Where all
    are met: that which saves most and still meets all.
    """
    missed = levels.missed(values)
    try:
        trials = list(_trials(run, missed))
    except (PubSubKitError, TypeError) as error:
        return f"no change could be tried, because the design doesn't allow it: {error}"
    if missed:
        return _mending(run.design, levels, values, trials)
    return _saving(run.design, levels, values, trials)


def _trials(run: FeedRun, missed: Sequence[str]) -> Iterator[Trial]:
    for parameter, design in islice(_worth(run, missed), TRIES):
        try:
            yield Trial(parameter, design, measure(simulate(design, run.arena)))
        except DesignError:  # of this change alone: too few stores to outlive a loss, for one
            continue


def _worth(run: FeedRun, missed: Sequence[str]) -> Iterator[tuple[str, FeedDesign]]:
    """Yield the designs that are worth a run: each parameter's first idea, then second ideas."""
    helping = [_HELPS[name.partition("_")[0]] for name in missed or ["cost"]]
    names = dict.fromkeys(name for group in helping for name in group)
    smaller = not missed or missed == ["cost"]
    ideas = [[(name, value) for value in _ideas(run.design, name, smaller)] for name in names]
    for turn in range(max(map(len, ideas))):
        for name, value in (group[turn] for group in ideas if turn < len(group)):
            design = _changed(run, name, value)
            if design is not None:
                yield name, design


def _ideas(design: FeedDesign, name: str, smaller: bool) -> list[Any]:
    """Return other values of a parameter, the likeliest to help first."""
    now = getattr(design, name)
    if name == "threshold":
        return [value for value in _DECADES if value != now and (value < now or now < 10**9)]
    if name in ("workers", "stores"):
        return [max(1, now // 2), max(1, now * 3 // 4)] if smaller else [now * 2, now * 4]
    if name in ("chunk", "timeline"):
        less, more = max(1, now // 4), now * 4
        return {"chunk": [more] if smaller else [less, more], "timeline": [less]}[name]
    choices: dict[str, list[Any]] = {
        "express": [max(1, design.workers // 10), design.workers // 4],
        "replicas": [design.replicas - 1, 1, design.replicas + 1],
        "attempts": [5],
        "skip_inactive": [not design.skip_inactive],
        "dedup": [not design.dedup],
        "semantics": ["at least once", "at most once"],
        "partition_by": ["none", "reader", "author"],
        "removal": ["checked on read", "fanned out", "ignored"],
        "replies": ["held on read", "as they come"],
    }
    return [value for value in choices[name] if value != now]


def _changed(run: FeedRun, name: str, value: Any) -> FeedDesign | None:
    """Return the design with one parameter changed; None where it cannot be or has no effect."""
    network = run.arena.load.network
    if value == 0:
        return None
    try:
        design = replace(run.design, **{name: value})
    except PubSubKitError:
        return None
    if name in ("threshold", "skip_inactive"):
        before, after = (
            np.concatenate([d.pushed(network), d.kept(network)]) for d in (run.design, design)
        )
        if np.array_equal(before, after):
            return None
    return design


def _badness(levels: ServiceLevels, values: Values) -> float:
    """Return how far off the missed levels are together: the sum of their logarithms."""
    over = [levels.excess(name, values) for name in levels.missed(values)]
    return sum(log(x) if isfinite(x) and x > 0 else 10.0 for x in over)


def _mending(
    design: FeedDesign, levels: ServiceLevels, values: Values, trials: Sequence[Trial]
) -> str:
    if not trials:
        return "no change of a single parameter could help."
    before = set(levels.missed(values))
    # Of equal cost to the eye, the first: ideas come with the likeliest and mildest ahead.
    best = min(trials, key=lambda t: (len(levels.missed(t.values)), rounded(t.values["cost"], 2)))
    if len(levels.missed(best.values)) >= len(before):
        best = min(trials, key=lambda t: _badness(levels, t.values))
        if _badness(levels, best.values) >= _badness(levels, values) * 0.98:
            return f"no single change meets more of the levels ({len(trials)} were tried)."
        moved = max(before, key=lambda n: _gain(levels, n, values, best.values))
        said = _brings(design, best, [moved], values)
        return f"{said} No single change meets more of the levels ({len(trials)} were tried)."
    left = levels.missed(best.values)
    met = sorted(before - set(left), key=lambda n: -levels.excess(n, values))
    new = [MEASURES[name].words for name in left if name not in before]
    said = _brings(design, best, met[:2], values)
    if not left:
        return f"{said} All levels are then met."
    if new:
        return f"{said} But it would then miss {', '.join(new)}."
    return f"{said} {len(left)} level{'s' * (len(left) > 1)} would still be missed."


def _gain(levels: ServiceLevels, name: str, before: Values, after: Values) -> float:
    a, b = levels.excess(name, before), levels.excess(name, after)
    return a / b if isfinite(a) and b > 0 else 0.0


def _brings(design: FeedDesign, trial: Trial, names: Sequence[str], values: Values) -> str:
    """Return what a change brings, and what it costs besides."""
    moves = []
    for one in (MEASURES[name] for name in names):
        before, after = (amount(v[one.name], one.unit) for v in (values, trial.values))
        moves.append(f"{one.words} from {before} to {after}")
    price = "" if "cost" in names else f", {_price(values, trial.values)}"
    return f"{_change(design, trial)} takes {' and '.join(moves)}{price}."


def _saving(
    design: FeedDesign, levels: ServiceLevels, values: Values, trials: Sequence[Trial]
) -> str:
    right = [trial for trial in trials if not levels.missed(trial.values)]
    best = min(right, key=lambda trial: trial.values["cost"], default=None)
    if best is None or best.values["cost"] > values["cost"] * 0.99:
        return f"none of the {len(trials)} changes tried saves money and still meets all levels."
    change = _change(design, best)
    return f"{change} still meets all levels, {_price(values, best.values)}."


def _change(design: FeedDesign, trial: Trial) -> str:
    new, old = (_value(getattr(d, trial.parameter)) for d in (trial.design, design))
    return f"{trial.parameter}={new} instead of {old}"


def _value(value: object) -> str:
    if value == EVERYBODY:
        return "EVERYBODY"
    return f"{value:_}" if type(value) is int and value >= 1_000 else repr(value)


def _price(before: Values, after: Values) -> str:
    more = rounded(after["cost"] - before["cost"], 2)
    if abs(more) < 0.001 * before["cost"]:
        return "at the same cost"
    return f"for {amount(abs(more), 'dollars')} a month {'more' if more > 0 else 'less'}"
