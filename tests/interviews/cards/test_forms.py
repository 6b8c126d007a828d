"""Answers are read with patience: what can't be read is no wrong answer, but a sentence."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pubsub_kit.interviews.cards.families.forms import (
    Choice,
    Listed,
    Number,
    Said,
    UnreadableAnswer,
)

FORMS = [
    Number(12.0, "second"),
    Number(5.0),
    Listed(("1", "2")),
    Choice(("yes it is", "no it isn't"), 0),
    Said("compare"),
]
HOSTILE = [
    None, True, [], {}, "", "   ", "\x00", "\x1b[2J", "x" * 401, "9" * 10_000_000, b"12",
    math.nan, math.inf, object(), "nan", "1e999", "--", "a) b) c)", "\u202e12", "１２",
]  # fmt: skip


def refusal(form: Any, given: Any) -> str | None:
    """Return why an answer can't be read, or None if it was judged."""
    try:
        judged = form.judge(given)
    except UnreadableAnswer as error:
        return str(error)
    assert judged in (True, False)
    return None


@pytest.mark.parametrize("form", FORMS, ids=["seconds", "count", "list", "choice", "said"])
@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_whatever_is_given_is_judged_or_gets_one_sentence(form: Any, number: int) -> None:
    said = refusal(form, HOSTILE[number])
    assert said is None or 10 < len(said) < 300
    assert "\n" not in (said or "")


@pytest.mark.parametrize("text", ["12", "12 s", "12 seconds", "0.2 min", "~12 s", "12.1"])
def test_a_quantity_is_read_in_any_unit_that_fits(text: str) -> None:
    assert Number(12.0, "second").judge(text)


@pytest.mark.parametrize("text", ["13", "12 min", "-12", "0"])
def test_another_quantity_is_wrong(text: str) -> None:
    assert not Number(12.0, "second").judge(text)


def test_a_quantity_of_another_kind_can_not_be_read() -> None:
    with pytest.raises(UnreadableAnswer, match="can't be converted"):
        Number(12.0, "second").judge("12 MB")


def test_an_exact_number_has_no_slack() -> None:
    assert Number(100.0, "", 0).judge("100")
    assert not Number(100.0, "", 0).judge("100.5")


def test_an_estimate_is_right_within_a_factor_of_two() -> None:
    form = Number(350_000.0, "write/second", 0.0, factor=2.0)
    assert form.judge("200K/s")
    assert form.judge("700K")
    assert not form.judge("170K")


def test_a_share_may_be_given_as_a_fraction() -> None:
    form = Number(63.4, "percent", 0.1)
    assert form.judge("63%")
    assert form.judge("0.634")
    assert not form.judge("0.2")


def test_a_zero_is_right_only_as_a_zero() -> None:
    assert Number(0.0, "percent", 0.1).judge("0")
    assert not Number(0.0, "percent", 0.1).judge("1")


@pytest.mark.parametrize("text", ["3, 5", "5 3", "[3, 5]", "3;5", "3,5,"])
def test_a_list_is_read_in_any_order_and_with_any_separator(text: str) -> None:
    assert Listed(("3", "5")).judge(text)


def test_a_list_in_order_must_be_in_order() -> None:
    form = Listed(("b", "a"), ordered=True)
    assert form.judge("B, A")
    assert not form.judge("a, b")


@pytest.mark.parametrize("text", ["none", "Nothing", "[]", "-"])
def test_an_empty_list_has_many_words(text: str) -> None:
    assert Listed(()).judge(text)
    assert not Listed(("1",)).judge(text)


def test_a_repeated_item_is_not_the_same_list() -> None:
    assert not Listed(("1", "2")).judge("1, 2, 2")


@pytest.mark.parametrize("text", ["b", "B", "b)", "the second", "b) the second"])
def test_an_option_is_chosen_by_its_letter_or_its_words(text: str) -> None:
    assert Choice(("the first", "the second"), 1).judge(text)
    assert not Choice(("the second", "the first"), 1).judge("a")


def test_an_option_that_there_is_not_can_not_be_read() -> None:
    with pytest.raises(UnreadableAnswer, match=r"^'c' is not among the options: type a letter"):
        Choice(("the first", "the second"), 1).judge("c")


def test_how_to_answer_is_said_with_the_unit_and_the_slack() -> None:
    said = "Type a number, in seconds if you give no unit (within 2%)."
    assert Number(12.0, "second").how == said
    assert Number(1.0, "", 0).how == "Type a number (exact)."
    assert "within a factor of 2" in Number(1.0, "", 0, factor=2.0).how
