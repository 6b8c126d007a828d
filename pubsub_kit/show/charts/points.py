"""Points: several choices measured two ways, less being better both ways, and the best front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING, Any

from pubsub_kit.show.charts.lines import SHAPES
from pubsub_kit.show.charts.paper import PIXEL, Colours, Sheet
from pubsub_kit.show.charts.ticks import check, entitle, mapping, number, numbers, scale
from pubsub_kit.show.charts.words import Words
from pubsub_kit.show.ink import SERIES, clean
from pubsub_kit.show.marks import Point
from pubsub_kit.show.picture import Picture, PictureError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST = 24
Limits = tuple[float | None, float | None]


def points(
    values: Mapping[str, Point],
    *,
    x: str = "",
    y: str = "",
    most: Limits = (None, None),
    mark: str | Sequence[str] = (),
    title: str | None = None,
    caption: str | None = None,
    log: str = "",
) -> Picture:
    """Draw each name at its point (x, y), and the front: the points that no other is better than.

    Less is better both ways. `most` bounds x and y; what is beyond either is shaded. Points named
    in `mark` stand out. `log` is "x", "y" or "xy" for logarithmic axes. Raises PictureError for
    what cannot be drawn.
    """
    given = mapping("points", values, "points (x, y)")
    dots: dict[str, Point] = {}
    for name, point in given.items():
        across, up = numbers(name, point, 2, "a point (x, y) of two numbers")
        dots[clean(name)] = across, up
    _check(dots, most, log)
    shown = dict(list(dots.items())[:_MOST])
    loud = {clean(name) for name in ([mark] if isinstance(mark, str) else mark)}

    def draw(axes: Axes, colours: Colours) -> None:
        for which, axis in enumerate("xy"):
            values = [point[which] for point in shown.values()] + [m for m in [most[which]] if m]
            ends = _ends(values, axis in log)
            scale(axes, axis, ends, log=axis in log)
        entitle(axes, x, y)
        words = Words(axes, colours)
        _front(words, [shown[name] for name in front(shown)])
        _bounds(words, most)
        loud_first = sorted(enumerate(shown), key=lambda entry: entry[1] not in loud)
        for n, name in loud_first:
            _dot(words, name, shown[name], n, name in loud)
        words.write()

    said = [f"{name}: {_place(point, x, y)}" for name, point in shown.items()]
    said += [f"on the front: {', '.join(front(shown))}"]
    said += [f"{len(dots) - _MOST} more points are not drawn"] if len(dots) > _MOST else []
    return Sheet(clean(title or ""), clean(caption or "")).picture("Chart of points", said, draw)


def front(values: Mapping[str, Point]) -> list[str]:
    """Return the names of the points that no other point beats, by rising x; less is better."""
    best: list[str] = []
    for name in sorted(values, key=lambda name: values[name]):
        if not best or values[name][1] < values[best[-1]][1] or values[name] == values[best[-1]]:
            best.append(name)
    return best


def _check(dots: Mapping[str, Point], most: Limits, log: str) -> None:
    if not dots:
        raise PictureError("There is nothing to draw: give at least one point.")
    check(dots.items(), log)
    for axis, bound in zip("xy", most, strict=True):
        if bound is not None and not (
            isfinite(bound) and bound >= 0 and (bound or axis not in log)
        ):
            raise PictureError(f"The bound of {axis} is {bound}: it is a finite number above 0.")
    check([("the bound", most)])


def _ends(values: Sequence[float], log: bool) -> tuple[float, float]:
    low, high = min(values), max(values)
    if log:
        room = (high / low) ** 0.12 * 1.3  # an eighth of the span, so that no point is at the edge
        return low / room, high * room
    low = min(low, 0.0)
    return low, high + ((high - low) * 0.12 or 1.0)


def _front(words: Words, best: Sequence[Point]) -> None:
    """Draw the front as steps: from each point on, that y can be had for that x."""
    axes = words.axes
    steps = [(best[0][0], axes.get_ylim()[1]), *best, (axes.get_xlim()[1], best[-1][1])]
    corners = [steps[0], *(p for (_, b), (c, d) in pairwise(steps) for p in ((c, b), (c, d)))]
    axes.plot(*zip(*corners, strict=True), color=words.colours["muted"], linestyle=":")
    words.curve(corners)


def _bounds(words: Words, most: Limits) -> None:
    """Shade what is over a bound, and draw it as a line with its value, inside what it allows."""
    across, up = most
    style: Any = {"color": words.colours["tint"], "linewidth": 0, "zorder": 0}
    if up is not None:
        words.axes.axhspan(up, words.axes.get_ylim()[1], **style)
        words.level(up, f"at most {number(up)}", "fault", below=True)
    if across is not None:
        words.axes.axvspan(across, words.axes.get_xlim()[1], **style)
        words.upright(across, f"at most {number(across)}", "fault", before=True)


def _dot(words: Words, name: str, point: Point, n: int, loud: bool) -> None:
    colours, axes, (x, y) = words.colours, words.axes, point
    if loud:
        ring: Any = {"ms": 22 * PIXEL, "mfc": "none", "mec": colours["ink"]}
        axes.plot([x], [y], "o", mew=2 * PIXEL, **ring)
    colour, shape = colours[SERIES[n % len(SERIES)]], SHAPES[n % len(SHAPES)]
    axes.plot([x], [y], shape, ms=12 * PIXEL, color=colour, mec=colours["paper"], label=name)
    words.dot(x, y, 12 if loud else 9, name, size=13, fontweight="bold" if loud else "normal")


def _place(point: Point, x: str, y: str) -> str:
    parts = (
        f"{number(value)} {clean(axis)}".strip() for value, axis in zip(point, (x, y), strict=True)
    )
    return ", ".join(parts)
