"""How a log is read: paths, texts and lists; and what is said of lines that make no sense."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.incidents import Incident, IncidentError, incident, read, sample
from pubsub_kit.incidents.record import FIELDS, WHAT

SENT = '{"at": 1, "what": "published", "message": "a"}'
GOT = '{"at": 2, "what": "delivered", "message": "a", "worker": "w"}'


@pytest.mark.parametrize(
    "source",
    [f"{SENT}\n{GOT}\n", f"\ufeff{SENT}\n\n{GOT}".encode(), [SENT, GOT], f"[{SENT},{GOT}]",
     [json.loads(SENT), json.loads(GOT)], (line for line in (GOT, SENT)), f"{SENT}\r\n{GOT}\r\n",
     json.dumps([json.loads(SENT), json.loads(GOT)], indent=2), [SENT.encode(), GOT]],
    ids=["text", "bytes", "lines", "array", "dicts", "generator", "crlf", "indented", "mixed"],
)  # fmt: skip
def test_a_log_is_read_from_whatever_has_its_lines(source: Any) -> None:
    assert [each.what for each in read(source).records] == ["published", "delivered"]


def test_a_path_is_read_whether_it_is_a_text_or_not(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(SENT)
    assert len(read(path).records) == len(read(str(path)).records) == 1


def test_dates_become_seconds_since_the_log_begins() -> None:
    rows = [{"at": f"2026-03-02T09:00:0{n}Z", "what": "crashed", "worker": "w"} for n in (3, 1)]
    log = read(rows)
    assert [each.at for each in log.records] == [0, 2]
    assert log.start == "2026-03-02T09:00:01.000Z"


def test_a_moment_may_be_a_datetime() -> None:
    moment = datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert read([{"at": moment, "what": "crashed", "worker": "w"}]).start.startswith("2026-03-02T")
    with pytest.raises(IncidentError, match="no time zone"):
        read([{"at": moment.replace(tzinfo=None), "what": "crashed", "worker": "w"}])


def test_lines_of_one_moment_keep_their_order() -> None:
    rows = [{"at": 1, "what": "published", "message": name} for name in "cab"]
    assert [each.message for each in read(rows).records] == ["c", "a", "b"]


def test_a_version_or_an_offset_is_a_sequence() -> None:
    rows = [{**json.loads(SENT), name: 7} for name in ("version", "offset", "sequence")]
    assert [each.sequence for each in read(rows).records] == [7, 7, 7]


def test_fields_that_are_not_known_are_named_and_not_used() -> None:
    case = incident([{**json.loads(SENT), "host": "db-1", "pid": 4}])
    assert "Fields that were not used: host, pid." in str(case)


BAD = {
    "not json": ("hello {", "line 2: it is no JSON"),
    "cut off": (SENT[:20], "line 2: it is no JSON"),
    "an array of numbers": ("[1, 2]", "line 2: 1 is no object"),
    "a number": ("17", "line 2: 17 is no object"),
    "no moment": ('{"what": "dead", "message": "a"}', "line 2: it does not say when it happened"),
    "a misspelt field": ('{"at": 1, "what": "dead", "mesage": "a"}', "has 'mesage'"),
    "a misspelt kind": (SENT.replace("published", "publishd"), "did you mean 'published'?"),
    "no kind": ('{"at": 1}', "line 2: it does not say what happened"),
    "a kind of a wrong type": ('{"at": 1, "what": [1]}', r"what=\[1\] is not known"),
    "NaN": (SENT.replace("1", "NaN"), "line 2: it has a number that can't be used"),
    "infinity": (SENT.replace("1", "1e999"), "line 2: it has a number that can't be used"),
    "too many digits": (SENT.replace("1", "9" * 5000), "line 2: it has a number"),
    "milliseconds": (SENT.replace("1", "1772442843000"), "is it milliseconds?"),
    "a truth for a moment": (SENT.replace("1", "true"), "at=True is no moment"),
    "no time zone": (SENT.replace("1", '"2026-03-02T09:00:00"'), "has no time zone"),
    "no date": (SENT.replace("1", '"yesterday"'), "at='yesterday' is no date"),
    "a date among seconds": (SENT.replace("1", '"2026-03-02T09:00:00Z"'), "one kind of time"),
    "an attempt of 0": (GOT.replace('"w"', '"w", "attempt": 0'), "attempt=0 is no count"),
    "half a sequence": (GOT.replace('"w"', '"w", "sequence": 1.5'), "sequence=1.5 is no count"),
    "a lease below 0": (GOT.replace('"w"', '"w", "lease": -1'), "lease=-1 is no time"),
    "control characters": (GOT.replace('"w"', r'"w\u0000"'), "has control characters"),
    "half a character": (GOT.replace('"w"', r'"\ud800"'), "has control characters"),
    "a long id": (GOT.replace('"w"', f'"{"x" * 999}"'), "worker has 999 characters"),
    "10 MB": ("x" * 10_000_000, "line 2: it is no JSON"),
    "deep": ("[" * 100_000, "line 2: it is nested too deeply"),
    "an open object": ("{", "line 2: the object that begins here has no end"),
    "a crash of nobody": ('{"at": 1, "what": "crashed"}', "needs 'worker'"),
    "a worker that is a list": (GOT.replace('"w"', "[]"), r"worker=\[\] is no name"),
    "an amount in words": (GOT.replace('"w"', '"w", "amount": "ten"'), "amount='ten'"),
    "refused in words": (GOT.replace('"w"', '"w", "refused": "no"'), "refused='no' is neither"),
}


@pytest.mark.parametrize("name", BAD)
def test_the_first_line_that_makes_no_sense_is_named(name: str) -> None:
    line, words = BAD[name]
    with pytest.raises(IncidentError, match=words) as error:
        incident(f"{SENT}\n{line}\n{GOT}")
    assert len(str(error.value)) < 400
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("source", "words"),
    [(None, "not None"), (7, "not 7"), (float("nan"), "not nan"), ("", "no event"),
     (b"", "no event"), ([], "no event"), ({}, "does not say what"), ([None], "line 1: None"),
     (b"\x89PNG\r\n\x1a\n\xff", "line 1: it is no UTF-8"), ("\x00\x01", "is no JSON"),
     ("no-such.jsonl", "can't be read"), (Path("/"), "can't be read"), ("  \n \n", "no event"),
     (object(), "not <object"), (incident, "not <function")],
    ids=["none", "int", "nan", "empty", "no bytes", "no lines", "no fields", "none in a list",
         "binary", "control characters", "no file", "folder", "blank", "object", "function"],
)  # fmt: skip
def test_what_is_no_log_gets_a_sentence(source: Any, words: str) -> None:
    with pytest.raises(IncidentError, match=words):
        incident(source)


@pytest.mark.parametrize("lease", [0, -1, float("nan"), float("inf"), "10", True, []])
def test_a_lease_is_seconds(lease: Any) -> None:
    with pytest.raises(IncidentError, match="lease="):
        incident(SENT, lease=lease)


def test_there_is_no_sample_of_another_name() -> None:
    with pytest.raises(IncidentError, match="choose one of doubled"):
        sample("nothing")


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
kinds = st.sampled_from(WHAT) | st.text(max_size=3)
ids = st.sampled_from(["a", "b", ""]) | scalars
numbers = st.integers(-1, 4) | scalars
rows_ = st.fixed_dictionaries(
    {"at": st.integers(0, 5) | scalars, "what": kinds},
    optional={name: (numbers if name in ("attempt", "sequence", "lease") else ids)
              for name in FIELDS if name not in ("at", "what")},
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(rows_ | scalars, max_size=8))
def test_any_list_is_read_as_a_whole_or_refused_in_a_sentence(rows: list[Any]) -> None:
    case, refused = _read(rows)
    assert "\n" not in refused
    if case is not None:
        assert len(case.records) == len(rows)
        assert str(case)
        assert all(0 <= step < len(case.trace) for f in case.judged() for step in case.steps(f))


def _read(rows: list[Any]) -> tuple[Incident | None, str]:
    """Return the incident, or in which words it was refused."""
    try:
        return incident(rows), ""
    except PubSubKitError as error:
        return None, str(error)


sane = st.fixed_dictionaries(
    {"at": st.integers(0, 9), "what": st.sampled_from(WHAT), "message": st.sampled_from("ab"),
     "worker": st.sampled_from(["v", "w"])},
    optional={"attempt": st.integers(1, 4), "sequence": st.integers(0, 3), "key": st.just("k"),
              "lease": st.just(2), "group": st.sampled_from("gh"), "refused": st.booleans(),
              "target": st.sampled_from("xy"), "topic": st.sampled_from("tu")},
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(sane, min_size=1, max_size=14))
def test_any_story_is_judged_without_an_error(rows: list[Any]) -> None:
    case = incident(rows)
    for found in case.judged():
        assert (found.verdict == "undecidable") == bool(found.missing)
        assert not found.broken or found.records
    assert case.trace
