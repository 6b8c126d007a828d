"""A run beside its fix: two runs on one clock, where they part, and the numbers that changed.

Up to three lanes, they stand side by side; else, or if their words need the room, one stands above
the other. Either way a moment is as far below the first in both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pubsub_kit.show import given
from pubsub_kit.show.diagrams import story
from pubsub_kit.show.diagrams.beside import Half, Sheet
from pubsub_kit.show.diagrams.extract import MOST_LANES, Extract, busiest, within
from pubsub_kit.show.diagrams.numbers import changed
from pubsub_kit.show.diagrams.panel import Entry
from pubsub_kit.show.diagrams.parting import cut, parting, shared_rows, told, window
from pubsub_kit.show.diagrams.rows import rows_of
from pubsub_kit.show.diagrams.spacetime import Run, RunPicture, from_zero
from pubsub_kit.show.ink import clean, seconds
from pubsub_kit.show.picture import Picture, PictureError
from pubsub_kit.world.trace import Step, Trace

_SAME = "The two runs are the same, step for step."


def compare_runs(
    before: Trace | RunPicture,
    after: Trace | RunPicture,
    *,
    labels: tuple[str, str] = ("before", "after"),
    captions: tuple[str, str] = ("", ""),
    also: Mapping[str, tuple[object, object]] | None = None,
    title: str | None = None,
    nodes: Sequence[str] | None = None,
    until: float | None = None,
    axis: str | None = None,
    only_shared_rows: bool = False,
    limit: int = 40,
) -> Picture:
    """Lay two runs on one clock: the first step at which they differ, and the numbers that changed.

    A run is a trace, or a picture of one: `show.trace(…)` brings its marks and lanes along. Each
    has its label and, if given, its caption. The numbers are what the traces tell of messages
    (never handled, handled twice, lag, publish to ack), calls and writes; `also` adds others, each
    with its two values. Only those that differ are shown. With `only_shared_rows`, a write differs
    by the rows that both runs write. `nodes`, `until` (virtual seconds), `axis` and `limit` (steps
    of each run) are as for `show.trace`. Raises PictureError where one of them makes no sense.
    """
    for name, two in (("labels=", labels), ("captions=", captions)):
        given.several(name, "two texts", two, str)
        if len(two) != 2:
            raise PictureError(f"{name} takes two texts, one for each run, not {len(two)}.")
    given.a_mapping("also=", "a mapping from names to two values", also or {})
    for name, pair in (also or {}).items():
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise given.wrong(f"also[{name!r}]", "two values, one for each run", pair)
    if nodes is not None:
        given.several("nodes=", "a list of names", nodes, str)
    if until is not None:
        given.moment("until=", until)
    given.whole("limit=", limit, 1)
    runs = [_run_of(run, nodes, until) for run in (before, after)]
    names = tuple(map(clean, labels))
    if len(names) != 2 or not all(names) or names[0] == names[1]:
        raise PictureError(f"labels={labels!r} do not tell two runs apart: give two names.")
    if axis not in (None, "time", "order"):
        raise PictureError(
            f"axis={axis!r} is neither 'time' nor 'order': choose one or leave it out."
        )
    lanes, hidden = _lanes(runs, nodes)
    seen = [_Seen.of(run, lanes) for run in runs]
    one, other = (run.steps for run in seen)
    shared = shared_rows(one, other) if only_shared_rows else None
    parts = parting(one, other, shared)
    said = _SAME if parts is None else _difference(one, other, parts, names)
    numbers = changed(runs[0].trace.steps, runs[1].trace.steps, also or {})
    halves = _halves(seen, lanes, parts, (names, tuple(map(clean, captions))), axis, limit)
    notes = [*([f"{hidden} more nodes are not shown"] if hidden else []),
             *(f"{half.label}: {half.note}" for half in halves if half.note)]  # fmt: skip
    table = [Entry(*row) for row in numbers]
    name = clean(title or f"{names[0]} beside {names[1]}")
    canvas = Sheet(halves, lanes, (name, said, notes), table).draw()
    lines = _summary([run.trace.steps for run in runs], seen, halves, numbers)
    text = "\n".join([name, said, *lines, *(f"({note})" for note in notes)])
    return Picture(canvas, text, f"Two space-time diagrams on one clock. {text}", name)


class _Seen(NamedTuple):
    """The steps of a run on the lanes that are drawn, and its marks among them."""

    steps: list[Step]
    mark: int | None
    blocker: int | None
    total: int  # steps on these lanes, those after `until` among them

    @classmethod
    def of(cls, run: Run, lanes: Sequence[str]) -> _Seen:
        """Keep what these lanes show of a run."""
        marks = (run.mark, run.blocker)
        ends = float("inf") if run.until is None else run.until
        there = [i for i, step in enumerate(run.trace) if within(step, lanes)]
        kept = [i for i in there if run.trace[i].time <= ends or i in marks]
        place = {i: n for n, i in enumerate(kept)}
        here, why = (None if i is None else place.get(i) for i in marks)
        return cls([run.trace.steps[i] for i in kept], here, why, len(there))


def _run_of(run: Trace | RunPicture, nodes: Sequence[str] | None, until: float | None) -> Run:
    found = run.run if isinstance(run, RunPicture) else run
    if isinstance(found, Trace):
        found = Run(from_zero(found))
    if not isinstance(found, Run):
        raise PictureError(
            f"two runs are compared, not {clean(repr(run))[:60]}: give what world.run() returns, "
            "or what show.trace(…) draws of it."
        )
    if until is not None:
        found = found._replace(until=until)
    return found


def _lanes(runs: Sequence[Run], nodes: Sequence[str] | None) -> tuple[list[str], int]:
    """Return the lanes of both runs, and how many are left out for lack of room."""
    there = list(dict.fromkeys(name for run in runs for name in run.trace.nodes()))
    if strange := [name for name in nodes or () if name not in there]:
        known = ", ".join(map(clean, there)) or "none"
        raise PictureError(f"{strange[0]!r} is no node of these runs; there are: {known}.")
    if nodes is not None:
        return list(dict.fromkeys(nodes)), 0
    if all(run.nodes for run in runs):
        return list(dict.fromkeys(name for run in runs for name in run.nodes)), 0
    if len(there) <= MOST_LANES:
        return there, 0
    busy = busiest([step for run in runs for step in run.trace])
    return [name for name in there if name in busy], len(there) - len(busy)


def _difference(
    one: Sequence[Step], other: Sequence[Step], parts: int, names: Sequence[str]
) -> str:
    """Say how the runs differ at the first step at which they do."""
    steps = [run[parts] if parts < len(run) else None for run in (one, other)]
    said = [told(step, run) for step, run in zip(steps, (one, other), strict=True)]
    times = [seconds(step.time) for step in steps if step is not None]
    where = f"First difference, at {times[0]}" if len(set(times)) == 1 else "First difference"
    if len(set(times)) == 1:
        said = [words.removeprefix(f"{times[0]} · ") for words in said]
    if said[0] == said[1]:
        said = [f"{words} (its data differ)" for words in said]
    return f"{where}: {names[0]}: {said[0]}; {names[1]}: {said[1]}."


def _halves(
    seen: Sequence[_Seen],
    lanes: list[str],
    parts: int | None,
    words: tuple[Sequence[str], Sequence[str]],
    axis: str | None,
    limit: int,
) -> list[Half]:
    marks = [[i for i in (run.mark, run.blocker) if i is not None] for run in seen]
    kept = window([run.steps for run in seen], parts, marks, max(limit, 20))
    laid = rows_of([[run.steps[i] for i in keep] for run, keep in zip(seen, kept, strict=True)],
                   axis)  # fmt: skip
    halves = []
    for run, keep, rows, label, caption in zip(seen, kept, laid, *words, strict=True):
        place = {i: n for n, i in enumerate(keep)}
        found = (None if i is None else place.get(i) for i in (run.mark, run.blocker, parts))
        mark, blocker, parting_at = found
        steps = [run.steps[i] for i in keep]
        part = Extract(steps, lanes, mark, [], blocker, parting_at)
        halves.append(Half(label, caption, part, rows, cut(keep, run.total)))
    return halves


def _summary(
    whole: Sequence[list[Step]],
    seen: Sequence[_Seen],
    halves: Sequence[Half],
    numbers: Sequence[tuple[str, str, str]],
) -> list[str]:
    """Say in a few lines what both runs show, and what changed."""
    lines = []
    for steps, run, half in zip(whole, seen, halves, strict=True):
        span = steps[-1].time - steps[0].time if steps else 0.0
        lines.append(f"{half.label}: {story.tally(steps)} in {seconds(span)}")
        lines += [f"{half.label}, fault {n}: {words}" for n, words in half.faults().items()]
        for word, i in (("here", run.mark), ("why", run.blocker)):
            if i is not None:
                sent = story.sent_words(run.steps).get(run.steps[i].message, "")
                lines.append(f"{half.label}, ✗ {word}: {story.sentence(run.steps[i], sent)}")
        lines += [f"{half.label}: {half.caption}"] if half.caption else []
    first, second = (half.label for half in halves)
    return [*lines, *(f"{what}: {a} ({first}), {b} ({second})" for what, a, b in numbers)]
