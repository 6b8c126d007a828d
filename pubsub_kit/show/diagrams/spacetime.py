"""The space-time diagram: who sent what to whom and when, with time running downward.

Each node has a lifeline and each message an arrow from its sending to its arrival: Lamport's
diagrams, turned as sequence diagrams are, so that every label lies flat and has a column's width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pubsub_kit.show import given
from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.diagrams import glyphs, story
from pubsub_kit.show.diagrams.extract import Extract, extract
from pubsub_kit.show.diagrams.lanes import Lanes
from pubsub_kit.show.diagrams.panel import Entry, Panel, difference, entries
from pubsub_kit.show.diagrams.rows import GUTTER, axis_of, rows
from pubsub_kit.show.ink import clean, fit, seconds, wrap
from pubsub_kit.show.labels import Paper
from pubsub_kit.show.picture import Drawing, Picture, PictureError
from pubsub_kit.world.trace import Trace

_WIDTH = 800.0
_MOST_FAULTS = 9
_TALL = 640.0  # pixels: above this, the lanes are named at their lower ends too
_HEAD = 18.0  # pixels from the first step up to the lanes' names


def spacetime(
    trace: Trace,
    *,
    mark: int | None = None,
    blocker: int | None = None,
    expected: Any = None,
    actual: Any = None,
    caption: str | None = None,
    title: str | None = None,
    nodes: Sequence[str] | None = None,
    until: float | None = None,
    axis: str | None = None,
    limit: int = 400,
) -> RunPicture:
    """Draw a run: lanes for nodes, arrows for messages, and every fault numbered and named.

    `mark` is the index of the step to ring as the violation, `blocker` that of the step which kept
    something from happening, in a frame of its own. `expected` and `actual` are two states
    (mappings, or anything that prints) to set side by side. `nodes` chooses lanes and their order;
    `until` (virtual seconds) and `limit` (steps) cut a long run; `axis` is "time", "order" or None
    for whichever reads better. Raises PictureError where one of them makes no sense.
    """
    if not isinstance(trace, Trace):
        raise PictureError(
            f"a run is drawn from its trace, not from {clean(repr(trace))[:60]}: give what "
            "world.run() returns."
        )
    for name, step in (("mark", mark), ("blocker", blocker)):
        if step is not None and not 0 <= step < len(trace):
            raise PictureError(
                f"{name}={step} is not a step of this trace: it has {len(trace)} steps."
            )
    if axis not in (None, "time", "order"):
        raise PictureError(
            f"axis={axis!r} is neither 'time' nor 'order': choose one or leave it out."
        )
    if nodes is not None:
        given.several("nodes=", "a list of names", nodes, str)
    if until is not None:
        given.moment("until=", until)
    given.whole("limit=", limit)
    known = trace.nodes()
    if strange := [name for name in nodes or () if name not in known]:
        there = ", ".join(map(clean, known)) or "none"
        raise PictureError(f"{strange[0]!r} is no node of this run; there are: {there}.")
    trace = from_zero(trace)
    part = extract(trace, mark, nodes, until, max(limit, 1), blocker)
    states = expected is not None or actual is not None
    table = entries(expected, actual) if states else []
    canvas = _Sheet(part, axis, table, clean(title or ""), clean(caption or "")).draw()
    text = _summary(trace, part, (mark, blocker), table, title, caption)
    name = clean(title or "Space-time diagram")
    run = Run(trace, mark, blocker, tuple(nodes or ()), until)
    return RunPicture(canvas, text, f"Space-time diagram. {text}", name, _tally(trace, part), run)


class Run(NamedTuple):
    """What a space-time diagram shows: its trace, its marks (steps), its lanes, up to when."""

    trace: Trace
    mark: int | None = None
    blocker: int | None = None
    nodes: tuple[str, ...] = ()
    until: float | None = None


class RunPicture(Picture):
    """The picture of one run, which can be laid beside that of another."""

    def __init__(
        self, drawing: Drawing, text: str, alt: str, title: str, beyond: str, run: Run
    ) -> None:
        super().__init__(drawing, text, alt, title, beyond)
        self.run = run


def from_zero(trace: Trace) -> Trace:
    """Count from the first step where times are a wall clock's, which nobody can read."""
    if not trace or trace[0].time < 1e8:
        return trace
    return Trace([step._replace(time=step.time - trace[0].time) for step in trace])


class _Sheet:
    """The page: title and caption, lanes with their header, states beside them, faults below."""

    def __init__(
        self, part: Extract, axis: str | None, table: list[Entry], title: str, caption: str
    ) -> None:
        self.part, self.title, self.caption = part, title, caption
        gaps = max(len(part.lanes) - 1, 1)
        beside = bool(table) and gaps <= 3
        self.panel = (
            Panel(table, (300.0 if gaps < 3 else 236.0) if beside else 720) if table else None
        )
        aside = self.panel.w + 14 if self.panel and beside else 0.0
        self.beside = beside
        lead, trail = (50.0, 90.0 if beside else 118.0) if gaps <= 6 else (36.0, 60.0)
        self.column = min((_WIDTH - 10 - aside - GUTTER - lead - trail) / gaps, 220.0)
        self.lanes_right = max(GUTTER + lead + self.column * gaps + trail, 460.0)
        self.xs = {name: GUTTER + lead + self.column * i for i, name in enumerate(part.lanes)}
        self.w = max(self.lanes_right + 10 + aside, self.panel.w + 28 if self.panel else 0.0)
        self.rows = rows(part.steps, axis)
        staggered = self.column < glyphs.NARROW
        # Above the lanes, where it stays in sight however tall they are.
        self.said = wrap(self.caption, self.w - 28, 13)
        self.top = 62.0 + (26.0 if title else 0.0) + (22.0 if staggered else 0.0)
        self.top += 18.0 * len(self.said) + (4.0 if self.said else 0.0)
        self.bottom = self.top + self.rows.height + 14
        self.canvas = Canvas(self.w, self.bottom)
        self.canvas.fold = self.top - _HEAD

    def draw(self) -> Canvas:
        ys = [self.top + y for y in self.rows.ys]
        if self.title:
            self.canvas.text(14, 24, fit(self.title, self.w - 28, 15, True), 15, "ink", bold=True)
        for n, line in enumerate(self.said):
            self.canvas.text(14, (42.0 if self.title else 18.0) + 18 * n, line, 13)
        self._header(self.top - 46)
        self._axis()
        paper = Paper(GUTTER, self.top - _HEAD, self.lanes_right, self.bottom + 6)
        breaks = [self.top + y for y, _ in self.rows.breaks]
        lanes = Lanes(self.canvas, paper, self.part, self.xs, ys, self.bottom, breaks)
        dropped = lanes.draw()
        notes = [*self.part.notes]
        some = "1 label" if dropped == 1 else f"{dropped} labels"
        notes += [f"{some} left out for lack of room"] if dropped else []
        y = self.bottom + 14
        if self.rows.height > _TALL:
            self._header(y - 8 + (22.0 if self.column < glyphs.NARROW else 0.0))
            y += 30 + (22.0 if self.column < glyphs.NARROW else 0.0)
        if self.panel and self.beside:
            y = max(y, self._beside(lanes))
        self.canvas.h = self._below(y, lanes, notes)
        return self.canvas

    def _header(self, y: float) -> None:
        edges = (GUTTER - 8, self.lanes_right + 6)
        glyphs.header(self.canvas, self.xs, y, self.column, edges)

    def _axis(self) -> None:
        axis_of(self.canvas, self.rows, self.top, self.lanes_right)

    def _beside(self, lanes: Lanes) -> float:
        assert self.panel
        mark = self.part.mark
        at = lanes.points[mark][1] if mark in lanes.points else self.bottom
        y = max(min(at - self.panel.height / 2, self.bottom - self.panel.height), self.top - _HEAD)
        self.panel.draw(self.canvas, self.lanes_right + 8, y)
        return y + self.panel.height + 12

    def _below(self, y: float, lanes: Lanes, notes: list[str]) -> float:
        for said in lanes.below:
            for line in wrap(said, self.w - 28, 12, True):
                self.canvas.text(14, y + 12, line, 12, "fault", bold=True)
                y += 16
        for i, n in lanes.badges.items():
            step = self.part.steps[i]
            said = story.sentence(step, lanes.sent.get(step.message, ""))
            self.canvas.badge(24, y + 8, n)
            for line in wrap(said, self.w - 60, 12):
                self.canvas.text(38, y + 12, line, 12)
                y += 16
            y += 4
        if self.panel and not self.beside:
            self.panel.draw(self.canvas, 14, y + 4)
            y += self.panel.height + 12
        for note in notes:
            self.canvas.text(14, y + 12, note, 11, "muted")
            y += 16
        return y + 8


def _tally(trace: Trace, part: Extract) -> str:
    """Count what happened, in a line that the drawing itself does not have."""
    span = trace[-1].time - trace[0].time if len(trace) else 0.0
    names = ", ".join(clean(name) for name in part.lanes)
    return f"{names or 'nobody'}: {story.tally(trace)} in {seconds(span)}"


def _summary(
    trace: Trace,
    part: Extract,
    marks: tuple[int | None, int | None],
    table: list[Entry],
    title: str | None,
    caption: str | None,
) -> str:
    """Say in a few lines what the picture shows: the counts, the faults, the violation."""
    lines = [clean(title)] if title else []
    lines.append(_tally(trace, part))
    faults = trace.faults()
    sent = story.sent_words(trace)
    for n, step in enumerate(faults[:_MOST_FAULTS], 1):
        lines.append(f"fault {n}: {story.sentence(step, sent.get(step.message, ''))}")
    if len(faults) > _MOST_FAULTS:
        lines.append(f"… and {len(faults) - _MOST_FAULTS} more faults")
    for word, mark in zip(("here", "why"), marks, strict=True):
        if mark is not None:
            step = trace[mark]
            said = story.sentence(step, sent.get(step.message, ""))
            lines.append(f"✗ {word}, step {mark + 1}: {said}")
    if differing := difference(table):
        lines.append(f"✗ {differing}")
    lines += [clean(caption)] if caption else []
    lines += [f"({note})" for note in part.notes]
    return "\n".join(lines)
