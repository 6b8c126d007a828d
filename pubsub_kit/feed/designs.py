"""A design of a home timeline: what a learner writes, and three designs to be held against.

A tweet is either pushed (fan-out on write: its id is put into the timeline of each follower by
workers, in chunks, behind a broker) or pulled (fan-out on read: a reader merges the author's list).
The decision is made for each author, and for each reader whether a timeline is kept at all.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, get_args, get_type_hints

import numpy as np

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.feed.people.network import Bools, Network

#: Which messages of the fan-out stay in order: those of one author, those to one reader, or none.
PartitionKey = Literal["author", "reader", "none"]
Semantics = Literal["at most once", "at least once"]
#: What becomes of a tweet in timelines when it is deleted, or its author unfollowed.
Removal = Literal["ignored", "fanned out", "checked on read"]
Replies = Literal["as they come", "held on read"]

ENTRY_BYTES = 20  # a tweet's id (8), its author's id (8), flags (4): High Scalability, 2013-07-08
EVERYBODY = 10**12  # a threshold that no account reaches


class DesignError(PubSubKitError, ValueError):
    """A design that cannot be built; the message says which part, and what it may be."""


@dataclass(frozen=True)
class FeedDesign:
    """A home timeline: where a tweet goes when it is written, and what a read merges.

    `threshold`: authors with so many followers or more are pulled, all others pushed; 0 pulls all.
    `skip_inactive`: keep no timeline for who was not active in the last 30 days.
    `timeline`: entries kept for each reader. `chunk`: destinations in one message of the fan-out.
    `workers` fan out; each owns one partition of the fan-out topic. `express` of them serve only
    tweets that are one chunk. `stores` are cache nodes, which hold each timeline `replicas` times.
    `partition_by`: what stays in order in one partition, all messages of an "author", all to a
    "reader", or "none". `semantics`: "at most once" acks before the work, "at least once" after it,
    up to `attempts` deliveries; then the message is set aside. `dedup`: an entry is added once, by
    its tweet's id. `removal`, of a deleted tweet or an unfollowed author: "ignored", "fanned out"
    to the timelines, or "checked on read". `replies` show "as they come", or are "held on read"
    until what they answer is there.

    For a rule that no parameter expresses, derive a class and override `pushed` or `kept`.
    Raises DesignError where a value cannot be.
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
                "more than one chunk: give it fewer"
            )
        if self.replicas > self.stores:
            raise DesignError(f"{self.replicas} replicas need as many stores, not {self.stores}")

    def pushed(self, network: Network) -> Bools:
        """Return for each account whether its tweets are fanned out on write."""
        return network.followers < self.threshold

    def kept(self, network: Network) -> Bools:
        """Return for each account whether a timeline is kept for it."""
        return network.active if self.skip_inactive else np.ones_like(network.active)


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
