"""Answers that are held to a contract: slips, a row played again, and what a judge leaves behind.

The wrong and the right answers themselves are in test_mistakes.py, with those of all lessons.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit.checks.contract.leases import LEASES
from pubsub_kit.checks.contract.rows import CORE
from pubsub_kit.checks.forms.question import AnswerError, Question
from pubsub_kit.checks.forms.verdict import Verdict
from pubsub_kit.checks.questions.event_log_and_replay import QUESTIONS
from pubsub_kit.errors import PubSubKitError
from tests.checks.forms.test_mistakes import plain
from tests.mistakes import name_of, own_brokers, own_logs

_SLIPS = [*own_logs.SLIPS, *own_brokers.SLIPS]
ASKED: dict[str, Question] = {q.name: q for q in QUESTIONS if q.name in ("log", "broker")}


def verdict(name: str, answer: Any) -> Verdict:
    return ASKED[name].verdict(answer, "07")


@pytest.mark.parametrize(
    ("name", "answer", "belief"),
    _SLIPS,
    ids=[f"{name}-{name_of(each)}" for name, each, _ in _SLIPS],
)
def test_a_slip_is_told_in_a_sentence(name: str, answer: Any, belief: str) -> None:
    found = verdict(name, answer)
    assert (found.outcome, found.belief) == ("fails", belief), found
    assert ASKED[name].hints_for(belief)
    assert plain(found)


@pytest.mark.parametrize("name", ASKED)
def test_each_belief_that_is_explained_has_hints_of_its_own(name: str) -> None:
    assert {*ASKED[name].lessons} <= {*ASKED[name].hints}


@pytest.mark.parametrize(
    ("name", "answer"),
    [("log", own_logs.TrustsTheLength), ("log", own_logs.NoFlush), ("broker", own_brokers.Dedup)],
)
def test_a_broken_row_is_replayed_by_its_number(name: str, answer: Any) -> None:
    found = verdict(name, answer)
    assert found.replay == f'q.{name}.replay("{found.code}")'
    again = ASKED[name].replay(answer, found.code, "again")
    assert found.picture is not None
    assert found.trace is not None
    assert found.violation is not None
    for picture in (again, found.picture):
        assert found.violation.message in " ".join(picture.text.split())
        assert picture.png().startswith(b"\x89PNG")


@pytest.mark.parametrize("code", ["0", "99", "4c", "", "one holder"])
def test_what_is_no_rows_number_is_refused(code: str) -> None:
    with pytest.raises(PubSubKitError, match="the number of a row, 1 to 21"):
        ASKED["broker"].replay(own_brokers.Broker, code, "again")


def test_what_holds_says_what_it_is_not() -> None:
    found = verdict("broker", own_brokers.Broker)
    assert found.summary == f"holds: all {len(CORE) + len(LEASES)} rows of its contract"
    claim = " ".join(found.claim.split())
    assert "It says nothing of a restart, the order of a key" in claim


def test_nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("pubsub_kit.checks.contract.log_case._RAM", str(tmp_path))
    before, fsync = os.getcwd(), os.fsync
    for answer in (own_logs.Strings, own_logs.NoPath, own_logs.SQLite):
        verdict("log", answer)
    assert (os.getcwd(), os.fsync) == (before, fsync)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize(
    "answer", [7, "Log", [1], own_brokers.Broker(float)], ids=lambda a: type(a).__name__
)
def test_what_is_no_code_gets_a_sentence(name: str, answer: Any) -> None:
    found = verdict(name, answer)
    assert found.outcome == "fails"
    assert "check() takes your function or class itself" in found.text
    with pytest.raises(AnswerError):
        ASKED[name].is_blank(answer)
