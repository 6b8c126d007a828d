"""Points: several choices measured two ways, less being better both ways, and the best front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import isfinite

from pubsub_kit.show.canvas import Point
from pubsub_kit.show.charts.axes import LEFT, Page, Scale, number
from pubsub_kit.show.charts.chart import shape
from pubsub_kit.show.diagrams.labels import Bounds, Paper, Spot
from pubsub_kit.show.ink import clean
from pubsub_kit.show.picture import Picture, PictureError

_RIGHT = 880.0
_MOST = 24
_REACH = 9.0


def points(
    values: Mapping[str, Point],
    *,
    x: str = "",
    y: str = "",
    most: tuple[float | None, float | None] = (None, None),
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
    loud = {mark} if isinstance(mark, str) else set(mark)
    page = Page(title, caption)
    limits = [[p[i] for p in shown.values()] + [m for m in [most[i]] if m] for i in (0, 1)]
    across = _scale(limits[0], LEFT, _RIGHT, "x" in log)
    up = _scale(limits[1], page.bottom, page.top, "y" in log)
    _shade(page, most, across, up)
    page.axes(across, up, x, y)
    paper = Paper(LEFT + 3, page.top, _RIGHT - 3, page.bottom)
    best = front(shown)
    _front(page, paper, [shown[name] for name in best], across, up)
    _limits(page, paper, most, across, up)
    _draw(page, paper, shown, {clean(name) for name in loud}, across, up)
    words = [f"{name}: {_place(point, x, y)}" for name, point in shown.items()]
    words += [f"on the front: {', '.join(best)}"]
    words += [f"{len(dots) - _MOST} more points are not drawn"] if len(dots) > _MOST else []
    return page.picture(words, "Chart of points")


def front(values: Mapping[str, Point]) -> list[str]:
    """Return the names of the points that no other point beats, by rising x; less is better."""
    best: list[str] = []
    for name in sorted(values, key=lambda name: values[name]):
        if not best or values[name][1] < values[best[-1]][1] or values[name] == values[best[-1]]:
            best.append(name)
    return best


def _check(dots: Mapping[str, Point], most: tuple[float | None, float | None], log: str) -> None:
    if not dots:
        raise PictureError("There is nothing to draw: give at least one point.")
    if set(log) - {"x", "y"}:
        raise PictureError(f"log={log!r} names no axis: use 'x', 'y' or 'xy'.")
    for name, point in dots.items():
        if not all(map(isfinite, point)):
            raise PictureError(f"{name!r} is at {point}, which is not finite: leave it out.")
        if any(point["xy".index(axis)] <= 0 for axis in log):
            raise PictureError(f"{name!r} is at {point}: a log axis needs values above 0.")
    for axis, bound in zip("xy", most, strict=True):
        if bound is not None and not (
            isfinite(bound) and bound >= 0 and (bound or axis not in log)
        ):
            raise PictureError(f"The bound of {axis} is {bound}: it is a finite number above 0.")


def _scale(values: Sequence[float], start: float, end: float, log: bool) -> Scale:
    low, high = min(values), max(values)
    if log:
        room = (high / low) ** 0.12 * 1.3  # an eighth of the span, so that no point is at the edge
        return Scale(low / room, high * room, start, end, True)
    low = min(low, 0.0)
    return Scale(low, high + ((high - low) * 0.12 or 1.0), start, end)


def _shade(page: Page, most: tuple[float | None, float | None], across: Scale, up: Scale) -> None:
    right = across(most[0]) if most[0] is not None else _RIGHT
    roof = up(most[1]) if most[1] is not None else page.top
    if right < _RIGHT:
        page.canvas.rect(right, page.top, _RIGHT - right, page.bottom - page.top, "tint")
    if roof > page.top:
        page.canvas.rect(LEFT, page.top, right - LEFT, roof - page.top, "tint")


def _limits(
    page: Page, paper: Paper, most: tuple[float | None, float | None], across: Scale, up: Scale
) -> None:
    """Draw the bounds as lines with their values, inside what they allow."""
    if most[1] is not None:
        at = up(most[1])
        page.canvas.line((LEFT, at), (_RIGHT, at), "fault", 1.4, "dashed")
        paper.ink((LEFT, at), (_RIGHT, at))
        spots = [Spot(x, at + dy, side, 240) for dy in (11.0, -11.0) for x, side in _ENDS]
        words = f"at most {number(most[1])}"
        paper.label(page.canvas, spots, words, size=11, fill="fault", bold=True)
    if most[0] is not None:
        at = across(most[0])
        page.canvas.line((at, page.top), (at, page.bottom), "fault", 1.4, "dashed")
        paper.ink((at, page.top), (at, page.bottom))
        heights = (page.bottom - 12, page.top + 12)
        spots = [
            Spot(at + dx, y, side, 240) for dx, side in ((-8, "end"), (8, "start")) for y in heights
        ]
        words = f"at most {number(most[0])}"
        paper.label(page.canvas, spots, words, size=11, fill="fault", bold=True)


_ENDS = ((LEFT + 8, "start"), (_RIGHT - 8, "end"))


def _front(page: Page, paper: Paper, best: Sequence[Point], across: Scale, up: Scale) -> None:
    """Draw the front as steps: from each point on, that y can be had for that x."""
    way = [(across(a), up(b)) for a, b in best]
    steps = [way[0]]
    for (_, high), (x, y) in pairwise(way):
        steps += [(x, high), (x, y)]
    steps = [(way[0][0], page.top), *steps, (_RIGHT, way[-1][1])]
    page.canvas.polyline(steps, "muted", 1.6, "dotted")
    for start, end in pairwise(steps):
        paper.ink(start, end)


def _draw(
    page: Page,
    paper: Paper,
    shown: Mapping[str, Point],
    loud: set[str],
    across: Scale,
    up: Scale,
) -> None:
    places = {name: (across(a), up(b)) for name, (a, b) in shown.items()}
    for n, (name, (x, y)) in enumerate(places.items()):
        if name in loud:
            page.canvas.circle(x, y, 11, "", "ink", 2)
        shape(page.canvas, x, y, n, 6)
        reach = 12.0 if name in loud else _REACH
        paper.take(Bounds(x - reach, y - reach, x + reach, y + reach))
    for name in sorted(places, key=lambda name: name not in loud):
        paper.label(page.canvas, _spots(*places[name]), name, size=13, bold=name in loud)


def _spots(x: float, y: float) -> list[Spot]:
    """Return the places around a point, the nearest first."""
    sides = [Spot(x + dx, y, side, 300) for dx, side in ((17, "start"), (-17, "end"))]
    around = [
        Spot(x + dx, y + dy, side, 300)
        for dy in (-20.0, 20.0, -36.0, 36.0, -52.0, 52.0)
        for dx, side in ((0, "middle"), (6, "start"), (-6, "end"))
    ]
    return sides + around


def _place(point: Point, x: str, y: str) -> str:
    parts = (
        f"{number(value)} {clean(axis)}".strip() for value, axis in zip(point, (x, y), strict=True)
    )
    return ", ".join(parts)
