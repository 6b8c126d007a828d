"""A picture on a page: at its own size, in a box that scrolls where the page has less room.

A picture that shrank with the page would have letters that nobody can read. A tall diagram scrolls
within its box, and its head, which names the lanes, stays in view.

`live` is inline SVG, which follows JupyterLab's theme. `still` is what a notebook keeps: the same
SVG as an image, light, which shows in a notebook that nobody trusts yet, carries its alternative
text to a screen reader, and takes a third of a PNG's bytes.
"""

from __future__ import annotations

from base64 import b64encode
from html import escape
from typing import Protocol

from pubsub_kit.show.frame import Piece, rounded

TALL = 640.0  # pixels: a higher picture scrolls within its box
_BOX = "overflow:auto;max-width:100%"
_STUCK = "position:sticky;top:0;z-index:1"


class Shown(Protocol):
    """What a page needs of a picture."""

    title: str
    alt: str

    def pieces(self, theme: str) -> list[Piece]:
        """Return SVG in one piece, or a head that stays in view and what scrolls below it."""


def live(picture: Shown) -> str:
    """Return the picture as inline SVG, named by its title: its words stand beside it."""
    pieces = picture.pieces("page")
    shown = [piece.svg for piece in pieces]
    if len(shown) > 1:
        shown[0] = f'<div style="{_STUCK};width:max-content" aria-hidden="true">{shown[0]}</div>'
    return _box(picture, shown)


def still(picture: Shown) -> str:
    """Return the picture as an image with its alternative text.

    A head is hidden from a screen reader: Lab would call an image without words "Image".
    """
    pieces = picture.pieces("light")
    shown = [_image(piece, picture.alt) for piece in pieces]
    if len(shown) > 1:
        shown[0] = _image(pieces[0], "", _STUCK).replace("<img ", '<img aria-hidden="true" ')
    return _box(picture, shown)


def _box(picture: Shown, shown: list[str]) -> str:
    style = f"{_BOX};max-height:{TALL:g}px" if len(shown) > 1 else _BOX
    name = escape(picture.title, quote=True)
    inside = "".join(shown)
    return f'<div style="{style}" tabindex="0" role="group" aria-label="{name}">{inside}</div>'


def _image(piece: Piece, alt: str, style: str = "") -> str:
    source = b64encode(piece.svg.encode()).decode()
    size = f'width="{rounded(piece.w)}" height="{rounded(piece.h)}"'
    fixed = f"display:block;max-width:none;width:{rounded(piece.w)}px;margin:0"
    style = f"{fixed};{style}" if style else fixed
    words = escape(alt, quote=True)
    return f'<img alt="{words}" {size} style="{style}" src="data:image/svg+xml;base64,{source}">'
