"""World and oracle of exercise 02's publisher that waits for a confirm: accepted is not routed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.search.stopped import stopped_by
from pubsub_kit.world.services import CallError
from pubsub_kit.world.verbs import call, sleep
from pubsub_kit.world.world import World

# -- confirm: accepted is not routed ---

WAITS = ("for nothing", "for a confirm", "for a confirm, or for the message to come back")
THEN = ("goes on", "resends at once", "resends after a minute")
PUBLISHER, UNHEARD = "the publisher waits", "if no answer comes, it"


def confirm(world: World, choice: Mapping[str, str]) -> None:
    """An exchange that routes by type: a queue is bound for 'signup', and none for 'refund'.

    The publisher does as chosen; a message that was returned to it is in the row `kept`.
    """
    db = world.store("db")
    world.store("choice", choice)

    async def exchange(message: Mapping[str, Any]) -> str:
        if message["type"] == "signup":
            await db.insert(f"queued {message['id']}")
            return "confirmed"
        return "returned" if message["mandatory"] else "confirmed"

    async def publisher() -> None:
        for type_ in ("signup", "refund"):
            await _send(db, choice, {"id": f"{type_}-1", "type": type_})

    world.service("exchange", exchange)
    world.spawn(publisher(), "publisher")


async def _send(db: Any, choice: Mapping[str, str], message: dict[str, Any]) -> None:
    waits, then = choice[PUBLISHER], choice[UNHEARD]
    request = {**message, "mandatory": waits == WAITS[2]}
    for _ in range(1 if THEN[0] == then or WAITS[0] == waits else 5):
        try:
            answer = await call("exchange", request, timeout=1.0)
        except CallError:
            await sleep(60.0 if then == THEN[2] else 0.0)
            continue
        if answer == "returned":
            await db.put(f"kept {message['id']}", True)
        return


def nothing_vanishes(world: World) -> Violation | None:
    """Each message is in a queue, or was returned to its publisher."""
    rows, choice = world.stores["db"].rows, world.stores["choice"].rows
    for name in ("signup-1", "refund-1"):
        if f"queued {name}" in rows or f"kept {name}" in rows:
            continue
        belief, how = _why_gone(world, name, choice[PUBLISHER])
        step = max(i for i, s in enumerate(world.trace) if name in s.text)
        message = f"{name} {how}."
        wanted, found, why = {name: "queued or returned"}, {name: "gone"}, None
        if belief == "silence means yes":
            why = stopped_by(world.trace, name)
        return Violation(message, step, wanted, found, belief, why and why.step)
    return None


def _why_gone(world: World, name: str, waits: str) -> tuple[str, str]:
    if waits == WAITS[0]:
        return "published means arrived", "is in no queue, and its publisher will never know"
    if any(step.kind == "lose" and name in step.text for step in world.trace):
        return "silence means yes", "was lost, and its publisher went on without a confirm"
    return (
        "a confirm means it was routed",
        "was confirmed, though no queue was bound for it, and dropped",
    )
