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
        graph.add_node(part.name, kind=_kind(part), health="well")
    for part in design.components:
        if isinstance(part, Group):
            graph.add_edge(part.topic, part.name)
    for wire in design.wires:
        graph.add_edge(wire.start, wire.end)
    return topology(graph, title=design.name, caption=caption)


def _kind(part: Component) -> str:
    if isinstance(part, Topic):
        return "topic"
    if isinstance(part, Store | Cache):
        return "store"
    if isinstance(part, Provider | Scheduler | Group):
        return {"Provider": "client", "Scheduler": "service", "Group": "service"}[
            type(part).__name__
        ]
    return "service"
