"""A reader's run, drawn click by click: which were in hand, which were counted, and which never.

The trace of the run has one lane, the reader's, and a click that is lost leaves nothing there. Here
each click has a lane of its own: a bar while it is in hand, and a dot where it is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.trace import Step, Trace
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

READER = "reader"
COUNT = "count "
NEVER = "never counted"


def draw_clicks(
    world: World, violation: Violation | None, title: str, caption: str = ""
) -> Picture:
    """Draw a run click by click; a click that was never counted is marked and named.

    Under it stands what is wrong, or else the caption.
    """
    from pubsub_kit import show

    wrong = violation or Violation("")
    rows = list(_by_click(world.trace))
    steps = [step for _, step in rows]
    missing = [name for name in _names(world.trace) if not _counted(steps, name)]
    here, blocker = (
        next((n for n, (i, _) in enumerate(rows) if i == at), None)
        for at in (wrong.step, wrong.blocker)
    )
    if missing and here is not None and rows[here][1].node == READER:
        steps[here] = steps[here]._replace(text=f"{steps[here].text}, past {missing[0]}")
    now = world.trace[-1].time if world.trace else 0.0
    steps += [Step(now, "note", name, text=NEVER) for name in missing]
    return show.spacetime(
        Trace(steps),
        mark=len(rows) if missing and violation else here,
        blocker=blocker,
        expected=wrong.expected,
        actual=wrong.actual,
        caption=wrong.message or caption or None,
        title=title,
        axis="order",
    )


def _by_click(trace: Trace) -> Iterator[tuple[int, Step]]:
    """Yield the run's steps, each with its place in the trace and put on the lane it is about."""
    in_hand: list[str] = []
    for i, step in enumerate(trace):
        if step.kind == "note" and step.node == READER and isinstance(step.data, tuple):
            yield i, step
            in_hand = list(step.data)
            yield from ((i, step._replace(kind="begin", node=name)) for name in in_hand)
        elif (name := _click(step)) is not None:
            again = " again" if " (" in step.text else ""
            yield i, step._replace(node=name, text=f"counted{again}")
            if name in in_hand:
                in_hand.remove(name)
                yield i, step._replace(kind="end", node=name, text="done")
        else:
            yield i, step
            if step.kind == "crash":
                ends = step._replace(kind="end", fault=False, text="cut off")
                yield from ((i, ends._replace(node=name)) for name in in_hand)
                in_hand = []


def _click(step: Step) -> str | None:
    """Return which click a step counts, or None."""
    counts = step.kind == "effect" and step.text.startswith(COUNT)
    return step.text.removeprefix(COUNT).partition(" (")[0] if counts else None


def _names(trace: Trace) -> list[str]:
    """Return every click that the reader ever had in hand, in order of offsets."""
    batches = (step.data for step in trace.of("note", node=READER))
    return list(dict.fromkeys(name for names in batches if names for name in names))


def _counted(steps: Sequence[Step], name: str) -> bool:
    return any(step.kind == "effect" and step.node == name for step in steps)
