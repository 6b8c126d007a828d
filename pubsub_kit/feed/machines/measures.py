"""What is measured of a feed's run: names, units and words; of every measure less is better.

Authors are of three classes, by how many follow them: small (up to a thousand), middle (up to a
million) and large (more): one number over all of them would hide the celebrities.
"""

from __future__ import annotations

from collections.abc import Callable
from math import floor, inf, isfinite, log10, nan
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

from pubsub_kit.feed.machines.run import FeedRun, RunError, checked_run

if TYPE_CHECKING:
    from pubsub_kit.feed.designs import FeedDesign

Unit = Literal["s", "", "bytes", "dollars", "share"]
Values = dict[str, float]  # by a measure's name; NaN where the load has nothing to measure

_SMALL, _LARGE = 1_001, 1_000_001


class Measure(NamedTuple):
    """One number of a run: its name, what it is in words, its unit, and how it is read off."""

    name: str
    words: str
    unit: Unit
    of: Callable[[FeedRun], float]


def _delivery(q: float, at_least: int = 0, below: float = inf) -> Callable[[FeedRun], float]:
    def of(run: FeedRun) -> float:
        load = run.arena.load
        followers = load.network.followers[load.author]
        if not ((followers >= at_least) & (followers < below)).any():
            return nan
        return run.delivery(q, at_least=at_least, below=below)

    return of


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("delivery_p50", "delivery p50", "s", _delivery(0.5)),
        Measure("delivery_p99", "delivery p99", "s", _delivery(0.99)),
        Measure("delivery_p50_small", "delivery p50, author ≤ 1K", "s", _delivery(0.5, 0, _SMALL)),
        Measure("delivery_p99_small", "delivery p99, author ≤ 1K", "s", _delivery(0.99, 0, _SMALL)),
        Measure(
            "delivery_p50_middle", "delivery p50, author ≤ 1M", "s", _delivery(0.5, _SMALL, _LARGE)
        ),
        Measure(
            "delivery_p99_middle", "delivery p99, author ≤ 1M", "s", _delivery(0.99, _SMALL, _LARGE)
        ),
        Measure("delivery_p50_large", "delivery p50, author > 1M", "s", _delivery(0.5, _LARGE)),
        Measure("delivery_p99_large", "delivery p99, author > 1M", "s", _delivery(0.99, _LARGE)),
        Measure("read_p50", "read p50", "s", lambda run: run.read(0.5)),
        Measure("read_p99", "read p99", "s", lambda run: run.read(0.99)),
        Measure("lost", "lost deliveries", "", lambda run: run.lost),
        Measure("doubled", "doubled deliveries", "", lambda run: run.doubled),
        Measure("early_replies", "replies before originals", "", lambda run: run.early_replies),
        Measure("ghosts", "deleted but still shown", "", lambda run: run.ghosts),
        Measure("write_amplification", "writes a tweet", "", lambda run: run.write_amplification),
        Measure("lookups", "lookups a read", "", lambda run: run.lookups_per_read),
        Measure("memory", "memory, with replicas", "bytes", lambda run: run.memory),
        Measure("worker_load", "load of the workers", "share", lambda run: run.worker_load),
        Measure("store_load", "load of the stores", "share", lambda run: run.store_load),
        Measure("hot_load", "load of the hottest store", "share", lambda run: run.hot_load),
        Measure("backlog", "work left at the end", "s", lambda run: run.backlog),
        Measure("cost", "cost a month", "dollars", lambda run: run.cost),
    )
}

#: The measures that people wait for, in the order of how early they would notice.
LATENCIES = tuple(name for name in MEASURES if name.startswith(("delivery", "read")))


def measure(run: FeedRun) -> Values:
    """Return every measure of a run, by name. Raises RunError for what is no run."""
    checked_run(run)
    return {name: float(one.of(run)) for name, one in MEASURES.items()}


def amount(value: float, unit: Unit, beside: float | None = None) -> str:
    """Return a value as the card prints it: two digits (three of dollars), and its unit.

    More digits are printed where the value would look like the bound `beside` it, or on the other
    side of it. Raises RunError for what is no number, and for a unit that there is not.
    """
    for number in (value, 0 if beside is None else beside):
        if isinstance(number, bool) or not isinstance(number, int | float | np.number):
            raise RunError(f"an amount is a number, such as 3.5, not {number!r}")
    if unit not in get_args(Unit):
        raise RunError(f"a unit is one of {', '.join(map(repr, get_args(Unit)))}, not {unit!r}")
    if not isfinite(value):
        return "–"
    digits = 3 if unit == "dollars" else 2
    while beside is not None and digits < 9 and not _same_side(value, beside, digits):
        digits += 1
    return _printed(value if value == beside else rounded(value, digits), unit, digits)


def _same_side(value: float, bound: float, digits: int) -> bool:
    seen = rounded(value, digits)
    return (seen > bound) - (seen < bound) == (value > bound) - (value < bound)


def rounded(value: float, digits: int = 2) -> float:
    """Return a value to so many significant digits."""
    if value == 0 or abs(value) == inf:
        return value
    return round(value, digits - 1 - floor(log10(abs(value))))


def _printed(value: float, unit: Unit, digits: int) -> str:
    if unit == "dollars":
        return f"−${-value:,.0f}" if value < 0 else f"${value:,.0f}"
    if unit == "share":
        return f"{_plain(value * 100, digits)}%"
    if unit == "s":
        small = 0 < abs(value) < 0.9995
        return f"{_plain(value * 1000, digits)} ms" if small else f"{_plain(value, digits)} s"
    for letter, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("K", 1e3)):
        if abs(value) >= size:
            gap = " " if unit else ""
            tail = f"{letter}B" if unit else letter
            return f"{_plain(value / size, digits)}{gap}{tail}"
    return f"{_plain(value, digits)} B" if unit else _plain(value, digits)


def _plain(value: float, digits: int) -> str:
    """Return a number without an exponent and without needless noughts."""
    if value == 0:
        return "0"
    places = max(0, digits - 1 - floor(log10(abs(value))))
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class Trial(NamedTuple):
    """A design, its run in the arena, and what it measured."""

    design: FeedDesign
    run: FeedRun
    values: Values


Tries = Callable[["FeedDesign"], Trial]
