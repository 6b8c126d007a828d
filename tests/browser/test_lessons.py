"""Every lesson works in JupyterLab as a learner meets it: run all, then move each slider."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.controls import CHOICE, SLIDER, TOGGLE, controls
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
    sliders = controls(lesson, SLIDER)
    assert len(sliders) >= lesson.source.count("show.slider(")
    assert [str(slider) for slider in sliders if not slider.redraws()] == []


def test_every_choice_and_toggle_can_be_used(lesson: Notebook) -> None:
    used = controls(lesson, CHOICE, TOGGLE)
    for control in used:
        control.move()
        control.settled()
    words = ("show.choice(", "show.toggle(")
    assert len(used) >= sum(map(lesson.source.count, words))


def test_no_setting_failed_and_the_browsers_console_shows_no_error(lesson: Notebook) -> None:
    assert lesson.page.get_by_text("This setting did not run").all_inner_texts() == []
    assert lesson.outputs("error").all_inner_texts() == []
    assert lesson.errors == []
