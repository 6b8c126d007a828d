"""The solutions of the exercises, word for word, on the embedded broker: they hold at a crash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit.checks.desk.exercises import LESSONS
from pubsub_kit.engines.trials.answers.expected import expected_of
from pubsub_kit.engines.trials.answers.places import Place
from pubsub_kit.engines.trials.answers.rules import QUESTIONS
from pubsub_kit.engines.trials.answers.trial import HOLDS, Case, run

ROOT = Path(__file__).resolve().parents[3]
#: The class of each solution, and where its process dies.
DIES = {
    "consumer": ("Consumer", "acking pay-1"),
    "fifo": ("Deposits", "acking deposit-9"),
    "worker": ("Worker", "sleeping"),
    "account": ("Ledger", "acking move-3"),
    "relay": ("Shop", "deleting"),
}


def source_of(question: str) -> str:
    """Return a solution's cells: its imports, and its answer, without what checks it."""
    number = QUESTIONS[question].lesson
    notebook = ROOT / "solutions" / f"{number}_{LESSONS[number]}.ipynb"
    cells = [cell for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]
             if cell["cell_type"] == "code"]  # fmt: skip
    kept = [text_of(cell) for cell in cells
            if {"folded", f"answer:{question}"} & {*cell["metadata"].get("tags", ())}]  # fmt: skip
    lines = [line for text in kept for line in text.split("\n") if line[:2] not in ("q.", "q ")]
    return "\n".join(lines).replace("exercise, ", "").replace(", exercise", "")


def text_of(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


@pytest.mark.parametrize("question", DIES)
def test_a_solution_holds_where_its_process_dies(
    question: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, place = DIES[question]
    (tmp_path / f"solution_{question}.py").write_text(source_of(question), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    case = Case(question, f"solution_{question}:{name}", (Place(place),))
    ending = run(f"file://{tmp_path}", case, expected_of("file")[0])
    assert (ending.verdict, ending.why, ending.came) == (HOLDS, "", (True,))
