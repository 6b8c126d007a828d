"""A judge that holds an answer to a contract: each row is a promise, played in a trial of its own.

All rows are played, whatever fails. Of those that are broken, the one is shown that says most about
what the answer's author believes; its number is the code that plays it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pubsub_kit.checks.contract.trial import Breach, Row, Trial, breach_of
from pubsub_kit.checks.forms.raised import Place
from pubsub_kit.checks.forms.verdict import Judgement
from pubsub_kit.checks.sandbox import guard, leaks
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.scenarios.drawn import Draws, drawn
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

#: What a learner can put right before anything else is worth saying; an error, if it comes first.
_SLIPS = ("misuse", "async where none is awaited")
_UNLIKE = "What one trial of this code does depends on earlier trials, so nothing is proven."


@dataclass(frozen=True)
class Contracted:
    """Plays each row with an answer; `trial` makes a trial of it.

    `beliefs` has those that explain why other rows are broken too, the most telling one first.
    `claim` says what is proven where all rows are kept, and what is not. No call may stand still
    for longer than `patience` (seconds of real time).
    """

    rows: Sequence[Row]
    trial: Callable[[Any], Trial]
    beliefs: Sequence[str]
    claim: str
    draws: Draws = drawn
    patience: float = 3.0

    def judge(self, answer: Any) -> Judgement:
        """Play all rows, and see whether the answer remembers anything from one to the next."""
        watch = leaks.Watch[int](answer, lambda number: self._run(answer, number), costly=True)
        broken: dict[int, Breach] = {}
        for number in range(1, len(self.rows) + 1):
            trial, breach = self._play(answer, number)
            watch.saw(number, trial.world)
            if breach is not None:
                broken[number] = breach
        number = self._most_telling(broken)
        wrong = _violation(broken[number]) if broken else None
        if (leak := watch.leak(number, wrong)) is not None:
            return Judgement("fails", "remembers what it should not", leak, claim=_UNLIKE)
        if wrong is None:
            return Judgement(
                "holds", f"holds: all {len(self.rows)} rows of its contract", claim=self.claim
            )
        world, _ = self._run(answer, number)  # once more, so that what it prints is of this trial
        return self._failed(number, [broken[n].row.name for n in broken], wrong, world)

    def _failed(self, number: int, names: list[str], wrong: Violation, world: World) -> Judgement:
        row = self.rows[number - 1]
        others = [name for name in names if name != row.name]
        summary = f"fails: {len(names)} of {len(self.rows)} rows "
        summary += "is broken" if len(names) == 1 else "are broken"
        besides = f" Also broken: {', '.join(others)}." if others else ""
        return Judgement(
            "fails", summary, wrong, str(number), world.trace,
            lambda title, shown: self.picture(world, shown, title),
            f": row {number}, {row.name}",
            f"Row {number} was played, and broken: one trial is proof enough.{besides}",
        )  # fmt: skip

    def replay(self, answer: Any, code: str) -> tuple[World, Violation | None]:
        """Play one row again, by its number."""
        if not code.isdecimal() or not 1 <= int(code) <= len(self.rows):
            raise PubSubKitError(
                f"this question is replayed by the number of a row, 1 to {len(self.rows)}, not "
                f"{code[:40]!r}"
            )
        return self._run(answer, int(code))

    def picture(self, world: World, violation: Violation | None, title: str) -> Picture:
        """Draw a trial."""
        return self.draws(world, violation, title)

    def _run(self, answer: Any, number: int) -> tuple[World, Violation | None]:
        trial, breach = self._play(answer, number)
        return trial.world, breach and _violation(breach)

    def _play(self, answer: Any, number: int) -> tuple[Trial, Breach | None]:
        row, trial = self.rows[number - 1], self.trial(answer)
        place = Place(trial.world, str(number), f"row {number}, {row.name}")
        trial.making = partial(guard.next_run, place)
        return trial, breach_of(trial, row)

    def _most_telling(self, broken: Mapping[int, Breach]) -> int:
        first = min(broken, default=1)
        if broken and broken[first].belief in ("", "raises"):
            return first  # it is something simple, from which the rest may follow
        ranked = [*_SLIPS, *self.beliefs]
        ranks = {n: (ranked.index(b.belief) if b.belief in ranked else len(ranked), n)
                 for n, b in broken.items()}  # fmt: skip
        return min(ranks, key=ranks.__getitem__, default=1)


def _violation(breach: Breach) -> Violation:
    """Return what is wrong, with the promise that it breaks."""
    promise = breach.row.promise
    words = f"{breach.words} The contract: {promise[0].lower()}{promise[1:]}"
    slip = breach.belief in _SLIPS
    return Violation(
        breach.words if slip else words, breach.step, breach.expected, breach.actual, breach.belief
    )
