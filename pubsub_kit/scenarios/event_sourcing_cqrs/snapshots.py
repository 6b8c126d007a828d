"""The world and the oracle of exercise 08's snapshot: two versions of the code share one store.

Version 1 loads ann, and again after one more event. Version 2 takes a fee for each withdrawal; it
is deployed, loads her, and is rolled back. Loads 2 and 4 have to read the one new event alone.
"""

from __future__ import annotations

from typing import Any

from pubsub_kit.scenarios.plain import moment
from pubsub_kit.world.event_store import EventStore
from pubsub_kit.world.handlers import settle
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.world import World

AMOUNTS = [100, -30, -20, -10, 50]  # negative ones are withdrawn
FEES = {1: 0, 2: 1}
#: The version of the code that makes each load, and how many events there are by then.
LOADS = [(1, 3), (1, 4), (2, 4), (1, 5)]


def apply(balance: int, event: Any, code: int) -> int:
    """Return the balance after an event, as a version of the code counts it."""
    return int(balance + event["amount"] - (FEES[code] if event["amount"] < 0 else 0))


class _Counted(EventStore):
    """An event store that notes how many events the last read was given."""

    given = 0

    async def read(self, stream: str, after: int = 0) -> list[Any]:
        found = await super().read(stream, after)
        self.given = len(found)
        return found


def snapshots(world: World, answer: Any) -> None:
    """Four loads, one after another: by version 1, 1 again, 2, and 1 after the rollback."""
    loads, db, log = world.store("loads"), world.store("db"), _Counted(world, {"ann": []})

    async def loading() -> None:
        for number, (code, events) in enumerate(LOADS, 1):
            for amount in AMOUNTS[len(log.of("ann")) : events]:
                await log.append("ann", {"amount": amount})
            await loads.put(f"load {number}", [await settle(answer(log, db, code)), log.given])

    world.spawn(loading(), "account")


def as_from_the_start(world: World) -> Violation | None:
    """Each load gives what a full replay by its own code gives, and the later ones read little."""
    steps = [i for i, s in enumerate(world.trace) if s.kind == "effect" and "load" in s.text]
    for number, (step, (code, events)) in enumerate(zip(steps, LOADS, strict=False), 1):
        has, given = world.stores["loads"].rows[f"load {number}"]
        wanted = sum(AMOUNTS[:events]) - FEES[code] * sum(n < 0 for n in AMOUNTS[:events])
        words = f"At {moment(world.trace[step])} version {code} of the code loaded {has}"
        if has != wanted:
            belief = "the snapshot is the state" if number > 2 else "another state"
            return Violation(f"{words}. A full replay gives {wanted}.", step, wanted, has, belief)
        if number in (2, 4) and given > 1:
            words += f", and read {given} events for it: only one was new."
            return Violation(words, step, 1, given, "reads all")
    return None
