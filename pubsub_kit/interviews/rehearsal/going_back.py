"""Which lessons to go back to: first those that a failed claim was about, then the question's."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pubsub_kit.checks.desk.exercises import LESSONS
from pubsub_kit.interviews.bank.question import Question
from pubsub_kit.interviews.rehearsal import wording
from pubsub_kit.interviews.rehearsal.account import Bet, Lesson

#: What a claim that failed was about, by its words, and the lesson on that.
_ABOUT = (
    ("03", "double doubled twice duplicate duplicates duplicated again repeated once"),
    ("04", "lost lose loses loss missing vanish vanishes dropped"),
    ("05", "order ordered reorder reordered overtake overtakes before"),
    ("10", "stale old outdated deleted revived"),
    ("01", "p50 p99 age late deadline expired latency"),
)


def lessons(question: Question, bets: Sequence[Bet]) -> tuple[Lesson, ...]:
    """Return the lessons to go back to, each with the failed claims that it is about.

    A claim whose words name no subject goes to the lesson whose exercise runs the oracle, if any.
    """
    judge = question.oracle.run.partition(".")[0]
    why: dict[str, list[str]] = {}
    for bet in bets:
        if bet.held is False and (number := about(bet.text) or judge):
            why.setdefault(number, []).append(wording.line(bet.text))
    numbers = dict.fromkeys([*why, *question.lessons])
    return tuple(
        Lesson(number, LESSONS.get(number, "").replace("_", " "), tuple(why.get(number, ())))
        for number in numbers
    )


def about(claim: str) -> str:
    """Return the lesson that a claim is about, by the first of its words that says; or ""."""
    for word in re.findall(r"[a-z0-9]+", claim.lower()):
        for number, words in _ABOUT:
            if word in words.split():
                return number
    return ""
