"""A waterfall: one row for each span of a trace, time from left to right, causes above effects.

An arrow across the broker leads from the span that sent a message to the one that handled it; the
dotted line before that one's bar is the time that the message waited in the queue.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, floor, log10
from typing import Any

from pubsub_kit.show import given
from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.diagrams.spans import Row, read, rows
from pubsub_kit.show.ink import clean, fit, seconds, width, wrap
from pubsub_kit.show.picture import Picture

_MOST = 60
_WIDTH, _ROW, _BAR, _INDENT, _EDGE = 800.0, 26.0, 12.0, 12.0, 14.0
_NAMES = 300.0  # pixels: the most that names may take
_TICKS = 6


def waterfall(
    spans: Iterable[Any], *, title: str | None = None, caption: str | None = None
) -> Picture:
    """Draw the spans of one or more traces: OpenTelemetry's finished spans, or the kit's `Span`s.

    A span stands below its parent, or below the first span that it links to. Seconds count from the
    first start. Raises PictureError if there is no span, or one that has not ended.
    """
    if not isinstance(spans, str | bytes) and isinstance(spans, Iterable):
        spans = [*spans]  # which may be read once
    given.several("waterfall()", "spans", spans)
    known = rows(read(spans))
    shown = known[:_MOST]
    more = [f"({len(known) - _MOST} more spans are not drawn)"] if len(known) > _MOST else []
    head, tail = ([clean(part)] if part else [] for part in (title, caption))
    text = "\n".join([*head, *(_sentence(row, known) for row in shown), *more, *tail])
    canvas = _Waterfall(shown).draw(clean(title or ""), clean(caption or ""))
    name = clean(title or "Waterfall")
    return Picture(canvas, text, f"Waterfall of spans. {text}", name, "\n".join(more))


def _queued(row: Row, known: list[Row]) -> float:
    """Return for how long what a span links to last waited for it (seconds), 0 for no link."""
    sent = [known[i].span.end for i in row.sources if i < len(known)]
    return max(row.span.start - max(sent), 0.0) if sent else 0.0


def _sentence(row: Row, known: list[Row]) -> str:
    span = row.span
    said = f"{'  ' * row.depth}{span.title}, {seconds(span.start)} to {seconds(span.end)}"
    if names := [known[i].span.title for i in row.sources]:
        wait = _queued(row, known)
        queue = f" after {seconds(wait)} in the queue" if wait else ""
        said += f"; linked to {' and '.join(names)}{queue}"
    return said + (f"; failed: {span.error}" if span.error else "")


class _Waterfall:
    """Names on the left, bars on a common axis of time."""

    def __init__(self, shown: list[Row]) -> None:
        self.rows = shown
        wide = max(width(r.span.title, 12, True) + _INDENT * r.depth for r in shown)
        self.left = _EDGE + min(wide, _NAMES) + 16
        self.end = max(row.span.end for row in shown) or 1.0
        said = max(width(self._words(row), 11, bool(row.span.error)) for row in shown)
        self.scale = (_WIDTH - self.left - _EDGE - min(said, 200.0) - 12) / self.end

    def draw(self, title: str, caption: str) -> Canvas:
        top = 46.0 + (26 if title else 0)
        self.top = top
        c = self.canvas = Canvas(_WIDTH, top + _ROW * len(self.rows))
        if title:
            c.text(_EDGE, 24, fit(title, _WIDTH - 2 * _EDGE, 15, True), 15, bold=True)
        self._axis()
        for i, row in enumerate(self.rows):
            self._links(i, row)
        for i, row in enumerate(self.rows):
            self._row(i, row)
        c.h += 6
        for line in wrap(caption, _WIDTH - 2 * _EDGE, 13):
            c.text(_EDGE, c.h + 14, line, 13)
            c.h += 18
        c.h += 8
        return c

    def _x(self, moment: float) -> float:
        return self.left + moment * self.scale

    def _y(self, i: int) -> float:
        return self.top + _ROW * (i + 0.5)

    def _axis(self) -> None:
        c, bottom = self.canvas, self.top + _ROW * len(self.rows)
        step = _nice(self.end / _TICKS)
        for n in range(floor(self.end / step + 1e-9) + 1):
            x = self._x(n * step)
            c.line((x, self.top - 8), (x, bottom), "faint", 1)
            c.text(x, self.top - 14, seconds(round(n * step, 9)), 11, "muted", "middle")

    def _links(self, i: int, row: Row) -> None:
        """Draw an arrow from each span that sent, and the wait of the message in between."""
        begins = self._x(row.span.start)
        for source in row.sources:
            if source >= len(self.rows):
                continue
            sent = self._x(self.rows[source].span.end)
            down = _BAR / 2 if source < i else -_BAR / 2
            corner = (sent, self._y(i))
            self.canvas.line((sent, self._y(source) + down), corner, "message", 1.2, "dashed")
            if begins - sent > 8:
                self.canvas.arrow([corner, (begins - 1, self._y(i))], "message", 1.2, "dotted")
            else:
                self.canvas.head((sent, self._y(source)), (sent, self._y(i) - down), "message", 6)

    def _row(self, i: int, row: Row) -> None:
        c, span, y = self.canvas, row.span, self._y(i)
        indent = _EDGE + min(_INDENT * row.depth, _NAMES / 2)
        room = self.left - 12 - indent
        name = fit(span.title, room, 12, row.depth == 0)
        c.text(indent, y + 4, name, 12, "fault" if span.error else "ink", bold=row.depth == 0)
        x, w = self._x(span.start), max((span.end - span.start) * self.scale, 2.0)
        if span.error:
            c.hatch(x, y - _BAR / 2, w, _BAR, "fault")
            c.cross(x + w, y, 5, "fault", 2.6)
        else:
            c.rect(x, y - _BAR / 2, w, _BAR, "good", radius=2)
        words = fit(self._words(row), _WIDTH - _EDGE - (x + w + 10), 11, bool(span.error))
        fill, bold = ("fault", True) if span.error else ("muted", False)
        c.text(x + w + 10, y + 4, words, 11, fill, bold=bold, halo=True)
        self._wait(row, y)

    def _wait(self, row: Row, y: float) -> None:
        """Say above its dotted line how long a message waited, where there is room for it."""
        wait = _queued(row, self.rows)
        said = f"{seconds(wait)} in the queue"
        if wait * self.scale >= width(said, 10) + 10:
            middle = self._x(row.span.start - wait / 2)
            self.canvas.text(middle, y - 3, said, 10, "message", "middle", halo=True)

    def _words(self, row: Row) -> str:
        took = seconds(round(row.span.end - row.span.start, 9))
        return f"{took}, {row.span.error}" if row.span.error else took


def _nice(step: float) -> float:
    """Return the next larger of 1, 2 and 5 times a power of ten."""
    unit = 10.0 ** floor(log10(step))
    return next(n * unit for n in (1, 2, 5, 10) if n >= ceil(step / unit * 1e6) / 1e6 or n == 10)
