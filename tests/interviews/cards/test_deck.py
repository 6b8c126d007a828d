"""The deck: a card for each misconception, number, recap and family, and each can be answered."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pubsub_kit.checks.desk.exercises import LESSONS, questions
from pubsub_kit.checks.forms.sources import ROOT
from pubsub_kit.interviews.cards.card import KINDS, Card, CardError
from pubsub_kit.interviews.cards.deck import BELIEFS, RECAPS, chosen, deck, rows, verdicts_of
from pubsub_kit.interviews.cards.families.forms import Choice, Number, Said
from pubsub_kit.interviews.cards.families.registry import FAMILIES
from pubsub_kit.interviews.cards.recaps import bullets, recaps

DECK = deck()
LONGEST_SENTENCE = 30  # words
SHORTEST_ANSWER = 40  # letters


def kind(name: str) -> list[Card]:
    return [card for card in DECK if card.kind == name]


def test_there_is_a_card_for_each_misconception() -> None:
    assert [row["number"] for name in BELIEFS for row in rows(name)] == [*range(1, 82)]
    assert sorted(card.id for card in kind("belief")) == [f"belief-{n:02}" for n in range(1, 82)]


def recap_rows() -> list[dict[str, Any]]:
    return [row for name in RECAPS for row in rows(name)]


def test_there_is_a_card_for_each_bullet_of_each_recap() -> None:
    """A bullet that was added, dropped or reworded shows up here: mend its card, then its words."""
    sources = sorted((ROOT / "authoring" / "lessons").glob("*.py"))
    assert {recap.lesson for recap in recaps()} == {file.stem[:2] for file in sources}
    wanted = [(recap.lesson, recap.words) for recap in recaps()]
    assert [(row["lesson"], row["words"]) for row in recap_rows()] == wanted
    assert sorted((card.lesson, card.title) for card in kind("recap")) == sorted(wanted)


@pytest.mark.parametrize("card", kind("recap"), ids=lambda card: card.id)
def test_a_recap_asks_a_question_and_answers_it(card: Card) -> None:
    problem = card.problem(0)
    judged = isinstance(problem.form, Said)
    answer = problem.form.right if judged else problem.back
    assert judged or isinstance(problem.form, Choice)
    assert "?" in problem.front or problem.front.startswith(("Name ", "Give "))
    assert len(answer) >= SHORTEST_ANSWER
    assert "Compare with" not in answer
    assert card.title not in f"{problem.front} {answer}"


def test_recaps_are_choices_where_that_makes_sense_and_no_two_are_alike() -> None:
    chosen_ones = [row for row in recap_rows() if "right" in row]
    assert len(chosen_ones) >= len(recap_rows()) / 2
    for key in ("words", "front", "back"):
        assert len({row[key] for row in recap_rows()}) == len(recap_rows())
    assert all(len({row["right"], *row["wrong"]}) == 3 for row in chosen_ones)


def test_a_bullet_over_several_lines_is_one_sentence() -> None:
    source = (
        '# %% [markdown] tags=["recap"]\n# ## What\n#\n# - Say it\n#   twice.\n# - And.\n\n# - No.'
    )
    assert bullets(source) == ["Say it twice.", "And."]
    assert bullets("# %% [markdown]\n# - not a recap") == []


def test_without_sources_there_are_no_recaps(tmp_path_factory: pytest.TempPathFactory) -> None:
    assert recaps(tmp_path_factory.mktemp("elsewhere")) == []


def test_there_is_a_card_for_each_family() -> None:
    assert {card.id for card in kind("family")} == {f"family-{name}" for name in FAMILIES}


def test_no_two_cards_have_one_id() -> None:
    assert len({card.id for card in DECK}) == len(DECK)
    assert {card.kind for card in DECK} == set(KINDS)


@pytest.mark.parametrize("card", DECK, ids=lambda card: card.id)
def test_a_card_leads_to_a_lesson_that_exists(card: Card) -> None:
    assert card.link.startswith(f"notebooks/{card.lesson}_")
    assert (ROOT / card.link).is_file()


@pytest.mark.parametrize("card", kind("number"), ids=lambda card: card.id)
def test_a_number_takes_itself_as_it_is_shown_and_has_a_source(card: Card) -> None:
    form = card.problem(0).form
    assert isinstance(form, Number)
    assert form.judge(form.right.replace(" %", "%"))
    assert not form.judge(repr(form.value * 5 + 1))
    assert len(card.source) > 5


@pytest.mark.parametrize("card", kind("belief"), ids=lambda card: card.id)
def test_a_belief_has_one_right_option_in_changing_places(card: Card) -> None:
    forms = [card.problem(number).form for number in range(12)]
    for form in forms:
        assert isinstance(form, Choice)
        assert len(set(form.options)) == 3
        assert [form.judge(letter) for letter in "abc"].count(True) == 1
    rights = {form.right.partition(" ")[2] for form in forms}
    assert len(rights) == 1
    assert len({form.right[0] for form in forms}) > 1


def test_each_verdict_that_a_belief_names_is_one_of_an_exercise() -> None:
    known = {name for key in LESSONS for question in questions(key) for name in question.lessons}
    named = {
        verdict.split("/")[-1]
        for name in BELIEFS
        for row in rows(name)
        for verdict in row["verdicts"]
    }
    hinted = {name for key in LESSONS for question in questions(key) for name in question.hints}
    assert named - known - hinted == set()


def test_a_family_is_about_the_verdicts_of_its_beliefs() -> None:
    (card,) = chosen(DECK, family="charges")
    assert {"check then act", "mark and effect apart"} <= set(card.verdicts)
    assert verdicts_of(()) == ()


def sentences() -> list[tuple[str, str]]:
    texts = [(card.id, card.problem(0)) for card in DECK]
    whole = [(id, f"{p.front}\n{p.hint}\n{p.form.right}\n{p.back}") for id, p in texts]
    return [(id, s) for id, text in whole for s in re.split(r"(?<=[.?!:;])\s|\n", text)]


def test_no_sentence_of_a_card_is_long() -> None:
    assert [(id, s) for id, s in sentences() if len(s.split()) > LONGEST_SENTENCE] == []


def test_cards_are_chosen_by_lesson_and_by_family() -> None:
    assert {card.lesson for card in chosen(DECK, "3")} == {"03"}
    assert chosen(DECK, 3) == chosen(DECK, "03") == chosen(DECK, "03_idempotency")
    assert [card.id for card in chosen(DECK, None, "tail")] == ["family-tail"]


@pytest.mark.parametrize("lesson", ["99", "", "x", -1, [], "\x00", "9" * 10_000])
def test_a_lesson_without_cards_is_refused_in_a_sentence(lesson: object) -> None:
    with pytest.raises(CardError, match="there are no cards for lesson"):
        chosen(DECK, lesson)


@pytest.mark.parametrize("family", ["tial", "", 7, [], "x" * 10_000_000])
def test_a_family_that_there_is_not_is_refused_in_a_sentence(family: object) -> None:
    with pytest.raises(CardError, match="there is no family"):
        chosen(DECK, None, family)


def test_a_misspelt_family_gets_the_nearest_name() -> None:
    with pytest.raises(CardError, match="did you mean tail"):
        chosen(DECK, None, "tial")


def test_the_files_of_the_deck_have_no_key_that_nobody_reads() -> None:
    belief = {"number", "lesson", "front", "right", "wrong", "why", "source", "verdicts"}
    number = {"id", "lesson", "front", "value", "unit", "within", "factor", "back", "source"}
    assert {key for name in BELIEFS for row in rows(name) for key in row} == belief
    assert {key for row in rows("numbers") for key in row} == number
    recap = {"lesson", "words", "front", "right", "wrong", "back"}
    assert {key for row in recap_rows() for key in row} == recap


def test_the_right_option_is_not_given_away_by_its_length() -> None:
    places = []
    asked = [row for name in (*BELIEFS, *RECAPS) for row in rows(name) if "right" in row]
    for row in asked:
        options = sorted([row["right"], *row["wrong"]], key=len)
        places.append(options.index(row["right"]))
    assert max(map(places.count, (0, 1, 2))) <= len(places) / 2
