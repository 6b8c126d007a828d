"""What went wrong in a run; and what is wrong with any run: that it never comes to an end.

A handler may loop, which the bound on a run's steps shows; or wait for what will never come, which
shows when nothing is left to happen; or be at it still when the run is cut, after most of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pubsub_kit.world.system import System

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


def never_ends(world: System) -> Violation:
    """Return the violation of a run that took more steps than it may."""
    return Violation(
        f"the run goes on for ever: after {world.steps:,} steps it had not come to rest",
        step=len(world.trace) - 1,
        belief="never ends",
    )


def unfinished(world: System) -> Violation | None:
    """Return a violation if a handler waits for ever, or was at it for most of the run."""
    return (waits_forever(world) or stays_busy(world)) if world.busy else None


def waits_forever(world: System) -> Violation | None:
    """Return a violation if a handler still waits when nothing is left that could wake it."""
    still = _open_handlers(world) if world.env.peek() == float("inf") else []
    if not still:
        return None
    step = world.trace[still[0]]
    text = f"{step.node} waits for ever in its handler of {step.text}: no reply will come"
    return Violation(text, step=still[0], belief="waits for ever")


def stays_busy(world: System) -> Violation | None:
    """Return a violation if a handler, when time is up, has been at it for most of the run."""
    still = _open_handlers(world)
    if not still or world.now - world.trace[still[0]].time < max(LONG, world.now / 2):
        return None
    step = world.trace[still[0]]
    text = f"{step.node} is not done with {step.text} after {world.now - step.time:,.0f} s"
    return Violation(text, step=still[0], belief="never ends")


def _open_handlers(world: System) -> list[int]:
    """Return at which steps those handlers began that have not ended."""
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
