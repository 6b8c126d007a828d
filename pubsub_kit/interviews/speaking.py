"""What a rehearsal looks like in a terminal, however narrow, and in a pipe, whatever its coding."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime

from rich.console import Console, RenderableType
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from pubsub_kit.checks.desk.terminal import say
from pubsub_kit.interviews.bank.question import Question
from pubsub_kit.interviews.rehearsal.store import Standing
from pubsub_kit.interviews.rehearsal.turn import INTERVIEWER, Line


class Voice:
    """Prints to standard output, in colours where that is a terminal."""

    def __init__(self, width: int | None = None) -> None:
        self.console = Console(width=width, highlight=False, markup=False, emoji=False)

    def show(self, lines: Sequence[Line]) -> None:
        """Print what the interviewer and the kit say."""
        for line in lines:
            if line.who == INTERVIEWER:
                self.print(Text.assemble(("Interviewer: ", "bold cyan"), (line.text, "bold")))
            else:
                self.print(Text(line.text, "dim"))

    def tell(self, sentence: str) -> None:
        """Print a sentence of the kit's."""
        self.print(Text(sentence))

    def markdown(self, text: str) -> None:
        """Print Markdown, laid out."""
        self.print(Markdown(text))

    def print(self, what: RenderableType) -> None:
        """Print something of rich's; signs that the terminal has not got become plain ones."""
        if sys.stdout is None:  # it was closed before we began
            return
        with self.console.capture() as captured:
            self.console.print(what)
        say(captured.get().removesuffix("\n"))


def table(questions: Sequence[Question], standings: Sequence[Standing]) -> Table:
    """Return the list of questions: number, id, whether its design runs, and how you did last."""
    latest: dict[str, Standing] = {}
    for each in sorted(standings, key=lambda standing: standing.when):
        latest[each.kept.question] = each
    made = Table(box=None, padding=(0, 1), header_style="bold")
    for name in ("", "question", "your design runs", "last time"):
        made.add_column(name, overflow="fold")
    for one in questions:
        runs = "yes" if one.full else "no"
        made.add_row(Text(str(one.number)), Text(one.id), runs, Text(_last(latest.get(one.id))))
    return made


def _last(standing: Standing | None) -> str:
    if standing is None:
        return ""
    if standing.state is None:
        return f"{standing.kept.name} {standing.result}"
    return f"{datetime.fromtimestamp(standing.when):%Y-%m-%d}, {standing.result}"
