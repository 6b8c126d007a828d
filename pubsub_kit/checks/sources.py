"""Reads a question's stub and solution out of the committed notebooks, so that they cannot drift.

In them the cell that holds the answer to question `consumer` is tagged `answer:consumer`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def solution(number: str, question: str) -> str:
    """Return the solution of a question and its explanation, or a sentence that says it is away."""
    return _cells("solutions", number, question)


def stub(number: str, question: str) -> str:
    """Return the stub of a question, as the exercise gives it."""
    return _cells("exercises", number, question)


def _cells(folder: str, number: str, question: str) -> str:
    found = sorted((ROOT / folder).glob(f"{number}_*.ipynb"))
    if not found:
        return f"There is no {folder}/{number}_….ipynb beside the kit: run it from its checkout."
    cells: list[dict[str, Any]] = json.loads(found[0].read_text(encoding="utf-8"))["cells"]
    parts = [
        "".join(cell["source"])
        for cell in cells
        if f"answer:{question}" in cell["metadata"].get("tags", [])
    ]
    return "\n\n".join(parts) or f"{found[0].name} has no cell for {question}."
