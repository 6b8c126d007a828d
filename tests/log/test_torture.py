"""The log under kill -9, full disks and damaged bytes, at every place where they can strike.

PUBSUB_KIT_LONG=10 makes each of these tests ten times as thorough; without it, they are short.
"""

from __future__ import annotations

import errno
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit.log import disk
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import LogError
from pubsub_kit.log.notes import write_note
from pubsub_kit.log.retention import Retention
from pubsub_kit.log.segments import DurableEventLog, Fsync

pytestmark = pytest.mark.once

LONG = float(os.environ.get("PUBSUB_KIT_LONG", "1"))
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no kill -9")
State = list[list[tuple[int, Event]]]


def event(data: Any, key: str | None = None) -> Event:
    return Event.new("test", data, id="1", key=key, time=0)


def state(log: DurableEventLog) -> State:
    return [log.read(partition, 0, 10**9) for partition in range(log.partitions)]


def opened(path: Path, **options: Any) -> DurableEventLog:
    return DurableEventLog(path, fsync=Fsync.never(), segment_bytes=300, **options)


# Damaged bytes


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with all kinds of files: sealed, compacted and active ones, lists, and a batch."""
    path = tmp_path_factory.mktemp("full") / "log"
    with opened(path, partitions=2) as log:
        for i in range(8):
            log.append(event(i, "ab"[i % 2]), 0)
        log.compact()
        log.append_batch([event("x" * 50), event(None, "a")], 1)
        ends = [(number, log.end(number)) for number in range(2)]
        log.append(event("half of a batch"), 1)
    write_note(path / "batch", {"ends": ends})
    (path / "0" / "notes.txt").write_text("a stranger's")
    return path


def files(path: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}


def refused(path: Path) -> bool:
    try:
        DurableEventLog(path).close()
    except LogError:
        return True
    return False


@pytest.fixture
def _no_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save thousands of syncs, of which a process that reads what it wrote sees nothing."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.mark.usefixtures("_no_fsync")
def test_each_flipped_byte_in_each_file_is_refused(full: Path, tmp_path: Path) -> None:
    path = tmp_path / "log"
    shutil.copytree(full, path)
    step = max(1, round(5 / LONG))
    for file, data in files(path).items():
        if file.name in ("lock", "notes.txt"):
            continue
        for index in range(0, len(data), step):
            file.write_bytes(
                data[:index] + bytes([data[index] ^ (1 << index % 8)]) + data[index + 1 :]
            )
            before = files(path)
            assert refused(path), (file, index)
            assert files(path) == before
        file.write_bytes(data)
    assert not refused(path)


@pytest.mark.usefixtures("_no_fsync")
def test_each_file_that_is_cut_at_each_byte_is_refused_but_for_the_last(
    full: Path, tmp_path: Path
) -> None:
    with DurableEventLog(shutil.copytree(full, tmp_path / "whole")) as log:
        whole = state(log)
    step = max(1, round(5 / LONG))
    for file, data in files(full).items():
        if file.name in ("lock", "notes.txt"):
            continue
        active = file.suffix == ".log" and file == max(file.parent.glob("*.log"))
        for size in [*range(0, len(data), step), None]:
            path = tmp_path / "log"
            shutil.copytree(full, path)
            cut = path / file.relative_to(full)
            cut.unlink() if size is None else cut.write_bytes(data[:size])
            if active and size is not None:
                with DurableEventLog(path) as log:
                    for found, expected in zip(state(log), whole, strict=True):
                        assert found == expected[: len(found)]
            elif file.name != "batch" or size is not None:
                assert refused(path), (file, size)
            shutil.rmtree(path)


# A disk that is full, or fails


class Disk:
    """Refuses or dies at the `at`-th step of all that change a disk; counts them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
        self.at, self.act = sys.maxsize, act

        def step(real: Callable[..., Any]) -> Callable[..., Any]:
            def run(*arguments: Any, **options: Any) -> Any:
                self.at -= 1
                if self.at == 0:
                    self.act()
                return real(*arguments, **options)

            return run

        class File(FileIO):
            def write(file, data: Any) -> int:  # noqa: N805
                half = len(data) // 2
                step(super().write)(data[:half])
                return half + int(step(super().write)(data[half:]))

        monkeypatch.setattr(disk, "FileIO", File)
        for name in ("replace", "unlink", "truncate", "mkdir"):
            monkeypatch.setattr(os, name, step(getattr(os, name)))
        monkeypatch.setattr(os, "fsync", step(lambda handle: None))


def no_room() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def failing() -> None:
    raise OSError(errno.EIO, "Input/output error")


# What an act appends to each partition; those that append nothing are not here.
PARTS: dict[int, dict[int, list[Any]]] = {
    0: {0: [0]}, 1: {0: ["1", "one"]}, 2: {0: [2], 1: ["2", "two"]}, 4: {0: [4], 1: ["4" * 200]},
    6: {0: [6], 1: [6]}, 7: {0: [7]}, 9: {1: [9]},
}  # fmt: skip


def story(path: Path, acknowledged: Callable[[int], Any]) -> None:
    """Use a log in every way; say which acts it acknowledges."""
    log = DurableEventLog(path, 2, segment_bytes=300, retention=Retention(max_bytes=10**6))
    others: dict[int, Callable[[], Any]] = {
        3: lambda: log.append_batch([event(i, "k") for i in range(4)], 1),
        5: lambda: log.add_partitions(1),
        8: lambda: log.compact(0),
        10: lambda: log.retain(0),
    }
    try:
        for number in range(11):
            with suppress(LogError):
                if number in others:
                    others[number]()
                else:
                    parts = {p: [event(d) for d in data] for p, data in PARTS[number].items()}
                    if len(parts) == 2:
                        log.append_across(parts)
                    else:
                        [(partition, events)] = parts.items()
                        log.append_batch(events, partition)
                acknowledged(number)
    finally:
        with suppress(LogError):
            log.close()


def check(path: Path, acknowledged: list[int]) -> None:
    """Check that what was acknowledged is there, and that nothing is there by half."""
    with DurableEventLog(path) as log:
        if log.partitions == 1:  # the log itself was never made
            assert acknowledged == []
            return
        found = [[each.data for _, each in pairs] for pairs in state(log)]
        assert log.partitions == 3 or 5 not in acknowledged
        assert found[1].count(3) == 1 or 3 not in acknowledged
        for number, parts in PARTS.items():
            present = {data in found[p] for p, row in parts.items() for data in row}
            assert len(present) == 1, number
            assert True in present or number not in acknowledged
        log.append_across({0: [event("on")], 1: [event("on")]})


@pytest.mark.parametrize("act", [no_room, failing])
def test_a_disk_that_refuses_at_any_step_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]
) -> None:
    number, last = 0, False
    stride = 3 if LONG < 2 else 1
    while not last:
        number += stride
        path, said = tmp_path / f"log{number}", list[int]()
        with monkeypatch.context() as patch:
            refusing = Disk(patch, act)
            refusing.at = number
            try:
                story(path, said.append)
            except LogError:
                assert said == []
            last = refusing.at > 0
        check(path, said)
    assert number > 60


@forks
def test_a_process_that_dies_at_any_step_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, code = 0, 9
    stride = 3 if LONG < 2 else 1
    while code == 9:
        number += stride
        path, read_end, write_end = tmp_path / f"log{number}", *os.pipe()
        if not (child := os.fork()):
            Disk(monkeypatch, lambda: os._exit(9)).at = number
            story(path, partial(tell, write_end))
            os._exit(0)
        os.close(write_end)
        said = [*iter_bytes(read_end)]
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        check(path, said)
    assert (code, number > 60) == (0, True)


def tell(handle: int, done: int) -> None:
    os.write(handle, bytes([done]))


def iter_bytes(handle: int) -> Iterator[int]:
    with FileIO(handle) as file:
        yield from file.readall()


# Kill -9


KILLED = """
import os, sys
from pubsub_kit.broker.broker import Broker
from pubsub_kit.log.event import Event
from pubsub_kit.log.retention import Retention
from pubsub_kit.log.segments import DurableEventLog, Fsync

def work(folder, policy):
    fsync = eval("Fsync." + policy)
    if fsync != Fsync.always():  # of which a process that is killed sees nothing
        os.fsync = lambda handle: None
    across = DurableEventLog(folder + "/across", 3, fsync=fsync, segment_bytes=9_000)
    latest = DurableEventLog(folder + "/latest", fsync=fsync, segment_bytes=9_000, compact=True)
    window = DurableEventLog(folder + "/window", fsync=fsync, segment_bytes=9_000,
                             retention=Retention(max_bytes=20_000))
    broker = Broker(folder + "/broker", fsync=fsync, commit_every=7)
    broker.topic("orders")
    group = broker.subscribe("orders", "billing", start="earliest")
    n = across.end(0)
    while True:
        across.append_across({p: [Event.new("t", n, time=0)] for p in range(3)})
        latest.append_batch([Event.new("t", n, key=f"k{(n + i) % 9}", time=0) for i in range(300)])
        window.append(Event.new("t", n, time=0))
        broker.publish("orders", n)
        os.write(1, b"published %d\\n" % n)
        for delivery in group.pull(2):
            delivery.ack()
            os.write(1, b"acked %d\\n" % delivery.data)
        n += 1

while order := sys.stdin.readline():
    if not (child := os.fork()):
        work(*order.split())
    sys.stdin.readline()
    os.kill(child, 9)
    os.waitpid(child, 0)
    os.write(1, b"dead 0\\n")
"""


@forks
@pytest.mark.usefixtures("_no_fsync")
def test_kill_9_with_consumers_retention_and_compaction_at_work(tmp_path: Path) -> None:
    """A hundred times, and so many times that with PUBSUB_KIT_LONG; five times each log."""
    from pubsub_kit.broker.broker import Broker

    kills = round(100 * LONG)
    chance, published, seen = random.Random(9), {-1}, 0
    with subprocess.Popen(
        [sys.executable, "-c", KILLED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as nursery:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        for turn in range(kills):
            folder = tmp_path / f"data{turn // 5}"
            published = published if turn % 5 else {-1}
            policy = "always()" if not turn % 20 else ["never()", "every(records=50)"][turn % 2]
            nursery.stdin.write(f"{folder} {policy}\n".encode())
            said = [nursery.stdout.readline() for _ in range(chance.randint(1, 30))]
            time.sleep(chance.random() / 500)
            nursery.stdin.write(b"kill\n")
            while not said[-1].startswith(b"dead"):
                said.append(nursery.stdout.readline())
            facts = [line.split() for line in said]
            published |= {int(n) for what, n in facts if what == b"published"}
            last = max(published)
            with DurableEventLog(folder / "across") as log:
                rows = [[each.data for _, each in pairs] for pairs in state(log)]
                assert rows[0] == rows[1] == rows[2] == [*range(len(rows[0]))]
                assert len(rows[0]) > last
            with DurableEventLog(folder / "latest", compact=True) as log:
                latest = {each.key: each.data for _, each in log.read(0, 0, 10**9)}
                assert len(latest) in (0, 9)
                assert len({*latest.values()}) < 2  # a batch is there as a whole, or not at all
                assert max(latest.values(), default=-1) >= last
            with DurableEventLog(folder / "window") as log:
                pairs = log.read(0, 0, 10**9)
                assert [offset for offset, _ in pairs] == [*range(log.start(), log.end())]
                assert max((each.data for _, each in pairs), default=-1) >= last
            with Broker(folder / "broker") as broker:
                broker.topic("orders")
                group = broker.subscribe("orders", "check", start="earliest")
                everything = [delivery.data for delivery in group.pull(1000)]
                assert everything == sorted({*everything})
                assert published <= {-1, *everything}
            seen += len(published)
            if turn % 5 == 4:
                shutil.rmtree(folder)
        nursery.stdin.close()
    assert seen > kills
