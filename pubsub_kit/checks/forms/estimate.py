"""The form of a question whose answer is a quantity, compared with a computed one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pubsub_kit.checks.forms import quantity
from pubsub_kit.checks.forms.mishaps import failed
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.checks.forms.verdict import Judgement


@dataclass
class Estimate(Question):
    """Estimate a quantity; the answer needs a unit where the quantity has one.

    `value` computes the true value in `unit`; `tolerance` is a ratio (0.1: within 10%). `wrong`
    gives the value that each known misconception leads to. `shows` is the calculation in words,
    shown once the answer holds.
    """

    value: Callable[[], float] = float
    unit: str = ""
    tolerance: float = 0.1
    wrong: Mapping[str, Callable[[], float]] = field(default_factory=dict)
    shows: str = ""

    def judge(self, answer: Any) -> Judgement:
        """Compare the answer with the computed value, and with the values of known mistakes."""
        return replace(
            self._compared(answer, quantity.read(answer, self.unit)), claim=self._claim()
        )

    def _claim(self) -> str:
        slack = f"{100 * self.tolerance:g}%"
        return (
            f"Your number was compared with the computed one, give or take {slack}. How you got it "
            "was not checked."
        )

    def _compared(self, answer: Any, given: float) -> Judgement:
        true = self.value()
        if self._near(given, true):
            return Judgement("holds", f"holds: {quantity.words(true, self.unit)}. {self.shows}")
        if self.unit == "percent" and self._near(100 * given, true):
            message = f"{given:.3g} is a fraction of 1, but the question asks for percent."
            return failed("not yet", message, "misuse")
        belief, bare = self._belief(given), _is_bare(answer)
        if not belief and bare:
            for unit in _others(self.unit):
                if self._near(self._read_in(unit, given), true, self._closer):
                    plain = unit == "millisecond"
                    bare_words = f"{given:,.0f}" if plain else quantity.words(given, "")
                    message = (
                        f"{bare_words} is right in {quantity.several(unit)}, but a "
                        f"number without a unit is taken to be in {quantity.several(self.unit)}. "
                        "Add the unit."
                    )
                    return failed("not yet", message, "misuse")
        said = quantity.words(given, self.unit) if bare else answer.strip()
        absurd = bare and not belief and abs(given) > _ABSURD * abs(true)
        if absurd and "byte" in _others(self.unit):
            number, given = given, self._read_in("byte", given)
            said = f"{quantity.words(number, '')} bytes, or {quantity.words(given, self.unit)},"
            belief = self._belief(given)
        where = _beside(given, true)
        message = f"{said} is {where}."
        if self.unit in _BYTES and _is_eightfold(given, true):
            message += " Bytes, or bits?"
        if self.unit and bare and where.startswith("far"):
            of = quantity.several(self.unit)
            message += f" (A number without a unit is taken to be in {of}.)"
        return failed("not yet", message, belief)

    def _belief(self, given: float) -> str:
        known = {belief: wrong() for belief, wrong in self.wrong.items()}
        near = [belief for belief, value in known.items() if self._near(given, value)]
        if sum(float(f"{known[belief]:.2g}") == given for belief in near) > 1:
            return ""  # rounded so far that it may be the one mistake or the other
        return min(near, key=lambda belief: abs(given - known[belief]), default="")

    def _read_in(self, unit: str, number: float) -> float:
        """Return a number in another unit as one in the unit of the question."""
        return number * quantity.read(f"1 {unit}", self.unit)

    @property
    def _closer(self) -> float:
        """How near a number has to be in a unit that nobody wrote: by chance many come near."""
        return min(self.tolerance, max(self.tolerance / 3, _ROUNDED))

    def _near(self, given: float, value: float, within: float | None = None) -> bool:
        return abs(given - value) <= (self.tolerance if within is None else within) * abs(value)


_BYTES = ("byte", "KB", "MB", "GB", "TB")
_TIMES = ("millisecond", "second", "minute", "hour", "day")
_ABSURD = 10_000  # times too much: nobody means that, so the number is in another unit
_ROUNDED = 0.02  # a ratio: as far off as two digits may be
_CLOSE, _NEAR, _FAR = 1.5, 3.0, 10.0


def _others(unit: str) -> list[str]:
    """Return the units, besides its own, in which people give such a quantity as a bare number."""
    what, slash, each = unit.partition("/")
    if slash:
        return [f"{what}/{other}" for other in _TIMES[1:] if other != each]
    return [other for kind in (_BYTES, _TIMES) if unit in kind for other in kind if other != unit]


def _is_bare(answer: Any) -> bool:
    """Say whether an answer is a number without a unit."""
    if not isinstance(answer, str):
        return True
    return bool(re.fullmatch(r"[+-]?[\d_,.]+(e[+-]?\d+)?", answer.strip()))


def _ratio(given: float, true: float) -> float:
    """Return how many times one value is the other, the larger by the smaller; 0 for neither."""
    ratio = given / true if true else float("inf")
    return 0.0 if ratio <= 0 else max(ratio, 1 / ratio)


def _is_eightfold(given: float, true: float) -> bool:
    return abs(_ratio(given, true) / 8 - 1) < 0.1


def _beside(given: float, true: float) -> str:
    """Say how a value compares with the true one, without giving that one away."""
    far, where = _ratio(given, true), "too high" if given > true else "too low"
    if not far:
        return "too low: the right value is above zero"
    if far < _CLOSE:
        return f"a little {where}"
    if far < _NEAR:
        return f"{where}, though the order of magnitude is right"
    return where if far < _FAR else f"far {where}: check the order of magnitude"
