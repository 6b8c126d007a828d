"""Which part of a run is drawn: a picture holds some hundred steps and a dozen lanes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from pubsub_kit.world.trace import Step, Trace

MOST_LANES = 12


class Extract(NamedTuple):
    """The steps to draw, the lanes in order, the mark among them, and what was left out."""

    steps: list[Step]
    lanes: list[str]
    mark: int | None
    notes: list[str]


def extract(
    trace: Trace,
    mark: int | None,
    nodes: Sequence[str] | None,
    until: float | None,
    limit: int,
) -> Extract:
    """Keep the steps up to `until`, at most `limit` (the last before a mark), and the lanes."""
    keep = _window(trace, mark, until, limit)
    notes = []
    if len(keep) < len(trace):
        part = (
            f"steps {keep[0] + 1} to {keep[-1] + 1}" if keep and keep[0] else f"first {len(keep)}"
        )
        notes.append(f"{part} of {len(trace)} steps shown")
    steps = [trace.steps[i] for i in keep]
    every = Trace(steps).nodes()
    lanes = every if nodes is None else [name for name in nodes if name in every]
    if nodes is None and len(every) > MOST_LANES:
        busy = _busiest(steps, trace.steps[mark] if mark is not None else None)
        lanes = [name for name in every if name in busy]
    if len(lanes) < len(every):
        notes.append(f"{len(lanes)} of {len(every)} nodes shown")
        keep = [i for i in keep if _within(trace.steps[i], lanes)]
    place = {i: n for n, i in enumerate(keep)}
    marked = place.get(mark) if mark is not None else None
    return Extract([trace.steps[i] for i in keep], lanes, marked, notes)


def _window(trace: Trace, mark: int | None, until: float | None, limit: int) -> list[int]:
    last = len(trace) - 1
    if until is not None:
        last = max((i for i, s in enumerate(trace.steps) if s.time <= until), default=-1)
    if mark is not None:
        last = max(last, mark)
        first = max(0, mark + 1 - limit)
    else:
        first = 0
    return list(range(first, min(last + 1, first + limit)))


def _busiest(steps: Sequence[Step], marked: Step | None) -> set[str]:
    weight = Counter(name for s in steps for name in (s.node, s.peer) if name)
    for name in (marked.node, marked.peer) if marked else ():
        weight[name] += 2 * len(steps)
    return {name for name, _ in weight.most_common(MOST_LANES)}


def _within(step: Step, lanes: Sequence[str]) -> bool:
    return step.node in lanes and (not step.peer or step.peer in lanes)
