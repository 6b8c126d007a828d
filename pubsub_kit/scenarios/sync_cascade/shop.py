"""The world of exercise 01: a shop that survives the failures of what it calls.

Stock is given `{"id": …, "item": …}` and takes one item off the shelf for each id that it hasn't
seen: it is idempotent as long as its callers send the same id again. The learner writes the shop,
which calls stock over a network that loses requests and replies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pubsub_kit.scenarios.plain import shown
from pubsub_kit.world.chance import uniform
from pubsub_kit.world.services import CallError
from pubsub_kit.world.trace import Step, Trace
from pubsub_kit.world.verbs import call
from pubsub_kit.world.world import World

NETWORK = ("loss", "reply lost", "delay")
WAY = (0.01, 0.05)  # seconds that a message is on its way
ITEM = "tea"


class Asked(NamedTuple):
    """A request that reached stock: the step after it, and the id and item that it was about."""

    step: int
    id: str
    item: str


def add_stock(world: World) -> None:
    """Add the stock service: one item off the shelf for each request id that is new."""
    shelf, requests = world.store("shelf"), list[Asked]()
    world.store("asked").rows["all"] = requests

    async def stock(request: Any) -> str:
        if not isinstance(request, Mapping) or "item" not in request or "id" not in request:
            raise ValueError(f"stock takes {{'id': …, 'item': …}}, not {str(request)[:60]}")
        asked = Asked(len(world.trace), _plain(request["id"]), _plain(request["item"]))
        requests.append(asked)
        async with shelf.transaction() as tx:
            if await tx.get(f"seen {request['id']}") is None:
                await tx.add(f"taken for {request['item']}", 1)
                await tx.put(f"seen {request['id']}", True)
        return "taken"

    world.service("stock", stock)


def _plain(value: Any) -> str:
    """Return a text as it is, and any other value as Python writes it."""
    return value[:40] if type(value) is str else shown(value, 40)


def asked_of_stock(world: World) -> list[Asked]:
    """Return the requests that reached stock."""
    found: list[Asked] = world.stores["asked"].rows["all"]
    return found


def add_shop(world: World, answer: Any) -> None:
    """Add stock and the learner's shop, a short way from each other and from the client."""
    add_stock(world)
    world.service("shop", answer)
    world.link("client", "shop", reliable=True, latency=uniform(*WAY))
    world.link("shop", "stock", latency=uniform(*WAY))


class Said(NamedTuple):
    """What a client heard: a reply or the words of an error, after how many seconds.

    `begun` and `step` are where its order began and was answered in the trace.
    """

    reply: Any
    error: str
    seconds: float
    begun: int
    step: int
    item: str = ITEM

    @property
    def words(self) -> str:
        """What came of the order, as a message begins to tell it."""
        if self.error:
            return f"The client got an error ({self.error})"
        return f"The shop answered {shown(self.reply, 40)}"


async def order(world: World, number: int, item: str = ITEM) -> None:
    """Order a tea as a client; `said` keeps what came of it."""
    begun, at, reply, words = world.now, len(world.trace), None, ""
    rows = world.store("said").rows
    rows[f"order-{number}"] = begun, at
    try:
        reply = await call("shop", {"id": f"order-{number}", "item": item})
    except CallError as error:
        words = str(error)
    heard = last(world.trace, "receive", "client")
    rows[f"order-{number}"] = Said(reply, words, world.now - begun, at, heard, item)


def began(world: World, number: int) -> bool:
    """Say whether an order was made in this run."""
    return f"order-{number}" in world.store("said").rows


def said(world: World, number: int) -> Said:
    """Return what a client heard of its order; nothing, if the run ended before."""
    found = world.store("said").rows.get(f"order-{number}", (0.0, 0))
    if isinstance(found, Said):
        return found
    return Said(None, "no answer", world.now - found[0], found[1], len(world.trace) - 1)


def asks_stock(step: Step) -> bool:
    """Say whether a step is a call that leaves the shop for stock."""
    return (step.kind, step.node, step.peer) == ("send", "shop", "stock")


def last(trace: Trace, kind: str, node: str) -> int:
    """Return the index of the last such step at a node, or of the end of the trace."""
    steps = [i for i, step in enumerate(trace) if (step.kind, step.node) == (kind, node)]
    return steps[-1] if steps else len(trace) - 1
