"""What handlers find outside themselves: globals, modules and classes, which outlive every run.

Nothing there may change, or one run would depend on those before it. So each value that code can
reach there must be immutable, and it is noted where it was found, to see that it stays there.
"""

from __future__ import annotations

import builtins
import re
import types
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import repeat
from types import CellType, FunctionType, ModuleType
from typing import Any

from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.world.search.trusted import (
    OF_THE_PAST,
    REFLECTION,
    TO_A_WORLD,
    reach,
    reflects,
    trusted,
    trusted_class,
    trusted_namespace,
    words,
)

#: Values that cannot change, and that are equal if they are of one type and print the same.
PRINTED = (float, complex, date, datetime, time, timedelta, Decimal, Fraction, range, RetryPolicy)
_FIXED = (
    *(str, int, bool, bytes, type(None), type(...), type(NotImplemented), re.Pattern, *PRINTED),
    *(types.GenericAlias, types.UnionType, types.MemberDescriptorType, types.GetSetDescriptorType),
    *(types.WrapperDescriptorType, types.MethodDescriptorType, types.ClassMethodDescriptorType),
)
_UNREAD = words(
    "__doc__ __module__ __qualname__ __annotations__ __annotate__ __annotate_func__ __slots__"
    " __annotations_cache__ __dataclass_fields__ __dataclass_params__ __match_args__ __parameters__"
    " __orig_bases__ __static_attributes__ __firstlineno__ __type_params__"
)
_MADE_BY_CODE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a class that can be changed
_MOST = 300  # functions and classes
ABSENT = object()


class Opaque(Exception):
    """A handler may remember something that can't be compared."""


class Surroundings:
    """All that the handlers of one exploration can reach outside themselves, and its values."""

    def __init__(self) -> None:
        self.known: dict[Any, Any] = {}  # by id, kept so that no id is used again
        self.names: set[str] = set()  # what code looks at
        self.worldly = False  # code can reach its world
        self.modules: list[ModuleType] = []
        self.cells: list[tuple[CellType, Any]] = []
        self._found: dict[int, tuple[Callable[..., Any], dict[str, Any]]] = {}
        self._checks: list[tuple[Callable[..., Any], list[str], list[int]]] | None = None
        self._whole: list[tuple[Mapping[str, Any], int]] = []

    def verify(self) -> None:
        """Raise Opaque if anything outside has changed, or if code can look at a world's past."""
        if self._checks is None:
            self._settle()
        for get, names, ids in self._checks or ():
            if [*map(id, map(get, names, repeat(ABSENT)))] != ids:
                raise Opaque
        for namespace, size in self._whole:
            if len(namespace) != size:
                raise Opaque
        for cell, value in self.cells:
            if content(cell) is not value:
                raise Opaque

    def _settle(self) -> None:
        while self._checks is None:
            self._checks = [
                (get, list(values), [*map(id, values.values())])
                for get, values in self._found.values()
            ]
            for module in self.modules:
                self._watch(module, vars(module), sorted(self.names & vars(module).keys()))
        if (self.worldly or self.names & TO_A_WORLD) and self.names & OF_THE_PAST:
            raise Opaque

    def _watch(self, owner: Any, namespace: Mapping[str, Any], names: Iterable[str]) -> None:
        """Note what is found under some names, and survey it."""
        values = self._found.setdefault(id(owner), (namespace.get, {}))[1]
        for name in names:
            if name not in values:
                values[name] = value = namespace.get(name, ABSENT)
                self._checks = None
                if value is not ABSENT and name not in _UNREAD:
                    self.survey(value)

    def _watch_all(self, owner: Any, namespace: Mapping[str, Any]) -> None:
        """Note all that is in a namespace, without a look at what it is."""
        self._whole.append((namespace, len(namespace)))
        self._found[id(owner)] = (namespace.get, dict(namespace))
        self._checks = None

    def _keep(self, key: Any, value: Any) -> bool:
        """Return whether this is new. Raises Opaque if there is too much of it."""
        if key in self.known:
            return False
        self.known[key] = value
        if len(self.known) > _MOST:
            raise Opaque
        return True

    def survey(self, value: Any) -> None:
        """Look at something outside; raises Opaque if it could change, or is of unknown kind."""
        kind = type(value)
        if kind in _FIXED or kind.__module__ == "typing":
            return
        if kind in (tuple, frozenset):
            for item in value:
                self.survey(item)
        elif kind is FunctionType:
            self._function(value)
        elif isinstance(value, type):
            self.of_class(value)
        elif kind is ModuleType:
            self.of_module(value)
        elif kind in (staticmethod, classmethod, types.MethodType):
            self.survey(value.__func__)
            self.survey(getattr(value, "__self__", None))
        elif kind in (property, cached_property):
            for name in ("fget", "fset", "fdel", "func"):
                self.survey(getattr(value, name, None))
        elif not (kind is types.BuiltinFunctionType and pure_builtin(value)):
            raise Opaque

    def _function(self, function: FunctionType) -> None:
        if not self._keep(id(function), function):
            return
        self.of_code(function)
        for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            self.survey(value)
        for cell in function.__closure__ or ():
            self.cells.append((cell, value := content(cell)))
            if value is not ABSENT:
                self.survey(value)
        attributes = vars(function)
        self._whole.append((attributes, len(attributes)))
        if attributes:
            self._watch(function, attributes, attributes)

    def of_code(self, function: FunctionType) -> None:
        """Survey whatever the code of a function can reach by name."""
        code, namespace = function.__code__, function.__globals__
        key = (id(code), id(namespace))
        if key in self.known or not self._keep(key, (code, namespace)):
            return
        if trusted_namespace(namespace):
            self.worldly |= namespace["__name__"] == "pubsub_kit.world.system"
            return
        names = reach(code)
        if reflects(names.names, names.globals) or not all(map(trusted, names.imports)):
            raise Opaque
        self.names |= names.names
        self._checks = None
        self._watch(namespace, namespace, names.globals)
        self._watch(builtins, vars(builtins), [n for n in names.globals if n not in namespace])

    def of_module(self, module: ModuleType) -> None:
        """Survey what code can look at in a module."""
        if self._keep(id(module), module):
            if trusted(module.__name__):
                self._watch_all(module, vars(module))
            else:
                self.modules.append(module)
                self._checks = None

    def of_class(self, kind: type) -> None:
        """Survey a class and its bases."""
        if id(kind) in self.known or not kind.__flags__ & _MADE_BY_CODE:
            return
        self._keep(id(kind), kind)
        if trusted_class(kind):
            self._watch_all(kind, vars(kind))
            return
        if type(kind) is not type:
            raise Opaque
        for base in kind.__mro__[1:]:
            self.of_class(base)
        self._whole.append((vars(kind), len(vars(kind))))
        self._watch(kind, vars(kind), vars(kind))


def content(cell: CellType) -> Any:
    """Return what is in a cell, or ABSENT."""
    try:
        return cell.cell_contents
    except ValueError:
        return ABSENT


def pure_builtin(function: Any) -> bool:
    """Whether a builtin function belongs to a module that remembers nothing."""
    owner = function.__self__
    if not isinstance(owner, ModuleType):
        return owner is None
    return trusted(owner.__name__) and function.__name__ not in REFLECTION
