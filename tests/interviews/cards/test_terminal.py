"""The front in a terminal: by keys or by pipe, and never a traceback."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pubsub_kit import options
from pubsub_kit.checks.desk import journal
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.interviews.cards import terminal
from pubsub_kit.interviews.cards.card import CALLED, KINDS, CardError
from pubsub_kit.interviews.cards.deck import deck
from pubsub_kit.interviews.cards.families.forms import Said
from pubsub_kit.interviews.cards.families.registry import FAMILIES
from pubsub_kit.interviews.cards.terminal import folded, main
from tests.interviews.cards.desk import Watch, book

Run = Callable[..., str]


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(journal.SWITCH, "on")
    monkeypatch.setattr(journal, "place", tmp_path)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def ran(*argv: str, typed: str = "", watch: Watch | None = None) -> str:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        assert main(argv, tmp_path, watch or Watch()) == 0
        return capsys.readouterr().out

    return ran


def test_a_right_answer_is_told_with_its_reason_and_the_time_of_the_next(run: Run) -> None:
    problem = FAMILIES["tail"].problem(0)
    said = run("--family", "tail", typed=f"{problem.form.right}\n")
    assert folded(problem.front) in said
    assert "✓ Right" in said
    assert "Again in 10 minutes." in said
    assert "1 of 1 right; each answer is kept. Nothing else is due" in said


def test_a_wrong_answer_is_told_with_the_run_that_decides(run: Run) -> None:
    said = run("--family", "charges", typed="12345\n")
    assert "✗ Not yet. The answer:" in said
    assert "What happens" in said
    assert "0 of 1 right" in said


def test_the_answer_is_not_shown_before_one_was_given(run: Run) -> None:
    problem = FAMILIES["charges"].problem(0)
    said = run("--family", "charges", typed="?\nx\n")
    assert f"Hint: {problem.hint.split()[0]}" in said
    assert problem.back.split(".")[0] not in said


def test_what_can_not_be_read_is_asked_again(run: Run) -> None:
    said = run("--family", "tail", typed="\nmany\n\x1b[2J\n63 MB\nq\n")
    assert said.count("That can't be read") == 4
    assert "\x1b" not in said
    assert "Stopped. Nothing was answered." in said


def test_a_card_can_be_given_up(run: Run) -> None:
    assert "✗ Not yet" in run("--family", "tail", typed="s\n")


JUDGED = next(c for c in deck() if c.kind == "recap" and isinstance(c.problem(0).form, Said))


def test_a_recap_is_said_aloud_and_judged_by_yourself(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the look neither Enter nor a word is a judgement."""
    monkeypatch.setattr(terminal, "deck", lambda: (JUDGED,))
    said = run(typed="duplicates are certain\n\nmaybe\ny\n")
    assert folded(JUDGED.problem(0).form.right) in said
    assert "Did you have it? y or n" in said
    assert said.count("That can't be read") == 2
    assert "'maybe' is neither y nor n" in said
    assert "1 of 1 right" in said


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_is_announced_in_words_that_a_newcomer_knows(
    kind: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = next(card for card in deck() if card.kind == kind)
    monkeypatch.setattr(terminal, "deck", lambda: (card,))
    said = run(typed="q\n")
    assert f"1 of 20, lesson {card.lesson}, {CALLED[kind]}\n" in said
    assert f", {kind}\n" not in said


class Interrupted(io.StringIO):
    """Input at whose end somebody presses Ctrl-C."""

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]
        line = super().readline() if size is None else super().readline(size)
        if not line:
            raise KeyboardInterrupt
        return line


@pytest.mark.parametrize(
    ("argv", "words"),
    [(["--check", "before"], "What you answered is kept; the same command asks the rest."),
     (["--family", "tail"], "0 of 1 right; each answer is kept."),
     (["--family", "lease"], "0 of 1 right; each answer is kept.")],
)  # fmt: skip
def test_ctrl_c_says_that_the_answers_are_kept(
    argv: list[str], words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    watch = Watch()
    ticking = iter(range(0, 10**6, 61))
    monkeypatch.setattr(Watch, "__call__", lambda self: self.at + next(ticking))
    monkeypatch.setattr(sys, "stdin", Interrupted("s\n"))
    assert main(argv, tmp_path, watch) == 130
    assert capsys.readouterr().out.endswith(f"\nStopped. {words}\n")
    assert len(book(tmp_path, watch).history()) == 1


def test_the_end_of_the_input_ends_the_session_in_a_sentence(run: Run) -> None:
    assert run(typed="").endswith("Stopped. Nothing was answered.\n")


def test_a_limit_ends_a_session(run: Run) -> None:
    assert "0 of 3 right; each answer is kept." in run("--limit", "3", typed="s\ns\ns\ns\n" * 3)


def test_what_was_answered_is_not_asked_again_at_once(run: Run) -> None:
    watch = Watch()
    run("--family", "tail", typed="s\n", watch=watch)
    said = run("--family", "tail", typed="s\n", watch=watch)
    assert "Nothing was answered. Nothing else is due; the next card is, in 1 minute." in said


def test_a_line_of_ten_megabytes_is_refused_and_the_next_one_read(run: Run) -> None:
    said = run("--family", "tail", typed="9" * 10_000_000 + "\ns\n")
    assert said.count("That can't be read") == 1
    assert "✗ Not yet" in said


def test_a_closed_input_gets_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    closed = io.StringIO()
    closed.close()
    for stdin in (None, closed):
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(CardError, match="no input to read answers from"):
            main([], tmp_path, Watch())


def test_bytes_that_are_no_text_are_no_traceback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = io.TextIOWrapper(io.BytesIO(b"\xff\xfe\x00\ns\n"), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", raw)
    assert main(["--family", "tail"], tmp_path, Watch()) == 0
    assert "✗ Not yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    "argv",
    [["--lesson", "77"], ["--family", "tial"], ["--export", "deck.txt"], ["--export", ""],
     ["--export", "/no/such/folder/deck.csv"], ["--gains", "--export", "deck.csv"]],
    ids=["lesson", "family", "suffix", "nothing", "folder", "gains"],
)  # fmt: skip
def test_what_can_not_be_done_gets_a_sentence(argv: list[str], tmp_path: Path) -> None:
    with pytest.raises(PubSubKitError) as refused:
        main(argv, tmp_path, Watch())
    assert "\n" not in str(refused.value) or "complete" in str(refused.value)


@pytest.mark.parametrize(
    "argv",
    [["--limit", "0"], ["--limit", "x"], ["--limit", "9" * 5000], ["--check", "now"], ["word"]],
    ids=["none", "text", "many", "check", "word"],
)
def test_options_that_make_no_sense_are_refused_before_anything_happens(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        options.read("cards", argv)
    assert refused.value.code == 2


def test_the_command_line_runs_a_session_by_pipe(tmp_path: Path) -> None:
    environment = {**os.environ, journal.SWITCH: "off", "PUBSUB_KIT_ENV": "current"}
    done = subprocess.run(
        [sys.executable, "-m", "pubsub_kit", "cards", "--family", "tail", "--limit", "1"],
        input="s\n", env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.returncode == 0
    assert "✗ Not yet" in done.stdout


def test_a_long_line_is_folded_between_words_and_code_keeps_its_indentation() -> None:
    assert max(map(len, folded("word " * 100).split("\n"))) <= terminal.WIDE
    assert folded("if it:\n    await it") == "if it:\n    await it"
    assert "\x1b" not in folded("a\x1b[31mred")


# --- before and after -----------------------------------------------------------------------------


def test_a_check_that_is_stopped_goes_on_where_it_was(run: Run, tmp_path: Path) -> None:
    assert "the same command asks the rest" in run("--check", "before", typed="s\ns\nq\n")
    said = run("--check", "before", typed="s\n" * 8)
    assert "3 of 10" in said
    assert "before: 0 of 10 right" in said
    assert len(book(tmp_path).history()) == 10


def test_a_check_tells_nothing_before_its_end(run: Run) -> None:
    said = run("--check", "before", typed="?\nxyz\ns\ns\n")
    assert "There are no hints in a check." in said
    assert "That can't be read" in said
    assert "✓" not in said
    assert "The answer" not in said


def test_gains_are_written_only_if_the_learner_agrees(run: Run, tmp_path: Path) -> None:
    run("--check", "before", typed="s\n" * 10)
    path = tmp_path / "gains.json"
    with pytest.raises(CardError, match="nothing was written"):
        run("--gains", "--export", str(path), typed="yes\n")
    assert not path.exists()
    said = run("--gains", "--export", str(path), typed="I agree\n")
    assert "no name, no date" in said
    assert path.exists()
