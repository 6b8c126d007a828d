"""A topic: a name, its log, and the rule that puts a message into a partition."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog, partition_for

NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?")


class BrokerError(PubSubKitError):
    """A broker was given a name or a setting that it cannot use."""


class Position(NamedTuple):
    """Where a message is kept for good."""

    topic: str
    partition: int
    offset: int


class Topic:
    """A name and its log; made by `Broker.topic`."""

    def __init__(self, name: str, log: EventLog) -> None:
        self.name = name
        self.log = log
        self._turn = 0  # the partition of the next message without a key
        self._seen: tuple[Hashable, Hashable] = (None, None)  # what snapshot said last, and when

    def __repr__(self) -> str:
        return f"<Topic {self.name} partitions={self.partitions}>"

    @property
    def partitions(self) -> int:
        """How many partitions the topic has."""
        return self.log.partitions

    def partition(self, key: str | None) -> int:
        """Choose a partition: for a key always the same one; without a key, each in turn."""
        if key is not None:
            return partition_for(key, self.log.partitions)
        partition = self._turn % self.log.partitions
        self._turn = partition + 1
        return partition

    def append(self, event: Event) -> Position:
        """Append an event to its partition."""
        partition = self.partition(event.key)
        return Position(self.name, partition, self.log.append(event, partition))

    def append_batch(self, events: Sequence[Event]) -> list[Position]:
        """Append events, in one go for each partition; return their positions, in this order."""
        if self.partitions == 1:
            return [Position(self.name, 0, offset) for offset in self.log.append_batch(events)]
        chosen = [self.partition(event.key) for event in events]
        offsets = {}
        for partition in dict.fromkeys(chosen):
            share = [e for e, part in zip(events, chosen, strict=True) if part == partition]
            offsets[partition] = iter(self.log.append_batch(share, partition))
        return [Position(self.name, partition, next(offsets[partition])) for partition in chosen]

    def snapshot(self) -> Hashable:
        """Return what the log holds, without times, in a form to compare and hash."""
        log, partitions = self.log, range(self.log.partitions)
        state = (self._turn, *[(log.start(p), log.end(p)) for p in partitions])
        if self._seen[0] != state or log.compacted:  # compaction leaves both ends alone
            events = [log.read(p, 0, log.end(p)) for p in partitions]
            kept = [(offset, e.id, e.key, repr(e.data)) for rows in events for offset, e in rows]
            self._seen = (state, (state, *kept))
        return self._seen[1]


class Memory:
    """Where a broker without a path keeps its topics; `storage` has it in a folder."""

    def open_log(self, topic: str, partitions: int | None) -> EventLog:
        """Open the log of a topic, or make it."""
        return EventLog(topic, partitions or 1)

    def settled(self, n: int) -> None:
        """Hear of acks and dead letters."""

    def save(self, *, flush: bool) -> None:
        """Remember how subscriptions are set up and where they stand."""

    def close(self) -> None:
        """Let go of all files."""


def check_name(what: str, name: object) -> None:
    """Raise BrokerError unless `name` may name a topic or a group (and a folder, everywhere)."""
    if not (isinstance(name, str) and NAME.fullmatch(name)):
        raise BrokerError(
            f"A {what}'s name is 1 to 100 of the characters A-Z a-z 0-9 . _ - and neither begins "
            f"nor ends with a dot, unlike {name!r}."
        )
