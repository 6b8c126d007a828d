"""One turn: what the candidate just did, the facts that come of it, and what is said in return.

A turn writes nothing. Its facts are appended to the log together once it is over, so a crash in the
middle of one leaves the rehearsal as it was before.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from pubsub_kit.interviews.bank.question import Question
from pubsub_kit.interviews.rehearsal.events import Fact
from pubsub_kit.interviews.rehearsal.state import State

INTERVIEWER, CANDIDATE, KIT = "interviewer", "candidate", "kit"


class Line(NamedTuple):
    """A line to show, and who says it: the interviewer, or the kit itself."""

    who: str
    text: str


class Turn:
    """The facts and lines of one turn; `state` is what they amount to so far."""

    def __init__(self, question: Question, state: State, at: float) -> None:
        self.question, self.state, self.at = question, state, round(at, 3)
        self.facts: list[Fact] = []
        self.lines: list[Line] = []

    def note(self, kind: str, **data: Any) -> None:
        """Add a fact."""
        fact = Fact(kind, self.at, data)
        self.facts.append(fact)
        self.state = self.state.after(fact)

    def say(self, text: str, awaits: str | None = None) -> None:
        """Have the interviewer say something, and wait for something; None: for what it did."""
        box = self.state.box_name
        self.note("said", who=INTERVIEWER, text=text, box=box, awaits=awaits)
        self.lines.append(Line(INTERVIEWER, text))

    def hear(self, text: str) -> None:
        """Note what the candidate said."""
        self.note("said", who=CANDIDATE, text=text, box=self.state.box_name)

    def tell(self, text: str) -> None:
        """Have the kit say something, which is no part of the interview."""
        self.lines.append(Line(KIT, sentence(text)))


def sentence(text: str) -> str:
    """Return words of one line as a sentence; a list, or "name: value", begins as it is."""
    if "\n" in text or " " not in text:
        return text
    first = text.partition(" ")[0]
    begun = text[:1].upper() + text[1:] if first.isalpha() else text
    return begun if begun[-1] in ".?!:" else f"{begun}."
