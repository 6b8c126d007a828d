"""When a card is due: FSRS, folded over the log of reviews.

FSRS keeps a stability and a difficulty for each card, and asks for it again when the chance of
recalling it has fallen to 90% (Ye and others, KDD 2022; the `fsrs` library). Its fuzz is off: it is
drawn from no seed, and then the state would not follow from the log.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fsrs import Card as Memory
from fsrs import Rating, Scheduler

from pubsub_kit.log.event import Event

SCHEDULER = Scheduler(enable_fuzzing=False)
RATINGS = {"again": Rating.Again, "hard": Rating.Hard, "good": Rating.Good}


@dataclass(frozen=True)
class Standing:
    """Where a card stands: when it is due, how often it was reviewed, when it was last right.

    Times are seconds since the epoch.
    """

    memory: Memory
    reviews: int = 0
    lapses: int = 0
    good_at: float = 0.0
    last: str = ""

    @property
    def due(self) -> float:
        """The time at which it is due."""
        return self.memory.due.timestamp()

    def after(self, rating: str, at: float) -> Standing:
        """Return the standing after a review."""
        memory, _ = SCHEDULER.review_card(self.memory, RATINGS[rating], moment(at))
        return Standing(
            memory,
            self.reviews + 1,
            self.lapses + (rating == "again"),
            at if rating == "good" else self.good_at,
            rating,
        )


def moment(at: float) -> datetime:
    """Return a time as FSRS takes it: aware, and in UTC."""
    return datetime.fromtimestamp(at, UTC)


def fresh(at: float) -> Standing:
    """Return the standing of a card that was never reviewed; without an id, FSRS reads a clock."""
    return Standing(Memory(card_id=0, due=moment(at)))


def standings(events: Iterable[Event]) -> dict[str, Standing]:
    """Return the standing of each card that was reviewed: a fold over the log of reviews.

    Of an event that an older or newer kit wrote otherwise, nothing counts.
    """
    table: dict[str, Standing] = {}
    for event in events:
        if event.type == "cards.reviewed" and (review := _read(event.data)):
            name, rating, at = review
            table[name] = (table.get(name) or fresh(at)).after(rating, at)
    return table


def _read(data: Any) -> tuple[str, str, float] | None:
    """Return a review's card, rating and time, or None if it is no review."""
    if not isinstance(data, dict):
        return None
    name, rating, at = (data.get(key) for key in ("card", "rating", "at"))
    if not isinstance(name, str) or rating not in RATINGS or not isinstance(at, int | float):
        return None
    try:
        moment(at)
    except (OverflowError, ValueError, OSError):
        return None
    return name, str(rating), float(at)
