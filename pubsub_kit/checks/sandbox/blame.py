"""Finds the learner's own part in an error: which line raised it, and whether it was meant.

A learner's mistake in Python must be told before anything that follows from it, however deep in a
run it happened: the world turns a handler's exception into a nack or a failed call, as life does.
"""

from __future__ import annotations

import ast
import difflib
import dis
import functools
import linecache
import os
import re
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from pubsub_kit.checks.sandbox import verbs
from pubsub_kit.errors import said
from pubsub_kit.world.services import CallRefused, CallTimeout
from pubsub_kit.world.stores import Conflict

#: What a right answer may well raise: the world's own bad news.
EXPECTED: tuple[type[BaseException], ...] = (CallTimeout, CallRefused, Conflict)

_FOLDERS = [str(Path(__file__).resolve().parents[2])]
_FOLDERS += [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
_OTHERS = tuple(f"{folder}{os.sep}" for folder in _FOLDERS)
_PARSED = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_AWAITS = (ast.Await, ast.AsyncFor, ast.AsyncWith)
_WIDE = 100  # characters of a line that are quoted
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
    return line(*found[-1])


def line(filename: str, number: int) -> str:
    """Return a line of a file as a sentence names it: "line 7: total += x"."""
    words = linecache.getline(filename, number).strip()
    words = words if len(words) <= _WIDE else f"{words[: _WIDE - 1]}…"
    return f"line {number}{': ' + words if words else ''}"


def loop_around(error: BaseException) -> str:
    """Say of the innermost loop of the learner's that an error came out of whether it awaits.

    Returns "awaits", "awaits nothing", or "" where no loop is found. It is read from the source,
    so it is good for words, and not for a grade.
    """
    for step in reversed(list(_own_steps(error))):
        source = "".join(linecache.getlines(step.tb_frame.f_code.co_filename))
        with suppress(SyntaxError, ValueError):
            tree = compile(source, "<loop>", "exec", _PARSED)
            assert isinstance(tree, ast.AST)
            inside = [loop for loop in ast.walk(tree) if isinstance(loop, ast.While | ast.For)
                      and loop.lineno <= step.tb_lineno <= (loop.end_lineno or 0)]  # fmt: skip
            if inside:
                innermost = max(inside, key=lambda loop: loop.lineno)
                awaits = any(isinstance(node, _AWAITS) for node in ast.walk(innermost))
                return "awaits" if awaits else "awaits nothing"
    return ""


def told(error: BaseException) -> str:
    """Return an error in one sentence, with the learner's line if it is known."""
    name, where = type(error).__name__, own_line(error)
    words = verbs.meant(error)
    words = words or f"{said(error).partition(chr(10))[0][:200]}{_meant_name(error)}"
    return f"{name}{': ' + words if words != name else ''}{f' ({where})' if where else ''}"


def _meant_name(error: BaseException) -> str:
    """Return ": did you mean 'add'?" for a misspelt attribute, or ""."""
    name, owner = getattr(error, "name", None), getattr(error, "obj", None)
    if not isinstance(error, AttributeError) or not isinstance(name, str) or owner is None:
        return ""
    try:
        known = [known for known in dir(owner) if not known.startswith("_")]
    except Exception:  # it can refuse to be looked at
        return ""
    close = difflib.get_close_matches(name, known, n=1)
    return f": did you mean {close[0]!r}?" if close else ""


def refused(world_raised: Sequence[tuple[int, Exception]]) -> str:
    """Return the last error that the learner raised on purpose, in a sentence, or ""."""
    for _, error in reversed(world_raised):
        if any(_own_steps(error)) and _meant(error):
            return f"Your code raised {told(error)}."
    return ""


def miscalled(error: BaseException, answer: Any) -> str:
    """Say how a function of the learner's was called that takes other arguments, or ""."""
    name = getattr(answer, "__name__", type(answer).__name__)
    words = said(error).partition("\n")[0]
    if not isinstance(error, TypeError) or any(_own_steps(error)):
        return ""
    if not re.match(rf"{re.escape(name)}(\.\w+)?\(\) ", words):
        return ""
    return f"{name} can't be called as the question says: {words}"


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
