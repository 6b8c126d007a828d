"""Which beliefs an exercise has shown to be weak: the verdicts that failed, by misconception.

`check()` records each verdict with the belief that its run shows; a card about that belief comes
first until you have been right about it since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pubsub_kit.interview.cards.card import Card
from pubsub_kit.interview.cards.schedule import Standing
from pubsub_kit.log.event import Event


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


def weak(
    cards: Sequence[Card], progress: Iterable[Event], standings: Mapping[str, Standing]
) -> dict[str, float]:
    """Return the cards whose belief was shown, and not answered right since, with when it was."""
    seen = shown(progress)
    found: dict[str, float] = {}
    for card in cards:
        times = [seen[name] for name in card.verdicts if name in seen]
        standing = standings.get(card.id)
        if times and (standing is None or standing.good_at < max(times)):
            found[card.id] = max(times)
    return found
