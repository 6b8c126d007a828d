"""Where a rehearsal stands: a fold over its facts, which can be thrown away and made again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

from pubsub_kit.errors import brief, said
from pubsub_kit.interviews.bank.question import BOXES
from pubsub_kit.interviews.rehearsal.boxes import minutes_of
from pubsub_kit.interviews.rehearsal.events import Fact, RehearsalError

NEW, RUNNING, PAUSED, ENDED = "new", "running", "paused", "ended"
_NUMBERS = {name: number for number, (name, _) in enumerate(BOXES)}


@dataclass(frozen=True)
class State:
    """What the facts so far amount to.

    Attributes:
        question: The question's id.
        minutes: How long the rehearsal lasts.
        role: "candidate" or "interviewer": who sits at the keyboard.
        status: "new", "running", "paused" or "ended".
        at: The second of rehearsal time of the latest fact.
        box: The number of the box.
        awaits: What the interviewer waits for: "estimate:ID", "decision:ID", "flip:ID", "failure",
            "counterexample", or "".
        topics: What the candidate has asked about and the bank knows.
        estimates: The latest verdict on each estimate.
        tries: How often each was estimated.
        decided: The option chosen in each decision, or None for one in the candidate's own words.
        flips: The decisions whose flip was asked for.
        claims: The claims that no run has decided yet.
        thrown: Whether the failure was thrown.
        last: The latest run, as its fact has it; empty before the first.
        rung: How many hints were given, the latest at `hinted_at`.
        rated: The band given in each dimension, by (dimension, who rated).
        why: Why it ended.
    """

    question: str = ""
    minutes: float = 45.0
    role: str = "candidate"
    status: str = NEW
    at: float = 0.0
    box: int = 0
    awaits: str = ""
    topics: frozenset[str] = frozenset()
    estimates: Mapping[str, str] = field(default_factory=dict)
    tries: Mapping[str, int] = field(default_factory=dict)
    decided: Mapping[str, str | None] = field(default_factory=dict)
    flips: frozenset[str] = frozenset()
    claims: tuple[str, ...] = ()
    thrown: bool = False
    last: Mapping[str, Any] = field(default_factory=dict)
    rung: int = 0
    hinted_at: float = -1e9
    rated: Mapping[tuple[str, str], str] = field(default_factory=dict)
    why: str = ""

    @property
    def box_name(self) -> str:
        """The name of the box."""
        return BOXES[self.box][0]

    def after(self, fact: Fact) -> State:
        """Return the state after one more fact; one that it does not know changes the time only."""
        changes = _CHANGES.get(fact.kind)
        now = replace(self, at=max(self.at, fact.at))
        return replace(now, **changes(self, fact)) if changes else now


def fold(facts: Iterable[Fact]) -> State:
    """Return the state that these facts amount to.

    Raises RehearsalError where a fact is not what its kind says.
    """
    try:
        return reduce(State.after, map(_typed, facts), State())
    except (TypeError, ValueError, AttributeError) as error:
        raise RehearsalError(
            f"this log is no rehearsal that can go on ({said(error)}): begin a new one"
        ) from error


_WORDS = ("id", "unit", "verdict", "dimension", "level", "sign", "seen", "name", "band", "by")
_NUMBERED = ("value", "rung", "confidence")


def _typed(fact: Fact) -> Fact:
    """Return a fact; raises TypeError where somebody has edited a detail into another kind."""
    for name, value in fact.data.items():
        wanted = str if name in _WORDS else int | float if name in _NUMBERED else object
        if value is not None and not isinstance(value, wanted):
            raise TypeError(f"{name!r} of {fact.kind!r} is {brief(value)}")
    return fact


def _started(_: State, fact: Fact) -> dict[str, Any]:
    known = {name: fact.data[name] for name in ("question", "minutes", "role") if name in fact.data}
    minutes = minutes_of(known.get("minutes", 45), least=1.0)  # an old log may have a short one
    return {**known, "minutes": minutes, "status": RUNNING}


def _said(state: State, fact: Fact) -> dict[str, Any]:
    awaits = fact.data.get("awaits")
    if fact.data.get("who") != "interviewer" or awaits is None:
        return {}
    kind, _, about = awaits.partition(":")
    flips = state.flips | {about} if kind == "flip" else state.flips
    return {"awaits": awaits, "flips": flips, "thrown": state.thrown or kind == "failure"}


def _asked(state: State, fact: Fact) -> dict[str, Any]:
    topic = fact.data.get("topic")
    return {"topics": state.topics | {topic}} if topic else {}


def _estimated(state: State, fact: Fact) -> dict[str, Any]:
    about = fact.data.get("id", "")
    return {
        "estimates": {**state.estimates, about: fact.data.get("verdict", "")},
        "tries": {**state.tries, about: state.tries.get(about, 0) + 1},
    }


def _decided(state: State, fact: Fact) -> dict[str, Any]:
    return {"decided": {**state.decided, fact.data.get("id", ""): fact.data.get("option")}}


def _claimed(state: State, fact: Fact) -> dict[str, Any]:
    claim = fact.data.get("text", "")
    return {"claims": (*(each for each in state.claims if each != claim), claim)}


def _settled(state: State, fact: Fact) -> dict[str, Any]:
    if fact.data.get("held") is None:
        return {}
    return {"claims": tuple(each for each in state.claims if each != fact.data.get("claim"))}


def _hinted(_: State, fact: Fact) -> dict[str, Any]:
    return {"rung": fact.data.get("rung") or 0, "hinted_at": fact.at}


def _rated(state: State, fact: Fact) -> dict[str, Any]:
    about = (fact.data.get("dimension", ""), fact.data.get("by", ""))
    return {"rated": {**state.rated, about: fact.data.get("band", "")}}


_CHANGES: dict[str, Callable[[State, Fact], dict[str, Any]]] = {
    "started": _started,
    "said": _said,
    "asked": _asked,
    "estimated": _estimated,
    "decided": _decided,
    "claimed": _claimed,
    "settled": _settled,
    "hinted": _hinted,
    "rated": _rated,
    "ran": lambda _, fact: {"last": fact.data},
    "box": lambda state, fact: {"box": _NUMBERS.get(fact.data.get("name", ""), state.box)},
    "paused": lambda _, fact: {"status": PAUSED},
    "resumed": lambda _, fact: {"status": RUNNING},
    "ended": lambda _, fact: {"status": ENDED, "why": fact.data.get("why", ""), "awaits": ""},
}
