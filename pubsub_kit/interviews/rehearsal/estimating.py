"""Estimates: asked one by one, read with their units, and judged by a factor, not to the digit."""

from __future__ import annotations

import re

from pubsub_kit.checks.forms import quantity
from pubsub_kit.interviews.bank.question import Estimate
from pubsub_kit.interviews.rehearsal.numbers import find
from pubsub_kit.interviews.rehearsal.turn import Turn

WITHIN, HIGH, LOW = "within", "too high", "too low"
TRIES = 2  # then the interviewer gives the number, for there is more to talk about
_FAR = 10.0
_ASSUMED = re.compile(
    r"(?P<what>(?:The factor |A capacity of )?)\b(?P<number>\d[\d.,]*[KMB]?) is an assumption"
)


def open_ones(turn: Turn) -> list[Estimate]:
    """Return the estimates that are still to be made, in the order in which they are asked."""
    return [each for each in turn.question.estimates if not _is_done(turn, each)]


def ask_next(turn: Turn) -> None:
    """Ask for the next estimate, or what they are good for once all are made."""
    left = open_ones(turn)
    if left:
        turn.say(left[0].ask, awaits=f"estimate:{left[0].id}")
    else:
        turn.say("What do these numbers decide?", awaits="")


def answer(turn: Turn, estimate: Estimate, text: str) -> bool:
    """Judge a text as an estimate, and go on; False if there is no quantity of its kind in it."""
    found = find(text, estimate.unit)
    if found is None:
        return False
    written, value = found
    verdict = judge(value, estimate)
    turn.note("estimated", id=estimate.id, text=written, value=value, unit=estimate.unit,
              verdict=verdict)  # fmt: skip
    if verdict == WITHIN:
        turn.say("That will do.", awaits="")
    elif turn.state.tries[estimate.id] < TRIES:
        turn.say(_beside(value, estimate, verdict), awaits=f"estimate:{estimate.id}")
        return True
    else:
        right = quantity.words(estimate.value, estimate.unit)
        turn.say(f"I get {right}: {_working(turn, estimate)} Take that.", awaits="")
    ask_next(turn)
    return True


def judge(value: float, estimate: Estimate) -> str:
    """Return "within", "too high" or "too low", by the factor that the estimate allows."""
    true = estimate.value
    if true and 1 / estimate.within <= value / true <= estimate.within:
        return WITHIN
    return WITHIN if value == true else (HIGH if value > true else LOW)


def _working(turn: Turn, estimate: Estimate) -> str:
    """Return how it is worked out; what the candidate was told before is given, not assumed."""
    told = " ".join(
        each.answer for each in turn.question.clarifications if each.topic in turn.state.topics
    )
    return _ASSUMED.sub(
        lambda found: (
            f"{found['what']}{found['number']} is given"
            if re.search(rf"(?<![\w.]){re.escape(found['number'])}(?![\w.])", told)
            else found[0]
        ),
        estimate.working,
    )


def _beside(value: float, estimate: Estimate, verdict: str) -> str:
    said = quantity.words(value, estimate.unit)
    ratio = value / estimate.value if estimate.value else 0.0
    far = not 1 / _FAR <= ratio <= _FAR
    return f"{said} is {'far ' if far else ''}{verdict}. Which of your steps would you check first?"


def _is_done(turn: Turn, estimate: Estimate) -> bool:
    tries = turn.state.tries.get(estimate.id, 0)
    return turn.state.estimates.get(estimate.id) == WITHIN or tries >= TRIES
