"""A candidate rehearses in JupyterLab: asks, decides, claims, runs, comes back, has a report."""

from __future__ import annotations

import re
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
OTHERS = """\
from pubsub_kit.interviews.cards.notebook import Cards
display(interview("notification-system"))
Cards(None, "crash")"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with one notebook, and a place for the learner's work."""
    made = tmp_path_factory.mktemp("rehearsal")
    (made / "my_work").mkdir()
    write(made / "rehearsal.ipynb", [cell(SETUP.format(root=str(made))), cell(REHEARSE)])
    write(made / "restarted.ipynb", [cell(SETUP.format(root=str(made))), cell(OTHERS)])
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
            ("What is your favourite colour?", "decide it, and say why"),
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
        expect(desk.get_by_role("group", name="The shortest run that breaks it")).to_be_visible()
        desk.get_by_label("You say").scroll_into_view_if_needed()
        expect(desk.get_by_role("button", name="Run the design")).to_be_in_viewport()
        expect(said(desk)).to_be_in_viewport()
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
        expect(report.get_by_text("90% sure").first).to_be_in_viewport()
        expect(again.page.locator("iframe.pk-report")).to_be_focused()
        expect(report.locator("img")).to_have_count(2)  # the design, and the run that breaks it
        desk.get_by_role("button", name="Save the report").click()
        expect(desk.locator(".pk-saved")).to_contain_text("my_work")
        assert again.errors == []
    assert len(list(root.glob("my_work/**/*.html"))) == 1


@pytest.mark.parametrize("started", [True, False])
def test_after_a_restart_of_the_kernel_the_page_stops_and_says_what_to_do(
    server: Server, browser: BrowserContext, started: bool
) -> None:
    with Notebook(browser.new_page(), server, "restarted.ipynb") as notebook:
        notebook.run_all()
        page = notebook.page
        desk, deck = page.locator(".pk-rehearse"), page.locator(".pk-cards")
        begin = desk.get_by_role("button", name="Start").or_(
            desk.get_by_role("button", name="Go on", exact=True)
        )
        if started:
            begin.click()
            expect(desk.get_by_label("You say")).to_be_enabled()
        page.get_by_role("menuitem", name="Kernel", exact=True).click()
        page.get_by_role("menuitem", name=re.compile("^Restart Kernel…")).click()
        page.get_by_role("button", name="Confirm Kernel Restart").click()
        for each in (desk, deck):
            expect(each.get_by_role("alert")).to_contain_text("run this cell again to go on")
            expect(each.locator(":is(button, input, select):enabled")).to_have_count(0)
        before = desk.get_by_role("timer").inner_text()
        page.wait_for_timeout(1_500)
        assert desk.get_by_role("timer").inner_text() == before
        notebook.wait_for_the_kernel()
        if started:
            notebook.runs = 0
            notebook.run_all()
            expect(page.locator(".pk-rehearse").get_by_text("You stopped in")).to_be_visible()
        assert notebook.errors == []
