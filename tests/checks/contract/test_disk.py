"""The states in which a crash can leave a folder, as they are seen while somebody writes to it."""

from __future__ import annotations

import os
import resource
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from pubsub_kit.checks.contract import disk, handles
from pubsub_kit.checks.contract.disk import MOST, left_by_a_crash, look, watched


def left(folder: Path, write: Callable[[], object]) -> list[dict[str, bytes]]:
    """Return each state that a crash can leave, once."""
    _, seen = watched(folder, write)
    found: list[dict[str, bytes]] = []
    for state in left_by_a_crash(seen):
        if state.files not in found:
            found.append(dict(state.files))
    return found


def test_an_append_can_stop_after_any_byte(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"ab")

    def append() -> None:
        with open(tmp_path / "log", "ab") as file:
            file.write(b"cde")

    assert left(tmp_path, append) == [{"log": b"abcde"[:n]} for n in (2, 3, 4, 5)]


def test_two_flushes_are_two_writes(tmp_path: Path) -> None:
    def write() -> None:
        with open(tmp_path / "a", "wb") as one, open(tmp_path / "b", "wb") as other:
            one.write(b"1")
            other.write(b"2")
            other.flush()

    states = left(tmp_path, write)
    assert {"a": b"", "b": b"2"} in states
    assert {"a": b"1", "b": b""} not in states


def test_writing_a_file_anew_empties_it_first(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"ab")
    states = left(tmp_path, lambda: (tmp_path / "log").write_bytes(b"xy"))
    assert states == [{"log": text} for text in (b"ab", b"", b"x", b"xy")]


def test_a_rename_is_done_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"ab")

    def replace() -> None:
        (tmp_path / "new").write_bytes(b"xyz")
        os.replace(tmp_path / "new", tmp_path / "log")

    states = left(tmp_path, replace)
    assert {state["log"] for state in states} == {b"ab", b"xyz"}
    assert {"log": b"ab", "new": b"xy"} in states


def test_a_change_within_a_file_is_done_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"0000body")

    def count() -> None:
        with open(tmp_path / "log", "r+b", buffering=0) as file:
            file.write(b"0001")

    assert left(tmp_path, count) == [{"log": b"0000body"}, {"log": b"0001body"}]


def test_what_sqlite_writes_is_left_to_it(tmp_path: Path) -> None:
    def write() -> None:
        db = sqlite3.connect(tmp_path / "log")
        with db:
            db.execute("create table log (data)")
        db.close()

    states = left(tmp_path, write)
    assert len(states) <= 4
    assert {len(state.get("log", b"")) % 512 for state in states} == {0}


def test_folders_are_laid_out_again(tmp_path: Path) -> None:
    files = {"log/": b"", "log/0": b"tea", "log/old/": b"", "log/old/1": b"", "other": b"\n"}
    disk.lay(tmp_path, files)
    assert look(tmp_path) == files


def test_of_a_large_file_as_many_positions_are_tried_as_of_a_small_one() -> None:
    assert [*disk.spread(0, 5)] == [0, 1, 2, 3, 4]
    assert MOST <= len(disk.spread(0, 50_000)) < 2 * MOST
    assert len(disk.spread(0, 1_000_000)) < MOST


def test_files_that_are_left_open_are_closed(tmp_path: Path) -> None:
    numbers = [os.open(tmp_path / str(n), os.O_CREAT | os.O_RDWR) for n in range(100)]
    handles.close_left_open(tmp_path)
    if Path("/proc/self/fd").exists():
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(numbers[0])
    else:
        for number in numbers:
            os.close(number)


def test_a_few_files_that_are_left_open_are_left_alone(tmp_path: Path) -> None:
    with open(tmp_path / "log", "wb") as file:
        handles.close_left_open(tmp_path)
        file.write(b"still open")


def test_there_is_room_for_many_files_for_a_while() -> None:
    kinds = resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE
    before = [resource.getrlimit(kind) for kind in kinds]
    with handles.room():
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= min(handles.ENOUGH, before[0][1])
        assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == handles.LONGEST
    assert [resource.getrlimit(kind) for kind in kinds] == before
