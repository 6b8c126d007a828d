"""Random search: schedules drawn one by one, where there are too many to try them all.

A random run proves nothing about the others. Use it to look further than `Bounded` can go, and to
cross-check it: what one finds within a bound, the other must find too.

The first run has no fault; be n the number of questions that it was asked, and k the most faults.
Every other run is drawn alike, whatever those before it were. At each of its questions in turn,
while fewer than k faults have fallen, one falls with probability p = k / (n + k), and each kind
that the question offers is as likely. So a schedule of j ≤ k faults is drawn with probability
p^j (1 − p)^q / (the product of how many kinds its faults were chosen among), where q is how many
questions it let pass until its k-th fault, or until its end. That is above zero for each of them.
Where a pre-empted task goes on is no fault, and it costs none: each such question is answered with
the odds that it has in any random run, 1/4 for "resume" and 1/2 for "stay".
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pubsub_kit.world.chance import CHOICES, Schedule
from pubsub_kit.world.running import WorldError


@dataclass(frozen=True, slots=True)
class Sampled:
    """So many runs: the first without a fault, the others drawn at random, as told above.

    The same seed draws the same schedules. Raises WorldError for a seed that is not a whole number,
    and for fewer runs than one.
    """

    seed: int
    runs: int = 10_000

    def __post_init__(self) -> None:
        if type(self.seed) is not int or type(self.runs) is not int or self.runs < 1:
            raise WorldError(
                f"Sampled(seed={self.seed!r}, runs={self.runs!r}): give a whole number such as 7 "
                "as the seed, and at least 1 run"
            )

    @property
    def sample(self) -> str:
        """What its schedules are: random."""
        return "random"

    def rounds(self, max_faults: int) -> Iterator[Iterable[Schedule]]:
        """Yield schedules one by one: the first that fails ends the search."""
        first = Schedule()
        yield [first]
        if max_faults and first.offered:
            odds = max_faults / (len(first.offered) + max_faults)
            draw = random.Random(self.seed).random
            for _ in range(self.runs - 1):
                yield [Drawn(draw, odds, max_faults)]


class Drawn(Schedule):
    """A schedule that is drawn while it runs: each fault that strikes is written down."""

    def __init__(self, draw: Callable[[], float], odds: float, most: int) -> None:
        super().__init__()
        self.draw, self.odds, self.most = draw, odds, most

    def fault(self, kinds: Sequence[str], rates: Sequence[float]) -> str:
        """Draw whether a fault strikes here, and which."""
        number = len(self.offered)
        self.offered.append(kinds)
        if kinds[0] in CHOICES:
            if self.draw() < rates[0]:
                self.faults[number] = kinds[0]
            return self.faults.get(number, "")
        if self.cost == self.most or self.draw() >= self.odds:
            return ""
        self.faults[number] = kind = kinds[int(self.draw() * len(kinds))]
        return kind
