"""Axes with round ticks, and what they measure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isfinite, log10
from numbers import Real
from typing import TYPE_CHECKING, Any

from pubsub_kit.show.charts.paper import EDGE, WIDTH
from pubsub_kit.show.ink import fit
from pubsub_kit.show.picture import PictureError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
_HUGE = 1e100  # beyond this, the sums behind an axis overflow
_APART = 76.0, 44.0  # pixels from a tick to the next, across and up


def number(value: float) -> str:
    """Return a value as an axis prints it: short, with thousands apart."""
    if abs(value) >= 1e6:
        return f"{value / 1e6:.4g}M"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def mapping(verb: str, values: object, to: str) -> Mapping[str, Any]:
    """Return a mapping as it is; raises PictureError for anything else."""
    if isinstance(values, Mapping):
        return values
    kind = type(values).__name__
    raise PictureError(f"{verb}() draws a mapping from names to {to}; this is a {kind}.")


def numbers(name: object, values: object, count: int, what: str) -> tuple[float, ...]:
    """Return so many numbers as a tuple; raises PictureError, saying `what` was wanted."""
    found = tuple(values) if isinstance(values, Iterable) else (values,)
    if len(found) != count or not all(isinstance(value, Real) for value in found):
        raise PictureError(f"{name!r} has {values!r}: give {what}.")
    return found


def check(points: Iterable[tuple[str, Sequence[float | None]]], log: str = "") -> None:
    """Raise PictureError for an unknown axis in `log`, or a named point that has no place."""
    if set(log) - {"x", "y"}:
        raise PictureError(f"log={log!r} names no axis: use 'x', 'y' or 'xy'.")
    for name, point in points:
        for axis, value in zip("xy", point, strict=False):
            if value is None:
                continue
            if not isfinite(value):
                raise PictureError(f"{name!r} is at {point}, which is not finite: leave it out.")
            if axis in log and value <= 0:
                raise PictureError(f"{name!r} is at {point}: a log axis needs values above 0.")
            if abs(value) > _HUGE or (axis in log and value < 1 / _HUGE):
                raise PictureError(f"{name!r} is at {point}: that is too far from 1 to be drawn.")


def scale(
    axes: Axes,
    which: str,
    ends: tuple[float, float],
    *,
    log: bool = False,
    say: Callable[[float], str] = number,
) -> None:
    """Let one axis, "x" or "y", run between these ends, with round ticks some way apart."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    axis = axes.xaxis if which == "x" else axes.yaxis
    room = int(axes.bbox.width / _APART[0] if which == "x" else axes.bbox.height / _APART[1])
    locator: Any = MaxNLocator(room, steps=[1, 2, 5, 10])
    if log:
        (axes.set_xscale if which == "x" else axes.set_yscale)("log")
        decades = log10(ends[1]) - log10(ends[0])
        if decades >= 1:
            many = decades * 3 <= room
            locator = LogLocator(subs=(1, 2, 5) if many else (1,), numticks=max(room, 2))
    (axes.set_xlim if which == "x" else axes.set_ylim)(*ends)
    axis.set_major_locator(locator)
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: say(value)))


def entitle(axes: Axes, x: str, y: str) -> None:
    """Say what the axes measure: below the one, and above the other, where it lies flat."""
    axes.set_xlabel(fit(x, axes.bbox.width, 12))
    up = axes.get_position().y1 * axes.figure.bbox.height + 18
    axes.set_ylabel(fit(y, 400, 12), rotation=0, ha="left", va="center")
    axes.yaxis.set_label_coords(EDGE / WIDTH, up / axes.figure.bbox.height, axes.figure.transFigure)
