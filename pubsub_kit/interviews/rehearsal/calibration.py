"""How well somebody knows what they know: their confidence, held against what the runs decided.

The Brier score is the mean of (p − o)², with p the confidence and o 1 for a claim that held, else 0
(Brier 1950). 0 is perfect; always saying 50% scores 0.25, whatever happens. With fewer than 30
answers, the numbers carry a score and three bins, and no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import isfinite
from typing import NamedTuple

from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.interviews.rehearsal.events import Fact

ALWAYS_HALF = 0.25  # the score of somebody who always says 50%
FEW = 30  # answers: below, three bins
SURE = 0.8  # wrong from here up is worth more than a hint: it leads the report
_BINS, _MORE_BINS = (0.0, 0.5, 0.8, 1.0), (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


class CalibrationError(PubSubKitError):
    """A pair that is no confidence and no outcome."""


class Answer(NamedTuple):
    """A claim with how sure somebody was (0 to 1), and whether it held."""

    confidence: float
    held: bool
    claim: str = ""


class Bin(NamedTuple):
    """The answers given with a confidence from `low` up to `high`: `number` of them."""

    low: float
    high: float
    number: int
    said: float  # their mean confidence
    held: float  # the share of them that held


def answers(facts: Iterable[Fact]) -> list[Answer]:
    """Return the claims of a rehearsal that were given a confidence and that a run decided."""
    sure: dict[str, float] = {}
    found = []
    for fact in facts:
        claim = str(fact.data.get("text" if fact.kind == "claimed" else "claim", ""))
        if fact.kind == "claimed" and _is_share(fact.data.get("confidence")):
            sure[claim] = fact.data["confidence"]
        if fact.kind == "settled" and claim in sure and fact.data.get("held") is not None:
            found.append(Answer(sure.pop(claim), bool(fact.data["held"]), claim))
    return found


def brier(given: Sequence[Answer]) -> float | None:
    """Return the Brier score, from 0 (perfect) to 1, or None for no answers.

    Raises CalibrationError for a confidence outside 0 to 1.
    """
    for each in given:
        if not _is_share(each.confidence):
            raise CalibrationError(
                f"a confidence is a number from 0 to 1, not {brief(each.confidence)}"
            )
    if not given:
        return None
    return sum((each.confidence - each.held) ** 2 for each in given) / len(given)


def bins(given: Sequence[Answer]) -> list[Bin]:
    """Return the answers by confidence: in three bins under 30 answers, in five from there on.

    A bin without answers is left out. Raises CalibrationError like `brier`.
    """
    brier(given)
    edges = _BINS if len(given) < FEW else _MORE_BINS
    made = []
    for low, high in pairwise(edges):
        inside = [a for a in given if low <= a.confidence < high or a.confidence == high == 1.0]
        if inside:
            said = sum(a.confidence for a in inside) / len(inside)
            held = sum(a.held for a in inside) / len(inside)
            made.append(Bin(low, high, len(inside), said, held))
    return made


def curve(rehearsals: Sequence[Sequence[Answer]]) -> list[float | None]:
    """Return the score after each rehearsal, over all answers until then."""
    return [
        brier([each for rehearsal in rehearsals[:until] for each in rehearsal])
        for until in range(1, len(rehearsals) + 1)
    ]


def overconfident(given: Sequence[Answer]) -> list[Answer]:
    """Return the claims that did not hold though their author was at least 80% sure."""
    return [each for each in given if not each.held and each.confidence >= SURE]


def _is_share(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and isinstance(value, int | float) and isfinite(value) and 0 <= value <= 1
