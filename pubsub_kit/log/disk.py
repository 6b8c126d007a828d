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
from errno import EDQUOT, EFBIG, ENOSPC
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from pubsub_kit.log.memory import LogError


class LogFull(LogError):
    """The disk is full: nothing has changed, and the log goes on once there is room."""


class LogFailed(LogError):
    """The disk failed; after a failed fsync you must reopen the log before you append again."""


class Fsync(NamedTuple):
    """When appended records must be on the disk itself, and so what can be lost.

                                   a killed process loses   a power cut loses
        always()                   nothing                  nothing that was acknowledged
        every(records=, seconds=)  nothing                  what came after the last fsync
        never()                    nothing                  what the system had not yet written

    An append reaches the operating system before it returns, hence the first column. The seconds
    are checked only at an append, so the tail of an idle log waits for `flush` or `close`. After a
    power cut, `never` may even leave a hole in the middle; the log then refuses to open.
    """

    records: float = float("inf")
    seconds: float = float("inf")

    @classmethod
    def always(cls) -> Fsync:
        """Fsync before each append returns: the safest choice, and by far the slowest."""
        return cls(records=1)

    @classmethod
    def every(cls, records: float = float("inf"), seconds: float = float("inf")) -> Fsync:
        """Fsync after so many records or seconds, whichever comes first."""
        if min(records, seconds) == float("inf"):
            raise LogError("Fsync.every needs a number of records, or of seconds, or both.")
        return cls(records, seconds)

    @classmethod
    def never(cls) -> Fsync:
        """Leave it to the operating system."""
        return cls()


ALWAYS, NEVER = Fsync.always(), Fsync.never()


def write_all(file: FileIO, data: bytes) -> None:
    """Write all of `data`: a disk that is filling up may take only part of it."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def write_anew(path: Path, data: bytes) -> None:
    """Create or replace a file in one step: a crash leaves the whole old file or the whole new one.

    It may also leave a `.tmp` draft to be removed. Raises LogFull or LogFailed.
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
        sync_folder(path.parent)


def remove(path: Path) -> None:
    """Delete a file for good; raises LogFailed."""
    with writing(path):
        path.unlink()
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
        if error.errno in (ENOSPC, EDQUOT, EFBIG):
            raise LogFull(
                f"There is no room to write {path} ({error.strerror}): make some, then try again."
            ) from error
        raise LogFailed(f"{path} can't be written ({error.strerror}): check the disk.") from error
