"""The orders of exercise 05's transfer, and what the accounts hold once some of them are done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from pubsub_kit.scenarios.out_of_order_transfers.transfers import parts

Order = Mapping[str, Any]


def _order(number: int, to: str, amount: int, fee: int) -> Order:
    return {"id": f"t-{number}", "from": "ann", "to": to, "amount": amount, "fee": fee}


EQUAL = (_order(1, "bob", 30, 1), _order(2, "bob", 30, 1))
#: Equal orders again, and ann can pay both: no account refuses them.
BOTH = (_order(6, "cara", 10, 4), _order(7, "cara", 10, 4))
#: Later orders, by the moment at which they come.
LATER: tuple[Sequence[Order], ...] = (
    (_order(3, "bob", 3, 2), _order(4, "bob", 4, 3)),  # bob has room for one of them
    (_order(5, "cara", 61, 9),),  # ann has the amount, but not the fee as well
    BOTH,
    (_order(8, "cara", 24, 5), _order(9, "cara", 28, 6)),  # ann can pay one of them
)
ORDERS: tuple[Order, ...] = (*EQUAL, *(order for orders in LATER for order in orders))
#: Equal orders together: the balances tell how many of them were done, not which.
ALIKE: tuple[Sequence[Order], ...] = tuple(
    [order for order in ORDERS if order["amount"] == amount]
    for amount in dict.fromkeys(order["amount"] for order in ORDERS)
)
START = {"ann": 100, "bob": 40, "bank": 0, "cara": 0}
#: bob may hold 75: he takes one of the equal transfers, and refuses the other.
LIMITS = {"ann": 1_000, "bob": 75, "bank": 1_000, "cara": 1_000}
Done = tuple[int, ...]  # of each of `ALIKE`, how many were done
_TWO = ALIKE.index([*BOTH])


def asked(lucky: bool) -> tuple[Order, ...]:
    """Return the orders that come where no fault befalls a run, or where one does."""
    return ORDERS if lucky else (*EQUAL, *BOTH)


def after(done: Done) -> dict[str, float]:
    """Return the balances once so many of the orders are done."""
    found: dict[str, float] = dict(START)
    for orders, times in zip(ALIKE, done, strict=True):
        for name, amount in parts(orders[0]):
            found[name] += amount * times
    return found


def whole(lucky: bool) -> list[Done]:
    """Return how many of each could be done in whole, without an account leaving its limits."""
    come = asked(lucky)
    most = [sum(order in come for order in orders) for orders in ALIKE]
    return list(filter(_could_be, product(*(range(n + 1) for n in most))))


def is_usual(done: Done, lucky: bool) -> bool:
    """Say whether so many have to be done: both of `BOTH`, and one of the first where all is well.

    Of two that come shortly after each other, a service may be refused both.
    """
    first = done[0] == 1 or not lucky
    return first and done[_TWO] == len(BOTH)


def _could_be(done: Done) -> bool:
    return all(0 <= after(done)[name] <= LIMITS[name] for name in START)
