"""`check 03`: run your copy of an exercise in a kernel, and print each verdict as it comes."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO

from pubsub_kit import options
from pubsub_kit.checks.desk import copies, exercises
from pubsub_kit.checks.desk.runner import Heard, run_notebook
from pubsub_kit.checks.forms.sources import ROOT
from pubsub_kit.checks.forms.verdict import SIGNS
from pubsub_kit.show.widgets import status

_PLAIN_SIGNS = {"○": "o", "◐": "?", "✗": "x", "✓": "v", "…": "...", "’": "'", "–": "-", "×": "x"}


def main(argv: Sequence[str], root: Path = ROOT) -> int:
    """Check exercises; return 0 if every question of them holds, or every one named, else 1.

    Raises PubSubKitError for an exercise or a question that does not exist, or cannot be read.
    """
    given = options.check().parse_intermixed_args(argv)
    wanted = asked_for(given.words)
    copies.prepare(root)
    return max([check(key, root, names, given.seconds) for key, names in wanted])


def asked_for(words: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return each exercise that is named, with the questions that are named after it.

    Raises NoSuchQuestion for a word that names neither.
    """
    wanted: list[tuple[str, list[str]]] = []
    for word in words:
        if wanted and word in _names(wanted[-1][0]):
            wanted[-1][1].append(word)
            continue
        try:
            wanted.append((exercises.key_of(word), []))
        except exercises.NoSuchQuestion as nothing:
            if not wanted or word[:1].isdecimal():
                raise
            key = wanted[-1][0]
            raise exercises.NoSuchQuestion(
                f"exercise {key} has no question {word[:40]!r}: it has {', '.join(_names(key))}"
            ) from nothing
    return wanted


def check(key: str, root: Path, names: Sequence[str] = (), seconds: float = options.SECONDS) -> int:
    """Run the learner's copy of one exercise; print its verdicts, and how many answers hold.

    `names` are the questions to check, if not all; one cell may take so many seconds.
    """
    path = _copy(key, root)
    say(_said_of(path, root, seconds))
    asked = [f"{key}.{name}" for name in _names(key) if name in (names or _names(key))]
    only = asked if names else ()
    with _line() as line:
        ran = run_notebook(path, _print, root=root, only=only, seconds=seconds, status=line)
    last = {verdict.question: verdict for verdict in ran.verdicts}
    times = Counter(verdict.question for verdict in ran.verdicts)
    for question in asked:
        if question not in last:
            say(f"{SIGNS['not attempted']} {question}: not checked")
        elif times[question] > 1:
            say(f"{question} is checked {times[question]} times in here: the last check counts")
    held = sum(bool(last.get(question)) for question in asked)
    one = len(asked) == 1
    say(f"{held} of {len(asked)} {'answer holds' if one else 'answers hold'}")
    return 0 if held == len(asked) and (names or not ran.trouble) else 1


def say(words: str, to: TextIO | None = None) -> None:
    """Print words, with plain signs where the terminal has no others."""
    stream = to or sys.stdout
    try:
        print(_printable(words, stream.encoding or "ascii"), file=stream, flush=True)
    except BrokenPipeError:  # whoever read this, `head` say, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _printable(words: str, coding: str) -> str:
    """Return words with whatever this coding cannot write replaced."""
    try:
        "".encode(coding)
    except LookupError:
        coding = "ascii"
    return "".join(_letter(letter, coding) for letter in words)


def _letter(letter: str, coding: str) -> str:
    try:
        letter.encode(coding)
    except UnicodeError:
        return _PLAIN_SIGNS.get(letter, "?")
    return letter


@contextmanager
def _line() -> Iterator[Callable[[str], None]]:
    """Give what shows a line in a terminal, or wipes it for ""; elsewhere it does nothing."""
    place = status.place()

    def show(words: str) -> None:
        if place is not None:
            place.show(words) if words else place.clear()

    try:
        yield show
    finally:
        show("")


def _print(said: Heard | str) -> None:
    say(said.text if isinstance(said, Heard) else f"! {said}")


def _names(key: str) -> list[str]:
    return [question.name for question in exercises.questions(key)]


def _copy(key: str, root: Path) -> Path:
    """Return the learner's copy of an exercise; raises WorkspaceError where there is none."""
    name = f"{key}_{exercises.LESSONS[key]}.ipynb"
    path = copies.copy_of(root, name)
    if not path.exists():
        raise copies.WorkspaceError(
            f"there is no {copies.FOLDER}/{path.name}, nor an exercises/{name} to copy: update "
            "your checkout"
        )
    return path


def _said_of(path: Path, root: Path, seconds: float) -> str:
    """Say which file is read, how old it is, and how it is run."""
    name = path.relative_to(root).as_posix()
    saved = datetime.fromtimestamp(path.stat().st_mtime)
    return (
        f"Reading {name} as it was saved on {saved:%Y-%m-%d at %H:%M:%S}.\n"
        "If it is open in JupyterLab, save it there first (Ctrl+S): unsaved changes are not in "
        f"it.\nStarting a kernel to run its cells; each of them may take {seconds:g} s."
    )
