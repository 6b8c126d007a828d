"""What a kernel that `check` has started writes down for the terminal: its verdicts and errors.

A line of JSON each, in a file: so they are read as they come, nothing that a cell does to its
output can hide them, and those of a kernel that dies a moment later are there too.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from pubsub_kit.checks.desk import exercises, journal
from pubsub_kit.checks.forms import searching
from pubsub_kit.checks.forms.sources import ROOT
from pubsub_kit.checks.forms.verdict import Verdict
from pubsub_kit.checks.sandbox.blame import own_line, told

Report = dict[str, Any]


def begin(file: str, root: str, only: Iterable[str] = ()) -> None:
    """Report from now on to a file; progress is kept below `root`.

    `only` are the questions to check, such as "03.consumer", if it is not to be all of them. Call
    it in a kernel: it asks IPython for the errors of each cell.
    """
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    assert shell is not None
    path = Path(file)
    journal.place = Path(root)
    exercises.only = frozenset(only)
    exercises.listeners.append(lambda verdict: _write(path, _of_verdict(verdict)))
    searching.listeners.append(lambda words: _write(path, {"kind": "status", "words": words}))

    shown: list[BaseException] = []
    show = shell.showtraceback

    def shows(*args: Any, **more: Any) -> None:
        shown.extend(error for error in sys.exc_info() if isinstance(error, BaseException))
        with suppress(Exception):  # its own __str__ may raise: it is reported all the same
            show(*args, **more)

    def after(result: Any) -> None:
        error = result and (result.error_before_exec or result.error_in_exec)
        if isinstance(error, BaseException):
            _write(path, _of_error(shown[0] if shown else error))
        if getattr(shell, "exit_now", False):
            _write(path, {"kind": "exit"})
        shown.clear()

    shell.showtraceback = shows  # type: ignore[method-assign]
    shell.events.register("post_run_cell", after)


def call(file: Path, root: Path, only: Iterable[str]) -> str:
    """Return the code that calls `begin` in a kernel, and leaves no name behind.

    Where the kit is not installed the kernel finds it after all else, so that modules beside the
    notebook are found as in Lab.
    """
    find = f"__import__('sys').path.append({str(ROOT)!r})"
    given = f"{str(file)!r}, {str(root)!r}, {sorted(only)!r}"
    return f"{find}; __import__('importlib').import_module({__name__!r}).begin({given})"


class Reader:
    """Reads a file of reports while it is written."""

    def __init__(self, path: Path) -> None:
        self._path, self._read = path, 0

    def new(self) -> Iterator[Report]:
        """Yield each report that is whole and was not read yet."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._read += len(line)
                yield json.loads(line)


def _of_verdict(verdict: Verdict) -> Report:
    said = {"question": verdict.question, "outcome": verdict.outcome, "text": verdict.text}
    return {"kind": "verdict", **said}


def _of_error(error: BaseException) -> Report:
    where, words = own_line(error), told(error)
    if isinstance(error, SyntaxError):  # which no line of a run has raised
        line = (error.text or "").strip()[:80]
        where = f"line {error.lineno}{': ' + line if line else ''}"
        words = f"{type(error).__name__}: {error.msg} ({where})"
    name = error.name if isinstance(error, NameError) else None
    return {"kind": "error", "told": words, "where": where, "name": name}


def _write(path: Path, report: Report) -> None:
    with path.open("a", encoding="ascii") as file:  # JSON escapes whatever else there is
        file.write(json.dumps(report) + "\n")
