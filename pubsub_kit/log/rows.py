"""Rows: how a log on disk writes events, in less space than CloudEvents, and faster to read.

A row is a JSON array of the fields in the order of `Event`, with the time in microseconds:

    ["3f9a…-1","shop","order.placed",1769851800250000,{"total":42},"o-17","ann"]

An event with bytes or extensions is written as CloudEvents JSON instead, an object among arrays.
"""

from __future__ import annotations

from collections.abc import Iterable
from reprlib import repr as brief
from typing import Any

from pubsub_kit.log.cloudevents import EventError, encode, quote
from pubsub_kit.log.event import FIRST, LAST, NO_EXTENSIONS, Event, make


def to_row(event: Event) -> str:
    """Return the event as a row, or as CloudEvents JSON if it has bytes or extensions.

    Raises EventError as `Event.to_json` does.
    """
    id, source, type, time, data, subject, key, extensions = event
    named = id and source and type and subject != "" and key != ""
    try:
        if named and not extensions and data.__class__ is not bytes and FIRST <= time < LAST:
            return (
                f"[{quote(id)},{quote(source)},{quote(type)},{round(time * 1e6)},{encode(data)},"
                f"{'null' if subject is None else quote(subject)},"
                f"{'null' if key is None else quote(key)}]"
            )
    except (TypeError, ValueError, RecursionError):
        pass  # to_json can tell what is wrong
    return event.to_json()


def from_rows(rows: Iterable[Any]) -> list[Event]:
    """Make events from parsed rows or CloudEvents objects; raises EventError.

    A row's fields are not checked again: they were when it was written.
    """
    row, events, more = None, [], NO_EXTENSIONS
    try:
        for row in rows:
            if row.__class__ is list:
                id, source, type, micros, data, subject, key = row
                time = micros / 1_000_000
                events.append(make(Event, (id, source, type, time, data, subject, key, more)))
            else:
                events.append(Event.from_fields(row))
    except (TypeError, ValueError):
        raise EventError(f"An event's row has 7 fields, unlike {brief(row)}.") from None
    return events
