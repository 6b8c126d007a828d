"""Exercise 13's `notify`: an agent hears that a version can be found, by a choice that is run.

Two versions of one document come, and are indexed while faults befall everybody. A month later the
log is replayed into the index of a new model. The agent looks a version up as soon as it hears.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pubsub_kit.scenarios import second_act
from pubsub_kit.scenarios.drawn import drawn
from pubsub_kit.scenarios.plain import crashes, moment
from pubsub_kit.scenarios.unasked import Unasked
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.verbs import sleep
from pubsub_kit.world.world import World

FAULTS = ("crash", "ack lost")
DAY, LATER, UNTIL = 86_400.0, 30 * 86_400.0, 31 * 86_400.0
VERSIONS = (1, 2)
OPTIONS = {
    "tell": ["when a change is accepted", "after the write, if it was new",
             "after every attempt to write", "from an outbox, written with the version"],
    "id": ["a new one for each message", "the document", "the document and its version"],
    "agent": ["acts on each message", "drops an id that it had within a day"],
    "backfill": ["runs the same code", "runs without effects"],
}  # fmt: skip
_ACCEPTED, _NEW, _EVERY, _OUTBOX = OPTIONS["tell"]
_DROPS, _SAME = OPTIONS["agent"][1], OPTIONS["backfill"][0]


def notifying(world: World, choice: Mapping[str, str]) -> None:
    """The API, the indexer, a relay, the agent; and a backfill a month later."""
    index, agent = world.store("index"), world.store("agent")
    vars(world)["choice"] = choice
    world.topic("changes")
    world.topic("searchable")

    async def tell(version: int) -> None:
        ids = f"message {world.number('message')}", "tea", f"tea v{version}"
        await publish("searchable", version, id=ids[OPTIONS["id"].index(choice["id"])])

    async def write(version: int, model: str, effects: bool) -> None:
        await sleep(0.5)
        async with index.transaction() as tx:
            new = await tx.get(model, 0) < version
            if new:
                await tx.put(model, version)
                if effects and choice["tell"] == _OUTBOX:
                    await tx.put(f"outbox {model} v{version}", version)
        if effects and (choice["tell"] == _EVERY or (new and choice["tell"] == _NEW)):
            await tell(version)

    async def relay() -> None:
        while world.now % LATER < 50.0:
            for key, version in (await index.scan("outbox ")).items():
                await tell(version)
                await index.delete(key)
            await sleep(2.0)

    async def hears(event: Any) -> None:
        version, name = event.data, f"had {event.id}"
        async with agent.transaction() as tx:
            had = await tx.get(name)
            if had is not None and world.now - had < DAY and choice["agent"] == _DROPS:
                return
            there = max(index.rows.get("m1", 0), index.rows.get("m2", 0)) >= version
            await tx.put(name, world.now)
            await tx.put(f"acts {await tx.add('acted', 1)}", [version, there])

    async def accepts() -> None:
        for version in VERSIONS:
            await publish("changes", version, id=f"tea v{version}")
            if choice["tell"] == _ACCEPTED:
                await tell(version)
            await sleep(20.0)

    async def backfill() -> None:
        for version in VERSIONS:
            await write(version, "m2", effects=choice["backfill"] == _SAME)

    def later() -> None:
        second_act.follows(world)
        world.spawn(backfill(), "backfill")
        world.spawn(relay(), "relay")

    async def indexes(event: Any) -> None:
        await write(event.data, "m1", effects=True)

    world.consumer("indexer", lambda: indexes, "changes", ack_deadline=5.0)
    world.consumer("agent", lambda: hears, "searchable", ack_deadline=5.0)
    world.service("relay", lambda: Unasked(relay))
    world.spawn(accepts(), "api")
    world.at(LATER, later)


def heard_once(world: World) -> Violation | None:
    """The agent acts once on each version, and finds it."""
    return next(_wrong(world), None)


def _wrong(world: World) -> Iterator[Violation]:
    trace, drops = world.trace, vars(world)["choice"]["agent"] == _DROPS
    effects = ((n, step.data[2]) for n, step in enumerate(trace) if step.kind == "effect")
    rows = ((n, key, row) for n, after in effects for key, row in after.items())
    acts = [(n, *row) for n, key, row in rows if key.startswith("acts ")]
    for n, version, there in acts:
        if not there:
            words = f"At {moment(trace[n])} the agent hears of tea v{version}, and doesn't find it."
            found = {"index": f"tea v{version}"}, {"index": "not there yet"}
            yield Violation(words, n, *found, "accepted is found")
    for version in VERSIONS:
        mine = [n for n, which, _ in acts if which == version]
        states = {f"acts on v{version}": 1}, {f"acts on v{version}": len(mine)}
        if len(mine) > 1:
            first, again = (moment(trace[n]) for n in mine[:2])
            words = f"The agent acts on tea v{version} at {first}, and again at {again}."
            belief = "a new id each time" if drops else "each message is news"
            belief = "a replay is quiet" if trace[mine[1]].time >= LATER else belief
            yield Violation(words + crashes(trace), mine[1], *states, belief)
        elif not mine:
            words = f"The agent never acts on tea v{version}, which is in the index."
            belief = "told if new" if trace.faults() else "one id for a document"
            acks = [n for n, s in enumerate(trace) if s.text in ("ack tea", f"ack tea v{version}")]
            yield Violation(words + crashes(trace), acks[-1] if acks else None, *states, belief)


def _says(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    (key, row), *more = after.items()
    if key.startswith("outbox"):
        return "empties the outbox"
    return f"{key} v{row}{', and outbox' if more else ''}" if key[0] == "m" else f"acts: {key[4:]}"


_LANES = ("api", "changes", "indexer", "relay", "searchable", "agent", "backfill")
draw = partial(drawn, lanes=_LANES, says=_says, limit=70)
