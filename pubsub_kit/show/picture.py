"""A picture that says what it shows: a drawing, its summary in words, and its alternative text.

Every front-end finds something that it can show. Lab and VS Code take the HTML, an image that
brings its alternative text; GitHub takes the PNG, and a terminal takes the words, which are what a
notebook's tests compare.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.show import page
from pubsub_kit.show.frame import Piece
from pubsub_kit.show.ink import THEMES

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class PictureError(PubSubKitError):
    """A picture cannot show what it was asked for; the message says what, and what to do."""


class Drawing(Protocol):
    """What a picture is drawn on: a diagram's canvas, or a chart with its Figure."""

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in pixels."""

    @property
    def figure(self) -> Figure | None:
        """What matplotlib has drawn, if anything."""

    def svg(self, title: str, alt: str, theme: str) -> str:
        """Return SVG with its names for a screen reader."""

    def pieces(self, title: str, alt: str, theme: str) -> list[Piece]:
        """Return SVG in one piece, or a head that stays in view and what scrolls below it."""

    def png(self, theme: str, scale: float) -> bytes:
        """Return an opaque PNG."""


class Picture:
    """A drawing with its summary in words.

    `text` is a few lines, the same on every machine; `alt` is one paragraph for a screen reader;
    `beyond` is what `text` says and the drawing does not.
    """

    def __init__(
        self, drawing: Drawing, text: str, alt: str = "", title: str = "", beyond: str = ""
    ) -> None:
        self.drawing = drawing
        self.text = text
        self.beyond = beyond
        self.title = title or text.partition("\n")[0]
        self.alt = " ".join((alt or text).split())

    @property
    def figure(self) -> Figure:
        """Return a chart's matplotlib Figure; what is changed in it, the picture shows.

        It is drawn for light paper, and from now on shown so in a dark PNG too. Raises PictureError
        for a diagram, which matplotlib does not draw.
        """
        if (figure := self.drawing.figure) is None:
            raise PictureError("A diagram has no figure of matplotlib's: use svg(), png(), save().")
        return figure

    def svg(self, theme: str = "page") -> str:
        """Return SVG: "page" follows JupyterLab's theme, "light" and "dark" are fixed."""
        return self.drawing.svg(self.title, self.alt, _theme(theme))

    def pieces(self, theme: str) -> list[Piece]:
        """Return SVG named by the title alone; of a tall diagram the head and the rest, apart."""
        if self.drawing.size[1] > page.TALL:
            return self.drawing.pieces(self.title, "", _theme(theme))
        return [Piece(self.drawing.svg(self.title, "", _theme(theme)), *self.drawing.size)]

    def png(self, theme: str = "light", scale: float = 2.0) -> bytes:
        """Return an opaque PNG, light or dark, `scale` image pixels to one of the picture."""
        if not isinstance(scale, int | float) or not 0 < scale <= 20:
            raise PictureError(f"scale is above 0 and at most 20, not {scale!r}.")
        return self.drawing.png(_theme(theme, ("light", "dark")), scale)

    def save(self, path: str | Path, theme: str = "light") -> Path:
        """Write the picture as .svg or .png, whichever the name ends with, and return the path."""
        target = Path(path)
        if target.suffix not in (".svg", ".png"):
            raise PictureError(f"{target.name!r} ends in neither .svg nor .png: name it so.")
        svg = target.suffix == ".svg"
        target.write_bytes(self.svg(theme).encode() if svg else self.png(theme))
        return target

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[Any, Any]:
        """Give a front-end the words, the picture with its alternative text, and the PNG alone."""
        png = base64.b64encode(self.png()).decode()
        data = {"text/plain": self.text, "text/html": page.still(self), "image/png": png}
        w, h = map(round, self.drawing.size)
        about = {"width": w, "height": h, "alt": self.alt, "unconfined": True}
        return data, {"image/png": about}


def _theme(theme: str, known: Iterable[str] = THEMES) -> str:
    if theme not in known:
        raise PictureError(f"There is no theme {theme!r}: choose one of {', '.join(known)}.")
    return theme
