"""Colours and letters: the palette of every picture, and how much room a text needs.

The hues are those of Okabe and Ito's colour-blind-safe palette (2008), darkened until each stands
out from white paper and from a dark page alike; no meaning rests on a colour alone. A text's room
is computed from the advance widths of DejaVu Sans, the widest of the fonts that a picture asks for,
so that a label that fits here fits in a browser too.
"""

from __future__ import annotations

import unicodedata

LIGHT = {
    "ink": "#222222",
    "muted": "#666666",
    "faint": "#d4d4d4",
    "paper": "#ffffff",
    "tint": "#ebebeb",
    "on": "#ffffff",
    "message": "#0072b2",
    "fault": "#c25400",
    "good": "#00805e",
    "wait": "#a8528a",
    "warm": "#9a6a00",
}
DARK = {
    "ink": "#ececec",
    "muted": "#b0b0b0",
    "faint": "#4a4a4a",
    "paper": "#161616",
    "tint": "#2a2a2a",
    "on": "#161616",
    "message": "#56b4e9",
    "fault": "#ff8a3d",
    "good": "#3ccf9f",
    "wait": "#d68fb9",
    "warm": "#e6ab3c",
}
_INK = "var(--jp-ui-font-color1, #222222)"
_HUES = ("message", "fault", "good", "wait", "warm")
# JupyterLab's own colours, so that a picture follows its theme; a hue leans toward the ink, which
# darkens it on light paper and lightens it on dark.
PAGE = {
    "ink": _INK,
    "muted": "var(--jp-ui-font-color2, #666666)",
    "faint": "var(--jp-border-color2, #d4d4d4)",
    "paper": "var(--jp-layout-color0, #ffffff)",
    "tint": "var(--jp-layout-color2, #ebebeb)",
    "on": "var(--jp-layout-color0, #ffffff)",
    **{hue: f"color-mix(in srgb, {LIGHT[hue]} 80%, {_INK})" for hue in _HUES},
}
THEMES = {"light": LIGHT, "dark": DARK, "page": PAGE}
SERIES = ("message", "good", "wait", "warm", "fault", "ink")
FONTS = "'DejaVu Sans', Verdana, 'Segoe UI', system-ui, sans-serif"

# Advance widths of DejaVu Sans, plain and bold, in hundredths of the font size, for the characters
# 32 to 126.
_WIDTHS = (
    "32 41 46 84 64 96 78 28 40 40 50 84 32 37 32 34 64 64 64 64 64 64 64 64 "
    "64 64 34 34 84 84 84 54 100 69 69 70 78 64 58 78 76 30 30 66 56 87 75 79 "
    "61 79 70 64 62 74 69 99 69 62 69 40 34 40 84 50 50 62 64 55 64 62 36 64 "
    "64 28 28 58 28 98 64 62 64 64 42 53 40 64 60 82 60 60 53 64 34 64 84"
)
_BOLD_WIDTHS = (
    "35 46 53 84 70 101 88 31 46 46 53 84 38 42 38 37 70 70 70 70 70 70 70 70 "
    "70 70 40 40 84 84 84 59 100 78 77 74 84 69 69 83 84 38 38 78 64 100 84 86 "
    "74 86 78 73 69 82 78 111 78 73 73 46 37 46 84 50 50 68 72 60 72 68 44 72 "
    "72 35 35 67 35 105 72 69 72 72 50 60 48 72 66 93 65 66 59 72 37 72 84"
)
_ADVANCE, _BOLD_ADVANCE = (
    {chr(32 + i): int(width) / 100 for i, width in enumerate(widths.split())}
    for widths in (_WIDTHS, _BOLD_WIDTHS)
)
_LONGEST = 400


def clean(text: object) -> str:
    """Return the text on one line, without control, format and unpaired characters."""
    words = " ".join(str(text)[:_LONGEST].split())
    if words.isascii() and words.isprintable():
        return words
    return "".join(c for c in words if unicodedata.category(c) not in _UNSEEN)


_UNSEEN = ("Cc", "Cf", "Cs", "Cn", "Co", "Mn", "Me", "Zl", "Zp")


def width(text: str, size: float, bold: bool = False) -> float:
    """Return an upper estimate of the text's width in pixels at this font size."""
    advance = _BOLD_ADVANCE if bold else _ADVANCE
    return size * sum(advance.get(c) or _advance(c, bold) for c in text)


def _advance(char: str, bold: bool) -> float:
    """Return the width of a character beyond ASCII, in font sizes, and remember it."""
    wide = unicodedata.east_asian_width(char) in "WF"
    _ADVANCE[char] = 1.4 if wide else 1.1 if ord(char) > 0x24F else 0.9
    _BOLD_ADVANCE[char] = _ADVANCE[char] * 1.15
    return (_BOLD_ADVANCE if bold else _ADVANCE)[char]


def fit(text: object, room: float, size: float, bold: bool = False) -> str:
    """Return the text, cut with an ellipsis where it would need more than `room` pixels."""
    words = clean(text)
    if width(words, size, bold) <= room:
        return words
    room -= width("…", size, bold)
    for end, char in enumerate(words):
        room -= width(char, size, bold)
        if room < 0:
            return words[:end].rstrip() + "…" if end else ""
    return words


def wrap(text: object, room: float, size: float, bold: bool = False) -> list[str]:
    """Return the text in lines that each fit into `room` pixels; a longer word is broken."""
    lines: list[str] = []
    line = ""
    for word in clean(text).split():
        longer = f"{line} {word}".strip()
        if width(longer, size, bold) > room:
            lines += [line] if line else []
            while len(word) > 1 and width(word, size, bold) > room:
                head = fit(word, room, size, bold).removesuffix("…") or word[0]
                lines.append(head)
                word = word[len(head) :]
            longer = word
        line = longer
    return [*lines, line] if line else lines


def seconds(value: float) -> str:
    """Return a duration or an instant in words, such as `40 ms`, `1.25 s` or `6 days`."""
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    if abs(value) >= 2 * 86_400:
        return f"{value / 86_400:.1f}".removesuffix(".0") + " days"
    if abs(value) >= 100:
        return f"{value:.1f}".removesuffix(".0") + " s"
    if abs(value) >= 0.9995 or value == 0:
        return f"{value:.3f}".rstrip("0").rstrip(".") + " s"
    if abs(value) >= 0.0009995:
        return f"{value * 1000:.3g} ms"
    return f"{value * 1e6:.3g} µs"
