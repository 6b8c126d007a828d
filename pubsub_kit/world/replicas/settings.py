"""The settings of a replicated log, with Kafka's defaults where Kafka has one."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from pubsub_kit.errors import PubSubKitError, brief

ACKS = ("0", "1", "all")


class ReplicaError(PubSubKitError):
    """A setting of the brokers can't work; the message says which one, and what to give."""


@dataclass(frozen=True)
class Settings:
    """How several brokers keep one log.

    acks          what a producer waits for: "0" nothing, "1" the leader, "all" all that are in sync
    min_insync    how few replicas may be in sync for a write with acks="all" to be accepted
    unclean       whether a replica that is not in sync may become leader if no other one is left
    fsync         whether a replica flushes each record to its disk before it answers
    epochs        a follower cuts its log where it differs from the leader's, by their epochs;
                  without them, at its own high watermark, as Kafka did before KIP-101
    checks_disk   whether a node that comes back with an empty disk is taken out of the in-sync set
    idempotent    whether the leader recognises what a producer sends once more
    session       seconds of silence after which the controller takes a node for dead
    lag           seconds after which a follower that does not catch up is out of sync
    hop           seconds that one message takes from one node to another
    flush         seconds that a flush to the disk takes
    patience      seconds that a producer's client keeps trying before it gives up

    Sources: Kafka 4.3, broker and producer configs (min.insync.replicas, acks, session, lag,
    delivery.timeout.ms), KIP-101 and KIP-966. `hop` and `flush` are assumptions.
    """

    acks: str = "all"
    min_insync: int = 1
    unclean: bool = False
    fsync: bool = False
    epochs: bool = True
    checks_disk: bool = True
    idempotent: bool = True
    session: float = 9.0
    lag: float = 30.0
    hop: float = 0.001
    flush: float = 0.005
    patience: float = 120.0

    def checked(self, nodes: int) -> Settings:
        """Return the settings; raises ReplicaError for what can't work with so many nodes."""
        if type(nodes) is not int or not 1 <= nodes <= 9:
            raise ReplicaError(f"brokers({brief(nodes)}): give the number of nodes, from 1 to 9")
        if str(self.acks) not in ACKS:
            raise ReplicaError(f"acks is {brief(self.acks)}: choose one of {', '.join(ACKS)}")
        if type(self.min_insync) is not int or not 1 <= self.min_insync <= nodes:
            raise ReplicaError(
                f"min_insync is {brief(self.min_insync)} of {nodes} nodes: give 1 to {nodes}"
            )
        for name in ("session", "lag", "hop", "flush", "patience"):
            value = getattr(self, name)
            if not (isinstance(value, int | float) and 0 <= value < float("inf")):
                raise ReplicaError(f"{name} is {brief(value)}: give seconds, from 0 up")
        return self


_NAMES = tuple(field.name for field in fields(Settings))


def settings(nodes: int, given: dict[str, Any]) -> Settings:
    """Return settings by name, acks also as a number; raises ReplicaError for one that is none."""
    for name in given:
        if name not in _NAMES:
            known = ", ".join(_NAMES)
            raise ReplicaError(f"brokers have no setting {name!r}: choose from {known}")
    if type(given.get("acks")) is int:
        given = {**given, "acks": str(given["acks"])}
    return Settings(**given).checked(nodes)
