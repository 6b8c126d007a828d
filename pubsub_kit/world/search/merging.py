"""Equal states need not be explored twice: what a world at rest depends on, as one value.

A run is at rest when no handler is running, no message is in flight, and only deadlines or restarts
are left to happen. What follows then depends on the durable rows, the broker, the nodes, the
handlers' memory and the time, and on nothing else. Two runs that rest in equal states have the same
future. So the second can stop there, if its last fault has happened, and if the first had no fault
to come either and no fewer left to try: whatever could follow has been tried or will be.

This is true only if all of that memory can be seen. A handler that keeps something in a global, a
closure, a class attribute or an object of an unknown kind is `Opaque`, and nothing is merged.
"""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Hashable, Iterator
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from pubsub_kit.broker.snapshot import of_broker
from pubsub_kit.world.consumers import Group
from pubsub_kit.world.kernel import Kernel, Restart
from pubsub_kit.world.stores import Store
from pubsub_kit.world.system import System

_DEPTH = 8
_ATOMS = (str, int, float, bool, bytes, type(None))
_HARMLESS = (*_ATOMS, Store, Kernel, BuiltinFunctionType)


class Opaque(Exception):
    """A handler may remember something that can't be compared."""


class Rests:
    """The states in which earlier runs of one exploration rested, and held."""

    def __init__(self) -> None:
        self.known: set[Hashable] = set()
        self.met: list[Hashable] = []  # in the run at hand
        self.merged = False  # the run at hand ended in a known state
        self.checked = self.opaque = False

    def begin(self) -> None:
        """Begin the next run."""
        self.met, self.merged = [], False

    def has(self, world: System) -> bool:
        """Return whether this run rests in the state of an earlier one."""
        try:
            if not self.checked:
                for source in _sources(world):
                    check(source)
                self.checked = True
            state = None if self.opaque else at_rest(world)
        except Opaque:
            self.opaque, state = True, None
        if state is not None:
            self.met.append(state)
            self.merged = state in self.known
        return self.merged

    def keep(self) -> None:
        """Remember where this run rested, since it held."""
        self.known.update(self.met)


def at_rest(world: System) -> Hashable | None:
    """Return all that a world's future depends on; None if it is not at rest. Raises Opaque."""
    workers = [worker for groups in world.groups.values() for g in groups for worker in g.idle]
    if world.busy or sum(len(node.tasks) for node in world.nodes.values()) > len(workers):
        return None
    agenda = []
    for moment, _, _, event in sorted(world.env._queue, key=lambda entry: entry[:3]):
        for then in event.callbacks:
            if isinstance(then, Restart):
                agenda.append((moment, then.node.name))
            elif isinstance(group := getattr(then, "__self__", None), Group):
                agenda.append((moment, group.name))  # its alarm
            else:
                return None
    return (
        world.now,
        tuple(agenda),
        of_broker(world.broker),
        tuple((name, frozen(store.rows)) for name, store in world.stores.items()),
        tuple(repr(step[2:]) for step in world.trace.steps if step.kind == "effect"),
        tuple((n.name, n.alive, n.active, n.asked, n.skew) for n in world.nodes.values()),
        tuple((w.node.name, w.used, frozen(w.made)) for w in workers),
        tuple((service.slowness, frozen(service.made)) for service in world.services.values()),
        tuple((ends, link[1:]) for ends, link in world.network.links.items()),
        tuple(item for item in world.numbers.items() if item[0] != "message"),
    )


def frozen(value: Any, depth: int = _DEPTH) -> Hashable:
    """Return a value that is equal if, and only if, what is remembered is. Raises Opaque."""
    kind = type(value)
    if kind in _ATOMS:
        return kind, value
    if depth == 0:
        raise Opaque
    if kind in (list, tuple):
        return kind, tuple(frozen(item, depth - 1) for item in value)
    if kind is dict:
        return kind, tuple((frozen(k, depth - 1), frozen(v, depth - 1)) for k, v in value.items())
    if kind in (set, frozenset):
        return kind, frozenset(frozen(item, depth - 1) for item in value)
    if isinstance(value, Store | Kernel | FunctionType | BuiltinFunctionType | type):
        return kind, getattr(value, "__qualname__", getattr(value, "name", ""))
    if isinstance(value, MethodType):
        return value.__func__, frozen(value.__self__, depth - 1)
    if hasattr(value, "__dict__") and not hasattr(value, "__slots__") and _ours(kind):
        return kind.__qualname__, frozen(vars(value), depth - 1)
    raise Opaque


def _ours(kind: type) -> bool:
    return all(base.__module__ not in sys.stdlib_module_names for base in kind.__mro__[:-1])


def _sources(world: System) -> Iterator[Any]:
    """Yield whatever makes the handlers of a world, and what it has made."""
    for groups in world.groups.values():
        for group in groups:
            yield from (group.factory, group.subscription.reader.filter)
            yield from (worker.made for worker in group.idle)
    for service in world.services.values():
        yield from (service.source, service.made)


def check(source: Any, seen: set[int] | None = None) -> None:
    """Raise Opaque if code could remember something where `frozen` would not see it."""
    seen = set() if seen is None else seen
    if id(source) in seen or isinstance(source, _HARMLESS):
        return
    seen.add(id(source))
    if isinstance(source, MethodType):
        check(source.__func__, seen)
        check(source.__self__, seen)
    elif isinstance(source, FunctionType):
        _check_function(source, seen)
    elif isinstance(source, ModuleType):
        if not _known(source.__name__):
            raise Opaque
    elif isinstance(source, type):
        _check_class(source, seen)
    elif isinstance(source, tuple | frozenset):
        for item in source:
            check(item, seen)
    elif hasattr(source, "__dict__") and _ours(type(source)):
        check(type(source), seen)
        for value in vars(source).values():
            if isinstance(value, FunctionType | MethodType | type):
                check(value, seen)
    else:
        raise Opaque


def _known(module: str) -> bool:
    top = module.partition(".")[0]
    return top == "pubsub_kit" or top in sys.stdlib_module_names


def _check_class(kind: type, seen: set[int]) -> None:
    if _known(kind.__module__) and kind.__module__ != "__main__":
        return
    for base in kind.__mro__[:-1]:
        for name, value in vars(base).items():
            inner = getattr(value, "__func__", getattr(value, "fget", value))
            if not name.startswith("__") or isinstance(inner, FunctionType):
                check(inner, seen)


def _check_function(function: FunctionType, seen: set[int]) -> None:
    if _known(function.__module__ or "") and function.__module__ != "__main__":
        return
    if any(_rebinds(code) for code in _codes(function.__code__)):
        raise Opaque
    for default in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        check(default, seen)
    for value in (*inspect.getclosurevars(function).nonlocals.values(), *_globals(function)):
        check(value, seen)


def _globals(function: FunctionType) -> Iterator[Any]:
    names = {name for code in _codes(function.__code__) for name in code.co_names}
    return (function.__globals__[name] for name in names if name in function.__globals__)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _rebinds(code: CodeType) -> bool:
    """Whether code has a `global` or a `nonlocal` that it assigns to."""
    return any(
        step.opname in ("STORE_GLOBAL", "DELETE_GLOBAL")
        or (step.opname == "STORE_DEREF" and step.argval in code.co_freevars)
        for step in dis.get_instructions(code)
    )
