"""What a candidate promises before the design runs, in a small grammar that a run can decide.

    no double charge under crash, ack lost up to 2 with confidence 80%
    it holds under crash
    p99 under 5 s in the burst, 80%

A claim says what never happens and under which faults, or which measure stays on which side of a
bound. `words(claim)` writes it so that `parse` reads the same claim again.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any

from pubsub_kit.checks.forms import quantity
from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.interviews.rehearsal.matching import plainly, stem, words_of
from pubsub_kit.interviews.rehearsal.runner import MEASURES
from pubsub_kit.world.chance import FAULTS, NODE_FAULTS

ORACLE, MEASURE = "oracle", "measure"
MOST = 9  # faults in one run: a search of more does not end
GRAMMAR = (
    "say what never happens and under which faults, “no double charge under crash, ack lost up to "
    "2”, or what stays below a bound, “p99 under 5 s in the burst”; and, if you like, “with "
    "confidence 80%”"
)
_LONGEST = 300
_COUNTS = {"one": 1, "once": 1, "two": 2, "twice": 2, "three": 3, "four": 4, "five": 5}
_SIDES = {"under": "under", "below": "under", "less than": "under", "<": "under",
          "at most": "at most", "up to": "at most", "<=": "at most", "≤": "at most",
          "over": "over", "above": "over", "more than": "over", ">": "over",
          "at least": "at least", ">=": "at least", "≥": "at least"}  # fmt: skip
_SHORT = {"second": "s", "": ""}
_SURE = re.compile(
    r"[\s,;(]*\b(?:and\s+)?(?:i(?:'m|\s+am)\s+)?(?:with\s+)?(?:a\s+)?(?:"
    r"confidence\s+(?:of\s+)?(?P<after>[-+\d.,]+)\s*(?P<sign>%|percent\b)?"
    r"|(?P<before>[-+]?[\d.,]+)\s*(?:%|percent\b)(?:\s+(?:confidence|confident|sure|certain))?"
    r")[\s).!]*$",
    re.IGNORECASE,
)
_UP_TO = re.compile(
    r"[\s,]+(?:up\s+to|at\s+most)\s+(?P<count>[\w.+-]+)(?:\s+(?:faults?|times|of\s+(?:them|these)))?"
    r"[\s,]*$",
    re.IGNORECASE,
)
_UNDER = r"(?:under|despite|even\s+(?:if|when|under|with))"
_NEVER = re.compile(
    rf"(?:no|(?P<us>(?:we|i|it|you|they)\s+never)|never(?:\s+an?)?|without)\s+(?P<what>(?!under\b).+?)"
    rf"(?:\s+{_UNDER}\s+(?P<faults>.+))?",
    re.IGNORECASE,
)
# How a promise begins when it is said aloud; what counts begins after it.
_OPENED = re.compile(
    r"\A(?:(?:so|and|but|then|well|ok|okay)[,\s]+)*"
    r"(?:i\s+(?:claim|bet|promise)\s*(?:that\b)?[\s:,]*|"
    r"(?:i'?m|i\s+am)\s+(?:(?:pretty|quite|very|fairly)\s+)?(?:sure|confident|certain)"
    r"\s+that[\s:,]+|"
    r"(?:i'?m|i\s+am)\s+(?P<sure>[\d.]+)\s*(?:%|percent)\s+(?:sure|confident|certain)"
    r"\s*(?:that\b)?[\s:,]*|(?:the|our|my)\s+(?=p\d))",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"\A(?!(?:no|nobody|nothing|never|without)\b)(?P<who>(?:[\w'-]+\s+){1,4}?)"
    r"(?:(?:will|can|would|should|do|does|is|are)\s+)?never\s+(?P<what>.+)",
    re.IGNORECASE,
)
_NEVER_WE = re.compile(r"\A(?:we|i|it|you|they) never ")
_DESIGNS = ("the design", "my design", "our design", "this design")
_US = ("we", "i", "it", "you", "they")
_WHO = re.compile(r"\A(?P<who>nobody|no one|nothing)\s+(?:(?:is|are|was|gets)\s+)?", re.IGNORECASE)
_WHOM = {"nobody": "no person ", "no one": "no person ", "nothing": "no thing "}
_HOLDS = re.compile(
    rf"(?:it|this|the\s+design|my\s+design)?\s*(?:holds|survives)"
    rf"(?:\s+(?:{_UNDER}\s+)?(?P<faults>.+))?",
    re.IGNORECASE,
)
_BOUND = re.compile(
    rf"(?P<measure>{'|'.join(MEASURES)})\s+(?:is\s+|stays\s+|remains\s+)?"
    rf"(?P<side>{'|'.join(map(re.escape, sorted(_SIDES, key=len, reverse=True)))})\s*\$?"
    r"(?P<bound>.+?)(?:\s+(?:in|during|at)\s+(?:the\s+)?(?P<moment>[a-z][a-z -]{0,30}))?",
    re.IGNORECASE,
)


class ClaimError(PubSubKitError):
    """A claim that no run can decide; the message shows how one is written."""


@dataclass(frozen=True)
class Claim:
    """A promise about a design.

    Attributes:
        kind: "oracle" (something never happens) or "measure" (a number stays within a bound).
        oracle: What never happens, such as "double charge"; "" means the question's own sentence.
        faults: Under which faults, by the names of `world.chance.FAULTS`; none named: all tried.
        at_most: How many faults one run may suffer.
        measure: A name of `MEASURES`.
        side: "under", "at most", "over" or "at least".
        bound: The bound, in the measure's unit.
        moment: When it is measured, such as "burst"; "" means in the whole run.
        confidence: How likely the candidate thinks it, 0 to 1, or None if that was not said.
    """

    kind: str
    oracle: str = ""
    faults: tuple[str, ...] = ()
    at_most: int = 1
    measure: str = ""
    side: str = ""
    bound: float = 0.0
    moment: str = ""
    confidence: float | None = None


def parse(text: Any) -> Claim:
    """Read a claim. Raises ClaimError, with a sentence that shows the grammar."""
    if not isinstance(text, str):
        raise ClaimError(f"a claim is a text, not {brief(text)}: {GRAMMAR}")
    made = _read(text)
    if _written_back(made) != made:
        raise ClaimError(f"{brief(text)} can be read in two ways: {GRAMMAR}")
    return made


def _written_back(made: Claim) -> Claim | None:
    try:
        return _read(words(made))
    except ClaimError:
        return None


def _read(text: str) -> Claim:
    said = plainly(text[: 2 * _LONGEST]).rstrip(".! ")
    if not said or len(said) > _LONGEST:
        what = "an empty claim says nothing" if not said else "that is too long for one claim"
        raise ClaimError(f"{what}: {GRAMMAR}")
    rest, confidence = _sure(_plain(said))
    if found := _BOUND.fullmatch(rest):
        return _measured(found, confidence)
    rest, at_most = _up_to(_WHO.sub(lambda found: _WHOM[found["who"].lower()], rest, count=1))
    found = _HOLDS.fullmatch(rest) or _NEVER.fullmatch(rest)
    if found is None:
        raise ClaimError(f"{brief(said)} is no claim that a run can decide: {GRAMMAR}")
    what = " ".join(words_of(found.groupdict().get("what") or ""))
    if not what and "what" in found.groupdict():
        raise ClaimError(f"{brief(said)} does not say what never happens: {GRAMMAR}")
    us = " ".join(words_of(found.groupdict().get("us") or ""))
    what = f"{us} {what}" if us else what
    return Claim(ORACLE, what, _faults(found["faults"]), at_most, confidence=confidence)


def _plain(text: str) -> str:
    """Return a promise as the grammar has it: its opening left out, its "never" in front."""
    opened = _OPENED.match(text)
    sure = f", {opened['sure']}%" if opened and opened["sure"] else ""
    rest = text[opened.end() :] if opened else text
    if found := _SUBJECT.match(rest):
        who = found["who"].strip().lower()
        who = "it" if who in _DESIGNS else who
        rest = f"{f'{who} never' if who in _US else f'never {who}'} {found['what']}"
    return f"{rest}{sure}"


def words(claim: Claim) -> str:
    """Return a claim as `parse` reads it."""
    if claim.kind == MEASURE:
        unit = _SHORT[MEASURES[claim.measure]]
        said = f"{claim.measure} {claim.side} {_number(claim.bound)} {unit}".strip()
        said += f" in the {claim.moment}" if claim.moment else ""
    else:
        said = f"no {claim.oracle}" if claim.oracle else "it holds"
        said = claim.oracle if _NEVER_WE.match(claim.oracle) else said
        said += f" under {', '.join(claim.faults)}" if claim.faults else ""
        said += f" up to {claim.at_most}" if claim.at_most > 1 else ""
    if claim.confidence is None:
        return said
    return f"{said} with confidence {_number(round(100 * claim.confidence, 6))}%"


def excluded(oracle: str) -> str:
    """Return what an oracle says never happens, without the "we never" that it may begin with."""
    return _NEVER_WE.sub("", oracle)


def fault(name: str) -> str:
    """Return the fault that is meant: "lost acks" is "ack lost". Raises ClaimError for none."""
    if not isinstance(name, str):
        raise ClaimError(f"a fault is a name, not {brief(name)}: a world has {', '.join(FAULTS)}")
    known = {_bag(each): each for each in FAULTS | NODE_FAULTS}
    found = known.get(_bag(name)) or known.get(_bag(f"message {name}")) or _ALSO.get(_bag(name))
    if found:
        return found
    near = difflib.get_close_matches(name.lower()[:40], [*FAULTS, *NODE_FAULTS], 1, cutoff=0.5)
    offer = f"did you mean {near[0]!r}?" if near else f"a world has {', '.join(FAULTS)}"
    raise ClaimError(f"there is no fault {brief(name)}: {offer}")


def _bag(name: str) -> frozenset[str]:
    """Return a fault's words in any order, each by its stem; "loses" and "loss" are "lost"."""
    found = {stem(word) for word in words_of(name)} - {"the", "a", "an", "of"}
    return frozenset("lost" if each in ("los", "loss", "losing") else each for each in found)


_ALSO = {
    _bag(said): meant
    for said, meant in {
        "message lost": "loss", "lost": "loss", "drop": "loss", "zombie": "pause",
        "restart": "crash", "worker crash": "crash", "process crash": "crash",
        "timeout": "delay", "delayed message": "delay", "out of order": "reorder",
        "duplicate message": "duplicate", "redelivery": "duplicate", "preemption": "preempt",
        "lost response": "reply lost", "lost request": "loss",
    }.items()
}  # fmt: skip


def _faults(text: str | None) -> tuple[str, ...]:
    """Return the faults of a list; none for "any fault", which leaves the choice to the run."""
    if not text or re.fullmatch(r"(any|all|every)\s*(kinds?\s+of\s+)?faults?", text.strip(), re.I):
        return ()
    parts = [part for part in re.split(r"\s*(?:,|;|\band\b|\bor\b|\+)\s*", text) if part.strip()]
    if not parts:
        raise ClaimError(f"{brief(text)} names no fault: {GRAMMAR}")
    return tuple(dict.fromkeys(map(fault, parts)))


def _sure(text: str) -> tuple[str, float | None]:
    """Split a confidence off the end of a claim."""
    found = _SURE.search(text)
    if found is None:
        return text, None
    written = (found["after"] or found["before"]).strip(",. ")
    try:
        number = float(written)
    except ValueError:
        raise ClaimError(f"{brief(written)} is no confidence: write one such as 80%") from None
    is_share = found["before"] is None and not found["sign"] and number <= 1
    confidence = number if is_share else number / 100
    if not 0 <= confidence <= 1:
        raise ClaimError(f"a confidence lies between 0% and 100%, and {written} does not")
    return text[: found.start()], round(confidence, 6)


def _up_to(text: str) -> tuple[str, int]:
    """Split the number of faults off the end of a claim; 1 if none is given."""
    found = _UP_TO.search(text)
    if found is None:
        return text, 1
    written = found["count"].lower()
    count = _COUNTS.get(written, int(written) if re.fullmatch(r"\d{1,3}", written, re.A) else 0)
    if not 1 <= count <= MOST:
        raise ClaimError(f"a claim holds for up to 1 to {MOST} faults, not {brief(written)}")
    return text[: found.start()], count


def _measured(found: re.Match[str], confidence: float | None) -> Claim:
    measure = " ".join(found["measure"].lower().split())
    try:
        bound = quantity.read(found["bound"].strip(" ,"), MEASURES[measure])
    except quantity.QuantityError as error:
        raise ClaimError(f"{error}. For example: p99 under 5 s in the burst") from error
    side = _SIDES[found["side"].lower()]
    if bound < 0 or (bound == 0 and side in ("under", "at least")):
        raise ClaimError(f"no {measure} is below 0, so {brief(found[0])} needs no run: {GRAMMAR}")
    moment = " ".join((found["moment"] or "").lower().split())
    moment = "" if moment in ("whole run", "end", "all") else moment
    return Claim(
        MEASURE, measure=measure, side=side, bound=bound, moment=moment, confidence=confidence
    )


def _number(value: float) -> str:
    return repr(value).removesuffix(".0")
