"""The form of a question whose answer is a quantity, compared with a computed one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pubsub_kit.checks.forms import quantity
from pubsub_kit.checks.forms.question import Question, failed
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
        given, true = quantity.read(answer, self.unit), self.value()
        if self._near(given, true):
            return Judgement("holds", f"holds: {quantity.words(true, self.unit)}. {self.shows}")
        if self.unit == "percent" and self._near(100 * given, true):
            message = f"{given:.3g} is a fraction of 1, but the question asks for percent."
            return failed("not yet", message, "misuse")
        belief = next((b for b, wrong in self.wrong.items() if self._near(given, wrong())), "")
        where = _beside(given, true)
        message = f"{quantity.words(given, self.unit)} is {where}."
        if self.unit and where.startswith("far") and not isinstance(answer, str):
            message += f" (A number without a unit is taken to be in this one: {self.unit}.)"
        return failed("not yet", message, belief)

    def _near(self, given: float, value: float) -> bool:
        return abs(given - value) <= self.tolerance * abs(value)


def _beside(given: float, true: float) -> str:
    """Say how a value compares with the true one, without giving that one away."""
    ratio = given / true if true else float("inf")
    if ratio <= 0:
        return "too low: the right value is above zero"
    far, where = (ratio, "too high") if ratio >= 1 else (1 / ratio, "too low")
    if far < 1.5:
        return f"a little {where}"
    if far < 10:
        return f"{where}, though the order of magnitude is right"
    return f"far {where}: check the order of magnitude"
