"""Charts and topologies say what they show, and refuse what they cannot."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pytest

from pubsub_kit import show
from pubsub_kit.show.canvas import Box, Path
from pubsub_kit.show.charts.latency import Times
from pubsub_kit.show.diagrams.network import from_graph, from_trace, layers
from pubsub_kit.world.trace import Trace
from tests.show.runs import crash_at_one_instant, retry_charges_twice


def written(picture: show.Picture) -> list[str]:
    return [text.text for text in picture.canvas.texts()]


# --- latency --------------------------------------------------------------------------------------


def test_a_quantile_is_the_least_latency_that_the_share_does_not_exceed() -> None:
    times = Times([float(n) for n in range(1, 101)], 0)
    assert (times.quantile(0.5), times.quantile(0.99), times.quantile(1.0)) == (50, 99, 100)
    assert Times([7.0], 0).quantile(0.5) == 7.0


def test_latencies_come_from_the_ends_of_clients_requests_and_count_failures() -> None:
    trace = Trace()
    for n in range(1, 101):
        trace.add(n, "end", "client", data={"latency": n / 100, "ok": n > 3})
        trace.add(n, "end", "server", "", "m", "done")
    picture = show.latency(trace)
    assert picture.text == (
        "client: 100 requests, p50 500 ms, p99 990 ms, slowest 1 s; 3 of them failed (3.0%)"
    )
    assert {"p50 500 ms", "p99 990 ms", "100 done", "3 failed"} <= set(written(picture))


def test_latencies_may_be_given_as_lists_of_seconds() -> None:
    picture = show.latency({"direct": [0.1, 0.2], "broker": [0.3]})
    assert picture.text.splitlines()[1] == (
        "broker: 1 request, p50 300 ms, p99 300 ms, slowest 300 ms; none failed"
    )


def test_a_run_without_a_finished_request_is_refused() -> None:
    with pytest.raises(show.PictureError, match="No finished request"):
        show.latency(Trace())


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1.0])
def test_a_latency_that_is_no_duration_is_refused(bad: float) -> None:
    with pytest.raises(show.PictureError, match="not a finite number"):
        show.latency({"a": [0.1, bad]})


# --- curves and bars ------------------------------------------------------------------------------


def test_a_curve_is_named_at_its_end_and_told_in_words() -> None:
    picture = show.lines(
        {"chain": [(10, 0.9), (1, 0.99)]},
        x="services",
        y="availability",
        marks=[(None, 0.95, "promised")],
    )
    assert "chain: from 0.99 to 0.9 availability between 1 and 10 services" in picture.text
    assert {"chain", "promised", "services", "availability"} <= set(written(picture))


def test_each_curve_has_a_dash_of_its_own() -> None:
    points = [(0.0, 1.0), (1.0, 2.0)]
    canvas = show.lines({"a": points, "b": points, "c": points, "d": points}).canvas
    curves = [m for m in canvas.marks if isinstance(m, Path) and m.width == 2.2]
    assert len({curve.dash for curve in curves}) == 4


@pytest.mark.parametrize(
    ("series", "log", "message"),
    [
        ({}, "", "nothing to draw"),
        ({"a": [(0, float("nan"))]}, "", "not finite"),
        ({"a": [(0, 1)]}, "x", "values above 0"),
        ({"a": [(1, 1)]}, "z", "names no axis"),
    ],
)
def test_curves_that_cannot_be_drawn_are_refused(
    series: dict[str, list[tuple[float, float]]], log: str, message: str
) -> None:
    with pytest.raises(show.PictureError, match=message):
        show.lines(series, log=log)


def test_bars_are_as_long_as_their_values_and_the_marked_one_is_hatched() -> None:
    picture = show.bars({"a": 10, "b": 40, "c": -20}, mark="b")
    widths = [m.w for m in picture.canvas.marks if isinstance(m, Box) and m.h == 17]
    assert [round(w / widths[0], 3) for w in widths[:2]] == [1, 4]
    assert widths[-1] == pytest.approx(2 * widths[0])
    assert picture.text == "a: 10\nb: 40\nc: -20"


def test_bars_of_nothing_are_refused() -> None:
    with pytest.raises(show.PictureError, match="at least one name"):
        show.bars({})


# --- topology -------------------------------------------------------------------------------------


def test_a_run_tells_who_called_whom_how_often_and_with_what_trouble() -> None:
    network = from_trace(retry_charges_twice())
    (edge,) = network.edges
    assert (edge.start, edge.end, edge.sent, edge.back) == ("shop", "bank", 2, 2)
    assert (edge.lost, edge.timeouts, edge.share, edge.failing) == (1, 1, 0.5, True)
    assert (
        "shop → bank: 2 sent; 50% fail: 1 lost, 1 timed out"
        in show.topology(retry_charges_twice()).text
    )


def test_an_answer_that_says_refused_or_failed_is_an_error_of_its_link() -> None:
    trace = Trace()
    for text in ("refused: is down", "order-1: failed: no stock", "reply order-2"):
        trace.add(0, "send", "shop", "stock", "", "order")
        trace.add(0, "send", "stock", "shop", "", text)
    (edge,) = from_trace(trace).edges
    assert (edge.sent, edge.errors, edge.failing) == (3, 2, True)
    assert edge.trouble == "67% fail: 2 answered with an error"


def test_a_link_is_cut_until_it_is_mended_and_a_breaker_open_until_it_closes() -> None:
    trace = Trace()
    trace.add(0, "partition", "a", "b", text="the link is cut")
    trace.add(0, "breaker", "a", "c", text="opens")
    assert [e.state for e in from_trace(trace).edges] == ["cut", "breaker open"]
    trace.add(1, "repair", "b", "a")
    trace.add(1, "breaker", "a", "c", text="closes")
    assert [e.state for e in from_trace(trace).edges] == ["", ""]


def test_a_nodes_health_is_told_in_words() -> None:
    trace = crash_at_one_instant()
    assert [n.words for n in from_trace(trace).nodes] == ["well", "1 crash"]
    trace.add(1.0, "crash", "worker")
    assert [n.words for n in from_trace(trace).nodes] == ["well", "down, 2 crashes"]


def test_what_is_sent_acks_and_handles_nothing_is_a_broker() -> None:
    trace = Trace()
    trace.add(0, "send", "orders", "worker", "d1", "order-1")
    trace.add(0, "begin", "worker", "", "d1")
    trace.add(0, "send", "worker", "orders", "a1", "ack order-1")
    assert {n.name: n.kind for n in from_trace(trace).nodes} == {
        "orders": "broker",
        "worker": "service",
    }


def test_callers_stand_left_of_the_called_and_a_cycle_is_cut() -> None:
    graph = nx.DiGraph([("client", "S1"), ("S1", "S0"), ("S1", "S2"), ("S2", "S1"), ("S0", "db")])
    columns = layers(from_graph(graph))
    rank = {name: i for i, column in enumerate(columns) for name in column}
    assert rank["client"] < rank["S1"] < rank["S0"] < rank["db"]
    assert sorted(rank) == sorted(graph)


def test_a_graph_may_say_what_its_nodes_and_edges_are() -> None:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_node("orders", kind="topic")
    graph.add_node("mail", health="down")
    graph.add_edge("orders", "mail", sent=10, lost=9, state="failing")
    picture = show.topology(graph)
    assert picture.text.splitlines() == [
        "orders (topic): well",
        "mail (service): down",
        "orders → mail: 10 sent; failing, 90% fail: 9 lost",
    ]


def test_a_large_network_is_cut_to_its_busiest_nodes() -> None:
    graph = nx.star_graph([f"n{i}" for i in range(50)])
    picture = show.topology(graph)
    assert "(20 quieter nodes are not drawn)" in picture.text
    assert "n0" in written(picture)


@pytest.mark.parametrize("source", [Trace(), nx.DiGraph()])
def test_an_empty_network_is_refused(source: object) -> None:
    with pytest.raises(show.PictureError, match="no node"):
        show.topology(source)  # type: ignore[arg-type]


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(show.PictureError, match="this is a list"):
        show.topology([])  # type: ignore[arg-type]


@pytest.mark.parametrize("draw", [show.trace, show.latency, show.lines, show.bars, show.topology])
def test_what_is_no_run_and_no_mapping_is_refused_in_a_sentence(draw: Any) -> None:
    with pytest.raises(show.PictureError, match=r"draws|drawn|needs"):
        draw(3)
