"""A picture shows in every front-end, says the same everywhere, and trusts no name."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
import warnings
import xml.etree.ElementTree as ET
from io import BytesIO
from pathlib import Path

import networkx as nx
import pytest
from PIL import Image

from pubsub_kit import show
from pubsub_kit.show import page
from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.ink import THEMES
from pubsub_kit.world.trace import Trace
from tests.show.runs import HOSTILE, chatter, retry_charges_twice

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def picture() -> show.Picture:
    return show.spacetime(retry_charges_twice(), title="Charged twice")


def hostile_pictures() -> list[show.Picture]:
    trace = Trace()
    for i, name in enumerate(HOSTILE):
        other = HOSTILE[i - 1]
        trace.add(i, "send", name, other, f"m{i}", name)
        trace.add(i, "receive", other, name, f"m{i}", other)
        trace.add(i, "effect", name, text=other, data=name, fault=True)
        trace.add(i, "end", name, data={"latency": 0.1, "ok": False})
    graph: nx.DiGraph[str] = nx.DiGraph()
    for name in HOSTILE:
        graph.add_node(name, kind=name, health=name)
        graph.add_edge(HOSTILE[0], name, state=name, sent=3)
    states = dict.fromkeys(HOSTILE, "x"), {name: name for name in HOSTILE}
    first, second = HOSTILE[:2]
    return [
        show.spacetime(
            trace, mark=2, expected=states[0], actual=states[1], title=first, caption=second
        ),
        show.topology(trace, title=first, caption=second),
        show.topology(graph, title=first),
        show.latency(trace, title=first, caption=second),
        show.lines(
            {name: [(0, i), (1, 2)] for i, name in enumerate(HOSTILE)},
            x=first,
            y=second,
            marks=[(0.5, 1, name) for name in HOSTILE],
            title=first,
        ),
        show.bars({name: i for i, name in enumerate(HOSTILE)}, mark=first, x=second, title=first),
        show.points(
            {name: (i, 20 - i) for i, name in enumerate(HOSTILE)}, mark=first, x=second, y=first
        ),
    ]


def every_picture() -> list[show.Picture]:
    long = Trace([*retry_charges_twice()])
    long.add(600.0, "crash", "bank", text="crash before the ack", fault=True)
    narrow = show.spacetime(chatter(40, nodes=12), axis="order", mark=20)
    return [*hostile_pictures(), show.spacetime(long, axis="order"), narrow]


# --- every front-end ------------------------------------------------------------------------------


def test_a_front_end_gets_words_an_image_with_them_and_a_png(picture: show.Picture) -> None:
    data, about = picture._repr_mimebundle_()
    assert set(data) == {"text/plain", "text/html", "image/png"}
    assert data["text/plain"] == picture.text == repr(picture)
    size = Image.open(BytesIO(base64.b64decode(data["image/png"]))).size
    shown = about["image/png"]
    assert size == (2 * shown["width"], 2 * shown["height"])
    assert shown["alt"] == picture.alt
    assert shown["unconfined"] is True  # so that Lab scrolls it, and does not shrink it


def images(picture: show.Picture) -> list[ET.Element]:
    """Return the images of the HTML that a notebook keeps."""
    html = picture._repr_mimebundle_()[0]["text/html"]
    return list(ET.fromstring(re.sub(r"(<img [^>]*)>", r"\1/>", html)).iter("img"))


def test_the_html_is_an_image_of_its_own_size_with_its_alternative_text(
    picture: show.Picture,
) -> None:
    (image,) = images(picture)
    assert image.get("alt") == picture.alt
    assert (image.get("width"), image.get("height")) == tuple(
        f"{length:g}" for length in picture.drawing.size
    )
    source = image.get("src", "").removeprefix("data:image/svg+xml;base64,")
    svg = ET.fromstring(base64.b64decode(source))
    assert "--jp-" not in str(svg.get("style"))  # an image doesn't see the page's colours
    words = [text.text for text in svg.iter(f"{SVG}text")]
    assert "Charged twice" in words


def test_a_tall_picture_keeps_its_lanes_names_in_view() -> None:
    picture = show.spacetime(chatter(100), title="Long")
    head, rest = images(picture)
    assert "position:sticky;top:0" in str(head.get("style"))
    assert (head.get("aria-hidden"), head.get("alt")) == ("true", "")
    assert rest.get("alt") == picture.alt
    above, below = picture.pieces("light")
    assert above.h + below.h == picture.drawing.size[1]
    assert ">service-0<" in above.svg
    assert ">Long<" in above.svg
    assert ">request 0<" in below.svg
    assert page.live(picture).count("position:sticky") == 1


def test_the_pieces_of_a_tall_picture_are_all_of_it() -> None:
    picture = show.spacetime(chatter(100), title="Long")
    whole = sorted(re.findall(r"<(?:path|text|circle)[^>]*>", picture.svg("light")))
    parts = "".join(piece.svg for piece in picture.pieces("light"))
    assert sorted(re.findall(r"<(?:path|text|circle)[^>]*>", parts)) == whole


def test_an_image_takes_less_room_than_its_png() -> None:
    for picture in (show.spacetime(chatter(60)), show.lines({"a": [(0, 1), (1, 3)]})):
        data, _ = picture._repr_mimebundle_()
        assert len(data["text/html"]) < len(data["image/png"])


@pytest.mark.parametrize("picture", every_picture(), ids=lambda p: p.alt[:12])
def test_no_letter_is_smaller_than_eleven_pixels(picture: show.Picture) -> None:
    svg = ET.fromstring(picture.svg("light"))
    unit = float(svg.get("viewBox", "").split()[2]) / float(svg.get("width", ""))
    found = re.findall(r'font-size="([\d.]+)"|([\d.]+)px', picture.svg("light"))
    sizes = [float(size or css) for size, css in found]
    assert sizes
    assert min(sizes) / unit >= 10.99


def test_the_words_carry_no_address(picture: show.Picture) -> None:
    assert " at 0x" not in picture.text


def test_the_alternative_text_is_one_paragraph_with_all_the_words(picture: show.Picture) -> None:
    assert "\n" not in picture.alt
    assert "Charged twice" in picture.alt
    assert "fault 1: 60 ms · charged is lost (bank → shop)" in picture.alt


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_png_is_opaque_on_the_paper_of_its_theme(picture: show.Picture, theme: str) -> None:
    image = Image.open(BytesIO(picture.png(theme))).convert("RGBA")
    paper = tuple(bytes.fromhex(THEMES[theme]["paper"][1:]))
    assert image.getpixel((1, 1)) == (*paper, 255)
    assert image.getchannel("A").getextrema() == (255, 255)


def test_the_page_theme_follows_jupyterlab_and_the_fixed_ones_do_not(picture: show.Picture) -> None:
    assert "var(--jp-ui-font-color1, #222222)" in picture.svg()
    assert "--jp-" not in picture.svg("dark")
    assert THEMES["dark"]["paper"] in picture.svg("dark")


def test_an_svg_is_an_image_with_a_title_and_a_description(picture: show.Picture) -> None:
    root = ET.fromstring(picture.svg())
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("role") == "img"
    assert title is not None
    assert title.text == "Charged twice"
    assert description is not None
    assert description.text == picture.alt


def test_both_outputs_are_saved_by_the_name_they_are_given(
    picture: show.Picture, tmp_path: Path
) -> None:
    assert picture.save(tmp_path / "a.svg").read_text(encoding="utf-8").startswith("<svg")
    assert picture.save(tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_an_unknown_format_or_theme_is_refused(picture: show.Picture, tmp_path: Path) -> None:
    with pytest.raises(show.PictureError, match=r"\.svg nor \.png"):
        picture.save(tmp_path / "a.gif")
    with pytest.raises(show.PictureError, match="no theme 'sepia'"):
        picture.svg("sepia")
    with pytest.raises(show.PictureError, match="no theme 'page': choose one of light, dark"):
        picture.png("page")


def test_pictures_are_described_and_played_without_a_heavy_import() -> None:
    code = """
import sys
from pubsub_kit import show
played = show.play(lambda n: show.bars({"a": n}), n=show.slider(1, 9))
chart = show.lines({"a": [(0, 1)]}, marks=[(0, 1, "here")])
print(*sorted(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"matplotlib", "networkx", "ipywidgets", "numpy", "PIL"} & set(done)


# --- no meaning in colour alone -------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_colour_stands_out_from_the_paper(theme: str) -> None:
    colours = THEMES[theme]
    low = {"faint", "tint", "paper", "on"}
    for role in set(colours) - low:
        assert contrast(colours[role], colours["paper"]) >= 4.5, role
    assert contrast(colours["on"], colours["fault"]) >= 4.5


def contrast(one: str, two: str) -> float:
    """Return the contrast ratio of two colours as WCAG 2 defines it."""
    dark, light = sorted((luminance(one), luminance(two)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    shares = [c / 255 for c in bytes.fromhex(colour[1:])]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# --- names that mean harm -------------------------------------------------------------------------


@pytest.mark.parametrize("picture", hostile_pictures(), ids=lambda p: p.alt[:12])
def test_hostile_names_stay_text_in_svg(picture: show.Picture) -> None:
    root = ET.fromstring(picture.svg())  # well formed: quotes, & and < were escaped
    known = {"svg", "title", "desc", "rect", "path", "circle", "text"}
    known |= {"g", "defs", "use", "clipPath", "pattern"}
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= known
    texts = [element.text or "" for element in root.iter(f"{SVG}text")]
    assert any("<script>" in text for text in texts)
    assert not any("\n" in text or "\u202e" in text or "\x1b" in text for text in texts)


@pytest.mark.parametrize("picture", hostile_pictures(), ids=lambda p: p.alt[:12])
def test_hostile_names_neither_break_nor_warn_in_a_png(picture: show.Picture) -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert picture.png(scale=1.0).startswith(b"\x89PNG")
    assert said == []


def test_a_dollar_sign_is_a_dollar_sign() -> None:
    """Matplotlib would set $x$ as mathematics, narrower than its letters."""
    assert left_of_ink("$x$ $y$ $z$") < left_of_ink("x y z") - 20


def left_of_ink(name: str) -> float:
    """Return where a name that ends at a fixed place begins, in pixels."""
    canvas = Canvas(400, 40)
    canvas.text(380, 25, name, 12, anchor="end")
    image = Image.open(BytesIO(canvas.png("light", 1.0))).convert("L")
    box = image.point([255 * (level < 128) for level in range(256)]).getbbox()
    assert box is not None
    return box[0]


def test_words_for_a_terminal_carry_no_control_characters() -> None:
    for picture in hostile_pictures():
        assert all(line.isprintable() for line in picture.text.split("\n"))
