"""A box diagram of a design: its components, and the wires between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx

from pubsub_kit.designs.components import Cache, Group, Provider, Scheduler, Store, Topic
from pubsub_kit.designs.design import Design
from pubsub_kit.show.diagrams.topology import topology

if TYPE_CHECKING:
    from pubsub_kit.designs.components import Component
    from pubsub_kit.show.picture import Picture


def drawn(design: Design, caption: str | None = None) -> Picture:
    """Draw a design as boxes and arrows; raises PictureError for one without components."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for part in design.components:
        graph.add_node(part.name, kind=_kind(part), role=_role(part))
    for part in design.components:
        if isinstance(part, Group):
            graph.add_edge(part.topic, part.name)
    for wire in design.wires:
        graph.add_edge(wire.start, wire.end)
    return topology(graph, title=design.name, caption=caption)


_KINDS = {
    "Topic": "topic",
    "Store": "store",
    "Cache": "store",
    "Provider": "client",
}


def _kind(part: Component) -> str:
    return _KINDS.get(type(part).__name__, "service")


def _role(part: Component) -> str:
    """Return what a part does, short enough for its box."""
    if isinstance(part, Topic):
        return f"by {part.key}" if part.key else "no order"
    if isinstance(part, Store | Cache):
        said = ", ".join(part.holds)
        return said if len(said) <= _MOST else f"{len(part.holds)} kinds of rows"
    if isinstance(part, Scheduler):
        return f"every {part.every:g} s"
    if isinstance(part, Provider):
        return "not yours"
    more = f" × {part.workers:,}" if part.workers else ""
    first = part.steps[0] + (f" +{len(part.steps) - 1}" if len(part.steps) > 1 else "")
    return first + (more if len(first + more) <= _MOST else "")


_MOST = 17  # letters
