"""Worlds and oracles of exercise 02: one signup, many readers, and none holds up another."""

from __future__ import annotations

from typing import Any

from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.verbs import perform, sleep
from pubsub_kit.world.world import World

SIGNUPS = ("ann", "bob", "eve")
PROMPT, SLOW, LATE = 2.0, 8.0, 100.0  # seconds; a lease is 10


# -- wire: who subscribes to what, as which group ---


def wire(world: World, answer: Any) -> None:
    """Three signups: a fast email, analytics whose warehouse fails once, a slow index.

    The answer is called with the world and the handlers; `index` joins after 100 s, when all three
    have signed up: `answer(world, {"analytics": …, "email": …})`, then `answer(world, {"index":
    …})`.
    """
    done, warehouse = world.store("done"), world.store("warehouse", {"fails": 1})
    world.topic("signups")

    async def email(event: Any) -> None:
        await perform("mail", event.data)

    async def analytics(event: Any) -> None:
        if event.data == "bob" and warehouse.rows.pop("fails", 0):
            raise ConnectionError("the warehouse is down")
        await sleep(5.0)
        await done.put(f"analytics {event.data}", True)

    async def index(event: Any) -> None:
        await sleep(SLOW)
        await done.put(f"index {event.data}", True)

    answer(world, {"analytics": analytics, "email": email})
    world.at(LATE, answer, world, {"index": index})
    for i, name in enumerate(SIGNUPS):
        world.at(float(i), _sign_up, world, name)


def _sign_up(world: World, name: str) -> None:
    world.publish("signups", name, id=f"signup-{name}")


def everyone_hears_of_everyone(world: World) -> Violation | None:
    """Every reader handled every signup; mails go out promptly and once, whatever others do."""
    early = _missing(world, ("mail", "analytics"))
    if early:
        message, belief = _why_missing(world, early)
        wanted = {"mailed": 3, "counted": 3}
        found = {"mailed": _count(world, "mail"), "counted": _count(world, "analytics")}
        return Violation(message, len(world.trace) - 1, wanted, found, belief)
    if not world.trace.faults() and (entangled := _entangled(world)):
        return entangled
    unread = _missing(world, ("index",))
    if unread:
        names = [row.removeprefix("index for ") for row in unread]
        message = f"The index joined at {LATE:g} s and never got the signups of {_some(names)}."
        belief = "a late subscriber sees history"
        if world.trace.faults():
            message, belief = f"Never handled: {_some(unread)}.", "acks before the work is done"
        wanted, found = {"indexed": 3}, {"indexed": 3 - len(unread)}
        return Violation(message, len(world.trace) - 1, wanted, found, belief)
    return None


def _effects(world: World, what: str) -> dict[str, list[int]]:
    """Return for each name the steps at which this was done for it."""
    texts = [(i, step.text) for i, step in enumerate(world.trace) if step.kind == "effect"]
    return {name: [i for i, t in texts if t.startswith(f"{what} {name}")] for name in SIGNUPS}


def _missing(world: World, readers: tuple[str, ...]) -> list[str]:
    done = [(reader, _effects(world, reader)) for reader in readers]
    return [f"{reader} for {name}" for reader, names in done for name in names if not names[name]]


def _count(world: World, what: str) -> int:
    return sum(bool(steps) for steps in _effects(world, what).values())


def _why_missing(world: World, missing: list[str]) -> tuple[str, str]:
    begun = {(step.node, step.text) for step in world.trace.of("begin")}
    tried = any((r, f"signup-{n}") in begun for r, n in (m.split(" for ") for m in missing))
    message = f"{len(missing)} of 6 deliveries never came: {_some(missing)}."
    if _share(world):
        return f"{message} The readers share one group.", "a shared group fans out"
    if tried or world.trace.faults():
        return f"Started but never finished: {_some(missing)}.", "acks before the work is done"
    return message, "one reader hears nothing"


def _share(world: World) -> bool:
    """Say whether there are fewer subscriptions than consumers."""
    groups = world.groups.get("signups", [])
    return len({id(group.subscription) for group in groups}) < len(groups)


def _some(names: list[str]) -> str:
    more = len(names) - 2
    return ", ".join(names[:2]) + (f" and {more} more" if more > 0 else "")


def _entangled(world: World) -> Violation | None:
    """Find a mail that was late or sent twice because another reader was slow or failed."""
    for i, (name, steps) in enumerate(_effects(world, "mail").items()):
        seconds = world.trace[steps[0]].time - i
        if seconds > PROMPT:
            message = (
                f"{name}'s mail went out {seconds:.0f} s after the signup: analytics held it up."
            )
            wanted, found = f"at most {PROMPT:g} s", f"{seconds:.0f} s"
            return Violation(
                message, steps[0], {"mail after": wanted}, {"mail after": found}, "a loop isolates"
            )
        if len(steps) > 1:
            again = f"{world.trace[steps[1]].time:.0f} s"
            message = f"{name} got the mail again at {again}: analytics failed, and both share one "
            message += "delivery."
            key = f"mails to {name}"
            return Violation(message, steps[1], {key: 1}, {key: len(steps)}, "a loop isolates")
    return None


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
        world.at(float(i), _sign_up, world, name)


def work_is_shared_and_news_is_copied(world: World) -> Violation | None:
    """Each user gets one mail, each cache knows both users, and ann is billed."""
    rows, step = world.stores["db"].rows, len(world.trace) - 1
    for name in SIGNUPS[:2]:
        mails = _effects(world, "mail")[name]
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
    if "billed: ann" not in rows or not all(_effects(world, "mail")[n] for n in SIGNUPS[:2]):
        message = "A mail or a bill is missing."
        return Violation(message, step, {"billed": 1}, {"billed": int("billed: ann" in rows)})
    return None
