"""A network says who talks to whom and with what trouble, and which of its nodes are well."""

from __future__ import annotations

import networkx as nx
import pytest

from pubsub_kit import show
from pubsub_kit.show.diagrams.network import from_graph, from_trace, layers
from pubsub_kit.world.trace import Trace
from tests.show.runs import canvas_of, crash_at_one_instant, retry_charges_twice


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
    assert "n0" in [text.text for text in canvas_of(picture).texts()]


@pytest.mark.parametrize("source", [Trace(), nx.DiGraph()])
def test_an_empty_network_is_refused(source: object) -> None:
    with pytest.raises(show.PictureError, match="no node"):
        show.topology(source)  # type: ignore[arg-type]


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(show.PictureError, match="this is a list"):
        show.topology([])  # type: ignore[arg-type]
