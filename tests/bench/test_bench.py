"""The bench measures what it says: each of our own goes runs, and a table says what is reached."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pubsub_kit.bench import brokers, feeds, logs, races, verdicts, worlds
from pubsub_kit.bench.measure import Aim, Contender, Figure, Row, lines, measure, present, said
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.log.disk import Fsync

pytestmark = pytest.mark.once

OURS = [
    logs.ours_records,
    lambda: logs.ours_publish("ours", Fsync.never()),
    logs.ours_replay,
    brokers.ours,
    brokers.one_by_one,
    worlds.ours,
    worlds.exploring,
    lambda: races.ours(times=1),
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


def test_the_race_is_searched_by_each_library_that_runs_here() -> None:
    """Each go checks by itself that its search found the lost update."""
    (row,) = races.rows()
    runs = [peer.name.partition(",")[0] for peer in row.peers]
    reasons = [sentence.partition(":")[0] for sentence in row.absent]
    assert sorted(runs + reasons) == ["frontrun", "simloom"]
    assert [aim.peer for aim in row.aims] == [peer.name for peer in row.peers]
    assert row.notes
    said = "\n".join(row.notes({}))
    assert all(name in said for name in ("explore()", "simloom", "frontrun"))


def test_each_solution_whose_schedules_are_all_tried_is_judged() -> None:
    small = [each for each in verdicts.answers() if each.schedules < 50]
    assert {"01.budget", "04.batch", "05.routing"} <= {each.name for each in small}
    waits = verdicts.Waits(small)
    assert waits.contender().operations == sum(each.schedules for each in small)
    assert waits.contender().go()
    assert all(len(taken) == 1 for taken in waits.seconds.values())


def test_the_longest_wait_and_whatever_misses_its_aim_are_named() -> None:
    fast, slow, three = (
        verdicts.Answer(name, Question("", ""), None, faults, 10)
        for name, faults in (("01.fast", 2), ("02.slow", 2), ("03.three", 3))
    )
    waits = verdicts.Waits([fast, slow, three])
    waits.seconds = {"01.fast": [0.1], "02.slow": [0.2, 9.0, 0.3], "03.three": [0.31]}
    figures = {"1,000 SimPy timeouts": Figure(1e3, 1e3, 1e3)}
    total, first, second = waits.notes(figures)
    assert total == "3 verdicts, 30 schedules, 710 ms: as long as 710,000 of SimPy's timeouts"
    assert first.startswith("reached")
    assert "02.slow takes 300,000 (10 schedules, 300 ms)" in first
    assert second.startswith("reached")
    assert "03.three takes 310,000" in second
    waits.seconds["01.fast"] = waits.seconds["02.slow"] = [0.4]
    assert [line.startswith("MISSED") for line in waits.notes(figures)] == [
        False,
        True,
        True,
        False,
    ]


def test_a_solution_gives_its_last_answer_to_each_question(tmp_path: Path) -> None:
    sources = [
        "%pip install something",
        "q = 'is replaced'",
        "print('unheard')\nq.a.check(1)",
        "q.b.check(2)",
        "q.a.check(3)",
    ]
    cells = [{"cell_type": "code", "source": [source]} for source in sources]
    notebook = tmp_path / "solution.ipynb"
    notebook.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    assert verdicts.solved(notebook) == {"a": 3, "b": 2}
