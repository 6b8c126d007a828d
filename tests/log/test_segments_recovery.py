"""Files that are not as the log left them: a torn tail is cut, all other damage is refused."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubsub_kit.log import records
from pubsub_kit.log.event import Event
from pubsub_kit.log.notes import write_note
from pubsub_kit.log.segments import Cut, DurableEventLog, Fsync, LogCorrupt, SegmentedFile

FIRST, SECOND = "00000000000000000000.log", "00000000000000000004.log"


def event(data: Any, key: str | None = None, time: float = 0) -> Event:
    return Event.new("test", data, id="1", key=key, time=time)


EVENTS = [event(data, "ann") for data in (None, "☃", {"total": 42}, [1.5, True])]


def contents(log: DurableEventLog) -> list[tuple[int, Any]]:
    return [(offset, each.data) for offset, each in log.read(0, 0, 10**9)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a log that holds EVENTS, appended one by one."""
    path = tmp_path_factory.mktemp("whole") / "log"
    with DurableEventLog(path) as log:
        for each in EVENTS:
            log.append(each)
    return (path / "0" / FIRST).read_bytes()


@pytest.fixture(autouse=True)
def _no_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save thousands of syncs, of which a process that reads what it wrote sees nothing."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture
def lay(tmp_path: Path, whole: bytes) -> Callable[..., Path]:
    """Lay down a log whose files have this content, and return its path.

    Of two files, the first was sealed when it was `whole`.
    """
    path = tmp_path / "log"
    DurableEventLog(path).close()

    def lay_down(*contents: bytes) -> Path:
        for file in (path / "0").glob("*.log"):
            file.unlink()
        for name, content in zip([FIRST, SECOND], contents, strict=False):
            (path / "0" / name).write_bytes(content)
        sealed = [[0, len(whole)]] if len(contents) == 2 else []
        note = {"sealed": sealed, "active": 4 if sealed else 0, "gone": []}
        write_note(path / "0" / "files", note)
        return path

    return lay_down


Lay = Callable[..., Path]


def ends(whole: bytes) -> list[int]:
    """Return where the header and each record end."""
    return [position for position, *_ in records.frames(whole, 2, records.START)] + [len(whole)]


def refusal(path: Path) -> LogCorrupt:
    """Return how opening refuses a partition, having changed nothing on disk."""
    before = {p: p.read_bytes() for p in sorted(path.rglob("*.log"))}
    with pytest.raises(LogCorrupt) as caught:
        SegmentedFile(path / "0", Fsync.never())
    assert {p: p.read_bytes() for p in sorted(path.rglob("*.log"))} == before
    return caught.value


# A torn tail


def test_a_tail_cut_at_any_byte_loses_no_earlier_record(whole: bytes, lay: Lay) -> None:
    bounds = ends(whole)
    for size in range(len(whole) + 1):
        path = lay(whole[:size])
        kept = max(sum(end <= size for end in bounds) - 1, 0)
        good = bounds[kept] if size >= bounds[0] else 0
        with DurableEventLog(path) as log:
            assert log.read(0, 0) == list(enumerate(EVENTS[:kept]))
            cut = Cut(path / "0" / FIRST, good, size - good, kept)
            assert log.recovery == ([] if size in bounds else [cut])
            assert log.append(event("on")) == kept
        with DurableEventLog(path) as log:
            assert contents(log)[kept:] == [(kept, "on")]
            assert log.recovery == []


def test_a_batch_that_is_cut_at_any_byte_is_gone_as_a_whole(lay: Lay, tmp_path: Path) -> None:
    """Though it is longer than a frame, which holds 64 records."""
    with DurableEventLog(tmp_path / "batch", fsync=Fsync.never()) as log:
        log.append(event("before"))
        begin = (tmp_path / "batch" / "0" / FIRST).stat().st_size
        log.append_batch(event(i) for i in range(150))
    data = (tmp_path / "batch" / "0" / FIRST).read_bytes()
    frames = [position for position, *_ in records.frames(data, 2, records.START)]
    assert len(frames) == 4
    for size in {*range(begin, len(data), 97), *frames[1:]}:
        path = lay(data[:size])
        with DurableEventLog(path) as log:
            assert contents(log) == [(0, "before")]
            cut = [Cut(path / "0" / FIRST, begin, size - begin, 1)]
            assert log.recovery == (cut if size > begin else [])
            assert log.append(event("on")) == 1


def test_a_torn_tail_in_a_later_file_is_cut_too(whole: bytes, lay: Lay) -> None:
    encoded = [records.encode([e.to_json().encode()], i)[0] for i, e in enumerate(EVENTS)]
    later = records.file_header(4) + b"".join(encoded)
    for size in range(len(later)):
        with DurableEventLog(lay(whole, later[:size])) as log:
            assert log.read(0, 0)[:4] == list(enumerate(EVENTS))
            assert [cut.path.name for cut in log.recovery] in ([SECOND], [])
            assert log.append(event("on")) == log.end() - 1 >= 4


def test_zeros_that_a_power_cut_left_at_the_end_are_cut(whole: bytes, lay: Lay) -> None:
    for zeros in (1, 15, 16, 17, 100, 5000):
        with DurableEventLog(lay(whole + bytes(zeros))) as log:
            assert log.read(0, 0) == list(enumerate(EVENTS))
            assert [cut[1:] for cut in log.recovery] == [(len(whole), zeros, 4)]


def test_sectors_that_were_not_written_at_the_end_are_cut(whole: bytes, lay: Lay) -> None:
    long = whole + records.encode([event("x" * 3000).to_json().encode()], 4)[0]
    for sector in range(-(-len(whole) // 512) * 512, len(long), 512):
        data = long[:sector] + bytes(len(long) - sector)
        with DurableEventLog(lay(data)) as log:
            assert log.read(0, 0) == list(enumerate(EVENTS))
            assert [cut[1:] for cut in log.recovery] == [(len(whole), len(long) - len(whole), 4)]


def test_a_file_of_nothing_but_zeros_was_never_written(lay: Lay) -> None:
    for size in (0, 1, 20, 600):
        with DurableEventLog(lay(bytes(size))) as log:
            assert contents(log) == []
            assert log.append(event(0)) == 0


# Damage


def test_no_flipped_bit_passes(whole: bytes, lay: Lay) -> None:
    bounds = ends(whole)
    for index in range(len(whole)):
        for mask in (1 << index % 8, 0x80, 0xFF, whole[index]):
            damaged = bytearray(whole)
            damaged[index] ^= mask
            if damaged[index] != whole[index]:
                said = str(refusal(lay(bytes(damaged))))
                record = sum(end <= index for end in bounds)
                where = f"at byte {bounds[record - 1]}, offset {record - 1}" if record else "byte 0"
                assert where in said
                assert FIRST in said


def test_no_flipped_bit_passes_in_a_sealed_file_or_after_it(whole: bytes, lay: Lay) -> None:
    later = records.file_header(4) + records.encode([event("later").to_json().encode()], 0)[0]
    for index in range(len(whole) + len(later)):
        damaged = bytearray(whole + later)
        damaged[index] ^= 0x40
        refusal(lay(bytes(damaged[: len(whole)]), bytes(damaged[len(whole) :])))


def test_a_sealed_file_may_not_be_torn(whole: bytes, lay: Lay) -> None:
    later = records.file_header(4)
    for size in range(len(whole)):
        assert FIRST in str(refusal(lay(whole[:size], later)))


def test_zeros_in_the_middle_are_damage(whole: bytes, lay: Lay) -> None:
    long = records.encode([event("x" * 3000).to_json().encode()], 4)[0]
    tail = records.encode([event("tail").to_json().encode()], 5)[0]
    for hole in (bytes(len(long)), long[:1024] + bytes(512) + long[1536:]):
        assert f"at byte {len(whole)}, offset 4: " in str(refusal(lay(whole + hole + tail)))


def test_two_files_that_hold_the_same_offsets_are_refused(whole: bytes, lay: Lay) -> None:
    path = lay(whole)
    third = path / "0" / "00000000000000000003.log"
    third.write_bytes(records.file_header(3) + records.encode([b"1"], 0)[0])
    note = {"sealed": [[0, len(whole)]], "active": 3, "gone": []}
    write_note(path / "0" / "files", note)
    assert f"{third.name} is damaged at byte 0, offset 4: the file before" in str(refusal(path))


def test_the_message_says_what_to_do_and_it_works(whole: bytes, lay: Lay) -> None:
    bounds = ends(whole)
    damaged = bytearray(whole)
    damaged[bounds[2] + 20] ^= 1
    path = lay(bytes(damaged))
    file = path / "0" / FIRST
    assert str(refusal(path)) == (
        f"{file} is damaged at byte {bounds[2]}, offset 2: the record fails its checksum. Nothing "
        "was deleted. Restore the file from a backup, or open the log once with accept_loss=True to"
        " go on without that record and all later ones in the file."
    )
    with DurableEventLog(path, accept_loss=True) as log:
        assert log.read(0, 0) == list(enumerate(EVENTS[:2]))
        assert log.recovery == [Cut(file, bounds[2], len(whole) - bounds[2], 2)]
        assert file.with_suffix(".damaged").read_bytes() == damaged
    with DurableEventLog(path) as log:
        assert (log.read(0, 0), log.recovery) == (list(enumerate(EVENTS[:2])), [])


def test_damage_done_while_the_log_is_open_is_noticed_when_read(whole: bytes, lay: Lay) -> None:
    path = lay(whole)
    with DurableEventLog(path) as log:
        damaged = bytearray(whole)
        damaged[-1] ^= 1
        (path / "0" / FIRST).write_bytes(damaged)
        assert log.read(0, 0, 3) == list(enumerate(EVENTS[:3]))
        with pytest.raises(LogCorrupt, match=rf"at byte {ends(whole)[-2]}, offset 3: the record f"):
            log.read(0, 0, 4)


@given(
    payloads=st.lists(st.binary(max_size=40), max_size=6), damage=st.binary(min_size=1, max_size=9),
    where=st.integers(0, 400), how=st.sampled_from(["overwrite", "insert", "delete"]),
)  # fmt: skip
def test_whatever_happens_to_a_file_no_wrong_record_is_read(
    tmp_path_factory: pytest.TempPathFactory, payloads: list[bytes], damage: bytes, where: int,
    how: str,
) -> None:  # fmt: skip
    folder = tmp_path_factory.mktemp("any")
    file = SegmentedFile(folder, Fsync.never())
    file.append_batch(payloads)
    file.close()
    data = (folder / FIRST).read_bytes()
    where = min(where, len(data))
    cut = where + (0 if how == "insert" else len(damage))
    (folder / FIRST).write_bytes(data[:where] + (b"" if how == "delete" else damage) + data[cut:])
    try:
        file = SegmentedFile(folder)
    except LogCorrupt:
        return
    finally:
        stored = (folder / FIRST).read_bytes()
    found = file.read_batch(0, 99)
    file.close()
    assert found == list(enumerate(payloads))[: len(found)]
    whole_again = len(found) == len(payloads)
    assert whole_again or file.cuts or stored == data[: len(stored)]
    shutil.rmtree(folder)


# A process that is killed while it writes

SIZES = [1, 7, 50, 300]  # of a batch
NURSERY = """
import os, signal, sys
from pubsub_kit.log.event import Event
from pubsub_kit.log.notes import write_note
from pubsub_kit.log.segments import DurableEventLog, Fsync

def write(path, policy, size):
    with DurableEventLog(path, fsync=eval("Fsync." + policy), segment_bytes=40_000) as log:
        while True:
            numbers = range(log.end(), log.end() + int(size))
            events = [Event.new("t", i, id="1", time=0) for i in numbers]
            os.write(1, b"%d\\n" % log.append_batch(events).stop)

while order := sys.stdin.readline():
    if not (child := os.fork()):
        write(*order.split())
    sys.stdin.readline()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.write(1, b"dead\\n")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no kill -9")
def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Fifty writers are killed at a moment of chance; five after each other on the same log."""
    chance, records_seen = random.Random(9), 0
    with subprocess.Popen(
        [sys.executable, "-c", NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as nursery:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        for turn in range(50):
            path = tmp_path / f"log{turn // 5}"
            policy = ["never()", "always()", "every(records=50)"][turn % 3]
            nursery.stdin.write(
                b"%s %s %d\n" % (bytes(path), policy.encode(), chance.choice(SIZES))
            )
            said = [nursery.stdout.readline() for _ in range(chance.randint(1, 9))]
            time.sleep(chance.random() / 1000)
            nursery.stdin.write(b"kill\n")
            while said[-1] != b"dead\n":
                said.append(nursery.stdout.readline())
            with DurableEventLog(path) as log:
                assert log.end() >= int(said[-2])
                assert contents(log) == [(i, i) for i in range(log.end())]
                records_seen += log.end()
        nursery.stdin.close()
    assert records_seen > 1000
