"""Decisions: asked one by one; an option is chosen by its number, its id or its words."""

from __future__ import annotations

import re

from pubsub_kit.interviews.bank.question import Decision, Option
from pubsub_kit.interviews.rehearsal import choosing
from pubsub_kit.interviews.rehearsal.turn import Turn

_YES_OR_NO = re.compile(
    r"\W*(?:yes|no|ok|okay|yep|nope|right|exactly|both|neither|maybe|hm+|no idea|not sure|"
    r"i(?: do not|'m not| am not| don'?t) (?:know|sure))\W*",
    re.IGNORECASE,
)
_COMMENT = re.compile(
    r"\s*(?:because|since|it costs?|that costs?|this costs?|the (?:price|cost|trade-?off)|we pay|"
    r"i pay|i'?d flip|i would flip|unless|if|so that)\b",
    re.IGNORECASE,
)


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


def ask(turn: Turn, decision: Decision, before: str = "", awaits: str = "") -> None:
    """Ask for one decision, with its options but not their costs: those are the candidate's."""
    options = [f"  {number} {each.label}" for number, each in enumerate(decision.options, 1)]
    asked = "\n".join([f"{before}{decision.ask}", *options])
    turn.say(asked, awaits=awaits or f"decision:{decision.id}")


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

    Words that choose no single option are asked about once; then they are the candidate's own.
    """
    found, sure = choosing.read(decision, text), f"sure:{decision.id}"
    number = choosing.NUMBERED.fullmatch(text.strip()) or _YES_OR_NO.fullmatch(text)
    if found.option is None and number:
        most = len(decision.options)
        turn.say(f"Choose 1 to {most}, or say it in your own words.", f"decision:{decision.id}")
    elif found.option is not None:
        take(turn, decision, found.option, text, found.named)
    elif found.touched and turn.state.awaits != sure:
        ask(turn, decision, f"{_heard(found)} ", sure)
    elif turn.question.full and turn.state.awaits != sure:
        ask(turn, decision, f"Which of 1 to {len(decision.options)} is that, or is it something "
            "else? ", sure)  # fmt: skip
    else:
        turn.note("decided", id=decision.id, option=None, text=text)
        run = " In a run, the reference stands in for it." if turn.question.full else ""
        ask_next(turn, f"Noted, in your own words.{run} ")


def take(turn: Turn, decision: Decision, option: Option, text: str, named: bool = True) -> None:
    """Note an option as chosen and say so; of one that was not named, also how to change it."""
    again = decision.id in turn.state.decided
    turn.note("decided", id=decision.id, option=option.id, text=text)
    other = "" if named else f" If you meant another: /decide {decision.id}, and its number."
    about = f" for “{decision.ask}”" if again else ""
    ask_next(turn, f"You chose: {label(option)}{about}.{other} ")


def elsewhere(turn: Turn, asked: Decision | None, text: str) -> bool:
    """Take a text as the answer to another decision than the asked one, if it plainly is one."""
    found = choosing.elsewhere(turn.question.decisions, asked, text)
    if found is None:
        return False
    decision, option = found
    turn.note("decided", id=decision.id, option=option.id, text=text)
    said = (
        f"I take that for “{decision.ask}” You chose: {label(option)}. If you meant another: "
        f"/decide {decision.id}, and its number. "
    )
    if asked is not None:
        ask(turn, asked, said)
    else:
        turn.say(said.strip())
    return True


def _heard(found: choosing.Reading) -> str:
    names = " and ".join(f"“{each.label}”" for each in found.touched)
    one = "is that your choice?" if len(found.touched) == 1 else "which one do you choose?"
    return f"I hear {names}: {one} Say a number."


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


def label(option: Option) -> str:
    """Return an option's label as a sentence begins."""
    return option.label[:1].upper() + option.label[1:]
