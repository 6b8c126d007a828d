"""A chart's paper: matplotlib in the kit's style, as a PNG, or as an SVG that follows the page.

A chart is a function that draws on a pair of axes, kept until its figure is needed: so that a
slider that moves draws nothing twice, and matplotlib is imported at the first picture.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pubsub_kit.show import raster
from pubsub_kit.show.frame import Piece, framed
from pubsub_kit.show.ink import LIGHT, THEMES, fit, wrap
from pubsub_kit.show.picture import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Colours = Mapping[str, str]
WIDTH, RIGHT = 800.0, 764.0  # pixels: of the whole, and where axes end with room for a tick's words
PIXEL = 0.72  # points
EDGE, _CAPTION = 14.0, 18.0  # pixels beside the words, and for a line of them
RIM = 5.0  # pixels of paper around words, half of them inside the letters


class Sheet(NamedTuple):
    """A chart's words, and the room for its axes: pixels from the left, and high."""

    title: str
    caption: str
    left: float = 70.0
    right: float = RIGHT
    high: float = 300.0
    above: float = 30.0
    below: float = 46.0

    def picture(
        self,
        kind: str,
        words: Sequence[str],
        draw: Callable[[Axes, Colours], None],
        name: str = "",
        beyond: Sequence[str] | None = None,
    ) -> Picture:
        """Return the picture that `draw` makes on the axes, and say what it shows.

        `beyond` are those of the words that the drawing does not have: all, unless they are given.
        """
        head, tail = ([part] if part else [] for part in (self.title, self.caption))
        text = "\n".join([*head, *words, *tail])
        title = self.title or name or kind
        more = "\n".join(words if beyond is None else beyond)
        return Picture(Chart(self, draw), text, f"{kind}. {text}", title, more)

    @property
    def lines(self) -> list[str]:
        """The caption in lines."""
        return wrap(self.caption, WIDTH - 2 * EDGE, 13)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the whole in pixels."""
        top = self.above + (30 if self.title else 0)
        caption = _CAPTION * len(self.lines) + (8 if self.caption else 0)
        return WIDTH, top + self.high + self.below + caption


class Chart:
    """A drawing by matplotlib: made anew for each output, until somebody asks for its figure."""

    def __init__(self, sheet: Sheet, draw: Callable[[Axes, Colours], None]) -> None:
        self._sheet, self._draw = sheet, draw
        self._figure: Figure | None = None

    @property
    def size(self) -> tuple[float, float]:
        """Return width and height in pixels."""
        if self._figure is None:
            return self._sheet.size
        w, h = self._figure.get_size_inches()
        return 100 * w, 100 * h

    @property
    def figure(self) -> Figure:
        """Return the figure, which every output shows from now on."""
        if self._figure is None:
            with raster.quiet(settings(LIGHT)):
                self._figure = self._drawn(LIGHT)
        return self._figure

    def png(self, theme: str, scale: float) -> bytes:
        """Return an opaque PNG."""
        colours = THEMES[theme]
        with raster.quiet(settings(colours)):
            pixels = raster.image(self._figure or self._drawn(colours), scale)
        return raster.compressed(pixels, None if self._figure else colours)

    def svg(self, title: str, alt: str, theme: str) -> str:
        """Return SVG whose text is text, and whose colours are roles of the theme."""
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        out = io.StringIO()
        # Two pictures on a page may not share a clip path: their ids come from their words.
        with raster.quiet({**settings(LIGHT), "svg.hashsalt": alt}):
            figure = self._figure or self._drawn(LIGHT)
            canvas: Any = FigureCanvasSVG(figure)
            with _without_rims(figure):
                canvas.print_svg(out, metadata={"Date": None})
        return framed(_plain(out.getvalue()), self.size, title, alt, theme, PIXEL)

    def pieces(self, title: str, alt: str, theme: str) -> list[Piece]:
        """Return the SVG as the one piece that it is."""
        return [Piece(self.svg(title, alt, theme), *self.size)]

    def _drawn(self, colours: Colours) -> Figure:
        from matplotlib.figure import Figure

        sheet = self._sheet
        w, h = sheet.size
        figure = Figure(figsize=(w / 100, h / 100))
        low = h - sheet.above - (30 if sheet.title else 0) - sheet.high
        box = (sheet.left / w, low / h, (sheet.right - sheet.left) / w, sheet.high / h)
        axes = figure.add_axes(box)
        if sheet.title:
            title = fit(sheet.title, w - 2 * EDGE, 15, True)
            figure.suptitle(title, **_at(w, h, h - 12), fontsize=15 * PIXEL, fontweight="bold")
        if sheet.caption:
            said = "\n".join(sheet.lines)
            top = low - sheet.below + 2
            figure.text(**_at(w, h, top), s=said, fontsize=13 * PIXEL, linespacing=1.2)
        self._draw(axes, colours)
        return figure


@contextmanager
def _without_rims(figure: Figure) -> Iterator[None]:
    """Take away the rims of words, which would be paths: `_tag` gives every text one of SVG's."""
    from matplotlib.text import Text

    words = figure.findobj(Text)
    rims = [each.get_path_effects() for each in words]
    for each in words:
        each.set_path_effects([])
    try:
        yield
    finally:
        for each, rim in zip(words, rims, strict=True):
            each.set_path_effects(rim)


def _at(w: float, h: float, top: float) -> dict[str, Any]:
    return {"x": EDGE / w, "y": top / h, "ha": "left", "va": "top"}


@cache
def _style() -> dict[str, Any]:
    """Return matplotlib's defaults with the kit's style on them: no notebook's own settings."""
    from matplotlib import rc_params_from_file, rcParamsDefault

    file = Path(__file__).with_name("kit.mplstyle")
    known = [rcParamsDefault, rc_params_from_file(file, use_default_template=False)]
    return {key: value for rc in known for key, value in rc.items() if "backend" not in key}


def settings(colours: Colours) -> dict[str, Any]:
    """Return matplotlib's settings for the kit's style on this paper."""
    ink = dict.fromkeys(("text.color", "axes.labelcolor"), colours["ink"])
    muted = dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color"), colours["muted"])
    paper = dict.fromkeys(("figure.facecolor", "axes.facecolor"), colours["paper"])
    return {**_style(), **ink, **muted, **paper, "grid.color": colours["faint"]}


_RIM = f"paint-order: stroke; stroke: var(--pk-paper); stroke-width: {RIM * PIXEL:g};"
_ROLES = {value: role for role, value in LIGHT.items() if role != "on"}


def _plain(svg: str) -> str:
    """Return what is drawn, of an SVG by matplotlib: no prolog, no page-wide style, no group ids.

    Only tags are touched: what a name says stays as it is.
    """
    inside = svg[svg.index("</metadata>") + len("</metadata>") : svg.rindex("</svg>")]
    inside = re.sub(r"<style.*?</style>", "", inside, count=1, flags=re.DOTALL)
    return re.sub(r"<[^>]*>\s*", lambda found: _tag(found.group()), inside).strip()


def _tag(tag: str) -> str:
    if tag.startswith("<text"):
        rim = _RIM if "text-anchor: start" in tag else ""  # a tick's words have nothing to cross
        tag = re.sub(r"font-family: 'DejaVu Sans'[^;\"]*;?", rim, tag.rstrip("\n"))
    elif tag.startswith("<g "):
        tag = re.sub(r' id="[^"]*"', "", tag)
    elif tag.startswith("<use"):
        tag = tag.replace("xlink:href", "href")
    tag = re.sub(r"(?<=[ \"])#[0-9a-f]{6}\b", _coloured, tag)
    return " ".join(tag.split())


def _coloured(found: re.Match[str]) -> str:
    role = _ROLES.get(found.group())
    return f"var(--pk-{role})" if role else found.group()
