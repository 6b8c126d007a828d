"""Widgets in a saved notebook: kept where their model still lives in the kernel, else set aside.

An output that shows a widget holds a *view*, the name of a model in the kernel, and beside it the
same thing as a picture or in words. A new kernel has none of the models, and JupyterLab shows an
error for a view without a model, instead of the picture. So a view whose model is gone is taken out
of the notebook when it is opened, and one sentence above the first such picture says how to bring
them back. A mark in the output's metadata tells the next opening that there was a view.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any

VIEW = "application/vnd.jupyter.widget-view+json"
MARK = "pubsub_kit"
_HOW = "click the cell where you were, and choose menu Run, then Run All Above Selected Cell."
HINT = f"Pictures and questions are as they were saved. To use them again, and to go on, {_HOW}"
COLD = f"A new kernel knows nothing of what you ran before. To go on, {_HOW}"
ALONE = "A widget was here: run the cell to bring it back."

Notebook = dict[str, Any]


def settle(notebook: Notebook, alive: Container[str]) -> None:
    """Set aside each view whose model is not alive, and say so once; changes the notebook."""
    without_hint(notebook)
    told = False
    for cell, output in _outputs(notebook):
        _set_aside(output, alive)
        if not told and MARK in output.get("metadata", {}):
            cell["outputs"].insert(cell["outputs"].index(output), _hint(HINT))
            told = True


def settle_cold(notebook: Notebook) -> None:
    """Set aside every view, and say what to run first, since the kernel is a new one."""
    settle(notebook, ())
    hints = (_is_hint(output) for _, output in _outputs(notebook))
    if not any(hints) and (first := next(_outputs(notebook), None)) is not None:
        first[0]["outputs"].insert(0, _hint(COLD))


def without_hint(notebook: Notebook) -> None:
    """Take the sentence out that `settle` put in; changes the notebook."""
    for cell in notebook["cells"]:
        if "outputs" in cell:
            cell["outputs"] = [output for output in cell["outputs"] if not _is_hint(output)]


def has_views(notebook: Notebook) -> bool:
    """Tell whether any output holds a view of a widget."""
    return any(VIEW in output.get("data", {}) for _, output in _outputs(notebook))


def _set_aside(output: dict[str, Any], alive: Container[str]) -> None:
    data = output.get("data", {})
    if VIEW not in data or data[VIEW].get("model_id") in alive:
        return
    del data[VIEW]
    data.setdefault("text/plain", ALONE)
    output.setdefault("metadata", {})[MARK] = {"widget": "not running"}


def _outputs(notebook: Notebook) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for cell in notebook["cells"]:
        for output in list(cell.get("outputs", ())):
            yield cell, output


def _hint(words: str) -> dict[str, Any]:
    data = {"text/markdown": f"*{words}*", "text/plain": words}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def _is_hint(output: dict[str, Any]) -> bool:
    said = output.get("data", {}).get("text/plain", "")
    return "".join(said) in (HINT, COLD)
