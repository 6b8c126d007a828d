"""Where labels go: each takes the first free spot of those that it would like, or a shorter form.

The rule that keeps pictures readable: no two labels overlap and none leaves the paper. Labels are
placed in order of importance, so what must give way is what matters least.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.ink import fit, width
from pubsub_kit.show.marks import Point

_ROW = 32.0
_BADGE = 19.0


class Bounds(NamedTuple):
    """A rectangle of paper in pixels."""

    left: float
    top: float
    right: float
    bottom: float


class Spot(NamedTuple):
    """A place that a label would take: the middle of its height is at `y`; `room` is its width."""

    x: float
    y: float
    anchor: str
    room: float


class Paper:
    """Which parts of the paper are taken, found by rows so that thousands of labels stay cheap.

    Labels and marks are `taken`: nothing may touch them. Lines are `inked`: labels keep off them
    where they can.
    """

    def __init__(self, left: float, top: float, right: float, bottom: float) -> None:
        self.edge = Bounds(left, top, right, bottom)
        self._taken: dict[int, list[Bounds]] = defaultdict(list)
        self._inked: dict[int, list[tuple[float, float, float, float]]] = defaultdict(list)

    def free(self, box: Bounds) -> bool:
        """Say whether the box lies on the paper and touches nothing that is taken."""
        left, top, right, bottom = box
        edge = self.edge
        if left < edge.left or right > edge.right or top < edge.top or bottom > edge.bottom:
            return False
        for row in _rows(top, bottom):
            for x0, y0, x1, y1 in self._taken.get(row, ()):
                if left < x1 and x0 < right and top < y1 and y0 < bottom:
                    return False
        return True

    def clear(self, box: Bounds) -> bool:
        """Say whether no line crosses the box."""
        left, top, right, bottom = box
        for row in _rows(top, bottom):
            for x0, y0, x1, y1 in self._inked.get(row, ()):
                if x0 < right and left < x1:
                    slope = (y1 - y0) / (x1 - x0)
                    a = y0 + (max(left, x0) - x0) * slope
                    b = y0 + (min(right, x1) - x0) * slope
                    if (a > top or b > top) and (a < bottom or b < bottom):
                        return False
        return True

    def take(self, box: Bounds) -> None:
        """Mark the box as taken."""
        for row in _rows(box.top, box.bottom):
            self._taken[row].append(box)

    def ink(self, start: Point, end: Point) -> None:
        """Mark a straight line as inked."""
        (x0, y0), (x1, y1) = sorted((start, end))
        for row in _rows(min(y0, y1), max(y0, y1)):
            self._inked[row].append((x0, y0, max(x1, x0 + 0.1), y1))

    def find(self, spots: Sequence[Spot], w: float, h: float) -> Bounds | None:
        """Take and return the first free box of this size, off every line if one is; or None."""
        best = self._best([(spot, "", w) for spot in spots], 0.0, h / 2)
        if best is None:
            return None
        self.take(best[0])
        return best[0]

    def label(
        self,
        canvas: Canvas,
        spots: Sequence[Spot],
        text: str,
        *,
        size: float = 12.0,
        fill: str = "ink",
        bold: bool = False,
        badge: int | None = None,
        least: int = 4,
        strict: bool = False,
    ) -> bool:
        """Write the text at the best free spot, cut short only where it must be; say if it did.

        Best is whole and off every line (the only way, if `strict`), then whole, then cut short,
        to `least` letters at least; within that, the first spot. A badge is a number in a disc
        before the text.
        """
        lead = _BADGE if badge is not None else 0.0
        half = max(size * 0.55, 8.0 if badge is not None else 0.0)
        full = width(text, size, bold)
        forms = [(spot, text, full) for spot in spots if text and full + lead <= spot.room]
        if not strict and not self._best(forms, lead, half):
            cut = [(spot, fit(text, spot.room - lead, size, bold)) for spot in spots]
            forms = [(spot, w, width(w, size, bold)) for spot, w in cut if len(w) > least]
        best = self._best(forms, lead, half)
        if best is None or (strict and not self.clear(best[0])):
            return False
        box, words = best
        self.take(box)
        y = box.top + half
        if badge is not None:
            canvas.badge(box.left + 7.5, y, badge)
        canvas.text(box.left + lead, y + size * 0.3, words, size, fill, "start", bold, halo=True)
        return True

    def _best(
        self, forms: list[tuple[Spot, str, float]], lead: float, half: float
    ) -> tuple[Bounds, str] | None:
        second = None
        for spot, words, w in forms:
            left = spot.x - {"start": 0.0, "middle": (w + lead) / 2, "end": w + lead}[spot.anchor]
            box = Bounds(left, spot.y - half, left + w + lead, spot.y + half)
            if self.free(box):
                if self.clear(box):
                    return box, words
                second = second or (box, words)
        return second


def _rows(top: float, bottom: float) -> range:
    return range(int(top // _ROW), int(bottom // _ROW) + 1)
