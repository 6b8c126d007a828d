"""Why an order that is saved was never published, as far as the trace of a run proves it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pubsub_kit.scenarios.out_of_order_transfers.asked import mentions, overwritten
from pubsub_kit.scenarios.plain import moment
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.trace import Step
from pubsub_kit.world.world import World

ORDERS = ("o-1", "o-2")
SHOP, TOPIC = "shop", "orders"


class Untold:
    """Why an order that is saved was never published, as far as the trace proves it."""

    def __init__(self, world: World, id: str, states: tuple[str, str]) -> None:
        self.world, self.trace, self.id, self.states = world, world.trace, id, states
        self.saved = writes(world, f"order {id}")[0]
        when = moment(self.trace[self.saved])
        self.message = f"{id} was saved at {when}, but the kitchen never heard of it."

    def why(self) -> Violation:
        """Return the violation, with its reason if there is a proof."""
        lost = overwritten(self.trace, ORDERS, "shop")
        if lost is not None and lost[2] == self.id:
            said = f"At {self._at(lost[0])} {lost[3]} took its place in the row {lost[1]!r}."
            return self._said(said, "one row for all", lost[0])
        left = [
            row for row, data in self.world.stores["db"].rows.items() if self._is_note(row, data)
        ]
        crash = next((i for i, s in enumerate(self.trace) if s.kind == "crash"), None)
        if left:
            return self._passed_over(left[0])
        forgot = [i for i in self._later() if self._forgets(i)]
        if forgot and (failed := self._failed_by(forgot[-1])) is not None:
            return self._deleted_unsent(failed, forgot[-1])
        if forgot and crash is not None and crash > forgot[-1]:
            return self._said("", "forgets before it tells", forgot[-1])
        if forgot:
            said = f"At {self._at(forgot[-1])} the shop took it off its list."
            return self._said(said, "takes it off its list", forgot[-1])
        if crash is not None and crash > self.saved and not self._noted():
            belief = "order and outbox apart" if self._notes_others() else "save, then publish"
            return self._said("", belief, crash)
        return self._said("", "tells nobody" if crash is None and not self._noted() else "")

    def _passed_over(self, row: str) -> Violation:
        """Say that a row was left for the relay, which did not publish it."""
        pause = next((i for i, s in enumerate(self.trace) if s.kind == "pause"), None)
        told = [i for i in range(self.saved) if _publishes(self.trace[i])]
        if pause is not None and pause < self.saved and told:
            said = f"It was committed late: {self.trace[told[-1]].text} had been published before."
            return self._said(f"{said} The row {row!r} is still there.", "id > last", pause)
        return self._said(f"The row {row!r} is still there.", "the relay leaves it")

    def _failed_by(self, until: int) -> int | None:
        """Return where its last publish before this step failed, if one did."""
        gives_up = "timeout", SHOP, f"gives up on {self.id}: no confirm"
        failed = (i for i in range(until) if _is(self.trace[i], gives_up))
        return max(failed, default=None)

    def _deleted_unsent(self, failed: int, at: int) -> Violation:
        """Say that a publish failed, and that a row about the order was written off after that."""
        gone = None in self.trace[at].data[2].values()
        said = (
            f"publish raised PublishTimeout at {self._at(failed)}, and your code "
            f"{'deleted' if gone else 'changed'} the row all the same."
        )
        return self._said(said, "deletes what is unsent", failed)

    def _said(self, more: str, belief: str, blocker: int | None = None) -> Violation:
        message = f"{self.message} {more}".strip()
        return told(message, self.saved, self.states, belief, blocker)

    def _is_note(self, row: str, data: Any) -> bool:
        return _is_note(row, data, self.id)

    def _noted(self) -> bool:
        """Say whether any other row was ever written about it."""
        return any(notes(step, self.id) for step in self.trace)

    def _notes_others(self) -> bool:
        """Say whether another order's row and its note were two writes."""
        others = [id for id in ORDERS if id != self.id]
        return any(
            notes(s, id) and f"order {id}" not in s.data[2] for s in self.trace for id in others
        )

    def _later(self) -> range:
        return range(self.saved + 1, len(self.trace))

    def _forgets(self, i: int) -> bool:
        """Say whether a row about it was deleted or changed at this step."""
        step = self.trace[i]
        if step.kind != "effect" or step.node != "shop":
            return False
        _, before, after = step.data
        keys = [k for k in after if mentions(before.get(k), self.id) or self.id in k.split()]
        return any(after[k] != before.get(k) for k in keys)

    def _at(self, step: int) -> str:
        return moment(self.trace[step])


def _is(step: Step, wanted: tuple[str, str, str]) -> bool:
    return (step.kind, step.node, step.text) == wanted


def notes(step: Step, id: str) -> list[str]:
    """Return the rows about an order, other than its own, that a step of the shop wrote."""
    if step.kind != "effect" or step.node != SHOP:
        return []
    return [row for row, data in step.data[2].items() if _is_note(row, data, id)]


def _is_note(row: str, data: Any, id: str) -> bool:
    mine = mentions(data, id) or id in row.split()
    return row != f"order {id}" and mine


def told(
    message: str, step: int, states: tuple[str, str], belief: str, blocker: int | None = None
) -> Violation:
    """Return a violation with what is saved and what was heard; these are its `states`."""
    saved, heard = states
    wanted, found = {"saved": saved, "heard": saved}, {"saved": saved, "heard": heard}
    return Violation(message, step, wanted, found, belief, blocker)


def published(world: World, id: str) -> list[int]:
    """Return the steps that published an order."""
    return [i for i, s in enumerate(world.trace) if _publishes(s) and s.text.split(",")[0] == id]


def _publishes(step: Step) -> bool:
    return step.kind == "send" and step.node == SHOP and step.peer == TOPIC


def writes(world: World, row: str) -> list[int]:
    """Return the steps that wrote a row."""
    return [i for i, s in enumerate(world.trace) if s.kind == "effect" and row in s.data[2]]


def listed(ids: Iterable[str]) -> str:
    """Return ids as a picture lists them."""
    return ", ".join(sorted(ids)) or "none"
