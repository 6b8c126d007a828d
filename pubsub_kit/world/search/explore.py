"""explore(): try every way in which luck can turn against a piece of code, the simplest first.

This is stateless model checking: a `Strategy` says which schedule comes next, and each one runs
from the start in a world of its own and is judged. `Bounded` tries every schedule up to a bound, so
"holds" is true of all of them, and the first failure has the fewest faults. Among failures with
equally many, `explore` keeps the one with the shortest trace.

    explore(scenario, oracle, faults=["crash", "ack lost"]).outcome   # "holds", "fails", …

A `scenario` sets up a new world; an `oracle` looks at that world after its run, and returns a
`Violation` or None. Both are called once for each schedule, so they must not keep state.
"""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.running import TooManySteps, WorldError, rare_collections
from pubsub_kit.world.search.bounded import Bounded
from pubsub_kit.world.search.merging import Rests
from pubsub_kit.world.search.strategy import Strategy
from pubsub_kit.world.search.violation import Violation, never_ends, unfinished
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.world import World

__all__ = ["Exploration", "Oracle", "Scenario", "Violation", "explore", "replay", "run_once"]

Scenario = Callable[[World], Any]
Oracle = Callable[[World], Violation | None]
_EVERY_ONE = Bounded()


@dataclass(slots=True)
class Exploration:
    """What `explore` found.

    `outcome` is "holds", "fails", "not exercised" (a fault never had a chance to happen), "cut off"
    (nothing failed, but the limit on schedules or time came before every schedule was tried) or
    "not found" (nothing failed in a sample: `sample` says of which kind). `schedules` counts the
    runs, `merged` those that ended early because another had reached the same state, `fired` how
    often each fault happened. `complete` is the number of faults up to which every schedule has
    been tried (−1: not even the run without faults).
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
    sample: str = ""

    @property
    def trace(self) -> Trace:
        """The trace of the run that failed, or of the run without faults."""
        return self.world.trace if self.world else Trace()

    def __str__(self) -> str:
        """Say in one line what came out."""
        kind = f"{self.sample} " if self.sample else ""
        runs = f"{self.schedules:,} {kind}schedule{'s' * (self.schedules != 1)}"
        upto = f"of up to {self.max_faults} fault{'s' * (self.max_faults != 1)}"
        if self.outcome == "holds" and self.merged:
            return f"holds: every schedule {upto}, covered by {self.schedules:,} runs"
        if self.outcome == "holds":
            return f"holds: {'all ' * (self.schedules != 1)}{runs} {upto}"
        if self.outcome == "fails" and self.violation:
            return f"fails at schedule {self.code}: {self.violation.message}"
        if self.outcome == "cut off":
            held = f"all of up to {self.complete} hold" if self.complete >= 0 else "none is proven"
            return f"cut off after {runs}, before all {upto} were tried: {held}"
        silent = ", ".join(name for name in self.fired if not self.fired[name])
        if self.outcome == "not found":
            never = f"; none of them had {silent}" if silent else ""
            return f"not found: {runs} {upto}{never}"
        return f"not exercised: in {runs} there was never a chance for {silent}"


def run_once(
    scenario: Scenario,
    schedule: Schedule,
    faults: Sequence[str],
    until: float,
    max_steps: int,
    rests: Rests | None = None,
) -> tuple[World, Violation | None]:
    """Run a scenario under one schedule; a run that never ends is a violation of its own.

    With `rests`, the run ends where it rests in the state of an earlier run, without a violation.
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
    strategy: Strategy = _EVERY_ONE,
) -> Exploration:
    """Try every schedule of up to `max_faults` of these faults, and return what was found.

    `until` (virtual seconds) and `max_steps` limit each run; `max_schedules` and `seconds` (of real
    time) limit the search. With `merge`, equal states are not explored twice: use it if the oracle
    looks only at stores and effects, and not at how the run got there (`merging` has the details,
    and says which handlers cannot be merged). Another `strategy`, such as `Sampled(seed=7)`, tries
    some of the schedules. Raises WorldError for a negative limit, for a scenario, oracle or
    strategy that is none, and for a sample with `merge`. Whatever the scenario or the oracle raises
    passes through.
    """
    if not callable(scenario) or not callable(oracle):
        raise WorldError(
            "explore(scenario, oracle) takes two functions of a world: one that sets it up, and "
            "one that looks at it after the run"
        )
    bounds = (max_faults, max_steps, max_schedules)
    if not all(isinstance(n, int) for n in bounds) or max_faults < 0 or min(bounds[1:]) < 1:
        raise WorldError("explore takes max_faults from 0 up, max_steps and max_schedules from 1")
    if not isinstance(seconds, int | float) or seconds != seconds:
        raise WorldError(f"explore takes seconds of real time, not {seconds!r}")
    if isinstance(strategy, type) or not hasattr(strategy, "rounds"):
        raise WorldError(
            f"strategy is {strategy!r}: give Bounded(), which tries every schedule, or "
            "Sampled(seed=7, runs=10_000)"
        )
    if merge and strategy.sample:
        raise WorldError(
            "merge=True skips what another run is sure to cover, and a sample is sure of nothing: "
            "use it only where every schedule is tried"
        )
    fired = Counter(dict.fromkeys(faults, 0))
    outcome = "not found" if strategy.sample else "holds"
    found = Exploration(outcome, max_faults=max_faults, fired=fired, sample=strategy.sample)
    stop_at = time.perf_counter() + seconds
    rests = Rests() if merge else None

    def try_one(schedule: Schedule) -> bool:
        """Run one schedule and judge it; return False if the search must stop first."""
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
        _search(found, strategy, try_one)
    finally:
        gc.set_threshold(*thresholds)
    if found.outcome == "holds" and max_faults and not all(found.fired.values()):
        found.outcome = "not exercised"
    return found


def _search(found: Exploration, strategy: Strategy, try_one: Callable[[Schedule], bool]) -> None:
    """Try round after round, up to the first in which a run fails."""
    for number, schedules in enumerate(strategy.rounds(found.max_faults)):
        for schedule in schedules:
            if not try_one(schedule):
                if found.outcome == "holds":
                    found.outcome = "cut off"
                return
        if found.violation is not None:
            return
        if not found.sample:
            found.complete = number


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
            found.outcome, found.code, found.violation = "fails", schedule.code, violation
    else:
        world.dissolve()


def replay(
    scenario: Scenario,
    code: str,
    *,
    faults: Sequence[str],
    until: float = 1_000.0,
    max_steps: int = 2_000,
) -> World:
    """Run a scenario under one schedule code, and return its world: the same run, byte for byte.

    Raises ScheduleError if the code does not fit this scenario.
    """
    schedule = Schedule(code)
    world, _ = run_once(scenario, schedule, faults, until, max_steps)
    schedule.check()
    return world
