"""A chart's figure is matplotlib's: restyled, every output shows it; and nobody else is touched."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
import pytest
from matplotlib.figure import Figure
from PIL import Image

from pubsub_kit import show
from pubsub_kit.show.ink import THEMES
from pubsub_kit.world.trace import Step, Trace
from tests.show.charts.figures import axes_of, texts, written
from tests.show.runs import HOSTILE, retry_charges_twice


def bars(title: str = "Orders") -> show.Picture:
    return show.bars({"lost": 3, "kept": 4}, mark="lost", title=title, x="orders")


def every_chart() -> dict[str, show.Picture]:
    curve = [(float(n), float(n * n + 1)) for n in range(20)]
    steps = [Step(n / 7, "send", "a", "b") for n in range(70)]
    return {
        "lines": show.lines(
            {"a": curve, "b": curve[:9]}, x="x", y="y", marks=[(3, 4, "m")], title="T"
        ),
        "bars": bars(),
        "points": show.points({"a": (1, 2), "b": (2, 1)}, most=(1.5, 1.5), mark="a", caption="C"),
        "latency": show.latency({"a": [0.1, 0.2], "b": [0.3]}, title="T", caption="C"),
        "rates": show.rates({"calls": steps}, marks={"now": 3}),
    }


@pytest.fixture(params=["lines", "bars", "points", "latency", "rates"])
def picture(request: pytest.FixtureRequest) -> show.Picture:
    return every_chart()[request.param]


# --- the figure -----------------------------------------------------------------------------------


def test_a_chart_has_a_figure_of_matplotlib(picture: show.Picture) -> None:
    assert isinstance(picture.figure, Figure)
    assert picture.figure is picture.figure
    assert len(picture.figure.axes) == 1


def test_a_diagram_has_none_and_says_so() -> None:
    with pytest.raises(show.PictureError, match="no figure of matplotlib's"):
        _ = show.spacetime(retry_charges_twice()).figure


def test_looking_at_the_figure_changes_nothing(picture: show.Picture) -> None:
    before = picture.svg(), Image.open(BytesIO(picture.png())).size
    assert picture.figure
    assert (picture.svg(), Image.open(BytesIO(picture.png())).size) == before


def test_a_restyled_figure_is_what_is_shown() -> None:
    picture = bars()
    before = picture.png()
    axes_of(picture).patches[1].set_facecolor("#123456")
    axes_of(picture).set_xlabel("of a hundred")
    picture.figure.set_size_inches(6, 3)
    assert "#123456" in picture.svg()
    assert "of a hundred" in picture.svg()
    assert picture.png() != before
    about = picture._repr_mimebundle_()[1]["image/png"]
    assert (about["width"], about["height"]) == (600, 300)
    image = Image.open(BytesIO(picture.png())).convert("RGB")
    assert image.size == (1200, 600)
    assert (0x12, 0x34, 0x56) in {colour for _, colour in image.getcolors(1 << 20) or []}


def test_what_a_notebook_has_set_reaches_no_chart_and_a_chart_sets_nothing() -> None:
    before = bars().svg()
    theirs: Any = {"font.size": 30, "axes.grid": False, "svg.fonttype": "path", "lines.marker": "x"}
    with matplotlib.rc_context(theirs):
        now = dict(matplotlib.rcParams)
        assert bars().svg() == before
        assert dict(matplotlib.rcParams) == now


# --- its outputs ----------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_colour_of_a_theme_is_a_role(picture: show.Picture, theme: str) -> None:
    drawn = re.sub(r'style="display[^"]*"', "", picture.svg(theme))
    assert re.findall(r"#[0-9a-f]{6}", drawn) == []
    image = Image.open(BytesIO(picture.png(theme, scale=1.0))).convert("RGB")
    assert image.getpixel((1, 1)) == tuple(bytes.fromhex(THEMES[theme]["paper"][1:]))


def test_an_svg_is_the_same_each_time_and_says_nothing_of_the_page_or_the_date(
    picture: show.Picture,
) -> None:
    assert picture.svg() == picture.svg()
    for word in ("<style", "<metadata", "<?xml", "<!DOCTYPE", "Date", 'id="figure'):
        assert word not in picture.svg()


def test_the_parts_that_an_svg_names_are_in_it(picture: show.Picture) -> None:
    svg = picture.svg()
    named = set(re.findall(r'(?:url\(#|href="#)(\w+)', svg))
    assert named <= set(re.findall(r' id="(\w+)"', svg))


def test_two_charts_on_a_page_share_no_part() -> None:
    ids = [set(re.findall(r' id="(\w+)"', bars(title).svg())) for title in ("one", "two")]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_letters_can_be_read(picture: show.Picture) -> None:
    assert min(float(text.get_fontsize()) / 0.72 for text in texts(picture)) >= 10.99


def test_a_name_is_drawn_as_it_is() -> None:
    names = ["$x_1$ costs $5", 'style="fill: #222222"', "a & b", "<use>"]
    picture = show.bars(dict.fromkeys(names, 1))
    assert set(names) <= set(written(picture))
    shown = [element.text for element in ET.fromstring(picture.svg()).iter()]
    assert set(names) <= set(shown)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_can_be_saved(name: str, tmp_path: Path) -> None:
    picture = show.lines({name: [(0, 1), (1, 2)]}, x=name, y=name, title=name, caption=name)
    ET.fromstring(picture.save(tmp_path / "a.svg").read_text(encoding="utf-8"))


@pytest.mark.parametrize("draw", [show.trace, show.latency, show.lines, show.bars, show.topology])
def test_what_is_no_run_and_no_mapping_is_refused_in_a_sentence(draw: Any) -> None:
    with pytest.raises(show.PictureError, match=r"draws|drawn|needs"):
        draw(3)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: show.lines({"a": [(0, 1e300)]}),
        lambda: show.lines({"a": [(1, 1)]}, marks=[(None, -1e300, "m")]),
        lambda: show.lines({"a": [(1e-300, 1)]}, log="x"),
        lambda: show.bars({"a": -1e300}),
        lambda: show.points({"a": (1e300, 1)}),
        lambda: show.points({"a": (1, 1)}, most=(1e300, None)),
        lambda: show.latency({"a": [1e300]}),
    ],
)
def test_what_no_axis_can_reach_is_refused_before_it_is_drawn(draw: Any) -> None:
    with pytest.raises(show.PictureError, match="too far from 1"):
        draw()


def test_a_figure_can_be_saved_by_matplotlib(tmp_path: Path) -> None:
    for name in ("a.png", "a.svg", "a.pdf"):
        bars().figure.savefig(tmp_path / name)
        assert (tmp_path / name).stat().st_size


BAD: list[Callable[[Any], show.Picture]] = [
    lambda bad: show.lines({"a": bad}),
    lambda bad: show.lines({"a": [(1, bad)]}),
    lambda bad: show.lines({"a": [(1, 2)]}, marks=[(bad, bad, "here")]),
    lambda bad: show.lines({"a": [(1, 2)]}, marks=[bad]),
    lambda bad: show.bars({"a": bad}),
    lambda bad: show.points({"a": bad}),
    lambda bad: show.points({"a": (1, bad)}),
    lambda bad: show.latency({"a": [bad]}),
    lambda bad: show.rates({"a": bad}),
]


@pytest.mark.parametrize("draw", BAD)
@pytest.mark.parametrize("bad", ["x", None, object(), [None]])
def test_what_is_no_number_is_refused_in_a_sentence(
    draw: Callable[[Any], show.Picture], bad: object
) -> None:
    if bad is None and draw is BAD[2]:
        bad = ()
    with pytest.raises(show.PictureError):
        draw(bad)


@pytest.mark.parametrize("scale", [0, -1, float("nan"), 1e9, "x", None])
def test_a_size_that_is_none_is_refused(scale: Any) -> None:
    for picture in (show.bars({"a": 1}), show.trace(Trace([Step(0.0, "note", "a")]))):
        with pytest.raises(show.PictureError, match="scale is above 0 and at most 20"):
            picture.png(scale=scale)
