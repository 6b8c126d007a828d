"""Traces that pass through a broker: OpenTelemetry, with each span's context in the event itself.

A context is a dict of an event's extensions, {"traceparent": "00-…"}, in the form of the W3C. Ids
are drawn from a seed and times come from a clock, so a run in a world has the same trace each time;
and nothing is global, since many handlers share one thread there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, get_current_span
from opentelemetry.trace import set_span_in_context as within
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from pubsub_kit.errors import PubSubKitError

_W3C = TraceContextTextMapPropagator()


class TracingError(PubSubKitError):
    """What was given as a context is none."""


Carrier = Mapping[str, Any]


def context_of(carrier: Carrier | None) -> SpanContext:
    """Return the span that a context names; it is not valid where there is none."""
    return get_current_span(_extracted(carrier)).get_span_context()


def _extracted(carrier: Carrier | None) -> Context:
    """Raises TracingError for what is no context."""
    if not isinstance(carrier, Mapping | None):
        raise TracingError(
            "a context is a dict such as event.extensions, and links is a list of them, not "
            f"{repr(carrier[:40]) if isinstance(carrier, str) else type(carrier).__name__}"
        )
    lines = {name: text for name, text in (carrier or {}).items() if isinstance(text, str)}
    return _W3C.extract(lines, Context())


class _Ids(IdGenerator):
    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def generate_span_id(self) -> int:
        return self._random.getrandbits(63) + 1

    def generate_trace_id(self) -> int:
        return self._random.getrandbits(127) + 1


class _AsItsCauses(Sampler):
    """Keeps a share of the traces, and what is linked to a span that was kept."""

    def __init__(self, share: float) -> None:
        self.share = share

    def should_sample(
        self, parent_context: Any, trace_id: int, name: str, kind: Any = None,
        attributes: Any = None, links: Any = None, *rest: Any, **more: Any,
    ) -> SamplingResult:  # fmt: skip
        parent = get_current_span(parent_context).get_span_context()
        causes = [c for c in (parent, *(link.context for link in links or ())) if c.is_valid]
        kept = any(c.trace_flags.sampled for c in causes) or (
            not causes and trace_id < self.share * 2**127
        )
        return SamplingResult(Decision.RECORD_AND_SAMPLE if kept else Decision.DROP)

    def get_description(self) -> str:
        return f"as its causes, or {self.share:.0%}"


class Tracing:
    """The tracers of all services; `spans` are those that have ended and were kept.

    `clock` gives the time in seconds, `log(service, words)` writes a line to a service's log, and
    `share` is the share of traces to keep (0 to 1).
    """

    def __init__(
        self,
        clock: Callable[[], float],
        log: Callable[[str, str], Any] = lambda service, words: None,
        share: float = 1.0,
        seed: int = 7,
    ) -> None:
        #: Write a line to a service's log, which is never sampled.
        self.log = log
        self._clock, self._ids, self._sampler = clock, _Ids(seed), _AsItsCauses(share)
        self._exporter = InMemorySpanExporter()
        self._providers: dict[str, TracerProvider] = {}

    @contextmanager
    def span(
        self, service: str, name: str, parent: Carrier | None = None, links: Sequence[Carrier] = ()
    ) -> Iterator[dict[str, str]]:
        """Record a span around a block; give the block its context, to publish along.

        `parent` and `links` are contexts of what caused it. Raises TracingError for anything else.
        """
        if isinstance(parent, list | tuple):
            raise TracingError("parent= takes one context, not a list; for several there is links=")
        linked = [Link(context) for c in links if (context := context_of(c)).is_valid]
        span = (
            self._provider(service)
            .get_tracer("pubsub_kit")
            .start_span(
                name,
                _extracted(parent),
                SpanKind.CONSUMER if linked else SpanKind.PRODUCER,
                links=linked,
                start_time=self._now(),
            )
        )
        carrier: dict[str, str] = {}
        _W3C.inject(carrier, within(span, Context()))
        try:
            yield carrier
        except Exception as error:  # after a crash nobody is left to end it
            span.set_status(Status(StatusCode.ERROR, str(error)))
            span.end(self._now())
            raise
        span.end(self._now())

    @property
    def spans(self) -> list[ReadableSpan]:
        """The spans that have ended, in the order of their starts."""
        return sorted(self._exporter.get_finished_spans(), key=lambda span: span.start_time or 0)

    def _now(self) -> int:
        return round(self._clock() * 1e9)

    def _provider(self, service: str) -> TracerProvider:
        if service not in self._providers:
            made = TracerProvider(
                self._sampler, Resource({"service.name": service}), False, id_generator=self._ids
            )
            made.add_span_processor(SimpleSpanProcessor(self._exporter))
            self._providers[service] = made
        return self._providers[service]


def ids(span: ReadableSpan) -> tuple[str, list[str]]:
    """Return a span's id, and the ids of its parent and of those that it links to."""
    causes = [span.parent] if span.parent else []
    causes += [link.context for link in span.links]
    return key_of(span.context), [key_of(cause) for cause in causes]


def causes_of(spans: Mapping[str, ReadableSpan], span: ReadableSpan) -> list[str]:
    """Return the ids of what a span leads back to, through any number of parents and links."""
    found, waiting = [], ids(span)[1]
    while waiting:
        found.append(key := waiting.pop(0))
        waiting += [up for up in ids(spans[key])[1] if up not in found] if key in spans else []
    return found


def key_of(context: SpanContext | None) -> str:
    """Return the trace and the span that a context names, in hex."""
    assert context is not None
    return f"{context.trace_id:032x}-{context.span_id:016x}"


def what_follows(spans: Sequence[ReadableSpan], name: str) -> list[ReadableSpan]:
    """Return the first span of this name, and whatever it caused, through parents and links."""
    found: dict[str, ReadableSpan] = {}
    for span in spans:
        mine, causes = ids(span)
        if (not found and span.name == name) or any(cause in found for cause in causes):
            found[mine] = span
    return [*found.values()]
