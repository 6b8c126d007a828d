"""The form of a question whose answer is an order of given lines; the result is run."""

from __future__ import annotations

import ast
import inspect
import linecache
import re
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
    what comes before them (imports, say), and `defines` is the name that they define. A class
    among them has a method `handle`, and `takes` the argument of this name.
    """

    lines: Sequence[str] = ()
    header: str = ""
    defines: str = "handle"
    takes: str = ""
    names: Mapping[str, Any] = field(default_factory=dict)

    def shown(self) -> str:
        """Return the lines, each with its number."""
        rows = [f"{i:>3}  {line}" for i, line in enumerate(self.lines, 1)]
        return "\n".join([self.asks, *rows])

    def runnable(self, answer: Any) -> Any:
        """Return what the lines define in this order; raises AnswerError if they can't."""
        numbers = self._numbers(answer)
        source = "\n".join([self.header, *(self.lines[number - 1] for number in numbers)]) + "\n"
        space: dict[str, Any] = {"__name__": _LINES, **self.names}
        shown = [line + "\n" for line in self.lines]
        linecache.cache[_LINES] = sum(map(len, shown)), None, shown, _LINES
        try:
            tree = ast.parse(source, _LINES)
            exec(compile(_as_numbered(tree, [1, *numbers]), _LINES, "exec"), space)
        except SyntaxError as error:
            words = _invalid(error, numbers)
            raise AnswerError(f"in this order, the lines are not valid Python: {words}") from None
        except Exception as error:
            raise AnswerError(f"in this order, the lines fail to load: {told(error)}") from None
        if self.defines not in space:
            raise AnswerError(f"in this order, the lines don't define {self.defines}")
        return self._whole(space[self.defines])

    def _whole(self, made: Any) -> Any:
        """Return what was defined; raises AnswerError for a class that lacks a line."""
        if not isinstance(made, type):
            return made
        name = made.__name__
        if self.takes and not _can_take(made, self.takes):
            raise AnswerError(
                f"{name}({self.takes}) takes no {self.takes} as you have it: the line that defines "
                "__init__ is missing"
            )
        if not hasattr(made, "handle"):
            raise AnswerError(f"{name} has no method handle: the line that defines it is missing")
        return made

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


def _as_numbered(tree: ast.Module, numbers: Sequence[int]) -> ast.Module:
    """Give each part of a program the number that its line has in the puzzle."""
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt | ast.expr | ast.excepthandler | ast.arg | ast.keyword):
            node.lineno = node.end_lineno = numbers[node.lineno - 1]
            node.end_col_offset = max(node.col_offset, node.end_col_offset or 0)
    return tree


def _invalid(error: SyntaxError, numbers: Sequence[int]) -> str:
    """Return what is not valid, with the numbers that lines have in the puzzle."""

    def line(number: int) -> str:
        known = 2 <= number < len(numbers) + 2  # the first one is the header
        return f"line {numbers[number - 2]}" if known else f"line {number}"

    words = re.sub(r"line (\d+)", lambda found: line(int(found[1])), error.msg)
    known = not error.lineno or "line" in words
    return words if known else f"{words} ({line(error.lineno or 0)})"


def _can_take(made: type, argument: str) -> bool:
    try:
        inspect.signature(made).bind(argument)
    except (TypeError, ValueError):
        return False
    return True
