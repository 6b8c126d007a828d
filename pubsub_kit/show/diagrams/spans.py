"""The spans of a trace as rows: who caused whom, by parent or by link, in the order of a tree.

A span of OpenTelemetry's SDK is read without importing it, by the names of its attributes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from pubsub_kit.show.ink import clean
from pubsub_kit.show.picture import PictureError


class Span(NamedTuple):
    """One operation: when it began and ended (seconds), and the ids of what caused it.

    `parent` is the span that it is a part of; `links` are those whose messages it handles. `error`
    says how it failed, "" if it did not.
    """

    name: str
    start: float
    end: float
    id: str = ""
    parent: str = ""
    links: tuple[str, ...] = ()
    service: str = ""
    error: str = ""

    @property
    def title(self) -> str:
        """Who does what."""
        return f"{self.service}: {self.name}" if self.service else self.name


class Row(NamedTuple):
    """A span with its depth below the root, and the rows of those that it links to."""

    span: Span
    depth: int
    sources: tuple[int, ...]


def read(spans: Iterable[Any]) -> list[Span]:
    """Return spans as the kit's own records, seconds counted from the first start of any.

    Raises PictureError for what is neither a `Span` nor a finished span of OpenTelemetry.
    """
    known = [span if isinstance(span, Span) else _of_opentelemetry(span) for span in spans]
    if not known:
        raise PictureError("There is no span to draw: end the spans first, or record some.")
    first = min(span.start for span in known)
    return [s._replace(start=s.start - first, end=s.end - first) for s in known]


def _of_opentelemetry(span: Any) -> Span:
    try:
        failed = span.status.status_code.name == "ERROR"
        return Span(
            clean(span.name),
            span.start_time / 1e9,
            span.end_time / 1e9,
            _id(span.context),
            _id(span.parent) if span.parent else "",
            tuple(_id(link.context) for link in span.links),
            clean(span.resource.attributes.get("service.name", "")),
            clean(span.status.description or "failed") if failed else "",
        )
    except (AttributeError, TypeError) as error:
        raise PictureError(
            f"waterfall() draws finished spans; this {type(span).__name__} is none."
        ) from error


def _id(context: Any) -> str:
    return f"{context.trace_id:032x}-{context.span_id:016x}"


def rows(spans: Sequence[Span]) -> list[Row]:
    """Return each span below its parent, or below the first span that it links to."""
    index = {span.id: span for span in spans if span.id}
    below: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda span: span.start):
        above = next((id for id in (span.parent, *span.links) if id in index), "")
        below.setdefault("" if _is_below(index, above, span.id) else above, []).append(span)
    ordered: list[tuple[Span, int]] = []
    waiting = [(span, 0) for span in reversed(below.get("", []))]
    while waiting:
        span, depth = waiting.pop()
        ordered.append((span, depth))
        waiting += [
            (child, depth + 1) for child in reversed(below.get(span.id, []) if span.id else [])
        ]
    place = {span.id: i for i, (span, _) in enumerate(ordered)}
    return [Row(s, d, tuple(place[id] for id in s.links if id in place)) for s, d in ordered]


def _is_below(index: dict[str, Span], id: str, other: str) -> bool:
    """Say whether a span is, through parents and first links, below another one."""
    seen = set()
    while id in index and id not in seen:
        if id == other:
            return True
        seen.add(id)
        id = next((up for up in (index[id].parent, *index[id].links) if up in index), "")
    return id in seen
