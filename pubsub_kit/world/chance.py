"""Every uncertain thing in a world is asked here, of one `Chance`.

There are only two questions: *does a fault happen now, and which one?* (`fault`), and *what is the
next random number?* (`random`), for latencies and jitter. The answers decide the run:

    Seeded(7)          draws the answers: the same seed gives the same run, byte for byte
    Schedule("4c9a")   replays: a crash at question 4, a lost ack at question 9, nothing else
    explore()          tries every schedule in turn, those with the fewest faults first

A schedule code is a list of *question number, fault letter* pairs. It is short enough to print
under a picture and to type, and it means the same on every version of Python.
"""

from __future__ import annotations

import math
import random
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.world.deeds import Deed, Point
from pubsub_kit.world.running import WorldError

#: Every fault that a world can suffer: its name in the field's words, and its letter in codes.
FAULTS: dict[str, str] = {
    "loss": "l",  # a message never arrives
    "duplicate": "d",  # a message arrives, or is published, twice
    "late duplicate": "w",  # … the second time after the message behind it
    "reorder": "o",  # a message arrives after the one behind it
    "delay": "y",  # a message arrives after its deadline
    "crash": "c",  # a process loses its memory, and restarts
    "long crash": "t",  # … when every lease of its messages has ended
    "stays down": "x",  # … never
    "preempt": "p",  # another worker runs first
    "pause": "z",  # a process pauses past its deadline, then goes on (a zombie)
    "ack lost": "a",  # the broker never hears of an ack or a nack
    "extend lost": "e",  # the broker never hears that a lease is to be extended
    "reply lost": "r",  # the effect happened, but the caller never hears of it
    "publish lost": "u",  # the broker never gets an event, and the publisher hears nothing
    "confirm lost": "n",  # the broker has an event, and the publisher hears nothing
    "broker crash": "b",  # a durable broker restarts, and has forgotten the latest acks
    "broker wiped": "m",  # a broker in memory restarts, and has forgotten everything
    "skew": "k",  # a node's clock is slow
    "skew ahead": "f",  # a node's clock is fast
}
#: … and those of brokers on several nodes, which replicas/fates.py explains.
NODE_FAULTS: dict[str, str] = {
    "node crash": "C",  # a broker's process restarts; its log is still there
    "node down": "X",  # a broker stops, and stays down
    "node wiped": "W",  # a broker restarts with an empty disk
    "node cut": "H",  # a broker is cut off from the others
    "power loss": "P",  # all brokers restart; what they had not flushed is gone
}
#: What a schedule decides beside faults, at no cost: where a pre-empted task goes on.
CHOICES: dict[str, str] = {
    "resume": "g",  # it goes on now, before another task's next step
    "stay": "s",  # it lets the others do more
}
_LETTERS = FAULTS | NODE_FAULTS | CHOICES
_BY_LETTER = {letter: name for name, letter in _LETTERS.items()}
#: How a `Chance` is asked for a choice: its kind, and the odds of a random draw.
RESUME, STAY = ((("resume",), (0.25,)), (("stay",), (0.5,)))


class ChanceError(PubSubKitError):
    """A latency, a probability or a seed is not one that the world can draw from."""


class ScheduleError(WorldError):
    """A schedule code can't be read, or does not fit the run that it was given to."""


class Chance(ABC):
    """The source of all luck in one run."""

    listens = False  # whether it wants to hear what its questions are about, with `comes_to`

    @abstractmethod
    def fault(self, kinds: Sequence[str], rates: Sequence[float]) -> str:
        """Return which of these faults happens now, or "" for none.

        `rates` has a probability for each kind (0 to 1); only random draws use them.
        """

    @abstractmethod
    def random(self) -> float:
        """Return a number in [0, 1), from which latencies and jitter are computed."""

    def offers(self, others: tuple[Deed, ...]) -> None:  # noqa: B027 — only a schedule listens
        """Hear what others did since the one task held back, asked about next, could go on."""

    def went_on(self, deeds: tuple[Deed, ...] | None) -> None:  # noqa: B027
        """Hear what a task did that went on: all of it, or None if it waited in between."""

    def comes_to(self, point: Point) -> None:  # noqa: B027
        """Hear at which point the next question is asked."""

    def overtaken(self, by: tuple[Deed, ...] | None) -> None:  # noqa: B027
        """Hear all that others did before a task that was held back; None as it begins."""


class Seeded(Chance):
    """Luck drawn from one generator: the same seed gives the same run."""

    def __init__(self, seed: int = 0) -> None:
        if type(seed) is not int:
            raise ChanceError(f"a seed is a whole number such as 7, not {seed!r}")
        generator = random.Random(seed)
        self.random = generator.random  # type: ignore[method-assign]

    def random(self) -> float:  # pragma: no cover - replaced by the generator's own method
        """Return the generator's next number."""
        raise NotImplementedError

    def fault(self, kinds: Sequence[str], rates: Sequence[float]) -> str:
        """Draw one number and see which of the faults it falls on, if any."""
        if not any(rates):
            return ""
        left = self.random()
        for kind, rate in zip(kinds, rates, strict=True):
            left -= rate
            if left < 0:
                return kind
        return ""


class Schedule(Chance):
    """Luck that is written down: faults at the given questions, and none elsewhere.

    `offered[i]` is what question `i` could have answered, which is how `explore()` finds the
    schedules to try next. `random()` is always one half, so that every latency is its median.
    """

    def __init__(self, code: str | Mapping[int, str] = "") -> None:
        self.faults: dict[int, str] = parse(code) if isinstance(code, str) else dict(code)
        self.offered: list[Sequence[str]] = []
        self.others: dict[int, tuple[Deed, ...]] = {}  # by question, see `offers`
        self.deeds: tuple[Deed, ...] | None = None  # of the task that went on last
        self.points: dict[int, Point] = {}  # by question, see `comes_to`
        self.steps = -1  # of the trace of its run, if that came to its end
        self.overtaking: tuple[Deed, ...] | None = None  # see `overtaken`
        self.listens = True  # there may be schedules with one fault more
        self.order: tuple[tuple[int, ...], ...] = ()  # among those of equally many faults

    def random(self) -> float:
        """Return one half, always."""
        return 0.5

    def offers(self, others: tuple[Deed, ...]) -> None:
        """Remember it for the question that comes next."""
        self.others[len(self.offered)] = others

    def went_on(self, deeds: tuple[Deed, ...] | None) -> None:
        """Remember it."""
        self.deeds = deeds

    def comes_to(self, point: Point) -> None:
        """Remember it for the question that comes next."""
        self.points[len(self.offered)] = point

    def overtaken(self, by: tuple[Deed, ...] | None) -> None:
        """Remember it."""
        self.overtaking = by

    def fault(self, kinds: Sequence[str], rates: Sequence[float]) -> str:
        """Return what the schedule says at this question.

        Raises ScheduleError if the schedule wants a fault that cannot happen here.
        """
        offered, faults = self.offered, self.faults
        number = len(offered)
        offered.append(kinds)
        if number not in faults:
            return ""
        kind = faults[number]
        if kind not in kinds:
            self.check()
        return kind

    def check(self) -> None:
        """Raise ScheduleError if the schedule wanted a fault that could not happen in its run."""
        for number, kind in sorted(self.faults.items()):
            asked = number < len(self.offered)
            if asked and kind in self.offered[number]:
                continue
            can = f"only {', '.join(self.offered[number])} can happen there" if asked else ""
            raise ScheduleError(
                f"the schedule {self.code!r} wants {kind!r} at question {number}, but "
                f"{can or f'this run asks only {len(self.offered)} questions'}: it was made for "
                "other code, so check that code again for a new schedule"
            )

    @property
    def cost(self) -> int:
        """How many faults it has, choices not counted."""
        return sum(kind not in CHOICES for kind in self.faults.values())

    @property
    def code(self) -> str:
        """The schedule as a printable code."""
        return encode(self.faults)


def encode(faults: Mapping[int, str]) -> str:
    """Return the code of a schedule: `{4: "crash", 9: "ack lost"}` is `4c9a`, none is `-`."""
    return "".join(f"{number}{_LETTERS[faults[number]]}" for number in sorted(faults)) or "-"


def parse(code: str) -> dict[int, str]:
    """Return the schedule that a code stands for.

    Raises ScheduleError if it is not a list of question numbers and fault letters.
    """
    pairs = re.findall(r"([0-9]{1,6})([a-zA-Z])", str(code))
    faults = {int(number): _BY_LETTER.get(letter, "") for number, letter in pairs}
    written = "".join(map("".join, pairs)) or "-"
    if (code.strip() or "-") != written or "" in faults.values() or len(faults) < len(pairs):
        raise ScheduleError(
            f"{code!r} is no schedule code: write question numbers and fault letters, such as "
            "4c9a for a crash at question 4 and a lost ack at question 9"
        )
    return faults


#: A latency: draws seconds from a `Chance`.
Latency = Callable[[Chance], float]


def duration(name: str, value: float) -> float:
    """Return a duration in seconds; raises ChanceError unless it is a finite number from 0 up."""
    if not (isinstance(value, int | float) and math.isfinite(value) and value >= 0):
        raise ChanceError(f"{name} is {value!r}: give seconds, a finite number from 0 up")
    return float(value)


def probability(name: str, value: float) -> float:
    """Return a probability; raises ChanceError unless it is a number from 0 to 1."""
    if not (isinstance(value, int | float) and 0 <= value <= 1):
        raise ChanceError(f"{name} is {value!r}: give a probability, a number from 0 to 1")
    return float(value)


def constant(seconds: float) -> Latency:
    """Return a latency that is always the same."""
    fixed = duration("a latency", seconds)
    return lambda chance: fixed


def uniform(low: float, high: float) -> Latency:
    """Return a latency spread evenly between two bounds (seconds)."""
    a, b = duration("the lower bound", low), duration("the upper bound", high)
    if b < a:
        raise ChanceError(f"uniform({low}, {high}): give the smaller bound first")
    return lambda chance: a + (b - a) * chance.random()


def exponential(mean: float) -> Latency:
    """Return a memoryless latency with this mean (seconds), as in an M/M/1 queue."""
    scale = duration("the mean", mean)
    return lambda chance: -scale * math.log(1.0 - chance.random())


def lognormal(median: float, sigma: float = 0.5) -> Latency:
    """Return a latency with a long right tail, as network round trips have."""
    middle, spread = duration("the median", median), duration("sigma", sigma)
    normal = NormalDist().inv_cdf
    return lambda chance: middle * math.exp(spread * normal(chance.random() or 2.0**-54))


def sometimes(slow: Latency | float, share: float, usual: Latency | float) -> Latency:
    """Return a latency that is `slow` in this share of draws (0 to 1), and `usual` otherwise."""
    part, rare, often = probability("the share", share), latency_of(slow), latency_of(usual)
    return lambda chance: rare(chance) if chance.random() < part else often(chance)


def latency_of(value: Latency | float) -> Latency:
    """Return a plain number of seconds as a latency; return a latency as it is."""
    return value if callable(value) else constant(value)
