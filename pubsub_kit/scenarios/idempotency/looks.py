"""What a worker saw before it wrote: a race is about looks, so its picture has to show them.

A store notes only its writes in the trace. The one here also notes each look outside a transaction:
a `get`, and an `insert` that finds its row already there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pubsub_kit.world.handlers import short
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.stores import Store
from pubsub_kit.world.trace import Step, Trace
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture


class Watched(Store):
    """A store that notes in the trace who looked at which row, and what was there."""

    async def get(self, key: str, default: Any = None) -> Any:
        """Return the row of a key, or the default, and note whether there was one."""
        value = await super().get(key, default)
        self._saw(key, short(self.rows[key]) if key in self.rows else "no")
        return value

    async def insert(self, key: str, value: Any = True) -> bool:
        """Write a row only if its key is new, in one step; note it if the key isn't."""
        done = await super().insert(key, value)
        if not done:
            self._saw(key, "yes")
        return done

    def _saw(self, key: str, what: str) -> None:
        self.world.note("read", self.world.current().node.name, text=f"{key}? {what}")


def watched(world: World, name: str = "db") -> Store:
    """Add a durable store that notes each look in the trace, and return it."""
    world.stores[name] = Watched(world, name, {})
    return world.stores[name]


class Failed(Protocol):
    """A search that found a run in which something went wrong."""

    @property
    def trace(self) -> Trace:
        """The run."""

    violation: Violation | None


def race(found: Failed, event: str) -> Picture:
    """Draw only what happened to one event: who looked at what, what they saw, who wrote what.

    Raises ValueError for a search that found no violation.
    """
    from pubsub_kit import show

    wrong = found.violation
    if wrong is None or wrong.step is None:
        raise ValueError("nothing went wrong in this run: there is no race to draw")
    kept = _of(event, found.trace)
    steps = [_as_change(found.trace[i]) for i in kept]
    return show.spacetime(
        Trace(steps),
        mark=kept.index(wrong.step) if wrong.step in kept else None,
        expected=wrong.expected,
        actual=wrong.actual,
        caption=f"Only what happened to {event} is drawn. {wrong.message}",
        title=_title(event, [step.kind for step in steps]),
        axis="order",
    )


def _title(event: str, kinds: list[str]) -> str:
    """Say how many looked before anybody wrote, if more than one did."""
    before = kinds[: kinds.index("effect")] if "effect" in kinds else kinds
    looks, writes = before.count("read"), kinds.count("effect")
    if looks < 2:
        return f"What happened to {event}"
    return f"{looks} looks, then {writes} writes: what happened to {event}"


def _of(event: str, trace: Trace) -> list[int]:
    """Return the steps that handle the event or carry it."""
    in_hand: dict[str, str] = {}
    kept = []
    for i, step in enumerate(trace):
        if step.kind == "begin":
            in_hand[step.node] = step.text
        if step.kind in ("send", "receive", "lose"):
            mine = event in step.text
        else:
            mine = event in in_hand.get(step.node, "")
        if mine:
            kept.append(i)
    return kept


def _as_change(step: Step) -> Step:
    """Label a write by how much it changed a number, since the writes in between aren't drawn."""
    if step.kind == "pause":
        return step._replace(text="pauses")
    if step.kind != "effect":
        return step
    _, before, after = step.data
    numbers = {k: v for k, v in after.items() if type(v) in (int, float)}
    words = [f"{k} {v - (before[k] or 0):+g}" for k, v in numbers.items()]
    return step._replace(text=", ".join(words) or step.text)
