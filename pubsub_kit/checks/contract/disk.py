"""A folder, and every state in which a crash can leave it.

While a call is watched, the folder is looked at each time a function of C's returns (a write, a
flush, a rename), since that is how Python code changes a file. So one sees the states in the order
in which they came. A crash can fall between two of them. Where a file grew from one to the next, it
can fall after any byte, too; a rename is done as a whole, and so is a change within what was there.
SQLite's files are left as they are: what a crash makes of them, its journal puts right.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")
#: The files of a folder by their paths in it; a folder's path ends with "/".
Files = Mapping[str, bytes]
SQLITE = b"SQLite format 3\0"
MOST = 600  # bytes of a file that are tried one by one; of a larger one, as many evenly spread
_LARGE = 65_536  # bytes: of more, a tenth as many are tried, since it takes long to write them
_LOOKS = 3_000  # in one call that is watched


class State(NamedTuple):
    """What a crash leaves: the files; of one it cut, what would have been in it, and where."""

    files: Files
    name: str = ""
    whole: bytes = b""
    cut: int | None = None  # None: it fell between two writes


def look(folder: str | Path) -> dict[str, bytes]:
    """Return what is in a folder, at any depth."""
    found: dict[str, bytes] = {}
    for entry in sorted(os.scandir(folder), key=lambda each: each.name):
        if entry.is_dir(follow_symlinks=False):
            found[f"{entry.name}/"] = b""
            found |= {f"{entry.name}/{name}": data for name, data in look(entry.path).items()}
        elif entry.is_file(follow_symlinks=False):
            with open(entry.path, "rb") as file:
                found[entry.name] = file.read()
    return found


def lay(folder: Path, files: Files) -> None:
    """Make an empty folder hold these files."""
    for name, data in files.items():
        if name.endswith("/"):
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(data)


def watched(folder: Path, call: Callable[[], T]) -> tuple[T, list[dict[str, bytes]]]:
    """Make a call; return what it does, and the states of the folder that it went through."""
    seen, looks, before = [look(folder)], 0, sys.getprofile()

    def hook(frame: FrameType, event: str, arg: Any) -> None:
        nonlocal looks
        if event in ("c_return", "c_exception", "return") and looks < _LOOKS:
            looks += 1
            _see(folder, seen)

    sys.setprofile(hook)
    try:
        answer = call()
    finally:
        sys.setprofile(before)
    _see(folder, seen)
    return answer, seen


def _see(folder: Path, seen: list[dict[str, bytes]]) -> None:
    try:
        now = look(folder)
    except OSError:  # a file went away between its name and its bytes
        return
    if now != seen[-1]:
        seen.append(now)


def left_by_a_crash(seen: list[dict[str, bytes]]) -> Iterator[State]:
    """Yield each state that a crash can leave while a folder goes through these, the last too."""
    for before, after in pairwise(seen):
        yield State(before)
        changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        if len(changed) == 1 and (name := changed[0]) in after and not is_sqlite(after, name):
            old, new = before.get(name, b""), after[name]
            for cut in spread(len(old), len(new)):
                yield State({**after, name: new[:cut]}, name, new, cut)
    yield State(seen[-1])


def spread(start: int, stop: int) -> range:
    """Return the positions from `start` to before `stop`, or some of them, evenly spread."""
    most = MOST if stop - start < _LARGE else MOST // 10
    return range(start, stop, max((stop - start) // most, 1))


def is_sqlite(files: Files, name: str) -> bool:
    """Say whether a file is a database of SQLite's, or belongs to one."""
    return any(
        data.startswith(SQLITE) and (name == other or name.startswith(f"{other}-"))
        for other, data in files.items()
    )


def places(files: Files, before: Files, records: list[bytes]) -> Iterator[tuple[str, int]]:
    """Yield each (file, position) whose byte a log has to guard, of files that were as `before`.

    Of large files it yields what was written since; of SQLite's, what are the records' own bytes.
    """
    for name, data in files.items():
        old = before.get(name, b"")
        if not is_sqlite(files, name):
            large = len(data) > MOST and len(old) == len(data)
            some = [at for at, byte in enumerate(data) if byte != old[at]] if large else ()
            yield from ((name, at) for at in some or spread(0, len(data)))
        elif data.startswith(SQLITE):
            for record in records:
                if (start := data.find(record)) >= 0:
                    yield from ((name, at) for at in range(start, start + len(record)))


def changed(files: Files, name: str, at: int, new: bytes) -> dict[str, bytes]:
    """Return files in which some bytes of one are others."""
    data = files[name]
    return {**files, name: data[:at] + new + data[at + len(new) :]}
