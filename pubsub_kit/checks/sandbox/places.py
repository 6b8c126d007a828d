"""The places where an answer could remember something from one run to the next.

A crash wipes out what a handler's object holds. What lives elsewhere (a global, a class attribute,
a default argument, a variable of the function around it, a cache) would survive a crash here,
though a real restart wipes that out as well.
"""

from __future__ import annotations

import builtins
import functools
import inspect
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from enum import Enum
from types import CodeType, FunctionType, ModuleType
from typing import Any

from pubsub_kit.checks.sandbox.blame import is_own

#: What a place holds that holds nothing.
GONE = object()


@dataclass(frozen=True)
class Place:
    """One place outside of a handler's object: what to call it, how to read and write it."""

    words: str
    read: Callable[[], Any]
    write: Callable[[Any], None]


def spaces(answer: Any) -> list[dict[str, Any]]:
    """Return the global namespaces of the learner's own code in an answer."""
    found: dict[int, dict[str, Any]] = {}
    for _ in places(answer, found):
        pass
    return list(found.values())


def places(answer: Any, spaces: dict[int, dict[str, Any]] | None = None) -> Iterator[Place]:
    """Yield every place that an answer's code can reach by name; fill `spaces` on the way."""
    waiting, seen = [answer], set[int]()
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, type):
            yield from _of_class(thing, waiting)
        elif isinstance(thing, FunctionType):
            if spaces is not None and is_own(thing.__code__.co_filename):
                spaces[id(thing.__globals__)] = thing.__globals__
            yield from _of_function(thing, waiting)
        elif isinstance(thing, functools.partial):
            waiting.append(thing.func)
            yield from map(_of_argument, (*thing.args, *thing.keywords.values()))
        elif hasattr(thing, "cache_info") and hasattr(thing, "__wrapped__"):
            yield _of_cache(thing)
            waiting.append(thing.__wrapped__)
        elif inspect.ismethod(thing):
            waiting += [thing.__func__, thing.__self__]
        elif _is_own_class(type(thing)):
            yield _of_object(thing)
            waiting.append(type(thing))


def _is_own_class(cls: type) -> bool:
    codes = [f.__code__ for f in vars(cls).values() if isinstance(f, FunctionType)]
    return any(is_own(code.co_filename) for code in codes)


def _of_object(thing: Any) -> Place:
    name = type(thing).__name__

    def write(value: Any) -> None:
        vars(thing).clear()
        vars(thing).update(value)

    return Place(
        f"one object of {name}, which was made before the check: give check() {name} itself, and "
        "each start makes a new one",
        lambda: dict(getattr(thing, "__dict__", {})),
        write,
    )


def _of_argument(value: Any) -> Place:
    def write(new: Any) -> None:
        if isinstance(value, list | set | dict) and new is not value:
            kept = copy(new)
            value.clear()
            (value.extend if isinstance(value, list) else value.update)(kept)

    def read() -> Any:
        return copy(value) if isinstance(value, list | set | dict) else value

    return Place("an argument of partial(), which was made once", read, write)


def _of_cache(thing: Any) -> Place:
    name = getattr(thing, "__name__", "a function")

    def write(value: Any) -> None:
        thing.cache_clear()

    return Place(f"the cache of {name}()", lambda: str(thing.cache_info()), write)


def _of_class(cls: type, waiting: list[Any]) -> Iterator[Place]:
    for base in cls.__mro__:
        if not _is_own_class(base) or issubclass(base, Enum):
            continue
        for name in sorted({*vars(base), *_names_in(base)}):
            value = vars(base).get(name, GONE)
            if isinstance(value, staticmethod | classmethod):
                waiting.append(value.__func__)
            elif isinstance(value, property):
                waiting += [value.fget, value.fset]
            elif _is_code(value):
                waiting.append(value)
            elif not name.startswith("__"):
                yield _attribute(
                    base,
                    name,
                    f"{base.__name__}.{name}, which belongs to the class and not to one object: "
                    f"set self.{name} in __init__",
                )


def _attribute(owner: Any, name: str, words: str) -> Place:
    def write(value: Any) -> None:
        if value is GONE:
            if name in vars(owner):
                delattr(owner, name)
        else:
            setattr(owner, name, value)

    return Place(words, lambda: vars(owner).get(name, GONE), write)


def _of_function(function: FunctionType, waiting: list[Any]) -> Iterator[Place]:
    if not is_own(function.__code__.co_filename):
        return
    if hasattr(function, "__wrapped__"):
        waiting.append(function.__wrapped__)
    yield from _of_defaults(function)
    yield from _of_closure(function, waiting)
    for name in sorted({*vars(function), *_names(function.__code__)}):
        if not name.startswith("__"):
            words = f"{function.__name__}.{name}, an attribute of your function"
            yield _attribute(function, name, words)
    yield from _of_globals(function, waiting)


def _of_defaults(function: FunctionType) -> Iterator[Place]:
    values = function.__defaults__ or ()
    names = function.__code__.co_varnames[: function.__code__.co_argcount][-len(values) :]
    for i, name in enumerate(names if values else ()):

        def write(value: Any, i: int = i) -> None:
            kept = list(function.__defaults__ or ())
            kept[i] = value
            function.__defaults__ = tuple(kept)

        def read(i: int = i) -> Any:
            return (function.__defaults__ or ())[i]

        yield Place(_DEFAULT.format(name), read, write)
    for name in function.__kwdefaults__ or {}:
        yield _item(function.__kwdefaults__ or {}, name, _DEFAULT.format(name))


_DEFAULT = "the default argument {}, which Python makes once, when it reads the def"


def _item(owner: dict[str, Any], name: str, words: str) -> Place:
    def write(value: Any) -> None:
        if value is GONE:
            owner.pop(name, None)
        else:
            owner[name] = value

    return Place(words, lambda: owner.get(name, GONE), write)


def _of_closure(function: FunctionType, waiting: list[Any]) -> Iterator[Place]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):

        def read(cell: Any = cell) -> Any:
            try:
                return cell.cell_contents
            except ValueError:
                return GONE

        def write(value: Any, cell: Any = cell) -> None:
            if value is not GONE:
                cell.cell_contents = value

        if _is_code(value := read()):
            waiting.append(value)
        else:
            maker = function.__qualname__.partition(".<locals>")[0].rpartition(".")[2]
            yield Place(
                f"{name}, a variable of {maker}() around your handler: give check() {maker} "
                "itself, and each start calls it anew",
                read,
                write,
            )


def _of_globals(function: FunctionType, waiting: list[Any]) -> Iterator[Place]:
    space = function.__globals__
    for name in sorted(_names(function.__code__)):
        value = space.get(name, GONE)
        if _is_code(value):
            waiting.append(value)
        elif not isinstance(value, ModuleType) and not hasattr(builtins, name):
            yield _item(space, name, f"the global variable {name}")


def _names(code: CodeType) -> set[str]:
    """Return every name that code, or code within it, may look up outside."""
    inner = [const for const in code.co_consts if isinstance(const, CodeType)]
    return set(code.co_names).union(*map(_names, inner))


def _names_in(cls: type) -> set[str]:
    codes = [f.__code__ for f in vars(cls).values() if isinstance(f, FunctionType)]
    return set().union(*map(_names, codes))


def _is_code(value: Any) -> bool:
    return isinstance(value, FunctionType | type | functools.partial) or hasattr(
        value, "cache_info"
    )
