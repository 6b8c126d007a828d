"""Reads a log: a file, a text or a list, with a JSON object a line, or spans of OpenTelemetry.

A log is read as a whole or not at all: the first line that makes no sense is named, and nothing is
returned. Lines and spans may be mixed. A JSON object may also go over several lines, as Python's
ConsoleSpanExporter writes it.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from json import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import Any, NamedTuple

from pubsub_kit.errors import brief
from pubsub_kit.incidents.conventions import recorded
from pubsub_kit.incidents.record import FIELDS, IncidentError, Record, record, wrong
from pubsub_kit.incidents.spans import is_span, spans_in

MOST = 1_000_000  # events of one log
LARGEST = 512 * 1024 * 1024  # bytes of one log
_A_DATE = 1e8  # seconds: what is above is counted from 1970, what is below from the log's start
Source = str | bytes | Path | Iterable[Any]


class Log(NamedTuple):
    """The events of a log by their times, and what it says of itself.

    `start` is when it begins, as a date, or "" if its times are not dates. `unread` counts the
    lines that have a field which nothing is concluded from.
    """

    records: list[Record]
    start: str = ""
    unread: Mapping[str, int] = {}


def read(source: Source) -> Log:
    """Read a log from a path, a text, or a list of dicts, lines or spans.

    Times come back in seconds since the log's first event if they are dates. Raises IncidentError
    with the line that can't be read.
    """
    unread: Counter[str] = Counter()
    records: list[Record] = []
    spans: list[Any] = []
    for line, row in _rows(source):
        if is_span(row):
            spans += spans_in(row, line)
        else:
            records.append(record(row, line))
            if not _KNOWN.issuperset(row):
                unread.update(_shown(name) for name in row if name not in _KNOWN)
        if len(records) + len(spans) > MOST:
            raise IncidentError(f"the log has over {MOST:,} events: cut out the incident's minutes")
    records += recorded(spans)
    if not records:
        raise IncidentError(
            "the log has no event: give a JSON object a line, such as "
            '{"at": 0, "what": "published", "message": "order-1"}, or spans about messages'
        )
    return _from_its_start(records, dict(unread))


_KNOWN = frozenset((*FIELDS, "version", "offset"))


def _shown(name: Any) -> str:
    text = str(name)[:40]
    return text if text.isprintable() else brief(text)


def _from_its_start(records: list[Record], unread: Mapping[str, int]) -> Log:
    dated = [each.at >= _A_DATE for each in records]
    if not all(dated) and any(dated):
        odd = records[dated.index(not dated[0])]
        raise wrong(
            odd.line,
            f"its moment is {'a date' if odd.at >= _A_DATE else 'seconds'}, unlike those before: "
            "give all lines one kind of time.",
        )
    if not dated[0]:
        return Log(sorted(records, key=_when), "", unread)
    first = min(each.at for each in records)
    start = datetime.fromtimestamp(first, UTC).isoformat(timespec="milliseconds")
    moved = [each._replace(at=round(each.at - first, 6)) for each in records]
    return Log(sorted(moved, key=_when), start.replace("+00:00", "Z"), unread)


def _when(each: Record) -> float:
    return each.at


# -- from the source to its objects ----------------------------------------------------------------


def _rows(source: Source) -> Iterator[tuple[int, Mapping[Any, Any]]]:
    """Yield each object of a log with its line."""
    if isinstance(source, bytes | bytearray):
        yield from _objects(_decoded(bytes(source)))
    elif isinstance(source, Path) or (isinstance(source, str) and _is_path(source)):
        yield from _objects(_decoded(_content(Path(source))))
    elif isinstance(source, str):
        yield from _objects(source)
    elif isinstance(source, Mapping):
        yield 1, source
    elif isinstance(source, Iterable):
        yield from _listed(source)
    else:
        raise IncidentError(
            f"a log is a path, a text or a list of its lines, not {brief(source)}: give one of them"
        )


def _is_path(text: str) -> bool:
    """Say whether a text is the name of a file: a log has braces or several lines."""
    return bool(text.strip()) and len(text) < 4096 and not any(c in text for c in "\n{[\x00")


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise IncidentError(
                f"{path.name} has {path.stat().st_size:,} bytes: cut out the incident's minutes"
            )
        return path.read_bytes()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it can't be opened"
        raise IncidentError(
            f"the log {brief(str(path))} can't be read ({why}): give the path of a file, or the "
            "log's text"
        ) from None


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise wrong(line, "it is no UTF-8 text: give a log in JSON lines.") from None


def _listed(source: Iterable[Any]) -> Iterator[tuple[int, Mapping[Any, Any]]]:
    for line, each in enumerate(source, 1):
        if line > 10 * MOST:
            raise IncidentError(f"the log has over {10 * MOST:,} lines: cut out its minutes")
        written = getattr(each, "to_json", None)  # a span of the SDK
        text = written() if callable(written) and not isinstance(each, type) else each
        if isinstance(text, Mapping):
            yield line, text
        elif isinstance(text, str | bytes):
            lines = _decoded(text) if isinstance(text, bytes) else text
            yield from ((line, row) for _, row in _objects(lines, line))
        else:
            raise wrong(line, f"{brief(each)} is no line of a log: give an object of JSON.")


def _objects(text: str, first: int = 1) -> Iterator[tuple[int, Mapping[Any, Any]]]:
    """Yield the objects of a text: one a line, or over several lines."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        value, end = _value(lines, at, first)
        yield from _mappings(value, first + at)
        at = end


def _mappings(value: Any, line: int) -> Iterator[tuple[int, Mapping[Any, Any]]]:
    for each in value if isinstance(value, list) else [value]:
        if not isinstance(each, Mapping):
            raise wrong(line, f"{brief(each)} is no object: write {{…}} with 'at' and 'what'.")
        yield line, each


def _value(lines: list[str], at: int, first: int) -> tuple[Any, int]:
    """Return the value that begins at a line, and the line after it."""
    try:
        return _decode(lines[at]), at + 1
    except JSONDecodeError as error:
        if lines[at].strip() not in ("{", "["):
            raise wrong(first + at, _no_json(lines[at], error)) from None
    except (ValueError, RecursionError) as error:
        raise wrong(first + at, _unusable(error)) from None
    return _over_lines(lines, at, first)


def _over_lines(lines: list[str], at: int, first: int) -> tuple[Any, int]:
    closing = {"{": "}", "[": "]"}[lines[at].strip()]
    indent = len(lines[at]) - len(lines[at].lstrip())
    ends = " " * indent + closing
    end = next((n for n in range(at + 1, len(lines)) if lines[n].rstrip(" \r,") == ends), None)
    if end is None:
        raise wrong(first + at, f"the object that begins here has no end: close it with {closing}.")
    try:
        text = "\n".join(lines[at : end + 1]).rstrip(" \r,")
        return _decode(text), end + 1
    except JSONDecodeError as error:
        raise wrong(first + at + error.lineno - 1, f"it is no JSON ({error.msg}).") from None
    except (ValueError, RecursionError) as error:
        raise wrong(first + at, _unusable(error)) from None


def _no_json(line: str, error: JSONDecodeError) -> str:
    return (
        f"it is no JSON ({error.msg} at character {error.pos + 1:,}): {brief(line.strip())}. "
        "Write one object a line."
    )


def _unusable(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply: give flat fields."
    return "it has a number that can't be used, such as NaN: give finite numbers."


def _not_finite(text: str) -> float:
    raise ValueError(text)


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _not_finite(text)


_DECODER = JSONDecoder(parse_constant=_not_finite, parse_float=_finite)


def _decode(text: str) -> Any:
    return _DECODER.decode(text)


def written(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as a log's text: a JSON object a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
