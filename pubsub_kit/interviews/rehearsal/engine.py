"""The interviewer: a state machine that takes the candidate's lines and returns its own.

It reads no terminal and no clock of its own; what it knows is folded from the facts in its log. A
new log begins a rehearsal, one that has facts goes on where they end:

    rehearsal = Rehearsal(load("chat"), 45, EventLog(), time.monotonic, runner)
    rehearsal.opening                      the first lines, or those to go on with
    rehearsal.hear("How many users?")      what the interviewer answers
    rehearsal.hear("/hint")                what a command does; /help lists them
    rehearsal.tick()                       what the time makes the interviewer say, if anything
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

from pubsub_kit.errors import brief
from pubsub_kit.interviews.bank.question import Question
from pubsub_kit.interviews.rehearsal import commands, course, signs
from pubsub_kit.interviews.rehearsal.boxes import clock_face
from pubsub_kit.interviews.rehearsal.matching import plainly
from pubsub_kit.interviews.rehearsal.recorded import Recorded
from pubsub_kit.interviews.rehearsal.runner import Runner
from pubsub_kit.interviews.rehearsal.state import ENDED, PAUSED, RUNNING
from pubsub_kit.interviews.rehearsal.turn import CANDIDATE, INTERVIEWER, KIT, Line, Turn
from pubsub_kit.log.memory import EventLog

LONGEST = 2_000  # characters of one line


class Rehearsal(Recorded):
    """A rehearsal in which the kit is the interviewer.

    `minutes` counts only for a new one. `clock` returns seconds that never go back, such as
    time.monotonic; a gap of more than `longest` seconds between two looks at it is no rehearsal
    time. Raises RehearsalError for minutes that are none, and for a log of something else.
    """

    role = CANDIDATE

    def __init__(
        self,
        question: Question,
        minutes: float,
        log: EventLog,
        clock: Callable[[], float],
        runner: Runner,
        longest: float = inf,
    ) -> None:
        super().__init__(question, minutes, log, clock, longest)
        self.runner = runner
        self.opening: list[Line] = self._resume() if self.resumed else self._latest()

    def hear(self, line: Any) -> list[Line]:
        """Take one line of the candidate's, and return what is said to it.

        Bad input gets a sentence, never an exception; only a log that cannot be written raises
        LogError, and then nothing has changed.
        """
        turn = self._turn()
        if not isinstance(line, str):
            turn.tell(f"Say something in words, not {brief(line)}")
            return turn.lines
        text = plainly(line[: 2 * LONGEST])
        if turn.state.status == RUNNING:
            course.keep_time(turn)
        if text.startswith("/"):
            commands.act(turn, text[:LONGEST], self.runner)
        elif text:
            self._hear(turn, text, len(line))
        return self._keep(turn)

    def tick(self) -> list[Line]:
        """Return what the time makes the interviewer say: a cut, or the end; mostly nothing."""
        turn = self._turn()
        if turn.state.status == RUNNING:
            course.keep_time(turn)
        return self._keep(turn)

    def pause(self) -> list[Line]:
        """Stop the clock, as a front does that is left."""
        return self.hear("/pause") if self.state.status == RUNNING else []

    def _hear(self, turn: Turn, text: str, length: int) -> None:
        if turn.state.status == ENDED:
            turn.tell("This rehearsal has ended: its report has the rest")
        elif turn.state.status == PAUSED:
            turn.tell("The clock stands still: /resume starts it again")
        else:
            if length > LONGEST:
                turn.tell(f"That was long: the first {LONGEST:,} characters are kept")
            turn.hear(text[:LONGEST])
            course.answer(turn, text[:LONGEST])

    def _keep(self, turn: Turn) -> list[Line]:
        """Add the signs that the turn has brought to light, then keep its facts."""
        if turn.facts:
            for sign in signs.fresh([*self.facts, *turn.facts], self.question):
                turn.note("signed", **sign._asdict())
        return super()._keep(turn)

    def _begin(self, turn: Turn) -> None:
        course.begin(turn)

    def _resume(self) -> list[Line]:
        """Go on with what the log holds: say where that is."""
        if self.state.status == ENDED:
            return [Line(KIT, f"This rehearsal has ended: {self.state.why}")]
        turn = self._turn()
        turn.note("resumed")
        left = clock_face(max(0.0, self.timer.left))
        turn.tell(f"You are back in {turn.state.box_name}, with {left} left in all")
        return [*self._keep(turn), *self._latest()]

    def _latest(self) -> list[Line]:
        """Return what the interviewer asked last."""
        said = [
            fact.data.get("text", "")
            for fact in self.facts
            if fact.kind == "said"
            and fact.data.get("who") == INTERVIEWER
            and fact.data.get("awaits") is not None
        ]
        return [Line(INTERVIEWER, text) for text in said[-1:]]
