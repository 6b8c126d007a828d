"""`check 03` and `progress` in a terminal."""

from __future__ import annotations

import importlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit import PubSubKitError
from pubsub_kit.__main__ import COMMANDS
from pubsub_kit.checks.desk import exercises, journal, progress, terminal
from pubsub_kit.checks.desk.exercises import LESSONS
from pubsub_kit.checks.desk.runner import NotebookError, run_notebook
from pubsub_kit.log.memory import EventLog

SOURCE = Path(__file__).resolve().parents[3]
COPY = "exercise_01_sync_cascade.ipynb"
OPEN = "from pubsub_kit import *\n\nq = exercise('01')"
PLACE = """async def place(order):
    await call("stock", order, timeout=1.0, retry=RetryPolicy(attempts=4))
    return "placed"


q.place.check(place)"""
WRONG = PLACE.replace("attempts=4", "attempts=2")
REST = [
    "q.tail.check(63.4)",
    "q.chain.check('129 minutes')",
    "q.layers.check({'client': 'no', 'shop': 'yes', 'stock': 'no', 'waiting': 'random'})",
    """async def answer_in_time(order):
    end = clock() + 1.9
    while (left := end - clock()) > 0:
        try:
            await call("stock", order, timeout=min(0.6, left))
            return "placed"
        except CallError:
            continue
    return "failed"


q.budget.check(answer_in_time)""",
    """async def simple(order):
    return await call("stock", order, timeout=1.0)


q.recover.check(simple)""",
]


@pytest.fixture(autouse=True)
def a_new_session(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(journal, "_in_memory", EventLog("progress"))
    exercises.forget()
    yield
    exercises.forget()


def write(root: Path, *cells: str, name: str = COPY) -> Path:
    """Write a learner's copy of an exercise, and return its path."""
    made: list[dict[str, Any]] = [{"cell_type": "markdown", "metadata": {}, "source": "# Title"}]
    made += [{"cell_type": "code", "metadata": {}, "source": c.splitlines(True)} for c in cells]
    path = root / "my_work" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"cells": made}), encoding="utf-8")
    return path


def check(root: Path, *words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = terminal.main(words, root)
    return status, capsys.readouterr().out


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
    assert out.startswith("✗ 01.place: fails: 2 faults are enough\n  The client hears of an error")
    assert "\n  Why: A lost message is cured" in out
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
    assert [line[0] for line in out.splitlines() if "01.place" in line] == ["✗", "✓"]


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
    assert lines[1].startswith(f"! cell 4 of {COPY} raised SystemExit: 4 (line 2")
    assert lines[2].startswith(f"! cell 5 of {COPY} raised SyntaxError: ")
    assert lines[-1] == "6 of 6 answers hold"


def test_several_exercises_are_checked_in_turn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, OPEN, PLACE, *REST)
    write(tmp_path, "from pubsub_kit import exercise", name="exercise_03_idempotency.ipynb")
    status, out = check(tmp_path, "01", "03", capsys=capsys)
    assert status == 1
    assert "6 of 6 answers hold\n" in out
    assert "0 of " in out


@pytest.mark.parametrize("word", ["99", "nothing", "01x"])
def test_an_exercise_that_does_not_exist_is_a_sentence(tmp_path: Path, word: str) -> None:
    with pytest.raises(PubSubKitError, match=f"there is no exercise {word!r}: there are 01 "):
        terminal.main([word], tmp_path)


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


@pytest.mark.parametrize("words", [[], ["--wrong"], ["01", "--wrong"]])
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


# --- how a notebook is run ------------------------------------------------------------------------


def test_cells_share_one_namespace_and_may_await(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "import asyncio, os\nx = 1",
        "async def f():\n    await asyncio.sleep(0)\n    return x + 1\ny = await f()",
        "z = await f()\nassert (x, y, z, __name__) == (1, 2, 2, '__main__')",
        f"assert os.getcwd() == {str(tmp_path / 'my_work')!r}",
    )
    assert run_notebook(path).trouble == []
    assert Path.cwd() != tmp_path / "my_work"


def test_what_only_a_notebook_understands_is_left_out(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "%matplotlib inline\nx = 1",
        "if False:\n    %pip install nothing\n    !ls\nelse:\n    x = 2",
        "%%html\n<b>",
        "y = 7 \\\n    % 4\nassert (x, y) == (2, 3)",
    )
    trouble = run_notebook(path).trouble
    assert trouble == []


def test_a_person_who_presses_ctrl_c_is_heard(tmp_path: Path) -> None:
    path = write(tmp_path, "raise KeyboardInterrupt", "x = 1")
    with pytest.raises(KeyboardInterrupt):
        run_notebook(path)
    assert exercises.listeners == []


# --- progress -------------------------------------------------------------------------------------


def test_progress_is_a_table_of_every_question(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, OPEN, WRONG, WRONG, "q.budget.solution()", *REST[:1], "q.tail.hint()")
    check(tmp_path, "01", capsys=capsys)
    assert progress.main([], tmp_path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "01 sync cascade: 1 of 6",
        "   ✗ place        2 checks, 2 hints",
        "   ○ budget       solution shown",
    ]
    assert "   ✓ tail         1 check, 1 hint" in lines
    headings = [line for line in lines if not line.startswith(" ")]
    assert len(headings) == len(LESSONS)


def test_progress_takes_no_words(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        progress.main(["01"])
    assert left.value.code == 2


def test_progress_of_nobody_is_a_table_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    progress.main([], tmp_path)
    assert "○ place\n" in capsys.readouterr().out


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
    assert done.stdout.startswith("v 01.place: holds: ")
    assert done.stdout.endswith("1 of 6 answers hold\n")
