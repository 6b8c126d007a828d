"""A week with the kit in its own JupyterLab: stop it, start it, and everything is where it was.

The kit under test is a clone of its own, served by `python -m pubsub_kit lab`.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from pubsub_kit.checks.desk.copies import copy_of, digest
from tests.browser.controls import SLIDER, Control, controls
from tests.browser.lab import Notebook, Server, clone_of_the_kit, git, workbook

FIRST = "my_lessons/00_start_here.ipynb"
MANY_PICTURES = "my_lessons/01_sync_cascade.ipynb"
UNTOUCHED = "my_lessons/02_fan_out.ipynb"  # by any other test of this file
WIDGETS = ".jp-OutputArea-output .pk-play, .jp-OutputArea-output .pk-ask"
PICTURES = ".jp-OutputArea-output img, .jp-OutputArea-output svg"
HINT = "To use them again, and to go on, click the cell where you were"


class Week:
    """The learner's clone, and the JupyterLab that now runs on it."""

    def __init__(self, place: Path) -> None:
        self.root = clone_of_the_kit(place / "kit")
        self.settings = place / "settings"
        self.settings.mkdir()
        self.stack = ExitStack()
        self.server: Server

    def start(self) -> None:
        """Run `lab`."""
        self.server = self.stack.enter_context(workbook(self.root, self.settings))

    def stop(self) -> None:
        """End `lab`, and every kernel with it."""
        self.stack.close()

    def open(self, browser: BrowserContext, path: str) -> Notebook:
        """Open a notebook in a tab of its own."""
        return Notebook(browser.new_page(), self.server, path)


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Week]:
    """Begin a week: clone the kit and start `lab`."""
    begun = Week(tmp_path_factory.mktemp("week"))
    begun.start()
    yield begun
    begun.stop()


def a_new_server(notebook: Notebook, week: Week, browser: BrowserContext) -> Notebook:
    path = notebook.path
    notebook.__exit__(None, None, None)
    week.stop()
    week.start()
    return week.open(browser, path)


def a_new_kernel(notebook: Notebook, week: Week, browser: BrowserContext) -> Notebook:
    (session,) = json.load(week.server.ask("GET", "sessions"))
    week.server.ask("POST", f"kernels/{session['kernel']['id']}/restart").close()
    notebook.wait_for_the_kernel()
    notebook.reload()
    notebook.runs = 0
    return notebook


@pytest.mark.parametrize(
    ("begin_anew", "path"), [(a_new_kernel, FIRST), (a_new_server, MANY_PICTURES)]
)
def test_a_lesson_that_is_opened_again_shows_its_pictures_and_a_run_brings_it_to_life(
    week: Week,
    browser: BrowserContext,
    begin_anew: Callable[[Notebook, Week, BrowserContext], Notebook],
    path: str,
) -> None:
    notebook = week.open(browser, path)
    notebook.run_all()
    notebook.save()
    page = notebook.page
    live, shown = page.locator(WIDGETS).count(), page.locator(PICTURES).count()
    assert live
    with begin_anew(notebook, week, browser) as notebook:
        page = notebook.page
        expect(page.get_by_text(HINT)).to_have_count(1)
        expect(page.locator(WIDGETS)).to_have_count(0)
        assert page.get_by_text("Error displaying widget").all_inner_texts() == []
        assert page.locator(PICTURES).count() >= shown > 0
        notebook.run_all()
        expect(page.locator(WIDGETS)).to_have_count(live)
        expect(page.get_by_text(HINT)).to_have_count(0)
        assert controls(notebook, SLIDER)[0].redraws()
        assert notebook.errors == []


def test_a_page_that_is_loaded_anew_is_as_alive_as_it_was(
    week: Week, browser: BrowserContext
) -> None:
    with week.open(browser, MANY_PICTURES) as notebook:
        notebook.run_all()
        notebook.save()
        live = notebook.page.locator(WIDGETS).count()
        notebook.reload()
        expect(notebook.page.locator(WIDGETS)).to_have_count(live)
        expect(notebook.page.get_by_text(HINT)).to_have_count(0)
        assert [str(slider) for slider in controls(notebook, SLIDER) if not slider.redraws()] == []
        assert notebook.errors == []


def test_the_sentence_is_shown_until_the_notebook_runs_and_is_never_saved(
    week: Week, browser: BrowserContext
) -> None:
    with week.open(browser, FIRST) as notebook:
        notebook.run_all()
        notebook.save()
    for _ in range(2):
        with week.open(browser, FIRST) as notebook:
            expect(notebook.page.get_by_text(HINT)).to_have_count(1)
            answer(notebook, "# a thought of mine")
            notebook.save()
            assert notebook.errors == []
        assert HINT not in (week.root / FIRST).read_text(encoding="utf-8")


def test_after_a_week_of_honest_use_git_finds_nothing_changed(
    week: Week, browser: BrowserContext
) -> None:
    name = "01_sync_cascade.ipynb"
    with week.open(browser, UNTOUCHED) as notebook:
        notebook.run_all()
        notebook.page.locator(".pk-ask [type=radio]").nth(1).check()
        notebook.page.get_by_role("button", name="Commit").first.click()
        expect(notebook.page.get_by_text("Committed to b")).to_be_visible()
        Control.move(controls(notebook, SLIDER)[0])
        notebook.save()
        assert notebook.errors == []
    copy = copy_of(week.root, name)
    with week.open(browser, copy.relative_to(week.root).as_posix()) as notebook:
        answer(notebook, "mine = 42")
        notebook.save()
        assert notebook.errors == []
    week.stop()
    week.start()
    assert "mine = 42" in copy.read_text(encoding="utf-8")
    for folder in ("notebooks", "exercises"):
        with week.open(browser, f"{folder}/{name}") as notebook:
            answer(notebook, "mine = 43")
            notebook.page.keyboard.press("Control+s")
            notebook.page.keyboard.press("Escape")
            expect(notebook.page.get_by_text("notebook is read-only")).to_be_visible()
    assert git(week.root, "status", "--porcelain") == ""
    lesson = json.loads((week.root / UNTOUCHED).read_text(encoding="utf-8"))
    assert lesson["metadata"]["pubsub_kit"]["edition"] == digest(lesson)
    exercise = json.loads(copy.read_text(encoding="utf-8"))
    assert exercise["metadata"]["pubsub_kit"]["edition"] != digest(exercise)


def answer(notebook: Notebook, text: str) -> None:
    """Type a line at the end of the last code cell that shows its code."""
    last = notebook.code_cells.locator(".cm-content:visible").last
    last.click()
    notebook.page.keyboard.press("Control+End")
    notebook.page.keyboard.type(f"\n{text}")


LESSON = "contents/notebooks/00_start_here.ipynb"
REFUSED = {
    "save": ("PUT", LESSON, {"type": "file", "content": "x", "format": "text"}),
    "a new file": ("POST", "contents/solutions", {"type": "notebook"}),
    "a copy": ("POST", "contents/exercises", {"copy_from": "README.md"}),
    "a rename": ("PATCH", LESSON, {"path": "my_work/mine.ipynb"}),
    "a move": ("PATCH", "contents/CHANGELOG.md", {"path": "notebooks/CHANGELOG.md"}),
    "a folder's rename": ("PATCH", "contents/exercises", {"path": "mine"}),
    "a deletion": ("DELETE", LESSON, None),
}  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), REFUSED.values(), ids=REFUSED.keys())
def test_the_server_refuses_in_a_sentence_to_change_an_original(
    week: Week, method: str, path: str, body: dict[str, str] | None
) -> None:
    request = urllib.request.Request(
        f"{week.server.url}/api/{path}", json.dumps(body).encode() if body else None, method=method
    )
    request.add_header("Authorization", f"token {week.server.token}")
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request)
    assert refusal.value.code == 403
    said = json.load(refusal.value)["message"]
    assert "stays as it came, so that updates work: your own copies" in said
    assert git(week.root, "status", "--porcelain") == ""
