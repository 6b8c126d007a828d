"""Numbers with units, as an estimate is written down: `345_000`, "345K/s", "12 GB", "63 %".

Units are pint's, plus the things that a system design counts. Those have no dimension: a rate of
tweets is the same kind of quantity as a rate of writes.
"""

from __future__ import annotations

import functools
import math
import numbers
import re
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.scenarios.plain import shown

COUNTED = """
    request attempt call order payment transfer tweet read write delivery message event user
    follower reader writer entry post email server worker partition core copy
""".split()  # noqa: SIM905
_TIMES = ("second", "minute", "hour", "day")
_COUNTABLE = (*COUNTED, *_TIMES, "byte", "millisecond")
_SUFFIX = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "G": 1e9, "T": 1e12}
_SUFFIX |= {"thousand": 1e3, "million": 1e6, "billion": 1e9, "bn": 1e9, "trillion": 1e12}
# A number, perhaps with a letter for thousands, millions …; then a unit without numbers of its own
# but small powers: whatever else pint would compute for us, for hours if need be, is no estimate.
_WRITTEN = re.compile(
    r"(?P<number>[+-]?(\d[\d_,]*\.?[\d_]*|\.\d[\d_]*)(e[+-]?\d{1,3})?)\s*"
    r"((?P<suffix>[kKMBGT]|thousand|million|billion|bn|trillion)(?![A-Za-zµ]))?\s*"
    r"(?P<unit>(/|[A-Za-zµ%°])([A-Za-zµ%°_ /*·().-]|(\^|\*\*)-?[1-4]){0,50})?"
)


# One of several parts, each in a smaller unit than the one before: "1 minute 31 seconds".
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)[,\s]*(?:and\b\s*)?")
_ABOUT = re.compile(r"\s*(about|around|roughly|~|≈)\s*", re.IGNORECASE)
_COMMA = re.compile(r"[+-]?\d+,\d{1,2}$")  # a comma between thousands has three digits after it
_LONGEST = 80
_SHORT = {"m": "minute"}  # beside hours or seconds it is no metre
_MISSPELT = re.compile(r"(?!kB|[KMGT]B)[kKmMgGtT][bB](?![A-Za-z])")  # millibytes, megabits


class QuantityError(PubSubKitError):
    """A quantity can't be read, or its unit is of another kind than the one asked for."""


@functools.cache
def _registry() -> Any:
    import pint

    registry: Any = pint.UnitRegistry()
    for name in COUNTED:
        registry.define(f"{name} = 1 = _ = {_plural(name)}")
    registry.define("KB = 1000 byte")  # as most people write it
    return registry


def read(answer: Any, unit: str) -> float:
    """Return the answer's number in this unit.

    A bare number is taken to be in the unit that was asked for. Raises QuantityError for anything
    that is not such a quantity.
    """
    if isinstance(answer, timedelta) and (factor := _factor("second", unit)) is not None:
        return _finite(answer.total_seconds() * factor, answer)
    if isinstance(answer, str):
        return _parsed(_ABOUT.sub("", answer, count=1) if _ABOUT.match(answer) else answer, unit)
    if isinstance(answer, bool) or not isinstance(answer, numbers.Real | Decimal):
        raise QuantityError(
            f"give a number, or a text such as {_example(unit)}, not {shown(answer, 40)}"
        )
    try:
        return _finite(float(answer), answer)
    except OverflowError:
        raise QuantityError(f"{shown(answer, 40)} is too large to be a sensible answer") from None


def _parsed(text: str, unit: str) -> float:
    written = _WRITTEN.fullmatch(text.strip())
    if written is None:
        if (together := _together(text, unit)) is not None:
            return together
        raise QuantityError(
            f"{shown(text, 40)} is not a quantity: write a number and a unit, such as "
            f"{_example(unit)}"
        )
    if _COMMA.match(written["number"]):
        point = text.strip().replace(",", ".", 1)
        raise QuantityError(f"{shown(text, 40)} has a decimal comma: write a point, {point!r}")
    digits = written["number"].replace(",", "").replace("_", "")
    number = _finite(float(digits) * _SUFFIX.get(written["suffix"], 1.0), text)
    in_bytes = _factor("byte", unit)
    if not written["unit"]:
        if in_bytes is None or not written["suffix"]:
            return number
        # "2000000 B" and "2M": of bytes, B is the unit and no billion, and M stands for MB
        return (float(digits) if written["suffix"] == "B" else number) * in_bytes
    if in_bytes and (found := _MISSPELT.match(written["unit"])):
        right = found[0].upper()
        raise QuantityError(
            f"{shown(text, 40)} may mean bits or bytes: write {right} for bytes, and convert bits"
        )
    factor = _factor(_for_pint(written["unit"]), unit) or _factor(_small(written["unit"]), unit)
    if factor is None:
        raise QuantityError(
            f"{shown(text, 40)} can't be converted to {several(unit) or 'a plain count'}: give, "
            f"for example, {_example(unit)}"
        )
    return _finite(number * factor, text)


def _together(text: str, unit: str) -> float | None:
    """Return the sum of a large unit and smaller ones, as in "2 h 9 min", or None if it is none."""
    parts = _PART.findall(text[:_LONGEST])
    if len(text) > _LONGEST or len(parts) < 2 or _PART.sub("", text).strip():
        return None
    units = [_SHORT.get(name, name) for _, name in parts]
    factors = [_factor(name, unit) for name in units]
    steps = [_factor(large, small) for large, small in pairwise(units)]
    if not all(factors) or not all(step is not None and step > 1 for step in steps):
        return None
    given = zip(parts, factors, strict=True)
    return _finite(sum(float(n) * factor for (n, _), factor in given if factor), text)


@functools.cache
def _factor(given: str, wanted: str) -> float | None:
    """Return the factor from one unit to another, or None if they are of different kinds."""
    registry = _registry()
    try:
        a, b = 1 * registry.parse_units(given), 1 * registry.parse_units(wanted)
        if _bits(a) != _bits(b):
            return None
        return float(a.to(b.units).magnitude)
    except Exception:
        return None


def _bits(quantity: Any) -> float:
    """Return the power of bits in a quantity: to pint they are no dimension, to us they are."""
    powers = dict(quantity.to_root_units().unit_items())
    return float(powers.get("bit", 0))


def _for_pint(unit: str) -> str:
    words = unit.replace("%", " percent ").replace("·", "*").strip()
    words = re.sub(r"^per\b", "/", words)
    return f"1{words}" if words.startswith("/") else words


def _small(unit: str) -> str:
    """Return a unit with its longer words in small letters: Days, but MB."""
    return _for_pint(re.sub(r"[A-Za-z]{3,}", lambda word: word[0].lower(), unit))


def _finite(number: float, answer: Any) -> float:
    if not math.isfinite(number):
        raise QuantityError(
            f"{shown(answer, 40)} is not a finite number: give one that you could write down"
        )
    return number


def _example(unit: str) -> str:
    return repr(f"12 {several(unit)}".strip())


def several(unit: str) -> str:
    """Return a unit as it follows a number other than 1: "minutes", "requests/second"."""
    head, slash, rest = unit.partition("/")
    return f"{_plural(head) if head in _COUNTABLE else head}{slash}{rest}"


def words(value: float, unit: str) -> str:
    """Return a value as people say it: 345K/s, 12.5 GB, 63 %."""
    if unit in _TIMES and 1_000 <= abs(value) < 1e6:
        return f"{value:,.0f} {several(unit)}"
    size, suffix = value, ""
    for name, factor in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("K", 1e3)):
        if abs(value) >= factor * 0.9995 and unit != "percent":
            size, suffix = value / factor, name
            break
    shown = f"{size:.3g}{suffix}"
    if unit == "percent":
        return f"{shown} %"
    return f"{shown} {unit if value == 1 else several(unit)}".strip()


def _plural(word: str) -> str:
    return word[:-1] + "ies" if word.endswith("y") and word[-2] not in "aeiou" else word + "s"
