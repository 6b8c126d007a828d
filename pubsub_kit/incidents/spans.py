"""Reads spans of OpenTelemetry, from its OTLP JSON file exporter or its ConsoleSpanExporter.

Both come to the same `Span`: times in seconds, contexts as (trace id, span id). What a span says of
a message, `conventions.py` knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pubsub_kit.incidents.record import moment, wrong

Context = tuple[str, str]


class Span(NamedTuple):
    """A span, whoever wrote it: times in seconds, contexts as (trace id, span id)."""

    context: Context
    causes: tuple[Context, ...]  # its links, then its parent
    links: int
    kind: str
    start: float
    end: float
    about: Mapping[str, Any]
    resource: Mapping[str, Any]
    events: tuple[tuple[str, float, Mapping[str, Any]], ...]
    failed: str
    line: int


def is_span(row: Mapping[Any, Any]) -> bool:
    """Say whether an object of a log is a span, or has spans in it."""
    return "resourceSpans" in row or ("context" in row and "start_time" in row)


def spans_in(row: Mapping[Any, Any], line: int) -> list[Span]:
    """Return the spans of an object; raises IncidentError for what is none."""
    try:
        if "resourceSpans" not in row:
            return [_console(row, line)]
        return [
            _otlp(span, _attributes((one.get("resource") or {}).get("attributes")), line)
            for one in row["resourceSpans"]
            for scope in one.get("scopeSpans") or ()
            for span in scope.get("spans") or ()
        ]
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else "a field has a wrong type"
        raise wrong(
            line, f"it is no span of OpenTelemetry ({what}): export it as OTLP JSON."
        ) from None


def _otlp(span: Mapping[str, Any], resource: Mapping[str, Any], line: int) -> Span:
    about = _attributes(span.get("attributes"))
    links = [_pair(link["traceId"], link["spanId"]) for link in span.get("links") or ()]
    parent = [_pair(span["traceId"], span["parentSpanId"])] if span.get("parentSpanId") else []
    events = tuple(
        (str(event.get("name")), _nanoseconds(event["timeUnixNano"], line), _attributes(about_it))
        for event in span.get("events") or ()
        for about_it in [event.get("attributes")]
    )
    status = span.get("status") or {}
    start, end = (_nanoseconds(span[f"{which}TimeUnixNano"], line) for which in ("start", "end"))
    kind = str(span.get("kind", "")).rpartition("_")[2].upper()
    kind = {"4": "PRODUCER", "5": "CONSUMER"}.get(kind, kind)
    failed = str(about.get("error.type") or status.get("message") or "")
    if not failed and status.get("code") in (2, "STATUS_CODE_ERROR"):
        failed = "error"
    context = _pair(span["traceId"], span["spanId"])
    causes = (*links, *parent)
    return Span(
        context, causes, len(links), kind, start, end, about, resource, events, failed, line
    )


def _console(span: Mapping[str, Any], line: int) -> Span:
    about = span.get("attributes") or {}
    links = [_context(link["context"]) for link in span.get("links") or ()]
    mine = _context(span["context"])
    parent = [(mine[0], _hex(span["parent_id"]))] if span.get("parent_id") else []
    events = tuple(
        (event["name"], moment({"at": event["timestamp"]}, line), event.get("attributes") or {})
        for event in span.get("events") or ()
    )
    status = span.get("status") or {}
    failed = str(about.get("error.type") or status.get("description") or "")
    if not failed and status.get("status_code") == "ERROR":
        failed = "error"
    start, end = (moment({"at": span[f"{which}_time"]}, line) for which in ("start", "end"))
    kind = str(span.get("kind", "")).rpartition(".")[2]
    resource = (span.get("resource") or {}).get("attributes") or {}
    causes = (*links, *parent)
    return Span(mine, causes, len(links), kind, start, end, about, resource, events, failed, line)


def _context(given: Mapping[str, str]) -> Context:
    return _pair(_hex(given["trace_id"]), _hex(given["span_id"]))


def _pair(trace: Any, span: Any) -> Context:
    if not isinstance(trace, str) or not isinstance(span, str):
        raise TypeError("an id is a text")
    return trace, span


def _hex(given: str) -> str:
    return given.removeprefix("0x")


def _nanoseconds(given: Any, line: int) -> float:
    return moment({"at": round(int(given) / 1e9, 6)}, line)


def _attributes(given: Any) -> dict[str, Any]:
    """Return OTLP's list of keys and values as a dict; of values, the texts, numbers and truths."""
    found = {}
    for each in given or ():
        kind, value = next(iter((each.get("value") or {"stringValue": ""}).items()))
        found[each["key"]] = int(value) if kind == "intValue" else value
    return found
