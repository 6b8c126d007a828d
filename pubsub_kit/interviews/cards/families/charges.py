"""What Ann is charged: four consumers of payments, and faults that a schedule code names.

The faults are drawn from those that the run offers, so each code fits its run; the answer is what
the store of that world holds at the end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pubsub_kit.interviews.cards.families.dice import Dice
from pubsub_kit.interviews.cards.families.forms import Number
from pubsub_kit.interviews.cards.families.problem import Family, Problem
from pubsub_kit.log.event import Event
from pubsub_kit.world.chance import Schedule, encode
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.stores import Store
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.world import World

_FAULTS = ("duplicate", "crash", "ack lost")


async def _adds(db: Store, event: Event) -> None:
    await db.add("ann", event.data)


async def _marks_first(db: Store, event: Event) -> None:
    if await db.insert(f"seen {event.id}"):
        await db.add("ann", event.data)


async def _marks_last(db: Store, event: Event) -> None:
    if await db.get(f"seen {event.id}") is None:
        await db.add("ann", event.data)
        await db.put(f"seen {event.id}", True)


async def _together(db: Store, event: Event) -> None:
    async with db.transaction() as tx:
        if await tx.insert(f"seen {event.id}"):
            await tx.add("ann", event.data)


Handle = Callable[[Store, Event], Awaitable[None]]
#: Each design: its code as the card shows it, what it does, and what is wrong with it.
DESIGNS: dict[str, tuple[str, Handle, str]] = {
    "adds": (
        'await db.add("ann", event.data)',
        _adds,
        "It doesn't look at the event's id, so each delivery that reaches the write counts.",
    ),
    "marks first": (
        'if await db.insert(f"seen {event.id}"):\n    await db.add("ann", event.data)',
        _marks_first,
        "Mark and money are two writes: a crash between them leaves the mark alone, and the "
        "redelivery is skipped.",
    ),
    "marks last": (
        'if await db.get(f"seen {event.id}") is None:\n    await db.add("ann", event.data)\n'
        '    await db.put(f"seen {event.id}", True)',
        _marks_last,
        "Money and mark are two writes: a crash between them leaves the money alone, and the "
        "redelivery adds it again.",
    ),
    "together": (
        "async with db.transaction() as tx:\n"
        '    if await tx.insert(f"seen {event.id}"):\n        await tx.add("ann", event.data)',
        _together,
        "Mark and money are one write, so a repeat always finds the mark.",
    ),
}


def play(design: str, amounts: tuple[int, ...], code: str) -> tuple[World, Schedule]:
    """Run a design under a schedule; return its world, and the schedule with what it was asked."""
    luck = Schedule(code)
    world = World(chance=luck, faults=dict.fromkeys(_FAULTS, 0.0))
    db, handle = world.store("db"), DESIGNS[design][1]

    class Billing:
        async def handle(self, event: Event) -> None:
            await handle(db, event)

    async def shop() -> None:
        for number, amount in enumerate(amounts, 1):
            await publish("payments", amount, id=f"pay-{number}")

    world.topic("payments")
    world.consumer("billing", Billing, "payments", start="earliest")
    world.spawn(shop(), "shop")
    world.run()
    return world, luck


def charged(world: World) -> int:
    """Return what Ann was charged in a run."""
    return int(world.store("db").rows.get("ann", 0))


def told(trace: Trace) -> str:
    """Return the faults of a run in words, in their order."""
    words = [f"{step.time:g} s, {step.node}: {_plainly(step.text)}" for step in trace.faults()]
    return "; ".join(words) or "nothing goes wrong"


def _plainly(text: str) -> str:
    return text.replace("its memory is gone", "crashes")


def _schedule(dice: Dice, design: str, amounts: tuple[int, ...]) -> str:
    """Draw one or two faults of those that the run offers, the second one after the first."""
    faults: dict[int, str] = {}
    for _ in range(dice.whole(1, 2)):
        world, luck = play(design, amounts, encode(faults))
        world.dissolve()
        first = max(faults, default=-1) + 1
        offered: list[tuple[int, Any]] = [*enumerate(luck.offered)][first:]
        open_to = [(number, kinds) for number, kinds in offered if kinds]
        if open_to:
            number, kinds = dice.pick(open_to)
            faults[number] = dice.pick(kinds)
    return encode(faults)


def draw(dice: Dice) -> Problem:
    """Draw a design, two payments and a schedule; the answer is in the world's store."""
    design = dice.pick([*DESIGNS])
    amounts = (dice.whole(1, 9) * 10, dice.whole(1, 9) * 10 + 5)
    code = _schedule(dice, design, amounts)
    world, _ = play(design, amounts, code)
    value, faults = charged(world), told(world.trace)
    world.dissolve()
    shown, _, why = DESIGNS[design]
    owed = sum(amounts)
    verdict = "as it should be" if value == owed else f"instead of {owed}"
    why = why if value != owed or design == "together" else f"This run spares it, though. {why}"
    return Problem(
        f"Two payments for ann, pay-1 of {amounts[0]} and pay-2 of {amounts[1]}, on an "
        f"at-least-once topic. One worker handles each event with\n\n{shown}\n\nand acks when that "
        f"returns. Schedule {code}: {faults}. What is ann charged in the end?",
        Number(value, "", 0),
        f"ann is charged {value}, {verdict}. {why}",
        "Which writes were done before the fault? Which delivery comes again?",
        {"design": design, "amounts": amounts, "code": code},
        run=lambda: play(design, amounts, code)[0],
    )


FAMILIES = (Family("charges", "What Ann is charged", "03", draw, (1, 14, 15, 25)),)
