"""Points: several choices measured two ways, less being better both ways, and the best front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING, Any

from pubsub_kit.show.charts.lines import SHAPES
from pubsub_kit.show.charts.paper import PIXEL, Colours, Sheet
from pubsub_kit.show.charts.ticks import check, entitle, number, scale
from pubsub_kit.show.charts.words import paper_of, pin
from pubsub_kit.show.ink import SERIES, clean, fit, width
from pubsub_kit.show.labels import Bounds, Paper, Spot
from pubsub_kit.show.marks import Point
from pubsub_kit.show.picture import Picture, PictureError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST = 24
_REACH, _RING = 9.0, 12.0  # pixels around a point, and around a marked one
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
    dots = {clean(name): point for name, point in values.items()}
    _check(dots, most, log)
    shown = dict(list(dots.items())[:_MOST])
    loud = {clean(name) for name in ([mark] if isinstance(mark, str) else mark)}

    def draw(axes: Axes, colours: Colours) -> None:
        for which, axis in enumerate("xy"):
            values = [point[which] for point in shown.values()] + [m for m in [most[which]] if m]
            ends = _ends(values, axis in log)
            scale(axes, axis, ends, log=axis in log)
        entitle(axes, x, y)
        paper = paper_of(axes)
        _front(axes, paper, [shown[name] for name in front(shown)], colours)
        _draw(axes, paper, shown, loud, colours)
        _bounds(axes, paper, most, colours)
        _names(axes, paper, shown, loud)

    words = [f"{name}: {_place(point, x, y)}" for name, point in shown.items()]
    words += [f"on the front: {', '.join(front(shown))}"]
    words += [f"{len(dots) - _MOST} more points are not drawn"] if len(dots) > _MOST else []
    return Sheet(clean(title or ""), clean(caption or "")).picture("Chart of points", words, draw)


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


def _front(axes: Axes, paper: Paper, best: Sequence[Point], colours: Colours) -> None:
    """Draw the front as steps: from each point on, that y can be had for that x."""
    steps = [(best[0][0], axes.get_ylim()[1]), *best, (axes.get_xlim()[1], best[-1][1])]
    axes.step(*zip(*steps, strict=True), where="post", color=colours["muted"], linestyle=":")
    way = axes.transData.transform(steps).tolist()
    for (a, b), (c, d) in pairwise(way):
        paper.ink((a, b), (c, b))
        paper.ink((c, b), (c, d))


def _draw(
    axes: Axes, paper: Paper, shown: Mapping[str, Point], loud: set[str], colours: Colours
) -> None:
    for n, (name, (x, y)) in enumerate(shown.items()):
        colour, shape = colours[SERIES[n % len(SERIES)]], SHAPES[n % len(SHAPES)]
        a, b = axes.transData.transform((x, y)).tolist()
        reach = _RING if name in loud else _REACH
        paper.take(Bounds(a - reach, b - reach, a + reach, b + reach))
        if name in loud:
            ring: Any = {"ms": 22 * PIXEL, "mfc": "none", "mec": colours["ink"], "mew": 2 * PIXEL}
            axes.plot([x], [y], "o", **ring)
        axes.plot([x], [y], shape, ms=12 * PIXEL, color=colour, mec=colours["paper"], label=name)


def _bounds(axes: Axes, paper: Paper, most: Limits, colours: Colours) -> None:
    """Shade what is over a bound, and draw it as a line with its value, inside what it allows."""
    x0, y0, x1, y1 = axes.bbox.extents
    line: Any = {"color": colours["fault"], "linewidth": 1.4 * PIXEL, "linestyle": "--"}
    style: Any = {"fontsize": 11 * PIXEL, "color": colours["fault"], "fontweight": "bold"}
    for which in (1, 0):
        bound = most[which]
        if bound is None:
            continue
        high = (axes.get_xlim, axes.get_ylim)[which]()[1]
        shade, rule = ((axes.axvspan, axes.axvline), (axes.axhspan, axes.axhline))[which]
        shade(bound, high, color=colours["tint"], linewidth=0, zorder=0)
        rule(bound, **line)
        words = f"at most {number(bound)}"
        a, b = axes.transData.transform((bound, bound)).tolist()
        if which:
            paper.ink((x0, b), (x1, b))
            ends = ((x0 + 8, "start"), (x1 - 8, "end"))
            spots = [Spot(x, b + dy, side, 0) for dy in (-11, 11) for x, side in ends]
            within = axes.get_yaxis_transform(which="grid")
        else:
            paper.ink((a, y0), (a, y1))
            sides = ((-8, "end"), (8, "start"))
            spots = [Spot(a + dx, y, side, 0) for dx, side in sides for y in (y0 + 12, y1 - 12)]
            within = axes.get_xaxis_transform(which="grid")
        if box := paper.find(spots, width(words, 11, bold=True), 15):
            place = (0, bound) if which else (bound, 0)
            pin(axes, words, place, (box.left, (box.top + box.bottom) / 2), within, **style)


def _names(axes: Axes, paper: Paper, shown: Mapping[str, Point], loud: set[str]) -> None:
    """Write each name beside its point, the marked ones first; a long one is cut."""
    for name in sorted(shown, key=lambda name: name not in loud):
        a, b = axes.transData.transform(shown[name]).tolist()
        words = fit(name, 300, 13, name in loud)
        if words and (box := paper.find(_spots(a, b), width(words, 13, name in loud), 17)):
            to = box.left, (box.top + box.bottom) / 2
            weight = "bold" if name in loud else "normal"
            pin(axes, words, shown[name], to, fontsize=13 * PIXEL, fontweight=weight)


def _spots(x: float, y: float) -> list[Spot]:
    """Return the places around a point, the nearest first."""
    sides = [Spot(x + dx, y, side, 0) for dx, side in ((17, "start"), (-17, "end"))]
    around = [
        Spot(x + dx, y + dy, side, 0)
        for dy in (20.0, -20.0, 36.0, -36.0, 52.0, -52.0)
        for dx, side in ((0, "middle"), (6, "start"), (-6, "end"))
    ]
    return sides + around


def _place(point: Point, x: str, y: str) -> str:
    parts = (
        f"{number(value)} {clean(axis)}".strip() for value, axis in zip(point, (x, y), strict=True)
    )
    return ", ".join(parts)
