"""A claim said in plain words, in the middle of the talk: it is noted, and taken for nothing else.

I am 70% sure that we never lose a charge.
No double charge under crash, with confidence 80%.
"""

from __future__ import annotations

import re

from pubsub_kit.interviews.rehearsal import claims
from pubsub_kit.interviews.rehearsal.claims import MEASURE, Claim, ClaimError

_OPENED = re.compile(
    r"\A(?:(?:so|and|but|then|well|ok|okay)[,\s]+)*i\s+(?:claim|bet|promise)\b|"
    r"\A(?:(?:so|and|but|then|well|ok|okay)[,\s]+)*(?:i'?m|i\s+am)\s+[\d.]+\s*(?:%|percent)\s+|"
    r"\A(?:i'?m|i\s+am)\s+(?:\w+\s+)?(?:sure|confident|certain)\s+that\s+"
    r"(?=(?:\w+\s+){0,4}(?:never|no|nobody|nothing|p\d\d)\b)",
    re.IGNORECASE,
)
_CONFIDENT = re.compile(
    r"\bwith\s+(?:a\s+)?confidence\b|"
    r"\d\s*(?:%|percent)\s+(?:sure|confident|certain|confidence)\W*\Z",
    re.IGNORECASE,
)
_ALWAYS = re.compile(r"\A(?:\w+[\s,]+){0,5}?(?:never|nobody|no one|nothing)\s", re.IGNORECASE)
_TWICE = re.compile(r"\b(?:twice|double|doubled|lost|lose|loses|again|duplicated?s?)\b", re.I)
# What follows a "no" that promises nothing: "no idea, 30%", "no more than 30%".
_NOTHING = re.compile(
    r"(?:person\s+)?(?:more|less|fewer|idea|clue|problem|way|matter|need)\b", re.I
)
_SENTENCES = re.compile(r"(?<=[.!])\s+(?=[A-Z])")


def is_claim(text: str) -> bool:
    """Say whether a text promises something that a run could decide, or says that it does."""
    if "?" in text:
        return False
    if _OPENED.match(text):
        return True
    try:
        made = claims.parse(text)
    except ClaimError:
        return bool(_CONFIDENT.search(text))
    return _promises(made, text)


def parted(text: str) -> tuple[list[str], str]:
    """Split a text into the claims that it makes and what else it says."""
    if is_claim(text):
        return [text], ""
    parts = _SENTENCES.split(text)
    found = [part for part in parts if is_claim(part)]
    return found, " ".join(part for part in parts if part not in found)


def _promises(made: Claim, text: str) -> bool:
    if _NOTHING.match(made.oracle):
        return False
    sure = made.confidence is not None or bool(made.faults) or made.kind == MEASURE
    holds = not made.oracle and len(text.split()) < 6
    said = bool(_ALWAYS.match(text) or text.lower().startswith("no ")) and _TWICE.search(text)
    return sure or holds or bool(said)
