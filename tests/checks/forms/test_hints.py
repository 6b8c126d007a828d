"""Hints: by degrees, each once, and those that fit what the last check showed."""

from __future__ import annotations

import pytest

from pubsub_kit import exercise
from pubsub_kit.checks.desk.exercises import Asked


@pytest.fixture
def tail() -> Asked:
    """Open a question as nobody has touched it."""
    question: Asked = exercise("01").tail
    question.reset()
    return question


def test_a_hint_after_a_failed_check_goes_on_from_the_one_in_its_verdict(tail: Asked) -> None:
    assert tail.check("1 %").hint.endswith("(1 of 2)")
    assert tail.hint().endswith("(2 of 2)")


def test_a_question_shows_the_sign_of_its_last_check(tail: Asked) -> None:
    assert repr(tail).startswith("○")
    tail.check("1 %")
    assert repr(tail).startswith("✗")
    tail.check("63.4 %")
    assert repr(tail).startswith("✓")
    tail.reset()
    assert repr(tail).startswith("○")
