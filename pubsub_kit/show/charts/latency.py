"""How long requests took: a histogram for each client, with its median and p99 marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, isfinite
from typing import NamedTuple

from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.charts.axes import Scale
from pubsub_kit.show.diagrams.labels import Paper, Spot
from pubsub_kit.show.ink import clean, fit, seconds, wrap
from pubsub_kit.show.picture import Picture, PictureError
from pubsub_kit.world.trace import Trace

_MOST, _BINS, _ROW = 6, 48, 104.0
_LEFT, _RIGHT = 130.0, 850.0
_LEAST = 1e-6  # seconds: what a logarithmic axis can still tell from nothing


class Times(NamedTuple):
    """One client's finished requests: sorted latencies in seconds of all, and how many failed."""

    all: list[float]
    failed: int

    def quantile(self, share: float) -> float:
        """Return the least latency that this share of the requests did not exceed."""
        return self.all[max(ceil(share * len(self.all)) - 1, 0)]


def times(source: Trace | Mapping[str, Sequence[float]]) -> dict[str, Times]:
    """Collect latencies by client: from a trace's `end` steps, or from lists of seconds."""
    if not isinstance(source, Trace | Mapping):
        raise PictureError(
            "latency() draws a trace, or a mapping from names to lists of seconds; this is a "
            f"{type(source).__name__}."
        )
    if not isinstance(source, Trace):
        return {
            clean(name): Times(sorted(map(float, v)), 0) for name, v in source.items() if len(v)
        }
    found: dict[str, Times] = {}
    for step in source.of("end"):
        if isinstance(step.data, Mapping) and "latency" in step.data:
            seen = found.setdefault(clean(step.node), Times([], 0))
            seen.all.append(float(step.data["latency"]))
            if not step.data.get("ok", True):
                found[clean(step.node)] = seen._replace(failed=seen.failed + 1)
    for seen in found.values():
        seen.all.sort()
    return found


def latency(
    source: Trace | Mapping[str, Sequence[float]],
    *,
    title: str | None = None,
    caption: str | None = None,
    log: bool | None = None,
) -> Picture:
    """Draw how latencies are distributed, client by client, with p50 and p99 (seconds).

    Takes a trace whose clients finished requests, or a mapping from names to lists of seconds. The
    axis is logarithmic where `log` says so, or, for None, where the slowest is far from the median.
    Raises PictureError where nothing has finished.
    """
    every = times(source)
    if not every:
        raise PictureError("No finished request to measure: run the world longer, or add a client.")
    if not all(isfinite(v) and v >= 0 for t in every.values() for v in t.all):
        raise PictureError("A latency is not a finite number of seconds from 0 up: leave it out.")
    shown = dict(list(every.items())[:_MOST])
    canvas = _draw(shown, clean(title or ""), clean(caption or ""), log)
    text = "\n".join(
        [
            *([clean(title)] if title else []),
            *(f"{name}: {_words(t)}" for name, t in shown.items()),
            *([f"{len(every) - _MOST} more clients are not drawn"] if len(every) > _MOST else []),
            *([clean(caption)] if caption else []),
        ]
    )
    return Picture(canvas, text, f"Latency histogram. {text}", clean(title or "Latency"))


def _words(t: Times) -> str:
    failed = (
        f"{t.failed} of them failed ({t.failed / len(t.all):.1%})" if t.failed else "none failed"
    )
    half, slow, most = seconds(t.quantile(0.5)), seconds(t.quantile(0.99)), seconds(t.all[-1])
    count = "1 request" if len(t.all) == 1 else f"{len(t.all)} requests"
    return f"{count}, p50 {half}, p99 {slow}, slowest {most}; {failed}"


def _scale(shown: Mapping[str, Times], log: bool | None) -> Scale:
    high = max(t.all[-1] for t in shown.values())
    positive = [v for t in shown.values() for v in t.all if v >= _LEAST]
    low = min(positive, default=0.0)
    middle = min(t.quantile(0.5) for t in shown.values())
    if log is None:
        log = bool(positive) and low > 0 and high > 15 * max(middle, low)
    if log and positive:
        return Scale(low / 1.1, max(high, low) * 1.1, _LEFT, _RIGHT, True)
    return Scale(0.0, high or 1.0, _LEFT, _RIGHT)


def _draw(shown: Mapping[str, Times], title: str, caption: str, log: bool | None) -> Canvas:
    scale = _scale(shown, log)
    top = 44.0 if title else 14.0
    bottom = top + _ROW * len(shown)
    canvas = Canvas(900, bottom + 40)
    if title:
        canvas.text(14, 24, fit(title, 872, 15, True), 15, bold=True)
    for i, (name, t) in enumerate(shown.items()):
        _row(canvas, name, t, scale, top + _ROW * i)
    for value in scale.ticks(80):
        canvas.line((scale(value), bottom), (scale(value), bottom + 5), "muted", 1)
        canvas.text(scale(value), bottom + 18, seconds(value), 11, "muted", "middle")
    canvas.text((_LEFT + _RIGHT) / 2, bottom + 35, "latency of a request", 12, "ink", "middle")
    for line in wrap(caption, 872, 13):
        canvas.text(14, canvas.h + 14, line, 13)
        canvas.h += 18
    canvas.h += 8
    return canvas


def _row(canvas: Canvas, name: str, t: Times, scale: Scale, top: float) -> None:
    base = top + _ROW - 10
    step = (_RIGHT - _LEFT) / _BINS
    counts = [0] * (_BINS + 1)
    for value in t.all:
        at = scale(max(value, _LEAST))
        counts[min(max(int((at - _LEFT) / step), 0), _BINS - 1)] += 1
    peak = max(counts)
    for i, count in enumerate(counts):
        if count:
            h = max(count / peak * (_ROW - 46), 1.5)
            canvas.rect(_LEFT + i * step, base - h, step - 1, h, "message")
    canvas.line((_LEFT, base), (_RIGHT, base), "muted", 1.2)
    canvas.text(14, base - 44, fit(name, _LEFT - 24, 13, True), 13, bold=True)
    canvas.text(14, base - 27, f"{len(t.all)} done", 11, "muted")
    if t.failed:
        canvas.cross(19, base - 14, 4, "fault", 2)
        canvas.text(28, base - 10, f"{t.failed} failed", 11, "fault", bold=True)
    marks = [(scale(max(t.quantile(q), scale.low)), q) for q in (0.5, 0.99)]
    for (x, _), dash in zip(marks, ("", "dashed"), strict=True):
        canvas.line((x, top + 20), (x, base), "ink", 1.6, dash)
    paper = Paper(_LEFT - 100, top, 896, base)
    for (x, q), outward in zip(marks, ("end", "start"), strict=True):
        spots = [Spot(x, top + 12, "middle", 300), Spot(x, top + 12, outward, 300)]
        words = f"p{q * 100:.0f} {seconds(t.quantile(q))}"
        paper.label(canvas, [*spots, Spot(x, top + 12, "end", 300)], words, bold=True)
