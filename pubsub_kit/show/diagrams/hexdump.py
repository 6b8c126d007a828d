"""The bytes of a file, sixteen to a row, with what became of them: cut off, changed, or added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.diagrams.panel import Panel, difference, entries
from pubsub_kit.show.ink import clean, fit, width, wrap
from pubsub_kit.show.picture import Picture

_ACROSS, _CELL, _ROW = 16, 27.0, 48.0
_LEFT, _WIDTH, _PANEL = 52.0, 800.0, 280.0
_MOST = 8  # rows: of a longer file, those around the damage


def hexdump(
    data: bytes,
    *,
    parts: Sequence[tuple[str, int]] = (),
    at: int | None = None,
    new: bytes = b"",
    expected: Any = None,
    actual: Any = None,
    caption: str = "",
    title: str = "",
) -> Picture:
    """Draw a file's bytes; `parts` has the name of each part of it, and the byte where that ends.

    Without `new`, everything from byte `at` on is missing; else the bytes there became these, or
    came after the end. `expected` and `actual` are two states to set side by side.
    """
    sheet = _Sheet(data, parts, at, new)
    sheet.draw(clean(title), clean(caption), entries(expected, actual))
    said = [clean(title), f"{len(data)} bytes: {_tally(parts)}", sheet.damage]
    said += [f"✗ {words}" for words in [difference(entries(expected, actual))] if words]
    text = "\n".join([*filter(None, said), *([clean(caption)] if caption else [])])
    return Picture(sheet.canvas, text, f"The bytes of a file. {text}", clean(title))


def _tally(parts: Sequence[tuple[str, int]]) -> str:
    starts = [0, *(end for _, end in parts)]
    return ", ".join(
        f"{name} from {start}" for (name, _), start in zip(parts, starts, strict=False)
    )


class _Sheet:
    """The page: a caption, rows of bytes, and the two states beside them."""

    def __init__(
        self, data: bytes, parts: Sequence[tuple[str, int]], at: int | None, new: bytes
    ) -> None:
        self.data, self.parts, self.at, self.new = data, parts, at, new
        self.shown = data if at is None else data[:at] + new + data[at + len(new) :]
        self.canvas = Canvas(_WIDTH, 0)
        self.damage = self._damage()

    def _damage(self) -> str:
        if self.at is None:
            return ""
        if not self.new:
            return f"✗ cut after {self.at} bytes"
        if self.at >= len(self.data):
            return f"✗ {len(self.new)} bytes more, from byte {self.at} on: {_hex(self.new)}"
        old = self.data[self.at : self.at + len(self.new)]
        return f"✗ byte {self.at}: {_hex(old)} became {_hex(self.new)}"

    def draw(self, title: str, caption: str, table: Any) -> None:
        """Draw it all, and make the canvas as high as that takes."""
        canvas, y = self.canvas, 14.0
        if title:
            canvas.text(14, y + 12, fit(title, _WIDTH - 28, 15, True), 15, "ink", bold=True)
            y += 26
        for line in wrap(caption, _WIDTH - 28, 13):
            canvas.text(14, y + 10, line, 13)
            y += 18
        top = y + 10
        bottom = self._rows(top)
        if table:
            panel = Panel(table, _PANEL)
            panel.draw(canvas, _LEFT + _ACROSS * _CELL + 14, top + 4)
            bottom = max(bottom, top + panel.height + 14)
        canvas.h = bottom + 8

    def _rows(self, top: float) -> float:
        rows = range(0, max(len(self.shown), 1), _ACROSS)
        first = 0
        if len(rows) > _MOST:
            middle = min((self.at or 0) // _ACROSS, len(rows) - 1)
            first = max(min(middle - _MOST // 2, len(rows) - _MOST), 0)
        for n, start in enumerate(rows[first : first + _MOST]):
            y = top + n * _ROW
            self.canvas.text(_LEFT - 10, y + 27, start, 11, "muted", "end")
            for i in range(start, min(start + _ACROSS, len(self.shown))):
                self._byte(i, _LEFT + (i - start) * _CELL, y)
        bottom = top + min(len(rows), _MOST) * _ROW
        if len(rows) > _MOST:
            rest = f"{len(self.shown)} bytes in all; these are {rows[first]} to "
            rest += f"{min(rows[first] + _MOST * _ACROSS, len(self.shown)) - 1}"
            self.canvas.text(_LEFT, bottom + 12, rest, 11, "muted")
            bottom += 18
        if not self.shown:
            self.canvas.text(_LEFT, top + 27, "no byte", 12, "muted")
        return bottom

    def _byte(self, i: int, x: float, y: float) -> None:
        canvas, value = self.canvas, self.shown[i]
        lost = self.at is not None and not self.new and i >= self.at
        hit = self.at is not None and self.at <= i < self.at + len(self.new)
        part = sum(end <= i for _, end in self.parts)
        band = "tint" if part % 2 and not lost else "paper"
        canvas.rect(x, y + 12, _CELL, 32, "fault" if hit else band, "faint")
        ink = "on" if hit else "muted" if lost else "ink"
        canvas.text(x + _CELL / 2, y + 26, f"{value:02x}", 12, ink, "middle", bold=hit)
        sign = chr(value) if 33 <= value < 127 else "·"
        canvas.text(x + _CELL / 2, y + 40, sign, 11, "on" if hit else "muted", "middle")
        if lost:
            canvas.line((x + 3, y + 40), (x + _CELL - 3, y + 16), "fault", 1.2)
        if i == self.at and lost:
            canvas.line((x, y + 8), (x, y + 46), "fault", 3)
        self._name(i, part, x, y)

    def _name(self, i: int, part: int, x: float, y: float) -> None:
        """Write a part's name above its first byte."""
        starts = [0, *(end for _, end in self.parts)]
        if part < len(self.parts) and starts[part] == i:
            room = _CELL * min(self.parts[part][1] - i, _ACROSS - i % _ACROSS)
            name = self.parts[part][0]
            short = name if width(name, 10) <= room else name.rpartition(" ")[2]
            self.canvas.text(x + 1, y + 9, fit(short, room, 10), 10, "message")


def _hex(data: bytes) -> str:
    shown = " ".join(f"{each:02x}" for each in data[:8])
    return f"{shown} …" if len(data) > 8 else shown
