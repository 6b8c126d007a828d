"""An event: a small fact that has happened, and the JSON that the world writes it in.

The attributes are those of CloudEvents 1.0 (https://github.com/cloudevents/spec), so that any tool
which speaks it can read what is written here. In its "structured mode" an event is a JSON object:

    {"specversion":"1.0","id":"3f9a…-1","source":"shop","type":"order.placed",
     "time":"2026-01-31T09:30:00.250000Z","subject":"o-17","partitionkey":"ann","data":{"total":42}}

`source` and `id` together name the event for ever: whoever sees the pair twice sees a duplicate.
`partitionkey` (our `key`) is a documented extension: it keeps what belongs together in order.
`data` may be any JSON value, and as JSON has it, tuples come back as lists, and keys as strings.
Bytes travel as `data_base64`. None is left out; with a key, it says that the key is gone.

A log on disk has a form of its own, a row: the fields in the order of `Event`, as a JSON array, the
time in microseconds. It says the same in less room, and is faster to write and to read:

    ["3f9a…-1","shop","order.placed",1769851800250000,{"total":42},"o-17","ann"]
"""

from __future__ import annotations

import os
import re
import time as clock
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import count
from json import JSONDecoder, JSONEncoder, encoder
from reprlib import repr as brief
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

from pubsub_kit.errors import PubSubKitError

NO_EXTENSIONS: Mapping[str, str | int | bool] = MappingProxyType({})
KNOWN = {"specversion", "id", "source", "type", "time", "subject", "partitionkey", "data"}


class EventError(PubSubKitError):
    """A value or a text is no CloudEvents 1.0 event; the message says what is wrong with it."""


class Event(NamedTuple):
    """A fact with CloudEvents attributes: immutable, comparable, and cheap, being a tuple.

    `time` is seconds since the epoch, kept to the microsecond. `extensions` holds every other
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
        """Make an event; without an `id` it gets a fresh one, without a `time` it is now.

        Raises EventError for an empty or non-string attribute, or a time outside the years 1-9999.
        """
        id = fresh_id() if id is None else id
        time = (clock.time_ns() // 1_000 if time is None else _microseconds(time)) / 1_000_000
        return _checked(_tuple(cls, (id, source, type, time, data, subject, key, NO_EXTENSIONS)))

    def to_json(self) -> str:
        """Return the event as CloudEvents JSON, one line of ASCII.

        Raises EventError when the data is no JSON value (a set, NaN, an object of yours).
        """
        id, source, type, time, data, subject, key, extensions = self
        if extensions or subject == "" or key == "" or not (id and source and type):
            _checked(self)
        try:
            micros = round(time * 1_000_000)
            second = micros // 1_000_000
            more = f',"subject":{_quote(subject)}' if subject is not None else ""
            if key is not None:
                more += f',"partitionkey":{_quote(key)}'
            if extensions:
                more += "," + _encode(dict(extensions))[1:-1]
            if data.__class__ is bytes:
                more += f',"data_base64":"{b64encode(data).decode()}"'
            elif data is not None:
                more += ',"data":' + _encode(data)
            return (
                f'{{"specversion":"1.0","id":{_quote(id)},"source":{_quote(source)},"type":'
                f'{_quote(type)},"time":"{_date(second)}.{micros - second * 1_000_000:06}Z"{more}}}'
            )
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            _microseconds(_checked(self).time)
            raise EventError(f"An event's data must be a JSON value: {error}.") from error

    def to_row(self) -> str:
        """Return the event as a row, or as CloudEvents JSON if it has bytes or extensions.

        Raises EventError as `to_json` does.
        """
        id, source, type, time, data, subject, key, extensions = self
        named = id and source and type and subject != "" and key != ""
        try:
            if named and not extensions and data.__class__ is not bytes and FIRST <= time < LAST:
                return (
                    f"[{_quote(id)},{_quote(source)},{_quote(type)},{round(time * 1e6)},"
                    f"{_encode(data)},{'null' if subject is None else _quote(subject)},"
                    f"{'null' if key is None else _quote(key)}]"
                )
        except (TypeError, ValueError, RecursionError):
            pass  # to_json can tell what is wrong
        return self.to_json()

    @classmethod
    def from_rows(cls, rows: Iterable[Any]) -> list[Event]:
        """Make events of parsed rows, or CloudEvents objects; raises EventError.

        The fields of a row are taken as they are: they were checked when it was written.
        """
        row, events, more = None, [], NO_EXTENSIONS
        try:
            for row in rows:
                if row.__class__ is list:
                    id, source, type, micros, data, subject, key = row
                    time = micros / 1_000_000
                    events.append(_tuple(cls, (id, source, type, time, data, subject, key, more)))
                else:
                    events.append(cls.from_fields(row))
        except (TypeError, ValueError):
            raise EventError(f"An event's row has 7 fields, unlike {brief(row)}.") from None
        return events

    @classmethod
    def from_json(cls, text: str | bytes) -> Event:
        """Read an event from CloudEvents JSON; raises EventError when it is none."""
        return cls.from_fields(read_json(text))

    @classmethod
    def from_fields(cls, fields: Any) -> Event:
        """Make an event of a parsed JSON object, which is used up; raises EventError."""
        try:
            pop = fields.pop
            version, data, time = pop("specversion", None), pop("data", None), pop("time", None)
            id, source, type = pop("id", None), pop("source", None), pop("type", None)
            subject, key = pop("subject", None), pop("partitionkey", None)
        except (AttributeError, TypeError):
            raise EventError(f"An event is a JSON object, not {brief(fields)}.") from None
        if version != "1.0":
            raise EventError(f"An event's specversion must be '1.0', not {brief(version)}.")
        if fields:
            data = _bytes(data, pop("data_base64")) if "data_base64" in fields else data
            fields = {name: value for name, value in fields.items() if value is not None}
        more = fields or NO_EXTENSIONS
        return _checked(_tuple(cls, (id, source, type, _seconds(time), data, subject, key, more)))

    def __reduce__(self) -> tuple[Any, ...]:
        """Let copy and pickle see a plain dict, as a read-only mapping is beyond them."""
        return (Event, (*self[:-1], dict(self.extensions)))


_tuple: Callable[..., Event] = tuple.__new__  # what Event(…) does, without its detour for keywords


def _checked(event: Event) -> Event:
    """Return the event if its attributes are what CloudEvents asks for."""
    id, source, type, _, _, subject, key, extensions = event
    if id.__class__ is source.__class__ is type.__class__ is str and id and source and type:
        plain = subject is None and not extensions
        if plain and (key is None or (key and key.__class__ is str)):
            return event
    for name in ("id", "source", "type", "subject", "key"):
        value, optional = getattr(event, name), name in ("subject", "key")
        if not (value and isinstance(value, str)) and not (optional and value is None):
            raise EventError(f"An event's {name} must be a non-empty string, not {brief(value)}.")
    for name, extra in extensions.items():
        if name in KNOWN or not re.fullmatch("[a-z0-9]+", name):
            raise EventError(f"An extension needs a new name of a-z and 0-9, not {brief(name)}.")
        if not isinstance(extra, str | int):
            raise EventError(f"Extension {name} must be a string or integer, not {brief(extra)}.")
    return event


# Ids: random once a process, then counted: as unique as a UUID, at a tenth of the cost.
_prefix: str
_counter: count[int]


def _begin_ids() -> None:
    global _prefix, _counter
    _prefix, _counter = os.urandom(12).hex(), count(1)


_begin_ids()
if hasattr(os, "register_at_fork"):  # a forked child must not count on from its parent's ids
    os.register_at_fork(after_in_child=_begin_ids)


def fresh_id() -> str:
    """Return an id that no other process (96 random bits) and no earlier call has returned."""
    return f"{_prefix}-{next(_counter)}"


# Time: RFC 3339. Events come in bursts, so the text of a second is worth remembering.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, LAST = -62_135_596_800.0, 253_402_300_799.0  # the years 1-9999
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _microseconds(time: float) -> int:
    try:
        if FIRST <= time < LAST:
            return round(time * 1_000_000)
    except TypeError:
        pass
    raise EventError(f"A time is seconds since 1970, in the years 1-9999, not {brief(time)}.")


@lru_cache(maxsize=1024)
def _date(second: int) -> str:
    return (EPOCH + timedelta(seconds=second)).isoformat()[:19]


@lru_cache(maxsize=1024)
def _second(date: str) -> int:
    return round(_parse_time(date + "Z"))


def _parse_time(text: str) -> float:
    if not RFC_3339.fullmatch(text):
        raise ValueError(text)
    return (datetime.fromisoformat(text.upper()) - EPOCH) / timedelta(seconds=1)


def _seconds(text: Any) -> float:
    """Return seconds since the epoch; a missing time is now."""
    if text is None:
        return clock.time_ns() // 1_000 / 1_000_000
    try:
        if text[26:] == "Z" and text[19] == "." and (micros := text[20:26]).isdecimal():
            return (_second(text[:19]) * 1_000_000 + int(micros)) / 1_000_000
        return _parse_time(text)
    except (TypeError, ValueError, OverflowError):
        raise EventError(f"A time looks like 2026-01-31T09:30:00.25Z, not {brief(text)}.") from None


# JSON: strict both ways, which Python's is not by itself: NaN and infinity are refused.


def _refuse(value: object) -> NoReturn:
    raise ValueError(f"{brief(value)} is no JSON value")


_quote = encoder.encode_basestring_ascii
_decode = JSONDecoder(parse_constant=_refuse).decode
_encode: Callable[[Any], str] = JSONEncoder(
    separators=(",", ":"), allow_nan=False, default=_refuse
).encode
if _c_encoder := getattr(encoder, "c_make_encoder", None):  # encode() makes one for each call
    _chunks = _c_encoder(None, _refuse, _quote, None, ":", ",", False, False, False)
    _encode = lambda value: "".join(_chunks(value, 0))  # noqa: E731


def read_json(text: str | bytes) -> Any:
    """Parse strict JSON; raises EventError with the reason and the place."""
    try:
        return _decode(text if isinstance(text, str) else str(text, "utf-8"))
    except (ValueError, TypeError, RecursionError) as error:
        raise EventError(f"This is no JSON ({error}): {brief(text)}.") from error


def _bytes(data: Any, text: Any) -> bytes:
    try:
        if data is not None:
            raise ValueError("there is data as well")
        return b64decode(text, validate=True)
    except (ValueError, TypeError) as error:
        raise EventError(f"An event's data_base64 must be base64: {error}.") from error
