"""The world and the oracle of exercise 05's relay: what is saved is published, and nothing else.

A shop saves orders and publishes them. A timer calls the learner's `relay()` after five seconds and
again much later, and so does a restart. The shop may crash at any await, or pause there, and a
publish may fail. Then the timer calls once more, and nothing fails any longer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pubsub_kit.scenarios import second_act
from pubsub_kit.scenarios.drawn import drawn, short
from pubsub_kit.scenarios.out_of_order_transfers.unsaved import Unsaved
from pubsub_kit.scenarios.out_of_order_transfers.untold import (
    ORDERS,
    Untold,
    listed,
    notes,
    published,
    told,
    writes,
)
from pubsub_kit.scenarios.plain import moment, plain, shown
from pubsub_kit.scenarios.second_act import bad_luck
from pubsub_kit.world.handlers import instantiate, settle
from pubsub_kit.world.publishing import PublishTimeout
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.services import CallError
from pubsub_kit.world.stores import Conflict
from pubsub_kit.world.verbs import call, sleep
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

RELAYS = (5.0, 100.0)
PATIENCE = 60.0
ANSWERED = "answered"  # the store of the orders whose clients got an answer


def serve(world: World, name: str, make: Callable[[], Any], *clients: str) -> None:
    """Add a service that relays when the timer says so, and after each restart; and who calls."""
    world.service(name, lambda: _Relaying(make))
    world.link("timer", name, reliable=True)
    world.spawn(_timer(world, name), "timer")
    world.store(ANSWERED)
    for number, client in enumerate(clients, 1):
        world.link(client, name, reliable=True)
        world.spawn(_order(world, name, f"o-{number}"), client)


class _Relaying:
    """The learner's service, with its `relay` behind the timer's call."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.take, self.made = instantiate(make)

    async def recover(self) -> None:
        while True:
            try:
                return await self._relay()
            except (Conflict, PublishTimeout):  # two relays met at one row; or nobody confirmed
                await sleep(1.0)

    async def handle(self, request: Any) -> Any:
        if request == "relay":
            return await self._relay()
        return await settle(self.take(request))

    async def _relay(self) -> None:
        relay = getattr(self.made, "relay", None)
        if relay is not None:
            await settle(relay())


async def _timer(world: World, service: str) -> None:
    for seconds in RELAYS:
        await sleep(seconds)
        await _call_relay(service)
    if any((s.kind, s.node) == ("lose", service) for s in world.trace):
        await sleep(RELAYS[-1])
        second_act.follows(world, "A run in which a publish fails")
        await _call_relay(service)


async def _call_relay(service: str) -> None:
    while True:
        try:
            await call(service, "relay", timeout=PATIENCE)
            return
        except CallError:
            await sleep(1.0)


async def _order(world: World, service: str, id: str) -> None:
    with suppress(CallError):  # it does not ask again: what the shop has saved is what matters
        await call(service, _an_order(id), timeout=PATIENCE)
        world.stores[ANSWERED].rows[id] = True


def _an_order(id: str) -> dict[str, str]:
    return {"id": id, "item": "tea"}


# -- relay: save and publish -----------------------------------------------------------------------

SHOP_FAULTS = ("crash", "pause")
RELAY_FAULTS = (*SHOP_FAULTS, "publish lost")


def shop(world: World, answer: Any) -> None:
    """Two clients with an order each, the learner's shop, and a kitchen that notes what it gets."""
    db, heard = world.store("db"), world.store("heard")
    world.topic("orders")

    async def reader(event: Any) -> None:
        heard.rows[event.id] = event.data

    world.consumer("kitchen", lambda: reader, "orders", start="earliest")
    world.nodes["kitchen"].boot = None  # nothing would start it again: it never crashes
    serve(world, "shop", lambda: answer(db), "client-1", "client-2")


def told_what_is_saved(world: World) -> Violation | None:
    """The kitchen hears of every order that is saved, and of no other; once, if nothing fails.

    An order is saved if its client got an answer.
    """
    saved = {k.removeprefix("order ") for k in world.stores["db"].rows if k.startswith("order ")}
    heard = world.stores["heard"].rows
    lucky, states = not bad_luck(world.trace), (listed(saved), listed(heard))
    answered = sorted(set(world.stores[ANSWERED].rows) - saved)
    if missing := sorted(set(ORDERS) - saved) if lucky else answered:
        return Unsaved(world, missing, states).why()
    if unsaved := sorted(set(heard) - saved):
        return _not_saved_buttold(world, unsaved[0], states)
    if unheard := sorted(saved - set(heard)):
        return Untold(world, unheard[0], states).why()
    if garbled := sorted(id for id in heard if not _tells(heard[id], id)):
        return _garbled(world, garbled[0], heard[garbled[0]])
    return _told_again(world, sorted(saved), states) if lucky else None


def _tells(data: Any, id: str) -> bool:
    """Say whether the data of an event hold the order, perhaps among other things."""
    if isinstance(data, Mapping):
        whole = all(data.get(field) == value for field, value in _an_order(id).items())
        return whole or any(_tells(part, id) for part in data.values())
    return isinstance(data, list | tuple) and any(_tells(part, id) for part in data)


def _garbled(world: World, id: str, data: Any) -> Violation:
    step = published(world, id)[0]
    message = f"{id} was published with the data {shown(data, 40)}, so the kitchen can't make it."
    return Violation(message, step, _an_order(id), plain(data), "tells only the id")


def _not_saved_buttold(world: World, id: str, states: tuple[str, str]) -> Violation:
    step = published(world, id)[0]
    at = moment(world.trace[step])
    if id not in ORDERS:
        message = f"An event was published under the id {shown(id, 30)} at {at}: no order has it."
        return told(message, step, states, "publishes under another id")
    message = f"{id} was published at {at}, but the shop has no such order."
    crash = next((i for i, s in enumerate(world.trace) if i > step and s.kind == "crash"), None)
    if crash is not None and not writes(world, f"order {id}"):
        message = f"{message} It crashed at {moment(world.trace[crash])}."
        return told(message, step, states, "publish, then save", crash)
    return _noted_before(world, id, message, step, states) or told(message, step, states, "")


def _noted_before(
    world: World, id: str, message: str, step: int, states: tuple[str, str]
) -> Violation | None:
    """Find a crash after a row told of an order, and before the order was saved."""
    crash = next((i for i, s in enumerate(world.trace) if i < step and s.kind == "crash"), None)
    for i in range(crash or 0):
        row = next((k for k in notes(world.trace[i], id)), None)
        if row is not None and not writes(world, f"order {id}"):
            words = f"{message} The row {row!r} was written, and the shop crashed before the order."
            return told(words, step, states, "order and outbox apart", crash)
    return None


def _told_again(world: World, saved: list[str], states: tuple[str, str]) -> Violation | None:
    for id in saved:
        if len(again := published(world, id)) > 1:
            message = f"{id} was published {len(again)} times, although nothing went wrong."
            return told(message, again[1], states, "tells it for ever")
    return None


def in_lanes(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw a run from the clients on the left to the timer on the right, without the kitchen."""
    lanes = ("client-1", "client-2", "shop", "tickets", "orders", "timer")
    return drawn(world, violation, title, lanes, short)
