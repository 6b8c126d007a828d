"""The world and the oracle of exercise 08's upcaster: old events, read twice, a day apart.

In between, the rates have changed: an upcaster that looks one up makes two states of one stream.
"""

from __future__ import annotations

from typing import Any

from pubsub_kit.scenarios.plain import shown
from pubsub_kit.world.handlers import copied, settle
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.verbs import sleep
from pubsub_kit.world.world import World

DAY = 86_400.0
MONEY = {"v": 2, "currency": "EUR", "rate": None}
NEW = {"v": 2, "type": "withdrawn", "cents": 1250, "currency": "USD", "rate": 1.08}
KNOWN = {**MONEY, "type": "deposited", "cents": 700, "rate": 1.2}
UNKNOWN = {**MONEY, "type": "deposited", "cents": 900}
RENAMED = {"v": 1, "type": "renamed", "name": "Ann"}
#: Each event as it is stored, and as it has to be read.
EVENTS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"v": 1, "type": "deposited", "amount": 100}, {**MONEY, "type": "deposited", "cents": 10_000}),
    (NEW, NEW),
    (KNOWN, KNOWN),
    (UNKNOWN, UNKNOWN),
    (RENAMED, RENAMED),
    ({"v": 1, "type": "withdrawn", "amount": 80}, {**MONEY, "type": "withdrawn", "cents": 8_000}),
]


def upcasts(world: World, answer: Any) -> None:
    """Two replays of the same events, and a service that knows today's rate."""
    read = world.store("read")
    world.service("rates", lambda: lambda currency: 1.1 if world.now < DAY else 1.3)

    async def replay() -> None:
        for day in ("today", "tomorrow"):
            given = [copied(event) for event, _ in EVENTS]
            await read.put(day, [[await settle(answer(event)), event] for event in given])
            await sleep(DAY)

    world.spawn(replay(), "replay")


def one_meaning(world: World) -> Violation | None:
    """Both replays read each event in its new form, and so they are alike."""
    effects = [i for i, step in enumerate(world.trace) if step.kind == "effect"]
    for step, (day, read) in zip(effects, world.stores["read"].rows.items(), strict=False):
        for (stored, wanted), (got, left) in zip(EVENTS, read, strict=True):
            if got != wanted:
                words = f"{shown(stored, 70)} was read as {shown(got, 120)} {day}."
                return Violation(words, step, wanted, got, _why(stored, wanted, got))
            if left != stored:
                words = f"Your code changed {shown(stored, 70)} itself, and returned it."
                return Violation(words, step, stored, left, "changes the stored event")
    return None


def _why(stored: dict[str, Any], wanted: dict[str, Any], got: Any) -> str:
    if stored == wanted:
        return "changes what is right"
    if got is None or got == stored:
        return "leaves it old"
    rate = isinstance(got, dict) and {**got, "rate": None} == wanted and "rate" in got
    return "looks it up" if rate else "another form"
