"""The form of a question whose answer is a choice; the choice is run, or compared (`Decided`).

There is no list of right answers to compare with, so an unusual right answer counts as right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pubsub_kit.checks.forms.decided import Decided
from pubsub_kit.checks.forms.question import AnswerError, Question
from pubsub_kit.checks.forms.stub import is_stub
from pubsub_kit.checks.forms.verdict import Judgement
from pubsub_kit.scenarios.plain import shown


@dataclass
class Choose(Question):
    """Choose an option for each of several things; the choice is run.

    `options` lists the options for each thing. A question about a single thing also takes the
    option alone as its answer.
    """

    options: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def shown(self) -> str:
        """Return the question, with the options for each thing."""
        rows = [f"  {thing}: {' | '.join(choices)}" for thing, choices in self.options.items()]
        return "\n".join([self.asks, *rows])

    def judge(self, answer: Any) -> Judgement:
        """Run the choice, or compare it; only what was run is said to have been."""
        judged = super().judge(answer)
        if isinstance(self.judged_by, Decided):
            return judged
        return replace(judged, claim=f"Your choice was run as code. {judged.claim}")

    def runnable(self, answer: Any) -> dict[str, str]:
        """Return the answer as one option for each thing; raises AnswerError for another form."""
        things = list(self.options)
        if len(things) == 1 and isinstance(answer, str):
            answer = {things[0]: answer}
        example = ", ".join(f"{thing!r}: …" for thing in things)
        if not isinstance(answer, Mapping):
            raise AnswerError(f"choose one option for each: {{{example}}}, not {shown(answer)}")
        if unknown := [thing for thing in answer if thing not in self.options]:
            raise AnswerError(
                f"there is no {shown(unknown[0], 40)} to choose an option for: give {{{example}}}"
            )
        if missing := [thing for thing in things if is_stub(answer.get(thing))]:
            raise AnswerError(f"choose an option for {' and '.join(map(repr, missing))} too")
        answer = {thing: _written(given, self.options[thing]) for thing, given in answer.items()}
        for thing, option in answer.items():
            if option not in self.options[thing]:
                known = ", ".join(map(repr, self.options[thing]))
                raise AnswerError(
                    f"{shown(option, 40)} is not an option for {thing}: choose from {known}"
                )
        return {thing: str(answer[thing]) for thing in things}


def _written(given: Any, known: Sequence[str]) -> Any:
    """Return an option as the question writes it: 5 is "5"; capitals and spaces don't count."""
    said = str(given) if type(given) is int and abs(given) < 1_000_000 else given
    if not isinstance(said, str):
        return given
    return next((option for option in known if _bare(option) == _bare(said)), given)


def _bare(option: str) -> str:
    """Return an option in small letters, with one space between words and after each comma."""
    return ", ".join(" ".join(part.split()) for part in option.lower().split(","))
