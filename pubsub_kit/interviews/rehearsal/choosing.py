"""Which option a text chooses: one that is named is taken, and one that is only touched is not.

A number, a letter, an id or a whole label names an option. Other words are held against what each
option has for itself. Words of several options, or a "not" beside them, choose nothing: the
interviewer asks back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from pubsub_kit.interviews.bank.question import Decision, Option
from pubsub_kit.interviews.rehearsal.matching import shared, stems, words_of

NUMBERED = re.compile(r"(?:option\s*|no\.?\s*|#)?\(?(\d{1,2})\)?[.):]?(?=\s|$|,)", re.IGNORECASE)
_LETTERED = re.compile(r"(?:option\s*)?\(?([a-h])\)?[.):]?", re.IGNORECASE)
_REFUSED = re.compile(
    r"\b(?:not|no|never|neither|nor|without|instead|rather|than|except|unless|cannot|against)\b|"
    r"n['’]t\b",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"[\s,;:.(]+(?:because|since|so that|it costs?|that costs?|the (?:price|cost|trade-?off) is|"
    r"we pay|i pay)\b",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"\A(?:(?:no|yes|ok(?:ay)?|well|actually|so|hm+|right|then|sorry)[,.!:]*\s+)+", re.IGNORECASE
)
_CORRECTED = re.compile(
    r"\A\W*(?:\w+,\s*)?(?:actually|on second thoughts?|correction|let me change|i change|"
    r"i changed my mind|i(?:'d| would) rather|i take that back|scratch that)\b",
    re.IGNORECASE,
)
_MANY = 3  # words of an option, which then is the one that is meant
_ENOUGH = 1 / 3  # of an option's own words: fewer are a weak match


class Reading(NamedTuple):
    """How a text was understood: `option` if it chooses one, `touched` if it speaks of several.

    `named` is True where the option was named by number, letter, id or its label alone.
    """

    option: Option | None
    named: bool = False
    touched: tuple[Option, ...] = ()


def read(decision: Decision, text: str) -> Reading:
    """Return what a text chooses of a decision's options."""
    options, said = decision.options, text.strip()
    if (found := _named(options, said)) is not None:
        return Reading(found, True)
    if NUMBERED.match(said) or _LETTERED.fullmatch(said):
        return Reading(None)
    head = _REASON.split(_OPENING.sub("", said))[0]
    label = _by_label(options, head)
    left = _without(label.label, head) if label else head
    touched = [each for each in _touched(options, _in(left)) if each is not label]
    if _REFUSED.search(left) and (touched or label):
        return Reading(None, touched=tuple(([label] if label else []) + touched))
    if label:
        return Reading(None, touched=(label, *touched)) if touched else Reading(label)
    if len(touched) > 1:
        return Reading(None, touched=tuple(touched))
    return _by_words(options, touched, head)


def elsewhere(
    decisions: Sequence[Decision], asked: Decision | None, text: str
) -> tuple[Decision, Option] | None:
    """Return the one other decision that a text plainly answers, and its option."""
    found = []
    for each in decisions:
        option = None if each is asked else read(each, text).option
        if option and not _is_short(text) and _is_of(each, option, text):
            found.append((each, option))
    return found[0] if len(found) == 1 else None


def is_correction(text: str) -> bool:
    """Say whether a text takes back what was said before."""
    return bool(_CORRECTED.match(text))


def _named(options: tuple[Option, ...], said: str) -> Option | None:
    exact = {each.id.lower(): each for each in options} | {o.label.lower(): o for o in options}
    if said.lower().rstrip(".!") in exact or said.lower() in exact:
        return exact.get(said.lower()) or exact[said.lower().rstrip(".!")]
    number = 0
    if found := NUMBERED.match(said):
        number = int(found[1])
    elif found := _LETTERED.fullmatch(said):
        number = ord(found[1].lower()) - ord("a") + 1
    return options[number - 1] if 1 <= number <= len(options) else None


def _by_label(options: tuple[Option, ...], text: str) -> Option | None:
    """Return the option whose whole label stands in a text, the longest if it is several."""
    said = f" {' '.join(words_of(text))} "
    labels = {each: f" {' '.join(words_of(each.label))} " for each in options}
    found = [each for each, label in labels.items() if label.strip() and label in said]
    return max(found, key=lambda each: len(labels[each]), default=None)


def _without(label: str, text: str) -> str:
    """Return a text without the words of a label, so that only what stands around it is left."""
    return " ".join(words_of(text)).replace(" ".join(words_of(label)), " , ", 1)


def _by_words(options: tuple[Option, ...], touched: list[Option], text: str) -> Reading:
    """Return the option that alone is touched, if by enough of its words."""
    said = _in(text)
    for each in touched:
        own = _own(each, options)
        if own & said & _name(each) or len(own & said) >= _ENOUGH * len(own):
            return Reading(each)
        return Reading(None, touched=(each,))
    whole = [each for each in options if stems(each.label) and stems(each.label) <= said]
    best = max(whole, key=lambda each: len(stems(each.label)), default=None)
    if best is None or not _REFUSED.search(text):
        return Reading(best)
    return Reading(None, touched=(best,))


def _touched(options: tuple[Option, ...], said: frozenset[str]) -> list[Option]:
    """Return the options of which a text has a word of their own, or one of an option's id.

    "Push" is the id of one option and stands in the label of another: it touches both.
    """
    ids = frozenset().union(
        *(_name(each) - frozenset().union(*(_name(o) for o in options if o is not each))
          for each in options)
    )  # fmt: skip
    return [each for each in options if (_own(each, options) | (ids & _words(each))) & said]


def _name(option: Option) -> frozenset[str]:
    return stems(option.id.replace("-", " "))


def _own(option: Option, options: tuple[Option, ...]) -> frozenset[str]:
    """Return the words that an option has for itself among the others."""
    others = (_words(each) for each in options if each is not option)
    return _words(option) - frozenset().union(*others)


def _words(option: Option) -> frozenset[str]:
    return stems(f"{option.id.replace('-', ' ')} {option.label}")


def _in(text: str) -> frozenset[str]:
    return stems(text.replace("-", " "))


def _is_short(text: str) -> bool:
    return len(words_of(text)) < 3


def _is_of(decision: Decision, option: Option, text: str) -> bool:
    """Say whether a text speaks of a decision: in its question's words, or in an option's."""
    about = shared(f"{decision.id.replace('-', ' ')} {decision.ask}", text)
    said, own = _in(text), _words(option)
    all_of_it = len(said) > 1 and said <= own
    return bool(about - stems(option.label)) or all_of_it or len(own & said) >= _MANY
