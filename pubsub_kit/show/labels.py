"""Where labels go: each takes the first free spot of those that it would like, or a shorter form.

The rule that keeps pictures readable: no two labels overlap and none leaves the paper. Labels are
placed in order of importance, so what must give way is what matters least.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.ink import fit, width, wrap
from pubsub_kit.show.marks import Point

_ROW = 32.0
_BADGE = 20.0
_LEADING = 1.2  # from a line of a label to its next, in font sizes
_NARROWEST = 60.0  # pixels: no label is wrapped into less


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
        best = self._best(_empty(spot, w, h) for spot in spots)
        if best is None:
            return None
        self.take(best.box)
        return best.box

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
        lines: int = 1,
        strict: bool = False,
        whole: bool = False,
    ) -> bool:
        """Write the text at the best free spot, cut short only where it must be; say if it did.

        Best is whole and off every line (the only way, if `strict`), in one line or in up to
        `lines`, then whole, then, unless it must stay `whole`, cut short, to `least` letters at
        least; within that, the first spot. A badge is a number in a disc before the text.
        """
        style = _Style(size, bold, badge)
        forms = chain(_whole(spots, text, style), _wrapped(spots, text, style, lines))
        best = self._best(form for form in forms if form.fits)
        if best is None and not strict and not whole:
            best = self._best(_cut(spots, text, style, least))
        if best is None or (strict and not self.clear(best.box)):
            return False
        self.take(best.box)
        best.write(canvas, style, fill)
        return True

    def _best(self, forms: Iterable[Form]) -> Form | None:
        """Return the first form that is free and off every line, else the first that is free."""
        second = None
        for form in forms:
            if self.free(form.box):
                if self.clear(form.box):
                    return form
                second = second or form
        return second


class _Style(NamedTuple):
    """How a label is written; a badge leads its first line."""

    size: float
    bold: bool
    badge: int | None

    @property
    def lead(self) -> float:
        """The room before the words, in pixels."""
        return _BADGE if self.badge is not None else 0.0

    @property
    def half(self) -> float:
        """Half the height of a label of one line."""
        return max(self.size * 0.55, 8.2 if self.badge is not None else 0.0)

    def width(self, text: str) -> float:
        """The width of a line of words."""
        return width(text, self.size, self.bold)


class Form(NamedTuple):
    """A label in one of the ways in which it could be written."""

    box: Bounds
    words: tuple[str, ...]
    fits: bool

    def write(self, canvas: Canvas, style: _Style, fill: str) -> None:
        """Write the words, with the badge before the first line."""
        left, y = self.box.left, self.box.top + style.half
        if style.badge is not None:
            canvas.badge(left + 8.2, y, style.badge)
        for n, line in enumerate(self.words):
            at = y + style.size * (0.3 + n * _LEADING)
            canvas.text(left + style.lead, at, line, style.size, fill, "start", style.bold, True)


def _form(spot: Spot, words: tuple[str, ...], style: _Style, up: float = 0.5) -> Form:
    """Return words at a spot; `up` is the share of the lines after the first that lies above it."""
    w = style.lead + max(map(style.width, words))
    more = (len(words) - 1) * style.size * _LEADING
    left = spot.x - {"start": 0.0, "middle": w / 2, "end": w}[spot.anchor]
    top = spot.y - style.half - up * more
    box = Bounds(left, top, left + w, top + 2 * style.half + more)
    return Form(box, words, w <= spot.room)


def _empty(spot: Spot, w: float, h: float) -> Form:
    left = spot.x - {"start": 0.0, "middle": w / 2, "end": w}[spot.anchor]
    return Form(Bounds(left, spot.y - h / 2, left + w, spot.y + h / 2), (), True)


def _whole(spots: Sequence[Spot], text: str, style: _Style) -> Iterator[Form]:
    if text or style.badge is not None:
        for spot in spots:
            yield _form(spot, (text,), style)


def _wrapped(spots: Sequence[Spot], text: str, style: _Style, lines: int) -> Iterator[Form]:
    for spot in spots if lines > 1 else ():
        room = spot.room - style.lead
        words = _balanced(text, room, style.size, style.bold) if room >= _NARROWEST else ()
        if 1 < len(words) <= lines:
            for up in (0.5, 1.0, 0.0):
                yield _form(spot, words, style, up)


@lru_cache(1000)
def _balanced(text: str, room: float, size: float, bold: bool) -> tuple[str, ...]:
    """Return the text in as few lines as the room allows, none much shorter than another."""
    fewest = wrap(text, room, size, bold)
    for share in (0.5, 0.6, 0.7, 0.8, 0.9):
        lines = wrap(text, room * share, size, bold)
        if len(lines) == len(fewest):
            return tuple(lines)
    return tuple(fewest)


def _cut(spots: Sequence[Spot], text: str, style: _Style, least: int) -> Iterator[Form]:
    for spot in spots:
        words = fit(text, spot.room - style.lead, style.size, style.bold)
        if len(words) > least:
            yield _form(spot, (words,), style)


def _rows(top: float, bottom: float) -> range:
    return range(int(top // _ROW), int(bottom // _ROW) + 1)
