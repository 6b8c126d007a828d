"""Each question of the bank keeps what no schema can say: of its numbers, words and lessons."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args

import pytest

from pubsub_kit.checks.desk.exercises import LESSONS
from pubsub_kit.checks.desk.exercises import questions as exercise_questions
from pubsub_kit.checks.forms import quantity
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.interviews.bank import reading
from pubsub_kit.interviews.bank.formula import numbers_in
from pubsub_kit.interviews.bank.question import (
    BOXES,
    DIMENSIONS,
    LEVELS,
    SEEN,
    Estimate,
    Question,
    load,
    question_in,
    questions,
)

IDS = """
    twitter-feed instagram-feed notification-system chat ride-dispatch payment-ledger order-saga
    ad-clicks ci-cd trading rag-ingestion game-rewind webhooks collaborative-docs logs-and-metrics
    flash-sale scheduler cdc-search-index
""".split()  # noqa: SIM905
FULL = {1, 2, 3, 6, 11}
ALL = questions()
ESTIMATES = [(question, estimate) for question in ALL for estimate in question.estimates]
each = pytest.mark.parametrize("question", ALL, ids=lambda question: question.id)
each_estimate = pytest.mark.parametrize(
    ("question", "estimate"), ESTIMATES, ids=[f"{q.id}.{e.id}" for q, e in ESTIMATES]
)
GUIDE = Path(__file__).resolve().parents[3] / "authoring" / "QUESTIONS.md"


def words_of(part: Any) -> Iterator[str]:
    """Yield every text of a question."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, tuple):
        for one in part:
            yield from words_of(one)
    elif is_dataclass(part):
        for field in fields(part):
            yield from words_of(getattr(part, field.name))


def test_the_bank_has_the_eighteen_and_five_are_full() -> None:
    assert [(q.number, q.id) for q in ALL][: len(IDS)] == list(enumerate(IDS, 1))
    assert {q.number for q in ALL if q.full} == FULL
    assert [load(id).number for id in IDS] == list(range(1, len(IDS) + 1))


def test_the_boxes_fill_45_minutes() -> None:
    assert sum(minutes for _, minutes in BOXES) == 45


def test_schema_and_code_know_the_same_rubric() -> None:
    sign = reading.schema()["properties"]["signs"]["items"]["properties"]
    assert tuple(sign["dimension"]["enum"]) == DIMENSIONS
    assert tuple(sign["level"]["enum"]) == LEVELS
    assert tuple(sign["seen"]["enum"]) == ("", *SEEN)


def test_schema_and_code_know_the_same_parts() -> None:
    assert set(reading.schema()["properties"]) == {field.name for field in fields(Question)}
    for field in fields(Question):
        part = reading.schema()["properties"][field.name]
        table = part.get("items", part).get("properties")
        inner = [one for one in get_args(_hints()[field.name]) if is_dataclass(one)]
        for kind in inner or [one for one in [_hints()[field.name]] if is_dataclass(one)]:
            assert set(table) == {one.name for one in fields(kind)}, field.name


def _hints() -> dict[str, Any]:
    from typing import get_type_hints

    return get_type_hints(Question)


# --- numbers --------------------------------------------------------------------------------------

CONVERSIONS = {1, 24, 60, 100, 3_600, 86_400, 1e3, 1e6, 1e9, 1e12}
SUFFIXES = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
NUMBER = re.compile(r"(\d[\d,]*(?:\.\d+)?(?:e\d+)?)\s?([KMBT]B?|GB|%|ms)?(?![A-Za-z])")


def numbers_of(text: str) -> set[float]:
    """Return the numbers that a text names, a percentage and milliseconds also as what they are."""
    found = set()
    for digits, suffix in NUMBER.findall(text):
        value = float(digits.replace(",", ""))
        found |= {value, value * SUFFIXES.get(suffix, 1)}
        found |= {value / 100} if suffix == "%" else {value / 1e3} if suffix == "ms" else set()
    return found


def has(numbers: set[float], value: float) -> bool:
    return any(abs(number - value) <= 1e-9 * abs(value) for number in numbers)


@each_estimate
def test_an_estimate_computes_and_is_read_back(question: Question, estimate: Estimate) -> None:
    assert estimate.value > 0
    assert 1 < estimate.within <= 10
    said = quantity.words(estimate.value, estimate.unit)
    assert quantity.read(said, estimate.unit) == pytest.approx(estimate.value, rel=0.01)
    assert quantity.read(estimate.value, estimate.unit) == estimate.value


@each_estimate
def test_the_working_names_every_input(question: Question, estimate: Estimate) -> None:
    named = numbers_of(estimate.working)
    missing = [n for n in numbers_in(estimate.formula) if n not in CONVERSIONS or n >= 1e3]
    assert [n for n in missing if not has(named, n)] == []


@each_estimate
def test_the_working_ends_at_the_value(question: Question, estimate: Estimate) -> None:
    """Rounded as people say it: two digits are enough."""
    named = numbers_of(estimate.working)
    assert any(abs(number / estimate.value - 1) < 0.05 for number in named)


@each_estimate
def test_an_input_is_handed_out_or_called_an_assumption(
    question: Question, estimate: Estimate
) -> None:
    answers = " ".join(one.answer for one in question.clarifications)
    known = numbers_of(f"{answers} {estimate.ask}") | CONVERSIONS
    unknown = [n for n in numbers_in(estimate.formula) if n >= 10 and not has(known, n)]
    assert unknown == [] or "assumption" in estimate.working or "Kleppmann" in estimate.working


# --- words ----------------------------------------------------------------------------------------


@each
def test_no_sentence_is_long(question: Question) -> None:
    sentences = [s for text in words_of(question) for s in re.split(r"(?<=[.?!])\s+", text)]
    assert [sentence for sentence in sentences if len(sentence.split()) > 30] == []


@each
def test_a_prose_part_is_whole_sentences(question: Question) -> None:
    parts = [question.pitch, *question.hints, question.oracle.holds, question.failure.expect]
    parts += [one.answer for one in question.clarifications]
    parts += [one.flips for one in question.decisions] + [one.sign for one in question.signs]
    parts += [text for one in question.estimates for text in (one.ask, one.working, one.decides)]
    assert [text for text in parts if text[-1] not in ".?" or text[0].islower()] == []


@each
def test_words_to_listen_for_are_as_they_are_compared(question: Question) -> None:
    """Small letters, and none twice: a rehearsal looks for them in what somebody types."""
    heard = [*question.failure.names, *(ask for c in question.clarifications for ask in c.asks)]
    assert [word for word in heard if word != word.lower().strip()] == []
    for one in question.clarifications:
        assert len(one.asks) >= 5, one.topic


@each
def test_a_word_leads_to_one_answer(question: Question) -> None:
    heard = [ask for one in question.clarifications for ask in one.asks]
    assert [word for word, times in Counter(heard).items() if times > 1] == []


@each
def test_a_full_question_has_more_to_talk_about(question: Question) -> None:
    assert len(question.clarifications) >= (6 if question.full else 4)
    assert len(question.decisions) >= (4 if question.full else 2)
    assert len(question.signs) >= (12 if question.full else 8)


@each
def test_no_option_is_free_and_each_failure_can_be_named(question: Question) -> None:
    costs = [option.cost for one in question.decisions for option in one.options]
    assert min(map(len, costs)) > 15
    assert len(question.failure.names) >= 8
    assert any(sign.seen == "failure named unprompted" for sign in question.signs)
    assert any(sign.seen == "flip named" for sign in question.signs)


# --- what it points to ----------------------------------------------------------------------------


@each
def test_its_exercise_question_exists(question: Question) -> None:
    if run := question.oracle.run:
        exercise, _, name = run.partition(".")
        assert name in [one.name for one in exercise_questions(exercise)]
        assert exercise in question.lessons


#: The belief behind each question's counterexample, as the exercise that decides it names it.
EXPOSES = {
    "chat": "no dedup",
    "ride-dispatch": "a fenced commit guards my database",
    "order-saga": "a timeout means it failed",
    "ad-clicks": "no dedup",
    "ci-cd": "the old worker has stopped",
    "trading": "keeps what differs",
    "game-rewind": "trusts the client's time",
    "webhooks": "a loop isolates",
    "collaborative-docs": "no dedup",
    "scheduler": "the lease outlasts the job",
    "cdc-search-index": "goes back",
}


@pytest.mark.parametrize("id", EXPOSES)
def test_the_world_that_decides_it_exposes_its_counterexample(id: str) -> None:
    exercise, _, name = load(id).oracle.run.partition(".")
    (asked,) = [one for one in exercise_questions(exercise) if one.name == name]
    assert isinstance(asked, Code)  # it is decided by runs of an answer, not by a choice
    assert EXPOSES[id] in asked.hints


def test_every_question_that_a_world_decides_is_looked_into() -> None:
    assert set(EXPOSES) == {question.id for question in ALL if question.oracle.run}


@each
def test_its_lessons_exist_or_are_planned(question: Question) -> None:
    assert set(question.lessons) <= {"00", *LESSONS, "12", "13", "14"}
    assert list(question.lessons) == sorted(question.lessons)


def test_a_design_decides_a_full_question_and_an_exercise_most_others() -> None:
    """What no world of the kit decides says so: telemetry's latency, and a crowd's patience."""
    assert [q.id for q in ALL if not q.full and not q.oracle.run] == [
        "logs-and-metrics",
        "flash-sale",
    ]


# --- the page on adding one -----------------------------------------------------------------------


def the_example() -> tuple[str, str]:
    """Return the file name and the text of the example on the page."""
    page = GUIDE.read_text(encoding="utf-8")
    (text,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (name,) = {*re.findall(r"`(19_\w+\.toml)`", page)}
    return name, text


def test_the_example_on_the_page_is_a_question(tmp_path: Path) -> None:
    name, text = the_example()
    (tmp_path / name).write_text(text, encoding="utf-8")
    question = question_in(tmp_path / name)
    assert question.number == 19
    assert [round(one.value, 3) for one in question.estimates] == [11_574.074, 9.125, 100]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('unit = "TB"', 'uint = "TB"'),
        ('unit = "TB"\n', ""),
        ('unit = "TB"', 'unit = "clicks"'),
        ('formula = "10e6 * 365 * 5 * 500 / 1e12"', 'formula = "10e6 ** 2"'),
    ],
    ids=["misspelt", "missing", "unit", "formula"],
)
def test_the_page_shows_what_the_bank_says(right: str, wrong: str, tmp_path: Path) -> None:
    name, text = the_example()
    assert right in text
    (tmp_path / name).write_text(text.replace(right, wrong), encoding="utf-8")
    with pytest.raises(reading.BankError) as refused:
        question_in(tmp_path / name)
    assert str(refused.value) in GUIDE.read_text(encoding="utf-8").splitlines()
