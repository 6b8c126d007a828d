"""The log, in memory and on disk: one suite of tests, and one model, for both."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog, LogError, partition_for
from pubsub_kit.log.retention import Retention
from pubsub_kit.log.rows import to_row
from pubsub_kit.log.segments import DurableEventLog, Fsync
from pubsub_kit.log.values import EventError

DAY = 86_400.0
LONG = float(os.environ.get("PUBSUB_KIT_LONG", "1"))  # with 20, the models take 10⁵ steps
Make = Callable[..., EventLog]


def event(data: Any, key: str | None = None, time: float = 0) -> Event:
    return Event.new("test", data, id="1", key=key, time=time)


def contents(log: EventLog, partition: int = 0) -> list[tuple[int, Any]]:
    return [(offset, each.data) for offset, each in log.read(partition, 0, 10**9)]


@pytest.fixture(params=["memory", "disk", "small files"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Make a log of each kind; files of 130 bytes hold about two events."""
    logs: list[EventLog] = []

    def make_one(**options: Any) -> EventLog:
        if request.param == "memory":
            logs.append(EventLog(**options))
        else:
            size = 130 if request.param == "small files" else 10**6
            path = tmp_path / f"log{len(logs)}"
            log = DurableEventLog(path, fsync=Fsync.never(), segment_bytes=size, **options)
            logs.append(log)
        return logs[-1]

    yield make_one
    for log in logs:
        log.close()


@pytest.fixture
def log(make: Make) -> EventLog:
    return make()


# Append and read


def test_a_new_log_is_empty(log: EventLog) -> None:
    assert (log.partitions, log.start(), log.end(), log.read(0, 0)) == (1, 0, 0, [])


def test_offsets_count_up_from_0(log: EventLog) -> None:
    assert [log.append(event(i)) for i in range(3)] == [0, 1, 2]
    assert log.append_batch([event(3), event(4)]) == range(3, 5)
    assert log.append_batch([]) == range(5, 5)
    assert contents(log) == [(i, i) for i in range(5)]


def test_an_event_comes_back_whole(log: EventLog) -> None:
    written = Event.new("ä", {"n": [1, None, "☃"]}, source="s", subject="o", key="k", time=1.25)
    written = written._replace(extensions={"traceparent": "00-1"})
    log.append(written)
    assert log.read(0, 0) == [(0, written)]


@pytest.mark.parametrize(("offset", "limit"), [(0, 3), (7, 1), (40, 100), (-5, 2), (99, 5)])
def test_a_read_begins_at_its_offset_and_has_a_limit(
    log: EventLog, offset: int, limit: int
) -> None:
    log.append_batch(event(i) for i in range(100))
    expected = [(i, i) for i in range(max(offset, 0), 100)][:limit]
    assert [(o, each.data) for o, each in log.read(0, offset, limit)] == expected


def test_a_read_is_never_short(log: EventLog) -> None:
    for size in (1, 50, 3, 31, 1, 1, 64, 90):
        log.append_batch(event(i) for i in range(log.end(), log.end() + size))
    for limit in (1, 31, 32, 33, 63, 64, 65, 200):
        for offset in range(0, log.end(), 5):
            found = [o for o, _ in log.read(0, offset, limit)]
            assert found == list(range(offset, min(offset + limit, log.end())))


@pytest.mark.parametrize(("offset", "limit"), [(100, 1), (1000, 1), (0, 0), (0, -1)])
def test_there_may_be_nothing_to_read(log: EventLog, offset: int, limit: int) -> None:
    log.append_batch(event(i) for i in range(100))
    assert log.read(0, offset, limit) == []


def test_partitions_count_for_themselves(make: Make) -> None:
    log = make(partitions=2)
    log.append(event("a"), 1)
    assert (log.end(0), log.end(1)) == (0, 1)
    log.add_partitions(2)
    assert log.partitions == 4
    assert log.append(event("b"), 3) == 0
    assert contents(log, 1) == [(0, "a")]


@pytest.mark.parametrize("partition", [-1, 1, 7])
def test_a_partition_that_is_not_there_is_refused(log: EventLog, partition: int) -> None:
    for ask in (log.end, log.start, lambda n: log.read(n, 0), lambda n: log.append(event(0), n)):
        with pytest.raises(LogError, match=rf"has 1 partitions, and no {partition}\.$"):
            ask(partition)


def test_a_log_has_at_least_one_partition(make: Make) -> None:
    for number in (0, -1):
        with pytest.raises(LogError, match=rf"at least 1 partition, not {number}\."):
            make(partitions=number)
        with pytest.raises(LogError, match=rf"at least 1 partition, not {number}\."):
            make().add_partitions(number)


def test_a_closed_log_says_so(log: EventLog) -> None:
    with log:
        log.flush()
    with pytest.raises(LogError, match=r"is closed: open it again"):
        log.append(event(0))


# Time


def test_offset_at_finds_the_first_event_that_is_not_before_a_time(log: EventLog) -> None:
    log.append_batch(event(0, time=time) for time in [1, 2, 2, 5, 3, 8])
    assert [log.offset_at(0, time) for time in [0, 1, 1.5, 2, 3, 5, 6, 8]] == [
        0, 0, 1, 1, 3, 3, 5, 5,
    ]  # fmt: skip
    assert log.offset_at(0, 9) == log.end() == 6


# Retention


def test_what_is_too_old_may_go_from_the_front_and_no_more(make: Make) -> None:
    log = make(retention=Retention(max_age=10))
    log.append_batch(event(i, time=time) for i, time in enumerate([0, 1, 9, 2, 20, 3]))
    assert log.retain(now=11) == log.start() <= 1
    assert log.retain(now=12.5) <= 1
    assert contents(log)[-4:] == [(i, i) for i in range(2, 6)]
    assert log.end() == 6


def test_the_newest_bytes_stay(make: Make) -> None:
    each = len(to_row(event(0)))
    log = make(retention=Retention(max_bytes=3 * each))
    for i in range(10):
        log.append(event(i))
    log.retain(now=0)
    assert contents(log)[-3:] == [(i, i) for i in range(7, 10)]
    assert log.start() <= 6


def test_without_a_rule_nothing_goes(log: EventLog) -> None:
    log.append(event(0))
    assert log.retain(now=1e9) == 0
    assert contents(log) == [(0, 0)]


def test_the_end_outlives_what_was_there(make: Make) -> None:
    log = make(retention=Retention(max_age=10), compact=True, clock=lambda: 0.0)
    for i in range(9):
        log.append(event(None, key="k", time=i))
    log.retain(now=10 * DAY)
    assert (log.start(), log.end(), contents(log)) == (9, 9, [])
    assert log.append(event(0)) == 9


# Compaction


def test_the_latest_of_each_key_is_left(log: EventLog) -> None:
    keys = ["ann", "bob", "ann", None, "bob", "ann"]
    log.append_batch(event(i, key) for i, key in enumerate(keys))
    assert log.compact() == 3
    assert contents(log) == [(3, 3), (4, 4), (5, 5)]
    assert (log.start(), log.end(), log.compact()) == (3, 6, 0)
    assert log.append(event(6, "ann")) == 6
    assert log.compact() == 1
    assert log.read(0, 4, 1)[0][0] == 4
    assert log.read(0, 5, 1)[0][0] == 6


def test_a_tombstone_outlives_what_it_deletes_by_a_day(make: Make) -> None:
    log = make(clock=lambda: 10.0)
    log.append_batch([event(1, "ann", time=0), event(None, "ann", time=0), event(None, time=0)])
    assert log.compact() == 1
    assert log.compact(now=DAY + 10) == 0
    assert contents(log) == [(1, None), (2, None)]
    assert log.compact(now=DAY + 10.5) == 1
    assert contents(log) == [(2, None)]


@pytest.mark.parametrize("told", [-1e9, 0, 1e11])
@pytest.mark.parametrize("extensions", [{}, {"traceid": "7"}])
def test_a_tombstones_age_counts_from_its_append(
    make: Make, told: float, extensions: dict[str, str | int]
) -> None:
    """Its own time may be long past, or far ahead."""
    log = make(clock=lambda: 1000.0)
    gone = event(None, "ann", time=told)._replace(extensions=extensions)
    log.append_batch([event(1, "ann"), gone])
    assert log.compact(now=1000 + DAY) == 1
    assert log.read(0, 0) == [(1, gone)]
    assert log.compact(now=1001 + DAY) == 1
    assert contents(log) == []


def test_tombstones_can_be_kept_for_ever(make: Make) -> None:
    log = make(retention=Retention(tombstone_age=None), clock=lambda: 0.0)
    log.append(event(None, "ann"))
    assert log.compact(now=1e15) == 0


def test_a_key_may_come_back_after_its_tombstone(log: EventLog) -> None:
    log.append_batch([event(1, "ann"), event(None, "ann"), event(2, "ann")])
    assert log.compact(now=2 * DAY) == 2
    assert contents(log) == [(2, 2)]


def test_retain_compacts_a_log_that_is_to_be_compacted(make: Make) -> None:
    log = make(compact=True)
    log.append_batch(event(i, "ann") for i in range(5))
    assert log.retain(now=0) == 4
    assert contents(log) == [(4, 4)]


# Keys


def test_a_key_has_the_same_partition_in_every_process() -> None:
    program = (
        "from pubsub_kit.log.memory import partition_for; "
        "print([partition_for(f'customer-{i}', 7) for i in range(50)])"
    )
    said = {
        subprocess.check_output([sys.executable, "-c", program], env={"PYTHONHASHSEED": seed})
        for seed in ("0", "1", "random")
    }
    assert said == {f"{[partition_for(f'customer-{i}', 7) for i in range(50)]}\n".encode()}


def test_keys_spread_over_all_partitions() -> None:
    shares = [0] * 8
    for i in range(8000):
        shares[partition_for(f"customer-{i}", 8)] += 1
    assert min(shares) > 800
    assert partition_for("\ud800 half a pair", 8) in range(8)


# A model: what a log is, as plain lists


class Log(RuleBasedStateMachine):
    """Does the same to a log and to lists of (offset, event), and compares."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.rule = Retention()
        self.now = 0.0
        self.appended: list[dict[int, float]] = [{}]
        self.log = self.open()
        self.kept: list[list[tuple[int, Event]]] = [[]]
        self.ends = [0]

    def open(self) -> EventLog:
        raise NotImplementedError

    def shares_a_file(self, partition: int, offset: int) -> bool:
        """Whether what is oldest may stay because of the `offset`, which must."""
        raise NotImplementedError

    def teardown(self) -> None:
        self.log.close()
        self.folder.cleanup()

    @initialize(
        age=st.none() | st.integers(0, 20), size=st.none() | st.integers(0, 500),
        tombstones=st.none() | st.integers(0, 20),
    )  # fmt: skip
    def configure(self, age: int | None, size: int | None, tombstones: int | None) -> None:
        self.rule = self.log.retention = Retention(age, size, tombstones)

    @rule(
        partition=st.integers(0, 9), one=st.booleans(),
        rows=st.lists(st.tuples(st.sampled_from([None, "a", "b", "c"]), st.none() | st.integers(),
                                st.integers(0, 30)), max_size=8),
    )  # fmt: skip
    def append(self, partition: int, one: bool, rows: list[Any]) -> None:
        partition %= self.log.partitions
        self.now += 1
        events = [event(data, key, time) for key, data, time in rows]
        # What an append makes it forget may be what kept the rest: so the model follows each one.
        for some in [[each] for each in events] if one else [events]:
            expected = range(self.ends[partition], self.ends[partition] + len(some))
            if one:
                assert self.log.append(some[0], partition) == expected.start
            else:
                assert self.log.append_batch(iter(some), partition) == expected
            self.kept[partition] += zip(expected, some, strict=True)
            self.ends[partition] = expected.stop
            self.appended[partition] |= dict.fromkeys(expected, self.now)
            self.forgot_by_itself(partition)

    def forgot_by_itself(self, partition: int) -> None:
        """Take note of what retention took as the log grew, which has to be allowed."""
        oldest = self.log.start(partition)
        assert oldest <= self.first_to_keep(partition, self.now)
        self.kept[partition] = [pair for pair in self.kept[partition] if pair[0] >= oldest]

    @rule(rows=st.lists(st.tuples(st.integers(0, 9), st.integers()), max_size=8), bad=st.booleans())
    def append_across(self, rows: list[tuple[int, int]], bad: bool) -> None:
        self.now += 1
        shares: dict[int, list[Event]] = {}
        for partition, data in rows:
            shares.setdefault(partition % self.log.partitions, []).append(event(data))
        if bad:
            shares.setdefault(0, []).append(event({1, 2}))
            with pytest.raises(EventError):
                self.log.append_across(shares)
            for n in shares:
                self.forgot_by_itself(n)
            return
        expected = {n: range(self.ends[n], self.ends[n] + len(e)) for n, e in shares.items()}
        assert self.log.append_across(shares) == expected
        for n, offsets in expected.items():
            self.kept[n] += zip(offsets, shares[n], strict=True)
            self.ends[n] = offsets.stop
            self.appended[n] |= dict.fromkeys(offsets, self.now)
            self.forgot_by_itself(n)

    @rule(partition=st.integers(0, 9), offset=st.integers(-2, 60), limit=st.integers(0, 40))
    def read(self, partition: int, offset: int, limit: int) -> None:
        partition %= self.log.partitions
        expected = [pair for pair in self.kept[partition] if pair[0] >= offset][:limit]
        assert self.log.read(partition, offset, limit) == expected

    @rule(partition=st.integers(0, 9), time=st.integers(0, 31))
    def offset_at(self, partition: int, time: float) -> None:
        partition %= self.log.partitions
        found = [offset for offset, each in self.kept[partition] if each.time >= time]
        assert self.log.offset_at(partition, time) == (found or [self.ends[partition]])[0]

    @rule(now=st.integers(0, 60))
    def compact(self, now: int) -> None:
        removed = 0
        age = self.rule.tombstone_age
        for number, pairs in enumerate(self.kept):
            latest = {each.key: offset for offset, each in pairs}
            self.kept[number] = [
                (offset, each) for offset, each in pairs
                if each.key is None or (latest[each.key] == offset and not (
                    each.data is None and age is not None
                    and self.appended[number][offset] < now - age))
            ]  # fmt: skip
            removed += len(pairs) - len(self.kept[number])
        assert self.log.compact(now) == removed

    @rule(now=st.integers(0, 60))
    def retain(self, now: int) -> None:
        gone = self.log.retain(now)
        for number, pairs in enumerate(self.kept):
            oldest = self.log.start(number)
            must_stay = self.first_to_keep(number, now)
            assert oldest <= must_stay
            assert oldest == must_stay or self.shares_a_file(number, must_stay)
            self.kept[number] = [pair for pair in pairs if pair[0] >= oldest]
            gone -= len(pairs) - len(self.kept[number])
        assert gone == 0

    def first_to_keep(self, partition: int, now: float) -> int:
        pairs, end = self.kept[partition], self.ends[partition]
        first = pairs[0][0] if pairs else end
        if self.rule.max_age is not None:
            fresh = [o for o, each in pairs if each.time >= now - self.rule.max_age]
            first = (fresh or [end])[0]
        if self.rule.max_bytes is not None:
            when = self.appended[partition]
            sizes = [(o, len(to_row(each, when[o]))) for o, each in pairs]
            fits = [o for o, _ in sizes if sum(n for p, n in sizes if p > o) <= self.rule.max_bytes]
            first = max(first, (fits or [first])[0])
        return first

    @rule(more=st.integers(1, 2))
    def add_partitions(self, more: int) -> None:
        if self.log.partitions < 4:
            self.log.add_partitions(more)
            self.kept += [[] for _ in range(more)]
            self.appended += [{} for _ in range(more)]
            self.ends += [0] * more

    @invariant()
    def places_agree(self) -> None:
        assert self.log.partitions == len(self.kept)
        for number, pairs in enumerate(self.kept):
            assert self.log.end(number) == self.ends[number]
            assert self.log.start(number) == (pairs[0][0] if pairs else self.ends[number])


class InMemory(Log):
    def open(self) -> EventLog:
        return EventLog(retention=self.rule, clock=lambda: self.now)

    def shares_a_file(self, partition: int, offset: int) -> bool:
        return False


class OnDisk(Log):
    def open(self) -> EventLog:
        path = Path(self.folder.name) / "log"
        return DurableEventLog(
            path, fsync=Fsync.never(), segment_bytes=200, retention=self.rule,
            clock=lambda: self.now,
        )  # fmt: skip

    def shares_a_file(self, partition: int, offset: int) -> bool:
        folder = Path(self.folder.name) / "log" / str(partition)
        bases = sorted(int(path.stem) for path in folder.glob("*.log"))
        return len(bases) == 1 or bases[1] > offset

    @rule()
    def reopen(self) -> None:
        self.log.close()
        self.log = self.open()
        assert isinstance(self.log, DurableEventLog)
        assert self.log.recovery == []


@pytest.mark.parametrize("machine", [InMemory, OnDisk])
def test_a_log_does_as_its_model(machine: type[Log], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # of which a model sees nothing
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=round(150 * LONG), stateful_step_count=30, deadline=None),
    )
