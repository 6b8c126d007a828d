"""Worlds and oracles of exercise 01: a shop that survives what it calls.

Stock takes `{"id": …, "item": …}` and takes one item off the shelf for each id that it has not
seen: it is idempotent, if only its callers let it be. The learner writes the shop, which calls
stock over a network that loses requests and replies.
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
            raise ValueError(f"stock wants {{'id': …, 'item': …}}, not {str(request)[:60]}")
        async with shelf.transaction() as tx:
            if await tx.get(f"seen {request['id']}") is None:
                await tx.add(f"taken for {request['item']}", 1)
                await tx.put(f"seen {request['id']}", True)
        return "taken"

    world.service("stock", stock)


async def _order(world: World, number: int) -> None:
    """Order a tea as a client; what the shop says, and after how many seconds, goes to `said`."""
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
    """Return where something happened last, or the end of the trace."""
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
    """One tea is off the shelf, and the shop says 'placed'."""
    return _placed_once(world, 1, bool(world.trace.faults()))


def _placed_once(world: World, number: int, faults: bool) -> Violation | None:
    (reply, _), taken, trace = _said(world, number), _taken(world, number), world.trace
    wanted, found = {"reply": "placed", "teas taken": 1}, {"reply": reply, "teas taken": taken}
    heard = last(trace, "receive", "client")
    if taken > 1:
        words = f"One order took {taken} teas off the shelf."
        step = last(trace, "effect", "stock")
        return Violation(words, step, wanted, found, "a new id for each try")
    if reply == "placed" and taken == 1:
        return None
    if reply == "placed":
        words = "The shop says 'placed', but no tea was taken off the shelf."
        return Violation(words, heard, wanted, found, "says placed unseen")
    so = "though the tea is off the shelf" if taken else "though another try would do it"
    if faults and reply == "failed":
        words = f"The shop says 'failed', {so}."
        return Violation(words, heard, wanted, found, "a timeout means it failed")
    if isinstance(reply, str) and reply.startswith("error:"):
        words = f"The client hears of an {reply}, {so}."
        return Violation(words, heard, wanted, found, "gives up at once")
    words = f"The shop answers {repr(reply)[:40]} where the client waits for 'placed'."
    return Violation(words, heard, wanted, found, "another answer")


# -- budget: patience is spent once ----------------------------------------------------------------


def order_then_cut(world: World, answer: Any) -> None:
    """One order over a network that may lose a message; then one while stock cannot be reached."""
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
            wrong = _placed_once(world, 1, bool(lost))
            if wrong is not None:
                return wrong
    reply, _ = _said(world, 2)
    if reply == "failed":
        return None
    words = f"Stock cannot be reached, and the shop answers {repr(reply)[:60]}, not 'failed'."
    belief = "says placed unseen" if reply == "placed" else "gives up with an error"
    heard = last(trace, "receive", "client")
    return Violation(words, heard, {"reply": "failed"}, {"reply": reply}, belief)


def _late(world: World, number: int, end: int) -> Violation | None:
    _, seconds = _said(world, number)
    if seconds <= BUDGET + 1e-6:
        return None
    words = f"The client waits {BUDGET:g} s, and the shop answers after {seconds:.1f} s."
    step = last(world.trace[:end], "receive", "client")
    wanted, found = {"seconds": f"at most {BUDGET:g}"}, {"seconds": round(seconds, 2)}
    return Violation(words, step, wanted, found, "each try has its own patience")
