"""A set-up shown as it goes: each step with how much it has done and how long it has taken.

    Setting up .venv with pip, once, in a minute or two: 11 packages and what they need.
      make the environment: 4 s
      fetch packages: 97 packages, about 82 MB, 31 s
      install: 97 packages, 18 s

What pip and uv print tells which step they are at. In a terminal the line of the present step is
written over as it grows; elsewhere (a file, a pipe) whole lines follow each other, one now and then
while a step lasts, and no control characters.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Callable
from typing import TextIO

FETCH, INSTALL, COMPILE = ORDER = ("fetch packages", "install", "compile")
NOW_AND_THEN = 15.0  # seconds between two lines of one step where lines are not written over
# What a line of pip or uv says: of which step it is, and which step begins after it.
SAID = [
    (FETCH, FETCH, re.compile(r"Collecting (?P<one>\S+)")),
    (
        FETCH,
        FETCH,
        re.compile(r"(Downloading|Using cached) \S+ \((?P<size>[\d.]+) ?(?P<unit>[kKMG]?)i?B\)"),
    ),
    (INSTALL, INSTALL, re.compile(r"Installing collected packages: (?P<names>.+)")),
    (FETCH, FETCH, re.compile(r"Resolved (?P<many>\d+) packages?\b")),
    (FETCH, INSTALL, re.compile(r"Prepared (?P<many>\d+) packages?\b")),
    (INSTALL, COMPILE, re.compile(r"Installed (?P<many>\d+) packages?\b")),
]
BYTES = {"": 1, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9}


class Steps:
    """The steps of one set-up, written to `stream`; `clock` returns seconds."""

    def __init__(
        self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream or sys.stdout
        self._clock = clock
        self._live = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._step = ""
        self._packages, self._bytes = 0, 0.0
        self._began = self._told = clock()

    def begin(self, step: str) -> None:
        """End the present step, and begin another."""
        self.end()
        self._step, self._packages, self._bytes = step, 0, 0.0
        self._began = self._told = self._clock()
        self.tick()

    def hear(self, line: str) -> None:
        """Take in one line of what the tool prints."""
        for of, then, pattern in SAID:
            if found := pattern.match(line.strip()):
                self._reach(of)
                if of == self._step:
                    self._count(found.groupdict())
                self._reach(then)
                return

    def tick(self) -> None:
        """Show how far the present step is, if it is time to."""
        if self._live:
            self._write_over(f"{self._line()} so far")
        elif self._clock() - self._told >= NOW_AND_THEN:
            self._told = self._clock()
            self._print(f"{self._line()} so far")

    def end(self) -> None:
        """End the present step, if there is one, with its line."""
        if self._step:
            if self._live:
                self._write_over(self._line())
            self._print("" if self._live else self._line())
        self._step = ""

    def _reach(self, step: str) -> None:
        """Begin a step of a tool, unless it or a later one has begun."""
        place = {name: number for number, name in enumerate(ORDER)}
        if place[step] > place.get(self._step, -1):
            self.begin(step)

    def _count(self, said: dict[str, str | None]) -> None:
        if many := said.get("many"):
            self._packages = int(many)
        elif names := said.get("names"):
            self._packages = len(names.split(","))
        elif size := said.get("size"):
            self._bytes += float(size) * BYTES[said.get("unit") or ""]
        else:
            self._packages += 1

    def _line(self) -> str:
        seconds = self._clock() - self._began
        amounts = [
            f"{self._packages} package{'s' * (self._packages != 1)}" if self._packages else "",
            f"about {self._bytes / 1e6:.0f} MB" if self._bytes >= 1e6 else "",
            f"{seconds:.0f} s",
        ]
        return f"  {self._step}: {', '.join(filter(None, amounts))}"

    def _write_over(self, line: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        print(f"\r{line[:width].ljust(min(width, 70))}", end="", file=self._stream, flush=True)

    def _print(self, line: str) -> None:
        print(line, file=self._stream, flush=True)
