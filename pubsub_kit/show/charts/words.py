"""Words on a chart: whole, where there is room, and pinned to what they are about.

What is drawn is noted first, and then what is to be said of it: so words keep off each other, off
dots, and off lines where they can. Positions are pixels of the figure, with y growing upward.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import hypot
from typing import TYPE_CHECKING, Any

from pubsub_kit.show.charts.paper import PIXEL, RIM, Colours
from pubsub_kit.show.ink import clean, width, wrap
from pubsub_kit.show.labels import Bounds, Paper, Spot
from pubsub_kit.show.marks import Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Transform

_LINE = 17.0  # pixels from one line of words to the next
_SIDES = ((9.0, "start"), (-9.0, "end"))


class Words:
    """What is to be written on axes, and the room that is left for it."""

    def __init__(self, axes: Axes, colours: Colours) -> None:
        self.axes, self.colours = axes, colours
        x0, y0, x1, y1 = axes.bbox.extents
        self._paper = Paper(x0 + 2, y0 + 2, x1, y1 + 8)
        self._waiting: list[tuple[str, Point, Transform, list[Spot], dict[str, Any]]] = []

    def curve(self, points: Sequence[Point]) -> list[Point]:
        """Note a line through these points of the data, and return them in pixels."""
        way: list[Point] = [(x, y) for x, y in self.axes.transData.transform(points).tolist()]
        for start, end in pairwise(way):
            self._paper.ink(start, end)
        return way

    def dot(self, x: float, y: float, reach: float, words: str = "", **style: Any) -> None:
        """Note a dot that reaches so many pixels, with words beside it."""
        a, b = self.axes.transData.transform((x, y)).tolist()
        self._paper.take(Bounds(a - reach, b - reach, a + reach, b + reach))
        if not words:
            return
        beside = reach + 5
        spots = [Spot(a + beside, b, "start", 0), Spot(a - beside, b, "end", 0)]
        for dy in (8, -8, 24, -24, 40, -40):
            up = b + dy + (reach if dy > 0 else -reach)
            spots += [Spot(a + dx, up, side, 0) for dx, side in ((0, "middle"), *_SIDES)]
        self._waiting.append((words, (x, y), self.axes.transData, spots, style))

    def level(self, y: float, words: str, role: str = "muted", *, below: bool = False) -> None:
        """Draw a level line across the axes, with words on it, or below."""
        self.axes.axhline(y, color=self.colours[role], lw=1.2 * PIXEL, ls="--")
        (x0, b), (x1, _) = self.curve([(x, y) for x in self.axes.get_xlim()])
        along = [Spot(x, 0, "start", 0) for x in range(int(x0) + 60, int(x1), 20)]
        along = [Spot(x0 + 8, 0, "start", 0), Spot(x1 - 8, 0, "end", 0), *along]
        sides = (-10, 10) if below else (10, -10)
        spots = [spot._replace(y=b + dy) for dy in sides for spot in along]
        within = self.axes.get_yaxis_transform(which="grid")
        self._waiting.append((words, (0, y), within, spots, self._of_line(role)))

    def upright(self, x: float, words: str, role: str = "muted", *, before: bool = False) -> None:
        """Draw an upright line through the axes, with words at its top, or before its foot."""
        self.axes.axvline(x, color=self.colours[role], lw=1.2 * PIXEL, ls="--")
        (a, y0), (_, y1) = self.curve([(x, y) for y in self.axes.get_ylim()])
        rows = range(int(y0) + 12, int(y1), 16) if before else range(int(y1), int(y0), -16)
        sides = _SIDES[::-1] if before else _SIDES
        spots = [Spot(a + dx, b, side, 0) for b in rows for dx, side in sides]
        within = self.axes.get_xaxis_transform(which="grid")
        self._waiting.append((words, (x, 1), within, spots, self._of_line(role)))

    def _of_line(self, role: str) -> dict[str, Any]:
        return {"color": self.colours["ink" if role == "muted" else role], "fontweight": "bold"}

    def write(self) -> None:
        """Write all that was noted, in its order, each at the first of its spots that is free.

        Where none is, the words go anywhere on the paper, with a line to their place; and where no
        room is left at all, they stand in the picture's summary alone.
        """
        for words, place, within, spots, style in self._waiting:
            size = style.setdefault("size", 12.0)
            lines = wrap(clean(words), 300, size, bold=True)
            w, h = max((width(s, size, bold=True) for s in lines), default=0), _LINE * len(lines)
            box = self._paper.find(spots, w, h) if lines else None
            if lines and box is None:
                box = self._paper.find(self._anywhere(h, within.transform(place).tolist()), w, h)
                style["line"] = self.colours["muted"]
            if box is not None:
                to = box.left, (box.top + box.bottom) / 2
                pin(self.axes, "\n".join(lines), place, to, within, **style)

    def _anywhere(self, h: float, at: Point) -> list[Spot]:
        """Return spots all over the paper, the nearest first."""
        left, low, right, high = map(int, self._paper.edge)
        rows, columns = range(int(high - h / 2), low, -8), range(left, right, 16)
        spots = [Spot(x, y, "start", 0) for y in rows for x in columns]
        return sorted(spots, key=lambda spot: hypot(spot.x - at[0], spot.y - at[1]))


def pin(
    axes: Axes,
    words: str,
    place: Point,
    to: Point,
    within: Transform | None = None,
    *,
    line: str = "",
    size: float = 12.0,
    **style: Any,
) -> None:
    """Write words whose left middle is at a pixel, and which move with a place in the data.

    They have a line of this colour to their place, if any; `size` is in pixels. A rim of the
    paper's colour keeps them legible where they have to cross a line.
    """
    from matplotlib.patheffects import withStroke

    transform = within or axes.transData
    x, y = transform.transform(place)
    arrow = {"arrowstyle": "-", "color": line, "lw": PIXEL, "relpos": (0, 0.5)} if line else None
    axes.annotate(
        words,
        place,
        ((to[0] - x) * PIXEL, (to[1] - y) * PIXEL),
        xycoords=transform,
        textcoords="offset points",
        annotation_clip=False,
        va="center",
        linespacing=1.15,
        arrowprops=arrow,
        fontsize=size * PIXEL,
        path_effects=[withStroke(linewidth=RIM * PIXEL, foreground=axes.figure.get_facecolor())],
        **style,
    )
