"""Judge the judge: what is said of an oracle that is none, remembers, raises, or takes too long."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from pubsub_kit.checks.forms import audited, objections
from pubsub_kit.checks.forms.audit import Audit
from pubsub_kit.checks.forms.audited import Audited
from pubsub_kit.checks.forms.question import AnswerError
from pubsub_kit.checks.forms.verdict import Verdict
from pubsub_kit.checks.questions.audits import PAYMENTS, TRANSFERS
from pubsub_kit.world.search.explore import Violation, explore
from pubsub_kit.world.trace import Step, Trace
from tests.mistakes import oracles

Rows = dict[str, Any]
FINE = oracles.compares_the_two_rows


def judged(oracle: Any, question: Audit = PAYMENTS) -> Verdict:
    return question.verdict(oracle, "03")


def said(verdict: Verdict) -> str:
    assert verdict.outcome == "fails", verdict
    assert verdict.violation is not None
    return verdict.violation.message


# --- the suspects ---------------------------------------------------------------------------------


@pytest.mark.parametrize("question", [PAYMENTS, TRANSFERS])
def test_each_suspect_is_as_right_or_wrong_as_it_is_said_to_be(question: Audit) -> None:
    judge = question.judged_by
    assert isinstance(judge, Audited)
    for suspect in judge.suspects:
        found = explore(
            judge.scenario(suspect), judge.truth, faults=judge.faults, max_faults=2, seconds=60.0
        )
        if suspect.is_right:
            assert found.outcome == "holds", suspect.does
        else:
            assert found.outcome == "fails", suspect.does
            assert found.complete == (suspect.faults or 0) - 1, suspect.does


@pytest.mark.parametrize("question", [PAYMENTS, TRANSFERS])
def test_the_plainest_right_system_stands_first_and_none_is_named_twice(question: Audit) -> None:
    judge = question.judged_by
    assert isinstance(judge, Audited)
    assert judge.suspects[0].is_right
    named = Counter(suspect.does for suspect in judge.suspects)
    assert named.most_common(1)[0][1] == 1


@pytest.mark.parametrize("question", [PAYMENTS, TRANSFERS])
def test_what_a_verdict_says_of_a_system_shows_none_of_its_code(question: Audit) -> None:
    judge = question.judged_by
    assert isinstance(judge, Audited)
    for suspect in judge.suspects:
        assert suspect.answer.__name__ not in suspect.does
        assert "(" not in suspect.does


# --- what an oracle may return --------------------------------------------------------------------

TRACE = Trace(
    [
        Step(0.0, "begin", "billing-1", text="pay-1"),
        Step(1.05, "effect", "billing-1", text="ann = 10"),
        Step(2.0, "crash", "billing-2"),
        Step(2.0, "end", "billing-1", text="done"),
    ]
)


@pytest.mark.parametrize("nothing", [None, "", " ", [], (), [""]])
def test_nothing_is_no_objection(nothing: Any) -> None:
    assert objections.objection(nothing, TRACE) is None


@pytest.mark.parametrize(
    ("answer", "words", "step"),
    [
        ("ann has 30", "ann has 30", 1),
        (["", "ann has 30", "bob too"], "ann has 30", 1),
        ("billing-2 did it", "billing-2 did it", 2),
        ("billing-1 wrote and crashed", "billing-1 wrote and crashed", 3),
        ("it has crashed", "it has crashed", 2),
        ("something at 1.05 s", "something at 1.05 s", 1),
        ("no name at all", "no name at all", 3),
        (Violation("here", 0), "here", 0),
        (Violation("pay-1", 99), "pay-1", 0),
        (Violation("ann", None), "ann", 1),
    ],
)
def test_words_point_at_a_step(answer: Any, words: str, step: int) -> None:
    found = objections.objection(answer, TRACE)
    assert found is not None
    assert (found.message, found.step) == (words, step)


def test_words_about_a_run_without_steps_point_nowhere() -> None:
    found = objections.objection("it is empty", Trace())
    assert found is not None
    assert found.step is None


def returns_true(rows: Rows, trace: Trace) -> bool:
    return bool(trace)


def returns_a_number(rows: Rows, trace: Trace) -> int:
    return len(trace)


def returns_an_error(rows: Rows, trace: Trace) -> Exception:
    return ValueError("wrong")


async def is_async(rows: Rows, trace: Trace) -> str | None:
    return FINE(rows, trace)


def yields(rows: Rows, trace: Trace) -> Any:
    yield FINE(rows, trace)


@pytest.mark.parametrize(
    ("oracle", "words"),
    [
        (returns_true, "your oracle returned True, which doesn't say whether the run is right or "
         "wrong: return None if"),
        (returns_a_number, "which is no judgement: return None if the run is right"),
        (returns_an_error, "your oracle returned ValueError('wrong'), which is no judgement"),
        (is_async, "your oracle is an async def, so calling it judges nothing: write def"),
        (yields, "your oracle contains a yield"),
        (oracles.Model, "Model is a class: give a function, def oracle(rows, trace)"),
        (lambda rows: rows, "an oracle takes two arguments, the final rows and the trace of a run"),
        (len, "an oracle takes two arguments"),
        (7, "check() takes your function or class itself, not an int"),
    ],
)  # fmt: skip
def test_what_is_no_judgement_is_told_in_a_sentence(oracle: Any, words: str) -> None:
    assert words in said(judged(oracle))


def asserts(rows: Rows, trace: Trace) -> None:
    if rows.get("ann") != 20:
        raise AssertionError
    assert rows.get("bob") == 5, "bob has the wrong amount"


def test_a_failed_assertion_is_an_objection_with_its_line() -> None:
    found = objections.asked(asserts, {}, TRACE)
    assert found is not None
    assert found.message.startswith("the assertion in line ")
    found = objections.asked(asserts, {"ann": 20}, TRACE)
    assert found is not None
    assert found.message.startswith("bob has the wrong amount")  # pytest adds its own words


# --- what it must not do --------------------------------------------------------------------------

_seen: list[Rows] = []


def complains_from_the_fifth_call_on(rows: Rows, trace: Trace) -> str | None:
    _seen.append(rows)
    return "enough" if len(_seen) > 5 else None


def judges_the_run_before(rows: Rows, trace: Trace, before: list[Rows] = []) -> str | None:  # noqa: B006
    before.append(rows)
    return FINE(before[max(len(before) - 2, 0)], trace)


@pytest.mark.parametrize("oracle", [complains_from_the_fifth_call_on, judges_the_run_before])
def test_an_oracle_that_remembers_is_told_where(oracle: Any) -> None:
    verdict = judged(oracle)
    assert verdict.belief == "hidden state"
    assert said(verdict).startswith("Your oracle said two different things about the same run.")
    assert any(where in said(verdict) for where in ("_seen", "before"))
    assert "proves nothing" in verdict.claim


_asked: Counter[str] = Counter()


def counts_its_calls_and_means_nothing_by_it(rows: Rows, trace: Trace) -> str | None:
    _asked["calls"] += 1
    return FINE(rows, trace)


def test_a_memory_that_changes_no_answer_does_no_harm() -> None:
    assert judged(counts_its_calls_and_means_nothing_by_it)
    assert _asked["calls"] > 1_000


def loops(rows: Rows, trace: Trace) -> None:
    while rows is not None:
        pass


def test_an_oracle_that_never_comes_to_an_end_is_stopped() -> None:
    assert "still running after 0.3 s" in said(judged(loops, replace(PAYMENTS, limit=0.3)))
    assert "look for what ends this loop" in said(judged(loops, replace(PAYMENTS, limit=0.3)))


def test_a_slow_oracle_is_cut_off_and_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audited, "_HELD", 0.0)
    verdict = judged(FINE)
    assert verdict.outcome == "not exercised"
    assert verdict.summary.startswith("cut off: your oracle is slow, and judged only ")
    assert "nothing is proven about those" in verdict.claim.replace("\n", " ")


# --- what is said ---------------------------------------------------------------------------------


@cache
def slips() -> Verdict:
    return judged(oracles.adds_up_the_accounts)


def test_what_slips_through_is_said_in_words_and_drawn() -> None:
    assert said(slips()) == (
        "Your oracle finds nothing wrong with the system that books everything on ann's account. "
        "ann was charged 25 instead of 20. At 0 s billing-1 wrote 25 over 20 for pay-3, a payment "
        "of 5 for bob."
    )
    assert slips().picture is not None
    assert slips().code == "11/-"


def test_a_run_is_drawn_again_by_the_systems_number_and_a_schedule() -> None:
    picture = PAYMENTS.replay(oracles.adds_up_the_accounts, "11/-", "again")
    assert "✗ ann expected 20, was 25; bob expected 5, was 0" in picture.text
    objected = PAYMENTS.replay(oracles.condemns_a_crash, "1/3c", "again")
    assert "billing-1 crashed" in objected.text


@pytest.mark.parametrize("code", ["3c", "99/-", "0/-", "x/-", "1/999c"])
def test_a_code_of_no_run_is_refused(code: str) -> None:
    with pytest.raises(AnswerError, match="can't be replayed"):
        PAYMENTS.replay(FINE, code, "again")


def test_a_right_system_that_is_condemned_is_drawn_where_the_words_point() -> None:
    verdict = judged(oracles.condemns_a_crash)
    assert said(verdict) == (
        "This system is right: it marks a payment and books it in one transaction. Your oracle "
        "condemns it: “billing-1 crashed”."
    )
    assert verdict.violation is not None
    assert verdict.trace is not None
    assert verdict.violation.step is not None
    assert verdict.trace[verdict.violation.step].kind == "crash"


def test_an_oracle_that_holds_claims_its_runs_and_its_systems() -> None:
    claim = judged(FINE).claim.replace("\n", " ")
    assert "It spared 5 right systems under every schedule of up to 2 faults" in claim
    assert "failed each of 15 wrong ones under at least one" in claim
    assert "other systems and other faults are not covered" in claim


# --- what an oracle prints ------------------------------------------------------------------------


def says_how_long_a_run_is(rows: Rows, trace: Trace) -> None:
    print(f"of {len(trace)} steps")


def complains_and_prints(rows: Rows, trace: Trace) -> str:
    print(f"of {len(trace)} steps")
    return "wrong"


def raises_and_prints(rows: Rows, trace: Trace) -> None:
    print(f"of {len(trace)} steps")
    raise KeyError("ann")


@pytest.mark.parametrize(
    "oracle", [says_how_long_a_run_is, complains_and_prints, raises_and_prints]
)
@pytest.mark.parametrize("question", [PAYMENTS, TRANSFERS])
def test_what_is_shown_of_its_prints_is_of_the_run_that_the_verdict_is_about(
    oracle: Any, question: Audit
) -> None:
    verdict = judged(oracle, question)
    assert verdict.trace is not None
    assert verdict.printed.strip() == f"of {len(verdict.trace)} steps"
