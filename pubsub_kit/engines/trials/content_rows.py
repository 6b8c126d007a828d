"""Rows about what is in an event: its id, its size, its letters."""

from __future__ import annotations

from pubsub_kit.checks.contract.trial import Row, kept_in, listed, shown
from pubsub_kit.engines.trials.stage import EngineCase

#: What an event may hold.
CONTENT: list[Row] = []

LARGE = "x" * 65_536
#: An astral letter, a family of joined letters, right to left with its marks, the replacement
#: character, one that is none, a letter and an accent that stay apart, and the text of an escape.
ODD = [
    "🦉", "👨\u200d👩\u200d👧", "\u202eשלום\u202c", "مرحبا", "\ufffd", "\uffff", "e\u0301", "𝒳",
    "\\u0000", " a b ", "ſtraße", "%2F%", "日本語",
]  # fmt: skip


@kept_in(CONTENT)
def deduplicates(case: EngineCase) -> None:
    """The engine itself drops a second event with the same id."""
    worker = case.worker("w1")
    case.publish("orders", "tea", id="order-1")
    case.publish("orders", "tea", id="order-1")
    seen = worker.drain()
    case.expect(len(seen) == 1, f"order-1 was published twice, and w1 got it {len(seen)} times.")


@kept_in(CONTENT)
def large(case: EngineCase) -> None:
    """An event with 64 KiB of data arrives unchanged."""
    worker = case.worker("w1")
    case.publish("orders", LARGE)
    worker.needs(LARGE).acks()


@kept_in(CONTENT)
def any_unicode(case: EngineCase) -> None:
    """Data and keys of any letters arrive unchanged."""
    worker = case.worker("w1")
    for text in ODD:
        case.publish("orders", {text: text}, key=text, id=f"id {text}")
    for _ in ODD:
        if (held := worker.pull()) is None:
            break
        got = held.delivery
        same = got.data == {got.key: got.key} and got.id == f"id {got.key}" and got.key in ODD
        case.expect(same, f"The id {shown(got.id)} came with the key {shown(got.key)}.")
        held.acks()
    else:
        return
    case.expect(False, f"Some of {listed(ODD)} never came.")


@kept_in(CONTENT)
def headers_arrive(case: EngineCase) -> None:
    """The type, the source, the time and the extensions of an event arrive unchanged."""
    worker = case.worker("w1")
    trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    case.publish("orders", None, type="order.placed", source="/shop", extensions=trace)
    event = worker.needs(None).delivery.event
    words = f"It came with type {event.type}, source {event.source} and {dict(event.extensions)}."
    right = (event.type, event.source, dict(event.extensions)) == ("order.placed", "/shop", trace)
    case.expect(right, words)
