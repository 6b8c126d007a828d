"""The controls beside a picture, worked as a learner works them: by arrow keys and clicks."""

from __future__ import annotations

import time

from playwright.sync_api import Locator

from tests.browser.lab import Notebook

SLIDER, CHOICE, TOGGLE = (
    f".pk-control {native}" for native in ("[type=range]", "select", "[type=checkbox]")
)
DRAWN = """area => [...area.querySelectorAll("svg, img, canvas")].map(
    it => it.src ?? (it.toDataURL ? it.toDataURL() : it.outerHTML)).join("\\n")"""


class Control:
    """A slider, a choice or a toggle, and the output of the cell that it stands in."""

    def __init__(self, cell: Locator, kind: str, element: Locator) -> None:
        self.page = cell.page
        self.area = cell.locator(".jp-OutputArea").first
        self.kind = kind
        self.element = element

    def __str__(self) -> str:
        """Return the label and the value as they are shown."""
        box = self.element.locator("xpath=ancestor::*[contains(@class, 'pk-control')][1]")
        return " ".join(box.inner_text().split())

    def picture(self) -> str:
        """Return what the cell draws: every drawing's and image's source."""
        return str(self.area.evaluate(DRAWN))

    def move(self) -> None:
        """Change the value: one step away from the end where it stands, the next option, or not."""
        if self.kind == SLIDER:
            at_end = self.element.evaluate("range => range.value === range.max")
            self.element.press("ArrowLeft" if at_end else "ArrowRight")
        elif self.kind == CHOICE:
            options = self.element.locator("option").all_inner_texts()
            chosen = options.index(self.element.locator("option:checked").inner_text())
            self.element.select_option(index=(chosen + 1) % len(options))
        else:
            self.element.click()

    def redraws(self, steps: int = 8) -> bool:
        """Move up to `steps` times, until the picture is another one; tell whether it became so."""
        before = self.settled()
        for _ in range(steps):
            self.move()
            if self._another_than(before, seconds=0.7):
                return True
        return self._another_than(before, seconds=5)

    def settled(self) -> str:
        """Wait until the picture no longer changes, and return it."""
        before = self.picture()
        while self._another_than(before, seconds=0.4):
            before = self.picture()
        return before

    def _another_than(self, picture: str, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.picture() != picture:
                return True
            self.page.wait_for_timeout(20)
        return False


def controls(notebook: Notebook, *kinds: str) -> list[Control]:
    """Return the controls of these kinds, cell by cell."""
    return [
        Control(cell, kind, element)
        for kind in kinds
        for cell in notebook.code_cells.filter(has=notebook.page.locator(kind)).all()
        for element in cell.locator(kind).all()
    ]
