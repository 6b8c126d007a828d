"""The panel of lesson 09 in JupyterLab: a mouse clicks its buttons, and a key moves its slider."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, expect

from tests.browser.lab import Notebook, Server


def test_a_click_adds_a_state_and_a_click_after_a_journey_begins_a_branch(
    server: Server, browser: BrowserContext
) -> None:
    with Notebook(browser.new_page(), server, "notebooks/09_time_travel.ipynb") as notebook:
        notebook.run_all()
        panel = notebook.page.locator(".widget-vbox").first
        shown = panel.locator("svg[role=img]")
        panel.get_by_role("button", name="+1").click()
        told = shown.get_by_text("state 5, after 4: +1 → 6, here")
        expect(told.first).to_be_attached()
        handle = panel.locator(".noUi-handle")
        handle.focus()
        handle.press("ArrowLeft")
        handle.press("ArrowLeft")
        panel.get_by_role("button", name="×2").click()
        expect(shown.get_by_text("state 6, after 3: ×2 → 8, here").first).to_be_attached()
        assert notebook.errors == []
