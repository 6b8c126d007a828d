"""Exercise 10's `trace`: a service that packs two orders at a time must not break their traces."""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk.trace import ReadableSpan

from pubsub_kit.log.event import Event
from pubsub_kit.patterns.tracing import causes_of, context_of, ids, key_of
from pubsub_kit.scenarios.batches import Batches, traced
from pubsub_kit.scenarios.drawn import drawn
from pubsub_kit.scenarios.plain import shown
from pubsub_kit.world.handlers import instantiate
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.world import World

ORDERS = ("o-1", "o-2", "o-3", "o-4", "o-5")
UNSAMPLED = ("o-3", "o-4")
TAKES = 1.5  # seconds
FAULTS = ("crash", "duplicate")
_SERVICE = "packing"


def packing(world: World, answer: Any) -> None:
    """Five orders, two at a time; nobody keeps the traces of the second batch."""
    tracing, dropped = traced(world), traced(world, share=0.0, seed=8)
    vars(world)["tracing"] = tracing
    world.topic("reserved")
    world.topic("packed")
    for order in ORDERS:
        with (dropped if order in UNSAMPLED else tracing).span("stock", f"reserve {order}") as sent:
            event = world.event("reserved", {"order": order}, id=order, extensions=sent)
            world.broker.publish_event("reserved", event)
        world.note("note", "reserved", text=f"{order} waits")
    world.service(
        _SERVICE,
        lambda: Batches(world, "reserved", instantiate(lambda: answer(tracing))[0], 2, 10.0, 50.0),
    )


def reachable(world: World) -> Violation | None:
    """From each order's trace you get on to its packing, and its log line names it."""
    if isinstance(found := _packed(world), Violation):
        return found
    spans = {ids(span)[0]: span for span in vars(world)["tracing"].spans}
    for order in ORDERS:
        if wrong := _broken(world, order, found, spans) or _mistimed(world, order, found, spans):
            states = {order: "leads to its packing"}, {order: "does not"}
            return Violation(wrong[1], _published(world, order), *states, wrong[0])
    said = [step.text for step in world.trace.of("note") if step.node != "reserved"]
    for order in sorted(ORDERS, key=lambda order: order not in UNSAMPLED):
        if not any(order in words for words in said):
            lost = "No trace of it was kept" if order in UNSAMPLED else "Its trace was kept"
            words = f"No line of packing's log names {order}. {lost}."
            return Violation(words, None, {"logged": order}, {"logged": "nothing"}, "no log line")
    return None


def _packed(world: World) -> dict[str, Event] | Violation:
    """Return the last event about each order that is packed, or what is missing."""
    log = world.broker.topic("packed").log
    found = {event.id: event for _, event in log.read(0, 0, 1_000)}
    if missing := [order for order in ORDERS if order not in found]:
        words, n = f"{missing[0]} was never published on 'packed' under its id.", len(missing)
        belief = "leaves one out" if n < len(ORDERS) else "packs nothing"
        belief = "another id" if {*found} - {*ORDERS} else belief
        return Violation(words, None, {"packed": len(ORDERS)},
                         {"packed": len(ORDERS) - len(missing)}, belief)  # fmt: skip
    for order in ORDERS:
        if found[order].data != {"order": order}:
            words = f"{order} was published with {shown(found[order].data, 40)} as its data."
            return Violation(words, _published(world, order), {"data": {"order": order}},
                             {"data": found[order].data}, "sends other data")  # fmt: skip
    return found


def _broken(
    world: World, order: str, packed: dict[str, Event], spans: dict[str, ReadableSpan]
) -> tuple[str, str] | None:
    """Return the belief behind a trace that ends before its packing, and the fact."""
    came, goes = (
        context_of(_reserved(world)[order].extensions),
        context_of(packed[order].extensions),
    )
    if not goes.is_valid:
        return "context follows by itself", f"{order} left packing without a valid traceparent."
    if goes.span_id == came.span_id:
        words = f"{order} left packing with the context that it came with"
        if any(key_of(came) in causes_of(spans, span) for span in spans.values()):
            return "sends the old context", f"{words}, so delivery doesn't lead back to packing."
        return "passes it on unopened", f"{words}: packing has no span."
    span = spans.get(key_of(goes))
    if span is None:
        if order in UNSAMPLED and not goes.trace_flags.sampled:
            return None
        words = f"{order} left packing with the context of a span that never ended."
        return "a span that never ends", words
    if key_of(came) in (causes := causes_of(spans, span)):
        return None
    for other in ORDERS:
        its = spans.get(key_of(context_of(packed[other].extensions)))
        if its and its is not span and key_of(came) in causes_of(spans, its):
            words = f"{order} left packing with the context of the span that packed {other}."
            return ("one context for all" if causes else "a trace of its own"), words
    return _of_others(world, order, causes)


def _mistimed(
    world: World, order: str, packed: dict[str, Event], spans: dict[str, ReadableSpan]
) -> tuple[str, str] | None:
    """Return the belief behind a span that isn't the work, and the fact."""
    lasted = vars(world).get("took", {}).get(order, TAKES)
    if not lasted:
        return "no work", f"Packing {order} took 0 s instead of {TAKES} s."
    if lasted > TAKES + 1e-6 and not world.trace.faults():
        return "too long", f"Packing the batch of {order} took {lasted:g} s instead of {TAKES} s."
    if (span := spans.get(key_of(context_of(packed[order].extensions)))) is None:
        return None
    mine = [span, *(spans[key] for key in causes_of(spans, span) if key in spans)]
    took, start = max((((s.end_time or 0) - (s.start_time or 0)) / 1e9, s.start_time or 0)
                      for s in mine)  # fmt: skip
    if took < TAKES - 1e-6:
        words = f"The span that packed {order} lasted {took:g} s, and packing took {lasted:g} s."
        return "the span is not the work", words
    if (early := start / 1e9 + TAKES - packed[order].time) > 1e-5:
        return "leaves unpacked", f"{order} left packing {early:g} s before it was packed."
    return None


def _of_others(world: World, order: str, causes: list[str]) -> tuple[str, str]:
    known = {key_of(context_of(e.extensions)): name for name, e in _reserved(world).items()}
    others = [known[cause] for cause in causes if cause in known]
    if not others:
        return "a trace of its own", f"The span that packed {order} leads back to no order at all."
    words = f"The span that packed {order} leads back to {' and '.join(others)}, and not to it."
    pair = ORDERS[ORDERS.index(order) // 2 * 2 :][:2]
    return ("a trace is one tree" if others[0] in pair else "one context for all"), words


def _reserved(world: World) -> dict[str, Event]:
    return {event.id: event for _, event in world.broker.topic("reserved").log.read(0, 0, 9)}


def _published(world: World, order: str) -> int | None:
    sends = (i for i, s in enumerate(world.trace) if s.kind == "receive" and s.text == order)
    return max(sends, default=None)


def draw(world: World, violation: Violation | None, title: str) -> Any:
    """Draw the spans of a run without faults, and any other one in lanes."""
    spans = vars(world)["tracing"].spans
    if world.trace.faults() or len(spans) <= len(ORDERS) - len(UNSAMPLED):
        return drawn(world, violation, title)
    from pubsub_kit import show

    return show.waterfall(spans, title=title, caption=violation.message if violation else None)
