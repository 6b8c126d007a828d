"""A context travels in an event, is linked to by many, and is sampled as its causes are."""

from __future__ import annotations

from typing import Any

import pytest

from pubsub_kit import show
from pubsub_kit.patterns.tracing import Tracing, TracingError, context_of, ids, what_follows


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def two_orders(share: float = 1.0) -> Tracing:
    """Two orders, and a batch that packs both."""
    clock = Clock()
    tracing = Tracing(clock, share=share)
    contexts = []
    for name in ("o-1", "o-2"):
        with tracing.span("shop", f"place {name}") as context:
            clock.now += 1
        contexts.append(context)
    with tracing.span("packing", "pack 2", links=contexts):
        clock.now += 2
    return tracing


def test_a_context_is_one_line_in_the_form_of_the_w3c() -> None:
    with Tracing(Clock()).span("shop", "place") as context:
        assert [*context] == ["traceparent"]
        version, trace, span, flags = context["traceparent"].split("-")
    assert (version, len(trace), len(span), flags) == ("00", 32, 16, "01")


def test_a_batch_follows_each_of_its_orders() -> None:
    spans = two_orders().spans
    for order in ("place o-1", "place o-2"):
        assert [span.name for span in what_follows(spans, order)] == [order, "pack 2"]


def test_a_parent_is_in_the_same_trace_and_a_link_is_not() -> None:
    tracing = Tracing(Clock())
    with tracing.span("shop", "place") as context:
        with tracing.span("shop", "pay", parent=context) as child:
            assert context_of(child).trace_id == context_of(context).trace_id
        with tracing.span("packing", "pack", links=[context]) as linked:
            assert context_of(linked).trace_id != context_of(context).trace_id
    assert all(ids(span)[1] for span in tracing.spans if span.name != "place")


def test_no_context_is_not_a_valid_one() -> None:
    assert not context_of(None).is_valid
    assert not context_of({"traceparent": "nonsense"}).is_valid
    assert not context_of({"traceparent": 5}).is_valid


@pytest.mark.parametrize("thing", ["traceparent", 5, ["a list"]])
def test_what_is_no_context_is_refused(thing: Any) -> None:
    with pytest.raises(TracingError, match=r"a context is a dict such as event\.extensions"):
        Tracing(Clock()).span("packing", "pack", links=[thing]).__enter__()


def test_an_error_is_told_and_passes_through() -> None:
    tracing = Tracing(Clock())
    with pytest.raises(ValueError, match="no stock"), tracing.span("stock", "reserve"):
        raise ValueError("no stock")
    assert "failed: no stock" in show.waterfall(tracing.spans).text


class Crash(BaseException):
    """Ends a process."""


def test_a_crash_leaves_no_span() -> None:
    tracing = Tracing(Clock())
    with pytest.raises(Crash), tracing.span("stock", "reserve"):
        raise Crash
    assert tracing.spans == []


def test_what_is_linked_to_a_dropped_span_alone_is_dropped_too() -> None:
    assert two_orders(share=0.0).spans == []
    dropped, kept = Tracing(Clock(), share=0.0), Tracing(Clock(), seed=8)
    with dropped.span("shop", "place") as context:
        assert context["traceparent"].endswith("-00")
    with kept.span("packing", "pack", links=[context]):
        pass
    assert kept.spans == []


def test_each_run_has_the_same_ids() -> None:
    assert [ids(s) for s in two_orders().spans] == [ids(s) for s in two_orders().spans]


def test_a_line_is_logged_whatever_is_sampled() -> None:
    lines: list[str] = []
    tracing = Tracing(
        Clock(), lambda service, words: lines.append(f"{service}: {words}"), share=0.0
    )
    tracing.log("packing", "packed o-1")
    assert lines == ["packing: packed o-1"]


def test_a_waterfall_draws_its_spans() -> None:
    assert show.waterfall(two_orders().spans).text.split("\n") == [
        "shop: place o-1, 0 s to 1 s",
        "  packing: pack 2, 2 s to 4 s; linked to shop: place o-1 and shop: place o-2",
        "shop: place o-2, 1 s to 2 s",
    ]
