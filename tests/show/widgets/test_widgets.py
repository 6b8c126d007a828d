"""Sliders rerun a picture, questions take answers, and their words never depend on either."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import ipywidgets
import pytest

from pubsub_kit import show
from pubsub_kit.show.widgets import ask
from pubsub_kit.show.widgets.seal import seal
from pubsub_kit.world.trace import Trace
from tests.show.runs import HOSTILE, chatter


@pytest.fixture(autouse=True)
def memory() -> Iterator[ask.Memory]:
    kept, ask.store = ask.store, ask.Memory()
    yield ask.store
    ask.store = kept


def draw(messages: int = 1, name: str = "run", crowded: bool = False) -> show.Picture:
    return show.spacetime(chatter(messages), title=f"{name} {messages} {crowded}")


def parts(box: Any, kind: type) -> list[Any]:
    return [child for child in box.children if isinstance(child, kind)]


def words_of(html: str) -> str:
    return re.sub(r"<style>.*?</style>|<[^>]*>", "", html)


# --- play -----------------------------------------------------------------------------------------


def test_a_moved_slider_redraws_picture_and_words() -> None:
    played = show.play(draw, messages=show.slider(1, 9, 3))
    (slider,), (page,) = (
        parts(played.widget, ipywidgets.IntSlider),
        parts(played.widget, ipywidgets.HTML),
    )
    assert "run 3 False" in words_of(page.value)
    slider.value = 5
    assert "run 5 False" in words_of(page.value)
    assert "<svg" in page.value


def test_each_control_becomes_a_labelled_widget() -> None:
    played = show.play(
        draw,
        messages=show.slider(1, 9, label="how many"),
        name=show.choice({"a run": "a", "b run": "b"}, "b"),
        crowded=show.toggle(True),
    )
    shown = [(type(c).__name__, getattr(c, "description", "")) for c in played.widget.children]
    assert shown[:3] == [
        ("IntSlider", "how many"),
        ("Dropdown", "name"),
        ("Checkbox", "crowded"),
    ]
    assert played.values == {"messages": 1, "name": "b", "crowded": True}


@pytest.mark.parametrize(
    ("ends", "said"),
    [((3, 1), "low must be below high"), (("1", "9"), "each of them must be a number")],
)
def test_a_slider_without_a_range_is_refused(ends: tuple[Any, Any], said: str) -> None:
    with pytest.raises(show.PictureError, match=said):
        show.slider(*ends)


def test_a_slider_between_fractions_has_fractions() -> None:
    seen = []

    def keep(x: float) -> show.Picture:
        seen.append(x)
        return draw()

    played = show.play(keep, x=show.slider(0.0, 1.0, 0.5, step=0.05))
    (slider,) = parts(played.widget, ipywidgets.FloatSlider)
    slider.value = 0.55
    assert seen == [0.5, 0.55]
    assert slider.readout_format == ".2f"


def test_static_viewers_and_tests_get_the_first_picture_and_its_settings() -> None:
    played = show.play(draw, messages=show.slider(1, 9, 3))
    data, about = played._repr_mimebundle_()
    assert data["text/plain"] == f"with messages = 3\n{draw(3).text}"
    assert set(data) == {"text/plain", "image/png", "application/vnd.jupyter.widget-view+json"}
    assert about["image/png"]["alt"] == draw(3).alt
    played.set(messages=7)
    assert played._repr_mimebundle_()[0]["text/plain"] == data["text/plain"]
    assert played._repr_mimebundle_()[0]["image/png"] == data["image/png"]


def test_controls_can_be_moved_from_code() -> None:
    played = show.play(draw, messages=show.slider(1, 9, 3))
    (slider,) = parts(played.widget, ipywidgets.IntSlider)
    played.set(messages=8)
    assert slider.value == 8
    assert played.picture is not None
    assert played.picture.title == "run 8 False"
    with pytest.raises(show.PictureError, match="no control 'speed'; there are: messages"):
        played.set(speed=1)


def test_an_error_in_draw_is_one_sentence_and_the_next_setting_is_drawn() -> None:
    def picky(n: int) -> show.Picture:
        if n == 2:
            raise ValueError("two is\nno good <b>")
        return draw(n)

    played = show.play(picky, n=show.slider(1, 9, 2))
    (page,) = parts(played.widget, ipywidgets.HTML)
    said = "This setting did not run: ValueError: two is no good"
    assert said in words_of(page.value)
    assert "<b>" not in page.value
    assert played.text.splitlines()[1] == f"{said} <b>"
    played.set(n=3)
    assert "run 3" in page.value


def test_draw_must_return_a_picture() -> None:
    played = show.play(lambda: 42)  # type: ignore[arg-type, return-value]
    assert played.text == "draw() must return a picture; it returned int."


@pytest.mark.parametrize(
    "make",
    [
        lambda: show.slider(3, 1),
        lambda: show.slider(0, 1, 2),
        lambda: show.choice([]),
        lambda: show.choice(["a"], "b"),
        lambda: show.play(draw, messages=(1, 9)),  # type: ignore[arg-type]
    ],
)
def test_a_control_that_makes_no_sense_is_refused(make: Any) -> None:
    with pytest.raises(show.PictureError):
        make()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text_in_the_page(name: str) -> None:
    trace = Trace()
    trace.add(0, "send", name, name + "2", "m", name)
    played = show.play(lambda: show.spacetime(trace, title=name, caption=name))
    (page,) = parts(played.widget, ipywidgets.HTML)
    assert "<script" not in page.value
    assert set(re.findall(r"<(\w+)", page.value)) <= {
        *("svg", "title", "desc", "rect", "path", "circle", "text", "pre")
    }


# --- predict and compare --------------------------------------------------------------------------


def test_a_prediction_is_committed_then_compared(memory: ask.Memory) -> None:
    asked = show.predict("How many calls?", ["4", "64"], key="calls")
    radio, button, said = asked.widget.children[1:]
    assert button.disabled
    radio.value = "b"
    button.click()
    assert memory.answers == {"predict/calls": "b"}
    assert (
        words_of(said.value) == "Committed to b). Press Shift+Enter to go on and see what happens."
    )
    assert repr(show.compare("calls", 64)) == "✓ As you predicted: b) 64"
    assert repr(show.compare("calls", "a")).startswith(
        "✗ You predicted b) 64. What happened: a) 4\n"
    )


def test_a_long_comparison_breaks_between_words(memory: ask.Memory) -> None:
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


def test_a_cell_that_runs_again_keeps_the_choice(memory: ask.Memory) -> None:
    for make in (
        lambda: show.predict("How many calls?", ["4", "64"], key="calls"),
        lambda: show.quiz("Why?", ["x", "y"], "a", "since x", key="calls"),
    ):
        _, radio, button, said = make().widget.children
        assert (radio.value, button.disabled, said.value) == (None, True, "")
        radio.value = "b"
        button.click()
        _, again, button, told = make().widget.children
        assert (again.value, button.disabled) == ("b", False)
        assert told.value == said.value


def test_an_answer_to_a_question_that_has_changed_is_left_alone(memory: ask.Memory) -> None:
    memory("predict/calls", "f")
    _, radio, _, _ = show.predict("How many calls?", ["4", "64"], key="calls").widget.children
    assert radio.value is None
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


def test_each_wrong_option_has_its_own_reason(memory: ask.Memory) -> None:
    why = {"a": "Loss is not the only cause.", "Certain": "Any ack can be lost."}
    asked = show.quiz("Duplicates are …", ["Rare", "Certain"], "b", why, key="dup")
    radio, button, said = asked.widget.children[1:]
    radio.value = "a"
    button.click()
    assert words_of(said.value) == "✗ Not a). Loss is not the only cause. Try again."
    radio.value = "b"
    button.click()
    assert words_of(said.value) == "✓ Right, b). Any ack can be lost."
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
    head, radio, button, said = asked.widget.children
    radio.value = "b"
    button.click()
    for html in (head.value, said.value):
        assert set(re.findall(r"<(\w+)", html)) <= {"b", "code", "br", "style", "div"}
