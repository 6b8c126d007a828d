"""A card: something to recall, whose problem differs from review to review.

belief   a misconception: what happens, among what people expect to happen
number   a number worth knowing, typed with its unit
recap    what a lesson says you can do: a question about it, chosen or judged by yourself
family   a problem with new numbers, or a new run, at each review
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.interviews.cards.families.dice import seed_of
from pubsub_kit.interviews.cards.families.problem import Problem

KINDS = ("belief", "number", "recap", "family")
#: What a front calls a card of each kind.
CALLED = {
    "belief": "a common misconception",
    "number": "a number worth knowing",
    "recap": "what this lesson taught",
    "family": "a problem with new numbers each time",
}


class CardError(PubSubKitError):
    """Cards can't be chosen, reviewed or exported so; the message says why, and what to do."""


@dataclass(frozen=True)
class Card:
    """One card. `make` returns its problem at a review, from 0 up; `seed` is what that draws from.

    `beliefs` are the numbers of the misconceptions that it is about, `verdicts` the names by which
    the verdicts of exercises call these; `lesson` is two digits, `link` its notebook.
    """

    id: str
    kind: str
    lesson: str
    title: str
    make: Callable[[int], Problem] = field(compare=False)
    link: str = ""
    source: str = ""
    beliefs: tuple[int, ...] = ()
    verdicts: tuple[str, ...] = ()

    def problem(self, number: int) -> Problem:
        """Return the problem of a review: the same one for the same number, everywhere."""
        return self.make(number)

    def seed(self, number: int) -> int:
        """Return the seed of a review: a stable hash of the card's own name and the number."""
        return seed_of(self.id.removeprefix("family-"), number)
