"""Judge the judge without a world: an oracle is asked about plain runs, lists of steps.

Each case is a system. A right one must be spared in every run; a wrong one must be found out in at
least one of those that differ from the trusted system's. What is said of its other runs is not held
against the oracle.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pubsub_kit.checks.forms import objections
from pubsub_kit.checks.forms.audit import Audit
from pubsub_kit.checks.forms.question import AnswerError
from pubsub_kit.checks.sandbox.memory import Memory
from pubsub_kit.checks.systems.suspect import Suspect
from pubsub_kit.scenarios.strips import note
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Trace

Run = Sequence[Any]


class RunAudit(Audit):
    """Write oracle(run); systems stand trial before it."""

    def runnable(self, answer: Any) -> Any:
        """Return the oracle; raises AnswerError for what takes no run."""
        try:
            inspect.signature(answer).bind([])
        except TypeError:
            raise AnswerError("an oracle takes one argument: write def oracle(run)") from None
        except ValueError:  # a builtin, which does not say what it takes
            pass
        return answer


def _copy(step: Any) -> Any:
    """Return a step, a named tuple, with copies of the dicts in it, which an oracle may change."""
    return step._make([dict(part) if isinstance(part, dict) else part for part in step])


@dataclass(frozen=True)
class Trial:
    """What systems stand trial for: `runs` of each, the shortest first, the same inputs in each.

    A right system may have more of them at the end than a wrong one, which is found out before.
    The first suspect is trusted: `differs` says at which step another's run leads elsewhere than
    its own, or None. A step is a named tuple of values and flat dicts. `shown` gives what it did
    and the state after it, in words, and `start` the state before the first one. `last_step` says
    of a run that is right why its last step is, and names the belief of an oracle that minds it.
    """

    suspects: Sequence[Suspect]
    runs: Callable[[Any], Sequence[Run]]
    differs: Callable[[Run, Run], int | None]
    shown: Callable[[Any], tuple[str, str]]
    start: str
    last_step: Callable[[Run], tuple[str, str]] | None = None

    def run(self, oracle: Any, suspect: Suspect, trace: Trace) -> Violation | None:
        """Let one system stand trial; write the run that proves the oracle wrong into the trace."""
        trusted, missed = self.runs(self.suspects[0].answer), None
        memory = Memory(oracle)
        for run, right in zip(self.runs(suspect.answer), trusted, strict=False):
            at = self.differs(run, right)
            if at is None and not suspect.is_right:
                continue
            said = self._asked(oracle, run, trace)
            if said and suspect.is_right:
                changed = memory.changed()
                memory.forget()
                if changed and self._asked(oracle, run, Trace()) is None:
                    return self._remembers(run, changed[0].words, trace)
                return self._spared(suspect, run, said)
            if said:
                return None
            missed = missed or (run, at or 0)
        if suspect.is_right or missed is None:
            return None
        self._written(trace, missed[0])
        words = f"Your oracle finds nothing wrong with the system that {suspect.does}, in any run."
        return Violation(f"{words} Here is the shortest.", missed[1] + 1, belief=suspect.belief)

    def _spared(self, suspect: Suspect, run: Run, said: Violation) -> Violation:
        """Return what is wrong with an oracle that minds a right run."""
        quoted = said.message.rstrip(".!")
        words = f"The system that {suspect.does} is right. Your oracle says: “{quoted}”."
        if objections.means_fine(said.message):
            return Violation(words, belief="a text means right")
        why, belief = self.last_step(run) if self.last_step else ("", suspect.belief)
        return Violation(f"{words} {why}".strip(), belief=belief)

    def _remembers(self, run: Run, where: str, trace: Trace) -> Violation:
        self._written(trace, run)
        words = "Your oracle minds this run after others, and spares it if it is asked at once."
        return Violation(f"{words} It remembers something in {where}.", belief="hidden state")

    def blind(self, oracle: Any, wrong: Violation) -> str:
        """Say that an oracle never complains, if it complains of no run of a wrong system."""
        guilty = [suspect for suspect in self.suspects if not suspect.is_right]
        if wrong.belief not in {suspect.belief for suspect in guilty}:
            return ""
        caught = any(self.run(oracle, suspect, Trace()) is None for suspect in guilty)
        return "" if caught else "never complains"

    def _asked(self, oracle: Any, run: Run, trace: Trace) -> Violation | None:
        """Ask an oracle about a run, of which it gets a copy; keep in the trace what it minded."""
        trace.steps.clear()
        try:
            said = objections.objection(oracle([_copy(step) for step in run]), Trace())
        except AssertionError as error:
            said = Violation(str(error) or "an assertion failed")
        except Exception:
            self._written(trace, run)
            raise
        if said:
            self._written(trace, run)
        return said

    def _written(self, trace: Trace, run: Run) -> None:
        trace.steps.clear()
        note(trace, "start", self.start)
        for step in run:
            note(trace, *self.shown(step))
