"""Where a rehearsal's lines come from: a prompt with a running clock, or a pipe, line by line."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from math import inf
from typing import Protocol, TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app, run_in_terminal
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output

from pubsub_kit.interviews.rehearsal.boxes import Timer, clock_face
from pubsub_kit.interviews.rehearsal.turn import Line

_MOST = 1_000_000  # characters of a line that are read; the rest of it is skipped
_ASLEEP = 120.0  # seconds without a tick: the lid was closed


class Timed(Protocol):
    """A rehearsal, as far as a prompt needs it."""

    def tick(self) -> list[Line]:
        """Return what the time makes somebody say."""

    @property
    def timer(self) -> Timer:
        """How much time is left."""


Show = Callable[[Sequence[Line]], None]


class Source(Protocol):
    """What lines are read from."""

    interactive: bool
    longest: float

    def read(self, asked: str, timed: Timed | None = None, show: Show | None = None) -> str | None:
        """Return the next line, or None at the end. Raises KeyboardInterrupt for Ctrl-C."""


class Piped:
    """Lines from a pipe or a file; the time is looked at with each line only."""

    interactive = False
    longest = inf

    def __init__(self, stream: TextIO | None) -> None:
        self.stream = stream
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
        self._first: list[str] = []

    def is_empty(self) -> bool:
        """Say whether there is nothing to read; waits for the first line."""
        if not self._first and (line := self._next()) is not None:
            self._first.append(line)
        return not self._first

    def read(self, asked: str, timed: Timed | None = None, show: Show | None = None) -> str | None:
        """Return the next line without its end, or None after the last one."""
        return self._first.pop() if self._first else self._next()

    def _next(self) -> str | None:
        try:
            line = self.stream.readline(_MOST) if self.stream else ""
            rest = line
            while self.stream and rest and not rest.endswith("\n"):
                rest = self.stream.readline(_MOST)
        except (OSError, ValueError):  # it was closed
            return None
        return line.rstrip("\n") if line else None


class Prompt:
    """Lines typed at a prompt, below which the clock runs."""

    interactive = True
    longest = _ASLEEP

    def __init__(
        self,
        said: Sequence[str] = (),
        input: Input | None = None,
        output: Output | None = None,
        every: float = 1.0,
    ) -> None:
        self.every = every
        self.session: PromptSession[str] = PromptSession(
            history=InMemoryHistory(list(said)), input=input, output=output
        )

    def read(self, asked: str, timed: Timed | None = None, show: Show | None = None) -> str | None:
        """Return what was typed, or None for Ctrl-D."""

        async def keep_time() -> None:
            while timed and show:
                await asyncio.sleep(self.every)
                lines = timed.tick()
                if lines:
                    await run_in_terminal(lambda said=lines: show(said))  # type: ignore[misc]
                get_app().invalidate()

        def begin() -> None:
            get_app().create_background_task(keep_time())

        toolbar = (lambda: face(timed.timer)) if timed else None
        try:
            return self.session.prompt(asked, bottom_toolbar=toolbar, pre_run=begin)
        except EOFError:
            return None


def face(timer: Timer) -> str:
    """Return the clock as the toolbar shows it, in 40 columns: what is left, here and in all."""
    return f"{timer.box} {clock_face(timer.box_left)} · {clock_face(timer.left)} in all"


def source(said: Sequence[str] = ()) -> Source:
    """Return a prompt where somebody sits at a terminal, else what reads standard input."""
    if sys.stdin and sys.stdout and sys.stdin.isatty() and sys.stdout.isatty():
        return Prompt(said)
    return Piped(sys.stdin)
