"""The broker under kill -9, full disks and damaged bytes, at every place where they can strike.

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
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit.broker.broker import Broker
from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.log import disk
from pubsub_kit.log.memory import LogError
from pubsub_kit.log.retention import Retention
from pubsub_kit.log.segments import Fsync

pytestmark = pytest.mark.once

LONG = float(os.environ.get("PUBSUB_KIT_LONG", "1"))
NOW = RetryPolicy(base=0)
KINDS: list[Any] = ["shared", "partitioned"]


@pytest.fixture(autouse=True)
def no_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save thousands of syncs, of which a process that reads what it wrote sees nothing."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def joined(broker: Broker, kind: Any, group: str) -> Any:
    options: dict[str, Any] = {"start": "earliest", "retry": NOW, "max_deliveries": 3}
    made = broker.subscribe("orders", group, assignment=kind, **options)
    return made.join("w") if kind == "partitioned" else made


def files(path: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}


# Damaged bytes


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a broker with settings, cursors, failures and dead letters."""
    path = tmp_path_factory.mktemp("full") / "data"
    with Broker(path, fsync=Fsync.never()) as broker:
        broker.topic("orders", 2, retention=Retention(max_age=10**9))
        broker.publish_batch("orders", range(8))
        for kind in KINDS:
            worker = joined(broker, kind, kind)
            first, second, *_ = worker.pull(8)
            first.ack()
            second.nack(0)
    return path


def state(broker: Broker) -> Any:
    """Return what a restart gives back."""
    groups = {
        of: (group.settings, group.cursors, group.lag) for of, group in broker.subscriptions.items()
    }
    return {name: topic.partitions for name, topic in broker.topics.items()}, groups


def test_each_flipped_byte_in_each_file_is_refused(full: Path, tmp_path: Path) -> None:
    path = tmp_path / "data"
    shutil.copytree(full, path)
    step, tried = max(1, round(13 / LONG)), 0
    for file, data in files(path).items():
        for index in range(0, len(data), step) if file.name != "lock" else ():
            flipped = bytes([data[index] ^ (1 << index % 8)])
            file.write_bytes(data[:index] + flipped + data[index + 1 :])
            before = files(path)
            with pytest.raises(LogError):
                Broker(path)
            after = files(path)
            assert {p: d for p, d in after.items() if p.parts[-3] != "__cursors"} == {
                p: d for p, d in before.items() if p.parts[-3] != "__cursors"
            }
            tried += 1
            file.write_bytes(data)
            for changed in {p for p in after if after[p] != before.get(p)}:
                changed.write_bytes(before[changed]) if changed in before else changed.unlink()
    assert tried > 100


def test_each_file_of_the_cursors_that_is_cut_leaves_an_earlier_state_or_is_refused(
    full: Path, tmp_path: Path
) -> None:
    with Broker(shutil.copytree(full, tmp_path / "whole")) as broker:
        topics, groups = state(broker)
    step = max(1, round(31 / LONG))
    for file, data in files(full / "__cursors").items():
        for size in range(0, len(data), step) if file.name != "lock" else ():
            path = tmp_path / "data"
            shutil.copytree(full, path)
            (path / file.relative_to(full)).write_bytes(data[:size])
            with suppress(LogError), Broker(path) as broker:
                now, found = state(broker)
                assert now == topics
                for of, (settings, cursors, lag) in found.items():
                    assert settings == groups[of][0]
                    assert all(a <= b for a, b in zip(cursors, groups[of][1], strict=True))
                    assert lag >= groups[of][2]
            shutil.rmtree(path)


# A disk that is full, or fails


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO], ids=["no room", "failing"])
def test_a_disk_that_refuses_at_any_step_leaves_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    number, over = 0, False
    while not over:
        number += 1 if LONG > 2 else 3
        path = tmp_path / f"data{number}"
        with monkeypatch.context() as patch:
            left = refuse(patch, number, code)
            said: list[Any] = []
            with suppress(LogError):
                story(path, said)
            over = left() > 0
        with Broker(path) as broker:
            judge(broker, said)
    assert number > 60


def refuse(patch: pytest.MonkeyPatch, at: int, code: int) -> Callable[[], int]:
    """Let the `at`-th step that changes a disk fail; return how to ask how many are left."""
    left = [at]

    def step(real: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                raise OSError(code, os.strerror(code))
            return real(*arguments, **options)

        return run

    class File(FileIO):
        def write(file, data: Any) -> int:  # noqa: N805
            half = len(data) // 2
            step(super().write)(data[:half])
            return half + int(step(super().write)(data[half:]))

    patch.setattr(disk, "FileIO", File)
    for name in ("replace", "unlink", "truncate", "mkdir"):
        patch.setattr(os, name, step(getattr(os, name)))
    return lambda: left[0]


def story(path: Path, said: list[Any]) -> None:
    """Use a broker in every way; say what it acknowledges."""
    broker = Broker(path, commit_every=2)

    def does(name: Any, call: Callable[[], Any]) -> Any:
        with suppress(LogError):
            found = call()
            said.append(name)
            return found

    try:
        does("orders", lambda: broker.topic("orders", 2))
        for kind in KINDS if "orders" in said else ():
            worker = does(kind, partial(joined, broker, kind, kind))
            batch = [f"{kind} {number}" for number in range(4)]
            does(batch, partial(broker.publish_batch, "orders", batch))
            for delivery in (does("pull", partial(worker.pull, 9)) or ()) if worker else ():
                does(("acked", kind, delivery.data), delivery.ack)
        if "orders" in said:
            does("grown", lambda: broker.topics["orders"].log.add_partitions(1))
        does("clicks", lambda: broker.topic("clicks"))
        if "clicks" in said:
            does("no clicks", lambda: broker.delete_topic("clicks"))
        if "shared" in said:
            does("no shared", lambda: broker.unsubscribe("orders", "shared"))
    finally:
        with suppress(LogError):
            broker.close()


def judge(broker: Broker, said: list[Any]) -> None:
    """Check that what was acknowledged is there, and that nothing is there by half."""
    assert ("orders" in broker.topics) is ("orders" in said)
    assert "clicks" not in broker.topics or "no clicks" not in said
    if "orders" in said:
        log = broker.topics["orders"].log
        assert log.partitions == (3 if "grown" in said else 2)
        there = [each.data for p in range(log.partitions) for _, each in log.read(p, 0)]
        assert len(there) == len({*there})
        for kind in KINDS:
            batch = [f"{kind} {number}" for number in range(4)]
            assert {data in there for data in batch} == {batch in said}
            gone = kind == "shared" and "no shared" in said
            assert (("orders", kind) in broker.subscriptions) is (kind in said and not gone)
            if kind in said:
                assert "orders.dead" in broker.topics
        broker.publish_batch("orders", ["on"] * 3)
        broker.topic("clicks", 1)


# Kill -9


KILLED = """
import os, sys
from pubsub_kit.broker.broker import Broker
from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.log.event import Event
from pubsub_kit.log.retention import Retention
from pubsub_kit.log.segments import Fsync
os.fsync = lambda handle: None  # of which a process that is killed sees nothing

def work(folder):
    broker = Broker(folder, commit_every=7, fsync=Fsync.every(records=50))
    log = broker.topic("orders", 2).log
    window = broker.topic("window", retention=Retention(max_bytes=20_000)).log
    latest = broker.topic("latest", compact=True).log
    for each in (log, window, latest):
        for partition in each._partitions:
            partition.segment_bytes = 9_000
    options = {"start": "earliest", "max_deliveries": 3, "retry": RetryPolicy(base=0)}
    shared = broker.subscribe("orders", "shared", **options)
    parted = broker.subscribe("orders", "partitioned", assignment="partitioned", **options)
    sources = {"shared": shared, "partitioned": parted.join("w")}
    n = log.end(0)
    while True:
        broker.publish_batch("orders", [Event.new("t", n, key=key) for key in ("a", "b", "c", "d")])
        broker.publish_batch("latest", [Event.new("t", n, key=f"k{i}") for i in range(200)])
        broker.publish("window", n)
        os.write(1, b"published %d\\n" % n)
        for name, source in sources.items():
            for delivery in source.pull(5):
                if delivery.data % 10 == 3:
                    delivery.nack(0)
                    continue
                # Said before the ack: the kill may fall between the two, and the ack then counts.
                os.write(1, f"{name} {delivery.data}.{delivery.key}\\n".encode())
                delivery.ack()
        n += 1

while order := sys.stdin.readline():
    if not (child := os.fork()):
        work(order.strip())
    sys.stdin.readline()
    os.kill(child, 9)
    os.waitpid(child, 0)
    os.write(1, b"dead 0\\n")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no kill -9")
def test_kill_9_with_both_kinds_of_groups_at_work(tmp_path: Path) -> None:
    """A hundred times, or with PUBSUB_KIT_LONG=10 a thousand; five times each folder."""
    kills, chance, seen = round(100 * LONG), random.Random(5), 0
    published, acked = set[int](), dict[str, list[str]]()
    with subprocess.Popen(
        [sys.executable, "-c", KILLED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as nursery:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        for turn in range(kills):
            folder = tmp_path / f"data{turn // 5}"
            if turn % 5 == 0:
                published, acked = set(), {kind: [] for kind in KINDS}
            nursery.stdin.write(f"{folder}\n".encode())
            said = [nursery.stdout.readline() for _ in range(chance.randint(1, 60))]
            time.sleep(chance.random() / 500)
            nursery.stdin.write(b"kill\n")
            while not said[-1].startswith(b"dead"):
                said.append(nursery.stdout.readline())
            for what, which in (line.decode().split() for line in said):
                if what == "published":
                    published.add(int(which))
                elif what in acked:
                    acked[what].append(which)
            if turn % 5 == 4:
                check_killed(folder, published, acked)
                seen += len(published)
                shutil.rmtree(folder)
        nursery.stdin.close()
    assert seen > kills


def check_killed(folder: Path, published: set[int], acked: dict[str, list[str]]) -> None:
    """Check that each message is acked, dead, or still comes; and that batches are whole."""
    with Broker(folder) as broker:
        log = broker.topics["orders"].log
        rows = [each for p in range(2) for _, each in log.read(p, 0, 10**9)]
        keys = {key: [each.data for each in rows if each.key == key] for key in "abcd"}
        assert len({tuple(row) for row in keys.values()}) == 1
        assert published <= {*keys["a"]}
        assert len({e.data for _, e in broker.topics["latest"].log.read(0, 0, 10**9)}) >= 1
        dead = {"shared": set[str](), "partitioned": set[str]()}
        for _, each in broker.topics["orders.dead"].log.read(0, 0, 10**9):
            dead[str(each.extensions["deadgroup"])].add(f"{each.data}.{each.key}")
        for kind in KINDS:
            left, worker = set(), joined(broker, kind, kind)
            while batch := worker.pull(100):
                left |= {f"{d.data}.{d.key}" for d in batch}
                assert [d.ack() for d in batch] == [True] * len(batch)
            known = {*acked[kind]} | dead[kind] | left
            assert {f"{each.data}.{each.key}" for each in rows} <= known
            assert broker.subscriptions["orders", kind].lag == 0
