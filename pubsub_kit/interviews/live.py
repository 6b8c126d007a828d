"""The live side of a rehearsal in a notebook: a few traits, and a module of plain JavaScript.

The page counts the seconds by itself, and looks at the kernel's clock every few seconds: so no
thread runs in the kernel, and a page that is closed lets no time pass. Its controls are the
browser's own, with labels. It sends what was done as {"do": word, …}, and shows what the traits
say. `keys.js`, shared with the other widgets, keeps JupyterLab from taking the controls' keys, and
`gone.js` stops them once the kernel was restarted.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from pubsub_kit.show.widgets import live

_HERE = Path(__file__).parent
_SHARED = Path(live.__file__).parent


def rehearsing(shown: dict[str, Any], timer: dict[str, Any]) -> Any:
    """Return the widget; raises ImportError where anywidget is not installed."""
    return _kind()(shown=shown, timer=timer)


@cache
def _kind() -> Any:
    """Return the kind of widget, made at the first use: anywidget is slow to import."""
    import anywidget
    import traitlets

    class Rehearse(anywidget.AnyWidget):  # type: ignore[misc]
        _esm = "".join(
            map(_text, (_SHARED / "keys.js", _SHARED / "gone.js", _HERE / "rehearse.js"))
        )
        _css = _text(_HERE / "rehearse.css")
        shown = traitlets.Dict().tag(sync=True)
        timer = traitlets.Dict().tag(sync=True)
        picture = traitlets.Unicode().tag(sync=True)
        report = traitlets.Unicode().tag(sync=True)

    return Rehearse


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
