"""Sliders rerun a picture, whatever a run does, and what is compared never depends on them."""

from __future__ import annotations

import itertools
import re
import sys
from typing import Any

import pytest

from pubsub_kit import show
from pubsub_kit.show.widgets import live, play
from pubsub_kit.world.trace import Trace
from tests.show.runs import HOSTILE, chatter, retry_charges_twice


def draw(messages: int = 1, name: str = "run", crowded: bool = False) -> show.Picture:
    return show.spacetime(chatter(messages), title=f"{name} {messages} {crowded}")


def move(played: play.Playground, **sent: Any) -> None:
    """Send what the page sends when a control moves."""
    played.widget.values = {**played.widget.values, **sent}


def said(played: play.Playground) -> list[str]:
    """Return what the page says beside the picture, to eyes and to a screen reader."""
    return [line for line, _ in played.widget.shown["words"]]


def test_a_moved_slider_redraws_picture_and_words() -> None:
    played = show.play(draw, messages=show.slider(1, 9, 3))
    assert said(played)[0] == "run 3 False"
    move(played, messages=5)
    assert said(played)[0] == "run 5 False"
    assert ">run 5 False</text>" in played.widget.shown["picture"]


def test_what_the_picture_says_itself_is_for_a_screen_reader_alone() -> None:
    played = show.play(lambda: show.spacetime(retry_charges_twice(), title="Twice", caption="Why?"))
    drawn = dict(played.widget.shown["words"])
    assert [line for line, by_picture in drawn.items() if not by_picture] == [
        "shop, bank: 4 messages (1 lost), 1 timeout, 2 state changes in 370 ms"
    ]
    assert drawn["fault 1: 60 ms · charged is lost (bank → shop)"]
    assert drawn["Twice"]
    assert drawn["Why?"]
    # The words stand beside it, so the picture's own name is short.
    assert "fault 1" not in re.findall(r'aria-label="[^"]*"', played.widget.shown["picture"])[1]


def test_each_control_is_described_with_its_label_and_range() -> None:
    played = show.play(
        draw,
        messages=show.slider(1, 9, label="how many"),
        name=show.choice({"a run": "a", "b run": "b"}, "b"),
        crowded=show.toggle(True),
    )
    number, option, yes = played.widget.controls
    assert number == {
        **{"name": "messages", "kind": "slider", "label": "how many"},
        **{"low": 1, "high": 9, "step": 1, "digits": 0},
    }
    assert (option["label"], option["options"]) == ("name", ["a run", "b run"])
    assert (yes["kind"], yes["label"]) == ("toggle", "crowded")
    assert played.widget.values == {"messages": 1, "name": 1, "crowded": True}
    assert played.values == {"messages": 1, "name": "b", "crowded": True}
    move(played, name=0, crowded=False)
    assert played.values == {"messages": 1, "name": "a", "crowded": False}


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
    move(played, x=0.55)
    assert seen == [0.5, 0.55]
    assert played.widget.controls[0]["digits"] == 2


def test_a_slider_between_whole_numbers_gives_whole_numbers() -> None:
    played = show.play(draw, messages=show.slider(1, 9))
    move(played, messages=4.0)
    assert type(played.values["messages"]) is int


@pytest.mark.parametrize("sent", ["many", None, [], float("nan")])
def test_what_is_no_value_moves_nothing(sent: Any) -> None:
    played = show.play(draw, messages=show.slider(1, 9, 3), name=show.choice(["a", "b"]))
    move(played, messages=sent, name=7)
    assert played.values == {"messages": 3, "name": "a"}


def test_static_viewers_and_tests_get_the_first_picture_and_its_settings() -> None:
    played = show.play(draw, messages=show.slider(1, 9, 3))
    data, about = played._repr_mimebundle_()
    assert data["text/plain"] == f"with messages = 3\n{draw(3).text}"
    widget = "application/vnd.jupyter.widget-view+json"
    assert set(data) == {"text/plain", "text/html", "image/png", widget}
    assert about["image/png"]["alt"] == draw(3).alt
    played.set(messages=7)
    assert played._repr_mimebundle_()[0]["text/plain"] == data["text/plain"]
    assert played._repr_mimebundle_()[0]["image/png"] == data["image/png"]


def test_controls_can_be_moved_from_code() -> None:
    played = show.play(draw, messages=show.slider(1, 9, 3))
    assert played.widget.values == {"messages": 3}
    played.set(messages=8)
    assert played.widget.values == {"messages": 8}
    assert played.picture is not None
    assert played.picture.title == "run 8 False"
    with pytest.raises(show.PictureError, match="no control 'speed'; there are: messages"):
        played.set(speed=1)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"messages": 99}, "messages=99 is outside its range, 1 to 9."),
        ({"messages": "3"}, "messages='3' is no number."),
        ({"name": "c"}, "name='c' is not among its options: a, b."),
        ({"crowded": 1}, "crowded=1 is neither True nor False."),
    ],
)
def test_a_value_that_a_control_does_not_have_is_refused_and_moves_none(
    values: dict[str, Any], why: str
) -> None:
    controls = {"messages": show.slider(1, 9, 3), "name": show.choice(["a", "b"])}
    played = show.play(draw, **controls, crowded=show.toggle())
    with pytest.raises(show.PictureError, match=re.escape(why)):
        played.set(**{"messages": 5, **values})
    assert played.values == {"messages": 3, "name": "a", "crowded": False}


def test_an_error_in_draw_is_one_sentence_and_the_next_setting_is_drawn() -> None:
    def picky(n: int) -> show.Picture:
        if n == 2:
            raise ValueError("two is\nno good <b>")
        return draw(n)

    played = show.play(picky, n=show.slider(1, 9, 2))
    words = "This setting did not run: ValueError: two is no good <b>"
    assert played.widget.shown["words"] == [[words, False]]
    assert played.widget.shown["picture"] == ""
    assert "<b>" not in played.html()
    assert played.text.splitlines()[1] == words
    move(played, n=3)
    assert ">run 3 False</text>" in played.widget.shown["picture"]


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("fails", "words"),
    [
        (lambda: sys.exit(3), "This setting did not run: SystemExit: 3"),
        (lambda: sys.exit(), "This setting raised SystemExit."),
        (lambda: fail(KeyboardInterrupt()), "This setting raised KeyboardInterrupt."),
        (lambda: fail(GeneratorExit("end")), "This setting did not run: GeneratorExit: end"),
        (lambda: fail(Unspeakable()), "This setting raised Unspeakable."),
    ],
)
def test_whatever_a_setting_raises_the_kernel_lives_and_says_it(fails: Any, words: str) -> None:
    played = show.play(lambda n: fails() if n == 2 else draw(n), n=show.slider(1, 9, 1))
    move(played, n=2)
    assert said(played) == [words]
    move(played, n=3)
    assert said(played)[0] == "run 3 False"


def fail(error: BaseException) -> None:
    raise error


def test_an_interrupt_of_the_cell_stays_the_cells() -> None:
    with pytest.raises(KeyboardInterrupt):
        show.play(lambda: fail(KeyboardInterrupt()))  # type: ignore[arg-type, return-value]


def test_an_error_while_the_picture_is_drawn_is_a_sentence_too() -> None:
    class Broken(show.Picture):
        def pieces(self, theme: str) -> Any:
            raise ZeroDivisionError("no paper")

    played = show.play(lambda n: Broken(draw().drawing, "words"), n=show.slider(1, 9))
    assert said(played) == ["This setting did not run: ZeroDivisionError: no paper"]


@pytest.mark.parametrize(("seconds", "slow"), [(0.01, False), (0.2, True)])
def test_a_slow_redraw_waits_until_the_slider_is_let_go(
    monkeypatch: pytest.MonkeyPatch, seconds: float, slow: bool
) -> None:
    played = show.play(draw, messages=show.slider(1, 9, 3))
    assert "slow" in played.widget.shown
    ticks = itertools.count()
    monkeypatch.setattr(play, "perf_counter", lambda: next(ticks) * seconds)
    move(played, messages=5)
    assert played.widget.shown["slow"] is slow


def test_each_move_is_answered_even_where_it_gives_the_same_picture() -> None:
    played = show.play(lambda n: draw(), n=show.slider(1, 9))
    before = played.widget.shown
    move(played, n=2)
    assert played.widget.shown != before
    assert played.widget.shown["picture"] == before["picture"]


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
    page, still = played.html(), played._repr_mimebundle_()[0]["text/html"]
    known = {*("svg", "title", "desc", "rect", "path", "circle", "text", "pre", "div", "img")}
    for html in (page, still):
        assert "<script" not in html
        assert set(re.findall(r"<(\w+)", html)) <= known


# --- a cell that is run again ---------------------------------------------------------------------


def run_cell(monkeypatch: pytest.MonkeyPatch, cell: str, low: int = 1) -> play.Playground:
    monkeypatch.setattr(live, "cell", lambda: cell)
    return show.play(draw, messages=show.slider(low, 9, 3))


def test_a_cell_that_is_run_again_keeps_its_sliders(monkeypatch: pytest.MonkeyPatch) -> None:
    move(run_cell(monkeypatch, "a1"), messages=7)
    again = run_cell(monkeypatch, "a1")
    assert again.values == {"messages": 7}
    assert again.widget.values == {"messages": 7}
    assert again.picture is not None
    assert again.picture.title == draw(7).title


@pytest.mark.parametrize(("cell", "low"), [("b2", 1), ("a2", 2), ("", 1)])
def test_another_cell_or_other_controls_begin_where_they_say(
    monkeypatch: pytest.MonkeyPatch, cell: str, low: int
) -> None:
    move(run_cell(monkeypatch, "a2" if cell else ""), messages=7)
    assert run_cell(monkeypatch, cell, low).values == {"messages": 3}


def test_outside_of_a_notebook_there_is_no_cell() -> None:
    assert live.cell() == ""
