"""The form of a question whose answer is an order of given lines; the result is run."""

from __future__ import annotations

import linecache
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pubsub_kit.checks.forms.question import AnswerError, Question
from pubsub_kit.checks.sandbox.blame import told
from pubsub_kit.scenarios.plain import shown

_LINES = "<your lines>"


@dataclass
class Parsons(Question):
    """Put given lines of code in order; some may be left out. The result is run.

    `lines` are in the order in which the learner sees them, with their indentation; `header` is
    what comes before them (imports, say), and `defines` is the name that they define.
    """

    lines: Sequence[str] = ()
    header: str = ""
    defines: str = "handle"
    names: Mapping[str, Any] = field(default_factory=dict)

    def shown(self) -> str:
        """Return the lines, each with its number."""
        rows = [f"{i:>3}  {line}" for i, line in enumerate(self.lines, 1)]
        return "\n".join([self.asks, *rows])

    def runnable(self, answer: Any) -> Any:
        """Return what the lines define in this order; raises AnswerError if they can't."""
        chosen = [self.lines[number - 1] for number in self._numbers(answer)]
        source = "\n".join([self.header, *chosen]) + "\n"
        space: dict[str, Any] = {"__name__": _LINES, **self.names}
        linecache.cache[_LINES] = len(source), None, source.splitlines(True), _LINES
        try:
            exec(compile(source, _LINES, "exec"), space)
        except SyntaxError as error:
            raise AnswerError(
                f"in this order, the lines are not valid Python: {error.msg}"
            ) from None
        except Exception as error:
            raise AnswerError(f"in this order, the lines fail to load: {told(error)}") from None
        if self.defines not in space:
            raise AnswerError(f"in this order, the lines don't define {self.defines}")
        return space[self.defines]

    def _numbers(self, answer: Any) -> list[int]:
        most = len(self.lines)
        if isinstance(answer, str):
            words = answer.replace(",", " ").split()
            answer = [int(word) if word.isdecimal() else word for word in words]
        whole = isinstance(answer, list | tuple) and all(type(n) is int for n in answer)
        if not whole:
            raise AnswerError(
                f"give the line numbers in order, as in [2, 1, 3], not {shown(answer, 60)}"
            )
        twice = sorted({n for n in answer if answer.count(n) > 1})
        if twice:
            raise AnswerError(f"use each line at most once: line {twice[0]} is there twice")
        if wrong := [n for n in answer if not 1 <= n <= most]:
            raise AnswerError(f"there is no line {wrong[0]}: the lines are numbered 1 to {most}")
        return list(answer)
