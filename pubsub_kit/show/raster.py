"""Marks and figures as PNG, drawn by matplotlib's Agg back-end without its global state."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import sub
from typing import TYPE_CHECKING, Any

from pubsub_kit.show.marks import DASHES, Box, Disc, Mark, Path, Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

_POINT = 0.72  # a pixel of the canvas in points, at 100 pixels an inch


def png(
    marks: Sequence[Mark], size: tuple[float, float], colours: dict[str, str], scale: float
) -> bytes:
    """Return the marks as an opaque PNG, `scale` image pixels to one of the picture's `size`."""
    from matplotlib.figure import Figure

    w, h = size
    with quiet({"text.usetex": False, "path.sketch": None, "path.simplify": False}):
        figure = Figure(figsize=(w / 100, h / 100), dpi=100)
        figure.set_facecolor(colours["paper"])
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, w), ylim=(h, 0))
        axes.set_axis_off()
        for order, mark in enumerate(marks):
            _draw(axes, mark, order, colours)
        return compressed(image(figure, scale), colours)


@contextmanager
def quiet(rc: dict[Any, Any]) -> Iterator[None]:
    """Draw with these settings of matplotlib, and without a word on letters that a font lacks."""
    import matplotlib

    with matplotlib.rc_context(rc), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*missing from.*font.*")
        yield


def image(figure: Figure, scale: float) -> Image:
    """Return a figure as pixels, `scale` for each hundredth of an inch."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    dpi = figure.dpi
    try:
        figure.set_dpi(100 * scale)
        agg: Any = FigureCanvasAgg(figure)
        agg.draw()
        pixels = Image.frombuffer(
            "RGBA", agg.get_width_height(), agg.buffer_rgba(), "raw", "RGBA", 0, 1
        )
        return pixels.convert("RGB")
    finally:
        figure.set_dpi(dpi)


def compressed(pixels: Image, colours: dict[str, str] | None) -> bytes:
    """Return a PNG, of a theme's colours alone if given: a fraction of the bytes."""
    from PIL import Image

    if colours:
        palette = Image.new("P", (1, 1))
        palette.putpalette(_shades(colours))
        pixels = pixels.quantize(palette=palette, dither=Image.Dither.NONE)
    out = io.BytesIO()
    pixels.save(out, "png", compress_level=6)
    return out.getvalue()


def _shades(colours: dict[str, str]) -> list[int]:
    """Return every colour of the theme in steps toward its paper and its tint: soft edges."""
    roles = {tuple(bytes.fromhex(value[1:])) for value in colours.values()}
    grounds = [tuple(bytes.fromhex(colours[name][1:])) for name in ("paper", "tint")]
    shades: dict[tuple[int, ...], None] = dict.fromkeys(grounds)
    for role in sorted(roles):
        for ground, steps in zip(grounds, (16, 6), strict=True):
            for i in range(steps):
                mixed = (round(a + (b - a) * i / steps) for a, b in zip(role, ground, strict=True))
                shade = tuple(mixed)
                # A shade next to the paper would be taken for it: large areas keep their colour.
                if all(max(map(abs, map(sub, shade, g))) > 8 for g in grounds):
                    shades.setdefault(shade)
    return [channel for shade in list(shades)[:256] for channel in shade]


def _draw(axes: Axes, mark: Mark, order: int, colours: dict[str, str]) -> None:
    if isinstance(mark, Text):
        _draw_text(axes, mark, order, colours)
    elif isinstance(mark, Path):
        _draw_path(axes, mark, order, colours)
    else:
        _draw_shape(axes, mark, order, colours)


def _draw_path(axes: Axes, mark: Path, order: int, colours: dict[str, str]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Polygon

    if mark.fill:
        edge = colours[mark.stroke] if mark.stroke else "none"
        face = colours[mark.fill]
        axes.add_artist(
            Polygon(
                mark.points, closed=True, fc=face, ec=edge, lw=mark.width * _POINT, zorder=order
            )
        )
        return
    points = (*mark.points, mark.points[0]) if mark.closed else mark.points
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    dash = DASHES[mark.dash]
    style: Any = (0, [d / mark.width for d in dash]) if dash else "-"
    colour = colours[mark.stroke]
    axes.add_artist(Line2D(xs, ys, color=colour, lw=mark.width * _POINT, ls=style, zorder=order))


def _draw_shape(axes: Axes, mark: Box | Disc, order: int, colours: dict[str, str]) -> None:
    from matplotlib.patches import Circle, FancyBboxPatch, Rectangle

    style: Any = {
        "fc": colours[mark.fill] if mark.fill else "none",
        "ec": colours[mark.stroke] if mark.stroke else "none",
        "lw": mark.width * _POINT if mark.stroke else 0,
        "zorder": order,
    }
    if isinstance(mark, Disc):
        axes.add_artist(Circle((mark.x, mark.y), mark.r, **style))
    elif mark.radius:
        r = min(mark.radius, mark.w / 2, mark.h / 2)
        corner = f"round,pad=0,rounding_size={r}"
        axes.add_artist(FancyBboxPatch((mark.x, mark.y), mark.w, mark.h, boxstyle=corner, **style))
    else:
        axes.add_artist(Rectangle((mark.x, mark.y), mark.w, mark.h, **style))


def _draw_text(axes: Axes, mark: Text, order: int, colours: dict[str, str]) -> None:
    from matplotlib.patheffects import withStroke
    from matplotlib.text import Text as Label

    halo = [withStroke(linewidth=3 * _POINT, foreground=colours["paper"])] if mark.halo else []
    axes.add_artist(
        Label(
            mark.x,
            mark.y,
            mark.text,
            fontsize=mark.size * _POINT,
            color=colours[mark.fill],
            ha={"start": "left", "middle": "center", "end": "right"}[mark.anchor],
            va="baseline",
            fontfamily="DejaVu Sans",
            fontweight="bold" if mark.bold else "normal",
            parse_math=False,
            usetex=False,
            path_effects=halo,
            zorder=order,
        )
    )
