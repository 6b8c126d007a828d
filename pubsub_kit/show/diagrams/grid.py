"""A grid of states: a row for each thing, a column for each owner, and in each cell how it is.

A state is a word or two after its sign: "✓ readable" is as it should be, "✗ readable" is not, and
"– gone" is greyed out.
"""

from __future__ import annotations

from collections.abc import Mapping

from pubsub_kit.show import given
from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.ink import clean, fit, width, wrap
from pubsub_kit.show.picture import Picture, PictureError

#: The signs that a state begins with.
GOOD, BAD, GONE = "✓", "✗", "–"
_WIDTH, _EDGE, _ROW, _BOX, _NAMES = 800.0, 14.0, 34.0, 24.0, 260.0
_MOST = 40


def grid(
    states: Mapping[str, Mapping[str, str]],
    *,
    title: str | None = None,
    caption: str | None = None,
) -> Picture:
    """Draw a row for each thing, with a state for each column: {"view": {"ann": "✗ readable"}}.

    A cell that a row lacks stays empty. Raises PictureError for no state, and for one that begins
    with no sign.
    """
    due = "rows by name, each a mapping: {'view': {'ann': '✗ readable'}}"
    given.a_mapping("grid()", due, states)
    for row in states.values():
        given.a_mapping("grid()", due, row)
        given.several("grid()", "states as texts", [*row.values()], str)
    columns = list(dict.fromkeys(name for row in states.values() for name in row))
    if not columns:
        raise PictureError("grid() needs a row with a state: {'view': {'ann': '✗ readable'}}.")
    for row in states.values():
        for state in row.values():
            if state[:1] not in (GOOD, BAD, GONE):
                raise PictureError(f"A state begins with ✓, ✗ or –, unlike {state!r}.")
    shown = dict(list(states.items())[:_MOST])
    more = [f"({len(states) - _MOST} more rows are not drawn)"] if len(states) > _MOST else []
    head, tail = ([clean(part)] if part else [] for part in (title, caption))
    said = [f"{clean(name)}: {_row(row)}" for name, row in shown.items()]
    text = "\n".join([*head, *said, *more, *tail])
    canvas = _drawn(shown, columns, clean(title or ""), clean(caption or ""))
    return Picture(canvas, text, f"Grid. {text}", clean(title or "Grid"), "\n".join(more))


def _row(row: Mapping[str, str]) -> str:
    return ", ".join(f"{clean(column)} {clean(state)}" for column, state in row.items())


def _drawn(
    shown: Mapping[str, Mapping[str, str]], columns: list[str], title: str, caption: str
) -> Canvas:
    top = 34.0 + (26 if title else 0)
    c = Canvas(_WIDTH, top + _ROW * len(shown))
    if title:
        c.text(_EDGE, 24, fit(title, _WIDTH - 2 * _EDGE, 15, True), 15, bold=True)
    left = _EDGE + min(max(width(clean(name), 12, True) for name in shown), _NAMES) + 16
    wide = min((_WIDTH - _EDGE - left) / len(columns), 240.0)
    for i, column in enumerate(columns):
        name = fit(column, wide - 12, 13, True)
        c.text(left + wide * i + (wide - 10) / 2, top - 10, name, 13, "ink", "middle", bold=True)
    for n, (name, row) in enumerate(shown.items()):
        y = top + _ROW * n
        c.text(_EDGE, y + _ROW / 2 + 1, fit(name, left - _EDGE - 10, 12, True), 12, bold=True)
        for i, column in enumerate(columns):
            if column in row:
                _cell(c, left + wide * i, y + 2, wide - 10, row[column])
    for line in wrap(caption, _WIDTH - 2 * _EDGE, 13):
        c.text(_EDGE, c.h + 16, line, 13)
        c.h += 18
    c.h += 10
    return c


def _cell(c: Canvas, x: float, y: float, w: float, state: str) -> None:
    """Draw a state: outlined and bold where it is bad, filled where it is good, faint if gone."""
    fill, stroke, ink = {
        GOOD: ("tint", "good", "ink"),
        BAD: ("paper", "fault", "fault"),
        GONE: ("paper", "faint", "muted"),
    }[state[:1]]
    bad = state[:1] == BAD
    c.rect(x, y, w, _BOX, fill, stroke, 4.0, 2.4 if bad else 1.2)
    words = fit(state, w - 12, 12, bad)
    c.text(x + w / 2, y + _BOX / 2 + 4, words, 12, ink, "middle", bold=bad)
