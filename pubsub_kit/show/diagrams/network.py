"""A run or a graph as a network: who talks to whom, how often, and how well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pubsub_kit.show.diagrams import story
from pubsub_kit.show.ink import clean
from pubsub_kit.world.trace import Step, Trace

if TYPE_CHECKING:
    import networkx as nx

_BROKERS = ("broker", "topic", "queue", "exchange", "stream")
_STORES = ("db", "database", "store", "cache", "redis", "postgres")
_COUNTS = ("sent", "lost", "timeouts", "errors")
_SILENT = ("receive", "retry", "note")


class Node(NamedTuple):
    """A node and its health in words; `bad` is 0 for well, 1 for troubled, 2 for down."""

    name: str
    kind: str
    words: str = "well"
    bad: int = 0
    drawn: bool = False  # on a whiteboard: the words say what it does, not how it is


class Edge(NamedTuple):
    """A link from who calls to who is called: counts of messages there and back, and of troubles.

    `errors` counts answers that say so: refused, or failed.
    """

    start: str
    end: str
    sent: int = 0
    back: int = 0
    lost: int = 0
    timeouts: int = 0
    errors: int = 0
    state: str = ""

    @property
    def share(self) -> float:
        """Return the share of calls that went wrong; a lost one and its timeout count once."""
        wrong = max(self.lost, self.timeouts) + self.errors
        return min(1.0, wrong / self.sent) if self.sent else 0.0

    @property
    def failing(self) -> bool:
        """Say whether the link is cut, or at least every second call goes wrong."""
        return self.state in ("cut", "failing", "down", "breaker open") or self.share >= 0.5

    @property
    def short(self) -> str:
        """Return the link's trouble in a word or two."""
        return self.state or (f"{self.share:.0%} fail" if self.share else "")

    @property
    def trouble(self) -> str:
        """Return what is wrong with the link in words; empty if nothing is."""
        lost = f"{self.lost} lost" if self.lost else ""
        late = f"{self.timeouts} timed out" if self.timeouts else ""
        share = f"{self.share:.0%} fail" if self.share else ""
        head = ", ".join(part for part in (self.state, share) if part)
        errors = f"{self.errors} answered with an error" if self.errors else ""
        tail = ", ".join(part for part in (lost, late, errors) if part)
        return ": ".join(part for part in (head, tail) if part)


class Network(NamedTuple):
    """Nodes and edges, in order of first appearance."""

    nodes: list[Node]
    edges: list[Edge]


def from_trace(trace: Trace) -> Network:
    """Read a network off a run: a link for each pair that talked, directed as its first message."""
    edges: dict[tuple[str, str], Edge] = {}
    for step in trace:
        if step.peer and step.kind not in _SILENT and step.node != step.peer:
            forward = (step.peer, step.node) not in edges
            key = (step.node, step.peer) if forward else (step.peer, step.node)
            edges[key] = _after(edges.get(key) or Edge(*key), step, forward)
    return Network(_health(trace), list(edges.values()))


def _after(edge: Edge, step: Step, forward: bool) -> Edge:
    """Return the link as it is after the step."""
    if step.kind == "send":
        error = not forward and (step.text.startswith("refus") or "failed" in step.text)
        sent, back, errors = edge.sent + forward, edge.back + (not forward), edge.errors + error
        return edge._replace(sent=sent, back=back, errors=errors)
    if step.kind == "lose":
        return edge._replace(lost=edge.lost + 1)
    if step.kind == "timeout":
        return edge._replace(timeouts=edge.timeouts + 1)
    if step.kind == "breaker":
        half = "half open" if "half" in step.text else "open"
        return edge._replace(state="" if "close" in step.text else f"breaker {half}")
    if step.kind == "partition":
        return edge._replace(state="cut")
    return edge._replace(state="") if step.kind == "repair" else edge


def _health(trace: Trace) -> list[Node]:
    down = {span.node for span in story.outages(trace) if span.end is None}
    crashes = Counter(step.node for step in trace.of("crash"))
    done = Counter(step.node for step in trace.of("end"))
    failed = Counter(step.node for step in trace.of("end") if step.fault or _not_ok(step))
    brokers = _brokers(trace)
    nodes = []
    for name in trace.nodes():
        troubles = ["down"] if name in down else []
        n = crashes[name]
        troubles += [f"{n} crash{'es' * (n > 1)}"] if n else []
        troubles += [f"{failed[name]} of {done[name]} failed"] if failed[name] else []
        kind = "broker" if name in brokers else kind_of(name)
        bad = 2 if name in down else 1 if troubles else 0
        nodes.append(Node(name, kind, ", ".join(troubles) or "well", bad))
    return nodes


def _not_ok(step: Step) -> bool:
    return isinstance(step.data, Mapping) and not step.data.get("ok", True)


def _brokers(trace: Trace) -> set[str]:
    """Return the nodes that are sent acks and never run a handler: the topics of a broker."""
    acked = {s.peer for s in trace.of("send") if s.text.startswith(("ack", "nack", "extend"))}
    return acked - {step.node for step in trace.of("begin", "end", "effect")}


def kind_of(name: str) -> str:
    """Guess a node's kind from its name: "broker", "store" or "service"."""
    words = name.lower().replace("-", " ").replace("_", " ").split()
    if any(word in words for word in _BROKERS):
        return "broker"
    return "store" if any(word in words for word in _STORES) else "service"


def from_graph(graph: nx.DiGraph[Any]) -> Network:
    """Read a network off a graph whose nodes and edges may have attributes.

    Nodes: `kind` ("service", "broker", "topic", "store", "client") and `health` in words, where
    "well" is well and "down" or "crashed" is down; or `role`, what it does in a design that never
    ran. Edges: `sent`, `lost`, `timeouts` and `errors`
    (counts) and `state`, where "cut", "failing" and "down" say that nothing gets through.
    """
    nodes = [_node(str(name), data) for name, data in graph.nodes(data=True)]
    edges = []
    for start, end, data in graph.edges(data=True):
        counts = {name: int(data.get(name, 0)) for name in _COUNTS}
        edges.append(Edge(str(start), str(end), state=clean(data.get("state", "")), **counts))
    return Network(nodes, edges)


def _node(name: str, data: Mapping[str, Any]) -> Node:
    if role := clean(data.get("role", "")):
        return Node(name, clean(data.get("kind", kind_of(name))), role, drawn=True)
    words = clean(data.get("health", "well")) or "well"
    bad = 2 if words.split(",")[0] in ("down", "crashed") else 0 if words in ("well", "up") else 1
    return Node(name, clean(data.get("kind", kind_of(name))), words, bad)


def layers(network: Network) -> list[list[str]]:
    """Arrange nodes in layers by their longest way from where calls begin; cycles are cut."""
    rank: dict[str, int] = {}
    names = [node.name for node in network.nodes]
    ahead = {n: [e.end for e in network.edges if e.start == n != e.end] for n in names}
    behind = {n: [e.start for e in network.edges if e.end == n != e.start] for n in names}
    left = dict.fromkeys(names)
    while left:
        ready = [n for n in left if not any(p in left for p in behind[n])]
        for name in ready or [next(iter(left))]:
            rank[name] = max((rank[p] + 1 for p in behind[name] if p in rank), default=0)
            del left[name]
    found: list[list[str]] = [[] for _ in range(max(rank.values(), default=-1) + 1)]
    for name in names:
        found[rank[name]].append(name)
    place: dict[str, float] = {}
    for layer in found:
        layer.sort(key=lambda n: _middle([place[p] for p in behind[n] + ahead[n] if p in place]))
        place |= {name: i - (len(layer) - 1) / 2 for i, name in enumerate(layer)}
    return [layer for layer in found if layer]


def _middle(places: list[float]) -> float:
    return sum(places) / len(places) if places else 0.0
