"""The rehearsal's runner: what is decided becomes a design, and the design's run answers."""

from __future__ import annotations

import json
from math import inf, nan
from typing import Any

import pytest

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.interviews.bank.question import load, questions
from pubsub_kit.interviews.rehearsal.engine import Rehearsal
from pubsub_kit.interviews.runs import Designs, levels, worded
from pubsub_kit.log.memory import EventLog

FULL = [question.id for question in questions() if question.full]


@pytest.mark.parametrize("id", FULL)
def test_a_proposal_is_json_and_comes_back_as_the_same_design(id: str) -> None:
    runner = Designs()
    proposal = runner.propose(id, {})
    again = json.loads(json.dumps(proposal))
    assert runner.boxes(again).text == runner.boxes(proposal).text


@pytest.mark.parametrize("id", FULL)
def test_each_full_question_answers_every_option_of_its_bank(id: str) -> None:
    for decision in load(id).decisions:
        for option in decision.options:
            Designs().propose(id, {decision.id: option.id})


@pytest.mark.parametrize("id", FULL)
def test_each_full_question_says_its_levels(id: str) -> None:
    assert "at most" in levels(id)


@pytest.mark.parametrize("odd", ["chat", "", "x" * 1000, None, 3], ids=str)
def test_a_question_whose_designs_do_not_run_is_said(odd: Any) -> None:
    with pytest.raises(PubSubKitError, match="no design of"):
        Designs().propose(odd, {})


def test_the_next_question_is_made_of_the_counterexample() -> None:
    runner = Designs()
    found = runner.run(runner.propose("payment-ledger", {"unknown": "retry"}))
    assert found.outcome == "fails"
    assert found.struck == ("reply lost",)
    assert found.shown["p99"][0] == "latency p99"
    assert found.shown["p99"][1].endswith(" s")
    assert "the reply order-1 is lost on its way from processor to payer-1" in found.next_question


@pytest.mark.parametrize(
    ("value", "words", "unit", "said"),
    [
        (221.4, "campaign, p99", "s", ("campaign latency p99", "221 s")),
        (inf, "login codes, p99", "s", ("login codes latency p99", "never")),
        (nan, "latency, median", "s", ("latency, median", "–")),
        (1_507_900, "cost a month", "$", ("cost", "$1.51M a month")),
        (0, "charged, not in the books", "$", ("charged, not in the books", "$0")),
        (3, "told twice", "", ("told twice", "3")),
    ],
)
def test_a_measure_is_said_in_the_problems_words_and_units(
    value: float, words: str, unit: str, said: tuple[str, str]
) -> None:
    assert worded(value, words, unit) == said


def test_a_claim_is_decided_by_the_run() -> None:
    said = heard("/decide unknown retry", "/claim no double charge under reply lost, 90%", "/run")
    assert "It did not hold: ann is charged twice" in said
    said = heard("/decide unknown pending", "/claim no double charge under reply lost, 90%", "/run")
    assert "It held" in said
    said = heard("/decide unknown pending", "/claim p99 under 5 s in the burst, 90%", "/run")
    assert "It held: latency p99 in the burst was" in said


def test_a_claim_of_more_faults_than_were_tried_is_searched_for() -> None:
    said = heard("/decide unknown pending", "/claim no double charge under crash up to 3", "/run")
    assert "It held: in all" in said
    assert "up to 3 of crash" in said


def heard(*lines: str) -> str:
    rehearsal = Rehearsal(load("payment-ledger"), 45, EventLog(), lambda: 0.0, Designs())
    return "\n".join(line.text for each in lines for line in rehearsal.hear(each))
