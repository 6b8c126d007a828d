"""One drawing, two outputs: a small display list in pixels, written as SVG or as PNG.

A picture is built once, as a list of four kinds of marks (path, box, disc, text), and each back-end
writes the same list: `svg()` by hand, with rounded coordinates and therefore the same bytes
everywhere, and `png()` in `raster`. Colours are roles ("ink", "fault"), not values, so one drawing
serves light paper, dark paper, and an inline SVG that follows the page's own theme.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import hypot
from typing import NamedTuple

from pubsub_kit.show.ink import DARK, FONTS, LIGHT, PAGE, clean, width

Point = tuple[float, float]
DASHES = {"": (), "dashed": (6.0, 3.0), "dotted": (1.5, 3.0), "long": (12.0, 4.0)}
THEMES = {"light": LIGHT, "dark": DARK, "page": PAGE}


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


class Canvas:
    """A display list of `w` by `h` pixels, with y growing downward."""

    def __init__(self, w: float, h: float) -> None:
        self.w, self.h = w, h
        self.marks: list[Mark] = []

    def line(
        self, start: Point, end: Point, stroke: str = "ink", w: float = 1.2, dash: str = ""
    ) -> None:
        """Draw a straight line."""
        self.marks.append(Path((start, end), stroke, w, dash))

    def arrow(
        self, points: Sequence[Point], stroke: str = "message", w: float = 1.4, dash: str = ""
    ) -> None:
        """Draw a line through the points with a filled head at the last one."""
        self.marks.append(Path(tuple(points), stroke, w, dash))
        self.head(points[-2], points[-1], stroke, 5 + w)

    def head(self, start: Point, tip: Point, fill: str = "message", size: float = 7.0) -> None:
        """Draw an arrow's head alone, at `tip`, pointing away from `start`."""
        dx, dy = tip[0] - start[0], tip[1] - start[1]
        length = hypot(dx, dy) or 1.0
        ux, uy = dx / length * size, dy / length * size
        back = (tip[0] - ux, tip[1] - uy)
        wings = (
            (back[0] - uy * 0.45, back[1] + ux * 0.45),
            (back[0] + uy * 0.45, back[1] - ux * 0.45),
        )
        self.marks.append(Path((tip, *wings), "", 0, "", fill, True))

    def polyline(
        self,
        points: Sequence[Point],
        stroke: str = "ink",
        w: float = 1.2,
        dash: str = "",
        fill: str = "",
        closed: bool = False,
    ) -> None:
        """Draw a line through the points, closed and filled if asked."""
        self.marks.append(Path(tuple(points), stroke, w, dash, fill, closed))

    def rect(
        self,
        x: float,
        y: float,
        w: float,
        h: float,
        fill: str = "paper",
        stroke: str = "",
        radius: float = 0.0,
        line: float = 1.2,
    ) -> None:
        """Draw a rectangle."""
        self.marks.append(Box(x, y, w, h, fill, stroke, radius, line))

    def hatch(self, x: float, y: float, w: float, h: float, stroke: str = "wait") -> None:
        """Draw a rectangle filled with slanting lines."""
        self.rect(x, y, w, h, "paper", stroke)
        step = 5.0
        top = y - w + step
        while top < y + h:
            a, b = max(top, y), min(top + w, y + h)
            if b > a:
                self.line((x + (top + w - b), b), (x + (top + w - a), a), stroke, 0.9)
            top += step

    def circle(
        self, x: float, y: float, r: float, fill: str = "ink", stroke: str = "", w: float = 1.2
    ) -> None:
        """Draw a circle."""
        self.marks.append(Disc(x, y, r, fill, stroke, w))

    def cross(
        self, x: float, y: float, r: float = 6.0, stroke: str = "fault", w: float = 2.6
    ) -> None:
        """Draw an ✗."""
        self.line((x - r, y - r), (x + r, y + r), stroke, w)
        self.line((x - r, y + r), (x + r, y - r), stroke, w)

    def text(
        self,
        x: float,
        y: float,
        text: object,
        size: float = 12.0,
        fill: str = "ink",
        anchor: str = "start",
        bold: bool = False,
        halo: bool = False,
    ) -> None:
        """Write a line of text, cleaned of characters that have no picture."""
        words = clean(text)
        if words:
            self.marks.append(Text(x, y, words, size, fill, anchor, bold, halo))

    def badge(self, x: float, y: float, number: int, fill: str = "fault", r: float = 7.5) -> None:
        """Draw a number in a disc."""
        self.circle(x, y, r, fill)
        self.text(x, y + r * 0.5, number, r * 1.35, "on", "middle", bold=True)

    def texts(self) -> list[Text]:
        """Return every text of the drawing."""
        return [mark for mark in self.marks if isinstance(mark, Text)]

    def svg(self, title: str = "", alt: str = "", theme: str = "page") -> str:
        """Return SVG: "page" follows JupyterLab's theme, "light" and "dark" are fixed."""
        colours = THEMES[theme]
        w, h = _number(self.w), _number(self.h)
        names = f"<title>{_safe(title)}</title><desc>{_safe(alt)}</desc>"
        # Inline SVG styles reach the element alone, so two pictures on a page never meet.
        style = ";".join(f"--pk-{role}:{value}" for role, value in colours.items())
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
            f'aria-label="{_safe(alt or title)}" '
            f'width="{w}" height="{h}" viewBox="0 0 {w} {h}" font-family="{FONTS}" '
            f'style="max-width:100%;height:auto;{style}">'
        )
        card = f'<rect width="{w}" height="{h}" fill="var(--pk-paper)"/>'
        return "".join([head, names, card, *map(_write, self.marks), "</svg>"])


def _safe(text: str) -> str:
    lines = (clean(line) for line in text.splitlines())
    return escape("\n".join(line for line in lines if line), quote=True)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _role(role: str) -> str:
    return f"var(--pk-{role})" if role else "none"


def _stroke(stroke: str, w: float) -> str:
    return f' stroke="{_role(stroke)}" stroke-width="{_number(w)}"' if stroke else ""


def _write(mark: Mark) -> str:
    if isinstance(mark, Text):
        return _write_text(mark)
    if isinstance(mark, Path):
        return _write_path(mark)
    fill = f' fill="{_role(mark.fill)}"' + _stroke(mark.stroke, mark.width)
    if isinstance(mark, Disc):
        return (
            f'<circle cx="{_number(mark.x)}" cy="{_number(mark.y)}" r="{_number(mark.r)}"{fill}/>'
        )
    corner = f' rx="{_number(mark.radius)}"' if mark.radius else ""
    place = f'x="{_number(mark.x)}" y="{_number(mark.y)}"'
    return f'<rect {place} width="{_number(mark.w)}" height="{_number(mark.h)}"{corner}{fill}/>'


def _write_path(mark: Path) -> str:
    way = "L".join(f"{_number(x)} {_number(y)}" for x, y in mark.points)
    dash = DASHES[mark.dash]
    dashes = f' stroke-dasharray="{" ".join(map(_number, dash))}"' if dash else ""
    end = "z" if mark.closed else ""
    stroke = _stroke(mark.stroke, mark.width)
    return f'<path d="M{way}{end}" fill="{_role(mark.fill)}"{stroke}{dashes}/>'


def _write_text(mark: Text) -> str:
    anchor = f' text-anchor="{mark.anchor}"' if mark.anchor != "start" else ""
    bold = ' font-weight="700"' if mark.bold else ""
    halo = (
        ' paint-order="stroke" stroke="var(--pk-paper)" stroke-width="3" stroke-linejoin="round"'
        if mark.halo
        else ""
    )
    place = f'x="{_number(mark.x)}" y="{_number(mark.y)}" font-size="{_number(mark.size)}"'
    return (
        f'<text {place} fill="{_role(mark.fill)}"{anchor}{bold}{halo}>'
        f"{escape(mark.text, quote=True)}</text>"
    )
