"""The form of a question whose answer is an oracle: judge the judge (`audited.py` is its judge)."""

from __future__ import annotations

from typing import Any

from pubsub_kit.checks.forms import objections
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.stub import returns


class Audit(Code):
    """Write an oracle; systems stand trial before it."""

    def is_untouched(self, answer: Any, exercise: str) -> bool:
        """Return whether it is still the stub: an oracle that returns None on purpose is not."""
        return super().is_untouched(answer, exercise) and not returns(answer)

    def runnable(self, answer: Any) -> Any:
        """Return the oracle; raises AnswerError for what takes no rows and trace."""
        return objections.checked(answer)
