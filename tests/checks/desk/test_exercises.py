"""What a learner holds in hand: questions that are checked, give hints, and can be replayed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit import Event, PubSubKitError, exercise, replay
from pubsub_kit.checks.desk import exercises
from pubsub_kit.checks.desk.exercises import Asked, Exercise, NoSuchQuestion
from pubsub_kit.checks.forms import sources
from pubsub_kit.checks.forms.estimate import Estimate
from pubsub_kit.checks.forms.verdict import Verdict
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Trace
from tests.checks.questions import PaysOnce, pay
from tests.mistakes.sync_cascade import new_id_for_each_try, one_try, tries_by_policy


class PaysTwice(PaysOnce):
    async def handle(self, event: Event) -> None:
        await self.db.add("paid", event.data["amount"])


@pytest.fixture(autouse=True)
def a_new_session() -> Iterator[None]:
    exercises.forget()
    yield
    exercises.forget()


@pytest.fixture
def asked() -> Asked:
    return Asked("00", pay(limit=10.0))


@pytest.fixture
def notebooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with an exercise that has a question `pay`, and its solution."""
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    write(tmp_path / "exercises/00_paying.ipynb", [(["answer:pay"], STUB)])
    write(
        tmp_path / "solutions/00_paying.ipynb",
        [(["answer:pay"], SOLUTION), (["answer:pay", "solution"], "It dedups."), ([], "more")],
    )
    return tmp_path


STUB = """class Pays:
    def __init__(self, db):
        self.db = db

    async def handle(self, event):
        await self.db.add("paid", event.data["amount"])  # repair this
"""
SOLUTION = "class Pays:\n    the_answer = 'insert first'"


def write(path: Path, cells: list[tuple[list[str], str]]) -> None:
    path.parent.mkdir(exist_ok=True)
    made = [
        {"cell_type": "code", "metadata": {"tags": tags}, "source": source.splitlines(True)}
        for tags, source in cells
    ]
    path.write_text(json.dumps({"cells": made}), encoding="utf-8")


# --- opening --------------------------------------------------------------------------------------


NAMES = ["01", 1, "1", " 01 ", "sync_cascade", "01_sync_cascade", "exercises/01_sync_cascade.ipynb"]


@pytest.mark.parametrize("name", NAMES)
def test_an_exercise_is_opened_by_number_or_name(name: Any) -> None:
    assert exercise(name).number == "01"


@pytest.mark.parametrize("name", ["99", "", "sync cascade", None, 7.5, "²"])
def test_an_exercise_that_does_not_exist_is_told(name: Any) -> None:
    with pytest.raises(NoSuchQuestion, match=r"there is no exercise .*there are 01 sync_cascade"):
        exercise(name)


def test_opening_again_gives_the_same_exercise_with_its_hints() -> None:
    exercise("01").place.hint()
    assert exercise("01").place.hint().endswith("(2 of 2)")


def test_a_question_that_does_not_exist_is_told() -> None:
    with pytest.raises(NoSuchQuestion, match="exercise 01 has no question 'plaice': it has place,"):
        exercise("01").plaice  # noqa: B018
    assert not hasattr(exercise("01"), "_repr_html_")


def test_an_exercise_shows_its_questions_and_how_they_stand() -> None:
    q = exercise("01")
    assert {asked.name for asked in q} <= set(dir(q))
    q.tail.check(63.4)
    lines = repr(q).splitlines()
    assert lines[0] == "Exercise 01, sync cascade"
    assert any(line.startswith("✓ 01.tail: A page asks") for line in lines)
    assert any(line.startswith("○ 01.place: Write") for line in lines)
    assert "  client: no | yes" in lines


# --- checking -------------------------------------------------------------------------------------


def test_a_verdict_is_true_only_if_the_answer_holds(asked: Asked) -> None:
    assert asked.check(PaysOnce)
    assert not asked.check(PaysTwice)
    assert not asked.check(None)
    assert not asked.check()


def test_hints_come_by_degrees_with_each_check(asked: Asked) -> None:
    hints = [asked.check(PaysTwice).hint for _ in range(3)]
    assert hints == ["Look twice. (1 of 2)", "Look thrice. (2 of 2)", "Look thrice. (2 of 2)"]
    assert asked.check(PaysOnce).hint == ""


def test_hints_can_be_asked_for(asked: Asked) -> None:
    assert asked.hint() == "Look twice. (1 of 2)"
    assert asked.hint(2) == "Look thrice. (2 of 2)"
    assert asked.hint(1) == "Look twice. (1 of 2)"
    assert repr(asked.hint()) == "Look thrice. (2 of 2)"


@pytest.mark.parametrize("number", [0, 3, 99, -1, True, "2", 1.0, ...])
def test_a_hint_that_does_not_exist_is_told(asked: Asked, number: Any) -> None:
    assert asked.hint(number) == f"There are hints 1 to 2 here, no hint {number!r}."


def test_hints_follow_the_mistake() -> None:
    place = exercise("01").place
    assert "How would stock know" in place.check(new_id_for_each_try).hint
    assert "catch CallTimeout" in place.check(one_try).hint
    assert "Send order['id']" in place.check(new_id_for_each_try).hint


def test_what_cannot_run_is_told_alike_each_time() -> None:
    asked = exercise("06").memory
    first, second = asked.check("lots"), asked.check("plenty")
    assert first.hint == second.hint == asked.hint(1)


def test_long_lines_of_a_question_break_between_words() -> None:
    shown = repr(exercise("06"))
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 100
    assert "stop publishing, drain,\n    then add one" in shown


def test_a_question_without_hints_says_so() -> None:
    asked = Asked("00", Estimate("bare", "How many?", value=lambda: 3.0))
    assert asked.hint() == asked.hint(1) == "There is no hint for this."
    assert asked.check(4).hint == ""


def test_whoever_listens_hears_each_verdict(asked: Asked) -> None:
    heard: list[Verdict] = []
    exercises.listeners.append(heard.append)
    try:
        asked.check(PaysOnce)
        asked.check(PaysTwice)
    finally:
        exercises.listeners.remove(heard.append)
    assert [verdict.outcome for verdict in heard] == ["holds", "fails"]


# --- stub and solution ----------------------------------------------------------------------------


def test_the_solution_is_shown_when_asked_for_alone(notebooks: Path, asked: Asked) -> None:
    assert asked.solution() == f"{SOLUTION}\n\nIt dedups."
    assert "the_answer" not in asked.check(PaysTwice).text + asked.check(None).text


def test_reset_gives_the_stub_and_forgets(notebooks: Path, asked: Asked) -> None:
    asked.check(PaysTwice)
    assert asked.reset() == STUB
    assert repr(asked).startswith("○ 00.pay")
    assert asked.check(PaysTwice).hint == "Look twice. (1 of 2)"


def test_a_repair_that_was_not_begun_is_not_attempted(notebooks: Path, asked: Asked) -> None:
    space: dict[str, Any] = {}
    exec(STUB, space)
    assert asked.check(space["Pays"]).outcome == "not attempted"
    exec(STUB.replace('event.data["amount"]', "10"), space)
    assert asked.check(space["Pays"]).outcome == "fails"
    exec(STUB.replace("repair this", "repaired"), space)
    assert asked.check(space["Pays"]).outcome == "not attempted"


def test_without_notebooks_there_is_a_sentence(asked: Asked) -> None:
    assert asked.solution() == (
        "There is no cell for this in solutions/00_….ipynb beside the kit: run the kit from its "
        "checkout."
    )


def test_a_broken_notebook_is_no_reason_to_fail(notebooks: Path, asked: Asked) -> None:
    (notebooks / "exercises/00_paying.ipynb").write_text("{")
    assert asked.check(PaysOnce).outcome == "holds"
    assert asked.reset().startswith("There is no cell")


# --- replay ---------------------------------------------------------------------------------------


def code_of(verdict: Verdict) -> str:
    return verdict.replay.partition('", "')[2].removesuffix('")')


def test_a_failure_is_replayed_as_its_verdict_says() -> None:
    verdict = exercise("01").place.check(new_id_for_each_try)
    assert verdict.replay.startswith('replay("01", "place:')
    picture = eval(verdict.replay, {"replay": replay})
    assert verdict.violation is not None
    assert verdict.violation.message in picture.text
    assert picture.text.splitlines()[1:] == verdict.picture.text.splitlines()[1:]  # type: ignore[union-attr]


def test_an_old_failure_is_replayed_on_the_repaired_answer() -> None:
    code = code_of(exercise("01").place.check(new_id_for_each_try))
    exercise("01").place.check(tries_by_policy)
    assert "is lost" in replay("01", code).text


def test_a_sampled_run_is_replayed_as_a_chart() -> None:
    wrong = {"client": "no", "shop": "yes", "stock": "no", "waiting": "fixed"}
    verdict = exercise("01").layers.check(wrong)
    assert "calls at the database" in replay("1", code_of(verdict)).text


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        ("01", "place:3l", "needs an answer to run: check one first"),
        ("99", "place:3l", "there is no exercise '99'"),
        ("01", "nothing:3l", "needs an answer to run"),
        ("01", "", "needs an answer to run"),
        ("01", None, "needs an answer to run"),
    ],
)
def test_a_replay_without_an_answer_is_told(number: Any, code: Any, words: str) -> None:
    with pytest.raises(PubSubKitError, match=words):
        replay(number, code)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("place:zz", "'zz' is no schedule code"),
        ("place:99l", "wants 'loss' at question 99, but this run asks only"),
        ("place:0c", "but only loss"),
        ("tail:1", "tail is a question without runs"),
    ],
)
def test_a_code_that_fits_no_run_is_told(code: str, words: str) -> None:
    exercise("01").place.check(one_try)
    exercise("01").tail.check(3)
    with pytest.raises(PubSubKitError, match=words):
        replay("01", code)


def test_a_replay_of_an_answer_that_loops_ends() -> None:
    async def loops(order: Any) -> str:
        while order:
            pass
        return "placed"

    question = pay(limit=0.3)
    asked = Asked("00", question)
    asked.check(loops)
    with pytest.raises(PubSubKitError, match="was still running"):
        asked.replay("-")


# --- how a verdict looks --------------------------------------------------------------------------

HOSTILE = '<script>alert("x")</script> & <b>'


def hostile_verdict(**parts: Any) -> Verdict:
    wrong = Violation(HOSTILE, belief=HOSTILE)
    texts = dict.fromkeys(["question", "summary", "lesson", "replay", "hint", "printed"], HOSTILE)
    return Verdict(outcome="fails", violation=wrong, note=HOSTILE, **{**texts, **parts})


class Tags(HTMLParser):
    """Collects the tags of a piece of HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found.add(tag)


def test_every_word_in_a_verdict_is_escaped() -> None:
    shown = hostile_verdict()._html()
    assert Tags(shown).found == {"div", "b", "span", "code"}
    assert shown.count("&lt;script&gt;") == 8


def test_a_verdict_is_the_same_text_each_time(asked: Asked) -> None:
    first = asked.check(PaysTwice).text
    assert first == Asked("00", pay(limit=10.0)).check(PaysTwice).text
    head, message, why, replayed, hint = first.splitlines()
    assert head == "✗ 00.pay: fails: 1 fault is enough"
    assert message == "  20 was paid, not 10."
    assert why == "  Why: At least once means: sometimes twice."
    assert re.fullmatch(r'  Replay it: replay\("00", "pay:\d+[a-z]"\)', replayed)
    assert hint == "  Hint: Look twice. (1 of 2)"


def test_what_was_printed_is_set_apart() -> None:
    verdict = hostile_verdict(printed="one\ntwo")
    assert "  Your code printed: one\n                     two" in verdict.text
    assert '<code style="white-space:pre-wrap">one\ntwo</code>' in verdict._html()


def test_a_notebook_gets_text_and_html_and_then_the_picture(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("IPython.display.display", lambda it, raw=False: shown.append(it))
    asked.check(PaysOnce)._ipython_display_()
    assert [type(it) for it in shown] == [dict]
    assert set(shown[0]) == {"text/plain", "text/html"}
    asked.check(PaysTwice)._ipython_display_()
    assert [type(it).__name__ for it in shown] == ["dict", "dict", "Picture"]


def test_a_run_that_cannot_be_drawn_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def draw(title: str) -> Any:
        raise PubSubKitError("no ink")

    verdict = hostile_verdict()
    drawn = Verdict(**{**vars(verdict), "draw": draw, "trace": Trace([("x",)])})  # type: ignore[list-item]
    monkeypatch.setattr("IPython.display.display", lambda it, raw=False: None)
    drawn._ipython_display_()
    assert capsys.readouterr().out == "This run cannot be drawn: no ink\n"


def test_an_exercise_is_a_plain_object_too() -> None:
    made = Exercise("00", "paying", [pay()])
    assert repr(made) == "Exercise 00, paying\n○ 00.pay: Pay once."
