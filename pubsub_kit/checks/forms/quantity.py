"""Numbers with units, as an estimate is written down: `345_000`, "345K/s", "12 GB", "63 %".

Units are pint's, plus the things that a system design counts. Those have no dimension: a rate of
tweets is the same kind of quantity as a rate of writes.
"""

from __future__ import annotations

import functools
import math
import numbers
import re
from decimal import Decimal
from typing import Any

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.scenarios.plain import shown

COUNTED = """
    request attempt call order payment transfer tweet read write delivery message event user
    follower reader writer entry post email server worker partition core copy
""".split()  # noqa: SIM905
_SUFFIX = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "G": 1e9, "T": 1e12}
# A number, perhaps with a letter for thousands, millions …; then a unit without numbers of its own
# but small powers: whatever else pint would compute for us, for hours if need be, is no estimate.
_WRITTEN = re.compile(
    r"(?P<number>[+-]?(\d[\d_,]*\.?[\d_]*|\.\d[\d_]*)(e[+-]?\d{1,3})?)\s*"
    r"((?P<suffix>[kKMBGT])(?![A-Za-zµ]))?\s*"
    r"(?P<unit>(/|[A-Za-zµ%°])([A-Za-zµ%°_ /*·().-]|(\^|\*\*)-?[1-4]){0,50})?"
)


class QuantityError(PubSubKitError):
    """A quantity can't be read, or its unit is of another kind than the one asked for."""


@functools.cache
def _registry() -> Any:
    import pint

    registry: Any = pint.UnitRegistry()
    for name in COUNTED:
        registry.define(f"{name} = 1 = _ = {_plural(name)}")
    return registry


def read(answer: Any, unit: str) -> float:
    """Return the answer's number in this unit.

    A bare number is taken to be in the unit that was asked for. Raises QuantityError for anything
    that is not such a quantity.
    """
    if isinstance(answer, str):
        return _parsed(answer, unit)
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
        raise QuantityError(
            f"{shown(text, 40)} is not a quantity: write a number and a unit, such as "
            f"{_example(unit)}"
        )
    digits = written["number"].replace(",", "").replace("_", "")
    number = _finite(float(digits) * _SUFFIX.get(written["suffix"], 1.0), text)
    if not written["unit"]:
        return number
    factor = _factor(_for_pint(written["unit"]), unit)
    if factor is None:
        raise QuantityError(
            f"{shown(text, 40)} can't be converted to {unit or 'a plain count'}: give, "
            f"for example, {_example(unit)}"
        )
    return _finite(number * factor, text)


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
    return f"1{words}" if words.startswith("/") else words


def _finite(number: float, answer: Any) -> float:
    if not math.isfinite(number):
        raise QuantityError(
            f"{shown(answer, 40)} is not a finite number: give one that you could write down"
        )
    return number


def _example(unit: str) -> str:
    return repr(f"12 {unit}".strip())


def words(value: float, unit: str) -> str:
    """Return a value as people say it: 345K/s, 12.5 GB, 63 %."""
    size, suffix = value, ""
    for name, factor in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("K", 1e3)):
        if abs(value) >= factor * 0.9995 and unit != "percent":
            size, suffix = value / factor, name
            break
    shown = f"{size:.3g}{suffix}"
    if unit == "percent":
        return f"{shown} %"
    head, slash, rest = unit.partition("/")
    if value != 1 and head in (*COUNTED, "second", "minute", "hour", "day"):
        head = _plural(head)
    return f"{shown} {head}{slash}{rest}".strip()


def _plural(word: str) -> str:
    return word[:-1] + "ies" if word.endswith("y") and word[-2] not in "aeiou" else word + "s"
