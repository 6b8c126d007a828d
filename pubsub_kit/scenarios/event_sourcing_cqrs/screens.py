"""The world and the oracle of exercise 08's screens: what may be read from a view that lags.

A service appends to an event store and publishes what it appended; a view follows, a third of a
second an event. Ann withdraws 80 and looks. Two people sign up under one email at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pubsub_kit.world.event_store import EventStore
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.stores import Conflict
from pubsub_kit.world.verbs import clock, sleep
from pubsub_kit.world.world import World

FAULTS = ("crash", "ack lost")
MAIL, TWO = "zoe@example.org", ("zoe", "zoe's twin")
OPTIONS = {
    "balance": [
        "read the view",
        "wait while the view's position row is behind, then read the view",
        "wait until the view has reached the append's position, then read it",
        "wait for the view up to 1 s, then read it or show the withdrawal as pending",
        "fold ann's stream",
    ],
    "email": [
        "look it up in the view of accounts",
        "wait for 1 s, then look it up in the view",
        "append to the new account's stream, expected=0",
        "append to a stream named after the email, expected=0",
    ],
}
_PATIENCE = 2.0  # seconds that somebody looks at an empty screen


def screens(world: World, choice: Mapping[str, str]) -> None:
    """Ann's screen, two sign-ups, and a view that never ran before."""
    log, db = EventStore(world, {"ann": [{"change": 100}]}), world.store("view")
    shown = world.store("shown").rows
    balance, email = (OPTIONS[thing].index(choice[thing]) for thing in OPTIONS)

    async def project(event: Any) -> None:
        async with db.transaction() as tx:
            if event.data["position"] > await tx.get("position", 0):
                await tx.add(event.data["stream"], event.data["change"])
                await tx.put("position", event.data["position"])

    async def tell(position: int, stream: str, change: int) -> int:
        data = {"position": position, "stream": stream, "change": change}
        await publish("log", data, key="log", id=f"e-{position}")
        return position

    async def ann() -> None:
        await tell(1, "ann", 100)
        position = await log.append("ann", {"change": -80}, expected=1)
        begun = clock()
        await tell(position, "ann", -80)
        shown["ann"] = await look(position, begun)
        shown["seconds"] = clock() - begun
        world.note("note", "ann", text=f"sees {shown['ann']}")

    async def look(position: int, begun: float) -> Any:
        if balance == 4:
            return sum(event["change"] for event in await log.read("ann"))
        while balance:
            shown["row"] = row = await db.get("position")
            if (row or 0) >= position or (row is None and balance == 1):
                break
            if balance == 3 and clock() > begun + 1.0:
                return "pending"
            await sleep(0.25)
        return await db.get("ann", "nothing")

    async def sign_up(person: str) -> None:
        await sleep(1.0 if email == 1 else 0.0)
        if email < 2 and await db.get(MAIL):
            return
        try:
            stream = MAIL if email == 3 else person
            await tell(await log.append(stream, {"change": 1}, expected=0), MAIL, 1)
        except Conflict:
            return
        shown[person] = "welcome"
        world.note("note", person, text="is welcome")

    world.topic("log")
    world.consumer("view", lambda: project, "log", start="earliest", ordered=True, latency=0.3)
    for person, does in (("ann", ann()), *((each, sign_up(each)) for each in TWO)):
        world.spawn(does, person)


def true_screens(world: World) -> Violation | None:
    """Ann sees what she did, within two seconds, and an email has one account."""
    shown = world.stores["shown"].rows
    steps = {s.node: i for i, s in enumerate(world.trace) if s.text[:4] in ("sees", "is w")}
    if all(person in shown for person in TWO):
        words = f"Two accounts were opened under {MAIL}, by {TWO[0]} and by {TWO[1]}."
        step = max(steps[person] for person in TWO)
        return Violation(words, step, belief="a view guards uniqueness")
    said, late = shown.get("ann"), shown.get("seconds", 1_000.0)
    end = steps.get("ann", len(world.trace) - 1)
    if late > _PATIENCE:
        words = f"Ann's screen was empty for {late:.3g} s: the view was down."
        return Violation(words, end, 20, None, "waits without end")
    if said not in (20, "pending"):
        never = "row" in shown and shown["row"] is None
        belief = "no row, nothing behind" if never else "reads its own write"
        words = f"Ann withdrew 80 of 100, and her screen showed {said}."
        return Violation(words, end, 20, said, belief)
    return None
