"""What surprises a log: forks, moved folders, strangers, missing files. Nothing is lost by them."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from struct import pack
from typing import Any
from zlib import crc32

import pytest

from pubsub_kit.log import disk, records
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog, LogError
from pubsub_kit.log.retention import Retention
from pubsub_kit.log.rows import to_row
from pubsub_kit.log.segments import (
    DurableEventLog,
    Fsync,
    LogCorrupt,
    LogFailed,
    LogFull,
    LogLocked,
    is_log,
    logs_in,
)

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")


def event(data: Any, key: str | None = None, time: float = 0) -> Event:
    return Event.new("test", data, id="1", key=key, time=time)


def contents(log: EventLog, partition: int = 0) -> list[Any]:
    return [each.data for _, each in log.read(partition, 0, 10**9)]


def segments(path: Path) -> list[Path]:
    return sorted(path.rglob("*.log"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "orders"


@pytest.fixture
def small(path: Path) -> DurableEventLog:
    """An open log of many files."""
    log = DurableEventLog(path, segment_bytes=300, fsync=Fsync.never())
    for i in range(40):
        log.append(event(i))
    return log


# Another process


def in_child(act: Callable[[], Any]) -> str:
    """Return what a forked child says: what an act refuses, or that it was done."""
    read_end, write_end = os.pipe()
    if not (child := os.fork()):
        try:
            act()
            said = "done"
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(write_end, said.encode())
        os._exit(0)
    os.close(write_end)
    os.waitpid(child, 0)
    with FileIO(read_end) as file:
        return file.readall().decode()


@forks
def test_a_forked_child_is_refused_and_the_parent_goes_on(path: Path) -> None:
    with DurableEventLog(path) as log:
        log.append(event("before"))
        for act in (lambda: log.append(event("child")), log.flush, lambda: log.read(0, 0)):
            assert "was opened before this process was forked" in in_child(act)
        assert "LogLocked" in in_child(lambda: DurableEventLog(path))
        assert in_child(log.close) == "done"
        with pytest.raises(LogLocked):
            DurableEventLog(path)
        log.append(event("after"))
        assert contents(log) == ["before", "after"]


@forks
def test_a_child_that_outlives_its_parent_does_not_hold_the_log(path: Path) -> None:
    program = f"""
import os, sys
from pubsub_kit.log.segments import DurableEventLog
log = DurableEventLog({str(path)!r})
if os.fork():
    os._exit(0)
print("alive", flush=True)
sys.stdin.readline()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "alive\n"
        process.wait()
        DurableEventLog(path).close()


# Folders that move


def test_a_relative_path_means_the_same_folder_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with DurableEventLog("orders", segment_bytes=200) as log:
        monkeypatch.chdir(tmp_path / "elsewhere")
        for i in range(9):
            log.append(event(i))
        assert contents(log) == list(range(9))
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_link_that_is_pointed_elsewhere_takes_no_event_along(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "a")
    with DurableEventLog(link, segment_bytes=200) as log:
        link.unlink()
        link.symlink_to(tmp_path / "b")
        for i in range(9):
            log.append(event(i))
    assert list((tmp_path / "b").iterdir()) == []
    with DurableEventLog(tmp_path / "a") as log:
        assert contents(log) == list(range(9))


@pytest.mark.parametrize("bad", ["", "a\0b", 5, None, b"orders"])
def test_what_is_no_path_is_refused(bad: Any) -> None:
    with pytest.raises(LogError, match=r"needs the path of a folder|can't be opened"):
        DurableEventLog(bad)


def aside(path: Path) -> Path:
    """Move a folder aside; return where it was."""
    path.rename(path.with_name("aside"))
    return path


Break = Callable[[Path], Any]
BREAKS: dict[str, Break] = {
    "the active file is deleted": lambda path: segments(path)[-1].unlink(),
    "the active file is moved": lambda path: segments(path)[-1].rename(path / "aside"),
    "the active file is shorter": lambda path: os.truncate(segments(path)[-1], 30),
    "the active file is longer": lambda path: segments(path)[-1].open("ab").write(b"more"),
    "the folder is deleted": shutil.rmtree,
    "the folder is moved": lambda path: path.rename(path.with_name("aside")),
    "the folder is made anew": lambda path: DurableEventLog(aside(path)).close(),
    "the lock is made anew": lambda path: aside(path / "lock").touch(),
}  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="Windows lets nobody move a file that is open")
@pytest.mark.parametrize("what", BREAKS)
def test_nothing_is_acknowledged_into_files_that_somebody_changed(path: Path, what: str) -> None:
    log = DurableEventLog(path, fsync=Fsync.never())
    for i in range(3):
        log.append(event(i))
    BREAKS[what](path)
    for _ in range(2):
        with pytest.raises(LogError, match=r"(open|written|put it back)"):
            log.append(event("lost"))
        assert log.end() == 3


def test_a_file_that_is_gone_is_a_sentence_for_a_reader(small: DurableEventLog, path: Path) -> None:
    segments(path)[2].unlink()
    with pytest.raises(LogFailed, match=r"\.log can't be read .*put it back"):
        small.read(0, 0)
    small.append(event("on"))


# Files that are missing, or too many


@pytest.mark.parametrize("which", [0, 3, -1])
def test_a_missing_file_is_refused_until_its_loss_is_accepted(
    small: DurableEventLog, path: Path, which: int
) -> None:
    end = small.end()
    small.close()
    lost = segments(path)[which]
    lost.unlink()
    before = segments(path)
    for _ in range(2):
        with pytest.raises(LogCorrupt, match=rf"{lost} is missing: it held .*accept_loss=True"):
            DurableEventLog(path)
        assert segments(path) == before
    with DurableEventLog(path, accept_loss=True) as log:
        assert [cut.path for cut in log.recovery] == [lost]
        assert set(contents(log)) < set(range(40))
        base = int(lost.stem)
        assert log.append(event("on")) == (end if which != -1 else base)
    with DurableEventLog(path) as log:
        assert (contents(log)[-1], log.recovery) == ("on", [])


@pytest.mark.parametrize("missing", ["0", "1", "2", "1/files", "partitions"])
def test_a_missing_folder_or_list_is_refused(path: Path, missing: str) -> None:
    with DurableEventLog(path, 3) as log:
        log.append_across({n: [event(n)] for n in range(3)})
    gone = path / missing
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    with pytest.raises(LogCorrupt, match=rf"{gone}, .*, is missing\..*accept_loss=True"):
        DurableEventLog(path)
    with DurableEventLog(path, accept_loss=True) as log:
        assert sum(log.end(n) for n in range(log.partitions)) == 3 - missing.isdecimal()


def test_strangers_are_left_alone_and_named(path: Path) -> None:
    names = ["٣", "007", "12", "lost+found", "99", "0/notes.tmp", "0/notes.txt"]
    with DurableEventLog(path) as log:
        log.append(event(0))
    for name in names:
        (path / name).mkdir() if "/" not in name and name != "99" else (path / name).write_text("x")
    (path / "12" / "mine").write_text("x")
    empty = path / "0" / "00000000000000000900.log"
    empty.touch()
    with DurableEventLog(path) as log:
        assert (log.partitions, log.end()) == (1, 1)
        assert sorted(log.strangers) == sorted([*(path / name for name in names), empty])
    assert (path / "12" / "mine").read_text() == (path / "0" / "notes.tmp").read_text() == "x"
    assert empty.exists()


def test_a_stranger_is_not_written_over(path: Path) -> None:
    with DurableEventLog(path, segment_bytes=60) as log:
        log.append(event(0))
        (path / "0" / "00000000000000000001.log").write_text("mine")
        with pytest.raises(LogError, match=r"001\.log is in the way, and the log has not written"):
            log.append(event(1))
        (path / "0" / "00000000000000000001.log").unlink()
        assert log.append(event(1)) == 1


def test_a_file_of_the_log_that_is_not_on_its_list_is_refused(
    small: DurableEventLog, path: Path
) -> None:
    small.close()
    shutil.copy(segments(path)[1], path / "aside")
    with DurableEventLog(path, retention=Retention(max_bytes=0)) as log:
        log.retain(0)
    shutil.move(path / "aside", path / "0" / "00000000000000000003.log")
    with pytest.raises(LogError, match=r"003\.log is not on the list of this partition's files"):
        DurableEventLog(path)


def test_which_folders_are_logs(tmp_path: Path) -> None:
    DurableEventLog(tmp_path / "orders", 2).close()
    (tmp_path / "lost+found" / "0").mkdir(parents=True)
    (tmp_path / "photos" / "2024").mkdir(parents=True)
    (tmp_path / "photos" / "0").mkdir()
    (tmp_path / "photos" / "0" / "00000000000000000000.log").write_text("mine")
    (tmp_path / "readme").write_text("mine")
    names, others = logs_in(tmp_path)
    assert (names, [path.name for path in others]) == (
        ["orders"],
        ["lost+found", "photos", "readme"],
    )
    assert not is_log(tmp_path / "nowhere")


# Earlier and later versions


def write_v1(path: Path, events: list[Event], name: str = "0" * 20) -> None:
    """Write a file as version 1 did."""
    base = int(name)
    rows = [to_row(each).encode() for each in events]
    frames = [
        pack("<IiII", len(row), ~len(row), number, crc32(row, number)) + row
        for number, row in enumerate(rows)
    ]
    (path / "0").mkdir(parents=True, exist_ok=True)
    data = records.file_header(base, 1) + b"".join(frames)
    (path / "0" / f"{name}.log").write_bytes(data)


def test_a_log_of_version_1_is_read_and_gone_on_with(path: Path) -> None:
    old = [event(i, "ab"[i % 2]) for i in range(50)] + [event(None, "a", time=5)]
    write_v1(path, old)
    write_v1(path, old[:3], f"{51:020}")
    with DurableEventLog(path, segment_bytes=1000) as log:
        assert [each for _, each in log.read(0, 0)] == old + old[:3]
        assert [offset for offset, _ in log.read(0, 40, 3)] == [40, 41, 42]
        assert log.append(event("new")) == 54
        assert log.compact(0) == 52
    with DurableEventLog(path) as log:
        assert contents(log) == [1, 2, "new"]
        assert log.append(event("newer")) == 55


def test_a_torn_tail_and_damage_of_version_1_are_told_apart(path: Path) -> None:
    write_v1(path, [event(i) for i in range(3)])
    file = path / "0" / f"{0:020}.log"
    data = file.read_bytes()
    file.write_bytes(data[:-5] + b"?" + data[-4:])
    with pytest.raises(LogCorrupt, match=r"offset 2: the record fails its checksum"):
        DurableEventLog(path)
    file.write_bytes(data[:-5])
    with DurableEventLog(path) as log:
        assert (contents(log), len(log.recovery)) == ([0, 1], 1)


def test_a_later_version_says_so(path: Path) -> None:
    DurableEventLog(path).close()
    segments(path)[0].write_bytes(records.file_header(0, 7))
    with pytest.raises(LogCorrupt, match=r"its format is version 7, of a newer pubsub_kit"):
        DurableEventLog(path)


# Files that are open


def test_a_log_of_many_partitions_opens_few_files(path: Path) -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(os.listdir("/dev/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 30, hard))
    try:
        with DurableEventLog(path, 100) as log:
            for number in range(100):
                log.append(event(number), number)
            log.add_partitions(50)
            log.append(event("last"), 149)
        with DurableEventLog(path) as log:
            assert [contents(log, number) for number in range(100)] == [[n] for n in range(100)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_too_many_open_files_change_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with DurableEventLog(path, 2) as log:
        log.append(event(0))
        with monkeypatch.context() as patch:
            patch.setattr(disk, "FileIO", too_many)
            with pytest.raises(LogFull, match=r"Too many open files\): close some files, then try"):
                log.add_partitions(3)
            with pytest.raises(LogFull, match=r"Too many open files"):
                log.append(event("no"), 1)
        assert log.partitions == 2
        assert (log.append(event(1)), log.append(event(1), 1)) == (1, 0)
    with DurableEventLog(path) as log:
        assert log.partitions == 2


def too_many(*_: Any, **__: Any) -> None:
    raise OSError(errno.EMFILE, "Too many open files")


# The end of a log


@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_a_closed_log_refuses_everything_but_close(path: Path, kind: str) -> None:
    log = EventLog() if kind == "memory" else DurableEventLog(path)
    log.append(event(0))
    log.close()
    log.close()
    acts: list[Callable[[], Any]] = [
        log.flush, log.retain, log.compact, log.end, lambda: log.read(0, 0),
        lambda: log.append(event(1)), lambda: log.append_batch([]), lambda: log.append_across({}),
        lambda: log.add_partitions(1), lambda: log.offset_at(0, 0),
    ]  # fmt: skip
    for act in acts:
        with pytest.raises(LogError, match=r"is closed: open it again"):
            act()


def test_an_fsync_that_fails_ends_appending_in_all_partitions(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = DurableEventLog(path, 2)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing)
        with pytest.raises(LogFailed, match=r"^fsync failed"):
            log.append(event(0))
    for number in range(2):
        with pytest.raises(LogFailed, match=r"^fsync failed"):
            log.append(event(1), number)
    log.close()
    with DurableEventLog(path) as log:
        assert log.append(event(2), 1) == 0


def failing(_: int) -> None:
    raise OSError(errno.EIO, "Input/output error")


def test_a_deleted_log_is_gone_and_its_strangers_are_not(path: Path) -> None:
    log = DurableEventLog(path, 3)
    log.append(event(0))
    (path / "0" / "notes.txt").write_text("mine")
    log.delete()
    assert [str(p.relative_to(path)) for p in sorted(path.rglob("*"))] == ["0", "0/notes.txt"]
    with pytest.raises(LogError, match=r"is closed"):
        log.append(event(1))
    with DurableEventLog(path, 2) as log:
        assert (log.partitions, log.end()) == (2, 0)
    (path / "0" / "notes.txt").unlink()
    DurableEventLog(path).delete()
    assert not path.exists()


def test_a_deletion_that_dies_is_finished_at_the_next_opening(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, steps = os.unlink, 0
    done = False
    while not done:
        with DurableEventLog(path, 2) as log:
            log.append_across({0: [event(0)], 1: [event(1)]})
            with monkeypatch.context() as patch:
                patch.setattr(os, "unlink", dying(real, steps))
                try:
                    log.delete()
                    done = True
                except KeyboardInterrupt:
                    assert not is_log(path)
        steps += 1
    assert steps > 4


def dying(real: Callable[..., Any], after: int) -> Callable[..., Any]:
    left = [after]

    def run(*arguments: Any, **options: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    return run


# Threads


@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_threads_may_share_a_log(path: Path, kind: str) -> None:
    log = EventLog(compact=True)
    if kind == "disk":
        log = DurableEventLog(path, fsync=Fsync.never(), segment_bytes=3000, compact=True)
    offsets: list[int] = []
    failed: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for i in range(300):
                offsets.append(log.append(event(i, f"k{name}-{i % 5}")))
                if not i % 50:
                    log.compact()
                    log.read(0, 0)
        except BaseException as error:
            failed.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert failed == []
    assert sorted(offsets) == list(range(1200))
    log.compact()
    assert sorted(contents(log)) == sorted([*range(295, 300)] * 4)
