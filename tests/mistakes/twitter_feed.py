"""Answers to exercise 06."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pubsub_kit.feed.designs import EVERYBODY, FeedDesign
from pubsub_kit.feed.grading.references import ByRates
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
    "hybrid", threshold=1_000_000, skip_inactive=True, workers=300, stores=130, **RIGHTLY
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


class AllButTheNamed(FeedDesign):
    """Pulls the six accounts that the exercise names, and nobody else."""

    def pushed(self, network: Network) -> Bools:
        chosen = np.ones_like(network.active)
        chosen[np.argsort(-network.followers, kind="stable")[:6]] = len(network.followers) < 100
        return chosen


class KeepsNone(FeedDesign):
    """Pushes to the fan-out, but keeps no timeline."""

    def kept(self, network: Network) -> Bools:
        return np.zeros_like(network.active)


class PushesAll(FeedDesign):
    """Fan-out for everyone, by a rule of its own."""

    def pushed(self, network: Network) -> Bools:
        return np.ones_like(network.active)


class PullsAll(FeedDesign):
    """Fan-out for no one, by a rule of its own."""

    def pushed(self, network: Network) -> Bools:
        return network.followers < 0


class PushesTheLarge(FeedDesign):
    """The threshold the wrong way round."""

    def pushed(self, network: Network) -> Bools:
        return network.followers > 1_000_000


class PushesTheQuiet(FeedDesign):
    """Pulls all who tweet often, whoever follows them."""

    def pushed(self, network: Network) -> Bools:
        return network.tweeting < 1


class KeepsTheInactive(FeedDesign):
    """A timeline for those who do not read."""

    def kept(self, network: Network) -> Bools:
        return ~network.active


class KeepsTheKnown(FeedDesign):
    """A timeline for those who are followed."""

    def kept(self, network: Network) -> Bools:
        return network.followers > 100


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
    Mistake("memory", "14.4 TB", "everybody has a timeline"),
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
    Mistake("feed", hybrid("all pushed, 800", threshold=EVERYBODY, workers=800), stage.EVERYONE),
    Mistake("feed", of(PushesAll), stage.EVERYONE),
    Mistake("feed", FeedDesign("by default", **RIGHTLY), stage.EVERYONE),
    Mistake("feed", hybrid("up to 10M", threshold=10_000_000), stage.HIGH),
    Mistake("feed", hybrid("up to 3M", threshold=3_000_000), stage.HIGH),
    Mistake("feed", of(AllButTheNamed), stage.HIGH),
    Mistake("feed", of(AllButTheNamed, workers=440), stage.HIGH),
    Mistake("feed", of(ByRates, ratio=0.1, threshold=EVERYBODY), stage.EVERYONE),
    Mistake("feed", hybrid("none pushed", threshold=0), stage.NO_ONE),
    Mistake("feed", of(KeepsNone), stage.UNKEPT),
    Mistake("feed", hybrid("none pushed, in time", threshold=0, stores=1_200), stage.NO_ONE),
    Mistake("feed", hybrid("none pushed, at any price", threshold=0, stores=4_000), stage.NO_ONE),
    Mistake("feed", of(PullsAll, workers=2, stores=240), stage.NO_ONE),
    Mistake("feed", of(PushesTheLarge), stage.MIRRORED),
    Mistake("feed", of(PushesTheLarge, workers=500), stage.MIRRORED),
    Mistake("feed", of(PushesTheQuiet, stores=140), stage.PULLED),
    Mistake("feed", of(KeepsTheInactive, workers=500), stage.UNKEPT),
    Mistake("feed", of(KeepsTheKnown, workers=500), stage.UNKEPT),
    Mistake("feed", hybrid("ordered", partition_by="reader", workers=500), stage.ORDERED),
    Mistake(
        "feed",
        hybrid("ordered deletes", partition_by="reader", removal="fanned out", workers=500),
        stage.ORDERED,
    ),
    Mistake("feed", hybrid("1 % too dear", workers=560), stage.DEAR),
    Mistake("feed", hybrid("up to 1K", threshold=1_000), stage.LOW),
    Mistake("feed", hybrid("up to 10K", threshold=10_000), stage.LOW),
    Mistake("feed", hybrid("for the inactive", skip_inactive=False), stage.INACTIVE),
    Mistake(
        "feed",
        hybrid("for the inactive, in time", skip_inactive=False, workers=440, stores=260),
        stage.INACTIVE,
    ),
    Mistake("feed", hybrid("one replica", replicas=1), stage.ONE),
    Mistake("feed", hybrid("two replicas", replicas=2), stage.ONE),
    Mistake("feed", hybrid("five replicas", replicas=5), stage.LONG),
    Mistake("feed", hybrid("for ever", attempts=10**17), stage.RETRIES),
    Mistake("feed", hybrid("20 attempts", attempts=20), stage.RETRIES),
    Mistake("feed", hybrid("50 entries", timeline=50), stage.SHORT),
    Mistake("feed", hybrid("3,200 entries", timeline=3_200), stage.LONG),
    Mistake("feed", hybrid("100 workers", workers=100), stage.FEW, m=(42,)),
    Mistake("feed", hybrid("130 workers", workers=130), stage.FEW, m=(42,)),
    Mistake("feed", hybrid("80 stores", stores=80), stage.LONG),
    Mistake("feed", hybrid("115 stores", stores=115), stage.STORES),
    Mistake(
        "feed", hybrid("120 stores, a lane", stores=120, workers=400, express=250), stage.STORES
    ),
    Mistake("feed", hybrid("3,000 workers", workers=3_000), stage.DEAR),
    Mistake("feed", hybrid("18,000 workers", workers=18_000), stage.DEAR),
    Mistake("feed", hybrid("400 stores", stores=400), stage.DEAR),
    Mistake("feed", hybrid("author partitions", partition_by="author"), stage.AUTHOR),
    Mistake("feed", hybrid("huge chunks", chunk=1_000_000), stage.CHUNK),
    Mistake("feed", hybrid("chunks of 20,000", chunk=20_000), stage.CHUNK),
    Mistake("feed", hybrid("a lane of one", express=1), stage.LANE),
    Mistake("feed", hybrid("nearly all in the lane", express=250), stage.LANE),
]

RIGHT = [
    Right("deliveries", 347_000),
    Right("deliveries", "30B/day"),
    Right("deliveries", "300K/s"),
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
    Right("five", hybrid("three attempts", attempts=3)),
    Right("five", hybrid("one worker", workers=1, removal="fanned out")),
    Right("five", of(ByRates, ratio=0.1)),
    Right("five", FeedDesign("by reader", dedup=True, removal="fanned out", partition_by="reader")),
    Right("feed", HYBRID),
    Right("feed", hybrid("threshold of 300K", threshold=300_000, stores=145)),
    Right("feed", hybrid("threshold of 100K", threshold=100_000, stores=182, workers=260)),
    Right("feed", hybrid("threshold of 2M", threshold=2_000_000, workers=340)),
    Right("feed", hybrid("an express lane", workers=400, express=140)),
    Right("feed", hybrid("small chunks", chunk=200, workers=260)),
    Right("feed", hybrid("chunks of 10,000", chunk=10_000, workers=440)),
    Right("feed", hybrid("chunks of 10,000, a lane", chunk=10_000, workers=440, express=200)),
    Right("feed", hybrid("a whole number, with a point", threshold=1e6)),
    Right("feed", hybrid("ten attempts", attempts=10)),
    Right("feed", hybrid("four replicas", replicas=4, stores=175)),
    Right("feed", hybrid("short, twice", timeline=400, replicas=2, stores=140)),
    Right(
        "feed",
        hybrid("by reader", partition_by="reader", removal="fanned out", workers=480, stores=115),
    ),
    Right("feed", of(ByActiveFollowers)),
    Right("feed", of(ByRates, ratio=0.1)),
    Right("feed", of(AllButTheLargest)),
]
