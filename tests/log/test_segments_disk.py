"""The log on disks that fail, fill up, or are asked to sync: what it then promises."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit.log import disk, segmented_file
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import LogError
from pubsub_kit.log.segments import DurableEventLog, Fsync, LogFailed, LogFull


def event(data: Any, key: str | None = None) -> Event:
    return Event.new("test", data, id="1", key=key, time=0)


def contents(log: DurableEventLog) -> list[tuple[int, Any]]:
    return [(offset, each.data) for offset, each in log.read(0, 0)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "orders"


# When it syncs


class Syncs:
    """Counts the calls of fsync on files, and makes them fail when told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count, self.fails, self.clock, self.real = 0, False, 0.0, os.fsync
        monkeypatch.setattr(os, "fsync", self)
        monkeypatch.setattr(segmented_file, "monotonic", lambda: self.clock)

    def __call__(self, handle: int) -> None:
        if self.fails:
            raise OSError(errno.EIO, "Input/output error")
        self.count += 1
        self.real(handle)


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> Syncs:
    return Syncs(monkeypatch)


def counts(syncs: Syncs, log: DurableEventLog, appends: int = 6) -> list[int]:
    """Append events one by one, a second apart; return how many syncs there were by then."""
    begin = syncs.count
    seen = []
    for i in range(appends):
        syncs.clock += 1
        log.append(event(i))
        seen.append(syncs.count - begin)
    return seen


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Fsync.always(), [1, 2, 3, 4, 5, 6]),
        (Fsync.every(records=3), [0, 0, 1, 1, 1, 2]),
        (Fsync.every(seconds=2), [0, 1, 1, 2, 2, 3]),
        (Fsync.every(records=3, seconds=2), [0, 1, 1, 2, 2, 3]),
        (Fsync.never(), [0, 0, 0, 0, 0, 0]),
    ],
)
def test_a_policy_says_when_to_sync(
    path: Path, syncs: Syncs, policy: Fsync, expected: list[int]
) -> None:
    with DurableEventLog(path, fsync=policy) as log:
        assert counts(syncs, log) == expected
        before = syncs.count
        log.flush()
        assert syncs.count == before + 1


def test_a_batch_counts_its_records_and_syncs_once(path: Path, syncs: Syncs) -> None:
    with DurableEventLog(path, fsync=Fsync.every(records=10)) as log:
        before = syncs.count
        log.append_batch(event(i) for i in range(9))
        assert syncs.count == before
        log.append_batch(event(i) for i in range(50))
        assert syncs.count == before + 1


def test_a_flush_reaches_the_files_that_were_sealed_unsynced(path: Path, syncs: Syncs) -> None:
    with DurableEventLog(path, fsync=Fsync.never(), segment_bytes=130) as log:
        for i in range(7):
            log.append(event(i))
        files = len(list(path.rglob("*.log")))
        for expected in (files, 1):
            before = syncs.count
            log.flush()
            assert syncs.count == before + expected
        assert files > 2


def test_closing_syncs_what_waits(path: Path, syncs: Syncs) -> None:
    log = DurableEventLog(path, fsync=Fsync.every(records=10))
    log.append(event(0))
    before = syncs.count
    log.close()
    assert syncs.count == before + 1


def test_every_needs_a_number() -> None:
    with pytest.raises(LogError, match=r"^Fsync\.every needs a number of records, or of seconds"):
        Fsync.every()


def test_after_a_failed_sync_the_log_promises_nothing_more(path: Path, syncs: Syncs) -> None:
    log = DurableEventLog(path)
    log.append(event("safe"))
    syncs.fails = True
    with pytest.raises(
        LogFailed, match=r"^fsync failed for .+\(Input/output error\).+reopen the log\.$"
    ):
        log.append(event("unsure"))
    syncs.fails = False
    with pytest.raises(LogFailed, match=r"^fsync failed"):
        log.append(event("later"))
    assert (contents(log), log.end()) == ([(0, "safe")], 1)
    log.close()
    with DurableEventLog(path) as log:
        assert contents(log)[0] == (0, "safe")
        assert "later" not in dict(contents(log)).values()
        log.append(event("again"))


# A full disk


class FullDisk(FileIO):
    """A file on a disk with `room` bytes left: it takes what it can, and then refuses."""

    room = 10**9

    def write(self, data: Any) -> int:
        part = bytes(data)[: FullDisk.room]
        if not part and len(data):
            raise OSError(errno.ENOSPC, "No space left on device")
        FullDisk.room -= len(part)
        return super().write(part)


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FullDisk]]:
    monkeypatch.setattr(disk, "FileIO", FullDisk)
    monkeypatch.setattr(segmented_file, "FileIO", FullDisk)
    yield FullDisk
    FullDisk.room = 10**9


NO_ROOM = r"^There is no room to write .+\(No space left on device\): make some, then try again"


@pytest.mark.parametrize("room", range(0, 500, 23))
def test_an_append_without_room_changes_nothing(
    path: Path, full_disk: type[FullDisk], room: int
) -> None:
    with DurableEventLog(path, segment_bytes=130) as log:
        log.append(event("before"))
        full_disk.room = room
        with pytest.raises(LogFull, match=NO_ROOM):
            log.append_batch(event(i) for i in range(12))
        assert (contents(log), log.end()) == ([(0, "before")], 1)
        full_disk.room = 10**9
        assert log.append(event("after")) == 1
    with DurableEventLog(path) as log:
        assert log.recovery == []
        assert contents(log) == [(0, "before"), (1, "after")]


@pytest.mark.parametrize("room", range(0, 200, 23))
def test_a_compaction_without_room_changes_nothing(
    path: Path, full_disk: type[FullDisk], room: int
) -> None:
    with DurableEventLog(path) as log:
        log.append_batch(event(i, "k" if i % 2 else f"k{i}") for i in range(8))
        full_disk.room = room
        with pytest.raises(LogFull, match=NO_ROOM):
            log.compact()
        assert contents(log) == [(i, i) for i in range(8)]
        full_disk.room = 10**9
        log.append(event("after"))
        assert log.compact() == 3
    with DurableEventLog(path) as log:
        assert contents(log) == [(0, 0), (2, 2), (4, 4), (6, 6), (7, 7), (8, "after")]
        assert list(path.rglob("*.tmp")) == []


# The same with a kernel that refuses: a limit on a file's size, or a file system of 64 KiB.

FILL = """
import sys
from pathlib import Path
from pubsub_kit.log.event import Event
from pubsub_kit.log.segments import DurableEventLog, Fsync, LogFull

kind, path = sys.argv[1], Path(sys.argv[2])
policy = Fsync.always() if kind == "tmpfs" else Fsync.never()
log = DurableEventLog(path / "log", fsync=policy)
log.append(Event.new("t", "before"))
if kind == "limit":
    import resource
    size = (path / "log/0/00000000000000000000.log").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 5000, resource.RLIM_INFINITY))
else:
    (path / "ballast").write_bytes(bytes(40_000))
refused = 0
for attempt in range(2):
    try:
        log.append_batch([Event.new("t", i) for i in range(500)])
    except LogFull:
        refused += 1
    assert [e.data for _, e in log.read(0, 0)] == ["before"], "it is not as it was"
if kind == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
else:
    (path / "ballast").unlink()
log.append(Event.new("t", "after"))
log.close()
log = DurableEventLog(path / "log")
print(refused, log.recovery, [e.data for _, e in log.read(0, 0)])
"""
SMALL_DISK = 'mount -t tmpfs -o size=64k none "$0" && exec "$@"'


def small_disk(folder: str, *command: str) -> list[str]:
    """Return a command that runs another with `folder` as a disk of 64 KiB of its own."""
    return ["unshare", "--mount", "sh", "-c", SMALL_DISK, folder, *command]


def can_mount() -> bool:
    try:
        return subprocess.run(small_disk("/mnt", "true"), capture_output=True).returncode == 0
    except OSError:
        return False


KINDS = (["limit"] if os.name == "posix" else []) + (["tmpfs"] if can_mount() else [])


@pytest.mark.parametrize("kind", KINDS)
def test_a_disk_that_is_really_full_is_survived(tmp_path: Path, kind: str) -> None:
    command = [sys.executable, "-c", FILL, kind, str(tmp_path)]
    if kind == "tmpfs":
        command = small_disk(str(tmp_path), *command)
    said = subprocess.run(command, capture_output=True, text=True)
    assert (said.stdout, said.stderr) == ("2 [] ['before', 'after']\n", "")


# Being interrupted


def test_an_interrupted_append_leaves_nothing_behind(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_half(file: FileIO, data: bytes) -> None:
        file.write(data[: len(data) // 2])
        raise KeyboardInterrupt

    with DurableEventLog(path) as log:
        log.append(event("before"))
        with monkeypatch.context() as patch:
            patch.setattr(segmented_file, "write_all", write_half)
            with pytest.raises(KeyboardInterrupt):
                log.append_batch(event(i) for i in range(10))
        assert log.append(event("after")) == 1
    with DurableEventLog(path) as log:
        assert (log.recovery, contents(log)) == ([], [(0, "before"), (1, "after")])
