"""explore(): try every way in which luck can turn against a piece of code, the simplest first.

This is stateless model checking: a `Strategy` says which schedule comes next, and each one runs
from the start in a world of its own and is judged. `Bounded` tries every schedule up to a bound, so
"holds" is true of all of them, and the first failure has the fewest faults. `kept` says which one
`explore` keeps of failures with equally many; `claim` says what is proven, and what is not.

    explore(scenario, oracle, faults=["crash", "ack lost"]).outcome   # "holds", "fails", …

A `scenario` sets up a new world; an `oracle` looks at that world after its run, and returns a
`Violation` or None. Both are called once for each schedule, so they must not keep state.
"""

from __future__ import annotations

import gc
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.preemption import Redundant
from pubsub_kit.world.running import TooManySteps, WorldError, rare_collections
from pubsub_kit.world.search.bounded import Bounded
from pubsub_kit.world.search.exploration import Exploration
from pubsub_kit.world.search.kept import Failures, Hardest, fault_count, fault_kinds
from pubsub_kit.world.search.merging import Rests
from pubsub_kit.world.search.strategy import Strategy
from pubsub_kit.world.search.violation import Violation, never_ends, unfinished
from pubsub_kit.world.world import World

__all__ = ["Exploration", "Oracle", "Scenario", "Violation", "explore", "replay", "run_once"]

Scenario = Callable[[World], Any]
Oracle = Callable[[World], Violation | None]
#: Told now and then during a search: how many schedules are done, and of how many faults it is at.
Progress = Callable[[int, int], Any]
_PAUSE = 0.25  # seconds between two calls of a Progress
_EVERY_ONE = Bounded()


def run_once(
    scenario: Scenario,
    schedule: Schedule,
    faults: Sequence[str],
    until: float,
    max_steps: int,
    rests: Rests | None = None,
    mode: tuple[bool, bool] = (False, False),
) -> tuple[World, Violation | None]:
    """Run a scenario under one schedule; a run that never ends is a violation of its own.

    With `rests`, the run ends where it rests in the state of an earlier run, without a violation;
    or, if `mode` says to prune, and how carefully, where a pre-emption has changed nothing.
    """
    world = World(chance=schedule, faults=dict.fromkeys(faults, 0.0))
    world.prune, world.careful = mode
    last = max(schedule.faults, default=-1)

    def known() -> bool:
        return rests is not None and len(schedule.offered) > last and rests.has(world)

    try:
        scenario(world)
        world.run(until, max_steps=max_steps, enough=known if rests else None)
    except TooManySteps:
        return world, never_ends(world)
    except Redundant:
        world.redundant = True
    if world.redundant or (rests and rests.merged):
        return world, None
    schedule.steps = len(world.trace)
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
    progress: Progress | None = None,
) -> Exploration:
    """Try every schedule of up to `max_faults` of these faults, and return what was found.

    `until` (virtual seconds) and `max_steps` limit each run; `max_schedules` and `seconds` (of real
    time) limit the search. With `merge`, equal states are not explored twice: use it if the oracle
    looks only at stores and effects, and not at how the run got there (`merging` has the details,
    and says which handlers cannot be merged). Another `strategy`, such as `Sampled(seed=7)`, tries
    some of the schedules. `progress(schedules, faults)` is called up to four times a second.
    Raises WorldError for a negative limit, for a scenario, oracle or strategy that is none, and for
    a sample with `merge`. Whatever the scenario, the oracle or `progress` raises passes through.
    """
    if not callable(scenario) or not callable(oracle):
        raise WorldError(
            "explore(scenario, oracle) takes two functions of a world: one that sets it up, and "
            "one that looks at it after the run"
        )
    limits = (max_faults, max_steps, max_schedules)
    if not all(isinstance(n, int) for n in limits) or max_faults < 0 or min(limits[1:]) < 1:
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
    bounds = Bounds(tuple(faults), max_faults, until, max_steps, max_schedules, seconds)
    search = partial(_explored, scenario, oracle, bounds, strategy, progress)
    try:
        return search(Rests() if merge else None, careful=False)
    except Stirs:
        return search(Rests() if merge else None, careful=True)


class Bounds(NamedTuple):
    """What `explore` is given: which faults, how many of them, and its limits."""

    faults: tuple[str, ...]
    max_faults: int
    until: float
    max_steps: int
    max_schedules: int
    seconds: float


class Stirs(Exception):
    """A handler sleeps, calls or wakes somebody, so pre-emption has to look more closely."""


def _explored(
    scenario: Scenario,
    oracle: Oracle,
    bounds: Bounds,
    strategy: Strategy,
    progress: Progress | None,
    rests: Rests | None,
    careful: bool,
) -> Exploration:
    faults, max_faults, until, max_steps, max_schedules, seconds = bounds
    prune, preempts = not strategy.sample, "preempt" in faults
    fired = Counter(dict.fromkeys(faults, 0))
    outcome = "not found" if strategy.sample else "holds"
    again = partial(replay, scenario, faults=faults, until=until, max_steps=max_steps)
    found = Exploration(outcome, max_faults=max_faults, fired=fired, rerun=again)
    found.sample, found.until = strategy.sample, until
    begun = time.perf_counter()
    stop_at, tell_at = begun + seconds, begun + _PAUSE if progress else math.inf
    failures, hardest = Failures(), Hardest()

    def try_one(schedule: Schedule) -> bool:
        """Run one schedule and judge it; return False if the search must stop first."""
        nonlocal tell_at
        now = time.perf_counter()
        if found.schedules >= max_schedules or now > stop_at:
            return False
        if progress is not None and now >= tell_at:
            tell_at = now + _PAUSE
            progress(found.schedules, fault_count(schedule.faults))
        if rests is not None:
            rests.begin()
        mode = (prune, careful)
        world, violation = run_once(scenario, schedule, faults, until, max_steps, rests, mode)
        if preempts and prune and not careful and (world.stirs or world.effect_latency):
            raise Stirs
        found.race = found.race or world.races.found
        found.second_act = found.second_act or world.second_act
        if world.redundant:
            found.redundant += 1
            world.dissolve()
            return True
        merged = rests is not None and rests.merged
        if merged:
            found.merged += 1
        else:
            violation = violation or oracle(world)
            found.unended += world.env.peek() != math.inf
        if rests is not None and violation is None:
            rests.keep()
        if violation is None and not merged:
            hardest.survived(schedule, world.trace)
        _note(found, failures, schedule, world, violation)
        return True

    thresholds = rare_collections()
    try:
        _search(found, strategy, try_one)
    finally:
        gc.set_threshold(*thresholds)
    silent = not all(found.fired.values())
    if found.outcome == "holds" and max_faults and (silent or found.race):
        found.outcome = "not exercised"
    if found.outcome == "holds":
        found.hardest = hardest.code
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
    found: Exploration,
    failures: Failures,
    schedule: Schedule,
    world: World,
    violation: Violation | None,
) -> None:
    """Count a run; keep the first one, or the one of those that fail which says most."""
    found.schedules += 1
    for kind in fault_kinds(schedule.faults):
        found.fired[kind] += 1
    if violation is not None:
        failures.add(schedule, world, violation)
        found.outcome = "fails"
        found.code, found.world, found.violation = failures.best
    elif found.world is None:
        found.world = world
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
