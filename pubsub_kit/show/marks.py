"""What a diagram is made of: four kinds of marks, in pixels, whose colours are roles."""

from __future__ import annotations

from typing import NamedTuple

from pubsub_kit.show.ink import width

Point = tuple[float, float]
DASHES = {"": (), "dashed": (6.0, 3.0), "dotted": (1.5, 3.0), "long": (12.0, 4.0)}


class Path(NamedTuple):
    """A line through points; filled where `fill` names a role."""

    points: tuple[Point, ...]
    stroke: str = "ink"
    width: float = 1.2
    dash: str = ""
    fill: str = ""
    closed: bool = False


class Box(NamedTuple):
    """A rectangle, with rounded corners where `radius` is not zero."""

    x: float
    y: float
    w: float
    h: float
    fill: str = "paper"
    stroke: str = ""
    radius: float = 0.0
    width: float = 1.2


class Disc(NamedTuple):
    """A circle."""

    x: float
    y: float
    r: float
    fill: str = "ink"
    stroke: str = ""
    width: float = 1.2


class Text(NamedTuple):
    """A line of text whose baseline is at `y`; `anchor` says what of it is at `x`."""

    x: float
    y: float
    text: str
    size: float = 12.0
    fill: str = "ink"
    anchor: str = "start"
    bold: bool = False
    halo: bool = False

    def bounds(self) -> tuple[float, float, float, float]:
        """Return (left, top, right, bottom) in pixels."""
        w = width(self.text, self.size, self.bold)
        left = self.x - {"start": 0.0, "middle": w / 2, "end": w}[self.anchor]
        return left, self.y - 0.8 * self.size, left + w, self.y + 0.25 * self.size


Mark = Path | Box | Disc | Text
