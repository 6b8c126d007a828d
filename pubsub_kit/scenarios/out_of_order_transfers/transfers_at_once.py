"""The world of exercise 05's transfer: equal orders at once, and then more of them.

Two clients order the same transfer at the same moment. bob's account takes the first, and refuses
the second, which has to be undone. Faults befall these two. Then the accounts are a few
milliseconds away, and two more equal orders come at once, which ann can pay both. If no fault has
befallen the run, others come as well: ann can't pay the fee of one, and of two that come shortly
after each other bob has room for one, or ann can pay one. cara spends what she gets at once, so
whoever gives before it takes can't take back what it gave.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pubsub_kit.scenarios import second_act
from pubsub_kit.scenarios.drawn import short, shortened, with_causes_marked
from pubsub_kit.scenarios.out_of_order_transfers.orders import (
    BOTH,
    EQUAL,
    LATER,
    LIMITS,
    ORDERS,
    START,
    Order,
)
from pubsub_kit.scenarios.out_of_order_transfers.transfers import PATIENCE, add_account
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.services import CallError
from pubsub_kit.world.verbs import call, gather, sleep
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

FAULTS = ("reply lost", "crash")
SPENDS = "cara"
AWAY, APART = 0.001, 0.003  # seconds: to an account, later on; between two orders at once


def transfers(world: World, answer: Any) -> None:
    """Two equal orders at once, then more, all by the learner's service.

    The accounts never crash. cara spends whatever she gets, at once.
    """
    for name, balance in START.items():
        add_account(world, name, balance, LIMITS[name], spends=name == SPENDS)
    db = world.store("db")
    world.store("said")
    world.service("transfers", lambda: answer(db))
    world.spawn(_clients(world), "client")
    world.link("client", "transfers", reliable=True)


async def _clients(world: World) -> None:
    await gather(*(_one(world, order) for order in EQUAL))
    lucky = not second_act.bad_luck(world.trace)
    await sleep(0.0 if lucky else PATIENCE)  # a restart, and what recover() does, takes less
    second_act.follows(world)
    for name in START:
        world.link("transfers", name, latency=AWAY)
    for orders in LATER if lucky else (BOTH,):
        apart = 0.0 if orders is BOTH else APART
        await gather(*(_one(world, order, n * apart) for n, order in enumerate(orders)))


async def _one(world: World, order: Order, after: float = 0.0) -> None:
    await sleep(after)
    told: Any = "unknown"
    with suppress(CallError):
        told = await call("transfers", order, timeout=PATIENCE)
    world.stores["said"].rows[order["id"]] = told


def in_lanes(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw the part of a run that goes wrong: the equal orders, or one of the later ones."""
    from pubsub_kit import show

    wrong = violation or Violation("")
    trace, at = world.trace, wrong.step
    later = {order["id"] for order in ORDERS[len(EQUAL) :]}
    cuts = [
        i
        for i, s in enumerate(trace)
        if (s.kind, s.node, s.text in later) == ("send", "client", True)
    ]
    faults = [i for i, s in enumerate(trace) if s.fault and s.kind != "end"]
    seen = [i for i in (at, wrong.blocker, *faults) if i is not None]
    begin = max((i for i in cuts if seen and i <= min(seen)), default=0)
    end = min((i for i in cuts if seen and i > max(seen)), default=len(trace))
    return show.spacetime(
        with_causes_marked(shortened(trace, _says))[begin:end],
        mark=None if at is None else at - begin,
        blocker=None if wrong.blocker is None else wrong.blocker - begin,
        expected=wrong.expected,
        actual=wrong.actual,
        caption=wrong.message or None,
        title=title,
    )


def _says(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    if "spent" in after:
        return f"spends {after['spent'] - (before.get('spent') or 0):g}"
    return f"balance = {after['balance']}" if "balance" in after else short(before, after)
