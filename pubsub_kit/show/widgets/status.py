"""A line that says how far something is, and goes away again: in a terminal, or below a cell.

Nothing of it stays. A terminal's line is wiped. In a notebook it is shown only to a person, and
emptied at the end: whatever runs a notebook by itself, to build or to test it, would keep the line
in the saved output, and such a runner says that nobody is there to be asked for input.
"""

from __future__ import annotations

import sys
from itertools import count
from typing import Any, Protocol, TextIO

from pubsub_kit.show.html import as_html

_numbers = count(1)


class Status(Protocol):
    """Where words are shown, each time in place of the last ones."""

    def show(self, words: str) -> None:
        """Show words."""

    def clear(self) -> None:
        """Leave nothing on the screen."""


class Line:
    """A line of a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self.stream, self.shown = stream, False

    def show(self, words: str) -> None:
        """Show words, and wipe what was in the line before."""
        self._write(f"\r\033[K{words}")
        self.shown = True

    def clear(self) -> None:
        """Wipe the line, if anything is in it."""
        if self.shown:
            self._write("\r\033[K")
        self.shown = False

    def _write(self, text: str) -> None:
        coding = self.stream.encoding or "ascii"
        self.stream.write(text.encode(coding, "replace").decode(coding))
        self.stream.flush()


class Below:
    """A place below the cell that runs."""

    def __init__(self) -> None:
        self.handle: Any = None

    def show(self, words: str) -> None:
        """Show words, the first time in an output of their own."""
        from IPython.display import display

        grey = f'<div style="opacity:0.7">{as_html(words)}</div>'
        bundle = {"text/plain": words, "text/html": grey}
        if self.handle is None:
            name = f"pubsub-kit-status-{next(_numbers)}"
            self.handle = display(bundle, raw=True, display_id=name)  # type: ignore[no-untyped-call]
        else:
            self.handle.update(bundle, raw=True)

    def clear(self) -> None:
        """Empty the place."""
        if self.handle is not None:
            self.handle.update({"text/plain": "", "text/html": ""}, raw=True)
        self.handle = None


def in_a_kernel() -> bool:
    """Return whether this runs in a notebook's kernel."""
    return _kernel() is not None


def place() -> Status | None:
    """Return where a person would see a status, or None if nobody is looking."""
    if (kernel := _kernel()) is not None:
        return Below() if getattr(kernel, "_allow_stdin", False) else None
    return Line(sys.stderr) if sys.stderr is not None and sys.stderr.isatty() else None


def _kernel() -> Any:
    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    return getattr(get_ipython(), "kernel", None)
