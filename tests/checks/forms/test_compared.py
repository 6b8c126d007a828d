"""The same faults on an answer and on the solution: where they strike, and what is said of it."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from pubsub_kit.checks.desk.exercises import LESSONS, Asked, Words, questions
from pubsub_kit.checks.forms import sources
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.show.picture import Picture
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.world import World
from tests.checks.questions import one_payment, paid_once, pay
from tests.mistakes import lesson

EVERY = [pytest.param(n, q, id=f"{n}-{q.name}") for n in LESSONS for q in questions(n)]
EXPLORED = [p for p in EVERY if isinstance(p.values[1].judged_by, Explored)]  # type: ignore[union-attr]
OTHERS = [p for p in EVERY if p not in EXPLORED]

PAYS_ONCE = """
class PaysOnce:
    def __init__(self, db):
        self.db = db

    async def handle(self, event):
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await tx.add("paid", event.data["amount"])


q.pay.check(PaysOnce)
"""
DOES_NOTHING = """
class DoesNothing:
    def __init__(self, db):
        pass

    async def handle(self, event):
        pass


q.pay.check(DoesNothing)
"""


class AddsEachTime:
    """Has no memory of what it paid."""

    def __init__(self, db: Any) -> None:
        self.db = db

    async def handle(self, event: Any) -> None:
        await self.db.add("paid", event.data["amount"])


class MarksFirst(AddsEachTime):
    """Marks in one write and pays in another."""

    async def handle(self, event: Any) -> None:
        if await self.db.insert(f"seen {event.id}"):
            await super().handle(event)


def wrong_answer(number: str, question: Question) -> Asked:
    """Check the first mistake of a question."""
    mistake = next(m for m in lesson(number).mistakes if m.question == question.name)
    asked = Asked(number, question, demo=True)
    asked.check(mistake.answer)
    return asked


@pytest.fixture
def solved(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the small question about a payment a solution."""

    def give(code: str | None) -> None:
        monkeypatch.setattr(sources, "solved", lambda number, name: code)

    give(PAYS_ONCE)
    return give


def compared(answer: Any, question: Code | None = None) -> str:
    asked = Asked("00", question or pay(limit=3.0), demo=True)
    assert asked.check(answer).outcome == "fails"
    return str(asked.compare())


# --- every question -------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "question"), EXPLORED)
def test_a_mistake_is_laid_beside_the_solution_which_holds(number: str, question: Question) -> None:
    asked = wrong_answer(number, question)
    assert asked._verdict is not None
    offer = f"q.{question.name}.compare() shows the same faults on the solution"
    assert ("Compare", offer) in asked._verdict.lines
    picture = asked.compare()
    assert isinstance(picture, Picture), picture
    assert picture.title == f"{number}.{question.name}: the same faults on the solution"
    # What differs in nothing but its spans sends the same messages.
    assert re.search(r"^(First difference|The two runs are the same)", picture.text, re.MULTILINE)
    assert re.search(r"^the solution: It holds in this run\.", picture.text, re.MULTILINE)


@pytest.mark.parametrize(("number", "question"), EXPLORED)
def test_the_code_of_the_solution_is_not_shown(number: str, question: Question) -> None:
    picture = wrong_answer(number, question).compare()
    assert isinstance(picture, Picture)
    code = sources.solved(number, question.name)
    assert code is not None
    shown = html.unescape(picture.svg("light")) + picture.text
    lines = [line.strip() for line in code.splitlines() if len(line.strip()) > 12]
    assert [line for line in lines if line in shown] == []


@pytest.mark.parametrize(("number", "question"), OTHERS)
def test_where_no_schedule_is_searched_a_sentence_says_so(number: str, question: Question) -> None:
    asked = wrong_answer(number, question)
    assert asked._verdict is not None
    assert "Compare" not in dict(asked._verdict.lines)
    said = asked.compare()
    assert isinstance(said, Words)
    assert re.match(r"There is (no run|nothing) to compare", said)


# --- where the faults strike ----------------------------------------------------------------------


def test_a_fault_strikes_at_the_same_point_though_its_number_is_another(solved: Any) -> None:
    solved(
        PAYS_ONCE.replace(
            "        async with", '        await self.db.put("last", 1)\n        async with'
        )
    )
    text = compared(AddsEachTime)
    answer, solution = re.findall(r"^.*, fault 1: 0 s · (.*)$", text, re.MULTILINE)
    assert answer == solution == "billing: crashes before the ack of pay-1"
    assert "It holds in this run. The same fault strikes at the same point (schedule 2c)." in text
    assert "paid at the end: 20 (your answer), 10 (the solution)" in text


def test_where_the_solution_comes_to_no_such_point_it_is_said(solved: Any) -> None:
    text = compared(MarksFirst)
    answer, solution = re.findall(r"^.*, fault 1: 0 s · (.*)$", text, re.MULTILINE)
    assert answer == "billing: crashes before adding +10 to paid"
    assert solution != answer
    assert "strikes at the corresponding chance: no point here reads the same" in text


def test_a_fault_without_a_chance_is_named_as_missing(solved: Any) -> None:
    def with_mail(world: World, answer: Any) -> None:
        world.topic("mails")
        one_payment(world, answer)

    class PaysThenMails(AddsEachTime):
        async def handle(self, event: Any) -> None:
            await super().handle(event)
            await publish("mails", id="mail-1")

    judge = Explored(with_mail, paid_once, ("confirm lost", "publish lost"), expected=(Exception,))
    text = compared(PaysThenMails, Code("pay", "Pay once.", limit=3.0, judged_by=judge))
    kind = re.search(r"No fault finds a chance here \(schedule -\): there is none for (.*)\.", text)
    assert kind is not None, text
    assert kind[1] in ("confirm lost", "publish lost")


def test_a_run_without_faults_says_that_none_is_added(solved: Any) -> None:
    class PaysNothing(AddsEachTime):
        async def handle(self, event: Any) -> None:
            await self.db.put("other", 1)

    text = compared(PaysNothing)
    assert "the solution: It holds in this run. No fault is added." in text


def test_a_solution_that_fails_is_shown_as_it_is(solved: Any) -> None:
    solved(DOES_NOTHING)
    text = compared(AddsEachTime)
    assert "the solution: 0 was paid, not 10." in text


# --- where there is nothing to show ---------------------------------------------------------------


@pytest.mark.parametrize("code", ["q.pay.check(no_such_name)", "x = 1", "def broken(:"])
def test_a_solution_that_cannot_be_read_is_told_in_a_sentence(solved: Any, code: str) -> None:
    solved(code)
    assert compared(AddsEachTime).startswith("There is nothing to compare here: ")


def test_without_a_solution_it_is_neither_offered_nor_drawn(solved: Any) -> None:
    solved(None)
    asked = Asked("00", pay(limit=3.0), demo=True)
    assert "Compare" not in dict(asked.check(AddsEachTime).lines)
    assert "no solution of pay beside the kit" in str(asked.compare())


def test_before_a_check_and_after_one_that_holds_there_is_no_run(solved: Any) -> None:
    asked = Asked("03", questions("03")[0], demo=True)
    assert str(asked.compare()).startswith("There is no run to compare: check an answer first")


def test_an_answer_that_raises_is_compared_up_to_there(solved: Any) -> None:
    class Raises(AddsEachTime):
        async def handle(self, event: Any) -> None:
            if event.id:
                raise KeyError("amount")

    text = compared(Raises)
    assert "First difference" in text
    assert "It holds in this run." in text


def test_an_answer_that_hangs_ends_in_a_sentence(solved: Any) -> None:
    class Hangs(AddsEachTime):
        async def handle(self, event: Any) -> None:
            while True:
                pass

    asked = Asked("00", pay(limit=0.3), demo=True)
    assert asked.check(Hangs).outcome == "fails"
    assert str(asked.compare())
