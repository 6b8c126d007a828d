"""Which part of a run is drawn: a picture holds some hundred steps and a dozen lanes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from pubsub_kit.world.trace import Step, Trace

MOST_LANES = 12


class Extract(NamedTuple):
    """The steps to draw, the lanes in order, the marks among them, and what was left out.

    `parting` is the first step that another run does not share.
    """

    steps: list[Step]
    lanes: list[str]
    mark: int | None
    notes: list[str]
    blocker: int | None = None
    parting: int | None = None


def extract(
    trace: Trace,
    mark: int | None,
    nodes: Sequence[str] | None,
    until: float | None,
    limit: int,
    blocker: int | None = None,
) -> Extract:
    """Keep the steps up to `until`, at most `limit` (the last before a mark), and the lanes."""
    keep = _window(trace, mark, until, limit, blocker)
    notes = []
    if len(keep) < len(trace):
        part = (
            f"steps {keep[0] + 1} to {keep[-1] + 1}" if keep and keep[0] else f"first {len(keep)}"
        )
        notes.append(f"{part} of {len(trace)} steps shown")
    keep = [i for i in keep if trace.steps[i].kind != "replicas" or i in (mark, blocker)]
    steps = [trace.steps[i] for i in keep]
    every = Trace(steps).nodes()
    lanes = every if nodes is None else [name for name in nodes if name in every]
    if nodes is None and len(every) > MOST_LANES:
        busy = busiest(steps, trace.steps[mark] if mark is not None else None)
        lanes = [name for name in every if name in busy]
    if len(lanes) < len(every):
        notes.append(f"{len(lanes)} of {len(every)} nodes shown")
        keep = [i for i in keep if within(trace.steps[i], lanes)]
    place = {i: n for n, i in enumerate(keep)}
    marked, blocks = (place.get(i) if i is not None else None for i in (mark, blocker))
    return Extract([trace.steps[i] for i in keep], lanes, marked, notes, blocks)


def _window(
    trace: Trace, mark: int | None, until: float | None, limit: int, blocker: int | None
) -> list[int]:
    last = len(trace) - 1
    if mark is not None and blocker is not None and mark < blocker < mark + limit:
        mark = blocker  # both are shown if both can be
    if until is not None:
        last = max((i for i, s in enumerate(trace.steps) if s.time <= until), default=-1)
    if mark is not None:
        last = max(last, mark)
        first = max(0, mark + 1 - limit)
    else:
        first = 0
    return list(range(first, min(last + 1, first + limit)))


def busiest(steps: Sequence[Step], marked: Step | None = None) -> set[str]:
    """Return the nodes that most steps are about; those of a marked one are among them."""
    weight = Counter(name for s in steps for name in (s.node, s.peer) if name)
    for name in (marked.node, marked.peer) if marked else ():
        weight[name] += 2 * len(steps)
    return {name for name, _ in weight.most_common(MOST_LANES)}


def within(step: Step, lanes: Sequence[str]) -> bool:
    """Say whether a step has all its lanes."""
    return step.node in lanes and (not step.peer or step.peer in lanes)
