"""Finds the learner's own part in an error: which line raised it, and whether it was meant.

A learner's mistake in Python must be told before anything that follows from it, however deep in a
run it happened: the world turns a handler's exception into a nack or a failed call, as life does.
"""

from __future__ import annotations

import dis
import functools
import linecache
import os
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

from pubsub_kit.errors import said
from pubsub_kit.world.services import CallRefused, CallTimeout
from pubsub_kit.world.stores import Conflict

#: What a right answer may well raise: the world's own bad news.
EXPECTED: tuple[type[BaseException], ...] = (CallTimeout, CallRefused, Conflict)

_FOLDERS = [str(Path(__file__).resolve().parents[2])]
_FOLDERS += [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
_OTHERS = tuple(f"{folder}{os.sep}" for folder in _FOLDERS)
_MEANT_AS_ALARMS = (AssertionError, NotImplementedError)


@functools.cache
def is_own(filename: str) -> bool:
    """Say whether code of this file is the learner's: not the kit's, Python's or a package's."""
    if filename.startswith("<frozen") or filename == "<string>":
        return False
    return not filename.startswith(_OTHERS)


def own_line(error: BaseException) -> str:
    """Return the innermost line of the learner's in an error, "line 7: total += x", or ""."""
    found = [(step.tb_frame.f_code.co_filename, step.tb_lineno) for step in _own_steps(error)]
    if not found:
        return ""
    words = linecache.getline(*found[-1]).strip()
    return f"line {found[-1][1]}{': ' + words[:80] if words else ''}"


def told(error: BaseException) -> str:
    """Return an error in one sentence, with the learner's line if it is known."""
    name, where = type(error).__name__, own_line(error)
    words = said(error).partition("\n")[0][:200]
    return f"{name}{': ' + words if words != name else ''}{f' ({where})' if where else ''}"


def mishap(
    raised: Sequence[tuple[int, Exception]], expected: tuple[type[BaseException], ...]
) -> tuple[int, str] | None:
    """Return the first error of a run that nobody meant: its step in the trace, and a sentence.

    Errors that the learner raises on purpose do not count, nor do those of the `expected` types. A
    ValueError of the kit's own services counts: it says that a request makes no sense.
    """
    for step, error in raised:
        if isinstance(error, expected):
            continue
        if not any(_own_steps(error)):
            if isinstance(error, ValueError):
                return step, said(error)[:200]
        elif not _meant(error):
            return step, f"Your code raised {told(error)}"
    return None


def _meant(error: BaseException) -> bool:
    """Say whether a `raise` of the learner's own made the error."""
    if isinstance(error, _MEANT_AS_ALARMS):
        return False
    *_, last = _steps(error)
    code = last.tb_frame.f_code
    return is_own(code.co_filename) and dis.opname[code.co_code[last.tb_lasti]] == "RAISE_VARARGS"


def _own_steps(error: BaseException) -> Iterator[TracebackType]:
    return (step for step in _steps(error) if is_own(step.tb_frame.f_code.co_filename))


def _steps(error: BaseException) -> Iterator[TracebackType]:
    step = error.__traceback__
    while step is not None:
        yield step
        step = step.tb_next
