"""Worlds and oracles of exercise 02: signups, and who of many readers shares a group."""

from __future__ import annotations

from typing import Any

from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.verbs import perform
from pubsub_kit.world.world import World

SIGNUPS = ("ann", "bob", "eve")


def sign_up(world: World, name: str) -> None:
    """Publish a signup, now."""
    world.publish("signups", name, id=f"signup-{name}")


def effects(world: World, what: str) -> dict[str, list[int]]:
    """Return for each name the steps at which this was done for it."""
    texts = [(i, step.text) for i, step in enumerate(world.trace) if step.kind == "effect"]
    return {
        name: [i for i, t in texts if f"{t} ".startswith(f"{what} {name} ")] for name in SIGNUPS
    }


# -- groups: who shares, who gets a copy, and who filters ---

EMAIL, CACHE, BILLING = (
    "two email workers",
    "caches of two web servers",
    "billing, for paying users",
)
GROUPS = ("one group", "a group each")
CACHES = ("cache 1", "cache 2")
SORTS = ("a filter at the broker", "an if in its handler")


def groups(world: World, choice: dict[str, str]) -> None:
    """Ann, who pays, and bob, who doesn't; five readers, in groups as chosen."""
    db = world.store("db")
    world.topic("signups")

    async def email(event: Any) -> None:
        await perform("mail", event.data)

    def cache(name: str) -> Any:
        async def keep(event: Any) -> None:
            await db.put(f"{name}: {event.data}", True)

        return keep

    async def billing(event: Any) -> None:
        if event.data == "ann":
            await db.put("billed: ann", True)

    for number in "12":
        for what, thing, handler in (
            ("email", EMAIL, email),
            ("cache", CACHE, cache(f"cache {number}")),
        ):
            name = f"{what}-{number}"
            group = what if choice[thing] == GROUPS[0] else name
            world.consumer(name, handler, "signups", group=group)
    pays = (lambda event: event.data == "ann") if choice[BILLING] == SORTS[0] else None
    world.consumer("billing", billing, "signups", filter=pays)
    for i, name in enumerate(SIGNUPS[:2]):
        world.at(float(i), sign_up, world, name)


def work_is_shared_and_news_is_copied(world: World) -> Violation | None:
    """Each user gets one mail, each cache knows both users, and ann is billed."""
    rows, step = world.stores["db"].rows, len(world.trace) - 1
    for name in SIGNUPS[:2]:
        mails = effects(world, "mail")[name]
        if len(mails) > 1 and not world.trace.faults():
            message = f"{name} got {len(mails)} mails: each email worker got the signup."
            wanted, found = {f"mails to {name}": 1}, {f"mails to {name}": len(mails)}
            return Violation(message, mails[1], wanted, found, "each worker is a group")
        for cache in CACHES:
            if f"{cache}: {name}" not in rows:
                message = f"{cache} never got {name}'s signup: it went to the other cache."
                known = {c: sum(row.startswith(c) for row in rows) for c in CACHES}
                wanted = dict.fromkeys(CACHES, 2)
                return Violation(message, step, wanted, known, "a shared group fans out")
    if "billed: ann" not in rows or not all(effects(world, "mail")[n] for n in SIGNUPS[:2]):
        message = "A mail or a bill is missing."
        return Violation(message, step, {"billed": 1}, {"billed": int("billed: ann" in rows)})
    return None
