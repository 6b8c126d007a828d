"""What a disk promises, and how a log asks for it.

Written bytes are first in the operating system's memory: a process that is killed loses none of
them, a power cut may lose all. `fsync` waits until the disk has them, which takes as long as
thousands of appends do; so when to call it is a choice (`Fsync`). A file's place in its folder is
written apart from the file, and wants an fsync of its own.
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
    """There is no room on the disk: nothing has changed, and the log goes on once there is."""


class LogFailed(LogError):
    """The disk failed; after a failed fsync, appending is over until the log is opened anew."""


class Fsync(NamedTuple):
    """When the disk itself must have what was appended, and so what can be lost.

                                   a killed process loses   a power cut loses
        always()                   nothing                  nothing that was acknowledged
        every(records=, seconds=)  nothing                  what came since the last fsync
        never()                    nothing                  what the system had not yet written

    An append has reached the operating system before it returns, hence the first column. Seconds
    are looked at when appending: the tail of a log gone quiet waits for `flush` or `close`. After a
    power cut `never` may even leave a hole in the middle, and opening then refuses the log.
    """

    records: float = float("inf")
    seconds: float = float("inf")

    @classmethod
    def always(cls) -> Fsync:
        """Before each append returns: the safest, and the slowest by far."""
        return cls(records=1)

    @classmethod
    def every(cls, records: float = float("inf"), seconds: float = float("inf")) -> Fsync:
        """After so many records or so many seconds, whichever comes first."""
        if min(records, seconds) == float("inf"):
            raise LogError("Fsync.every needs a number of records or of seconds, or both.")
        return cls(records, seconds)

    @classmethod
    def never(cls) -> Fsync:
        """When the operating system pleases."""
        return cls()


ALWAYS, NEVER = Fsync.always(), Fsync.never()


def write_all(file: FileIO, data: bytes) -> None:
    """Write all of `data`: a disk that fills up may take a part of it first."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def write_anew(path: Path, data: bytes) -> None:
    """Make or replace a file in one step: a crash leaves the old one whole, or the new one.

    It may also leave a draft, `.tmp`, to be removed. Raises LogFull or LogFailed.
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
    """Make the disk have a folder's list of files; Windows has no such call."""
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
        raise LogFailed(f"{path} cannot be written ({error.strerror}): see to the disk.") from error
