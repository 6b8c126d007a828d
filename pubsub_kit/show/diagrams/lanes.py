"""The drawing of a run: lanes, arrows, bars and marks, and then the labels, which never overlap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.diagrams import glyphs, story
from pubsub_kit.show.diagrams.extract import Extract
from pubsub_kit.show.diagrams.spots import along
from pubsub_kit.show.diagrams.story import Message, Span
from pubsub_kit.show.labels import Bounds, Paper, Spot
from pubsub_kit.show.marks import Point
from pubsub_kit.world.trace import Step

_BAR = 5.0
_URGENT = ("crash", "restart", "lose", "partition", "repair")
_MOST_LINES = 5  # of a label
_TELLING = ("effect", "timeout", "retry", "breaker", "pause")


class Label(NamedTuple):
    """Words waiting for a place; the lowest rank chooses first."""

    rank: int
    spots: tuple[Spot, ...]
    text: str
    step: int


class Lanes:
    """Draws steps at known places: `xs` by node, `ys` by step, in pixels."""

    def __init__(
        self,
        canvas: Canvas,
        paper: Paper,
        part: Extract,
        xs: Mapping[str, float],
        ys: Sequence[float],
        bottom: float,
        breaks: Sequence[float] = (),
    ) -> None:
        steps = part.steps
        self.canvas, self.paper, self.steps = canvas, paper, steps
        marks = {part.blocker: "✗ why", part.mark: "✗ here"}
        self.marks = {i: words for i, words in marks.items() if i is not None}
        if (i := part.parting) is not None:
            self.marks[i] = f"{glyphs.PARTS} {self.marks.get(i, '')}".strip()
        self.xs, self.ys, self.bottom, self.breaks = xs, ys, bottom, breaks
        self.labels: list[Label] = []
        self.below: list[str] = []  # what a marked step says, where there is no room beside it
        self.points: dict[int, Point] = {}
        self.sent = story.sent_words(steps)
        faults = [i for i, step in enumerate(steps) if step.fault]
        self.badges = {i: n for n, i in enumerate(faults, 1)} if len(faults) <= 9 else {}
        gaps = sorted(xs.values())
        self.column = min((b - a for a, b in pairwise(gaps)), default=240.0)

    def draw(self) -> int:
        """Draw everything; return how many labels found no place."""
        self._lifelines()
        for span in story.handlers(self.steps):
            self._handler(span)
        for span in story.pauses(self.steps):
            self._pause(span)
        self._breaks()
        for message in story.messages(self.steps):
            self._message(message)
        for i, step in enumerate(self.steps):
            if step.kind not in ("send", "receive", "lose"):
                self._event(i, step)
        self._ring()
        return self._place()

    def _lifelines(self) -> None:
        top = min(self.ys, default=0.0) - 12
        down = story.outages(self.steps)
        for node, x in self.xs.items():
            y = top
            self.paper.ink((x, top), (x, self.bottom))
            for span in (s for s in down if s.node == node):
                start = self.ys[span.start]
                stop = self.bottom if span.end is None else self.ys[span.end]
                self.canvas.line((x, y), (x, start), "muted", 1)
                self.canvas.line((x, start), (x, stop), "fault", 1.6, "dotted")
                y = stop
            if y < self.bottom:
                self.canvas.line((x, y), (x, self.bottom), "muted", 1)

    def _breaks(self) -> None:
        """Interrupt every lane where a long wait was cut out of the axis."""
        for y in self.breaks:
            for x in self.xs.values():
                glyphs.gap(self.canvas, x, y)

    def _handler(self, span: Span) -> None:
        x = self.xs[span.node] + min(span.depth, 3) * 4.0
        y = self.ys[span.start]
        stop = self.bottom if span.end is None else self.ys[span.end]
        self.canvas.rect(x - _BAR, y, 2 * _BAR, max(stop - y, 4), "tint", "muted", 0, 1)

    def _pause(self, span: Span) -> None:
        x, y = self.xs[span.node], self.ys[span.start]
        stop = self.bottom if span.end is None else self.ys[span.end]
        self.canvas.hatch(x - _BAR, y, 2 * _BAR, max(stop - y, 8))

    def _message(self, message: Message) -> None:
        known = message.start if message.start is not None else message.end
        assert known is not None
        step = self.steps[known]
        sender, receiver = (step.node, step.peer)
        if step.kind == "receive":
            sender, receiver = receiver, sender
        if message.end is not None and message.fate != "lost":
            receiver = self.steps[message.end].node
        a, b = self.xs.get(sender), self.xs.get(receiver)
        if a is None or b is None:
            a, b = self._stub(a, b)
        if a == b:
            self._loop(message, a)
            return
        way = 1 if b > a else -1
        y = self.ys[known]
        stop = self.ys[message.end] if message.end is not None else y + 12
        p, q = (a + way * _BAR, y), (b - way * _BAR, max(stop, y))
        self._arrow(message, p, q, way)
        end, said = message.end, {label.step for label in self.labels}
        if end is not None and end not in said and story.refused(self.steps[end]):
            self._say(end, self._at_head(q, way))

    def _stub(self, a: float | None, b: float | None) -> tuple[float, float]:
        """Give a message from or to a lane that is not drawn a short way of its own."""
        x = a if a is not None else b if b is not None else min(self.xs.values())
        return (x, x + 40) if b is None else (x - 40, x)

    def _arrow(self, message: Message, p: Point, q: Point, way: int) -> None:
        if message.fate == "lost":
            assert message.end is not None
            stop = (p[0] + (q[0] - p[0]) * 0.55, max(q[1], p[1] + 6))
            self.canvas.line(p, stop, "fault", 1.6)
            self.paper.ink(p, stop)
            self.canvas.cross(*stop, 5.5)
            self._point(message.end, stop, 7)
            room = abs(q[0] - stop[0]) - 12
            near = Spot(stop[0] + way * 11, stop[1], "start" if way > 0 else "end", room)
            below = Spot(stop[0], stop[1] + 15, "middle", self.column)
            self._say(message.end, (near, below))
        elif message.fate == "open":
            half = (p[0] + (q[0] - p[0]) * 0.5, q[1])
            self.canvas.line(p, half, "message", 1.2, "dotted")
        else:
            again = message.fate == "duplicate"
            self.paper.ink(p, q)
            self.canvas.arrow((p, q), "message", 1.4, "dashed" if again else "")
            assert message.end is not None
            self._point(message.end, q, 3)
            if again or self.steps[message.end].fault or message.end in self.marks:
                self._say(message.end, self._at_head(q, way), "dup" if again else "")
        if message.start is not None and message.fate != "duplicate":
            self._point(message.start, p, 2)
            self._say(message.start, along(p, q, way, self.paper.edge.right))

    def _at_head(self, q: Point, way: int) -> tuple[Spot, ...]:
        near, far = ("end", "start") if way > 0 else ("start", "end")
        return (
            Spot(q[0] - way * 12, q[1] + 9, near, self.column - 20),
            Spot(q[0] + way * 16, q[1], far, self.column - 20),
            Spot(q[0] - way * 14, q[1] - 9, near, self.column - 20),
        )

    def _loop(self, message: Message, x: float) -> None:
        known = message.start if message.start is not None else message.end
        assert known is not None
        y = self.ys[known]
        stop = max(self.ys[message.end] if message.end is not None else y + 8, y + 8)
        way = ((x + _BAR, y), (x + 26, y), (x + 26, stop), (x + _BAR + 1, stop))
        if message.fate == "lost":
            self.canvas.polyline(way[:3], "fault")
            self.canvas.cross(x + 26, stop, 5)
        else:
            self.canvas.arrow(way, dash="dashed" if message.fate == "duplicate" else "")
        for index in (message.start, message.end):
            if index is not None:
                self._point(index, (x + _BAR, self.ys[index]), 3)
        self._say(known, (Spot(x + 32, (y + stop) / 2, "start", self.column),))

    def _event(self, i: int, step: Step) -> None:
        x, y = self.xs[step.node], self.ys[i]
        if step.kind in ("partition", "repair"):
            glyphs.cut(self.canvas, x, y, self.xs.get(step.peer, x), step.kind == "repair")
            spots = self._over(x, y, step)
        elif owners := story.owners(step):
            self._owners(i, y, owners)
            return
        else:
            glyphs.draw(self.canvas, step.kind, x, y)
            spots = self._beside(x, y, 13 if (m := self.marks.get(i)) is None else glyphs.room(m))
        self._point(i, (x, y), glyphs.REACH.get(step.kind, 6.0))
        self._say(i, spots)

    def _owners(self, i: int, y: float, owners: Mapping[str, str]) -> None:
        """Draw a rebalance: a line through all lanes, and above it what each of them owns."""
        self.canvas.line((min(self.xs.values()), y), (max(self.xs.values()), y), "message", 2.2)
        for x, text in ((self.xs[name], owners[name]) for name in self.xs if name in owners):
            glyphs.draw(self.canvas, "note", x, y)
            self._point(i, (x, y), 2.0)
            spots = (Spot(x + 8, y - 9, "start", 160.0), Spot(x - 8, y - 9, "end", 160.0))
            self.labels.append(Label(2, spots, text, i))

    def _over(self, x: float, y: float, step: Step) -> tuple[Spot, ...]:
        way = 1 if self.xs.get(step.peer, x + 1) > x else -1
        side = "start" if way > 0 else "end"
        return tuple(Spot(x + way * 8, y + dy, side, self.column) for dy in (-9, 9))

    def _beside(self, x: float, y: float, gap: float) -> tuple[Spot, ...]:
        """Beside a mark: in its column, else a little beyond; a label far away would mislead."""
        edge = self.paper.edge
        right, left = x + gap, x - gap
        column = self.column - 24
        ahead = min(edge.right - right, 1.6 * self.column)
        back = min(left - edge.left, 1.2 * self.column)
        return (
            Spot(right, y, "start", column),
            Spot(left, y, "end", min(column, back)),
            Spot(right, y, "start", ahead),
            Spot(left, y, "end", back),
            *(Spot(right, y + dy, "start", ahead) for dy in (13, -13)),
            *(Spot(left, y + dy, "end", back) for dy in (13, -13)),
        )

    def _point(self, i: int, point: Point, reach: float) -> None:
        """Remember where step `i` was drawn, and keep labels off it."""
        self.points[i] = point
        x, y = point
        self.paper.take(Bounds(x - reach, y - reach, x + reach, y + reach))

    def _say(self, i: int, spots: tuple[Spot, ...], text: str = "") -> None:
        step = self.steps[i]
        said = text or story.words(step, self.sent.get(step.message, ""))
        if mark := self.marks.get(i):
            said = f"{mark}: {said}" if said and mark != glyphs.PARTS else f"{mark} {said}".strip()
        if not said and i not in self.badges:
            return
        rank = 5 if step.kind == "send" else 4
        rank = 2 if step.kind in _URGENT else 3 if step.kind in _TELLING else rank
        rank = 0 if i in self.marks else 1 if step.fault else rank
        self.labels.append(Label(rank, spots, said or step.kind, i))

    def _ring(self) -> None:
        for i, words in self.marks.items():
            if i in self.points:
                x, y = self.points[i]
                glyphs.ring(self.canvas, x, y, words)
                reach = glyphs.room(words) - 5
                self.paper.take(Bounds(x - reach, y - reach, x + reach, y + reach))

    def _place(self) -> int:
        dropped = 0
        for label in sorted(self.labels, key=lambda label: (label.rank, label.step)):
            if label.rank <= 1:
                done = self._shout(label)
            else:
                bold = self.steps[label.step].kind in ("effect", "crash")
                lines = 2 if label.rank <= 4 else 1
                done = self.paper.label(
                    self.canvas, label.spots, label.text, bold=bold, lines=lines
                )
            dropped += not done
        return dropped

    def _shout(self, label: Label) -> bool:
        """Write the words of a fault or of the mark whole, in lines; or refer to those below."""
        badge = self.badges.get(label.step)
        marked = self.marks.get(label.step, "")
        short = marked or ("" if badge else self.steps[label.step].kind)
        spots = (*label.spots, *self._around(label.step))
        fill = "ink" if marked == glyphs.PARTS and badge is None else "fault"
        said: Any = {"fill": fill, "bold": True, "badge": badge, "whole": True}
        ways = ((2, True), (_MOST_LINES, True), (_MOST_LINES, False))
        for text, (lines, strict) in (*((label.text, way) for way in ways), (short, (1, False))):
            if self.paper.label(self.canvas, spots, text, lines=lines, strict=strict, **said):
                if marked and text != label.text:
                    self.below.append(label.text)
                return True
        self.below += [label.text] if marked else []
        return bool(marked)

    def _around(self, i: int) -> Iterator[Spot]:
        """Farther from a step, on either side: for words that must not give way."""
        x, y = self.points[i]
        right, left = self.paper.edge.right - x - 16, x - 16 - self.paper.edge.left
        for dy in (0.0, 16.0, -16.0, 30.0, -30.0):
            for room in (self.column - 24, 1.6 * self.column):
                yield Spot(x + 16, y + dy, "start", min(room, right))
                yield Spot(x - 16, y + dy, "end", min(room, left))
