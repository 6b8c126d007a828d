"""What a candidate asked, estimated, decided and claimed, held against the question's answers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pubsub_kit.interviews.bank.question import Decision, Estimate, Question
from pubsub_kit.interviews.rehearsal import wording
from pubsub_kit.interviews.rehearsal.account import (
    Bet,
    Choice,
    Clarified,
    Drawings,
    Guess,
    Shown,
    Try,
)
from pubsub_kit.interviews.rehearsal.runner import MEASURES
from pubsub_kit.interviews.rehearsal.told import Told, of

_SURE = re.compile(r" with confidence [\d.]+%$")  # it has a column of its own


def clarified(found: Sequence[Told], question: Question) -> tuple[Clarified, ...]:
    """Return what the candidate asked; a topic that the bank doesn't know is ""."""
    answers = {each.topic: each.answer for each in question.clarifications}
    asked = []
    for fact in of(found, "asked"):
        topic = fact.line("topic")
        known = topic if topic in answers else ""
        asked.append(Clarified(fact.at, fact.text("text"), known, answers.get(topic, "")))
    return tuple(asked)


def unasked(asked: Sequence[Clarified], question: Question) -> tuple[str, ...]:
    """Return the topics that the interviewer would have answered, and nobody asked about."""
    topics = {each.topic for each in asked}
    return tuple(each.topic for each in question.clarifications if each.topic not in topics)


def guesses(found: Sequence[Told], question: Question) -> tuple[Guess, ...]:
    """Return each estimate of the question with the tries at it, in the bank's order."""
    said: dict[str, list[Told]] = {}
    for fact in of(found, "estimated"):
        said.setdefault(fact.line("id"), []).append(fact)
    return tuple(_guess(each, said.get(each.id, [])) for each in question.estimates)


def _guess(estimate: Estimate, said: Sequence[Told]) -> Guess:
    tries = tuple(Try(fact.at, fact.text("text"), *_verdict(estimate, fact)) for fact in said)
    return Guess(estimate.ask, tries, estimate.working, estimate.decides)


def _verdict(estimate: Estimate, said: Told) -> tuple[str, bool | None]:
    """Say how far off a number is; what the engine said of one in another unit stays as it is."""
    value, right = said.number("value"), abs(estimate.value)
    if value is None or said.line("unit") not in ("", estimate.unit) or not value or not right:
        return said.line("verdict") or "no number", None
    factor = max(abs(value) / right, right / abs(value))
    within = wording.amount(estimate.within)
    if factor <= estimate.within * (1 + 1e-9):
        return f"right, within a factor of {within}", True
    way = "high" if abs(value) > right else "low"
    return f"too {way}, by a factor of {wording.amount(factor)}", False


def choices(found: Sequence[Told], question: Question) -> tuple[Choice, ...]:
    """Return each decision of the question, as it was taken last."""
    said = {fact.line("id"): fact for fact in of(found, "decided")}
    return tuple(_choice(each, said.get(each.id)) for each in question.decisions)


def _choice(decision: Decision, said: Told | None) -> Choice:
    wanted = said.line("option") if said else ""
    chosen = next((option for option in decision.options if option.id == wanted), None)
    others = tuple((o.label, o.cost) for o in decision.options if o is not chosen)
    label, cost = (chosen.label, chosen.cost) if chosen else ("", "")
    at, text = (said.at, said.text("text")) if said else (None, "")
    return Choice(at, decision.ask, label, cost, text, others, decision.flips)


def bets(found: Sequence[Told]) -> tuple[Bet, ...]:
    """Return the claims, each with what the latest run has said of it.

    `settled` names a claim by its words, or by its place among the claims. A claim that was made
    again to say how sure one is counts once.
    """
    made: list[Bet] = []
    for fact in of(found, "claimed", "settled"):
        if fact.kind == "claimed":
            made.append(Bet(fact.at, fact.text("text"), _confidence(fact)))
        elif (place := _place(fact, made)) is not None:
            held = fact.data.get("held")
            settled = held if isinstance(held, bool) else None
            made[place] = replace(made[place], held=settled, why=fact.text("why"))
    worded = [replace(bet, text=_SURE.sub("", bet.text)) for bet in made]
    sure = {bet.text for bet in worded if bet.confidence is not None}
    return tuple(bet for bet in worded if bet.confidence is not None or bet.text not in sure)


def _confidence(fact: Told) -> float | None:
    """Return a confidence between 0 and 1; None where none was said."""
    given = fact.number("confidence")
    return None if given is None else min(max(given, 0.0), 1.0)


def _place(fact: Told, made: Sequence[Bet]) -> int | None:
    claim = fact.data.get("claim")
    if isinstance(claim, int) and not isinstance(claim, bool):
        return claim if 0 <= claim < len(made) else None
    words = wording.plain(claim)
    return next((n for n in reversed(range(len(made))) if made[n].text == words), None)


def runs(found: Sequence[Told], pictures: Drawings) -> tuple[Shown, ...]:
    """Return the runs, each with the pictures handed in for its number, from 1."""
    return tuple(
        Shown(
            at=fact.at,
            level=fact.line("level"),
            outcome=fact.line("outcome"),
            words=fact.lines("words"),
            code=fact.line("code"),
            schedules=int(fact.number("schedules") or 0),
            faults=_names(fact.data.get("faults")),
            up_to=int(fact.number("up_to") or 0),
            broke=fact.line("broke"),
            misses=_names(fact.data.get("misses")),
            measures=_names(fact.data.get("shown")) or _measures(fact.data.get("measures")),
            filled=_filled(fact.data.get("filled")),
            drawn=pictures.runs.get(number),
            design=pictures.designs.get(number),
        )
        for number, fact in enumerate(of(found, "ran"), 1)
    )


def _measures(given: object) -> tuple[str, ...]:
    """Return what a run measured, each with its name and its unit."""
    found = given if isinstance(given, Mapping) else {}
    values = {wording.line(name): wording.number(value) for name, value in found.items()}
    return tuple(f"{n} {wording.amount(v)}{_unit(n)}" for n, v in values.items() if v is not None)


def _filled(given: object) -> tuple[str, ...]:
    """Return what stood in for each decision that was open and that the run depends on."""
    found = given if isinstance(given, Mapping) else {}
    taken = {wording.line(id): wording.line(option) for id, option in found.items()}
    return tuple(f"{id}: {option}" for id, option in taken.items() if option)


def _unit(name: str) -> str:
    unit = next((unit for start, unit in MEASURES.items() if name.startswith(start)), "")
    return " s" if unit == "second" else ""


def _names(given: object) -> tuple[str, ...]:
    """Return a list's texts, each on one line."""
    return tuple(filter(None, map(wording.line, given))) if isinstance(given, list | tuple) else ()
