"""An event: a small fact that has happened, and the JSON that the world writes it in.

The attributes are those of CloudEvents 1.0 (https://github.com/cloudevents/spec), so that an event
written here can be read by any other tool that speaks it. In "structured mode" an event is one
JSON object:

    {"specversion":"1.0","id":"3f9a…-1","source":"shop","type":"order.placed",
     "time":"2026-01-31T09:30:00.250000Z","subject":"o-17","partitionkey":"ann","data":{"total":42}}

`source` and `id` together name the event for ever: whoever sees the pair twice sees a duplicate.
`partitionkey` (our `key`) is the registered extension that keeps one customer's events in order.
`data` may be any JSON value; bytes travel as `data_base64`; None is left out, and stands for "gone"
in a compacted log. As JSON has it, tuples come back as lists, and number keys as strings.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time as clock
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import count
from json import encoder
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

from pubsub_kit.errors import PubSubKitError

Extension = str | int | bool
NOTHING: Mapping[str, Extension] = MappingProxyType({})
RESERVED = {"specversion", "id", "source", "type", "time", "subject", "partitionkey", "data"}


class EventError(PubSubKitError):
    """A value or a text is not a CloudEvents 1.0 event; the message says which part of it."""


class Event(NamedTuple):
    """A fact with CloudEvents attributes: immutable, comparable, cheap (it is a tuple).

    `time` is seconds since the epoch, kept to the microsecond. `extensions` holds every further
    attribute, `datacontenttype` and `dataschema` among them. Make one with `Event.new`, which
    checks what it is given; `Event(…)` itself trusts its caller.
    """

    id: str
    source: str
    type: str
    time: float
    data: Any = None
    subject: str | None = None
    key: str | None = None
    extensions: Mapping[str, Extension] = NOTHING

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
        """Make a checked event; a missing `id` is a fresh one, a missing `time` is now.

        Raises EventError for an empty or non-string attribute, or a time outside the years 1–9999.
        """
        micros = _microseconds(clock.time() if time is None else time)
        id = fresh_id() if id is None else id
        return _checked(cls(id, source, type, micros / 1_000_000, data, subject, key))

    def to_json(self) -> str:
        """Write the event as CloudEvents 1.0 structured-mode JSON, in ASCII, on one line.

        Raises EventError when the data is no JSON value (a set, NaN, an object of yours).
        """
        id, source, type, time, data, subject, key, extensions = _checked(self)
        second, micro = divmod(_microseconds(time), 1_000_000)
        more = "" if subject is None else f',"subject":{_quote(subject)}'
        if key is not None:
            more += f',"partitionkey":{_quote(key)}'
        if extensions:
            more += _extensions_json(extensions)
        if data is not None:
            more += _data_json(data)
        return (
            f'{{"specversion":"1.0","id":{_quote(id)},"source":{_quote(source)},'
            f'"type":{_quote(type)},"time":"{_date(second)}.{micro:06}Z"{more}}}'
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Event:
        """Read an event from structured-mode JSON; raises EventError when it is not one."""
        return cls.from_fields(read_json(text))

    @classmethod
    def from_fields(cls, fields: Any) -> Event:
        """Make a checked event of a JSON object already parsed, which is used up."""
        try:
            pop = fields.pop
            if (version := pop("specversion", None)) != "1.0":
                raise EventError(f"An event's specversion must be '1.0', not {version!r}.")
            data = pop("data", None)
            if "data_base64" in fields:
                data = _bytes(data, pop("data_base64"))
            time = _seconds(pop("time", None))
            id, source, type = pop("id", None), pop("source", None), pop("type", None)
            subject, key = pop("subject", None), pop("partitionkey", None)
        except (AttributeError, TypeError) as error:
            raise EventError(f"An event is a JSON object, not {_brief(fields)}.") from error
        more = {k: v for k, v in fields.items() if v is not None} if fields else NOTHING
        return _checked(cls(id, source, type, time, data, subject, key, more))

    def __reduce__(self) -> tuple[Any, ...]:
        """Let copy and pickle see plain values (the shared empty mapping is neither's friend)."""
        return (Event, (*self[:-1], dict(self.extensions)))


def _checked(event: Event) -> Event:
    """Return the event if its attributes have the types and shapes that CloudEvents asks for."""
    for name in ("id", "source", "type"):
        value = getattr(event, name)
        if not value or not isinstance(value, str):
            raise EventError(f"An event's {name} must be a non-empty string, not {_brief(value)}.")
    if event.subject is not None and not (isinstance(event.subject, str) and event.subject):
        raise EventError(f"A subject must be a non-empty string, not {_brief(event.subject)}.")
    if event.key is not None and not isinstance(event.key, str):
        raise EventError(f"A key must be a string, not {_brief(event.key)}: try str(key).")
    if event.extensions:
        _check_extensions(event.extensions)
    return event


def _check_extensions(extensions: Mapping[str, Extension]) -> None:
    for name, value in extensions.items():
        if not re.fullmatch("[a-z0-9]+", name) or name in RESERVED:
            raise EventError(f"An extension's name is new, of a-z and 0-9, not {_brief(name)}.")
        if not isinstance(value, (str, int)):
            raise EventError(
                f"Extension {name} must be a string, an integer or a boolean, not {_brief(value)}."
            )


def _brief(value: object) -> str:
    """Show a value in a message, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


# Ids: random once a process, then counted: as unique as a UUID, and ten times cheaper.
_prefix: str
_counter: count[int]


def _fresh_ids() -> None:
    global _prefix, _counter  # a forked child must not go on with its parent's ids
    _prefix, _counter = secrets.token_hex(12), count(1)


_fresh_ids()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_fresh_ids)


def fresh_id() -> str:
    """Return an id that no other process (96 random bits) and no earlier call has returned."""
    return f"{_prefix}-{next(_counter)}"


# Time: RFC 3339 in UTC, to the microsecond. Events come in bursts, so a second is worth keeping.

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _microseconds(time: float) -> int:
    try:
        micros = round(time * 1_000_000)
        _date(micros // 1_000_000)
    except (TypeError, ValueError, OverflowError) as error:
        raise EventError(
            f"A time is seconds since 1970, in the years 1 to 9999, not {_brief(time)}."
        ) from error
    return micros


@lru_cache(maxsize=1024)
def _date(second: int) -> str:
    return (EPOCH + timedelta(seconds=second)).isoformat()[:19]


@lru_cache(maxsize=1024)
def _second(date: str) -> int:
    return (datetime.fromisoformat(date + "+00:00") - EPOCH) // timedelta(seconds=1)


def _seconds(text: Any) -> float:
    """Read an RFC 3339 time as seconds since the epoch; none at all is now."""
    if text is None:
        return _microseconds(clock.time()) / 1_000_000
    try:
        if not RFC3339.fullmatch(text):
            raise ValueError(text)
        if len(text) == 27 and text[26] == "Z":
            return (_second(text[:19]) * 1_000_000 + int(text[20:26])) / 1_000_000
        return (datetime.fromisoformat(text.upper()) - EPOCH) / timedelta(seconds=1)
    except (TypeError, ValueError, OverflowError) as error:
        raise EventError(
            f"A time looks like 2026-01-31T09:30:00.25Z, not {_brief(text)}."
        ) from error


# JSON: one encoder and one decoder, made once; both refuse NaN and infinity, which are not JSON.


def _refuse(value: object) -> NoReturn:
    raise ValueError(f"{_brief(value)} is not a JSON value")


_quote = encoder.encode_basestring_ascii
_decode = json.JSONDecoder(parse_constant=_refuse).decode
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_refuse).encode


def read_json(text: str | bytes) -> Any:
    """Parse strict JSON; raises EventError with the reason and the place."""
    try:
        return _decode(text if isinstance(text, str) else str(text, "utf-8"))
    except (ValueError, TypeError, RecursionError) as error:
        raise EventError(f"This is not JSON ({error}): {_brief(text)}.") from error


def _data_json(data: Any) -> str:
    if isinstance(data, bytes):
        return f',"data_base64":"{b64encode(data).decode()}"'
    try:
        return f',"data":{_encode(data)}'
    except (ValueError, TypeError, RecursionError) as error:
        raise EventError(f"An event's data must be a JSON value: {error}.") from error


def _bytes(data: Any, text: Any) -> bytes:
    try:
        if data is not None:
            raise ValueError("there is `data` as well")
        return b64decode(text, validate=True)
    except (ValueError, TypeError) as error:
        raise EventError(f"An event's data_base64 must be base64: {error}.") from error


def _extensions_json(extensions: Mapping[str, Extension]) -> str:
    return "," + _encode(dict(extensions))[1:-1]
