"""A run as a verdict shows it: a space-time diagram with what is wrong in it marked and told.

A picture numbers the faults of a run. A verdict counts them too, so both mean the same: what goes
wrong by itself. A message that a cut link loses, and a handler that fails since its call did, are
drawn, and not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

#: Draws a run, with what is wrong in it if anything is, under a title.
Draws = Callable[[World, Violation | None, str], "Picture"]


def drawn(
    world: World,
    violation: Violation | None,
    title: str,
    lanes: Iterable[str] | None = None,
    **options: Any,
) -> Picture:
    """Draw a run; of `lanes`, from left to right, those that it has. Options are spacetime()'s."""
    from pubsub_kit import show

    wrong, known = violation or Violation(""), world.trace.nodes()
    return show.spacetime(
        with_causes_marked(world.trace),
        mark=wrong.step,
        expected=wrong.expected,
        actual=wrong.actual,
        caption=wrong.message or None,
        title=title,
        nodes=None if lanes is None else [name for name in lanes if name in known],
        **options,
    )


def with_causes_marked(trace: Trace) -> Trace:
    """Return the same run, in which a step is a fault only if it follows from no other one."""
    cut: set[frozenset[str]] = set()
    marked = []
    for step in trace:
        ends = frozenset((step.node, step.peer))
        if step.kind == "partition":
            cut.add(ends)
        elif step.kind == "repair":
            cut.discard(ends)
        follows = step.kind == "end" or (step.kind == "lose" and ends in cut)
        marked.append(step._replace(fault=False) if step.fault and follows else step)
    return Trace(marked)
