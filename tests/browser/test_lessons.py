"""Every lesson works in JupyterLab as a learner meets it: run all, then move each slider."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.lab import KIT, Notebook, Server

LESSONS = sorted(path.name for path in (KIT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module", params=LESSONS)
def lesson(
    request: pytest.FixtureRequest, server: Server, browser: BrowserContext
) -> Iterator[Notebook]:
    """Open a lesson and run all of it."""
    with Notebook(browser.new_page(), server, f"notebooks/{request.param}") as notebook:
        notebook.run_all()
        yield notebook


def test_every_cell_runs_without_a_word_on_stderr(lesson: Notebook) -> None:
    assert lesson.outputs("stderr").all_inner_texts() == []


def test_every_slider_changes_the_picture_beside_it(lesson: Notebook) -> None:
    sliders = lesson.sliders()
    assert len(sliders) >= lesson.source.count("show.slider(")
    assert [str(slider) for slider in sliders if not slider.redraws()] == []
    assert lesson.outputs("error").all_inner_texts() == []


def test_the_browsers_console_shows_no_error(lesson: Notebook) -> None:
    assert lesson.errors == []
