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

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pubsub_kit.world.chance import Schedule, ScheduleError, encode
from pubsub_kit.world.running import TooManySteps, WorldError, rare_collections
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.world import World

#: How long a handler must have been at it to be called endless when a run is cut (seconds).
LONG = 60.0


@dataclass(frozen=True, slots=True)
class Violation:
    """What went wrong in a run: in words, at which step of the trace, wanted and found.

    `belief` names the misconception that this failure shows, where it is known.
    """

    message: str
    step: int | None = None
    expected: Any = None
    actual: Any = None
    belief: str = ""


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
            return f"cut off after {runs}: all up to {self.complete} faults hold, not all {upto}"
        silent = ", ".join(name for name in self.fired if not self.fired[name])
        return f"not exercised: in {runs} there was never a chance for {silent}"


def run_once(
    scenario: Scenario,
    schedule: Schedule,
    faults: Sequence[str],
    until: float,
    max_steps: int,
) -> tuple[World, Violation | None]:
    """Run a scenario under one schedule; a run without an end is a violation of its own."""
    world = World(chance=schedule, faults=dict.fromkeys(faults, 0.0))
    try:
        scenario(world)
        world.run(until, max_steps=max_steps)
    except TooManySteps:
        return world, Violation(
            f"the run goes on for ever: after {max_steps:,} steps it had not come to rest",
            step=len(world.trace) - 1,
            belief="never ends",
        )
    return world, waits_forever(world) or stays_busy(world)


def waits_forever(world: World) -> Violation | None:
    """Return a violation if a handler still waits when nothing is left that could wake it."""
    still = _open_handlers(world) if world.env.peek() == float("inf") else []
    if not still:
        return None
    step = world.trace[still[0]]
    text = f"{step.node} waits for ever in its handler of {step.text}: no reply will come"
    return Violation(text, step=still[0], belief="waits for ever")


def stays_busy(world: World) -> Violation | None:
    """Return a violation if a handler, when time is up, has been at it for most of the run."""
    still = _open_handlers(world)
    if not still or world.now - world.trace[still[0]].time < max(LONG, world.now / 2):
        return None
    step = world.trace[still[0]]
    text = f"{step.node} is not done with {step.text} after {world.now - step.time:,.0f} s"
    return Violation(text, step=still[0], belief="never ends")


def _open_handlers(world: World) -> list[int]:
    """Return at which steps those handlers began that have not ended."""
    if not world.busy:
        return []
    began: dict[int, tuple[str, str]] = {}
    for i, step in enumerate(world.trace.steps):
        if step.kind == "begin":
            began[i] = (step.node, step.message)
        elif step.kind == "end":
            ended = (n for n, which in began.items() if which == (step.node, step.message))
            began.pop(next(ended, -1), None)
        elif step.kind == "crash":
            began = {n: which for n, which in began.items() if which[0] != step.node}
    return list(began)


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
) -> Exploration:
    """Try every schedule of up to `max_faults` of these faults; return what was found.

    `until` bounds a run in virtual seconds, `max_steps` in moments; `max_schedules` and `seconds`
    (of real time) bound the search. Raises WorldError for a bound that is negative; what the
    scenario or the oracle itself raises goes through.
    """
    if max_faults < 0 or max_steps < 1 or max_schedules < 1:
        raise WorldError("explore's bounds count faults, steps and schedules: give none below zero")
    found = Exploration("holds", max_faults=max_faults, fired=Counter(dict.fromkeys(faults, 0)))
    stop_at = time.perf_counter() + seconds
    with rare_collections():
        _search(scenario, oracle, found, faults, until, max_steps, max_schedules, stop_at)
    if found.outcome == "holds" and max_faults and not all(found.fired.values()):
        found.outcome = "not exercised"
    return found


def _search(
    scenario: Scenario,
    oracle: Oracle,
    found: Exploration,
    faults: Sequence[str],
    until: float,
    max_steps: int,
    max_schedules: int,
    stop_at: float,
) -> None:
    max_faults = found.max_faults
    level: Iterator[Mapping[int, str]] = iter([{}])
    for bound in range(max_faults + 1):
        following: list[tuple[Mapping[int, str], list[Sequence[str]]]] = []
        for chosen in level:
            if found.schedules >= max_schedules or time.perf_counter() > stop_at:
                found.outcome = "cut off" if found.violation is None else "fails"
                return
            schedule = Schedule(chosen)
            world, violation = run_once(scenario, schedule, faults, until, max_steps)
            found.schedules += 1
            found.fired.update(chosen.values())
            violation = violation or oracle(world)
            if violation is not None:
                _keep_shortest(found, schedule, violation, world)
            elif found.world is None:
                found.world = world
            if found.world is not world:
                world.dissolve()
            if bound < max_faults:
                following.append((chosen, schedule.offered))
        if found.violation is not None:
            return
        found.complete = bound
        level = _one_more_fault(following)


def _keep_shortest(
    found: Exploration, schedule: Schedule, violation: Violation, world: World
) -> None:
    if found.violation is None or len(world.trace) < len(found.trace):
        found.outcome, found.code = "fails", encode(schedule.faults)
        found.violation, found.world = violation, world


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
    unused = [n for n in schedule.faults if n >= len(schedule.offered)]
    if unused:
        raise ScheduleError(
            f"the schedule {code!r} wants a fault at question {unused[0]}, but this run has only "
            f"{len(schedule.offered)}: it was made for other code, so check again"
        )
    return world
