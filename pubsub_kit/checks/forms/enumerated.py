"""The judge of answers that no fault can strike: every case up to a size, the smallest first.

A case is whatever an answer is tried on: a sequence of commands, a folder, a shot. The first one
that fails is therefore a smallest one, and its number replays it. An answer that passes has passed
all of them, and larger ones are not covered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pubsub_kit.checks.forms import searching
from pubsub_kit.checks.forms.verdict import Judgement
from pubsub_kit.checks.sandbox import guard
from pubsub_kit.checks.sandbox.blame import own_line, told
from pubsub_kit.checks.sandbox.memory import Memory
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.scenarios.drawn import Draws
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

_EVERY = 20  # one case in so many is tried again, to see whether the answer remembers anything
_UNLIKE = "What your code does in one case depends on the cases before it, so nothing is proven."


@dataclass(frozen=True)
class Enumerated:
    """Every one of `cases()`, which come the smallest first.

    `run` tries an answer on one case, writes into the trace what happened, and returns what is
    wrong. `covers` says in words what the cases are: "sequences of up to 6 commands". `diagnose`
    may probe an answer that failed further, and name the belief behind it. `draws` draws a run. No
    case may stand still for longer than `patience` (seconds of real time).
    """

    cases: Callable[[], Sequence[Any]]
    run: Callable[[Any, Any, Trace], Violation | None]
    covers: str
    draws: Draws
    diagnose: Callable[[Any, Violation], str] | None = None
    patience: float = 3.0

    def judge(self, answer: Any) -> Judgement:
        """Try each case until one fails; of an answer that passes, try some again."""
        memory, cases = Memory(answer), self.cases()
        for number, case in enumerate(cases, 1):
            trace, wrong = self._tried(answer, case)
            if wrong is not None:
                return self._failed(answer, memory, (number, trace, wrong))
            if number % 1000 == 0:
                searching.report(number, 0)
        for number in range(len(cases), 0, -_EVERY):
            if self._tried(answer, cases[number - 1])[1] is not None:
                return self._remembers(memory)
        many = f"{len(cases):,} {self.covers}"
        claim = f"Your code was tried on all {many}, the smallest first. Larger ones are untried."
        return Judgement("holds", f"holds for all {many}", claim=claim)

    def replay(self, answer: Any, code: str) -> tuple[World, Violation | None]:
        """Try the answer once more on the case with this number."""
        cases = self.cases()
        if not code.isdecimal() or not 1 <= int(code) <= len(cases):
            raise PubSubKitError(f"{code!r} names no case: there are 1 to {len(cases)}")
        trace, wrong = self._tried(answer, cases[int(code) - 1])
        return _world(trace), wrong

    def picture(self, world: World, violation: Violation | None, title: str) -> Picture:
        """Draw a run."""
        return self.draws(world, violation, title)

    def _tried(self, answer: Any, case: Any) -> tuple[Trace, Violation | None]:
        guard.next_run()
        trace = Trace()
        try:
            return trace, self.run(answer, case, trace)
        except PubSubKitError:
            raise
        except Exception as error:
            if not own_line(error):
                raise
            last = len(trace) - 1 if trace else None
            return trace, Violation(f"Your code raised {told(error)}.", last, belief="raises")

    def _failed(
        self, answer: Any, memory: Memory, found: tuple[int, Trace, Violation]
    ) -> Judgement:
        number, trace, wrong = found
        changed = memory.changed()
        memory.forget()
        if changed and self._tried(answer, self.cases()[number - 1])[1] is None:
            return self._remembers(memory, changed[0].words)
        memory.forget()
        if self.diagnose is not None and wrong.belief != "raises":
            named = self.diagnose(answer, wrong) or wrong.belief
            wrong = Violation(wrong.message, wrong.step, wrong.expected, wrong.actual, named)
        claim = f"Case {number} breaks it. No smaller one does, of all {self.covers}."
        return Judgement(
            "fails", f"fails in case {number:,} of {len(self.cases()):,}", wrong, str(number),
            trace, lambda title, wrong: self.picture(_world(trace), wrong, title),
            ": the smallest case that breaks it", claim,
        )  # fmt: skip

    def _remembers(self, memory: Memory, where: str = "") -> Judgement:
        changed = memory.changed()
        where = where or (changed[0].words if changed else "")
        at = f" It remembers something in {where}." if where else ""
        wrong = Violation(f"Your code did two different things in one case.{at}", None)
        wrong = Violation(wrong.message, belief="hidden state")
        return Judgement("fails", "remembers what it should not", wrong, claim=_UNLIKE)


def _world(trace: Trace) -> World:
    """Return a world in which this is what happened."""
    world = World()
    world.trace.steps.extend(trace)
    return world
