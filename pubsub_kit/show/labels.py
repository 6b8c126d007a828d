"""Where labels go: each takes the first free spot of those that it would like, or a shorter form.

The rule that keeps pictures readable: no two labels overlap and none leaves the paper. Labels are
placed in order of importance, so what must give way is what matters least.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.ink import fit, width

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
    """Which parts of the paper are taken, found by rows so that thousands of labels stay cheap."""

    def __init__(self, left: float, top: float, right: float, bottom: float) -> None:
        self.edge = Bounds(left, top, right, bottom)
        self._rows: dict[int, list[Bounds]] = defaultdict(list)

    def free(self, box: Bounds) -> bool:
        """Say whether the box lies on the paper and touches nothing that is taken."""
        left, top, right, bottom = box
        edge = self.edge
        if left < edge.left or right > edge.right or top < edge.top or bottom > edge.bottom:
            return False
        return not any(
            left < o.right and o.left < right and top < o.bottom and o.top < bottom
            for row in _rows(box)
            for o in self._rows.get(row, ())
        )

    def take(self, box: Bounds) -> None:
        """Mark the box as taken."""
        for row in _rows(box):
            self._rows[row].append(box)

    def label(
        self,
        canvas: Canvas,
        spots: Iterable[Spot],
        text: str,
        *,
        size: float = 12.0,
        fill: str = "ink",
        bold: bool = False,
        badge: int | None = None,
        least: int = 4,
    ) -> bool:
        """Write the text at the first spot where it fits whole, else cut short; say if it did.

        A cut text keeps at least `least` letters. A badge is a number in a disc before the text.
        """
        wanted = list(spots)
        full = width(text, size, bold)
        for shorten in (False, True):
            for spot in wanted:
                room = spot.room - (_BADGE if badge is not None else 0)
                words = text if full <= room else fit(text, room, size, bold) if shorten else ""
                enough = words and (words == text or len(words) > least)
                if enough and self._write(canvas, spot, words, size, fill, bold, badge):
                    return True
        return False

    def _write(
        self,
        canvas: Canvas,
        spot: Spot,
        words: str,
        size: float,
        fill: str,
        bold: bool,
        badge: int | None,
    ) -> bool:
        lead = _BADGE if badge is not None else 0.0
        w = width(words, size, bold) + lead
        left = spot.x - {"start": 0.0, "middle": w / 2, "end": w}[spot.anchor]
        half = max(size * 0.55, 8.0 if badge is not None else 0.0)
        box = Bounds(left, spot.y - half, left + w, spot.y + half)
        if not self.free(box):
            return False
        self.take(box)
        if badge is not None:
            canvas.badge(left + 7.5, spot.y, badge)
        canvas.text(left + lead, spot.y + size * 0.3, words, size, fill, "start", bold, halo=True)
        return True


def _rows(box: Bounds) -> range:
    return range(int(box.top // _ROW), int(box.bottom // _ROW) + 1)
