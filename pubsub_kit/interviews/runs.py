"""What runs when a rehearsal runs a design: the five questions that have worlds, behind one face.

A proposal is data, so that a rehearsal's log can hold it: the question, the decisions, and the
parts and wires that they came to.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from math import isfinite, isnan, nan
from typing import Any

from pubsub_kit.checks.forms import quantity
from pubsub_kit.designs.components import DesignError
from pubsub_kit.designs.design import Design, from_json
from pubsub_kit.designs.drawn import drawn
from pubsub_kit.designs.problem import Problem, options_of
from pubsub_kit.designs.report import Report, amount, run
from pubsub_kit.errors import brief
from pubsub_kit.interviews.rehearsal.runner import FAILS, HOLDS, Result
from pubsub_kit.scenarios.twitter_feed import rehearsed as twitter
from pubsub_kit.scenarios.twitter_feed.arena import LEVELS, SECONDS
from pubsub_kit.show.picture import Picture
from pubsub_kit.world.chance import parse

_SCENARIOS = "pubsub_kit.scenarios."
#: Where the worlds of each question are, besides the Twitter feed, which has its own arena.
WHERE = {
    "payment-ledger": "payment_ledger",
    "notification-system": "notification_system",
    "instagram-feed": "instagram_feed",
    "rag-ingestion": "rag_ingestion",
}
Proposal = Mapping[str, Any]


def problem(question_id: str) -> Problem:
    """Return the problem of a question; raises DesignError for one whose designs don't run."""
    if not isinstance(question_id, str) or question_id not in WHERE:
        known = ", ".join([twitter.ID, *WHERE])
        raise DesignError(f"no design of {brief(question_id)} runs: those of {known} do")
    module = import_module(f"{_SCENARIOS}{WHERE[question_id]}.problem")
    found: Problem = module.PROBLEM
    return found


class Designs:
    """The runner of the kit: it proposes the design that decisions come to, and runs it."""

    def propose(self, question_id: str, decisions: Mapping[str, str]) -> Proposal:
        """Return the design that these options make; raises DesignError where there is none."""
        said = {"question": question_id, "decisions": options_of(decisions)}
        if _is_feed(question_id):
            return {**said, "design": _plain(twitter.propose(decisions))}
        design = problem(question_id).propose(decisions)
        return {**said, "design": json.loads(design.to_json())}

    def defaults(self, question_id: str, decisions: Mapping[str, str]) -> Mapping[str, str]:
        """Return the options that a run takes for what these decisions leave open.

        A decision that plays no part in the runs is left out. Raises DesignError like propose.
        """
        if question_id == twitter.ID:
            usual = twitter.usual()
        else:
            kept = problem(question_id).decisions
            usual = {name: str(options[0]) for name, options in kept.items()} | _wired(question_id)
        return {name: option for name, option in usual.items() if name not in decisions}

    def run(
        self,
        design: Proposal,
        faults: tuple[str, ...] | None = None,
        up_to: int | None = None,
        about: Callable[[str], bool] | None = None,
    ) -> Result:
        """Search a proposal's runs, put it under load, and say what was found."""
        if _is_feed(_in(design, "question")):
            return _feed(twitter.report(_feed_of(design)))
        found = self.report(design, faults, up_to, about)
        return _result(found)

    def report(
        self,
        design: Proposal,
        faults: tuple[str, ...] | None = None,
        up_to: int | None = None,
        about: Callable[[str], bool] | None = None,
    ) -> Report:
        """Return the report card of a proposal, with the faults that a claim is about."""
        asked = problem(_in(design, "question"))
        small = asked.small
        most = small.at_most if up_to is None else min(up_to, _MOST)
        asked = replace(asked, small=small.of(faults or small.faults, most))
        made = _design_of(design)
        return run(asked, made, about or (lambda words: True))

    def picture(self, design: Proposal) -> Picture:
        """Draw the run that breaks a proposal, or the hardest one that it survived."""
        if _is_feed(_in(design, "question")):
            return twitter.report(_feed_of(design)).picture
        return self.report(design).picture

    def boxes(self, design: Proposal) -> Picture:
        """Draw a proposal's parts and wires."""
        if _is_feed(_in(design, "question")):
            boxes: Callable[[Any], Picture] = import_module("pubsub_kit.feed.boxes").boxes
            return boxes(_feed_of(design))
        return drawn(_design_of(design))


def _wired(question_id: str) -> dict[str, str]:
    """Return the usual option of each decision that moves a part or a wire."""
    module = import_module(f"{_SCENARIOS}{WHERE[question_id]}.problem")
    found = {"key-place": module.KEY_PLACES} if hasattr(module, "KEY_PLACES") else {}
    for name in ("BOXES", "STRUCTURE"):
        found |= getattr(module, name, {})
    return {name: str(options[0]) for name, options in found.items()}


_MOST = 4  # faults in one run, however many a claim names: a search of more does not end


def _is_feed(question_id: object) -> bool:
    return isinstance(question_id, str) and question_id == twitter.ID


def _in(proposal: Any, name: str) -> Any:
    """Return a part of a proposal, which may have been edited by hand since it was made."""
    if not isinstance(proposal, Mapping) or name not in proposal:
        raise DesignError(
            f"{brief(proposal)} has no {name!r} and is no proposal: decide again, and run that"
        )
    return proposal[name]


def _feed_of(proposal: Proposal) -> Any:
    return twitter.propose(options_of(_in(proposal, "decisions")))


def _design_of(proposal: Proposal) -> Design:
    made = _in(proposal, "design")
    try:
        written = json.dumps(made)
    except (TypeError, ValueError, RecursionError):
        written = brief(made)  # which from_json() refuses, with a sentence
    return from_json(written)


def _result(found: Report) -> Result:
    small, search = found.problem.small, found.found
    wrong = search.violation
    measures = {_NAMES.get(name, name): value for name, value in found.measures.items()}
    return Result(
        outcome=HOLDS if wrong is None else FAILS,
        words=() if wrong is None else (wrong.message,),
        code="" if wrong is None else search.code,
        schedules=search.schedules,
        faults=tuple(search.fired),
        up_to=small.at_most,
        complete=search.outcome in ("holds", "fails"),
        struck=tuple(parse(search.code).values()) if wrong else (),
        broke="" if wrong is None else wrong.message,
        next_question=found.question,
        measures=measures,
        shown={_NAMES.get(n, n): worded(v, *found.words_of(n)) for n, v in found.measures.items()},
        misses=tuple(_misses(found)),
        load=f"{found.problem.slice.seconds:g} s, 1 of {found.problem.slice.one_of:,}",
    )


_NAMES = {"oldest": "oldest age"}
#: What the feed's arena measures, by the names that a claim has for it, and in its own words.
_FEED = {
    "p99": ("delivery p99", "s"),
    "read p99": ("read p99", "s"),
    "oldest age": ("work left at the end", "s"),
    "lost": ("lost deliveries", ""),
    "doubled": ("doubled deliveries", ""),
    "stale": ("deleted but still shown", ""),
    "cost": ("cost a month", "$"),
}


def worded(value: float, words: str, unit: str) -> tuple[str, str]:
    """Return a measure's words, and its amount with its unit: "cost", "$1.51M a month"."""
    said = amount(value, unit)
    if unit == "$" and isfinite(value):
        said = f"${quantity.words(value, '')}"
    if words.endswith(" a month"):
        return words.removesuffix(" a month"), f"{said} a month"
    return words.replace(", 99th percentile", " p99").replace(", p99", " latency p99"), said


def _misses(found: Report) -> list[str]:
    levels = found.problem.levels
    return [
        f"Missed: {words} {amount(value, unit)}, at most {amount(levels[name], unit)}."
        for name, value in found.missed.items()
        for words, unit in [found.words_of(name)]
    ]


def _feed(found: twitter.FeedReport) -> Result:
    search, wrong = found.found, found.found.violation
    values = found.measures
    waits = [v for name, v in values.items() if name.startswith("delivery_p99") and not isnan(v)]
    late = max(waits, default=nan)
    measures = {
        "p99": late,
        "read p99": values["read_p99"],
        "oldest age": values["backlog"],
        "lost": values["lost"],
        "doubled": values["doubled"],
        "stale": values["ghosts"],
        "cost": values["cost"],
    }
    return Result(
        outcome=HOLDS if wrong is None else FAILS,
        words=() if wrong is None else (wrong.message,),
        code="" if wrong is None else search.code,
        schedules=search.schedules,
        faults=tuple(search.fired),
        up_to=twitter.AT_MOST,
        complete=search.outcome in ("holds", "fails"),
        struck=tuple(parse(search.code).values()) if wrong else (),
        broke="" if wrong is None else wrong.message,
        next_question=found.question,
        measures=measures,
        shown={name: worded(value, *_FEED[name]) for name, value in measures.items()},
        misses=tuple(f"Missed: {each}." for each in found.card.failures),
        load=f"{SECONDS:g} s, all of it, each account of a sample for many",
    )


def levels(question_id: str) -> str:
    """Return what a question's load run must keep to, in words."""
    if _is_feed(question_id):
        return ", ".join(f"{name} at most {bound:g}" for name, bound in LEVELS.bounds.items())
    asked = problem(question_id)
    return ", ".join(f"{name} at most {bound:g}" for name, bound in asked.levels.items())


def _plain(design: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(design).items() if not name.startswith("_")}
