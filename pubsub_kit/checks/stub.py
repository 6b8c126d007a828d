"""Tells an answer that was not begun from one that is wrong: "not attempted" is not "wrong"."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable
from types import CodeType
from typing import Any


def _empty_plain(event: Any) -> Any: ...


async def _empty_async(event: Any) -> Any: ...


def _shape(code: CodeType) -> list[tuple[str, Any]]:
    """Return what a body does, its docstring apart: each instruction, with the constant it uses."""
    steps = dis.get_instructions(code)
    return [(step.opname, step.argval if "CONST" in step.opname else None) for step in steps]


_EMPTY = [_shape(_empty_plain.__code__), _shape(_empty_async.__code__)]


def is_stub(answer: Any) -> bool:
    """Say whether an answer is still what the exercise gave: `...`, nothing, or an empty body.

    A class is a stub if each method that it defines is one, its constructor apart.
    """
    if answer is None or answer is ... or (isinstance(answer, str | list | dict) and not answer):
        return True
    if isinstance(answer, dict):
        return all(is_stub(value) for value in answer.values())
    if inspect.isclass(answer):
        methods = [m for n, m in vars(answer).items() if inspect.isfunction(m) and n != "__init__"]
        return all(_is_empty(method.__code__) for method in methods)
    return inspect.isfunction(answer) and _is_empty(answer.__code__)


def _is_empty(code: CodeType) -> bool:
    """Say whether a body does nothing: `...`, `pass`, or `raise NotImplementedError`."""
    if _shape(code) in _EMPTY:
        return True
    return "NotImplementedError" in code.co_names and len(code.co_names) == 1


def source_line(error: BaseException, answer: Any) -> str:
    """Return where in the learner's own code an error arose, as "line 7: total += x", or ""."""
    own = {code.co_filename for code in _codes(answer)}
    found = ""
    trace = error.__traceback__
    while trace is not None:
        info = inspect.getframeinfo(trace, context=1)
        if info.filename in own:
            words = info.code_context[0].strip() if info.code_context else ""
            found = f"line {info.lineno}{': ' + words if words else ''}"
        trace = trace.tb_next
    return found


def _codes(answer: Any) -> list[CodeType]:
    functions: list[Callable[..., Any]] = [answer]
    if inspect.isclass(answer):
        functions = [m for m in vars(answer).values() if inspect.isfunction(m)]
    return [f.__code__ for f in functions if inspect.isfunction(f)]
