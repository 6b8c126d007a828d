"""From a rehearsal's events to its account: time by box, what was said, signs, lessons, numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from pubsub_kit.interviews.bank.question import BANDS, BOXES, DIMENSIONS, LEVELS, Question
from pubsub_kit.interviews.rehearsal import answers, calibration, wording
from pubsub_kit.interviews.rehearsal.account import (
    Account,
    Bet,
    BoxTime,
    Drawings,
    Line,
    Mark,
    Rating,
    ReportError,
)
from pubsub_kit.interviews.rehearsal.going_back import lessons
from pubsub_kit.interviews.rehearsal.told import Told, of, told
from pubsub_kit.interviews.rehearsal.turn import INTERVIEWER

_WHOLE = sum(minutes for _, minutes in BOXES)
_NAME = 40  # letters of a person's name
_MOVES = ("asked", "estimated", "decided", "claimed", "designed")


def recount(
    events: Iterable[object],
    question: Question,
    earlier: Account | None = None,
    pictures: Drawings | None = None,
) -> Account:
    """Return the account of one rehearsal; raises ReportError where the events are of none."""
    if not isinstance(question, Question):
        raise ReportError("A report needs the question that was rehearsed, as the bank loads it.")
    found = told(events)
    start = _start(found, question)
    given = start.number("minutes") or float(_WHOLE)
    asked = answers.clarified(found, question)
    bets = answers.bets(found)
    unnumbered = Account(
        question=question.id,
        title=question.title,
        pitch=question.pitch,
        oracle=question.oracle.holds,
        role=start.line("role"),
        began=start.day,
        minutes=given * 60,
        lasted=found[-1].at,
        ended=next((fact.line("why") for fact in of(found, "ended")), ""),
        boxes=_boxes(found, given),
        said=tuple(_line(fact) for fact in of(found, "said")),
        clarified=asked,
        unasked=answers.unasked(asked, question),
        guesses=answers.guesses(found, question),
        choices=answers.choices(found, question),
        bets=bets,
        runs=answers.runs(found, pictures or Drawings({}, {})),
        hints=tuple(_hint(fact) for fact in of(found, "hinted")),
        marks=_marks(found, question),
        ratings=_ratings(found),
        lessons=lessons(question, bets),
        numbers=(),
        before=earlier.numbers if earlier else (),
        before_began=earlier.began if earlier else None,
    )
    return replace(unnumbered, numbers=_numbers(unnumbered, found))


def score(bets: Sequence[Bet]) -> float | None:
    """Return the Brier score of the claims that were settled; None where there is none."""
    return calibration.brier(
        [
            calibration.Answer(bet.confidence, bet.held)
            for bet in bets
            if bet.held is not None and bet.confidence is not None
        ]
    )


def _start(found: Sequence[Told], question: Question) -> Told:
    start = next(iter(of(found, "started")), None)
    if start is None:
        raise ReportError("These events are of no rehearsal: none of them says that one started.")
    if (asked := start.line("question")) != question.id:
        raise ReportError(
            f"These events are of a rehearsal of {asked!r}, and the question is {question.id!r}: "
            "load the one that was rehearsed."
        )
    return start


def _boxes(found: Sequence[Told], given: float) -> tuple[BoxTime, ...]:
    """Return the time that each box took: it lasts until the next one is entered."""
    used: Counter[str] = Counter()
    entered = [(fact.line("name"), fact.at) for fact in of(found, "box")]
    if not entered or entered[0][1] > 0:
        entered.insert(0, (BOXES[0][0], 0.0))
    for (name, since), (_, until) in pairwise([*entered, ("", found[-1].at)]):
        used[name] += until - since  # type: ignore[assignment]
    share = given / _WHOLE * 60
    return tuple(BoxTime(name, minutes * share, used[name]) for name, minutes in BOXES)


def _line(fact: Told) -> Line:
    return Line(fact.at, fact.line("who"), fact.text("text"), fact.line("box"))


def _hint(fact: Told) -> Line:
    return Line(fact.at, f"hint {int(fact.number('rung') or 0)}", fact.text("text"))


def _marks(found: Sequence[Told], question: Question) -> tuple[Mark, ...]:
    """Return the signs by dimension and level, and when the engine saw each, if it did.

    The engine names a sign by its sentence, or by what the question says can be seen of it.
    """
    sentence = {(s.dimension, s.level, s.seen): wording.line(s.sign) for s in question.signs}
    listed = [(s.dimension, s.level, wording.line(s.sign)) for s in question.signs]
    seen: dict[tuple[str, str, str], Told] = {}
    for fact in of(found, "signed"):
        where, sign = (fact.line("dimension"), fact.line("level")), fact.line("sign")
        seen.setdefault((*where, sentence.get((*where, sign), sign)), fact)
    marks = [_mark(sign, seen.get(sign)) for sign in dict.fromkeys([*listed, *seen])]
    known = [m for m in marks if m.dimension in DIMENSIONS and m.level in LEVELS]
    order = {name: n for n, name in enumerate((*DIMENSIONS, *LEVELS))}
    return tuple(sorted(known, key=lambda mark: (order[mark.dimension], order[mark.level])))


def _mark(sign: tuple[str, str, str], seen: Told | None) -> Mark:
    if seen is None:
        return Mark(*sign, None)
    return Mark(*sign, seen.at, INTERVIEWER if seen.line("seen") == INTERVIEWER else "")


def _ratings(found: Sequence[Told]) -> tuple[Rating, ...]:
    """Return each person's latest rating of each dimension."""
    kept: dict[tuple[str, str], Rating] = {}
    for fact in of(found, "rated"):
        by = wording.line(fact.data.get("by"), _NAME) or "somebody"
        rating = Rating(fact.line("dimension"), fact.line("band"), by)
        if rating.dimension in DIMENSIONS and rating.band in BANDS:
            kept[rating.dimension, rating.by] = rating
    return tuple(kept.values())


def _numbers(account: Account, found: Sequence[Told]) -> tuple[tuple[str, str], ...]:
    """Return what is compared with another rehearsal of the question, each as words."""
    answered = len({each.topic for each in account.clarified if each.topic})
    first = min((each.at for guess in account.guesses for each in guess.tries), default=None)
    right = sum(guess.right for guess in account.guesses)
    tried = sum(bool(guess.tries) for guess in account.guesses)
    settled = [bet for bet in account.bets if bet.held is not None]
    brier = score(account.bets)
    decided = sum(bool(choice.chosen) for choice in account.choices)
    return (
        ("Time used", f"{wording.minutes(account.lasted)} of {wording.minutes(account.minutes)}"),
        ("Boxes kept to their time", f"{_kept(account)} of {len(account.boxes)}"),
        ("Topics clarified", f"{answered} of {answered + len(account.unasked)}"),
        ("First estimate", "none" if first is None else f"at {wording.minutes(first)}"),
        ("Estimates right at the first try", f"{right} of {tried}" if tried else "none was made"),
        ("Decisions taken", f"{decided} of {len(account.choices)}"),
        ("Claims that held", f"{sum(bet.held is True for bet in settled)} of {len(settled)}"),
        ("Brier score", "no claim was settled" if brier is None else f"{brier:.2f}"),
        ("Hints", f"{len(account.hints)}"),
        ("Signs seen", f"{sum(mark.at is not None for mark in account.marks)}"),
        ("Longest gap between your entries", wording.minutes(_gap(found))),
    )


def _kept(account: Account) -> int:
    """Count the boxes that ended in their time, where some of it was spent: half, or of the whole.

    Somebody who walks through all of them in a minute has kept none.
    """
    long = 2 * account.lasted >= account.minutes
    return sum(
        0 < box.used <= box.given and (long or 2 * box.used >= box.given) for box in account.boxes
    )


def _gap(found: Sequence[Told]) -> float:
    """Return the longest time without an entry of the candidate's, in seconds."""
    own = [0.0, *(f.at for f in found if f.kind in _MOVES or f.line("who") == "candidate")]
    return max(b - a for a, b in pairwise([*own, found[-1].at]))
