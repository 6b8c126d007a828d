"""One writer: the process, and the object in it, that may use a log's folder.

The lock is the system's, on a file in the folder; it goes with the process that holds it. It is
looked at again before every append: a folder that was moved, deleted or made anew under an open log
has another file there, or none. A forked child holds no lock, or there would be two writers.
"""

from __future__ import annotations

import os
import sys
from io import FileIO
from pathlib import Path

from pubsub_kit.log.settings import LogError


class LogLocked(LogError):
    """Another process, or another object in this process, has the log open."""


_held: set[Path] = set()  # in a browser, which has one process and no locks


class FolderLock:
    """A lock on a folder that exists; raises LogLocked, or the system's OSError."""

    def __init__(self, folder: Path) -> None:
        self.path, self.forked = folder / "lock", False
        if sys.platform == "emscripten" and self.path in _held:
            raise self._locked()
        self._file = FileIO(self.path, "a")
        try:
            _lock(self._file)
            here = os.fstat(self._file.fileno())
            self._name, self._seen = str(self.path), (here.st_ino, here.st_dev)
            self.check()
        except OSError as error:
            self._file.close()
            if not isinstance(error, BlockingIOError | PermissionError):
                raise
            raise self._locked() from error
        except LogError:
            self._file.close()
            raise
        _held.add(self.path)

    def check(self) -> None:
        """Raise LogError unless the lock's file is still the one that this process has locked."""
        if self.forked:
            raise LogError(
                f"The log {self.path.parent} was opened before this process was forked, and is its "
                "parent's: close it there first, then open it here."
            )
        try:
            here = os.stat(self._name)
            if (here.st_ino, here.st_dev) == self._seen:
                return
        except OSError:
            pass
        raise LogError(
            f"The log {self.path.parent} was moved, deleted or made anew while it was open "
            f"({self.path} is not the same file): nothing more is written. Put the folder back, or "
            "open the log again."
        )

    def abandon(self) -> None:
        """Leave the lock to the parent of this process."""
        self.forked = True
        self._file.close()
        _held.discard(self.path)

    def close(self) -> None:
        """Release the lock."""
        self._file.close()
        _held.discard(self.path)

    def remove(self) -> None:
        """Release the lock, and delete its file."""
        if sys.platform == "win32":  # where an open file can't be deleted
            self.close()
        self.path.unlink(missing_ok=True)
        self.close()

    def _locked(self) -> LogLocked:
        return LogLocked(
            f"The log {self.path.parent} is open elsewhere: close it there, or use another folder."
        )


def _lock(file: FileIO) -> None:
    """Lock a file until it is closed."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    elif sys.platform != "emscripten":
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
