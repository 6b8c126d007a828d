"""What accounts refused, and what was undone then, and what should have been."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import combinations
from typing import Any

from pubsub_kit.scenarios.out_of_order_transfers.asked import Ask, Asked, because
from pubsub_kit.scenarios.out_of_order_transfers.transfers import parts
from pubsub_kit.world.search.violation import Violation


class Refused(Asked):
    """The requests of a run, and what its refusals prove."""

    def undid_too_much(self) -> Violation | None:
        """Find an undo of a step that was refused, or had not been done for that order."""
        for undo in self.moves:
            if not self.is_undo(undo):
                continue
            order, part = self.about(undo), (undo.account, -undo.amount)
            done = [m for m in self.moves if m.part == part and m.step < undo.step]
            if order:
                done = [m for m in done if self.about(m) in ("", order)]
            elif len(done) >= len([m for m in self.moves if m.part == undo.part]):
                continue
            if done:
                continue
            no = next((a for a in self.refusals() if a.part == part and a.step < undo.step), None)
            why = (
                f" refused {part[1]:+g} at {self.at(no.step)}"
                if no
                else f" had not done {part[1]:+g} for {order or 'it'}"
            )
            message = (
                f"{undo.account}{why}, so there was nothing to undo there, yet at "
                f"{self.at(undo.step)} it did {undo.amount:+g}"
            )
            return because(message, undo.step, "undoes what was not done", no and no.step)
        return None

    def not_undone(self) -> Violation | None:
        """Find what a refusal has left undone."""
        pieces = [a for a in self.asks if not a.fits and a.part not in self.wanted]
        left = (*map(self._left_by, self.refusals()), *map(self._left_by_piece, pieces))
        return next(filter(None, left), None)

    def _left_by_piece(self, ask: Ask) -> Violation | None:
        """Return what the refusal of a piece of an order's part has left undone of that order."""
        id, left = self.about(ask), defaultdict[str, float](float)
        for move in self.moves:
            if id and self.about(move) == id and move.account != ask.account:
                left[move.account] += move.amount
        names = " and ".join(f"{name}'s {amount:+g}" for name, amount in left.items() if amount)
        if self.is_undo(ask) or not names:
            return None
        message = f"{ask.account} refused {ask.amount:+g} of {id} at {self.at(ask.step)}, but "
        message += f"{names} {'were' if ' and ' in names else 'was'} not undone"
        return because(message, ask.step, "no compensation")

    def _left_by(self, ask: Ask) -> Violation | None:
        """Return what a refusal has left undone, of its order or an equal one."""
        count = Counter(m.part for m in self.moves)
        order = next(o for o in self.orders if ask.part in parts(o))
        done = count[ask.part] - count[ask.account, -ask.amount]
        left = [
            (name, amount)
            for name, amount in parts(order)
            if name != ask.account and count[name, amount] - count[name, -amount] > done
        ]
        if not left:
            return None
        names = " and ".join(f"{name}'s {amount:+g}" for name, amount in left)
        message = f"{ask.account} refused {ask.amount:+g} at {self.at(ask.step)}, but {names}"
        last = max(m.step for m in self.moves if m.part in left)
        if last > ask.step and not any(m.part in left for m in self.moves if m.step < ask.step):
            return because(f"{message} followed", last, "goes on after a no", ask.step)
        other = [m for m in self.moves if m.step > ask.step and not self._is_usual(m)]
        back = f" (what came was {other[0].account}'s {other[0].amount:+g})" if other else ""
        were = "were" if len(left) > 1 else "was"
        return because(f"{message} {were} not undone{back}", ask.step, "no compensation", last)

    def _is_usual(self, move: Ask) -> bool:
        return move.part in self.wanted or (move.account, -move.amount) in self.wanted

    def refused(self, order: Mapping[str, Any]) -> bool:
        """Say whether an account refused something that an order may have asked it for."""
        names = [name for name, _ in parts(order)]
        wants = [part for other in self.orders if other != order for part in parts(other)]
        return any(
            not ask.fits
            and ask.account in names
            and (self.about(ask) == order["id"] if self.about(ask) else ask.part not in wants)
            for ask in self.asks
        )

    def part(self) -> Violation | None:
        """Find an account that was never asked for its part, where nothing went wrong."""
        if not self.asks:
            return because("No money moved at all", len(self.trace) - 1, "moves nothing")
        return None if self.unlucky else self._never_asked()

    def _never_asked(self) -> Violation | None:
        asked, last = {ask.part for ask in self.asks}, [*self.asks, *self.moves][-1].step
        for name, amount in parts(self.orders[0]):
            others = [ask.amount for ask in self.asks if ask.account == name]
            mine = [ask.amount for ask in self.asks if ask.account == name and self._first(ask)]
            if (name, amount) in asked or any(a + b == amount for a, b in combinations(mine, 2)):
                continue
            if others:
                message = f"{name} was asked for {others[0]:+g}, but its part is {amount:+g}"
                return because(message, last, "another amount")
            message = f"Nobody asked {name} for its part, {amount:+g}"
            return because(message, last, "moves a part")
        return None

    def _first(self, ask: Ask) -> bool:
        """Say whether a request may be for the first order, or for one that is equal to it."""
        equal = [order["id"] for order in self.orders if parts(order) == parts(self.orders[0])]
        return self.about(ask) in ("", *equal)
