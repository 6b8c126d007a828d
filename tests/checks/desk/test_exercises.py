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
from pubsub_kit.checks.desk.exercises import LESSONS, Asked, Exercise, NoSuchQuestion
from pubsub_kit.checks.forms import sources
from pubsub_kit.checks.forms.estimate import Estimate
from pubsub_kit.checks.forms.verdict import Verdict
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Trace
from tests.checks.questions import PaysOnce, pay
from tests.mistakes import lesson
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


def test_a_demonstration_is_told_apart_from_the_exercise() -> None:
    q, demo = exercise("01"), exercise("01", demo=True)
    assert demo is exercise(1, demo=True)
    assert demo is not q
    demo.tail.check(63.4)
    assert "nothing of it counts" in repr(demo).splitlines()[0]
    assert repr(demo.tail).startswith("✓")
    assert repr(q.tail).startswith("○")


def test_a_question_that_is_not_asked_for_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exercises, "only", frozenset({"01.tail"}))
    q = exercise("01")
    assert q.tail.check(63.4)
    left = q.chain.check("129 minutes")
    assert (left.outcome, bool(left)) == ("not attempted", False)
    assert left.summary == "not checked this time: others were asked for"


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
    assert "Which id stays the same" in place.check(new_id_for_each_try).hint
    assert "How many messages may be lost" in place.check(one_try).hint
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


def lines_of(verdict: Verdict) -> list[str]:
    picture = verdict.picture
    assert picture is not None
    return picture.text.splitlines()


def test_a_failure_is_replayed_as_its_verdict_says_in_the_same_words() -> None:
    q = exercise("01")
    verdict = q.place.check(new_id_for_each_try)
    assert verdict.replay == 'q.place.replay("1r")'
    picture = eval(verdict.replay, {"q": q})
    assert verdict.violation is not None
    assert verdict.violation.message in picture.text
    assert picture.text.splitlines() == lines_of(verdict)
    assert picture.text.startswith("01.place: the shortest run that breaks it")
    assert replay("01", "place:1r").text == picture.text


def test_an_old_failure_is_replayed_on_the_repaired_answer() -> None:
    q = exercise("01")
    code = q.place.check(new_id_for_each_try).code
    q.place.check(tries_by_policy)
    assert q.place.replay(code).text.startswith(f"01.place, run {code}\n")
    assert "is lost" in replay("01", f"place:{code}").text


def test_a_sampled_run_is_replayed_as_a_chart() -> None:
    wrong = {"client": "no", "shop": "yes", "stock": "no", "waiting": "fixed"}
    q = exercise("01")
    verdict = q.layers.check(wrong)
    assert "calls to the database" in eval(verdict.replay, {"q": q}).text
    assert eval(verdict.replay, {"q": q}).text.splitlines() == lines_of(verdict)


class Raises(PaysOnce):
    async def handle(self, event: Event) -> None:
        await self.db.add("paid", event.data["price"])


class NeverAwaits(PaysOnce):
    async def handle(self, event: Event) -> None:
        await self.db.get("paid")
        self.db.add("paid", event.data["amount"])


class NeverEnds(PaysOnce):
    async def handle(self, event: Event) -> None:
        while True:
            await self.db.get("paid")


@pytest.mark.parametrize("answer", [PaysTwice, Raises, NeverAwaits, NeverEnds])
def test_whatever_a_verdict_says_its_picture_and_its_replay_say_too(answer: Any) -> None:
    asked = Asked("00", pay(limit=10.0))
    verdict = asked.check(answer)
    assert verdict.violation is not None
    said = " ".join(" ".join(lines_of(verdict)).split())
    assert verdict.violation.message in said
    assert asked.replay(verdict.code).text.splitlines() == lines_of(verdict)


@pytest.mark.parametrize("key", LESSONS)
def test_the_line_that_a_verdict_prints_works_in_each_exercise_as_it_is_given(key: str) -> None:
    (path,) = (sources.ROOT / "exercises").glob(f"{key}_*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    (opening,) = [cell for cell in code if "exercise(" in cell]
    space: dict[str, Any] = {}
    exec(opening, space)
    for mistake in lesson(key).mistakes:
        verdict = getattr(space["q"], mistake.question).check(mistake.answer)
        if verdict.replay:
            break
    assert eval(verdict.replay, space).text.splitlines() == lines_of(verdict)


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (
            "01",
            "place:3l",
            r"q\.place\.replay\('3l'\) needs an answer to run, and none was checked",
        ),
        ("99", "place:3l", "there is no exercise '99'"),
        ("01", "nothing:3l", "names no question: write one of place, budget, "),
        ("01", "", "names no question"),
        ("01", None, "names no question"),
    ],
)
def test_a_replay_without_an_answer_is_told(number: Any, code: Any, words: str) -> None:
    with pytest.raises(PubSubKitError, match=words):
        replay(number, code)


@pytest.mark.parametrize("answer", [None, ..., "stub"])
def test_a_replay_after_a_kernel_was_restarted_says_what_to_do(answer: Any) -> None:
    asked = exercise("01").place
    if answer != "stub":
        asked.check(answer)
    with pytest.raises(NoSuchQuestion, match="since this kernel was started: run the cells of you"):
        asked.replay("3l")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("place:zz", "'zz' is no schedule code"),
        ("place:99l", "wants 'loss' at question 99, but this run asks only"),
        ("place:0c", "but only loss"),
        ("place:" + "9" * 400, "is no schedule code"),
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
    assert "was still running" in asked.replay("-").text


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
    assert re.fullmatch(r'  Replay it: q\.pay\.replay\("\d+[a-z]"\)', replayed)
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
    assert [type(it).__name__ for it in shown] == ["dict", "dict", "RunPicture"]


def test_a_run_that_cannot_be_drawn_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def draw(title: str, wrong: Violation) -> Any:
        raise PubSubKitError("no ink")

    verdict = hostile_verdict()
    drawn = Verdict(**{**vars(verdict), "draw": draw, "trace": Trace([("x",)])})  # type: ignore[list-item]
    monkeypatch.setattr("IPython.display.display", lambda it, raw=False: None)
    drawn._ipython_display_()
    assert capsys.readouterr().out == "This run cannot be drawn: no ink\n"


def test_an_exercise_is_a_plain_object_too() -> None:
    made = Exercise("00", "paying", [pay()])
    assert repr(made) == "Exercise 00, paying\n○ 00.pay: Pay once."
