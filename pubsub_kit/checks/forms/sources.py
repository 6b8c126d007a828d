"""Reads a question's stub and solution out of the committed notebooks, so that they cannot drift.

In them the cell that holds the answer to question `consumer` is tagged `answer:consumer`.
"""

from __future__ import annotations

import ast
import functools
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
Tagged = tuple[list[str], str]  # a cell's tags, and its text


def solution(number: str, question: str) -> str:
    """Return the solution of a question and its explanation, or a sentence that says it is away."""
    return cell("solutions", number, question) or _away("solutions", number)


def solved(number: str, question: str) -> str | None:
    """Return the code of a solution after its notebook's imports; None where there is none."""
    path = _path("solutions", number)
    cells = _code(path, path.stat().st_mtime_ns) if path else ()
    own = [text for tags, text in cells if f"answer:{question}" in tags]
    return "\n".join([*_imports(text for _, text in cells), *own]) if own else None


def stub(number: str, question: str) -> str:
    """Return the stub of a question, as the exercise gives it."""
    return cell("exercises", number, question) or _away("exercises", number)


def cell(folder: str, number: str, question: str) -> str | None:
    """Return what the cells for a question hold in a folder's notebook; None where it is away."""
    return _of(folder, number).get(question)


def asked(number: str) -> list[str]:
    """Return the names of an exercise's questions, in the order in which its notebook asks them."""
    return list(_of("exercises", number))


def _of(folder: str, number: str) -> dict[str, str]:
    path = _path(folder, number)
    return _cells(path, path.stat().st_mtime_ns) if path else {}


def _path(folder: str, number: str) -> Path | None:
    return next(iter(sorted((ROOT / folder).glob(f"{number}_*.ipynb"))), None)


@functools.lru_cache
def _cells(path: Path, changed: int) -> dict[str, str]:
    """Return the cells of each question; a notebook that was changed is read again."""
    found: dict[str, str] = {}
    for tags, text in _read(path, _plain):
        for tag in tags:
            if tag.startswith("answer:"):
                name = tag.removeprefix("answer:")
                found[name] = f"{found[name]}\n\n{text}" if name in found else text
    return found


@functools.lru_cache
def _code(path: Path, changed: int) -> list[Tagged]:
    """Return the cells of code; a notebook that was changed is read again."""
    return [cell for cell in _read(path, _code_of) if cell[1]]


def _read(path: Path, text: Callable[[dict[str, Any]], str]) -> list[Tagged]:
    """Return the tags and the text of each cell; none of what is no notebook."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return [(cell["metadata"].get("tags", []), text(cell)) for cell in cells]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return []


def _imports(cells: Iterable[str]) -> Iterator[str]:
    """Yield the imports of those cells that are Python alone."""
    for text in cells:
        with suppress(SyntaxError):
            for node in ast.parse(text).body:
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield ast.unparse(node)


def _code_of(cell: dict[str, Any]) -> str:
    return "".join(cell["source"]) if cell["cell_type"] == "code" else ""


def _plain(cell: dict[str, Any]) -> str:
    """Return a cell's source as it reads in a terminal: prose without its marks of emphasis."""
    text = "".join(cell["source"])
    return text.replace("**", "") if cell["cell_type"] == "markdown" else text


def _away(folder: str, number: str) -> str:
    return (
        f"There is no cell for this in {folder}/{number}_….ipynb beside the kit: run the kit from "
        "its checkout."
    )
