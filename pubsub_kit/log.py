"""A log: events in the order in which they came, each with a number that never changes.

A topic is split into partitions, so that several readers can share it. A partition is a list that
only grows at its end; an event's place in it, its offset, is given once and never reused. Readers
keep their own place and take nothing away, so that any number of them may read, and read again.

What a log may forget, it forgets without renumbering, so offsets may have gaps:

    append     0 ann=1   1 bob=7   2 ann=2   3 bob=None   4 ann=3
    retain                         2 ann=2   3 bob=None   4 ann=3      the oldest are gone
    compact                                  3 bob=None   4 ann=3      the latest of each key is left

An event with a key and with None for data is a tombstone: it says that the key is gone. It outlives
what it deletes by a time, so that a slow reader sees it too, and then goes itself.

This one lives in memory; `pubsub_kit.segments` keeps the same on disk.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import NamedTuple, Protocol, Self
from zlib import crc32

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.event import Event


class LogError(PubSubKitError):
    """A log was asked for something that it cannot do."""


class Retention(NamedTuple):
    """What a log may forget: None keeps all.

    `max_age`: seconds since an event's own time. `max_bytes`: JSON bytes in a partition.
    `tombstone_age`: seconds for which compaction leaves a tombstone (a day, as in Kafka's
    delete.retention.ms).
    """

    max_age: float | None = None
    max_bytes: int | None = None
    tombstone_age: float = 86_400.0


def partition_for(key: str, partitions: int) -> int:
    """Return the partition of a key: CRC-32 of its UTF-8, modulo the number of partitions.

    Python's own hash() differs from process to process; this is the same everywhere and always.
    """
    return crc32(key.encode("utf-8", "surrogatepass")) % partitions


class Partition(Protocol):
    """What a log asks of one partition, in memory or on disk."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    def append(self, event: Event) -> int: ...
    def append_batch(self, events: Sequence[Event]) -> range: ...
    def read(self, offset: int, limit: int) -> list[tuple[int, Event]]: ...
    def offset_at(self, time: float) -> int: ...
    def retain(self, rule: Retention, now: float) -> int: ...
    def compact(self, tombstones_before: float) -> int: ...
    def flush(self) -> None: ...
    def close(self) -> None: ...


class EventLog:
    """The partitions of one topic, in memory: append at the end, read from anywhere.

    With `compact=True`, `retain` also compacts.
    """

    def __init__(
        self,
        name: str = "log",
        partitions: int = 1,
        *,
        retention: Retention = Retention(),  # noqa: B008 — immutable
        compact: bool = False,
    ) -> None:
        self.name, self.retention, self.compacted = name, retention, compact
        self._partitions: list[Partition] = []
        self.add_partitions(partitions)

    @property
    def partitions(self) -> int:
        """How many partitions there are."""
        return len(self._partitions)

    def add_partitions(self, more: int) -> None:
        """Add so many empty partitions; keys then spread anew, and only later events follow."""
        if more < 1:
            raise LogError(f"A log grows by at least 1 partition, not {more}.")
        self._partitions += [MemoryPartition() for _ in range(more)]

    def append(self, event: Event, partition: int = 0) -> int:
        """Append an event and return its offset."""
        return self._partition(partition).append(event)

    def append_batch(self, events: Iterable[Event], partition: int = 0) -> range:
        """Append events together and return their offsets."""
        return self._partition(partition).append_batch(list(events))

    def read(self, partition: int, offset: int, limit: int = 1000) -> list[tuple[int, Event]]:
        """Return up to `limit` (offset, event) pairs from the first offset ≥ `offset` on."""
        return self._partition(partition).read(offset, limit)

    def start(self, partition: int = 0) -> int:
        """Return the offset of the oldest event that is left, or the end if none is."""
        return self._partition(partition).start

    def end(self, partition: int = 0) -> int:
        """Return the offset that the next event will get."""
        return self._partition(partition).end

    def offset_at(self, partition: int, time: float) -> int:
        """Return the first offset whose event has a time ≥ `time`, or the end if none has."""
        return self._partition(partition).offset_at(time)

    def retain(self, now: float) -> int:
        """Forget what `retention` allows at the time `now`; return how many events went."""
        gone = sum(partition.retain(self.retention, now) for partition in self._partitions)
        return gone + (self.compact(now) if self.compacted else 0)

    def compact(self, now: float = float("-inf")) -> int:
        """Leave the latest event of each key, and all without a key; return how many went.

        A tombstone goes too once it is older than `retention.tombstone_age` at the time `now`.
        """
        before = now - self.retention.tombstone_age
        return sum(partition.compact(before) for partition in self._partitions)

    def flush(self) -> None:
        """Make what was appended as safe as this log can: here, nothing is to be done."""
        for partition in self._partitions:
            partition.flush()

    def close(self) -> None:
        """Give back what the log holds; using it afterwards is an error."""
        for partition in self._partitions:
            partition.close()
        self._partitions = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _partition(self, number: int) -> Partition:
        if 0 <= number < len(self._partitions):
            return self._partitions[number]
        if not self._partitions:
            raise LogError(f"The log {self.name} is closed: open it again to use it.")
        last = len(self._partitions) - 1
        raise LogError(f"The log {self.name} has partitions 0 to {last}, no {number!r}.")


class MemoryPartition:
    """One partition as two lists side by side: offsets, which may have gaps, and events."""

    def __init__(self) -> None:
        self.offsets: list[int] = []
        self.events: list[Event] = []
        self.end = 0

    @property
    def start(self) -> int:
        return self.offsets[0] if self.offsets else self.end

    def append(self, event: Event) -> int:
        offset = self.end
        self.offsets.append(offset)
        self.events.append(event)
        self.end = offset + 1
        return offset

    def append_batch(self, events: Sequence[Event]) -> range:
        offsets = range(self.end, self.end + len(events))
        self.offsets += offsets
        self.events += events
        self.end = offsets.stop
        return offsets

    def read(self, offset: int, limit: int) -> list[tuple[int, Event]]:
        first = bisect_left(self.offsets, offset)
        last = first + max(limit, 0)
        return list(zip(self.offsets[first:last], self.events[first:last], strict=True))

    def offset_at(self, time: float) -> int:
        pairs = zip(self.offsets, self.events, strict=True)
        return next((offset for offset, event in pairs if event.time >= time), self.end)

    def retain(self, rule: Retention, now: float) -> int:
        gone = first_kept(self.events, rule, now)
        del self.offsets[:gone], self.events[:gone]
        return gone

    def compact(self, tombstones_before: float) -> int:
        pairs = list(zip(self.offsets, self.events, strict=True))
        latest = {event.key: offset for offset, event in pairs}
        kept = [
            (offset, event)
            for offset, event in pairs
            if survives(offset, event, latest, tombstones_before)
        ]
        self.offsets, self.events = [o for o, _ in kept], [e for _, e in kept]
        return len(pairs) - len(kept)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


def first_kept(events: Sequence[Event], rule: Retention, now: float) -> int:
    """Return the index of the oldest event that `rule` keeps at the time `now`."""
    index = 0
    if rule.max_age is not None:
        old = now - rule.max_age
        fresh = (i for i, event in enumerate(events) if event.time >= old)
        index = next(fresh, len(events))
    if rule.max_bytes is not None:
        room, newest = rule.max_bytes, len(events)
        while newest > index and (room := room - len(events[newest - 1].to_json())) >= 0:
            newest -= 1
        index = newest
    return index


def survives(
    offset: int, event: Event, latest: dict[str | None, int], tombstones_before: float
) -> bool:
    """Say whether compaction keeps an event, given the latest offset of each key."""
    if event.key is None:
        return True
    expired = event.data is None and event.time < tombstones_before
    return latest[event.key] == offset and not expired
