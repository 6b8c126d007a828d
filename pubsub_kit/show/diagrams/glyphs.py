"""The mark of each kind of step: a shape of its own, so that no meaning rests on a colour."""

from __future__ import annotations

from collections.abc import Mapping

from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.ink import fit, width
from pubsub_kit.show.marks import Point

NARROW = 96.0  # pixels: columns below this have staggered names
PARTS = "≠"  # marks the first step that another run does not share

# How far a mark reaches from its middle, in pixels; labels keep out of there.
REACH = {"crash": 10.0, "timeout": 8.0, "begin": 2.0, "end": 2.0, "pause": 2.0}


def draw(canvas: Canvas, kind: str, x: float, y: float) -> None:
    """Draw the mark of a step of this kind with its middle at (x, y)."""
    if kind == "effect":
        canvas.circle(x, y, 5, "good", "paper", 1.5)
    elif kind == "read":
        canvas.circle(x, y, 4.2, "paper", "good", 1.8)
    elif kind == "crash":
        canvas.cross(x, y, 8, "fault", 4)
    elif kind == "restart":
        wedge = [(x - 5, y - 5), (x + 6, y), (x - 5, y + 5)]
        canvas.polyline(wedge, "paper", 1, "", "good", True)
    elif kind == "timeout":
        _hourglass(canvas, x, y)
    elif kind == "breaker":
        _slashes(canvas, x, y, "fault")
    elif kind == "note":
        canvas.rect(x - 3.5, y - 3.5, 7, 7, "paper", "muted")


def _hourglass(canvas: Canvas, x: float, y: float) -> None:
    canvas.rect(x - 6, y - 7, 12, 14, "paper")
    glass = [(x - 5, y - 6), (x + 5, y - 6), (x - 5, y + 6), (x + 5, y + 6)]
    canvas.polyline(glass, "paper", 0.8, "", "wait", True)
    for edge in (y - 6.5, y + 6.5):
        canvas.line((x - 6, edge), (x + 6, edge), "wait", 1.6)


def gap(canvas: Canvas, x: float, y: float) -> None:
    """Interrupt a lane where a long wait was cut out of the axis."""
    canvas.rect(x - 9, y - 3, 18, 6, "paper")
    for edge in (y - 3, y + 3):
        canvas.line((x - 9, edge + 3), (x + 9, edge - 3), "muted", 1.1)


def cut(canvas: Canvas, x: float, y: float, other: float, mended: bool) -> None:
    """Draw a link that is cut, or mended, between the lanes at `x` and `other`."""
    stroke = "good" if mended else "fault"
    canvas.line((x, y), (other, y), stroke, 1.2, "dotted")
    _slashes(canvas, (x + other) / 2, y, stroke)


def _slashes(canvas: Canvas, x: float, y: float, stroke: str) -> None:
    canvas.line((x - 6, y + 6), (x, y - 6), stroke, 2.2)
    canvas.line((x, y + 6), (x + 6, y - 6), stroke, 2.2)


def ring(canvas: Canvas, x: float, y: float, words: str) -> None:
    """Draw a ring around what is wrong, a square around what blocks it, a diamond at a parting."""
    if "here" in words:
        canvas.circle(x, y, 11, "", "fault", 2.6)
    elif "why" in words:
        canvas.rect(x - 10, y - 10, 20, 20, "", "fault", 2, 2.6)
    if PARTS in words:
        corners = [(x, y - 14), (x + 14, y), (x, y + 14), (x - 14, y)]
        canvas.polyline(corners, "ink", 2.0, closed=True)


def room(words: str) -> float:
    """Return how far from the middle of a ringed mark its words begin, in pixels."""
    return 20.0 if PARTS in words else 16.0


def header(canvas: Canvas, xs: Mapping[str, float], y: float, column: float, edge: Point) -> None:
    """Write each lane's name in a box centred on the lane, between two edges, its top at `y`.

    Names above narrow columns stand on two levels by turns, so that each has the room of two. A
    name that is too long for its column is smaller, before it is cut.
    """
    narrow = column < NARROW
    usual, room = (11.0, 2 * column) if narrow else (13.0, column)
    for n, (node, x) in enumerate(xs.items()):
        top = y - 22 if narrow and n % 2 == 0 else y
        space = min(room, 2 * (x - edge[0]), 2 * (edge[1] - x)) - 24
        size = usual if width(node, usual, bold=True) <= space else 11.0
        name = fit(node, space, size, bold=True)
        w, h = width(name, size, bold=True) + 16, size * 2
        if narrow and n % 2 == 0:
            canvas.line((x, top + h), (x, y + h), "muted", 1)
        canvas.rect(x - w / 2, top, w, h, "tint", "muted", 5)
        canvas.text(x, top + h / 2 + size * 0.36, name, size, "ink", "middle", bold=True)
