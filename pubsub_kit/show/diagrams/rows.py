"""When becomes where: the height on the paper of each step of a run.

Two axes. "time" is linear, so lengths are durations. "order" gives every step a row of its own, for
runs where much happens at one instant, or long waits lie between; a long wait is then drawn as a
break. Both are labelled with times.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import NamedTuple

from pubsub_kit.show.diagrams.story import words
from pubsub_kit.show.ink import seconds
from pubsub_kit.world.trace import Step

_SIDE, _ABOVE, _ARRIVAL, _TIGHT, _BREAK = 21.0, 25.0, 11.0, 7.0, 24.0
_QUIET = ("receive", "begin")


class Rows(NamedTuple):
    """Where each step lies below the first, the height of all, the axis labels, and the breaks."""

    ys: list[float]
    height: float
    ticks: list[tuple[float, str]]
    axis: str
    breaks: list[tuple[float, str]]


def rows(steps: Sequence[Step], axis: str | None) -> Rows:
    """Lay the steps out along the axis: "time", "order", or, for None, whichever reads better."""
    if axis is None:
        axis = "time" if _suits_time(steps) else "order"
    return _by_time(steps) if axis == "time" else _by_order(steps)


def _suits_time(steps: Sequence[Step]) -> bool:
    """Say whether a linear axis keeps most labels apart, and has few things at one instant."""
    start, span = _range(steps)
    few = len(steps) <= 80
    instants = len({step.time for step in steps})
    if span <= 0 or instants * (3 if few else 8) < len(steps):
        return False
    scale = _height(steps) / span
    last: dict[str, float] = {}
    crowded = labelled = 0
    for step in steps:
        if _labelled(step):
            y = (step.time - start) * scale
            labelled += 1
            crowded += y - last.get(step.node, -99.0) < 14
            last[step.node] = y
    return crowded < labelled * (0.4 if few else 0.8)


def _labelled(step: Step) -> bool:
    return step.kind not in _QUIET and bool(words(step))


def _range(steps: Sequence[Step]) -> tuple[float, float]:
    times = [step.time for step in steps] or [0.0]
    return min(times), max(times) - min(times)


def _height(steps: Sequence[Step]) -> float:
    labelled = sum(1 for s in steps if _labelled(s))
    return min(max(labelled * 24.0, 200.0), 760.0 if len(steps) <= 300 else 1100.0)


def _by_time(steps: Sequence[Step]) -> Rows:
    start, span = _range(steps)
    if span <= 0:
        return _by_order(steps)._replace(axis="time")
    height = _height(steps)
    scale = height / span
    unit = _unit(span / (height / 45.0))
    count = range(ceil(start / unit - 1e-9), floor((start + span) / unit + 1e-9) + 1)
    ticks = [((n * unit - start) * scale, seconds(n * unit)) for n in count]
    return Rows([(step.time - start) * scale for step in steps], height, ticks, "time", [])


def _unit(least: float) -> float:
    """Return the first of 1, 2, 5, 10, … (at any power of ten) that is not below `least`."""
    power = 10.0 ** floor(log10(least))
    return next(power * m for m in (1, 2, 5, 10) if power * m >= least * 0.999)


def _by_order(steps: Sequence[Step]) -> Rows:
    squeeze = 1.0 if len(steps) <= 80 else 0.75
    long = _range(steps)[1] * 0.2
    ys: list[float] = []
    ticks: list[tuple[float, str]] = []
    breaks: list[tuple[float, str]] = []
    y, shown = 0.0, ""
    for i, step in enumerate(steps):
        wait = step.time - steps[i - 1].time if i else 0.0
        if i:
            y += _gap(step) * squeeze
        if wait > long > 0 and len(breaks) < 6:
            breaks.append((y + 8, f"+ {seconds(wait)}"))
            y += _BREAK
        ys.append(y)
        label = seconds(step.time)
        if label != shown and (not ticks or y - ticks[-1][0] >= 14):
            ticks.append((y, label))
            shown = label
    return Rows(ys, y, ticks, "order", breaks)


def _gap(step: Step) -> float:
    """Return the room above a step: its label's, if it has one, or a little."""
    if step.kind == "receive":
        return _ARRIVAL
    if step.kind in ("send", "partition", "repair"):
        return _ABOVE
    return _SIDE if words(step) or step.fault else _TIGHT
