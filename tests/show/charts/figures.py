"""What stands on a chart, and where, as matplotlib measures it."""

from __future__ import annotations

from itertools import combinations

from matplotlib.axes import Axes
from matplotlib.text import Text

from pubsub_kit import show
from pubsub_kit.show.charts.paper import settings
from pubsub_kit.show.ink import LIGHT
from pubsub_kit.show.raster import quiet

Box = tuple[float, float, float, float]


def axes_of(picture: show.Picture) -> Axes:
    """Return the one pair of axes of a chart."""
    (axes,) = picture.figure.axes
    return axes


def texts(picture: show.Picture) -> list[Text]:
    """Return every text that is drawn."""
    axes = axes_of(picture)
    found = [*picture.figure.texts, *axes.texts, axes.xaxis.label, axes.yaxis.label]
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        found += [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    return [text for text in found if text.get_text()]


def written(picture: show.Picture) -> list[str]:
    """Return the words of every text that is drawn."""
    return [text.get_text() for text in texts(picture)]


def places(picture: show.Picture) -> list[tuple[str, Box]]:
    """Return each text with its left, bottom, right and top in pixels of a picture 900 wide."""
    with quiet(settings(LIGHT)):
        picture.figure.draw_without_rendering()
        # An annotation's own extent would have the line to its place in it.
        return [(t.get_text(), Text.get_window_extent(t).extents) for t in texts(picture)]


def overlapping(picture: show.Picture) -> list[tuple[str, str]]:
    """Return the pairs of texts that overlap."""
    return [
        (first, second)
        for (first, a), (second, b) in combinations(places(picture), 2)
        if a[0] < b[2] - 0.5 and b[0] < a[2] - 0.5 and a[1] < b[3] - 0.5 and b[1] < a[3] - 0.5
    ]


def outside(picture: show.Picture) -> list[str]:
    """Return the texts that leave the paper."""
    w, h = picture.drawing.size
    return [
        words
        for words, (left, bottom, right, top) in places(picture)
        if left < 0 or bottom < 0 or right > w or top > h
    ]
