"""How an error of the kit shows in a notebook: as one sentence.

A traceback leads through the kit's own code, which is not where the mistake is. The error still
counts as one: the cell has failed, and no cell after it runs by itself.
"""

from __future__ import annotations

import linecache
import sys
from types import TracebackType
from typing import Any

from pubsub_kit.errors import PubSubKitError


def speak_plainly() -> None:
    """Have IPython, if this is one, show errors of the kit without a traceback."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None and not any(shell.custom_exceptions):  # leave somebody else's alone
        shell.set_custom_exc((PubSubKitError,), _show)


def _show(
    shell: Any,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
    tb_offset: int | None = None,
) -> list[str]:
    """Show the error as IPython shows a traceback, so that a saved notebook has it too."""
    cause = error.__cause__
    if cause is not None and not isinstance(cause, PubSubKitError):
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)  # it may be in your code
        return []
    lines = [f"✗ {error}", *_place(trace, shell.user_ns)]
    shell._showtraceback(kind, error, lines)
    return lines


def _place(trace: TracebackType | None, names: dict[str, Any]) -> list[str]:
    """Return the last line of the learner's own that the error passed, if it is one of several."""
    found: list[str] = []
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if trace.tb_frame.f_globals is names and len(linecache.getlines(file)) > 1:
            line = linecache.getline(file, trace.tb_lineno).strip()
            found = [f"  line {trace.tb_lineno}: {line}"] if line else []
        trace = trace.tb_next
    return found
