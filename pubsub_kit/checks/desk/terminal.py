"""`check 03`: run your copy of an exercise in a terminal, and print each verdict as it comes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from pubsub_kit.checks.desk import copies, exercises
from pubsub_kit.checks.desk.runner import run_notebook
from pubsub_kit.checks.forms.sources import ROOT
from pubsub_kit.checks.forms.verdict import SIGNS, Verdict

_PLAIN_SIGNS = {"○": "o", "◐": "?", "✗": "x", "✓": "v", "…": "...", "’": "'", "–": "-", "×": "x"}


def main(argv: Sequence[str], root: Path = ROOT) -> int:
    """Check exercises; return 0 if every question of them holds, else 1.

    Raises PubSubKitError for an exercise that does not exist or cannot be read.
    """
    parser = argparse.ArgumentParser(
        prog="python3 -m pubsub_kit check",
        description="Run your copies of exercises, and say which of your answers hold.",
    )
    parser.add_argument("exercises", nargs="+", metavar="exercise", help="03, or its name")
    keys = [exercises.key_of(given) for given in parser.parse_args(argv).exercises]
    copies.prepare(root)
    return max([check(key, root) for key in keys])


def check(key: str, root: Path) -> int:
    """Run the learner's copy of one exercise, and print its verdicts and how many hold."""
    name = f"{key}_{exercises.LESSONS[key]}.ipynb"
    path = copies.copy_of(root, name)
    if not path.exists():
        raise copies.WorkspaceError(
            f"there is no {copies.FOLDER}/{path.name}, nor an exercises/{name} to copy: update "
            "your checkout"
        )
    ran = run_notebook(
        path, lambda said: say(said.text if isinstance(said, Verdict) else f"! {said}")
    )
    last = {verdict.question: verdict for verdict in ran.verdicts}
    asked = [f"{key}.{asked.name}" for asked in exercises.exercise(key)]
    for question in asked:
        if question not in last:
            say(f"{SIGNS['not attempted']} {question}: not checked")
    held = sum(bool(last.get(question)) for question in asked)
    say(f"{held} of {len(asked)} answers hold")
    return 0 if held == len(asked) and not ran.trouble else 1


def say(words: str, to: TextIO | None = None) -> None:
    """Print words, with plain signs where the terminal has no others."""
    stream = to or sys.stdout
    coding = stream.encoding or "ascii"
    try:
        words.encode(coding)
    except (UnicodeEncodeError, LookupError):
        for sign, plain in _PLAIN_SIGNS.items():
            words = words.replace(sign, plain)
        words = words.encode("ascii", "replace").decode("ascii")
    try:
        print(words, file=stream, flush=True)
    except BrokenPipeError:  # whoever read this, `head` say, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
