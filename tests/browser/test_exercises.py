"""Every exercise and solution runs in JupyterLab: nothing raises, each check says its verdict."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.lab import KIT, Notebook, Server

NAMES = sorted(path.name for path in (KIT / "exercises").glob("*.ipynb"))


def verdicts(name: str, folder: str, server: Server, browser: BrowserContext) -> str:
    """Open a notebook, run all of it, and return what its page says."""
    with Notebook(browser.new_page(), server, f"{folder}/{name}") as notebook:
        notebook.run_all()
        assert notebook.outputs("error").all_inner_texts() == []
        assert notebook.outputs("stderr").all_inner_texts() == []
        assert notebook.errors == []
        return "\n".join(notebook.page.locator(".jp-OutputArea-output").all_inner_texts())


@pytest.mark.parametrize("name", NAMES)
def test_an_exercise_as_it_is_given_is_not_attempted(
    name: str, server: Server, browser: BrowserContext
) -> None:
    assert "not attempted" in verdicts(name, "exercises", server, browser)


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_of_a_solution_holds(
    name: str, server: Server, browser: BrowserContext
) -> None:
    shown = verdicts(name, "solutions", server, browser)
    assert "holds" in shown
    assert "not attempted" not in shown
