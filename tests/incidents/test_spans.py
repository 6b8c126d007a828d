"""Spans of OpenTelemetry as a log: from the SDK itself, from OTLP JSON, and from neither."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode

from pubsub_kit.incidents import IncidentError, incident, read, sample

SECOND = 10**9
START = 1_772_442_843 * SECOND


class Traced:
    """Makes spans with the SDK, and keeps what its exporters write of them."""

    def __init__(self) -> None:
        self.console, self.memory = io.StringIO(), InMemorySpanExporter()
        provider = TracerProvider(resource=Resource({"service.name": "shop"}))
        provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=self.console)))
        provider.add_span_processor(SimpleSpanProcessor(self.memory))
        self.tracer = provider.get_tracer("test")

    def span(self, operation: str, at: float, *links: Span, **about: Any) -> Span:
        effect, failed = about.pop("effect", None), about.pop("failed", "")
        names = {name.replace("__", "."): value for name, value in about.items()}
        attributes = {"messaging.operation.type": operation}
        attributes["messaging.destination.name"] = "orders"
        made = self.tracer.start_span(
            operation,
            Context(),
            SpanKind.PRODUCER if operation == "send" else SpanKind.CONSUMER,
            attributes=attributes | names,
            links=[Link(other.get_span_context()) for other in links],
            start_time=START + int(at * SECOND),
        )
        if effect:
            made.add_event("effect", effect, START + int((at + 0.05) * SECOND))
        if failed:
            made.set_status(Status(StatusCode.ERROR, failed))
        made.end(START + int((at + 0.1) * SECOND))
        return made


def story() -> Traced:
    """Return the spans of a message that is handled twice, and that only links tie together."""
    told = Traced()
    sent = told.span("send", 0)
    for at, worker in ((1, "w1"), (12, "w2")):
        told.span("process", at, sent, messaging__client__id=worker, effect={"target": "ann"},
                  messaging__gcp_pubsub__message__delivery_attempt=1 + at // 12)  # fmt: skip
    told.span("settle", 13, sent, messaging__client__id="w2", messaging__operation__name="ack")
    return told


def kinds(source: Any) -> list[str]:
    return [each.what for each in read(source).records]


EXPECTED = ["published", "delivered", "effect", "delivered", "effect", "acked"]


def test_what_the_console_exporter_writes_is_a_log() -> None:
    text = story().console.getvalue()
    assert kinds(text) == EXPECTED
    assert kinds(text.replace("\n    ", " ").replace("\n}", "}")) == EXPECTED


def test_spans_of_the_sdk_are_a_log() -> None:
    assert kinds(story().memory.get_finished_spans()) == EXPECTED


def test_spans_are_tied_by_links_where_they_name_no_message() -> None:
    case = incident(story().console.getvalue())
    assert len({each.message for each in case.records}) == 1
    found = case.finding("doubled effect")
    assert found.broken
    assert "by w1" in found.message
    assert "by w2" in found.message


def test_a_process_span_under_a_receive_span_is_one_delivery() -> None:
    told = Traced()
    sent = told.span("send", 0, messaging__message__id="a")
    received = told.span("receive", 1, sent, messaging__client__id="w")
    told.span("process", 1.2, received, messaging__client__id="w")
    assert kinds(told.console.getvalue()) == ["published", "delivered"]


def test_a_batch_is_a_delivery_of_each_message_that_it_links_to() -> None:
    told = Traced()
    sent = [told.span("send", n, messaging__message__id=f"m{n}") for n in range(3)]
    told.span("receive", 5, *sent)
    told.span("receive", 6)
    records = read(told.console.getvalue()).records
    assert [r.message for r in records if r.what == "delivered"] == ["m0", "m1", "m2"]


def test_a_record_of_kafka_is_known_by_its_place_and_has_key_and_sequence() -> None:
    told = Traced()
    about = {"kafka__offset": 17, "kafka__message__key": "ann", "consumer__group__name": "g"}
    about["destination__partition__id"] = "2"
    told.span("process", 0, **{f"messaging__{name}": value for name, value in about.items()})
    (got,) = read(told.console.getvalue()).records
    assert (got.message, got.sequence, got.key, got.group) == ("orders/2/17", 17, "ann", "g")


def test_consumers_that_name_no_group_are_one_if_they_are_one_service() -> None:
    got = [each for each in read(story().console.getvalue()).records if each.what == "delivered"]
    assert [(each.worker, each.group) for each in got] == [("w1", "shop"), ("w2", "shop")]


def test_a_queue_is_the_group_of_the_exchange_that_a_message_was_published_to() -> None:
    told = Traced()
    told.span("process", 0, messaging__message__id="a", messaging__destination_publish__name="ex")
    (got,) = read(told.console.getvalue()).records
    assert (got.topic, got.group) == ("ex", "orders")


@pytest.mark.parametrize(
    ("name", "failed", "what", "refused"),
    [("ack", "", "acked", None), ("ack", "expired", "acked", True), ("nack", "", "nacked", None),
     ("complete", "", "acked", None), ("dead_letter", "", "dead", None)],
)  # fmt: skip
def test_a_settle_span_tells_how(name: str, failed: str, what: str, refused: bool | None) -> None:
    told = Traced()
    about = {"messaging__message__id": "a", "messaging__operation__name": name}
    told.span("settle", 0, failed=failed, **about)
    (done,) = read(told.console.getvalue()).records
    assert (done.what, done.refused) == (what, refused)


def test_spans_about_no_message_are_left_out_and_lines_may_stand_between() -> None:
    told = Traced()
    told.span("send", 0, messaging__message__id="a")
    told.tracer.start_span("GET /", attributes={"http.route": "/"}).end()
    line = json.dumps({"at": "2026-03-02T09:14:09Z", "what": "crashed", "worker": "w"})
    assert kinds(f"{told.console.getvalue()}{line}\n") == ["published", "crashed"]


def test_a_span_that_names_no_message_gets_a_sentence() -> None:
    told = Traced()
    told.span("process", 0)
    with pytest.raises(IncidentError, match="does not say which message it is about"):
        incident(told.console.getvalue())


def otlp(**fields: Any) -> str:
    span = {"traceId": "1" * 32, "spanId": "2" * 16, "name": "x", "kind": 5}
    span |= {"startTimeUnixNano": str(START), "endTimeUnixNano": str(START + 5)} | fields
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})


ABOUT = [{"key": "messaging.operation.type", "value": {"stringValue": "process"}}]


def test_a_circle_of_parents_ends() -> None:
    about = [*ABOUT]
    one = json.loads(otlp(attributes=about, parentSpanId="3" * 16))
    two = json.loads(otlp(attributes=[], spanId="3" * 16, parentSpanId="2" * 16,
                          events=[{"name": "effect", "timeUnixNano": str(START)}]))  # fmt: skip
    with pytest.raises(IncidentError, match="does not say which message"):
        incident([one, two])
    itself = otlp(attributes=[], parentSpanId="2" * 16,
                  events=[{"name": "effect", "timeUnixNano": str(START)}])  # fmt: skip
    assert kinds(itself) == ["effect"]


@pytest.mark.parametrize(
    "text",
    ['{"resourceSpans": 7}', '{"resourceSpans": [null]}', '{"resourceSpans": [{"scopeSpans": 1}]}',
     otlp(startTimeUnixNano="soon"), otlp(attributes=[{"value": 1}]), otlp(links=[{}]),
     otlp(attributes={"a": 1}), '{"context": {}, "start_time": "2026-03-02T09:00:00Z"}',
     '{"context": 5, "start_time": 5}', otlp(events=[{"name": "effect"}]), otlp(kind=[1], status=5),
     otlp(traceId=None, spanId=[1], attributes=ABOUT)],
)  # fmt: skip
def test_what_is_no_span_gets_a_sentence(text: str) -> None:
    with pytest.raises(IncidentError, match="line 1: "):
        incident(text)


def test_the_sample_of_spans_has_a_poison_message_and_clocks_that_differ() -> None:
    case = incident(sample("spans"))
    assert [each.oracle for each in case.broken] == ["stuck"]
    assert "mailer-1 got signup-1" in case.clocks[0]
