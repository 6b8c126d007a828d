"""An event: a small fact about something that happened, with the attributes of CloudEvents 1.0.

    Event.new("order.placed", {"total": 42}, source="shop", subject="o-17", key="ann")

`source` and `id` together identify the event for good: if you see the pair twice, you see a
duplicate. Events with the same `key` stay in order. `data` may be any JSON value, or bytes; with a
key and with None for data, an event is a tombstone, which says that the key is gone.

See cloudevents.py for the event as JSON, and rows.py for its form on disk.
"""

from __future__ import annotations

import re
import time as clock
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pubsub_kit.errors import brief
from pubsub_kit.log import cloudevents
from pubsub_kit.log.ids import fresh_id
from pubsub_kit.log.values import EventError

NO_EXTENSIONS = cloudevents.NO_EXTENSIONS
FIRST, LAST = -62_135_596_800.0, 253_402_300_799.0  # seconds since the epoch: the years 1-9999


class Event(NamedTuple):
    """A fact with CloudEvents attributes: immutable, comparable and, as a tuple, cheap.

    `time` is seconds since the epoch, precise to the microsecond. `extensions` holds every other
    attribute, such as `datacontenttype` and `dataschema`. Make an event with `Event.new`, which
    checks its arguments; `Event(…)` itself trusts its caller.
    """

    id: str
    source: str
    type: str
    time: float
    data: Any = None
    subject: str | None = None
    key: str | None = None
    extensions: Mapping[str, str | int | bool] = NO_EXTENSIONS

    @classmethod
    def new(
        cls,
        type: str,
        data: Any = None,
        *,
        source: str = "pubsub-kit",
        id: str | None = None,
        time: float | None = None,
        subject: str | None = None,
        key: str | None = None,
    ) -> Event:
        """Make an event; the default `id` is a fresh one, and the default `time` is now.

        Raises EventError for an empty or non-string attribute, or a time outside the years 1-9999.
        """
        id = fresh_id() if id is None else id
        time = (clock.time_ns() // 1_000 if time is None else microseconds(time)) / 1_000_000
        return checked(make(cls, (id, source, type, time, data, subject, key, NO_EXTENSIONS)))

    def to_json(self) -> str:
        """Return the event as CloudEvents JSON, one line of ASCII.

        Raises EventError if the data is not a JSON value (a set, NaN, an object of yours).
        """
        microseconds(checked(self).time)
        return cloudevents.write(self)

    @classmethod
    def from_json(cls, text: str | bytes) -> Event:
        """Read an event from CloudEvents JSON; raises EventError if the text is not one."""
        return cls.from_fields(cloudevents.read_json(text, strict=True))

    @classmethod
    def from_fields(cls, fields: Any) -> Event:
        """Make an event from a parsed JSON object, which it may take over; raises EventError."""
        event = checked(make(cls, cloudevents.take(fields)))
        if not FIRST <= event.time < LAST:
            microseconds(event.time)  # which says so
        return event

    def __reduce__(self) -> tuple[Any, ...]:
        """Give copy and pickle a plain dict, since they can't handle a read-only mapping."""
        return (Event, (*self[:-1], dict(self.extensions)))


make: Callable[..., Event] = tuple.__new__  # what Event(…) does, without its detour for keywords


def checked(event: Event) -> Event:
    """Return the event if its attributes are valid CloudEvents ones; raises EventError."""
    id, source, type, _, _, subject, key, extensions = event
    if id.__class__ is source.__class__ is type.__class__ is str and id and source and type:
        plain = subject is None and not extensions
        if plain and (key is None or (key and key.__class__ is str)):
            return event
    for name in ("id", "source", "type", "subject", "key"):
        value, optional = getattr(event, name), name in ("subject", "key")
        if not (value and isinstance(value, str)) and not (optional and value is None):
            raise EventError(f"An event's {name} must be a non-empty string, not {brief(value)}.")
    if not isinstance(extensions, Mapping):
        raise EventError(f"extensions are a dict of attributes, not {brief(extensions)}.")
    for name, extra in extensions.items():
        text = name if isinstance(name, str) else ""
        if text in cloudevents.ATTRIBUTES or not re.fullmatch("[a-z0-9]+", text):
            raise EventError(f"An extension needs a new name of a-z and 0-9, not {brief(name)}.")
        if not isinstance(extra, str | int):
            raise EventError(f"Extension {name} must be a string or integer, not {brief(extra)}.")
    return event


def microseconds(time: float) -> int:
    """Return a time as whole microseconds since the epoch; raises EventError."""
    try:
        if FIRST <= time < LAST:
            return round(time * 1_000_000)
    except (TypeError, ArithmeticError):  # a NaN of Decimal's is not even compared
        pass
    raise EventError(f"A time is in seconds since 1970, in the years 1-9999, not {brief(time)}.")
