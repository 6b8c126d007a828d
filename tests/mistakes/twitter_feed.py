"""Answers to exercise 06."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pubsub_kit.feed.designs import EVERYBODY, FeedDesign
from pubsub_kit.feed.people.network import Bools, Network
from pubsub_kit.scenarios.twitter_feed import arena as stage
from pubsub_kit.scenarios.twitter_feed import resizing
from tests.mistakes import Mistake, Right

RIGHTLY: dict[str, Any] = {
    "dedup": True,
    "removal": "checked on read",
    "replies": "held on read",
}
HYBRID = FeedDesign(
    "hybrid", threshold=1_000_000, skip_inactive=True, workers=150, stores=65, **RIGHTLY
)


def hybrid(name: str, **changes: Any) -> FeedDesign:
    """Return the hybrid with changes."""
    return replace(HYBRID, name=name, **changes)


# --- classes of one's own -------------------------------------------------------------------------


@dataclass(frozen=True)
class ByActiveFollowers(FeedDesign):
    """What a tweet costs is what it reaches, and only active followers have a timeline."""

    reaching: int = 400_000

    def pushed(self, network: Network) -> Bools:
        return network.active_followers < self.reaching


class AllButTheLargest(FeedDesign):
    """Pulls the hundred accounts with the most followers, however many these are."""

    def pushed(self, network: Network) -> Bools:
        chosen = np.ones_like(network.active)
        chosen[np.argsort(-network.followers, kind="stable")[:100]] = len(network.followers) < 100
        return chosen


class PushesAll(FeedDesign):
    """Fan-out for everyone, by a rule of its own."""

    def pushed(self, network: Network) -> Bools:
        return np.ones_like(network.active)


class PullsAll(FeedDesign):
    """Fan-out for no one, by a rule of its own."""

    def pushed(self, network: Network) -> Bools:
        return network.followers < 0


def of(kind: type[FeedDesign], **changes: Any) -> FeedDesign:
    """Return a design of this class, the hybrid otherwise."""
    return kind(**{**vars(HYBRID), "name": kind.__name__, **changes})


def _grow(key: str, workers: str, partitions: str) -> dict[str, str]:
    return {"key": key, "workers": workers, "partitions": partitions}


_R = resizing

MISTAKES = [
    Mistake("deliveries", "4.63K/s", "a tweet is one write"),
    Mistake("deliveries", 30e9, "a day is a second"),
    Mistake("deliveries", "62/s", "followers divide"),
    Mistake("memory", "2.4 TB", "one copy is enough"),
    Mistake("memory", "50 TB", "timelines hold the text"),
    Mistake("memory", "2.9 TB", "an id is all"),
    Mistake("celebrity", "0.25 ms", "an average tweet"),
    Mistake("celebrity", "2.15 hours", "one worker does it"),
    Mistake("celebrity", 52, "half is enough"),
    Mistake("grow", _grow(_R.NO_KEY, _R.ONE, _R.DRAIN), "a topic is totally ordered", faults=0),
    Mistake("grow", _grow(_R.AUTHOR, _R.TWO, _R.AMPLE), "two workers keep the order", faults=0),
    Mistake(
        "grow", _grow(_R.READER, _R.ONE, _R.NOW), "adding partitions is harmless", faults=0, m=(28,)
    ),
    Mistake("grow", _grow(_R.AUTHOR, _R.ONE, _R.PAUSE), "a pause is enough", faults=0, m=(28,)),
    *(
        Mistake(question, design, belief, faults=faults)
        for question in ("five", "feed")
        for design, belief, faults in (
            (hybrid("at most once", semantics="at most once"), stage.ACKS, 1),
            (hybrid("one try", attempts=1), stage.GIVES_UP, 1),
            (hybrid("two tries", attempts=2), stage.GIVES_UP, 2),
            (hybrid("no dedup", dedup=False), stage.TWICE, 1),
            (hybrid("deletes ignored", removal="ignored"), stage.NOBODY, 0),
            (hybrid("deletes overtake", removal="fanned out"), stage.LAST, 1),
            (hybrid("replies as they come", replies="as they come"), stage.AFTER, 1),
        )
    ),
    Mistake("feed", hybrid("all pushed", threshold=EVERYBODY), stage.EVERYONE),
    Mistake("feed", hybrid("all pushed, 400", threshold=EVERYBODY, workers=400), stage.EVERYONE),
    Mistake("feed", of(PushesAll), stage.EVERYONE),
    Mistake("feed", FeedDesign("by default", **RIGHTLY), stage.EVERYONE),
    Mistake("feed", hybrid("up to 10M", threshold=10_000_000), stage.HIGH),
    Mistake("feed", hybrid("none pushed", threshold=0), stage.NO_ONE),
    Mistake("feed", hybrid("none pushed, in time", threshold=0, stores=600), stage.NO_ONE),
    Mistake("feed", hybrid("none pushed, at any price", threshold=0, stores=2_000), stage.NO_ONE),
    Mistake("feed", of(PullsAll, workers=1, stores=120), stage.NO_ONE),
    Mistake("feed", hybrid("up to 1K", threshold=1_000), stage.LOW),
    Mistake("feed", hybrid("up to 10K", threshold=10_000), stage.LOW),
    Mistake("feed", hybrid("for the inactive", skip_inactive=False), stage.INACTIVE),
    Mistake(
        "feed",
        hybrid("for the inactive, in time", skip_inactive=False, workers=220, stores=130),
        stage.INACTIVE,
    ),
    Mistake("feed", hybrid("one replica", replicas=1), stage.ONE),
    Mistake("feed", hybrid("50 entries", timeline=50), stage.SHORT),
    Mistake("feed", hybrid("3,200 entries", timeline=3_200), stage.LONG),
    Mistake("feed", hybrid("50 workers", workers=50), stage.FEW, m=(42,)),
    Mistake("feed", hybrid("65 workers", workers=65), stage.FEW, m=(42,)),
    Mistake("feed", hybrid("40 stores", stores=40), stage.STORES),
    Mistake("feed", hybrid("1,500 workers", workers=1_500), stage.DEAR),
    Mistake("feed", hybrid("9,000 workers", workers=9_000), stage.DEAR),
    Mistake("feed", hybrid("200 stores", stores=200), stage.DEAR),
    Mistake("feed", hybrid("author partitions", partition_by="author"), stage.AUTHOR),
    Mistake("feed", hybrid("huge chunks", chunk=1_000_000), stage.CHUNK),
    Mistake("feed", hybrid("a lane of one", express=1), stage.LANE),
]

RIGHT = [
    Right("deliveries", 347_000),
    Right("deliveries", "30B/day"),
    Right("deliveries", "20.8M writes/min"),
    Right("memory", 7.2),
    Right("memory", "7200 GB"),
    Right("memory", "6.55 TiB"),
    Right("celebrity", 103),
    Right("celebrity", "1.7 minutes"),
    Right("grow", _grow(_R.AUTHOR, _R.ONE, _R.DRAIN)),
    Right("grow", _grow(_R.READER, _R.ONE, _R.MOVE)),
    Right("grow", _grow(_R.READER, _R.ONE, _R.AMPLE)),
    Right("five", HYBRID),
    Right("five", FeedDesign("all on read", threshold=0)),
    Right(
        "five",
        FeedDesign(
            "by author",
            dedup=True,
            removal="fanned out",
            partition_by="author",
            replies="held on read",
        ),
    ),
    Right("five", FeedDesign("by reader", dedup=True, removal="fanned out", partition_by="reader")),
    Right("feed", HYBRID),
    Right("feed", hybrid("threshold of 300K", threshold=300_000, workers=130)),
    Right("feed", hybrid("threshold of 50K", threshold=50_000, stores=90, workers=130)),
    Right("feed", hybrid("an express lane", threshold=10_000_000, workers=200, express=60)),
    Right("feed", hybrid("small chunks", chunk=200, workers=130)),
    Right("feed", hybrid("short, twice", timeline=400, replicas=2, stores=60)),
    Right("feed", hybrid("by reader", partition_by="reader", removal="fanned out", workers=190)),
    Right("feed", of(ByActiveFollowers)),
    Right("feed", of(AllButTheLargest)),
]
