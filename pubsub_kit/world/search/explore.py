"""explore(): every way in which luck can go against a piece of code, the simplest first.

The method is iterative fault bounding by stateless model checking. A run asks its `Schedule` a
question wherever a fault could happen. The run without faults is tried first; each question it was
asked gives a schedule with one fault; each question that *those* runs were asked, after their last
fault, gives one with two; and so on up to a bound. So each schedule is tried exactly once, and the
first failure has the fewest faults by construction; among those with equally many, the one with
the shortest trace is kept. Where none fails, the answer holds for *every* schedule up to the bound.

    explore(scenario, oracle, faults=["crash", "ack lost"]).outcome   # "holds", "fails", …

A `scenario` puts things into a new world; an `oracle` looks at the world after its run, and returns
a `Violation` or None. Both are called once a schedule, so they must not keep state of their own.
"""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pubsub_kit.world.chance import Schedule, encode
from pubsub_kit.world.running import TooManySteps, WorldError, rare_collections
from pubsub_kit.world.search.merging import Rests
from pubsub_kit.world.search.violation import Violation, never_ends, unfinished
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.world import World

__all__ = ["Exploration", "Oracle", "Scenario", "Violation", "explore", "replay", "run_once"]

Scenario = Callable[[World], Any]
Oracle = Callable[[World], Violation | None]


@dataclass(slots=True)
class Exploration:
    """What `explore` found.

    `outcome` is "holds", "fails", "not exercised" (a fault never had a chance to happen) or
    "cut off" (nothing failed, but a bound on schedules or time ended the search before `max_faults`
    was covered). `schedules` counts the runs, `merged` those of them that ended early since their
    state had been met before, `fired` how often each fault happened. `complete` is the number of
    faults up to which every schedule was tried (−1: not even the run without faults ended).
    """

    outcome: str
    schedules: int = 0
    merged: int = 0
    max_faults: int = 0
    complete: int = -1
    fired: Counter[str] = field(default_factory=Counter)
    code: str = "-"
    violation: Violation | None = None
    world: World | None = None

    @property
    def trace(self) -> Trace:
        """The trace of the run that failed, or of the run without faults."""
        return self.world.trace if self.world else Trace()

    def __str__(self) -> str:
        """Say the outcome in one line."""
        runs = f"{self.schedules:,} schedule{'s' * (self.schedules != 1)}"
        upto = f"up to {self.max_faults} fault{'s' * (self.max_faults != 1)}"
        if self.outcome == "holds":
            return f"holds: {runs}, every one {upto}"
        if self.outcome == "fails" and self.violation:
            return f"fails at schedule {self.code}: {self.violation.message}"
        if self.outcome == "cut off":
            held = f"all up to {self.complete} hold" if self.complete >= 0 else "none is proven"
            return f"cut off after {runs} before all {upto} were tried: {held}"
        silent = ", ".join(name for name in self.fired if not self.fired[name])
        return f"not exercised: in {runs} there was never a chance for {silent}"


def run_once(
    scenario: Scenario,
    schedule: Schedule,
    faults: Sequence[str],
    until: float,
    max_steps: int,
    rests: Rests | None = None,
) -> tuple[World, Violation | None]:
    """Run a scenario under one schedule; a run without an end is a violation of its own.

    With `rests`, the run ends where it rests as one before it did, and has no violation then.
    """
    world = World(chance=schedule, faults=dict.fromkeys(faults, 0.0))
    last = max(schedule.faults, default=-1)

    def known() -> bool:
        return rests is not None and len(schedule.offered) > last and rests.has(world)

    try:
        scenario(world)
        world.run(until, max_steps=max_steps, enough=known if rests else None)
    except TooManySteps:
        return world, never_ends(world)
    if rests and rests.merged:
        return world, None
    return world, unfinished(world)


def explore(
    scenario: Scenario,
    oracle: Oracle,
    *,
    faults: Sequence[str] = (),
    max_faults: int = 2,
    until: float = 1_000.0,
    max_steps: int = 2_000,
    max_schedules: int = 200_000,
    seconds: float = 10.0,
    merge: bool = False,
) -> Exploration:
    """Try every schedule of up to `max_faults` of these faults; return what was found.

    `until` bounds a run in virtual seconds, `max_steps` in moments; `max_schedules` and `seconds`
    (of real time) bound the search. With `merge`, equal states are not explored twice: give it
    where the oracle looks at stores and effects alone, and not at how the run came there (see
    `merging`, which also says which handlers cannot be merged). Raises WorldError
    for a bound that is negative, and for what is no function; what the scenario or the oracle
    itself raises goes through.
    """
    if not callable(scenario) or not callable(oracle):
        raise WorldError(
            "explore(scenario, oracle) takes two functions of a world: one that sets it up, and "
            "one that looks at it after its run"
        )
    if max_faults < 0 or max_steps < 1 or max_schedules < 1:
        raise WorldError("explore's bounds count faults, steps and schedules: give none below zero")
    found = Exploration("holds", max_faults=max_faults, fired=Counter(dict.fromkeys(faults, 0)))
    stop_at = time.perf_counter() + seconds
    rests = Rests() if merge else None

    def try_one(schedule: Schedule) -> bool:
        """Run one schedule and look at it; False if the search must stop before."""
        if found.schedules >= max_schedules or time.perf_counter() > stop_at:
            return False
        if rests is not None:
            rests.begin()
        world, violation = run_once(scenario, schedule, faults, until, max_steps, rests)
        if rests is not None and rests.merged:
            found.merged += 1
        else:
            violation = violation or oracle(world)
        if rests is not None and violation is None:
            rests.keep()
        _note(found, schedule, world, violation)
        return True

    thresholds = rare_collections()
    try:
        _search(found, try_one)
    finally:
        gc.set_threshold(*thresholds)
    if found.outcome == "holds" and max_faults and not all(found.fired.values()):
        found.outcome = "not exercised"
    return found


def _search(found: Exploration, try_one: Callable[[Schedule], bool]) -> None:
    """Try schedules by their number of faults, up to the first number that one fails with."""
    level: Iterator[Mapping[int, str]] = iter([{}])
    for bound in range(found.max_faults + 1):
        following: list[tuple[Mapping[int, str], list[Sequence[str]]]] = []
        for chosen in level:
            schedule = Schedule(chosen)
            if not try_one(schedule):
                found.outcome = "fails" if found.violation else "cut off"
                return
            if bound < found.max_faults:
                following.append((chosen, schedule.offered))
        if found.violation is not None:
            return
        found.complete = bound
        level = _one_more_fault(following)


def _note(
    found: Exploration, schedule: Schedule, world: World, violation: Violation | None
) -> None:
    """Count a run; keep the first one, or the shortest of those that fail."""
    found.schedules += 1
    for kind in schedule.faults.values():
        found.fired[kind] += 1
    fails = violation is not None
    if found.world is None or (
        fails and (found.violation is None or len(world.trace) < len(found.trace))
    ):
        found.world = world
        if fails:
            found.outcome, found.code, found.violation = "fails", encode(schedule.faults), violation
    else:
        world.dissolve()


def _one_more_fault(
    runs: list[tuple[Mapping[int, str], list[Sequence[str]]]],
) -> Iterator[Mapping[int, str]]:
    for chosen, offered in runs:
        first = max(chosen, default=-1) + 1
        for number in range(first, len(offered)):
            for kind in offered[number]:
                yield {**chosen, number: kind}


def replay(
    scenario: Scenario,
    code: str,
    *,
    faults: Sequence[str],
    until: float = 1_000.0,
    max_steps: int = 2_000,
) -> World:
    """Run a scenario under one schedule code, and return its world: the same run, to the byte.

    Raises ScheduleError for a code that does not fit this scenario.
    """
    schedule = Schedule(code)
    world, _ = run_once(scenario, schedule, faults, until, max_steps)
    schedule.check()
    return world
