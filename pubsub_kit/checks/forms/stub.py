"""Tells an answer that was not begun from one that is wrong: "not attempted" is not "wrong"."""

from __future__ import annotations

import ast
import dis
import inspect
import sys
import textwrap
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

    A class is a stub if each method that it defines is one. Its constructor does not count, unless
    it makes the method, or is all that there is.
    """
    if (
        answer is None
        or answer is ...
        or (isinstance(answer, str | list | tuple | dict) and not answer)
    ):
        return True
    if isinstance(answer, dict):
        return all(is_stub(value) for value in answer.values())
    if inspect.isclass(answer):
        if answer.__module__.partition(".")[0] in (*sys.stdlib_module_names, "pubsub_kit"):
            return False
        defined = [item for base in answer.__mro__[:-1] for item in vars(base).items()]
        methods = {n: m.__code__ for n, m in defined if inspect.isfunction(m)}
        made = methods.pop("__init__", None)
        if made is not None and (not methods or _inner(made)):
            return _is_empty(made)
        return all(map(_is_empty, methods.values()))
    return inspect.isfunction(answer) and _is_empty(answer.__code__)


def _is_empty(code: CodeType) -> bool:
    """Say whether a body does nothing: `...`, `pass`, or `raise NotImplementedError`."""
    if _shape(code) in _EMPTY:
        return True
    return "NotImplementedError" in code.co_names and len(code.co_names) == 1


def returns(answer: Any) -> bool:
    """Say whether a function has a `return`, as far as its source is known; a lambda returns."""
    if getattr(answer, "__name__", "") == "<lambda>":
        return ... not in answer.__code__.co_consts
    try:
        source = textwrap.dedent(inspect.getsource(answer))
        return any(isinstance(node, ast.Return) for node in ast.walk(ast.parse(source)))
    except (OSError, TypeError, SyntaxError):
        return False


def is_given(answer: Any, source: str) -> bool:
    """Say whether an answer is still the code that a repair exercise gave, wherever it stands."""
    if not (inspect.isclass(answer) or inspect.isfunction(answer)):
        return False
    try:
        module = compile(source, "<stub>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError:
        return False
    name = answer.__name__
    given = next((c for c in _inner(module) if c.co_name == name), None)
    if given is None:
        return False
    if inspect.isfunction(answer):
        return _same(answer.__code__, given)
    methods = {c.co_name: c for c in _inner(given)}
    own = {n: m.__code__ for n, m in vars(answer).items() if inspect.isfunction(m)}
    return own.keys() == methods.keys() and all(_same(own[n], methods[n]) for n in own)


def _same(a: CodeType, b: CodeType) -> bool:
    """Say whether two pieces of code do the same, line numbers and file names apart."""
    return _essence(a) == _essence(b)


def _essence(code: CodeType) -> tuple[Any, ...]:
    constants = [_essence(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts]
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, constants


def _inner(code: CodeType) -> list[CodeType]:
    return [const for const in code.co_consts if isinstance(const, CodeType)]
