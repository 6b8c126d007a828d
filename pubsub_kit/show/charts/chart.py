"""Charts: curves and bars, every series labelled where it ends, so that none needs a legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import isfinite

from pubsub_kit.show.canvas import Canvas, Point
from pubsub_kit.show.charts.axes import LEFT, Page, Scale, number
from pubsub_kit.show.diagrams.labels import Paper, Spot
from pubsub_kit.show.ink import SERIES, clean, fit, width
from pubsub_kit.show.picture import Picture, PictureError

_DASHES = ("", "dashed", "dotted", "long")
_MOST = 8

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
    _check(curves, log)
    shown = dict(list(curves.items())[:_MOST])
    page = Page(title, caption)
    dots = [p for points in shown.values() for p in points]
    names = max(width(fit(name, 190, 12), 12) for name in shown)
    xs = [p[0] for p in dots] + [m[0] for m in marks if m[0] is not None]
    ys = [p[1] for p in dots] + [m[1] for m in marks if m[1] is not None]
    across = _scale(xs, LEFT, 880 - names - 16, "x" in log, False)
    up = _scale(ys, page.bottom, page.top, "y" in log, True)
    page.axes(across, up, x, y)
    paper = Paper(LEFT, page.top - 12, 896, page.bottom)
    ends = []
    for n, (name, points) in enumerate(shown.items()):
        way = [(across(a), up(b)) for a, b in points]
        _curve(page.canvas, way, n)
        for start, end in pairwise(way):
            paper.ink(start, end)
        ends.append((way[-1][1], name, SERIES[n % len(SERIES)], way[-1][0]))
    _names(page.canvas, paper, ends, page)
    _marks(page.canvas, paper, marks, across, up)
    words = [f"{name}: {_course(points, x, y)}" for name, points in shown.items()]
    words += [f"{len(curves) - _MOST} more curves are not drawn"] if len(curves) > _MOST else []
    words += [f"marked: {clean(text)}" for _, _, text in marks]
    return page.picture(words, "Chart")


def _named(series: object) -> Mapping[str, Sequence[Point]]:
    if isinstance(series, Mapping):
        return series
    kind = type(series).__name__
    raise PictureError(f"lines() draws a mapping from names to points (x, y); this is a {kind}.")


def _check(curves: Mapping[str, Sequence[Point]], log: str) -> None:
    if not curves:
        raise PictureError("There is nothing to draw: give at least one series with a point.")
    if set(log) - {"x", "y"}:
        raise PictureError(f"log={log!r} names no axis: use 'x', 'y' or 'xy'.")
    for name, points in curves.items():
        for point in points:
            if not all(map(isfinite, point)):
                raise PictureError(
                    f"{name!r} has the point {point}, which is not finite: leave it out."
                )
            if any(point["xy".index(axis)] <= 0 for axis in log):
                raise PictureError(
                    f"{name!r} has the point {point}: a log axis needs values above 0."
                )


def _scale(values: Sequence[float], start: float, end: float, log: bool, from_zero: bool) -> Scale:
    low, high = min(values), max(values)
    if log:
        return Scale(low / 1.05, high * 1.05 if high > low else low * 10, start, end, True)
    if from_zero and low > 0 and low < high * 0.6:
        low = 0.0
    pad = (high - low) * 0.04 or abs(high) * 0.1 or 1.0
    if not from_zero:
        return Scale(low, high if high > low else low + 1, start, end)
    return Scale(low if low == 0 else low - pad, high + pad, start, end)


def _curve(canvas: Canvas, way: Sequence[Point], n: int) -> None:
    colour = SERIES[n % len(SERIES)]
    if len(way) > 1:
        canvas.polyline(way, colour, 2.2, _DASHES[n % len(_DASHES)])
    if len(way) <= 16:
        for a, b in way:
            shape(canvas, a, b, n)


def shape(canvas: Canvas, x: float, y: float, n: int, r: float = 4.0) -> None:
    """Draw the marker of series `n`: another shape for each."""
    colour = SERIES[n % len(SERIES)]
    turn = n % 4
    if turn == 0:
        canvas.circle(x, y, r, colour, "paper", 1)
    elif turn == 1:
        canvas.rect(x - r, y - r, 2 * r, 2 * r, colour, "paper", 0, 1)
    elif turn == 2:
        canvas.polyline(
            [(x, y - r - 1), (x + r + 1, y + r), (x - r - 1, y + r)], "paper", 1, "", colour, True
        )
    else:
        canvas.polyline(
            [(x, y - r - 1), (x + r + 1, y), (x, y + r + 1), (x - r - 1, y)],
            "paper",
            1,
            "",
            colour,
            True,
        )


def _names(
    canvas: Canvas, paper: Paper, ends: list[tuple[float, str, str, float]], page: Page
) -> None:
    """Write each series' name at its end, spread so that none touches another."""
    placed = page.top - 20.0
    rows = sorted(range(len(ends)), key=lambda i: ends[i][0])
    tops = []
    for i in rows:
        placed = max(placed + 16, ends[i][0])
        tops.append(placed)
    over = max(0.0, (tops[-1] if tops else 0.0) - (page.bottom - 8))
    for i, top in zip(rows, tops, strict=True):
        y, name, colour, x = ends[i]
        right = max(end[3] for end in ends) + 12
        at = top - over if over else top
        canvas.line((x + 4, y), (right - 3, at), "faint", 1)
        paper.label(canvas, [Spot(right, at, "start", 890 - right)], name, fill=colour, bold=False)


def _marks(canvas: Canvas, paper: Paper, marks: Sequence[Mark], across: Scale, up: Scale) -> None:
    places = [_marked(canvas, paper, mark, across, up) for mark in marks]
    for (x, _, text), (a, b) in zip(marks, places, strict=True):
        spots = [
            Spot(a + dx, b + dy, side, 320)
            for dx, side in ((9.0, "start"), (-9.0, "end"))
            for dy in (-12.0, 12.0, -28.0, 28.0, 44.0)
        ]
        if x is None:
            spots = [Spot(across.start + 8, b + dy, "start", 400) for dy in (-10.0, 10.0)] + spots
        paper.label(canvas, spots, clean(text), bold=True)


def _marked(canvas: Canvas, paper: Paper, mark: Mark, across: Scale, up: Scale) -> Point:
    """Draw a mark's line or ring, and return the point that its words belong to."""
    x, y, _ = mark
    a = across(x) if x is not None else across.end
    b = up(y) if y is not None else up.end + 8
    if x is not None and y is not None:
        canvas.circle(a, b, 6, "", "ink", 1.8)
        return (a, b)
    start = (across.start, b) if x is None else (a, up.start)
    end = (across.end, b) if x is None else (a, up.end)
    canvas.line(start, end, "muted", 1.2, "dashed")
    paper.ink(start, end)
    return (a, b)


def _course(points: Sequence[Point], x: str, y: str) -> str:
    (a, b), (c, d) = points[0], points[-1]
    of = f" {clean(y)}" if y else ""
    by = f" {clean(x)}" if x else ""
    if len(points) == 1:
        return f"{number(b)}{of} at {number(a)}{by}"
    return f"from {number(b)} to {number(d)}{of} between {number(a)} and {number(c)}{by}"


def bars(
    values: Mapping[str, float],
    *,
    x: str = "",
    mark: str | Sequence[str] = (),
    title: str | None = None,
    caption: str | None = None,
) -> Picture:
    """Draw a level bar for each name, its value at its end; bars named in `mark` stand out.

    `x` says what is measured. Values are finite and may be negative; PictureError otherwise.
    """
    loud = {mark} if isinstance(mark, str) else set(mark)
    shown = list(values.items())[:30] if isinstance(values, Mapping) else []
    if not shown or not all(isfinite(v) for v in values.values()):
        raise PictureError("bars() needs at least one name, and a finite number for each.")
    page = Page(title, caption, 24.0 * len(shown) + 4)
    c = page.canvas
    c.h -= 0 if x else 30
    left = 24 + max(width(fit(name, 260, 12, True), 12, True) for name, _ in shown)
    scale = Scale(
        min(0.0, *(v for _, v in shown), 0.0), max(0.0, *(v for _, v in shown), 0.0), left, 800
    )
    if scale.low < 0:
        scale = scale._replace(start=left + 70)
    zero = scale(0.0)
    for i, (name, value) in enumerate(shown):
        y = page.top + 24 * i
        end = scale(value)
        colour = "fault" if name in loud else "message"
        c.rect(min(zero, end), y + 3, max(abs(end - zero), 1.0), 17, colour)
        if name in loud:
            c.hatch(min(zero, end), y + 3, max(abs(end - zero), 1.0), 17, "fault")
        c.text(left - 10, y + 16, fit(name, 260, 12, True), 12, "ink", "end", bold=name in loud)
        side = "start" if value >= 0 else "end"
        c.text(
            end + (7 if value >= 0 else -7),
            y + 16,
            number(value),
            12,
            "ink",
            side,
            bold=name in loud,
        )
    c.line((zero, page.top), (zero, page.bottom), "muted", 1.2)
    if x:
        c.text((left + 800) / 2, page.bottom + 22, fit(x, 600, 12), 12, "ink", "middle")
    words = [f"{clean(name)}: {number(value)}" for name, value in shown]
    words += [f"{len(values) - 30} more bars are not drawn"] if len(values) > 30 else []
    return page.picture([*([clean(x)] if x else []), *words], "Bar chart")
