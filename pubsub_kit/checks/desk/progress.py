"""`progress`: where you stand, question by question, read from the log of what you did.

Two things are told apart. Once an answer of yours has held, its ✓ stays, whatever comes later.
Whether the answer that you have now holds is what your last check said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pubsub_kit import options
from pubsub_kit.checks.desk import journal
from pubsub_kit.checks.desk.exercises import LESSONS, questions
from pubsub_kit.checks.desk.journal import Standing
from pubsub_kit.checks.desk.terminal import say
from pubsub_kit.checks.forms.sources import ROOT, asked
from pubsub_kit.checks.forms.verdict import SIGNS


def main(argv: Sequence[str], root: Path = ROOT) -> int:
    """Print the table; raises PubSubKitError where the log of progress cannot be read."""
    options.progress().parse_args(argv)
    say(table(journal.standings(journal.history(root))))
    return 0


def table(standings: Mapping[str, Standing]) -> str:
    """Return the table as text: each exercise with its questions, signs, checks and hints."""
    lines = [options.LEGEND]
    for key, title in LESSONS.items():
        rows = {name: standings.get(f"{key}.{name}", Standing()) for name in _in_order(key)}
        held = sum(row.held for row in rows.values())
        now = sum(row.outcome == "holds" for row in rows.values())
        lines.append(f"{key} {title.replace('_', ' ')}: {held} of {len(rows)} held, {now} now")
        lines += [_line(question, row) for question, row in rows.items()]
    return "\n".join(lines)


def _in_order(key: str) -> list[str]:
    """Return the names of an exercise's questions, in the order in which its notebook asks them."""
    names, order = [question.name for question in questions(key)], asked(key)
    return sorted(names, key=lambda name: order.index(name) if name in order else len(order))


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
