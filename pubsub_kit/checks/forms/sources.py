"""Reads a question's stub and solution out of the committed notebooks, so that they cannot drift.

In them the cell that holds the answer to question `consumer` is tagged `answer:consumer`.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]


def solution(number: str, question: str) -> str:
    """Return the solution of a question and its explanation, or a sentence that says it is away."""
    return cell("solutions", number, question) or _away("solutions", number)


def stub(number: str, question: str) -> str:
    """Return the stub of a question, as the exercise gives it."""
    return cell("exercises", number, question) or _away("exercises", number)


def cell(folder: str, number: str, question: str) -> str | None:
    """Return what the cells for a question hold in a folder's notebook; None where it is away."""
    for path in sorted((ROOT / folder).glob(f"{number}_*.ipynb"))[:1]:
        stamp = path.stat()
        return _cells(path, stamp.st_mtime_ns).get(question)
    return None


@functools.lru_cache
def _cells(path: Path, changed: int) -> dict[str, str]:
    """Return the cells of each question; a notebook that was changed is read again."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        tagged = [(cell["metadata"].get("tags", []), _plain(cell)) for cell in cells]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}
    found: dict[str, str] = {}
    for tags, text in tagged:
        for tag in tags:
            if tag.startswith("answer:"):
                name = tag.removeprefix("answer:")
                found[name] = f"{found[name]}\n\n{text}" if name in found else text
    return found


def _plain(cell: dict[str, Any]) -> str:
    """Return a cell's source as it reads in a terminal: prose without its marks of emphasis."""
    text = "".join(cell["source"])
    return text.replace("**", "") if cell["cell_type"] == "markdown" else text


def _away(folder: str, number: str) -> str:
    return (
        f"There is no cell for this in {folder}/{number}_….ipynb beside the kit: run the kit from "
        "its checkout."
    )
