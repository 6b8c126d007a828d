"""Words on a chart: where there is room, whole, and pinned to what they are about.

Places are pixels of the figure at its own size, with y growing upward.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import hypot
from typing import TYPE_CHECKING, Any

from pubsub_kit.show.charts.paper import PIXEL
from pubsub_kit.show.ink import width, wrap
from pubsub_kit.show.labels import Bounds, Paper, Spot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Transform

_LINE = 17.0  # pixels from one line of a label to the next


def paper_of(axes: Axes) -> Paper:
    """Return the room for words within the axes."""
    x0, y0, x1, y1 = axes.bbox.extents
    return Paper(x0 + 2, y0 + 2, x1, y1 + 8)


def write(
    axes: Axes,
    paper: Paper,
    words: str,
    place: tuple[float, float],
    spots: Iterable[Spot],
    *,
    within: Transform | None = None,
    line: str = "",
    size: float = 12.0,
    **style: Any,
) -> None:
    """Write words, whole, at the first spot with room, pinned to a place in the data.

    `within` is the transform of the place, where it is not that of the data. Where no spot is
    free, the words go anywhere on the paper, with a line of this colour to their place; and where
    no room is left at all, they stand in the picture's summary alone.
    """
    lines = wrap(words, 300, size, bold=True)
    w, h = max((width(row, size, bold=True) for row in lines), default=0), _LINE * len(lines)
    box = paper.find([*spots], w, h) if lines else None
    if lines and box is None:
        at = (within or axes.transData).transform(place).tolist()
        box, style["line"] = paper.find(_anywhere(paper.edge, h, at), w, h), line
    if box is not None:
        to = box.left, (box.top + box.bottom) / 2
        pin(axes, "\n".join(lines), place, to, within, fontsize=size * PIXEL, **style)


def _anywhere(edge: Bounds, h: float, at: tuple[float, float]) -> list[Spot]:
    """Return spots all over the paper, the nearest first."""
    rows = range(int(edge.bottom - h / 2), int(edge.top), -8)
    columns = range(int(edge.left), int(edge.right), 16)
    spots = [Spot(x, y, "start", 0) for y in rows for x in columns]
    return sorted(spots, key=lambda spot: hypot(spot.x - at[0], spot.y - at[1]))


def pin(
    axes: Axes,
    words: str,
    place: tuple[float, float],
    to: tuple[float, float],
    within: Transform | None = None,
    line: str = "",
    **style: Any,
) -> None:
    """Write words whose left middle is at a pixel, and which move with a place in the data.

    They have a line of this colour to their place, if any.
    """
    transform = within or axes.transData
    x, y = transform.transform(place)
    axes.annotate(
        words,
        place,
        ((to[0] - x) * PIXEL, (to[1] - y) * PIXEL),
        xycoords=transform,
        textcoords="offset points",
        annotation_clip=False,
        va="center",
        linespacing=1.15,
        arrowprops={"arrowstyle": "-", "color": line, "lw": PIXEL, "relpos": (0, 0.5)}
        if line
        else None,
        **style,
    )
