"""Why the shop has no row of an order, as far as the trace of a run proves it."""

from __future__ import annotations

from collections.abc import Sequence

from pubsub_kit.scenarios.out_of_order_transfers.untold import ORDERS, SHOP, listed, writes
from pubsub_kit.scenarios.plain import moment
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.trace import Step
from pubsub_kit.world.world import World


class Unsaved:
    """Orders that the shop should have saved, and what became of them."""

    def __init__(self, world: World, missing: Sequence[str], states: tuple[str, str]) -> None:
        self.world, self.trace, self.missing, self.states = world, world.trace, missing, states

    def why(self) -> Violation:
        """Return the violation, with its reason if there is a proof."""
        for id in self.missing:
            if wrote := writes(self.world, f"order {id}"):
                return self._deleted(id, wrote)
        id = self.missing[0]
        end = self._answered(id)
        wrote_any = any(writes(self.world, f"order {other}") for other in ORDERS)
        if end is None or not wrote_any:
            message = "The shop should save the rows 'order o-1' and 'order o-2'. "
            return self._said(f"{message}It saved: {self.states[0]}.", None, "saves")
        message = f"At {self._at(end)} handle() ended without an error for {id}, and no row "
        message += f"'order {id}' was saved."
        if rival := self._rival(id, end):
            other, step = rival
            message += f" {other} had been committed at {self._at(step)}, while {id} was handled."
            return self._said(message, end, "swallows a conflict", step)
        return self._said(message, end, "answers without saving")

    def _deleted(self, id: str, wrote: Sequence[int]) -> Violation:
        last = wrote[-1]
        begun = [s for s in self.trace[:last] if s.kind == "begin" and s.node == SHOP]
        who = "your relay" if begun and begun[-1].text == "relay" else "your code"
        message = (
            f"The row 'order {id}' was saved at {self._at(wrote[0])}, and at {self._at(last)} "
            f"{who} deleted it."
        )
        return self._said(message, last, "deletes the order", wrote[0])

    def _answered(self, id: str) -> int | None:
        """Return where the handler of an order ended well, if it did."""
        about = {s.message for s in self.trace if (s.kind, s.node, s.text) == ("begin", SHOP, id)}
        ends = (i for i, s in enumerate(self.trace) if _ended(s) and s.message in about)
        return next(ends, None)

    def _rival(self, id: str, end: int) -> tuple[str, int] | None:
        """Return an order that was committed while another one was handled, and in which step."""
        begin = next(i for i, s in enumerate(self.trace)
                     if (s.kind, s.node, s.text) == ("begin", SHOP, id))  # fmt: skip
        for other in ORDERS:
            for step in writes(self.world, f"order {other}"):
                if other != id and begin < step < end:
                    return other, step
        return None

    def _said(
        self, message: str, step: int | None, belief: str, blocker: int | None = None
    ) -> Violation:
        wanted = {"saved": listed({*self.states[0].split(", "), *self.missing} - {"none"})}
        return Violation(message, step, wanted, {"saved": self.states[0]}, belief, blocker)

    def _at(self, step: int) -> str:
        return moment(self.trace[step])


def _ended(step: Step) -> bool:
    return (step.kind, step.node, step.text) == ("end", SHOP, "done")
