"""The other chair: a person interviews, and the kit hands them the script, the ladder, the rubric.

The candidate sits across the table, so their words are not typed: the interviewer notes what counts
(`/note`), which signs they saw (`/saw`), and a band for each dimension (`/rate`), as facts in the
same log that a rehearsal alone at the keyboard writes.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from math import inf
from typing import Any

from pubsub_kit.checks.forms import quantity
from pubsub_kit.errors import brief
from pubsub_kit.interviews.bank.question import BOXES, DIMENSIONS, Question
from pubsub_kit.interviews.rehearsal import asking, commands, hinting
from pubsub_kit.interviews.rehearsal.boxes import clock_face, number_at, scaled
from pubsub_kit.interviews.rehearsal.matching import plainly
from pubsub_kit.interviews.rehearsal.recorded import Recorded
from pubsub_kit.interviews.rehearsal.state import ENDED, PAUSED, RUNNING
from pubsub_kit.interviews.rehearsal.turn import CANDIDATE, INTERVIEWER, KIT, Line, Turn
from pubsub_kit.log.memory import EventLog

LONGEST = 2_000
HELP = {
    "WORDS of a question": "what to answer, if the bank knows it; say no more than that",
    "/next": "go on to the next part, and read its script",
    "/script": "read this part's script again",
    "/hint": "the next rung of the ladder, to say aloud; half a minute between two",
    "/note WORDS": "note what the candidate said",
    "/saw N": "note a sign that you saw; alone: the rubric, numbered",
    "/rate DIMENSION BAND": "give a band, with numbers or words: /rate 4 3",
    "/time, /pause, /resume, /end": "the clock",
}


class Script(Recorded):
    """A rehearsal in which a person is the interviewer; `hear` takes what they type."""

    role = INTERVIEWER

    def __init__(
        self,
        question: Question,
        minutes: float,
        log: EventLog,
        clock: Callable[[], float],
        longest: float = inf,
    ) -> None:
        super().__init__(question, minutes, log, clock, longest)
        self.opening: list[Line] = self._resume() if self.resumed else [*self._read()]

    def hear(self, line: Any) -> list[Line]:
        """Take one line of the interviewer's; bad input gets a sentence, never an exception."""
        turn = self._turn()
        if not isinstance(line, str):
            turn.tell(f"Type words, not {brief(line)}")
            return turn.lines
        text = plainly(line[: 2 * LONGEST])[:LONGEST]
        self._keep_time(turn)
        if text.startswith("/"):
            self._act(turn, text)
        elif text:
            _look_up(turn, text)
        return self._keep(turn)

    def tick(self) -> list[Line]:
        """Return what the time brings: the next part's script when this one is over."""
        turn = self._turn()
        self._keep_time(turn)
        return self._keep(turn)

    def pause(self) -> list[Line]:
        """Stop the clock, as a front does that is left."""
        return self.hear("/pause") if self.state.status == RUNNING else []

    def _act(self, turn: Turn, line: str) -> None:
        word, _, rest = line[1:].strip().partition(" ")
        name = word.lower()
        if name not in _ACTIONS:
            near = difflib.get_close_matches(name[:40], _ACTIONS, 1, cutoff=0.5)
            offer = f"did you mean /{near[0]}?" if near else "/help lists the few that there are"
            turn.tell(f"There is no command {brief(f'/{word}')}: {offer}")
        elif turn.state.status == ENDED and name not in _AFTER:
            turn.tell("This rehearsal has ended: /rate and /saw still note what you saw")
        elif turn.state.status == PAUSED and name in ("next", "hint"):
            turn.tell("The clock stands still: /resume starts it again")
        else:
            _ACTIONS[name](turn, rest.strip())

    def _keep_time(self, turn: Turn) -> None:
        if turn.state.status != RUNNING:
            return
        boxes = scaled(turn.state.minutes)
        due = number_at(boxes, turn.at)
        if turn.at >= boxes[-1].end:
            turn.note("ended", why="time is up")
            turn.tell(f"Time is up. {_CLOSING}")
        elif due > turn.state.box:
            _enter(turn, due, "time")

    def _begin(self, turn: Turn) -> None:
        turn.note("box", name=BOXES[0][0], by=INTERVIEWER)

    def _read(self) -> list[Line]:
        return [
            Line(KIT, script(self.question, 0, self.state.minutes)),
            Line(KIT, "/help lists what you can do."),
        ]

    def _resume(self) -> list[Line]:
        if self.state.status == ENDED:
            return [Line(KIT, f"This rehearsal has ended: {self.state.why}")]
        turn = self._turn()
        turn.note("resumed")
        turn.tell(f"You are back, with {clock_face(max(0.0, self.timer.left))} left in all")
        turn.tell(script(self.question, turn.state.box, turn.state.minutes))
        return self._keep(turn)


def script(question: Question, box: int, minutes: float = 45) -> str:
    """Return what the interviewer reads in a box: what to say, and what to listen for."""
    found = scaled(minutes)[box]
    name, lasts = found.name, round(found.end - found.start)
    told = f"{lasts // 60}" if lasts % 60 == 0 else clock_face(lasts)
    lines = [f"{name}, {told} of {minutes:g} minutes", *_SCRIPTS[name](question)]
    return "\n".join([*lines, *_signs(question, name)])


_CLOSING = (
    "Let the candidate rate themselves first; then give each dimension a band (/rate), one thing "
    "that was good, one to work on, and swap chairs."
)


def _requirements(question: Question) -> list[str]:
    known = ", ".join(each.topic for each in question.clarifications)
    return [f"Say: {question.pitch}", "Answer only what is asked; type the question, and read the "
            f"answer. The bank knows: {known}."]  # fmt: skip


def _estimation(question: Question) -> list[str]:
    return [
        f"Ask: {each.ask} ({quantity.words(each.value, each.unit)}, within a factor of "
        f"{each.within:g}: {each.working} It decides: {each.decides})"
        for each in question.estimates
    ]


def _api_and_data(question: Question) -> list[str]:
    return ["Ask: who calls what, and what do you store, under which key?"]


def _design(question: Question) -> list[str]:
    lines = []
    for each in question.decisions:
        lines.append(f"Ask: {each.ask} It flips if: {each.flips}")
        lines += [f"   {option.label}. Its price: {option.cost}" for option in each.options]
    return lines


def _deep_dives(question: Question) -> list[str]:
    failure = question.failure
    return [f"Throw: {failure.throw}", f"Expect: {failure.expect}",
            f"What must hold: {question.oracle.holds}"]  # fmt: skip


def _wrap_up(question: Question) -> list[str]:
    return ["Ask: sum it up. What would you do first with one more hour?", f"Then: {_CLOSING}"]


_SCRIPTS: dict[str, Callable[[Question], list[str]]] = {
    "requirements": _requirements, "estimation": _estimation, "API and data": _api_and_data,
    "high-level design": _design, "deep dives": _deep_dives, "wrap-up": _wrap_up,
}  # fmt: skip
_LISTEN = {
    "requirements": DIMENSIONS[:1], "estimation": DIMENSIONS[:1], "API and data": DIMENSIONS[2:3],
    "high-level design": DIMENSIONS[3:4], "deep dives": DIMENSIONS[4:], "wrap-up": DIMENSIONS[1:2],
}  # fmt: skip


def _signs(question: Question, box: str) -> list[str]:
    """Return the rubric's lines to listen for in a box, under the numbers that /saw takes."""
    wanted = _LISTEN[box]
    return [
        f"Listen for {number} ({each.level}): {each.sign}"
        for number, each in enumerate(question.signs, 1)
        if each.dimension in wanted
    ]


def _look_up(turn: Turn, text: str) -> None:
    """Tell what to answer to a question of the candidate's."""
    if turn.state.status == ENDED:
        turn.tell("This rehearsal has ended: /rate and /saw still note what you saw")
        return
    found = asking.found_in(turn.question, text)
    for each in found:
        turn.note("asked", text=text, topic=each.topic)
        turn.say(each.answer)
    if not found:
        turn.note("asked", text=text, topic=None)
        turn.say(asking.unknown(text))


def _enter(turn: Turn, number: int, by: str) -> None:
    cut = f"Cut in: the time for {turn.state.box_name} is over.\n" if by == "time" else ""
    turn.note("box", name=BOXES[number][0], by=by)
    turn.tell(f"{cut}{script(turn.question, number, turn.state.minutes)}")


def _next(turn: Turn, rest: str) -> None:
    if turn.state.box + 1 < len(BOXES):
        _enter(turn, turn.state.box + 1, INTERVIEWER)
    else:
        _end(turn, rest)


def _end(turn: Turn, rest: str) -> None:
    turn.note("ended", why="finished" if turn.state.box + 1 == len(BOXES) else "stopped")
    turn.tell(_CLOSING)


def _script(turn: Turn, rest: str) -> None:
    turn.tell(script(turn.question, turn.state.box, turn.state.minutes))


def _hint(turn: Turn, rest: str) -> None:
    hinting.give(turn)


def _note(turn: Turn, rest: str) -> None:
    if rest:
        turn.note("said", who=CANDIDATE, text=rest, box=turn.state.box_name, awaits=None)
        turn.tell("Noted.")
    else:
        turn.tell("Write what the candidate said after /note")


def _saw(turn: Turn, rest: str) -> None:
    signs = turn.question.signs
    if rest.isascii() and rest.isdecimal() and len(rest) < 4 and 1 <= int(rest) <= len(signs):
        seen = signs[int(rest) - 1]
        turn.note("signed", dimension=seen.dimension, level=seen.level, sign=seen.sign,
                  seen=INTERVIEWER)  # fmt: skip
        turn.tell(f"Noted: {seen.sign}")
        return
    lines = [f"{n} {each.dimension}, {each.level}: {each.sign}" for n, each in enumerate(signs, 1)]
    wrong = [f"there is no sign {brief(rest)}: give its number"] if rest else []
    turn.tell("\n".join([*wrong, *lines]))


def _rate(turn: Turn, rest: str) -> None:
    commands.rate(turn, rest, INTERVIEWER)


def _help(turn: Turn, rest: str) -> None:
    turn.tell("\n".join(f"{name:<29} {text}" for name, text in HELP.items()))


_AFTER = ("help", "rate", "saw", "time", "script", "note")
_ACTIONS: dict[str, Callable[[Turn, str], None]] = {
    "help": _help, "next": _next, "script": _script, "hint": _hint, "note": _note, "saw": _saw,
    "rate": _rate, "end": _end, "time": commands.time_left, "pause": commands.pause,
    "resume": commands.resume,
}  # fmt: skip
