"""The logs of several brokers, drawn: who leads, what is committed, and what is lost."""

from __future__ import annotations

from typing import Any

import pytest

from pubsub_kit import show
from pubsub_kit.show.diagrams.standing import standings
from pubsub_kit.show.marks import Path
from pubsub_kit.world.search.explore import explore, replay
from pubsub_kit.world.trace import Trace
from tests.show.runs import canvas_of, outside, overlapping, retry_charges_twice
from tests.world.replicas.test_cluster import nothing_is_lost, shop


def run(code: str, *faults: str, **setup: Any) -> Trace:
    return replay(shop(**setup), code, faults=faults).trace


def written(picture: show.Picture) -> list[str]:
    return [text.text for text in canvas_of(picture).texts()]


def test_a_search_is_drawn_by_the_run_that_fails() -> None:
    found = explore(shop(acks="1"), nothing_is_lost, faults=["node down"], max_faults=1)
    picture = show.replicas(found)
    lines = picture.text.splitlines()
    assert lines[0] == "The shortest run that breaks it, schedule 0X"
    assert lines[1] == "fault 1: broker-1: is down for good, at 1 ms"
    assert "   acked and lost: m1" in lines
    assert lines[-1] == "lost m1"


def test_a_calm_run_tells_how_far_each_replica_knows_it_to_be_committed() -> None:
    picture = show.replicas(run("-", records=1))
    assert picture.text.splitlines()[-4:] == [
        "5. 4 ms: broker-2 and broker-3 fetch from broker-1 (broker-1 leads, epoch 1)",
        "   broker-1 (up): m1/1 |",
        "   broker-2 (up): m1/1 |",
        "   broker-3 (up): m1/1 |",
    ]


def test_what_was_acked_and_is_lost_is_said_by_shape_and_word() -> None:
    picture = show.replicas(run("0X", "node down", acks="1"))
    assert "m1 lost" in written(picture)
    stars = [m for m in canvas_of(picture).marks if isinstance(m, Path) and len(m.points) == 28]
    assert stars


def test_however_few_the_moments_the_ack_of_what_is_lost_is_among_them() -> None:
    told = show.replicas(run("0X", "node down", acks="1"), moments=4).text
    assert told.index("the producer of m1 hears its ack") < told.index("acked and lost: m1")


def test_a_broker_that_is_down_or_cut_off_is_crossed_out_and_named() -> None:
    down, cut = run("0X", "node down"), run("1H", "node cut", min_insync=2)
    assert "✗ down" in written(show.replicas(down))
    assert "✗ cut off" in written(show.replicas(cut))


def test_the_leader_is_marked_in_each_frame() -> None:
    picture = show.replicas(run("0X", "node down"))
    leaders = [text.text for text in canvas_of(picture).texts() if text.bold]
    assert "broker-1" in leaders or "broker-2" in leaders
    assert "broker-2" in leaders


@pytest.mark.parametrize("moments", [1, 2, 5, 40])
def test_at_most_so_many_moments_are_drawn_and_the_last_one_always_is(moments: int) -> None:
    trace = run("0X", "node down", acks="1")
    picture = show.replicas(trace, moments=moments)
    numbers = [line for line in picture.text.splitlines() if line[0].isdigit()]
    assert len(numbers) <= moments
    assert standings(trace)[-1].words in numbers[-1]


@pytest.mark.parametrize("records", [1, 3, 9])
@pytest.mark.parametrize("nodes", [1, 3, 5])
def test_no_label_meets_another_or_leaves_the_page(nodes: int, records: int) -> None:
    trace = run("-", nodes=nodes, records=records)
    picture = show.replicas(trace, title="A title", caption="A caption " * 30)
    assert overlapping(canvas_of(picture)) == []
    assert outside(canvas_of(picture)) == []


@pytest.mark.parametrize("code", ["0X", "0H3X", "3X4H"])
def test_nor_does_one_in_a_run_with_faults(code: str) -> None:
    picture = show.replicas(run(code, "node down", "node cut", min_insync=1), moments=8)
    assert overlapping(canvas_of(picture)) == []
    assert outside(canvas_of(picture)) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_drawn_on_light_and_dark_paper(theme: str) -> None:
    assert show.replicas(run("-")).png(theme).startswith(b"\x89PNG")


def test_a_run_of_one_broker_has_no_replicas() -> None:
    with pytest.raises(show.PictureError, match=r"world\.brokers\(3\)"):
        show.replicas(retry_charges_twice())


def test_a_space_time_diagram_leaves_out_how_the_replicas_stand() -> None:
    assert "replicas" not in show.trace(run("-", records=1)).text
