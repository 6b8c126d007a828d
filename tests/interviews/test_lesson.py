"""What lesson 14 says in prose is what the kit has: boxes, levels, questions, measures."""

from __future__ import annotations

import re

import pytest

from pubsub_kit.designs.report import run
from pubsub_kit.interviews.bank.question import BANDS, BOXES, DIMENSIONS, LEVELS, load
from pubsub_kit.interviews.rehearsal import claims
from pubsub_kit.scenarios.payment_ledger.problem import PROBLEM
from pubsub_kit.workbook.build import KIT

LESSON = (KIT / "authoring" / "lessons" / "14_interview_rehearsal.py").read_text(encoding="utf-8")
PROSE = " ".join(line.strip("# ") for line in LESSON.splitlines() if line.startswith("# "))


def test_the_boxes_have_the_minutes_of_the_bank() -> None:
    minutes = {name.lower(): length for name, length in BOXES}
    named = {"estimates": "estimation"}  # the lesson's heading for it
    for box, length in re.findall(r"\*\*([A-Z][\w -]+), (\d+) minutes\.\*\*", PROSE):
        assert minutes[named.get(box.lower(), box.lower())] == int(length)
    assert sum(minutes.values()) == 45


def test_the_table_of_levels_has_the_banks_dimensions_and_levels() -> None:
    head, _, *rows = re.findall(r"^# \|(.+)\|$", LESSON, re.MULTILINE)
    assert [cell.strip() for cell in head.split("|")] == ["", *LEVELS]
    for row, dimension in zip(rows, DIMENSIONS, strict=True):
        words = set(re.findall(r"\w+", row.split("|")[0]))
        assert words & set(re.findall(r"\w+", dimension))
    assert "Five things, each in four bands" in PROSE
    assert (len(DIMENSIONS), len(BANDS)) == (5, 4)


@pytest.mark.parametrize("name", re.findall(r'interview\("([\w-]+)"\)', LESSON))
def test_each_rehearsal_is_of_a_question_whose_design_runs(name: str) -> None:
    assert load(name).full


def test_the_claim_that_it_shows_is_one_that_a_run_can_decide() -> None:
    (shown,) = re.findall(r"Claim in words: \*(.+?)\*", PROSE)
    claim = claims.parse(shown)
    assert (claim.faults, claim.at_most) == (("crash", "reply lost"), 2)
    assert claim.confidence == 0.8


def test_the_design_that_waits_is_faster_and_cheaper_as_it_says() -> None:
    waits, queued = (run(PROBLEM, design) for design in PROBLEM.references().values())
    assert "faster here, and cheaper" in PROSE
    assert waits.holds
    assert queued.holds
    assert waits.measures["p99"] < queued.measures["p99"]
    assert waits.measures["cost"] < queued.measures["cost"]
