"""Clarifying questions: the interviewer answers what is asked, and invents nothing."""

from __future__ import annotations

import re

from pubsub_kit.interviews.bank.question import Clarification, Question
from pubsub_kit.interviews.rehearsal.matching import any_named, stems, weight, words_of
from pubsub_kit.interviews.rehearsal.turn import Turn

UNKNOWN = "I have no number for that: make an assumption, and say it."
NOT_FIXED = "That isn't fixed: decide it, and say why."
#: What each part of the interview is for, for somebody who asks what to talk about.
AIMS = {
    "requirements": "Find out what must hold, how much there is of it, and what may be late.",
    "estimation": "Work out the few numbers that decide something: rates, sizes, and how long.",
    "API and data": "Say who calls what, what you store, and under which key.",
    "high-level design": "Decide one thing after the other, and say what each costs.",
    "deep dives": "Say what breaks, what a user sees then, and what you change.",
    "wrap-up": "Sum your design up, name its weakest place, and what you would do next.",
}
_NUMBERS = re.compile(
    r"\bhow (?:many|much|large|big|often|fast|long|late|quickly|soon|far|old|frequent\w*|high)\b|"
    r"\b(?:number|rate|count|size|percentage|share|average|peak|load|limit|qps|bound)\b",
    re.IGNORECASE,
)
_LOST = re.compile(
    r"\b(?:what|how|where) (?:should|do|can|shall|am) (?:i|we) (?:to |supposed to )*"
    r"(?:talk|say|do|discuss|cover|focus|start|begin|go on|continue)\b|\bwhat (?:now|next)\b|"
    r"\bwhat do you (?:want|expect|need)\b|\bwhat'?s next\b",
    re.IGNORECASE,
)
# Words that ask for the same thing, for a question in which the bank knows none of them itself.
_ALIKE = (
    ("load", "traffic", "volume", "scale", "qps", "throughput", "read heavy"),
    ("late", "latency", "delay", "how fast", "fresh", "deadline", "quickly", "soon", "stale"),
    ("delete", "remove", "erase", "takedown"),
    ("duplicate", "twice", "repeat", "exactly once"),
    ("order", "sequence", "ordered"),
)
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


def unknown(text: str) -> str:
    """Return what is said to a question that the bank doesn't know."""
    return UNKNOWN if _NUMBERS.search(text) else NOT_FIXED


def found_in(question: Question, text: str) -> list[Clarification]:
    """Return what a text asks about, also where it has another word for it than the bank."""
    found = topics(question, text)
    if found:
        return found
    groups = [words for words in _ALIKE if any_named(words, text)]
    alike = [each for words in groups for each in question.clarifications
             if set(words) & {*_names(each)}]  # fmt: skip
    return alike[:1]


def _answer(turn: Turn, text: str) -> None:
    if _LOST.search(text):
        turn.say(AIMS[turn.state.box_name])
        return
    found = found_in(turn.question, text)
    if not found:
        turn.note("asked", text=text, topic=None)
        turn.say(unknown(text))
    for each in found:
        again = "As I said: " if each.topic in turn.state.topics else ""
        turn.note("asked", text=text, topic=each.topic)
        turn.say(f"{again}{each.answer}")
