"""Worlds and oracles of exercise 05: what is saved gets published, and nothing else does.

A shop saves orders and publishes them; a box office sells the last ticket and mails it. In both, a
timer calls the learner's `relay()` after five seconds and again much later, and so does a restart.
A crash may fall at any await, and a worker may pause there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pubsub_kit.scenarios.drawn import drawn, short
from pubsub_kit.scenarios.out_of_order_transfers.transfers import bad_luck
from pubsub_kit.scenarios.plain import moment
from pubsub_kit.world.handlers import instantiate, settle
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.services import CallError
from pubsub_kit.world.verbs import call, sleep
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

RELAYS = (5.0, 100.0)
PATIENCE = 60.0


def _serve(world: World, name: str, make: Callable[[], Any], *clients: str) -> None:
    """Add a service that relays when the timer says so, and after each restart; and who calls."""
    world.service(name, lambda: _Relaying(make))
    world.link("timer", name, reliable=True)
    world.spawn(_timer(name), "timer")
    for number, client in enumerate(clients, 1):
        world.link(client, name, reliable=True)
        world.spawn(_order(name, f"o-{number}"), client)


class _Relaying:
    """The learner's service, with its `relay` behind the timer's call."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.take, self.made = instantiate(make)

    async def recover(self) -> None:
        await self._relay()

    async def handle(self, request: Any) -> Any:
        if request == "relay":
            return await self._relay()
        return await settle(self.take(request))

    async def _relay(self) -> None:
        relay = getattr(self.made, "relay", None)
        if relay is not None:
            await settle(relay())


async def _timer(service: str) -> None:
    for seconds in RELAYS:
        await sleep(seconds)
        while True:
            try:
                await call(service, "relay", timeout=PATIENCE)
                break
            except CallError:
                await sleep(1.0)


async def _order(service: str, id: str) -> None:
    with suppress(CallError):  # it does not ask again: what the shop has saved is what matters
        await call(service, {"id": id, "item": "tea"}, timeout=PATIENCE)


# -- relay: save and publish -----------------------------------------------------------------------

SHOP_FAULTS = ("crash", "pause")
ORDERS = {"o-1", "o-2"}


def shop(world: World, answer: Any) -> None:
    """Two clients with an order each, the learner's shop, and a kitchen that notes what it gets."""
    db, heard = world.store("db"), world.store("heard")
    world.topic("orders")

    async def reader(event: Any) -> None:
        heard.rows[event.id] = True

    world.consumer("kitchen", lambda: reader, "orders", start="earliest")
    world.groups["orders"][0].nodes[0].boot = None  # nothing would start it again: it never crashes
    _serve(world, "shop", lambda: answer(db), "client-1", "client-2")


def told_what_is_saved(world: World) -> Violation | None:
    """The kitchen hears of every order that is saved, and of no other; once, if nothing fails."""
    saved = {k.removeprefix("order ") for k in world.stores["db"].rows if k.startswith("order ")}
    heard = set(world.stores["heard"].rows)
    lucky, states = not bad_luck(world.trace), (_listed(saved), _listed(heard))
    if lucky and saved != ORDERS:
        return _not_saved(states[0])
    if unsaved := sorted(heard - saved):
        return _not_saved_but_told(world, unsaved[0], states)
    if unheard := sorted(saved - heard):
        return _never_told(world, unheard[0], states)
    return _told_again(world, sorted(saved), states) if lucky else None


def _not_saved(saved: str) -> Violation:
    message = f"The shop should save the rows 'order o-1' and 'order o-2'. It saved: {saved}."
    return Violation(message, None, {"saved": _listed(ORDERS)}, {"saved": saved}, "saves")


def _not_saved_but_told(world: World, id: str, states: tuple[str, str]) -> Violation:
    step = _published(world, id)[0]
    message = f"{id} was published at {moment(world.trace[step])}, but the shop has no such order."
    return _told(message, step, states, "publish, then save")


def _told_again(world: World, saved: list[str], states: tuple[str, str]) -> Violation | None:
    for id in saved:
        if len(again := _published(world, id)) > 1:
            message = f"{id} was published {len(again)} times, although nothing went wrong."
            return _told(message, again[1], states, "tells it for ever")
    return None


def _never_told(world: World, id: str, states: tuple[str, str]) -> Violation:
    saved = _writes(world, f"order {id}")[0]
    when = moment(world.trace[saved])
    message = f"{id} was saved at {when}, but the kitchen never heard of it."
    if world.trace.of("pause"):
        late = f"{id} was saved late, at {when}. No relay looked back, so the kitchen never heard."
        return _told(late, saved, states, "id > last")
    if not bad_luck(world.trace):
        return _told(message, saved, states, "tells nobody")
    later = [i for i in range(saved + 1, len(world.trace)) if _changes(world, i, id)]
    if later:
        return _told(message, later[-1], states, "forgets before it tells")
    crash = next(i for i, s in enumerate(world.trace) if s.kind == "crash")
    return _told(message, crash, states, "save, then publish")


def _told(message: str, step: int, states: tuple[str, str], belief: str) -> Violation:
    saved, heard = states
    return Violation(
        message, step, {"saved": saved, "heard": saved}, {"saved": saved, "heard": heard}, belief
    )


def _changes(world: World, i: int, id: str) -> bool:
    step = world.trace[i]
    return step.kind == "effect" and id in step.text


def _published(world: World, id: str) -> list[int]:
    return [
        i
        for i, s in enumerate(world.trace)
        if s.kind == "send" and s.peer == "orders" and s.text.split(",")[0] == id
    ]


def _writes(world: World, row: str) -> list[int]:
    return [i for i, s in enumerate(world.trace) if s.kind == "effect" and row in s.data[2]]


def _listed(ids: Any) -> str:
    return ", ".join(sorted(ids)) or "none"


def in_lanes(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw a run from the clients on the left to the timer on the right, without the kitchen."""
    lanes = ("client-1", "client-2", "shop", "tickets", "orders", "timer")
    return drawn(world, violation, title, lanes, short)


# -- mail: the last ticket -------------------------------------------------------------------------

OFFICE_FAULTS = ("crash", "preempt")


def box_office(world: World, answer: Any) -> None:
    """Two clients who want the last ticket, and the learner's box office."""
    db = world.store("db", {"left": 1})
    _serve(world, "tickets", lambda: answer(db), "client-1", "client-2")


def mailed_who_has_it(world: World) -> Violation | None:
    """The client who has the ticket gets a mail, and nobody else does; one, if nothing fails."""
    rows = world.stores["db"].rows
    has = sorted(key.removeprefix("ticket ") for key in rows if key.startswith("ticket "))
    mails = list(_mails(world))
    count = Counter(id for _, id in mails)
    states = (
        {"ticket": _listed(has), "mail": _listed(has)},
        {"ticket": _listed(has), "mail": _listed(count)},
    )
    if len(has) > 1 or rows.get("left", 0) < 0:
        message = "There was one ticket, and both clients got it."
        return Violation(message, _writes(world, f"ticket {has[-1]}")[-1], *states, "sold twice")
    if not has and not bad_luck(world.trace):
        return Violation("Nobody got the ticket.", None, *states, "sells nothing")
    for step, id in mails:
        if id not in has:
            message = f"{id} was sent a mail about a ticket that it doesn't have."
            return Violation(message, step, *states, "a transaction covers the mail")
    if unheard := [id for id in has if not count[id]]:
        return _never_mailed(world, unheard[0], states)
    if not bad_luck(world.trace) and mails[1:]:
        message = (
            f"One ticket was sold and {len(mails)} mails were sent, although nothing went wrong."
        )
        return Violation(message, mails[1][0], *states, "tells it for ever")
    return None


def _never_mailed(world: World, id: str, states: tuple[Any, Any]) -> Violation:
    saved = _writes(world, f"ticket {id}")[0]
    message = f"{id} got the ticket at {moment(world.trace[saved])}, but never the mail."
    crash = next((i for i, s in enumerate(world.trace) if s.kind == "crash"), None)
    if crash is None:
        return Violation(message, saved, *states, "tells nobody")
    later = [i for i in range(saved + 1, len(world.trace)) if _changes(world, i, id)]
    if later:
        return Violation(message, later[-1], *states, "forgets before it tells")
    return Violation(message, crash, *states, "after the commit is soon enough")


def _mails(world: World) -> Iterator[tuple[int, str]]:
    """Yield each mail: its step in the trace, and about which order it is."""
    for i, step in enumerate(world.trace):
        if step.kind == "effect" and step.data[0] == "outside":
            yield i, step.text.partition(" (time")[0].rpartition(" ")[2]
