"""A shot seen from above: the shooter, the target now, and where the server rewinds it to.

The ghost is the target at the moment to which the server goes back. The shot hits if it passes
through the circle that the server tests: the ghost's, or the target's where nothing is rewound. A
wall covers what is behind it, in the eyes of the shooter.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import cos, hypot, pi, sin

from pubsub_kit.show import given
from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.ink import clean, fit, width, wrap
from pubsub_kit.show.labels import Bounds, Paper, Spot
from pubsub_kit.show.marks import Point
from pubsub_kit.show.picture import Picture

_WIDTH, _HEIGHT, _MARGIN = 800.0, 330.0, 60.0


def arena(
    shooter: Point,
    target: Point,
    aim: Point,
    *,
    ghost: Point | None = None,
    radius: float = 16.0,
    path: Sequence[Point] = (),
    wall: tuple[Point, Point] | None = None,
    within: tuple[Point, Point] | None = None,
    title: str | None = None,
    caption: str | None = None,
) -> Picture:
    """Draw a shot from `shooter` at `aim`; all places are (x, y) in the game's units.

    `ghost` is where the server puts the target for the test, `radius` the target's, `path` the way
    that it runs, `wall` a line that gives cover. `within` are two corners of what is to be seen, so
    that pictures can be compared. Raises PictureError for places that are not finite.
    """
    tested = target if ghost is None else ghost
    for name, ends in (("path=", path), ("wall=", wall or ()), ("within=", within or ())):
        given.several(name, "a list of places", ends)
    places = [shooter, target, aim, tested, *path, *(wall or ())]
    for place in (*places, *(within or ())):
        given.place("arena()", place)
    given.place("radius=, twice,", (radius, radius))
    hit, off = is_hit(shooter, aim, tested, radius)
    word = "hit" if hit else "miss"
    lines = [clean(title)] if title else []
    lines.append(f"target now at {_at(target)}, shot aimed at {_at(aim)}")
    if ghost is not None:
        back = hypot(target[0] - ghost[0], target[1] - ghost[1])
        lines.append(f"ghost at {_at(ghost)}, {back:.1f} units from the target")
    lines.append(f"the shot passes {off:.1f} units from its middle, radius {radius:g}: {word}")
    lines += [clean(caption)] if caption else []
    scene = _Scene([*(within or ()), *places], radius, clean(title or ""))
    canvas = scene.draw(shooter, target, aim, ghost, path, wall, word)
    for line in wrap(clean(caption or ""), _WIDTH - 28, 13):
        canvas.text(14, canvas.h + 14, line, 13)
        canvas.h += 18
    canvas.h += 8 if caption else 0
    text = "\n".join(lines)
    return Picture(canvas, text, f"A shot seen from above. {text}", clean(title or "Arena"))


def is_hit(shooter: Point, aim: Point, middle: Point, radius: float) -> tuple[bool, float]:
    """Return whether a shot passes through a circle, and by how far it passes its middle."""
    dx, dy = aim[0] - shooter[0], aim[1] - shooter[1]
    length = hypot(dx, dy) or 1.0
    off = abs((middle[0] - shooter[0]) * dy - (middle[1] - shooter[1]) * dx) / length
    return off <= radius, off


def _at(place: Point) -> str:
    x, y = (round(number, 1) + 0.0 for number in place)  # never -0.0
    return f"({x:.1f}, {y:.1f})"


class _Scene:
    """The places on paper: the same scale both ways, y upward."""

    def __init__(self, places: Sequence[Point], radius: float, title: str) -> None:
        xs, ys = [x for x, _ in places], [y for _, y in places]
        self.top = 36.0 if title else 8.0
        wide, high = max(xs) - min(xs) or 1.0, max(ys) - min(ys) or 1.0
        room = (_WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN)
        self.scale = min(room[0] / wide, room[1] / high, 3.0)
        left = (_WIDTH - wide * self.scale) / 2
        self.origin = (left - min(xs) * self.scale, self.top + _MARGIN + max(ys) * self.scale)
        self.r = max(radius * self.scale, 7.0)
        self.canvas = Canvas(_WIDTH, self.top + 2 * _MARGIN + high * self.scale)
        if title:
            self.canvas.text(14, 24, fit(title, _WIDTH - 28, 15, True), 15, bold=True)
        self.paper = Paper(4, self.top, _WIDTH - 4, self.canvas.h)

    def on_paper(self, place: Point) -> Point:
        return self.origin[0] + place[0] * self.scale, self.origin[1] - place[1] * self.scale

    def draw(
        self,
        shooter: Point,
        target: Point,
        aim: Point,
        ghost: Point | None,
        path: Sequence[Point],
        wall: tuple[Point, Point] | None,
        word: str,
    ) -> Canvas:
        c, now, start = self.canvas, self.on_paper(target), self.on_paper(shooter)
        tested = now if ghost is None else self.on_paper(ghost)
        if path:
            ways = [self.on_paper(place) for place in path]
            c.polyline(ways, "muted", 1.4, "dotted")
            for a, b in pairwise(ways):
                self.paper.ink(a, b)
        if wall:
            a, b = map(self.on_paper, wall)
            c.line(a, b, "ink", 7)
            self.paper.take(Bounds(min(a[0], b[0]) - 4, a[1] - 6, max(a[0], b[0]) + 4, b[1] + 6))
        c.circle(*now, self.r, "tint", "ink", 2.2)
        if ghost is not None:
            c.polyline(_ring(tested, self.r), "wait", 2.4, "dashed", closed=True)
        end = self._beyond(start, self.on_paper(aim))
        c.arrow([start, end], "message", 2.0)
        self.paper.ink(start, end)
        c.polyline(_triangle(start, 11), "ink", 1.2, fill="ink", closed=True)
        self._result(tested, word)
        for middle in {now, tested}:
            self._take(middle)
        self._take(start)
        self._say(start, "shooter", "ink", self.r * 0.6 + 6)
        if ghost is not None and hypot(tested[0] - now[0], tested[1] - now[1]) > 3:
            self._say(now, "target now", "ink", self.r)
            self._say(tested, "ghost: rewound to here", "wait", self.r)
        elif ghost is not None:
            self._say(now, "target and ghost", "ink", self.r)
        else:
            self._say(now, "target now", "ink", self.r)
        if wall:
            a, b = map(self.on_paper, wall)
            self._say(((a[0] + b[0]) / 2, (a[1] + b[1]) / 2), "wall", "ink", 8)
        return c

    def _beyond(self, start: Point, aim: Point) -> Point:
        """Return where a shot ends: some way behind what it was aimed at."""
        dx, dy = aim[0] - start[0], aim[1] - start[1]
        length = hypot(dx, dy) or 1.0
        more = (length + self.r + 16) / length
        return start[0] + dx * more, start[1] + dy * more

    def _result(self, middle: Point, word: str) -> None:
        """Mark a hit by a full disc with a tick beside its word, and a miss by a cross."""
        x, y = 26.0, self.canvas.h - 20
        fill = "good" if word == "hit" else "fault"
        if word == "hit":
            self.canvas.circle(*middle, max(self.r * 0.35, 4), "good")
            self.canvas.circle(x, y, 10, "good")
            self.canvas.polyline([(x - 5, y), (x - 1, y + 4), (x + 5, y - 4)], "on", 2.4)
        else:
            self.canvas.cross(*middle, max(self.r * 0.4, 5), "fault", 3.2)
            self.canvas.cross(x, y, 8, "fault", 4.0)
        self.canvas.text(x + 18, y + 6, word.upper(), 18, fill, bold=True)
        self.paper.take(Bounds(x - 12, y - 14, x + 24 + width(word.upper(), 18, True), y + 12))

    def _take(self, middle: Point) -> None:
        x, y = middle
        self.paper.take(Bounds(x - self.r, y - self.r, x + self.r, y + self.r))

    def _say(self, place: Point, words: str, fill: str, off: float) -> None:
        (x, y), away = place, off + 13
        spots = [Spot(x, y - away, "middle", 300), Spot(x, y + away, "middle", 300)]
        spots += [Spot(x + off + 8, y, "start", 300), Spot(x - off - 8, y, "end", 300)]
        spots += [Spot(x, y - away - 16, "middle", 300), Spot(x, y + away + 16, "middle", 300)]
        self.paper.label(self.canvas, spots, words, size=12.5, fill=fill, bold=True)


def _ring(middle: Point, r: float, steps: int = 40) -> list[Point]:
    turns = (2 * pi * n / steps for n in range(steps))
    return [(middle[0] + r * cos(turn), middle[1] + r * sin(turn)) for turn in turns]


def _triangle(middle: Point, r: float) -> list[Point]:
    x, y = middle
    return [(x, y - r), (x + r * 0.9, y + r * 0.7), (x - r * 0.9, y + r * 0.7)]
