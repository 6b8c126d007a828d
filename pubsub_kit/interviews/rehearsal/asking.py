"""Clarifying questions: the interviewer answers what is asked, and invents nothing."""

from __future__ import annotations

import re

from pubsub_kit.interviews.bank.question import Clarification, Question
from pubsub_kit.interviews.rehearsal.matching import any_named, stems, weight, words_of
from pubsub_kit.interviews.rehearsal.turn import Turn

UNKNOWN = "I have no number for that: make an assumption, and say it."
_OPENERS = frozenset(
    """
    what which who whom whose how when where why do does did is are was were can could should
    would will may must has have
    """.split()  # noqa: SIM905
)
_A_FEW, _AT_ONCE = 4, 2
_PARTS = re.compile(r"(?<=\?)\s+")


def is_question(text: str, question: Question | None = None) -> bool:
    """Say whether a text asks something; with a question, a few words on a topic of it do too."""
    said = words_of(text)
    if "?" in text or (said and said[0] in _OPENERS):
        return True
    return bool(question and len(said) <= _A_FEW and topics(question, text))


def topics(question: Question, text: str) -> list[Clarification]:
    """Return what a text asks about, at most two topics, the one that it names best first."""
    left, found = " ".join(words_of(text)), list[Clarification]()
    while len(found) < _AT_ONCE:
        rest = [each for each in question.clarifications if each not in found]
        best = max(rest, key=lambda each: weight(_names(each), left), default=None)
        if best is None or not weight(_names(best), left):
            break
        found.append(best)
        used = stems(" ".join(any_named(_names(best), left)))
        left = " ".join(word for word in left.split() if not stems(word) & used)
    return found


def _names(each: Clarification) -> tuple[str, ...]:
    return (each.topic, *each.asks)


def answer(turn: Turn, text: str) -> None:
    """Answer each question in a text."""
    parts = [part for part in _PARTS.split(text) if is_question(part, turn.question)] or [text]
    for part in parts[:_A_FEW]:
        _answer(turn, part)


def _answer(turn: Turn, text: str) -> None:
    found = topics(turn.question, text)
    if not found:
        turn.note("asked", text=text, topic=None)
        turn.say(UNKNOWN)
    for each in found:
        again = "As I said: " if each.topic in turn.state.topics else ""
        turn.note("asked", text=text, topic=each.topic)
        turn.say(f"{again}{each.answer}")
