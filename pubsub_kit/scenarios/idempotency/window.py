"""World and oracle of exercise 03's window: for how long a consumer has to remember an id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pubsub_kit.scenarios.idempotency.looks import watched
from pubsub_kit.scenarios.idempotency.payments import books_balance, shop
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.world import World

DAY = 86_400.0
WINDOWS = {"2 minutes": 120.0, "5 minutes": 300.0, "1 day": DAY, "8 days": 8 * DAY}
REDRIVEN = 6 * DAY


def window(world: World, choice: Mapping[str, str]) -> None:
    """A consumer that forgets ids after the window, and dead letters redriven on day 6."""
    kept = WINDOWS[choice["window"]]
    db = watched(world)
    world.topic("payments")

    async def consumer(event: Any) -> None:
        async with db.transaction() as tx:
            seen = await tx.get(f"seen {event.id}")
            if seen is not None and world.now - seen < kept:
                return
            await tx.put(f"seen {event.id}", world.now)
            await tx.add(event.data["account"], event.data["amount"])

    world.consumer("billing", lambda: consumer, "payments", start="earliest", max_deliveries=1)
    world.spawn(shop(), "shop")
    world.at(REDRIVEN, _redrive, world)


def _redrive(world: World) -> None:
    again = world.broker.redrive("payments.dead")
    if again:
        world.note("note", "payments", text=f"{again} redriven from payments.dead on day 6")
        world.wake("payments")


def books_balance_later(world: World) -> Violation | None:
    """As `books_balance`; what fails here fails because the id was forgotten."""
    found = books_balance(world)
    return found and replace(found, belief="any window will do")
