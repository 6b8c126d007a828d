"""A learner's progress: never lost, never taken away, and no reason to fail a check."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit.checks.desk import exercises, journal
from pubsub_kit.checks.desk.copies import FOLDER
from pubsub_kit.checks.desk.exercises import Asked
from pubsub_kit.checks.desk.journal import SWITCH, Answers, Standing, history, record, standings
from pubsub_kit.checks.forms.verdict import Verdict
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog
from pubsub_kit.log.segments import DurableEventLog
from tests.checks.questions import PaysOnce, pay


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout, in a new session that keeps its progress."""
    begin_session(tmp_path, monkeypatch)
    return tmp_path


def prepare(root: Path) -> None:
    """Give the learner a place of their own."""
    (root / FOLDER).mkdir()


def begin_session(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "on")
    monkeypatch.setattr(journal, "_in_memory", EventLog("progress"))
    monkeypatch.setattr(journal, "_given_up", False)
    monkeypatch.setattr(journal, "place", root)


# --- the log of progress --------------------------------------------------------------------------


def fact(kind: str, question: str = "pay", **details: Any) -> tuple[str, dict[str, Any]]:
    return kind, {"exercise": "00", "question": question, **details}


def test_progress_is_a_fold_over_what_happened(root: Path) -> None:
    prepare(root)
    record(fact("checked", outcome="not attempted"))
    record(fact("checked", outcome="fails", belief="no dedup"), fact("hinted", number=1))
    record(fact("solution shown", "loop"))
    record(fact("checked", outcome="holds"))
    assert standings(history()) == {
        "00.pay": Standing("holds", held=True, checks=2, hints=1),
        "00.loop": Standing(solution=True),
    }


@pytest.mark.parametrize(
    ("later", "outcome"),
    [
        (fact("checked", outcome="fails", belief="no dedup"), "fails"),
        (fact("checked", outcome="not exercised", belief=""), "not exercised"),
        (fact("checked", outcome="not attempted", belief=""), "not attempted"),
        (fact("hinted", number=1), "holds"),
        (fact("solution shown"), "holds"),
        (fact("reset"), "not attempted"),
    ],
)
def test_what_has_held_once_has_held(
    root: Path, later: tuple[str, dict[str, Any]], outcome: str
) -> None:
    prepare(root)
    record(fact("checked", outcome="fails", belief=""))
    assert not standings(history())["00.pay"].held
    record(fact("checked", outcome="holds", belief=""))
    record(later)
    standing = standings(history())["00.pay"]
    assert (standing.held, standing.outcome) == (True, outcome)
    record(fact("checked", outcome="holds", belief=""))
    assert standings(history())["00.pay"].outcome == "holds"


def test_a_log_of_an_older_or_a_newer_kit_is_read(root: Path) -> None:
    (root / FOLDER).mkdir()
    facts = [
        ("checked", {"outcome": "holds", "belief": ""}),
        ("checked", {"outcome": "fails", "belief": "no dedup"}),
        ("hinted", {"number": 1, "belief": ""}),
        ("reset", {}),
        ("checked", {"result": "of a kind that is not known here"}),
        ("praised", {}),
    ]
    with DurableEventLog(root / FOLDER / "progress") as log:
        for kind, data in facts:
            subject = "00.pay"
            log.append(Event.new(f"progress.{kind}", data, source="learner", subject=subject))
    assert standings(history()) == {
        "00.pay": Standing("not attempted", held=True, checks=2, hints=1)
    }


def test_hints_that_came_with_a_verdict_are_not_counted(root: Path) -> None:
    prepare(root)
    asked = Asked("00", pay(limit=10.0))
    verdict = asked.check(lambda event: event)
    assert verdict.hint
    assert standings(history())["00.pay"].hints == 0
    asked.hint()
    assert standings(history())["00.pay"].hints == 1


def test_a_demonstration_is_no_progress(root: Path) -> None:
    prepare(root)
    asked = Asked("00", pay(limit=10.0), demo=True)
    heard: list[Verdict] = []
    exercises.listeners.append(heard.append)
    try:
        assert asked.check(PaysOnce)
        asked.hint()
        asked.solution()
        asked.reset()
    finally:
        exercises.listeners.remove(heard.append)
    assert (history(), heard) == ([], [])


def test_progress_outlives_the_session(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(root)
    record(fact("checked", outcome="holds"))
    begin_session(root, monkeypatch)
    assert standings(history())["00.pay"].outcome == "holds"


def test_without_a_place_of_their_own_it_is_kept_in_memory(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(fact("checked", outcome="holds"))
    assert standings(history())["00.pay"].outcome == "holds"
    assert not (root / FOLDER).exists()
    begin_session(root, monkeypatch)
    assert history() == []


def test_progress_can_be_switched_off(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(root)
    monkeypatch.setenv(SWITCH, "off")
    record(fact("checked", outcome="holds"))
    assert not (root / FOLDER / "progress").exists()


def test_the_suite_keeps_no_progress() -> None:
    assert os.environ[SWITCH] == "off"


def test_predictions_are_facts_in_the_same_log(root: Path) -> None:
    prepare(root)
    answers = Answers()
    assert answers("01:tail") is None
    assert answers("01:tail", "63%") == "63%"
    assert answers("01:chain", "2 hours") == "2 hours"
    assert answers("01:tail", "1%") == "1%"
    assert answers("01:tail") == "1%"
    assert [event.type for event in history()] == ["progress.answered"] * 3
    assert standings(history()) == {}


def many_facts(root: Path, name: str) -> None:
    """Record fifty facts, as a notebook of its own would."""
    monkeypatch = pytest.MonkeyPatch()
    begin_session(root, monkeypatch)
    for i in range(50):
        assert record(fact("checked", f"{name}-{i}", outcome="holds")) == ""
    monkeypatch.undo()


def test_two_notebooks_at_once_lose_nothing(root: Path) -> None:
    prepare(root)
    spawn = multiprocessing.get_context("fork")
    notebooks = [spawn.Process(target=many_facts, args=(root, name)) for name in ("a", "b")]
    for notebook in notebooks:
        notebook.start()
    for notebook in notebooks:
        notebook.join()
    assert [notebook.exitcode for notebook in notebooks] == [0, 0]
    assert set(standings(history())) == {f"00.{name}-{i}" for name in "ab" for i in range(50)}
    assert len(history()) == 100


# --- a log in trouble -----------------------------------------------------------------------------


def segment(root: Path) -> Path:
    return next((root / FOLDER / "progress" / "0").glob("*.log"))


def test_a_torn_tail_costs_the_torn_fact_alone(root: Path) -> None:
    prepare(root)
    record(fact("checked", "one", outcome="holds"))
    record(fact("checked", "two", outcome="holds"))
    data = segment(root).read_bytes()
    segment(root).write_bytes(data[:-5])
    assert record(fact("checked", "three", outcome="holds")) == ""
    assert set(standings(history())) == {"00.one", "00.three"}


def spoil(root: Path) -> None:
    data = bytearray(segment(root).read_bytes())
    data[60] ^= 0xFF
    segment(root).write_bytes(data)


def test_a_spoiled_log_is_told_once_and_the_session_goes_on(root: Path) -> None:
    prepare(root)
    for name in ("one", "two", "three"):
        record(fact("checked", name, outcome="holds"))
    spoil(root)
    spoiled = segment(root).read_bytes()
    asked = Asked("00", pay(limit=10.0))
    verdict = asked.check(PaysOnce)
    assert verdict.outcome == "holds"
    assert verdict.note.startswith("your progress is kept in memory only from here on: ")
    assert asked.check(PaysOnce).note == ""
    assert asked.hint()
    assert segment(root).read_bytes() == spoiled
    assert standings(history())["00.pay"] == Standing("holds", held=True, checks=2, hints=1)


def test_a_spoiled_log_is_told_to_whoever_asks_for_progress(root: Path) -> None:
    prepare(root)
    for name in ("one", "two", "three"):
        record(fact("checked", name, outcome="holds"))
    spoil(root)
    with pytest.raises(PubSubKitError):
        history()
    assert Answers()("01:tail") is None


def test_a_log_that_somebody_holds_is_told_once(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(root)
    monkeypatch.setattr(journal, "_TRIES", 2)
    with DurableEventLog(root / FOLDER / "progress"):
        assert "is open elsewhere" in record(fact("checked", outcome="holds"))
        assert record(fact("checked", outcome="holds")) == ""


def test_a_log_that_cannot_be_made_is_told_once(root: Path) -> None:
    (root / FOLDER).mkdir()
    (root / FOLDER / "progress").write_text("a file of mine")
    assert record(fact("checked", outcome="holds")) != ""
    assert record(fact("checked", outcome="holds")) == ""
    assert (root / FOLDER / "progress").read_text() == "a file of mine"
