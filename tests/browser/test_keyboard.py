"""The first lesson with the keyboard alone, from its first cell to its last; no mouse is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.lab import Notebook, Server

LESSON = "notebooks/00_start_here.ipynb"
PLACE = """() => [...document.querySelectorAll(".jp-Notebook .jp-Cell")].findIndex(
    cell => cell.classList.contains("jp-mod-active"))"""
IN_IT = "() => document.activeElement.closest('.jp-Cell.jp-mod-active')"
FOCUSED = "it => it === document.activeElement || it.contains(document.activeElement)"


@pytest.fixture
def lesson(server: Server, browser: BrowserContext) -> Iterator[Notebook]:
    """Open the first lesson; JupyterLab puts the focus on its first cell."""
    with Notebook(browser.new_page(), server, LESSON) as opened:
        opened.page.wait_for_function(IN_IT)
        yield opened
        assert opened.errors == []


def active(page: Page) -> Locator:
    """Return the cell that a key press acts on."""
    return page.locator(".jp-Notebook .jp-Cell.jp-mod-active")


def run_until(page: Page, words: str) -> None:
    """Press Shift+Enter, cell after cell, until the active one holds these words."""
    wanted = active(page).filter(has_text=words)
    for _ in range(page.locator(".jp-Notebook .jp-Cell").count()):
        if wanted.count():
            return
        before = page.evaluate(PLACE)
        page.wait_for_function(IN_IT)
        page.keyboard.press("Shift+Enter")
        page.wait_for_function(f"before => ({PLACE})() !== before", arg=before)
    raise AssertionError(f"no cell with {words!r} became active")


def tab_to(page: Page, key: str, wanted: Locator) -> None:
    """Press Tab or Shift+Tab until the focus is on what is wanted."""
    expect(wanted).to_be_visible()
    for _ in range(20):
        page.keyboard.press(key)
        if wanted.evaluate(FOCUSED):
            return
    raise AssertionError(f"{key} never reached it; the focus is on {focus(page)}")


def tab_out(page: Page) -> None:
    """Press Shift+Tab until the focus is out of the output, on its cell, where Lab hears keys."""
    for _ in range(20):
        page.keyboard.press("Shift+Tab")
        if not page.evaluate("() => document.activeElement.closest('.jp-OutputArea')"):
            return
    raise AssertionError(f"the focus never left the output; it is on {focus(page)}")


def focus(page: Page) -> str:
    return str(page.evaluate("() => document.activeElement.outerHTML.slice(0, 200)"))


def press(page: Page, key: str, then: Callable[[], None], wanted: Locator) -> None:
    """Press a key on what has the focus, and see that it did its work and the focus stayed."""
    count = page.locator(".jp-Notebook .jp-Cell").count()
    cell = page.evaluate(PLACE)
    page.keyboard.press(key)
    then()
    assert page.locator(".jp-Notebook .jp-Cell").count() == count
    assert page.evaluate(PLACE) == cell, f"{key} left the cell"
    assert wanted.evaluate(FOCUSED), f"{key} moved the focus to {focus(page)}"


def test_the_first_lesson_needs_no_mouse(lesson: Notebook) -> None:
    page = lesson.page
    run_until(page, "mail.pull()")
    radios, commit = page.locator("input[type=radio]"), page.get_by_role("button", name="Commit")
    expect(radios).to_have_count(2)
    first, second = radios.all()
    tab_to(page, "Shift+Tab", second)
    press(page, "Space", lambda: expect(second).to_be_checked(), second)
    press(page, "ArrowUp", lambda: expect(first).to_be_checked(), first)
    press(page, "ArrowDown", lambda: expect(second).to_be_checked(), second)
    tab_to(page, "Tab", commit)
    press(page, "Space", lambda: expect(page.get_by_text("Committed to b")).to_be_visible(), commit)
    tab_out(page)
    run_until(page, "Without an ack, the broker")
    expect(page.get_by_text("As you predicted")).to_be_visible()
    slider = page.get_by_role("slider")
    tab_to(page, "Shift+Tab", slider)
    for value in ("0.1", "0.2", "0.3"):
        press(
            page,
            "ArrowRight",
            lambda value=value: expect(slider).to_have_value(value),  # type: ignore[misc]
            slider,
        )
    press(
        page,
        "ArrowLeft",
        lambda: expect(slider).to_have_value("0.2"),
        slider,
    )
    tab_out(page)
    run_until(page, "Next: 01, the blocking cascade")
    expect(active(page)).to_contain_text("the blocking cascade")
    assert lesson.outputs("error").all_inner_texts() == []
