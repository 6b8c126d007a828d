"""What handlers remember, as one value: equal if, and only if, what they remember is.

It is read as `pickle` reads objects: each container and object once, in a fixed order, and by its
number when it is met again; so two names for one list differ from two equal lists. What is in
closures, defaults and attributes of functions is read as well. What code finds outside itself may
not change at all (surroundings.py). Whatever else there is, such as iterators and files, is Opaque.

Sets are read without their order, so code that could notice it is Opaque too.
"""

from __future__ import annotations

import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import CellType, FunctionType, MethodType
from typing import Any, Generic

from pubsub_kit.log.event import Event
from pubsub_kit.world.breaker import Breaker
from pubsub_kit.world.kernel import Kernel
from pubsub_kit.world.search.surroundings import (
    ABSENT,
    PRINTED,
    Opaque,
    Surroundings,
    content,
    pure_builtin,
)
from pubsub_kit.world.search.trusted import IN_ORDER, found_there, trusted, trusted_class
from pubsub_kit.world.stores import Store
from pubsub_kit.world.system import System

_ATOMS = frozenset((str, int, bool, bytes, type(None)))
_AGAIN, _END = object(), object()
_STORE_HAS = len(vars(Store(System(), "s", {})))
_WORLD_HAS = len(vars(System()))


class Memory:
    """Reads what the handlers of one exploration remember, run after run."""

    def __init__(self) -> None:
        self.outside = Surroundings()
        self._slots: dict[type, tuple[Any, ...]] = {}
        #: All that was read in the first run, with what was in cells: it should be gone by the next
        self._first: dict[int, tuple[Any, Any]] = {}
        self._runs = 0
        self._begun = False

    def begin(self) -> None:
        """Begin the next run."""
        self._begun = False

    def read(self, world: System, roots: Iterable[Any]) -> tuple[Any, ...]:
        """Return what can be reached from some objects, as one value. Raises Opaque."""
        if not self._begun:
            self._begun = True
            self._runs += 1
        reading = Reading(self, world)
        try:
            for root in roots:
                reading.see(root)
        except RecursionError:
            raise Opaque from None
        if self._runs == 1:
            self._first.update(reading.met)
        else:
            for key in reading.met.keys() & self._first.keys():
                check_lasting(*reading.met[key], self._first[key][1])
        self.outside.verify()
        if self.outside.worldly and len(vars(world)) > _WORLD_HAS:
            raise Opaque
        if reading.unordered and self.outside.names & IN_ORDER:
            raise Opaque
        return tuple(reading.out)

    def slots(self, kind: type) -> tuple[Any, ...]:
        """Return the descriptors of a class's slots. Raises Opaque if its objects hide anything."""
        found = self._slots.get(kind)
        if found is None:
            self.outside.of_class(kind)
            if not all(base is object or _plain(base) for base in kind.__mro__):
                raise Opaque
            members = [each for base in kind.__mro__ for each in vars(base).values()]
            found = tuple(each for each in members if type(each) is types.MemberDescriptorType)
            self._slots[kind] = found
        return found


def check_lasting(thing: Any, now: Any, before: Any) -> None:
    """Raise Opaque if what outlives a run could change in it."""
    if type(thing) is CellType and now is before:
        return
    if type(thing) is FunctionType and not (now or before):
        return
    raise Opaque


def _plain(kind: type) -> bool:
    """Whether objects of a class have nothing but attributes."""
    if kind in (Breaker, Generic):
        return True
    if trusted_class(kind) or trusted(kind.__module__):
        return kind.__module__.startswith("pubsub_kit.patterns")
    return bool(kind.__flags__ & 1 << 9)


class Reading:
    """One reading: what was met, each thing under its number, and what was read of it."""

    def __init__(self, memory: Memory, world: System) -> None:
        self.memory, self.world = memory, world
        self.out: list[Any] = []
        self.numbers: dict[int, int] = {}
        self.met: dict[int, tuple[Any, Any]] = {}
        self.unordered = False

    def see(self, value: Any) -> None:
        """Read one value. Raises Opaque."""
        kind = type(value)
        out = self.out
        if kind in _ATOMS:
            out += (kind, value)
        elif kind in PRINTED:
            out += (kind, repr(value))
        elif (read := _READERS.get(kind)) is not None:
            read(self, value)
        elif isinstance(value, Store):
            self._store(value)
        elif isinstance(value, Kernel):
            if value is not self.world:
                raise Opaque
            self.memory.outside.worldly = True
            out.append(Kernel)
        elif isinstance(value, type):
            self.memory.outside.of_class(value)
            out.append(value)
        else:
            self._object(value, kind)

    def new(self, value: Any, within: Any = None) -> bool:
        """Give a thing its number; return False, and read the number, if it has one."""
        key = id(value)
        if (number := self.numbers.get(key)) is not None:
            self.out += (_AGAIN, number)
            return False
        self.numbers[key] = len(self.numbers)
        self.met[key] = (value, within)
        return True

    def _store(self, value: Store) -> None:
        if self.world.stores.get(value.name) is not value or len(vars(value)) != _STORE_HAS:
            raise Opaque
        kind = type(value)
        ours = kind is Store or (kind.__module__.startswith("pubsub_kit.") and found_there(kind))
        if not ours:
            self.memory.outside.of_class(kind)
        self.out += (kind, value.name)

    def _object(self, value: Any, kind: type) -> None:
        slots = self.memory.slots(kind)
        if not self.new(value):
            return
        self.out.append(kind)
        for slot in slots:
            try:
                self.see(slot.__get__(value))
            except AttributeError:
                self.out.append(ABSENT)
        if kind.__dictoffset__:
            attributes = value.__dict__
            if self.new(attributes):
                self._attributes(attributes)

    def _attributes(self, attributes: dict[str, Any]) -> None:
        for name, each in attributes.items():
            self.out.append(name)
            self.see(each)
        self.out.append(_END)

    def _items(self, value: Iterable[Any]) -> None:
        self.out.append(type(value))
        for item in value:
            self.see(item)
        self.out.append(_END)

    def _list(self, value: Any) -> None:
        if self.new(value):
            self._items(value)

    def _deque(self, value: deque[Any]) -> None:
        if self.new(value):
            self.out.append(value.maxlen)
            self._items(value)

    def _dict(self, value: dict[Any, Any]) -> None:
        if not self.new(value):
            return
        self.out.append(type(value))
        if type(value) is defaultdict:
            self.see(value.default_factory)
        self._pairs(value)

    def _pairs(self, value: Mapping[Any, Any]) -> None:
        for key, each in value.items():
            self.see(key)
            self.see(each)
        self.out.append(_END)

    def _set(self, value: Any) -> None:
        if type(value) is set and not self.new(value):
            return
        if not _ATOMS.issuperset(map(type, value)):
            raise Opaque
        self.unordered |= len(value) > 1
        self.out += (type(value), frozenset((type(item), item) for item in value))

    def _bytes(self, value: bytearray) -> None:
        if self.new(value):
            self.out += (bytearray, bytes(value))

    def _cell(self, value: CellType) -> None:
        inside = content(value)
        if self.new(value, inside):
            self.out.append(CellType)
            if inside is not ABSENT:
                self.see(inside)

    def _function(self, value: FunctionType) -> None:
        attributes = vars(value)
        if not self.new(value, len(attributes)):
            return
        self.memory.outside.of_code(value)
        self.out += (FunctionType, id(value.__code__), id(value.__globals__))
        for cell in value.__closure__ or ():
            self._cell(cell)
        if value.__defaults__:
            self._items(value.__defaults__)
        if value.__kwdefaults__:
            self._attributes(value.__kwdefaults__)
        if attributes:
            self._attributes(attributes)

    def _method(self, value: MethodType) -> None:
        self.out.append(MethodType)
        self.see(value.__func__)
        self.see(value.__self__)

    def _builtin(self, value: Any) -> None:
        owner = value.__self__
        if owner is None or type(owner) is types.ModuleType:
            if not pure_builtin(value):
                raise Opaque
            self.out.append(value)
        else:
            self.out += (types.BuiltinFunctionType, value.__name__)
            self.see(owner)

    def _partial(self, value: partial[Any]) -> None:
        if self.new(value):
            self.out.append(partial)
            self.see(value.func)
            self._items(value.args)
            self._attributes(value.keywords)
            self._attributes(vars(value))

    def _event(self, value: Event) -> None:
        self.out.append(Event)
        for each in value[:-1]:
            self.see(each)
        self._pairs(value.extensions)

    def _module(self, value: types.ModuleType) -> None:
        self.memory.outside.of_module(value)
        self.out.append(value)


_READERS: dict[type, Callable[[Reading, Any], None]] = {
    **dict.fromkeys((list,), Reading._list),
    **dict.fromkeys((dict, OrderedDict, Counter, defaultdict), Reading._dict),
    **dict.fromkeys((set, frozenset), Reading._set),
    tuple: Reading._items,
    deque: Reading._deque,
    bytearray: Reading._bytes,
    CellType: Reading._cell,
    FunctionType: Reading._function,
    MethodType: Reading._method,
    types.BuiltinFunctionType: Reading._builtin,
    types.ModuleType: Reading._module,
    partial: Reading._partial,
    Event: Reading._event,
}
