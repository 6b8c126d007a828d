"""Which lessons to go back to: first those that a failed claim was about, then the question's."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

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
_NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
_HEADING = re.compile(r"# (\d\d) · (.+)")
#: What each lesson answers, which is why a question names it.
_ABOUT_WHAT = {
    "01": "What a caller waits for when services call each other, and what one slow one costs.",
    "02": "Who gets a message when there are many readers, and who decides that.",
    "03": "How the same message, delivered twice, has one effect.",
    "04": "Who says that a message is done, and what is lost or repeated if they say it too early.",
    "05": "What goes wrong when one message overtakes another, and which key keeps their order.",
    "06": "Fan-out on write, on read, or both, sized and run for a feed.",
    "07": "What a log that can be read again gives you that a queue does not.",
    "08": "State that is folded from events, and the views that are built of it.",
    "09": "What was known when, in systems that look back.",
    "10": "What events cost later: old formats, deletions, and readers that fall behind.",
    "11": "What is lost when a broker's node fails, and what copies of it cost.",
}


@cache
def titles(notebooks: Path = _NOTEBOOKS) -> Mapping[str, str]:
    """Return the lessons that there are, by number, each with its notebook's title.

    Where the kit came without its notebooks, they are those that it has exercises for.
    """
    found = {}
    for path in sorted(notebooks.glob("[0-9][0-9]_*.ipynb")):
        with suppress(OSError, ValueError, LookupError, TypeError):
            first = "".join(json.loads(path.read_bytes())["cells"][0]["source"])
            if heading := _HEADING.match(first):
                found[heading[1]] = heading[2].strip()
    return found or {number: name.replace("_", " ") for number, name in LESSONS.items()}


def lessons(question: Question, bets: Sequence[Bet]) -> tuple[Lesson, ...]:
    """Return the lessons to go back to, of those there are, each with the claims that failed.

    A claim whose words name no subject goes to the lesson whose exercise runs the oracle, if any.
    """
    judge = question.oracle.run.partition(".")[0]
    why: dict[str, list[str]] = {}
    for bet in bets:
        if bet.held is False and (number := about(bet.text) or judge):
            why.setdefault(number, []).append(wording.line(bet.text))
    names = titles()
    return tuple(
        Lesson(number, names[number], tuple(why.get(number, ())), _ABOUT_WHAT.get(number, ""))
        for number in dict.fromkeys([*why, *question.lessons])
        if number in names
    )


def about(claim: str) -> str:
    """Return the lesson that a claim is about, by the first of its words that says; or ""."""
    for word in re.findall(r"[a-z0-9]+", claim.lower()):
        for number, words in _ABOUT:
            if word in words.split():
                return number
    return ""
