"""A calibration: what was published beside what a run gives, as aligned text and as HTML."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from textwrap import wrap
from typing import Any, Literal, NamedTuple

from pubsub_kit.feed.grading.card import CELL, LINE, WIDE
from pubsub_kit.feed.machines.measures import Unit, amount

TITLE = "The simulator against Twitter, 2012–13"
HEADS = ("published", "measured", "÷")
MARKS = {
    "input": "we put it in",
    "fitted": "we chose an assumption to match it",
    "found": "it came out of the model",
}


Mark = Literal["input", "fitted", "found"]


class Assumption(NamedTuple):
    """Something that nobody published, and why we chose this value."""

    what: str
    value: str
    why: str


class Row(NamedTuple):
    """A number that was published, and what a run gives; `why` says how to read the two."""

    what: str
    published: float
    measured: float
    unit: Unit
    mark: Mark
    why: str

    @property
    def ratio(self) -> float:
        """Measured ÷ published."""
        return self.measured / self.published


@dataclass(frozen=True)
class Calibration:
    """The rows and the assumptions; shows as text and as an HTML table."""

    rows: tuple[Row, ...]
    assumptions: tuple[Assumption, ...]

    @property
    def text(self) -> str:
        """The table, how to read each row, and the assumptions; at most 96 letters wide."""
        return _text(self)

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Give a front-end the table as text and as HTML."""
        return {"text/plain": self.text, "text/html": _html(self)}


def _text(calibration: Calibration) -> str:
    """Return the table, how to read each row, and the assumptions, as text."""
    lines = [TITLE, "", f"{'':<34}{HEADS[0]:>12}{HEADS[1]:>12}{HEADS[2]:>8}"]
    for row in calibration.rows:
        published, measured, ratio = cells(row)
        lines.append(f"{row.what:<34}{published:>12}{measured:>12}{ratio:>8}   {row.mark}")
    lines += ["", *wrap("; ".join(f"{mark}: {what}" for mark, what in MARKS.items()) + ".", WIDE)]
    lines += ["", "How to read it"]
    for row in calibration.rows:
        if row.why:
            lines += _item(f"{row.what}: {row.why}")
    lines += ["", "Assumptions, since nobody published these"]
    for what, value, why in calibration.assumptions:
        lines += _item(f"{what}: {value} ({why})")
    return "\n".join(lines)


def cells(row: Row) -> tuple[str, str, str]:
    """Return a row's numbers as they are printed: published, measured, and their ratio."""
    return amount(row.published, row.unit), amount(row.measured, row.unit), f"{row.ratio:.2f}"


def _item(words: str) -> list[str]:
    return wrap(words, WIDE, initial_indent="- ", subsequent_indent="  ")


def _html(calibration: Calibration) -> str:
    """Return the same as HTML, in the page's own colours."""
    head = "".join(f'<th style="{CELL}right;{LINE}">{escape(name)}</th>' for name in HEADS)
    table = "".join(map(_html_row, calibration.rows))
    thoughts = _list([(row.what, row.why) for row in calibration.rows if row.why])
    assumed = _list([(what, f"{value} ({why})") for what, value, why in calibration.assumptions])
    return (
        f"<p><strong>{escape(TITLE)}</strong></p>"
        '<table style="border-collapse:collapse;background:none">'
        f'<tr style="background:none"><th style="{LINE}"></th>{head}<th style="{LINE}"></th></tr>'
        f"{table}</table><p><strong>How to read it</strong></p>{thoughts}"
        f"<p><strong>Assumptions, since nobody published these</strong></p>{assumed}"
    )


def _html_row(row: Row) -> str:
    numbers = "".join(f'<td style="{CELL}right">{escape(cell)}</td>' for cell in cells(row))
    mark = f'<td style="{CELL}left" title="{escape(MARKS[row.mark])}">{row.mark}</td>'
    name = f'<td style="{CELL}left">{escape(row.what)}</td>'
    return f'<tr style="background:none">{name}{numbers}{mark}</tr>'


def _list(items: list[tuple[str, str]]) -> str:
    inside = "".join(f"<li><em>{escape(what)}</em>: {escape(why)}</li>" for what, why in items)
    return f"<ul>{inside}</ul>"
