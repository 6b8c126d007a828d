"""Rows: how a log on disk writes events, in less space than CloudEvents, and faster to read.

A row is a JSON array of the fields in the order of `Event`, with the time in microseconds:

    ["3f9a…-1","shop","order.placed",1769851800250000,{"total":42},"o-17","ann"]

An event with bytes or extensions is written as CloudEvents JSON instead, an object among arrays.

A tombstone's row goes on with the time of its append, from which its age counts, and with its
extensions, if it has any:

    ["3f9a…-2","shop","order.gone",1769851800250000,null,null,"ann",1769851801000000,{"traceid":"7"}]
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any

from pubsub_kit.errors import brief
from pubsub_kit.log.cloudevents import encode, encode_data, is_split, quote
from pubsub_kit.log.event import FIRST, LAST, NO_EXTENSIONS, Event, checked, make, microseconds
from pubsub_kit.log.values import DEPTH, TOO_LONG, EventError, check_texts, named

_LONG = 2 * DEPTH  # characters, with which data could be nested too deep


def to_row(event: Event, now: float | None = None) -> str:
    """Return the event as a row, or as CloudEvents JSON if it has bytes or extensions.

    With `now` (seconds), a tombstone's row says that it was appended then. Raises EventError as
    `Event.to_json` does.
    """
    id, source, type, time, data, subject, key, extensions = event
    if data is None and key is not None and now is not None:
        return _tombstone(event, now)
    whole = id.__class__ is source.__class__ is type.__class__ is str and id and source and type
    plain = (subject is None or (subject and subject.__class__ is str)) and not extensions
    if whole and plain and data.__class__ is not bytes and (key is None or key.__class__ is str):
        try:
            if key != "" and FIRST <= time < LAST:
                row = encode([id, source, type, round(time * 1e6), data, subject, key])
                if beyond := "\\ud" in row:
                    check_texts(event)
                if (len(row) < _LONG and not beyond and named(data)) or encode_data(data):
                    return row
        except (TypeError, ValueError, ArithmeticError, RecursionError):
            pass  # to_json can tell what is wrong
    return event.to_json()


def to_rows(events: Sequence[Event], now: float) -> list[bytes]:
    """Return the rows of events that are appended at a time; raises EventError as `to_row` does.

    To look at them by columns is faster; what is odd about one of them is told one by one.
    """
    gone = None in [event[4] for event in events]
    if len(events) > 1 and not gone:
        try:
            return [row.encode() for row in _by_columns(events)]
        except (TypeError, ValueError, ArithmeticError, RecursionError):
            pass
    if gone:
        microseconds(now)  # before it is written into a tombstone
    return [to_row(event, now).encode() for event in events]


def _by_columns(events: Sequence[Event]) -> list[str]:
    """Return rows; raises ValueError, or another error, if an event is not a usual one."""
    ids, sources, types, times, data, subjects, keys, mores = zip(*events, strict=True)
    kinds, names, texts = {*map(type, data)}, {*sources, *types}, {*keys}
    whole = {*map(type, ids)} == {str} == {*map(type, names)} and "" not in names and all(ids)
    plain = {*subjects} == {None} and not any(mores) and bytes not in kinds
    keyed = {*map(type, texts)} <= {str, type(None)} and "" not in texts
    timed = {*map(type, times)} == {float} and min(times) >= FIRST and max(times) < LAST
    quoted = {text: encode(text) for text in names | texts}
    ascii = "".join(ids).isascii() and not any("\\ud" in text for text in quoted.values())
    if not (whole and plain and keyed and timed and ascii):
        raise ValueError("one of them is not usual")
    columns = zip(ids, sources, types, times, _encoded(data, kinds), keys, strict=True)
    return [
        f"[{quote(id)},{quoted[source]},{quoted[type]},{round(time * 1e6)},{text},null,"
        f"{quoted[key]}]"
        for id, source, type, time, text, key in columns
    ]


def _encoded(data: Sequence[Any], kinds: set[type]) -> list[str]:
    """Return the data of each event as JSON; raises EventError for what is no JSON.

    All of it is encoded together, which is faster, and then split between its arrays. Data that
    looks as if it had such a place gives too many parts, and is encoded one by one.
    """
    text = encode([*zip(data, strict=True)])
    parts = text[2:-2].split("],[")
    if "\\" in text and "\\ud" in text and is_split(data):
        sound = False
    elif kinds == {dict} and text.count("{") == len(data) and max(map(len, parts)) < _LONG:
        sound = {*map(type, set().union(*data))} <= {str}  # all keys are strings
    else:
        sound = all(map(_is_sound, parts, data))
    return parts if sound and len(parts) == len(data) else [*map(encode_data, data)]


def _is_sound(text: str, data: Any) -> bool:
    """Return whether a text is sure to give its data back, as `values.sound` does for any."""
    braces = text.count("{")
    if len(text) >= _LONG and braces + text.count("[") > DEPTH:
        return False
    if len(text) > 4000 and TOO_LONG.search(text):
        return False
    if braces == 1 and data.__class__ is dict:
        try:
            return "".join(data) is not None
        except TypeError:
            return False
    return not braces or named(data)


def _tombstone(event: Event, now: float) -> str:
    id, source, type, time, _, subject, key, extensions = checked(event)
    check_texts(event)
    row = [id, source, type, microseconds(time), None, subject, key, microseconds(now)]
    return encode([*row, dict(extensions)] if extensions else row)


def from_rows(rows: list[Any]) -> list[Event]:
    """Make events from parsed rows or CloudEvents objects; raises EventError.

    A row's fields are not checked again: they were when it was written.
    """
    if {*map(type, rows)} == {list} and {*map(len, rows)} == {7}:  # by columns, which is faster
        ids, sources, types, micros, data, subjects, keys = zip(*rows, strict=True)
        try:
            times = [micro / 1_000_000 for micro in micros]
        except TypeError:
            pass
        else:
            fields = zip(ids, sources, types, times, data, subjects, keys, repeat(NO_EXTENSIONS))
            return [*map(make, repeat(Event), fields)]
    return [_from_row(row) for row in rows]


def _from_row(row: Any) -> Event:
    if row.__class__ is not list:
        return Event.from_fields(row)
    try:
        id, source, type, micros, data, subject, key, *more = row
        if not more or (data is None and key is not None and len(more) < 3):
            extensions = more[1] if len(more) == 2 else NO_EXTENSIONS
            fields = (id, source, type, micros / 1_000_000, data, subject, key, extensions)
            return make(Event, fields)
    except (TypeError, ValueError):
        pass
    raise EventError(f"An event's row has 7 fields, or 9 as a tombstone, unlike {brief(row)}.")


def key_of(row: Any) -> tuple[str | None, float | None]:
    """Return the key of a parsed row, and when it was appended (seconds) if it is a tombstone.

    Where nobody wrote down when, as in the logs of earlier versions, it is the event's own time.
    """
    if row.__class__ is not list:
        event = Event.from_fields(row)
        return event.key, event.time if event.data is None else None
    key, buried = row[6], row[4] is None
    return key, (row[7] if len(row) > 7 else row[3]) / 1_000_000 if buried else None


def newest(rows: Iterable[Any]) -> float:
    """Return the latest time of parsed rows (seconds), or minus infinity if there is none."""
    times = (
        row[3] / 1_000_000 if row.__class__ is list else Event.from_fields(row).time for row in rows
    )
    return max(times, default=float("-inf"))
