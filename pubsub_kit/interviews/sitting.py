"""A rehearsal that somebody sits through in a notebook: the engine, its log, and its report.

Where there is a `my_work/`, the log is on disk, open while the rehearsal runs and closed once it
has ended. So after a restart of the kernel the next sitting goes on where this one stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pubsub_kit.errors import PubSubKitError, said
from pubsub_kit.interviews.bank.question import BANDS, DIMENSIONS, Question
from pubsub_kit.interviews.illustrating import Album
from pubsub_kit.interviews.rehearsal import before, store, wording
from pubsub_kit.interviews.rehearsal.account import Drawn
from pubsub_kit.interviews.rehearsal.boxes import clock_face, scaled
from pubsub_kit.interviews.rehearsal.engine import Rehearsal
from pubsub_kit.interviews.rehearsal.events import RehearsalError
from pubsub_kit.interviews.rehearsal.report import Report, report
from pubsub_kit.interviews.rehearsal.runner import Runner
from pubsub_kit.interviews.rehearsal.state import ENDED, RUNNING
from pubsub_kit.interviews.rehearsal.store import Kept, Shelf, Standing
from pubsub_kit.interviews.rehearsal.trying import NOT_RUN
from pubsub_kit.interviews.rehearsal.turn import CANDIDATE, KIT, Line, sentence
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog
from pubsub_kit.show.picture import Picture

READY = "ready"
REPORTS = "reports"
LONGEST = 90.0  # seconds: a hidden page looks at the clock once a minute; a longer gap is no time
_NOT_KEPT = "this rehearsal is kept in memory only"


class Sitting:
    """One person's rehearsal of one question, from before its start until after its report.

    `shelf` keeps it on disk; without one it is in memory, and `why` says why, unless it is meant to
    be. `lines` are what was said, kit and all.
    """

    def __init__(
        self,
        question: Question,
        minutes: float,
        shelf: Shelf | None,
        why: str = "",
        *,
        clock: Callable[[], float],
        runner: Runner,
    ) -> None:
        self.question, self.minutes, self.shelf, self.why = question, minutes, shelf, why
        self.lines: list[Line] = []
        self.rehearsal: Rehearsal | None = None
        self.rated = self.unrun = False  # unrun: the design of now could not be run
        self._clock, self._runner, self._album = clock, runner, Album(runner)
        self._kept: Kept | None = None
        self._log: EventLog = EventLog(question.id)
        self._events: list[Event] = []

    @property
    def status(self) -> str:
        """Where it stands: "ready", "running", "paused" or "ended"."""
        return READY if self.rehearsal is None else self.rehearsal.state.status

    @property
    def runs(self) -> int:
        """How many runs there were."""
        facts = self.rehearsal.facts if self.rehearsal else []
        return sum(fact.kind == "ran" for fact in facts)

    def unfinished(self) -> Standing | None:
        """Return the question's latest rehearsal if it can go on; None where there is none.

        Raises LogCorrupt, or LogLocked while it is open elsewhere.
        """
        return self.shelf.unfinished(self.question.id, CANDIDATE) if self.shelf else None

    def last(self) -> Report | None:
        """Return the report of the question's last rehearsal that is on disk, if there is one."""
        found = before.earlier(self.shelf, self.question) if self.shelf else []
        return found[0] if found else None

    @property
    def lasts(self) -> float:
        """How many minutes it lasts: one that goes on, as many as it began with."""
        return self.rehearsal.state.minutes if self.rehearsal else self.minutes

    def boxes(self) -> list[tuple[str, float]]:
        """Return the parts of the interview with their seconds."""
        return [(box.name, box.end - box.start) for box in scaled(self.lasts)]

    def standing(self) -> str:
        """Say where the unfinished rehearsal stopped, or why it can't go on; "" without one."""
        try:
            found = self.unfinished()
        except (PubSubKitError, OSError) as error:
            return f"Your last rehearsal can't go on: {said(error)}"
        if found is None or found.state is None:
            return ""
        left = clock_face(max(scaled(found.state.minutes)[-1].end - found.state.at, 0.0))
        return f"You stopped in {found.state.box_name}, with {left} left."

    def start(self, anew: bool = False) -> list[Line]:
        """Begin, or go on with the one that is unfinished; return what is said.

        Raises PubSubKitError where the unfinished one can't be read, or is open elsewhere.
        """
        if self.rehearsal is not None:
            return []
        going = None if anew else self.unfinished()
        told = self._open(going)
        try:
            self.rehearsal = self._rehearsing()
        except PubSubKitError:
            self._let_go()
            raise
        first = len(self.lines)
        self.lines += [*self._past(), *told, *self._opening()]
        return self.lines[first:]

    def hear(self, text: object, shown: str | None = None) -> list[Line]:
        """Take a line of the candidate's, or a command such as "/hint"; return what is said.

        `shown` stands among the lines in its place, if it is given. A log that can't be written
        gets a sentence, and then nothing has changed.
        """
        words = wording.plain(text if shown is None else shown)
        heard = [Line(CANDIDATE, words)] if words else []
        runs = self.runs
        lines = self._after(lambda going: going.hear(text), heard)
        failed = any(line.who == KIT and line.text.startswith(NOT_RUN) for line in lines)
        self.unrun = failed or (self.unrun and runs == self.runs)
        return lines

    def tick(self) -> list[Line]:
        """Return what the time makes the interviewer say, if anything."""
        return self._after(lambda going: going.tick()) if self.status == RUNNING else []

    def rate(self, bands: Mapping[str, object]) -> list[Line]:
        """Keep the candidate's own bands by dimension; what is no band is left out."""
        numbers = [
            f"/rate {DIMENSIONS.index(name) + 1} {BANDS.index(band) + 1}"
            for name, band in bands.items()
            if name in DIMENSIONS and isinstance(band, str) and band in BANDS
        ]
        self.rated = self.status == ENDED
        return self._after(lambda going: [told for words in numbers for told in going.hear(words)])

    def report(self) -> Report:
        """Return the report of what has happened so far. Raises RehearsalError before the start."""
        if self.rehearsal is None:
            raise RehearsalError("there is nothing to report yet: start the rehearsal first")
        if self.status != ENDED:
            self._events = before.events_of(self._log)
        number = self._kept.number if self._kept else float("inf")
        earlier = before.earlier(self.shelf, self.question, number) if self.shelf else []
        drawn, designs = self.pictures(), self._album.designs(self.rehearsal.facts)
        return report(
            self._events,
            self.question,
            earlier,
            pictures={number: Drawn.of(picture) for number, picture in drawn.items()},
            designs={number: Drawn.of(picture) for number, picture in designs.items()},
        )

    def save(self) -> Path:
        """Write the report below `my_work/`, and return the page's path.

        Raises PubSubKitError where that can't be done.
        """
        if self.shelf is None or self._kept is None:
            raise RehearsalError(f"{_NOT_KEPT}: save its report with .report().save('a folder')")
        return self.report().save(self.shelf.folder.parent / REPORTS / self._kept.name)

    def pictures(self) -> dict[int, Picture]:
        """Return the drawings of the runs that broke a design, by their numbers from 1."""
        return self._album.of(self.rehearsal.facts) if self.rehearsal else {}

    def _open(self, going: Standing | None) -> list[Line]:
        """Open the log; a new one that can't be kept on disk is in memory, and that is said."""
        if self.shelf is None:
            return [Line(KIT, sentence(f"{_NOT_KEPT}: {self.why}"))] if self.why else []
        kept = going.kept if going else self.shelf.new(self.question.id)
        try:
            self._log, self._kept = store.open_log(kept), kept
        except (PubSubKitError, OSError) as error:
            if going:
                raise
            return [Line(KIT, sentence(f"{_NOT_KEPT}: {said(error)}"))]
        return []

    def _rehearsing(self) -> Rehearsal:
        return Rehearsal(self.question, self.minutes, self._log, self._clock, self._runner, LONGEST)

    def _past(self) -> list[Line]:
        """Return what was said before the kernel was restarted."""
        assert self.rehearsal is not None
        if not self.rehearsal.resumed:
            return []
        spoken = [fact.data for fact in self.rehearsal.facts if fact.kind == "said"]
        return [Line(str(each.get("who", "")), str(each.get("text", ""))) for each in spoken]

    def _opening(self) -> list[Line]:
        """Return the engine's first lines, without what stands above them already."""
        assert self.rehearsal is not None
        lines = self.rehearsal.opening
        return [line for line in lines if line.who == KIT] if self.rehearsal.resumed else lines

    def _after(
        self, act: Callable[[Rehearsal], list[Line]], heard: Sequence[Line] = ()
    ) -> list[Line]:
        """Have the engine do something; a rehearsal that has ended leaves its log closed."""
        try:
            going = self._reopened() if self.status == ENDED else self.rehearsal
            lines = act(going) if going else []
            if self.status == ENDED:
                self._close()
        except (PubSubKitError, OSError) as error:
            lines = [Line(KIT, sentence(f"that was not kept, so try it again: {said(error)}"))]
        self.lines += [*heard, *lines]
        return lines

    def _reopened(self) -> Rehearsal:
        if self._kept is not None:
            self._log = store.open_log(self._kept)
        self.rehearsal = self._rehearsing()
        return self.rehearsal

    def _close(self) -> None:
        self._events = before.events_of(self._log)
        self._let_go()

    def _let_go(self) -> None:
        if self._kept is not None:
            self._log.close()
