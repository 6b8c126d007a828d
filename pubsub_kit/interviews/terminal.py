"""`interview`: rehearse at the command line, as the candidate or in the interviewer's chair."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from pubsub_kit import options
from pubsub_kit.checks.desk.journal import SWITCH
from pubsub_kit.checks.forms.sources import ROOT
from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.interviews import prompting, wiring
from pubsub_kit.interviews.bank.question import BANDS, DIMENSIONS, Question, load, questions
from pubsub_kit.interviews.illustrating import Album
from pubsub_kit.interviews.prompting import Piped, Prompt, Source
from pubsub_kit.interviews.rehearsal import before, store
from pubsub_kit.interviews.rehearsal.account import Drawn
from pubsub_kit.interviews.rehearsal.beside import compare
from pubsub_kit.interviews.rehearsal.engine import Rehearsal
from pubsub_kit.interviews.rehearsal.events import RehearsalError
from pubsub_kit.interviews.rehearsal.report import Report, report
from pubsub_kit.interviews.rehearsal.runner import Runner
from pubsub_kit.interviews.rehearsal.script import Script
from pubsub_kit.interviews.rehearsal.state import ENDED, RUNNING
from pubsub_kit.interviews.rehearsal.store import Kept, Shelf
from pubsub_kit.interviews.rehearsal.turn import CANDIDATE
from pubsub_kit.interviews.speaking import Voice, table
from pubsub_kit.log.disk import LogFull
from pubsub_kit.log.memory import EventLog
from pubsub_kit.log.segments import LogCorrupt, LogLocked

MINUTES = 45.0
REPORTS = "reports"
_NOBODY = (
    "there is nobody to talk to, since standard input is empty: run it in a terminal, or pipe your "
    "lines in"
)


def main(argv: Sequence[str], root: Path = ROOT, runner: Runner | None = None) -> int:
    """Rehearse a question, list them, or show a report; return the exit status.

    Raises PubSubKitError for a question, a rehearsal or a log that is not there or can't be used.
    """
    given = options.interview().parse_args(argv)
    shelf, voice = Shelf(root), Voice()
    if given.list:
        return _list(shelf, voice)
    if given.beside is not None and given.report is None:
        raise RehearsalError("--beside takes two reports: add --report and the other's number")
    if given.report is not None:
        return _report(shelf, given.question, given.report, given.beside, voice)
    asked = named(given.question) if given.question else None
    lines = prompting.source()
    if isinstance(lines, Piped) and lines.is_empty():
        raise RehearsalError(_NOBODY)
    question = asked or _chosen(shelf, lines, voice)
    open_one = None if given.new else shelf.unfinished(question.id, given.role)
    if given.resume and open_one is None:
        raise RehearsalError(
            f"there is no rehearsal of {question.id} to go on with: leave out --resume to begin one"
        )
    kept = open_one.kept if open_one else shelf.new(question.id)
    log = _log(kept, voice, new=open_one is None)
    with log:
        rehearsal = _rehearsal(question, given.minutes, given.role, log, lines, runner)
        if open_one and given.minutes not in (None, rehearsal.state.minutes):
            voice.tell(f"It lasts {rehearsal.state.minutes:g} minutes, as it began.")
        status = rehearse(rehearsal, _with_history(lines, rehearsal), voice)
    if rehearsal.state.status == ENDED and kept.path.is_dir():
        _save(shelf, kept, rehearsal, voice)
    return status


def rehearse(rehearsal: Rehearsal | Script, lines: Source, voice: Voice) -> int:
    """Talk until the rehearsal has ended or somebody leaves; return the exit status."""
    voice.show(rehearsal.opening)
    try:
        while rehearsal.state.status != ENDED:
            line = lines.read("> ", rehearsal, voice.show)
            if line is None:
                return _leave(rehearsal, voice, 0)
            _hear(rehearsal, line, voice)
        _rate(rehearsal, lines, voice)
    except KeyboardInterrupt:
        return _leave(rehearsal, voice, 130)
    return 0


def named(word: str) -> Question:
    """Return the question of this id or number. Raises UnknownQuestion with the nearest id."""
    numbers = {str(each.number): each for each in questions()} if word.isdecimal() else {}
    return numbers.get(word.lstrip("0")) or load(word)


def _hear(rehearsal: Rehearsal | Script, line: str, voice: Voice) -> None:
    try:
        voice.show(rehearsal.hear(line))
    except LogFull as error:  # nothing has changed: once there is room, it goes on
        voice.tell(str(error))


def _leave(rehearsal: Rehearsal | Script, voice: Voice, status: int) -> int:
    if rehearsal.state.status == RUNNING:
        rehearsal.pause()
    if rehearsal.state.status != ENDED:
        voice.tell("The clock stands still. The same command goes on from here; --new begins anew.")
    return status


def _rate(rehearsal: Rehearsal | Script, lines: Source, voice: Voice) -> None:
    """Ask for a band in each dimension; from a pipe, take what still comes."""
    if not lines.interactive:
        while (line := lines.read("")) is not None:
            _hear(rehearsal, line, voice)
        return
    bands = ", ".join(f"{number} {band}" for number, band in enumerate(BANDS, 1))
    voice.tell(f"For each dimension: {bands}; Enter leaves it out.")
    for number, dimension in enumerate(DIMENSIONS, 1):
        while line := lines.read(f"{dimension}: "):
            before = len(rehearsal.facts)
            _hear(rehearsal, f"/rate {number} {line}", voice)
            if len(rehearsal.facts) > before:
                break


def _rehearsal(
    question: Question,
    minutes: float | None,
    role: str,
    log: EventLog,
    lines: Source,
    runner: Runner | None,
) -> Rehearsal | Script:
    length, longest = MINUTES if minutes is None else minutes, lines.longest
    if role == CANDIDATE:
        runs = runner or wiring.runner()
        return Rehearsal(question, length, log, time.monotonic, runs, longest)
    return Script(question, length, log, time.monotonic, longest)


def _log(kept: Kept, voice: Voice, new: bool) -> EventLog:
    """Open a rehearsal's log; a new one that can't be kept lives in memory, and that is said."""
    if os.environ.get(SWITCH) == "off":
        voice.tell(f"Nothing of this is kept, since {SWITCH} is off.")
        return EventLog(kept.name)
    try:
        return store.open_log(kept)
    except (PubSubKitError, OSError) as error:
        if not new or isinstance(error, LogCorrupt | LogLocked):
            raise
        voice.tell(f"This rehearsal is kept in memory only: {error}")
        return EventLog(kept.name)


def _with_history(lines: Source, rehearsal: Rehearsal | Script) -> Source:
    """Return a prompt that remembers what was said in the rehearsal; a pipe as it is."""
    if not isinstance(lines, Prompt):
        return lines
    said = (f for f in rehearsal.facts if f.kind == "said" and f.data.get("who") == CANDIDATE)
    return Prompt([str(fact.data.get("text", "")) for fact in said])


def _list(shelf: Shelf, voice: Voice) -> int:
    standings = shelf.standings()
    voice.print(table(questions(), standings))
    for each in standings:
        if each.trouble:
            voice.tell(f"{each.kept.name} can't be read: {each.trouble}")
    return 0


def _chosen(shelf: Shelf, lines: Source, voice: Voice) -> Question:
    """Show the list, and return the question that somebody chooses from it."""
    _list(shelf, voice)
    while True:
        try:
            word = lines.read("Which one? ")
        except KeyboardInterrupt:
            word = None
        if word is None:
            raise RehearsalError("no question was chosen: name one, such as notification-system")
        try:
            return named(word.strip())
        except PubSubKitError as error:
            voice.tell(str(error))


def _report(
    shelf: Shelf, question: str | None, number: str, beside: str | None, voice: Voice
) -> int:
    shown = _reported(shelf, _named_rehearsal(shelf, question, number))
    if beside is None:
        voice.markdown(shown.markdown())
    else:
        other = _reported(shelf, _named_rehearsal(shelf, question, beside))
        voice.markdown(compare(shown, other).markdown())
    return 0


def _named_rehearsal(shelf: Shelf, question: str | None, number: str) -> Kept:
    """Return the rehearsal that "chat --report 2" or "--report chat-2" means."""
    known = {kept.name: kept for kept in shelf.all()}
    if number in known and question is None:
        return known[number]
    if question is None:
        have = f"there are {', '.join(known)}" if known else "you have made none yet"
        raise RehearsalError(f"--report {brief(number)} names no rehearsal: {have}")
    if not (number.isascii() and number.isdecimal() and len(number) < 7):
        raise RehearsalError(f"--report takes a number, counted from 1, not {brief(number)}")
    return shelf.find(named(question).id, int(number))


def _reported(
    shelf: Shelf,
    kept: Kept,
    pictures: Mapping[int, Drawn] | None = None,
    designs: Mapping[int, Drawn] | None = None,
) -> Report:
    """Return a rehearsal's report. Raises LogCorrupt, LogLocked or ReportError."""
    question = load(kept.question)
    earlier = before.earlier(shelf, question, kept.number)
    return report(store.read(kept).events, question, earlier, pictures=pictures, designs=designs)


def _save(shelf: Shelf, kept: Kept, rehearsal: Rehearsal | Script, voice: Voice) -> None:
    """Write the report, with the runs that broke a design drawn again, and say where it is."""
    try:
        album = Album(getattr(rehearsal, "runner", None))
        both = (album.of(rehearsal.facts), album.designs(rehearsal.facts))
        made = _reported(shelf, kept, *({n: Drawn.of(p) for n, p in d.items()} for d in both))
        path = made.save(shelf.folder.parent / REPORTS / kept.name)
    except PubSubKitError as error:
        voice.tell(f"The report could not be written: {error}")
        return
    where = path.relative_to(shelf.folder.parents[1]).as_posix()
    command = f"{options.PROGRAM} interview {kept.question} --report {kept.number}"
    voice.tell(f"Your report is {where}. To read it here: {command}")
