"""The course of the interview: how each box begins, and what an answer in it leads to."""

from __future__ import annotations

from pubsub_kit.interviews.bank.question import BOXES, Decision
from pubsub_kit.interviews.rehearsal import (
    asking,
    choosing,
    deciding,
    estimating,
    plain_claims,
    trying,
)
from pubsub_kit.interviews.rehearsal.boxes import number_at, scaled
from pubsub_kit.interviews.rehearsal.matching import any_named
from pubsub_kit.interviews.rehearsal.turn import CANDIDATE, INTERVIEWER, Turn

TIME = "time"
GO_ON = "Go on."


def begin(turn: Turn) -> None:
    """Open the rehearsal: the pitch, and nothing that was not asked."""
    turn.note("box", name=BOXES[0][0], by=INTERVIEWER)
    minutes = f"{turn.state.minutes:g} minute{'s' * (turn.state.minutes != 1)}"
    turn.say(f"{turn.question.pitch}\nYou have {minutes}. What do you need to know?", awaits="")


def enter(turn: Turn, number: int, by: str) -> None:
    """Go into a box: `by` the candidate, or by the time, in which case the interviewer cuts in."""
    cut = f"That's the time for {turn.state.box_name}. " if by == TIME else ""
    turn.note("box", name=BOXES[number][0], by=by)
    _OPENINGS[BOXES[number][0]](turn, cut)


def keep_time(turn: Turn) -> None:
    """Cut where a box is over, and end where the whole is."""
    boxes = scaled(turn.state.minutes)
    if turn.at >= boxes[-1].end:
        turn.say("We are out of time. Thank you: now rate yourself before you read on.", awaits="")
        turn.note("ended", why="time is up")
        return
    due = number_at(boxes, turn.at)
    if due > turn.state.box:
        enter(turn, due, TIME)


def go_on(turn: Turn) -> None:
    """Enter the next box, since the candidate wants to; after the last one, end."""
    if turn.state.box + 1 < len(BOXES):
        enter(turn, turn.state.box + 1, CANDIDATE)
    else:
        end(turn, "finished")


def end(turn: Turn, why: str) -> None:
    """End the rehearsal."""
    turn.say("Thank you. Rate yourself before you read on.", awaits="")
    turn.note("ended", why=why)


def answer(turn: Turn, text: str) -> None:
    """Take what the candidate said: a claim wherever it is made, and all else as `_answer` does."""
    made, rest = plain_claims.parted(text)
    for each in made:
        trying.claim(turn, each)
    if rest.strip():
        _answer(turn, rest)


def _answer(turn: Turn, text: str) -> None:
    """Take a question, an answer that is awaited, a decision that is changed, or what else."""
    kind, _, about = turn.state.awaits.partition(":")
    estimate = next((each for each in turn.question.estimates if each.id == about), None)
    if kind == "estimate" and estimate and not _opens_a_question(text):
        if estimating.answer(turn, estimate, text):
            return
        if not asking.is_question(text):
            turn.say("Give me a number, with its unit.")
            return
    if _is_asked(turn, text):
        asking.answer(turn, text)
    elif kind in ("decision", "sure") and (decision := deciding.named(turn, about)):
        _decide(turn, decision, text)
    elif _may_change(turn, kind, text) and deciding.elsewhere(turn, None, text):
        return
    elif kind in _NEXT:
        _NEXT[kind](turn, text)
    else:
        turn.say(GO_ON)


def _is_asked(turn: Turn, text: str) -> bool:
    """Say whether to answer; a few words on a topic are a question only while one asks them."""
    return asking.is_question(text, turn.question if turn.state.box == 0 else None)


def _opens_a_question(text: str) -> bool:
    return asking.is_question(text) and asking.is_question(text.replace("?", " "))


def _decide(turn: Turn, decision: Decision, text: str) -> None:
    found = choosing.read(decision, text)
    if deciding.is_comment(text) and found.option is None:
        turn.say(GO_ON)
        return
    own = (found.option or len(found.touched) > 1) and not choosing.is_correction(text)
    if own or not deciding.elsewhere(turn, decision, text):
        deciding.answer(turn, decision, text)


def _may_change(turn: Turn, kind: str, text: str) -> bool:
    """Say whether a text may change a decision that is not asked for: after a run, or a "no"."""
    return choosing.is_correction(text) or (kind == "counterexample" and bool(turn.state.decided))


def _after_failure(turn: Turn, text: str) -> None:
    if any_named(turn.question.failure.names, text):
        _ask_flip(turn)
    else:
        turn.say("Which part of your design notices, and what does it do then?", awaits="flip:")


def _after_counterexample(turn: Turn, text: str) -> None:
    turn.say("Then change what you would change, and run it again.", awaits="flip:")


def _ask_flip(turn: Turn, text: str = "") -> None:
    """Ask what would flip a decision that was made, each once."""
    made = [each for each in turn.question.decisions if each.id in turn.state.decided]
    for each in made:
        if each.id not in turn.state.flips:
            turn.say(f"“{each.ask}” What would have to change for you to choose otherwise?",
                     awaits=f"flip:{each.id}")  # fmt: skip
            return
    turn.say(GO_ON, awaits="")


_NEXT = {
    "failure": _after_failure, "counterexample": _after_counterexample, "flip": _ask_flip,
}  # fmt: skip


def _requirements(turn: Turn, cut: str) -> None:
    turn.say(f"{cut}What do you need to know?", awaits="")


def _estimation(turn: Turn, cut: str) -> None:
    if cut:
        turn.say(cut.strip())
    estimating.ask_next(turn)


def _api_and_data(turn: Turn, cut: str) -> None:
    turn.say(f"{cut}Who calls what, and what do you store, under which key?", awaits="")


def _design(turn: Turn, cut: str) -> None:
    deciding.ask_next(turn, cut)


def _deep_dives(turn: Turn, cut: str) -> None:
    turn.say(f"{cut}{turn.question.failure.throw}", awaits="failure")


def _wrap_up(turn: Turn, cut: str) -> None:
    turn.say(f"{cut}Sum your design up. What would you do first with one more hour?", awaits="")


_OPENINGS = {
    "requirements": _requirements,
    "estimation": _estimation,
    "API and data": _api_and_data,
    "high-level design": _design,
    "deep dives": _deep_dives,
    "wrap-up": _wrap_up,
}
