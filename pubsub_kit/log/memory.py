"""A log: events in the order in which they arrived, each under a number that never changes.

A topic is split into partitions, so that several readers can share it. A partition is a list that
only grows at its end. An event's position in it, its offset, is never reused. Readers keep track of
their own position and remove nothing, so any number of them can read, and read again.

A log may forget old events (retention.py), but it never renumbers, so offsets may have gaps. What
a log keeps is its own: it stores a copy, and every reader gets another. This log lives in memory;
segments.py keeps the same on disk.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self
from zlib import crc32

from pubsub_kit.errors import brief
from pubsub_kit.log.acceptance import accepted, across, own, several
from pubsub_kit.log.event import Event, microseconds
from pubsub_kit.log.forgetting import Forgetting
from pubsub_kit.log.retention import KEEP_ALL, Retention
from pubsub_kit.log.settings import LogError, check_growth, check_time
from pubsub_kit.log.upkeep import Upkeep

__all__ = ["EventLog", "LogError", "Partition", "partition_for"]


def partition_for(key: str, partitions: int) -> int:
    """Return the partition of a key: CRC-32 of its UTF-8, modulo the number of partitions.

    Python's own hash() differs from process to process; this one is the same everywhere.
    """
    return crc32(key.encode("utf-8", "surrogatepass")) % partitions


class EventLog(Upkeep):
    """The partitions of one topic, in memory: append at the end, read from anywhere.

    With `compact=True`, `retain` also compacts; both happen by themselves as the log grows
    (upkeep.py), at the time of `clock`. Threads may share a log. Raises LogError for a partition
    that doesn't exist, a setting that can't work, and a log that is closed.
    """

    def __init__(
        self,
        name: str = "log",
        partitions: int = 1,
        *,
        retention: Retention = KEEP_ALL,
        compact: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(retention, compact, clock)
        self.name, self.partitions, self._closed = name, 0, False
        self.ends: list[int] = []  # the offset that each partition's next event will get
        self.grown: list[list[int]] = []  # each partition's end, at each call of add_partitions
        self._partitions: Sequence[Partition] = []
        self._begin(partitions)

    def add_partitions(self, more: int) -> None:
        """Add `more` empty partitions. New events may go elsewhere than old ones of their key."""
        with self._lock:
            self._check_open()
            check_growth(self.partitions, more)
            made = self._make(range(self.partitions, self.partitions + more))
            self.grown = self._growth() if self.partitions else []
            self._install([*self._partitions, *made])

    def append(self, event: Event, partition: int = 0) -> int:
        """Append an event and return its offset; raises EventError if it is none."""
        with self._lock:
            if partition.__class__ is not int or not 0 <= partition < self.partitions:
                self._partition(partition)  # which says what is wrong
            offset = self._tend(self._partitions[partition]).append(event)
            self.ends[partition] = offset + 1
            return offset

    def append_batch(self, events: Iterable[Event], partition: int = 0) -> range:
        """Append several events together, all or none, and return their offsets."""
        batch = several(events)
        with self._lock:
            found = self._tend(self._partition(partition))
            offsets = found.add(found.prepare(batch))
            self.ends[partition] = offsets.stop
            return offsets

    def append_across(self, shares: Mapping[int, Iterable[Event]]) -> dict[int, range]:
        """Append events to several partitions, {partition: events}: all of them, or none.

        Returns the offsets in each partition.
        """
        batches = across(shares)
        with self._lock:
            self._check_open()
            ready = {n: self._partition(n).prepare(batch) for n, batch in batches.items()}
            for number in ready:
                self._tend(self._partition(number))
            offsets = self._add_across(ready)
            for number, each in offsets.items():
                self.ends[number] = each.stop
            return offsets

    def read(self, partition: int, offset: int, limit: int = 1000) -> list[tuple[int, Event]]:
        """Return up to `limit` (offset, event) pairs, starting at the first offset ≥ `offset`.

        The events are your own: to change their data changes nobody else's.
        """
        return [(at, own(event)) for at, event in self.peek(partition, offset, limit)]

    def peek(self, partition: int, offset: int, limit: int = 1000) -> list[tuple[int, Event]]:
        """Read as `read` does, for a caller that changes no data: in memory, nothing is copied."""
        if offset.__class__ is not int or limit.__class__ is not int:
            raise LogError(f"An offset and a limit are numbers: {brief(offset)}, {brief(limit)}.")
        with self._lock:
            if partition.__class__ is not int or not 0 <= partition < self.partitions:
                self._partition(partition)  # which says what is wrong
            return self._partitions[partition].read(offset, limit)

    def start(self, partition: int = 0) -> int:
        """Return the offset of the oldest event that is left, or the end if none is left."""
        return self._partition(partition).start()

    def end(self, partition: int = 0) -> int:
        """Return the offset that the next event will get."""
        return self._partition(partition).end()

    def count(self, partition: int = 0, offset: int = 0) -> int:
        """Return how many events there are from an offset on; gaps don't count."""
        if offset.__class__ is not int:
            raise LogError(f"An offset is a whole number, not {brief(offset)}.")
        with self._lock:
            return self._partition(partition).count_from(offset)

    def offset_at(self, partition: int, time: float) -> int:
        """Return the first offset whose event has a time ≥ `time`, or the end if there is none."""
        check_time(time)
        with self._lock:
            return self._partition(partition).offset_at(time)

    def flush(self) -> None:
        """Make what was appended survive a power cut; in memory, nothing does."""
        with self._lock:
            self._check_open()

    def close(self) -> None:
        """Release the log's files and memory; using it afterwards is an error."""
        with self._lock:
            self._install([])
            self._closed = True

    @property
    def closed(self) -> bool:
        """Whether it has been closed."""
        return self._closed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _begin(self, partitions: int) -> None:
        self.add_partitions(partitions)

    def _install(self, partitions: Sequence[Partition]) -> None:
        self._partitions, self.partitions = partitions, len(partitions)
        self.ends = [partition.end() for partition in partitions]

    def _growth(self) -> list[list[int]]:
        """Return `grown` with the ends as they are now, unless there is nothing yet."""
        return [*self.grown, [*self.ends]] if any(self.ends) else self.grown

    def _make(self, numbers: range) -> Sequence[Partition]:
        return [Partition(self.clock) for _ in numbers]

    def _add_across(self, ready: dict[int, Any]) -> dict[int, range]:
        return {number: self._partitions[number].add(each) for number, each in ready.items()}

    def _partition(self, number: int) -> Partition:
        if number.__class__ is int and 0 <= number < self.partitions:
            return self._partitions[number]
        self._check_open()
        raise LogError(
            f"The log {self.name} has {self.partitions} partitions, and no {brief(number)}."
        )

    def _check_open(self) -> None:
        if self._closed:
            raise LogError(f"The log {self.name} is closed: open it again to use it.")


class Partition(Forgetting):
    """One partition; forgetting.py says how it is stored."""

    def end(self) -> int:
        """Return the next offset."""
        return self._end

    def prepare(self, events: Sequence[Event]) -> Any:
        """Return copies, and the time if one may be a tombstone; raises EventError."""
        ready = [*map(accepted, events)]
        gone = None in [event[4] for event in ready]
        return ready, microseconds(self.clock()) / 1_000_000 if gone else None

    def append(self, event: Event) -> int:
        """Append one event, and return its offset; raises EventError if it can't be kept."""
        kept, offset = accepted(event), self._end
        if kept[4] is None and kept[6] is not None:
            self._buried[offset] = microseconds(self.clock()) / 1_000_000
        self._offsets.append(offset)
        self._events.append(kept)
        self._end = offset + 1
        return offset

    def add(self, ready: Any) -> range:
        """Append what `prepare` returned, and return the offsets."""
        events, now = ready
        offsets = range(self._end, self._end + len(events))
        if now is not None:
            for offset, event in enumerate(events, self._end):
                if event[4] is None and event[6] is not None:
                    self._buried[offset] = now
        self._offsets += offsets
        self._events += events
        self._end = offsets.stop
        return offsets

    def read(self, offset: int, limit: int) -> list[tuple[int, Event]]:
        """Return up to `limit` (offset, event) pairs from `offset` on."""
        offsets, events, first = self._offsets, self._events, self._first
        if first is None or offset < first:
            at = bisect_left(offsets, offset)
        elif limit == 1:
            return [(offset, events[offset - first])] if offset < self._end else []
        else:
            at = offset - first
        to = at + limit if limit > 0 else at
        return list(zip(offsets[at:to], events[at:to], strict=True))

    def offset_at(self, time: float) -> int:
        """Return the first offset with a time ≥ `time`; it looks at all, as clocks can go back."""
        pairs = zip(self._offsets, self._events, strict=True)
        return next((offset for offset, event in pairs if event.time >= time), self._end)

    fresh_from = offset_at  # on disk, a cheaper one
