"""The decision guide in a notebook: eight questions to answer, and the advice as a card.

`guide()` shows them live. `decisions()` is the table for a page that nobody can touch: systems that
everyone knows, and what the guide advises for each, computed as it is for yours.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pubsub_kit import show
from pubsub_kit.interviews.guidance import QUESTIONS, SYSTEMS
from pubsub_kit.interviews.guide import USUAL, Advice, advise
from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.ink import wrap
from pubsub_kit.show.picture import Picture
from pubsub_kit.show.widgets.play import Playground

_WIDTH, _EDGE, _INDENT = 570.0, 14.0, 16.0  # pixels: a card fits a cell of a page of 700
_LEADING = 1.35
_COLUMN = 300.0  # where the right column begins


class _Line(NamedTuple):
    """A paragraph of the card, and how it is written."""

    words: str
    fill: str = "ink"
    size: float = 12.5
    bold: bool = False
    indent: float = 0.0
    above: float = 0.0


def guide(**answers: str) -> Playground:
    """Ask the eight questions about your system, and show the advice beside them as you answer.

    `guide(reply="yes")` starts with another answer than the usual. Raises GuideError for one that
    is none.
    """
    start = advise({**USUAL, **answers}).answers
    asked = {a.id: show.choice(a.words, start[a.id], label=a.ask) for a in QUESTIONS}
    return show.play(lambda **given: card(advise(given)), **asked)


def card(advice: Advice) -> Picture:
    """Draw an advice: what to use, and why, at what price; what not to; what would change it."""
    lines = list(_lines(advice))
    return Picture(_written(lines), repr(advice), f"Advice. {advice!r}", advice.title)


def decisions() -> Picture:
    """Draw what the guide advises for systems that everyone knows, a row for each."""
    title = "What the guide advises"
    rows = {name: _row(advise({**USUAL, **differs})) for name, differs in SYSTEMS.items()}
    said = [f"{name}: use {use}, not {leave}, {read}" for name, (use, leave, read) in rows.items()]
    text = "\n".join([title, *said])
    c = Canvas(_WIDTH, 32.0)
    c.text(_EDGE, 24, title, 15, bold=True)
    for name, row in rows.items():
        _two_lines(c, name, *row)
    return Picture(c, text, f"Table. {text}", title)


def _row(advice: Advice) -> tuple[str, str, str]:
    """Return what to use, what not to, and the lessons on it."""
    lessons = sorted({n for each in advice.recommended for n in each.lessons})
    against = _short([each.choice for each in advice.against[:2]])
    read = f"{'lesson' if len(lessons) == 1 else 'lessons'} {', '.join(lessons)}"
    return f"✓ {_short(advice.choices)}", f"✗ {against}", read


def _two_lines(c: Canvas, name: str, use: str, leave: str, read: str) -> None:
    """Add a row: the system and its lessons on the left, what to use and not on the right."""
    c.line((_EDGE, c.h), (_WIDTH - _EDGE, c.h), "faint")
    for left, above, below, ink, under in (
        (_EDGE, name, read, "ink", "muted"),
        (_COLUMN, use, leave, "good", "fault"),
    ):
        c.text(left, c.h + 18, above, 12.5, ink, bold=True)
        c.text(left, c.h + 35, below, 12.5, under)
    c.h += 44


def _short(choices: Iterable[str]) -> str:
    return ", ".join(choices).replace("two-phase commit", "2PC")


def _lines(advice: Advice) -> list[_Line]:
    lines = [_Line(f"{advice.title}.", size=15, bold=True)]
    for use in advice.recommended:
        lines.append(_Line(f"✓ {use.name}", "good", 13, True, above=8))
        lines += [_Line(str(reason), indent=_INDENT) for reason in use.reasons]
        lines.append(_Line(f"Price: {use.price}", "warm", indent=_INDENT))
    for leave in advice.against:
        lines.append(_Line(f"✗ not {leave.name}", "fault", 13, True, above=8))
        lines.append(_Line(str(leave.reason), indent=_INDENT))
    lines.append(_Line("What would change it", size=13, bold=True, above=8))
    lines += [_Line(str(flip), indent=_INDENT) for flip in advice.flips]
    return [*lines, *([_Line(advice.leaving, "warm", above=8)] if advice.leaving else [])]


def _written(lines: list[_Line]) -> Canvas:
    c = Canvas(_WIDTH, 12.0)
    for line in lines:
        c.h += line.above
        left = _EDGE + line.indent
        for words in wrap(line.words, _WIDTH - _EDGE - left, line.size, line.bold):
            c.h += line.size * _LEADING
            c.text(left, c.h, words, line.size, line.fill, bold=line.bold)
    c.h += 14
    return c
