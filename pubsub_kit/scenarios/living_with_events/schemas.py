"""Exercise 10's `rollout`: five changes to a schema, and who upgrades first where they pass."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from pubsub_kit.patterns.schema_registry import MODES, Incompatible, Registry, read, typical
from pubsub_kit.scenarios.drawn import drawn
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.verbs import sleep
from pubsub_kit.world.world import World

_V1 = {"id": {"type": "text"}, "fax": {"type": "text"}, "cents": {"type": "int?"}}
#: What a team proposes, one after the other; each starts from what was accepted before.
CHANGES: dict[str, dict[str, Any]] = {
    "add gift, with a default": {"gift": {"type": "text", "default": ""}},
    "delete fax": {"fax": None},
    "drop gift's default": {"gift": {"type": "text"}},
    "add note, with a default": {"note": {"type": "text", "default": ""}},
    "cents may not be null": {"cents": {"type": "int"}},
}
OPTIONS = {
    "mode": list(MODES),
    "first": ["producers", "consumers"],
    "content": ["open", "closed"],
    "check": ["one sample is read", "schemas are compared"],
}
FAULTS = ("duplicate", "ack lost")
_REFUSED, _REPLAY = "refused: ", "the log is replayed"


def rollout(world: World, choice: Mapping[str, str]) -> None:
    """Propose each change; roll out what is accepted, one side first; replay the log at the end."""
    world.topic("orders")
    db = world.store("db")
    state = {"producer": 1, "consumer": 1}
    vars(world)["choice"] = choice
    registry = Registry(choice["mode"], choice["check"] == "one sample is read")
    registry.register({"fields": _V1, "open": choice["content"] == "open"})
    first = choice["first"].rstrip("s")

    async def reads(event: Any) -> None:
        try:
            read(registry.versions[state["consumer"] - 1], event.data["order"])
        except Incompatible as error:
            wrote, on = event.data["v"], state["consumer"]
            words = f"The consumer, on v{on}, can't read {event.id}, written on v{wrote}: {error}."
            await db.insert("failed", [words, wrote, on, event.id])

    async def order(number: int) -> None:
        version = state["producer"]
        schema = registry.versions[version - 1]
        data = typical(schema)
        if number > 1 and schema["fields"]["cents"]["type"] == "int?":
            data["cents"] = None  # allowed, if not typical
        if number == 1 and schema["open"]:
            data["note"] = 7
        await publish("orders", {"v": version, "order": data}, id=f"o-{number}")

    async def team() -> None:
        await order(1)
        numbers = count(2)
        for words, change in CHANGES.items():
            await sleep(1.0)
            if "failed" in db.rows:
                return
            fields = {**registry.versions[-1]["fields"], **change}
            fields = {name: field for name, field in fields.items() if field is not None}
            if words == "drop gift's default" and "gift" not in registry.versions[-1]["fields"]:
                continue
            try:
                new = registry.register({**registry.versions[-1], "fields": fields})
            except Incompatible:
                world.note("note", "team", text=f"{_REFUSED}{words}")
                continue
            await db.put(f"accepted {words}", new)
            for side in sorted(state, key=lambda side: side != first):
                state[side] = new
                world.note("note", "team", text=f"{side}s on v{new}")
                await order(next(numbers))
                await sleep(0.5)
        await sleep(1.0)
        world.note("note", "team", text=_REPLAY)
        group.subscription.seek(offset=0)
        world.wake("orders")

    group = world.consumer("consumer", lambda: reads, "orders", start="earliest")
    world.spawn(team(), "team")


def everybody_reads(world: World) -> Violation | None:
    """Every reader could read every event, live and at the replay; and gift was shipped."""
    rows, trace = world.stores["db"].rows, world.trace
    if "failed" in rows:
        words, wrote, reader, id = rows["failed"]
        step = next(i for i, s in enumerate(trace) if s.kind == "effect" and "failed" in s.data[2])
        live = all(s.text != _REPLAY for s in trace[:step])
        belief = _why(vars(world)["choice"], words, wrote > reader if live else None)
        wanted, found = {"unreadable": "none"}, {"unreadable": id}
        return Violation(words, step, wanted, found, belief)
    if "accepted add gift, with a default" not in rows:
        words, belief = "The field 'gift', which you need, was refused.", "an open schema can grow"
        step = next((i for i, s in enumerate(trace) if s.text.startswith(_REFUSED)), len(trace) - 1)
        return Violation(words, step, {"gift": "shipped"}, {"gift": "refused"}, belief)
    return None


def _why(choice: Mapping[str, str], words: str, newer: bool | None) -> str:
    """Return the belief behind an event that can't be read; `newer` is None at the replay."""
    if choice["mode"] == "NONE":
        return "a registry checks by itself"
    forward = choice["mode"].startswith("FORWARD")
    if forward and newer is False:
        return "consumers first"
    if choice["check"] == "one sample is read" and ("None" in words or "'note'" in words):
        return "one sample is enough" if "None" in words else "an optional field is safe"
    if newer is not None:
        return "producers first" if newer else "consumers first"
    return "FORWARD covers a replay" if forward else "the last version is enough"


def draw(world: World, violation: Violation | None, title: str) -> Any:
    """Draw a run in lanes."""
    return drawn(world, violation, title, ["team", "orders", "consumer"], _says, limit=14)


def _says(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    ((row, new),) = after.items()
    return "can't read it" if row == "failed" else f"v{new}: {row.removeprefix('accepted ')}"
