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
_LONGEST, _WORDS, _MOST = 2_000, 6, 20


def find(text: str, unit: str) -> tuple[str, float] | None:
    """Return the last quantity in a text that can be read in this unit, as written and as number.

    A bare number is one of this unit, unless another number has the unit itself.
    """
    said = _POWER.sub(lambda power: f"{power[1] or 1}e{power[2]}", text[:_LONGEST])
    for part in (said.rpartition("=")[2], said):
        for written in [part.strip(" .!?"), *_candidates(part)]:
            with suppress(quantity.QuantityError, OverflowError):
                return written, quantity.read(written, unit)
    return None


def _candidates(text: str) -> Iterator[str]:
    """Yield what may be the quantity, the best first: with a unit before bare, the last first."""
    starts = list(_NUMBER.finditer(text))[-_MOST:]
    written = [(each, _unit_after(text, each.end())) for each in reversed(starts)]
    for number, (suffix, found) in written:
        if found:
            yield f"{number[0].rstrip(',')}{suffix} {found}"
    for number, (suffix, found) in written:
        if not found:
            yield f"{number[0].rstrip(',')}{suffix}"


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
        elif word in ("/", "per"):
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
