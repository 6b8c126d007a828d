"""Does it teach? Twins of ten questions, the gain per belief, and nothing that names anybody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pubsub_kit.checks.desk import journal
from pubsub_kit.interviews.cards import check
from pubsub_kit.interviews.cards.book import Book
from pubsub_kit.interviews.cards.card import CardError
from pubsub_kit.interviews.cards.deck import chosen, deck
from pubsub_kit.interviews.cards.families.forms import Choice, UnreadableAnswer
from pubsub_kit.interviews.cards.families.registry import FAMILIES
from tests.interviews.cards.desk import Watch, book


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(journal.SWITCH, "on")


def play(log: Book, name: str, right: int) -> None:
    """Answer a round, so many of its questions right."""
    asked = check.Round(log, name)
    for number, each in enumerate(list(asked.left)):
        form = each.problem.form
        if number >= right:
            asked.skip(each)
        else:
            asked.answer(each, "abcd"[form.index] if isinstance(form, Choice) else form.right)


def test_a_round_has_ten_questions_about_ten_beliefs_of_lessons_before_seven(
    tmp_path: Path,
) -> None:
    asked = check.Round(book(tmp_path), "before").left
    assert len(asked) == len({each.belief for each in asked}) == 10
    assert all(FAMILIES[each.family].lesson < "07" for each in asked)


def test_twins_have_other_numbers_and_the_same_beliefs(tmp_path: Path) -> None:
    log, rounds = book(tmp_path), []
    for name in ("before", "after", "after", "again", "again"):
        rounds.append(check.Round(log, name).left)
        play(log, name, 5)
    assert [each[0].round for each in rounds] == [
        "before",
        "after 1",
        "after 2",
        "again 1",
        "again 2",
    ]
    for questions in zip(*rounds, strict=True):
        assert len({each.belief for each in questions}) == 1
        assert len({each.problem.front for each in questions}) == len(rounds)


@pytest.mark.parametrize("family", check.ITEMS)
def test_each_question_is_one_that_its_belief_gets_wrong(family: str) -> None:
    """What somebody would say who holds the belief is never right."""
    for number in range(8):
        problem = check.biting(family, number)
        given = problem.given
        naive = {
            "tail": f"{given.get('slow')}%",
            "layers": str(sum(given.get("tries", ()))),
            "drain": f"{given.get('down')} s",
            "groups": str(len(given.get("groups", ())) * given.get("after", 0)),
            "charges": str(sum(given.get("amounts", ()))),
            "horizon": "0 s",
            "lost-by-commit": "none",
            "lease": "1",
            "resize": "none",
            "outbox": "saved and published",
        }[family]
        if family == "layers" and sorted(given["tries"]) == [2, 2]:
            continue  # 2 + 2 is 2 × 2
        if family == "drain" and problem.form.judge(naive):
            continue
        assert not problem.form.judge(naive), problem.front


def test_before_is_asked_once(tmp_path: Path) -> None:
    log = book(tmp_path)
    play(log, "before", 4)
    with pytest.raises(CardError, match="--check after asks its twin"):
        check.Round(log, "before")


@pytest.mark.parametrize("name", ["now", "", None, 7, "x" * 10_000])
def test_a_round_that_there_is_not_gets_a_sentence(name: object, tmp_path: Path) -> None:
    with pytest.raises(CardError, match="there is no round"):
        check.Round(book(tmp_path), name)


def test_a_question_is_answered_once_and_only_by_what_can_be_read(tmp_path: Path) -> None:
    asked = check.Round(book(tmp_path), "before")
    first = asked.left[0]
    with pytest.raises(UnreadableAnswer):
        asked.answer(first, "\x00")
    asked.skip(first)
    with pytest.raises(CardError, match="was answered"):
        asked.skip(first)
    assert len(asked.left) == 9


def test_the_gain_is_shown_in_all_and_for_each_belief(tmp_path: Path) -> None:
    log = book(tmp_path)
    play(log, "before", 3)
    play(log, "after", 8)
    lines = check.gains(check.results(log.history())).split("\n")
    assert lines[:3] == [
        "before: 3 of 10 right",
        "after 1: 8 of 10 right",
        "before → after 1: +5 of 10",
    ]
    assert "  ✓ → ✓  rare slowness stays rare: right both times" in lines
    assert "  ✗ → ✓  any dedup window will do: gained" in lines
    assert lines[-1] == "  ✗ → ✗  save, then publish: not yet"


def test_what_was_known_and_is_lost_again_is_said_too(tmp_path: Path) -> None:
    log = book(tmp_path)
    play(log, "before", 10)
    play(log, "again", 0)
    assert "✓ → ✗  save, then publish: lost again" in check.gains(check.results(log.history()))


def test_a_round_that_is_not_complete_is_not_compared(tmp_path: Path) -> None:
    log = book(tmp_path)
    asked = check.Round(log, "before")
    asked.skip(asked.left[0])
    assert "No check is complete yet" in check.gains(check.results(log.history()))
    with pytest.raises(CardError, match="No check is complete yet"):
        check.chart(check.results(log.history()))


def test_the_chart_says_how_many_were_right(tmp_path: Path) -> None:
    log = book(tmp_path)
    play(log, "before", 3)
    play(log, "after", 8)
    text = check.chart(check.results(log.history())).text
    assert "before: 3" in text
    assert "after 1: 8" in text


def test_reviews_of_cards_are_no_part_of_a_check(tmp_path: Path) -> None:
    log = book(tmp_path)
    log.record("reviewed", {"card": "family-tail", "rating": "good", "at": 1_790_000_000.0})
    assert check.results(log.history()) == {}


def test_a_trainer_gets_counts_by_belief_and_round_and_nothing_else(tmp_path: Path) -> None:
    log = book(tmp_path)
    play(log, "before", 3)
    play(log, "after", 8)
    path = check.export(check.results(log.history()), tmp_path / "gains.json", " i agree ")
    shared = json.loads(path.read_text(encoding="utf-8"))
    assert set(shared) == {"format", "rounds", "beliefs"}
    assert set(shared["beliefs"]) == set(check.ITEMS.values())
    counts = [count for rounds in shared["beliefs"].values() for count in rounds.values()]
    assert all(set(count) == {"asked", "right"} for count in counts)
    assert sum(count["right"] for count in counts) == 11


@pytest.mark.parametrize("agreed", ["", "yes", "y", None, True, "I agree to nothing"])
def test_nothing_leaves_without_consent_in_so_many_words(agreed: object, tmp_path: Path) -> None:
    log = book(tmp_path)
    play(log, "before", 3)
    with pytest.raises(CardError, match="nothing was written"):
        check.export(check.results(log.history()), tmp_path / "gains.json", agreed)
    assert not (tmp_path / "gains.json").exists()


def test_a_check_is_suggested_to_who_is_new_and_to_who_comes_back(tmp_path: Path) -> None:
    watch = Watch()
    log = book(tmp_path, watch)
    assert "--check before" in check.suggestion(log.history(), log.now())
    play(log, "before", 3)
    assert check.suggestion(log.history(), log.now()) == ""
    watch.wait(25 * 86_400)
    said = "You were away for 25 days: --check again shows what has stayed."
    assert check.suggestion(log.history(), log.now()) == said


class Sour:
    """A value that can neither be shown nor compared."""

    def __repr__(self) -> str:
        raise ValueError("no")

    def __eq__(self, other: object) -> bool:
        raise ValueError("no")

    def __hash__(self) -> int:
        return 1


def test_a_value_that_cannot_be_shown_gets_a_sentence_everywhere(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="there is no round <Sour"):
        check.Round(Book(tmp_path), Sour())
    with pytest.raises(CardError, match="no cards for lesson <Sour"):
        chosen(deck(), lesson=Sour())
    with pytest.raises(CardError, match="no family <Sour"):
        chosen(deck(), family=Sour())
    with pytest.raises(CardError, match="the clock says <Sour"):
        Book(tmp_path, lambda: Sour()).now()  # type: ignore[arg-type, return-value]
