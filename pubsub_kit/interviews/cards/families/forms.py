"""The forms of an answer: a quantity, a list, one of several options, or words said aloud.

Each says how to answer, reads what was typed, and judges it. What cannot be read is no wrong
answer: it raises `UnreadableAnswer`, whose sentence says how to write it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any, Protocol

from pubsub_kit.checks.forms import quantity
from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.interviews.cards.families.dice import Dice

LONGEST = 400  # letters that an answer may have
NONE = ("none", "nothing", "no", "-", "nobody", "[]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class UnreadableAnswer(PubSubKitError):
    """An answer that can't be read as what was asked for; the message says how to write it."""


class Form(Protocol):
    """How a problem wants to be answered."""

    @property
    def how(self) -> str:
        """A line that says how to answer."""
        ...

    @property
    def right(self) -> str:
        """The right answer, as it is shown afterwards."""
        ...

    def judge(self, given: Any) -> bool:
        """Return whether an answer is right; raises UnreadableAnswer for what can't be read."""
        ...


def text_of(given: Any) -> str:
    """Return what was typed, without spaces around it.

    Raises UnreadableAnswer for what is no text, for nothing, and for text that nobody types.
    """
    if isinstance(given, int | float) and not isinstance(given, bool):
        given = repr(given)
    if not isinstance(given, str):
        raise UnreadableAnswer(f"type an answer as text, not {brief(given)}")
    if len(given) > LONGEST:
        raise UnreadableAnswer(f"that answer has {len(given):,} letters: {LONGEST} are the most")
    if _CONTROL.search(given):
        raise UnreadableAnswer("that answer has control characters in it: type it anew")
    if not given.strip():
        raise UnreadableAnswer("that was empty: type an answer, ? for a hint, or s to skip")
    return given.strip()


@dataclass(frozen=True)
class Number:
    """A quantity in a unit, right within a share of its value (0.1: 10%; 0: exactly).

    With `factor`, an estimate is right within that factor.
    """

    value: float
    unit: str = ""
    within: float = 0.02
    factor: float = 0.0

    @property
    def how(self) -> str:
        """Say in which unit, and how near."""
        unit = f", in {quantity.several(self.unit)} if you give no unit" if self.unit else ""
        near = f"within {100 * self.within:g}%" if self.within else "exact"
        near = f"an estimate, within a factor of {self.factor:g}" if self.factor else near
        return f"Type a number{unit} ({near})."

    @property
    def right(self) -> str:
        """Return the value with its unit."""
        whole = self.value == int(self.value) and abs(self.value) < 1e6 and self.unit != "percent"
        if not whole:
            return quantity.words(self.value, self.unit)
        unit = self.unit if self.value == 1 else quantity.several(self.unit)
        return f"{int(self.value):,} {unit}".strip()

    def judge(self, given: Any) -> bool:
        """Read a quantity, and compare it."""
        typed = text_of(given)
        try:
            number = quantity.read(typed, self.unit)
        except quantity.QuantityError as error:
            raise UnreadableAnswer(str(error)) from None
        as_share = self.unit == "percent" and re.fullmatch(r"0?\.\d+", typed) is not None
        return self._near(number) or (as_share and self._near(100 * number))

    def _near(self, number: float) -> bool:
        if self.factor:
            return self.value / self.factor <= number <= self.value * self.factor
        return abs(number - self.value) <= self.within * abs(self.value) + 1e-9


@dataclass(frozen=True)
class Listed:
    """Several names or numbers, in any order unless `ordered`; there may be none."""

    items: tuple[str, ...]
    ordered: bool = False

    @property
    def how(self) -> str:
        """Say how to write a list."""
        order = "in order, " if self.ordered else ""
        return f"Type them {order}with commas between, or none."

    @property
    def right(self) -> str:
        """Return the list."""
        return ", ".join(self.items) or "none"

    def judge(self, given: Any) -> bool:
        """Read a list, and compare it."""
        typed = text_of(given).casefold().strip("[]{}() ")
        items = [] if typed in (*NONE, "") else re.split(r"[,;\s]+", typed.strip(",; "))
        wanted = [item.casefold() for item in self.items]
        return items == wanted if self.ordered else sorted(items) == sorted(wanted)


@dataclass(frozen=True)
class Choice:
    """One of several options, one of which is right; `index` is its place."""

    options: tuple[str, ...]
    index: int

    @property
    def how(self) -> str:
        """Say which letters there are."""
        return f"Type a letter, a to {ascii_lowercase[len(self.options) - 1]}."

    @property
    def lines(self) -> list[str]:
        """Return the options, each behind its letter."""
        pairs = zip(ascii_lowercase, self.options, strict=False)
        return [f"{letter}) {option}" for letter, option in pairs]

    @property
    def right(self) -> str:
        """Return the right option, behind its letter."""
        return self.lines[self.index]

    def judge(self, given: Any) -> bool:
        """Read a letter, or an option's words, and compare it."""
        return self.place(given) == self.index

    def place(self, given: Any) -> int:
        """Return the place of the option that was given; raises UnreadableAnswer for none."""
        typed = text_of(given).casefold()
        for index, (letter, option) in enumerate(zip(ascii_lowercase, self.options, strict=False)):
            if typed in (letter, f"{letter})", option.casefold(), f"{letter}) {option}".casefold()):
                return index
        raise UnreadableAnswer(
            f"{brief(given)} is not among the options: {self.how[0].lower()}{self.how[1:-1]}"
        )


@dataclass(frozen=True)
class Said:
    """Words that only you can judge: say or type them, look, and say whether you had it."""

    model: str

    @property
    def how(self) -> str:
        """Say what to do."""
        return "Say it aloud or type it; then look, and judge yourself: y if you had it, or n."

    @property
    def right(self) -> str:
        """Return what to compare with."""
        return self.model

    def judge(self, given: Any) -> bool:
        """Read a yes or a no."""
        typed = text_of(given).casefold()
        if typed in ("y", "yes", "n", "no"):
            return typed[0] == "y"
        raise UnreadableAnswer(f"{brief(given)} is neither y nor n: did you have it?")


def choice(dice: Dice, right: str, wrong: Sequence[str]) -> Choice:
    """Return a choice among a right option and wrong ones, in a drawn order."""
    options = dice.shuffled([right, *(option for option in wrong if option != right)])
    return Choice(tuple(options), options.index(right))
