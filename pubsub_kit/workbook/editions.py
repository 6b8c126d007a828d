"""One source, three kinds of notebook: a lesson, or an exercise and its solution.

A source is a jupytext py:percent file. A lesson becomes one notebook as it stands. An exercise
becomes two, which differ in the marked places alone, so that they cannot drift apart:

    def handle(delivery):
        ### BEGIN SOLUTION          kept in the solution, dropped from the exercise
        pay(delivery.data)
        ### END SOLUTION
        ### BEGIN STUB              optional, and only right below a solution: its lines,
        # raise NotImplementedError    uncommented, stand in the exercise; without it, `...`
        ### END STUB

A cell tagged `solution` stands in the solution alone, a cell tagged `exercise` in the exercise
alone. A code cell tagged `folded` shows its first line, a title, and unfolds with a click. The
answer and the reasons of a quiz are sealed, so that nobody reads them before the question. A line
that begins with `### source:` says where a sentence on a product was checked; it is for writers, so
no edition has it. Nothing is executed here: build.py does that.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from enum import Enum
from hashlib import sha256
from typing import Any

import jupytext
from nbformat import NotebookNode, from_dict

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.show.widgets.seal import seal

METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}
ANSWER = re.compile(
    r"^(?P<indent> *)### BEGIN SOLUTION\n(?P<solution>.*?)^ *### END SOLUTION$\n?"
    r"(?:^ *### BEGIN STUB\n(?P<stub>.*?)^ *### END STUB$\n?)?",
    re.MULTILINE | re.DOTALL,
)
BLANK = re.compile(r"\n{4,}")  # more than two blank lines, where a marker stood between them
MARKER = re.compile(r"^ *### (?:BEGIN|END)\b.*$", re.MULTILINE)
SOURCE = re.compile(r"^### source: .*$\n?", re.MULTILINE)
INSTALL = """\
# On Google Colab: install the kit
import sys

if "google.colab" in sys.modules:
    %pip install -q git+{repository}
"""


class SourceError(PubSubKitError):
    """A notebook's source can't be read; the message names the cell and what is wrong in it."""


class Edition(Enum):
    """A kind of notebook; the value is the folder that holds it."""

    LESSON = "notebooks"
    EXERCISE = "exercises"
    SOLUTION = "solutions"


def edition(source: str, kind: Edition, repository: str = "") -> NotebookNode:
    """Make the notebook, not yet executed, that `source` holds for this edition.

    With a `repository` (a URL), a folded cell that installs the kit from there, on Colab alone,
    comes before the first code cell. Raises `SourceError`.
    """
    cells = [_cell(cell, kind, n) for n, cell in enumerate(_read(source), 1) if _stays(cell, kind)]
    if repository:
        cells.insert(_first_code(cells), _install_cell(repository))
    for cell, name in zip(cells, _ids(cells), strict=True):
        cell.id = name
    return _node(cells=cells, metadata=METADATA, nbformat=4, nbformat_minor=5)


def answer(code: str, kind: Edition) -> str:
    """Return a cell's code with its marked answers as this edition shows them."""
    shown = ANSWER.sub(_stub if kind is Edition.EXERCISE else _solution, code)
    if left := MARKER.search(shown):
        raise SourceError(
            f"{left[0].strip()!r} has no partner: write BEGIN SOLUTION, END SOLUTION, and, if you "
            "want one, BEGIN STUB and END STUB right below, each as a comment line with ###"
        )
    return BLANK.sub("\n\n\n", re.sub(r" +$", "", shown, flags=re.MULTILINE)).rstrip("\n")


def sealed(code: str) -> str:
    """Return a cell's code with the answer of its quiz, and the reasons, under a seal."""
    if "show.quiz(" not in code:
        return code
    lines = code.split("\n")
    for call in ast.walk(ast.parse(code)):
        if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "show.quiz"):
            continue
        told = {each.arg: each for each in call.keywords if each.arg in ("answer", "why")}
        if len(told) != 2:
            raise SourceError("a quiz takes answer=… and why=…, each on lines of its own")
        values = [ast.literal_eval(told[name].value) for name in ("answer", "why")]
        word, indent = seal(*values), " " * told["answer"].col_offset
        parts = [f"{indent}    {chunk!r}" for chunk in re.findall(".{1,80}", word)]
        first, last = told["answer"].lineno - 1, (told["why"].end_lineno or 0)
        lines[first:last] = [f"{indent}sealed=(", *parts, f"{indent}),"]
    return "\n".join(lines)


def _read(source: str) -> list[NotebookNode]:
    cells: list[NotebookNode] = jupytext.reads(source, "py:percent").cells
    if not cells:
        raise SourceError("the source holds no cell: begin each cell with a line `# %%`")
    return cells


def _stays(cell: NotebookNode, kind: Edition) -> bool:
    others = {Edition.EXERCISE: "solution", Edition.SOLUTION: "exercise"}
    return others.get(kind) not in cell.metadata.get("tags", [])


def _cell(cell: NotebookNode, kind: Edition, number: int) -> NotebookNode:
    tags = cell.metadata.get("tags", [])
    metadata: dict[str, Any] = {"tags": tags} if tags else {}
    source = SOURCE.sub("", cell.source).rstrip("\n")
    if cell.cell_type != "code":
        return _node(cell_type="markdown", source=source, metadata=metadata)
    if "folded" in tags:
        metadata["jupyter"] = {"source_hidden": True}
    try:
        _no_answers_in_a_lesson(source, kind)
        return _code(sealed(answer(source, kind)), metadata)
    except SourceError as error:
        raise SourceError(f"cell {number}: {error}") from None


def _code(source: str, metadata: dict[str, Any]) -> NotebookNode:
    return _node(
        cell_type="code", source=source, metadata=metadata, execution_count=None, outputs=[]
    )


def _node(**fields: Any) -> NotebookNode:
    node: NotebookNode = from_dict(fields)
    return node


def _no_answers_in_a_lesson(code: str, kind: Edition) -> None:
    if kind is Edition.LESSON and MARKER.search(code):
        raise SourceError("a lesson has one edition, so ### markers belong in an exercise")


def _solution(found: re.Match[str]) -> str:
    return found["solution"]


def _stub(found: re.Match[str]) -> str:
    indent, solution = found["indent"], found["solution"]
    if found["stub"] is None:
        return f"{indent}...  # your answer\n" if indent else "# your answer\n"
    blank = len(solution) - len(solution.rstrip("\n")) if solution else 1
    return re.sub(r"^( *)# ?", r"\1", found["stub"], flags=re.MULTILINE).rstrip("\n") + "\n" * blank


def _first_code(cells: list[NotebookNode]) -> int:
    return next((n for n, cell in enumerate(cells) if cell.cell_type == "code"), len(cells))


def _install_cell(repository: str) -> NotebookNode:
    folded = {"jupyter": {"source_hidden": True}, "tags": ["install"]}
    return _code(INSTALL.format(repository=repository).rstrip(), folded)


def _ids(cells: Iterable[NotebookNode]) -> Iterable[str]:
    """Name each cell after what it holds, so that a new cell leaves its neighbours' names alone."""
    seen: dict[str, int] = {}
    for cell in cells:
        digest = sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        seen[digest] = seen.get(digest, 0) + 1
        yield digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
