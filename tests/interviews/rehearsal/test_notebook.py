"""A rehearsal in a notebook: the same engine behind buttons, or in plain text."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from pubsub_kit.checks.desk import journal
from pubsub_kit.interviews import notebook
from pubsub_kit.interviews.notebook import Interview, InterviewError, interview
from pubsub_kit.interviews.rehearsal import store
from pubsub_kit.interviews.rehearsal.runner import Design, Result
from pubsub_kit.interviews.rehearsal.store import Shelf
from pubsub_kit.interviews.sitting import LONGEST
from pubsub_kit.log.disk import LogFull
from pubsub_kit.log.segments import DurableEventLog
from pubsub_kit.show.charts.bars import bars
from pubsub_kit.show.picture import Picture
from tests.interviews.rehearsal.rehearsed import QUESTION
from tests.show.runs import HOSTILE

ID = QUESTION.id


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Breaks:
    """A runner whose designs all break, by one schedule, which it can draw."""

    def __init__(self) -> None:
        self.drawn: list[Design] = []

    def propose(self, question_id: str, decisions: Mapping[str, str]) -> Design:
        return dict(decisions)

    def defaults(self, question_id: str, decisions: Mapping[str, str]) -> Mapping[str, str]:
        return {}

    def run(
        self,
        design: Design,
        faults: tuple[str, ...] | None = None,
        up_to: int | None = None,
        about: Any = None,
    ) -> Result:
        words = ("ann was told twice.",)
        return Result("fails", words, "4c9a", 12, ("reply lost",), 1, True, ("reply lost",),
                      "nobody is told twice", "What did the worker know?")  # fmt: skip

    def picture(self, design: Design) -> Picture:
        self.drawn.append(design)
        return bars({"ann": 2.0}, title="Who was told how often")


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """Have each test begin and end as a new kernel."""
    notebook._open.clear()
    yield
    restart()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the learner a `my_work/`, and keep progress."""
    (tmp_path / "my_work").mkdir()
    monkeypatch.setattr(journal, "place", tmp_path)
    monkeypatch.setenv(journal.SWITCH, "on")
    return tmp_path


def restart() -> None:
    """Lose every rehearsal that this process holds, as a kernel does at its end."""
    for each in notebook._open.values():
        each._sitting._log.close()
    notebook._open.clear()


def press(shown: Interview, do: object, **more: object) -> dict[str, Any]:
    """Send what the page's controls send; return what the page then shows."""
    shown.widget._handle_custom_msg({"do": do, **more}, [])
    state: dict[str, Any] = shown.widget.shown
    return state


def said(state: Mapping[str, Any]) -> str:
    return "\n".join(f"{who}: {text}" for who, text in state["lines"])


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


# --- as text --------------------------------------------------------------------------------------


def test_a_cell_shows_what_is_asked_and_how_long_each_part_takes() -> None:
    shown = interview(ID, minutes=9)
    text = shown._repr_mimebundle_()["text/plain"]
    assert text == repr(shown)
    assert text.startswith("A notification system, rehearsed in 9 minutes: ready\nOther teams hand")
    assert "requirements 1 min, estimation 0.6 min" in text
    assert 'r = interview("notification-system")' in text
    assert max(map(len, text.splitlines())) <= 100


def test_with_progress_off_nothing_is_read_and_nothing_is_written(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interview(ID).say("How many notifications a day?")
    restart()
    before = files(desk)
    monkeypatch.setenv(journal.SWITCH, "off")
    shown = interview(ID)
    assert "You stopped" not in repr(shown)
    shown.say("How many notifications a day?")
    shown.end()
    shown.rate(failure="weak")
    shown.report()
    assert files(desk) == before


def test_the_text_of_a_rehearsal_has_no_clock_and_no_folder(desk: Path) -> None:
    clock = Clock()
    shown = interview(ID, clock=clock)
    texts = [repr(shown)]
    for line in ("How many notifications a day?", "/next", "/next", "/next", "/end"):
        clock.now += 7
        texts += [repr(shown.say(line)), repr(shown)]
    assert not re.search(r"\d:\d\d", "\n".join(texts[1:]).replace("22:00", "").replace("07:00", ""))
    assert str(desk) not in "\n".join(texts)


def test_it_can_be_led_from_code() -> None:
    shown = interview(ID)
    told = repr(shown.say("How many notifications a day?"))
    assert told.startswith("interviewer: Other teams hand you events")
    assert "500M candidates a day" in told
    assert shown.status == "running"
    assert "Rate yourself" in repr(shown.end())
    assert repr(shown.rate(trade_offs="strong", failure="weak")) == (
        "kit: trade-offs: strong.\nkit: failure: weak."
    )
    ratings = {r.dimension: r.band for r in shown.report().account.ratings}
    assert ratings == {"trade-offs": "strong", "failure": "weak"}
    assert "ended" in repr(shown)


def test_a_cell_that_runs_again_shows_the_same_rehearsal_until_it_ends() -> None:
    shown = interview(ID)
    shown.start()
    assert interview(ID) is shown
    shown.end()
    again = interview(ID)
    assert again is not shown
    assert again.status == "ready"


# --- on a page ------------------------------------------------------------------------------------


def test_nothing_runs_before_start_is_pressed(desk: Path) -> None:
    shown = interview(ID)
    assert shown.widget.timer == {}
    for do in ("say", "next", "hint", "run", "pause", "resume", "end", "decide", "claim", "tick"):
        assert press(shown, do, text="hello")["status"] == "ready"
    assert files(desk) == ["my_work"]
    assert press(shown, "start")["status"] == "running"


def test_the_clock_counts_the_box_and_the_whole() -> None:
    clock = Clock()
    shown = interview(ID, clock=clock)
    press(shown, "start")
    clock.now += 60
    press(shown, "look")
    timer = shown.widget.timer
    assert (timer["box"], timer["box_left"], timer["left"]) == ("requirements", 240, 2640)
    assert timer["running"]


def test_the_interviewer_cuts_when_a_box_is_over() -> None:
    clock = Clock()
    shown = interview(ID, clock=clock)
    press(shown, "start")
    for _ in range(6):
        clock.now += 60
        state = press(shown, "tick")
    assert "That's the time for requirements." in said(state)
    assert state["box"] == 1


def test_a_night_with_the_lid_closed_is_no_time() -> None:
    clock = Clock()
    shown = interview(ID, clock=clock)
    press(shown, "start")
    clock.now += LONGEST + 8 * 3600
    press(shown, "tick")
    assert shown.widget.timer["left"] == 2700


def test_a_pause_stops_the_clock_and_a_button_starts_it_again() -> None:
    clock = Clock()
    shown = interview(ID, clock=clock)
    press(shown, "start")
    assert press(shown, "pause")["status"] == "paused"
    clock.now += 60
    assert press(shown, "resume")["status"] == "running"
    assert shown.widget.timer["left"] == 2700


def test_a_decision_is_offered_as_choices_and_kept() -> None:
    shown = interview(ID)
    press(shown, "start")
    for _ in range(3):
        state = press(shown, "next")
    first = QUESTION.decisions[0]
    assert state["decision"] == {
        "id": first.id,
        "ask": first.ask,
        "options": [[option.id, option.label] for option in first.options],
    }
    state = press(shown, "decide", id=first.id, option=first.options[1].id)
    assert ["candidate", "By recipient"] in state["lines"]
    assert state["decision"]["id"] == QUESTION.decisions[1].id
    choice = shown.report().account.choices[0]
    assert choice.chosen == first.options[1].label


def test_a_claim_is_settled_by_a_run_whose_picture_is_shown() -> None:
    runner = Breaks()
    shown = interview(ID, runner=runner)
    press(shown, "start")
    for _ in range(3):
        press(shown, "next")
    press(shown, "decide", id="partition-key", option="by-recipient")
    press(shown, "claim", text="nobody is told twice under reply lost", sure="90")
    press(shown, "claim", text="no double push under reply lost", sure="90")
    state = press(shown, "run")
    assert "It did not hold: ann was told twice (schedule 4c9a)." in said(state)
    assert "Who was told how often" in shown.widget.picture
    press(shown, "end")
    press(shown, "rate", bands={})
    html = shown.widget.report
    assert "You were 90% sure, and the run says no" in html
    assert "data:image/svg+xml;base64," in html
    assert runner.drawn == [{"partition-key": "by-recipient"}]


def test_a_runner_that_cannot_draw_leaves_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Picture:
        raise RuntimeError("no ink")

    monkeypatch.setattr(Breaks, "picture", fail)
    shown = interview(ID, runner=Breaks())
    shown.say("/decide partition-key by-recipient")
    assert "ann was told twice." in said(press(shown, "run"))
    assert shown.widget.picture == ""
    assert "The schedule: `4c9a`" in shown.report().markdown()


def test_a_measure_that_never_came_is_kept_and_said(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = Result("holds", measures={"p99": inf, "p50": nan, "cost": 1.51e6, "extra": -inf})
    monkeypatch.setattr(Breaks, "run", lambda *_: endless)
    shown = interview(ID, runner=Breaks())
    shown.say("/decide partition-key by-recipient")
    press(shown, "claim", text="p99 under 5 s", sure="90")
    press(shown, "claim", text="p50 under 5 s", sure="90")
    state = press(shown, "run")
    assert "p99: never · p50: – · cost: $1.51M a month · extra: –" in said(state)
    assert "It did not hold: p99 has no end: some of it never came." in said(state)
    assert "It stays open: the run measured no p50." in said(state)
    restart()
    again = interview(ID, runner=Breaks())
    again.start()
    text = again.report().markdown()
    assert r"Measured under load: p99: never; p50: –; cost: \$1.51M a month; extra: –." in text


def test_a_design_that_cannot_be_run_leaves_no_picture_of_another() -> None:
    runner = Breaks()
    shown = interview(ID, runner=runner)
    shown.say("/decide partition-key by-recipient")
    press(shown, "run")
    assert shown.widget.picture
    runner.run = lambda *_: 1 / 0  # type: ignore[assignment, method-assign]
    assert "could not be run" in said(press(shown, "run"))
    assert shown.widget.picture == ""
    press(shown, "hint")
    assert shown.widget.picture == ""
    del runner.run
    press(shown, "run")
    assert shown.widget.picture


def test_messages_that_come_in_several_threads_are_taken_one_after_the_other() -> None:
    class Alone(Breaks):
        inside = 0

        def picture(self, design: Design) -> Picture:
            self.inside += 1
            time.sleep(0.05)
            assert self.inside == 1
            self.inside -= 1
            return super().picture(design)

    shown = interview(ID, runner=Alone())
    shown.say("/decide partition-key by-recipient")
    shown.widget  # noqa: B018
    sent = [threading.Thread(target=press, args=(shown, do)) for do in ("run", "look", "look")]
    for each in sent:
        each.start()
    for each in sent:
        each.join()
    assert shown.widget.picture


def test_each_design_is_drawn_once_however_often_it_is_run() -> None:
    class Boxes(Breaks):
        def boxes(self, design: Design) -> Picture:
            return bars({str(design): 1.0}, title="The design")

    shown = interview(ID, runner=Boxes())
    shown.say("/decide partition-key by-recipient")
    press(shown, "run")
    press(shown, "run")
    shown.say("/decide partition-key by-event")
    press(shown, "run")
    runs = shown.report().account.runs
    assert [run.design is not None for run in runs] == [True, False, True]
    assert [run.drawn is not None for run in runs] == [True, True, True]


def test_what_was_said_comes_back_to_the_input() -> None:
    shown = interview(ID)
    press(shown, "start")
    press(shown, "say", text="How many notifications a day?")
    press(shown, "hint")
    assert press(shown, "say", text="/time")["history"] == [
        "How many notifications a day?",
        "/time",
    ]


def test_the_report_comes_after_one_has_rated_oneself() -> None:
    shown = interview(ID)
    press(shown, "start")
    state = press(shown, "end")
    assert (state["status"], state["rated"], shown.widget.report) == ("ended", False, "")
    state = press(shown, "rate", bands={"failure": "strong", "luck": "weak", "trade-offs": 7})
    assert state["rated"]
    assert "<h1>A notification system</h1>" in shown.widget.report
    assert [r.dimension for r in shown.report().account.ratings] == ["failure"]


def test_rating_before_the_end_does_not_count() -> None:
    shown = interview(ID)
    press(shown, "start")
    assert not press(shown, "rate", bands={"failure": "strong"})["rated"]
    assert press(shown, "end")["rated"] is False


@pytest.mark.parametrize("text", [*HOSTILE, "x" * 10_000_000])
def test_whatever_is_typed_the_rehearsal_goes_on(text: str) -> None:
    shown = interview(ID)
    press(shown, "start")
    state = press(shown, "say", text=text)
    assert state["status"] == "running"
    assert len(said(state)) < 20_000
    said(state).encode()


@pytest.mark.parametrize(
    "message",
    [None, 7, "start", [], {}, {"do": None}, {"do": ["start"]}, {"do": "dance"}, {"do": "say"},
     {"do": "decide"}, {"do": "claim", "text": 3}, {"do": "rate", "bands": 7}],
)  # fmt: skip
def test_a_message_that_makes_no_sense_breaks_nothing(message: Any) -> None:
    shown = interview(ID)
    press(shown, "start")
    shown.widget._handle_custom_msg(message, [])
    assert shown.status == "running"
    assert "500M candidates" in said(press(shown, "say", text="How many notifications a day?"))


# --- kept -----------------------------------------------------------------------------------------


def test_a_rehearsal_goes_on_after_a_restart_of_the_kernel(desk: Path) -> None:
    clock = Clock()
    shown = interview(ID, minutes=45, clock=clock)
    press(shown, "start")
    clock.now += 60
    press(shown, "say", text="How many notifications a day?")
    restart()
    again = interview(ID, minutes=10)
    assert "You stopped in requirements, with 44:00 left." in repr(again)
    assert again.widget.shown["stopped"]
    state = press(again, "start")
    assert "candidate: How many notifications a day?\ninterviewer: 500M candidates" in said(state)
    assert "You are back in requirements" in said(state)
    assert said(state).count("500M candidates") == 1
    assert again.widget.timer["left"] == pytest.approx(2640, abs=5)


def test_a_rehearsal_goes_on_after_its_kernel_was_killed(desk: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from pubsub_kit.checks.desk import journal\n"
        "journal.place = Path(sys.argv[1])\n"
        "from pubsub_kit.interviews.notebook import interview\n"
        "interview('notification-system').say('How many notifications a day?')\n"
        "os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(desk)], env={**os.environ}, check=False)
    assert done.returncode == -signal.SIGKILL
    assert "500M candidates" in said(press(interview(ID), "start"))


def test_one_may_begin_anew_instead(desk: Path) -> None:
    interview(ID).say("How many notifications a day?")
    restart()
    state = press(interview(ID), "anew")
    assert "500M" not in said(state)
    assert [kept.number for kept in Shelf(desk).all(ID)] == [1, 2]


def test_once_it_has_ended_its_log_is_free_and_its_report_can_be_saved(desk: Path) -> None:
    shown = interview(ID)
    press(shown, "start")
    press(shown, "end")
    press(shown, "rate", bands={"failure": "weak"})
    (kept,) = Shelf(desk).all(ID)
    assert store.read(kept).state is not None
    state = press(shown, "save")
    assert state["saved"] == "Saved as my_work/reports/notification-system-1/report.html"
    page = (desk / "my_work/reports/notification-system-1/report.html").read_text()
    assert "Rated by candidate: <strong>weak</strong>" in page


def test_the_last_report_can_be_shown_and_stands_beside_the_next_one(desk: Path) -> None:
    first = interview(ID)
    press(first, "start")
    press(first, "end")
    again = interview(ID)
    assert again.widget.shown["last"]
    press(again, "last")
    assert "<h1>A notification system</h1>" in again.widget.report
    press(again, "start")
    assert again.widget.report == ""
    press(again, "end")
    assert "last time" in again.report().markdown()


def test_without_a_folder_for_it_a_report_is_not_saved_and_says_so() -> None:
    shown = interview(ID)
    press(shown, "start")
    press(shown, "end")
    assert "kept in memory only: save its report" in said(press(shown, "save"))


def test_without_a_folder_to_keep_it_in_a_rehearsal_says_that_it_is_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "place", tmp_path)
    monkeypatch.setenv(journal.SWITCH, "on")
    told = repr(interview(ID).start())
    assert "kit: This rehearsal is kept in memory only: there is no folder my_work" in told
    assert files(tmp_path) == []


def test_a_damaged_log_is_left_alone_and_one_may_begin_anew(desk: Path) -> None:
    interview(ID).say("How many notifications a day?")
    restart()
    (log,) = (desk / "my_work").rglob("*.log")
    log.write_bytes(log.read_bytes()[:60] + b"?" * 20 + log.read_bytes()[80:])
    damaged = log.read_bytes()
    shown = interview(ID)
    assert "Your last rehearsal can't go on" in repr(shown)
    assert press(shown, "start")["status"] == "ready"
    assert press(shown, "anew")["status"] == "running"
    assert log.read_bytes() == damaged


def test_a_rehearsal_that_is_open_elsewhere_is_left_alone(desk: Path) -> None:
    interview(ID).say("How many notifications a day?")
    ((_, held),) = notebook._open.items()
    notebook._open.clear()
    other = interview(ID)
    assert "Your last rehearsal can't go on" in repr(other)
    state = press(other, "start")
    assert state["status"] == "ready"
    with pytest.raises(InterviewError):
        other.start()
    assert press(other, "anew")["status"] == "running"
    held._sitting._log.close()


def test_a_full_disk_is_said_and_nothing_is_lost(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = interview(ID)
    press(shown, "start")

    def full(*_: Any, **__: Any) -> None:
        raise LogFull("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(DurableEventLog, "append_batch", full)
        state = press(shown, "say", text="How many notifications a day?")
    assert "That was not kept, so try it again: the disk is full" in said(state)
    assert "500M candidates" in said(press(shown, "say", text="How many notifications a day?"))


# --- what is wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "words"),
    [("notifcation-system", "did you mean 'notification-system'"), (None, "not None"),
     (3, "not 3"), ("", "the bank has no question ''"), ("x" * 10_000_000, "no question 'xxx"),
     ("\ud800\n", "the bank has no question")],
)  # fmt: skip
def test_a_question_that_there_is_not_gets_a_sentence(question: Any, words: str) -> None:
    with pytest.raises(InterviewError, match=re.escape(words)) as caught:
        interview(question)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("minutes", [None, 0, -1, float("nan"), float("inf"), "long", [], 10**400])
def test_minutes_that_are_none_get_a_sentence(minutes: Any) -> None:
    with pytest.raises(InterviewError, match="lasts 5 to 240 minutes"):
        interview(ID, minutes=minutes)


def test_a_notebook_shows_the_sentence_and_no_traceback() -> None:
    shell: Any = InteractiveShell
    with capture_output() as shown:
        shell().run_cell("from pubsub_kit.interviews.notebook import interview\ninterview('chatt')")
    assert "the bank has no question 'chatt'" in shown.stdout
    assert "Traceback" not in shown.stdout + shown.stderr
    assert "File" not in shown.stdout


def test_a_rating_of_nothing_gets_a_sentence() -> None:
    shown = interview(ID)
    shown.end()
    with pytest.raises(InterviewError, match="no dimension 'luck': rate requirements_and_"):
        shown.rate(luck="weak")
    with pytest.raises(InterviewError, match="failure='superb' is no band: give one of very weak"):
        shown.rate(failure="superb")


def test_there_is_no_report_before_the_start() -> None:
    with pytest.raises(InterviewError, match="start the rehearsal first"):
        interview(ID).report()


def test_the_extra_for_the_command_line_is_not_needed() -> None:
    code = (
        "import sys; sys.modules['rich'] = sys.modules['genanki'] = None\n"
        "from pubsub_kit.interviews.notebook import interview\n"
        "print(interview('notification-system').end())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
