"""Where the quantity is in what somebody says: "that's 160M / 86,400 × 5, so about 9.3K pushes/s".

The result stands last, after "=" if there is one. Its unit is the words after the number that pint
knows; things that it can't count are left out, and a word such as "at" is no technical atmosphere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache

from pubsub_kit.checks.forms import quantity

_NUMBER = re.compile(
    r"(?<![\w.^])[+-]?(?:\d[\d_,]*\.?\d*|\.\d+)(?:e[+-]?\d{1,3}(?![\w.]))?", re.IGNORECASE
)
_TOKEN = re.compile(r"\s*(?P<suffix>[kKMBGT](?![A-Za-zµ]))?\s*(?P<word>[A-Za-zµ%°]+|/)?")
_POWER = re.compile(r"(?:(\d[\d.]*)\s*[x×*·]\s*)?(?<![\d.])10\s*(?:\^|\*\*)\s*(\d{1,2})(?!\d)")
_SUFFIXES = frozenset("thousand million billion bn trillion".split())  # noqa: SIM905
_PROSE = frozenset(
    """
    a as at and are be but by do for from if in is it me of on or so that the then this to us was
    we with
    """.split()  # noqa: SIM905
)
_SO = re.compile(r"\b(?:so|makes|gives|about|roughly|around|i get|that'?s|that is)\b|[≈~]", re.I)
_EACH = re.compile(r"\s*an?\s+(?=(?:second|minute|hour|day|month|year|s|h)\b)", re.IGNORECASE)
_TIMES = re.compile(r"\s*(?:times|fold|-fold)\b", re.IGNORECASE)
_FACTOR = re.compile(r"(?:\bfactor(?:\s+of)?|\btimes)\s*$", re.IGNORECASE)
_SHARES = ("", "percent")
_LONGEST, _WORDS, _MOST = 2_000, 6, 20


def find(text: str, unit: str) -> tuple[str, float] | None:
    """Return the quantity of a text that can be read in this unit, as written and as number.

    It is the last one, or the one after "=" or "so". A bare number is one of this unit, unless
    another number has the unit itself; "5 times" is a factor, not what comes of it.
    """
    said = _POWER.sub(lambda power: f"{power[1] or 1}e{power[2]}", text[:_LONGEST])
    for written in _in_order(said, factors=unit in _SHARES):
        with suppress(quantity.QuantityError, OverflowError):
            return written, quantity.read(written, unit)
    return None


def _in_order(said: str, factors: bool) -> Iterator[str]:
    """Yield what may be the quantity, the best first: with a unit before bare, the last first."""
    result = said.rpartition("=")[2]
    yield result.strip(" .!?")
    if result != said:
        yield from [*_with_units(result), *_bare(result, factors)]
    so = _SO.split(said)[-1]
    yield said.strip(" .!?")
    yield from [*_with_units(so), *_with_units(said), *_bare(so, factors), *_bare(said, factors)]


def _with_units(text: str) -> Iterator[str]:
    for number, (suffix, unit) in _numbers(text):
        if unit:
            yield f"{number[0].rstrip(',')}{suffix} {unit}"


def _bare(text: str, factors: bool) -> Iterator[str]:
    for number, (suffix, unit) in _numbers(text):
        factor = _TIMES.match(text, number.end()) or _FACTOR.search(text[: number.start()])
        if not unit and (factors or not factor):
            yield f"{number[0].rstrip(',')}{suffix}"


def _numbers(text: str) -> list[tuple[re.Match[str], tuple[str, str]]]:
    found = list(_NUMBER.finditer(text))[-_MOST:]
    return [(each, _unit_after(text, each.end())) for each in reversed(found)]


def _unit_after(text: str, at: int) -> tuple[str, str]:
    """Return the suffix for thousands and the like that follows a number, and its unit."""
    suffix, parts = "", list[str]()
    for _ in range(_WORDS):
        found = _TOKEN.match(text, at)
        if found is None or found.end() == at:
            break
        at, word = found.end(), found["word"] or ""
        suffix = suffix or found["suffix"] or ""
        if word in _SUFFIXES and not parts:
            suffix = f" {word}"
        elif word in ("/", "per") or (parts and _EACH.match(text, found.start())):
            parts.append("/")
        elif word.lower() in _PROSE and "/" not in parts[-1:]:
            break
        elif _is_unit(word):
            parts.append(word)
        elif parts:
            break
    return suffix, "".join(parts).strip() if parts != ["/"] else ""


@lru_cache(maxsize=512)
def _is_unit(word: str) -> bool:
    with suppress(quantity.QuantityError):
        quantity.read(f"1 {word}", word)
        return True
    return False
