"""`check 03` and `progress` in a terminal: what is asked for, what is said, what is kept."""

from __future__ import annotations

import importlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from pubsub_kit import PubSubKitError
from pubsub_kit.__main__ import COMMANDS
from pubsub_kit.checks.desk import exercises, journal, progress, terminal
from pubsub_kit.checks.desk.exercises import LESSONS
from pubsub_kit.checks.desk.journal import SWITCH, Standing
from pubsub_kit.checks.desk.runner import NotebookError
from pubsub_kit.log.memory import EventLog
from tests.checks.notebooks import COPY, OPEN, PLACE, REST, WRONG, write

SOURCE = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def a_new_session(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(journal, "_in_memory", EventLog("progress"))
    exercises.forget()
    yield
    exercises.forget()


def check(root: Path, *words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Return the status, and what is said below the lines that say what is read."""
    status = terminal.main(words, root)
    said = capsys.readouterr().out.splitlines(keepends=True)
    assert said[0].startswith("Reading my_work/")
    return status, "".join(said[3:])


# --- check ----------------------------------------------------------------------------------------


def test_an_exercise_of_which_all_holds_is_status_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, OPEN, PLACE, *REST)
    status, out = check(tmp_path, "01", capsys=capsys)
    lines = out.splitlines()
    assert status == 0, out
    assert lines[0].startswith("✓ 01.place: holds: ")
    assert [line[:2] for line in lines[:-1]] == ["✓ "] * 6
    assert lines[-1] == "6 of 6 answers hold"


def test_what_fails_is_told_with_its_hint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, OPEN, WRONG, *REST)
    status, out = check(tmp_path, "1", capsys=capsys)
    assert status == 1
    assert out.startswith("✗ 01.place: fails: 2 faults are enough\n  The client got an error")
    assert "\n  Why: Each lost or late message spoils one try" in out
    assert "\n  Hint: " in out
    assert out.endswith("5 of 6 answers hold\n")


def test_what_was_not_checked_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, OPEN, PLACE)
    status, out = check(tmp_path, "01", capsys=capsys)
    assert status == 1
    assert "○ 01.budget: not checked\n" in out
    assert out.endswith("1 of 6 answers hold\n")


def test_the_last_verdict_on_a_question_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, OPEN, WRONG, PLACE, *REST)
    status, out = check(tmp_path, "01", capsys=capsys)
    assert status == 0
    lines = [line for line in out.splitlines() if "01.place" in line]
    assert [line[0] for line in lines[:2]] == ["✗", "✓"]
    assert lines[2:] == ["01.place is checked 2 times in here: the last check counts"]
    write(tmp_path, OPEN, PLACE, *REST, WRONG)
    status, out = check(tmp_path, "01", capsys=capsys)
    assert status == 1
    assert out.endswith("5 of 6 answers hold\n")


def test_a_cell_that_raises_is_named_and_the_next_one_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, OPEN, "order = 3\nprint(ordr)", "import sys\nsys.exit(4)", "if", PLACE, *REST)
    status, out = check(tmp_path, "01", capsys=capsys)
    lines = out.splitlines()
    assert status == 1
    assert lines[0] == (
        f"! cell 3 of {COPY} raised NameError: name 'ordr' is not defined (line 2: print(ordr))"
    )
    assert lines[1] == (f"! cell 4 of {COPY} raised SystemExit: 4 (line 2: sys.exit(4))")
    assert lines[2] == (f"! cell 5 of {COPY} raised SyntaxError: invalid syntax (line 1: if)")
    assert lines[-1] == "6 of 6 answers hold"


def test_several_exercises_are_checked_in_turn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, OPEN, PLACE, *REST)
    write(tmp_path, "from pubsub_kit import exercise", name="exercise_03_idempotency.ipynb")
    status, out = check(tmp_path, "01", "03", capsys=capsys)
    assert status == 1
    assert "6 of 6 answers hold\n" in out
    assert "Reading my_work/exercise_03_idempotency.ipynb as it was saved on " in out
    assert "0 of " in out


def test_check_says_which_file_it_reads_and_when_that_was_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, OPEN)
    saved = datetime(2026, 3, 4, 15, 6, 7).timestamp()
    os.utime(path, (saved, saved))
    terminal.main(["01", "--seconds", "90"], tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (f"Reading my_work/{COPY} as it was saved on 2026-03-04 at 15:06:07.")
    assert "unsaved changes are not in it" in lines[1]
    assert lines[2].endswith("each of them may take 90 s.")


def test_named_questions_are_checked_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, OPEN, WRONG, *REST, "1 / 0")
    status, out = check(tmp_path, "1", "tail", "chain", capsys=capsys)
    assert [line[:10] for line in out.splitlines()] == [
        "✓ 01.tail:", "✓ 01.chain", "! cell 9 o", "2 of 2 ans",
    ]  # fmt: skip
    assert status == 0  # of the rest, nothing was asked
    status, out = check(tmp_path, "01", "place", capsys=capsys)
    assert out.startswith("✗ 01.place: ")
    assert out.endswith("0 of 1 answer holds\n")
    assert status == 1


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["3", "order"], [("03", ["order"])]),
        (["03_idempotency.ipynb", "order", "client"], [("03", ["order", "client"])]),
        (["1", "2", "wire", "3"], [("01", []), ("02", ["wire"]), ("03", [])]),
        (["sync_cascade", "fan_out"], [("01", []), ("02", [])]),
    ],
)
def test_questions_belong_to_the_exercise_before_them(
    words: list[str], wanted: list[tuple[str, list[str]]]
) -> None:
    assert terminal.asked_for(words) == wanted


@pytest.mark.parametrize("key", LESSONS)
def test_no_question_has_the_name_of_an_exercise(key: str) -> None:
    for question in exercises.questions(key):
        with pytest.raises(PubSubKitError):
            exercises.key_of(question.name)


@pytest.mark.parametrize("word", ["consumr", "Tail", "q.tail", "", "–"])
def test_a_question_that_does_not_exist_is_one_sentence(tmp_path: Path, word: str) -> None:
    with pytest.raises(PubSubKitError) as said:
        terminal.main(["01", "tail", word], tmp_path)
    names = "place, budget, layers, recover, tail, chain"
    assert str(said.value) == f"exercise 01 has no question {word!r}: it has {names}"


@pytest.mark.parametrize("word", ["99", "nothing", "01x"])
def test_an_exercise_that_does_not_exist_is_a_sentence(tmp_path: Path, word: str) -> None:
    with pytest.raises(PubSubKitError, match=f"there is no exercise {word!r}: there are 01 "):
        terminal.main([word], tmp_path)
    if word != "nothing":
        with pytest.raises(PubSubKitError, match=f"there is no exercise {word!r}: there are 01 "):
            terminal.main(["01", word], tmp_path)


def test_an_exercise_that_has_no_copy_yet_gets_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = r"there is no my_work/exercise_01_sync_cascade\.ipynb, nor "
    with pytest.raises(PubSubKitError, match=missing):
        terminal.main(["01"], tmp_path)
    given = write(tmp_path, OPEN, PLACE, *REST)
    (tmp_path / "exercises").mkdir()
    given.rename(tmp_path / "exercises" / "01_sync_cascade.ipynb")
    assert check(tmp_path, "01", capsys=capsys)[0] == 0
    assert given.exists()


LIMITS = ["0", "-1", "nan", "inf", "1e9", "soon", ""]
MISUSE = [[], ["--wrong"], ["01", "--wrong"], *(["01", "--seconds", limit] for limit in LIMITS)]


@pytest.mark.parametrize("words", MISUSE)
def test_misuse_is_status_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        terminal.main(words)
    assert left.value.code == 2
    assert "usage: python3 -m pubsub_kit check" in capsys.readouterr().err


def test_a_copy_that_is_no_notebook_is_a_sentence(tmp_path: Path) -> None:
    path = write(tmp_path)
    for text in ("", "{}", "[]", '{"cells": [3]}', "\x00"):
        path.write_text(text)
        with pytest.raises(NotebookError, match="cannot be read as a notebook"):
            terminal.main(["01"], tmp_path)


def test_a_terminal_without_unicode_gets_plain_signs() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    terminal.say("✗ 01.place: …, ✓ “x” ○ ◐", stream)
    stream.seek(0)
    assert stream.read() == "x 01.place: ..., v ?x? o ?\n"


@pytest.mark.parametrize("coding", ["ascii", "cp1252", "utf-8", "utf-16", "cp437"])
def test_what_a_terminal_cannot_write_is_replaced(coding: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=coding)
    terminal.say("✓ \ud800 🙂 é", stream)
    stream.seek(0)
    said = stream.read()
    assert " ? " in said
    assert said[0] in "✓v"
    assert ("é" in said) == (coding != "ascii")


def test_a_reader_who_has_read_enough_is_no_trouble() -> None:
    code = "from pubsub_kit.checks.desk import progress; progress.main([]); progress.main([])"
    reader = subprocess.Popen(
        [sys.executable, "-c", code], cwd=SOURCE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert reader.stdout is not None
    assert reader.stderr is not None
    reader.stdout.close()
    assert reader.stderr.read() == b""
    reader.stderr.close()
    assert reader.wait() == 0


# --- progress -------------------------------------------------------------------------------------


@pytest.fixture
def keeping(monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress is kept on disk, as in a learner's own checkout."""
    monkeypatch.setenv(SWITCH, "on")


def rows(root: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the table's lines, without those that explain it."""
    assert progress.main([], root) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("The first sign says whether an answer of yours has ever held")
    return lines[2:]


@pytest.mark.usefixtures("keeping")
def test_progress_is_a_table_of_every_question(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, OPEN, WRONG, WRONG, "q.budget.solution()", *REST[:1], "q.tail.hint()")
    check(tmp_path, "01", capsys=capsys)
    lines = rows(tmp_path, capsys)
    assert lines[:5] == [  # in the order in which the notebook asks, with the hints asked for
        "01 sync cascade: 1 of 6 held, 1 now",
        "   ✓ ✓ tail         holds                        1 check, 1 hint",
        "   - ○ chain        not attempted",
        "   - ✗ place        fails                        2 checks",
        "   - ○ budget       not attempted                solution shown",
    ]
    headings = [line for line in lines if not line.startswith(" ")]
    assert len(headings) == len(LESSONS)


@pytest.mark.usefixtures("keeping")
def test_a_tick_stays_whatever_comes_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, OPEN, REST[0], "q.tail.check('1 %')")
    assert check(tmp_path, "01", capsys=capsys)[0] == 1
    lines = rows(tmp_path, capsys)
    assert lines[0] == "01 sync cascade: 1 of 6 held, 0 now"
    assert "   ✓ ✗ tail         held once, fails now         2 checks" in lines


@pytest.mark.usefixtures("keeping")
def test_a_check_is_recorded_once_and_a_demonstration_never(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    demo = "d = exercise('01', demo=True)\nd.chain.check('129 minutes')\nd.chain.hint()"
    write(tmp_path, OPEN, REST[0], demo)
    _, out = check(tmp_path, "01", capsys=capsys)
    assert "○ 01.chain: not checked" in out
    facts = journal.history(tmp_path)
    assert [(fact.type, fact.subject) for fact in facts] == [("progress.checked", "01.tail")]


@pytest.mark.parametrize(
    ("standing", "line"),
    [
        (Standing("holds", True, 1), "   v v tail         holds                        1 check"),
        (Standing("fails", False, 2), "   - x tail         fails                        2 checks"),
        (Standing("not attempted", True), "   v o tail         held once, not attempted now"),
        (Standing("not exercised", True), "   v ? tail         held once, not exercised now"),
    ],
)
def test_both_signs_are_told_apart_in_ascii(standing: Standing, line: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    terminal.say(progress.table({"01.tail": standing}), stream)
    stream.seek(0)
    assert line in stream.read().splitlines()


def test_progress_takes_no_words(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        progress.main(["01"])
    assert left.value.code == 2


def test_progress_of_nobody_is_a_table_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    progress.main([], tmp_path)
    assert "- ○ place        not attempted\n" in capsys.readouterr().out


# --- the commands themselves ----------------------------------------------------------------------


@pytest.mark.parametrize("command", ["check", "progress"])
def test_the_command_is_in_the_table(command: str) -> None:
    name, extras, _ = COMMANDS[command]
    assert callable(importlib.import_module(name).main)
    assert extras == ()


def test_a_process_of_its_own_says_the_same(tmp_path: Path) -> None:
    write(tmp_path, OPEN, PLACE)
    code = (
        "import sys; from pathlib import Path; from pubsub_kit.checks.desk import terminal; "
        f"sys.exit(terminal.main(['01'], Path({str(tmp_path)!r})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=SOURCE,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "\nv 01.place: holds: " in done.stdout
    assert done.stdout.endswith("1 of 6 answers hold\n")
