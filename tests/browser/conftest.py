"""One JupyterLab and one browser for each file of tests, and a picture of each failure.

They end with the file: while Playwright lives, its event loop is the thread's, and a test elsewhere
could not start its own.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest
from playwright.sync_api import BrowserContext, sync_playwright

from tests.browser.lab import (
    Server,
    chromium,
    chromium_path,
    copy_of_the_kit,
    jupyterlab,
    photograph,
)

OPEN = pytest.StashKey[BrowserContext]()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve a copy of the notebooks with JupyterLab."""
    root = copy_of_the_kit(tmp_path_factory.mktemp("kit"))
    with jupyterlab(root, tmp_path_factory.mktemp("settings")) as running:
        yield running


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """Start headless Chromium, or skip where there is none."""
    path = chromium_path()
    if path is None:
        pytest.skip("no Chromium on the path; install one, or name it in PUBSUB_KIT_CHROMIUM")
    with sync_playwright() as playwright:
        running = chromium(playwright, path)
        context = running.new_context(viewport={"width": 1280, "height": 900})
        request.session.stash[OPEN] = context
        yield context
        del request.session.stash[OPEN]
        running.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Save what the browser shows when a test fails."""
    report = yield
    context = item.session.stash.get(OPEN, None)
    if report.failed and context is not None:
        for page in context.pages:
            report.sections.append(("what the browser showed", str(photograph(page))))
    return report
