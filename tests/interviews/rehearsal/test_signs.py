"""Each sign that the engine sees: facts that show it, and facts, much like these, that do not."""

from __future__ import annotations

from typing import Any

import pytest

from pubsub_kit.interviews.bank.question import BOXES, SEEN, load
from pubsub_kit.interviews.rehearsal import signs
from pubsub_kit.interviews.rehearsal.events import Fact
from tests.interviews.rehearsal.played import FULL, Played, facts

Told = tuple[str, float, dict[str, Any]]
NUMBER = FULL.estimates[0]
ESTIMATED: Told = ("estimated", 10, {"id": NUMBER.id, "text": "29K/s", "value": 29_000.0,
                                     "unit": NUMBER.unit, "verdict": "within"})  # fmt: skip
DECIDED: Told = ("decided", 20, {"id": "lanes", "option": "lanes", "text": "a lane per class"})
KEYED: Told = ("decided", 21, {"id": "partition-key", "option": "by-recipient", "text": "2"})
THROWN: Told = (
    "said", 30, {"who": "interviewer", "text": FULL.failure.throw, "awaits": "failure"},
)  # fmt: skip
RAN: Told = ("ran", 40, {"outcome": "fails", "words": ["A worker of push crashed at 2.1 s."],
                         "next_question": "What does Ann see?"})  # fmt: skip


def asked(topic: str | None, at: float = 5) -> Told:
    return ("asked", at, {"text": "?", "topic": topic})


def said(text: str, at: float = 50, box: str = "deep dives", who: str = "candidate") -> Told:
    return ("said", at, {"who": who, "text": text, "box": box})


def decided(text: str) -> Told:
    return ("decided", 20, {"id": "lanes", "option": "lanes", "text": text})


def walk(by: str = "candidate", did: bool = True, pace: float = 300.0) -> list[Told]:
    """Return a walk through all boxes, with something said in each."""
    told: list[Told] = []
    for number, (name, _) in enumerate(BOXES):
        at = number * pace
        told.append(("box", at, {"name": name, "by": by if number else "interviewer"}))
        told += [said("hm", at + 0.5, name)] if did else []
    return told


NAME = "its reply is lost"
COST = FULL.decisions[0].options[0].cost
FLIPS = FULL.decisions[0].flips
WHY = "The worker of push crashed, so the notice came again after its lease."
RECAP = "So we partition by recipient, keep one key per user, and lanes are apart for codes."

WITH: list[tuple[str, list[Told], float]] = [
    ("estimate before design", [ESTIMATED, DECIDED], 10),
    ("clarified before design", [asked("volume"), asked("urgency", 6), DECIDED], 6),
    ("estimate used in a decision", [ESTIMATED, decided("lanes, since 29K/s is too much")], 20),
    ("failure named unprompted", [said(f"What if {NAME}?", 25), THROWN], 25),
    ("failure named unprompted", [said("A timeout, and then a backlog.", 25), THROWN], 25),
    ("requirement challenged", [said("Do we have to keep quiet at night?")], 50),
    ("trade-off with its price", [said(f"Fast, but {COST}")], 50),
    ("flip named", [said(f"I'd choose otherwise if {FLIPS}")], 50),
    ("recap given", [DECIDED, KEYED, said(RECAP, 60, "wrap-up")], 60),
    ("recap given", [said("To sum up, " + "word " * 12, 60, "wrap-up")], 60),
    ("time boxes kept", walk(), 1_500),
    ("requirement challenged", [said("Do we really need that order?")], 50),
    ("requirement challenged", [said("Would five minutes be good enough?")], 50),
    ("counterexample explained", [RAN, said(WHY)], 50),
]
WITHOUT: list[tuple[str, list[Told]]] = [
    ("estimate before design", [DECIDED, ESTIMATED]),
    ("clarified before design", [asked("volume"), asked(None), asked("volume"), DECIDED]),
    ("clarified before design", [asked("volume"), DECIDED, asked("urgency")]),
    ("estimate used in a decision", [ESTIMATED, decided("lanes, since 7/s is too much")]),
    ("estimate used in a decision", [decided("lanes, since 29K/s is too much"), ESTIMATED]),
    ("estimate used in a decision", [ESTIMATED, DECIDED]),
    ("failure named unprompted", [THROWN, said(f"What if {NAME}?")]),
    ("failure named unprompted", [said(f"What if {NAME}?", who="interviewer"), THROWN]),
    ("trade-off with its price", [said("Fast, but I like it")]),
    ("trade-off with its price", [said(COST.replace("but", ""), who="interviewer")]),
    ("flip named", [said("I'd choose otherwise if the moon were full")]),
    ("recap given", [DECIDED, KEYED, said(RECAP, 60, "deep dives")]),
    ("recap given", [said("To sum up: done", 60, "wrap-up")]),
    ("time boxes kept", walk(by="time")),
    ("time boxes kept", walk(pace=1.0)),
    ("failure named unprompted", [said("Say the provider is down.", 25), THROWN]),
    ("failure named unprompted", [said("It times out, after a timeout.", 25), THROWN]),
    ("requirement challenged", [said("Which channels do we have to support?")]),
    ("time boxes kept", walk(did=False)),
    ("time boxes kept", walk()[:-2]),
    ("requirement challenged", [said("We need that order.")]),
    ("counterexample explained", [said(WHY), RAN]),
    ("counterexample explained", [RAN, said("Because the moon was full and nobody was there.")]),
    ("counterexample explained", [(RAN[0], RAN[1], {**RAN[2], "outcome": "holds"}), said(WHY)]),
]


@pytest.mark.parametrize(
    ("name", "told", "at"), WITH, ids=[f"{n}-{w[0]}" for n, w in enumerate(WITH)]
)
def test_a_sign_is_seen_at_the_moment_at_which_it_shows(
    name: str, told: list[Told], at: float
) -> None:
    assert signs.seen(facts(*told), FULL).get(name) == at


@pytest.mark.parametrize(
    ("name", "told"), WITHOUT, ids=[f"{n}-{w[0]}" for n, w in enumerate(WITHOUT)]
)
def test_a_sign_is_not_seen_where_it_does_not_show(name: str, told: list[Told]) -> None:
    assert name not in signs.seen(facts(*told), FULL)


def test_each_sign_has_a_detector_and_both_kinds_of_example() -> None:
    assert set(signs.DETECTORS) == set(SEEN)
    assert {name for name, *_ in WITH} == {name for name, _ in WITHOUT} == set(SEEN)


def test_no_facts_show_no_signs() -> None:
    assert signs.seen([], FULL) == {}


def test_odd_facts_show_no_signs_and_raise_nothing() -> None:
    kinds = ("said", "asked", "estimated", "decided", "claimed", "ran", "box", "hinted", "x")
    assert signs.seen([Fact(kind, 0, {}) for kind in kinds], FULL) in (
        {}, {"estimate before design": 0},
    )  # fmt: skip


def test_a_sign_is_noted_once_in_the_banks_words() -> None:
    played = Played()
    played("What is the traffic?", "How fast must it be?", "Which limits are there?")
    wanted = [each for each in FULL.signs if each.seen == "clarified before design"]
    assert [dict(each) for each in played.facts("signed")] == [
        {"dimension": each.dimension, "level": each.level, "sign": each.sign, "seen": each.seen}
        for each in wanted
    ]
    assert wanted


def test_a_sign_of_several_things_needs_all_of_them() -> None:
    played = Played(load("twitter-feed"))
    (sign,) = [each.sign for each in played.question.signs if "and computes" in each.sign]
    played("/estimate 4600/s")
    assert sign not in [each["sign"] for each in played.facts("signed")]
    played("How many active users do we have?", "How fresh must it be?")
    assert sign in [each["sign"] for each in played.facts("signed")]


def test_a_sign_that_asks_for_topics_needs_each_of_them() -> None:
    played = Played()
    played("Can users unsubscribe?", "Which limits are there?")
    assert "clarified before design" not in [each["seen"] for each in played.facts("signed")]
