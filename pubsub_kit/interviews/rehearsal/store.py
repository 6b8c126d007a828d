"""Where rehearsals are kept: a log each, in `my_work/rehearsals/<question>-<n>/`.

A rehearsal's log is open while somebody rehearses, and only then. After Ctrl-C, kill −9 or a power
cut it holds what was appended before, and the next opening goes on from there. Nothing else is
stored: the list, the standings and the reports are folded from the logs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pubsub_kit.checks.desk.copies import FOLDER
from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.interviews.rehearsal import events
from pubsub_kit.interviews.rehearsal.events import RehearsalError
from pubsub_kit.interviews.rehearsal.state import ENDED, State, fold
from pubsub_kit.log.event import Event
from pubsub_kit.log.segments import DurableEventLog, is_log

REHEARSALS = "rehearsals"
_NAME = re.compile(r"(?P<question>[a-z0-9]+(?:-[a-z0-9]+)*)-(?P<number>[1-9][0-9]{0,5})", re.ASCII)


@dataclass(frozen=True)
class Kept:
    """A rehearsal on disk: its question, its number among those of the question, and its folder."""

    question: str
    number: int
    path: Path

    @property
    def name(self) -> str:
        """The name of its folder, such as "chat-2"."""
        return self.path.name


@dataclass(frozen=True)
class Standing:
    """What the list shows of a rehearsal.

    `state` is None and `events` empty where the log can't be read; `trouble` then says why.
    `when` is the wall-clock time of its latest fact, in seconds since 1970.
    """

    kept: Kept
    when: float = 0.0
    state: State | None = None
    events: tuple[Event, ...] = ()
    trouble: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it can go on."""
        return self.state is not None and self.state.status != ENDED

    @property
    def result(self) -> str:
        """How it came out, in a few words."""
        if self.state is None:
            return "cannot be read"
        if self.is_open:
            return f"stopped in {self.state.box_name}"
        outcome = self.state.last.get("outcome")
        ran = {"holds": "the design held", "fails": "the design broke"}.get(outcome or "", "no run")
        return f"{self.state.why}, {ran}"


class Shelf:
    """All rehearsals below a checkout's `my_work/`."""

    def __init__(self, root: Path) -> None:
        self.folder = root / FOLDER / REHEARSALS

    def all(self, question: str = "") -> list[Kept]:
        """Return the rehearsals that are kept, of one question or of all, in their order."""
        try:
            names = sorted(path.name for path in self.folder.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise RehearsalError(
                f"{self.folder} can't be read ({error.strerror}): make it yours, then try again"
            ) from error
        found = []
        for name in names:
            match = _NAME.fullmatch(name)
            if match and question in ("", match["question"]) and is_log(self.folder / name):
                found.append(Kept(match["question"], int(match["number"]), self.folder / name))
        return sorted(found, key=lambda kept: (kept.question, kept.number))

    def new(self, question: str) -> Kept:
        """Return the place of a question's next rehearsal; opening its log makes it."""
        number = max((kept.number for kept in self.all(question)), default=0) + 1
        while (self.folder / f"{question}-{number}").exists():  # something that is no log
            number += 1
        return Kept(question, number, self.folder / f"{question}-{number}")

    def find(self, question: str, number: int) -> Kept:
        """Return a question's rehearsal of this number. Raises RehearsalError if there is none."""
        kept = {each.number: each for each in self.all(question)}
        if number not in kept:
            have = f"there are {', '.join(map(str, kept))}" if kept else "there is none yet"
            raise RehearsalError(f"there is no rehearsal {brief(number)} of {question}: {have}")
        return kept[number]

    def unfinished(self, question: str, role: str) -> Standing | None:
        """Return the latest rehearsal of a question that can go on, if there is one.

        Raises LogCorrupt, or LogLocked, if the latest can't be read: to go on elsewhere without a
        word would lose it.
        """
        for kept in reversed(self.all(question)):
            standing = read(kept)
            if standing.state and standing.state.role == role:
                return standing if standing.is_open else None
        return None

    def standings(self) -> list[Standing]:
        """Return what the list shows of every rehearsal; one that can't be read says why."""
        return [_or_trouble(kept) for kept in self.all()]


def open_log(kept: Kept, clock: Callable[[], float] | None = None) -> DurableEventLog:
    """Open a rehearsal's log, which is made if it is not there.

    `clock` gives the wall-clock time of its events. Raises LogCorrupt for damage, LogLocked while
    the rehearsal is open in another terminal, and LogError for a folder that can't be used.
    """
    if clock is None:
        return DurableEventLog(kept.path, 1)
    return DurableEventLog(kept.path, 1, clock=clock)


def read(kept: Kept) -> Standing:
    """Read a rehearsal that is on disk. Raises LogCorrupt, LogLocked or LogError."""
    with open_log(kept) as log:
        facts = events.read(log)
        found = tuple(event for _, event in log.read(0, log.start(0), log.count(0)))
    return Standing(kept, found[-1].time if found else 0.0, fold(facts), found)


def _or_trouble(kept: Kept) -> Standing:
    try:
        return read(kept)
    except (PubSubKitError, OSError) as error:
        return Standing(kept, trouble=str(error))
