"""What went wrong in a run, and what is wrong with any run: that it never comes to an end.

A handler may loop: the run then exceeds its limit of steps. It may wait for something that never
comes: then nothing is left to happen. Or it may have been busy for most of the run when time is up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pubsub_kit.world.system import System

#: How long a handler must have been busy to count as endless when time is up (seconds).
LONG = 60.0


@dataclass(frozen=True, slots=True)
class Violation:
    """What went wrong in a run: in words, at which step of the trace, expected and actual state.

    `belief` names the misconception that this failure shows, if it is known.
    """

    message: str
    step: int | None = None
    expected: Any = None
    actual: Any = None
    belief: str = ""


def never_ends(world: System) -> Violation:
    """Return the violation of a run that took more steps than it may take."""
    return Violation(
        f"the run never ends: after {world.steps:,} steps, something was still repeating",
        step=len(world.trace) - 1,
        belief="never ends",
    )


def unfinished(world: System) -> Violation | None:
    """Return a violation if a handler waits forever, or was busy for most of the run."""
    return (waits_forever(world) or stays_busy(world)) if world.busy else None


def waits_forever(world: System) -> Violation | None:
    """Return a violation if a handler still waits when nothing is left that could wake it up."""
    still = _open_handlers(world) if world.env.peek() == float("inf") else []
    if not still:
        return None
    step = world.trace[still[0]]
    text = f"{step.node} waits forever while handling {step.text}: no reply will come"
    return Violation(text, step=still[0], belief="waits for ever")


def stays_busy(world: System) -> Violation | None:
    """Return a violation if, when time is up, a handler has been busy for most of the run."""
    still = _open_handlers(world)
    if not still or world.now - world.trace[still[0]].time < max(LONG, world.now / 2):
        return None
    step = world.trace[still[0]]
    text = f"{step.node} is still handling {step.text} after {world.now - step.time:,.0f} s"
    return Violation(text, step=still[0], belief="never ends")


def _open_handlers(world: System) -> list[int]:
    """Return the steps at which the handlers began that have not ended."""
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
