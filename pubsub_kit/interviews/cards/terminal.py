"""`python3 -m pubsub_kit cards`: reviews in a terminal, or from a pipe, line by line."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import TextIO

from pubsub_kit import options
from pubsub_kit.checks.desk.terminal import say
from pubsub_kit.checks.forms.sources import ROOT
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.interviews.cards import check, export
from pubsub_kit.interviews.cards.book import Book, Clock
from pubsub_kit.interviews.cards.card import CALLED, CardError
from pubsub_kit.interviews.cards.deck import chosen, deck
from pubsub_kit.interviews.cards.families.forms import LONGEST, Choice, UnreadableAnswer
from pubsub_kit.interviews.cards.families.problem import Problem
from pubsub_kit.interviews.cards.session import Session, Turn, span
from pubsub_kit.show.ink import clean

WIDE = 100
HINT, SKIP, QUIT = "?", "s", "q"


class Stopped(Exception):
    """Somebody typed q, or there is no more input."""


def main(argv: Sequence[str], root: Path = ROOT, clock: Clock = time.time) -> int:
    """Review cards, or do what the options ask for; return the exit status.

    Raises PubSubKitError with a sentence where that can't be done.
    """
    given = options.cards().parse_args(argv)
    cards = chosen(deck(), given.lesson, given.family)
    if given.export and not given.gains:
        path, count = export.export(cards, given.export)
        say(f"{count} cards written to {path}.")
        return 0
    book = Book(root, clock, make=True)
    if book.note:
        say(f"! {book.note}")
    if given.gains:
        return _gains(book, given.export)
    if given.check:
        return _check(book, given.check)
    session = Session(book, cards, given.limit)
    if advice := check.suggestion(book.history(), book.now()):
        say(advice)
    return _review(session)


class Desk:
    """Where lines come from: each is read with its prompt, and none is longer than it may be."""

    def __init__(self, source: TextIO | None = None) -> None:
        found = source or sys.stdin
        if found is None or found.closed:
            raise CardError("there is no input to read answers from: run this in a terminal")
        if hasattr(found, "reconfigure"):
            found.reconfigure(errors="replace")
        self.source = found

    def line(self, prompt: str = "> ") -> str:
        """Return a line without its end; raises Stopped where there is none."""
        try:
            sys.stdout.write(prompt)
            sys.stdout.flush()
            found = rest = self.source.readline(LONGEST + 2)
            while len(rest) > LONGEST and not rest.endswith("\n"):
                rest = self.source.readline(65_536)  # thrown away: nobody types so much
        except BrokenPipeError:
            raise  # whoever read this, `head` say, has read enough
        except (OSError, ValueError) as error:
            raise CardError(
                f"your input can't be read ({error}): run this in a terminal"
            ) from error
        if not found:
            say("")
            raise Stopped
        return found.rstrip("\r\n")


def _review(session: Session) -> int:
    """Review until nothing is due, the limit is reached, or somebody stops."""
    desk = Desk()
    if session.note:
        say(f"! {session.note}")
    count = len(session.cards)
    say(
        f"{count} card{'s' * (count != 1)}. {HINT} is a hint, {SKIP} gives up on one, {QUIT} stops."
    )
    try:
        while (turn := session.next()) is not None:
            _show(turn, session)
            _take(turn, desk)
    except (Stopped, KeyboardInterrupt) as stop:
        _leave(stop)
        session.next()  # which counts the last answer
        say(f"Stopped. {_score(session)}")
        return _status(stop)
    say(_score(session) + _when(session))
    return 0


def _leave(stop: BaseException) -> None:
    if isinstance(stop, KeyboardInterrupt):
        say("")  # the terminal's ^C stands on the line of the prompt


def _status(stop: BaseException) -> int:
    """Return the exit status: 130 for Ctrl-C, as everywhere in the kit."""
    return 130 if isinstance(stop, KeyboardInterrupt) else 0


def _score(session: Session) -> str:
    if not session.done:
        return "Nothing was answered."
    return f"{session.right} of {session.done} right; each answer is kept."


def _when(session: Session) -> str:
    due = session.due_next()
    if session.done >= session.limit or due is None:
        return ""
    return f" Nothing else is due; the next card is, in {span(due - session.book.now())}."


def _show(turn: Turn, session: Session) -> None:
    weak = " (it comes first: you had it wrong before)" if turn.weak else ""
    head = f"{session.done + 1} of {session.limit}, lesson {turn.card.lesson}"
    say(f"\n{head}, {CALLED[turn.card.kind]}{weak}")
    _ask(turn.problem)


def _ask(problem: Problem) -> None:
    say(folded(problem.front))
    if isinstance(problem.form, Choice):
        say(folded("\n".join(f"  {line}" for line in problem.form.lines)))
    say(problem.form.how)


def _take(turn: Turn, desk: Desk) -> None:
    """Take lines until the card is answered, and say how it went."""
    if turn.judged_by_you:
        while (said := desk.line().strip()) in (HINT, QUIT):
            if said == QUIT:
                raise Stopped
            say(folded(f"Hint: {turn.hint()}"))
        say(folded(turn.problem.form.right))
        say("Did you have it? y or n")
    while turn.told is None:
        line = desk.line()
        try:
            _obey(turn, line)
        except UnreadableAnswer as error:
            say(folded(f"That can't be read: {error}."))
    say(folded(turn.told.words))
    _draw(turn)


def _obey(turn: Turn, line: str) -> None:
    word = line.strip()
    if word == QUIT:
        raise Stopped
    if word == HINT:
        say(folded(f"Hint: {turn.hint()}"))
    elif word == SKIP:
        turn.skip()
    else:
        turn.answer(line)


def _draw(turn: Turn) -> None:
    assert turn.told is not None
    try:
        picture = turn.told.picture()
    except PubSubKitError as error:
        say(f"This run can't be drawn: {error}")
        return
    if picture is not None:
        say(picture.text)


def _check(book: Book, name: str) -> int:
    """Ask what is left of a round of ten questions."""
    asked = check.Round(book, name)
    desk = Desk()
    count = len(check.ITEMS)
    say(
        f"Ten questions, {asked.name} (lessons 00 to 06). {SKIP} says that you don't know, {QUIT} "
        "stops; how you did comes at the end."
    )
    try:
        for each in list(asked.left):
            say(f"\n{count - len(asked.left) + 1} of {count}")
            _ask(each.problem)
            while each in asked.left:
                _mark(asked, each, desk.line())
    except (Stopped, KeyboardInterrupt) as stop:
        _leave(stop)
        say("Stopped. What you answered is kept; the same command asks the rest.")
        return _status(stop)
    say(check.gains(check.results(book.history())))
    return 0


def _mark(asked: check.Round, each: check.Asked, line: str) -> None:
    word = line.strip()
    if word == QUIT:
        raise Stopped
    try:
        if word == SKIP:
            asked.skip(each)
        elif word == HINT:
            say("There are no hints in a check.")
        else:
            asked.answer(each, line)
    except UnreadableAnswer as error:
        say(folded(f"That can't be read: {error}."))


def _gains(book: Book, path: str | None) -> int:
    """Show what was gained; with a path, write the counts if the learner agrees."""
    found = check.results(book.history())
    say(check.gains(found))
    if path is None:
        return 0
    if check.complete(found):
        say(folded(check.CONSENT))
    try:
        agreed = Desk().line() if check.complete(found) else ""
    except (Stopped, KeyboardInterrupt):
        agreed = ""
    say(f"Written: {check.export(found, path, agreed)}")
    return 0


def folded(text: str) -> str:
    """Break long lines between words, and leave code's indentation as it is."""
    return "\n".join(
        "\n".join(wrap(line, WIDE, subsequent_indent=_indent(line))) if len(line) > WIDE else line
        for line in map(clean_line, text.split("\n"))
    )


def clean_line(line: str) -> str:
    """Return a line without signs that a terminal would obey."""
    return _indent(line) + clean(line.strip())


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
