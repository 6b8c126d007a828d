"""The decision guide: each of its 864 answers gets advice that doesn't contradict itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from pubsub_kit.interviews.guidance import CHOICES, LEAVING, QUESTIONS, SYSTEMS
from pubsub_kit.interviews.guide import USUAL, Advice, GuideError, advise
from pubsub_kit.interviews.guide_reasons import AGAINST, FOR
from pubsub_kit.interviews.guided import card, decisions, guide
from pubsub_kit.workbook.build import KIT

ALL = {
    words: advise(dict(zip(USUAL, words, strict=True)))
    for words in product(*(asking.words for asking in QUESTIONS))
}
HANDED_ON = {"pub/sub", "queue", "log", "table"}
ALL_OR_NONE = {"transaction", "saga", "two-phase commit"}
BROKER = {choice.id for choice in CHOICES if choice.broker}


def advised(**differs: str) -> Advice:
    return advise({**USUAL, **differs})


def changed(question: str, before: str, after: str) -> Iterator[tuple[set[str], set[str]]]:
    """Yield what is advised before and after one answer changes, whatever the others are."""
    at = [*USUAL].index(question)
    for words, advice in ALL.items():
        if words[at] == before:
            other = ALL[(*words[:at], after, *words[at + 1 :])]
            yield set(advice.choices), set(other.choices)


# --- over all combinations ------------------------------------------------------------------------


def test_every_combination_gets_something_to_use_and_something_not_to() -> None:
    assert len(ALL) == 864
    assert all(advice.recommended and advice.against for advice in ALL.values())


def test_nothing_is_advised_and_advised_against_at_once() -> None:
    for advice in ALL.values():
        against = [each.choice for each in advice.against]
        assert len({*advice.choices, *against}) == len(advice.choices) + len(against)


def test_there_is_one_way_to_hand_on_and_one_to_do_all_or_none() -> None:
    for advice in ALL.values():
        assert len(HANDED_ON & {*advice.choices}) <= 1
        assert len(ALL_OR_NONE & {*advice.choices}) <= 1


def test_every_reason_rests_on_answers_that_were_given() -> None:
    for advice in ALL.values():
        reasons = [reason for use in advice.recommended for reason in use.reasons]
        for reason in [*reasons, *(each.reason for each in advice.against)]:
            assert reason.answers
            assert reason.answers.items() <= advice.answers.items()


def test_everything_advised_has_a_reason_a_price_and_a_lesson() -> None:
    for use in (use for advice in ALL.values() for use in advice.recommended):
        assert use.reasons
        assert use.price
        assert use.lessons


def test_a_flip_changes_what_to_use_as_it_says_and_no_other_answer_does() -> None:
    for advice in ALL.values():
        said = {(flip.question, flip.answer): flip for flip in advice.flips}
        for asking, words in ((a, w) for a in QUESTIONS for w in a.words):
            other = ALL[tuple({**advice.answers, asking.id: words}.values())]
            gains = tuple(c for c in other.choices if c not in advice.choices)
            drops = tuple(c for c in advice.choices if c not in other.choices)
            flip = said.get((asking.id, words))
            assert (flip.gains, flip.drops) == (gains, drops) if flip else not (gains or drops)


def test_every_combination_can_be_flipped() -> None:
    assert all(advice.flips for advice in ALL.values())


# --- what sense demands ---------------------------------------------------------------------------


def test_a_call_is_advised_exactly_where_the_caller_needs_the_result() -> None:
    for advice in ALL.values():
        assert ("call" in advice.choices) == (advice.answers["reply"] == "yes")


@pytest.mark.parametrize(
    ("choice", "together", "between"),
    [
        ("transaction", "in one database", None),
        ("saga", "across services", "for a while"),
        ("two-phase commit", "across services", "never"),
    ],
)
def test_all_or_none_is_done_where_it_is_asked_for(
    choice: str, together: str, between: str | None
) -> None:
    for advice in ALL.values():
        asked = advice.answers["together"] == together
        asked = asked and between in (None, advice.answers["between"])
        assert (choice in advice.choices) == asked


def test_services_that_react_apart_never_share_a_queue() -> None:
    for advice in ALL.values():
        if advice.answers["readers"] == "several services":
            assert not {"queue", "table"} & {*advice.choices}
            assert {"pub/sub", "log"} & {*advice.choices}


def test_who_needs_the_result_gets_no_queue() -> None:
    for advice in ALL.values():
        if advice.answers["reply"] == "yes":
            assert "queue" not in advice.choices


def test_history_is_kept_in_a_log_and_asking_for_it_takes_nothing_else_away() -> None:
    for before, after in changed("history", "no", "yes"):
        assert "log" in after
        assert before - after <= HANDED_ON - {"log"}


def test_needing_the_result_takes_away_at_most_what_handed_the_work_on() -> None:
    for before, after in changed("reply", "no", "yes"):
        assert after - before == {"call"}
        assert before - after <= HANDED_ON


def test_more_load_never_takes_a_broker_away() -> None:
    for few, more in (("a few a minute", "steadily"), ("steadily", "in bursts")):
        for before, after in changed("load", few, more):
            assert bool(before & BROKER) <= bool(after & BROKER)


def test_more_readers_never_take_a_broker_away() -> None:
    for before, after in changed("readers", "one service", "several services"):
        assert bool(before & BROKER) <= bool(after & BROKER)


def test_a_broker_that_runs_already_is_a_reason_for_one_and_changes_nothing_else() -> None:
    for before, after in changed("broker", "no", "yes"):
        assert before == after or (before == {"table"} and after <= BROKER)


def test_leaving_is_mentioned_exactly_where_a_broker_is_advised() -> None:
    for advice in ALL.values():
        needs = bool(BROKER & {*advice.choices})
        assert advice.leaving == (LEAVING[advice.answers["broker"]] if needs else "")
        assert advice.leaving.startswith("Hard to exit") == needs


def test_pub_sub_is_never_put_between_changes_that_belong_together() -> None:
    """It is advised against, or it comes after the commit."""
    for advice in (a for a in ALL.values() if a.answers["together"] != "no"):
        against = [e.reason.why for e in advice.against if e.choice == "pub/sub"]
        after = [r.why for use in advice.recommended for r in use.reasons if "outbox" in r.why]
        if "pub/sub" in advice.choices:
            assert len(after) == 1
        else:
            assert against[0].startswith("Not for a transaction")


# --- the sentences --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number", sorted({n for c in CHOICES for n in c.lessons} | {s.lesson for s in (*FOR, *AGAINST)})
)
def test_every_lesson_that_is_named_is_there(number: str) -> None:
    assert len([*(KIT / "authoring" / "lessons").glob(f"{number}_*.py")]) == 1


def test_every_sentence_is_said_to_somebody() -> None:
    told = {(u.choice, r.why) for a in ALL.values() for u in a.recommended for r in u.reasons}
    kept = {(e.choice, e.reason.why) for a in ALL.values() for e in a.against}
    assert {(s.choice, s.why) for s in FOR} == told
    assert {(s.choice, s.why) for s in AGAINST} == kept


def test_no_sentence_is_longer_than_thirty_words() -> None:
    written = [s.why for s in (*FOR, *AGAINST)] + [c.price for c in CHOICES] + [*LEAVING.values()]
    said = [sentence for text in written for sentence in re.split(r"(?<=[.;:!?]) ", text)]
    assert [sentence for sentence in said if len(sentence.split()) > 30] == []


def test_the_advice_reads_as_plain_words() -> None:
    said = repr(advised(reply="yes", readers="several services"))
    assert said.startswith("Use a plain call (RPC), and pub/sub.\n")
    assert "If everything had to stay in one order: a log instead of pub/sub." in said
    assert "If the caller could go on without the result: do without a call." in said
    assert "(reply: yes; lesson 01)" in said


# --- what somebody may answer ---------------------------------------------------------------------


def test_case_and_spaces_of_an_answer_do_not_matter() -> None:
    assert advised(order="  Each\nKEY ").answers["order"] == "each key"


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        (None, r"advise\(\) takes answers by question, such as {'reply': 'yes'}, not None\."),
        ("reply", r"advise\(\) takes answers by question, such as .*, not 'reply'\."),
        ({}, r"Does the caller need the result before it goes on\? Answer reply: 'no' or 'yes'\."),
        ({**USUAL, "replies": "yes"}, r"There is no question 'replies': did you mean 'reply'\?"),
        (
            dict[Any, str]({7: "yes"}),
            r"There is no question 7: there are reply, together, .*\.",
        ),
        ({**USUAL, "load": "huge"}, r"'huge' is no answer to 'load': answer 'steadily' or .*\."),
        ({**USUAL, "load": ""}, r"'' is no answer to 'load'"),
        ({**USUAL, "load": True}, r"True is no answer to 'load'"),
        ({**USUAL, "load": float("nan")}, r"nan is no answer to 'load'"),
        ({**USUAL, "load": b"steadily"}, r"b'steadily' is no answer to 'load'"),
        ({**USUAL, "load": "steadily\x00"}, r"'steadily\\x00' is no answer to 'load'"),
        ({**USUAL, "load": "x" * 10_000_000}, r"'x+\.\.\.x+' is no answer to 'load'"),
    ],
    ids=[*"abcdefghijkl"],
)
def test_a_bad_answer_gets_a_sentence(answers: Any, sentence: str) -> None:
    with pytest.raises(GuideError, match=sentence) as told:
        advise(answers)
    assert len(str(told.value)) < 300
    assert "\n" not in str(told.value)


# --- in a notebook --------------------------------------------------------------------------------


def test_the_guide_starts_with_the_usual_answers_in_plain_words() -> None:
    asked = guide()
    assert asked.values == USUAL
    assert repr(asked).splitlines()[1] == "Use a queue."
    assert repr(asked) == repr(guide())


def test_another_answer_changes_the_card() -> None:
    asked = guide(reply="yes")
    asked.set(history="yes")
    assert repr(asked.picture).startswith("Use a plain call (RPC), and a log.")


def test_each_question_is_the_label_of_its_control() -> None:
    described = guide().widget.controls
    assert [control["label"] for control in described] == [asking.ask for asking in QUESTIONS]


def test_the_guide_refuses_an_answer_that_is_none() -> None:
    with pytest.raises(GuideError, match="'maybe' is no answer to 'reply'"):
        guide(reply="maybe")


def test_a_card_fits_a_cell_of_a_page_of_700_pixels_and_writes_nothing_beyond_its_edge() -> None:
    for advice in [*ALL.values()][::61]:
        drawing: Any = card(advice).drawing
        assert drawing.size[0] <= 578  # JupyterLab's own margins take the rest
        for text in drawing.texts():
            left, top, right, bottom = text.bounds()
            assert left >= 0
            assert top >= 0
            assert right <= drawing.size[0]
            assert bottom <= drawing.size[1]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_card_is_drawn_in_both_themes(theme: str) -> None:
    assert card(advised()).png(theme, 1.0).startswith(b"\x89PNG")


def test_the_table_says_for_each_system_what_the_guide_advises() -> None:
    said = repr(decisions())
    assert "money between two services: use ✓ saga, not ✗ pub/sub, log, lesson 05" in said
    assert "–" not in said


def test_the_table_fits_a_page_of_700_pixels_and_cuts_nothing_off() -> None:
    drawing: Any = decisions().drawing
    wide, _ = drawing.size
    assert wide <= 578
    for text in drawing.texts():
        left, _, right, _ = text.bounds()
        assert "…" not in text.text
        assert 0 <= left < right <= (wide if left > 290 else 295)


@pytest.mark.parametrize("choice", [choice.id for choice in CHOICES])
def test_each_choice_is_right_for_a_system_that_everyone_knows(choice: str) -> None:
    assert any(choice in advise({**USUAL, **differs}).choices for differs in SYSTEMS.values())
