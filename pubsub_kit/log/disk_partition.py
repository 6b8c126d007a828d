"""A partition of a log on disk: its events are rows in a segmented file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from math import inf
from pathlib import Path
from typing import Any

from pubsub_kit.log.acceptance import accepted
from pubsub_kit.log.cloudevents import read_json
from pubsub_kit.log.event import Event
from pubsub_kit.log.files import strangers
from pubsub_kit.log.garbage import uncollected
from pubsub_kit.log.memory import Partition
from pubsub_kit.log.records import Chunk
from pubsub_kit.log.retention import Keyed
from pubsub_kit.log.rows import from_rows, key_of, newest, to_rows
from pubsub_kit.log.segment import Segment
from pubsub_kit.log.segmented_file import SegmentedFile


class DiskPartition(SegmentedFile, Partition):
    """A Partition stored as JSON in a SegmentedFile."""

    def __init__(self, *place: Any, clock: Callable[[], float], **options: Any) -> None:
        self.clock, self.due = clock, 0
        SegmentedFile.__init__(self, *place, **options)

    def prepare(self, events: Sequence[Event]) -> Any:
        """Return rows and the latest time; raises EventError for what can't be kept."""
        if {*map(type, events)} - {Event}:
            [accepted(event) for event in events]  # which says what is wrong with one of them
        try:
            return to_rows(events, self.clock()), max([event[3] for event in events], default=-inf)
        except (AttributeError, TypeError, ValueError):
            [accepted(event) for event in events]
            raise

    def append(self, event: Event) -> int:
        """Append one event, and return its offset."""
        return self.add(self.prepare((event,))).start

    def add(self, ready: Any) -> range:
        """Append what `prepare` returned, and return the offsets; raises LogFull or LogFailed."""
        stored, newest = ready
        offsets = self.append_batch(stored)
        active = self.segments[-1]
        if active.newest is not None:
            active.newest = max(active.newest, newest)
        return offsets

    def read(self, offset: int, limit: int) -> list[tuple[int, Event]]:
        """Return up to `limit` (offset, event) pairs from `offset` on; raises LogCorrupt."""
        chunks = self.read_chunks(offset, limit)
        return list(zip(offsets_of(chunks), from_rows(parse(chunks)), strict=True))

    def offset_at(self, time: float) -> int:
        """Return the first offset with a time ≥ `time`, or the end."""
        for segment in self.segments:
            if newest_of(segment) >= time:
                for offset, event in self.read(segment.base, segment.count):
                    if event.time >= time:
                        return offset
        return self.end()

    def count_from(self, offset: int) -> int:
        """Return how many events there are from an offset on."""
        return sum(count_from(segment, offset) for segment in self.segments)

    def fresh_from(self, time: float) -> int:
        """Return the start of the first file that has an event with a time ≥ `time`."""
        fresh = (s.base for s in self.segments if newest_of(s) >= time)
        return next(fresh, self.end())

    def keyed(self) -> Keyed:
        """Go through (offset, key, time of the append if it is a tombstone), a file at a time."""
        for segment in self.segments:
            chunks = segment.read()
            for offset, row in zip(offsets_of(chunks), parse(chunks), strict=True):
                yield (offset, *key_of(row))

    def strangers(self) -> list[Path]:
        """Return what lies in the folder and was not written by a log."""
        return strangers(self.folder, self.segments)

    def _roll(self) -> None:
        super()._roll()
        self.due = 0  # a file more: the oldest may go


def count_from(segment: Segment, offset: int) -> int:
    """Return how many events a file has from an offset on; only one with gaps has to be read."""
    if offset <= segment.base or offset >= segment.end:
        return segment.count if offset < segment.end else 0
    if segment.count == segment.end - segment.base:
        return segment.end - offset
    return sum(len(sizes) for _, sizes, _ in segment.read(offset))


def newest_of(segment: Segment) -> float:
    """Return the latest time of the events in a file, which is remembered."""
    if segment.newest is None:
        segment.newest = newest(parse(segment.read()))
    return segment.newest


def offsets_of(chunks: Sequence[Chunk]) -> list[int]:
    """Return the offset of each record in chunks of a file."""
    ranges = [range(offset, offset + len(sizes)) for offset, sizes, _ in chunks]
    return [*chain.from_iterable(ranges)]


def parse(chunks: Sequence[Chunk]) -> list[Any]:
    """Return the rows in chunks of a file, parsed as one array because that is faster."""
    text = b"".join([text for *_, text in chunks])
    with uncollected():
        rows: list[Any] = read_json(b"[%b]" % text[:-1])
        return rows
