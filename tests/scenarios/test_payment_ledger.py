"""Eight ledgers, a mid's, a senior's, a staff's and five with a belief, rank as the rubric says."""

from __future__ import annotations

from functools import cache

import pytest

from pubsub_kit.designs.report import Report, run, searched
from pubsub_kit.interviews.bank.question import load
from pubsub_kit.scenarios.payment_ledger.problem import (
    DECISIONS,
    KEY_PLACES,
    PROBLEM,
    UNDECIDED,
    propose,
)

STAFF = {"name": "staff"}
SENIOR = {"name": "senior", "path": "queued", "books": "entries", "key-place": "same-transaction"}
BELIEFS = {
    "charged twice": {"unknown": "retry"},
    "a timeout is a no": {"unknown": "failed", "path": "sync"},
    "payload not compared": {"payload": "ignored"},
    "nobody comes back": {"reconciled": "no"},
    "charged and not posted": {"key-place": "store of its own", "books": "number"},
}


# What the rubric says of each: a mid sizes by the average and is blocking; a senior sizes by the
# peak, and names what happens to an unknown outcome; a staff knows what the rest costs.
DESIGNS = {
    "staff": propose(STAFF).but("api", workers=60),
    "senior": propose(SENIOR).but("payer", workers=5_000),
    "mid": propose({"name": "mid", "path": "sync"}).but("api", workers=1_000),
} | {belief: propose({"name": belief, **given}) for belief, given in BELIEFS.items()}


@cache
def ran(name: str) -> Report:
    return run(PROBLEM, DESIGNS[name])


def test_designs_rank_as_the_rubric_says() -> None:
    ranked = sorted(DESIGNS, key=lambda name: ran(name).rank)
    assert ranked[:3] == ["staff", "senior", "mid"]
    assert not any(ran(name).holds for name in ranked[3:])


def test_a_mid_is_right_and_late() -> None:
    mid = ran("mid")
    assert mid.holds
    assert "p99" in mid.missed


@pytest.mark.parametrize("belief", BELIEFS)
def test_a_belief_fails_with_its_name_and_a_question_made_from_its_run(belief: str) -> None:
    card = ran(belief)
    assert card.found.violation is not None
    assert card.found.violation.belief == belief
    assert card.question.endswith("?")
    assert "order-1" in card.found.violation.message or "$62" in card.found.violation.message
    for step in card.found.trace.faults()[:2]:
        assert f"{step.time:g} s" in card.question


def test_the_books_need_not_be_entries_nor_the_path_a_queue() -> None:
    for given in ({"path": "sync"}, {"books": "number"}, {"path": "sync", "books": "number"}):
        assert searched(PROBLEM, propose({"name": "other", **given}))[0].outcome == "holds", given


def test_each_fault_that_is_claimed_was_tried() -> None:
    fired = ran("staff").found.fired
    assert set(fired) == set(PROBLEM.small.faults)
    assert all(fired.values())


def test_a_key_per_attempt_and_per_click_double_without_any_fault() -> None:
    for key in ("attempt", "click"):
        found, _ = searched(PROBLEM, propose({"key-scope": key}))
        assert found.code == "-"
        assert found.violation is not None
        assert found.violation.belief == "charged twice"


@pytest.mark.parametrize("kept", ["cache", "replica"])
def test_keys_that_vanish_or_lag_do_not_keep_a_promise(kept: str) -> None:
    assert searched(PROBLEM, propose({"key-place": kept}))[0].outcome == "fails"


def test_each_decision_of_the_bank_makes_a_design_or_is_said_to_be_undecided() -> None:
    known = {**DECISIONS, "key-place": KEY_PLACES}
    for decision in load(PROBLEM.id).decisions:
        if decision.id not in UNDECIDED:
            assert {option.id for option in decision.options} <= set(known[decision.id])
            for option in decision.options:
                PROBLEM.check(propose({decision.id: option.id}))
