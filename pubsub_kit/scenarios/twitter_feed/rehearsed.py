"""The Twitter feed as an interview has it: from decisions to a `FeedDesign`, run on both levels.

Among five people `explore_design` tries every schedule; among 150 million the arena of exercise 06
runs its ninety seconds. The card is the arena's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pubsub_kit.designs.components import DesignError
from pubsub_kit.designs.problem import options_of
from pubsub_kit.designs.told import faults
from pubsub_kit.errors import brief
from pubsub_kit.feed.designs import EVERYBODY, FeedDesign
from pubsub_kit.feed.five.messages import FeedExploration, explore_design
from pubsub_kit.feed.grading.grade import ReportCard, grade
from pubsub_kit.scenarios.twitter_feed.arena import LEVELS, SIZES, THRESHOLD, arena
from pubsub_kit.world.chance import parse
from pubsub_kit.world.search.kept import fault_count

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

ID, TITLE = "twitter-feed", "a Twitter feed"
AT_MOST = 2  # faults
#: What each decision of the bank comes to in a design.
DECISIONS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "fan-out": {
        "push": {"threshold": EVERYBODY},
        "pull": {"threshold": 0},
        "hybrid": {"threshold": THRESHOLD},
    },
    "inactive": {
        "all": {"skip_inactive": False},
        "active": {"skip_inactive": True},
        "rebuild": {"skip_inactive": True},
    },
    "reply-first": {
        "hold": {"replies": "held on read"},
        "repair": {"replies": "as they come"},
        "at-read": {"replies": "held on read"},
    },
    "delete": {
        "rewrite": {"removal": "fanned out", "partition_by": "reader"},
        "at-read": {"removal": "checked on read"},
        "ignore": {"removal": "ignored"},
    },
    "repeats": {"dedup": {"dedup": True}, "as they come": {"dedup": False}},
    "semantics": {
        "at least once": {"semantics": "at least once"},
        "at most once": {"semantics": "at most once"},
    },
}
#: What a design does that nobody has decided otherwise, sized as lesson 06 arrives at.
USUAL = FeedDesign(
    "my design",
    dedup=True,
    removal="checked on read",
    workers=SIZES["workers"],
    stores=SIZES["stores"],
)


def usual() -> dict[str, str]:
    """Return the option of each decision that the usual design has, the first if several do."""
    own = vars(USUAL)
    fits = {
        name: [o for o, changes in options.items() if changes.items() <= own.items()]
        for name, options in DECISIONS.items()
    }
    return {name: found[0] for name, found in fits.items() if found}


def propose(decisions: Mapping[str, str]) -> FeedDesign:
    """Return the design that some decisions come to; raises DesignError for an unknown option."""
    decisions = options_of(decisions)
    changes: dict[str, Any] = {"name": str(decisions.get("name", USUAL.name))}
    for name, options in DECISIONS.items():
        option = decisions.get(name)
        if option is None:
            continue
        if option not in options:
            raise DesignError(f"{name!r} is one of {', '.join(options)}, not {brief(option)}")
        changes |= options[option]
    return replace(USUAL, **changes)


@dataclass(frozen=True)
class FeedReport:
    """What became of a feed: the search among five people, and the card of the arena."""

    design: FeedDesign
    found: FeedExploration
    card: ReportCard
    question: str = ""
    measures: Mapping[str, float] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether no schedule broke it among five people, of up to two faults."""
        return self.found.violation is None

    @property
    def faults(self) -> int:
        """How many faults the shortest run that breaks it has; one more than tried if none does."""
        return self.found.complete + 1 if self.holds else fault_count(parse(self.found.code))

    @property
    def missed(self) -> dict[str, float]:
        """The levels that the arena's ninety seconds did not keep to."""
        return {name: float(self.card.values[name]) for name in self.card.missed}

    @property
    def rank(self) -> tuple[int, int, float]:
        """What designs are ordered by, the best first when sorted: faults, levels missed, cost."""
        return -self.faults, len(self.missed), float(self.card.values["cost"])

    @property
    def picture(self) -> Picture:
        """The run that breaks it, or cost against latency where none does."""
        from pubsub_kit import show

        return self.card.picture if self.holds else show.counterexample(self.found)

    @property
    def text(self) -> str:
        """The search's outcome, the next question, and the card, in words."""
        sign = {"holds": "✓", "fails": "✗"}.get(self.found.outcome, "◐")
        lines = [f"{self.design.name}: {TITLE}", f"{sign} {self.found}"]
        lines += [f"  Next question: {self.question}"] if self.question else []
        return "\n".join([*lines, "", self.card.text])

    def __str__(self) -> str:
        """Return the card in words."""
        return self.text


def report(design: FeedDesign) -> FeedReport:
    """Run a design among five people and among 150 million; raises what the design raises."""
    found = explore_design(design, AT_MOST)
    card = grade(design, arena(), LEVELS, advice=False)
    values = {name: float(value) for name, value in card.values.items()}
    return FeedReport(design, found, card, next_question(found, card), values)


def next_question(found: FeedExploration, card: ReportCard) -> str:
    """Put the interviewer's next question: from the run that breaks it, or the level it misses."""
    if found.violation is not None:
        befell = faults(found.trace)
        said = befell or f"Nothing has failed here, and still: {found.violation.message}"
        asked = f"In the scene “{found.scene}”: {found.violation.message}" if befell else ""
        return f"{said} {asked}".strip() + " What would you change?"
    if card.failures:
        return f"At load: {card.failures[0]}. Which number of your design decides that?"
    return ""
