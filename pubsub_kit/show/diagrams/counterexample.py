"""The run that breaks a piece of code, as `explore()` found it, or the hardest that it survived."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from pubsub_kit.show.diagrams.spacetime import spacetime
from pubsub_kit.show.picture import Picture, PictureError
from pubsub_kit.world.trace import Trace

_SHORTEST = "The shortest run that breaks it"
_WAITS = "The failing run that came closest to its end"


class Found(Protocol):
    """A search that may have found a violation, the code of its schedule, and its trace."""

    code: str

    @property
    def violation(self) -> Any:
        """What went wrong, or None: its `message`, `step`, `expected` and `actual`."""

    @property
    def trace(self) -> Trace:
        """The run in which it did."""


class Survived(Protocol):
    """A search in which nothing failed, with the code of the hardest run."""

    @property
    def hardest(self) -> str:
        """The code of that run; "" if not every schedule held."""

    @property
    def rerun(self) -> Callable[[str], Any] | None:
        """Runs a code once more, and returns its world, which has the `trace`."""


def hardest(found: Survived, *, title: str | None = None) -> Picture:
    """Draw the run with the most faults that the code survived: `show.hardest(explore(…))`.

    It is run once more for that. Raises PictureError unless every schedule held.
    """
    if not found.hardest or found.rerun is None:
        raise PictureError(f"Only a search that holds has a hardest run. This one: {found}.")
    said = title or f"The hardest run that it survives, schedule {found.hardest}"
    return spacetime(found.rerun(found.hardest).trace, title=said)


def counterexample(found: Found, *, title: str | None = None) -> Picture:
    """Draw the run that breaks the code: `show.counterexample(explore(…))`.

    It is the shortest one; of runs that wait in vain, the one that came closest to its end. Raises
    PictureError where none was found.
    """
    wrong = found.violation
    if wrong is None:
        raise PictureError(f"There is no run to draw: {found}.")
    return spacetime(
        found.trace,
        mark=wrong.step,
        blocker=wrong.blocker,
        expected=wrong.expected,
        actual=wrong.actual,
        caption=wrong.message,
        title=title or _title(_WAITS if wrong.unmet else _SHORTEST, found.code),
    )


def _title(which: str, code: str) -> str:
    return f"{which}, schedule {code}" if code != "-" else f"{which}: nothing has to fail"
