"""What may handle a message: a function, a coroutine, a class with `handle`, or a factory of these.

A class, or a function without arguments, is a factory: it is called each time a node starts, so a
crash erases everything that the previous handler had in memory.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from types import CodeType
from typing import Any

from pubsub_kit.world.running import WorldError

_ATOMS = (str, int, bool, float, type(None))
_GENERATORS = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


def instantiate(source: Callable[..., Any]) -> tuple[Callable[[Any], Any], Any]:
    """Return the handler that a function, class or factory stands for, and the object behind.

    A class, or a function without arguments, is a factory and is called; what comes back is a
    function of one thing, or has a method `handle` that is. Raises WorldError if neither fits.
    """
    made = source() if _is_factory(source) else source
    handle = getattr(made, "handle", made)
    if not callable(handle) or inspect.isclass(handle):
        what = repr(made)
        if " object at 0x" in what:
            what = f"an object of {type(made).__name__}"
        raise WorldError(
            f"{what} can't handle messages: give a function of one event, or a class with a "
            "method handle(event)"
        )
    code = getattr(handle, "__code__", None)
    if code is not None:
        defaults = len(getattr(handle, "__defaults__", None) or ())
        if problem := _problem(code, hasattr(handle, "__self__"), defaults):
            raise WorldError(f"{handle.__qualname__} {problem}")
    return handle, made


def _is_factory(source: Callable[..., Any]) -> bool:
    if isinstance(source, type):
        return True
    code = getattr(source, "__code__", None)
    if code is None or hasattr(source, "__self__") or code.co_flags & inspect.CO_VARARGS:
        return False
    required = code.co_argcount - len(source.__defaults__ or ())
    return required == 0 and not code.co_flags & inspect.CO_COROUTINE


@lru_cache
def _problem(code: CodeType, bound: bool, defaults: int) -> str:
    if code.co_flags & _GENERATORS:
        return "contains a yield, so it would never run: write await instead"
    takes = code.co_argcount - bound
    if takes - defaults > 1 or (takes < 1 and not code.co_flags & inspect.CO_VARARGS):
        return f"takes {takes} arguments: a handler takes one, the event or request"
    return ""


async def settle(result: Any) -> Any:
    """Return what a handler returned, awaited if it was a coroutine."""
    return await result if hasattr(result, "__await__") else result


async def begun(work: Callable[[], Any]) -> Any:
    """Call a function once the task runs that this is, and return what it returns, awaited.

    Its coroutine would otherwise be made, and never awaited, if the node crashes before that.
    """
    return await settle(work())


def copied(value: Any) -> Any:
    """Return a copy that shares nothing with the original, since no two nodes share memory."""
    if type(value) in _ATOMS:
        return value
    if isinstance(value, dict):
        return {k: v if type(v) in _ATOMS else copied(v) for k, v in value.items()}
    if isinstance(value, list):
        return [copied(v) for v in value]
    return value


def label(payload: Any) -> str:
    """Return a payload's short name for pictures: its id, or else its keys and values, or text."""
    if isinstance(payload, dict) and payload:
        named = (f"{key} {value}" for key, value in payload.items())
        payload = payload["id"] if "id" in payload else ", ".join(named)
    return short(getattr(payload, "id", payload))


def short(value: Any) -> str:
    """Return a value as text, cut to what fits in a picture."""
    text = str(value)
    return text if len(text) <= 24 else text[:23] + "…"
