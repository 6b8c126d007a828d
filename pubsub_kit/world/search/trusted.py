"""Which code can be trusted to remember nothing of its own, and what other code could look at.

A handler's state may sit anywhere that its code can reach. Code names what it reaches: globals,
attributes, modules. Code that reaches for the machinery of Python (frames, `globals()`, `id`), or
for the luck and the trace of its world, could remember or see things that no comparison finds.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterable
from functools import lru_cache
from types import CodeType
from typing import Any, NamedTuple

from pubsub_kit.world.system import System


def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


#: Modules of the standard library whose functions and classes have no state of their own.
PURE = words(
    "math cmath json re datetime collections itertools functools operator dataclasses typing string"
    " statistics fractions numbers copy hashlib hmac base64 binascii struct textwrap bisect heapq"
    " zlib contextlib future__ abc builtins"
)
_KIT = ("world", "broker", "log", "patterns", "errors")
#: Builtins that reach anything, or that tell objects apart which look the same.
REFLECTION = words(
    "globals locals vars dir exec eval compile open input breakpoint id hash __import__ getattr"
    " setattr delattr attrgetter methodcaller"
)
_FRAMES = words(
    "tb_frame gi_frame cr_frame ag_frame f_back f_locals f_globals f_builtins cr_await gi_yieldfrom"
    " ag_await attrgetter methodcaller _delivery _group _node settler ack_id versions _write"
)
_PLAIN_DUNDERS = words(
    "__init__ __post_init__ __name__ __qualname__ __module__ __class__ __doc__ __enter__ __exit__"
    " __aenter__ __aexit__ __await__ __call__ __len__ __contains__ __eq__"
)
#: What leads to a world, and what a world tells only to those who know how it got here.
TO_A_WORLD = frozenset({"world", "_world", "running", "enter"})
OF_THE_PAST = {*vars(System()), *dir(System)} - {"now", "stores", "event", "wake", *dir(object)}
#: What tells in which order a set has its members.
IN_ORDER = words("pop iter next list tuple join enumerate zip map filter <iterates>")
_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS")
_ITERATES = ("GET_ITER", "UNPACK_SEQUENCE", "UNPACK_EX", "LIST_EXTEND", "CALL_FUNCTION_EX")


class Reach(NamedTuple):
    """What a piece of code names: globals, modules that it imports, and everything."""

    globals: tuple[str, ...]
    imports: tuple[str, ...]
    names: frozenset[str]


def reflects(names: Iterable[str], builtins: Iterable[str]) -> bool:
    """Whether code with these names, and these globals, could reach what is not in sight."""
    return (
        not REFLECTION.isdisjoint(builtins)
        or not _FRAMES.isdisjoint(names)
        or any(name.startswith("__") and name not in _PLAIN_DUNDERS for name in names)
    )


@lru_cache(maxsize=512)
def reach(code: CodeType) -> Reach:
    """Return what code names, the functions and classes within it included."""
    found: set[str] = set()
    imports: set[str] = set()
    names = set(code.co_names)
    for step in dis.get_instructions(code):
        if step.opname in _GLOBAL:
            found.add(step.argval)
        elif step.opname == "IMPORT_NAME":
            imports.add(step.argval)
        elif step.opname in _ITERATES:
            names.add("<iterates>")
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            inner = reach(constant)
            found.update(inner.globals)
            imports.update(inner.imports)
            names.update(inner.names)
    return Reach(tuple(sorted(found)), tuple(sorted(imports)), frozenset(names))


def trusted(module: str) -> bool:
    """Whether the code of the module of this name remembers nothing of its own."""
    top, _, rest = module.partition(".")
    if top == "pubsub_kit":
        return not rest or rest.partition(".")[0] in _KIT
    return top.lstrip("_") in PURE


def trusted_namespace(namespace: dict[str, Any]) -> bool:
    """Whether these are the globals of such a module, and not of one that has its name."""
    name = str(namespace.get("__name__"))
    return trusted(name) and getattr(sys.modules.get(name), "__dict__", None) is namespace


def trusted_class(kind: type) -> bool:
    """Whether this is a class of such a module, and not one that has its name."""
    return trusted(kind.__module__) and found_there(kind)


def found_there(kind: type) -> bool:
    """Whether a class is where it says that it is."""
    found: Any = sys.modules.get(kind.__module__)
    for name in kind.__qualname__.split("."):
        found = getattr(found, "__dict__", {}).get(name)
    return found is kind
