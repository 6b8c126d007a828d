"""What a picture is given, checked at once: one sentence says what was wrong, and what is due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

from pubsub_kit.errors import brief
from pubsub_kit.show.picture import PictureError


def wrong(call: str, due: str, value: object) -> PictureError:
    """Return what to raise where `due` is what a call takes, and the value is something else."""
    return PictureError(f"{call} takes {due}; this is of type {type(value).__name__}.")


def a_mapping(call: str, due: str, value: Any) -> None:
    """Raise PictureError unless this is a mapping."""
    if not isinstance(value, Mapping):
        raise wrong(call, due, value)


def several(call: str, due: str, value: Any, kind: type | tuple[type, ...] = object) -> None:
    """Raise PictureError unless this can be gone through again and again, and each is of a kind."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise wrong(call, due, value)
    if odd := [each for each in value if not isinstance(each, kind)]:
        raise wrong(call, due, odd[0])


def whole(call: str, value: Any, least: int = 0) -> None:
    """Raise PictureError unless this is a whole number, `least` or more."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong(call, f"a whole number, {least} or more", value)
    if value < least:
        raise PictureError(f"{call} takes a whole number, {least} or more, not {brief(value)}.")


def moment(call: str, value: Any) -> None:
    """Raise PictureError unless this is a number of seconds."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise wrong(call, "a number of seconds", value)


def place(call: str, value: Any) -> None:
    """Raise PictureError unless this is (x, y), two finite numbers below a million."""
    due = f"{call} takes a place, (x, y): two finite numbers, in units."
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise PictureError(due)
    for number in value:
        odd = isinstance(number, bool) or not isinstance(number, int | float)
        if odd or not abs(number) < 1e6 or not isfinite(number):
            raise PictureError(due)
