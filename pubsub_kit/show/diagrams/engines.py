"""What engines keep of a contract: a row for each promise, a narrow column for each engine.

A sign says what came out of a run: ✓ kept, ✗ not kept, – there is no such thing, ~ nobody promised
it, so that another run may end otherwise. A column that lacks a row was not held to it, and stays
empty there.
"""

from __future__ import annotations

from collections.abc import Mapping

from pubsub_kit.show import given
from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.diagrams.grid import BAD, GONE, GOOD
from pubsub_kit.show.ink import clean, fit, width, wrap
from pubsub_kit.show.picture import Picture, PictureError

_WIDTH, _EDGE, _ROW = 840.0, 14.0, 28.0
_LEAST, _MOST_NAMES = 200.0, 320.0  # pixels for the names of rows
_MOST, _MOST_ENGINES = 40, 12
_SIZE = 12.0
CHANCE = "~"
LEGEND = f"{GOOD} kept · {BAD} not kept · {GONE} no such thing · {CHANCE} not promised"
_WORDS = {
    GOOD: "kept by", BAD: "not kept by", GONE: "no such thing in", CHANCE: "not promised by",
}  # fmt: skip


def engines(
    signs: Mapping[str, Mapping[str, str]],
    *,
    title: str | None = None,
    caption: str | None = None,
) -> Picture:
    """Draw a row for each promise, with a sign for each engine: {"order": {"NATS": "✓"}}.

    `title` and `caption` say where the signs come from, with dates and versions. Raises
    PictureError for no sign, for what is none, and for more engines than a page is wide.
    """
    due = "promises, each a mapping from engines to signs: {'order': {'NATS': '✓'}}"
    given.a_mapping("engines()", due, signs)
    for row in signs.values():
        given.a_mapping("engines()", due, row)
        for sign in row.values():
            if sign not in _WORDS:
                raise PictureError(f"A sign is ✓, ✗, – or ~, unlike {sign!r}.")
    columns = list(dict.fromkeys(name for row in signs.values() for name in row))
    if not columns:
        raise PictureError("engines() needs a row with a sign: {'order': {'NATS': '✓'}}.")
    if len(columns) > _MOST_ENGINES:
        raise PictureError(
            f"engines() draws up to {_MOST_ENGINES} engines side by side, not {len(columns)}."
        )
    shown = dict(list(signs.items())[:_MOST])
    more = [f"({len(signs) - _MOST} more rows are not drawn)"] if len(signs) > _MOST else []
    head, tail = ([clean(part)] if part else [] for part in (title, caption))
    said = [f"{clean(name)}: {_row(row)}" for name, row in shown.items()]
    text = "\n".join([*head, *said, *more, *tail])
    canvas = _drawn(shown, columns, clean(title or ""), clean(caption or ""))
    return Picture(canvas, text, f"Engines. {text}", clean(title or "Engines"), "\n".join(more))


def _row(row: Mapping[str, str]) -> str:
    """Say in words which engines have which sign."""
    parts = [
        f"{words} {', '.join(names)}"
        for sign, words in _WORDS.items()
        if (names := [clean(name) for name, its in row.items() if its == sign])
    ]
    return "; ".join(parts)


def _drawn(
    shown: Mapping[str, Mapping[str, str]], columns: list[str], title: str, caption: str
) -> Canvas:
    """Signs are drawn in the middle of their columns, under names of up to three lines."""
    longest = max(width(name, _SIZE) for name in shown) + 14
    names = min(max(longest, _LEAST), _MOST_NAMES)
    wide = (_WIDTH - 2 * _EDGE - names) / len(columns)
    heads = [wrap(name, wide - 2, _SIZE, True)[:3] for name in columns]
    high = 15.0 * max(map(len, heads))
    top = 16 + high + (26 if title else 0)
    c = Canvas(_WIDTH, top + _ROW * len(shown))
    if title:
        c.text(_EDGE, 24, fit(title, _WIDTH - 2 * _EDGE, 15, True), 15, bold=True)
    left = _EDGE + names
    for i, lines in enumerate(heads):
        for n, line in enumerate(lines):
            y = top - high + 15 * (n + max(map(len, heads)) - len(lines)) + 4
            words = fit(line, wide - 2, _SIZE, True)
            c.text(left + wide * (i + 0.5), y, words, _SIZE, "ink", "middle", bold=True)
    for n, (name, row) in enumerate(shown.items()):
        y = top + _ROW * n
        c.line((_EDGE, y + _ROW), (_WIDTH - _EDGE, y + _ROW), "faint", 0.8)
        c.text(_EDGE, y + 18, fit(name, names - 10, _SIZE), _SIZE)
        for i, column in enumerate(columns):
            if column in row:
                _sign(c, left + wide * (i + 0.5), y + 14, row[column])
    for line in [LEGEND, *wrap(caption, _WIDTH - 2 * _EDGE, 13)]:
        c.text(_EDGE, c.h + 20, line, 13)
        c.h += 18
    c.h += 12
    return c


def _sign(c: Canvas, x: float, y: float, sign: str) -> None:
    """Draw a sign: boxed and bold where a promise is not kept, so that it stands out."""
    if sign == BAD:
        c.rect(x - 13, y - 10, 26, 21, "paper", "fault", 4.0, 2.2)
    ink = {GOOD: "good", BAD: "fault", GONE: "muted", CHANCE: "muted"}[sign]
    c.text(x, y + 5, sign, 14, ink, "middle", bold=sign == BAD)
