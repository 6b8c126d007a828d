"""What a search of schedules found: its outcome, in numbers and in words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from pubsub_kit.world.search.claim import claim
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.world import World


@dataclass(slots=True)
class Exploration:
    """What `explore` found.

    `outcome` is "holds", "fails", "not exercised" (a fault never had a chance to happen), "cut off"
    (nothing failed, but the limit on schedules or time came before every schedule was tried) or
    "not found" (nothing failed in a sample: `sample` says of which kind). `schedules` counts the
    runs, `merged` those that ended early because another had reached the same state, `fired` how
    often each fault happened. `redundant` runs are not counted: they ended when a pre-emption
    turned out to do what another schedule does. `complete` is the number of faults up to which
    every schedule has been tried (−1: not even the run without faults). `race` says which tasks
    race out of the search's reach, since they were only spawned. `unended` counts the runs that
    were not over at `until` (virtual seconds). `second_act` says which runs had one, a part where
    no fault was tried ("" if none had). `hardest` is the code of the hardest schedule that was
    survived ("" unless the outcome is "holds"), and `rerun` runs any code once more.
    """

    outcome: str
    schedules: int = 0
    merged: int = 0
    redundant: int = 0
    max_faults: int = 0
    complete: int = -1
    fired: Counter[str] = field(default_factory=Counter)
    code: str = "-"
    violation: Violation | None = None
    world: World | None = None
    sample: str = ""
    race: str = ""
    until: float = math.inf
    unended: int = 0
    second_act: str = ""
    hardest: str = ""
    rerun: Callable[[str], World] | None = field(default=None, repr=False, compare=False)

    @property
    def claim(self) -> str:
        """What is proven and what is not, in a few sentences."""
        return claim(self)

    @property
    def trace(self) -> Trace:
        """The trace of the run that failed, or of the run without faults."""
        return self.world.trace if self.world else Trace()

    def __str__(self) -> str:
        """Say in one line what came out."""
        kind = f"{self.sample} " if self.sample else ""
        runs = f"{self.schedules:,} {kind}schedule{'s' * (self.schedules != 1)}"
        upto = f"of up to {self.max_faults} fault{'s' * (self.max_faults != 1)}"
        if self.outcome == "holds" and self.merged:
            return f"holds: every schedule {upto}, covered by {self.schedules:,} runs"
        if self.outcome == "holds":
            return f"holds: {'all ' * (self.schedules != 1)}{runs} {upto}"
        if self.outcome == "fails" and self.violation:
            return f"fails at schedule {self.code}: {self.violation.message}"
        if self.outcome == "cut off":
            held = f"all of up to {self.complete} hold" if self.complete >= 0 else "none is proven"
            return f"cut off after {runs}, before all {upto} were tried: {held}"
        silent = ", ".join(name for name in self.fired if not self.fired[name])
        if self.outcome == "not found":
            never = f"; none of them had {silent}" if silent else ""
            return f"not found: {runs} {upto}{never}"
        if self.race:
            return (
                f"not exercised: {self.race}, and tasks that were only spawned are never "
                "pre-empted: make them workers of a world.consumer or handlers of a world.service"
            )
        return f"not exercised: in {runs} there was never a chance for {silent}"
