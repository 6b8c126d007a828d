"""How an event travels: CloudEvents in an engine's own binding, and back.

    structured (what the kit writes)   the whole event is the body, as CloudEvents JSON, and the
                                       content type says so
    binary (what others may write)     the data alone is the body, an attribute a header: "ce_id"
                                       on Kafka, "ce-id" on NATS, "cloudEvents:id" on AMQP

Both are CloudEvents 1.0.2 (https://github.com/cloudevents/spec). A message that is neither comes
from a producer that knows no CloudEvents: its body becomes the data of an event that names the
topic as its type, and its place as its id, so that nothing is dropped and a duplicate is seen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import unquote

from pubsub_kit.log.event import Event
from pubsub_kit.log.values import EventError

CONTENT_TYPE = "application/cloudevents+json"
PREFIXES = "ce_", "ce-", "cloudevents:", "cloudevents_"
Headers = Mapping[str, str | bytes]


def pack(event: Event) -> bytes:
    """Return an event as the body of a message; raises EventError for data that is no JSON."""
    return event.to_json().encode()


def structured(body: bytes) -> Event | None:
    """Return the event that a body is by itself, as the kit writes it: whatever its headers say.

    None for any other, which takes its headers to be read: see `unpack`.
    """
    if b'"specversion"' not in body:
        return None
    try:
        return Event.from_json(body)
    except EventError:
        return None


def unpack(
    body: bytes, headers: Headers, *, topic: str, place: str, key: str | None = None
) -> Event:
    """Return the event of a message: structured, binary, or from a producer that has none.

    `place` names the message within its engine, such as its position or the engine's own id.
    """
    if (event := structured(body)) is not None:
        return event
    names = {name.lower(): _text(value) for name, value in headers.items()}
    kind = names.get("content-type", names.get("content_type", ""))
    for read in (_structured, _binary):
        try:
            if (event := read(body, names, kind)) is not None:
                return event
        except (EventError, ValueError, RecursionError):
            continue  # it says that it is one, and is not: what it holds is handed out as it is
    return _foreign(body, kind, topic, place, key)


def _structured(body: bytes, names: Mapping[str, str], kind: str) -> Event | None:
    if kind.startswith(CONTENT_TYPE) or b'"specversion"' in body:
        return Event.from_json(body)
    return None


def _binary(body: bytes, names: Mapping[str, str], kind: str) -> Event | None:
    fields: dict[str, object] = {}
    for name, value in names.items():
        prefix = next((p for p in PREFIXES if name.startswith(p)), None)
        if prefix is not None:
            fields[name[len(prefix) :]] = unquote(value) if prefix == "ce-" else value
    if "specversion" not in fields:
        return None
    if body:
        data = _data(body, kind or "application/json")
        fields["data_base64" if isinstance(data, bytes) else "data"] = (
            _base64(data) if isinstance(data, bytes) else data
        )
    return Event.from_fields(fields)


def _foreign(body: bytes, kind: str, topic: str, place: str, key: str | None) -> Event:
    data = _data(body, kind or "application/json")
    return Event.new(topic, data, id=place, source=f"not-cloudevents:{topic}", key=key or None)


def _data(body: bytes, kind: str) -> object:
    """Return what a body holds: JSON or text where its type says so and it is; else bytes."""
    try:
        if kind.startswith("text/"):
            return body.decode()
        if "json" in kind:
            return json.loads(body)
    except (ValueError, RecursionError):
        pass
    return body


def _base64(data: bytes) -> str:
    from base64 import b64encode

    return b64encode(data).decode()


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
