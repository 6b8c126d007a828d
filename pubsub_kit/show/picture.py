"""A picture that says what it shows: a drawing, its summary in words, and its alternative text.

Every front-end finds something that it can show. Lab, VS Code and GitHub take the PNG, a terminal
and a screen reader take the words, and the words are what a notebook's tests compare.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.show.canvas import THEMES, Canvas


class PictureError(PubSubKitError):
    """A picture cannot show what it was asked for; the message says what, and what to do."""


class Picture:
    """A drawing with its summary in words.

    `text` is a few lines, the same on every machine; `alt` is one paragraph for a screen reader.
    """

    def __init__(self, canvas: Canvas, text: str, alt: str = "", title: str = "") -> None:
        self.canvas = canvas
        self.text = text
        self.title = title or text.partition("\n")[0]
        self.alt = " ".join((alt or text).split())
        self._pngs: dict[tuple[str, float], bytes] = {}

    def svg(self, theme: str = "page") -> str:
        """Return SVG: "page" follows JupyterLab's theme, "light" and "dark" are fixed."""
        return self.canvas.svg(self.title, self.alt, _theme(theme))

    def png(self, theme: str = "light", scale: float = 2.0) -> bytes:
        """Return an opaque PNG, light or dark, `scale` image pixels to one of the picture."""
        from pubsub_kit.show import raster

        key = (_theme(theme), scale)
        if key not in self._pngs:
            self._pngs[key] = raster.png(self.canvas, *key)
        return self._pngs[key]

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
        """Give a front-end the summary and the PNG, with its size and its alternative text."""
        data = {"text/plain": self.text, "image/png": base64.b64encode(self.png()).decode()}
        size = {"width": round(self.canvas.w), "height": round(self.canvas.h), "alt": self.alt}
        return data, {"image/png": size}


def _theme(theme: str) -> str:
    if theme not in THEMES:
        raise PictureError(f"There is no theme {theme!r}: choose one of {', '.join(THEMES)}.")
    return theme
