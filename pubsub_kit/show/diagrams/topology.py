"""Who talks to whom, and how well: services and brokers as shapes, links with counts and health.

The layout is fixed: layers by distance from where calls begin, left to right, so that the same run
always gives the same picture.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from math import hypot, sqrt
from typing import TYPE_CHECKING, Any

from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.diagrams.network import Edge, Network, Node, from_graph, from_trace, layers
from pubsub_kit.show.ink import clean, fit, width, wrap
from pubsub_kit.show.labels import Bounds, Paper, Spot
from pubsub_kit.show.marks import Point
from pubsub_kit.show.picture import Picture, PictureError
from pubsub_kit.world.trace import Trace

if TYPE_CHECKING:
    import networkx as nx

_MOST = 30
_WIDTH, _H, _ROW = 800.0, 46.0, 112.0


def topology(
    source: Trace | nx.DiGraph[Any], *, title: str | None = None, caption: str | None = None
) -> Picture:
    """Draw a network with the health of its nodes and links: from a run, or from a graph.

    A graph's nodes may have `kind` and `health`, its edges `sent`, `lost`, `timeouts`, `errors`,
    `state`.
    Raises PictureError for anything else, and for an empty one.
    """
    network = from_trace(source) if isinstance(source, Trace) else _graph(source)
    if not network.nodes:
        raise PictureError("There is no node to draw: run the world first, or add nodes.")
    shown = _busiest(network)
    lines = [clean(title)] if title else []
    lines += [f"{clean(n.name)} ({n.kind}): {n.words}" for n in shown.nodes]
    lines += [_sentence(edge) for edge in shown.edges]
    listed = len(lines)
    more = len(network.nodes) - len(shown.nodes)
    lines += [f"({more} quieter nodes are not drawn)"] if more else []
    beyond = "\n".join(lines[listed:])
    lines += [clean(caption)] if caption else []
    text = "\n".join(lines)
    canvas = _Map(shown, clean(title or "")).draw(clean(caption or ""))
    return Picture(canvas, text, f"Topology. {text}", clean(title or "Topology"), beyond)


def _graph(source: Any) -> Network:
    import networkx as nx

    if not isinstance(source, nx.Graph):
        kind = type(source).__name__
        raise PictureError(f"topology() draws a trace or a networkx graph; this is a {kind}.")
    return from_graph(nx.DiGraph(source))


def _busiest(network: Network) -> Network:
    if len(network.nodes) <= _MOST:
        return network
    weight = Counter({node.name: 3 * node.bad for node in network.nodes})
    for edge in network.edges:
        for name in (edge.start, edge.end):
            weight[name] += 1
    kept = {name for name, _ in weight.most_common(_MOST)}
    edges = [e for e in network.edges if e.start in kept and e.end in kept]
    return Network([n for n in network.nodes if n.name in kept], edges)


def _sentence(edge: Edge) -> str:
    counts = f"{edge.sent} sent" if edge.sent else ""
    said = "; ".join(part for part in (counts, edge.trouble) if part)
    return f"{clean(edge.start)} → {clean(edge.end)}" + (f": {said}" if said else "")


class _Map:
    """The network laid out: a column for each layer, boxes in rows, links between their edges."""

    def __init__(self, network: Network, title: str) -> None:
        self.network, self.title = network, title
        columns = layers(network)
        gap = (_WIDTH - 40) / len(columns)
        longest = max(width(clean(node.name), 13, True) for node in network.nodes) + 28
        designed = any(node.drawn for node in network.nodes)  # of boxes and plain arrows
        most = gap * (0.74 if designed else 0.62)
        self.w = min(150.0, max(gap * 0.5, most if designed else min(longest, most)))
        self.gap = gap - self.w
        rows = max(map(len, columns))
        top = 40.0 if title else 12.0
        self.canvas = Canvas(_WIDTH, top + rows * _ROW)
        middle = top + rows * _ROW / 2
        self.at = {
            name: (20 + gap * (i + 0.5), middle + (j - (len(column) - 1) / 2) * _ROW)
            for i, column in enumerate(columns)
            for j, name in enumerate(column)
        }
        self.most = max((e.sent for e in network.edges), default=1) or 1
        self.paper = Paper(4, top - 8, _WIDTH - 4, self.canvas.h)

    def draw(self, caption: str) -> Canvas:
        c = self.canvas
        if self.title:
            c.text(14, 24, fit(self.title, _WIDTH - 28, 15, True), 15, bold=True)
        for x, y in self.at.values():
            self.paper.take(Bounds(x - self.w / 2, y - _H / 2, x + self.w / 2, y + _H / 2))
        ways = [self._way(edge) for edge in self.network.edges]
        for edge, way in zip(self.network.edges, ways, strict=True):
            self._link(edge, way)
        for node in self.network.nodes:
            self._node(node)
        for edge, way in zip(self.network.edges, ways, strict=True):
            self._say(edge, way)
        for line in wrap(caption, 872, 13):
            c.text(14, c.h + 14, line, 13)
            c.h += 18
        c.h += 8
        return c

    def _way(self, edge: Edge) -> list[Point]:
        """Return the points of a link, bent where a straight one would meet another thing."""
        a, b = self.at[edge.start], self.at[edge.end]
        if edge.start == edge.end:
            x, y = a[0] + self.w * 0.2, a[1] - _H / 2
            return [(x, y), (x, y - 18), (x + 26, y - 18), (x + 26, y)]
        twin = any(e.start == edge.end and e.end == edge.start for e in self.network.edges)
        bend = 22.0 if twin else 0.0
        if abs(b[0] - a[0]) > (self.w + self.gap) * 1.5 and self._meets(a, b):
            bend = _ROW * 0.62
        if abs(b[0] - a[0]) < 1 and abs(b[1] - a[1]) > _ROW * 1.5:
            bend = self.w * 0.8
        dx, dy = b[0] - a[0], b[1] - a[1]
        length = hypot(dx, dy) or 1.0
        knee = (
            (a[0] + b[0]) / 2 + dy / length * bend * 2,
            (a[1] + b[1]) / 2 - dx / length * bend * 2,
        )
        start, end = self._edge_of(a, knee), self._edge_of(b, knee)
        if not bend:
            return [start, end]
        return [_bezier(start, knee, end, i / 14) for i in range(15)]

    def _meets(self, a: Point, b: Point) -> bool:
        """Say whether the straight way between two boxes passes a third one."""
        for x, y in self.at.values():
            if (x, y) in (a, b) or not min(a[0], b[0]) < x < max(a[0], b[0]):
                continue
            if abs(a[1] + (b[1] - a[1]) * (x - a[0]) / (b[0] - a[0]) - y) < _H:
                return True
        return False

    def _edge_of(self, box: Point, toward: Point) -> Point:
        """Return where the line from a box's middle toward a point leaves the box."""
        dx, dy = toward[0] - box[0], toward[1] - box[1]
        reach = min(
            (self.w / 2 + 4) / abs(dx) if dx else 9e9, (_H / 2 + 4) / abs(dy) if dy else 9e9
        )
        return (box[0] + dx * reach, box[1] + dy * reach)

    def _link(self, edge: Edge, way: list[Point]) -> None:
        bad = bool(edge.trouble)
        thick = 1.4 + 3.0 * sqrt(edge.sent / self.most) if edge.sent else 1.6
        colour = "fault" if bad else "message"
        self.canvas.arrow(way, colour, thick, "dashed" if bad else "")
        for start, end in pairwise(way):
            self.paper.ink(start, end)
        if edge.failing:
            x, y = _along(way, 0.5)
            self.canvas.circle(x, y, 11, "paper")
            self.canvas.cross(x, y, 7, "fault", 3.4)
            self.paper.take(Bounds(x - 10, y - 10, x + 10, y + 10))

    def _say(self, edge: Edge, way: list[Point]) -> None:
        """Write a link's count and trouble beside it, where there is room along its way."""
        sent = f"{edge.sent} sent" if edge.sent else ""
        words = ", ".join(part for part in (sent, edge.short) if part)
        (ax, ay), (bx, by) = way[0], way[-1]
        steep = abs(by - ay) / max(abs(bx - ax), 1.0)
        off = 11.0 + min(steep, 1.0) * 18 + (7 if edge.failing else 0)
        spots = []
        for t in (0.5, 0.36, 0.64, 0.24, 0.76):
            x, y = _along(way, t)
            spots += [Spot(x, y - off, "middle", 240), Spot(x, y + off, "middle", 240)]
            spots += [Spot(x + 10, y, "start", 240), Spot(x - 10, y, "end", 240)]
        spots += [Spot(s.x, s.y + dy, s.anchor, 240) for s in spots[:1] for dy in (-24.0, 24.0)]
        fill = "fault" if edge.trouble else "ink"
        # Whole and off every line if that can be, else in short, else where there is any room.
        for form, strict in ((words, True), (edge.short or sent, True), (words, False)):
            said: Any = {"size": 11.0, "fill": fill, "bold": bool(edge.trouble), "strict": strict}
            if form and self.paper.label(self.canvas, spots, form, **said):
                break

    def _node(self, node: Node) -> None:
        c, (x, y) = self.canvas, self.at[node.name]
        left, top = x - self.w / 2, y - _H / 2
        stroke, line = ("fault", 2.4) if node.bad else ("ink", 1.4)
        pipe = node.kind in ("broker", "topic")
        round_ = {"client": _H / 2, "store": 0.0}.get(node.kind, 3.0 if pipe else 9.0)
        c.rect(left, top, self.w, _H, "tint", stroke, round_, line)
        if pipe:
            for dx in (6.0, 11.0, 16.0):
                for at in (left + dx, left + self.w - dx):
                    c.line((at, top + 1), (at, top + _H - 1), stroke, 1.1)
        if node.kind == "store":
            c.line((left, top + 6), (left + self.w, top + 6), stroke, 1.4)
        room = self.w - (40 if pipe else 12)
        sizes = [s for s in (13.0, 12.0, 11.0) if width(clean(node.name), s, True) <= room]
        size = next(iter(sizes), 13.0)
        c.text(x, y - 2, fit(node.name, room, size, True), size, "ink", "middle", bold=True)
        said = fit(node.words, room, 11, bool(node.bad))
        c.text(x, y + 14, said, 11, "fault" if node.bad else "muted", "middle", bold=bool(node.bad))
        if node.bad == 2:
            c.circle(left + self.w - 2, top + 2, 11, "paper")
            c.cross(left + self.w - 2, top + 2, 7, "fault", 3.6)


def _bezier(a: Point, knee: Point, b: Point, t: float) -> Point:
    u = 1 - t
    x, y = (u * u * a[i] + 2 * u * t * knee[i] + t * t * b[i] for i in (0, 1))
    return (x, y)


def _along(way: list[Point], t: float) -> Point:
    """Return the point at a share `t` of a way."""
    at = t * (len(way) - 1)
    i = min(int(at), len(way) - 2)
    (ax, ay), (bx, by) = way[i], way[i + 1]
    return (ax + (bx - ax) * (at - i), ay + (by - ay) * (at - i))
