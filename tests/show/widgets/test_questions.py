"""Questions take answers, by button and from code, and their words never depend on them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from pubsub_kit import show
from pubsub_kit.show.widgets import ask
from pubsub_kit.show.widgets.seal import seal
from tests.show.runs import HOSTILE


class Memory:
    """Keeps answers for as long as this Python runs."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}

    def __call__(self, key: str, answer: str | None = None) -> str | None:
        """Keep the answer if there is one; return the latest under the key."""
        if answer is not None:
            self.answers[key] = answer
        return self.answers.get(key)


@pytest.fixture(autouse=True)
def memory() -> Iterator[Memory]:
    kept, ask.store = ask.store, Memory()
    yield ask.store
    ask.store = kept


def press(asked: ask.Question, letter: object) -> str:
    """Send what the page's button sends, and return what the page then says."""
    asked.widget._handle_custom_msg({"answer": letter}, [])
    return words_of(asked.widget.said)


def words_of(html: str) -> str:
    return re.sub(r"<[^>]*>", "", html)


# --- predict and compare --------------------------------------------------------------------------


def test_a_prediction_is_committed_then_compared(memory: Memory) -> None:
    asked = show.predict("How many calls?", ["4", "64"], key="calls")
    assert (asked.widget.chosen, asked.widget.said) == ("", "")
    said = press(asked, "b")
    assert memory.answers == {"predict/calls": "b"}
    assert said == "Committed to b). Press Shift+Enter to go on and see what happens."
    assert repr(show.compare("calls", 64)) == "✓ As you predicted: b) 64"
    assert repr(show.compare("calls", "a")).startswith(
        "✗ You predicted b) 64. What happened: a) 4\n"
    )


def test_a_long_comparison_breaks_between_words(memory: Memory) -> None:
    show.predict("How?", ["slow " * 12, "dear " * 12], key="how").answer("a")
    told = repr(show.compare("how", "b"))
    assert max(map(len, told.splitlines())) <= 100


def test_without_a_prediction_the_outcome_is_told_alone() -> None:
    show.predict("How many calls?", ["4", "64"], key="calls")
    assert repr(show.compare("calls", "64")) == "○ You made no prediction. What happened: b) 64"


def test_an_outcome_that_was_no_option_is_told_without_a_verdict() -> None:
    asked = show.predict("How many calls?", ["4", "64"], key="calls")
    show.answer("calls", "64")
    assert repr(asked.reveal(63.5)) == "You predicted b) 64. What happened: 63.5"


def test_what_a_question_prints_does_not_depend_on_its_answer() -> None:
    asked = show.predict("How many calls?", ["4", "64"], key="calls")
    before = asked._repr_mimebundle_()["text/plain"]
    asked.answer("b")
    assert asked._repr_mimebundle_()["text/plain"] == before == repr(asked)
    assert before.splitlines() == [
        "How many calls?",
        "  a) 4",
        "  b) 64",
        'Commit to an answer first. In code: show.answer("calls", "a")',
    ]


def test_an_option_may_stand_for_what_a_run_computes() -> None:
    show.predict("How many copies?", {"none at all": 0, "its own": 1}, key="copies").answer("b")
    assert repr(show.compare("copies", len(["tea"]))) == "✓ As you predicted: b) its own"
    assert "b) its own. What happened: a) none" in repr(show.compare("copies", 0))


def test_a_cell_that_runs_again_keeps_the_choice(memory: Memory) -> None:
    for make in (
        lambda: show.predict("How many calls?", ["4", "64"], key="calls"),
        lambda: show.quiz("Why?", ["x", "y"], "a", "since x", key="calls"),
    ):
        said = press(make(), "b")
        again = make().widget
        assert (again.chosen, words_of(again.said)) == ("b", said)


def test_an_answer_to_a_question_that_has_changed_is_left_alone(memory: Memory) -> None:
    memory("predict/calls", "f")
    asked = show.predict("How many calls?", ["4", "64"], key="calls")
    assert asked.widget.chosen == ""
    assert "no prediction" in repr(show.compare("calls", "a"))


def test_a_question_that_was_not_asked_cannot_be_compared() -> None:
    with pytest.raises(show.QuestionError, match="There is no prediction 'nowhere'"):
        show.compare("nowhere", 1)


def test_another_store_keeps_the_answers_elsewhere() -> None:
    kept: list[tuple[str, str]] = []

    def store(key: str, answer: str | None = None) -> str | None:
        kept.extend([(key, answer)] if answer is not None else [])
        return kept[-1][1] if kept else None

    ask.store = store
    show.predict("How many calls?", ["4", "64"], key="calls").answer("a")
    assert kept == [("predict/calls", "a")]
    assert repr(show.compare("calls", "a")) == "✓ As you predicted: a) 4"


# --- quiz -----------------------------------------------------------------------------------------


def test_each_wrong_option_has_its_own_reason(memory: Memory) -> None:
    why = {"a": "Loss is not the only cause.", "Certain": "Any ack can be lost."}
    asked = show.quiz("Duplicates are …", ["Rare", "Certain"], "b", why, key="dup")
    assert press(asked, "a") == "✗ Not a). Loss is not the only cause. Try again."
    assert press(asked, "b") == "✓ Right, b). Any ack can be lost."
    assert memory.answers == {"quiz/dup": "b"}


def test_a_sealed_quiz_answers_as_an_open_one() -> None:
    why = {"a": "Loss isn't it.", "b": "Any “ack” can be lost."}
    word = seal("b", why)
    assert word.isascii()
    assert "ack" not in word
    asked = show.quiz("Duplicates are …", ["Rare", "Certain"], sealed=word)
    assert repr(asked.answer("a")) == "✗ Not a). Loss isn't it. Try again."
    assert repr(asked.answer("b")) == "✓ Right, b). Any “ack” can be lost."


def test_a_quiz_does_not_print_its_answer() -> None:
    asked = show.quiz("Why?", ["since x", "since y"], "b", "because of y")
    assert "because of y" not in repr(asked)


@pytest.mark.parametrize(
    "make",
    [
        lambda: show.quiz("Why?", ["only one"], "a"),
        lambda: show.quiz("Why?", ["x", "y"], "c"),
        lambda: show.quiz("Why?", ["x", "y"], "a", {"z": "no such option"}),
        lambda: show.predict("Why?", ["x", "y"], key="k").answer("c"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(make: Any) -> None:
    with pytest.raises(show.QuestionError):
        make()


@pytest.mark.parametrize("name", [name for name in HOSTILE if name])
def test_hostile_questions_stay_text_in_the_page(name: str) -> None:
    asked = show.quiz(f"{name}?", [f"1 {name}", f"2 {name}"], "a", {"a": name, "b": name})
    press(asked, "b")
    page = asked.widget
    for html in (page.question, page.said, *(option for _, option in page.options)):
        assert set(re.findall(r"<(\w+)", html)) <= {"code", "br"}


@pytest.mark.parametrize("letter", ["z", None, 3, ["a"]])
def test_what_is_no_option_is_not_kept(memory: Memory, letter: Any) -> None:
    asked = show.quiz("Why?", ["x", "y"], "a", key="why")
    assert press(asked, letter) == ""
    assert memory.answers == {}


def test_an_answer_that_cannot_be_kept_is_said_in_a_sentence() -> None:
    def full(key: str, answer: str | None = None) -> str | None:
        if answer is not None:
            raise OSError("no space left")
        return None

    ask.store = full
    said = press(show.quiz("Why?", ["x", "y"], "a"), "b")
    assert said == "Your answer was not kept: no space left"


def test_an_option_keeps_its_code_in_the_page() -> None:
    page = show.quiz("Is `ack()` one?", ["`a < b`", "y"], "a").widget
    assert page.question == "Is <code>ack()</code> one?"
    assert page.options[0] == ["a", "a) <code>a &lt; b</code>"]


FORMS = [
    "from pubsub_kit import Broker, exercise, show",
    "from pubsub_kit import show, exercise",
    "from pubsub_kit.feed import Arena\nfrom pubsub_kit import show",
    "import pubsub_kit.show as show",
]
KEEPS = """
show.predict("How many?", ["one", "two"], key="kept").answer("b")
from pubsub_kit.checks.desk.journal import history
print([fact.data for fact in history()])
"""


@pytest.mark.parametrize("imports", FORMS)
def test_a_prediction_reaches_the_journal_however_show_was_imported(imports: str) -> None:
    program = f"{imports}\n{KEEPS}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[{'key': 'predict/kept', 'answer': 'b'}]\n"


@pytest.mark.parametrize("sealed", ["%%%", "aGVsbG8=", 7])
def test_a_broken_seal_is_one_sentence(sealed: Any) -> None:
    with pytest.raises(show.QuestionError, match="is broken: copy its cell"):
        show.quiz("Who?", ["a", "b"], sealed=sealed)


@pytest.mark.parametrize("options", [None, 3, "ab"])
def test_options_that_are_none_are_one_sentence(options: Any) -> None:
    with pytest.raises(show.QuestionError, match="needs a list of options"):
        show.predict("Who?", options, key="who")
