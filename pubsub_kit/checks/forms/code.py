"""The form of a question whose answer is code: a function or a class, run by a judge."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import Any

from pubsub_kit.checks.forms.question import AnswerError, Question
from pubsub_kit.checks.forms.stub import is_stub


@dataclass
class Code(Question):
    """Write or repair a function or a class; a judge runs it."""

    def is_blank(self, answer: Any) -> bool:
        """Return whether the answer is still the stub; raises AnswerError if it isn't code."""
        if is_stub(answer):
            return True
        due = re.match(r"Write a class (\w+\(\w+\))", self.asks)
        if due and inspect.iscoroutinefunction(answer):
            raise AnswerError(
                f"{answer.__name__} is an async function: give the class {due[1]}, and not a "
                "method alone"
            )
        if not callable(answer):
            raise AnswerError(
                f"check() takes your function or class itself, not {_a(answer)}: write "
                f"q.{self.name}.check(my_function)"
            )
        return False


def _a(answer: Any) -> str:
    name = type(answer).__name__
    return f"{'an' if name[:1] in 'aeiouAEIOU' else 'a'} {name}"
