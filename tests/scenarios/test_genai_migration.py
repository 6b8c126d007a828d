"""Exercise 13's migration, notifications and estimates: what each answer hears, and how."""

from __future__ import annotations

from typing import Any

import pytest

from pubsub_kit.checks.questions.genai_migration import QUESTIONS
from tests.mistakes import Mistake, Right
from tests.mistakes.genai_migration import ESTIMATED, MISTAKES, RIGHT

ASKED = {question.name: question for question in QUESTIONS}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.name)
def test_each_belief_that_is_explained_is_somebodys(question: Any) -> None:
    held = {mistake.belief for mistake in MISTAKES if mistake.question == question.name}
    assert held == {*question.lessons}
    assert {*question.hints} - {""} <= held


def test_each_option_is_held_by_somebody() -> None:
    every: list[Mistake | Right] = [*MISTAKES, *RIGHT]
    answers = [each.answer for each in every if each.question == "notify"]
    options: dict[str, Any] = vars(ASKED["notify"])["options"]
    for thing, known in options.items():
        assert {answer[thing] for answer in answers} == {*known}


FORMS = [819.2, "819 GB", ["819 GB"], {"vectors": "819 GB"}, ESTIMATED | {"more": 1},
         ESTIMATED | {"alone": "3 GB"}]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_an_estimate_of_another_form_is_no_answer(form: Any) -> None:
    verdict = ASKED["estimate"].verdict(form, "13")
    assert (verdict.outcome, verdict.belief) == ("fails", "misuse")
