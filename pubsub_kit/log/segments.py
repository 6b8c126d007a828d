"""The log on disk: after a crash, every acknowledged event is there, or opening says which is not.

    orders/                   one log
        lock                  held by the one process that may write (lock.py)
        partitions            how many there are (folder.py)
        0/ 1/ 2/ …            a folder of segment files for each partition (segmented_file.py)
        batch                 only while a batch is written to several partitions

Each record is an event's row (rows.py) after its length and checksum (records.py), or its
CloudEvents JSON if data is bytes or there are extensions.

A batch over several partitions is all or nothing: `batch` has the end of each partition before it,
and is deleted once every part is written and synced (unless the policy is never). If a crash leaves
it behind, opening takes back what came after those ends, which nobody was promised.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import WeakSet

from pubsub_kit.errors import brief
from pubsub_kit.log.disk import (
    ALWAYS,
    NEVER,
    Fsync,
    Handles,
    LogCorrupt,
    LogFailed,
    LogFull,
    refusal,
    remove,
)
from pubsub_kit.log.disk_partition import DiskPartition
from pubsub_kit.log.event import Event
from pubsub_kit.log.folder import BATCH, Folder, is_log, logs_in
from pubsub_kit.log.lock import LogLocked
from pubsub_kit.log.memory import EventLog
from pubsub_kit.log.notes import read_note, write_note
from pubsub_kit.log.recovery import Cut
from pubsub_kit.log.retention import KEEP_ALL, Retention
from pubsub_kit.log.segmented_file import SEGMENT_BYTES, SegmentedFile
from pubsub_kit.log.settings import LogError, check_count, check_growth
from pubsub_kit.log.upkeep import P

__all__ = ["Cut", "DurableEventLog", "Fsync", "LogCorrupt", "LogFailed", "LogFull", "LogLocked"]
__all__ += ["SegmentedFile", "is_log", "logs_in"]


class DurableEventLog(EventLog):
    """An EventLog in the folder `path`, which is created if it is not there.

    `partitions` must be the number on disk, or None for "as it is"; `add_partitions` changes it.
    `recovery` lists the torn tails that opening cut off, `strangers` what lies in the folder and is
    not the log's. Raises LogLocked while the log is open elsewhere, LogCorrupt for damage and for
    what is missing, and LogError if the folder can't be used or a setting can't work. With
    `accept_loss`, damage is cut off too, and listed; a copy of the file stays as .damaged.
    """

    _partitions: Sequence[DiskPartition]

    def __init__(
        self,
        path: str | Path,
        partitions: int | None = None,
        *,
        fsync: Fsync = ALWAYS,
        segment_bytes: int = SEGMENT_BYTES,
        retention: Retention = KEEP_ALL,
        compact: bool = False,
        clock: Callable[[], float] = time.time,
        accept_loss: bool = False,
    ) -> None:
        check_count("segment_bytes", segment_bytes)
        if not isinstance(fsync, Fsync):
            raise LogError(f"fsync is Fsync.always(), every(…) or never(), not {brief(fsync)}.")
        self._folder = Folder(path, accept_loss)
        self.path, self.fsync, self.segment_bytes = self._folder.path, fsync, segment_bytes
        self.recovery: list[Cut] = []
        self._handles = Handles(fsync)
        name, wanted = self.path.name, 0 if partitions is None else partitions
        if partitions is not None:
            check_growth(0, partitions)
        super().__init__(name, wanted, retention=retention, compact=compact, clock=clock)

    def read(self, partition: int, offset: int, limit: int = 1000) -> list[tuple[int, Event]]:
        """Return up to `limit` (offset, event) pairs from `offset` on; raises LogCorrupt."""
        return self.peek(partition, offset, limit)  # what comes from the disk is nobody else's

    def add_partitions(self, more: int) -> None:
        """Add `more` empty partitions: all of them, or none.

        New events may go elsewhere than old ones of their key. Raises LogFull or LogFailed.
        """
        with self._lock:
            self._check_open()
            check_growth(self.partitions, more)
            made = self._make(range(self.partitions, self.partitions + more))
            grown = self._growth()
            try:
                self._folder.write_count(self.partitions + more, grown)
            except BaseException:  # it may be in place, and only not be known to be
                with suppress(LogError):
                    self._folder.write_count(self.partitions)
                raise
            self.grown = grown
            self._install([*self._partitions, *made])

    def flush(self) -> None:
        """Wait until the disk has all that was appended; raises LogFailed."""
        with self._lock:
            self._check_open()
            for partition in self._partitions:
                partition.flush()

    def close(self) -> None:
        """Sync and close the files, and release the lock; in a forked child, only close."""
        with self._lock:
            if self._folder.lock.forked:
                self._handles.failed = "forked"
            with ExitStack() as stack:  # which goes on after an error, and raises it at the end
                stack.callback(self._folder.close)
                stack.callback(self._handles.close_all)
                for partition in self._partitions:
                    stack.callback(partition.close)
                super().close()

    def delete(self) -> None:
        """Close the log, and delete it for good; what it has not written is left alone."""
        with self._lock:
            self._check_open()
            self._folder.lock.check()
            empty = not any(partition.end() for partition in self._partitions)
            self._folder.declare_deleted(empty)  # until here, nothing has changed
            self._handles.close_all()
            try:
                self._folder.delete()
            finally:
                super().close()
                self._folder.close()

    @property
    def id(self) -> str | None:
        """What tells it from another log made in its place; None if an older version made it."""
        return self._folder.id

    @property
    def strangers(self) -> list[Path]:
        """What lies in the log's folders and was not written by a log."""
        with self._lock:
            self._check_open()
            found = self._folder.strangers(self.partitions)
            return found + [path for each in self._partitions for path in each.strangers()]

    def _begin(self, partitions: int) -> None:
        """Open the folder, which has so many partitions, or is a new one (0: as it is)."""
        self._folder.open()
        with ExitStack() as undo:
            undo.callback(self._folder.close)
            found = self._folder.count()
            if found is None:
                undo.callback(self._folder.discard)
            if found and partitions not in (0, found):
                raise LogError(
                    f"The log {self.path} has {found} partitions, not {partitions}: leave out the "
                    "number, or call add_partitions."
                )
            number = found or partitions or 1
            self._partitions = self._make(range(number), self._folder.known)
            self.recovery += [cut for partition in self._partitions for cut in partition.cuts]
            self._take_back()
            if not self._folder.known:
                self._folder.name(new=not found)
                self._folder.write_count(number)
            self.grown = self._folder.grown
            self._install(self._partitions)
            undo.pop_all()
        _open.add(self)

    def _make(self, numbers: range, known: bool = False) -> Sequence[DiskPartition]:
        made: list[DiskPartition] = []
        try:
            for number in numbers:
                made.append(
                    DiskPartition(
                        self._folder.partition(number), self.fsync, self.segment_bytes,
                        self._handles, known=known, lossy=self._folder.lossy, clock=self.clock,
                    )
                )  # fmt: skip
        except OSError as error:
            raise refusal(self._folder.partition(len(made)), "opened", error) from error
        return made

    def _add_across(self, ready: dict[int, Any]) -> dict[int, range]:
        """Append to several partitions; a note in the folder makes it all or nothing."""
        parts = {number: self._partitions[number] for number in ready}
        if len(parts) < 2:
            return {number: part.add(ready[number]) for number, part in parts.items()}
        note = self.path / BATCH
        self._handles.check()
        try:
            write_note(note, {"ends": [(number, part.end()) for number, part in parts.items()]})
            offsets = {number: part.add(ready[number]) for number, part in parts.items()}
            if self.fsync != NEVER:
                for part in parts.values():
                    part.flush()
        except BaseException:
            self._take_back()
            raise
        with self._fatal():
            remove(note)
        return offsets

    def _take_back(self) -> None:
        """Undo a batch that was not written to all of its partitions."""
        note = self.path / BATCH
        with self._fatal():
            said = read_note(note)
            if said is not None:
                for number, end in said["ends"]:
                    self.recovery += self._partitions[number].cut_to(end)
                if not self._handles.failed:  # else the next opening has to look again
                    remove(note)

    @contextmanager
    def _fatal(self) -> Iterator[None]:
        """Append nothing more after a failure that leaves a batch between all and nothing."""
        try:
            yield
        except BaseException as error:
            self._handles.failed = (
                f"{self.path} has a batch that may not be whole ({error}): reopen the log, which "
                "decides."
            )
            raise

    def _tend(self, partition: P) -> P:
        self._folder.lock.check()
        return super()._tend(partition)

    def _check_open(self) -> None:
        if self._folder.lock.forked:
            self._folder.lock.check()
        super()._check_open()

    def _abandon(self) -> None:
        """Leave the log to the parent of this process."""
        self.partitions, self.ends = 0, []
        self._folder.lock.abandon()
        self._handles.close_all()


_open: WeakSet[DurableEventLog] = WeakSet()


def _abandon_all() -> None:
    for log in list(_open):
        log._abandon()


if hasattr(os, "register_at_fork"):  # a forked child must not write to its parent's files
    os.register_at_fork(after_in_child=_abandon_all)
