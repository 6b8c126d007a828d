"""Runs the code cells of a notebook as plain Python, in one namespace, and hears its verdicts."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import json
import linecache
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Any

from pubsub_kit.checks.desk import exercises
from pubsub_kit.checks.forms.verdict import Verdict
from pubsub_kit.checks.sandbox.blame import told
from pubsub_kit.errors import PubSubKitError


class NotebookError(PubSubKitError):
    """A notebook that cannot be read; the message says why."""


@dataclass
class Ran:
    """What a notebook's run brought: its verdicts, and a sentence for each cell that failed."""

    verdicts: list[Verdict] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)


def run_notebook(path: Path, hear: Callable[[Verdict | str], Any] = lambda said: None) -> Ran:
    """Run a notebook's code cells in order, in its folder; `hear` gets each verdict as it comes.

    A cell that raises is a sentence of trouble, and the next one runs. Raises NotebookError for a
    file that is no notebook, and KeyboardInterrupt.
    """
    ran, space = Ran(), {"__name__": "__main__"}
    cells = _code_cells(path)
    exercises.forget()

    def listen(verdict: Verdict) -> None:
        ran.verdicts.append(verdict)
        hear(verdict)

    with _listening(listen), contextlib.chdir(path.parent), asyncio.Runner() as runner:
        for number, source in cells:
            try:
                _run_cell(f"{path.name}, cell {number}", source, space, runner)
            except (Exception, SystemExit) as error:
                sentence = f"cell {number} of {path.name} raised {told(error)}"
                ran.trouble.append(sentence)
                hear(sentence)
    return ran


def _run_cell(name: str, source: str, space: dict[str, Any], runner: asyncio.Runner) -> None:
    linecache.cache[name] = len(source), None, source.splitlines(True), name
    try:
        code = _compiled(source, name)
    except SyntaxError:
        code = _compiled(_without_magic(source), name)
    if code.co_flags & inspect.CO_COROUTINE:
        runner.run(eval(code, space))
    else:
        exec(code, space)


def _compiled(source: str, name: str) -> CodeType:
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code: CodeType = compile(source, name, "exec", flags, dont_inherit=True)
    return code


def _without_magic(source: str) -> str:
    """Leave out what only a notebook understands, %magics and !commands; keep the line numbers."""
    if source.startswith("%%"):
        return ""
    return re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)


def _code_cells(path: Path) -> list[tuple[int, str]]:
    """Return the code cells and their places in the notebook, counted from 1."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        found = [(i, c["cell_type"], "".join(c["source"])) for i, c in enumerate(cells, 1)]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise NotebookError(f"{path} cannot be read as a notebook: {error}") from error
    return [(number, source) for number, kind, source in found if kind == "code"]


@contextlib.contextmanager
def _listening(listener: Callable[[Verdict], None]) -> Iterator[None]:
    exercises.listeners.append(listener)
    try:
        yield
    finally:
        exercises.listeners.remove(listener)
