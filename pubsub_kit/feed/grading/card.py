"""A report card on paper: as aligned text, as an HTML table, and as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from textwrap import fill, wrap
from typing import TYPE_CHECKING, NamedTuple

from pubsub_kit.feed.grading.levels import ServiceLevels
from pubsub_kit.feed.machines.measures import LATENCIES, MEASURES, Values, amount, rounded
from pubsub_kit.show.html import as_html

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

WIDE = 96  # letters of a line at most
_FIRST, _COLUMN = 27, 13  # letters of a row's words, and of a column at most


class Sheet(NamedTuple):
    """What a card holds: a design's values beside those of others, and the levels to keep."""

    name: str
    values: Values
    others: Mapping[str, Values]
    levels: ServiceLevels
    note: str
    advice: str

    @property
    def title(self) -> str:
        """How the design did, in a line."""
        missed, of = len(self.levels.missed(self.values)), len(self.levels.bounds)
        if not missed:
            return f"{self.name} meets {'the level' if of == 1 else f'all {of} levels'}"
        return f"{self.name} misses {missed} of {of} level{'s' * (of > 1)}"

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """The table: a measure's words and its cells; those with a level come first."""
        names = [*self.levels.bounds, *(n for n in MEASURES if n not in self.levels.bounds)]
        names = [n for n in names if n in self.levels.bounds or self._known(n)]
        return [(MEASURES[name].words, self._cells(name)) for name in names]

    def _known(self, name: str) -> bool:
        return any(isfinite(values[name]) for values in (self.values, *self.others.values()))

    def _cells(self, name: str) -> list[str]:
        bound, unit = self.levels.bounds.get(name), MEASURES[name].unit
        columns = [self.values, *self.others.values()]
        most = "" if bound is None else amount(bound, unit)
        return [
            most,
            *(_cell(values[name], bound, amount(values[name], unit, bound)) for values in columns),
        ]


def _cell(value: float, bound: float | None, words: str) -> str:
    return words + ("  " if bound is None else " ✓" if value <= bound else " ✗")


def text(sheet: Sheet) -> str:
    """Return the card as text of at most 96 letters a line, the same on every machine."""
    room = min(_COLUMN, (WIDE - _FIRST) // (2 + len(sheet.others)))
    heads = [
        ["at", "most"],
        ["this", "design"],
        *(_head(name, room) for name in sheet.others),
    ]
    deep = max(map(len, heads))
    lines = [fill(sheet.title, WIDE), ""]
    for i in range(deep):
        words = [head[i - deep + len(head)] if i >= deep - len(head) else "" for head in heads]
        lines.append(_line("", [words[0], *(f"{word}  " for word in words[1:])], room))
    lines += [_line(words, cells, room) for words, cells in sheet.rows]
    lines += ["", *wrap(sheet.note, WIDE)]
    if sheet.advice:
        lines += ["", *wrap(f"What would help most: {sheet.advice}", WIDE)]
    return "\n".join(line.rstrip() for line in lines)


def _head(name: str, column: int) -> list[str]:
    """Return a name in as few lines as a column allows, and these as even as they can be."""
    lines = wrap(name, column - 3, break_on_hyphens=False)
    even = (wrap(name, room, break_on_hyphens=False) for room in range(1, column))
    return next((found for found in even if len(found) == len(lines)), lines)


def _line(words: str, cells: Sequence[str], room: int) -> str:
    return f"{words:<{_FIRST}}" + "".join(f"{cell:>{room}}" for cell in cells)


# Nothing but borders and weight: the page's own colours serve light and dark alike.
LINE = "border-bottom:1px solid color-mix(in srgb, currentColor 25%, transparent)"
CELL = "padding:2px 10px;white-space:nowrap;text-align:"


def html(sheet: Sheet) -> str:
    """Return the card as an HTML table in the page's own colours; all words are escaped."""
    head = _html_row("th", "", ["at most", "this design", *sheet.others], LINE)
    bounded = len(sheet.levels.bounds)
    body = "".join(
        _html_row("td", words, cells, LINE if n + 1 == bounded else "", bold=n < bounded)
        for n, (words, cells) in enumerate(sheet.rows)
    )
    tail = f"<p>{as_html(sheet.note)}</p>"
    if sheet.advice:
        tail += f"<p><strong>What would help most:</strong> {as_html(sheet.advice)}</p>"
    table = f'<table style="border-collapse:collapse;background:none">{head}{body}</table>'
    return f"<p><strong>{as_html(sheet.title)}</strong></p>{table}{tail}"


def _html_row(tag: str, words: str, cells: Sequence[str], line: str, *, bold: bool = False) -> str:
    first = f'<{tag} style="{CELL}left;{line}">{as_html(words)}</{tag}>'
    rest = "".join(
        f'<{tag} style="{CELL}right;{line}{";font-weight:600" if bold and n == 1 else ""}">'
        f"{as_html(cell.strip())}</{tag}>"
        for n, cell in enumerate(cells)
    )
    return f'<tr style="background:none">{first}{rest}</tr>'


def picture(sheet: Sheet) -> Picture:
    """Draw cost against the latency that is worst for its bound: the design among the others.

    Where no latency has a level, against the 99th percentile of reads, in milliseconds.
    """
    from pubsub_kit import show

    waits = [name for name in LATENCIES if name in sheet.levels.bounds]
    high = 1.0 if waits else None
    mine = sheet.name if sheet.name not in sheet.others else f"{sheet.name} (this design)"
    everything = {**sheet.others, mine: sheet.values}
    dots = {
        name: (rounded(v["cost"], 3), rounded(worst(sheet.levels, v)))
        for name, v in everything.items()
    }
    dots = {name: point for name, point in dots.items() if all(map(isfinite, point))}
    log = "".join("xy"[i] for i in (0, 1) if all(point[i] > 0 for point in dots.values()))
    return show.points(
        dots,
        x="dollars a month",
        y="times the latency allowed" if waits else "ms, read p99",
        most=(sheet.levels.bounds.get("cost") or None, high),
        mark=mine,
        log=log,
        title=sheet.title,
        caption=_caption(sheet, waits),
    )


def _caption(sheet: Sheet, waits: Sequence[str]) -> str:
    parts = ["Further left is cheaper, further down is faster."]
    if waits or sheet.levels.bounds.get("cost"):
        parts.append("Shaded: over a limit.")
    parts.append("Dotted: the front; no design shown is both cheaper and faster than these.")
    if waits:
        named = " and ".join(MEASURES[name].words for name in waits)
        parts.append(f"Latency: {named}{', whichever is worse' if len(waits) > 1 else ''}.")
    return " ".join(parts)


def worst(levels: ServiceLevels, values: Values) -> float:
    """Return how many times its bound the worst latency is; of none, read p99 in milliseconds."""
    known = [levels.excess(name, values) for name in LATENCIES if name in levels.bounds]
    known = [value for value in known if isfinite(value)]
    return max(known) if known else values["read_p99"] * 1000
