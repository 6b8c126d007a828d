"""What a question's file must keep that no schema can say: its parts have to agree with each other.

A formula must compute, a unit be one that an answer can be read in, an id stand once, the rubric
cover each dimension and level, and the file's name say the question's number and id.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from pubsub_kit.checks.forms import quantity
from pubsub_kit.errors import brief
from pubsub_kit.interviews.bank.formula import FormulaError, computed

Fault = tuple[str, str]  # the place in words, and what is wrong there and what to do


def faults(
    found: dict[str, Any], file: str, id: str, rubric: Mapping[str, Iterable[str]]
) -> Iterator[Fault]:
    """Yield what doesn't agree in a question that fits the schema: place, and remedy.

    `id` is what the file's name stands for, `rubric` the dimensions and levels to cover.
    """
    yield from _named(found, file, id)
    for n, estimate in enumerate(found["estimates"], 1):
        yield from _uncomputed(estimate, f"estimate {n}")
    yield from _twice("estimate", found["estimates"])
    yield from _twice("decision", found["decisions"])
    for n, decision in enumerate(found["decisions"], 1):
        yield from _twice(f"decision {n}, option", decision["options"])
    yield from _uncovered(found["signs"], rubric)


def _named(found: dict[str, Any], file: str, id: str) -> Iterator[Fault]:
    if found["id"] != id:
        yield "id", f"{brief(found['id'])} is not what the file's name says; write {brief(id)}"
    if not file.startswith(f"{found['number']:02}_"):
        yield "number", f"the file's name begins with {brief(file[:2])}; write the same number"


def _uncomputed(estimate: dict[str, Any], place: str) -> Iterator[Fault]:
    try:
        computed(estimate["formula"])
    except FormulaError as error:
        yield f"{place}, formula", str(error)
    if not _is_readable(unit := estimate["unit"]):
        examples = "'message/second', 'TB' or 'minute', or '' for a plain count"
        yield (
            f"{place}, unit",
            f"no answer can be read in {brief(unit)}; write a unit as {examples}",
        )
    if not math.isfinite(estimate.get("within", 2)):
        yield f"{place}, within", "is not a finite number; write a factor from above 1 to 10"


@cache
def _is_readable(unit: str) -> bool:
    try:
        return quantity.read(f"2 {unit}", unit) == 2
    except quantity.QuantityError:
        return False


def _twice(kind: str, entries: Iterable[dict[str, Any]]) -> Iterator[Fault]:
    seen: set[str] = set()
    for n, entry in enumerate(entries, 1):
        if entry["id"] in seen:
            yield f"{kind} {n}, id", f"{brief(entry['id'])} stands twice; give each its own"
        seen.add(entry["id"])


def _uncovered(signs: list[dict[str, str]], rubric: Mapping[str, Iterable[str]]) -> Iterator[Fault]:
    for key, wanted in rubric.items():
        covered = {sign[key] for sign in signs}
        for one in wanted:
            if one not in covered:
                yield "signs", f"none has the {key} {one!r}; add one"
