"""Bars: a level one for each name, with its value at its end; a marked one is hatched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING

from pubsub_kit.show.charts.paper import PIXEL, WIDTH, Colours, Sheet
from pubsub_kit.show.charts.ticks import check, mapping, number, numbers
from pubsub_kit.show.ink import clean, fit, width
from pubsub_kit.show.picture import Picture, PictureError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST, _ROW, _NAME = 30, 24.0, 260.0


def bars(
    values: Mapping[str, float],
    *,
    x: str = "",
    mark: str | Sequence[str] = (),
    title: str | None = None,
    caption: str | None = None,
) -> Picture:
    """Draw a level bar for each name, its value at its end; bars named in `mark` stand out.

    `x` says what is measured. Values are finite and may be negative; PictureError otherwise.
    """
    loud = {mark} if isinstance(mark, str) else set(mark)
    given = mapping("bars", values, "numbers")
    level = {name: numbers(name, value, 1, "a number")[0] for name, value in given.items()}
    shown = dict(list(level.items())[:_MOST])
    if not shown or not all(isfinite(value) for value in level.values()):
        raise PictureError("bars() needs at least one name, and a finite number for each.")
    check((name, (value,)) for name, value in shown.items())
    names = [fit(name, _NAME, 12, bold=True) for name in shown]
    left = 24 + max(width(name, 12, bold=True) for name in names)
    sheet = Sheet(
        clean(title or ""),
        clean(caption or ""),
        left,
        WIDTH - 14,
        high=_ROW * len(shown) + 4,
        above=14,
        below=34 if x else 10,
    )

    def draw(axes: Axes, colours: Colours) -> None:
        numbers = [number(value) for value in shown.values()]
        drawn = axes.barh(range(len(shown)), [*shown.values()], 17 / _ROW, color=colours["message"])
        for name, bar in zip(shown, drawn, strict=True):
            if name in loud:
                bar.set(hatch="////", facecolor=colours["paper"], edgecolor=colours["fault"])
        said = axes.bar_label(drawn, numbers, padding=5)
        axes.set_yticks(range(len(shown)), names, fontsize=12 * PIXEL, color=colours["ink"])
        for name, label, words in zip(shown, axes.get_yticklabels(), said, strict=True):
            for text in (label, words):
                text.set_fontweight("bold" if name in loud else "normal")
        axes.set_xlim(*_ends([*shown.values()], numbers, axes.bbox.width))
        axes.set_ylim(len(shown) - 0.5, -0.5)
        axes.axvline(0, color=colours["muted"], linewidth=1.2 * PIXEL)
        axes.grid(visible=False)
        axes.spines["bottom"].set_visible(False)
        axes.set_xticks([])
        axes.set_xlabel(fit(x, 500, 12))

    words = [f"{clean(name)}: {number(value)}" for name, value in shown.items()]
    more = [f"{len(values) - _MOST} more bars are not drawn"] if len(values) > _MOST else []
    said = [*([clean(x)] if x else []), *words, *more]
    return sheet.picture("Bar chart", said, draw, beyond=more)


def _ends(values: Sequence[float], numbers: Sequence[str], room: float) -> tuple[float, float]:
    """Return where the axis ends: the longest bar and its value fit on either side of zero."""
    least, most = min(0.0, *values), max(0.0, *values)
    most += least == most
    beside = 12 + max(width(words, 12, bold=True) for words in numbers)
    unit = (most - least) / (room - beside * (1 + (least < 0)))
    return least - beside * unit * (least < 0), most + beside * unit
