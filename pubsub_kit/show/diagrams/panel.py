"""Two sides in one table: what should be beside what is, or the numbers of two runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.ink import clean, fit, width, wrap

_SIZE, _LINE, _PAD = 12.0, 15.0, 5.0
_MOST = 12
_MARGINS = (32.0, 14.0, 14.0)


class Entry(NamedTuple):
    """One line of the table; None stands for an entry that this side does not have."""

    name: str
    expected: str | None
    actual: str | None

    @property
    def differs(self) -> bool:
        """Say whether the two sides disagree."""
        return self.expected != self.actual


def entries(expected: Any, actual: Any) -> list[Entry]:
    """Return the table of two states, given as mappings or as anything that prints."""
    left, right = _state(expected), _state(actual)
    names = dict.fromkeys([*left, *right])
    return [Entry(clean(name), left.get(name), right.get(name)) for name in names]


def difference(table: list[Entry]) -> str:
    """Return the entries that differ, in words, as a text summary prints them."""
    lines = []
    for entry in table:
        if entry.differs:
            of = f"{entry.name} " if entry.name else ""
            lines.append(
                f"{of}expected {entry.expected or 'nothing'}, was {entry.actual or 'nothing'}"
            )
    return "; ".join(lines)


def _state(state: Any) -> dict[str, str]:
    if state is None:
        return {}
    if isinstance(state, Mapping):
        return {str(key): _value(value) for key, value in state.items()}
    return {"": _value(state)}


def _value(value: Any) -> str:
    return clean(f"{value:g}" if isinstance(value, float) else value) or "“”"


def _share(wanted: list[float], most: float) -> list[float]:
    """Give each column what it wants, and let the widest share what is left."""
    given, left = [0.0] * len(wanted), most
    for n, i in enumerate(sorted(range(len(wanted)), key=wanted.__getitem__)):
        given[i] = min(wanted[i], left / (len(wanted) - n))
        left -= given[i]
    return given


class Panel:
    """The table, laid out in up to `most` pixels; its `w` and `height` are known before drawing.

    Above the two sides stand `heads`; entries that differ are marked, if they are `wrong`.
    """

    def __init__(
        self,
        table: list[Entry],
        most: float,
        heads: tuple[str, str] = ("expected", "actual"),
        wrong: bool = True,
    ) -> None:
        self.heads, self.wrong = heads, wrong
        differing = [e for e in table if e.differs]
        equal = [e for e in table if not e.differs]
        # What differs is the point, so it comes first and is never the part that is left out.
        self.table = (differing + equal)[:_MOST]
        self.left_out = len(table) - len(self.table)
        wanted = [max(self._wanted(e, i) for e in self.table) for i in range(3)]
        self.columns = _share(wanted, most)
        self.w = sum(self.columns)
        self.cells = [[self._cell(e, i) for i in range(3)] for e in self.table]
        self.heights = [_PAD * 2 + _LINE * max(map(len, row)) for row in self.cells]
        self.height = 26.0 + sum(self.heights) + (18.0 if self.left_out else 0.0)

    def _wanted(self, entry: Entry, column: int) -> float:
        text = clean((entry.name, entry.expected, entry.actual)[column] or "")
        head = width(self.heads[column - 1], 11) if column else 0.0
        said = max(width(text, _SIZE, self._is_loud(entry, column)), head)
        return max(said + _MARGINS[column], 76.0)

    def _is_loud(self, entry: Entry, column: int) -> bool:
        return self.wrong and entry.differs and column == 2

    def _cell(self, entry: Entry, column: int) -> list[str]:
        value = (entry.name, entry.expected, entry.actual)[column]
        room = self.columns[column] - _MARGINS[column] + 1
        loud = self._is_loud(entry, column)
        lines = wrap("—" if value is None else value, room, _SIZE, loud)
        if len(lines) > 3:
            lines = [*lines[:2], fit(lines[2] + lines[3], room, _SIZE, loud)]
        return lines

    def draw(self, canvas: Canvas, x: float, y: float) -> None:
        """Draw the table with its top left corner at (x, y)."""
        starts = (x + 22, x + self.columns[0], x + self.columns[0] + self.columns[1])
        canvas.rect(x, y, self.w, self.height, "paper", "faint", 6)
        for column, (start, name) in enumerate(zip(starts[1:], self.heads, strict=True), 1):
            room = self.columns[column] - _MARGINS[column] + 1
            canvas.text(start, y + 17, fit(name, room, 11), 11, "muted")
        y += 24
        for entry, cells, height in zip(self.table, self.cells, self.heights, strict=True):
            self._row(canvas, entry, cells, (x, y, height), starts)
            y += height
        if self.left_out:
            canvas.text(starts[0], y + 13, f"… {self.left_out} more entries", 11, "muted")

    def _row(
        self,
        canvas: Canvas,
        entry: Entry,
        cells: list[list[str]],
        place: tuple[float, float, float],
        starts: tuple[float, float, float],
    ) -> None:
        x, y, height = place
        if entry.differs and self.wrong:
            canvas.rect(x + 1, y, self.w - 2, height, "tint")
            canvas.cross(x + 11, y + height / 2, 4, "fault", 2)
        for column, (start, lines) in enumerate(zip(starts, cells, strict=True)):
            loud = self._is_loud(entry, column)
            fill = "fault" if loud else "ink" if entry.differs else "muted"
            for n, line in enumerate(lines):
                canvas.text(start, y + _PAD + 11 + n * _LINE, line, _SIZE, fill, bold=loud)
