"""The lists of cases, of what is expected and of what was recorded agree with each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.engines.trials.answers import expected, result
from pubsub_kit.engines.trials.answers.__main__ import main
from pubsub_kit.engines.trials.answers.cases import CASES, CORE
from pubsub_kit.engines.trials.answers.expected import difference, engines, expected_of
from pubsub_kit.engines.trials.answers.job import Job, JobError, answer_of
from pubsub_kit.engines.trials.answers.places import Place
from pubsub_kit.engines.trials.answers.result import recorded
from pubsub_kit.engines.trials.answers.rules import QUESTIONS
from pubsub_kit.engines.trials.answers.table import table
from pubsub_kit.engines.trials.answers.trial import FAILS, HOLDS, UNSUPPORTED, Case, Ending, run
from tests import mistakes

ANSWERS = {case.answer: case for case, _, _ in CASES.values()}
RIGHT = {
    lesson: {mistakes.name_of(right.answer) for right in mistakes.lesson(lesson).right}
    for lesson in ("03", "04", "05")
}


@pytest.mark.parametrize("name", CASES)
def test_each_case_has_its_answer_and_its_question(name: str) -> None:
    case = CASES[name].case
    assert callable(answer_of(case.answer))
    assert {*case.published} <= {*QUESTIONS[case.question].messages}


def test_each_question_has_a_right_answer_and_a_wrong_one() -> None:
    verdicts = {(case.question, verdict) for case, verdict, _ in CASES.values()}
    assert verdicts == {(question, verdict) for question in QUESTIONS for verdict in (HOLDS, FAILS)}


def test_the_tests_try_right_and_wrong_answers() -> None:
    assert {CASES[name].verdict for name in CORE} == {HOLDS, FAILS}


@pytest.mark.parametrize("engine", engines())
def test_a_wrong_answer_fails_for_real_on_each_engine(engine: str) -> None:
    _, wanted = expected_of(engine)
    assert FAILS in {wanted[name].verdict for name in CORE}


@pytest.mark.parametrize("engine", engines())
def test_what_was_recorded_is_what_is_expected(engine: str) -> None:
    _, wanted = expected_of(engine)
    [found] = [each for each in recorded() if each.engine == engine]
    assert {*found.cases} == {*CASES}
    ends = {name: Ending(told.verdict, told.why) for name, told in found.cases.items()}
    assert {name: difference(wanted[name], end) for name, end in ends.items()} == dict.fromkeys(
        CASES, ""
    )
    assert found.date
    assert found.client or engine == "file"


def test_what_is_recorded_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "recorded.json"
    ending = Ending(FAILS, "lost", heard=[("o-1", {}), ("o-1", {})])
    one = result.result("redis", {"a case": ending}, "7.0")
    result.record([one], file)
    assert recorded(file) == [one]
    assert one.cases["a case"].copies == {"o-1": 2}


def test_a_difference_says_what_was_expected_and_what_came() -> None:
    wanted = expected.Expected(FAILS, "charged 30")
    assert difference(wanted, Ending(FAILS, "ann was charged 30.", came=(True,))) == ""
    assert difference(wanted, Ending(HOLDS)) == (
        "It should be “fails (charged 30)”, and it is “holds”."
    )
    assert "without coming" in difference(wanted, Ending(FAILS, "charged 30", came=(False,)))
    assert difference(expected.Expected(UNSUPPORTED), Ending(UNSUPPORTED)) == ""


def test_an_engine_of_which_nothing_is_expected_is_named() -> None:
    with pytest.raises(EngineError, match="Nothing is expected of 'pigeons'"):
        expected_of("pigeons")


def test_a_job_is_read_back() -> None:
    job = Job("memory://", "t", "g", "consumer", "a:B", "p", Place("x", True), expected=("a",))
    assert Job.read(job.text()) == job


@pytest.mark.parametrize("text", ["", "[]", "3", "{}", '{"place": 1}', '{"expected": null}'])
def test_what_is_no_job_is_told_in_a_sentence(text: str) -> None:
    with pytest.raises(JobError, match="is no job of a trial"):
        Job.read(text)


@pytest.mark.parametrize("name", ["", "nothing", "no.module:Name", "pubsub_kit:Nobody", ":x"])
def test_an_answer_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(JobError, match="There is no answer"):
        answer_of(name)


def test_a_case_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["play", "file", "no such case"]) == 2
    assert "There is no case 'no such case'" in capsys.readouterr().err


def test_the_table_has_a_row_for_each_case_and_says_what_ran() -> None:
    lines = table().split("\n")
    assert len([line for line in lines if line.startswith("| 0")]) == len(CASES)
    assert [line for line in lines if line.startswith("- Redis Streams (7")]
    assert [line for line in lines if "the emulator ministack" in line]


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (Case("tea", "a:B"), "There is no question 'tea': there are consumer"),
        (Case("consumer", "a:B", published=("pay-9",)), "There is no message 'pay-9'"),
    ],
    ids=["question", "message"],
)
def test_a_case_that_cannot_be_is_refused(case: Case, words: str) -> None:
    with pytest.raises(JobError, match=words):
        run("memory://", case)


def test_an_answer_that_is_not_there_ends_a_trial_in_a_sentence(tmp_path: Path) -> None:
    terms, _ = expected_of("file")
    with pytest.raises(JobError, match="A process of the trial ended: There is no answer 'a:B'"):
        run(f"file://{tmp_path}", Case("consumer", "a:B"), terms)
