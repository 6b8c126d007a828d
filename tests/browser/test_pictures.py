"""Pictures read well in a narrow, a zoomed and a dark JupyterLab, and their controls have keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.lab import Notebook, Server, jupyterlab

RUN = """\
from pubsub_kit import show
from pubsub_kit.world.trace import Trace

def run(messages, lost=False):
    trace = Trace()
    for i in range(messages):
        trace.add(i / 100, "send", "shop", "warehouse", f"m{i}", f"order {i}")
        trace.add(i / 100 + 0.005, "receive", "warehouse", "shop", f"m{i}")
    trace.add(messages / 100, "effect", "warehouse", text="one parcel too many", fault=True)
    return show.trace(trace, mark=len(trace) - 1, title=f"{messages} orders, {lost}")"""
PREDICT = 'show.predict("How many arrive?", ["all", "some"], key="test.arrive")'
PLAY = 'show.play(run, messages=show.slider(2, 60, 40, label="orders sent"), lost=show.toggle())'
SLOW = """\
import time

def slow(n):
    time.sleep(0.4)
    return run(n)

show.play(slow, n=show.slider(2, 9, label="slowly sent"))"""
CHART = """\
show.play(lambda n: show.lines({"sent": [(0, 0), (9, n)]}, x="seconds", y="orders"),
          n=show.slider(1, 9))"""
STILL = "run(60)"
STILL_CHART = 'show.bars({"kept": 3, "lost": 1}, x="orders")'
LEAST = 10.99  # pixels, with room for how a browser rounds

# The size on the screen of each letter in the pictures: of the SVG itself, or of an image's SVG.
SIZES = """async area => {
    const sizes = (svg, scale) => [...svg.querySelectorAll("text")].map(
        text => parseFloat(getComputedStyle(text).fontSize) * scale);
    const found = [];
    for (const svg of area.querySelectorAll(".pk-picture svg"))
        found.push(...sizes(svg, svg.getScreenCTM().a));
    for (const image of area.querySelectorAll("img[src^='data:image/svg']")) {
        const box = document.createElement("div");
        box.innerHTML = await (await fetch(image.src)).text();
        document.body.append(box);
        const svg = box.querySelector("svg");
        const unit = svg.getScreenCTM().a;
        const shrunk = image.getBoundingClientRect().width / svg.getBoundingClientRect().width;
        found.push(...sizes(svg, unit * shrunk));
        box.remove();
    }
    return found;
}"""


def cell(source: str, number: int) -> dict[str, Any]:
    """Return a code cell that has not run."""
    about = {"cell_type": "code", "id": f"cell-{number}", "metadata": {}}
    return {**about, "source": source, "outputs": [], "execution_count": None}


def write(root: Path) -> None:
    """Write the notebook of pictures."""
    cells = [
        cell(s, n) for n, s in enumerate((RUN, PREDICT, PLAY, CHART, STILL, STILL_CHART, SLOW))
    ]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
    about = {"metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    (root / "pictures.ipynb").write_text(json.dumps({"cells": cells, **about}), encoding="utf-8")


@pytest.fixture(scope="module", params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def server(theme: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve the notebook of pictures in a theme."""
    root = tmp_path_factory.mktemp("pictures")
    write(root)
    with jupyterlab(root, tmp_path_factory.mktemp("settings"), dark=theme == "dark") as running:
        yield running


@pytest.fixture(scope="module")
def pictures(server: Server, browser: BrowserContext) -> Iterator[Notebook]:
    """Open the pictures and run them."""
    with Notebook(browser.new_page(), server, "pictures.ipynb") as opened:
        opened.run_all()
        yield opened
        assert opened.errors == []


def outputs(notebook: Notebook, number: int) -> Locator:
    return notebook.code_cells.nth(number).locator(".jp-OutputArea").first


def box(notebook: Notebook, number: int) -> Locator:
    """Return the box that a cell's picture scrolls in."""
    return outputs(notebook, number).locator("[role=group][tabindex]")


def narrow(page: Page, zoom: float = 1.0) -> None:
    """Make the notebook 700 pixels wide on the screen, as it is seen at a zoom."""
    page.set_viewport_size({"width": round(700 / zoom), "height": round(900 / zoom)})
    page.wait_for_timeout(500)


@pytest.mark.parametrize("zoom", [1.0, 1.5])
def test_letters_never_shrink_and_what_has_no_room_scrolls(pictures: Notebook, zoom: float) -> None:
    narrow(pictures.page, zoom)
    for number in (2, 3, 4, 5):
        area = outputs(pictures, number)
        sizes = area.evaluate(SIZES)
        assert len(sizes) > 4
        assert min(sizes) >= LEAST
        assert area.evaluate("it => it.scrollWidth <= it.clientWidth + 1")
        wide = "it => [it.scrollWidth, it.clientWidth, it.getBoundingClientRect().right]"
        whole, seen, right = box(pictures, number).evaluate(wide)
        assert whole > seen
        assert right <= pictures.page.evaluate("innerWidth")


@pytest.mark.parametrize("number", [2, 4], ids=["live", "still"])
def test_a_lanes_name_stays_in_view_while_a_tall_diagram_scrolls(
    pictures: Notebook, number: int
) -> None:
    frame = box(pictures, number)
    frame.scroll_into_view_if_needed()
    above = "box => box.firstElementChild.getBoundingClientRect().top"
    top = frame.evaluate("box => box.getBoundingClientRect().top")
    assert frame.evaluate(above) == pytest.approx(top, abs=1)
    frame.evaluate("box => box.scrollTo(0, box.scrollHeight)")
    assert frame.evaluate("box => box.scrollTop") > 100
    assert frame.evaluate(above) == pytest.approx(top, abs=1)


def test_a_still_picture_brings_its_alternative_text(pictures: Notebook) -> None:
    (image,) = outputs(pictures, 4).get_by_role("img").all()  # its head is hidden: the same names
    alt = image.get_attribute("alt") or ""
    assert alt.startswith("Space-time diagram. 60 orders, False shop, warehouse: 60 messages")
    assert "✗ here, step 121" in alt
    expect(outputs(pictures, 5).get_by_role("img", name="Bar chart")).to_have_count(1)


def test_a_live_picture_tells_its_words_once(pictures: Notebook) -> None:
    area = outputs(pictures, 2)
    assert area.inner_text().count("60 ms") == 0
    status = area.get_by_role("status")
    assert status.inner_text().count("40 messages") == 1
    assert status.evaluate("it => it.textContent").count("✗ here, step 81") == 1
    labels = area.locator("svg[role=img]").evaluate_all(
        "all => all.map(it => it.getAttribute('aria-label'))"
    )
    assert set(labels) == {"40 orders, False"}
    seen = area.locator(".pk-words > div:not(.pk-drawn)").all_inner_texts()
    assert seen == ["shop, warehouse: 40 messages, 1 state change in 400 ms"]


def test_controls_have_names_and_keys_that_the_notebook_does_not_take(pictures: Notebook) -> None:
    cells = pictures.code_cells.count()
    slider = outputs(pictures, 2).get_by_role("slider", name="orders sent")
    slider.focus()
    for key in ("ArrowLeft", "ArrowDown", "ArrowRight", "b", "a", "d", "d"):
        slider.press(key)
    expect(slider).to_have_value("39")
    assert slider.get_attribute("aria-valuetext") == "39"
    expect(outputs(pictures, 2).get_by_role("status")).to_contain_text("39 messages")
    slider.press("Tab")
    toggle = outputs(pictures, 2).get_by_role("checkbox", name="lost")
    expect(toggle).to_be_focused()
    toggle.press("Space")
    expect(outputs(pictures, 2).get_by_role("status")).to_contain_text("39 orders, True")
    assert pictures.code_cells.count() == cells
    toggle.press("Space")
    slider.press("ArrowRight")
    expect(outputs(pictures, 2).get_by_role("status")).to_contain_text("40 orders, False")


def test_a_slow_run_waits_for_the_slider_and_shows_that_it_runs(pictures: Notebook) -> None:
    area = outputs(pictures, 6)
    slider, status = area.get_by_role("slider", name="slowly sent"), area.get_by_role("status")
    move = "(range, value) => { range.value = value; range.dispatchEvent(new Event('input')) }"
    slider.evaluate(move, "5")
    expect(area.locator(".pk-value")).to_have_text("5")
    pictures.page.wait_for_timeout(800)
    expect(status).to_contain_text("2 messages")
    slider.evaluate("range => range.dispatchEvent(new Event('change'))")
    expect(area.get_by_text("Running …")).to_be_visible()
    expect(status).to_contain_text("5 messages")
    expect(area.get_by_text("Running …")).to_be_hidden()


def test_arrows_scroll_a_picture_that_has_the_focus(pictures: Notebook) -> None:
    narrow(pictures.page)
    frame = box(pictures, 2)
    frame.evaluate("box => box.scrollTo(0, 0)")
    frame.focus()
    for key in ("ArrowRight", "ArrowDown"):
        pictures.page.keyboard.press(key)
        pictures.page.wait_for_timeout(300)
    assert frame.evaluate("box => box.scrollLeft > 0 && box.scrollTop > 0")


def test_a_prediction_is_committed_by_keys_and_the_notebook_runs_on(pictures: Notebook) -> None:
    asked, page = outputs(pictures, 1), pictures.page
    first = asked.get_by_role("radio", name="a) all")
    asked.get_by_role("group", name="How many arrive?").wait_for()
    first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(asked.get_by_role("radio", name="b) some")).to_be_checked()
    page.keyboard.press("Tab")
    expect(asked.get_by_role("button", name="Commit")).to_be_focused()
    page.keyboard.press("Enter")
    expect(asked.get_by_role("status")).to_contain_text("Committed to b)")
    number = pictures.code_cells.nth(1).locator(".jp-InputArea-prompt").inner_text()
    page.keyboard.press("Shift+Enter")
    prompt = pictures.code_cells.nth(1).locator(".jp-InputArea-prompt")
    expect(prompt).not_to_have_text(number)
    expect(prompt).to_have_text(re.compile(r"\[\d+\]:"))
    expect(pictures.code_cells.nth(2)).to_have_class(re.compile("jp-mod-active"))


Shares = tuple[float, float, float]


def shares(colour: str, under: Shares = (0.0, 0.0, 0.0)) -> Shares:
    """Return the red, green and blue of "rgb(…)" or "color(srgb …)", seen on what is under it."""
    numbers = [float(n) for n in re.findall(r"[\d.]+", colour.partition("(")[2])]
    most = 1 if colour.startswith("color") else 255
    alpha = numbers[3] if len(numbers) > 3 else 1.0
    red, green, blue = (
        alpha * n / most + (1 - alpha) * below for n, below in zip(numbers[:3], under, strict=True)
    )
    return red, green, blue


def luminance(colour: Shares) -> float:
    """Return the relative luminance, as WCAG computes it."""
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_word_stands_out_from_its_paper(pictures: Notebook, theme: str) -> None:
    # A number lies on its disc and a lane's name on its box, everything else on the paper.
    colours = """area => [...area.querySelectorAll("svg text")].map(text => {
        const own = text.previousElementSibling;
        const under = own?.matches("circle, rect") && own.getAttribute("fill") !== "none"
            ? own : text.closest("svg").querySelector("rect, path");
        return [getComputedStyle(text).fill, getComputedStyle(under).fill];
    })"""
    pairs = [pair for n in (2, 3) for pair in outputs(pictures, n).evaluate(colours)]
    words = """area => [...area.querySelectorAll("label, .pk-words > div, .pk-value")].map(it => [
        getComputedStyle(it).color,
        getComputedStyle(document.querySelector(".jp-Notebook")).backgroundColor])"""
    pairs += [pair for n in (1, 2) for pair in outputs(pictures, n).evaluate(words)]
    page = shares(pairs[-1][1])
    assert (luminance(page) < 0.1) == (theme == "dark")
    for ink, paper in {tuple(pair) for pair in pairs}:
        ground = shares(paper, page)
        dark, light = sorted((luminance(shares(ink, ground)), luminance(ground)))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, paper)
