"""The judge that tries every case: the smallest that fails, and nothing that was not tried."""

from __future__ import annotations

from typing import Any

import pytest

from pubsub_kit import PubSubKitError
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.enumerated import Enumerated
from pubsub_kit.scenarios.strips import note, strip
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Trace


def run(answer: Any, case: int, trace: Trace) -> Violation | None:
    note(trace, "start", case)
    found = answer(case)
    note(trace, "double", found)
    return None if found == 2 * case else Violation(f"{case} came out as {found}.", 1)


def diagnose(answer: Any, wrong: Violation) -> str:
    return "square" if answer(9) == 81 else ""


QUESTION = Code(
    "double", "Double it.",
    judged_by=Enumerated(lambda: range(100), run, "whole numbers below 100", strip, diagnose),
)  # fmt: skip
SEEN: list[int] = []


def test_what_holds_says_how_many_cases_were_tried_and_that_larger_ones_were_not() -> None:
    verdict = QUESTION.verdict(lambda n: n + n, "99")
    assert verdict.summary == "holds for all 100 whole numbers below 100"
    assert "Larger ones are untried" in " ".join(verdict.claim.split())
    assert verdict.hardest is None


def test_what_fails_gets_the_smallest_case_its_belief_and_a_code_that_replays_it() -> None:
    verdict = QUESTION.verdict(lambda n: n * n, "99")
    assert (verdict.outcome, verdict.belief, verdict.code) == ("fails", "square", "2")
    assert verdict.violation is not None
    assert verdict.violation.message == "1 came out as 1."
    assert "1 came out as 1." in QUESTION.replay(lambda n: n * n, "2", "again").text


def test_an_error_of_the_learners_own_is_told_with_its_case() -> None:
    verdict = QUESTION.verdict(lambda n: 2 * n if n < 7 else 1 // 0, "99")
    assert (verdict.belief, verdict.code) == ("raises", "8")
    assert verdict.violation is not None
    assert "ZeroDivisionError" in verdict.violation.message


def test_an_answer_that_never_ends_is_stopped() -> None:
    def endless(n: int) -> int:
        while n == 3:
            pass
        return 2 * n

    quick = Code("double", "Double it.", limit=0.3, judged_by=QUESTION.judged_by)
    assert "still running" in str(quick.verdict(endless, "99"))


@pytest.mark.parametrize("after", [3, 99])
def test_an_answer_that_remembers_earlier_cases_is_found_out(after: int) -> None:
    def counts(n: int) -> int:
        SEEN.append(n)
        return 2 * n if len(SEEN) <= after else 0

    SEEN.clear()
    verdict = QUESTION.verdict(counts, "99")
    assert (verdict.outcome, verdict.belief) == ("fails", "hidden state")


def test_a_cache_that_changes_nothing_is_allowed() -> None:
    known: dict[int, int] = {}
    assert QUESTION.verdict(lambda n: known.setdefault(n, 2 * n), "99").outcome == "holds"


@pytest.mark.parametrize("code", ["0", "101", "x", ""])
def test_a_code_that_names_no_case_is_refused(code: str) -> None:
    with pytest.raises(PubSubKitError, match="1 to 100"):
        QUESTION.replay(lambda n: n, code, "again")
