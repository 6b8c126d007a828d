"""One frame of a picture of replicas: its heading, a strip for each replica, and what was acked."""

from __future__ import annotations

from math import cos, pi, sin

from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.diagrams.standing import Standing, Strip
from pubsub_kit.show.ink import fit, seconds, width, wrap
from pubsub_kit.show.marks import Point

WIDTH = 380.0
_HEAD, _STRIP, _FOOT = 46.0, 40.0, 34.0
_NAME, _CELL, _TALL = 84.0, 44.0, 28.0
_MOST = 5  # cells; of a longer log the last ones are shown


def height_of(strips: int) -> float:
    """Return how tall a frame with so many strips is, in pixels."""
    return _HEAD + 14 + _STRIP * strips + _FOOT


def draw_frame(canvas: Canvas, at: Point, tall: float, number: int, frame: Standing) -> None:
    """Draw one moment."""
    x, y = at
    bad = bool(frame.faults or frame.lost)
    canvas.rect(x, y, WIDTH, tall, "paper", "fault" if bad else "faint", 4.0, 1.8 if bad else 1.0)
    canvas.badge(x + 16, y + 14, number, "ink")
    words = f"{seconds(frame.time)}: {frame.words}"
    for n, line in enumerate(wrap(words, WIDTH - 46, 12, bad)[:2]):
        canvas.text(x + 32, y + 18 + 16 * n, line, 12, "ink", bold=bad)
    first = max(max(len(strip.log) for strip in frame.strips) - _MOST, 0)
    cells = x + 10 + _NAME
    for n in range(_MOST):
        canvas.text(cells + (n + 0.5) * _CELL, y + _HEAD + 8, first + n, 10, "muted", "middle")
    canvas.text(cells - 8, y + _HEAD + 8, "offset", 10, "muted", "end")
    for n, strip in enumerate(frame.strips):
        _strip(
            canvas, (x + 10, y + _HEAD + 14 + n * _STRIP), strip, first, strip.name == frame.leader
        )
    _acked(canvas, (x + 12, y + tall - 14), frame)


def _strip(canvas: Canvas, at: Point, strip: Strip, first: int, leads: bool) -> None:
    x, y = at
    down, middle, start = strip.state == "down", y + _TALL / 2, x + _NAME
    name = fit(strip.name, _NAME - 16, 12, leads)
    if leads:
        tip = (x + 9, middle)
        canvas.polyline([(x, middle - 6), tip, (x, middle + 6)], "ink", 1, "", "ink", True)
    canvas.text(x + 13, middle + 4, name, 12, "muted" if down else "ink", bold=leads)
    dash = "" if strip.in_sync else "dashed"
    for n, (epoch, id) in enumerate(strip.log[first:]):
        left = start + n * _CELL
        fill = "tint" if first + n < strip.watermark else "paper"
        canvas.rect(left + 1, y, _CELL - 2, _TALL, fill)
        corners = [(left + 1, y), (left + _CELL - 1, y), (left + _CELL - 1, y + _TALL)]
        canvas.polyline([*corners, (left + 1, y + _TALL)], "muted", 1.2, dash, "", True)
        ink = "muted" if down else "ink"
        canvas.text(left + _CELL / 2, y + 13, fit(id, _CELL - 4, 12), 12, ink, "middle")
        canvas.text(left + _CELL / 2, y + 24, f"epoch {epoch}", 9, "muted", "middle")
    mark = start + max(strip.watermark - first, 0) * _CELL
    canvas.line((mark, y - 4), (mark, y + _TALL + 4), "message", 3.4)
    away = strip.state != "up"
    canvas.text(
        start + _MOST * _CELL + 6, middle + 4, _state(strip), 11, "fault" if away else "ink",
        bold=away,
    )  # fmt: skip


def _state(strip: Strip) -> str:
    if strip.state != "up":
        return f"✗ {strip.state}"
    return "in sync" if strip.in_sync else "behind"


def _acked(canvas: Canvas, at: Point, frame: Standing) -> None:
    """Name the records that producers believe are safe; spikes frame those that are lost."""
    x, y = at
    canvas.text(x, y, "acked:", 12, "muted")
    x += 52
    for id in frame.acked[-5:]:
        lost = id in frame.lost
        said = f"{fit(id, 60, 12)} lost" if lost else f"{fit(id, 60, 12)} ✓"
        long = width(said, 12, lost) + 16
        if lost:
            canvas.polyline(
                _spikes(x + long / 2, y - 4, long / 2 + 8, 15.0), "fault", 1.6, "", "", True
            )
        canvas.text(x + 8, y, said, 12, "fault" if lost else "ink", bold=lost)
        x += long + (18 if lost else 4)
    if not frame.acked:
        canvas.text(x, y, "nothing yet", 12, "muted")


def _spikes(x: float, y: float, w: float, h: float, n: int = 14) -> list[Point]:
    """Return a star with many points around a place."""
    turns = [pi * i / n for i in range(2 * n)]
    sizes = [1.0 if i % 2 else 0.74 for i in range(2 * n)]
    return [(x + w * s * cos(t), y + h * s * sin(t)) for s, t in zip(sizes, turns, strict=True)]
