"""Claims and runs: you promise, the design runs, and what broke asks the next question."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pubsub_kit.checks.forms import quantity
from pubsub_kit.errors import PubSubKitError, said
from pubsub_kit.interviews.bank.question import Question
from pubsub_kit.interviews.rehearsal import claims, deciding, wording
from pubsub_kit.interviews.rehearsal.claim_examples import USUAL, example
from pubsub_kit.interviews.rehearsal.claims import ORACLE
from pubsub_kit.interviews.rehearsal.runner import FAILS, MEASURES, Design, Result, Runner
from pubsub_kit.interviews.rehearsal.settling import Settled, is_about, is_clear, is_ruled, settle
from pubsub_kit.interviews.rehearsal.turn import Turn

_UNRULED = "what must hold here says nothing about it, so no run decides it"
NOT_RUN = "The design could not be run, and nothing is lost"
_SHOWN = 3  # facts of a run that are said aloud


def claim(turn: Turn, text: str) -> None:
    """Note a claim, or show how one is written."""
    try:
        made = claims.parse(text)
    except claims.ClaimError as error:
        turn.tell(str(error).replace(USUAL, example(turn.question.id)))
        return
    turn.note("claimed", text=claims.words(made), confidence=made.confidence)
    sure = "" if made.confidence is not None else " How sure are you? Claim it again with a number."
    if not turn.question.full:
        sure = " No design of this question runs, so nobody will decide it: argue it."
    turn.say(f"Noted: {claims.words(made)}.{sure}")


def run(turn: Turn, runner: Runner) -> None:
    """Run the design that was decided on, settle what was claimed, and ask what comes of it."""
    if not turn.question.full:
        turn.tell(elsewhere(turn))
        return
    if not turn.state.decided:
        turn.tell("There is nothing to run yet: decide something first; /decide lists what is open")
        return
    try:
        filled = _filled(turn, runner)
        design, result = _tried(turn, runner)
        settled = [(text, _settled(turn, text, design, result, runner))
                   for text in turn.state.claims]  # fmt: skip
        design, told, shown = _as_data(design), _as_data(_told(result)), summary(result)
    except Exception as error:  # of a runner that is not ours, too: the rehearsal has to go on
        turn.tell(f"{NOT_RUN}: {_why(error)}")
        return
    turn.note("designed", design=design)
    turn.note("ran", **told, filled=filled)
    turn.say("\n".join(filter(None, (shown, left_open(turn.question, filled)))), awaits="")
    for text, (held, said_why) in settled:
        why = f"{said_why}{_standing_in(filled)}" if held is not None else said_why
        turn.note("settled", claim=text, held=held, why=why)
        turn.say(f"You claimed “{text}”. {_verdict(held)}: {why}.")
    _go_on(turn, result)


def elsewhere(turn: Turn) -> str:
    """Say where a question's rule is put to the test whose design does not run here."""
    rule, where = turn.question.oracle.holds, turn.question.oracle.run
    if not where:
        return f"No design of this question runs. What must hold: {rule} Argue why yours keeps it."
    exercise, _, question = where.partition(".")
    return (
        f"No design of this question runs. What must hold: {rule} Exercise {exercise} has the same "
        f"rule in its question {question!r}: python3 -m pubsub_kit check {exercise} {question}"
    )


def summary(result: Result) -> str:
    """Say in a few lines what a run showed."""
    facts = list(result.words[:_SHOWN])
    if result.outcome == FAILS:
        facts = facts or [f"This does not hold: {result.broke or 'the rule'}."]
        facts += [f"Schedule {result.code} shows it."] if result.struck else []
    elif not facts and not result.complete:
        tried = f"Nothing broke it in {result.schedules:,} schedules"
        facts = [f"{tried}, and the search stopped there: that is no proof."]
    elif not facts:
        tried = f" with up to {result.up_to} of {', '.join(result.faults)}" if result.faults else ""
        facts = [f"It holds in {result.schedules:,} schedules{tried}."]
    facts += result.misses[:_SHOWN]
    numbers = list(_numbers(result))
    head = f"Under load ({result.load}): " if result.load else ""
    return "\n".join([*facts, *([head + " · ".join(numbers)] if numbers else [])])


def left_open(question: Question, filled: Mapping[str, str]) -> str:
    """Say which decisions were open, and what the run took for each; "" where none was."""
    if not filled:
        return ""
    labels = {(d.id, o.id): o.label for d in question.decisions for o in d.options}
    taken = [f"“{labels.get((id, o), o)}” for {id}" for id, o in filled.items() if o]
    unused = [id for id, option in filled.items() if not option]
    took = f": the run took {', '.join(taken)}" if taken else ""
    rest = f". Nothing in the run depends on {' or '.join(unused)}" if unused else ""
    return f"You left {', '.join(filled)} open{took}{rest}."


def _filled(turn: Turn, runner: Runner) -> dict[str, str]:
    """Return what the run takes for each open decision; "" for one that plays no part in it."""
    options = {id: option for id, option in turn.state.decided.items() if option}
    usual = runner.defaults(turn.question.id, options)
    left = [each.id for each in turn.question.decisions if each.id not in options]
    return {id: str(usual.get(id, "")) for id in left}


def _standing_in(filled: Mapping[str, str]) -> str:
    taken = [f"{id} as {option}" for id, option in filled.items() if option]
    return f"; you left open, and the run took, {', '.join(taken)}" if taken else ""


def _tried(turn: Turn, runner: Runner) -> tuple[Design, Result]:
    options = {id: option for id, option in turn.state.decided.items() if option}
    design = runner.propose(turn.question.id, options)
    return design, runner.run(design)


def _settled(turn: Turn, text: str, design: Design, result: Result, runner: Runner) -> Settled:
    """Settle a claim by the run, or by one more that tries just what the claim is about."""
    made = claims.parse(text)
    found = settle(made, result)
    if made.kind == ORACLE and not is_ruled(made.oracle, turn.question):
        return found if found.held is False else Settled(None, _UNRULED)
    if found.held is None and made.kind == ORACLE:
        about = partial(is_about, made.oracle)
        up_to = made.at_most if made.faults or made.at_most > 1 else None
        again = settle(made, runner.run(design, made.faults or None, up_to, about))
        if again.held and result.outcome == FAILS and not is_clear(made.oracle):
            return found  # what broke may be what was meant, in other words
        return again
    return found


def _go_on(turn: Turn, result: Result) -> None:
    if result.next_question:
        turn.say(result.next_question, awaits="counterexample")
    elif result.outcome == FAILS:
        turn.say("What does the user see, and which decision would you change?",
                 awaits="counterexample")  # fmt: skip
    elif left := deciding.open_ones(turn):
        deciding.ask(turn, left[0])
    else:
        turn.say("What would break it all the same?", awaits="")


def _told(result: Result) -> dict[str, Any]:
    """Return a result as its fact has it; what never came is a word: JSON has no infinity."""
    return {
        "level": result.level, "outcome": result.outcome, "words": list(result.words),
        "code": result.code, "schedules": result.schedules, "faults": list(result.faults),
        "up_to": result.up_to, "struck": list(result.struck), "broke": result.broke,
        "next_question": result.next_question, "shown": list(_numbers(result)),
        "measures": {name: wording.stored(value) for name, value in result.measures.items()},
        "misses": list(result.misses), "complete": result.complete,
    }  # fmt: skip


def _as_data(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping as the log will have it; raises ValueError or TypeError if it can't."""
    found: dict[str, Any] = json.loads(json.dumps(dict(given), allow_nan=False))
    return found


def _numbers(result: Result) -> Iterator[str]:
    """Yield each measure with its words and its unit: the runner's, or those that all runs have."""
    for name, value in result.measures.items():
        unit = next((MEASURES[each] for each in MEASURES if name.startswith(each)), "")
        stored = wording.stored(value)
        plain = stored if isinstance(stored, str) else quantity.words(stored, unit)
        if name == "cost" and stored is value:
            plain = f"${plain} a month"
        yield ": ".join(result.shown.get(name, (name, plain)))


def _verdict(held: bool | None) -> str:
    return {True: "It held", False: "It did not hold", None: "It stays open"}[held]


def _why(error: Exception) -> str:
    if isinstance(error, PubSubKitError):
        return str(error)
    return f"{type(error).__name__}: {said(error)}"
