"""An incident in a notebook: drawn, told in words, and explained by the smallest run like it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pubsub_kit import show
from pubsub_kit.incidents import IncidentError, incident, sample
from pubsub_kit.incidents.explanation import CAVEAT
from pubsub_kit.incidents.samples import SAMPLES
from pubsub_kit.incidents.shapes import SHAPES
from pubsub_kit.show.picture import Picture
from pubsub_kit.world.search.explore import replay
from tests.incidents.test_questions import LOGS, SENT_A, got

BROKEN = {"doubled": "doubled effect", "late_ack": "late ack", "overtaken": "out of order",
          "spans": "stuck"}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_each_sample_shows_one_anomaly(name: str) -> None:
    assert [each.oracle for each in incident(sample(name)).broken] == [BROKEN[name]]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_drawn_with_its_anomaly_marked(name: str) -> None:
    picture = incident(sample(name)).draw()
    assert "✗ here" in picture.text
    assert picture.png(scale=1).startswith(b"\x89PNG")


@pytest.mark.parametrize("oracle", LOGS)
def test_a_finding_is_drawn_whatever_its_verdict(oracle: str) -> None:
    for rows in LOGS[oracle][:3]:
        case = incident(rows)
        picture = case.draw(oracle)
        assert case.finding(oracle).message.split(":")[0][:20] in picture.text


@pytest.mark.parametrize("oracle", LOGS)
def test_each_anomaly_has_a_smallest_run_in_the_kits_world(oracle: str) -> None:
    case = incident(LOGS[oracle][0])
    found = case.explained(oracle)
    assert found.found.violation is not None
    assert found.found.violation.belief == oracle
    assert CAVEAT in str(found)
    assert len(found.faults) <= 1
    assert "✗ here" in found.picture.text
    assert found.source.startswith("def ")


def test_the_smallest_run_can_be_replayed_by_its_code() -> None:
    found = incident(sample("doubled")).explained()
    again = replay(
        found.shape.world, found.code, faults=found.shape.faults, until=found.shape.until
    )
    assert again.trace.text() == found.trace.text()


def test_the_faults_that_are_tried_are_those_of_the_incident() -> None:
    assert incident(sample("doubled")).explained().shape.faults == ("crash",)
    twice = [SENT_A, SENT_A, got(1), {"at": 2, "what": "effect", "message": "a", "target": "x"},
             got(3), {"at": 4, "what": "effect", "message": "a", "target": "x"}]  # fmt: skip
    assert incident(twice).explained().shape.faults == ("duplicate",)


def test_where_no_run_shows_the_anomaly_the_bound_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = SHAPES["doubled effect"]._replace(world=SHAPES["late ack"].world, faults=("skew",))
    monkeypatch.setitem(SHAPES, "doubled effect", shape)
    found = incident(sample("doubled")).explained()
    assert "no run of the kit's world shows this anomaly within the bound" in str(found)
    assert "of up to 2 faults" in str(found)
    with pytest.raises(IncidentError, match="no run to draw"):
        found.picture  # noqa: B018
    assert "text/html" in found._repr_mimebundle_()[0]


@pytest.mark.parametrize(
    ("oracle", "words"),
    [("lost", "'lost' holds in this log"), ("nothing", "choose one of lost"), (7, "no oracle 7"),
     ([], "no oracle"), ("stuck", "holds")],
)  # fmt: skip
def test_only_what_is_broken_is_explained(oracle: Any, words: str) -> None:
    with pytest.raises(IncidentError, match=words):
        incident(sample("doubled")).explained(oracle)


def test_a_log_in_which_all_holds_has_nothing_to_explain() -> None:
    with pytest.raises(IncidentError, match="no oracle is broken"):
        incident([SENT_A]).explained()


def test_a_notebook_shows_the_picture_and_the_verdicts() -> None:
    case = incident(sample("doubled"))
    data, _ = case._repr_mimebundle_()
    assert data["text/plain"] == repr(case)
    assert "<img" in data["text/html"]
    assert "doubled effect: broken" in data["text/html"]
    both = case.explained()._repr_mimebundle_()[0]["text/html"]
    assert both.count("<img alt=") == 2
    assert "adds_on_each_delivery" in both


@pytest.mark.parametrize("name", SAMPLES)
def test_its_trace_is_drawn_as_any_run_is(name: str) -> None:
    case = incident(sample(name))
    assert show.trace(case.trace).png(scale=1)
    beside = show.compare_runs(case.draw(), case.explained().trace, labels=("mine", "smallest"))
    assert "mine" in beside.text


def test_names_that_look_like_html_are_only_text() -> None:
    rows = [{"at": 0, "what": "published", "message": "<script>alert(1)</script>"}]
    rows += [{"at": n, "what": "delivered", "message": rows[0]["message"], "attempt": n}
             for n in (1, 2, 3)]  # fmt: skip
    assert "<script>" not in incident(rows)._repr_mimebundle_()[0]["text/html"]


def test_of_a_long_log_the_part_about_the_finding_is_drawn() -> None:
    rows = [json.loads(line) for line in sample("doubled").read_text().splitlines()]
    quiet = [{"at": "2026-03-02T09:14:04Z", "what": "published", "message": f"m{n}", "topic": "t"}
             for n in range(200)]  # fmt: skip
    picture = incident([*rows, *quiet]).draw()
    assert isinstance(picture, Picture)
    assert "2 state changes" in picture.text
    assert "1 crash" in picture.text
