"""Exercise 13's worlds: what a verdict says of a run, and how many runs there are."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pubsub_kit.checks.forms.question import Question
from pubsub_kit.checks.forms.verdict import Verdict
from pubsub_kit.checks.questions.genai_pipeline import QUESTIONS
from pubsub_kit.checks.systems import genai_on_trial as trial
from tests.mistakes import genai_pipeline as answers

ASKED: dict[str, Question] = {question.name: question for question in QUESTIONS}


def verdict(question: str, answer: Any) -> Verdict:
    return ASKED[question].verdict(answer, "13")


def words_in(found: Verdict) -> str:
    """Return what is written in the picture of a failure."""
    assert found.picture is not None
    return " ".join(re.findall(r">([^<>]+)<", found.picture.svg()))


@pytest.mark.parametrize(("question", "answer"), [("upsert", "Index"), ("tombstone", "Docs")])
def test_the_solution_is_tried_on_a_few_hundred_schedules(question: str, answer: str) -> None:
    said = verdict(question, getattr(answers, answer)).summary
    (schedules,) = re.findall(r"all (\d+) schedules of up to 2 faults", said)
    assert 100 < int(schedules) < 500


def test_a_stray_is_named_beside_what_the_version_is() -> None:
    found = verdict("upsert", answers.LeavesTheOld)
    assert found.violation is not None
    assert found.violation.message == (
        "At 0.5 s worker-2 wrote, and a reader sees green, mint, white of tea. "
        "Version 12 is green, mint."
    )


def test_a_write_is_drawn_with_its_texts() -> None:
    assert "black, white" in words_in(verdict("upsert", answers.LeavesTheOld))


def test_the_purge_that_deletes_a_new_tombstone_needs_one_fault_on_day_8() -> None:
    found = verdict("tombstone", answers.PurgesByItsScan)
    assert found.summary == "fails: 1 fault is enough"
    for words in ("no tombstone tea", "tombstone? 3", "8.1 days"):
        assert words in words_in(found)


@pytest.mark.parametrize("suspect", trial.SUSPECTS, ids=lambda suspect: suspect.answer.__name__)
def test_a_system_breaks_the_rule_in_some_run_if_it_is_wrong(suspect: Any) -> None:
    broken = [run for run in trial.runs(suspect.answer) if trial.returned(run) is not None]
    assert bool(broken) != suspect.is_right


def test_the_table_of_a_run_marks_what_nobody_may_see() -> None:
    picture = verdict("audit", answers.new_alone).picture
    assert picture is not None
    assert "0 s: delete tea 2: old index –, new index –" in picture.text
    assert picture.text.count("old index ✗ tea 1, new index –") == 3


def test_a_right_run_that_an_oracle_minds_has_no_mark() -> None:
    assert "✗" not in words_in(verdict("audit", answers.no_grace))
