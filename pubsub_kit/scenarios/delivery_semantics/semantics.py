"""The world and the oracle of exercise 04's semantics: what may be lost, what may be repeated.

Here four services need different semantics. The world of a job that outlasts its lease is in
`leases.py`, an ordered queue that repeats its messages in `deposits.py`, offsets that say what is
done in `rounds.py`, a bad record among good ones in `records.py`, and a poison message in
`batches.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pubsub_kit.scenarios.delivery_semantics.batches import last
from pubsub_kit.scenarios.drawn import drawn
from pubsub_kit.scenarios.plain import moment
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.stopped import stopped_by
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.scenarios.drawn import Draws
    from pubsub_kit.show.picture import Picture

# -- semantics: four services, each with a need of its own -----------------------------------------

SEMANTICS = ("at most once", "at least once", "effectively once")
NEEDS = {
    "welcome email": "never twice",
    "invoice": "never missing",
    "payment": "never missing, never twice",
    "live position": "neither matters",
}


def semantics(world: World, choice: Mapping[str, str]) -> None:
    """One event for each service, handled under the chosen semantics."""
    db = world.store("db")
    for service, chosen in choice.items():
        handler = _once if chosen == "effectively once" else _plain
        world.topic(_topic(service))
        world.consumer(
            _worker(service),
            lambda handler=handler: handler(db),
            _topic(service),
            start="earliest",
            semantics="at_most_once" if chosen == "at most once" else "at_least_once",
        )
    world.spawn(_signup(list(choice)), "signup")


async def _signup(services: list[str]) -> None:
    for service in services:
        await publish(_topic(service), {"service": service}, id=f"{_topic(service)}-1")


def _topic(service: str) -> str:
    return service.replace(" ", "-")


def _worker(service: str) -> str:
    return f"{_topic(service)}-worker"


def _plain(db: Any) -> Any:
    async def handle(event: Any) -> None:
        await db.add(event.data["service"], 1)

    return handle


def _once(db: Any) -> Any:
    async def handle(event: Any) -> None:
        async with db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await tx.add(event.data["service"], 1)

    return handle


def needs_are_met(world: World) -> Violation | None:
    """Each service gets what it needs, and none pays for more."""
    rows = world.stores["db"].rows
    for service, need in NEEDS.items():
        done = rows.get(service, 0)
        if "missing" in need and done == 0:
            message = f"The {service} is missing, and it never may be.{_crashed(world, service)}"
            unmet = _unmet(world, message, service, done, "ack on receipt is fine")
            why = stopped_by(world.trace, f"{_topic(service)}-1")
            return replace(unmet, blocker=why and why.step)
        if "twice" in need and done > 1:
            again = world.trace[last(world.trace, service)]
            message = (
                f"The {service} was done {_times(done)}, and it never may be: "
                f"{again.node} did it again at {moment(again)}, since no ack had arrived."
            )
            belief = (
                "exactly once comes by itself" if "missing" in need else "an ack always arrives"
            )
            return _unmet(world, message, service, done, belief)
    for service in (name for name, need in NEEDS.items() if need != NEEDS["payment"]):
        if f"seen {_topic(service)}-1" in rows:
            message = (
                f"The {service} remembers its id, at the price of a row and a transaction, though "
                "it needs less than that."
            )
            return _unmet(world, message, service, 1, "more than is needed")
    return None


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count} times"


def _crashed(world: World, service: str) -> str:
    crashes = world.trace.of("crash", node=_worker(service))
    if not crashes:
        return ""
    return f" {_worker(service)} had acked it when it crashed at {moment(crashes[0])}."


def _unmet(world: World, message: str, service: str, done: int, belief: str) -> Violation:
    step = last(world.trace, service)
    return Violation(message, step, {service: NEEDS[service]}, {service: f"{done}×"}, belief)


def draw_service(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw the lanes of the service whose need was not met, or all lanes if every need was."""
    services = (violation and violation.expected) or ()
    lanes = [name for s in services for name in ("signup", _topic(s), _worker(s))]
    return drawn(world, violation, title, lanes or None)


def drawn_until(after: float | None = None, **options: Any) -> Draws:
    """Return what draws a run up to `after` seconds past the violation."""

    def draw(world: World, violation: Violation | None, title: str) -> Picture:
        until = None
        if after is not None and violation is not None and violation.step is not None:
            last = max(violation.step, violation.blocker or 0)
            until = world.trace[last].time + after
        return drawn(world, violation, title, until=until, **options)

    return draw
