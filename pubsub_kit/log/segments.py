"""The log on disk: after a crash, every acknowledged event is there, or opening says which is not.

    orders/                   one log
        lock                  held by the one process that may write
        0/ 1/ 2/ …            a folder of segment files for each partition (segmented_file.py)

Each record is an event's row (rows.py) after its length and checksum (records.py), or its
CloudEvents JSON if data is bytes or there are extensions. The highest folder alone says how many
partitions there are. It is created first, and any folder below it is created when it is missing, so
no crash can leave a log with a different number.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Sequence
from io import FileIO
from pathlib import Path

from pubsub_kit.log.cloudevents import read_json
from pubsub_kit.log.disk import ALWAYS, Fsync, LogFailed, LogFull, sync_folder
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog, LogError, Partition
from pubsub_kit.log.retention import KEEP_ALL, Retention
from pubsub_kit.log.rows import from_rows, to_row
from pubsub_kit.log.segmented_file import SEGMENT_BYTES, Cut, LogCorrupt, SegmentedFile

__all__ = ["Cut", "DurableEventLog", "Fsync", "LogCorrupt", "LogFailed", "LogFull", "LogLocked"]
__all__ += ["SegmentedFile"]


class LogLocked(LogError):
    """Another process, or another object in this process, has the log open."""


class DurableEventLog(EventLog):
    """An EventLog in the folder `path`, which is created if it is not there.

    `partitions` must be the number on disk, or None for "as it is"; `add_partitions` changes it.
    `recovery` lists the torn tails that opening cut off. Raises LogLocked while the log is open
    elsewhere, LogCorrupt for damage, and LogError if the folder can't be used.
    """

    def __init__(
        self,
        path: str | Path,
        partitions: int | None = None,
        *,
        fsync: Fsync = ALWAYS,
        segment_bytes: int = SEGMENT_BYTES,
        retention: Retention = KEEP_ALL,
        compact: bool = False,
    ) -> None:
        self.path, self.fsync, self.segment_bytes = Path(path), fsync, segment_bytes
        self.recovery: list[Cut] = []
        self._partitions = []
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = lock(self.path / "lock")
            sync_folder(self.path.parent)
            try:
                super().__init__(
                    self.path.name, self._number(partitions), retention=retention, compact=compact
                )
            except BaseException:
                self.close()
                raise
        except OSError as error:
            raise LogError(f"The log {path} can't be opened: {error}.") from error

    def add_partitions(self, more: int) -> None:
        """Add `more` empty partitions. New events may go elsewhere than old ones of their key."""
        if more > 0:
            (self.path / str(self.partitions + more - 1)).mkdir(exist_ok=True)
        super().add_partitions(more)

    def close(self) -> None:
        """Sync and close the files, and release the lock."""
        try:
            super().close()
        finally:
            self._lock.close()

    def _number(self, wanted: int | None) -> int:
        """Return how many partitions there are, or will be; raises LogError if they differ."""
        names = [path.name for path in self.path.iterdir() if path.name.isdecimal()]
        found = max(map(int, names), default=-1) + 1
        if found and wanted not in (None, found):
            raise LogError(
                f"The log {self.path} has {found} partitions, not {wanted}: leave out the number, "
                "or call add_partitions."
            )
        return found or (1 if wanted is None else wanted)

    def _make_partition(self, number: int) -> Partition:
        partition = DiskPartition(self.path / str(number), self.fsync, self.segment_bytes)
        self.recovery += [partition.cut] if partition.cut else []
        return partition


class DiskPartition(SegmentedFile, Partition):
    """A Partition stored as JSON in a SegmentedFile."""

    def append(self, events: Sequence[Event]) -> range:
        """Append events and return their offsets; raises LogFull or LogFailed."""
        return self.append_batch([to_row(event).encode() for event in events])

    def read(self, offset: int, limit: int) -> list[tuple[int, Event]]:
        """Return up to `limit` (offset, event) pairs from `offset` on; raises LogCorrupt."""
        return decode(self.read_batch(offset, limit))

    def pairs(self) -> Iterable[tuple[int, Event]]:
        """Go through all (offset, event) pairs, a segment at a time."""
        return (pair for segment in self.segments for pair in decode(segment.read()))


def decode(stored: Sequence[tuple[int, bytes]]) -> list[tuple[int, Event]]:
    """Return the events of (offset, row) pairs, parsed as one array because that is faster."""
    collecting = gc.isenabled()
    gc.disable()  # nothing here can be garbage yet, and looking for it takes a third of the time
    try:
        array = read_json(b"[" + b",".join([payload for _, payload in stored]) + b"]")
        return list(zip([o for o, _ in stored], from_rows(array), strict=True))
    finally:
        if collecting:
            gc.enable()


def lock(path: Path) -> FileIO:
    """Open a file and lock it until it is closed; a browser has one process and no locks."""
    file = FileIO(path, "a")
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        elif sys.platform != "emscripten":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        if not isinstance(error, BlockingIOError | PermissionError):
            raise
        raise LogLocked(
            f"The log {path.parent} is open elsewhere: close it there, or use another folder."
        ) from error
    return file
