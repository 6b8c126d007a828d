"""What a candidate can do beside talking: a word after a slash, and what follows it."""

from __future__ import annotations

import difflib
from collections.abc import Callable

from pubsub_kit.errors import brief
from pubsub_kit.interviews.bank.question import BANDS, DIMENSIONS
from pubsub_kit.interviews.rehearsal import course, deciding, estimating, hinting, trying
from pubsub_kit.interviews.rehearsal.boxes import clock_face, scaled
from pubsub_kit.interviews.rehearsal.claim_examples import example
from pubsub_kit.interviews.rehearsal.runner import Runner
from pubsub_kit.interviews.rehearsal.state import ENDED, PAUSED
from pubsub_kit.interviews.rehearsal.turn import CANDIDATE, Turn

HELP = {
    "/hint": "a hint; the next one after half a minute of thinking",
    "/next": "go on to the next part",
    "/estimate [id] NUMBER": "give an estimate with its unit; alone: which are open",
    "/decide [id] [choice]": "decide, or change your mind; alone: what is decided",
    "/claim WORDS": "promise what survives, under which faults, and how sure you are",
    "/run": "run the design that you have decided on",
    "/time": "how much time is left",
    "/pause": "stop the clock; /resume starts it again",
    "/end": "end here",
    "/rate DIMENSION BAND": "rate yourself, once it has ended",
}
_ALWAYS = ("help", "rate", "time")


def act(turn: Turn, line: str, runner: Runner) -> None:
    """Do what a line that begins with a slash says, or say why it can't be done now."""
    word, _, rest = line[1:].strip().partition(" ")
    name = word.lower()
    if name not in _ACTIONS:
        near = difflib.get_close_matches(name[:40], _ACTIONS, 1, cutoff=0.5)
        offer = f"did you mean /{near[0]}?" if near else "/help lists the few that there are"
        turn.tell(f"There is no command {brief(f'/{word}')}: {offer}")
    elif turn.state.status == ENDED and name not in _ALWAYS:
        turn.tell("This rehearsal has ended: /rate rates yourself, and its report has the rest")
    elif turn.state.status == PAUSED and name not in (*_ALWAYS, "resume", "pause", "end"):
        turn.tell("The clock stands still: /resume starts it again")
    else:
        _ACTIONS[name](turn, rest.strip(), runner)


def _help(turn: Turn, rest: str, runner: Runner) -> None:
    told = {**HELP, "/claim WORDS": f"promise what survives: {example(turn.question.id)}, 80%"}
    lines = [f"{name:<22} {text}" for name, text in told.items()]
    turn.tell("\n".join([*lines, "All else is said to the interviewer."]))


def _hint(turn: Turn, rest: str, runner: Runner) -> None:
    hinting.give(turn)


def _next(turn: Turn, rest: str, runner: Runner) -> None:
    course.go_on(turn)


def _claim(turn: Turn, rest: str, runner: Runner) -> None:
    trying.claim(turn, rest)


def _run(turn: Turn, rest: str, runner: Runner) -> None:
    trying.run(turn, runner)


def _estimate(turn: Turn, rest: str, runner: Runner) -> None:
    known = {each.id: each for each in turn.question.estimates}
    first, _, after = rest.partition(" ")
    left = estimating.open_ones(turn)
    awaited = known.get(turn.state.awaits.removeprefix("estimate:"), left[0] if left else None)
    chosen, words = (known[first], after) if first in known else (awaited, rest)
    if not words.strip():
        named = "\n".join(f"{each.id}: {each.ask}" for each in left)
        turn.tell(named or "Every estimate is made")
    elif chosen is None:
        turn.tell(f"Every estimate is made: name one to make it again, {', '.join(known)}")
    elif not estimating.answer(turn, chosen, words):
        unit = f" in {chosen.unit}s or the like" if chosen.unit else ""
        turn.tell(f"{brief(words)} has no number that fits {chosen.id}: write one{unit}")


def _decide(turn: Turn, rest: str, runner: Runner) -> None:
    word, _, choice = rest.partition(" ")
    awaited = turn.state.awaits.partition(":")[2]
    decision = deciding.named(turn, word)
    if not rest:
        turn.tell(deciding.table(turn))
    elif decision is not None and choice.strip():
        deciding.answer(turn, decision, choice.strip())
    elif decision is not None:
        deciding.ask(turn, decision)
    elif (current := deciding.named(turn, awaited)) is not None:
        deciding.answer(turn, current, rest)
    else:
        ids = ", ".join(each.id for each in turn.question.decisions)
        turn.tell(f"There is no decision {brief(word)}: name one of {ids}, then your choice")


def time_left(turn: Turn, rest: str, runner: Runner | None = None) -> None:
    """Tell how much time is left, in the box and in all."""
    boxes = scaled(turn.state.minutes)
    left = clock_face(max(0.0, boxes[-1].end - turn.at))
    box = clock_face(max(0.0, boxes[turn.state.box].end - turn.at))
    turn.tell(f"{turn.state.box_name}: {box} left; in all: {left}")


def pause(turn: Turn, rest: str, runner: Runner | None = None) -> None:
    """Stop the clock."""
    if turn.state.status == PAUSED:
        turn.tell("The clock stands still already: /resume starts it again")
    else:
        turn.note("paused")
        turn.tell("The clock stands still: /resume starts it again")


def resume(turn: Turn, rest: str, runner: Runner | None = None) -> None:
    """Start the clock again."""
    if turn.state.status == PAUSED:
        turn.note("resumed")
        turn.tell("The clock runs again")
    else:
        turn.tell("The clock runs already")


def _end(turn: Turn, rest: str, runner: Runner) -> None:
    course.end(turn, "stopped")


def _rate(turn: Turn, rest: str, runner: Runner) -> None:
    if turn.state.status != ENDED:
        turn.tell("Rate yourself once it has ended: /end ends it")
    else:
        rate(turn, rest, CANDIDATE)


def rate(turn: Turn, words: str, by: str) -> None:
    """Note a band in a dimension, each by its name or number: "trade-offs strong", "4 3"."""
    dimension, left = _first(DIMENSIONS, words)
    band, rest = _first(BANDS, left)
    if not dimension or not band or rest.strip():
        turn.tell(
            f"Rate one of {_numbered(DIMENSIONS)} with one of {_numbered(BANDS)}: /rate 4 3, or "
            "/rate trade-offs strong"
        )
        return
    turn.note("rated", dimension=dimension, band=band, by=by)
    turn.tell(f"{dimension}: {band}")


def _first(names: tuple[str, ...], words: str) -> tuple[str, str]:
    """Split a name of these, or its number, off the front of some words."""
    text = words.strip()
    for number, name in enumerate(names, 1):
        for written in (name, str(number)):
            after = text[len(written) :]
            if text.lower().startswith(written.lower()) and not after[:1].strip(" :,="):
                return name, after.lstrip(" :,=")
    return "", text


def _numbered(names: tuple[str, ...]) -> str:
    return ", ".join(f"{number} {name}" for number, name in enumerate(names, 1))


_ACTIONS: dict[str, Callable[[Turn, str, Runner], None]] = {
    "help": _help, "hint": _hint, "next": _next, "estimate": _estimate, "decide": _decide,
    "claim": _claim, "run": _run, "time": time_left, "pause": pause, "resume": resume, "end": _end,
    "rate": _rate,
}  # fmt: skip
