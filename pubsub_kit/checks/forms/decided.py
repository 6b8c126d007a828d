"""The judge of a choice that needs no search: it is compared once with what is known to be right.

What is known may be recorded, found in a log, or played in a model. No fault and no schedule is
tried, so a verdict speaks of the comparison alone: there is no run to replay, and none to compare.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pubsub_kit.checks.forms.verdict import Judgement
from pubsub_kit.checks.sandbox import guard
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.scenarios.drawn import Draws, drawn
from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.search.explore import Oracle, Violation, run_once
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

_END, _STEPS = 1e9, 3_000  # virtual seconds and moments, at most, of the scene


def _in_order(world: World, violation: Violation | None, title: str) -> Picture:
    return drawn(world, violation, title, axis="order")


@dataclass(frozen=True)
class Decided:
    """Compares a choice: `stage` lays out the scene, and `oracle` finds the first thing wrong.

    `right` and `wrong` say what a choice is that holds or fails, to go on after "holds: ", and
    `claim` says with what it was compared, and what that leaves open. `shows` names what `draws`
    draws of a choice that fails: the scene in the order of its steps, if it is not given.
    """

    stage: Callable[[World, Any], Any]
    oracle: Oracle
    right: str
    wrong: str
    claim: str
    shows: str = "what comes of your choice"
    draws: Draws = _in_order
    patience: float = 3.0

    def judge(self, answer: Any) -> Judgement:
        """Compare a choice."""
        guard.next_run()
        world, _ = run_once(
            lambda world: self.stage(world, answer), Schedule("-"), (), _END, _STEPS
        )
        found = self.oracle(world)
        world.end_tasks()
        if found is None:
            return Judgement("holds", f"holds: {self.right}", claim=self.claim)
        return Judgement(
            "fails", f"fails: {self.wrong}", found, "", world.trace,
            lambda title, wrong: self.picture(world, wrong, title), f": {self.shows}", self.claim,
        )  # fmt: skip

    def replay(self, answer: Any, code: str) -> tuple[World, Violation | None]:
        """Raises PubSubKitError: nothing was run under a schedule."""
        raise PubSubKitError(
            "it was compared, and not run under a schedule; check() draws what is wrong with it"
        )

    def picture(self, world: World, violation: Violation | None, title: str) -> Picture:
        """Draw the scene."""
        return self.draws(world, violation, title)
