"""What a worker did with its store while it had a delivery in hand, and how it ended.

Two workers may have the same message in hand, so what each of them saw and wrote is told apart by
the node, and by the steps between its handler's begin and end.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from pubsub_kit.scenarios.idempotency.looks import Deed, Watched
from pubsub_kit.world.search.blocked import handled
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.world import World

LAX = "read committed"


class Held(NamedTuple):
    """One delivery in a worker's hand: where it began and ended, and what was done meanwhile."""

    begin: int
    end: int  # the last step of the run if it never ended
    node: str
    text: str
    how: str  # "done", "failed", "crash", or "" if it never ended
    deeds: list[Deed]

    def looks(self, key: str, until: int | None = None) -> list[Deed]:
        """Return the looks at a row, before a step if one is given."""
        return [d for d in self.deeds if d.kind == "look" and key in d.rows
                and (until is None or d.step <= until)]  # fmt: skip

    def writes(self, but: str = "") -> list[Deed]:
        """Return the writes of rows other than this one."""
        return [d for d in self.deeds if d.kind == "write" and set(d.rows) - {but}]

    def of_one_transaction(self, look: Deed, write: Deed) -> bool:
        """Say whether a look was in the transaction that then wrote."""
        between = self.deeds[self.deeds.index(look) : self.deeds.index(write)]
        return bool(look.isolation) and not any(d.kind in ("begin", "enter") for d in between)

    def found(self, but: str) -> dict[str, Any]:
        """Return the rows that it found there and left alone, other than one."""
        kept = [k for d in self.deeds if d.kind == "look" for k, v in d.rows.items()
                if v is not None and k != but]  # fmt: skip
        wrote = {k for d in self.deeds if d.kind == "write" for k in d.rows}
        return {k: True for k in kept if k not in wrote}

    @property
    def attempt(self) -> int:
        """Which attempt of the message this was."""
        return int(self.text.partition(" (attempt ")[2].rstrip(")") or 1)

    def number_taken(self, row: str) -> int:
        """Return the step at which it took its number for a row, as far as the store knows."""
        steps = [d.step for d in self.writes(but=row)] or [d.step for d in self.looks(row)]
        return min(steps, default=self.begin)

    @property
    def past_its_transaction(self) -> tuple[Deed, Deed, str] | None:
        """Return a conflict that it made itself: the write, the conflict, and the row of both."""
        for n, conflict in enumerate(self.deeds):
            if conflict.kind != "conflict":
                continue
            entered = max((i for i, d in enumerate(self.deeds[:n]) if d.kind == "enter"), default=0)
            inside = self.deeds[entered:n]
            for i, write in enumerate(inside):
                seen = {k for d in inside[:i] if d.isolation for k in d.rows}
                for key in write.rows if write.kind == "write" else ():
                    if key in seen:
                        return write, conflict, key
        return None

    @property
    def never_entered(self) -> bool:
        """Whether it began a transaction without ever entering one."""
        kinds = [d.kind for d in self.deeds if d.kind in ("begin", "enter")]
        return kinds.count("begin") > kinds.count("enter")


def held(world: World, store: str = "db") -> list[Held]:
    """Return what was in hand during a run whose store is watched, in the order of beginning."""
    db, trace, found = world.stores[store], world.trace, []
    assert isinstance(db, Watched)
    for begin, end in handled(trace).items():
        last, step = len(trace) - 1 if end is None else end, trace[begin]
        deeds = [d for d in db.deeds if d.node == step.node and begin < d.step <= last]
        found.append(Held(begin, last, step.node, step.text, _how(trace, end), deeds))
    return found


def _how(trace: Trace, end: int | None) -> str:
    if end is None:
        return ""
    return "crash" if trace[end].kind == "crash" else trace[end].text.split(":")[0]
