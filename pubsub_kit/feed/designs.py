"""A design of a home timeline: what a learner writes.

A tweet is either pushed or pulled. Pushed (fan-out on write) means that workers behind a broker put
its id into each follower's timeline, in chunks. Pulled (fan-out on read) means that a reader merges
the author's list. A design decides that for each author, and for each reader whether to keep a
timeline at all.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, get_args, get_type_hints

import numpy as np

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.feed.people.network import Bools, Floats, Network

#: Which messages of the fan-out stay in order: those of one author, those to one reader, or none.
PartitionKey = Literal["author", "reader", "none"]
Semantics = Literal["at most once", "at least once"]
#: What becomes of a tweet in timelines when it is deleted, or its author unfollowed.
Removal = Literal["ignored", "fanned out", "checked on read"]
Replies = Literal["as they come", "held on read"]

ENTRY_BYTES = 20  # a tweet's id (8), its author's id (8), flags (4): High Scalability, 2013-07-08
EVERYBODY = 10**12  # a threshold that no account reaches


class DesignError(PubSubKitError, ValueError):
    """A design that can't be built; the message says which part, and what it may be.

    A notebook shows the sentence alone: where the error was raised is no news.
    """

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


@dataclass(frozen=True)
class FeedDesign:
    """A home timeline: where a new tweet goes, and what a read merges.

    `threshold`: authors with at least this many followers are pulled, all others are pushed; 0
    pulls everybody. `skip_inactive`: keep no timeline for people who weren't active in the last 30
    days. `timeline`: entries kept for each reader. `chunk`: destinations in one fan-out message.

    `workers` do the fan-out; each owns one partition of its topic. `express`: how many of them
    serve only tweets of a single chunk. `stores`: cache nodes; each timeline is held on `replicas`
    of them. `partition_by`: which messages stay in order, those of one "author", those to one
    "reader", or "none".

    `semantics`: "at most once" acks before the work, "at least once" after it. `attempts`: after
    this many deliveries a message is set aside. `dedup`: add an entry only once, by its tweet's id.
    `removal` of a deleted tweet, or of an unfollowed author's: "ignored", "fanned out" to the
    timelines, or "checked on read". `replies`: shown "as they come", or "held on read" until their
    original is there.

    For a rule that no parameter expresses, derive a class and override `pushed` or `kept`, or
    `least_reading` for one that looks at both the author and the reader.
    Raises DesignError for a value that makes no sense.
    """

    name: str = "my design"
    threshold: int = EVERYBODY
    skip_inactive: bool = False
    timeline: int = 800
    chunk: int = 4_000
    partition_by: PartitionKey = "none"
    workers: int = 100
    express: int = 0
    stores: int = 150
    replicas: int = 3
    semantics: Semantics = "at least once"
    dedup: bool = False
    attempts: int = 5
    removal: Removal = "ignored"
    replies: Replies = "as they come"

    def __post_init__(self) -> None:
        hints = get_type_hints(FeedDesign)
        for field in fields(FeedDesign):
            value, hint = getattr(self, field.name), hints[field.name]
            if hint in (int, bool, str):
                if hint is int and type(value) is float and value.is_integer():
                    value = int(value)  # 1e6 is a whole number too
                    object.__setattr__(self, field.name, value)
                if type(value) is not hint:
                    raise DesignError(f"{field.name} is {_kind(hint)}, not {value!r}")
            elif value not in get_args(hint):
                choices = " or ".join(map(repr, get_args(hint)))
                raise DesignError(f"{field.name} is {choices}, not {value!r}")
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise DesignError(f"{name} is at least {least}, not {getattr(self, name)}")
            if getattr(self, name) > (most := _MOST.get(name, 10**18)):
                raise DesignError(f"{name} is at most {most:_}, not {getattr(self, name):_}")
        if self.express >= self.workers:
            raise DesignError(
                f"express={self.express} leaves none of the {self.workers} workers for tweets of "
                "more than one chunk: make it smaller"
            )
        if self.replicas > self.stores:
            raise DesignError(
                f"{self.replicas} replicas need at least {self.replicas} stores, not {self.stores}"
            )

    def pushed(self, network: Network) -> Bools:
        """Return for each account whether its tweets are fanned out on write."""
        return network.followers < self.threshold

    def kept(self, network: Network) -> Bools:
        """Return for each account whether a timeline is kept for it."""
        return network.active if self.skip_inactive else np.ones_like(network.active)

    def least_reading(self, network: Network) -> Floats:
        """Return for each author how often a reader has to read to be pushed to; 0: however rarely.

        The others pull that author. As `network.reading`, beside a mean of 1.
        """
        return np.zeros(len(network.followers))


def answer(design: FeedDesign, rule: str, network: Network) -> Bools:
    """Return what a design's rule, "pushed" or "kept", says of each account; raises DesignError."""
    said, accounts = getattr(design, rule)(network), len(network.followers)
    whole = np.asarray(said)
    if whole.dtype != np.bool_ or whole.shape != (accounts,):
        given = f"{type(said).__name__} of {whole.dtype}, shape {whole.shape}"
        raise DesignError(
            f"{rule}(network) returns an array of True or False, one for each of the {accounts} "
            f"accounts, as network.followers < 1_000 does; not {given}"
        )
    return whole


def least(design: FeedDesign, network: Network) -> Floats:
    """Return what a design's `least_reading` says of each account; raises DesignError."""
    said, accounts = design.least_reading(network), len(network.followers)
    whole = np.asarray(said)
    number = whole.dtype.kind in "iuf" and whole.shape == (accounts,)
    if not number or not (whole >= 0).all():
        given = f"{type(said).__name__} of {whole.dtype}, shape {whole.shape}"
        if number:
            bad = np.isnan(whole) if np.isnan(whole).any() else whole < 0
            one = "nan (not a number)" if np.isnan(whole).any() else f"{whole[bad][0]:g}"
            given = f"{one} for {int(bad.sum()):,} of them"
        raise DesignError(
            f"least_reading(network) returns an array of numbers from 0 on, one for each of the "
            f"{accounts} accounts, as 0.1 * network.tweeting does; not {given}"
        )
    return whole.astype(np.float64)


_LEAST = {
    "threshold": 0,
    "timeline": 1,
    "chunk": 1,
    "workers": 1,
    "express": 0,
    "stores": 1,
    "replicas": 1,
    "attempts": 1,
}
_MOST = {"workers": 10_000_000, "stores": 10_000_000}  # of the others, 10**18


def _kind(kind: type) -> str:
    return {int: "a whole number", bool: "True or False", str: "a text"}[kind]


def unsteady(design: FeedDesign, network: Network, times: int = 2) -> str:
    """Return which rule answers differently when it is asked again about a network; "" if none."""
    for rule in ("pushed", "kept", "least_reading"):
        first, *others = (np.array(getattr(design, rule)(network)) for _ in range(times))
        floats = first.dtype.kind == "f"  # nan is like nan: that it is wrong is said elsewhere
        if not all(np.array_equal(first, other, equal_nan=floats) for other in others):
            return rule
    return ""
