"""Every question of every lesson, against right and wrong answers by name."""

from __future__ import annotations

import importlib
import re
import tempfile
from itertools import cycle, islice, product
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit.checks.contract.log_case import _RAM
from pubsub_kit.checks.desk.exercises import LESSONS
from pubsub_kit.checks.desk.runner import Heard, run_notebook
from pubsub_kit.checks.forms.choose import Choose
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.decided import Decided
from pubsub_kit.checks.forms.designed import Design
from pubsub_kit.checks.forms.estimate import Estimate
from pubsub_kit.checks.forms.parsons import Parsons
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.checks.forms.verdict import Verdict
from pubsub_kit.checks.sandbox import guard
from pubsub_kit.world.chance import Schedule
from tests.mistakes import Mistake, Right, lesson, name_of

ROOT = Path(__file__).resolve().parents[3]
#: The misconceptions that each lesson exposes, by number.
MISCONCEPTIONS = {
    "01": {9, 16, 37, 38, 39},
    "02": {5, 6, 12, 13, 43, 45},
    "03": {14, 15, 16, 17, 18, 19, 20, 25},
    "04": {1, 2, 3, 4, 10, 11, 24, 40, 41},
    "05": {9, 22, *range(26, 37)},
    "06": {28, 42},
    "07": {12, 19, 44, *range(47, 55)},
    "08": {25, 46, *range(55, 62)},
    "09": {32, *range(62, 68)},
    "10": {44, 46, *range(68, 76)},
    "11": {7, 8, *range(76, 82)},
    "12": {3, 5, 6, 8, 12, 21, 23, 24, 29},
    "13": {17, 44},
}

QUESTIONS: dict[tuple[str, str], Question] = {
    (number, question.name): question
    for number, name in LESSONS.items()
    for question in importlib.import_module(f"pubsub_kit.checks.questions.{name}").QUESTIONS
}


def every(kind: str) -> list[Any]:
    """Return each mistake or right answer of all lessons, as a test's parameter."""
    return [
        pytest.param(n, a, id=f"{n}-{a.question}-{name_of(a.answer)}")
        for n in LESSONS
        for a in getattr(lesson(n), kind)
    ]


def asked(form: type[Question] = Question) -> pytest.MarkDecorator:
    """Parametrize a test with each question of a form."""
    return pytest.mark.parametrize(
        ("number", "question"),
        [
            pytest.param(number, question, id=f"{number}-{name}")
            for (number, name), question in QUESTIONS.items()
            if isinstance(question, form)
        ],
    )


def faults_in(code: str) -> int:
    return Schedule(code.rpartition("/")[2]).cost


def code_of(verdict: Verdict) -> str:
    assert verdict.replay == f'q.{verdict.question.partition(".")[2]}.replay("{verdict.code}")'
    return verdict.code


# --- wrong answers --------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.parametrize(("number", "mistake"), every("mistakes"))
def test_a_mistake_fails_with_what_it_believes(number: str, mistake: Mistake) -> None:
    question = QUESTIONS[number, mistake.question]
    verdict = question.verdict(mistake.answer, number)
    assert (verdict.outcome, verdict.belief) == ("fails", mistake.belief), verdict
    assert verdict.lesson
    assert plain(verdict), verdict
    assert verdict.lesson == question.lesson_for(mistake.belief)
    if isinstance(question, Estimate):
        return
    if isinstance(question.judged_by, Decided):  # it was compared, and nothing was searched
        assert (mistake.faults, verdict.code, verdict.replay, verdict.compare) == (None, "", "", "")
        assert_shown(verdict)
        return
    if verdict.trace is None:  # what shows in numbers alone has no schedule
        assert isinstance(question, Design)
        assert mistake.faults is None
        assert_shown(verdict)
        return
    code = code_of(verdict)
    assert mistake.faults is None or faults_in(code) == mistake.faults, verdict
    assert verdict.trace is not None
    assert replayed(question, mistake.answer, code) == verdict.trace.text()
    assert_shown(verdict)
    if not code.isdecimal():  # a schedule, not a seed
        assert_as_many_faults_as_said(verdict)


def assert_as_many_faults_as_said(verdict: Verdict) -> None:
    """Assert that the picture numbers what was added, and what the summary says is there anyway."""
    assert verdict.picture is not None
    given = re.findall(r"\((.*) anyway\)", verdict.summary)
    anyway = given[0].count(" and ") + 1 if given else 0
    shown = [line for line in verdict.picture.text.splitlines() if re.match(r"fault \d+: ", line)]
    assert len(shown) == faults_in(verdict.code) + anyway, verdict


def replayed(question: Question, answer: Any, code: str) -> str:
    judge = question.judged_by
    assert judge is not None
    ran = guard.run(lambda: judge.replay(question.runnable(answer), code)[0], question.limit)
    assert ran.value is not None, ran.error
    return str(ran.value.trace.text())


def plain(verdict: Verdict) -> bool:
    """Say whether a verdict's text is the same on every machine: no address, no folder."""
    places = rf"0x[0-9a-f]{{6}}|{tempfile.gettempdir()}|{_RAM}"
    return re.search(places, verdict.text) is None


def assert_shown(verdict: Verdict) -> None:
    """Assert that a failure has a picture, and says in it what it says in words."""
    picture = verdict.picture
    assert picture is not None
    assert verdict.violation is not None
    assert verdict.violation.message in " ".join(picture.text.split())


@asked()
def test_what_breaks_an_answer_is_drawn(number: str, question: Question) -> None:
    """Once a question: all its failures are drawn alike, and a PNG takes longer than a verdict."""
    wrong = next(m for m in lesson(number).mistakes if m.question == question.name)
    picture = question.verdict(wrong.answer, number).picture
    if not isinstance(question, Estimate):
        assert picture is not None
        assert picture.png().startswith(b"\x89PNG")


@pytest.mark.parametrize("number", LESSONS)
def test_each_misconception_of_a_lesson_has_a_mistake(number: str) -> None:
    shown = {m for mistake in lesson(number).mistakes for m in mistake.m}
    assert shown == MISCONCEPTIONS[number]


@asked()
def test_each_belief_that_a_question_explains_has_a_mistake_and_a_lesson_of_its_own(
    number: str, question: Question
) -> None:
    named = {m.belief for m in lesson(number).mistakes if m.question == question.name}
    texts = [question.lesson_for(belief) for belief in named]
    assert len(set(texts)) == len(texts)
    assert all(texts)


#: Judged as another lesson's question is, where a mistake has it.
ELSEWHERE = {"03": {"asks nobody"}}


@pytest.mark.parametrize("number", LESSONS)
def test_each_belief_that_is_explained_is_seen_in_a_mistake(number: str) -> None:
    """And the other mistakes, each of which hears another belief, are the near traces."""
    told = {belief for (n, _), question in QUESTIONS.items() if n == number
            for belief in question.lessons}  # fmt: skip
    seen = {mistake.belief for mistake in lesson(number).mistakes}
    assert told - seen - {"raises", "hidden state"} == ELSEWHERE.get(number, set())


@asked()
def test_each_question_has_hints_for_whatever_goes_wrong(number: str, question: Question) -> None:
    beliefs = [m.belief for m in lesson(number).mistakes if m.question == question.name]
    for belief in [*beliefs, "", "raises", "misuse", "hidden state", "never ends"]:
        hints = question.hints_for(belief)
        assert hints, belief
        assert len(set(hints)) == len(hints)


# --- right answers --------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.parametrize(("number", "right"), every("right"))
def test_a_right_answer_holds(number: str, right: Right) -> None:
    verdict = QUESTIONS[number, right.question].verdict(right.answer, number)
    assert verdict.outcome == "holds", verdict
    assert verdict.picture is None


@asked()
def test_each_question_has_two_unusual_right_answers(number: str, question: Question) -> None:
    right = [r for r in lesson(number).right if r.question == question.name]
    assert len(right) >= (2 if open_ended(question) else 1)


def open_ended(question: Question) -> bool:
    """Say whether there is more than one way to be right: a single choice has only one."""
    return not isinstance(question, Choose) or len(question.options) > 1


# --- the notebooks themselves ---------------------------------------------------------------------


@pytest.mark.once
def test_every_exercise_as_it_is_given_is_not_attempted() -> None:
    for path in sorted((ROOT / "exercises").glob("*.ipynb")):
        outcomes = {question: verdict.outcome for question, verdict in last_of(path).items()}
        assert set(outcomes.values()) == {"not attempted"}, outcomes


@pytest.mark.once
def test_every_solution_holds() -> None:
    for path in sorted((ROOT / "solutions").glob("*.ipynb")):
        verdicts = last_of(path)
        assert [verdict for verdict in verdicts.values() if not verdict] == []
        number = path.name[:2]
        assert set(verdicts) == {f"{number}.{name}" for key, name in QUESTIONS if key == number}


def last_of(path: Path) -> dict[str, Heard]:
    """Run a notebook; return its last verdict on each question, where every cell ran."""
    ran = run_notebook(path)
    assert ran.trouble == []
    return {verdict.question: verdict for verdict in ran.verdicts}


# --- answers that cannot be right -----------------------------------------------------------------


@asked()
@pytest.mark.parametrize("nothing", [None, ..., "", [], {}], ids=repr)
def test_nothing_is_not_attempted(number: str, question: Question, nothing: Any) -> None:
    assert question.verdict(nothing, number).outcome == "not attempted"


async def dots(event: Any) -> None: ...


async def passes(event: Any) -> None:
    pass


def says_what_it_would_do(event: Any) -> None:
    """Do it once."""


async def raises_not_implemented(event: Any) -> None:
    raise NotImplementedError


def raises_with_words(event: Any) -> None:
    raise NotImplementedError("your code")


class Stub:
    """A class to fill in."""

    def __init__(self, db: Any) -> None:
        self.db = db

    async def handle(self, event: Any) -> None:
        """Handle it."""
        ...


STUBS = [dots, passes, says_what_it_would_do, raises_not_implemented, raises_with_words, Stub]


@asked(Code)
@pytest.mark.parametrize("stub", STUBS, ids=name_of)
def test_an_empty_body_is_not_attempted(number: str, question: Question, stub: Any) -> None:
    assert question.verdict(stub, number).outcome == "not attempted"


@asked(Code)
def test_no_constant_holds(number: str, question: Question) -> None:
    usual: list[Any] = [None, True, False, 0, 1, "", "ok", "done", [], {}]
    forms = cycle([coroutine_of, class_of, function_of])
    for constant, form in zip([*lesson(number).constants, *usual], forms, strict=False):
        assert question.verdict(form(constant), number).outcome != "holds", constant


def function_of(constant: Any) -> Any:
    def answer(*args: Any) -> Any:
        return args and constant

    return answer


def coroutine_of(constant: Any) -> Any:
    async def answer(event: Any) -> Any:
        return event and constant

    return answer


def class_of(constant: Any) -> Any:
    class Answer:
        def __init__(self, *args: Any) -> None:
            self.args = args

        async def handle(self, event: Any) -> Any:
            return event and constant

    return Answer


@asked(Code)
@pytest.mark.parametrize("error", [ValueError, KeyError, RuntimeError], ids=name_of)
def test_whatever_always_raises_fails(number: str, question: Question, error: Any) -> None:
    async def function(event: Any) -> None:
        raise error(f"no {event}")

    class Answer:
        def __init__(self, *args: Any) -> None:
            self.args = args

        async def handle(self, event: Any) -> None:
            raise error(f"no {event}")

    for answer in (function, Answer):
        assert question.verdict(answer, number).outcome == "fails"


@asked(Choose)
def test_some_choices_are_wrong_and_some_are_right(number: str, question: Choose) -> None:
    things = list(question.options)
    choices: list[Any] = [r.answer for r in lesson(number).right if r.question == question.name]
    some = islice(product(*question.options.values()), 64)
    choices += [dict(zip(things, c, strict=True)) for c in some]
    outcomes = [question.verdict(choice, number).outcome for choice in choices]
    assert {"fails", "holds"} == set(outcomes)


@asked(Estimate)
@pytest.mark.parametrize("number_given", [0, -1, 1e30, -1e30, 1e-30])
def test_no_estimate_at_random_holds(number: str, question: Estimate, number_given: float) -> None:
    assert question.verdict(number_given, number).outcome == "fails"


def test_the_lines_as_they_are_shown_are_not_in_order() -> None:
    for (number, _), question in QUESTIONS.items():
        if isinstance(question, Parsons):
            numbers = range(1, len(question.lines) + 1)
            for order in ([*numbers], [*reversed(numbers)], *([n] for n in numbers)):
                assert question.verdict(order, number).outcome == "fails", order
