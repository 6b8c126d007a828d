"""A learner reviews cards in JupyterLab, by keys alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.lab import Notebook, Server, jupyterlab

SOURCE = """\
from pubsub_kit.interviews.cards.notebook import Cards
Cards({lesson!r}, {family!r})"""
JUDGED = """\
from pubsub_kit.interviews.cards import notebook
from pubsub_kit.interviews.cards.families.forms import Said
deck = notebook.deck()
notebook.deck = lambda: [c for c in deck if isinstance(c.problem(0).form, Said)]
shown = notebook.Cards("00")
notebook.deck = lambda: deck
shown"""
CELLS = {
    "run": SOURCE.format(lesson=None, family="crash"),
    "recap": JUDGED,
    "choice": SOURCE.format(lesson=None, family="outbox"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve a notebook with three cells of cards, of which nothing is kept."""
    root = tmp_path_factory.mktemp("cards")
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"cell-{name}",
            "source": source,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for name, source in CELLS.items()
    ]
    written: dict[str, Any] = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    written["metadata"] = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    (root / "cards.ipynb").write_text(json.dumps(written), encoding="utf-8")
    with jupyterlab(root, tmp_path_factory.mktemp("settings")) as running:
        yield running


@pytest.fixture
def notebook(browser: BrowserContext, server: Server) -> Iterator[Notebook]:
    """Open the notebook, with every cell run."""
    with Notebook(browser.new_page(), server, "cards.ipynb") as opened:
        opened.run_all()
        yield opened
        assert opened.errors == []


def test_a_card_is_answered_by_keys_and_its_run_is_drawn(notebook: Notebook) -> None:
    cell = notebook.code_cells.all()[0]
    field = cell.get_by_role("textbox", name="Type a number (exact).")
    field.focus()
    notebook.page.keyboard.press("Tab")
    expect(cell.get_by_role("button", name="Answer")).to_be_focused()
    notebook.page.keyboard.press("Tab")
    notebook.page.keyboard.press("Enter")
    expect(cell.get_by_role("status")).to_contain_text("Does the broker still know")
    field.fill("many")
    field.press("Enter")
    expect(cell.get_by_role("status")).to_contain_text("That can't be read")
    expect(field).to_have_value("")
    expect(field).to_be_focused()
    field.fill("999")
    field.press("Enter")
    expect(cell.get_by_role("status")).to_contain_text("✗ Not yet")
    expect(cell.locator(".pk-picture svg").first).to_be_visible()
    expect(cell.get_by_role("button", name="Next card")).to_be_focused()
    notebook.page.keyboard.press("Enter")
    expect(cell.get_by_role("status")).to_contain_text("the next card is, in 1 minute")


def test_a_key_in_a_card_is_no_command_of_the_notebook(notebook: Notebook) -> None:
    count = notebook.code_cells.count()
    button = notebook.code_cells.all()[0].get_by_role("button", name="Hint")
    button.focus()
    for key in ("a", "b", "ArrowDown", "x"):
        notebook.page.keyboard.press(key)
    expect(button).to_be_focused()
    assert notebook.code_cells.count() == count


def test_a_recap_is_looked_at_and_then_judged_by_a_key_that_is_not_enter(
    notebook: Notebook,
) -> None:
    cell = notebook.code_cells.all()[1]
    cell.locator(".pk-cards").get_by_role("textbox").fill("it comes again")
    notebook.page.keyboard.press("Enter")
    expect(cell.get_by_role("status")).to_contain_text("the charge in one transaction")
    expect(cell.get_by_text("You wrote: it comes again")).to_be_visible()
    expect(cell.get_by_role("group", name="Did you have it? Press y or n.")).to_be_focused()
    notebook.page.keyboard.press("Enter")
    expect(cell.get_by_role("button", name="I had it (y)")).to_be_visible()
    notebook.page.keyboard.press("y")
    expect(cell.get_by_role("status")).to_contain_text("✓ Right")


def test_the_options_stay_with_the_verdict(notebook: Notebook) -> None:
    cell = notebook.code_cells.all()[2]
    cell.get_by_role("radio").first.focus()
    notebook.page.keyboard.press("Space")
    notebook.page.keyboard.press("Enter")
    expect(cell.get_by_role("button", name="Next card")).to_be_focused()
    expect(cell.get_by_role("listitem")).to_have_count(4)
    expect(cell.get_by_role("listitem").filter(has_text="✓ right")).to_have_count(1)
    expect(cell.get_by_role("listitem").filter(has_text="your answer")).to_have_count(1)


def test_cards_whose_kernel_was_restarted_say_so_and_take_nothing(notebook: Notebook) -> None:
    cell = notebook.code_cells.all()[0]
    notebook.page.get_by_role("menuitem", name="Kernel", exact=True).click()
    notebook.page.get_by_role("menuitem", name="Restart Kernel…").click()
    notebook.page.get_by_role("button", name="Confirm Kernel Restart").click()
    expect(cell.get_by_role("alert")).to_contain_text("The kernel was restarted: run this cell")
    for control in cell.locator(".pk-cards button, .pk-cards input").all():
        expect(control).to_be_disabled()
    notebook.wait_for_the_kernel()
