"""Signs that the engine sees by itself, each a function of the facts alone.

A detector says at which second a sign showed, or None. It knows words and order, not quality: what
a sentence is worth, a person judges. The bank says of which dimension and level each is a sign.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from pubsub_kit.interviews.bank.question import BOXES, Question
from pubsub_kit.interviews.rehearsal.events import Fact
from pubsub_kit.interviews.rehearsal.matching import any_named, shared, stems, words_of
from pubsub_kit.interviews.rehearsal.numbers import find
from pubsub_kit.interviews.rehearsal.turn import CANDIDATE, INTERVIEWER

Facts = Sequence[Fact]
_PRICE = re.compile(
    r"\b(cost|costs|price|pay|pays|paying|trade|trade-?off|at the expense|in exchange|but|although|"
    r"slower|downside|give up|gives up)\b",
    re.IGNORECASE,
)
_IF = re.compile(r"\b(if|unless|once|when|otherwise|flip|flips|would|until|as long as)\b", re.I)
_CHALLENGE = re.compile(
    r"\b((?:(?<![\w ])|(?<=\bbut )|(?<=\band )|(?<=\bso ))(do|does) (we|they|it|users?) have to|"
    r"(do|does) (we|they|it|users?) (really|actually|even)|really (need|necessary)|"
    r"is (it|that|this) (really )?(necessary|needed)|could we (relax|drop|loosen|skip|weaken)|"
    r"can we (relax|drop|loosen|skip|weaken)|push back on|challenge (the|that|this)|"
    r"what if we (dropped|relaxed|did without|left out)|instead of requiring|"
    r"would .{1,40} be (good )?enough)\b",
    re.IGNORECASE,
)
_WHY = re.compile(
    r"\b(because|since|so|then|therefore|after|before|again|which means|that's why|as)\b", re.I
)
_RECAP = re.compile(r"\b(recap|to sum up|in summary|summary|summing up|in short|overall)\b", re.I)
_COMPUTES = re.compile(r"\bcomputes\b", re.IGNORECASE)
# Several words, and still what may happen anywhere: one of them alone names no failure.
_COMMON = frozenset(
    ("provider is down", "times out", "out of order", "one tenant", "comes back", "start over",
     "hot key", "hot account", "largest account", "opts out", "opt out", "own monitoring",
     "on the hour", "down for days", "two tabs", "log retention", "slow consumer", "packet loss")
)  # fmt: skip
_ONE_WORD = 3  # letters in which two forms of one name agree
_SPENT = 1 / 2  # of the rehearsal: with less of it, nobody had to keep to anything
_TOPICS, _WORDS_OF_A_RECAP, _WORDS_OF_A_REASON = 2, 12, 8
_NEAR = 1.15  # a factor: "about 30K/s" is the 28.9K/s that was estimated


class Signed(NamedTuple):
    """A sign of a level in a dimension: the bank's sentence, and what the engine saw."""

    dimension: str
    level: str
    sign: str
    seen: str


class Said(NamedTuple):
    """Something that the candidate said, decided or claimed, at the fact of this number."""

    number: int
    fact: Fact
    text: str


def seen(facts: Facts, question: Question) -> dict[str, float]:
    """Return what the facts show, by the names of the bank's SEEN, and since which second."""
    return _seen(facts, question, DETECTORS)


def fresh(facts: Facts, question: Question) -> list[Signed]:
    """Return the bank's signs that the facts show, and that no "signed" fact has noted yet."""
    noted = {fact.data.get("sign") for fact in facts if fact.kind == "signed"}
    left = [each for each in question.signs if each.seen in DETECTORS and each.sign not in noted]
    shown = _seen(facts, question, {each.seen for each in left})
    return [
        Signed(each.dimension, each.level, each.sign, each.seen)
        for each in left
        if each.seen in shown and whole(each.sign, facts, question)
    ]


def _seen(facts: Facts, question: Question, names: Iterable[str]) -> dict[str, float]:
    found = {name: DETECTORS[name](facts, question) for name in names}
    return {name: at for name, at in found.items() if at is not None}


def whole(sign: str, facts: Facts, question: Question) -> bool:
    """Say whether all of a sign was seen: each topic it asks for, and the number it computes."""
    if _COMPUTES.search(sign) and estimate_before_design(facts, question) is None:
        return False
    if not sign.startswith("Asks for"):
        return True
    before = _before_design(facts)
    asked = {fact.data.get("topic") for fact in before if fact.kind == "asked"}
    wanted = {t.topic for t in question.clarifications if any_named((t.topic, *t.asks), sign)}
    return wanted <= asked


def spoken(facts: Facts) -> Iterator[Said]:
    """Yield what the candidate said, decided and claimed, in order."""
    for number, fact in enumerate(facts):
        if fact.kind in ("decided", "claimed") or _is_by(fact, CANDIDATE):
            yield Said(number, fact, str(fact.data.get("text", "")))


def estimate_before_design(facts: Facts, question: Question) -> float | None:
    """An estimate was made before the first decision."""
    return next((fact.at for fact in _before_design(facts) if fact.kind == "estimated"), None)


def clarified_before_design(facts: Facts, question: Question) -> float | None:
    """Two topics of the bank's were asked about before the first decision."""
    topics: set[str] = set()
    for fact in _before_design(facts):
        if fact.kind == "asked" and fact.data.get("topic"):
            topics.add(fact.data["topic"])
            if len(topics) == _TOPICS:
                return fact.at
    return None


def estimate_used(facts: Facts, question: Question) -> float | None:
    """A decision names a number that was estimated before it."""
    values: dict[str, list[float]] = {}
    for fact in facts:
        if fact.kind == "estimated":
            values.setdefault(fact.data.get("unit", ""), []).append(fact.data.get("value", 0.0))
        if fact.kind == "decided" and _names_one(str(fact.data.get("text", "")), values):
            return fact.at
    return None


def failure_named(facts: Facts, question: Question) -> float | None:
    """The candidate names the failure before the interviewer throws it.

    It takes two of its parts, or one that few failures have; "the provider is down" is neither.
    """
    thrown = _number(facts, lambda fact: fact.data.get("awaits") == "failure")
    return _first(said for said in spoken(facts[:thrown]) if _is_named(question, said.text))


def price_named(facts: Facts, question: Question) -> float | None:
    """What an option costs is said together with a word of price."""
    costs = [option.cost for each in question.decisions for option in each.options]
    return _first(
        said
        for said in spoken(facts)
        if _PRICE.search(said.text) and any(_echoes(cost, said.text) for cost in costs)
    )


def flip_named(facts: Facts, question: Question) -> float | None:
    """The fact that would flip a decision is named, with an if."""
    return _first(
        said
        for said in spoken(facts)
        if _IF.search(said.text)
        and any(_echoes(each.flips, said.text) for each in question.decisions)
    )


def recap_given(facts: Facts, question: Question) -> float | None:
    """In the wrap-up, the design is summed up: a dozen words that touch two of its decisions."""
    return _first(
        said
        for said in spoken(facts)
        if said.fact.data.get("box") == BOXES[-1][0]
        and len(words_of(said.text)) >= _WORDS_OF_A_RECAP
        and (_RECAP.search(said.text) or _touched(question, facts, said.text) >= 2)
    )


def boxes_kept(facts: Facts, question: Question) -> float | None:
    """The candidate went into every part by themselves, and did something in each before it."""
    entered = [number for number, fact in enumerate(facts) if fact.kind == "box"]
    if [facts[n].data.get("name") for n in entered] != [name for name, _ in BOXES]:
        return None
    if any(facts[n].data.get("by") == "time" for n in entered):
        return None
    if facts[entered[-1]].at < _SPENT * _minutes(facts) * 60:
        return None  # who walks through all of them in a minute has kept none
    spans = pairwise(entered)
    busy = all(any(_is_done(fact) for fact in facts[start:end]) for start, end in spans)
    return facts[entered[-1]].at if busy else None


def challenged(facts: Facts, question: Question) -> float | None:
    """The candidate asks whether a requirement has to be as it is."""
    return _first(said for said in spoken(facts) if _CHALLENGE.search(said.text))


def counterexample_explained(facts: Facts, question: Question) -> float | None:
    """After a run that fails, the candidate says why, in the run's own names."""
    told = ""
    for number, fact in enumerate(facts):
        if fact.kind == "ran":
            told = _told(fact) if fact.data.get("outcome") == "fails" else ""
        said = str(fact.data.get("text", "")) if _is_by(facts[number], CANDIDATE) else ""
        long_enough = len(words_of(said)) >= _WORDS_OF_A_REASON
        if told and long_enough and _WHY.search(said) and len(shared(told, said)) >= 2:
            return fact.at
    return None


#: What can be seen, by the bank's names, and what sees it.
DETECTORS: dict[str, Callable[[Facts, Question], float | None]] = {
    "estimate before design": estimate_before_design,
    "clarified before design": clarified_before_design,
    "estimate used in a decision": estimate_used,
    "failure named unprompted": failure_named,
    "trade-off with its price": price_named,
    "flip named": flip_named,
    "recap given": recap_given,
    "time boxes kept": boxes_kept,
    "requirement challenged": challenged,
    "counterexample explained": counterexample_explained,
}


def _is_named(question: Question, text: str) -> bool:
    said = any_named(question.failure.names, text)
    parts = {name.replace(" ", "")[:_ONE_WORD] for name in said}  # "timeout" is "times out"
    return len(parts) > 1 or any(len(words_of(name)) > 1 and name not in _COMMON for name in said)


def _minutes(facts: Facts) -> float:
    started = next((fact.data.get("minutes") for fact in facts if fact.kind == "started"), None)
    return started if isinstance(started, int | float) else sum(length for _, length in BOXES)


def _is_by(fact: Fact, who: str) -> bool:
    return fact.kind == "said" and fact.data.get("who") == who


def _is_done(fact: Fact) -> bool:
    acts = ("asked", "estimated", "decided", "claimed", "ran")
    return fact.kind in acts or (fact.kind == "said" and fact.data.get("who") != INTERVIEWER)


def _before_design(facts: Facts) -> Facts:
    return facts[: _number(facts, lambda fact: fact.kind == "decided")]


def _number(facts: Facts, is_it: Callable[[Fact], bool]) -> int:
    """Return the number of the first such fact, or how many there are if there is none."""
    return next((n for n, fact in enumerate(facts) if is_it(fact)), len(facts))


def _first(found: Iterator[Said]) -> float | None:
    return next((said.fact.at for said in found), None)


def _names_one(text: str, values: dict[str, list[float]]) -> bool:
    for unit, known in values.items():
        found = find(text, unit)
        if found and any(
            value and 1 / _NEAR <= found[1] / value <= _NEAR for value in known if found[1] != 0
        ):
            return True
    return False


@lru_cache(maxsize=65_536)  # each turn looks at all that was said again
def _echoes(phrase: str, text: str) -> bool:
    """Say whether a text has two of a phrase's words, or the only one that it has."""
    wanted = len(stems(phrase))
    return bool(wanted) and len(shared(phrase, text)) >= min(2, wanted)


def _touched(question: Question, facts: Facts, text: str) -> int:
    """Count the decisions whose chosen option a text speaks of."""
    chosen = {f.data.get("id"): f.data.get("option") for f in facts if f.kind == "decided"}
    labels = [
        option.label
        for each in question.decisions
        for option in each.options
        if chosen.get(each.id) == option.id
    ]
    return sum(bool(shared(label, text)) for label in labels)


def _told(fact: Fact) -> str:
    return " ".join([*fact.data.get("words", []), str(fact.data.get("next_question", ""))])
