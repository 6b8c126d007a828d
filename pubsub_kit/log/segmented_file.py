"""A partition on disk: a folder of segment files, of which only the last one grows.

    orders/0/00000000000000000000.log     sealed: offsets 0 to 41,999
    orders/0/00000000000000042000.log     active: appends go here

A file is named after its first offset. When the active file is full, it is sealed and the next one
begins. So the log forgets old records by deleting whole files, and compaction writes a new file
beside the old one and swaps it in with one step.

The sparse index, an (offset, position) for every 32nd record, makes a read from the middle cheap.
It exists only in memory. Opening the folder rebuilds it by reading and checking every byte once, so
there is no index file that could be wrong.
"""

from __future__ import annotations

import os
import sys
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import suppress
from io import SEEK_END, FileIO
from itertools import accumulate, islice
from pathlib import Path
from time import monotonic
from typing import NamedTuple, Self

from pubsub_kit.log import records
from pubsub_kit.log.disk import (
    ALWAYS,
    NEVER,
    Fsync,
    LogFailed,
    remove,
    sync_folder,
    write_all,
    write_anew,
    writing,
)
from pubsub_kit.log.memory import LogError

EVERY = 32
SEGMENT_BYTES = 16 * 1024 * 1024


class LogCorrupt(LogError):
    """Stored bytes have changed; the message names the file and the offset."""


class Cut(NamedTuple):
    """A torn tail that opening cut off: `size` bytes of the file `path` from `position` on.

    `offset` is the first one whose record is gone; its append had never returned.
    """

    path: Path
    position: int
    size: int
    offset: int


class Segment:
    """One file: where it ends, in bytes and as an offset, and its sparse index."""

    def __init__(self, path: Path) -> None:
        self.path, self.base = path, int(path.stem)
        self.size, self.count, self.end = records.START, 0, self.base
        self.offsets, self.positions = list[int](), list[int]()

    def scan(self) -> Self:
        """Check and index the whole file; at a BadRecord, keep what came before it."""
        data = self.path.read_bytes()
        records.check_header(data, self.base)
        walk = records.walk(data, self.base, records.START, self.base)
        try:
            for self.count, (position, offset, payload) in enumerate(walk, 1):  # noqa: B007
                if self.count % EVERY == 1:
                    self.offsets.append(offset)
                    self.positions.append(position)
        finally:
            if self.count:
                self.size, self.end = position + records.HEAD.size + len(payload), offset + 1
        return self

    def grow(self, lengths: Sequence[int]) -> range:
        """Take note of payloads that were appended; return their offsets."""
        offsets = range(self.end, self.end + len(lengths))
        starts = list(accumulate(lengths, initial=self.size))
        for i in range(-self.count % EVERY, len(lengths), EVERY):
            self.offsets.append(offsets[i])
            self.positions.append(starts[i] + i * records.HEAD.size)
        self.size = starts[-1] + len(lengths) * records.HEAD.size
        self.count, self.end = self.count + len(lengths), offsets.stop
        return offsets

    def read(self, offset: int = 0, limit: int = sys.maxsize) -> list[tuple[int, bytes]]:
        """Return up to `limit` (offset, payload) pairs from `offset` on, each checked again."""
        if offset >= self.end or not self.count:
            return []
        index = max(bisect_right(self.offsets, offset) - 1, 0)
        beyond = index + limit // EVERY + 2
        begin = self.positions[index]
        stop = self.positions[beyond] if beyond < len(self.positions) else self.size
        with FileIO(self.path) as file:
            file.seek(begin)
            data = file.read(stop - begin)
        try:
            walk = records.walk(data, self.base, 0, self.offsets[index])
            return list(islice(((o, payload) for _, o, payload in walk if o >= offset), limit))
        except records.BadRecord as bad:
            raise corrupt(self.path, bad, begin) from bad


class SegmentedFile:
    """A folder of segments that stores batches of bytes and returns them by offset.

    A file is sealed once it has `segment_bytes`; a batch never spans two files. `cut` says what
    opening had to cut off, if anything. Raises LogCorrupt.
    """

    def __init__(
        self, folder: Path, fsync: Fsync = ALWAYS, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        self.folder, self.fsync, self.segment_bytes = folder, fsync, segment_bytes
        self.cut: Cut | None = None
        self._failed, self._unsynced, self._synced_at = "", 0, monotonic()
        self._unsynced_paths: list[Path] = []  # of sealed files, where the policy is never
        folder.mkdir(exist_ok=True, parents=True)
        for draft in folder.glob("*.tmp"):
            draft.unlink()
        self.segments = [Segment(path) for path in sorted(folder.glob("[0-9]" * 20 + ".log"))]
        self._recover()
        if not self.segments:
            self._begin(0)
            sync_folder(folder.parent)
        self._file = FileIO(self.segments[-1].path, "a")

    def start(self) -> int:
        """Return the first offset whose record is left, or the end if none is."""
        return next((segment.offsets[0] for segment in self.segments if segment.count), self.end())

    def end(self) -> int:
        """Return the offset that the next record will get."""
        return self.segments[-1].end

    def sizes(self) -> list[tuple[int, int]]:
        """Return the first offset of each file and the bytes of its payloads, the newest first."""
        start, head = records.START, records.HEAD.size
        return [(s.base, s.size - start - s.count * head) for s in self.segments[::-1]]

    def append_batch(self, payloads: Sequence[bytes]) -> range:
        """Append records in one write and return their offsets: all of them, or none.

        Raises LogFull if there is no room, LogFailed if the disk fails.
        """
        if self._failed:
            raise LogFailed(self._failed)
        if self.segments[-1].size >= self.segment_bytes:
            self._roll()
        active = self.segments[-1]
        self._write(active, records.encode(payloads, active.end - active.base))
        self._unsynced += len(payloads)
        late = monotonic() - self._synced_at >= self.fsync.seconds
        if late or self._unsynced >= self.fsync.records:
            self.flush()
        return active.grow(list(map(len, payloads)))

    def read_batch(self, offset: int, limit: int) -> list[tuple[int, bytes]]:
        """Return up to `limit` (offset, payload) pairs from `offset` on; raises LogCorrupt."""
        found: list[tuple[int, bytes]] = []
        index = bisect_right(self.segments, offset, key=lambda segment: segment.base) - 1
        for segment in self.segments[max(index, 0) :]:
            if len(found) < limit:
                found += segment.read(offset, limit - len(found))
        return found

    def flush(self) -> None:
        """Wait until the disk has what was appended; raises LogFailed.

        After a failed fsync, the system may have dropped the very pages that it could not write. A
        second fsync would prove nothing (https://lwn.net/Articles/752063/), so appending is over.
        """
        try:
            for path in self._unsynced_paths:
                with suppress(FileNotFoundError), FileIO(path, "a") as file:
                    os.fsync(file.fileno())
            os.fsync(self._file.fileno())
        except OSError as error:
            self._failed = (
                f"fsync failed for {self.segments[-1].path} ({error.strerror}), so the last appends"
                " may not be on the disk: check the disk, then reopen the log."
            )
            raise LogFailed(self._failed) from error
        self._unsynced, self._synced_at, self._unsynced_paths = 0, monotonic(), []

    def forget_before(self, offset: int) -> int:
        """Delete the sealed files that end before `offset`; return how many records are gone."""
        old = [segment for segment in self.segments[:-1] if segment.end <= offset]
        for segment in old:
            self._replace(segment, [])
        return sum(segment.count for segment in old)

    def forget(self, offsets: set[int]) -> int:
        """Rewrite the files that have these offsets without them; return how many are gone.

        The oldest file comes first. So a crash halfway may leave superseded records, but never
        brings back what a tombstone deleted. The active file is sealed first.
        """
        for segment in list(self.segments):
            stored = segment.read()
            kept = [record for record in stored if record[0] not in offsets]
            if len(kept) < len(stored):
                if segment is self.segments[-1]:
                    self._roll()
                self._replace(segment, kept)
        return len(offsets)

    def close(self) -> None:
        """Sync, unless the policy is never, and close."""
        try:
            if self._unsynced and not self._failed and self.fsync != NEVER:
                self.flush()
        finally:
            self._file.close()

    def _recover(self) -> None:
        """Scan all files; cut off a torn tail of the last one, and refuse any other damage."""
        end = 0
        for segment in self.segments:
            try:
                if segment.base < end:
                    raise records.BadRecord(0, end, "the file before it overlaps it")
                segment.scan()
            except records.BadRecord as bad:
                if segment is not self.segments[-1] or not bad.torn:
                    raise corrupt(segment.path, bad) from bad
                size = segment.path.stat().st_size
                if bad.position:
                    os.truncate(segment.path, bad.position)
                else:
                    write_anew(segment.path, records.file_header(segment.base))
                self.cut = Cut(segment.path, bad.position, size - bad.position, segment.end)
            end = segment.end

    def _begin(self, base: int) -> None:
        """Create the file of a new active segment, or leave nothing behind on failure."""
        segment = Segment(self.folder / f"{base:020}.log")
        try:
            write_anew(segment.path, records.file_header(base))
            self.segments.append(segment)
        except BaseException:
            with suppress(OSError):
                segment.path.unlink()
            raise

    def _roll(self) -> None:
        """Seal the active file and begin the next."""
        if self.fsync == NEVER:
            self._unsynced_paths.append(self.segments[-1].path)
        else:
            self.flush()
        self._begin(self.end())
        self._file.close()
        self._file = FileIO(self.segments[-1].path, "a")

    def _write(self, active: Segment, data: bytes) -> None:
        """Write at the end, after cutting off what a failed append may have left there."""
        try:
            with writing(active.path):
                if self._file.seek(0, SEEK_END) > active.size:
                    self._file.truncate(active.size)
                write_all(self._file, data)
        except BaseException:
            with suppress(OSError):
                self._file.truncate(active.size)
            raise

    def _replace(self, segment: Segment, kept: Sequence[tuple[int, bytes]]) -> None:
        """Replace a sealed file by one with only the `kept` records, or by none."""
        at = self.segments.index(segment)
        if not kept:
            del self.segments[at]
            remove(segment.path)
            return
        encoded = [records.encode([payload], offset - segment.base) for offset, payload in kept]
        try:
            write_anew(segment.path, b"".join([records.file_header(segment.base), *encoded]))
        finally:  # whatever happened, the old file or the new one is there
            self.segments[at] = Segment(segment.path).scan()


def corrupt(path: Path, bad: records.BadRecord, begin: int = 0) -> LogCorrupt:
    """Say where a file is damaged, and the two ways out."""
    position = begin + bad.position
    give_up = f"cut the file to {position} bytes" if position else "move the file away"
    return LogCorrupt(
        f"{path} is damaged at byte {position}, offset {bad.offset}: {bad.reason}. Nothing was "
        f"deleted. Restore the file from a backup, or {give_up} to lose that record and all "
        "later ones in the file."
    )
