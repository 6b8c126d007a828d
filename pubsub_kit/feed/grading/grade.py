"""Grade a design: simulate it in its arena, and compare it with service levels and references."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.feed.arena import Arena
from pubsub_kit.feed.designs import FeedDesign
from pubsub_kit.feed.grading import card
from pubsub_kit.feed.grading.levels import ServiceLevels
from pubsub_kit.feed.grading.references import references
from pubsub_kit.feed.grading.sensitivity import advice as what_would_move
from pubsub_kit.feed.machines.measures import Values, measure, rounded
from pubsub_kit.feed.machines.simulate import simulate

if TYPE_CHECKING:
    from pubsub_kit.feed.machines.run import FeedRun
    from pubsub_kit.show.picture import Picture


class GradeError(PubSubKitError, TypeError):
    """Something cannot be graded; the message says what was given, and what is needed."""


# Only numbers are kept, not runs: a run holds its arena, which then would never be forgotten.
_REFERENCES: WeakKeyDictionary[Arena, dict[str, Values]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class ReportCard:
    """How a design did: its values, those of the reference designs, and the levels to keep.

    `values` and each of `references` hold every measure by name. A card shows as text or HTML, and
    `.picture` draws the cost against the latency.
    """

    run: FeedRun
    levels: ServiceLevels
    values: Values
    references: Mapping[str, Values]
    advising: bool = True

    @property
    def passed(self) -> bool:
        """Whether every level is kept."""
        return not self.missed

    @property
    def missed(self) -> list[str]:
        """The names of the measures whose level is missed."""
        return self.levels.missed(self.values)

    @property
    def failures(self) -> list[str]:
        """What is missed, in words: "delivery p99: 140 s, at most 5 s"."""
        return [self.levels.words(name, self.values) for name in self.missed]

    @cached_property
    def advice(self) -> str:
        """The one change that would help most, found by trying; "" if not asked for."""
        return what_would_move(self.run, self.levels, self.values) if self.advising else ""

    def sheet(self, advice: str = "") -> card.Sheet:
        """Return what is on the card, with the advice as its last words."""
        name, note = self.run.design.name, _note(self.run)
        return card.Sheet(name, self.values, self.references, self.levels, note, advice)

    @property
    def text(self) -> str:
        """The card as an aligned table, at most 96 letters wide, the same on every machine."""
        return card.text(self.sheet(self.advice))

    @property
    def picture(self) -> Picture:
        """Cost against latency: the design among the references, the bounds, and the front."""
        return card.picture(self.sheet())

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Give a front-end the card as text and as HTML."""
        return {"text/plain": self.text, "text/html": card.html(self.sheet(self.advice))}


def grade(
    design: FeedDesign, arena: Arena, levels: ServiceLevels, *, advice: bool = True
) -> ReportCard:
    """Simulate a design and, once for each arena, the references; return its report card.

    `advice=False` leaves out which change would help most. Raises GradeError if an argument is of
    another kind, and whatever the design itself raises.
    """
    _check(design, arena, levels)
    if arena not in _REFERENCES:
        _REFERENCES[arena] = {
            name: measure(simulate(one, arena)) for name, one in references(arena).items()
        }
    run = simulate(design, arena)
    return ReportCard(run, levels, measure(run), _REFERENCES[arena], advice)


def _check(design: object, arena: object, levels: object) -> None:
    kinds = {"a FeedDesign": FeedDesign, "an Arena": Arena, "ServiceLevels": ServiceLevels}
    for (words, kind), given in zip(kinds.items(), (design, arena, levels), strict=True):
        if not isinstance(given, kind):
            hint = ": call the class, as MyDesign()" if isinstance(given, type) else ""
            what = given.__name__ if isinstance(given, type) else type(given).__name__
            raise GradeError(f"grade() takes {words} here, not {what}{hint}")


def _note(run: FeedRun) -> str:
    load = run.arena.load
    faults = ", ".join(map(repr, run.arena.faults)) or "none"
    tweets, deliveries = (f"{rounded(n, 3):,.0f}" for n in (run.tweets, run.deliveries))
    users = f"{load.network.users:,}"
    return (
        f"In {load.seconds:,.0f} s, {users} people make {tweets} tweets and {deliveries} "
        f"deliveries. Faults: {faults}."
    )
