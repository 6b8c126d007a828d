"""The oracle of exercise 05's transfer: what the accounts hold in the end, and what was told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pubsub_kit.scenarios.out_of_order_transfers.evidence import Evidence
from pubsub_kit.scenarios.out_of_order_transfers.orders import (
    ALIKE,
    BOTH,
    START,
    Done,
    Order,
    after,
    asked,
    is_usual,
    whole,
)
from pubsub_kit.scenarios.plain import moment, shown
from pubsub_kit.scenarios.second_act import bad_luck
from pubsub_kit.world.search.stopped import stopped_by
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.world import World


def whole_or_not_at_all(world: World) -> Violation | None:
    """Each transfer is done in whole or not at all, and its client is told which it was.

    If nothing fails, one of the first two is done; and t-6 and t-7 are done in any run.
    """
    said = world.stores["said"].rows
    for order in asked(not bad_luck(world.trace)):
        if order["id"] not in said:
            why = stopped_by(world.trace, order["id"])
            told = f"The client never got an answer about {order['id']}."
            return Violation(told, len(world.trace) - 1, blocker=why and why.step)
    return _Books(world, said).wrong()


class _Books:
    """What the accounts hold in the end, what their clients were told, and why it is wrong."""

    def __init__(self, world: World, said: Mapping[str, Any]) -> None:
        self.world, self.said, self.trace = world, said, world.trace
        self.found = held(world)
        self.lucky = not bad_luck(world.trace)
        self.whole = whole(self.lucky)
        self.evidence = Evidence(world.trace, asked(self.lucky), START)

    def wrong(self) -> Violation | None:
        """Return what is wrong, with its reason if the trace proves one."""
        done = next((n for n in self.whole if after(n) == self.found), None)
        if done is None:
            return self._said(self.evidence.half_done() or self._unknown())
        if not is_usual(done, self.lucky):
            return self._said(self._turned_away() or self._not_usual(done))
        return self._told_wrong(done)

    def _unknown(self) -> Violation:
        return Violation("A transfer was done in part", self._last())

    def _last(self) -> int:
        return [len(self.trace) - 1, *(move.step for move in self.evidence.moves)][-1]

    def _turned_away(self) -> Violation | None:
        """Find an order that the service said no to, though no account had refused a part of it."""
        for order in asked(self.lucky):
            id = order["id"]
            if self.said[id] is not False or self.evidence.refused(order):
                continue
            crash = self.evidence.crash
            since = "" if crash is None else f", after the crash at {moment(self.trace[crash])}"
            message = f"{id} was turned away{since}, though no account had refused a part of it"
            return Violation(message, self._told_at(id), belief="turns an order away")
        return None

    def _not_usual(self, done: Done) -> Violation:
        if why := self.evidence.half_done():
            return why
        if self.lucky and done[0] == 0:
            message = "Neither t-1 nor t-2 was done, though bob could have taken one of them"
        else:
            many = done[ALIKE.index([*BOTH])]
            few = "Neither t-6 nor t-7" if not many else "Only one of t-6 and t-7"
            message = f"{few} was done, though ann could pay both, and cara could take them"
        return Violation(message, self._last(), belief="is not done")

    def _said(self, wrong: Violation) -> Violation:
        """Add to a violation what the accounts hold, and what they should."""
        usual = [done for done in self.whole if is_usual(done, self.lucky)]
        wanted = min(map(after, usual), key=lambda balances: _differs(balances, self.found))
        total, should = sum(self.found.values()), sum(START.values())
        ends = f": the accounts hold {total:g} instead of {should}" if total != should else ""
        expected = {**wanted, "in all": should}
        actual = {**self.found, "in all": total}
        words = f"{wrong.message.rstrip('.')}{ends}."
        return replace(wrong, message=words, expected=expected, actual=actual)

    def _told_wrong(self, done: Done) -> Violation | None:
        for order in asked(self.lucky):
            id, told = order["id"], self.said[order["id"]]
            if told == "unknown" and (self.lucky or order in BOTH):
                words = f"About {id} the client heard of an error, and neither True nor False."
                return self._heard(words, id, "True or False", "an error", "another answer")
            if told != "unknown" and not isinstance(told, bool):
                words = f"About {id} the client was told {shown(told, 20)}, neither True nor False."
                return self._heard(words, id, "True or False", told, "another answer")
        lies = (self._lie(orders, many) for orders, many in zip(ALIKE, done, strict=True))
        return next(filter(None, lies), None)

    def _lie(self, orders: Sequence[Order], many: int) -> Violation | None:
        """Return what clients of equal orders were told, if so many were done, and not that."""
        ids = [order["id"] for order in orders if order["id"] in self.said]
        told = [self.said[id] for id in ids]
        if told.count(True) <= many and told.count(False) <= len(ids) - many:
            return None
        if len(ids) == 1:
            was = "was done" if many else "was not done"
            words = f"{ids[0]} {was}, but the client was told {told[0]}."
            return self._heard(words, ids[0], bool(many), told[0])
        if clash := self.evidence.one_id_for_two():
            return self._said(clash)
        both = " and ".join(ids)
        was = (f"Neither {' nor '.join(ids)}", f"Only one of {both}", f"Each of {both}")[many]
        heard = " and ".join(map(str, told))
        words = f"{was} was done, but their clients were told {heard}."
        return self._heard(words, ids[-1], f"True {many}×", heard)

    def _heard(
        self, words: str, id: str, wanted: Any, told: Any, belief: str = "tells another story"
    ) -> Violation:
        states = {"the client hears": wanted}, {"the client hears": told}
        return Violation(words, self._told_at(id), *states, belief)

    def _told_at(self, id: str) -> int:
        """Return where the handler of an order ended."""
        ends = [i for i, s in enumerate(self.trace) if s.kind == "end" and s.node == "transfers"]
        mine = [i for i in ends if self.trace[i].message in self.evidence.messages(id)]
        return (mine or ends or [len(self.trace) - 1])[-1]


def held(world: World) -> dict[str, float]:
    """Return what each account holds in the end, what it has spent included."""
    rows = {name: world.stores[name].rows for name in START}
    return {name: row["balance"] + row.get("spent", 0) for name, row in rows.items()}


def _differs(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    return sum(abs(one[name] - other[name]) for name in one)
