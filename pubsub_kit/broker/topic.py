"""A topic: a name, its log, and the rule that puts a message into a partition."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import NamedTuple

from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog, partition_for
from pubsub_kit.log.retention import Retention

NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?")


class BrokerError(PubSubKitError):
    """You gave a broker a name or a setting that it can't use."""


Rules = tuple[Retention | None, bool | None]  # retention, compaction; None: as it is


class Position(NamedTuple):
    """Where a message is stored: a position never changes."""

    topic: str
    partition: int
    offset: int


place: Callable[..., Position] = tuple.__new__  # what Position(…) does, and faster


class Topic:
    """A name and its log; made by `Broker.topic`."""

    def __init__(self, name: str, log: EventLog) -> None:
        self.name = name
        self.log = log
        self.turn = 0  # the partition of the next message without a key

    def __repr__(self) -> str:
        return f"<Topic {self.name} partitions={self.partitions}>"

    def rule(self, rules: Rules) -> Rules:
        """Set retention and compaction, where they are not None; return what they were."""
        if rules == (None, None):
            return rules
        before = self.log.retention, self.log.compacted
        if rules[0] is not None:
            self.log.retention = rules[0]
        if rules[1] is not None:
            self.log.compacted = rules[1]
        return before

    @property
    def partitions(self) -> int:
        """How many partitions the topic has."""
        return self.log.partitions

    def partition(self, key: str | None) -> int:
        """Choose a partition: always the same one for a key, and each in turn without a key."""
        if key is not None:
            if not isinstance(key, str):
                raise BrokerError(f"A key is a text or None, not {brief(key)}.")
            return partition_for(key, self.log.partitions or 1)
        partition = self.turn % (self.log.partitions or 1)  # none: it is closed, and will refuse
        self.turn = partition + 1
        return partition

    def append(self, event: Event) -> Position:
        """Append an event to its partition."""
        if self.log.partitions == 1:
            return place(Position, (self.name, 0, self.log.append(event)))
        turn, partition = self.turn, self.partition(event.key)
        try:
            return Position(self.name, partition, self.log.append(event, partition))
        except BaseException:
            self.turn = turn
            raise

    def append_batch(self, events: Sequence[Event]) -> list[Position]:
        """Append events, all or none of them; return their positions in the same order."""
        name, turn = self.name, self.turn
        if self.partitions == 1:
            offsets = self.log.append_batch(events)
            return [
                *map(place, repeat(Position), zip(repeat(name), repeat(0), offsets, strict=False))
            ]
        try:
            chosen = [self.partition(event.key) for event in events]
            shares: dict[int, list[Event]] = {}
            for partition, event in zip(chosen, events, strict=True):
                shares.setdefault(partition, []).append(event)
            found_at = {p: iter(found) for p, found in self.log.append_across(shares).items()}
        except BaseException:
            self.turn = turn
            raise
        return [Position(name, partition, next(found_at[partition])) for partition in chosen]


def check_name(what: str, name: object) -> None:
    """Raise BrokerError unless `name` can name a topic or group, and a folder on any system."""
    text = name.__class__ is str or isinstance(name, str)
    if not (text and NAME.fullmatch(str(name))):
        raise BrokerError(
            f"A {what}'s name has 1 to 100 of the characters A-Z a-z 0-9 . _ - and neither begins "
            f"nor ends with a dot: {brief(name)} can't be one."
        )
