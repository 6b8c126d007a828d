"""A chart's paper: scales with round ticks, a pair of axes, a title and a caption."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import NamedTuple

from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.ink import clean, fit, wrap
from pubsub_kit.show.picture import Picture

LEFT = 70.0
_BOTTOM = 46.0


class Scale(NamedTuple):
    """A linear or logarithmic way from values to pixels."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        low, high, value = (_log(v) if self.log else v for v in (self.low, self.high, value))
        return self.start + (value - low) / ((high - low) or 1.0) * (self.end - self.start)

    def ticks(self, gap: float) -> list[float]:
        """Return round values at least `gap` pixels apart."""
        room = abs(self.end - self.start) / gap
        if self.log:
            first, last = floor(_log(self.low) + 1e-9), ceil(_log(self.high) - 1e-9)
            many = (1, 2, 5) if (last - first) * 3 <= room else (1,)
            stride = max(1, ceil((last - first) / max(room, 1.0)))
            values = [m * 10.0**p for p in range(first, last + 1, stride) for m in many]
            return [v for v in values if self.low * 0.999 <= v <= self.high * 1.001]
        unit = round_up((self.high - self.low) / max(room, 1.0))
        return [
            n * unit
            for n in range(ceil(self.low / unit - 1e-9), floor(self.high / unit + 1e-9) + 1)
        ]


def _log(value: float) -> float:
    return log10(value) if value > 0 else -12.0


def round_up(least: float) -> float:
    """Return the first of 1, 2, 5, 10, … (at any power of ten) that is not below `least`."""
    if least <= 0:
        return 1.0
    power = 10.0 ** floor(log10(least))
    return next(power * m for m in (1, 2, 5, 10) if power * m >= least * 0.999)


def number(value: float) -> str:
    """Return a value as an axis prints it: short, with thousands apart."""
    if abs(value) >= 1e6:
        return f"{value / 1e6:.4g}M"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


class Page:
    """A chart's paper: title, room for the axes, caption."""

    def __init__(self, title: str | None, caption: str | None, height: float = 300.0) -> None:
        self.title, self.caption = clean(title or ""), clean(caption or "")
        self.top = 60.0 if self.title else 30.0
        self.bottom = self.top + height
        self.canvas = Canvas(900, self.bottom + _BOTTOM)
        if self.title:
            self.canvas.text(14, 24, fit(self.title, 872, 15, True), 15, bold=True)

    def axes(self, across: Scale, up: Scale, x: str, y: str) -> None:
        """Draw both axes with ticks and what they measure."""
        c = self.canvas
        for value in up.ticks(44):
            at = up(value)
            c.line((LEFT, at), (across.end, at), "faint", 1)
            c.text(LEFT - 8, at + 4, number(value), 11, "muted", "end")
        for value in across.ticks(72):
            at = across(value)
            c.line((at, self.bottom), (at, self.bottom + 5), "muted", 1)
            c.text(at, self.bottom + 18, number(value), 11, "muted", "middle")
        c.line((LEFT, self.bottom), (across.end, self.bottom), "muted", 1.2)
        middle = (LEFT + across.end) / 2
        c.text(middle, self.bottom + 36, fit(x, across.end - LEFT, 12), 12, "ink", "middle")
        c.text(14, self.top - 12, fit(y, 400, 12), 12, "ink")

    def picture(self, words: Sequence[str], kind: str) -> Picture:
        """Finish with the caption, and say what is shown."""
        at = self.canvas.h
        for line in wrap(self.caption, 872, 13):
            self.canvas.text(14, at + 14, line, 13)
            at += 18
        self.canvas.h = at + (8 if self.caption else 0)
        head = [self.title] if self.title else []
        text = "\n".join([*head, *words, *([self.caption] if self.caption else [])])
        return Picture(self.canvas, text, f"{kind}. {text}", self.title or kind)
