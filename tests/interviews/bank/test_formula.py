"""A formula is arithmetic: whatever else stands in it is refused in a sentence, never evaluated."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from pubsub_kit.interviews.bank.formula import FormulaError, computed, numbers_in

SENTENCE = 400  # characters


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("160e6 / 86_400 * 5", 160e6 / 86_400 * 5),
        ("10e6 * (1 - 0.25)", 7.5e6),
        ("-3 + 5", 2.0),
        (" 7 ", 7.0),
        ("1e9", 1e9),
        ("100 - 20 - 30", 50.0),
        ("(" * 90 + "1" + ")" * 90, 1.0),
    ],
    ids=["a rate", "brackets", "a minus", "blanks", "a power of ten", "in a row", "deep brackets"],
)
def test_arithmetic_is_computed(formula: str, value: float) -> None:
    assert computed(formula) == value


NOT_ARITHMETIC: dict[str, Any] = {
    "an import": "__import__('os').system('true')",
    "a name": "x + 1",
    "a constant that is a name": "e",
    "a power": "2 ** 3",
    "a power of powers": "9**9**9",
    "a whole division": "7 // 2",
    "a call": "(1)(2)",
    "a list": "()",
    "an ellipsis": "...",
    "an attribute": "1 .e",
    "a keyword": "1 or 2",
    "a complex number": "1j",
    "a boolean": "True",
    "a text": "'1'",
    "a comparison": "1 < 2",
    "a statement": "1; 2",
    "two lines": "1\n+ 2",
    "nothing": "",
    "blank": "   ",
    "half": "1 +",
    "a bracket": "(1",
    "a division by zero": "1 / 0",
    "a division by zero in disguise": "1 / (2 - 2)",
    "zero": "0",
    "below zero": "3 - 5",
    "infinity": "1e999",
    "not a number": "1e999 - 1e999",
    "too large": "1e300 * 1e300",
    "a null byte": "1\0",
    "many brackets": "(" * 200,
    "many minuses": "-" * 199 + "1",
    "ten megabytes": "1" * 10_000_000,
    "many digits": "1" * 10_000,
    "letters of another alphabet": "1 + ²",
    "None": None,
    "a number": 7,
    "bytes": b"1",
    "a list of formulas": ["1"],
}


@pytest.mark.parametrize("case", NOT_ARITHMETIC)
def test_anything_else_is_refused_in_a_sentence(case: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(FormulaError) as refused:
            computed(NOT_ARITHMETIC[case])
    said = str(refused.value)
    assert "\n" not in said
    assert len(said) < SENTENCE


def test_its_numbers_are_listed() -> None:
    assert sorted(numbers_in("160e6 / 86_400 * 0.5")) == [0.5, 86_400, 160e6]
