"""A problem: what a question fixes, and a design decides within.

The steps and what they may be told, the traffic of a run that is small enough to search, the rule
that it must keep, one slice of the real traffic, and designs to be held against.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from pubsub_kit.designs.built import Built, Load
from pubsub_kit.designs.components import Cache, DesignError, Group, Store, Topic
from pubsub_kit.designs.design import Design
from pubsub_kit.designs.steps import Steps
from pubsub_kit.errors import brief
from pubsub_kit.world.search.violation import Violation


@dataclass(frozen=True)
class Small:
    """The run that explore() repeats: who sends what when, and what may go wrong, how often.

    `traffic` sends it into the built design, `ticks` are the moments (seconds) of every scheduler.
    A read takes `reads` seconds, in which others run: nobody looks and leaps in one step. What
    comes after `until` (virtual seconds) is not run.
    """

    traffic: Callable[[Built], None]
    faults: tuple[str, ...] = ("crash", "ack lost", "reply lost")
    at_most: int = 2
    ticks: tuple[float, ...] = (30.0, 60.0, 90.0)
    seconds: float = 30.0  # of real time that the search may take
    reads: float = 0.0
    until: float = 1_000.0

    def of(self, faults: tuple[str, ...], at_most: int) -> Small:
        """Return the run with other faults; schedulers tick on until they have outlived them."""
        gap = self.ticks[-1] - self.ticks[-2] if len(self.ticks) > 1 else 30.0
        more = max(0, at_most + 2 - len(self.ticks))
        later = tuple(self.ticks[-1] + gap * (n + 1) for n in range(more)) if self.ticks else ()
        return replace(self, faults=faults, at_most=at_most, ticks=(*self.ticks, *later))


@dataclass(frozen=True)
class Slice(Load):
    """One slice of the traffic: what is sent, by `built.luck`, and the interviewer's failure."""

    traffic: Callable[[Built], None]
    trouble: Callable[[Built], None] | None = None


@dataclass(frozen=True)
class Problem:
    """One question whose designs run; `id` is the bank's, `levels` what a load run must keep to.

    `decisions` maps each name to its options, the default first. `needs` are the steps that some
    component must perform, `roles` what must be kept somewhere and `optional` what may be kept,
    `outside` the steps of providers.
    `more` measures what only this question has, and `units` gives the words and unit of each.
    `next_question` puts the interviewer's next question, from what went wrong in which run.
    """

    id: str
    title: str
    steps: type[Steps]
    outside: type[Steps]
    decisions: Mapping[str, tuple[Any, ...]]
    needs: tuple[str, ...]
    roles: tuple[str, ...]
    small: Small
    oracle: Callable[[Built], Iterator[Violation]]
    slice: Slice
    levels: Mapping[str, float]
    references: Callable[[], Mapping[str, Design]]
    propose: Callable[[Mapping[str, str]], Design]
    next_question: Callable[[Built, Violation], str]
    more: Callable[[Built], Mapping[str, float]] = lambda built: {}
    units: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    optional: tuple[str, ...] = ()

    def decided(self, design: Design) -> dict[str, Any]:
        """Return all decisions of a design, defaults included; raises DesignError for a bad one."""
        for given, option in design.decisions.items():
            if not isinstance(given, str) or given not in self.decisions:
                named = given[:80] if isinstance(given, str) else ""
                near = get_close_matches(named, self.decisions, 1)
                known = f"did you mean {near[0]!r}?" if near else f"there is {_all(self.decisions)}"
                raise DesignError(f"{self.title} has no decision {brief(given)}: {known}")
            if not any(type(option) is type(o) and option == o for o in self.decisions[given]):
                raise DesignError(
                    f"the decision {given!r} is one of {_all(map(repr, self.decisions[given]))}, "
                    f"not {brief(option)}"
                )
        return {name: options[0] for name, options in self.decisions.items()} | {**design.decisions}

    def check(self, design: Any) -> None:
        """Raise DesignError unless all that the question needs has a place in the design."""
        if not isinstance(design, Design):
            raise DesignError(f"this runs a Design(…), not {brief(design)}")
        self.decided(design)
        mine = design.steps
        if mine is not None and not issubclass(mine, self.steps):
            raise DesignError(
                f"steps of {design.name!r} derive from {self.steps.__name__}, not {mine.__name__}"
            )
        performed = {step for part in design.components for step in getattr(part, "steps", ())}
        for step in self.needs:
            if step not in performed:
                raise DesignError(
                    f"no component of {design.name!r} performs {step!r}: a design of "
                    f"{self.title} needs {_all(self.needs)}"
                )
        known = {step for kind in (self.steps, self.outside) for step in steps_of(kind)}
        known |= set(steps_of(mine)) if mine else set()
        for step in sorted(performed - known):
            raise DesignError(f"there is no step {step!r}: {self.title} has {_all(sorted(known))}")
        self._check_kept(design)

    def _check_kept(self, design: Design) -> None:
        for role in self.roles:
            if design.holder(role) is None:
                raise DesignError(
                    f"nothing in {design.name!r} holds {role!r}: give a Store or a Cache, such as "
                    f"Store('db', holds=({role!r},))"
                )
        read = {part.topic for part in design.components if isinstance(part, Group)}
        for part in design.components:
            if isinstance(part, Topic) and part.name not in read:
                raise DesignError(f"nobody reads the topic {part.name!r}: add a Group, or leave it")
            if isinstance(part, Store | Cache):
                for role in part.holds:
                    if role not in (*self.roles, *self.optional):
                        raise DesignError(
                            f"{part.name!r} holds {role!r}, and {self.title} keeps "
                            f"{_all((*self.roles, *self.optional))}"
                        )


def options_of(decisions: Any) -> dict[str, str]:
    """Return the decisions that were taken; raises DesignError unless each names an option.

    What was left open (None) is left out.
    """
    if not isinstance(decisions, Mapping):
        raise DesignError(f"decisions are a dictionary of options, not {brief(decisions)}")
    for name, option in decisions.items():
        if not (isinstance(name, str) and (option is None or isinstance(option, str))):
            raise DesignError(
                f"a decision is a name and the name of an option, not {brief(name)} and "
                f"{brief(option)}"
            )
    return {name: option for name, option in decisions.items() if option is not None}


def steps_of(kind: type[Steps]) -> list[str]:
    """Return the names of a class's own steps: its public coroutines, in their order."""
    base = set(dir(Steps))
    return [name for name in dir(kind) if not name.startswith("_") and name not in base]


def _all(names: Any) -> str:
    return ", ".join(map(str, names))
