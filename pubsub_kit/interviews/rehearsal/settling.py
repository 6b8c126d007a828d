"""Whether a claim held: what a run showed decides, and where it showed nothing, nothing is decided.

the run fails, by faults that the claim allows, in what it is about     it did not hold
the run holds, and had tried at least the faults that the claim names   it held
anything else                                                          undecided
"""

from __future__ import annotations

from collections import Counter
from math import isinf, isnan
from typing import NamedTuple

from pubsub_kit.checks.forms import quantity
from pubsub_kit.interviews.bank.question import Question
from pubsub_kit.interviews.rehearsal.claims import MEASURE, Claim, excluded
from pubsub_kit.interviews.rehearsal.matching import among, stem, stems, words_of
from pubsub_kit.interviews.rehearsal.runner import HOLDS, MEASURES, Result

_ALIKE = (
    "double doubled twice duplicate duplicates again repeated once",
    "lost lose loses loss missing vanish never gone",
    "stale old outdated deleted revived",
    "order reorder reordered overtake overtakes before",
    "late deadline expired past",
)
_ANYBODY = frozenset(map(stem, ("person", "thing", "user", "event")))
_GROUPS = [frozenset(map(stem, words_of(line))) for line in _ALIKE]


class Settled(NamedTuple):
    """How a claim came out: `held` is None where the run decides nothing; `why` is a sentence."""

    held: bool | None
    why: str


def settle(claim: Claim, result: Result) -> Settled:
    """Decide a claim by a run; undecided where the run was about something else."""
    if claim.kind == MEASURE:
        return _by_measure(claim, result)
    if result.outcome == HOLDS:
        return _by_search(claim, result)
    if not is_about(claim.oracle, result.broke):
        return Settled(None, f"the run broke something else first: {_broken(result)}")
    beyond = [each for each in result.struck if claim.faults and each not in claim.faults]
    if beyond:
        return Settled(None, f"the run broke by {beyond[0]}, which the claim leaves out")
    if len(result.struck) > claim.at_most:
        return Settled(
            None, f"it took {len(result.struck)} faults, and the claim is about {claim.at_most}"
        )
    return Settled(False, _broken(result))


def is_about(oracle: str, broke: str) -> bool:
    """Say whether what a claim excludes is what broke; a claim of no words is about everything."""
    if not oracle or not broke:
        return True
    oracle = excluded(oracle)
    one, other = (frozenset(map(stem, words_of(text))) for text in (oracle, broke))
    kinds = [group for group in _GROUPS if group & one]
    if kinds:  # "double charge" and "no charge is lost" share a word, and are not the same
        return any(group & other for group in kinds)
    wanted = stems(oracle) - _ANYBODY  # of several words, one alone may be there by chance
    return len(among(wanted, broke)) >= min(2, len(wanted))


def is_clear(oracle: str) -> bool:
    """Say whether a claim names a kind of wrong, such as "twice", by which any wording is known."""
    return not oracle or any(group & frozenset(map(stem, words_of(oracle))) for group in _GROUPS)


def is_ruled(oracle: str, question: Question) -> bool:
    """Say whether a question's rule speaks of what a claim excludes: no other claim can hold.

    That nothing is lost or done twice, every rule says of what its question is about.
    """
    if not oracle:
        return True
    rule, wanted = question.oracle.holds, frozenset(map(stem, words_of(oracle)))
    kinds = [group for group in _GROUPS if group & wanted]
    ruled = frozenset(map(stem, words_of(rule)))
    if any(group & ruled for group in kinds):
        return True
    about = stems(oracle) - _ANYBODY.union(*_GROUPS)
    if any(group in _GROUPS[:2] for group in kinds):
        return not about or bool(among(about, f"{rule} {question.title} {question.pitch}"))
    return not kinds and bool(among(about, rule))


def _by_search(claim: Claim, result: Result) -> Settled:
    missing = [each for each in claim.faults if each not in result.faults]
    if missing:
        return Settled(None, f"the run tried no {missing[0]}")
    if result.up_to < claim.at_most:
        return Settled(
            None, f"the run tried up to {result.up_to} faults, and the claim says {claim.at_most}"
        )
    if not result.complete:
        return Settled(None, f"the search stopped after {result.schedules:,} schedules")
    tried = f" with up to {result.up_to} of {_tally(result.faults)}" if result.faults else ""
    return Settled(True, f"in all {result.schedules:,} schedules{tried}")


def _by_measure(claim: Claim, result: Result) -> Settled:
    name = f"{claim.measure} in the {claim.moment}" if claim.moment else claim.measure
    value = result.measures.get(name)
    if value is None or isnan(value):
        return Settled(None, f"the run measured no {name}")
    held = {
        "under": value < claim.bound,
        "at most": value <= claim.bound,
        "over": value > claim.bound,
        "at least": value >= claim.bound,
    }[claim.side]
    if isinf(value):
        return Settled(held, f"{name} has no end: some of it never came")
    plain = quantity.words(value, MEASURES[claim.measure])
    return Settled(held, " was ".join(result.shown.get(name, (name, plain))))


def _broken(result: Result) -> str:
    first = result.words[0] if result.words else result.broke or "it did not hold"
    by = f"schedule {result.code}" if result.struck else "no fault is needed"
    return f"{first.rstrip('.')} ({by})"


def _tally(faults: tuple[str, ...]) -> str:
    return ", ".join(Counter(faults))
