"""The bench measures what it says: each of our own goes runs, and a table says what is reached."""

from __future__ import annotations

import pytest

from pubsub_kit.bench import brokers, feeds, logs, worlds
from pubsub_kit.bench.measure import Aim, Contender, Figure, Row, lines, measure, present, said
from pubsub_kit.log.disk import Fsync

OURS = [
    logs.ours_records,
    lambda: logs.ours_publish("ours", Fsync.never()),
    logs.ours_replay,
    brokers.ours,
    brokers.one_by_one,
    worlds.ours,
    worlds.exploring,
    lambda: feeds.Growth().contender(10_000),
]


@pytest.mark.parametrize("make", OURS)
def test_each_go_of_ours_does_its_work(make: object) -> None:
    """Each go checks by itself that nothing was left out, and raises if so."""
    assert callable(make)
    contender = make()
    seconds = contender.go()
    assert contender.operations > 0
    assert seconds is None or seconds > 0


def test_contenders_run_in_turn_and_the_median_counts() -> None:
    order: list[str] = []

    def go(name: str, times: list[float]) -> Contender:
        def run() -> float:
            order.append(name)
            return times.pop(0)

        return Contender(name, 10, run)

    row = Row("what", "things/s", go("ours", [9, 1, 5, 2]), [go("peer", [9, 10, 10, 10])])
    figures = measure(row, 3)
    assert order == ["ours", "peer"] * 4  # one round that does not count, then three
    assert figures["ours"] == Figure(5.0, 2.0, 10.0)
    assert "ours is 5.00 ×" in "\n".join(lines(row, figures))


def test_an_aim_says_whether_it_is_reached() -> None:
    figures = {"ours": Figure(50, 50, 50), "peer": Figure(10, 10, 10)}
    assert said(Aim("peer", 5), figures["ours"], figures).startswith("reached")
    assert said(Aim("peer", 6), figures["ours"], figures).startswith("MISSED")
    assert said(Aim("", 60), figures["ours"], figures).startswith("MISSED")
    assert said(Aim("absent", 1), figures["ours"], figures).startswith("unknown")


def test_a_row_may_say_more_once_it_is_measured() -> None:
    ours = Contender("ours", 10, lambda: 2.0)
    row = Row("what", "things/s", ours, notes=lambda f: [f"{10 / f['ours'].median:g} s in all"])
    assert list(lines(row, measure(row, 1)))[-1] == "  2 s in all"


def test_the_growth_of_feeds_is_said_of_time_and_of_money() -> None:
    growth = feeds.Growth()
    small, large = growth.contender(1_000), growth.contender(2_000)
    row = Row("growth", "events/s", large, [small], notes=growth.notes)
    time, money = list(lines(row, measure(row, 1)))[-2:]
    assert "microseconds" in time
    assert "dollars a million events" in money
    assert time.count("×") == money.count("×") == 2


def test_the_hour_of_feeds_says_its_memory_beside_the_aim() -> None:
    hour = feeds.Hour()
    for memory, sign in ((2e9, "reached"), (4e9, "MISSED")):
        hour.seen = [60e6, 1e5, 5e6, 7e6, memory]
        said = list(hour.notes({"ours": Figure(1_800, 1_800, 1_800)}))
        assert "in 2.00 s" in said[0]
        assert said[1].startswith(sign)
    assert feeds.peak() > 1e6


def test_a_peer_that_is_not_installed_is_named() -> None:
    def no_such_peer() -> Contender:
        raise ImportError("No module named 'peer'")

    made, absent = present(no_such_peer)
    assert made == []
    assert absent == ["no such peer: not measured (No module named 'peer')"]
