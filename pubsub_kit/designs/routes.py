"""Wires as routes: which step is reached from where, as a call, as a message, or in place."""

from __future__ import annotations

from pubsub_kit.designs.components import (
    Component,
    DesignError,
    Group,
    Provider,
    Scheduler,
    Service,
    Topic,
    Wire,
)
from pubsub_kit.designs.design import Design
from pubsub_kit.designs.steps import Route


def routes(design: Design, part: Component) -> dict[str, Route]:
    """Return how each step is reached: here, unless the part is wired to itself, or by a wire."""
    again = any(w.start == part.name and w.end == getattr(part, "topic", "") for w in design.wires)
    found = {} if again else {step: Route("here") for step in getattr(part, "steps", ())}
    for wire in design.wires:
        if wire.start == part.name:
            for step, route in _along(design, wire.end, wire):
                found.setdefault(step, route)
    return found


def _along(design: Design, end: str, wire: Wire | None) -> list[tuple[str, Route]]:
    target = design.part(end)
    if isinstance(target, Service | Provider | Scheduler):
        return [(step, Route("call", end, wire)) for step in target.steps]
    if isinstance(target, Topic):
        readers = [p for p in design.components if isinstance(p, Group) and p.topic == end]
        way = Route("publish", end, wire, target.key)
        return [(step, way) for group in readers for step in group.steps]
    return []


def entry(design: Design, step: str) -> Route:
    """Return how a step is reached from outside: a service that performs it, or else a topic.

    Raises DesignError if neither does.
    """
    for kind in (Service, Topic):
        for part in design.components:
            if isinstance(part, kind):
                for found, route in _along(design, part.name, None):
                    if found == step:
                        return route
    raise DesignError(
        f"clients of {design.name!r} can't reach {step!r}: give a Service that performs it, or a "
        "Topic with a Group that does"
    )
