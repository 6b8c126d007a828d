"""`lab --projector`: a room can read the lesson, and nothing of the learner's is changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, expect

from pubsub_kit.workbook.contents import FOLDED
from tests.browser.lab import Notebook, clone_of_the_kit, workbook

LESSON = "my_lessons/00_start_here.ipynb"


def all_files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def folded(notebook: dict[str, Any]) -> list[str]:
    """Return the ids of the cells whose code is folded in the file."""
    return [c["id"] for c in notebook["cells"] if "source_hidden" in str(c["metadata"])]


def test_letters_are_large_code_is_folded_and_only_the_notebook_is_there(
    browser: BrowserContext, tmp_path: Path
) -> None:
    kit, settings = clone_of_the_kit(tmp_path / "kit"), tmp_path / "settings"
    settings.mkdir()
    with workbook(kit, settings, "--projector") as server:
        mine = all_files(settings / "config")
        page = browser.new_page()
        page.set_viewport_size({"width": 1280, "height": 720})
        with Notebook(page, server, LESSON, mode="doc") as notebook:
            prose = page.locator(".jp-RenderedMarkdown p").first
            assert prose.evaluate("it => parseFloat(getComputedStyle(it).fontSize)") >= 20
            expect(page.locator(".jp-SideBar:visible")).to_have_count(0)
            expect(page.locator(".jp-CodeCell .cm-content:visible")).to_have_count(0)
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            widget = page.locator(".jp-OutputArea-output:has(.pk-play, .pk-ask)").first
            expect(widget).to_be_visible()
            notebook.wait_for_the_kernel()
            notebook.save()
            assert float(widget.evaluate("it => getComputedStyle(it).zoom")) > 1
            assert notebook.errors == []
        assert mine
        assert all_files(settings / "config") == mine
    saved = json.loads((kit / LESSON).read_text(encoding="utf-8"))
    given = json.loads(notebook.source)
    assert folded(saved) == folded(given) != [cell["id"] for cell in given["cells"]]
    assert FOLDED not in json.dumps(saved)


def test_without_it_the_code_is_shown(browser: BrowserContext, tmp_path: Path) -> None:
    kit, settings = clone_of_the_kit(tmp_path / "kit"), tmp_path / "settings"
    settings.mkdir()
    with (
        workbook(kit, settings) as server,
        Notebook(browser.new_page(), server, LESSON) as notebook,
    ):
        expect(notebook.page.locator(".jp-CodeCell .cm-content:visible").first).to_be_visible()
        expect(notebook.page.locator(".jp-SideBar:visible").first).to_be_visible()
