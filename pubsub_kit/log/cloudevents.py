"""CloudEvents JSON: the standard form of events, so that other tools can read ours.

In the "structured mode" of CloudEvents 1.0 (https://github.com/cloudevents/spec) an event is a JSON
object:

    {"specversion":"1.0","id":"3f9a…-1","source":"shop","type":"order.placed",
     "time":"2026-01-31T09:30:00.250000Z","subject":"o-17","partitionkey":"ann","data":{"total":42}}

`partitionkey` (our `key`) is a documented extension. As always in JSON, tuples come back as lists
and keys as strings; bytes travel as `data_base64`; None is left out. NaN and infinity are refused
in both directions, which Python's own JSON does not do. Times follow RFC 3339.

Here an event is a tuple in the order of `Event`'s fields; event.py gives them names.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from json import JSONDecoder, JSONEncoder, encoder
from math import isinf
from time import time_ns
from types import MappingProxyType
from typing import Any, NoReturn

from pubsub_kit.errors import brief
from pubsub_kit.log.values import SPLIT, EventError, check_texts, plain, sound

NO_EXTENSIONS: Mapping[str, str | int | bool] = MappingProxyType({})
PLAIN = ["specversion", "id", "source", "type", "time", "data"]
ATTRIBUTES = {"specversion", "id", "source", "type", "time", "subject", "partitionkey", "data"}


def write(event: tuple[Any, ...]) -> str:
    """Return an event's fields as one line of ASCII; raises EventError for data JSON can't hold."""
    id, source, type, time, data, subject, key, extensions = event
    micros = round(time * 1_000_000)
    second = micros // 1_000_000
    more = f',"subject":{quote(subject)}' if subject is not None else ""
    if key is not None:
        more += f',"partitionkey":{quote(key)}'
    try:
        if extensions:
            more += "," + encode(dict(extensions))[1:-1]
        if data.__class__ is bytes:
            more += f',"data_base64":"{b64encode(data).decode()}"'
        elif data is not None:
            more += ',"data":' + encode_data(data)
    except (TypeError, ValueError) as error:
        raise EventError(f"An event's extensions must be JSON values: {error}.") from error
    check_texts(event)
    return (
        f'{{"specversion":"1.0","id":{quote(id)},"source":{quote(source)},"type":{quote(type)},'
        f'"time":"{_date(second)}.{micros - second * 1_000_000:06}Z"{more}}}'
    )


def take(fields: Any) -> tuple[Any, ...]:
    """Take the eight fields of an event from a parsed object, which becomes its extensions.

    A time is seconds since the epoch, in whole microseconds: now, if there was none. Raises
    EventError.
    """
    try:
        if [*fields] == PLAIN:  # as the kit itself writes it
            version, id, source, type, time, data = fields.values()
            if version == "1.0" and time is not None:
                return id, source, type, _seconds(time), data, None, None, NO_EXTENSIONS
        pop = fields.pop
        version, data, time = pop("specversion", None), pop("data", None), pop("time", None)
        id, source, type = pop("id", None), pop("source", None), pop("type", None)
        # Of what is optional, most events have nothing: if so, nothing is left here.
        subject, key = (pop("subject", None), pop("partitionkey", None)) if fields else (None, None)
    except (AttributeError, TypeError):
        raise EventError(f"An event is a JSON object, not {brief(fields)}.") from None
    if version != "1.0":
        raise EventError(f"An event's specversion must be '1.0', not {brief(version)}.")
    if fields:
        if "data_base64" in fields:
            data = _bytes(data, pop("data_base64"))
        for name in [name for name, value in fields.items() if value is None]:
            del fields[name]
    time = time_ns() // 1_000 / 1_000_000 if time is None else _seconds(time)
    return id, source, type, time, data, subject, key, fields or NO_EXTENSIONS


# Times come in bursts, so the text of a second is worth remembering.
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


@lru_cache(maxsize=1024)
def _date(second: int) -> str:
    return (_EPOCH + timedelta(seconds=second)).isoformat()[:19]


@lru_cache(maxsize=1024)
def _second(date: str) -> int:
    return round(_parse_time(date + "Z"))


def _parse_time(text: str) -> float:
    if not _RFC_3339.fullmatch(text):
        raise ValueError(text)
    return (datetime.fromisoformat(text.upper()) - _EPOCH) / timedelta(seconds=1)


def _seconds(text: Any) -> float:
    try:
        if text[26:] == "Z" and text[19] == "." and (micros := text[20:26]).isdecimal():
            return (_second(text[:19]) * 1_000_000 + int(micros)) / 1_000_000
        return _parse_time(text)
    except (TypeError, ValueError, OverflowError):
        raise EventError(f"A time looks like 2026-01-31T09:30:00.25Z, not {brief(text)}.") from None


def _refuse(value: object) -> NoReturn:
    raise ValueError(f"{brief(value)} is not a JSON value")


def _finite(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise ValueError(f"{brief(text)} is too large a number")
    return value


quote = encoder.encode_basestring_ascii
_reader = JSONDecoder(parse_constant=_refuse)
_strict_reader = JSONDecoder(parse_constant=_refuse, parse_float=_finite)
encode: Callable[[Any], str] = JSONEncoder(
    separators=(",", ":"), allow_nan=False, default=_refuse
).encode
if _c_encoder := getattr(encoder, "c_make_encoder", None):  # encode() makes one for each call
    _chunks = _c_encoder(None, _refuse, quote, None, ":", ",", False, False, False)
    encode = lambda value: "".join(_chunks(value, 0))  # noqa: E731


_raw = JSONEncoder(ensure_ascii=False, default=_refuse).encode


def is_split(value: Any) -> bool:
    """Return whether a text in a JSON value has a character in two halves."""
    return SPLIT.search(_raw(value)) is not None


def encode_data(data: Any) -> str:
    """Return an event's data as JSON; raises EventError, with the place, for what is no JSON."""
    try:
        text = encode(data)
    except (TypeError, ValueError, RecursionError) as error:
        plain(data)  # which knows the place
        raise EventError(f"An event's data must be a JSON value: {error}.") from error
    if "\\ud" in text or not sound(data, text):
        plain(data)
    return text


def read_json(text: str | bytes, strict: bool = False) -> Any:
    """Parse JSON without NaN; raises EventError with the reason and the place.

    If it is `strict`, numbers that only a float of infinity could hold are refused too.
    """
    reader = _strict_reader if strict else _reader
    try:
        if not isinstance(text, str):
            text = str(text, "utf-8")
        if text[:1] == "{":  # no white space around it, as the kit writes: the shortest way
            value, end = reader.raw_decode(text)
            if end == len(text):
                return value
        return reader.decode(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise EventError(f"This is not JSON ({error}): {brief(text)}.") from error


def _bytes(data: Any, text: Any) -> bytes:
    try:
        if data is not None:
            raise ValueError("there is data as well")
        return b64decode(text, validate=True)
    except (ValueError, TypeError) as error:
        raise EventError(f"An event's data_base64 must be base64: {error}.") from error
