"""A log's folder: who may write there, how many partitions there are, and what is not the log's.

`partitions` says how many there are, and is written last when a log is made or grows. So a crash
leaves the old number, and a folder that is missing is noticed. When a log is deleted, it says so
first; the next opening finishes what a crash has interrupted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from pubsub_kit.errors import brief
from pubsub_kit.log import files, records
from pubsub_kit.log.disk import LogCorrupt, reading, remove, sync_folder, writing
from pubsub_kit.log.ids import fresh_id
from pubsub_kit.log.lock import FolderLock, LogLocked
from pubsub_kit.log.notes import read_note, write_note
from pubsub_kit.log.settings import MOST, LogError

COUNT, BATCH = "partitions", "batch"
_NUMBER = re.compile(r"0|[1-9][0-9]{0,4}", re.ASCII)


class Folder:
    """The folder of one log; raises LogError for what can't be one.

    A relative path is made absolute at once, and a link followed: neither leads elsewhere later.
    """

    def __init__(self, path: str | Path, lossy: bool) -> None:
        if not isinstance(path, str | Path) or path == "":
            raise LogError(f"A log needs the path of a folder, not {brief(path)}.")
        try:
            self.path = Path(path).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            name = brief(str(path))
            raise LogError(f"The log {name} can't be opened: {brief(error)}.") from error
        self.lossy = lossy
        self.known = False  # whether somebody has written down how many partitions there are
        self.id: str | None = None  # of the log, given when it is made
        self.grown: list[list[int]] = []  # see EventLog
        self._lock: FolderLock | None = None

    def open(self) -> None:
        """Create the folder if need be, and lock it; raises LogLocked or LogError."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = FolderLock(self.path)
            sync_folder(self.path.parent)
        except OSError as error:
            self.close()
            raise LogError(f"The log {self.path} can't be opened: {error.strerror}.") from error

    @property
    def lock(self) -> FolderLock:
        """The lock of a folder that is open."""
        if self._lock is None:
            raise LogLocked(f"The log {self.path} is not open.")
        return self._lock

    def close(self) -> None:
        """Release the lock, if there is one."""
        if self._lock is not None:
            self._lock.close()

    def partition(self, number: int) -> Path:
        """Return the folder of a partition."""
        return self.path / str(number)

    def count(self) -> int | None:
        """Return how many partitions there should be, or None for a new log.

        Raises LogCorrupt if the note of it is damaged, or missing in a log that has events.
        """
        with reading(self.path):
            return self._count()

    def _count(self) -> int | None:
        note = self._note()
        if note is not None:
            if "deleted" not in note:
                self.known, self.id, self.grown = True, note.get("id"), note.get("grown", [])
                return int(note["partitions"])
            self.sweep()
            return None
        versions = {*_versions(self.path)}
        if (records.VERSION, True) in versions and not self.lossy:
            raise LogCorrupt(
                f"{self.path / COUNT}, the number of partitions, is missing. {files.LOST}"
            )
        old = any(version < records.VERSION for version, _ in versions)
        if old or (self.lossy and versions):
            return max(_numbers(self.path)) + 1
        return None

    def name(self, new: bool) -> None:
        """Give a new log an id of its own; an older one may have been known without."""
        self.id = fresh_id() if new else None

    def write_count(self, partitions: int, grown: list[list[int]] | None = None) -> None:
        """Write down how many partitions there are, and how the log has grown."""
        grown = self.grown if grown is None else grown
        note = {"partitions": partitions, "id": self.id, "grown": grown}
        write_note(self.path / COUNT, {name: value for name, value in note.items() if value})
        self.grown = grown

    def strangers(self, partitions: int) -> list[Path]:
        """Return what lies in the folder and is not one of these partitions, nor the log's."""
        own = {"lock", COUNT, BATCH, f"{COUNT}.tmp", f"{BATCH}.tmp", *map(str, range(partitions))}
        with reading(self.path):
            return sorted(path for path in self.path.iterdir() if path.name not in own)

    def declare_deleted(self, empty: bool) -> None:
        """Say that the log is deleted: from now on it is, whatever happens.

        An `empty` one is no log any more without its count, so that no room is needed.
        """
        if empty:
            remove(self.path / COUNT)
        else:
            write_note(self.path / COUNT, {"deleted": True})

    def discard(self) -> None:
        """Undo the making of a log, as far as the system lets it."""
        with suppress(OSError, LogError):
            self.delete()

    def delete(self) -> None:
        """Delete all that the log has written, and the folder if nothing else is in it."""
        with reading(self.path):
            self.sweep()
        with writing(self.lock.path):
            self.lock.remove()
        with suppress(OSError):  # strangers live there
            self.path.rmdir()

    def sweep(self) -> None:
        """Delete the files of a log that has been declared deleted, and last the declaration."""
        for number in _numbers(self.path):
            folder = self.partition(number)
            for path in sorted(folder.iterdir(), key=lambda path: path.name != files.NOTE):
                if files.is_own(path):  # the list first: without it, no file is missing
                    remove(path)
            with suppress(OSError):
                folder.rmdir()
        for name in (BATCH, f"{BATCH}.tmp", f"{COUNT}.tmp", COUNT):
            remove(self.path / name)

    def _note(self) -> dict[str, Any] | None:
        try:
            note: dict[str, Any] | None = read_note(self.path / COUNT)
        except LogCorrupt:
            if self.lossy:
                return None
            raise
        return note


def is_log(path: Path) -> bool:
    """Return whether a folder holds a log; any other, such as lost+found, is a stranger's.

    A log that is being deleted is none any more, nor is one whose making a crash has interrupted.
    """
    try:
        if not path.is_dir():
            return False
        note = read_note(path / COUNT)
    except (LogError, OSError):
        return True  # damaged; opening says how
    if note is not None:
        return "deleted" not in note
    with reading(path):
        return any(full or version < records.VERSION for version, full in _versions(path))


def logs_in(folder: Path) -> tuple[list[str], list[Path]]:
    """Return the names of the logs in a folder, and the paths of all that is none."""
    with reading(folder):
        paths = sorted(folder.iterdir())
    found = {path for path in paths if is_log(path)}
    return [path.name for path in paths if path in found], [p for p in paths if p not in found]


def _numbers(path: Path) -> list[int]:
    """Return the numbers of the folders that hold a partition."""
    names = [each.name for each in path.iterdir() if _NUMBER.fullmatch(each.name)]
    return sorted(
        int(name) for name in names if int(name) < MOST and files.is_partition(path / name)
    )


def _versions(path: Path) -> Iterator[tuple[int, bool]]:
    """Go through the segment files in a log: the version of each, and whether it has records."""
    for number in _numbers(path):
        for each in (path / str(number)).glob("[0-9]" * 20 + ".log"):
            version, full = files.version_of(each) if each.is_file() else (0, False)
            if version:
                yield version, full
