"""A short run as a strip of states, drawn from a trace: what each step did, and where it led."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pubsub_kit.scenarios.plain import cut
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture


def note(trace: Trace, event: str, words: Any, who: str = "you") -> None:
    """Write a step into a trace: an event, and the state that it led to."""
    text = cut(str(words), 60)
    trace.add(float(len(trace)), "note", who, "", "", f"{event}: {text}", data=(event, text))


def strip(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw the steps of a run in a row, the wrong one marked."""
    from pubsub_kit import show

    steps = [step.data for step in world.trace if isinstance(step.data, tuple)]
    states = [(n - 1 if n else None, event, words) for n, (event, words) in enumerate(steps)]
    wrong = violation or Violation("")
    return show.branches(states, wrong=wrong.step, title=title, caption=wrong.message or None)
