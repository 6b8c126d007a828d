"""What decides a claim, and what leaves it open."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import pytest

from pubsub_kit.interviews.bank.question import load
from pubsub_kit.interviews.rehearsal.claims import parse
from pubsub_kit.interviews.rehearsal.runner import Result
from pubsub_kit.interviews.rehearsal.settling import is_about, is_ruled, settle
from tests.interviews.rehearsal.played import BROKE, HELD


def test_a_counterexample_within_the_claim_decides_it() -> None:
    held, why = settle(parse("no notice twice under crash"), BROKE)
    assert held is False
    assert why == "A worker of `push` crashed at 2.1 s, before its ack (schedule 3c)"


def test_what_breaks_without_a_fault_breaks_every_claim_about_it() -> None:
    alone = replace(BROKE, struck=(), code="-")
    held, why = settle(parse("no notice twice under reply lost"), alone)
    assert held is False
    assert why.endswith("before its ack (no fault is needed)")


@pytest.mark.parametrize("text", ["it holds", "no duplicates", "no notice is seen twice"])
def test_a_claim_that_names_no_fault_is_about_all_that_were_tried(text: str) -> None:
    assert settle(parse(text), BROKE).held is False


def test_a_counterexample_by_a_fault_that_the_claim_leaves_out_decides_nothing() -> None:
    held, why = settle(parse("no notice twice under ack lost"), BROKE)
    assert held is None
    assert why == "the run broke by crash, which the claim leaves out"


def test_a_counterexample_of_more_faults_than_claimed_decides_nothing() -> None:
    twice = replace(BROKE, struck=("crash", "crash"))
    assert settle(parse("no notice twice under crash"), twice).held is None
    assert settle(parse("no notice twice under crash up to 2"), twice).held is False


def test_a_run_that_broke_something_else_decides_nothing() -> None:
    held, why = settle(parse("no notice lost under crash"), BROKE)
    assert held is None
    assert why.startswith("the run broke something else first: ")


def test_a_run_that_holds_decides_what_it_has_tried() -> None:
    held, why = settle(parse("no notice twice under crash, ack lost up to 2"), HELD)
    assert held is True
    assert why == "in all 1,234 schedules with up to 2 of crash, ack lost"


@pytest.mark.parametrize(
    ("text", "result", "why"),
    [
        ("it holds under reply lost", HELD, "the run tried no reply lost"),
        (
            "it holds under crash up to 3",
            HELD,
            "the run tried up to 2 faults, and the claim says 3",
        ),
        ("it holds", replace(HELD, complete=False), "the search stopped after 1,234 schedules"),
    ],
    ids=["fault", "number", "stopped"],
)
def test_a_run_that_holds_decides_nothing_that_it_has_not_tried(
    text: str, result: Result, why: str
) -> None:
    assert settle(parse(text), result) == (None, why)


@pytest.mark.parametrize(
    ("text", "held"),
    [("p99 under 5 s", True), ("p99 under 4.2 s", False), ("p99 at most 4.2 s", True),
     ("p99 over 4.2 s", False), ("p99 at least 4.2 s", True), ("lost at most 0", True)],
)  # fmt: skip
def test_a_measure_is_compared_with_its_bound(text: str, held: bool) -> None:
    assert settle(parse(text), BROKE).held is held


def test_a_measure_of_a_moment_is_that_of_the_moment() -> None:
    result = replace(BROKE, measures={"p99": 1.0, "p99 in the burst": 9.0})
    assert settle(parse("p99 under 5 s in the burst"), result) == (
        False, "p99 in the burst was 9 seconds",
    )  # fmt: skip


def test_what_was_not_measured_is_not_decided() -> None:
    assert settle(parse("stale under 3"), BROKE) == (None, "the run measured no stale")


@pytest.mark.parametrize(
    ("oracle", "broke", "same"),
    [
        ("double charge", "no payment is charged twice", True),
        ("double charge", "no charge is lost", False),
        ("lost charge", "no charge is lost", True),
        ("ghost entries", "every charge has its entries", False),
        ("unbalanced entries", "the entries of pay-1 are unbalanced", True),
        ("stale read", "no payment is charged twice", False),
        ("", "anything", True),
        ("we never charge the customer twice", "no payment is charged twice", True),
        ("we never charge the customer twice", "no charge is lost", False),
    ],
)
def test_what_a_claim_excludes_is_found_by_its_kind_then_by_its_words(
    oracle: str, broke: str, same: bool
) -> None:
    assert is_about(oracle, broke) is same


LEDGER = load("payment-ledger")


@pytest.mark.parametrize(
    ("oracle", "ruled"),
    [
        ("", True),
        ("double charge", True),
        ("payment is lost", True),
        ("money vanishes", True),
        ("charge without entries", True),
        ("unicorn dies", False),
        ("unicorn is lost", False),
        ("overdraft", False),
        ("payment out of order", False),
        ("person sad", False),
    ],
)
def test_a_rule_speaks_of_some_claims_and_not_of_others(oracle: str, ruled: bool) -> None:
    assert is_ruled(oracle, LEDGER) is ruled


def test_what_never_came_is_beyond_every_bound_and_what_was_not_measured_decides_nothing() -> None:
    result = replace(HELD, measures={"p99": inf, "p50": nan})
    held, why = settle(parse("p99 under 5 s"), result)
    assert held is False
    assert why == "p99 has no end: some of it never came"
    assert settle(parse("p50 under 5 s"), result) == (None, "the run measured no p50")
