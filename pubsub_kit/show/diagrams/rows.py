"""When becomes where: the height on the paper of each step of a run.

Two axes. "time" is linear, so lengths are durations. "order" gives every step a row of its own, for
runs where much happens at one instant, or long waits lie between; a long wait is then drawn as a
break. Both are labelled with times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, floor, log10
from typing import NamedTuple

from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.diagrams.story import words
from pubsub_kit.show.ink import fit, seconds
from pubsub_kit.world.trace import Step

GUTTER = 74.0  # pixels: where the times stand, left of the lanes
_SIDE, _ABOVE, _ARRIVAL, _TIGHT, _BREAK = 21.0, 25.0, 11.0, 7.0, 24.0
_QUIET = ("receive", "begin")
_INSTANT = 1e-9  # seconds: what is closer together is at one moment


class Rows(NamedTuple):
    """Where each step lies below the first, the height of all, the axis labels, and the breaks."""

    ys: list[float]
    height: float
    ticks: list[tuple[float, str]]
    axis: str
    breaks: list[tuple[float, str]]


def rows(steps: Sequence[Step], axis: str | None) -> Rows:
    """Lay the steps out along the axis: "time", "order", or, for None, whichever reads better."""
    return rows_of([steps], axis)[0]


def rows_of(runs: Sequence[Sequence[Step]], axis: str | None) -> list[Rows]:
    """Lay several runs out on one clock: what is at the same moment is at the same height."""
    if axis is None:
        axis = "time" if _suits_time(runs) else "order"
    return _by_time(runs) if axis == "time" else _by_order(runs)


def _suits_time(runs: Sequence[Sequence[Step]]) -> bool:
    """Say whether a linear axis keeps most labels apart, and has few things at one instant."""
    start, span = _range(runs)
    if span <= 0:
        return False
    scale = _height(runs) / span
    return all(_is_roomy(steps, start, scale) for steps in runs)


def _is_roomy(steps: Sequence[Step], start: float, scale: float) -> bool:
    few = len(steps) <= 80
    instants = len({step.time for step in steps})
    if instants * (3 if few else 8) < len(steps):
        return False
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


def _range(runs: Sequence[Sequence[Step]]) -> tuple[float, float]:
    times = [step.time for steps in runs for step in steps] or [0.0]
    return min(times), max(times) - min(times)


def _height(runs: Sequence[Sequence[Step]]) -> float:
    labelled = max(sum(1 for s in steps if _labelled(s)) for steps in runs)
    most = 760.0 if max(map(len, runs)) <= 300 else 1100.0
    return min(max(labelled * 24.0, 200.0), most)


def _by_time(runs: Sequence[Sequence[Step]]) -> list[Rows]:
    start, span = _range(runs)
    if span <= 0:
        return [rows._replace(axis="time") for rows in _by_order(runs)]
    height = _height(runs)
    scale = height / span
    unit = _unit(span / (height / 45.0))
    count = range(ceil(start / unit - 1e-9), floor((start + span) / unit + 1e-9) + 1)
    ticks = [((n * unit - start) * scale, seconds(n * unit)) for n in count]
    places = [[(step.time - start) * scale for step in steps] for steps in runs]
    return [Rows(ys, height, ticks, "time", []) for ys in places]


def _unit(least: float) -> float:
    """Return the first of 1, 2, 5, 10, … (at any power of ten) that is not below `least`."""
    power = 10.0 ** floor(log10(least))
    return next(power * m for m in (1, 2, 5, 10) if power * m >= least * 0.999)


def _by_order(runs: Sequence[Sequence[Step]]) -> list[Rows]:
    squeeze = 1.0 if max(map(len, runs)) <= 80 else 0.75
    long = _range(runs)[1] * 0.2
    places: list[list[float]] = [[] for _ in runs]
    ticks: list[tuple[float, str]] = []
    breaks: list[tuple[float, str]] = []
    y, shown, before = 0.0, "", None
    for now, parts in _moments(runs):
        firsts = [part[0] for part in parts if part]
        if before is not None:
            y += max(map(_gap, firsts)) * squeeze
            if (wait := now - before) > long > 0 and len(breaks) < 6:
                # What a rebalance says of the lanes stands above it.
                room = 0 if any(step.kind == "rebalance" for step in firsts) else 8
                breaks.append((y + room, f"+ {seconds(wait)}"))
                y += _BREAK
        tall = [_stacked(part, y, squeeze) for part in parts]
        for ys, more in zip(places, tall, strict=True):
            ys += more
        for at in sorted({at for more in tall for at in more}):
            if (label := seconds(now)) != shown and (not ticks or at - ticks[-1][0] >= 14):
                ticks.append((at, label))
                shown = label
        y, before = max(more[-1] for more in tall if more), now
    return [Rows(ys, y, ticks, "order", breaks) for ys in places]


def _moments(runs: Sequence[Sequence[Step]]) -> Iterator[tuple[float, list[Sequence[Step]]]]:
    """Yield each moment, and of each run the steps that it has then."""
    at = [0] * len(runs)
    while any(i < len(steps) for i, steps in zip(at, runs, strict=True)):
        heads = [steps[i].time for i, steps in zip(at, runs, strict=True) if i < len(steps)]
        now = min(heads)
        parts: list[Sequence[Step]] = []
        for n, steps in enumerate(runs):
            i = at[n]
            while at[n] < len(steps) and abs(steps[at[n]].time - now) < _INSTANT:
                at[n] += 1
            parts.append(steps[i : at[n]])
        yield now, parts


def _stacked(steps: Sequence[Step], y: float, squeeze: float) -> list[float]:
    """Return a row for each step of one moment, the first at `y`."""
    ys = [y] if steps else []
    for step in steps[1:]:
        ys.append(ys[-1] + _gap(step) * squeeze)
    return ys


def _gap(step: Step) -> float:
    """Return the room above a step: its label's, if it has one, or a little."""
    if step.kind == "receive":
        return _ARRIVAL
    if step.kind in ("send", "partition", "repair", "rebalance"):
        return _ABOVE
    return _SIDE if words(step) or step.fault else _TIGHT


def axis_of(canvas: Canvas, rows: Rows, top: float, right: float) -> None:
    """Write the times left of the lanes, whose first row is at `top` and whose edge at `right`."""
    room = GUTTER - 14
    canvas.text(GUTTER - 12, top - 28, "time", 11, "muted", "end")
    for y, label in rows.ticks:
        at = top + y
        canvas.line((GUTTER - 8, at), (right if rows.axis == "time" else GUTTER, at), "faint", 1)
        canvas.text(GUTTER - 12, at + 4, fit(label, room, 11), 11, "muted", "end")
    for y, label in rows.breaks:
        canvas.text(GUTTER - 12, top + y + 2, fit(label, room, 11), 11, "wait", "end")
