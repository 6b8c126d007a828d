"""A partition on disk: a folder of segment files, of which only the last one grows.

    orders/0/files                        which files there are (files.py)
    orders/0/00000000000000000000.log     sealed: offsets 0 to 41,999
    orders/0/00000000000000042000.log     active: appends go here

A file is named after its first offset. When the active file is full, it is sealed and the next one
begins. So the log forgets old records by deleting whole files, and compaction writes a new file
beside the old one and swaps it in with one step.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import suppress
from io import SEEK_END, FileIO
from pathlib import Path
from time import monotonic

from pubsub_kit.log import records
from pubsub_kit.log.disk import (
    ALWAYS,
    NEVER,
    Fsync,
    Handles,
    LogCorrupt,
    reading,
    refusal,
    remove,
    swap_in,
    sync_folder,
    write_all,
    write_anew,
    writing,
)
from pubsub_kit.log.files import LOST, path_of, read_list, write_list
from pubsub_kit.log.recovery import Cut, recover
from pubsub_kit.log.segment import Segment
from pubsub_kit.log.settings import LogError

SEGMENT_BYTES = 16 * 1024 * 1024


class SegmentedFile:
    """A folder of segments that stores batches of bytes and returns them by offset.

    A file is sealed once it has `segment_bytes`; a batch never spans two files. `cuts` says what
    opening had to cut off, if anything. `known` says that the folder is not a new one. Raises
    LogCorrupt, unless `lossy`.
    """

    def __init__(
        self,
        folder: Path,
        fsync: Fsync = ALWAYS,
        segment_bytes: int = SEGMENT_BYTES,
        handles: Handles | None = None,
        *,
        known: bool = False,
        lossy: bool = False,
    ) -> None:
        self.folder, self.fsync, self.segment_bytes = folder, fsync, segment_bytes
        self.handles = Handles(fsync) if handles is None else handles
        self._closed = self._torn = self._unlisted = False
        self._unsynced, self._synced_at = 0, monotonic()
        self._unsynced_paths: list[Path] = []  # of sealed files, where the policy is never
        self._gone: list[int] = []  # files that are off the list, and may still be there
        if known and not lossy and not folder.is_dir():
            raise LogCorrupt(f"{folder}, the folder of a partition, is missing. {LOST}")
        folder.mkdir(exist_ok=True, parents=True)
        listed = read_list(folder, known, lossy)
        self.segments, self.cuts = recover(folder, listed, lossy)
        end = self.segments[-1].end if self.segments else 0
        if not self.segments or self.segments[-1].version < records.VERSION:
            self.segments = [segment for segment in self.segments if segment.base < end]
            self._begin(end)
            sync_folder(folder.parent)
        elif listed is None or self.cuts:
            self._list()

    def start(self) -> int:
        """Return the first offset whose record is left, or the end if none is."""
        return next((segment.offsets[0] for segment in self.segments if segment.count), self.end())

    def end(self) -> int:
        """Return the offset that the next record will get."""
        return self.segments[-1].end

    def count(self) -> int:
        """Return how many records are left."""
        return sum(segment.count for segment in self.segments)

    def sizes(self) -> list[tuple[int, int]]:
        """Return the first offset of each file and the bytes of its payloads, the newest first."""
        return [(segment.base, segment.payload) for segment in self.segments[::-1]]

    def append_batch(self, payloads: Sequence[bytes]) -> range:
        """Append records in one write and return their offsets: all of them, or none.

        Raises LogFull if there is no room, LogFailed if the disk fails or files were moved.
        """
        self._check()
        if self.segments[-1].size >= self.segment_bytes:
            self._roll()
        active = self.segments[-1]
        try:
            data, marks = records.encode(payloads, active.end - active.base)
        except ValueError as error:
            raise LogError(f"These records can't be kept: {error}.") from error
        self._write(active, data)
        self._unsynced += len(payloads)
        late = monotonic() - self._synced_at >= self.fsync.seconds
        if late or self._unsynced >= self.fsync.records:
            self.flush()
        offsets = active.grow(payloads, len(data), marks)
        self._torn = False
        return offsets

    def read_batch(self, offset: int, limit: int) -> list[tuple[int, bytes]]:
        """Return up to `limit` (offset, payload) pairs from `offset` on; raises LogCorrupt."""
        return records.split(self.read_chunks(offset, limit))

    def read_chunks(self, offset: int, limit: int) -> list[records.Chunk]:
        """Return the same as chunks of a file."""
        found: list[records.Chunk] = []
        index = bisect_right(self.segments, offset, key=lambda segment: segment.base) - 1
        for segment in self.segments[max(index, 0) :]:
            if limit > 0:
                some = segment.read(offset, limit)
                limit -= sum([len(sizes) for _, sizes, _ in some])
                found += some
        return found

    def flush(self) -> None:
        """Wait until the disk has what was appended; raises LogFailed, and then for ever."""
        for path in self._unsynced_paths:
            if os.path.exists(path):
                self.handles.sync(path)
                self.handles.close(path)
        self.handles.sync(self.segments[-1].path)
        self._unsynced, self._synced_at, self._unsynced_paths = 0, monotonic(), []

    def forget_before(self, offset: int) -> int:
        """Delete the sealed files that end before `offset`; return how many records are gone."""
        old = [segment for segment in self.segments[:-1] if segment.end <= offset]
        self._remove(old)
        return sum(segment.count for segment in old)

    def forget(self, offsets: set[int]) -> int:
        """Rewrite the files that have these offsets without them; return how many are gone.

        The oldest file comes first. So a crash halfway may leave superseded records, but never
        brings back what a tombstone deleted. The active file is sealed first.
        """
        for segment in list(self.segments) if offsets else []:
            stored = records.split(segment.read())
            kept = [record for record in stored if record[0] not in offsets]
            if len(kept) < len(stored):
                if segment is self.segments[-1]:
                    self._roll()
                self._replace(segment, kept)
        return len(offsets)

    def cut_to(self, end: int) -> list[Cut]:
        """Take back what was written from the offset `end` on, which is in the active file."""
        active = self.segments[-1]
        position = active.size if active.end <= end else active.position(end)
        with writing(active.path):
            size = active.path.stat().st_size
            if size <= position:
                return []
            os.truncate(active.path, position)
        if self.fsync != NEVER and not self.handles.failed:
            self.handles.sync(active.path)
        self.segments[-1], self._torn = Segment(active.path).scan(), False
        return [Cut(active.path, position, size - position, end)]

    def close(self) -> None:
        """Sync, unless the policy is never, and close."""
        try:
            waits = self._unsynced and not self.handles.failed and self.fsync != NEVER
            if waits and not self._closed:
                self.flush()
        finally:
            self._closed = True
            self.handles.close(self.segments[-1].path)

    def _check(self) -> None:
        self.handles.check()
        if self._closed:
            raise LogError(f"The partition {self.folder} is closed: open it again to use it.")
        if self._unlisted:
            self._list()

    def _list(self, swap: tuple[Segment, int] | None = None) -> None:
        """Write the list of files; until that has worked, nothing is appended."""
        self._unlisted = True
        write_list(self.folder, self.segments, self._gone, swap)
        self._unlisted = False

    def _begin(self, base: int) -> None:
        """Create the file of a new active segment; on failure the old one stays active."""
        path = path_of(self.folder, base)
        if os.path.lexists(path) and not self._is_empty(path):
            raise LogError(f"{path} is in the way, and the log has not written it: move it away.")
        write_anew(path, records.file_header(base))
        self.segments.append(Segment(path).begun())
        try:
            self._list()
        except BaseException:
            self.segments.pop()
            raise

    def _is_empty(self, path: Path) -> bool:
        """Return whether a file of the log has no records yet, as after a roll that failed."""
        with reading(path):
            if not path.is_file() or path.stat().st_size != records.START:
                return False
            return path.read_bytes()[: len(records.MAGIC)] == records.MAGIC

    def _roll(self) -> None:
        """Seal the active file and begin the next."""
        old = self.segments[-1]
        with writing(old.path):
            old.check()
        if self.fsync == NEVER:
            self._unsynced_paths.append(old.path)
        else:
            self.flush()
        self._begin(self.end())
        self.handles.close(old.path)

    def _write(self, active: Segment, data: bytes) -> None:
        """Write at the end, after cutting off what a failed append may have left there."""
        try:
            active.check()
            file = self.handles.get(active.path)
            size = file.seek(0, SEEK_END)
            if size != active.size:
                if not self._torn:
                    raise LogCorrupt(
                        f"{active.path} has {size} bytes, but this log wrote {active.size}: "
                        "something else has changed it, so nothing more is written. Reopen the log."
                    )
                self._take_back(file, active.size)
            try:
                self._torn = True  # until it is taken note of, or taken back
                write_all(file, data)
            except BaseException:
                with suppress(OSError):
                    self._take_back(file, active.size)
                raise
        except OSError as error:
            raise refusal(active.path, "written", error) from error

    def _take_back(self, file: FileIO, size: int) -> None:
        file.truncate(size)
        file.seek(size)
        self._torn = False

    def _remove(self, old: Sequence[Segment]) -> None:
        """Delete sealed files, after taking them off the list."""
        if not old:
            return
        before, gone = self.segments, self._gone
        self.segments = [segment for segment in before if segment not in old]
        self._gone = [*gone, *(segment.base for segment in old)]
        try:
            self._list()
        except BaseException:
            self.segments, self._gone = before, gone
            raise
        for base in self._gone:
            remove(path_of(self.folder, base))
        self._gone = []

    def _replace(self, segment: Segment, kept: Sequence[tuple[int, bytes]]) -> None:
        """Replace a sealed file by one with only the `kept` records, or by none."""
        if not kept:
            self._remove([segment])
            return
        data = records.file_header(segment.base) + records.encode_runs(kept, segment.base)
        at, fresh = self.segments.index(segment), Segment(segment.path).index(data)
        self._list(swap=(segment, len(data)))
        try:
            swap_in(segment.path, data)
            self.segments[at] = fresh
        except LogError:  # the old file is still there
            raise
        except BaseException:  # interrupted: one of them is
            self.segments[at] = Segment(segment.path).scan()
            raise
        with writing(segment.path):
            sync_folder(self.folder)
