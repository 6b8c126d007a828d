"""The rehearsal's runner: what is decided becomes a design, and the design's run answers."""

from __future__ import annotations

import json
import math
from math import inf, nan
from typing import Any

import pytest

from pubsub_kit.designs.build import build
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.interviews.bank.question import load, questions
from pubsub_kit.interviews.rehearsal.engine import Rehearsal
from pubsub_kit.interviews.rehearsal.runner import Result
from pubsub_kit.interviews.runs import Designs, levels, problem, worded
from pubsub_kit.log.memory import EventLog
from pubsub_kit.world.world import World

pytestmark = pytest.mark.once

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


@pytest.mark.parametrize("id", FULL)
def test_what_a_run_takes_for_an_open_decision_makes_the_same_design(id: str) -> None:
    runner = Designs()
    usual = runner.defaults(id, {})
    asked = {each.id: usual[each.id] for each in load(id).decisions if each.id in usual}
    assert runner.propose(id, asked)["design"].get("parts") == runner.propose(id, {})[
        "design"].get("parts")  # fmt: skip
    for decision in load(id).decisions:
        if decision.id in asked:
            assert asked[decision.id] in [option.id for option in decision.options]
            assert decision.id not in runner.defaults(id, {decision.id: asked[decision.id]})


def test_the_ledgers_run_does_not_depend_on_when_the_money_is_captured() -> None:
    assert "capture" not in Designs().defaults("payment-ledger", {})


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


def test_a_run_in_which_something_never_ends_is_kept_like_any_other() -> None:
    session = Rehearsal(load("notification-system"), 45, EventLog(), lambda: 0.0, Never())
    for line in ("/decide provider-timeout retry", "/claim p99 under 5 s, 90%"):
        session.hear(line)
    said = "\n".join(line.text for line in session.hear("/run"))
    assert "p99: never" in said
    assert "It did not hold: p99 has no end: some of it never came" in said
    kept = [fact.data["measures"] for fact in session.facts if fact.kind == "ran"]
    assert kept == [{"p99": "never", "p50": "–", "lost": 3}]


def test_a_search_that_was_stopped_is_not_said_to_hold() -> None:
    session = Rehearsal(load("notification-system"), 45, EventLog(), lambda: 0.0, Never())
    session.hear("/decide provider-timeout retry")
    said = session.hear("/run")[0].text
    assert "It holds" not in said
    assert "Nothing broke it in 40 schedules, and the search stopped there" in said


def test_a_claim_about_what_no_rule_speaks_of_stays_open() -> None:
    said = heard("/decide unknown pending", "/claim no unicorn dies under crash, 90%", "/run")
    assert "It stays open: what must hold here says nothing about it" in said


@pytest.mark.parametrize("id", [id for id in FULL if id != "twitter-feed"])
def test_every_rule_can_be_asked_of_a_run_that_broke_another_one(id: str) -> None:
    worst = {each.id: each.options[-1].id for each in load(id).decisions}
    asked, world = problem(id), World()
    built = build(world, asked.propose(worst), asked)
    asked.small.traffic(built)
    world.run(1e6)
    assert all(found.message for found in asked.oracle(built))


def test_an_answer_of_two_versions_is_judged_by_the_newest_of_them() -> None:
    options = {"chunk-id": "random", "replace": "insert-delete", "delete": "rights-check",
               "new-model": "in-place", "lanes": "own-lane"}  # fmt: skip
    design = Designs().propose("rag-ingestion", options)
    assert Designs().run(design, about=lambda words: False).outcome == "holds"


EDITED: list[Any] = [
    None,
    3,
    {},
    {"question": "payment-ledger"},
    {"question": "payment-ledger", "design": {1}},
    {"question": "payment-ledger", "design": None},
    {"question": ["chat"], "design": {}},
    {"question": "twitter-feed"},
    {"question": "twitter-feed", "decisions": [1]},
    {"question": "twitter-feed", "decisions": {"write": 7}},
    {"question": "chat", "design": {}},
]


@pytest.mark.parametrize("odd", EDITED, ids=range(len(EDITED)))
def test_a_proposal_that_was_edited_by_hand_gets_a_sentence(odd: Any) -> None:
    for act in (Designs().run, Designs().report, Designs().picture, Designs().boxes):
        with pytest.raises(PubSubKitError):
            act(odd)


class Never:
    """A runner whose every run leaves something undone."""

    def propose(self, question_id: str, decisions: Any) -> Any:
        return {"question": question_id}

    def defaults(self, question_id: str, decisions: Any) -> Any:
        return {}

    def run(self, design: Any, *narrowed: Any) -> Result:
        measures = {"p99": math.inf, "p50": math.nan, "lost": 3.0}
        return Result("holds", schedules=40, complete=False, measures=measures)


def heard(*lines: str) -> str:
    rehearsal = Rehearsal(load("payment-ledger"), 45, EventLog(), lambda: 0.0, Designs())
    return "\n".join(line.text for each in lines for line in rehearsal.hear(each))
