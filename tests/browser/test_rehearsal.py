"""A candidate rehearses in JupyterLab: asks, decides, claims, runs, comes back, has a report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from tests.browser.lab import Notebook, Server, jupyterlab
from tests.browser.test_questions import cell, write

SETUP = """\
import os
from pathlib import Path
from pubsub_kit import interview
from pubsub_kit.checks.desk import journal
os.environ["PUBSUB_KIT_PROGRESS"] = "on"
journal.place = Path({root!r})"""
REHEARSE = 'interview("payment-ledger")'


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with one notebook, and a place for the learner's work."""
    made = tmp_path_factory.mktemp("rehearsal")
    (made / "my_work").mkdir()
    write(made / "rehearsal.ipynb", [cell(SETUP.format(root=str(made))), cell(REHEARSE)])
    return made


@pytest.fixture(scope="module")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve it."""
    with jupyterlab(root, tmp_path_factory.mktemp("settings")) as running:
        yield running


def said(desk: Locator) -> Locator:
    return desk.get_by_role("log")


def test_a_rehearsal_from_the_first_question_to_the_report(
    server: Server, browser: BrowserContext, root: Path
) -> None:
    with Notebook(browser.new_page(), server, "rehearsal.ipynb") as notebook:
        notebook.run_all()
        desk = notebook.page.locator(".pk-rehearse")
        desk.get_by_role("button", name="Start").click()
        expect(said(desk)).to_contain_text("What do you need to know?")
        expect(desk.get_by_label("You say")).to_be_focused()
        cells = notebook.page.locator(".jp-Cell").count()
        for line, answer in (
            ("How many payments a day?", "300M payments"),
            ("What is your favourite colour?", "make an assumption"),
            ("/decide unknown retry", "Sent again"),
            ("/claim no double charge under reply lost, 90%", "Noted"),
        ):
            notebook.page.keyboard.type(line)
            notebook.page.keyboard.press("Enter")
            expect(said(desk)).to_contain_text(answer)
        assert notebook.page.locator(".jp-Cell").count() == cells  # no key was the notebook's
        desk.get_by_role("button", name="Run the design").click()
        expect(said(desk)).to_contain_text("ann is charged twice")
        expect(said(desk)).to_contain_text("It did not hold")
        expect(said(desk)).to_contain_text("What does the bank statement say?")
        assert notebook.errors == []
    with Notebook(browser.new_page(), server, "rehearsal.ipynb") as again:  # and a new kernel
        again.run_all()
        desk = again.page.locator(".pk-rehearse")
        expect(desk.get_by_text("You stopped in")).to_be_visible()
        desk.get_by_role("button", name="Go on").click()
        expect(said(desk)).to_contain_text("You are back in")
        desk.get_by_role("button", name="End", exact=True).click()
        desk.get_by_role("button", name="Really end?").click()
        desk.get_by_label("trade-offs").select_option("strong")
        desk.get_by_role("button", name="Show the report").click()
        report = again.page.frame_locator("iframe.pk-report")
        expect(report.get_by_text("90% sure").first).to_be_visible()
        desk.get_by_role("button", name="Save the report").click()
        expect(desk.locator(".pk-saved")).to_contain_text("my_work")
        assert again.errors == []
    assert len(list(root.glob("my_work/**/*.html"))) == 1
