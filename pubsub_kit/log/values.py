"""JSON values: what an event's data may be, where it is not, and copies that share nothing.

A log gives back what JSON can hold, in memory as on disk: a tuple comes back as a list, a key as a
string, and neither the writer's object nor another reader's changes what is stored.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

from pubsub_kit.errors import PubSubKitError, brief

DEPTH = 100  # levels, as MongoDB allows; Python's parser gives up at some depth of its own
_WORDS = {bool, type(None)}
_LARGE = 10**4000  # Python neither writes nor reads a number of more than 4,300 digits
TOO_LONG = re.compile("(?<![0-9])[0-9]{4001}")
#: Two surrogates that are one character in JSON, whose escapes make no difference between the two.
SPLIT = re.compile("[\ud800-\udbff][\udc00-\udfff]")


class EventError(PubSubKitError):
    """A value or text is not a CloudEvents 1.0 event; the message says what is wrong with it."""


class _NoValue(Exception):
    """Why something is no JSON value, and the keys and indices that lead to it, innermost first."""

    def __init__(self, reason: str) -> None:
        self.reason, self.path = reason, list[Any]()


def split(text: str) -> str:
    """Return why JSON would not give a text back: it has a character in two halves; else ""."""
    found = None if text.isascii() else SPLIT.search(text)
    if found is None:
        return ""
    whole = found[0].encode("utf-16", "surrogatepass").decode("utf-16")
    return f"has the surrogates {found[0]!a}, which JSON gives back as one character: use {whole!r}"


def check_texts(fields: tuple[Any, ...]) -> None:
    """Raise EventError if an attribute among an event's fields is one that JSON can't give back."""
    id, source, type, _, _, subject, key, more = fields
    if not more and f"{id}{source}{type}{subject}{key}".isascii():
        return
    texts = {"id": id, "source": source, "type": type, "subject": subject, "key": key}
    for name, text in {**texts, **(more or {})}.items():
        if isinstance(text, str) and (why := split(text)):
            raise EventError(f"An event's {name} {why}.")


def copied(value: Any) -> Any:
    """Return a copy of a JSON value that shares no list and no dict with it."""
    kind = value.__class__
    if kind is dict:
        copy = value.copy()
        for key, each in copy.items():
            if each.__class__ is dict or each.__class__ is list:
                copy[key] = copied(each)
        return copy
    if kind is list:
        return [
            copied(each) if each.__class__ is dict or each.__class__ is list else each
            for each in value
        ]
    return value


def sound(value: Any, text: str) -> bool:
    """Return whether JSON's `text` will give the value back; if not, `plain` may know why not.

    It may be nested too deep, have too long a number, or keys that are the same string in JSON.
    """
    if text.count("[") + text.count("{") > DEPTH:
        return False
    return named(value) and not (len(text) > 4000 and TOO_LONG.search(text))


def named(value: Any) -> bool:
    """Return whether all keys of all dicts in a JSON value are strings."""
    if isinstance(value, dict):
        try:
            "".join(value)
        except TypeError:
            return False
        value = value.values()
    elif not isinstance(value, list | tuple):
        return True
    return all(named(each) for each in value if each.__class__ is not str)


def plain(value: Any) -> Any:
    """Return a value as it would come back from JSON; raises EventError with the place if none."""
    try:
        return _plain(value, DEPTH)
    except _NoValue as error:
        place = "".join(f"[{brief(key)}]" for key in reversed(error.path[-8:]))
        place += "…" if len(error.path) > 8 else ""
        raise EventError(
            f"An event's data must be a JSON value, but data{place} {error.reason}."
        ) from None


def _plain(value: Any, levels: int) -> Any:
    kind = value.__class__
    if kind is dict or isinstance(value, dict):
        return _plain_dict(value, levels - 1)
    if kind is list or isinstance(value, list | tuple):
        return _plain_list(value, levels - 1)
    if kind in _WORDS:
        return value
    if isinstance(value, int):
        if -_LARGE < value < _LARGE:
            return int.__int__(value)
        raise _NoValue("is a number of more than 4,000 digits")
    if isinstance(value, float):
        if isfinite(value):
            return float.__float__(value)
        raise _NoValue(f"is {value}: a JSON number is finite")
    if isinstance(value, str):
        if why := split(value):
            raise _NoValue(why)
        return str.__str__(value)
    raise _NoValue(f"is {brief(value)}, of type {kind.__name__}")


def _plain_dict(value: dict[Any, Any], levels: int) -> dict[str, Any]:
    _check_depth(levels)
    copy = value.copy() if value.__class__ is dict else dict(value)
    for key, each in copy.items():
        kind = each.__class__
        if key.__class__ is not str or not key.isascii():
            return _renamed(copy, levels)
        plain = each.isascii() if kind is str else kind is int and -_LARGE < each < _LARGE
        if not plain:
            copy[key] = _within(key, each, levels)
    return copy


def _renamed(value: dict[Any, Any], levels: int) -> dict[str, Any]:
    copy = {_name(key): _within(key, each, levels) for key, each in value.items()}
    if len(copy) < len(value):
        raise _NoValue("has two keys that are the same string in JSON")
    return copy


def _plain_list(value: list[Any] | tuple[Any, ...], levels: int) -> list[Any]:
    _check_depth(levels)
    copy = list(value)
    for i, each in enumerate(copy):
        if each.__class__ is not str or not each.isascii():
            copy[i] = _within(i, each, levels)
    return copy


def _within(key: Any, value: Any, levels: int) -> Any:
    if value is None or value is True or value is False:
        return value
    try:
        return _plain(value, levels)
    except _NoValue as error:
        error.path.append(key)
        raise


def _check_depth(levels: int) -> None:
    if levels < 0:
        raise _NoValue(f"is nested more than {DEPTH} levels deep, or contains itself")


def _name(key: Any) -> str:
    """Return a dict's key as JSON writes it."""
    if isinstance(key, str):
        if why := split(key):
            raise _NoValue(f"has a key that {why}")
        return str.__str__(key)
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, int) and -_LARGE < key < _LARGE:
        return int.__repr__(key)
    if isinstance(key, float) and isfinite(key):
        return float.__repr__(key)
    raise _NoValue(f"has the key {brief(key)}: a key is a string")
