"""Notices whether an answer remembers anything from one run to the next, and can set it back."""

from __future__ import annotations

import copy
import inspect
import re
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FunctionType, ModuleType
from typing import Any

from pubsub_kit.checks.sandbox.places import GONE, Place, places

_PLAIN = (str, bytes, int, float, complex, bool, type(None))
_MOST = 2_000  # parts of a value that are looked at


class Memory:
    """The places that an answer can reach, and what they held at first."""

    def __init__(self, answer: Any) -> None:
        self.places = list(places(answer))
        self._prints = [fingerprint(place.read()) for place in self.places]
        self._copies = [_copy(place.read()) for place in self.places]

    def changed(self) -> list[Place]:
        """Return the places that do not hold any more what they held at first."""
        pairs = zip(self.places, self._prints, strict=True)
        return [place for place, before in pairs if fingerprint(place.read()) != before]

    @contextmanager
    def as_at_first(self) -> Iterator[None]:
        """Let every place hold a copy of what it held at first, for a while."""
        with self._holding([_copy(value) for value in self._copies]):
            yield

    @contextmanager
    def emptied(self) -> Iterator[list[Place]]:
        """Let every collection be empty for a while; gives the places of those that were not."""
        now = [place.read() for place in self.places]
        bare = [_bare(value) for value in now]
        with self._holding(bare):
            triples = zip(self.places, now, bare, strict=True)
            yield [place for place, value, empty in triples if value is not empty]

    def forget(self) -> None:
        """Set every place that has changed back to what it held at first."""
        triples = zip(self.places, self._prints, self._copies, strict=True)
        for place, before, value in triples:
            if value is not _UNCOPIED and fingerprint(place.read()) != before:
                place.write(_copy(value))

    @contextmanager
    def _holding(self, values: list[Any]) -> Iterator[None]:
        now = [place.read() for place in self.places]
        try:
            for place, value, old in zip(self.places, values, now, strict=True):
                if value is not _UNCOPIED and value is not old:
                    place.write(value)
            yield
        finally:
            for place, value in zip(self.places, now, strict=True):
                if place.read() is not value:
                    place.write(value)


def fingerprint(value: Any) -> Any:
    """Return an immutable picture of a value, so that two moments can be compared."""
    return _print(value, iter(range(_MOST)), 6)


def _print(value: Any, left: Iterator[int], depth: int) -> Any:
    if isinstance(value, _PLAIN):
        return type(value).__name__, value
    if depth == 0 or next(left, None) is None or isinstance(value, ModuleType | type):
        return id(value)
    try:
        return type(value).__name__, tuple(_print(part, left, depth - 1) for part in _parts(value))
    except Exception:
        return id(value)


def _parts(value: Any) -> list[Any]:
    """Return what a value is made of; what cannot be looked into is made of its own words."""
    if isinstance(value, Mapping):
        return [part for pair in value.items() for part in pair]
    if isinstance(value, list | tuple | deque):
        return list(value)
    if isinstance(value, set | frozenset):
        return sorted(map(repr, value))
    if hasattr(value, "cache_info"):
        return [str(value.cache_info())]
    if hasattr(value, "__dict__") and not inspect.isroutine(value):
        return [*vars(value).values(), *(list(value) if isinstance(value, list | dict) else [])]
    return [re.sub(r"0x[0-9a-f]+", "", repr(value)), id(value)]


_UNCOPIED = object()


def _copy(value: Any) -> Any:
    """Return a deep copy; what cannot be copied stays as it is."""
    if isinstance(value, ModuleType | type | FunctionType) or value is _UNCOPIED:
        return _UNCOPIED
    if value is GONE or isinstance(value, _PLAIN):
        return value
    left = iter(range(_MOST))
    _print(value, left, 6)
    try:
        return _UNCOPIED if next(left, None) is None else copy.deepcopy(value)
    except Exception:
        return _UNCOPIED


def _bare(value: Any) -> Any:
    """Return an empty collection of the same kind; anything else as it is."""
    if isinstance(value, set | dict | list | deque) and value:
        try:
            bare = copy.copy(value)
            bare.clear()
            return bare
        except Exception:
            return value
    return value
