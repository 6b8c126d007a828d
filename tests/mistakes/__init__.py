"""Answers by name: the wrong ones, each with what it believes, and right ones that look unusual.

A module for each lesson, named as its checks are. tests/checks/test_mistakes.py runs them all:

    MISTAKES = [Mistake("place", new_id_for_each_try, "a new id for each try", faults=1, m=(16,))]
    RIGHT = [Right("place", tries_by_recursion)]
    CONSTANTS = ["placed"]

A mistake must fail with its own belief and that belief's own lesson, at the fewest faults that can
break it, and its schedule must replay it; each misconception of the lesson needs a mistake. A right
answer must hold; a question has two of them or more, besides the solution, that nobody would think
of first. No constant may pass, whatever the question.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pubsub_kit.checks.desk.exercises import LESSONS


@dataclass(frozen=True)
class Mistake:
    """A wrong answer to a question: what it believes, and the fewest faults that break it.

    `faults` is None where no schedule is searched (a sampled run, an estimate). `m` are the numbers
    of the misconceptions that it stands for.
    """

    question: str
    answer: Any
    belief: str
    faults: int | None = None
    m: tuple[int, ...] = ()


@dataclass(frozen=True)
class Right:
    """A right answer to a question."""

    question: str
    answer: Any


@dataclass(frozen=True)
class Lesson:
    """What a lesson's module holds."""

    number: str
    mistakes: Sequence[Mistake] = ()
    right: Sequence[Right] = ()
    constants: Sequence[Any] = ()


def lesson(number: str) -> Lesson:
    """Read the answers of one lesson."""
    module = importlib.import_module(f"tests.mistakes.{LESSONS[number]}")
    return Lesson(number, module.MISTAKES, module.RIGHT, getattr(module, "CONSTANTS", ()))


def name_of(answer: Any) -> str:
    """Return what a test is called that is about this answer."""
    return getattr(answer, "__name__", str(answer))
