"""Photograph a notebook in JupyterLab, top to bottom, for eyes to judge.

    python tests/browser/screenshots.py notebooks/01_sync_cascade.ipynb pictures/ [--dark]

saves pictures/01_sync_cascade-light-1.png and so on, each a thousand pixels high.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.browser.lab import Notebook, chromium, chromium_path, copy_of_the_kit, jupyterlab

WIDTH, PIECE = 1080, 1000


def photograph_all(notebook: Notebook, folder: Path, name: str) -> list[Path]:
    """Make the page as high as the notebook, and save it piece by piece."""
    page = notebook.page
    page.keyboard.press("Control+b")  # folds the sidebar away
    pane = page.locator(".jp-WindowedPanel-outer")
    height = int(pane.evaluate("pane => pane.scrollHeight")) + 160
    page.set_viewport_size({"width": WIDTH, "height": height})
    pane.evaluate("pane => { pane.scrollTop = 0 }")  # the last cell that ran had scrolled it down
    page.wait_for_timeout(1500)
    saved = []
    for n, top in enumerate(range(0, height, PIECE), 1):
        saved.append(folder / f"{name}-{n}.png")
        bottom = min(top + PIECE, height)
        page.screenshot(
            path=saved[-1], clip={"x": 0, "y": top, "width": WIDTH, "height": bottom - top}
        )
    return saved


def main() -> int:
    """Run the command; returns 1 where the notebook showed an error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebook", help="its path in the kit")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--dark", action="store_true", help="use JupyterLab's dark theme")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    name = f"{Path(given.notebook).stem}-{'dark' if given.dark else 'light'}"
    with TemporaryDirectory() as work, sync_playwright() as playwright:
        kit = copy_of_the_kit(Path(work) / "kit")
        with jupyterlab(kit, Path(work) / "settings", dark=given.dark) as server:
            browser = chromium(playwright, chromium_path() or "chromium")
            page = browser.new_page(viewport={"width": WIDTH, "height": PIECE})
            with Notebook(page, server, given.notebook) as notebook:
                notebook.run_all()
                for path in photograph_all(notebook, given.folder, name):
                    print(path)
                problems = notebook.outputs("stderr").all_inner_texts() + notebook.errors
            browser.close()
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
