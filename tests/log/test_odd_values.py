"""Odd values: what a log can't give back as it was given, it refuses in a short sentence.

In memory and on disk, it refuses and keeps the same.
"""

from __future__ import annotations

import enum
import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pubsub_kit.errors import brief
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog, LogError
from pubsub_kit.log.retention import Retention
from pubsub_kit.log.rows import to_row, to_rows
from pubsub_kit.log.segments import DurableEventLog, Fsync
from pubsub_kit.log.values import EventError

HUGE = 10**400  # more than a float can hold


class Text(enum.StrEnum):
    """Text of a class of its own."""

    A = "ann"


class Sly:
    """Its repr raises."""

    def __repr__(self) -> str:
        raise ValueError


class Lines:
    """Its repr has several lines."""

    def __repr__(self) -> str:
        return "a\nb"


@pytest.fixture(params=["memory", "disk"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventLog]:
    if request.param == "memory":
        yield EventLog("orders", 3)
    else:
        with DurableEventLog(tmp_path / "orders", 3, fsync=Fsync.never()) as made:
            yield made


def event(data: Any = 1, key: str | None = None, **more: Any) -> Event:
    return Event(
        **{"id": "1", "source": "s", "type": "t", "time": 0.0, **more, "data": data, "key": key}
    )


SAME_KEYS = [{1: "a", "1": "b"}, {None: 1, "null": 2}, {True: 1, "true": 2}, {1.0: 1, "1.0": 2}]


@pytest.mark.parametrize("twice", SAME_KEYS)
@pytest.mark.parametrize("wrap", [lambda d: d, lambda d: [d], lambda d: {"a": {"b": (d,)}}])
@pytest.mark.parametrize("batch", [0, 2])
def test_two_keys_that_json_cannot_tell_apart_are_refused(
    log: EventLog, twice: Any, wrap: Callable[[Any], Any], batch: int
) -> None:
    with pytest.raises(EventError, match="two keys that are the same string in JSON"):
        log.append_batch([*[event("x" * 300)] * batch, event(wrap(twice))])
    assert log.end() == 0


@pytest.mark.parametrize("digits", [4001, 4200, 4300])
@pytest.mark.parametrize("wrap", [lambda n: n, lambda n: -n, lambda n: [n], lambda n: {"a": n}])
def test_a_number_of_too_many_digits_is_refused(
    log: EventLog, digits: int, wrap: Callable[[int], Any]
) -> None:
    with pytest.raises(EventError, match="more than 4,000 digits"):
        log.append(event(wrap(10 ** (digits - 1))))
    assert log.end() == 0


@pytest.mark.parametrize(
    "data", [10**3999, {1: "a", "2": "b"}, "1" * 5000, ["{" * 200], {"a{": {"b": 1}}]
)
def test_what_only_looks_like_it_is_kept(log: EventLog, data: Any) -> None:
    log.append_batch([event(data), event(data)])
    kept = {str(key): each for key, each in data.items()} if isinstance(data, dict) else data
    assert [each.data for _, each in log.read(0, 0)] == [kept, kept]


@pytest.mark.parametrize("name", ["id", "source", "type", "subject", "key"])
def test_text_of_another_class_is_kept_as_text(log: EventLog, name: str) -> None:
    wrong: dict[str, Any] = {name: Text.A}
    log.append(event(**wrong))
    ((_, kept),) = log.read(0, 0)
    assert getattr(kept, name) == "ann"
    assert type(getattr(kept, name)) is str


@pytest.mark.parametrize("data", [1, {"a": 1}])
def test_a_whole_number_of_seconds_comes_back_as_a_float(log: EventLog, data: Any) -> None:
    log.append(event(data, time=5))
    assert type(log.read(0, 0)[0][1].time) is float


@pytest.mark.parametrize(
    "extensions", ["x", 5, ["a"], {5: "x"}, {None: "x"}, {b"a": "x"}, {("a",): 1}]
)
def test_wrong_extensions_are_refused(log: EventLog, extensions: Any) -> None:
    wrong = event(extensions=extensions)
    with pytest.raises(EventError, match="extension"):
        log.append(wrong)
    with pytest.raises(EventError, match="extension"):
        wrong.to_json()
    assert log.end() == 0


@pytest.mark.parametrize("offset", [None, "x", 1.5, True, b"1", []])
def test_count_takes_an_offset(log: EventLog, offset: Any) -> None:
    with pytest.raises(LogError, match="An offset is a whole number"):
        log.count(0, offset)


@pytest.mark.parametrize("wrong", [HUGE, -HUGE])
def test_a_time_that_no_float_can_hold_is_refused(log: EventLog, wrong: int) -> None:
    log.append(event())
    log.retention = Retention(max_age=1.5)
    for call in (log.retain, log.compact, lambda now: log.offset_at(0, now)):
        with pytest.raises(LogError, match="A time is a number of seconds"):
            call(wrong)
    for name in ("max_age", "tombstone_age"):
        with pytest.raises(LogError, match=f"{name} is in seconds"):
            Retention(**{name: abs(wrong)})
    assert log.count() == 1


@pytest.mark.parametrize("data", ["1e999", "[-1e999]", '{"a":1e400}'])
def test_a_number_in_json_that_would_be_infinite_is_refused(data: str) -> None:
    text = '{"specversion":"1.0","id":"i","source":"s","type":"t","data":%s}'
    with pytest.raises(EventError, match="too large a number"):
        Event.from_json(text % data)
    assert Event.from_json(text % "1e308").data == 1e308


@pytest.mark.parametrize(
    "time",
    ["9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"],
)
def test_a_time_in_json_that_no_log_takes_is_refused(time: str) -> None:
    with pytest.raises(EventError, match="in the years 1-9999"):
        Event.from_fields(
            {"specversion": "1.0", "id": "i", "source": "s", "type": "t", "time": time}
        )


@pytest.mark.parametrize(
    ("value", "said"),
    [(Sly(), "Sly"), (10**5000, "int"), (Lines(), "a b"), ("x" * 10**5, "xxx"), ([Sly()], "Sly")],
    ids=["sly", "digits", "lines", "long", "inside"],
)
def test_any_value_is_shown_in_a_line(log: EventLog, value: Any, said: str) -> None:
    assert said in brief(value)
    for call in (log.append, log.append_batch, log.end):
        with pytest.raises((LogError, EventError)) as refused:
            call(value)
        assert len(str(refused.value).splitlines()) == 1
        assert len(str(refused.value)) < 500


@pytest.mark.parametrize("ticks", range(3))
def test_a_clock_that_fails_leaves_nothing_half_done(log: EventLog, ticks: int) -> None:
    times, gone = iter([1.0] * ticks), event(None, "a")
    log.clock = lambda: next(times)
    for partition in log._partitions:
        partition.clock = log.clock
    with pytest.raises(StopIteration):
        log.append_across({0: [event(), gone], 1: [event(), gone], 2: [gone, gone]})
    assert [log.count(number) for number in range(3)] == [0, 0, 0]


@pytest.mark.parametrize("wrong", [math.nan, math.inf, None, "noon"])
def test_a_clock_without_the_time_buries_nothing(log: EventLog, wrong: Any) -> None:
    for partition in log._partitions:
        partition.clock = lambda: wrong
    with pytest.raises((EventError, LogError)):
        log.append(event(None, "a"))
    assert log.end() == 0


PAIR = "\ud83d\ude00"  # in JSON, the same as the one character 😀
SPLIT = r"the surrogates '\\ud83d\\ude00', which JSON gives back as one character: use '😀'"


@pytest.mark.parametrize("field", ["id", "source", "type", "subject", "key"])
@pytest.mark.parametrize("data", [{"a": 1}, None, b"1", [{}]])
@pytest.mark.parametrize("batch", [0, 2])
def test_half_a_character_beside_its_other_half_is_refused(
    log: EventLog, field: str, data: Any, batch: int
) -> None:
    with pytest.raises(EventError, match=f"An event's {field} has {SPLIT}"):
        log.append_batch([*[event("x" * 300)] * batch, event(data, **{field: f"a{PAIR}b"})])
    assert log.end() == 0


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (PAIR, "data has"), ({"a": PAIR}, r"data\['a'\] has"), ([1, [PAIR]], r"data\[1\]\[0\] has"),
        ({PAIR: 1}, "data has a key that has"),
        ({"a": {PAIR: 1}}, r"data\['a'\] has a key that has"),
        ({"a": "\\ud83d", "b": PAIR}, r"data\['b'\] has"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("more", [{}, {"extensions": {"traceid": "7"}}, {"key": "ann"}])
def test_it_is_refused_in_the_data_too_with_its_place(
    log: EventLog, data: Any, place: str, more: Any
) -> None:
    for refuses in (log.append, lambda each: log.append_batch([event(1), each])):
        with pytest.raises(EventError, match=f"{place} {SPLIT}"):
            refuses(event(data, **more))
    assert log.end() == 0


@pytest.mark.parametrize(
    "text", ["\ud83d", "\ude00\ud83d", "😀", "\ud83dx\ude00", "\\ud83d\\ude00"]
)
@pytest.mark.parametrize("data", [lambda t: t, lambda t: {t: t}, lambda t: [t, {"a": t}]])
def test_half_a_character_alone_comes_back_and_so_does_a_whole_one(
    log: EventLog, text: str, data: Callable[[str], Any]
) -> None:
    given = event(data(text), key=text, subject=text, extensions={"traceid": text})
    plain = event(data(text), key=text)
    log.append_batch([given, plain, event(None, key=text)])
    log.append(plain)
    assert [each for _, each in log.read(0, 0)] == [given, plain, event(None, key=text), plain]


@pytest.mark.parametrize(
    "time", [1769851800.2543217, 1.00000049, -3.00000049, 4e9 + 1e-6 / 3, 1, True]
)
@pytest.mark.parametrize("data", [{"a": 1}, [1], None])
def test_a_time_is_kept_to_the_microsecond(log: EventLog, time: float, data: Any) -> None:
    log.append(event(data, time=time))
    log.append_batch([event(data, time=time, key="a")] * 2)
    assert {each.time for _, each in log.read(0, 0)} == {round(time * 1e6) / 1e6}
    assert {type(each.time) for _, each in log.read(0, 0)} == {float}


texts = st.text(max_size=6) | st.sampled_from(
    ["],[", "},{", '"', "\\", r"\ud83d", "😀", "é", "\x00", "[" * 150, "a\nb", "1" * 4100]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | texts | st.just(10**3999) | st.just(10**4100),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts | st.integers(), inner),
    max_leaves=8,
)  # fmt: skip
events = st.builds(
    event, values | st.dictionaries(texts, texts) | st.binary(max_size=3), st.none() | texts,
    id=texts, source=st.sampled_from(["shop", "é", ""]), time=st.floats(-1e9, 1e10),
    subject=st.sampled_from([None, None, None, "o-1"]),
)  # fmt: skip


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(events, min_size=2, max_size=5), st.integers(0, 4))
def test_a_batch_is_written_as_its_events_are_one_by_one(batch: list[Event], plain: int) -> None:
    batch += [event({"order": "tea", "amount": n}, "ann") for n in range(plain)]
    try:
        alone = [to_row(each, 1.0).encode() for each in batch]
    except EventError:
        with pytest.raises(EventError):
            to_rows(batch, 1.0)
    else:
        assert to_rows(batch, 1.0) == alone


def test_the_kit_imports_without_forks() -> None:
    code = "import os; del os.register_at_fork; import pubsub_kit.log.threads"
    subprocess.run([sys.executable, "-c", code], check=True)
