"""What the simulator says of Twitter in 2012–13, beside what was published, and how it came about.

The ratios below are those that the calibration tells its reader, the bad ones among them: where one
of them moves, what is said of it has to be read again.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest

from pubsub_kit.feed.arena import Arena, Machines
from pubsub_kit.feed.grading import calibration
from pubsub_kit.feed.grading.calibration import ASSUMPTIONS, calibrate, saved
from pubsub_kit.feed.grading.calibration_table import Calibration, Row
from pubsub_kit.feed.machines.simulate import simulate
from pubsub_kit.feed.people.arrivals import DAY
from pubsub_kit.feed.people.population import population
from pubsub_kit.feed.people.workload import Workload

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def done() -> Calibration:
    return calibrate()


@pytest.fixture(scope="module")
def rows(done: Calibration) -> dict[str, Row]:
    return {row.what: row for row in done.rows}


def test_what_is_put_in_comes_out(rows: dict[str, Row]) -> None:
    inputs = [row for row in rows.values() if row.mark == "input"]
    assert [row.what for row in inputs] == [
        "tweets a second",
        "timeline reads a second",
        "memory of the timelines",
    ]
    assert all(row.ratio == pytest.approx(1, abs=0.02) for row in inputs)


def test_what_an_assumption_was_chosen_for_is_met(rows: dict[str, Row]) -> None:
    fitted = {row.what: row.ratio for row in rows.values() if row.mark == "fitted"}
    assert fitted == {
        "deliveries a second": pytest.approx(1, abs=0.05),
        "to 1M followers, median": pytest.approx(1, abs=0.25),
        "read, median": pytest.approx(0.8, abs=0.02),
        "read, 99th percentile": pytest.approx(1.05, abs=0.02),
    }


def test_what_the_model_yields_is_as_far_off_as_is_told(rows: dict[str, Row]) -> None:
    found = {row.what: row.ratio for row in rows.values() if row.mark == "found"}
    assert found == {
        "to 31M followers (derived)": pytest.approx(0.29, rel=0.15),
        "to 31M followers, large event": pytest.approx(0.38, rel=0.2),
        "99% of all deliveries within": pytest.approx(0.53, rel=0.15),
        "saved, merging over 1K": pytest.approx(2.6, rel=0.15),
        "saved, merging over 10K": pytest.approx(0.65, rel=0.15),
        "saved, merging over 100K": pytest.approx(0.06, rel=0.3),
    }


def test_not_everything_is_a_finding_and_whatever_is_off_is_explained(done: Calibration) -> None:
    marks = Counter(row.mark for row in done.rows)
    assert set(marks) == {"input", "fitted", "found"}
    explained = {row.what.partition(" over ")[0] for row in done.rows if row.why}
    for row in done.rows:
        if not 0.9 < row.ratio < 1.1:
            assert row.what.partition(" over ")[0] in explained


def test_the_published_numbers_are_those_of_the_talk(rows: dict[str, Row]) -> None:
    assert rows["tweets a second"].published * DAY == pytest.approx(400e6)
    assert rows["deliveries a second"].published * DAY == pytest.approx(30e9)
    assert rows["to 31M followers (derived)"].published == pytest.approx(103, abs=0.5)
    assert rows["memory of the timelines"].published == 150e6 * 800 * 20 * 3


def test_the_table_tells_numbers_marks_reasons_and_assumptions(done: Calibration) -> None:
    lines = done.text.splitlines()
    assert max(map(len, lines)) <= 96
    (reads,) = [line for line in lines if line.startswith("read, 99th percentile  ")]
    assert reads.split()[3:] == ["100", "ms", "100", "ms", "1.05", "fitted"]
    flat = " ".join(done.text.split())
    for row in done.rows:
        assert row.why in flat
    for assumption in ASSUMPTIONS:
        assert f"{assumption.what}: {assumption.value}" in flat
    assert repr(done) == done.text == done._repr_mimebundle_()["text/plain"]


def test_the_html_says_the_same_and_is_escaped(done: Calibration) -> None:
    odd = Row("<i>odd</i>", 1.0, 2.0, "", "found", "it is & is not")
    html = replace(done, rows=(*done.rows, odd))._repr_mimebundle_()["text/html"]
    assert "<i>" not in html
    assert "it is &amp; is not" in html
    assert html.count("<tr") == len(done.rows) + 2
    assert not re.search(r"#[0-9a-f]{3}", html)


def test_merging_saves_the_share_of_the_deliveries_that_is_pulled() -> None:
    people = population(1_000_000, 50.0, celebrity=200_000, sample=2_000)
    assert saved(people, 0) == 1.0
    assert saved(people, 10**9) == 0.0
    assert saved(people, 10_000) < saved(people, 1_000)


def test_a_faster_fleet_reaches_all_sooner() -> None:
    people = population(1_000_000, 50.0, celebrity=200_000, sample=2_000)
    arena = Arena(
        Workload(seconds=20.0, celebrity_tweets_at=(5.0, 10.0), reads=1_000).over(people),
        Machines(message_overhead=0.0, broker_latency=0.0, by_size=False),
    )
    design = replace(calibration.DESIGN, workers=5)
    slow, fast = (
        calibration.time_to_all(simulate(replace(design, workers=n), arena)) for n in (5, 25)
    )
    assert slow == pytest.approx(5.0, rel=0.3)  # 25 chunks of a second each, on 5 workers
    assert fast == pytest.approx(1.0, rel=0.3)
