"""A learner commits to a prediction, answers a quiz and unfolds an answer, with the mouse."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from tests.browser.lab import Notebook, Server, jupyterlab

PREDICT = """\
from pubsub_kit import show
show.predict("Which arrives first?", ["the order", "the payment"], key="test.first")"""
QUIZ = """\
show.quiz("How many copies does a group get?", ["one", "one for each worker"], "one",
          {"b": "Workers of a group share."})"""
COMPARE = 'show.compare("test.first", "the payment")'
FOLDED = (
    "Say it aloud.\n\n<details><summary>An answer</summary>\n\nAt **least** once.\n\n</details>"
)


def cell(source: str, kind: str = "code") -> dict[str, Any]:
    """Return a cell that has not run."""
    unrun: dict[str, Any] = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {
        "cell_type": kind,
        "id": f"cell-{len(source)}",
        "source": source,
        "metadata": {},
    } | unrun


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve one notebook of questions."""
    root = tmp_path_factory.mktemp("questions")
    write(
        root / "questions.ipynb", [*map(cell, (PREDICT, QUIZ, COMPARE)), cell(FOLDED, "markdown")]
    )
    with jupyterlab(root, tmp_path_factory.mktemp("settings")) as running:
        yield running


def write(path: Path, cells: list[dict[str, Any]]) -> None:
    """Write cells as a notebook."""
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
    about = {"metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps({"cells": cells, **about}), encoding="utf-8")


@pytest.fixture
def notebook(server: Server, browser: BrowserContext) -> Iterator[Notebook]:
    """Open the questions and run them."""
    with Notebook(browser.new_page(), server, "questions.ipynb") as opened:
        opened.run_all()
        yield opened
        assert opened.errors == []


def choose(question: Locator, option: str, button: str) -> None:
    """Click an option, then the button, which can't be pressed before."""
    press = question.get_by_role("button", name=button)
    expect(press).to_be_disabled()
    question.get_by_text(option).click()
    press.click()


def test_a_committed_prediction_is_compared_by_a_later_cell(notebook: Notebook) -> None:
    predict, _, compare = notebook.code_cells.all()
    expect(compare).to_contain_text("○")
    choose(predict.locator(".jp-OutputArea"), "a) the order", "Commit")
    expect(predict).to_contain_text("Committed")
    notebook.run_all()
    expect(compare).to_contain_text(re.compile(r"✗.*a\) the order.*b\) the payment", re.DOTALL))


def test_a_quiz_says_why_and_lets_the_learner_try_again(notebook: Notebook) -> None:
    _, quiz, _ = notebook.code_cells.all()
    options = quiz.locator(".jp-OutputArea")
    choose(options, "b) one for each worker", "Check")
    expect(options).to_contain_text(re.compile(r"✗.*Workers of a group share", re.DOTALL))
    options.get_by_text("a) one", exact=True).click()
    options.get_by_role("button", name="Check").click()
    expect(options).to_contain_text("✓")


def test_a_folded_answer_unfolds(notebook: Notebook) -> None:
    answer = notebook.page.get_by_text("At least once.")
    expect(answer).to_be_hidden()
    notebook.page.locator("summary").click()
    expect(answer).to_be_visible()
