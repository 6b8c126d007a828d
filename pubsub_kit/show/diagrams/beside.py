"""The page of two runs: what differs in words and numbers, and their lanes on one clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.diagrams import glyphs, story
from pubsub_kit.show.diagrams.extract import Extract
from pubsub_kit.show.diagrams.lanes import Lanes
from pubsub_kit.show.diagrams.panel import Entry, Panel
from pubsub_kit.show.diagrams.rows import GUTTER, Rows, axis_of
from pubsub_kit.show.ink import fit, wrap
from pubsub_kit.show.labels import Paper

_WIDTH, _EDGE, _BETWEEN = 700.0, 14.0, 16.0
_HEAD = 18.0  # pixels from the first step up to the lanes' names
_NAMES = 62.0  # pixels from the words above the lanes down to the first step
_TALL = 640.0  # pixels: above this, the lanes are named at their lower ends too
_MOST_BESIDE = 3  # lanes of each run, where both stand side by side
_FEW = 2  # labels that may be missing there


class Half(NamedTuple):
    """One of the two runs: its words, the steps to draw, their rows, and what is not shown."""

    label: str
    caption: str
    part: Extract
    rows: Rows
    note: str

    @property
    def end(self) -> float:
        """When the last step happened that is shown (seconds)."""
        return max((step.time for step in self.part.steps), default=0.0)

    def faults(self) -> dict[int, str]:
        """Return the faults that are shown, by their numbers, in words."""
        steps = self.part.steps
        sent = story.sent_words(steps)
        faults = [step for step in steps if step.fault][:9]
        return {n: story.sentence(s, sent.get(s.message, "")) for n, s in enumerate(faults, 1)}


class Sheet:
    """The page: the words and the numbers, both runs, and below them their faults."""

    def __init__(
        self,
        halves: Sequence[Half],
        names: Sequence[str],
        words: tuple[str, str, Sequence[str]],
        table: list[Entry],
    ) -> None:
        self.halves, self.names = halves, names
        self.title, self.said, self.notes = words
        labels = (halves[0].label, halves[1].label)
        most = _WIDTH - 2 * _EDGE
        self.panel = Panel(table, most, labels, wrong=False) if table else None
        self.canvas = Canvas(_WIDTH, 0.0)
        self.dropped, self.below = 0, list[str]()

    def draw(self) -> Canvas:
        """Draw it side by side if nearly all words find a place, else one above the other."""
        if len(self.names) <= _MOST_BESIDE:
            y = self._beside(self._above())
            if self.dropped <= _FEW and not self._is_cut():
                return self._end(y)
        self.canvas, self.dropped, self.below = Canvas(_WIDTH, 0.0), 0, []
        return self._end(self._stacked(self._above()))

    def _is_cut(self) -> bool:
        return bool(self.below) or any(text.text.endswith("…") for text in self.canvas.texts())

    def _above(self) -> float:
        room = _WIDTH - 2 * _EDGE
        self.canvas.text(_EDGE, 24, fit(self.title, room, 15, True), 15, bold=True)
        y = 34.0
        for line in wrap(f"{glyphs.PARTS} {self.said}", room, 13, bold=True):
            self.canvas.text(_EDGE, y + 12, line, 13, bold=True)
            y += 18
        if self.panel:
            self.panel.draw(self.canvas, _EDGE, y + 6)
            y += self.panel.height + 12
        return y + 6

    def _beside(self, y: float) -> float:
        wide = (_WIDTH - GUTTER - 10 - _BETWEEN) / 2
        lefts = (GUTTER, GUTTER + wide + _BETWEEN)
        said = max(self._words(half, left, y, wide) for half, left in self._placed(lefts))
        top = said + _NAMES
        axis_of(self.canvas, self.halves[0].rows, top, _WIDTH - 10)
        middle = lefts[1] - _BETWEEN / 2
        bottom = top + self.halves[0].rows.height + 14
        self.canvas.line((middle, y + 2), (middle, bottom), "faint", 1.4)
        for half, left in self._placed(lefts):
            self._run(half, (left, left + wide), top)
        tall = self.halves[0].rows.height > _TALL
        return bottom + 10 + (self._names_again(lefts, wide, bottom) if tall else 0.0)

    def _placed(self, lefts: Sequence[float]) -> list[tuple[Half, float]]:
        return list(zip(self.halves, lefts, strict=True))

    def _names_again(self, lefts: Sequence[float], wide: float, bottom: float) -> float:
        """Name tall lanes at their lower ends too; return the room that it takes."""
        for left in lefts:
            xs, column = self._lanes(left, left + wide)
            low = bottom + 6 + (22.0 if column < glyphs.NARROW else 0.0)
            glyphs.header(self.canvas, xs, low, column, (left - 8, left + wide + 6))
        return 54.0

    def _stacked(self, y: float) -> float:
        wide = _WIDTH - GUTTER - 10
        for half in map(_to_its_end, self.halves):
            y = self._words(half, _EDGE, y, _WIDTH - 2 * _EDGE)
            narrow = self._lanes(GUTTER, GUTTER + wide)[1] < glyphs.NARROW
            top = y + _NAMES + (22.0 if narrow else 0.0)
            axis_of(self.canvas, half.rows, top, _WIDTH - 10)
            self._run(half, (GUTTER, GUTTER + wide), top)
            bottom = top + half.rows.height + 14
            again = self._names_again((GUTTER,), wide, bottom) if half.rows.height > _TALL else 0.0
            y = bottom + again + 24
            if not half.note and half.end < max(other.end for other in self.halves):
                self.canvas.text(GUTTER, y - 8, "nothing more happens", 11, "muted")
        return y

    def _words(self, half: Half, x: float, y: float, room: float) -> float:
        """Write a run's label and caption; return where they end."""
        self.canvas.rect(x, y, 4, 18, "ink")
        self.canvas.text(x + 10, y + 14, fit(half.label, room - 10, 14, True), 14, bold=True)
        y += 22
        for line in wrap(half.caption, room, 12):
            self.canvas.text(x, y + 12, line, 12)
            y += 16
        return y

    def _lanes(self, left: float, right: float) -> tuple[dict[str, float], float]:
        """Return where each lane stands between two edges, and how far apart they are."""
        gaps = max(len(self.names) - 1, 1)
        wide = right - left > _WIDTH / 2
        lead = 36.0 if gaps > 6 or not wide else 50.0
        trail = (118.0 if gaps <= 6 else 60.0) if wide else (110.0 if gaps == 1 else 70.0)
        column = min((right - left - lead - trail) / gaps, 220.0)
        return {name: left + lead + column * i for i, name in enumerate(self.names)}, column

    def _run(self, half: Half, edges: tuple[float, float], top: float) -> None:
        left, right = edges
        xs, column = self._lanes(left, right)
        bottom = top + half.rows.height + 14
        glyphs.header(self.canvas, xs, top - 46, column, (left - 8, right + 6))
        paper = Paper(left, top - _HEAD, right, bottom + 6)
        ys = [top + y for y in half.rows.ys]
        breaks = [top + y for y, _ in half.rows.breaks]
        lanes = Lanes(self.canvas, paper, half.part, xs, ys, bottom, breaks)
        self.dropped += lanes.draw()
        self.below += [f"{half.label}: {said}" for said in lanes.below]

    def _end(self, y: float) -> Canvas:
        for said in self.below:
            for line in wrap(said, _WIDTH - 2 * _EDGE, 12, True):
                self.canvas.text(_EDGE, y + 12, line, 12, "fault", bold=True)
                y += 16
        faults = [half.faults() for half in self.halves]
        if faults[0] == faults[1]:
            y = self._faults("", faults[0], y)
        else:
            for half, found in zip(self.halves, faults, strict=True):
                y = self._faults(half.label, found, y)
        notes = [*self.notes]
        some = "1 label" if self.dropped == 1 else f"{self.dropped} labels"
        notes += [f"{some} left out for lack of room"] if self.dropped else []
        for note in notes:
            for line in wrap(note, _WIDTH - 2 * _EDGE, 11):
                self.canvas.text(_EDGE, y + 12, line, 11, "muted")
                y += 16
        self.canvas.h = y + 8
        return self.canvas

    def _faults(self, label: str, faults: dict[int, str], y: float) -> float:
        """List the faults of a run, or of both, where they are the same; return where it ends."""
        for n, said in faults.items():
            self.canvas.badge(24, y + 8, n)
            words = f"{label}: {said}" if label else said
            for line in wrap(words, _WIDTH - 60, 12):
                self.canvas.text(38, y + 12, line, 12)
                y += 16
            y += 4
        return y


def _to_its_end(half: Half) -> Half:
    """Let a run that stands alone end where its last step is."""
    end = max(half.rows.ys, default=0.0)
    ticks = [tick for tick in half.rows.ticks if tick[0] <= end]
    breaks = [gap for gap in half.rows.breaks if gap[0] < end]
    return half._replace(rows=half.rows._replace(height=end, ticks=ticks, breaks=breaks))
