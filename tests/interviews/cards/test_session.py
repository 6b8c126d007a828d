"""The log of reviews is the truth: what is due and what comes first follow from it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fsrs import Card as Memory
from fsrs import Rating, Scheduler

from pubsub_kit.checks.desk import journal
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.interviews.cards.book import Book
from pubsub_kit.interviews.cards.card import CardError
from pubsub_kit.interviews.cards.deck import chosen, deck
from pubsub_kit.interviews.cards.families.forms import UnreadableAnswer
from pubsub_kit.interviews.cards.schedule import moment, standings
from pubsub_kit.interviews.cards.session import GONE, SLOW, Session, span
from pubsub_kit.interviews.cards.weak import flag, shown
from pubsub_kit.log.event import Event
from tests.interviews.cards.desk import NOON, Watch, book, only, right, wrong

DECK = deck()
TAIL = chosen(DECK, family="tail")
DAY = 86_400.0


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(journal.SWITCH, "on")
    monkeypatch.setattr(journal, "place", tmp_path)


# --- ratings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "rating"),
    [("right", "good"), ("wrong", "again"), ("skipped", "again"), ("hinted", "hard"),
     ("slow", "hard"), ("left open", "good"), ("hinted and wrong", "again")],
)  # fmt: skip
def test_an_answer_is_rated_by_how_it_came(how: str, rating: str, tmp_path: Path) -> None:
    watch = Watch()
    turn = Session(book(tmp_path, watch), TAIL).next()
    assert turn is not None
    if "hinted" in how:
        assert turn.hint() == turn.problem.hint
    watch.wait({"slow": SLOW["family"] + 1, "left open": GONE + 1}.get(how, 5.0))
    told = turn.skip() if how == "skipped" else (wrong if "wrong" in how else right)(turn)
    assert told.rating == rating


def test_the_back_is_shown_only_after_an_answer(tmp_path: Path) -> None:
    turn = Session(book(tmp_path), TAIL).next()
    assert turn is not None
    assert turn.told is None
    told = wrong(turn)
    assert turn.problem.back in told.words
    assert turn.problem.form.right in told.words


def test_an_answer_that_can_not_be_read_does_not_count(tmp_path: Path) -> None:
    session = Session(book(tmp_path), TAIL)
    turn = session.next()
    assert turn is not None
    with pytest.raises(UnreadableAnswer):
        turn.answer("many")
    assert session.book.history() == []
    assert session.next() is turn


def test_a_card_is_answered_once(tmp_path: Path) -> None:
    turn = Session(book(tmp_path), TAIL).next()
    assert turn is not None
    right(turn)
    with pytest.raises(CardError, match="was answered"):
        turn.answer("1")
    with pytest.raises(CardError, match="was answered"):
        turn.skip()


def test_a_wrong_answer_has_a_picture_and_a_right_one_has_none(tmp_path: Path) -> None:
    watch = Watch()
    session = Session(book(tmp_path, watch), chosen(DECK, family="crash"))
    turn = session.next()
    assert turn is not None
    assert (picture := wrong(turn).picture()) is not None
    assert "crash" in picture.text
    watch.wait(60)
    turn = session.next()
    assert turn is not None
    assert right(turn).picture() is None


# --- the schedule is a fold over the log ----------------------------------------------------------


def test_the_schedule_is_that_of_fsrs(tmp_path: Path) -> None:
    watch = Watch()
    session = Session(book(tmp_path, watch), TAIL)
    scheduler = Scheduler(enable_fuzzing=False)
    memory = Memory(card_id=0, due=datetime.fromtimestamp(NOON, UTC))
    for number in range(5):
        turn = session.next()
        assert turn is not None
        assert turn.number == number
        told = right(turn)
        memory, _ = scheduler.review_card(memory, Rating.Good, moment(watch.at))
        assert told.due == memory.due.timestamp()
        watch.at = told.due
    assert memory.due - moment(NOON) > timedelta(days=60)


def test_what_is_due_follows_from_the_log_alone(tmp_path: Path) -> None:
    watch = Watch()
    session = Session(book(tmp_path, watch), DECK, limit=30)
    for number in range(30):
        turn = session.next()
        assert turn is not None
        (wrong if number % 3 else right)(turn)
        watch.wait(31.0)
    events = book(tmp_path, watch).history()
    assert len(events) == 30
    table = standings(events)
    assert standings(events) == table
    assert sum(standing.reviews for standing in table.values()) == 30


def test_a_review_logs_its_seed_and_the_number_that_draws_it_again(tmp_path: Path) -> None:
    session = Session(book(tmp_path), TAIL)
    turn = session.next()
    assert turn is not None
    right(turn)
    (event,) = session.book.history()
    assert event.type == "cards.reviewed"
    data = event.data
    assert (data["card"], data["number"]) == ("family-tail", 0)
    assert data["seed"] == TAIL[0].seed(0)
    assert TAIL[0].problem(data["number"]) == turn.problem


def test_each_review_has_another_problem(tmp_path: Path) -> None:
    watch = Watch()
    session = Session(book(tmp_path, watch), TAIL)
    fronts = []
    for _ in range(4):
        turn = session.next()
        assert turn is not None
        fronts.append(turn.problem.front)
        watch.at = right(turn).due
    assert len(set(fronts)) == 4


@pytest.mark.parametrize(
    "data",
    [None, 7, [], {}, {"card": 7, "rating": "good", "at": NOON},
     {"card": "family-tail", "rating": "easy", "at": NOON},
     {"card": "family-tail", "rating": "good", "at": "noon"},
     {"card": "family-tail", "rating": "good", "at": 1e300}],
    ids=["none", "number", "list", "empty", "name", "rating", "text time", "far time"],
)  # fmt: skip
def test_a_review_that_another_kit_wrote_otherwise_counts_for_nothing(data: object) -> None:
    event = Event.new("cards.reviewed", data, source="learner")
    assert standings([event]) == {}


# --- what comes first -----------------------------------------------------------------------------


def checked(question: str, outcome: str, belief: str) -> None:
    exercise, _, name = question.partition(".")
    details = {"exercise": exercise, "question": name, "outcome": outcome, "belief": belief}
    assert journal.record(("checked", details)) == ""


def test_a_belief_that_an_exercise_showed_comes_first(tmp_path: Path) -> None:
    (tmp_path / "my_work").mkdir()
    checked("04.worker", "fails", "the lease outlasts the job")
    session = Session(book(tmp_path), DECK)
    first = [turn.card.id for _ in range(3) if (turn := session.next()) and right(turn)]
    assert set(first) == {"belief-10", "family-lease", "family-copies"}


def test_a_weak_belief_stays_first_until_it_was_answered_right_since(tmp_path: Path) -> None:
    (tmp_path / "my_work").mkdir()
    checked("04.worker", "fails", "ack on receipt is fine")
    cards = only(DECK, "belief-02", "belief-01")
    now = journal.history(tmp_path)[-1].time
    watch = Watch(now + 10)
    session = Session(book(tmp_path, watch), cards)
    turn = session.next()
    assert turn is not None
    assert (turn.card.id, turn.weak) == ("belief-02", True)
    wrong(turn)
    watch.wait(120)
    turn = session.next()
    assert turn is not None
    assert turn.card.id == "belief-02"
    right(turn)
    watch.wait(1200)
    turn = session.next()
    assert turn is not None
    assert turn.card.id == "belief-02"
    assert not turn.weak


def test_a_belief_that_was_flagged_comes_first(tmp_path: Path) -> None:
    watch = Watch()
    log = book(tmp_path, watch)
    flag(log, 55)
    watch.wait(1)
    session = Session(log, DECK)
    first = [turn.card.id for _ in range(2) if (turn := session.next()) and right(turn)]
    assert set(first) == {"belief-55", "family-conflict"}
    turn = session.next()
    assert turn is not None
    assert not turn.weak


@pytest.mark.parametrize("belief", [0, 82, -1, None, "7", 7.0, True])
def test_only_a_misconception_can_be_flagged(belief: Any, tmp_path: Path) -> None:
    with pytest.raises(CardError, match="numbered 1 to 81"):
        flag(book(tmp_path), belief)


def test_an_answer_that_holds_shows_no_weak_belief() -> None:
    held = {"exercise": "03", "question": "consumer", "outcome": "holds", "belief": ""}
    fails = {**held, "outcome": "fails", "belief": "no dedup"}
    events = [
        Event.new("progress.checked", data, source="learner", time=NOON) for data in (held, fails)
    ]
    assert shown(events[:1]) == {}
    assert shown(events) == {"no dedup": NOON, "03/no dedup": NOON}


def test_what_is_due_comes_before_what_is_new(tmp_path: Path) -> None:
    watch = Watch()
    cards = only(DECK, "family-tail", "family-drain")
    session = Session(book(tmp_path, watch), cards)
    turn = session.next()
    assert turn is not None
    wrong(turn)
    watch.wait(61)
    again = session.next()
    assert again is not None
    assert again.card == turn.card
    assert again.number == 1


def test_a_session_ends_at_its_limit(tmp_path: Path) -> None:
    session = Session(book(tmp_path), DECK, limit=2)
    for _ in range(2):
        turn = session.next()
        assert turn is not None
        right(turn)
    assert session.next() is None
    assert (session.done, session.right) == (2, 2)


def test_a_session_ends_where_nothing_is_due(tmp_path: Path) -> None:
    session = Session(book(tmp_path), TAIL)
    turn = session.next()
    assert turn is not None
    told = right(turn)
    assert session.next() is None
    assert session.due_next() == told.due


# --- the log, whatever befalls it -----------------------------------------------------------------

REVIEWS = """
    import sys
    from pathlib import Path
    from pubsub_kit.interviews.cards.deck import deck
    from pubsub_kit.interviews.cards.session import Session
    from tests.interviews.cards.desk import book, right
    session = Session(book(Path(sys.argv[1])), deck(), limit=1000)
    while (turn := session.next()) is not None:
        right(turn)
        print(turn.card.id, flush=True)
"""


def test_a_kill_loses_no_review_that_was_told(tmp_path: Path) -> None:
    code = textwrap.dedent(REVIEWS)
    running = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    told = [running.stdout.readline().strip() for _ in range(8)]
    os.kill(running.pid, signal.SIGKILL)
    told += running.stdout.read().split()
    running.wait()
    logged = [event.data["card"] for event in book(tmp_path).history()]
    assert logged[: len(told)] == told
    assert len(logged) <= len(told) + 1


def test_two_sessions_at_once_keep_each_others_reviews(tmp_path: Path) -> None:
    first, second = (Session(book(tmp_path), DECK) for _ in range(2))
    one, other = first.next(), second.next()
    assert one is not None
    assert other is not None
    right(one)
    wrong(other)
    assert len(book(tmp_path).history()) == 2


def test_a_damaged_log_says_so_in_its_own_words(tmp_path: Path) -> None:
    session = Session(book(tmp_path), DECK)
    for _ in range(3):
        turn = session.next()
        assert turn is not None
        right(turn)
    (segment,) = [
        path for path in (tmp_path / "my_work" / "cards").rglob("*.log") if path.stat().st_size
    ]
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 0xFF
    segment.write_bytes(content)
    with pytest.raises(PubSubKitError, match=segment.name):
        Session(book(tmp_path), DECK)


def test_a_review_that_can_not_be_written_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(book(tmp_path), TAIL)
    turn = session.next()
    assert turn is not None

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pubsub_kit.interviews.cards.book.DurableEventLog.append", full)
        with pytest.raises(CardError, match="does not count"):
            right(turn)
    assert turn.told is None
    assert session.book.history() == []
    assert right(turn).rating == "good"


@pytest.mark.parametrize("at", [0.0, -1.0, 1e12, float("nan"), float("inf")])
def test_a_clock_that_can_not_be_right_is_refused(at: float, tmp_path: Path) -> None:
    with pytest.raises(CardError, match="the clock says"):
        Session(book(tmp_path, Watch(at)), DECK).next()


def test_a_clock_that_goes_back_does_no_harm(tmp_path: Path) -> None:
    watch = Watch()
    session = Session(book(tmp_path, watch), DECK)
    for _ in range(4):
        turn = session.next()
        assert turn is not None
        right(turn)
        watch.wait(-3 * DAY)
    assert len(standings(session.book.history())) == 4


def test_nothing_is_written_where_progress_is_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(journal.SWITCH, "off")
    session = Session(Book(tmp_path, Watch(), make=True), DECK)
    turn = session.next()
    assert turn is not None
    right(turn)
    assert len(session.book.history()) == 1
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_where_there_is_no_place_for_it(tmp_path: Path) -> None:
    session = Session(Book(tmp_path, Watch()), DECK)
    turn = session.next()
    assert turn is not None
    right(turn)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_can_not_be_made_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    session = Session(Book(tmp_path, Watch(), make=True), DECK)
    assert session.note == "your reviews are kept in memory only: Permission denied"
    turn = session.next()
    assert turn is not None
    assert right(turn).right


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "a moment"), (60, "1 minute"), (600, "10 minutes"), (3 * 3600, "3 hours"),
     (DAY, "1 day"), (163 * DAY, "163 days")],
)  # fmt: skip
def test_a_wait_is_said_in_one_unit(seconds: float, words: str) -> None:
    assert span(seconds) == words
