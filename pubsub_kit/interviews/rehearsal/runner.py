"""How a rehearsal has a design run: decisions go in, a result comes out, and nothing else is known.

The engine sees a `Runner` and a `Result`. What a design is, which world is made of it and how that
world is searched belongs to `designs/` and `scenarios/`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

HOLDS, FAILS = "holds", "fails"
#: A design as data: what JSON can hold, since it is written into the rehearsal's log.
Design = Mapping[str, Any]
#: What a run measures, and the unit of each; a count has none, nor has the cost.
MEASURES = {
    "p50": "second",
    "p99": "second",
    "oldest age": "second",
    "lost": "",
    "doubled": "",
    "stale": "",
    "cost": "",
}


@dataclass(frozen=True)
class Result:
    """What a run of a design showed.

    Attributes:
        outcome: "holds", or "fails".
        words: The facts, a sentence each, with names and moments.
        code: The schedule that broke the design, as `world.chance.Schedule` reads it; "" for none.
        schedules: How many runs were tried.
        faults: Which faults they could suffer, by the names of `world.chance.FAULTS`.
        up_to: How many of those one run could suffer.
        complete: False if the search had to stop before it had tried them all.
        struck: The faults in the schedule that broke the design.
        broke: The sentence that did not hold, such as "no payment is charged twice"; "" for none.
        next_question: What to ask the candidate next, with the counterexample's names and moments.
        measures: The numbers of the load run, by the names of `MEASURES`, in their units; also
            "p99 in the burst" and the like. Infinite is what never came, NaN what was not there.
        shown: The same numbers in the question's words, name → (words, amount with its unit).
        misses: A sentence for each service level that the load run missed.
        load: Which part of the traffic was run, such as "60 s, 1 of 1,000".
        level: "messages" for a search through schedules, "load" for a run under load.
    """

    outcome: str
    words: tuple[str, ...] = ()
    code: str = ""
    schedules: int = 0
    faults: tuple[str, ...] = ()
    up_to: int = 0
    complete: bool = True
    struck: tuple[str, ...] = ()
    broke: str = ""
    next_question: str = ""
    measures: Mapping[str, float] = field(default_factory=dict)
    shown: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    misses: tuple[str, ...] = ()
    load: str = ""
    level: str = "messages"


class Runner(Protocol):
    """What makes designs of decisions, and runs them."""

    def propose(self, question_id: str, decisions: Mapping[str, str]) -> Design:
        """Return the design that these options make, {decision's id: option's id}.

        A decision that is left out gets the reference design's option. Raises PubSubKitError for
        a question that has no design, or for options that do not go together.
        """

    def defaults(self, question_id: str, decisions: Mapping[str, str]) -> Mapping[str, str]:
        """Return the options that a run takes for the decisions that these leave open.

        A decision that plays no part in the runs is left out. Raises PubSubKitError like propose.
        """

    def run(
        self,
        design: Design,
        faults: tuple[str, ...] | None = None,
        up_to: int | None = None,
        about: Callable[[str], bool] | None = None,
    ) -> Result:
        """Search the design's runs and put it under load; return what was found.

        `faults`, `up_to` and `about` narrow the search to what a claim is about: which faults, how
        many, and which sentences of what broke count. None leaves the question's own. Raises
        PubSubKitError if the design can't run.
        """
