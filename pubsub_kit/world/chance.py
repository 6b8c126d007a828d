"""Every uncertain thing in a world is asked here, of one `Chance`.

There are two questions only: *does a fault happen now, and which?* (`fault`) and *how long, how
random?* (`random`). Who answers decides what a run is:

    Seeded(7)          draws the answers; the same seed gives the same run, to the byte
    Schedule("4c9a")   replays: at the 4th question a crash, at the 9th a lost ack, else nothing
    explore()          asks for every schedule in turn, those with the fewest faults first

A schedule code is a list of *question number, fault letter* pairs. It is short enough to print
under a picture and to type, and it does not depend on the version of Python.
"""

from __future__ import annotations

import math
import random
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

from pubsub_kit.errors import PubSubKitError

#: Every fault that a world can suffer: its name in the field's words, and its letter in codes.
FAULTS: dict[str, str] = {
    "loss": "l",  # a message never arrives
    "duplicate": "d",  # a message arrives, or is published, twice
    "reorder": "o",  # a message arrives after the one behind it
    "delay": "y",  # a message arrives after its deadline
    "crash": "c",  # a process loses its memory, and restarts
    "preempt": "p",  # another worker runs first
    "pause": "z",  # a process stands still past its deadline, then goes on (a zombie)
    "ack lost": "a",  # the broker never hears of an ack
    "reply lost": "r",  # the effect happened, the caller never hears of it
    "skew": "k",  # a node's clock is wrong
}
_BY_LETTER = {letter: name for name, letter in FAULTS.items()}


class ScheduleError(PubSubKitError):
    """A schedule code that cannot be read, or that does not fit the run that it is given to."""


class Chance(ABC):
    """The source of all luck in one run."""

    @abstractmethod
    def fault(self, kinds: Sequence[str], rates: Sequence[float]) -> str:
        """Return which of these faults happens now, or "" for none.

        `rates` holds a probability a kind (0 to 1); only drawn chance heeds them.
        """

    @abstractmethod
    def random(self) -> float:
        """Return a number in [0, 1): what latencies and jitter are computed from."""


class Seeded(Chance):
    """Luck drawn from one generator: the same seed, the same run."""

    def __init__(self, seed: int = 0) -> None:
        generator = random.Random(seed)
        self.random = generator.random  # type: ignore[method-assign]

    def random(self) -> float:  # pragma: no cover - replaced by the generator's own method
        """Return the generator's next number."""
        raise NotImplementedError

    def fault(self, kinds: Sequence[str], rates: Sequence[float]) -> str:
        """Draw one number and see whether it falls on one of the faults."""
        if not any(rates):
            return ""
        left = self.random()
        for kind, rate in zip(kinds, rates, strict=True):
            left -= rate
            if left < 0:
                return kind
        return ""


class Schedule(Chance):
    """Luck that is written down: faults at given questions, none elsewhere.

    `offered[i]` is what question `i` could have answered, which is how `explore()` finds the
    schedules that come next. `random()` is always one half, so that all latencies are medians.
    """

    def __init__(self, code: str | Mapping[int, str] = "") -> None:
        self.faults: dict[int, str] = parse(code) if isinstance(code, str) else dict(code)
        self.offered: list[Sequence[str]] = []

    def random(self) -> float:
        """Return one half, always."""
        return 0.5

    def fault(self, kinds: Sequence[str], rates: Sequence[float]) -> str:
        """Return what the schedule holds for this question.

        Raises ScheduleError if the schedule wants a fault that cannot happen here.
        """
        number = len(self.offered)
        self.offered.append(kinds)
        kind = self.faults.get(number)
        if kind is None:
            return ""
        if kind not in kinds:
            raise ScheduleError(
                f"the schedule {self.code!r} wants {kind!r} at question {number}, where only "
                f"{', '.join(kinds)} can happen: it was made for other code, so check again"
            )
        return kind

    @property
    def code(self) -> str:
        """The schedule as a printable code."""
        return encode(self.faults)


def encode(faults: Mapping[int, str]) -> str:
    """Return the code of a schedule: `{4: "crash", 9: "ack lost"}` is `4c9a`, none is `-`."""
    return "".join(f"{number}{FAULTS[faults[number]]}" for number in sorted(faults)) or "-"


def parse(code: str) -> dict[int, str]:
    """Return the schedule that a code stands for.

    Raises ScheduleError if it is not a list of question numbers and fault letters.
    """
    text = code.strip()
    if not re.fullmatch(r"-|(\d{1,6}[a-z])*", text) or any(
        letter not in _BY_LETTER for letter in re.findall(r"[a-z]", text)
    ):
        raise ScheduleError(
            f"{code!r} is no schedule code: write question numbers and fault letters, as in 4c9a "
            f"({', '.join(f'{letter} {name}' for letter, name in _BY_LETTER.items())})"
        )
    return {int(n): _BY_LETTER[letter] for n, letter in re.findall(r"(\d+)([a-z])", text)}


#: A latency: draws seconds from a `Chance`.
Latency = Callable[[Chance], float]


def _seconds(name: str, value: float) -> float:
    if not (isinstance(value, int | float) and math.isfinite(value) and value >= 0):
        raise PubSubKitError(f"{name} is {value!r}: give seconds, a finite number from 0 up")
    return float(value)


def constant(seconds: float) -> Latency:
    """Return a latency that is always the same."""
    fixed = _seconds("a constant latency", seconds)
    return lambda chance: fixed


def uniform(low: float, high: float) -> Latency:
    """Return a latency spread evenly between two bounds (seconds)."""
    a, b = _seconds("the lower bound", low), _seconds("the upper bound", high)
    if b < a:
        raise PubSubKitError(f"uniform({low}, {high}): the second bound must not be the smaller")
    return lambda chance: a + (b - a) * chance.random()


def exponential(mean: float) -> Latency:
    """Return a memoryless latency with this mean (seconds), as in an M/M/1 queue."""
    scale = _seconds("the mean", mean)
    return lambda chance: -scale * math.log(1.0 - chance.random())


def lognormal(median: float, sigma: float = 0.5) -> Latency:
    """Return a latency with a heavy right tail: the shape that network round trips have."""
    middle, spread = _seconds("the median", median), _seconds("sigma", sigma)

    def draw(chance: Chance) -> float:
        u, v = 1.0 - chance.random(), chance.random()
        return middle * math.exp(spread * math.sqrt(-2 * math.log(u)) * math.cos(2 * math.pi * v))

    return draw


def sometimes(slow: Latency | float, share: float, usual: Latency | float) -> Latency:
    """Return a latency that is `slow` for this share of draws (0 to 1), else `usual`."""
    if not 0 <= share <= 1:
        raise PubSubKitError(f"the share of slow draws is {share!r}: give a number from 0 to 1")
    rare, often = latency_of(slow), latency_of(usual)
    return lambda chance: rare(chance) if chance.random() < share else often(chance)


def latency_of(value: Latency | float) -> Latency:
    """Return a latency for a plain number of seconds; a latency is returned as it is."""
    return value if callable(value) else constant(value)
