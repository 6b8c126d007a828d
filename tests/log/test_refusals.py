"""What a log refuses, in a sentence and before anything is done; and its copies of data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog, LogError
from pubsub_kit.log.retention import Retention
from pubsub_kit.log.segments import DurableEventLog, Fsync
from pubsub_kit.log.values import DEPTH, EventError


def event(data: Any, key: str | None = None, time: float = 0) -> Event:
    return Event.new("test", data, id="1", key=key, time=time)


def contents(log: EventLog) -> list[Any]:
    return [each.data for _, each in log.read(0, 0, 10**9)]


@pytest.fixture(params=["memory", "disk"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventLog]:
    with EventLog() if request.param == "memory" else DurableEventLog(tmp_path / "log") as log:
        yield log


# Settings

NUMBERS = [-1, -0.5, math.nan, math.inf, -math.inf, "1", True, [1], 1j]


@pytest.mark.parametrize("bad", NUMBERS)
@pytest.mark.parametrize("name", ["max_age", "max_bytes", "tombstone_age"])
def test_a_retention_takes_numbers_from_0_up_or_none(name: str, bad: Any) -> None:
    with pytest.raises(LogError, match=rf"^{name} is .* from 0 up \(None: no limit\), not "):
        Retention(**{name: bad})
    assert getattr(Retention(**{name: None}), name) is None
    assert getattr(Retention(**{name: 0}), name) == 0


def test_a_size_is_a_whole_number_of_bytes() -> None:
    with pytest.raises(LogError, match=r"^max_bytes is a whole number from 0 up"):
        Retention(max_bytes=1.5)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", ["a day", 60, {"max_age": 60}, None])
def test_a_rule_is_checked_when_it_is_set(log: EventLog, bad: Any) -> None:
    with pytest.raises(LogError, match=r"^A log's retention is a Retention"):
        log.retention = bad
    with pytest.raises(LogError, match=r"is compacted or not, True or False"):
        log.compacted = bad
    assert (log.retention, log.compacted) == (Retention(), False)


@pytest.mark.parametrize("bad", [-1, math.nan, "1", True])
@pytest.mark.parametrize("name", ["records", "seconds"])
def test_a_policy_takes_numbers(name: str, bad: Any) -> None:
    with pytest.raises(LogError, match=rf"^An fsync is due after {name} above 0, not "):
        Fsync.every(**{name: bad})
    assert Fsync.every(**{name: 5, "seconds" if name == "records" else "records": None})


@pytest.mark.parametrize(
    "options",
    [{"partitions": bad} for bad in (0, -1, "3", 1.5, True, math.nan, 10**9)]
    + [{"segment_bytes": bad} for bad in (0, -1, "x", 1.5, None, math.nan)]
    + [{"fsync": "always"}, {"compact": "no"}, {"retention": 60}, {"clock": 5}],
)
def test_a_bad_setting_leaves_no_folder(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(LogError):
        DurableEventLog(tmp_path / "log", **options)
    assert not (tmp_path / "log").exists()


ASKS: list[Callable[[Any], Any]] = [
    lambda log: log.read(0, "0"), lambda log: log.read(0, math.nan),
    lambda log: log.read(0, 0, None),
    lambda log: log.read("0", 0), lambda log: log.read(0.0, 0), lambda log: log.end(True),
    lambda log: log.offset_at(0, math.nan), lambda log: log.offset_at(0, "now"),
    lambda log: log.retain("now"), lambda log: log.compact(math.nan),
    lambda log: log.add_partitions(True), lambda log: log.add_partitions("1"),
    lambda log: log.append(event(0), None), lambda log: log.append_across([event(0)]),
    lambda log: log.append_across({0: [event(0)], 5: [event(0)]}),
    lambda log: log.append_across({0: [event(0)], "0": [event(0)]}),
]  # fmt: skip


@pytest.mark.parametrize("ask", ASKS)
def test_what_makes_no_sense_is_refused(log: EventLog, ask: Callable[[EventLog], Any]) -> None:
    with pytest.raises(LogError):
        ask(log)
    assert (log.partitions, contents(log)) == (1, [])


# Batches


@pytest.mark.parametrize("bad", [5, None, "ab", b"ab", {"a": 1}, {1: event(1)}, event(1)])
def test_a_batch_is_an_iterable_of_events(log: EventLog, bad: Any) -> None:
    for append in (log.append_batch, lambda batch: log.append_across({0: batch})):
        with pytest.raises(
            LogError, match=r"^A batch is an iterable of events, such as a list, no"
        ):
            append(bad)
    assert contents(log) == []


@pytest.mark.parametrize("bad", ["x", None, 5, ("1", "s", "t", 0.0), event({"a": {1}})])
def test_one_bad_event_refuses_its_batch(log: EventLog, bad: Any) -> None:
    with pytest.raises(EventError):
        log.append_batch([event(1), bad, event(2)])
    with pytest.raises(EventError):
        log.append_across({0: [event(1), bad]})
    with pytest.raises(EventError):
        log.append(bad)
    assert contents(log) == []


def test_an_iterable_that_fails_adds_nothing(log: EventLog) -> None:
    def events() -> Iterator[Event]:
        yield event(1)
        raise TypeError("mine")

    with pytest.raises(TypeError, match="mine"):
        log.append_batch(events())
    assert contents(log) == []


make: Callable[..., Event] = Event


@pytest.mark.parametrize(
    "bad",
    [make("", "s", "t", 0.0), make("1", "s", "t", math.nan), make("1", "s", "t", "now"),
     make("1", "s", "t", 0.0, key=""), make("1", "s", 5, 0.0), make("1", "s", "t", 0.0, key=5)],
)  # fmt: skip
def test_an_event_that_nobody_checked_is_checked(log: EventLog, bad: Event) -> None:
    with pytest.raises(EventError):
        log.append(bad)
    assert contents(log) == []


# Data


class Level(IntEnum):
    LOW = 1


class Point(NamedTuple):
    x: int
    y: int


def test_data_comes_back_as_json_gives_it_in_memory_as_on_disk(log: EventLog) -> None:
    data = {"t": (1, Point(2, 3)), 3: None, True: 1, None: Level.LOW, 1.5: [{"a": ()}], "☃": "☃"}
    log.append(event(data))
    (found,) = contents(log)
    assert found == {
        "t": [1, [2, 3]], "3": None, "true": 1, "null": 1, "1.5": [{"a": []}], "☃": "☃",
    }  # fmt: skip
    assert {type(each) for each in (found["null"], found["t"], found["t"][1])} == {int, list}


@pytest.mark.parametrize(
    ("bad", "place"),
    [
        ({1, 2}, "data is "),
        (math.nan, "data is nan"),
        ([1, {"b": [math.inf]}], r"data\[1\]\['b'\]\[0\] is inf"),
        ({"a": b"x"}, r"data\['a'\] is b'x', of type bytes"),
        ({"a": {(1, 2): 3}}, r"data\['a'\] has the key \(1, 2\)"),
        ([10**5000], r"data\[0\] is a number of more than 4,000 digits"),
        ({"a": object()}, r"data\['a'\] is <object"),
        (1j, "data is 1j, of type complex"),
    ],
    ids=["set", "nan", "inf", "bytes", "key", "digits", "object", "complex"],
)
def test_what_is_no_json_is_refused_with_its_place(log: EventLog, bad: Any, place: str) -> None:
    with pytest.raises(EventError, match=rf"^An event's data must be a JSON value, but .*{place}"):
        log.append(event(bad))
    assert contents(log) == []


def test_two_keys_that_json_cannot_tell_apart_are_refused_in_memory() -> None:
    with pytest.raises(EventError, match=r"data has two keys that are the same string"):
        EventLog().append(event({1: "a", "1": "b"}))


def nested(levels: int) -> Any:
    data: Any = 1
    for _ in range(levels):
        data = [data]
    return data


def test_data_that_is_too_deep_to_be_read_back_is_refused(log: EventLog) -> None:
    loop: list[Any] = []
    loop.append(loop)
    for bad in (nested(DEPTH + 1), nested(50_000), loop, {"a": loop}):
        with pytest.raises(
            EventError, match=r"nested more than 100 levels deep, or contains itself"
        ):
            log.append(event(bad))
    log.append(event(nested(DEPTH)))
    assert contents(log) == [nested(DEPTH)]


def test_brackets_in_a_text_are_not_levels_nor_the_ends_of_rows(log: EventLog) -> None:
    data = [{"text": "[{" * 500}, "a],[b", [["],["], ["]"]], [[1], [2]], "],[", '"],["']
    log.append_batch([event(each) for each in data])
    log.append(event(data))
    assert contents(log) == [*data, data]


# Copies


def test_nobody_changes_what_the_log_keeps(log: EventLog) -> None:
    data = {"lines": [{"n": 1}]}
    more: dict[str, str | int] = {"traceid": "7"}
    expected = event({"lines": [{"n": 1}]})._replace(extensions={"traceid": "7"})
    log.append_batch([event(data)._replace(extensions=more)])
    log.append(event(data))
    data["lines"][0]["n"] = 2
    more["traceid"] = "8"
    for _ in range(2):
        found = [each for _, each in log.read(0, 0)]
        assert found == [expected, event({"lines": [{"n": 1}]})]
        for each in found:
            each.data["lines"].append("mine")
            each.data["lines"][0]["n"] = 3


# Upkeep by itself


@pytest.mark.parametrize("kind", ["memory", "disk"])
@pytest.mark.parametrize("rule", [Retention(max_bytes=3000), Retention(max_age=10)])
def test_a_log_forgets_by_itself_as_it_grows(tmp_path: Path, kind: str, rule: Retention) -> None:
    log = EventLog(retention=rule, clock=lambda: now)
    if kind == "disk":
        log = DurableEventLog(
            tmp_path / "log", fsync=Fsync.never(), segment_bytes=1000, retention=rule,
            clock=lambda: now,
        )  # fmt: skip
    for i in range(5000):
        now = i / 10
        log.append(event(i, time=now))
    left = contents(log)
    assert left == list(range(log.start(), 5000))
    assert 50 < len(left) < 2200
    log.close()


@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_a_compacted_log_compacts_itself_as_it_grows(tmp_path: Path, kind: str) -> None:
    log = EventLog(compact=True)
    if kind == "disk":
        log = DurableEventLog(tmp_path / "log", fsync=Fsync.never(), compact=True)
    for i in range(5000):
        log.append(event(i, f"k{i % 7}"))
    left = contents(log)
    assert len(left) < 1100
    assert set(left) >= set(range(4993, 5000))
    log.close()


def test_a_disk_that_refuses_upkeep_does_not_refuse_the_append(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = DurableEventLog(tmp_path / "log", fsync=Fsync.never(), compact=True)
    with monkeypatch.context() as patch:
        patch.setattr(log, "_compact", full)
        for i in range(1500):
            assert log.append(event(i, "k")) == i
        assert str(log.trouble) == "no room"
    for i in range(3000):
        log.append(event(i, "k"))
    assert log.trouble is None
    assert len(contents(log)) < 2100
    log.close()


def full(*_: Any) -> int:
    raise LogError("no room")
