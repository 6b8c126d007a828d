"""The form of a question whose answer is a design: a FeedDesign, or an object of a class of yours.

A design is run, not read: its judge runs it for five people, or for millions.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from pubsub_kit.checks.forms.question import AnswerError, Question
from pubsub_kit.checks.forms.stub import is_stub
from pubsub_kit.feed.designs import FeedDesign
from pubsub_kit.scenarios.plain import shown

_RULES = ("pushed", "kept")


@dataclass
class Design(Question):
    """Design a feed; a judge runs it. `given` is what it must keep to, shown with the question."""

    given: str = ""

    def shown(self) -> str:
        """Return the question and what a design must keep to."""
        return "\n".join(filter(None, (self.asks, self.given)))

    def is_blank(self, answer: Any) -> bool:
        """Return whether nothing is designed yet: no answer, or only the default design."""
        if not isinstance(answer, FeedDesign):
            return is_stub(answer)
        rules = [getattr(type(answer), name) for name in _RULES]
        if any(is_stub(rule) for rule in rules):
            return True
        own = any(rule is not getattr(FeedDesign, n) for n, rule in zip(_RULES, rules, strict=True))
        return not own and _parameters(answer) == _parameters(FeedDesign())

    def runnable(self, answer: Any) -> FeedDesign:
        """Return the design itself; raises AnswerError for anything else."""
        if isinstance(answer, FeedDesign):
            return answer
        if isinstance(answer, type):
            name = answer.__name__
            if issubclass(answer, FeedDesign):
                raise AnswerError(f"{name} is a class: pass an instance of it, {name}(…)")
            raise AnswerError(
                f"{name} is not a design: derive it from FeedDesign, and pass an instance"
            )
        if isinstance(answer, dict):
            raise AnswerError("a dict is not a design: pass FeedDesign(**your_dict)")
        if callable(answer):
            raise AnswerError(
                "a function is not a design: derive a class from FeedDesign and override pushed"
            )
        raise AnswerError(f"give a FeedDesign(…), not {shown(answer, 60)}")


def _parameters(design: FeedDesign) -> dict[str, Any]:
    names = [field.name for field in fields(FeedDesign) if field.name != "name"]
    return {name: getattr(design, name) for name in names}
