"""A topic: a name, its log, and the rule that puts a message into a partition."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog, partition_for

NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?")


class BrokerError(PubSubKitError):
    """You gave a broker a name or a setting that it can't use."""


class Position(NamedTuple):
    """Where a message is stored: a position never changes."""

    topic: str
    partition: int
    offset: int


class Topic:
    """A name and its log; made by `Broker.topic`."""

    def __init__(self, name: str, log: EventLog) -> None:
        self.name = name
        self.log = log
        self.turn = 0  # the partition of the next message without a key

    def __repr__(self) -> str:
        return f"<Topic {self.name} partitions={self.partitions}>"

    @property
    def partitions(self) -> int:
        """How many partitions the topic has."""
        return self.log.partitions

    def partition(self, key: str | None) -> int:
        """Choose a partition: always the same one for a key, and each in turn without a key."""
        if key is not None:
            return partition_for(key, self.log.partitions)
        partition = self.turn % self.log.partitions
        self.turn = partition + 1
        return partition

    def append(self, event: Event) -> Position:
        """Append an event to its partition."""
        partition = self.partition(event.key)
        return Position(self.name, partition, self.log.append(event, partition))

    def append_batch(self, events: Sequence[Event]) -> list[Position]:
        """Append events with one write per partition; return their positions in the same order."""
        if self.partitions == 1:
            return [Position(self.name, 0, offset) for offset in self.log.append_batch(events)]
        chosen = [self.partition(event.key) for event in events]
        offsets = {}
        for partition in dict.fromkeys(chosen):
            share = [e for e, part in zip(events, chosen, strict=True) if part == partition]
            offsets[partition] = iter(self.log.append_batch(share, partition))
        return [Position(self.name, partition, next(offsets[partition])) for partition in chosen]


def check_name(what: str, name: object) -> None:
    """Raise BrokerError unless `name` can name a topic or group, and a folder on any system."""
    if not (isinstance(name, str) and NAME.fullmatch(name)):
        raise BrokerError(
            f"A {what}'s name has 1 to 100 of the characters A-Z a-z 0-9 . _ - and neither begins "
            f"nor ends with a dot: {name!r} can't be one."
        )
