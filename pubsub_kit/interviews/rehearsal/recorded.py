"""What every rehearsal has, whoever sits at the keyboard: a log, a state, and its own time.

Rehearsal time is counted, not read: it grows by what the given clock shows between two looks at it,
while nothing is paused. So an hour in which the process was dead is no time, nor is a gap longer
than `longest` seconds, for which the lid was closed: a front that looks each second sets it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from pubsub_kit.interviews.bank.question import Question
from pubsub_kit.interviews.rehearsal import events
from pubsub_kit.interviews.rehearsal.boxes import Timer, minutes_of, scaled
from pubsub_kit.interviews.rehearsal.events import Fact, RehearsalError
from pubsub_kit.interviews.rehearsal.state import RUNNING, State, fold
from pubsub_kit.interviews.rehearsal.turn import Line, Turn
from pubsub_kit.log.memory import EventLog

#: Which edition of the facts a rehearsal was written in.
EDITION = "1"


class Recorded:
    """A rehearsal's log and time; `facts` and `state` are what the log holds."""

    role = ""

    def __init__(
        self,
        question: Question,
        minutes: float,
        log: EventLog,
        clock: Callable[[], float],
        longest: float = inf,
    ) -> None:
        wanted = minutes_of(minutes)
        self.question, self.log, self.clock, self.longest = question, log, clock, longest
        self.facts: list[Fact] = events.read(log)
        self.state: State = fold(self.facts)
        self._seen, self._at = clock(), self.state.at
        self.resumed = bool(self.facts)
        if not self.resumed:
            self._open(wanted)
        elif self.state.question != question.id or self.state.role != self.role:
            raise RehearsalError(
                f"this log is a rehearsal of {self.state.question!r} as {self.state.role}, not of "
                f"{question.id!r} as {self.role}: give it an empty one"
            )

    @property
    def at(self) -> float:
        """The second of rehearsal time that it is now."""
        now = self.clock()
        gap, self._seen = now - self._seen, now
        if self.state.status == RUNNING and 0 < gap <= self.longest:
            self._at += gap
        return self._at

    @property
    def timer(self) -> Timer:
        """How many seconds are left, in the box and in all; below 0 for what is over."""
        at, boxes = self.at, scaled(self.state.minutes)
        box = boxes[self.state.box]
        return Timer(box.name, box.end - at, boxes[-1].end - at)

    def _turn(self) -> Turn:
        return Turn(self.question, self.state, self.at)

    def _keep(self, turn: Turn) -> list[Line]:
        """Append a turn's facts to the log, all or none, and return its lines."""
        if turn.facts:
            events.write(self.log, turn.facts, self.question.id)
            self.facts += turn.facts
            self.state = turn.state
        return turn.lines

    def _open(self, minutes: float) -> None:
        turn = self._turn()
        turn.note("started", question=self.question.id, minutes=minutes, role=self.role,
                  edition=EDITION)  # fmt: skip
        self._begin(turn)
        self._keep(turn)

    def _begin(self, turn: Turn) -> None:
        raise NotImplementedError
