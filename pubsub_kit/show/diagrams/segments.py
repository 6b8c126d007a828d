"""A log as it lies on disk: a strip of offsets, cut into files, with what is gone and who reads.

    billing ▼ 3                      a cursor stands before the offset that its reader reads next
    [░ ░ ░][3 ░ 5][6 7              ░ is gone: with its file (retention), or alone (compaction)
     gone   sealed active

Nothing is asked of the log: the files say it all, since no offset is ever given out twice. With
`handled`, a row for each reader shows which events it took care of, and each one that nobody or
more than one of them did stands out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from pubsub_kit.log.records import BadRecord
from pubsub_kit.log.segment import Segment
from pubsub_kit.log.segments import DurableEventLog
from pubsub_kit.show import given
from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.ink import clean, fit, width, wrap
from pubsub_kit.show.picture import Picture, PictureError

_WIDTH, _EDGE, _GAP = 820.0, 14.0, 7.0
_CELL, _ROW = 27.0, 22.0
_WIDEST, _NUMBERED = 46.0, 17.0  # pixels for an offset: at most, and at least if it has a number
_BAD = 72.0  # pixels: the end of a file that is torn or damaged
_MOST = 300  # offsets in a picture


class File(NamedTuple):
    """One segment file: its offsets, those that are left in it, and what is wrong at its end."""

    base: int
    end: int
    left: Collection[int]
    active: bool
    bad: str = ""  # "torn" or "damaged"


def segments(
    source: DurableEventLog | str | Path,
    cursors: Mapping[str, int] | None = None,
    *,
    handled: Mapping[str, Iterable[int]] | None = None,
    partition: int = 0,
    title: str | None = None,
    caption: str | None = None,
) -> Picture:
    """Draw a partition of a log on disk, file by file, from the log or from its folder.

    `cursors` are offsets by reader: what each reads next. `handled` has the offsets that each
    reader took care of: every event should be there once. Raises PictureError for what is no log,
    and for more than 300 offsets.
    """
    a_log = "segments() takes a DurableEventLog, or its folder"
    if not isinstance(source, DurableEventLog | str | PathLike):
        raise PictureError(f"{a_log}; this is of type {type(source).__name__}.")
    given.whole("partition=", partition)
    given.a_mapping("cursors=", "a mapping from readers to offsets", cursors or {})
    given.a_mapping("handled=", "a mapping from readers to their offsets", handled or {})
    for name, offset in (cursors or {}).items():
        given.whole(f"cursors[{name!r}]", offset)
    for name, offsets in (handled or {}).items():
        given.several(f"handled[{name!r}]", "offsets", offsets, int)
    files = read_files(source, partition)
    marks = dict(sorted((cursors or {}).items(), key=lambda each: each[1]))
    done = {clean(name): sorted(offsets) for name, offsets in (handled or {}).items()}
    if files[-1].end > _MOST:
        raise PictureError(f"segments() draws up to {_MOST} offsets: this log has {files[-1].end}.")
    lines = [clean(title)] if title else []
    lines += [*_told(files), *_cursors_told(files, marks), *_handled_told(files, done)]
    lines += [clean(caption)] if caption else []
    text = "\n".join(lines)
    canvas = _Strip(files, marks, done).draw(clean(title or ""), clean(caption or ""))
    return Picture(canvas, text, f"Log on disk. {text}", clean(title or "Log on disk"))


def read_files(source: DurableEventLog | str | Path, partition: int = 0) -> list[File]:
    """Return the files of a partition, the oldest first; raises PictureError if there is none."""
    folder = source.path if isinstance(source, DurableEventLog) else Path(source)
    paths = sorted((folder / str(partition)).glob("[0-9]" * 20 + ".log"))
    if not paths:
        raise PictureError(f"segments() draws a log on disk; there is no partition {partition}.")
    return [_file(path, path == paths[-1]) for path in paths]


def _file(path: Path, active: bool) -> File:
    segment, wrong = Segment(path), ""
    try:
        segment.scan()
    except BadRecord as bad:
        wrong = "torn" if bad.torn else "damaged"
    left = [at + i for at, sizes, _ in segment.read(segment.base) for i in range(len(sizes))]
    return File(segment.base, segment.end, left, active, wrong)


def once_each(files: Iterable[File], done: Mapping[str, list[int]]) -> tuple[list[int], list[int]]:
    """Return the offsets that nobody has handled, and those that were handled more than once."""
    counts = {offset: 0 for file in files for offset in file.left}
    for offset in (each for offsets in done.values() for each in offsets):
        counts[offset] = counts.get(offset, 0) + 1
    return [at for at, n in counts.items() if not n], sorted(
        at for at, n in counts.items() if n > 1
    )


# --- in words -------------------------------------------------------------------------------------


def ranges(offsets: Iterable[int]) -> str:
    """Return offsets in words: "0 to 4, 7"; "none" if there are none."""
    runs: list[list[int]] = []
    for offset in sorted({*offsets}):
        if runs and offset == runs[-1][1] + 1:
            runs[-1][1] = offset
        else:
            runs.append([offset, offset])
    return ", ".join(f"{a} to {b}" if a < b else f"{a}" for a, b in runs) or "none"


def _told(files: list[File]) -> Iterable[str]:
    if files[0].base:
        yield f"offsets {ranges(range(files[0].base))}: gone, with their files"
    for file in files:
        kind = "active file" if file.active else "sealed file"
        gone = sorted({*range(file.base, file.end)} - {*file.left})
        words = f"{kind} from {file.base}: offsets {ranges(file.left)}"
        words += f"; gone: {ranges(gone)}" if gone else ""
        yield words + (f"; ✗ {file.bad} from there on" if file.bad else "")


def _cursors_told(files: list[File], cursors: Mapping[str, int]) -> Iterable[str]:
    left = [offset for file in files for offset in file.left]
    for name, at in cursors.items():
        behind = sum(offset >= at for offset in left)
        lost = at < files[0].base
        words = f"cursor {clean(name)} at {at}: {behind} to read"
        yield words + (f"; ✗ {at} to {files[0].base - 1} are gone" if lost else "")


def _handled_told(files: list[File], done: Mapping[str, list[int]]) -> Iterable[str]:
    yield from (f"handled by {name}: {ranges(offsets)}" for name, offsets in done.items())
    if done:
        never, twice = once_each(files, done)
        yield from [f"✗ never handled: {ranges(never)}"] if never else []
        yield from [f"✗ handled twice: {ranges(twice)}"] if twice else []
        yield from [] if never or twice else ["each event is handled once"]


# --- on paper -------------------------------------------------------------------------------------


class _Strip:
    """The strip laid out: how wide an offset is, and where each one stands."""

    def __init__(
        self, files: list[File], cursors: Mapping[str, int], done: Mapping[str, list[int]]
    ) -> None:
        self.files, self.cursors, self.done = files, cursors, done
        names = [*done, *(["once each?"] if done else [])]
        self.left = _EDGE + max((width(name, 12) + 12 for name in names), default=0.0)
        self.end = files[-1].end
        tail = _BAD + 6 if files[-1].bad else 0.0
        flags = [(at, width(_flag(n, at), 12) + 12) for n, at in cursors.items()]
        room = _WIDTH - _EDGE - self.left - _GAP * len(files) - tail
        units = [_WIDEST, room / max(self.end, 1)]
        units += [(room - w) / at for at, w in flags if at > self.end / 2]
        units += [(room - 48) / files[-1].base] if files[-1].base else []  # "active" below it
        self.unit = max(min(units), 1.5)
        self.y = 0.0

    def x(self, offset: int) -> float:
        """Return where an offset's cell begins; between two files is a gap."""
        before = sum(file.base <= offset for file in self.files if file.base)
        return self.left + offset * self.unit + _GAP * before

    def draw(self, title: str, caption: str) -> Canvas:
        c = Canvas(_WIDTH, 0)
        self.y = 12.0
        if title:
            c.text(_EDGE, 24, fit(title, _WIDTH - 2 * _EDGE, 15, True), 15, bold=True)
            self.y = 40.0
        self._flags(c)
        if first := self.files[0].base:
            gone = File(0, first, (), False)
            self._cells(c, gone, "faint")
            self._name(c, gone, "gone", "muted")
        for file in self.files:
            self._cells(c, file, "ink")
            self._name(c, file, "active" if file.active else "sealed", "ink")
        self.y += _CELL + 36
        if self.done:
            self._rows(c)
        for line in wrap(caption, _WIDTH - 2 * _EDGE, 13):
            c.text(_EDGE, self.y + 14, line, 13)
            self.y += 18
        c.h = self.y + 8
        return c

    def _flags(self, c: Canvas) -> None:
        """Draw the cursors, each in a row of its own, the one that is furthest behind on top."""
        bottom = self.y + _ROW * len(self.cursors) + 4
        for row, (name, at) in enumerate(self.cursors.items()):
            x, y = self.x(at) - (_GAP / 2 if at else 0), self.y + _ROW * row
            colour = "fault" if at < self.files[0].base else "message"  # what it reads next is gone
            c.arrow([(x, y + 2), (x, bottom)], colour, 1.6)
            c.text(x + 7, y + 14, _flag(name, at), 12, colour, bold=True)
        self.y = bottom + (4 if self.cursors else 0)

    def _cells(self, c: Canvas, file: File, stroke: str) -> None:
        left, top = {*file.left}, self.y
        for offset in range(file.base, file.end):
            x = self.x(offset)
            if offset in left:
                c.rect(x, top, self.unit, _CELL, "tint", "muted", line=0.7)
            elif self.unit >= 6:
                c.hatch(x + 0.5, top + 0.5, self.unit - 1, _CELL - 1, "faint")
            self._number(c, offset, top + 18, "ink" if offset in left else "muted")
        start, w = self.x(file.base), (file.end - file.base) * self.unit
        if file.bad:
            c.hatch(start + w, top, _BAD, _CELL, "fault")
            c.rect(start + w + 4, top + 5, _BAD - 8, _CELL - 10, "paper")
            c.text(start + w + _BAD / 2, top + 18, file.bad, 11, "fault", "middle")
        corners = [(start, top), (start + max(w, 3), top)]
        corners += [(start + max(w, 3), top + _CELL), (start, top + _CELL)]
        dash = "dashed" if stroke == "faint" else ""
        c.polyline(
            corners, "muted" if dash else stroke, 2.2 if file.active else 1.2, dash, "", True
        )

    def _number(self, c: Canvas, offset: int, y: float, fill: str) -> None:
        if self.unit >= _NUMBERED:
            c.text(self.x(offset) + self.unit / 2, y, offset, 11, fill, "middle", halo=True)

    def _name(self, c: Canvas, file: File, words: str, fill: str) -> None:
        x, room = self.x(file.base), max((file.end - file.base) * self.unit, 0.0)
        y = self.y + _CELL + 15
        if file.active:  # nothing stands to its right
            room = _WIDTH - _EDGE - x
        if width(words, 11) <= room:
            c.text(x, y, words, 11, fill, bold=file.active)
        if self.unit < _NUMBERED and width(str(file.base), 11) <= room:
            c.text(x, y + 13, file.base, 11, "muted")

    def _rows(self, c: Canvas) -> None:
        """Draw a row for each reader with what it handled, and below them what is wrong."""
        for name, offsets in self.done.items():
            c.text(self.left - 10, self.y + 15, name, 12, "ink", "end")
            for at in offsets:
                c.rect(self.x(at) + 1, self.y + 3, self.unit - 2, _ROW - 6, "message", "", 3)
            self.y += _ROW
        never, twice = once_each(self.files, self.done)
        c.text(self.left - 10, self.y + 17, "once each?", 12, "muted", "end")
        for words, offsets in (("0×", never), ("2×", twice)):
            for at in offsets:
                c.rect(self.x(at) + 1, self.y + 3, self.unit - 2, _ROW - 2, "paper", "fault", 3, 2)
                if self.unit >= _NUMBERED:
                    middle = self.x(at) + self.unit / 2
                    c.text(middle, self.y + 17, words, 12, "fault", "middle", bold=True)
        if not never and not twice:
            c.text(
                self.left + 2, self.y + 17, "✓ each event is handled once", 12, "good", bold=True
            )
        self.y += _ROW + 8


def _flag(name: str, at: int) -> str:
    return f"{fit(name, 160, 12, True)}: {at}"
