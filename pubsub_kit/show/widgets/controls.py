"""What a learner may change beside a picture: a number, one of several options, a yes or no."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log10
from typing import Any

from pubsub_kit.show.picture import PictureError


def _decimals(number: float) -> int:
    """Return how many decimals a number has, up to 6."""
    return len(f"{number:.6f}".rstrip("0").partition(".")[2])


@dataclass(frozen=True)
class Control:
    """What a learner may change: a number in a range, one of several options, or a yes or no."""

    kind: str
    value: Any
    label: str | None = None
    low: float = 0.0
    high: float = 1.0
    step: float | None = None
    options: tuple[tuple[str, Any], ...] = ()

    def described(self, name: str) -> dict[str, Any]:
        """Return what a page needs to build it."""
        label = self.label or name.replace("_", " ")
        about: dict[str, Any] = {"name": name, "kind": self.kind, "label": label}
        if self.kind == "choice":
            return about | {"options": [option for option, _ in self.options]}
        if self.kind == "slider":
            ends = {"low": self.low, "high": self.high, "step": self._step}
            digits = max(0, ceil(-log10(self._step) - 1e-9))
            if self.step:  # what is half a step off, such as 0.5, 1.5, …, is shown as it is
                digits = max(digits, *(_decimals(each) for each in (self.low, self.value)))
            return about | ends | {"digits": digits}
        return about

    @property
    def _whole(self) -> bool:
        numbers = (self.low, self.high, self.value, self.step or 1)
        return all(isinstance(number, int) for number in numbers)

    @property
    def _step(self) -> float:
        return self.step or (1 if self._whole else (self.high - self.low) / 100)

    def sent(self, value: Any) -> Any:
        """Return a value as a page has it: an option by its place among them."""
        if self.kind == "choice":
            return [option for _, option in self.options].index(value)
        return value

    def received(self, sent: Any) -> Any:
        """Return what a page has sent as a value; raises ValueError where it is none."""
        try:
            if self.kind == "choice":
                return self.options[int(sent)][1]
            if self.kind == "toggle":
                return bool(sent)
            number = min(max(float(sent), self.low), self.high)
        except (TypeError, IndexError, OverflowError) as error:
            raise ValueError(f"{sent!r} is no value of a {self.kind}") from error
        return round(number) if self._whole else number

    def refusal(self, value: Any) -> str:
        """Say why this is no value for the control; nothing where it is one."""
        if self.kind == "choice" and value not in [option for _, option in self.options]:
            return f"is not among its options: {', '.join(name for name, _ in self.options)}"
        if self.kind == "toggle" and not isinstance(value, bool):
            return "is neither True nor False"
        if self.kind == "slider":
            if not isinstance(value, int | float):
                return "is no number"
            if not self.low <= value <= self.high:
                return f"is outside its range, {self.low} to {self.high}"
        return ""


def slider(
    low: float,
    high: float,
    value: float | None = None,
    *,
    step: float | None = None,
    label: str | None = None,
) -> Control:
    """Describe a number from `low` to `high`; whole numbers give whole steps."""
    start = low if value is None else value
    if not all(isinstance(number, int | float) for number in (low, high, start)):
        raise PictureError(f"slider({low!r}, {high!r}, {start!r}): each of them must be a number.")
    if not low <= start <= high or low == high:
        raise PictureError(
            f"slider({low}, {high}, {start}): low must be below high, and the value between."
        )
    return Control("slider", start, label, low, high, step)


def choice(
    options: Sequence[Any] | Mapping[str, Any], value: Any = None, *, label: str | None = None
) -> Control:
    """Describe one of several options: a list of values, or a mapping from names to values."""
    named = options.items() if isinstance(options, Mapping) else ((str(o), o) for o in options)
    pairs = tuple((str(name), option) for name, option in named)
    if not pairs:
        raise PictureError("choice() has no options: give it at least one.")
    start = pairs[0][1] if value is None else value
    if start not in [option for _, option in pairs]:
        raise PictureError(f"choice(): {start!r} is not among its options.")
    return Control("choice", start, label, options=pairs)


def toggle(value: bool = False, *, label: str | None = None) -> Control:
    """Describe a yes or no."""
    return Control("toggle", value, label)
