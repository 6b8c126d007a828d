"""A log: events in the order in which they arrived, each under a number that never changes.

A topic is split into partitions, so that several readers can share it. A partition is a list that
only grows at its end. An event's position in it, its offset, is never reused. Readers keep track of
their own position and remove nothing, so any number of them can read, and read again.

A log may forget old events (retention.py), but it never renumbers, so offsets may have gaps. This
log lives in memory; segments.py keeps the same on disk.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Self
from zlib import crc32

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.event import Event
from pubsub_kit.log.retention import KEEP_ALL, Retention, first_kept, superseded
from pubsub_kit.log.rows import to_row


class LogError(PubSubKitError):
    """You asked a log for something that it can't do."""


def partition_for(key: str, partitions: int) -> int:
    """Return the partition of a key: CRC-32 of its UTF-8, modulo the number of partitions.

    Python's own hash() differs from process to process; this one is the same everywhere.
    """
    return crc32(key.encode("utf-8", "surrogatepass")) % partitions


class EventLog:
    """The partitions of one topic, in memory: append at the end, read from anywhere.

    With `compact=True`, `retain` also compacts. Raises LogError for a partition that doesn't exist.
    """

    def __init__(
        self,
        name: str = "log",
        partitions: int = 1,
        *,
        retention: Retention = KEEP_ALL,
        compact: bool = False,
    ) -> None:
        self.name, self.retention, self.compacted = name, retention, compact
        self.partitions = 0
        self._partitions: list[Partition] = []
        self.add_partitions(partitions)

    def add_partitions(self, more: int) -> None:
        """Add `more` empty partitions. New events may go elsewhere than old ones of their key."""
        if more < 1:
            raise LogError(f"A log has, or grows by, at least 1 partition, not {more}.")
        for number in range(self.partitions, self.partitions + more):
            self._partitions.append(self._make_partition(number))
            self.partitions = number + 1

    def append(self, event: Event, partition: int = 0) -> int:
        """Append an event and return its offset."""
        return self._partition(partition).append((event,)).start

    def append_batch(self, events: Iterable[Event], partition: int = 0) -> range:
        """Append several events together and return their offsets."""
        return self._partition(partition).append(tuple(events))

    def read(self, partition: int, offset: int, limit: int = 1000) -> list[tuple[int, Event]]:
        """Return up to `limit` (offset, event) pairs, starting at the first offset ≥ `offset`."""
        return self._partition(partition).read(offset, limit)

    def start(self, partition: int = 0) -> int:
        """Return the offset of the oldest event that is left, or the end if none is left."""
        return self._partition(partition).start()

    def end(self, partition: int = 0) -> int:
        """Return the offset that the next event will get."""
        return self._partition(partition).end()

    def offset_at(self, partition: int, time: float) -> int:
        """Return the first offset whose event has a time ≥ `time`, or the end if there is none."""
        return self._partition(partition).offset_at(time)

    def retain(self, now: float) -> int:
        """Forget what `retention` allows at the time `now`; return how many events are gone."""
        rule = self.retention
        gone = sum(each.forget_before(first_kept(each, rule, now)) for each in self._partitions)
        return gone + (self.compact(now) if self.compacted else 0)

    def compact(self, now: float = float("-inf")) -> int:
        """Keep each key's latest event, and all without a key; return how many are gone.

        A tombstone older than `retention.tombstone_age` at the time `now` goes too.
        """
        before = now - self.retention.tombstone_age
        return sum(each.forget(superseded(each.pairs(), before)) for each in self._partitions)

    def flush(self) -> None:
        """Make what was appended survive a power cut; in memory, nothing does."""
        for partition in self._partitions:
            partition.flush()

    def close(self) -> None:
        """Release the log's files and memory; using it afterwards is an error."""
        partitions, self._partitions, self.partitions = self._partitions, [], 0
        for partition in partitions:
            partition.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _make_partition(self, number: int) -> Partition:
        return Partition()

    def _partition(self, number: int) -> Partition:
        if 0 <= number < self.partitions:
            return self._partitions[number]
        if not self._partitions:
            raise LogError(f"The log {self.name} is closed: open it again to use it.")
        raise LogError(f"The log {self.name} has {self.partitions} partitions, and no {number!r}.")


class Partition:
    """One partition, as two parallel lists: offsets, which may have gaps, and events."""

    def __init__(self) -> None:
        self._offsets: list[int] = []
        self._events: list[Event] = []
        self._end = 0

    def start(self) -> int:
        """Return the oldest offset that is left, or the end."""
        return self._offsets[0] if self._offsets else self._end

    def end(self) -> int:
        """Return the next offset."""
        return self._end

    def append(self, events: Sequence[Event]) -> range:
        """Append events and return their offsets."""
        offsets = range(self._end, self._end + len(events))
        self._offsets += offsets
        self._events += events
        self._end = offsets.stop
        return offsets

    def read(self, offset: int, limit: int) -> list[tuple[int, Event]]:
        """Return up to `limit` (offset, event) pairs from `offset` on."""
        first = bisect_left(self._offsets, offset)
        last = first + max(limit, 0)
        return list(zip(self._offsets[first:last], self._events[first:last], strict=True))

    def offset_at(self, time: float) -> int:
        """Return the first offset with a time ≥ `time`; it looks at all, as clocks can go back."""
        return next((offset for offset, event in self.pairs() if event.time >= time), self.end())

    def pairs(self) -> Iterable[tuple[int, Event]]:
        """Go through all (offset, event) pairs."""
        return zip(self._offsets, self._events, strict=True)

    def sizes(self) -> Iterable[tuple[int, int]]:
        """Go through (offset, bytes), the newest first."""
        return ((offset, len(to_row(event))) for offset, event in reversed([*self.pairs()]))

    def forget_before(self, offset: int) -> int:
        """Forget every event before `offset`; return how many are gone."""
        gone = bisect_left(self._offsets, offset)
        del self._offsets[:gone], self._events[:gone]
        return gone

    def forget(self, offsets: set[int]) -> int:
        """Forget these offsets, all of which are here; return how many."""
        kept = [pair for pair in self.pairs() if pair[0] not in offsets]
        self._offsets, self._events = [pair[0] for pair in kept], [pair[1] for pair in kept]
        return len(offsets)

    def flush(self) -> None:
        """Do nothing: there is no disk to write to."""

    def close(self) -> None:
        """Do nothing: there is no file to close."""
