"""The run that breaks a piece of code, as `explore()` found it, with what is wrong in it."""

from __future__ import annotations

from typing import Any, Protocol

from pubsub_kit.show.diagrams.spacetime import spacetime
from pubsub_kit.show.picture import Picture, PictureError
from pubsub_kit.world.trace import Trace


class Found(Protocol):
    """A search that may have found a violation, the code of its schedule, and its trace."""

    code: str

    @property
    def violation(self) -> Any:
        """What went wrong, or None: its `message`, `step`, `expected` and `actual`."""

    @property
    def trace(self) -> Trace:
        """The run in which it did."""


def counterexample(found: Found, *, title: str | None = None) -> Picture:
    """Draw the shortest run that breaks the code: `show.counterexample(explore(…))`.

    Raises PictureError where none was found.
    """
    wrong = found.violation
    if wrong is None:
        raise PictureError(f"There is no run to draw: {found}.")
    return spacetime(
        found.trace,
        mark=wrong.step,
        expected=wrong.expected,
        actual=wrong.actual,
        caption=wrong.message,
        title=title or f"The shortest run that breaks it, schedule {found.code}",
    )
