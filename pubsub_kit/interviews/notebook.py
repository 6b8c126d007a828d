"""A rehearsal in a notebook: `interview("notification-system", minutes=45)`, and an interviewer.

The cell shows a clock, what is said, a line to type into, and buttons. Where there are no widgets,
and in a saved notebook, it shows a few lines of text, and the same rehearsal can be led from code:

    r = interview("notification-system")
    r.say("How many notifications a day?")
    r.say("/help")
    r.end(), r.report()

A cell's text depends on no clock and, with PUBSUB_KIT_PROGRESS=off, on nothing that you did before.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from textwrap import fill
from typing import Any

from pubsub_kit.checks.desk import journal
from pubsub_kit.checks.desk.copies import FOLDER
from pubsub_kit.errors import PubSubKitError, said
from pubsub_kit.interviews import wiring
from pubsub_kit.interviews.bank.question import BANDS, DIMENSIONS, load
from pubsub_kit.interviews.facing import Facing, minute
from pubsub_kit.interviews.rehearsal import phrases
from pubsub_kit.interviews.rehearsal.boxes import minutes_of
from pubsub_kit.interviews.rehearsal.report import Report
from pubsub_kit.interviews.rehearsal.runner import Runner
from pubsub_kit.interviews.rehearsal.state import ENDED
from pubsub_kit.interviews.rehearsal.store import Shelf
from pubsub_kit.interviews.rehearsal.turn import Line
from pubsub_kit.interviews.sitting import READY, Sitting
from pubsub_kit.show.widgets.ask import WIDE, Words
from pubsub_kit.show.widgets.live import view

#: The rehearsal of each question that this kernel has open: a cell that is run again shows it.
_open: dict[str, Interview] = {}


class InterviewError(PubSubKitError, ValueError):
    """A rehearsal that can't be had; the message says why. A notebook shows the sentence alone."""

    def _render_traceback_(self) -> list[str]:
        return [f"✗ {self}"]


def interview(
    question: str,
    minutes: float = 45,
    *,
    clock: Callable[[], float] = time.monotonic,
    runner: Runner | None = None,
) -> Interview:
    """Rehearse a question of the bank; as the last line of a cell, it shows itself.

    An unfinished rehearsal goes on where it stopped, also after a restart of the kernel, and keeps
    its minutes. `clock` gives seconds that never go back; `runner` runs the designs. Raises
    InterviewError for a question that there is not, and for minutes that are none.
    """
    try:
        asked, length = load(question), minutes_of(minutes)
    except PubSubKitError as error:
        raise InterviewError(str(error)) from None
    before = _open.get(asked.id)
    if before is not None and before.status not in (READY, ENDED):
        return before
    runs = wiring.runner() if runner is None else runner
    _open[asked.id] = Interview(Sitting(asked, length, *_kept(), clock=clock, runner=runs))
    return _open[asked.id]


def _kept() -> tuple[Shelf | None, str]:
    """Return where rehearsals are kept; or None, and why, if that is news to the learner."""
    root: Path = journal.place
    if os.environ.get(journal.SWITCH) == "off":
        return None, ""
    if not (root / FOLDER).is_dir():
        return None, f"there is no folder {FOLDER}; python3 -m pubsub_kit lab makes it"
    return Shelf(root), ""


class Interview:
    """A rehearsal as a notebook shows it; `say`, `end`, `rate` and `report` lead it from code."""

    def __init__(self, sitting: Sitting) -> None:
        self._sitting = sitting
        self._facing = Facing(sitting)

    @property
    def status(self) -> str:
        """Where it stands: "ready", "running", "paused" or "ended"."""
        return self._sitting.status

    def start(self) -> Words:
        """Begin, or go on with the one that is unfinished; return what the interviewer says."""
        return self._told(self._tried(self._sitting.start))

    def say(self, text: str) -> Words:
        """Say something to the interviewer, or a command such as "/hint"; return the answer."""
        first = self._tried(self._sitting.start) if self.status == READY else []
        return self._told([*first, *self._sitting.hear(text)])

    def end(self) -> Words:
        """End the rehearsal; after that, `rate` yourself, and read the `report`."""
        return self.say("/end")

    def rate(self, **bands: str) -> Words:
        """Rate yourself by dimension: `rate(trade_offs="strong", failure="weak")`.

        Raises InterviewError for a dimension or a band that there is not.
        """
        names = {name.replace(" ", "_").replace("-", "_").lower(): name for name in DIMENSIONS}
        for name, band in bands.items():
            if name.lower() not in names:
                raise InterviewError(f"there is no dimension {name!r}: rate {', '.join(names)}")
            if band not in BANDS:
                raise InterviewError(f"{name}={band!r} is no band: give one of {', '.join(BANDS)}")
        return self._told(self._sitting.rate({names[n.lower()]: b for n, b in bands.items()}))

    def report(self) -> Report:
        """Return the report of what has happened so far; raises InterviewError before the start."""
        try:
            return self._sitting.report()
        except PubSubKitError as error:
            raise InterviewError(str(error)) from None

    @property
    def text(self) -> str:
        """What it is and how it stands, as plain text."""
        question = self._sitting.question
        head = f"{question.title}, rehearsed in {self._sitting.lasts:g} minutes: {self.status}"
        return "\n".join([head, *self._body()])

    @property
    def widget(self) -> Any:
        """Return the live widget. Raises ImportError where anywidget is not installed."""
        return self._facing.widget

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Give the widget where there are widgets, and the same plain text everywhere."""
        return {**view(lambda: self.widget), "text/plain": self.text}

    def _body(self) -> list[str]:
        sitting = self._sitting
        if self.status == ENDED:
            leads = [
                fill(" ".join(lead).strip(), WIDE)
                for lead in phrases.leads(sitting.report().account)
            ]
            return [*leads, "r.report() has the rest; r.rate(…) rates yourself."]
        if self.status != READY and sitting.rehearsal is not None:
            return [f"In {sitting.rehearsal.state.box_name}.", *map(_line, sitting.lines[-2:])]
        boxes = ", ".join(f"{name} {minute(seconds)}" for name, seconds in sitting.boxes())
        how = f'In code: r = interview("{sitting.question.id}"), then r.say("…"), r.say("/help").'
        return [
            fill(sitting.question.pitch, WIDE),
            fill(f"{boxes}.", WIDE),
            *filter(None, [sitting.standing()]),
            how,
        ]

    def _tried(self, act: Callable[[], list[Line]]) -> list[Line]:
        try:
            return act()
        except (PubSubKitError, OSError) as error:
            raise InterviewError(said(error)) from None

    def _told(self, lines: list[Line]) -> Words:
        self._facing.show()
        return Words("\n".join(map(_line, lines)))


def _line(line: Line) -> str:
    """Return a line with who says it, broken between words."""
    first, *rest = f"{line.who}: {line.text}".split("\n")
    return "\n".join(
        [fill(first, WIDE), *(fill(each, WIDE, subsequent_indent="    ") for each in rest)]
    )
