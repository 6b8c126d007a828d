"""`progress`: where you stand, question by question, read from the log of what you did.

Two things are told apart. Once an answer of yours has held, its ✓ stays, whatever comes later.
Whether the answer that you have now holds is what your last check said.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from pubsub_kit.checks.desk import journal
from pubsub_kit.checks.desk.exercises import LESSONS, questions
from pubsub_kit.checks.desk.journal import Standing
from pubsub_kit.checks.desk.terminal import say
from pubsub_kit.checks.forms.sources import ROOT
from pubsub_kit.checks.forms.verdict import SIGNS

_LEGEND = "The first sign says whether an answer of yours has ever held; no later check takes it \
away.\nThe second one says how your last check ended."


def main(argv: Sequence[str], root: Path = ROOT) -> int:
    """Print the table; raises PubSubKitError where the log of progress cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python3 -m pubsub_kit progress",
        description="Show how far you are with each exercise.",
        epilog=_LEGEND.replace("\n", " "),
    )
    parser.parse_args(argv)
    say(table(journal.standings(journal.history(root))))
    return 0


def table(standings: Mapping[str, Standing]) -> str:
    """Return the table as text: each exercise with its questions, signs, checks and hints."""
    lines = [_LEGEND]
    for key, name in LESSONS.items():
        rows = {q.name: standings.get(f"{key}.{q.name}", Standing()) for q in questions(key)}
        held = sum(row.held for row in rows.values())
        now = sum(row.outcome == "holds" for row in rows.values())
        lines.append(f"{key} {name.replace('_', ' ')}: {held} of {len(rows)} held, {now} now")
        lines += [_line(question, row) for question, row in rows.items()]
    return "\n".join(lines)


def _line(question: str, row: Standing) -> str:
    said = [
        f"{_state(row):<28}",
        _count(row.checks, "check"),
        _count(row.hints, "hint"),
        "solution shown" if row.solution else "",
    ]
    once = SIGNS["holds"] if row.held else "-"
    words = f"{said[0]} {', '.join(filter(None, said[1:]))}"
    return f"   {once} {SIGNS[row.outcome]} {question:<12} {words}".rstrip()


def _state(row: Standing) -> str:
    """Say in words what the two signs of a row say."""
    if row.outcome == "holds":
        return "holds"
    now = {"fails": "fails now"}.get(row.outcome, f"{row.outcome} now")
    return f"held once, {now}" if row.held else row.outcome


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}" if number else ""
