"""The front in a notebook: what is saved is the same for all, and no button ends in an error."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit.checks.desk import journal
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.interviews.cards import notebook
from pubsub_kit.interviews.cards.book import Book
from pubsub_kit.interviews.cards.card import CardError
from pubsub_kit.interviews.cards.families.forms import Choice
from pubsub_kit.interviews.cards.notebook import Cards, cards
from pubsub_kit.show.widgets import live
from tests.interviews.cards.desk import Watch, book


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(journal.SWITCH, "on")
    monkeypatch.setattr(journal, "place", tmp_path)


@pytest.fixture
def crash(tmp_path: Path) -> Cards:
    return Cards(family="crash", book=book(tmp_path))


def press(panel: Cards, act: Any, text: Any = "") -> None:
    panel.widget._handle_custom_msg({"act": act, "text": text}, [])


def test_what_a_notebook_saves_is_the_deck_and_no_progress(crash: Cards) -> None:
    before = repr(crash)
    crash.ask()
    crash.answer("999")
    assert repr(crash) == before == crash._repr_mimebundle_()["text/plain"]
    assert repr(cards()) == repr(cards())
    assert max(map(len, repr(cards()).split("\n"))) <= 100


def test_cards_are_answered_from_code(crash: Cards) -> None:
    said = repr(crash.ask())
    assert "How many jobs are done in the" in said
    assert "broker still know" in repr(crash.hint())
    told = crash.answer("999")
    assert "✗ Not yet" in repr(told)
    assert "What happens" in repr(told)
    bundle, _ = told._repr_mimebundle_()
    assert {"text/plain", "text/html", "image/png"} <= set(bundle)


def test_a_session_that_is_over_says_when_the_next_card_is_due(crash: Cards) -> None:
    crash.skip()
    assert repr(crash.ask()) == "0 of 1 right. Nothing is due now; the next card is, in 1 minute."
    with pytest.raises(CardError, match="there is no card to answer"):
        crash.answer("1")


def test_the_widget_shows_a_card_takes_an_answer_and_goes_on(crash: Cards) -> None:
    widget = crash.widget
    assert widget.turn["stage"] == "ask"
    assert "How many jobs" in widget.turn["front"]
    assert widget.said == ""
    press(crash, "hint")
    assert "broker still know" in widget.said
    press(crash, "answer", "999")
    assert widget.turn["stage"] == "told"
    assert "✗ Not yet" in widget.said
    assert "<svg" in widget.picture
    press(crash, "next")
    assert widget.turn["stage"] == "end"
    assert widget.picture == ""
    assert "the next card is, in 1 minute" in widget.said


def test_an_answer_that_can_not_be_read_is_cleared(crash: Cards) -> None:
    counts = [crash.widget.turn.get("refused", 0)]
    for text in ("many", "", "many"):
        press(crash, "answer", text)
        counts.append(crash.widget.turn["refused"])
    assert counts == [0, 1, 2, 3]
    assert crash.widget.turn["stage"] == "ask"


@pytest.mark.parametrize("how", ["right", "wrong", "skipped"])
def test_the_options_stay_with_the_verdict_and_say_which_is_right(how: str, tmp_path: Path) -> None:
    panel = Cards(family="outbox", book=book(tmp_path))
    widget, form = panel.widget, panel.session.turn.problem.form  # type: ignore[union-attr]
    assert isinstance(form, Choice)
    assert "signs" not in widget.turn
    other = (form.index + 1) % 4
    if how == "skipped":
        press(panel, "skip")
    else:
        press(panel, "answer", "abcd"[form.index if how == "right" else other])
    assert [letter for letter, _ in widget.turn["options"]] == ["a", "b", "c", "d"]
    signs = widget.turn["signs"]
    assert signs[form.index] == ("✓ right, your answer" if how == "right" else "✓ right")
    assert signs[other] == ("✗ your answer" if how == "wrong" else "")
    press(panel, "next")
    assert "signs" not in widget.turn


def test_a_button_that_is_pressed_twice_answers_once(crash: Cards, tmp_path: Path) -> None:
    press(crash, "skip")
    press(crash, "skip")
    assert len(book(tmp_path).history()) == 1


def test_a_recap_is_looked_at_then_judged(tmp_path: Path) -> None:
    panel = Cards(lesson="00", book=book(tmp_path))
    for _ in range(20):
        if panel.widget.turn["stage"] == "said":
            break
        press(panel, "skip")
        press(panel, "next")
    assert panel.widget.turn["stage"] == "said"
    press(panel, "look", "I said it aloud")
    assert panel.widget.turn["stage"] == "judge"
    assert "the charge in one transaction" in panel.widget.said
    press(panel, "answer", "")
    assert panel.widget.turn["stage"] == "judge"
    assert "That can&#x27;t be read" in panel.widget.said
    press(panel, "answer", "y")
    assert "✓ Right" in panel.widget.said


@pytest.mark.parametrize(
    "message",
    [None, 7, "answer", {}, {"act": None}, {"act": "answer"}, {"act": "answer", "text": None},
     {"act": "answer", "text": ["a"]}, {"act": "answer", "text": "x" * 10_000_000},
     {"act": "answer", "text": "\x00"}, {"act": "boom"}, {"act": "look"}],
    ids=range(12),
)  # fmt: skip
def test_whatever_a_page_sends_is_no_traceback(message: Any, crash: Cards) -> None:
    widget = crash.widget
    widget._handle_custom_msg(message, [])
    assert widget.turn["stage"] == "ask"
    assert len(widget.said) < 300


def test_what_a_card_says_is_escaped(tmp_path: Path) -> None:
    panel = Cards(family="charges", book=book(tmp_path))
    assert "f&quot;" in panel.widget.turn["front"] or "&quot;ann" in panel.widget.turn["front"]


def test_a_damaged_log_is_a_sentence_in_the_widget(tmp_path: Path) -> None:
    first = Cards(book=book(tmp_path))
    for _ in range(3):
        first.skip()
    (log,) = [p for p in (tmp_path / "my_work" / "cards").rglob("*.log") if p.stat().st_size]
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 0xFF
    log.write_bytes(content)
    panel = Cards(book=book(tmp_path))
    assert log.name in panel.widget.said
    with pytest.raises(PubSubKitError, match=log.name):
        panel.ask()


def test_nothing_is_written_where_progress_is_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(journal.SWITCH, "off")
    (tmp_path / "my_work").mkdir()
    panel = Cards(book=Book(tmp_path, Watch()))
    panel.skip()
    assert list((tmp_path / "my_work").iterdir()) == []


@pytest.mark.parametrize("limit", [0, -1, 10**9, None, 2.5, "20", True])
def test_a_limit_that_is_none_is_refused(limit: Any) -> None:
    with pytest.raises(CardError, match="is no limit"):
        cards(limit=limit)


def test_the_widgets_module_is_javascript_that_a_browser_can_read(tmp_path: Path) -> None:
    shared = (Path(live.__file__).with_name(name) for name in ("keys.js", "gone.js"))
    keys = "".join(path.read_text(encoding="utf-8") for path in shared)
    own = Path(notebook.__file__).with_name("cards.js").read_text(encoding="utf-8")
    assert "keepKeys(input)" in own
    assert own.count("keepKeys(") >= 3
    module = tmp_path / "cards.mjs"
    module.write_text(keys + own, encoding="utf-8")
    if (node := shutil.which("node")) is not None:
        subprocess.run([node, "--check", str(module)], check=True)
