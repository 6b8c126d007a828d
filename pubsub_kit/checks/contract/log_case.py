"""A case: one kind of log under test, on real files, in folders that are cleared away afterwards.

A log under test is made by a factory, of a path at which there is nothing yet, or what a log left
there. It may make a file of it, or a folder, and put others beside it. It needs two verbs:

    append(data)       store bytes; return their offset: 0, 1, 2, …
    read(offset=0)     return a list of all data from that offset on

It is opened anew on a copy of its files, in another folder, as after a crash: whatever was not
given to the system is gone, and so is what an object or a class of the learner's remembers.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from pubsub_kit.checks.contract import disk, handles
from pubsub_kit.checks.contract.disk import Files
from pubsub_kit.checks.contract.trial import Broken, Trial, shown
from pubsub_kit.checks.sandbox.memory import Memory

#: Makes a log under test, of a path.
Factory = Callable[[Path], Any]


_FSYNC = os.fsync
OFFSETS = "any number is an offset"
_RAM = "/dev/shm"  # files in memory, where a system has them: no disk that others keep busy


def _checked(file: Any) -> None:
    os.fstat(file if isinstance(file, int) else file.fileno())


_KEPT = 4  # folders: in so many openings a row may still use one


class Damage(NamedTuple):
    """What was done to a file's bytes: which file, what it held, and where each record ended.

    It was cut at `at` (None: nowhere), or the bytes there became `new`. A step of the trace has it.
    """

    name: str
    before: bytes
    ends: tuple[tuple[str, int], ...]  # of each record by its name
    at: int | None = None
    new: bytes = b""


class LogCase(Trial):
    """A log, and the folders in which it is opened; `forget` wipes a learner's memory."""

    def __init__(self, factory: Factory) -> None:
        super().__init__()
        self.factory, self._forget = factory, Memory(factory).forget
        self._folders = 0

    def begin(self) -> None:
        """Make a folder to work in, and stand in it."""
        self._before = os.getcwd()
        self.base = Path(tempfile.mkdtemp(dir=_RAM if os.access(_RAM, os.W_OK) else None))
        os.chdir(self.base)
        setattr(os, "fsync", _checked)  # noqa: B010 — the system has it already: do not wait
        self._room = ExitStack()
        self._room.enter_context(handles.room())

    def end(self) -> None:
        """Delete the folders."""
        os.fsync = _FSYNC
        os.chdir(self._before)
        handles.close_left_open(self.base)
        self._room.close()
        shutil.rmtree(self.base, ignore_errors=True)

    def open(self, files: Files | None = None) -> Opened:
        """Open a log: where there is nothing, or where a crash has left these files."""
        folder = self._folder()
        disk.lay(folder, files or {})
        self._forget()
        self.making()
        if files is not None:
            self.now += 1
            self.note("restart", "log", text="opens it again")
        log = self._called("opening the log", lambda: self.factory(folder / "log"), folder)
        return Opened(self, log, folder)

    def opening_of(self, files: Files) -> list[dict[str, bytes]]:
        """Open a log on these files; return the states that they go through meanwhile."""
        folder = self._folder()
        disk.lay(folder, files)
        self._forget()
        self.making()
        make = partial(self.factory, folder / "log")
        return disk.watched(folder, lambda: self._called("opening the log", make, folder))[1]

    def _folder(self) -> Path:
        """Make a folder; delete the one that is no longer needed: a row goes on in its first."""
        self._folders += 1
        if self._folders - _KEPT > 2:
            shutil.rmtree(self.base / str(self._folders - _KEPT), ignore_errors=True)
        folder = self.base / str(self._folders)
        folder.mkdir()
        return folder

    def _called(self, does: str, call: Callable[[], Any], folder: Path) -> Any:
        """Ask something of the log; what it says of where the folder is, is not told."""
        try:
            return self.asked("log", does, call)
        except Broken as broken:
            if self.quiet:
                raise
            steps = self.trace.steps
            broken.words = _without(folder, broken.words)
            steps[-1] = steps[-1]._replace(text=_without(folder, steps[-1].text))
            raise


def _without(folder: Path, words: str) -> str:
    """Return a sentence without the folder that a case happens to work in."""
    return words.replace(f"{folder}{os.sep}", "").replace(str(folder), "its folder")


class Opened:
    """A log that was opened in a folder."""

    def __init__(self, case: LogCase, log: Any, folder: Path) -> None:
        self.case, self.log, self.folder = case, log, folder

    @property
    def files(self) -> dict[str, bytes]:
        """What is on the disk now."""
        return disk.look(self.folder)

    def append(self, data: bytes) -> Any:
        """Append data; return what the log says is its offset."""
        case, message = self.case, self.case.message()
        case.note("send", "you", "log", message, f"append {shown(data)}")
        offset = case._called("append()", lambda: self.log.append(data), self.folder)
        case.note("receive", "log", "you", message, f"append {shown(data)}")
        case.now += 1
        return offset

    def appends(self, *items: bytes, first: int = 0) -> None:
        """Append data, one after the other, whose offsets have to go on from `first`."""
        for due, data in enumerate(items, first):
            offset = self.append(data)
            words = f"append({shown(data)}) returned {shown(offset)}: its offset is {due}."
            number = isinstance(offset, int) and not isinstance(offset, bool)
            belief = OFFSETS if number else "misuse"
            self.case.expect(offset == due and number, words, belief=belief)

    def watch(self, *items: bytes) -> list[list[dict[str, bytes]]]:
        """Append data; return the states that the files went through, for each."""
        return [disk.watched(self.folder, partial(self.append, data))[1] for data in items]

    def read(self, *offset: int) -> list[bytes]:
        """Read from an offset on (by default from 0)."""
        does = f"read({', '.join(map(str, offset))})"
        case = self.case
        given = case._called(does, lambda: self.log.read(*offset), self.folder)
        words = f"{does} returned {shown(given)}: it has to return a list."
        case.expect(isinstance(given, list | tuple), words, belief="misuse")
        strange = next((each for each in given if not isinstance(each, bytes | bytearray)), None)
        words = f"{does} returned {shown(strange)} in its list, which holds no bytes: give the data"
        case.expect(strange is None, f"{words} alone, as it was appended.", belief="misuse")
        case.note("note", "log", text=f"{does} returns {said(given)}")
        return [*given]

    def holds(self, records: list[bytes], belief: str = "") -> None:
        """Expect to read exactly these records."""
        given = self.read()
        words = f"read() returned {said(given)} instead of {said(records)}."
        states = numbered(records), numbered(given)
        self.case.expect(given == records, words, None, belief, *states)

    def dies(self) -> bool:
        """Let go of the log; return whether its files only now got what had been appended."""
        before = self.files
        self.log = None
        gc.collect()
        return size_of(self.files) > size_of(before)


def size_of(files: Files) -> int:
    """Return how many bytes there are in all files."""
    return sum(map(len, files.values()))


def outcome(opened: Callable[[], Opened]) -> tuple[list[bytes], Broken | None]:
    """Open a log and read it; return its records, or none and what it raised."""
    try:
        return opened().read(), None
    except Broken as broken:
        if broken.belief != "raises":
            raise
        return [], broken


def said(records: list[bytes]) -> str:
    """Return records as a sentence names them."""
    if not records:
        return "nothing"
    words = [shown(bytes(each)) for each in records[:4]]
    return ", ".join([*words, *[f"… ({len(records)} records)"][: len(records) > 4]])


def numbered(records: list[bytes]) -> dict[str, str]:
    """Return records by their offsets, as a picture shows them side by side."""
    return {str(offset): shown(bytes(data)) for offset, data in enumerate(records[:8])}
