"""A history as a tree: each state a box, each event an arrow to the state that it led to.

Time runs from left to right. The first state that follows another stays in its row, and every later
one begins a row of its own: a branch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pubsub_kit.errors import brief
from pubsub_kit.show import given
from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.ink import clean, fit, width, wrap
from pubsub_kit.show.picture import Picture, PictureError

_WIDTH, _H, _ROW = 800.0, 34.0, 78.0
_MOST = 40  # states in a picture
_DEEPEST = 12  # events in a row


class State(NamedTuple):
    """One state: the number of the one before it (None: it is the first), the event, its words."""

    parent: int | None
    event: str
    words: str


def branches(
    states: Sequence[tuple[int | None, str, object]],
    *,
    here: int | None = None,
    wrong: int | None = None,
    title: str | None = None,
    caption: str | None = None,
) -> Picture:
    """Draw states as (number of the one before or None, event, state), in the order they came.

    `here` is the state at the cursor, `wrong` one that is marked as wrong. Raises PictureError for
    no states, more than fit, or a state that comes before the one it follows.
    """
    due = "a list of (number of the state before or None, event, state)"
    given.several("branches()", due, states, (tuple, list))
    if odd := [each for each in states if len(each) != 3]:
        raise PictureError(f"branches() takes {due}; one here has {len(odd[0])} parts.")
    for number in (here, wrong, *(parent for parent, _, _ in states)):
        if number is not None:
            given.whole("The number of a state", number)
    made = [State(parent, clean(event), clean(words)) for parent, event, words in states]
    _check(made, (here, wrong))
    lines = [clean(title)] if title else []
    lines += [_sentence(n, state, here, wrong) for n, state in enumerate(made)]
    lines += [clean(caption)] if caption else []
    canvas = _drawn(made, here, wrong, clean(title or ""), clean(caption or ""))
    text = "\n".join(lines)
    return Picture(canvas, text, f"States in a tree. {text}", clean(title or "History"))


def _check(states: Sequence[State], numbers: Sequence[int | None]) -> None:
    if not states:
        raise PictureError("There is no state to draw: give at least the first one.")
    if len(states) > _MOST:
        raise PictureError(f"{len(states)} states don't fit: give at most {_MOST}.")
    for n, state in enumerate(states):
        if state.parent is not None and not 0 <= state.parent < n:
            raise PictureError(f"state {n} follows {state.parent}, which does not come before it.")
    if (deepest := max(_depths(states))) > _DEEPEST:
        raise PictureError(f"{deepest} events in a row don't fit: give at most {_DEEPEST}.")
    for number in numbers:
        if number is not None and not 0 <= number < len(states):
            raise PictureError(
                f"There is no state {brief(number)}: they are 0 to {len(states) - 1}."
            )


def _sentence(n: int, state: State, here: int | None, wrong: int | None) -> str:
    marks = (", here" if n == here else "") + (" ✗ wrong" if n == wrong else "")
    if state.parent is None:
        return f"state {n}: {state.words}{marks}"
    return f"state {n}, after {state.parent}: {state.event} → {state.words}{marks}"


def _depths(states: Sequence[State]) -> list[int]:
    depths: list[int] = []
    for state in states:
        depths.append(0 if state.parent is None else depths[state.parent] + 1)
    return depths


def _rows(states: Sequence[State]) -> list[int]:
    """Return the row of each state: a branch gets the next free one."""
    rows: list[int] = []
    followed: set[int] = set()
    for state in states:
        if state.parent is not None and state.parent not in followed:
            followed.add(state.parent)
            rows.append(rows[state.parent])
        else:
            rows.append(max(rows, default=-1) + 1)
    return rows


def _drawn(
    states: Sequence[State], here: int | None, wrong: int | None, title: str, caption: str
) -> Canvas:
    depths, rows = _depths(states), _rows(states)
    columns = max(depths) + 1
    step = min(150.0, (_WIDTH - 24) / columns)
    box = step * 0.56
    top = 46.0 if title else 22.0
    canvas = Canvas(_WIDTH, top + (max(rows) + 1) * _ROW)
    if title:
        canvas.text(14, 24, fit(title, _WIDTH - 28, 15, True), 15, bold=True)
    at = [(14 + d * step, top + 16 + r * _ROW) for d, r in zip(depths, rows, strict=True)]
    for n, state in enumerate(states):
        if state.parent is not None:
            _arrow(canvas, at[state.parent], at[n], state.event, (box, step - box))
    for n, state in enumerate(states):
        _box(canvas, at[n], box, state.words, (n == here, n == wrong))
    for line in wrap(caption, _WIDTH - 28, 13):
        canvas.text(14, canvas.h + 8, line, 13)
        canvas.h += 18
    canvas.h += 6
    return canvas


def _arrow(
    canvas: Canvas,
    start: tuple[float, float],
    end: tuple[float, float],
    event: str,
    sizes: tuple[float, float],
) -> None:
    box, gap = sizes
    (x, y), (tip, below) = (start[0] + box, start[1] + _H / 2), (end[0] - 2, end[1] + _H / 2)
    way = [(x, y), (tip, below)]
    if below != y:  # down between the boxes, then along
        way = [(x, y), (x + gap * 0.3, y), (x + gap * 0.3, below), (tip, below)]
    canvas.arrow(way, "message", 1.6)
    room, middle = gap + box * 0.5, tip - gap / 2
    words = fit(event, room if below == y else room - gap * 0.3 - 7, 11.5, True)
    if below != y:  # right of the line that comes down
        middle = max(middle, x + gap * 0.3 + 5 + width(words, 11.5, True) / 2)
    canvas.text(middle, below - 24, words, 11.5, "message", "middle", True, True)


def _box(
    canvas: Canvas, place: tuple[float, float], w: float, words: str, marks: tuple[bool, bool]
) -> None:
    (x, y), (here, wrong) = place, marks
    stroke = "fault" if wrong else "ink"
    canvas.rect(x, y, w, _H, "tint", stroke, 6.0, 3.0 if here or wrong else 1.2)
    shown = fit(words, w - 8, 13, here)
    canvas.text(x + w / 2, y + 22, shown, 13, "ink", "middle", here)
    if wrong:
        canvas.circle(x + w, y, 9, "paper")
        canvas.cross(x + w, y, 6, "fault", 3.0)
    if here or wrong:
        said = "✗ wrong" if wrong else "▲ here"
        canvas.text(x + w / 2, y + _H + 15, said, 11, stroke, "middle", True)
