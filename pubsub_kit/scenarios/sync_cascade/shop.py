"""Worlds and oracles of exercise 01: a shop that survives the failures of what it calls.

Stock is given `{"id": …, "item": …}` and takes one item off the shelf for each id that it hasn't
seen: it is idempotent as long as its callers send the same id again. The learner writes the shop,
which calls stock over a network that loses requests and replies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.services import CallError
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.verbs import call
from pubsub_kit.world.world import World

NETWORK = ("loss", "reply lost", "delay")
BUDGET = 2.0  # seconds that the client of `budget` waits


def add_stock(world: World) -> None:
    """Add the stock service: one item off the shelf for each request id that is new."""
    shelf = world.store("shelf")

    async def stock(request: Any) -> str:
        if not isinstance(request, Mapping) or "item" not in request or "id" not in request:
            raise ValueError(f"stock takes {{'id': …, 'item': …}}, not {str(request)[:60]}")
        async with shelf.transaction() as tx:
            if await tx.get(f"seen {request['id']}") is None:
                await tx.add(f"taken for {request['item']}", 1)
                await tx.put(f"seen {request['id']}", True)
        return "taken"

    world.service("stock", stock)


async def _order(world: World, number: int) -> None:
    """Order a tea as a client; `said` keeps the shop's reply and how many seconds it took."""
    begun = world.now
    try:
        reply = await call("shop", {"id": f"order-{number}", "item": f"tea-{number}"})
    except CallError as error:
        reply = f"error: {error}"
    world.store("said").rows[f"order-{number}"] = (reply, world.now - begun)


def _said(world: World, number: int) -> tuple[Any, float]:
    found: tuple[Any, float] = world.store("said").rows.get(f"order-{number}", (None, world.now))
    return found


def _taken(world: World, number: int) -> int:
    return int(world.stores["shelf"].rows.get(f"taken for tea-{number}", 0))


def last(trace: Trace, kind: str, node: str) -> int:
    """Return the index of the last such step at a node, or of the end of the trace."""
    steps = [i for i, step in enumerate(trace) if (step.kind, step.node) == (kind, node)]
    return steps[-1] if steps else len(trace) - 1


# -- place: once, whatever is lost -----------------------------------------------------------------


def one_order(world: World, answer: Any) -> None:
    """The learner's shop, and a client beside it that orders one tea."""
    add_stock(world)
    world.service("shop", answer)
    world.link("client", "shop", reliable=True)
    world.spawn(_order(world, 1), "client")


def placed_once(world: World) -> Violation | None:
    """One tea is off the shelf, and the shop answered 'placed'."""
    return _placed_once(world, 1, len(world.trace), bool(world.trace.faults()))


def _placed_once(world: World, number: int, end: int, faults: bool) -> Violation | None:
    (reply, _), taken, trace = _said(world, number), _taken(world, number), world.trace
    wanted, found = {"reply": "placed", "teas taken": 1}, {"reply": reply, "teas taken": taken}
    heard = last(trace[:end], "receive", "client")
    at = f"{trace[heard].time:.1f} s"
    if taken > 1:
        step = last(trace, "effect", "stock")
        words = f"order-{number} took {taken} teas off the shelf instead of 1"
        words += f", the last one at {trace[step].time:.1f} s."
        return Violation(words, step, wanted, found, "a new id for each try")
    if reply == "placed" and taken == 1:
        return None
    if reply == "placed":
        words = f"The shop answered 'placed' at {at}, but no tea ever left the shelf."
        return Violation(words, heard, wanted, found, "says placed unseen")
    so = "though the tea is off the shelf" if taken else "though one more try would have worked"
    if faults and reply == "failed":
        words = f"The shop answered 'failed' at {at}, {so}."
        return Violation(words, heard, wanted, found, "a timeout means it failed")
    if isinstance(reply, str) and reply.startswith("error:"):
        words = f"The client got an {reply}, {so}."
        return Violation(words, heard, wanted, found, "gives up at once")
    words = f"The shop answered {repr(reply)[:40]}, but the client expects 'placed'."
    return Violation(words, heard, wanted, found, "another answer")


# -- budget: the client's patience is spent once ---------------------------------------------------


def order_then_cut(world: World, answer: Any) -> None:
    """One order over a network that may lose a message; then one while stock is unreachable."""
    add_stock(world)
    world.service("shop", answer)
    world.link("client", "shop", reliable=True)

    async def client() -> None:
        await _order(world, 1)
        world.partition("shop", "stock")
        await _order(world, 2)

    world.spawn(client(), "client")


def within_budget(world: World) -> Violation | None:
    """Each order is answered in time; the first is placed if no more than one message is lost."""
    trace = world.trace
    cut = next((i for i, step in enumerate(trace) if step.kind == "partition"), len(trace))
    lost = sum(step.kind == "lose" for step in trace[:cut])
    for number, end in ((1, cut), (2, len(trace))):
        if (late := _late(world, number, end)) is not None:
            return late
        if number == 1 and (lost <= 1 or _said(world, 1)[0] == "placed"):
            wrong = _placed_once(world, 1, cut, bool(lost))
            if wrong is not None:
                return wrong
    reply, _ = _said(world, 2)
    if reply == "failed":
        return None
    words = f"Stock was unreachable, and the shop answered {repr(reply)[:60]} instead of 'failed'."
    belief = "says placed unseen" if reply == "placed" else "gives up with an error"
    heard = last(trace, "receive", "client")
    return Violation(words, heard, {"reply": "failed"}, {"reply": reply}, belief)


def _late(world: World, number: int, end: int) -> Violation | None:
    _, seconds = _said(world, number)
    if seconds <= BUDGET + 1e-6:
        return None
    words = f"The client waits {BUDGET:g} s for order-{number}; the shop took {seconds:.1f} s."
    step = last(world.trace[:end], "receive", "client")
    wanted, found = {"seconds": f"at most {BUDGET:g}"}, {"seconds": round(seconds, 2)}
    return Violation(words, step, wanted, found, "each try has its own patience")
