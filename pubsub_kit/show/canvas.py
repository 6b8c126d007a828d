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

from pubsub_kit.show import raster
from pubsub_kit.show.frame import Piece, framed, rounded
from pubsub_kit.show.ink import THEMES, clean
from pubsub_kit.show.marks import DASHES, Box, Disc, Mark, Path, Point, Text


class Canvas:
    """A display list of `w` by `h` pixels, with y growing downward."""

    figure = None  # matplotlib has no part in it

    def __init__(self, w: float, h: float) -> None:
        self.w, self.h = w, h
        self.fold = 0.0  # pixels: what ends above stays in view while the rest scrolls
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

    def badge(self, x: float, y: float, number: int, fill: str = "fault", r: float = 8.2) -> None:
        """Draw a number in a disc."""
        self.circle(x, y, r, fill)
        self.text(x, y + r * 0.5, number, r * 1.35, "on", "middle", bold=True)

    def texts(self) -> list[Text]:
        """Return every text of the drawing."""
        return [mark for mark in self.marks if isinstance(mark, Text)]

    @property
    def size(self) -> tuple[float, float]:
        """Return width and height in pixels."""
        return self.w, self.h

    def svg(self, title: str, alt: str, theme: str) -> str:
        """Return SVG in a theme."""
        return self._part(self.marks, 0.0, self.h, (title, alt, theme)).svg

    def pieces(self, title: str, alt: str, theme: str) -> list[Piece]:
        """Return the SVG cut at the fold: what stays in view, and what scrolls below it."""
        names = (title, alt, theme)
        if not self.fold:
            return [self._part(self.marks, 0.0, self.h, names)]
        head = [mark for mark in self.marks if _bottom(mark) <= self.fold]
        rest = [mark for mark in self.marks if _bottom(mark) > self.fold]
        above = self._part(head, 0.0, self.fold, (title, "", theme))
        return [above, self._part(rest, self.fold, self.h, names)]

    def _part(
        self, marks: Sequence[Mark], top: float, bottom: float, names: tuple[str, str, str]
    ) -> Piece:
        size = (self.w, bottom - top)
        place = f'y="{rounded(top)}" ' if top else ""
        w, h = map(rounded, size)
        card = f'<rect {place}width="{w}" height="{h}" fill="var(--pk-paper)"/>'
        svg = framed("".join([card, *map(_write, marks)]), size, *names, top=top)
        return Piece(svg, *size)

    def png(self, theme: str, scale: float) -> bytes:
        """Return an opaque PNG, `scale` image pixels to a pixel of the canvas."""
        return raster.png(self.marks, self.size, THEMES[theme], scale)


def _bottom(mark: Mark) -> float:
    """Return where a mark ends, in pixels."""
    if isinstance(mark, Path):
        return max(y for _, y in mark.points)
    if isinstance(mark, Text):
        return mark.bounds()[3]
    return mark.y + (mark.r if isinstance(mark, Disc) else mark.h)


def _role(role: str) -> str:
    return f"var(--pk-{role})" if role else "none"


def _stroke(stroke: str, w: float) -> str:
    return f' stroke="{_role(stroke)}" stroke-width="{rounded(w)}"' if stroke else ""


def _write(mark: Mark) -> str:
    if isinstance(mark, Text):
        return _write_text(mark)
    if isinstance(mark, Path):
        return _write_path(mark)
    fill = f' fill="{_role(mark.fill)}"' + _stroke(mark.stroke, mark.width)
    if isinstance(mark, Disc):
        return (
            f'<circle cx="{rounded(mark.x)}" cy="{rounded(mark.y)}" r="{rounded(mark.r)}"{fill}/>'
        )
    corner = f' rx="{rounded(mark.radius)}"' if mark.radius else ""
    place = f'x="{rounded(mark.x)}" y="{rounded(mark.y)}"'
    return f'<rect {place} width="{rounded(mark.w)}" height="{rounded(mark.h)}"{corner}{fill}/>'


def _write_path(mark: Path) -> str:
    way = "L".join(f"{rounded(x)} {rounded(y)}" for x, y in mark.points)
    dash = DASHES[mark.dash]
    dashes = f' stroke-dasharray="{" ".join(map(rounded, dash))}"' if dash else ""
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
    place = f'x="{rounded(mark.x)}" y="{rounded(mark.y)}" font-size="{rounded(mark.size)}"'
    return (
        f'<text {place} fill="{_role(mark.fill)}"{anchor}{bold}{halo}>'
        f"{escape(mark.text, quote=True)}</text>"
    )
