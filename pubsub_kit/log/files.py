"""Which files a partition has, written down, so that a missing one is noticed.

    orders/0/files      {"sealed":[[0,16777310],[42000,16777250,9000]],"active":84000,"gone":[]}

A sealed file is listed with its first offset and its size in bytes: two sizes while compaction
replaces it. Files that retention or compaction deletes are taken off the list first, and are named
in "gone" until that is done. A new file is there before it is on the list; if it is not listed, it
was never written to, so opening removes it.

So of each file with a name such as 00000000000000042000.log, opening can say whether it belongs
here. What the log has not written is a stranger: it is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from pubsub_kit.log import records
from pubsub_kit.log.disk import LogCorrupt, reading, remove
from pubsub_kit.log.notes import read_note, write_note
from pubsub_kit.log.segment import WAYS_OUT, Segment

NOTE = "files"
_NAME = re.compile(r"[0-9]{20}\.log", re.ASCII)
_OWN = re.compile(r"[0-9]{20}\.(log|tmp|damaged)|files(\.tmp)?", re.ASCII)


class Listed(NamedTuple):
    """A file that should be there, by its first offset; no sizes: it may have any."""

    base: int
    sizes: Sequence[int] = ()


def path_of(folder: Path, base: int) -> Path:
    """Return the path of the file that begins with an offset."""
    return folder / f"{base:020}.log"


def write_list(
    folder: Path,
    segments: Sequence[Segment],
    gone: Iterable[int] = (),
    swap: tuple[Segment, int] | None = None,
) -> None:
    """Write down the files of a partition, the last of which is active.

    `gone` are about to be deleted; the one in `swap` is about to have another size, in bytes.
    """
    *sealed, active = segments
    sizes = {each.base: [each.size] for each in sealed}
    if swap is not None:
        sizes[swap[0].base].append(swap[1])
    rows = [[base, *each] for base, each in sizes.items()]
    write_note(folder / NOTE, {"sealed": rows, "active": active.base, "gone": list(gone)})


def read_list(folder: Path, known: bool, lossy: bool) -> list[Listed] | None:
    """Return the files that a partition should have; None if nobody has written it down.

    That is so for a new partition, and for one of an earlier version, unless it is `known` to be
    otherwise. Removes what a crash has left; raises LogCorrupt for what is missing or too much,
    except if it is `lossy`.
    """
    there = {int(path.stem): path for path in folder.glob("*.log") if _NAME.fullmatch(path.name)}
    for draft in folder.glob("*.tmp"):
        if _OWN.fullmatch(draft.name):
            draft.unlink()
    try:
        note = read_note(folder / NOTE)
    except LogCorrupt:
        if not lossy:
            raise
        note = None
    if note is None:
        versions = [version_of(path) for path in there.values() if path.is_file()]
        old = any(version == 1 for version, _ in versions)
        if not lossy and ((records.VERSION, True) in versions or (known and not old)):
            raise LogCorrupt(f"{folder / NOTE}, the list of the files there, is missing. {LOST}")
        return None
    listed = [Listed(base, sizes) for base, *sizes in note["sealed"]] + [Listed(note["active"])]
    for base, path in there.items():
        if base not in {each.base for each in listed}:
            _judge(path, base in note["gone"], lossy)
    for each in listed:
        if each.base not in there and not lossy:
            raise LogCorrupt(
                f"{path_of(folder, each.base)} is missing: it held the events from offset "
                f"{each.base} on. {LOST}"
            )
    return listed


LOST = f"{WAYS_OUT} what is lost."


def version_of(path: Path) -> tuple[int, bool]:
    """Return the version of a file's format (0: not a log's), and whether it has records."""
    with reading(path), FileIO(path) as file:
        head = file.read(records.START + 1)
    for version in range(1, records.VERSION + 1):
        if head[: records.START] == records.file_header(int(path.stem), version):
            return version, len(head) > records.START
    return 0, len(head) > records.START


def _judge(path: Path, gone: bool, lossy: bool) -> None:
    """Remove a file that is not on the list if a crash has left it; leave a stranger alone."""
    if not path.is_file():
        return
    with reading(path), FileIO(path) as file:
        head = file.read(records.START + 1)
    if head[:6] != records.MAGIC:
        return
    if gone or head == records.file_header(int(path.stem)):
        remove(path)
    elif not lossy:
        raise LogCorrupt(
            f"{path} is not on the list of this partition's files, {path.parent / NOTE}, but has "
            "events: move it away, or restore the list that belongs to it."
        )


def strangers(folder: Path, segments: Sequence[Segment]) -> list[Path]:
    """Return what is in the folder of a partition and is not of the log."""
    own = {each.path for each in segments}
    with reading(folder):
        return sorted(
            path
            for path in folder.iterdir()
            if path not in own and (_NAME.fullmatch(path.name) or not _OWN.fullmatch(path.name))
        )


def is_partition(folder: Path) -> bool:
    """Return whether a folder has files of a partition."""
    return folder.is_dir() and any(is_own(path) for path in folder.iterdir())


def is_own(path: Path) -> bool:
    """Return whether a log has written a file, going by its name, and by how a .log begins."""
    if not _OWN.fullmatch(path.name) or not path.is_file():
        return False
    if path.suffix != ".log":
        return True
    with reading(path), FileIO(path) as file:
        head = file.read(len(records.MAGIC))
    return records.MAGIC.startswith(head)
