"""The world and the oracle of exercise 11's zombie: a consumer whose partition has moved on.

Prices of a seat arrive in one partition, and two workers are members of the group. One pauses for
longer than its session, so the other gets the partition and goes on; then the first one wakes up.
Its commit is refused by the broker. Its write to the database is not the broker's business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pubsub_kit.scenarios.drawn import drawn, short
from pubsub_kit.scenarios.idempotency.looks import watched
from pubsub_kit.scenarios.plain import moment, shown
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Step
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

FAULTS = ("pause", "crash")
PRICES = (10, 12)
SESSION = 10.0  # seconds; a pause takes 30
ZOMBIE = "a fenced commit guards my database"


def seats(world: World, answer: Any, prices: Sequence[int] = PRICES) -> None:
    """Prices of one seat, and two workers with the learner's consumer on one database."""
    db = watched(world)
    world.topic("prices")
    world.consumer(
        "seats",
        lambda: answer(db),
        "prices",
        workers=2,
        start="earliest",
        semantics="manual",
        assignment="partitioned",
        session_timeout=SESSION,
    )

    async def box_office() -> None:
        for number, price in enumerate(prices, 1):
            await publish("prices", {"seat": "A1", "price": price}, key="A1", id=f"p-{number}")

    world.spawn(box_office(), "box office")


def price_of(row: Any) -> Any:
    """Return the price that a row holds: the row itself, or its item "price"."""
    return row.get("price") if isinstance(row, dict) else row


def writes(world: World) -> list[tuple[int, Step, Any]]:
    """Return the steps that changed the seat's row, each with the price it wrote."""
    found = []
    for i, step in enumerate(world.trace):
        if step.kind == "effect" and isinstance(step.data, tuple) and "A1" in step.data[2]:
            found.append((i, step, price_of(step.data[2]["A1"])))
    return found


def the_last_price_stands(world: World, last: int = PRICES[-1]) -> Violation | None:
    """The row A1 holds the last price at the end; if it was written over, say by whom."""
    price = price_of(world.stores["db"].rows.get("A1"))
    if price == last:
        return None
    has, wanted, every = f"Seat A1 costs {shown(price, 20)}", {"A1": last}, writes(world)
    right = [i for i, _, each in every if each == last]
    over = [each for each in every if right and each[0] > right[0] and each[2] != last]
    if not over:
        return Violation(f"{has} in the database, instead of {last}.", None, wanted, {"A1": price})
    at, step, _ = over[-1]
    words = f"{has} in the database, instead of {last}: {step.node} wrote it at {moment(step)}, "
    belief = ZOMBIE if moved(world, step.node, at) else ""
    return Violation(f"{words}over {last}.", at, wanted, {"A1": price}, belief, right[0])


def moved(world: World, node: str, at: int) -> bool:
    """Say whether a worker had lost its partition by a step."""
    before = [s for s in world.trace.steps[:at] if s.kind == "rebalance"]
    return bool(before) and not before[-1].data["owners"].get(node)


def draw(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw the run in lanes."""

    def says(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
        return f"A1 = {shown(price_of(after['A1']), 20)}" if "A1" in after else short(before, after)

    return drawn(world, violation, title, says=says)
