"""Curves: each is named where it ends, so that none needs a legend, and dashed in its own way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pubsub_kit.show.charts.paper import PIXEL, RIGHT, WIDTH, Colours, Sheet
from pubsub_kit.show.charts.ticks import check, entitle, number, scale
from pubsub_kit.show.charts.words import paper_of, pin, write
from pubsub_kit.show.ink import SERIES, clean, fit, width
from pubsub_kit.show.labels import Bounds, Paper, Spot
from pubsub_kit.show.marks import Point
from pubsub_kit.show.picture import Picture, PictureError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DASHES = ("-", "--", ":", (0, (6, 2)))
SHAPES = ("o", "s", "^", "D")
_MOST = 8
_DOTTED = 16  # points up to which each is drawn
_NAME, _GAP = 190.0, 12.0  # pixels

Mark = tuple[float | None, float | None, str]
"""A place worth a word: (x, y, words); without x a level line, without y an upright one."""


def lines(
    series: Mapping[str, Sequence[Point]],
    *,
    x: str = "",
    y: str = "",
    marks: Sequence[Mark] = (),
    title: str | None = None,
    caption: str | None = None,
    log: str = "",
) -> Picture:
    """Draw a curve for each name from its points (x, y), with its name at its end.

    `marks` are (x, y, words); a mark without x is a level line, one without y an upright line.
    `log` is "x", "y" or "xy" for logarithmic axes. Raises PictureError for what cannot be drawn.
    """
    curves = {clean(name): sorted(points) for name, points in _named(series).items() if points}
    _check(curves, marks, log)
    shown = dict(list(curves.items())[:_MOST])
    names = max(width(fit(name, _NAME, 12), 12) for name in shown)
    above = 30.0 if clean(y) else 16.0
    sheet = Sheet(
        clean(title or ""), clean(caption or ""), right=min(WIDTH - 20 - names, RIGHT), above=above
    )

    def draw(axes: Axes, colours: Colours) -> None:
        dots = [point for points in shown.values() for point in points]
        across = [a for a, _ in dots] + [a for a, _, _ in marks if a is not None]
        up = [b for _, b in dots] + [b for _, b, _ in marks if b is not None]
        scale(axes, "x", _ends(across, "x", "x" in log), log="x" in log)
        scale(axes, "y", _ends(up, "y", "y" in log), log="y" in log)
        entitle(axes, x, y)
        paper = paper_of(axes)
        for n, (name, points) in enumerate(shown.items()):
            _curve(axes, paper, name, points, n, colours)
        _names(axes, shown, colours)
        _marks(axes, paper, marks, colours)

    words = [f"{name}: {_course(points, x, y)}" for name, points in shown.items()]
    words += [f"{len(curves) - _MOST} more curves are not drawn"] if len(curves) > _MOST else []
    words += [f"marked: {clean(text)}" for _, _, text in marks]
    return sheet.picture("Chart", words, draw)


def _named(series: object) -> Mapping[str, Sequence[Point]]:
    if isinstance(series, Mapping):
        return series
    kind = type(series).__name__
    raise PictureError(f"lines() draws a mapping from names to points (x, y); this is a {kind}.")


def _check(curves: Mapping[str, Sequence[Point]], marks: Sequence[Mark], log: str) -> None:
    if not curves:
        raise PictureError("There is nothing to draw: give at least one series with a point.")
    for x, y, words in marks:
        if x is None and y is None:
            raise PictureError(f"The mark {words!r} has neither an x nor a y: give it one.")
    check(((name, point) for name, points in curves.items() for point in points), log)
    check(((words, (x, y)) for x, y, words in marks), log)


def _ends(values: Sequence[float], axis: str, log: bool) -> tuple[float, float]:
    """Return where an axis begins and ends; that of y begins at 0 unless all is far above."""
    low, high = min(values), max(values)
    if log:
        return low / 1.05, high * 1.05 if high > low else low * 10
    if axis == "x":
        room = (high - low) * 0.012 or 0.5
        return low - room, high + room
    if 0 < low < high * 0.6:
        low = 0.0
    room = (high - low) * 0.04 or abs(high) * 0.1 or 1.0
    return low - room * (0.4 if low == 0 else 1), high + room


def _curve(
    axes: Axes, paper: Paper, name: str, points: Sequence[Point], n: int, colours: Colours
) -> None:
    axes.plot(
        [x for x, _ in points],
        [y for _, y in points],
        label=name,
        color=colours[SERIES[n % len(SERIES)]],
        linestyle=DASHES[n % len(DASHES)],
        marker=SHAPES[n % len(SHAPES)] if len(points) <= _DOTTED else "",
        markeredgecolor=colours["paper"],
    )
    way = axes.transData.transform(points).tolist()
    for start, end in pairwise(way):
        paper.ink(tuple(start), tuple(end))
    if len(way) <= _DOTTED:
        for a, b in way:
            paper.take(Bounds(a - 5, b - 5, a + 5, b + 5))


def _names(axes: Axes, shown: Mapping[str, Sequence[Point]], colours: Colours) -> None:
    """Write each curve's name at its end, in a column, spread so that none touches another."""
    ends = {name: axes.transData.transform(points[-1]).tolist() for name, points in shown.items()}
    left = axes.bbox.x1 + _GAP
    at = axes.bbox.y0 - 8.0
    heights = {}
    for name in sorted(ends, key=lambda name: ends[name][1]):
        heights[name] = at = max(at + 16, ends[name][1])
    over = max(0.0, at - axes.bbox.y1)
    for n, (name, points) in enumerate(shown.items()):
        to = left, heights[name] - over
        far = abs(to[1] - ends[name][1]) > 4 or left - ends[name][0] > 40
        colour, line = colours[SERIES[n % len(SERIES)]], colours["faint"] if far else ""
        words = fit(name, _NAME, 12)
        pin(axes, words, points[-1], to, line=line, color=colour)


def _marks(axes: Axes, paper: Paper, marks: Sequence[Mark], colours: Colours) -> None:
    """Draw each mark's line or ring, then their words, which keep off all of them."""
    x0, y0, x1, y1 = axes.bbox.extents
    style: Any = {"color": colours["muted"], "linewidth": 1.2 * PIXEL, "linestyle": "--"}
    said = []
    for x, y, words in marks:
        place = (0.0 if x is None else x, 1.0 if y is None else y)
        within = axes.transData
        if x is None:
            axes.axhline(place[1], **style)
            within = axes.get_yaxis_transform(which="grid")
        elif y is None:
            axes.axvline(x, **style)
            within = axes.get_xaxis_transform(which="grid")
        else:
            axes.plot([x], [y], "o", ms=12 * PIXEL, mfc="none", mec=colours["ink"], mew=1.8 * PIXEL)
        a, b = within.transform(place).tolist()
        if x is None:
            paper.ink((x0, b), (x1, b))
            along = [Spot(x, 0, "start", 0) for x in range(int(x0) + 60, int(x1), 20)]
            along = [Spot(x0 + 8, 0, "start", 0), Spot(x1 - 8, 0, "end", 0), *along]
            spots = [spot._replace(y=b + dy) for dy in (10, -10) for spot in along]
        elif y is None:
            paper.ink((a, y0), (a, y1))
            rows = range(int(y1), int(y0), -16)
            spots = [Spot(a + dx, b, side, 0) for b in rows for dx, side in _SIDES]
        else:
            paper.take(Bounds(a - 7, b - 7, a + 7, b + 7))
            spots = [Spot(a + dx, b + dy, side, 0) for dx, side in _SIDES for dy in _NEAR]
        said.append((clean(words), place, spots, within))
    ground = {"boxstyle": "square,pad=0.05", "fc": colours["paper"], "ec": "none", "alpha": 0.8}
    for text, place, spots, within in said:
        write(
            axes,
            paper,
            text,
            place,
            spots,
            within=within,
            line=colours["muted"],
            fontweight="bold",
            bbox=ground,
        )


_SIDES = ((9.0, "start"), (-9.0, "end"))
_NEAR = (12.0, -12.0, 28.0, -28.0, -44.0)


def _course(points: Sequence[Point], x: str, y: str) -> str:
    (a, b), (c, d) = points[0], points[-1]
    of = f" {clean(y)}" if y else ""
    by = f" {clean(x)}" if x else ""
    if len(points) == 1:
        return f"{number(b)}{of} at {number(a)}{by}"
    return f"from {number(b)} to {number(d)}{of} between {number(a)} and {number(c)}{by}"
