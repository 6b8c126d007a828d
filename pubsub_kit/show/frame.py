"""The frame of an SVG: its size, its names for a screen reader, and its theme's colours."""

from __future__ import annotations

from html import escape
from typing import NamedTuple

from pubsub_kit.show.ink import FONTS, THEMES, clean


class Piece(NamedTuple):
    """An SVG, or a part of one, with its width and height in pixels."""

    svg: str
    w: float
    h: float


def framed(
    inside: str,
    size: tuple[float, float],
    title: str,
    alt: str,
    theme: str,
    unit: float = 1.0,
    top: float = 0.0,
) -> str:
    """Return an SVG of this size in pixels, which never shrinks: a page has to scroll it.

    What is inside counts `unit` to a pixel, and begins `top` below zero. Its colours are
    `var(--pk-role)`. They are inline styles and reach this element alone, so two pictures on a page
    never meet.
    """
    w, h = map(rounded, size)
    view = " ".join(f"{length * unit:.6g}" for length in (0.0, top, *size))
    described = f"<desc>{_safe(alt)}</desc>" if alt else ""
    style = ";".join(f"--pk-{role}:{value}" for role, value in THEMES[theme].items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
        f'aria-label="{_safe(alt or title)}" '
        f'width="{w}" height="{h}" viewBox="{view}" font-family="{FONTS}" '
        f'style="display:block;max-width:none;{style}">'
        f"<title>{_safe(title)}</title>{described}{inside}</svg>"
    )


def rounded(value: float) -> str:
    """Return a coordinate with one digit after the point, at most."""
    return f"{value:.1f}".removesuffix(".0")


def _safe(text: str) -> str:
    lines = (clean(line) for line in text.splitlines())
    return escape("\n".join(line for line in lines if line), quote=True)
