"""`interview` at the command line: by a pipe, by keys, through Ctrl-C, kill -9, in 40 columns."""

from __future__ import annotations

import io
import os
import select
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from pubsub_kit import options
from pubsub_kit.checks.desk.journal import SWITCH
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.interviews import terminal
from pubsub_kit.interviews.bank.question import questions
from pubsub_kit.interviews.prompting import Prompt, face
from pubsub_kit.interviews.rehearsal import store
from pubsub_kit.interviews.rehearsal.boxes import Timer
from pubsub_kit.interviews.rehearsal.script import Script
from pubsub_kit.interviews.rehearsal.state import ENDED, PAUSED
from pubsub_kit.interviews.rehearsal.store import Shelf
from pubsub_kit.interviews.speaking import Voice
from pubsub_kit.log.memory import EventLog
from tests.interviews.rehearsal.played import BRIEF, FULL, Clock, Fake, Played

SOURCE = Path(__file__).resolve().parents[2]
unix = pytest.mark.skipif(sys.platform == "win32", reason="this system has no pseudo-terminals")


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SWITCH, raising=False)
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> SimpleNamespace:
    """Give `interview(lines, *words)`, which pipes lines in and returns what is printed."""

    def interview(lines: str | None, *words: str) -> str:
        monkeypatch.setattr(sys, "stdin", None if lines is None else io.StringIO(lines))
        here.status = terminal.main(words, tmp_path, Fake())
        return capsys.readouterr().out

    here = SimpleNamespace(interview=interview, root=tmp_path, status=None)
    return here


# --- by a pipe ------------------------------------------------------------------------------------


def test_a_rehearsal_goes_line_by_line_through_a_pipe(said: SimpleNamespace) -> None:
    out = said.interview("How many users are there?\n/decide 1 1\n/end\n/rate 1 4\n", "chat")
    assert said.status == 0
    assert BRIEF.pitch.split(".")[0] in " ".join(out.split())
    assert "Interviewer: 500M people a day" in out
    assert "Requirements and estimation: very strong." in out
    assert "Your report is my_work/reports/chat-1/report.html." in out
    assert (said.root / "my_work/reports/chat-1/report.html").is_file()


def test_a_pipe_that_ends_stops_the_clock_and_the_same_command_goes_on(
    said: SimpleNamespace,
) -> None:
    assert "The same command goes on from here" in said.interview("/next\n", "chat")
    out = said.interview("/time\n", "chat")
    assert "You are back in estimation" in out
    assert [kept.name for kept in Shelf(said.root).all()] == ["chat-1"]


def test_new_leaves_the_last_one_as_it_is(said: SimpleNamespace) -> None:
    said.interview("/next\n", "chat")
    assert BRIEF.pitch.split(".")[0] in " ".join(said.interview("/time\n", "chat", "--new").split())
    assert [kept.name for kept in Shelf(said.root).all()] == ["chat-1", "chat-2"]


def test_resume_refuses_to_begin(said: SimpleNamespace) -> None:
    with pytest.raises(PubSubKitError, match="no rehearsal of chat to go on with"):
        said.interview("hello\n", "chat", "--resume")
    assert Shelf(said.root).all() == []


def test_a_rehearsal_keeps_the_minutes_that_it_began_with(said: SimpleNamespace) -> None:
    said.interview("/next\n", "chat", "--minutes", "10")
    assert "It lasts 10 minutes, as it began." in said.interview("x\n", "4", "--minutes", "20")


def test_ctrl_c_at_a_pipe_stops_the_clock_and_is_status_130(
    said: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(io.StringIO):
        def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]
            line = super().readline(-1 if size is None else size)
            if not line:
                raise KeyboardInterrupt
            return line

    monkeypatch.setattr(sys, "stdin", Interrupted("/next\n"))
    assert terminal.main(["chat"], said.root, Fake()) == 130
    found = Shelf(said.root).unfinished("chat", "candidate")
    assert found is not None
    assert found.state is not None
    assert (found.state.status, found.state.box_name) == (PAUSED, "estimation")


@pytest.mark.parametrize("lines", [None, ""], ids=["closed", "empty"])
def test_nobody_there_gets_a_sentence_and_begins_nothing(
    said: SimpleNamespace, lines: str | None
) -> None:
    with pytest.raises(PubSubKitError, match="there is nobody to talk to"):
        said.interview(lines, "chat")
    assert list(said.root.iterdir()) == []


def test_a_megabyte_in_a_line_is_cut(said: SimpleNamespace) -> None:
    out = said.interview("x" * 3_000_000 + "\n/end\n", "chat")
    assert out.count("That was long") == 1
    assert said.status == 0


@pytest.mark.parametrize(
    "word",
    ["chatt", "99", "", "\x00", "x" * 10_000, "../chat", "٤"],
    ids=["misspelt", "number", "none", "nul", "long", "path", "digit"],
)
def test_a_question_that_is_not_there_gets_a_sentence(said: SimpleNamespace, word: str) -> None:
    if not word:
        assert "no question was chosen" in refusal(said, "")
        return
    told = refusal(said, word)
    assert "the bank has no question" in told
    assert len(told) < 600


def refusal(said: SimpleNamespace, word: str) -> str:
    with pytest.raises(PubSubKitError) as raised:
        said.interview("\n", word)
    return str(raised.value)


def test_without_a_question_one_is_chosen_from_the_list(said: SimpleNamespace) -> None:
    out = said.interview("ninety\n3\n/end\n")
    assert "notification-system" in out
    assert "the bank has no question 'ninety'" in out
    assert "Interviewer: Other teams hand you events" in out


def test_the_list_has_every_question_and_the_last_result(said: SimpleNamespace) -> None:
    said.interview("/decide 1 1\n/run\n/end\n", "notification-system")
    out = said.interview(None, "--list")
    assert all(each.id in out for each in questions())
    (line,) = [line for line in out.splitlines() if " notification-system " in line]
    assert line.rstrip().endswith(", stopped, the design broke")


def test_a_damaged_rehearsal_is_listed_with_what_is_wrong(said: SimpleNamespace) -> None:
    said.interview("hello\n", "chat")
    damage(said.root)
    out = said.interview(None, "--list")
    assert "chat-1 can't be read: " in out
    with pytest.raises(PubSubKitError, match=r"\.log"):
        said.interview("hello\n", "chat")
    assert said.interview("/end\n", "chat", "--new")


def damage(root: Path) -> None:
    (segment,) = root.glob("my_work/rehearsals/chat-1/0/*.log")
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)


def test_a_report_is_shown_by_number_or_name(said: SimpleNamespace) -> None:
    said.interview("How many users are there?\n/end\n", "chat")
    first = said.interview(None, "chat", "--report", "1")
    assert "How many users are there?" in first
    assert said.interview(None, "--report", "chat-1") == first


def test_two_reports_are_shown_side_by_side(said: SimpleNamespace) -> None:
    for _ in range(2):
        said.interview("How many users are there?\n/end\n", "chat", "--new")
    both = said.interview(None, "chat", "--report", "1", "--beside", "2")
    assert both == said.interview(None, "--report", "chat-1", "--beside", "chat-2")
    assert both != said.interview(None, "chat", "--report", "1")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["chat", "--beside", "1"], "--beside takes two reports: add --report"),
        (["--report", "1"], "'1' names no rehearsal: you have made none yet"),
        (["chat", "--report", "1"], "no rehearsal 1 of chat: there is none yet"),
        (["chat", "--report", "x"], "--report takes a number, counted from 1, not 'x'"),
        (["chat", "--report", "²"], "--report takes a number"),
        (["chatt", "--report", "1"], "did you mean 'chat'"),
    ],
    ids=["beside", "none", "number", "word", "power", "question"],
)
def test_a_report_that_is_not_there_gets_a_sentence(
    said: SimpleNamespace, words: list[str], why: str
) -> None:
    with pytest.raises(PubSubKitError) as raised:
        said.interview(None, *words)
    assert why in str(raised.value)


@pytest.mark.parametrize("minutes", ["0", "-5", "nan", "inf", "1e99", "x", "241"])
def test_minutes_that_are_none_end_with_a_sentence(
    minutes: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        options.read("interview", ["chat", f"--minutes={minutes}"])
    assert ended.value.code == 2
    assert f"a rehearsal lasts 5 to 240 minutes, not {minutes!r}" in capsys.readouterr().err


def test_the_interviewers_chair_gets_the_script(said: SimpleNamespace) -> None:
    out = said.interview("/next\n/rate 1 2\n/end\n", "chat", "--as", "interviewer")
    assert "Answer only what is asked" in out
    assert "Requirements and estimation: weak." in out
    assert Shelf(said.root).unfinished("chat", "interviewer") is None


def test_where_nothing_can_be_written_it_is_kept_in_memory(said: SimpleNamespace) -> None:
    (said.root / "my_work").write_text("a file in the way")
    out = said.interview("/end\n", "chat")
    assert "This rehearsal is kept in memory only: " in out
    assert said.status == 0


def test_where_nothing_shall_be_kept_nothing_is(
    said: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SWITCH, "off")
    assert "Nothing of this is kept" in said.interview("/end\n", "chat")
    assert list(said.root.iterdir()) == []


def test_forty_columns_are_enough(said: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    out = said.interview(
        "/help\nHow many?\n/decide\n/decide 1 1\n/run\n/hint\n/end\n", "notification-system"
    )
    out += said.interview(None, "--list")
    out += said.interview(None, "notification-system", "--report", "1")
    assert max(map(len, out.splitlines())) <= 40


# --- by keys --------------------------------------------------------------------------------------


@pytest.fixture
def keys() -> Iterator[SimpleNamespace]:
    """Give a keyboard, `type(text)`, and the prompt that reads it."""
    with create_pipe_input() as pipe:
        prompt = Prompt(input=pipe, output=DummyOutput(), every=0.01)
        yield SimpleNamespace(type=pipe.send_text, prompt=prompt)


def test_what_is_typed_is_heard_and_each_dimension_is_asked_for(
    keys: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    played = Played(BRIEF)
    keys.type("How many users are there?\r/end\r3\r\r9\r4\r\r2\r")
    assert terminal.rehearse(played.rehearsal, keys.prompt, Voice(80)) == 0
    assert [(each["dimension"], each["band"]) for each in played.facts("rated")] == [
        ("requirements and estimation", "strong"), ("API and data", "very strong"),
        ("failure", "weak"),
    ]  # fmt: skip
    assert "500M people" in capsys.readouterr().out


@pytest.mark.parametrize(("key", "status"), [("\x03", 130), ("\x04", 0)], ids=["Ctrl-C", "Ctrl-D"])
def test_leaving_stops_the_clock(keys: SimpleNamespace, key: str, status: int) -> None:
    played = Played(BRIEF)
    keys.type(f"hello\r{key}")
    assert terminal.rehearse(played.rehearsal, keys.prompt, Voice(80)) == status
    assert played.rehearsal.state.status == PAUSED


def test_the_interviewer_cuts_in_while_somebody_types(
    keys: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    played = Played(BRIEF)
    ticks = iter([290.0, *[11.0] * 1])
    tick = played.rehearsal.tick

    def passing() -> list[object]:
        played.clock.now += next(ticks, 0.0)
        said = tick()
        if played.rehearsal.state.box_name == "estimation":
            keys.type("\x04")
        return list(said)

    played.rehearsal.tick = passing  # type: ignore[method-assign,assignment]
    assert terminal.rehearse(played.rehearsal, keys.prompt, Voice(80)) == 0
    assert "That's the time for requirements." in capsys.readouterr().out


def test_the_arrow_up_brings_back_what_was_said() -> None:
    with create_pipe_input() as pipe:
        prompt = Prompt(["How many messages?"], input=pipe, output=DummyOutput())
        pipe.send_text("\x1b[A\r")
        assert prompt.read("> ") == "How many messages?"


def test_the_interviewers_chair_asks_for_bands_too(keys: SimpleNamespace) -> None:
    script = Script(FULL, 45, EventLog(), Clock())
    keys.type("/end\r1\r1\r1\r1\r1\r")
    assert terminal.rehearse(script, keys.prompt, Voice(80)) == 0
    assert (
        sum(fact.data["by"] == "interviewer" for fact in script.facts if fact.kind == "rated") == 5
    )


@pytest.mark.parametrize("box", ["requirements", "high-level design"])
def test_the_toolbar_fits_into_forty_columns(box: str) -> None:
    shown = face(Timer(box, 659, 2_699))
    assert shown == f"{box} 10:59 · 44:59 in all"
    assert len(shown) <= 40
    assert "-0:05" in face(Timer(box, -5, 40))


# --- real processes -------------------------------------------------------------------------------

RUN = """
import sys
from pathlib import Path
from pubsub_kit.__main__ import complain, speak_to_any_terminal
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.interviews import terminal
speak_to_any_terminal()
try:
    sys.exit(terminal.main(sys.argv[2:], Path(sys.argv[1])))
except PubSubKitError as error:
    sys.exit(complain(str(error)))
"""


def command(root: Path, *words: str) -> list[str]:
    return [sys.executable, "-c", RUN, str(root), *words]


def test_a_terminal_without_utf_8_gets_plain_signs(tmp_path: Path) -> None:
    done = subprocess.run(
        command(tmp_path, "chat"), cwd=SOURCE, capture_output=True, check=False,
        input="/claim x\nça va – ünï\n/end\n".encode() + b"\xff\xfe\n",
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stdout + done.stderr
    assert done.stdout.isascii()


_PATIENCE, _MANY = 60, 120  # seconds without a byte, or reads without the words: it hangs
_WHERE = b"\x1b[6n"  # "where is the cursor?", which a terminal answers
_READY = b"\x1b[?2004h"  # the prompt has the keyboard, and no key is lost


class Screen:
    """A rehearsal in a terminal of its own; `until` reads on from what it has found last."""

    def __init__(self, root: Path, *words: str) -> None:
        import fcntl
        import pty
        import termios

        self.keyboard, screen = pty.openpty()
        fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(
            command(root, *words), cwd=SOURCE, stdin=screen, stdout=screen, stderr=screen,
            env={**os.environ, "TERM": "xterm"}, start_new_session=True,
        )  # fmt: skip
        os.close(screen)
        self.shown, self.seen = b"", 0

    def type(self, keys: bytes) -> None:
        os.write(self.keyboard, keys)

    def until(self, *several: bytes) -> None:
        """Read until these words have come, one after the other."""
        for words in several:
            for _ in range(_MANY):
                if words in self.shown[self.seen :] or not self._more():
                    break
            found = self.shown.find(words, self.seen)
            if found < 0:
                self.process.kill()
                pytest.fail(f"{words!r} is not in {self.shown[self.seen :]!r}")
            self.seen = found + len(words)

    def close(self) -> int:
        status = self.process.wait(_PATIENCE)
        os.close(self.keyboard)
        return status

    def _more(self) -> bool:
        asked, more = self.shown.count(_WHERE), b""
        if select.select([self.keyboard], [], [], _PATIENCE)[0]:
            with suppress(OSError):  # the terminal is gone
                more = os.read(self.keyboard, 65_536)
        self.shown += more
        if self.shown.count(_WHERE) > asked:
            self.type(b"\x1b[1;1R")
        return bool(more)


@unix
def test_ctrl_c_in_a_terminal_keeps_all_and_says_how_to_go_on(tmp_path: Path) -> None:
    screen = Screen(tmp_path, "chat")
    screen.until(_READY, b"in all")  # the toolbar is there
    screen.type(b"hello\r")
    screen.until(b"Go on.", _READY)
    screen.type(b"\x03")
    screen.until(b"The clock stands still.")
    assert screen.close() == 130
    found = Shelf(tmp_path).unfinished("chat", "candidate")
    assert found is not None
    assert found.state is not None
    assert found.state.status == PAUSED


@unix
def test_kill_9_in_a_terminal_loses_nothing_that_was_heard(tmp_path: Path) -> None:
    screen = Screen(tmp_path, "chat")
    screen.until(_READY)
    screen.type(b"hello\r")
    screen.until(b"Go on.")
    screen.process.send_signal(signal.SIGKILL)
    screen.close()
    done = subprocess.run(
        command(tmp_path, "chat", "--resume"), cwd=SOURCE, capture_output=True, text=True,
        input="/end\n", check=False,
    )  # fmt: skip
    assert "You are back in requirements" in done.stdout
    (kept,) = Shelf(tmp_path).all()
    standing = store.read(kept)
    assert standing.state is not None
    assert standing.state.status == ENDED
    assert "hello" in [event.data.get("text") for event in standing.events]


@unix
@pytest.mark.parametrize(
    ("where", "status", "words"),
    [(">&-", 0, b""), (">/dev/full", 2, b"pubsub_kit: what is printed can't be written (No space")],
)
def test_an_output_that_takes_nothing_gets_no_traceback(
    where: str, status: int, words: bytes
) -> None:
    if where.endswith("full") and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    line = f'exec "$0" -m pubsub_kit interview --list {where}'
    done = subprocess.run(
        ["/bin/sh", "-c", line, sys.executable], cwd=SOURCE, capture_output=True, check=False,
        env={**os.environ, "PUBSUB_KIT_ENV": "current"},
    )  # fmt: skip
    assert done.stderr.startswith(words)
    assert b"Traceback" not in done.stderr
    assert done.returncode == status


def test_a_misspelt_question_is_said_also_where_nobody_is_there(said: SimpleNamespace) -> None:
    with pytest.raises(PubSubKitError, match="did you mean 'chat'"):
        said.interview("", "chatt")
