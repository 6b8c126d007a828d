"""What a trace shows of the accounts' answers, and of rows in which one order replaced another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pubsub_kit.scenarios.out_of_order_transfers.transfers import parts
from pubsub_kit.scenarios.plain import moment
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.trace import Trace

SERVICE = "transfers"
_DID = "did "


class Ask(NamedTuple):
    """A request that an account answered for the first time: at which step, and how."""

    step: int
    account: str
    id: str
    amount: float
    fits: bool

    @property
    def part(self) -> tuple[str, float]:
        """Whose money, and how much."""
        return self.account, self.amount


def asks(trace: Trace, accounts: Collection[str]) -> Iterator[Ask]:
    """Yield what each account was asked, once for each id."""
    for i, step in enumerate(trace):
        if step.kind == "effect" and step.data[0] in accounts:
            for key, row in step.data[2].items():
                if key.startswith(_DID) and row is not None:
                    yield Ask(i, step.data[0], key.removeprefix(_DID), *row)


class Asked:
    """What was asked of the accounts in a run, in which order, and what was done."""

    def __init__(
        self, trace: Trace, orders: Sequence[Mapping[str, Any]], accounts: Collection[str]
    ) -> None:
        self.trace, self.orders = trace, orders
        self.asks = list(asks(trace, accounts))
        self.moves = [ask for ask in self.asks if ask.fits]
        self.sends = [
            (i, s.peer, s.text)
            for i, s in enumerate(trace)
            if s.kind == "send" and s.node == SERVICE and s.peer in accounts
        ]
        self.wanted: Counter[tuple[str, float]] = Counter(
            part for order in orders for part in parts(order)
        )
        self.unlucky = any(s.kind in ("crash", "lose", "timeout") for s in trace)
        self.crash = next((i for i, s in enumerate(trace) if s.kind == "crash"), None)

    def messages(self, id: str) -> set[str]:
        """Return the requests about an order, as the trace calls them."""
        return {s.message for s in self.trace if s.kind == "begin" and s.text == id}

    @property
    def ids(self) -> list[str]:
        """The orders' ids."""
        return [order["id"] for order in self.orders]

    def about(self, ask: Ask) -> str:
        """Return the order that an id names, or "" if it names none."""
        return next((id for id in self.ids if id in ask.id), "")

    def is_undo(self, ask: Ask) -> bool:
        """Say whether a request takes back what an order has given, or gives back."""
        part = ask.account, ask.amount
        return part not in self.wanted and (ask.account, -ask.amount) in self.wanted

    def refusals(self) -> list[Ask]:
        """Return the parts of orders that were refused."""
        return [a for a in self.asks if not a.fits and a.part in self.wanted]

    def at(self, step: int) -> str:
        """Return when a step happened."""
        return moment(self.trace[step])


def because(message: str, step: int, belief: str, blocker: int | None = None) -> Violation:
    """Return a violation with the belief that is proven; its states are added later."""
    return Violation(message, step, belief=belief, blocker=blocker)


def overwritten(
    trace: Trace, ids: Sequence[str], node: str, until: int | None = None
) -> tuple[int, str, str, str] | None:
    """Find a row in which one order took the place of another: its step, key, the old, the new."""
    for i, step in enumerate(trace[:until]):
        if step.kind != "effect" or step.node != node:
            continue
        _, before, after = step.data
        for key, row in after.items():
            old = [id for id in ids if mentions(before.get(key), id)]
            new = [id for id in ids if mentions(row, id)]
            if old and new and not set(old) & set(new):
                return i, key, old[0], new[0]
    return None


def mentions(value: Any, id: str) -> bool:
    """Say whether a row holds this id anywhere."""
    if isinstance(value, Mapping):
        return any(mentions(part, id) for part in (*value, *value.values()))
    if isinstance(value, list | tuple):
        return any(mentions(part, id) for part in value)
    return bool(value == id)
