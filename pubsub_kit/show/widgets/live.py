"""The live side of a playground and of a question: a few traits, and a module of plain JavaScript.

The controls are the browser's own, with labels: so they have names for a screen reader, and keys
that work. `keys.js` keeps JupyterLab from taking those keys. Nothing is built and nothing fetched:
the module travels with the widget, which anywidget brings into each front-end.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any


def playground(
    controls: list[dict[str, Any]], values: dict[str, Any], shown: dict[str, Any]
) -> Any:
    """Return the widget of a playground: it changes `values`, and shows `shown`."""
    return _kinds()["play"](controls=controls, values=values, shown=shown)


def question(**state: Any) -> Any:
    """Return the widget of a question: it sends an answer's letter, and tells what is `said`."""
    return _kinds()["ask"](**state)


def cell() -> str:
    """Return the id of the notebook's cell that runs now; "" where there is none, or no id."""
    ipython = sys.modules.get("IPython")
    shell: Any = None if ipython is None else ipython.get_ipython()
    try:
        about = shell.get_parent()["metadata"]
        return str(about.get("cellId") or "")
    except (AttributeError, LookupError, TypeError):
        return ""


def view(widget: Callable[[], Any]) -> dict[str, Any]:
    """Return what shows a widget live; nothing where no widget can be made."""
    try:
        bundle = widget()._repr_mimebundle_()
    except ImportError:
        return {}
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    return dict(data or {})


@cache
def _kinds() -> dict[str, Any]:
    """Return the two kinds of widget, made at the first use: anywidget is slow to import."""
    import anywidget
    import traitlets

    class Play(anywidget.AnyWidget):  # type: ignore[misc]
        _esm, _css = _module("play"), _text("live.css")
        controls: Any = traitlets.List().tag(sync=True)
        values = traitlets.Dict().tag(sync=True)
        shown = traitlets.Dict().tag(sync=True)

    class Ask(anywidget.AnyWidget):  # type: ignore[misc]
        _esm, _css = _module("ask"), _text("live.css")
        question = traitlets.Unicode().tag(sync=True)
        options: Any = traitlets.List().tag(sync=True)
        button = traitlets.Unicode().tag(sync=True)
        chosen = traitlets.Unicode().tag(sync=True)
        said = traitlets.Unicode().tag(sync=True)

    return {"play": Play, "ask": Ask}


def _module(name: str) -> str:
    return _text("keys.js") + _text(f"{name}.js")


def _text(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
