"""A rehearsal that tests play: a clock that they set, a runner that they script, and its lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pubsub_kit.interviews.bank.question import Question, load
from pubsub_kit.interviews.rehearsal.engine import Rehearsal
from pubsub_kit.interviews.rehearsal.events import Fact
from pubsub_kit.interviews.rehearsal.runner import Design, Result
from pubsub_kit.interviews.rehearsal.turn import INTERVIEWER
from pubsub_kit.log.memory import EventLog

FULL, BRIEF = load("notification-system"), load("chat")
BROKE = Result(
    outcome="fails",
    words=("A worker of `push` crashed at 2.1 s, before its ack.", "Ann saw n-1 at 2 s and 10 s."),
    code="3c",
    schedules=12,
    faults=("crash", "ack lost"),
    up_to=2,
    struck=("crash",),
    broke="Nobody sees a notice twice.",
    next_question="A worker of `push` crashes before its ack; at 10 s the notice comes again: what "
    "does Ann see?",
    measures={"p99": 4.2, "lost": 0.0},
)
HELD = Result(outcome="holds", schedules=1_234, faults=("crash", "ack lost"), up_to=2)


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Fake:
    """A runner that returns what it is given, one result after the other, the last for ever."""

    results: tuple[Result | Exception, ...] = (BROKE,)
    usual: dict[str, str] = field(default_factory=dict)
    proposed: list[dict[str, str]] = field(default_factory=list)
    ran: list[tuple[tuple[str, ...] | None, int | None]] = field(default_factory=list)

    def propose(self, question_id: str, decisions: Mapping[str, str]) -> Design:
        self.proposed.append(dict(decisions))
        return {"question": question_id, "options": dict(decisions)}

    def defaults(self, question_id: str, decisions: Mapping[str, str]) -> Mapping[str, str]:
        return {id: option for id, option in self.usual.items() if id not in decisions}

    def run(
        self,
        design: Design,
        faults: tuple[str, ...] | None = None,
        up_to: int | None = None,
        about: Any = None,
    ) -> Result:
        self.ran.append((faults, up_to))
        result = self.results[min(len(self.ran), len(self.results)) - 1]
        if isinstance(result, Exception):
            raise result
        return result


class Played:
    """A rehearsal, its clock, its runner and its log."""

    def __init__(
        self,
        question: Question = FULL,
        minutes: float = 45,
        results: tuple[Result | Exception, ...] = (BROKE,),
        longest: float = float("inf"),
    ) -> None:
        self.clock, self.log, self.runner = Clock(), EventLog(), Fake(results)
        self.question, self.minutes, self.longest = question, minutes, longest
        self.rehearsal = self.opened()

    def opened(self) -> Rehearsal:
        """Open the log, as a process does that starts."""
        return Rehearsal(
            self.question, self.minutes, self.log, self.clock, self.runner, self.longest
        )

    def __call__(self, *lines: Any, after: float = 1.0) -> str:
        """Say lines, each some seconds after the one before; return what the last one brought."""
        heard = ""
        for line in lines:
            self.clock.now += after
            heard = "\n".join(said.text for said in self.rehearsal.hear(line))
        return heard

    def wait(self, seconds: float) -> str:
        """Let time pass; return what it makes the interviewer say."""
        self.clock.now += seconds
        return "\n".join(said.text for said in self.rehearsal.tick())

    def facts(self, kind: str) -> list[Mapping[str, Any]]:
        """Return the details of all facts of a kind."""
        return [fact.data for fact in self.rehearsal.facts if fact.kind == kind]

    def kinds(self) -> list[str]:
        """Return the kinds of all facts."""
        return [fact.kind for fact in self.rehearsal.facts]

    def in_box(self, name: str) -> Played:
        """Go on until a box."""
        while self.rehearsal.state.box_name != name:
            self("/next")
        return self

    def talk(self) -> str:
        """Return all that the interviewer said."""
        return "\n".join(f["text"] for f in self.facts("said") if f["who"] == INTERVIEWER)


def facts(*told: tuple[str, float, dict[str, Any]]) -> list[Fact]:
    """Return facts as a test writes them."""
    return [Fact(*each) for each in told]
