"""When two texts speak of the same thing: words are compared by their stems, and forgivingly.

"How many payments fail?" finds what is listed under "failing payment": endings are cut off, words
that say nothing are left out, and a letter may be wrong in a long word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_LONGEST = 4_000  # characters that are looked at
_FORGIVEN = 5  # letters: in a shorter word, another letter makes another word
_ENDINGS = ("ations", "ation", "ings", "ing", "ness", "ies", "ied", "ers", "ed", "er", "es", "ly",
            "s", "e", "y")  # fmt: skip
_EMPTY = frozenset(
    """
    a an the of to in on at for and or is are be was were been am do does did it its this that
    these those i we you they he she there here what which who how when where why can could should
    would will shall may might must have has had with by from as if so about into than then one any
    some our your their us me my please let's tell many much s t
    """.split()  # noqa: SIM905
)
_ARTICLES = frozenset(("a", "an", "the", "of", "to", "is", "are", "do", "we"))
_NOTHING_ELSE = re.compile(r"\s+")


def plainly(text: str) -> str:
    """Return a text on one line, without control characters and what can't be written as UTF-8."""
    kept = "".join(sign if sign.isprintable() or sign in "\t\n\r " else " " for sign in text)
    whole = kept.encode("utf-8", "replace").decode("utf-8")
    return _NOTHING_ELSE.sub(" ", whole).strip()


def words_of(text: str) -> list[str]:
    """Return the words of a text in small letters, in their order."""
    return [word.lower().removesuffix("'s") for word in _WORD.findall(text[:_LONGEST])]


def stem(word: str) -> str:
    """Return a word without its ending: "payments", "paying" and "pay" have the same stem."""
    if word.isdecimal() or len(word) <= 3:
        return word
    for ending in _ENDINGS:
        least = 4 if ending == "ly" else 3  # "reply" is no way to rep
        if word.endswith(ending) and len(word) - len(ending) >= least:
            cut = word[: -len(ending)]
            return cut[:-1] if len(cut) > 3 and cut[-1] == cut[-2] else cut
    return word


@lru_cache(maxsize=4_096)
def stems(text: str) -> frozenset[str]:
    """Return the stems of a text's words, without those that say nothing."""
    return frozenset(stem(word) for word in words_of(text) if word not in _EMPTY)


def names(phrase: str, said: frozenset[str]) -> bool:
    """Say whether what was said, as stems, has every word of a phrase."""
    wanted = _in(phrase)
    return bool(wanted) and all(_is_said(each, said) for each in wanted)


def any_named(phrases: Iterable[str], text: str) -> list[str]:
    """Return those of the phrases that a text names."""
    said = frozenset(map(stem, words_of(text)))
    return [phrase for phrase in phrases if names(phrase, said)]


def weight(phrases: Iterable[str], text: str) -> int:
    """Return how much of a text these phrases cover: the letters of all the stems that it names."""
    found = frozenset().union(*(_in(phrase) for phrase in any_named(phrases, text)))
    return sum(map(len, found))


@lru_cache(maxsize=4_096)
def _in(phrase: str) -> frozenset[str]:
    """Return the stems of a phrase: in "how many orders", "how many" says something too."""
    said = words_of(phrase)
    return frozenset(stem(word) for word in said if word not in _ARTICLES or len(said) == 1)


def shared(one: str, other: str) -> frozenset[str]:
    """Return the stems that two texts have in common."""
    return among(stems(one), other)


def among(wanted: Iterable[str], text: str) -> frozenset[str]:
    """Return those of some stems that a text has: a stem of a stem would be another word."""
    said = stems(text)
    return frozenset(each for each in wanted if _is_said(each, said))


def _is_said(wanted: str, said: frozenset[str]) -> bool:
    if wanted in said:
        return True
    if len(wanted) < _FORGIVEN:
        return False
    near = [each for each in said if each[0] == wanted[0] and abs(len(each) - len(wanted)) < 2]
    return bool(get_close_matches(wanted, near, 1, cutoff=0.85))
