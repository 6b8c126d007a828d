"""How long requests took: a histogram for each client, with its median and p99 marked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil, isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from pubsub_kit.show.charts.paper import PIXEL, WIDTH, Colours, Sheet
from pubsub_kit.show.charts.ticks import check, numbers, scale
from pubsub_kit.show.charts.words import pin
from pubsub_kit.show.ink import clean, fit, seconds, width
from pubsub_kit.show.picture import Picture, PictureError
from pubsub_kit.world.trace import Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST, _BINS = 6, 48
_LEFT, _RIGHT, _ROW, _NAME = 130.0, 750.0, 96.0, 200.0  # pixels
_HIGH, _MARK = 0.62, 0.74  # of a row: the highest bin, and the line of a quantile
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
            clean(name): Times(sorted(v), 0)
            for name, given in source.items()
            if (v := _seconds(name, given))
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


def _seconds(name: str, given: object) -> list[float]:
    found = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    return [numbers(name, value, 1, "a list of seconds")[0] for value in found]


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
    check((name, (t.all[-1],)) for name, t in every.items())
    shown = dict(list(every.items())[:_MOST])
    names = max(width(fit(name, _NAME, 13, bold=True), 13, bold=True) for name in shown)
    sheet = Sheet(
        clean(title or ""),
        clean(caption or ""),
        max(_LEFT, 30 + names),
        _RIGHT,
        high=_ROW * len(shown),
        above=8,
        below=44,
    )

    def draw(axes: Axes, colours: Colours) -> None:
        start, end, is_log = _ends(shown, log)
        scale(axes, "x", (start, end), log=is_log, say=seconds)
        axes.set_xlabel("how long each took (p50: half took less, p99: 99% took less)")
        axes.set_ylim(0, len(shown))
        axes.set_yticks([])
        for n, (name, t) in enumerate(shown.items()):
            _row(axes, name, t, len(shown) - 1 - n, colours)

    words = [f"{name}: {_words(t)}" for name, t in shown.items()]
    words += [f"{len(every) - _MOST} more clients are not drawn"] if len(every) > _MOST else []
    return sheet.picture("Latency histogram", words, draw, "Latency")


def _words(t: Times) -> str:
    failed = (
        f"{t.failed} of them failed ({t.failed / len(t.all):.1%})" if t.failed else "none failed"
    )
    half, slow, most = seconds(t.quantile(0.5)), seconds(t.quantile(0.99)), seconds(t.all[-1])
    return f"{len(t.all)} done, p50 {half}, p99 {slow}, slowest {most}; {failed}"


def _ends(shown: Mapping[str, Times], log: bool | None) -> tuple[float, float, bool]:
    """Return where the axis begins and ends, and whether it is logarithmic."""
    high = max(t.all[-1] for t in shown.values())
    low = min((v for t in shown.values() for v in t.all if v >= _LEAST), default=0.0)
    middle = min(t.quantile(0.5) for t in shown.values())
    if low and (log or (log is None and high > 15 * max(middle, low))):
        return low / 1.1, max(high, low) * 1.1, True
    return 0.0, 1.01 * high or 1.0, False


def _row(axes: Axes, name: str, t: Times, base: int, colours: Colours) -> None:
    """Draw one client's histogram, as high as its fullest bin, and say whose it is."""
    import numpy as np

    start, end = axes.get_xlim()
    spaced = np.geomspace if axes.get_xscale() == "log" else np.linspace
    counts, edges = np.histogram(np.clip(t.all, start, end), spaced(start, end, _BINS + 1))
    heights = np.where(counts, np.maximum(_HIGH * counts / counts.max(), 0.02), 0)
    axes.stairs(
        base + heights, edges, baseline=base, fill=True, color=colours["message"], label=name
    )
    axes.axhline(base, color=colours["muted"], linewidth=PIXEL)
    left = axes.get_yaxis_transform(which="grid")
    name = fit(name, _NAME, 13, bold=True)
    texts = [(name, "ink", 13, "bold"), (f"{len(t.all)} done", "muted", 11, "normal")]
    texts += [(f"✗ {t.failed} failed", "fault", 11, "bold")] if t.failed else []
    for n, (words, role, size, weight) in enumerate(texts):
        to = 14.0, axes.bbox.y0 + _ROW * (base + _HIGH) - 7 - 17 * n
        style: Any = {"color": colours[role], "size": size, "fontweight": weight}
        pin(axes, words, (0, base), to, left, **style)
    _quantiles(axes, t, base, colours)


def _quantiles(axes: Axes, t: Times, base: int, colours: Colours) -> None:
    """Mark p50 and p99 with their values; where these would meet, one goes left and one right."""
    start, top = axes.get_xlim()[0], base + _MARK
    values = [t.quantile(share) for share in (0.5, 0.99)]
    words = [f"{name} {seconds(value)}" for name, value in zip(("p50", "p99"), values, strict=True)]
    wide = [width(said, 12, bold=True) for said in words]
    places = [(max(value, start), top) for value in values]
    at = axes.transData.transform(places).tolist()
    lefts = [x - w / 2 for (x, _), w in zip(at, wide, strict=True)]
    if lefts[0] + wide[0] + 8 > lefts[1]:
        lefts = [at[0][0] - wide[0] + 2, at[1][0] - 2]
    lefts[1] = min(lefts[1], WIDTH - 4 - wide[1])
    lefts[0] = max(min(lefts[0], lefts[1] - 8 - wide[0]), 4)
    lefts[1] = max(lefts[1], lefts[0] + wide[0] + 8)
    for n, (x, _) in enumerate(places):
        axes.plot([x, x], [base, top], color=colours["ink"], lw=1.6 * PIXEL, ls=("-", "--")[n])
        pin(axes, words[n], places[n], (lefts[n], at[n][1] + 10), fontweight="bold")
