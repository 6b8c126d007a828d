"""Decisions: asked one by one; an option is chosen by its number, its id or its words."""

from __future__ import annotations

import re

from pubsub_kit.interviews.bank.question import Decision, Option
from pubsub_kit.interviews.rehearsal.matching import stems, words_of
from pubsub_kit.interviews.rehearsal.turn import Turn

_NUMBERED = re.compile(r"(?:option\s*|no\.?\s*|#)?\(?(\d{1,2})\)?[.):]?(?=\s|$|,)", re.IGNORECASE)
_LETTERED = re.compile(r"(?:option\s*)?\(?([a-h])\)?[.):]?", re.IGNORECASE)
# What follows one of these is what the candidate does not want.
_REFUSED = re.compile(
    r"\b(?:not|no|never|rather than|instead of|over|without|against|than)\s+(?:\w+\s*){1,3}", re.I
)
_COMMENT = re.compile(
    r"\s*(?:because|since|it costs?|that costs?|this costs?|the (?:price|cost|trade-?off)|we pay|"
    r"i pay|i'?d flip|i would flip|unless|if|so that)\b",
    re.IGNORECASE,
)


def choice(decision: Decision, text: str) -> Option | None:
    """Return the option that a text chooses, or None if it is in words of its own."""
    options, said = decision.options, text.strip()
    exact = {each.id.lower(): each for each in options} | {o.label.lower(): o for o in options}
    if said.lower() in exact:
        return exact[said.lower()]
    if found := _NUMBERED.match(said):
        number = int(found[1])
        return options[number - 1] if 1 <= number <= len(options) else None
    if found := _LETTERED.fullmatch(said):
        number = ord(found[1].lower()) - ord("a")
        return options[number] if number < len(options) else None
    wanted = _REFUSED.sub(" ", said)
    return _by_label(options, wanted) or _by_words(options, wanted) or _by_words(options, said)


def _by_label(options: tuple[Option, ...], text: str) -> Option | None:
    """Return the option whose whole label stands in a text, the longest if it is several."""
    said = f" {' '.join(words_of(text))} "
    labels = {each: f" {' '.join(words_of(each.label))} " for each in options}
    found = [each for each, label in labels.items() if label.strip() and label in said]
    return max(found, key=lambda each: len(labels[each]), default=None)


def _by_words(options: tuple[Option, ...], text: str) -> Option | None:
    """Return the option that has most of a text's words for itself; None if no single one has."""
    said = stems(text)
    own = {each.id: stems(f"{each.id.replace('-', ' ')} {each.label}") for each in options}
    scores = {}
    for each in options:
        others = frozenset().union(*(words for id, words in own.items() if id != each.id))
        scores[each] = sum(1.0 if word in own[each.id] - others else 0.1
                           for word in own[each.id] & said)  # fmt: skip
    best = sorted(scores.values(), reverse=True)
    if not best or best[0] < 1 or (len(best) > 1 and best[0] == best[1]):
        whole = [each for each in options if stems(each.label) and stems(each.label) <= said]
        return max(whole, key=lambda each: len(stems(each.label)), default=None)
    return max(scores, key=lambda each: scores[each])


def is_comment(text: str) -> bool:
    """Say whether a text explains the last choice instead of making the next one."""
    return bool(_COMMENT.match(text))


def named(turn: Turn, word: str) -> Decision | None:
    """Return the decision of this number or id."""
    decisions = turn.question.decisions
    if word.isascii() and word.isdecimal() and len(word) < 3:
        return decisions[int(word) - 1] if 1 <= int(word) <= len(decisions) else None
    return next((each for each in decisions if each.id == word.lower()), None)


def open_ones(turn: Turn) -> list[Decision]:
    """Return the decisions that are still to be made, in the bank's order."""
    return [each for each in turn.question.decisions if each.id not in turn.state.decided]


def ask(turn: Turn, decision: Decision, before: str = "") -> None:
    """Ask for one decision, with its options but not their costs: those are the candidate's."""
    options = [f"  {number} {each.label}" for number, each in enumerate(decision.options, 1)]
    turn.say("\n".join([f"{before}{decision.ask}", *options]), awaits=f"decision:{decision.id}")


def ask_next(turn: Turn, before: str = "") -> None:
    """Ask for the next decision, or for what the design promises once all are made."""
    left = open_ones(turn)
    if left:
        ask(turn, left[0], before)
    elif turn.question.full:
        turn.say(f"{before}Which faults does this survive? Claim it, say how sure you are, then "
                 "run it.", awaits="")  # fmt: skip
    else:
        turn.say(f"{before}Where does this break first?", awaits="")


def answer(turn: Turn, decision: Decision, text: str) -> None:
    """Take a choice, say how it was understood, and go on.

    Words that fit several options are asked about once; after that they are the candidate's own.
    """
    option, sure = choice(decision, text), f"sure:{decision.id}"
    most = len(decision.options)
    if option is None and _NUMBERED.fullmatch(text.strip()):
        turn.say(f"Choose 1 to {most}, or say it in your own words.", f"decision:{decision.id}")
        return
    if option is None and turn.question.full and turn.state.awaits != sure:
        turn.say(f"Which of 1 to {most} is that, or is it something else?", awaits=sure)
        return
    turn.note("decided", id=decision.id, option=option.id if option else None, text=text)
    if option:
        ask_next(turn, f"{_first_up(option.label)}, then. ")
        return
    run = " In a run, the reference stands in for it." if turn.question.full else ""
    ask_next(turn, f"Noted, in your own words.{run} ")


def table(turn: Turn) -> str:
    """Return every decision with what was chosen, for the candidate to look at."""
    lines = []
    for number, each in enumerate(turn.question.decisions, 1):
        lines.append(f"{number} {each.id}: {_chosen(turn, each)}")
    return "\n".join(lines)


def _chosen(turn: Turn, decision: Decision) -> str:
    if decision.id not in turn.state.decided:
        return "open"
    option = turn.state.decided[decision.id]
    return next((o.label for o in decision.options if o.id == option), "in your own words")


def _first_up(label: str) -> str:
    return label[:1].upper() + label[1:] if len(words_of(label)) else label
