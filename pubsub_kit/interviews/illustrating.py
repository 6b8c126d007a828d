"""Pictures of designs and of the runs that broke them, drawn again from a rehearsal's events.

A schedule's code repeats a run, and the log has the design: so nothing that is drawn is stored, and
a report has its pictures also after a restart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

from pubsub_kit.interviews.rehearsal.events import Fact
from pubsub_kit.interviews.rehearsal.runner import FAILS, Design
from pubsub_kit.show.picture import Picture


@runtime_checkable
class Draws(Protocol):
    """A runner that can draw, too."""

    def picture(self, design: Design) -> Picture:
        """Draw the run that breaks a design."""


@runtime_checkable
class DrawsDesigns(Protocol):
    """A runner that can draw a design's parts, too."""

    def boxes(self, design: Design) -> Picture:
        """Draw the parts and wires of a design."""


class Album:
    """The pictures of a rehearsal's runs, by their numbers from 1; each is drawn once.

    A schedule's code is no name for a run: two designs may break by the same one.
    """

    def __init__(self, runner: object) -> None:
        self._run = runner.picture if isinstance(runner, Draws) else None
        self._boxes = runner.boxes if isinstance(runner, DrawsDesigns) else None
        self._runs: dict[int, Picture | None] = {}
        self._designs: dict[int, Picture | None] = {}

    def of(self, facts: Iterable[Fact]) -> dict[int, Picture]:
        """Return the pictures of these facts' runs; one that can't be drawn is left out."""
        return _kept(self._run, self._runs, broken(facts))

    def designs(self, facts: Iterable[Fact]) -> dict[int, Picture]:
        """Return the pictures of the designs, by the first run of each."""
        return _kept(self._boxes, self._designs, anew(facts))


def _kept(
    draw: Callable[[Design], Picture] | None,
    drawn: dict[int, Picture | None],
    wanted: Iterable[tuple[int, Design]],
) -> dict[int, Picture]:
    """Return what is wanted, drawn now or before; what can't be drawn is left out."""
    numbers = []
    for run, design in wanted:
        numbers.append(run)
        if run not in drawn:
            drawn[run] = _picture(draw, design) if draw else None
    return {run: picture for run in numbers if (picture := drawn[run]) is not None}


def _picture(draw: Callable[[Design], Picture], design: Design) -> Picture | None:
    try:
        drawn: object = draw(design)
    except Exception:  # of a runner that is not ours, too: the words are there without it
        return None
    return drawn if isinstance(drawn, Picture) else None


def broken(facts: Iterable[Fact]) -> Iterator[tuple[int, Design]]:
    """Yield the number of each run that broke its design, and the design."""
    return ((run, design) for run, outcome, design in _ran(facts) if outcome == FAILS)


def anew(facts: Iterable[Fact]) -> Iterator[tuple[int, Design]]:
    """Yield each run whose design is another than that of the run before, and the design."""
    before: Design | None = None
    for run, _, design in _ran(facts):
        if design != before:
            yield run, design
        before = design


def _ran(facts: Iterable[Fact]) -> Iterator[tuple[int, object, Design]]:
    design: Mapping[str, Any] | None = None
    run = 0
    for fact in facts:
        if fact.kind == "designed" and isinstance(fact.data.get("design"), Mapping):
            design = fact.data["design"]
        run += fact.kind == "ran"
        if fact.kind == "ran" and design is not None:
            yield run, fact.data.get("outcome"), design
