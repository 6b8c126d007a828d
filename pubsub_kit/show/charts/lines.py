"""Curves: each is named where it ends, so that none needs a legend, and dashed in its own way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

from pubsub_kit.show.charts.paper import PIXEL, RIGHT, WIDTH, Colours, Sheet
from pubsub_kit.show.charts.ticks import check, entitle, mapping, number, numbers, scale
from pubsub_kit.show.charts.words import Words, pin
from pubsub_kit.show.ink import SERIES, clean, fit, width
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
    given = mapping("lines", series, "points (x, y)")
    named = {clean(name): _points(name, points) for name, points in given.items()}
    curves = {name: points for name, points in named.items() if points}
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
        words = Words(axes, colours)
        for n, (name, points) in enumerate(shown.items()):
            _curve(words, name, points, n)
        _names(axes, shown, colours)
        for a, b, text in marks:
            if a is not None and b is not None:
                ring: Any = {"ms": 12 * PIXEL, "mfc": "none", "mec": colours["ink"]}
                axes.plot([a], [b], "o", mew=1.8 * PIXEL, **ring)
                words.dot(a, b, 7, text, fontweight="bold")
            elif a is not None:
                words.upright(a, text)
            elif b is not None:
                words.level(b, text)
        words.write()

    said = [f"{name}: {_course(points, x, y)}" for name, points in shown.items()]
    more = [f"{len(curves) - _MOST} more curves are not drawn"] if len(curves) > _MOST else []
    said += [*more, *(f"marked: {clean(text)}" for _, _, text in marks)]
    return sheet.picture("Chart", said, draw, beyond=more)


def _points(name: str, points: object) -> list[Point]:
    """Return a curve's points in the order of x."""
    if not isinstance(points, Iterable) or isinstance(points, str):
        raise PictureError(f"{name!r} has {points!r}: give a list of points (x, y).")
    found = [numbers(name, point, 2, "points (x, y) of two numbers") for point in points]
    return sorted((x, y) for x, y in found)


def _check(curves: Mapping[str, Sequence[Point]], marks: Sequence[Mark], log: str) -> None:
    if not curves:
        raise PictureError("There is nothing to draw: give at least one series with a point.")
    for mark in marks:
        if not isinstance(mark, Sequence) or isinstance(mark, str) or len(mark) != 3:
            raise PictureError(f"{mark!r} is not a mark: give (x, y, words).")
        x, y, words = mark
        if any(not (at is None or isinstance(at, Real)) for at in (x, y)):
            raise PictureError(f"The mark {words!r} is at {(x, y)!r}: give numbers, or None.")
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


def _curve(words: Words, name: str, points: Sequence[Point], n: int) -> None:
    few = len(points) <= _DOTTED
    words.axes.plot(
        [x for x, _ in points],
        [y for _, y in points],
        label=name,
        color=words.colours[SERIES[n % len(SERIES)]],
        linestyle=DASHES[n % len(DASHES)],
        marker=SHAPES[n % len(SHAPES)] if few else "",
        markeredgecolor=words.colours["paper"],
    )
    words.curve(points)
    for x, y in points if few else ():
        words.dot(x, y, 5)


def _names(axes: Axes, shown: Mapping[str, Sequence[Point]], colours: Colours) -> None:
    """Write each curve's name at its end, in a column, spread so that none touches another."""
    ends = {name: axes.transData.transform(points[-1]).tolist() for name, points in shown.items()}
    left = axes.bbox.x1 + _GAP
    rising = sorted(ends, key=lambda name: ends[name][1])
    at, heights = axes.bbox.y0 - 8, {}
    for name in rising:  # upward, each clear of the one below
        heights[name] = at = max(at + 16, ends[name][1])
    at = axes.bbox.y1 + 16
    for name in reversed(rising):  # and down again, where the highest would leave the axes
        heights[name] = at = min(at - 16, heights[name])
    for n, (name, points) in enumerate(shown.items()):
        to = left, heights[name]
        far = abs(to[1] - ends[name][1]) > 4 or left - ends[name][0] > 40
        colour, line = colours[SERIES[n % len(SERIES)]], colours["faint"] if far else ""
        words = fit(name, _NAME, 12)
        pin(axes, words, points[-1], to, line=line, color=colour)


def _course(points: Sequence[Point], x: str, y: str) -> str:
    (a, b), (c, d) = points[0], points[-1]
    of = f" {clean(y)}" if y else ""
    by = f" {clean(x)}" if x else ""
    if len(points) == 1:
        return f"{number(b)}{of} at {number(a)}{by}"
    return f"from {number(b)} to {number(d)}{of} between {number(a)} and {number(c)}{by}"
