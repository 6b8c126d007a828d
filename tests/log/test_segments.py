"""The log on disk: its files and folders, and its one writer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit.log.disk_partition import DiskPartition
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import LogError
from pubsub_kit.log.rows import to_row
from pubsub_kit.log.segments import DurableEventLog, Fsync, LogCorrupt, LogLocked, SegmentedFile


def event(data: Any, key: str | None = None, time: float = 0) -> Event:
    return Event.new("test", data, id="1", key=key, time=time)


def contents(log: DurableEventLog, partition: int = 0) -> list[tuple[int, Any]]:
    return [(offset, each.data) for offset, each in log.read(partition, 0, 10**9)]


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "orders"


# Files and folders


def test_a_log_is_a_folder_of_files_named_by_their_first_offset(path: Path) -> None:
    with DurableEventLog(path, 2, segment_bytes=180) as log:
        for i in range(5):
            log.append(event(i), partition=1)
    assert files(path) == [
        "0/00000000000000000000.log", "0/files", "1/00000000000000000000.log",
        "1/00000000000000000003.log", "1/files", "lock", "partitions",
    ]  # fmt: skip


def test_a_record_is_the_events_row(path: Path) -> None:
    with DurableEventLog(path) as log:
        log.append(event({"total": 42}))
    stored = (path / "0/00000000000000000000.log").read_bytes()
    assert stored.endswith(to_row(event({"total": 42})).encode() + b",")


def test_cloudevents_json_is_read_too_beside_rows(path: Path) -> None:
    """So were all records kept at first, and so are those whose data is bytes."""
    events = [event(0), event(b"bytes", "ann"), event({"total": 42})]
    DurableEventLog(path).close()
    file = SegmentedFile(path / "0")
    file.append_batch([each.to_json().encode() for each in events])
    file.close()
    with DurableEventLog(path) as log:
        log.append_batch(events)
        assert [each for _, each in log.read(0, 0)] == events * 2


@pytest.mark.parametrize("size", [1, 130, 10**6])
def test_what_was_appended_is_there_when_opened_again(path: Path, size: int) -> None:
    for turn in range(3):
        with DurableEventLog(path, segment_bytes=size) as log:
            assert contents(log) == [(i, i) for i in range(turn * 51)]
            log.append_batch(event(turn * 51 + i) for i in range(50))
            log.append(event(turn * 51 + 50))
            assert (log.recovery, log.end()) == ([], turn * 51 + 51)


def test_the_end_survives_when_all_else_is_gone(path: Path) -> None:
    with DurableEventLog(path, clock=lambda: 0) as log:
        log.append_batch(event(None, "k", time=i) for i in range(9))
        log.compact(now=1e9)
    with DurableEventLog(path) as log:
        assert (log.start(), log.end(), contents(log)) == (9, 9, [])
        assert log.append(event(0)) == 9


def test_the_number_of_partitions_is_kept(path: Path) -> None:
    with DurableEventLog(path, 2) as log:
        log.add_partitions(9)
        assert log.append(event("last"), 10) == 0
    with DurableEventLog(path) as log:
        assert log.partitions == 11
        assert contents(log, 10) == [(0, "last")]
    with DurableEventLog(path, 11) as log:
        assert log.partitions == 11


def test_another_number_of_partitions_is_refused(path: Path) -> None:
    DurableEventLog(path, 3).close()
    for number in (1, 2, 4):
        with pytest.raises(LogError, match=rf"3 partitions, not {number}: leave out the number"):
            DurableEventLog(path, number)


def test_a_crash_while_partitions_are_made_leaves_all_or_none(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = DiskPartition.__init__

    def dies_at(number: int) -> Any:
        def make(self: DiskPartition, folder: Path, *rest: Any, **options: Any) -> None:
            if folder.name == str(number):
                raise KeyboardInterrupt
            real(self, folder, *rest, **options)

        return make

    for number in range(3):
        with monkeypatch.context() as patch:
            patch.setattr(DiskPartition, "__init__", dies_at(number))
            with pytest.raises(KeyboardInterrupt):
                DurableEventLog(path, 3)
    with DurableEventLog(path, 2) as log:
        log.append(event(0), 1)
        monkeypatch.setattr(DiskPartition, "__init__", dies_at(4))
        with pytest.raises(KeyboardInterrupt):
            log.add_partitions(3)
        assert log.partitions == 2
        assert log.append(event(1), 1) == 1
    monkeypatch.undo()
    with DurableEventLog(path) as log:
        assert log.partitions == 2
        log.add_partitions(3)
        assert contents(log, 1) == [(0, 0), (1, 1)]
        assert log.append(event("last"), 4) == 0


def test_a_folder_that_cannot_be_used_is_named(path: Path) -> None:
    path.write_text("a file")
    with pytest.raises(LogError, match=rf"The log {path} can't be opened: "):
        DurableEventLog(path)


def test_bytes_can_be_kept_too(path: Path) -> None:
    file = SegmentedFile(path, Fsync.never(), segment_bytes=200)
    assert file.append_batch([b"", b"\0" * 100, bytes(range(256))]) == range(3)
    assert file.append_batch([b"x"]) == range(3, 4)
    file.close()
    again = SegmentedFile(path)
    assert again.read_batch(1, 9) == [(1, b"\0" * 100), (2, bytes(range(256))), (3, b"x")]
    again.close()


# One writer


def test_a_second_writer_is_refused_in_the_same_process(path: Path) -> None:
    with DurableEventLog(path), pytest.raises(LogLocked, match=rf"{path} is open elsewhere: close"):
        DurableEventLog(path)
    DurableEventLog(path).close()


def test_a_second_writer_is_refused_in_another_process(path: Path) -> None:
    program = f"from pubsub_kit.log.segments import DurableEventLog as D; D({str(path)!r})"
    with DurableEventLog(path):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "LogLocked: The log" in done.stderr
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_log_that_was_refused_is_not_left_locked(path: Path) -> None:
    DurableEventLog(path).close()
    damaged = path / "0/00000000000000000000.log"
    damaged.write_bytes(b"#" * 100)
    for _ in range(2):
        with pytest.raises(LogCorrupt):
            DurableEventLog(path)
    DurableEventLog(path, accept_loss=True).close()


def test_a_system_that_has_no_locks_is_not_mistaken_for_a_second_writer(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: Any) -> None:
        raise OSError(37, "No locks available")

    fcntl = pytest.importorskip("fcntl")
    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(LogError, match=rf"{path} can't be opened: .*No locks available"):
        DurableEventLog(path)
