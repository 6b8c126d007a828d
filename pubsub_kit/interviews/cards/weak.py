"""Which beliefs are known to be weak: those that a verdict showed, or that somebody flagged.

`check()` records each verdict with the belief that its run shows, and a rehearsal flags what you
were wrong about. A card about such a belief comes first until you have been right about it since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pubsub_kit.errors import brief
from pubsub_kit.interviews.cards.book import Book
from pubsub_kit.interviews.cards.card import Card, CardError
from pubsub_kit.interviews.cards.schedule import Standing
from pubsub_kit.log.event import Event

BELIEFS = 81  # misconceptions that there are cards for, numbered from 1


def flag(book: Book, belief: int) -> None:
    """Record that a belief, by its number from 1 to 81, has turned out to be weak.

    Raises CardError for a number that is none, and PubSubKitError if it can't be recorded.
    """
    if type(belief) is not int or not 1 <= belief <= BELIEFS:
        raise CardError(f"{brief(belief)} is no misconception: they are numbered 1 to {BELIEFS}")
    book.record("flagged", {"belief": belief})


def shown(progress: Iterable[Event]) -> dict[str, float]:
    """Return when each belief was last shown by a verdict, in seconds since the epoch.

    Each is there by its name, and by its exercise and name: "as they come", "05/as they come".
    """
    found: dict[str, float] = {}
    for event in progress:
        data = event.data
        if event.type != "progress.checked" or not isinstance(data, dict):
            continue
        belief = data.get("belief")
        if data.get("outcome") == "fails" and isinstance(belief, str) and belief:
            for name in (belief, f"{data.get('exercise')}/{belief}"):
                found[name] = max(event.time, found.get(name, event.time))
    return found


def flagged(reviews: Iterable[Event]) -> dict[int, float]:
    """Return when each belief was last flagged, in seconds since the epoch."""
    found: dict[int, float] = {}
    for event in reviews:
        if event.type == "cards.flagged" and isinstance(event.data, dict):
            belief = event.data.get("belief")
            if type(belief) is int:
                found[belief] = max(event.time, found.get(belief, event.time))
    return found


def weak(
    cards: Sequence[Card],
    progress: Iterable[Event],
    reviews: Sequence[Event],
    standings: Mapping[str, Standing],
) -> dict[str, float]:
    """Return the cards whose belief is weak, and not answered right since, with when it was so."""
    seen, flags = shown(progress), flagged(reviews)
    found: dict[str, float] = {}
    for card in cards:
        times = [seen[name] for name in card.verdicts if name in seen]
        times += [flags[belief] for belief in card.beliefs if belief in flags]
        standing = standings.get(card.id)
        if times and (standing is None or standing.good_at < max(times)):
            found[card.id] = max(times)
    return found
