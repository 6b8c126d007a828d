"""A segment: one file of a partition, and its sparse index.

The index, an (offset, position) for every 32nd record, makes a read from the middle cheap. It
exists only in memory: opening a file reads and checks every byte once, and builds it.
"""

from __future__ import annotations

import os
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from typing import Self

from pubsub_kit.log import records
from pubsub_kit.log.disk import LogCorrupt, LogFailed, reading, refusal

EVERY = 32


class Segment:
    """One file: where it ends, in bytes and as an offset, and its sparse index.

    `payload` is the size of its records alone. `newest` is the latest time of its events, or None
    as long as nobody has looked.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.base, self.version = path, int(path.stem), records.VERSION
        self.size, self.count, self.payload, self.end = records.START, 0, 0, self.base
        self.offsets, self.positions = list[int](), list[int]()
        self.newest: float | None = None
        self._marked = -EVERY  # records before the last entry of the index
        self._name = str(path)
        self._seen: tuple[int, int] | None = None  # its inode and device

    def scan(self) -> Self:
        """Check and index the whole file; at a BadRecord, keep what came before it."""
        with reading(self.path), FileIO(self.path) as file:
            data = file.readall()
            here = os.fstat(file.fileno())
        self._seen = here.st_ino, here.st_dev
        return self.index(data)

    def index(self, data: bytes) -> Self:
        """Check and index what is in the file; at a BadRecord, keep what came before it."""
        self.version = records.check_header(data, self.base)
        pending = list[tuple[int, int, int, bytes]]()  # frames of an append that goes on
        try:
            for frame in records.frames(data, self.version, records.START):
                pending.append(frame)
                if not frame[2] & records.MORE:
                    self._take(pending)
                    pending.clear()
        except records.BadRecord as bad:
            if pending and bad.torn:
                bad.position, bad.offset = self.size, pending[0][1]
            bad.offset += self.base
            raise
        if pending:
            raise records.BadRecord(self.size, self.end, "the append is incomplete", torn=True)
        return self

    def _take(self, frames: Sequence[tuple[int, int, int, bytes]]) -> None:
        for position, number, count, body in frames:
            count &= ~records.MORE
            self._mark(number, position)
            self.count, self.payload = self.count + count, self.payload + len(body) - 5 * count
            self.end = self.base + number + count
            self.size = position + self._head + len(body) - (5 if self.version == 1 else 0)

    @property
    def _head(self) -> int:
        return records.HEAD_1.size if self.version == 1 else records.HEAD.size

    def _mark(self, number: int, position: int) -> None:
        if self.count >= self._marked + EVERY:
            self._marked = self.count
            self.offsets.append(self.base + number)
            self.positions.append(position)

    def begun(self) -> Self:
        """Take note of a file that was just written, and has no records."""
        with reading(self.path):
            here = os.stat(self.path)
        self._seen, self.newest = (here.st_ino, here.st_dev), float("-inf")
        return self

    def check(self) -> None:
        """Raise LogFailed unless the path still leads to this very file, or OSError."""
        here = os.stat(self._name)
        if (here.st_ino, here.st_dev) != self._seen:
            raise LogFailed(
                f"{self.path} was replaced while the log was open: nothing more is written. Put the"
                " file back, or reopen the log."
            )

    def grow(self, payloads: Sequence[bytes], size: int, marks: list[tuple[int, int]]) -> range:
        """Take note of payloads that were appended as frames of so many bytes in all, and where.

        Returns their offsets.
        """
        for number, position in marks:
            self._mark(number, self.size + position)
            self.count += min(records.MOST, self.end + len(payloads) - self.base - number)
        self.size, self.payload = self.size + size, self.payload + sum(map(len, payloads))
        offsets = range(self.end, self.end + len(payloads))
        self.end = offsets.stop
        return offsets

    def read(self, offset: int = 0, limit: int = sys.maxsize) -> list[records.Chunk]:
        """Return up to `limit` records from `offset` on, in chunks, each checked again."""
        found: list[records.Chunk] = []
        at = max(bisect_right(self.offsets, offset) - 1, 0)
        while limit > 0 and offset < self.end and at < len(self.positions):
            beyond = max(bisect_left(self.offsets, min(offset + limit, self.end)), at + 1)
            last = beyond >= len(self.positions)
            begin, stop = self.positions[at], self.size if last else self.positions[beyond]
            try:
                with FileIO(self._name) as file:
                    file.seek(begin)
                    data = _read_all(file, stop - begin)
                if len(data) < stop - begin:
                    raise records.BadRecord(len(data), self.end, "the file has become shorter")
                some = records.collect(data, self.version, self.base, offset, limit)
            except records.BadRecord as bad:
                raise corrupt(self.path, bad, begin) from bad
            except OSError as error:
                raise refusal(self.path, "read", error) from error
            found += some
            limit -= sum([len(sizes) for _, sizes, _ in some])
            at, offset = beyond, self.end if last else self.offsets[beyond]
        return found

    def position(self, offset: int) -> int:
        """Return where the first frame from an offset on begins, or the end."""
        with reading(self.path):
            data = self.path.read_bytes()[: self.size]
        found = records.frames(data, self.version, records.START)
        return next((at for at, number, *_ in found if self.base + number >= offset), self.size)


def _read_all(file: FileIO, size: int) -> bytes:
    data: bytes = file.read(size)
    while len(data) < size and (more := file.read(size - len(data))):
        data += more
    return data


def corrupt(path: Path, bad: records.BadRecord, begin: int = 0) -> LogCorrupt:
    """Say where a file is damaged, and the two ways out."""
    return LogCorrupt(
        f"{path} is damaged at byte {begin + bad.position}, offset {bad.offset}: {bad.reason}. "
        f"Nothing was deleted. {WAYS_OUT} that record and all later ones in the file."
    )


WAYS_OUT = (
    "Restore the file from a backup, or open the log once with accept_loss=True to go on without"
)
