"""Pictures of the runs that broke a design, drawn again from a rehearsal's events.

A schedule's code repeats a run, and the log has the design: so nothing that is drawn is stored, and
a report has its pictures also after a restart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

from pubsub_kit.interviews.rehearsal.events import Fact
from pubsub_kit.interviews.rehearsal.runner import FAILS, Design
from pubsub_kit.show.picture import Picture


@runtime_checkable
class Draws(Protocol):
    """A runner that can draw, too."""

    def picture(self, design: Design) -> Picture:
        """Draw the run that breaks a design."""


class Album:
    """The pictures of a rehearsal's runs, by their numbers from 1; each is drawn once.

    A schedule's code is no name for a run: two designs may break by the same one.
    """

    def __init__(self, runner: object) -> None:
        self._runner = runner if isinstance(runner, Draws) else None
        self._drawn: dict[int, Picture | None] = {}

    def of(self, facts: Iterable[Fact]) -> dict[int, Picture]:
        """Return the pictures of these facts' runs; one that can't be drawn is left out."""
        if self._runner is None:
            return {}
        found = {run: self._picture(self._runner, run, design) for run, design in broken(facts)}
        return {run: picture for run, picture in found.items() if picture is not None}

    def _picture(self, runner: Draws, run: int, design: Design) -> Picture | None:
        if run not in self._drawn:
            try:
                drawn: object = runner.picture(design)
            except Exception:  # of a runner that is not ours, too: the words are there without it
                drawn = None
            self._drawn[run] = drawn if isinstance(drawn, Picture) else None
        return self._drawn[run]


def broken(facts: Iterable[Fact]) -> Iterator[tuple[int, Design]]:
    """Yield the number of each run that broke its design, and the design."""
    design: Mapping[str, Any] | None = None
    run = 0
    for fact in facts:
        if fact.kind == "designed" and isinstance(fact.data.get("design"), Mapping):
            design = fact.data["design"]
        run += fact.kind == "ran"
        if fact.kind == "ran" and fact.data.get("outcome") == FAILS and design is not None:
            yield run, design
