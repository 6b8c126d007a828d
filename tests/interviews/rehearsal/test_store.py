"""Rehearsals on disk: what a crash leaves, what damage says, and which one goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pubsub_kit.interviews.rehearsal import store
from pubsub_kit.interviews.rehearsal.engine import Rehearsal
from pubsub_kit.interviews.rehearsal.events import Fact, RehearsalError
from pubsub_kit.interviews.rehearsal.state import fold
from pubsub_kit.interviews.rehearsal.store import Kept, Shelf
from pubsub_kit.log.event import Event
from pubsub_kit.log.segments import LogCorrupt, LogLocked
from tests.interviews.rehearsal.played import BRIEF, Clock, Fake

SOURCE = Path(__file__).resolve().parents[3]


def rehearsed(root: Path, *lines: str, clock: Clock | None = None) -> Kept:
    """Rehearse on disk; leave the log as the process would that closes it."""
    shelf = Shelf(root)
    kept = shelf.new(BRIEF.id)
    with store.open_log(kept, clock=lambda: 1_796_000_000.0) as log:
        rehearsal = Rehearsal(BRIEF, 45, log, clock or Clock(), Fake())
        for line in lines:
            rehearsal.hear(line)
    return kept


def test_rehearsals_are_numbered_by_question(tmp_path: Path) -> None:
    assert [rehearsed(tmp_path).name for _ in range(2)] == ["chat-1", "chat-2"]
    assert [kept.name for kept in Shelf(tmp_path).all()] == ["chat-1", "chat-2"]
    assert Shelf(tmp_path).new("scheduler").name == "scheduler-1"


def test_where_nothing_was_rehearsed_there_is_nothing(tmp_path: Path) -> None:
    assert Shelf(tmp_path).all() == []
    assert Shelf(tmp_path).unfinished("chat", "candidate") is None
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_rehearsal_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "my_work" / "rehearsals"
    (folder / "chat-1").mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    assert Shelf(tmp_path).all() == []
    assert Shelf(tmp_path).new("chat").name == "chat-2"


def test_a_rehearsal_that_was_left_goes_on_and_one_that_ended_does_not(tmp_path: Path) -> None:
    rehearsed(tmp_path, "/end")
    assert Shelf(tmp_path).unfinished("chat", "candidate") is None
    left = rehearsed(tmp_path, "/next")
    found = Shelf(tmp_path).unfinished("chat", "candidate")
    assert found is not None
    assert found.kept == left
    assert Shelf(tmp_path).unfinished("chat", "interviewer") is None


def test_the_list_says_when_and_how_each_came_out(tmp_path: Path) -> None:
    rehearsed(tmp_path, "/end")
    rehearsed(tmp_path, "/next")
    ended, left = Shelf(tmp_path).standings()
    assert (ended.result, ended.when) == ("stopped, no run", 1_796_000_000.0)
    assert left.result == "stopped in estimation"


def test_a_number_that_is_not_there_gets_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(RehearsalError, match="no rehearsal 3 of chat: there is none yet"):
        Shelf(tmp_path).find("chat", 3)
    rehearsed(tmp_path)
    with pytest.raises(RehearsalError, match="no rehearsal 3 of chat: there are 1"):
        Shelf(tmp_path).find("chat", 3)


def test_a_rehearsal_is_open_in_one_place(tmp_path: Path) -> None:
    kept = rehearsed(tmp_path)
    with store.open_log(kept), pytest.raises(LogLocked, match="is open elsewhere"):
        store.open_log(kept)


def test_a_flipped_byte_gets_the_logs_own_sentence(tmp_path: Path) -> None:
    kept = rehearsed(tmp_path, "hello", "/next")
    (segment,) = kept.path.glob("0/*.log")
    damaged = bytearray(segment.read_bytes())
    damaged[len(damaged) // 2] ^= 0x20
    segment.write_bytes(damaged)
    with pytest.raises(LogCorrupt, match=r"00000000000000000000\.log"):
        Shelf(tmp_path).unfinished("chat", "candidate")
    (standing,) = Shelf(tmp_path).standings()
    assert standing.result == "cannot be read"
    assert ".log" in standing.trouble


def test_a_torn_tail_costs_what_was_not_yet_acknowledged(tmp_path: Path) -> None:
    kept = rehearsed(tmp_path, "hello")
    whole = store.read(kept)
    (segment,) = kept.path.glob("0/*.log")
    with segment.open("ab") as torn:
        torn.write(b"\x00\x00\x01")
    assert store.read(kept).events == whole.events


def test_facts_that_do_not_fit_together_get_a_sentence(tmp_path: Path) -> None:
    kept = Shelf(tmp_path).new("chat")
    with store.open_log(kept) as log:
        log.append(Event.new("rehearsal.said", {"who": "interviewer", "awaits": 5, "at": 1}))
    with pytest.raises(RehearsalError, match="no rehearsal that can go on"):
        store.read(kept)


# It talks until it is told to die, after the line that it has just said it has heard.
TALKER = """
import sys, time
from pathlib import Path
from pubsub_kit.interviews.bank.question import load
from pubsub_kit.interviews.rehearsal import store
from pubsub_kit.interviews.rehearsal.engine import Rehearsal
now = 0.0
kept = store.Shelf(Path(sys.argv[1])).new("chat")
rehearsal = Rehearsal(load("chat"), 45, store.open_log(kept), lambda: now, None)
for number in range(10_000):
    now += 2
    rehearsal.hear(f"thought {number}")
    print(number, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no kill -9")
def test_after_kill_9_it_goes_on_from_the_last_thing_that_was_heard(tmp_path: Path) -> None:
    talker = subprocess.Popen(
        [sys.executable, "-c", TALKER, str(tmp_path)], cwd=SOURCE, stdout=subprocess.PIPE, text=True
    )
    assert talker.stdout is not None
    heard = [int(talker.stdout.readline()) for _ in range(20)][-1]
    os.kill(talker.pid, signal.SIGKILL)
    heard = max([heard, *map(int, talker.stdout.read().split())])
    talker.wait()
    talker.stdout.close()
    found = Shelf(tmp_path).unfinished("chat", "candidate")
    assert found is not None
    clock = Clock()
    with store.open_log(found.kept) as log:
        again = Rehearsal(BRIEF, 45, log, clock, Fake())
        told = [fact for fact in again.facts if fact.data.get("who") == "candidate"]
        assert told[-1].data["text"] in (f"thought {heard}", f"thought {heard + 1}")
        assert again.timer.left == 45 * 60 - told[-1].at
        assert told[-1].at == 2 * len(told)


@pytest.mark.parametrize(
    ("kind", "name"), [("hinted", "rung"), ("estimated", "value"), ("signed", "level")]
)
def test_a_log_that_was_edited_into_other_types_cannot_go_on(kind: str, name: str) -> None:
    with pytest.raises(RehearsalError, match=f"'{name}' of '{kind}' is "):
        fold([Fact(kind, 1.0, {name: {"a": 1}})])
