"""What a disk promises, and how a log asks for it.

Written bytes go to the operating system's memory first: killing the process loses none of them, but
a power cut may lose them all. `fsync` waits until the disk has them, which takes as long as
thousands of appends; so when to call it is a choice (`Fsync`). A file's entry in its folder is
written separately from the file, and needs an fsync of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from errno import EDQUOT, EFBIG, EMFILE, ENFILE, ENOSPC
from io import FileIO
from math import inf
from pathlib import Path

from pubsub_kit.errors import brief
from pubsub_kit.log.settings import LogError


class LogFull(LogError):
    """No room, or too many open files: nothing has changed, and the log goes on once there is."""


class LogFailed(LogError):
    """The disk failed; after a failed fsync you must reopen the log before you append again."""


class LogCorrupt(LogError):
    """Stored bytes or files have changed; the message names the file, and the offset if any."""


@dataclass(frozen=True, slots=True)
class Fsync:
    """When appended records must be on the disk itself, and so what can be lost.

                                   a killed process loses   a power cut loses
        always()                   nothing                  nothing that was acknowledged
        every(records=, seconds=)  nothing                  what came after the last fsync
        never()                    nothing                  what the system had not yet written

    An append reaches the operating system before it returns, hence the first column. The seconds
    are checked only at an append, so the tail of an idle log waits for `flush` or `close`. After a
    power cut, `never` may even leave a hole in the middle; the log then refuses to open.
    """

    records: float = inf
    seconds: float = inf

    def __post_init__(self) -> None:
        for name, value in (("records", self.records), ("seconds", self.seconds)):
            number = isinstance(value, int | float) and value.__class__ is not bool
            if not number or not (value > 0 or (value == 0 and name == "seconds")):
                raise LogError(f"An fsync is due after {name} above 0, not {brief(value)}.")

    @classmethod
    def always(cls) -> Fsync:
        """Fsync before each append returns: the safest choice, and by far the slowest."""
        return cls(records=1)

    @classmethod
    def every(cls, records: float | None = None, seconds: float | None = None) -> Fsync:
        """Fsync after so many records or seconds, whichever comes first (None: no limit)."""
        policy = cls(inf if records is None else records, inf if seconds is None else seconds)
        if policy == cls():
            raise LogError("Fsync.every needs a number of records, or of seconds, or both.")
        return policy

    @classmethod
    def never(cls) -> Fsync:
        """Leave it to the operating system."""
        return cls()


ALWAYS, NEVER = Fsync.always(), Fsync.never()
MOST_OPEN = 16  # files of a log, for appending


def write_all(file: FileIO, data: bytes) -> None:
    """Write all of `data`: a disk that is filling up may take only part of it."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def write_anew(path: Path, data: bytes) -> None:
    """Create or replace a file in one step: a crash leaves the whole old file or the whole new one.

    It may also leave a `.tmp` draft to be removed. Raises LogFull or LogFailed.
    """
    swap_in(path, data)
    with writing(path):
        sync_folder(path.parent)


def swap_in(path: Path, data: bytes) -> None:
    """Do the first part of `write_anew`: if it raises LogFull or LogFailed, the old file is there.

    Its folder is still to be synced: until then, a power cut may bring the old one back.
    """
    draft = path.with_suffix(".tmp")
    with writing(path):
        try:
            with FileIO(draft, "w") as file:
                write_all(file, data)
                os.fsync(file.fileno())
            os.replace(draft, path)
        except BaseException:
            with suppress(OSError):
                draft.unlink()
            raise


def remove(path: Path) -> None:
    """Delete a file, if it is there, for good; raises LogFailed."""
    with writing(path):
        path.unlink(missing_ok=True)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Put a folder's list of files on the disk; Windows has no such call."""
    if os.name != "nt":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the system's refusal to write into a sentence."""
    try:
        yield
    except OSError as error:
        raise refusal(path, "written", error) from error


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn the system's refusal to read into a sentence."""
    try:
        yield
    except OSError as error:
        raise refusal(path, "read", error) from error


def refusal(path: Path, done: str, error: OSError) -> LogError:
    """Say what the system refuses to have done with a file, and what to do."""
    if error.errno in (ENOSPC, EDQUOT, EFBIG):
        return LogFull(
            f"There is no room to write {path} ({error.strerror}): make some, then try again."
        )
    if error.errno in (EMFILE, ENFILE):
        return LogFull(
            f"{path} can't be opened ({error.strerror}): close some files, then try again."
        )
    what = "check the disk"
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        what = "it was moved or deleted, so put it back"
    return LogFailed(f"{path} can't be {done} ({error.strerror}): {what}.")


class Handles:
    """The files that a log has open for appending: few, however many partitions it has.

    `failed` says why nothing more may be appended to any of them. After a failed fsync, the system
    may have dropped the very pages that it could not write, and a second fsync would prove nothing
    (https://lwn.net/Articles/752063/).
    """

    def __init__(self, fsync: Fsync) -> None:
        self.fsync, self.failed = fsync, ""
        self._open: dict[Path, FileIO] = {}  # the one used last comes last
        self._last: Path | None = None

    def check(self) -> None:
        """Raise LogFailed if an fsync has failed."""
        if self.failed:
            raise LogFailed(self.failed)

    def get(self, path: Path) -> FileIO:
        """Return a file that exists, open for reading and writing; raises OSError."""
        if path == self._last:
            return self._open[path]
        file = self._open.pop(path, None)
        if file is None:
            self._make_room(MOST_OPEN - 1)
            try:
                file = FileIO(path, "r+")
            except OSError as error:
                if error.errno not in (EMFILE, ENFILE) or not self._open:
                    raise
                self._make_room(0)
                file = FileIO(path, "r+")
        self._open[path], self._last = file, path
        return file

    def sync(self, path: Path) -> None:
        """Wait until the disk has a file; raises LogFailed, and then for ever."""
        self.check()
        try:
            os.fsync(self.get(path).fileno())
        except OSError as error:
            self.failed = (
                f"fsync failed for {path} ({error.strerror}), so the last appends may not be on the"
                " disk: check the disk, then reopen the log."
            )
            raise LogFailed(self.failed) from error

    def close(self, path: Path) -> None:
        """Close a file, if it is open."""
        if file := self._open.pop(path, None):
            self._last = None
            file.close()

    def close_all(self) -> None:
        """Close all files."""
        self._last = None
        while self._open:
            self._open.popitem()[1].close()

    def _make_room(self, most: int) -> None:
        while len(self._open) > most:
            path = next(iter(self._open))
            if self.fsync != NEVER:  # a later fsync might not hear of an error that was before it
                self.sync(path)
            self.close(path)
