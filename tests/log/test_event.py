"""Events: CloudEvents 1.0 JSON both ways, checked against the CloudEvents project's own SDK."""

from __future__ import annotations

import copy
import json
import math
import os
import pickle
import re
import subprocess
import sys
import time
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.event import Event
from pubsub_kit.log.ids import fresh_id
from pubsub_kit.log.rows import from_rows, to_row
from pubsub_kit.log.values import EventError

SDK = JSONFormat()
NAME = {"specversion": "1.0", "id": "1", "source": "shop", "type": "order.placed"}

words = st.text(min_size=1, max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)  # fmt: skip
names = st.from_regex("[a-z0-9]{1,12}", fullmatch=True).map("x".__add__)
extras = st.dictionaries(names, words | st.integers(-(2**31), 2**31 - 1) | st.booleans())


@st.composite
def events(draw: st.DrawFn) -> Event:
    event = Event.new(
        draw(words),
        draw(values | st.binary(max_size=20)),
        source=draw(words),
        id=draw(words),
        time=draw(st.floats(-6e10, 2e11)),
        subject=draw(st.none() | words),
        key=draw(st.none() | words),
    )
    return event._replace(extensions=draw(extras))


# What it is


def test_an_event_is_named_by_its_attributes() -> None:
    event = Event.new("order.placed", {"total": 42}, source="shop", id="7", time=1.5, key="ann")
    assert event == ("7", "shop", "order.placed", 1.5, {"total": 42}, None, "ann", {})


def test_a_missing_time_is_now_to_the_microsecond() -> None:
    before = time.time()
    event = Event.new("a")
    assert before - 1e-6 <= event.time <= time.time() + 1e-6
    assert Event.from_json(event.to_json()).time == event.time


def test_a_missing_id_is_fresh_each_time() -> None:
    assert len({Event.new("a").id for _ in range(10_000)}) == 10_000


def test_two_processes_never_make_the_same_id() -> None:
    program = "from pubsub_kit.log.ids import fresh_id; print(fresh_id())"
    made = {subprocess.check_output([sys.executable, "-c", program]) for _ in range(2)}
    assert len(made) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system starts no process by forking")
def test_a_forked_child_makes_ids_of_its_own() -> None:
    program = (
        "import os; from pubsub_kit.log.ids import fresh_id; fresh_id(); child = os.fork() == 0; "
        "child or os.wait(); print(fresh_id(), flush=True)"
    )
    ids = subprocess.check_output([sys.executable, "-c", program]).split()
    assert len(set(ids)) == 2


def test_an_event_can_be_copied_and_pickled() -> None:
    event = Event.new("a", {"n": [1]}, id="1", time=0)
    assert copy.deepcopy(event) == event == pickle.loads(pickle.dumps(event))


def test_the_empty_extensions_that_all_share_cannot_be_changed() -> None:
    with pytest.raises(TypeError, match="does not support item assignment"):
        Event.new("a").extensions["x"] = 1  # type: ignore[index]


# JSON


def test_the_json_is_as_the_module_shows_it() -> None:
    event = Event.new("t", {"total": 42}, source="s", id="1", time=0.25, subject="o-17", key="ann")
    assert event.to_json() == (
        '{"specversion":"1.0","id":"1","source":"s","type":"t","time":"1970-01-01T00:00:00.250000Z"'
        ',"subject":"o-17","partitionkey":"ann","data":{"total":42}}'
    )


@given(events())
def test_what_is_written_is_read_back_equal(event: Event) -> None:
    text = event.to_json()
    assert Event.from_json(text) == event
    assert Event.from_json(text.encode()) == event
    assert text.isascii()
    assert "\n" not in text


@given(events())
def test_the_sdk_reads_what_we_write(event: Event) -> None:
    theirs = SDK.read(None, event.to_json())
    assert (theirs.get_id(), theirs.get_source(), theirs.get_type()) == event[:3]
    at = theirs.get_time()
    assert at is not None
    assert math.isclose(at.timestamp(), event.time, rel_tol=1e-15, abs_tol=1e-6)
    assert theirs.get_data() == event.data
    assert theirs.get_subject() == event.subject
    assert theirs.get_extension("partitionkey") == event.key
    assert {name: theirs.get_extension(name) for name in event.extensions} == event.extensions


@given(events())
def test_we_read_what_the_sdk_writes(event: Event) -> None:
    attributes = SDK.read(None, event.to_json()).get_attributes()
    theirs = SDK.write(CloudEvent(dict(attributes), event.data))
    assert Event.from_json(theirs) == event


# Rows, the log's own form


def test_a_row_is_as_the_module_shows_it() -> None:
    event = Event.new("t", {"total": 42}, source="s", id="1", time=0.25, subject="o-17", key="ann")
    assert to_row(event) == '["1","s","t",250000,{"total":42},"o-17","ann"]'
    assert to_row(event._replace(subject=None, key=None)).endswith(',{"total":42},null,null]')


def test_bytes_and_extensions_have_no_place_in_a_row() -> None:
    for event in (Event.new("t", b"bytes"), Event.new("t")._replace(extensions={"x": 1})):
        assert to_row(event) == event.to_json()


@given(st.lists(events() | events().map(lambda event: event._replace(extensions={}))))
def test_rows_are_read_back_equal(some: list[Event]) -> None:
    rows = [to_row(event) for event in some]
    again = from_rows(json.loads(f"[{','.join(rows)}]"))
    assert again == some
    assert [event.to_json() for event in again] == [event.to_json() for event in some]
    assert all(row.isascii() and "\n" not in row for row in rows)


@pytest.mark.parametrize(
    "row", [[], ["1"], [1] * 8, [1] * 9, 7, None, ["1", "s", "t", None, 0, None, None]]
)
def test_what_is_no_row_is_refused(row: Any) -> None:
    with pytest.raises(
        EventError,
        match=r"^An event('s row has 7 fields, or 9 as a tombstone, unlike| is a JSON obj)",
    ):
        from_rows([row])


def test_no_data_and_null_data_are_the_same() -> None:
    assert Event.from_json(json.dumps(NAME)).data is None
    assert Event.from_json(json.dumps(NAME | {"data": None})).data is None
    assert "data" not in json.loads(Event.new("a").to_json())


def test_other_attributes_come_back_as_extensions() -> None:
    fields = NAME | {"datacontenttype": "text/plain", "data": "hi", "traceparent": "00-1"}
    event = Event.from_json(json.dumps(fields | {"sequence": None}))
    assert event.extensions == {"datacontenttype": "text/plain", "traceparent": "00-1"}
    written = json.loads(event.to_json())
    del written["time"]
    assert written == fields


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:01Z", 1.0),
        ("1970-01-01t00:00:01z", 1.0),
        ("1970-01-01T01:00:01+01:00", 1.0),
        ("1969-12-31T23:59:59.500000Z", -0.5),
        ("1970-01-01T00:00:00.123456789Z", 0.123456),
        ("0001-01-01T00:00:00Z", -62_135_596_800.0),
        ("9999-12-31T23:59:58.000001Z", 253_402_300_798.000001),
    ],
)
def test_times_are_read_in_all_forms_of_rfc_3339(text: str, seconds: float) -> None:
    assert Event.from_json(json.dumps(NAME | {"time": text})).time == seconds


# What is refused, and how


def refused(text: Any) -> str:
    with pytest.raises(EventError) as caught:
        Event.from_json(text)
    return str(caught.value)


def test_an_event_error_is_an_error_of_the_kit() -> None:
    assert issubclass(EventError, PubSubKitError)


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "nonsense", "NaN", b"\xff\xfe\x00", b"{\x80}", "[" * 100_000, "1" * 5_000,
        json.dumps(NAME | {"data": math.nan}), json.dumps(NAME) + "{}", "\x00", None, 7,
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused(text: Any) -> None:
    assert re.fullmatch(r"This is not JSON \(.+\): .+\.", refused(text), re.DOTALL)


@pytest.mark.parametrize("text", ["null", "[]", '["id"]', "7", '"text"', "true"])
def test_json_that_is_no_object_is_refused(text: str) -> None:
    assert refused(text).startswith("An event is a JSON object, not ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"specversion": None}, "An event's specversion must be '1.0', not None."),
        ({"specversion": "0.3"}, "An event's specversion must be '1.0', not '0.3'."),
        ({"id": ""}, "An event's id must be a non-empty string, not ''."),
        ({"id": 7}, "An event's id must be a non-empty string, not 7."),
        ({"source": None}, "An event's source must be a non-empty string, not None."),
        ({"type": ["a"]}, "An event's type must be a non-empty string, not ['a']."),
        ({"subject": ""}, "An event's subject must be a non-empty string, not ''."),
        ({"subject": {}}, "An event's subject must be a non-empty string, not {}."),
        ({"partitionkey": 7}, "An event's key must be a non-empty string, not 7."),
        ({"partitionkey": ""}, "An event's key must be a non-empty string, not ''."),
        ({"Bad": 1}, "An extension needs a new name of a-z and 0-9, not 'Bad'."),
        ({"": 1}, "An extension needs a new name of a-z and 0-9, not ''."),
        ({"x": 1.5}, "Extension x must be a string or integer, not 1.5."),
        ({"x": []}, "Extension x must be a string or integer, not []."),
        ({"time": 7}, "A time looks like 2026-01-31T09:30:00.25Z, not 7."),
        ({"time": ""}, "A time looks like 2026-01-31T09:30:00.25Z, not ''."),
        ({"data_base64": "?"}, "An event's data_base64 must be base64: "),
        ({"data_base64": 7}, "An event's data_base64 must be base64: "),
        ({"data_base64": "", "data": 1}, "An event's data_base64 must be base64: there is data"),
    ],
)
def test_a_wrong_attribute_is_named_with_its_value(change: dict[str, Any], message: str) -> None:
    assert refused(json.dumps(NAME | change)).startswith(message)


@pytest.mark.parametrize(
    "text",
    ["2026-01-31", "2026-01-31T09:30:00", "2026-02-30T00:00:00Z", "2026-W05-1T09:30:00Z",
     "2026-01-31T09:30:00.+12345Z", "2026-01-31T09:30:00.1234567", "10000-01-01T00:00:00Z",
     "2026-01-31T09:30:00,123456Z", "0001-01-01T00:00:00+01:00Z"],
)  # fmt: skip
def test_a_time_that_rfc_3339_has_not_is_refused(text: str) -> None:
    assert refused(json.dumps(NAME | {"time": text})).startswith("A time looks like ")


def test_a_huge_value_is_cut_in_the_message() -> None:
    assert len(refused(json.dumps(NAME | {"id": ["x" * 100_000]}))) < 200
    assert len(refused("x" * 100_000)) < 200


@pytest.mark.parametrize("at", [math.nan, math.inf, -math.inf, 1e12, -1e12, "now"])
def test_a_time_outside_the_calendar_is_refused(at: Any) -> None:
    with pytest.raises(EventError, match=r"^A time is in seconds since 1970, in the years 1-9999"):
        Event.new("a", time=at)


@pytest.mark.parametrize(
    "data", [math.nan, [math.inf], {1, 2}, object(), {"a": b"bytes"}, {(1, 2): 3}]
)
def test_data_that_json_has_not_is_refused_when_written(data: Any) -> None:
    with pytest.raises(EventError, match=r"^An event's data must be a JSON value, but data"):
        Event.new("a", data).to_json()
    with pytest.raises(EventError, match=r"^An event's data must be a JSON value, but data"):
        to_row(Event.new("a", data))


def test_data_that_contains_itself_is_refused_when_written() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(EventError, match=r"^An event's data must be a JSON value, but data"):
        Event.new("a", loop).to_json()


@pytest.mark.parametrize(
    "event",
    [
        Event("", "s", "t", 0), Event("1", "", "t", 0), Event("1", "s", "", 0),
        Event("1", "s", "t", math.nan), Event("1", "s", "t", 1e12),
        Event("1", "s", "t", 0, subject=""), Event("1", "s", "t", 0, key=""),
        Event("1", "s", "t", 0, extensions={"id": "2"}),
        Event(1, "s", "t", 0),  # type: ignore[arg-type]
        Event("1", "s", "t", "0"),  # type: ignore[arg-type]
        Event("1", "s", "t", 0, key=7),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_what_could_not_be_read_is_not_written(event: Event) -> None:
    for write in (event.to_json, lambda: to_row(event)):
        with pytest.raises(EventError):
            write()


def test_a_fresh_id_is_short_and_plain() -> None:
    assert re.fullmatch(r"[0-9a-f]{24}-\d+", fresh_id())
