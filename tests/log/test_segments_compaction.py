"""Compaction and retention that die half-way: what is left is right, and can be gone on with."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit.log import disk
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import LogError
from pubsub_kit.log.retention import Retention
from pubsub_kit.log.segments import DurableEventLog, Fsync

DAY = 86_400.0
SMALL = 230  # bytes a file: about four events
Pairs = list[tuple[int, Event]]


def state(pairs: Pairs) -> dict[str | None, Any]:
    """Return what a reader of the whole log knows in the end: the latest of each key."""
    latest = {event.key: event.data for _, event in pairs}
    return {key: data for key, data in latest.items() if data is not None}


def pairs_in(path: Path) -> Pairs:
    with DurableEventLog(path, fsync=Fsync.never()) as log:
        return log.read(0, 0, 10**9)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of seven files, with old tombstones far behind what they delete."""
    path = tmp_path_factory.mktemp("full") / "log"
    rows: list[tuple[Any, str | None]] = [(i, key) for i in range(4) for key in "abcd"]
    rows += [(None, "a"), (None, "b"), (7, "b"), (8, "e"), (None, "c"), (9, None), (None, "d")]
    with DurableEventLog(path, fsync=Fsync.never(), segment_bytes=SMALL, clock=lambda: 0) as log:
        for data, key in rows:
            log.append(Event.new("t", data, id="1", time=0, key=key))
    return path


def is_between(found: Pairs, before: Pairs, after: Pairs) -> None:
    """Check that nothing was lost, made up, or brought back from the dead."""
    assert set(dict(after)) <= set(dict(found)) <= set(dict(before))
    assert found == [pair for pair in before if pair[0] in dict(found)]
    assert state(found) == state(before)


@pytest.fixture(scope="module")
def compacted(full: Path, tmp_path_factory: pytest.TempPathFactory) -> Pairs:
    """What a compaction that nothing disturbs leaves."""
    path = tmp_path_factory.mktemp("compacted") / "log"
    shutil.copytree(full, path)
    with DurableEventLog(path, fsync=Fsync.never(), segment_bytes=SMALL) as log:
        assert log.compact(2 * DAY) == 20
        return log.read(0, 0)


DIE = """
import os, sys
from pubsub_kit.log import disk
from pubsub_kit.log.retention import Retention
from pubsub_kit.log.segments import DurableEventLog
path, act, steps, small = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
log = DurableEventLog(path, segment_bytes=small, retention=Retention(max_bytes=250))

def step(real):
    def run(*arguments, **options):
        global steps
        if not steps:
            os._exit(9)
        steps -= 1
        return real(*arguments, **options)
    return run

def write_slowly(file, data):
    for begin in range(0, len(data), 60):
        step(file.write)(data[begin:begin + 60])

for name in ("fsync", "replace", "unlink", "truncate"):
    setattr(os, name, step(getattr(os, name)))
disk.write_all = write_slowly
log.compact(2 * 86_400.0) if act == "compact" else log.retain(0)
"""


def dies_at_each_step(full: Path, folder: Path, act: str) -> list[Path]:
    """Return what is left of a log when a process dies at the first, second, … step of an act."""
    left: list[Path] = []
    code = 9
    while code == 9:
        left.append(folder / f"step{len(left)}")
        shutil.copytree(full, left[-1])
        arguments = [str(left[-1]), act, str(len(left) - 1), str(SMALL)]
        command = [sys.executable, "-S", "-c", DIE, *arguments]
        code = subprocess.run(command, cwd=Path(disk.__file__).parents[2]).returncode
    assert code == 0
    return left


def test_compaction_may_die_at_any_step(full: Path, compacted: Pairs, tmp_path: Path) -> None:
    before = pairs_in(full)
    left = dies_at_each_step(full, tmp_path, "compact")
    assert len(left) > 20
    for path in left:
        with DurableEventLog(path, fsync=Fsync.never(), segment_bytes=SMALL) as log:
            assert list(path.rglob("*.tmp")) == []
            is_between(log.read(0, 0), before, compacted)
            assert (log.recovery, log.end()) == ([], len(before))
            log.compact(2 * DAY)
            assert log.read(0, 0) == compacted
            assert log.append(compacted[0][1]) == len(before)
        assert pairs_in(path)[:-1] == compacted


def test_retention_may_die_at_any_step(full: Path, tmp_path: Path) -> None:
    before = pairs_in(full)
    left = dies_at_each_step(full, tmp_path, "retain")
    assert len(left) > 5
    for path in left:
        found = pairs_in(path)
        assert found == before[len(before) - len(found) :]
        assert len(found) >= 5


@pytest.mark.parametrize("name", ["fsync", "replace", "unlink"])
def test_compaction_may_be_refused_at_any_step(
    full: Path, compacted: Pairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before, real = pairs_in(full), getattr(os, name)
    for steps in range(40):
        path = tmp_path / f"step{steps}"
        shutil.copytree(full, path)
        log = DurableEventLog(path, segment_bytes=SMALL)
        with monkeypatch.context() as patch:
            patch.setattr(os, name, fails_after(steps, real))
            said = refusal(log)
        is_between(log.read(0, 0), before, compacted)
        log.close()
        if not said:
            break
        assert "Input/output error" in said
        with DurableEventLog(path, segment_bytes=SMALL) as log:
            is_between(log.read(0, 0), before, compacted)
            log.compact(2 * DAY)
            assert log.read(0, 0) == compacted
    assert said == ""
    assert pairs_in(path) == compacted
    assert steps >= 2


def refusal(log: DurableEventLog) -> str:
    try:
        log.compact(2 * DAY)
    except LogError as error:
        return str(error)
    return ""


def fails_after(steps: int, real: Callable[..., Any]) -> Callable[..., Any]:
    left = [steps]

    def run(*arguments: Any, **options: Any) -> Any:
        if not left[0]:
            raise OSError(errno.EIO, "Input/output error")
        left[0] -= 1
        return real(*arguments, **options)

    return run


def test_an_interrupted_compaction_can_be_read_and_gone_on_with(
    full: Path, compacted: Pairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    shutil.copytree(full, path)
    before = pairs_in(path)
    with DurableEventLog(path, segment_bytes=SMALL) as log:
        with monkeypatch.context() as patch:
            patch.setattr(disk, "sync_folder", interrupted)
            for _ in range(3):
                with pytest.raises(KeyboardInterrupt):
                    log.compact(2 * DAY)
                is_between(log.read(0, 0), before, compacted)
        assert log.append(before[0][1]._replace(key=None)) == len(before)
        log.compact(2 * DAY)
    assert [offset for offset, _ in pairs_in(path)] == [*dict(compacted), len(before)]


def interrupted(*_: Any) -> None:
    raise KeyboardInterrupt


def test_files_that_hold_nothing_any_more_are_deleted(full: Path, tmp_path: Path) -> None:
    path = tmp_path / "log"
    shutil.copytree(full, path)
    with DurableEventLog(path, segment_bytes=SMALL, retention=Retention(tombstone_age=0)) as log:
        files = len(list(path.rglob("*.log")))
        log.compact(1)
        assert len(list(path.rglob("*.log"))) < files
        for _ in range(3):
            assert log.compact(1) == 0
            assert len(list(path.rglob("*.log"))) < files
