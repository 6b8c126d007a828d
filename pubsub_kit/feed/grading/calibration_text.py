"""The calibration on paper: as an aligned text and as an HTML table."""

from __future__ import annotations

from html import escape
from textwrap import wrap
from typing import TYPE_CHECKING

from pubsub_kit.feed.grading.card import CELL, LINE, WIDE
from pubsub_kit.feed.machines.measures import amount

if TYPE_CHECKING:
    from pubsub_kit.feed.grading.calibration import Calibration, Row

TITLE = "The simulator against Twitter, 2012–13"
HEADS = ("published", "measured", "÷")
MARKS = {
    "input": "put in",
    "fitted": "an assumption was chosen to meet it",
    "found": "the model yields it",
}


def text(calibration: Calibration) -> str:
    """Return the table, what to think of each row, and the assumptions, as text."""
    lines = [TITLE, "", f"{'':<34}{HEADS[0]:>12}{HEADS[1]:>12}{HEADS[2]:>8}"]
    for row in calibration.rows:
        published, measured, ratio = cells(row)
        lines.append(f"{row.what:<34}{published:>12}{measured:>12}{ratio:>8}   {row.mark}")
    lines += ["", *wrap("; ".join(f"{mark}: {what}" for mark, what in MARKS.items()) + ".", WIDE)]
    lines += ["", "What to think of it"]
    for row in calibration.rows:
        if row.why:
            lines += _item(f"{row.what}: {row.why}")
    lines += ["", "Assumed, as nobody published it"]
    for what, value, why in calibration.assumptions:
        lines += _item(f"{what}: {value} ({why})")
    return "\n".join(lines)


def cells(row: Row) -> tuple[str, str, str]:
    """Return a row's numbers as they are printed: published, measured, and their ratio."""
    return amount(row.published, row.unit), amount(row.measured, row.unit), f"{row.ratio:.2f}"


def _item(words: str) -> list[str]:
    return wrap(words, WIDE, initial_indent="- ", subsequent_indent="  ")


def html(calibration: Calibration) -> str:
    """Return the same as HTML, in the page's own colours."""
    head = "".join(f'<th style="{CELL}right;{LINE}">{escape(name)}</th>' for name in HEADS)
    table = "".join(map(_html_row, calibration.rows))
    thoughts = _list([(row.what, row.why) for row in calibration.rows if row.why])
    assumed = _list([(what, f"{value} ({why})") for what, value, why in calibration.assumptions])
    return (
        f"<p><strong>{escape(TITLE)}</strong></p>"
        '<table style="border-collapse:collapse;background:none">'
        f'<tr style="background:none"><th style="{LINE}"></th>{head}<th style="{LINE}"></th></tr>'
        f"{table}</table><p><strong>What to think of it</strong></p>{thoughts}"
        f"<p><strong>Assumed, as nobody published it</strong></p>{assumed}"
    )


def _html_row(row: Row) -> str:
    numbers = "".join(f'<td style="{CELL}right">{escape(cell)}</td>' for cell in cells(row))
    mark = f'<td style="{CELL}left" title="{escape(MARKS[row.mark])}">{row.mark}</td>'
    name = f'<td style="{CELL}left">{escape(row.what)}</td>'
    return f'<tr style="background:none">{name}{numbers}{mark}</tr>'


def _list(items: list[tuple[str, str]]) -> str:
    inside = "".join(f"<li><em>{escape(what)}</em>: {escape(why)}</li>" for what, why in items)
    return f"<ul>{inside}</ul>"
