"""`progress`: where you stand, question by question, read from the log of what you did."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pubsub_kit.checks.desk import journal
from pubsub_kit.checks.desk.exercises import LESSONS
from pubsub_kit.checks.desk.terminal import say
from pubsub_kit.checks.forms.sources import ROOT
from pubsub_kit.checks.forms.verdict import SIGNS

_NEW = {"outcome": "not attempted", "checks": 0, "hints": 0, "solution": False}


def main(argv: Sequence[str], root: Path = ROOT) -> int:
    """Print the table; raises PubSubKitError where the log of progress cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python3 -m pubsub_kit progress",
        description="Show how far you are with each exercise.",
    )
    parser.parse_args(argv)
    say(table(journal.standings(journal.history(root))))
    return 0


def table(standings: dict[str, dict[str, Any]]) -> str:
    """Return the table as text: each exercise with its questions, signs, checks and hints."""
    lines = []
    for key, name in LESSONS.items():
        questions = importlib.import_module(f"pubsub_kit.checks.questions.{name}").QUESTIONS
        rows = {q.name: standings.get(f"{key}.{q.name}", _NEW) for q in questions}
        held = sum(row["outcome"] == "holds" for row in rows.values())
        lines.append(f"{key} {name.replace('_', ' ')}: {held} of {len(rows)}")
        lines += [_line(question, row) for question, row in rows.items()]
    return "\n".join(lines)


def _line(question: str, row: dict[str, Any]) -> str:
    said = [
        _count(row["checks"], "check"),
        _count(row["hints"], "hint"),
        "solution shown" if row["solution"] else "",
    ]
    words = ", ".join(filter(None, said))
    return f"   {SIGNS[row['outcome']]} {question:<12} {words}".rstrip()


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}" if number else ""
