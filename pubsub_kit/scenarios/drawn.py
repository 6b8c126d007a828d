"""A run as a verdict shows it: a space-time diagram with what is wrong in it marked and told.

A picture numbers the faults of a run. A verdict counts them too, so both mean the same: what goes
wrong by itself. A message that a cut link loses, and a handler that fails since its call did, are
drawn, and not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Step, Trace
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

#: Draws a run, with what is wrong in it if anything is, under a title.
Draws = Callable[[World, Violation | None, str], "Picture"]
#: Says what a write changed, given its rows before and after: "" leaves the write's own words.
Says = Callable[[Mapping[str, Any], Mapping[str, Any]], str]
_LATE = " arrives after the next"


def drawn(
    world: World,
    violation: Violation | None,
    title: str,
    lanes: Iterable[str] | None = None,
    says: Says | None = None,
    **options: Any,
) -> Picture:
    """Draw a run; of `lanes`, from left to right, those that it has. Options are spacetime()'s.

    With `says`, each write is labelled in a few words of the scenario's own: whole rows get cut.
    """
    from pubsub_kit import show

    wrong, known = violation or Violation(""), world.trace.nodes()
    trace = world.trace if says is None else shortened(world.trace, says)
    return show.spacetime(
        with_causes_marked(trace),
        mark=wrong.step,
        blocker=wrong.blocker,
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


def short(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Say what a write changed: numbers with their values, whole rows by their names alone."""
    parts = [
        key if isinstance(row, dict | list) or row is True else f"{key} = {row}"
        for key, row in after.items()
        if row is not None and row != before.get(key)
    ]
    gone = [f"deletes {key}" for key, row in after.items() if row is None and before.get(key)]
    return ", ".join(parts or gone)


def shortened(trace: Iterable[Step], says: Says = short) -> Trace:
    """Return a run whose labels fit a column: the writes in `says`'s words, faults in two or so."""
    return Trace([_in_short(step, says) for step in trace])


def _in_short(step: Step, says: Says) -> Step:
    text = step.text
    if step.kind == "effect" and isinstance(step.data, tuple):
        _, before, after = step.data
        text = says(before, after) or text
    elif step.kind == "note" and text.endswith(_LATE):
        text = f"{text.removesuffix(_LATE)} is late"
    elif step.kind == "pause" and " before committing " in text:
        text = "pauses before its commit"
    return step._replace(text=text)
