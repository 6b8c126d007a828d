"""The world of exercise 04's fifo: a queue in order is not a queue that is once.

Three deposits of the same amount by two customers, on a topic that is ordered by customer, and two
workers. A worker may crash, or pause until its lease is over and the other one has the deposit, or
the other one handles one in between; an ack may get lost. After two attempts a deposit becomes a
dead letter, and somebody redrives it, long after its successor.

Why a balance is wrong, `balances.py` finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pubsub_kit.scenarios.idempotency.looks import watched
from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.search.explore import Exploration, run_once
from pubsub_kit.world.world import World

FAULTS = ("crash", "pause", "preempt", "ack lost")
AMOUNT = 10
#: Each deposit's customer. As text, the second one sorts before the first.
DEPOSITS = {"deposit-9": "ann", "deposit-10": "ann", "deposit-11": "joe"}
OWED = AMOUNT * len(DEPOSITS)
REDRIVEN = 300.0  # seconds
ROW = "balance"
IN_ORDER, LOOKS = "a queue in order is once", "looks, then writes"
APART, SWALLOWED = "mark and money apart", "swallows a conflict"


def fifo(world: World, answer: Any) -> None:
    """Three equal deposits by two customers, two workers, two attempts; redriven after 300 s."""
    _bank(world, answer, workers=2, max_deliveries=2)
    for id, key in DEPOSITS.items():
        world.publish("deposits", AMOUNT, key=key, id=id)
    world.at(REDRIVEN, _redrive, world)


def _bank(world: World, answer: Any, **options: Any) -> None:
    db = watched(world)
    world.topic("deposits")
    world.consumer(
        "bank", lambda: answer(db), "deposits", start="earliest", ordered=True, **options
    )


def _redrive(world: World) -> None:
    if again := world.broker.redrive("deposits.dead"):
        world.note("note", "deposits", text=f"{again} redriven from deposits.dead")
        world.wake("deposits")


# -- which belief is it ----------------------------------------------------------------------------


def diagnose(answer: Any, found: Exploration) -> str:
    """Name the belief that one run's trace leaves open, by what the answer does in calm ones."""
    belief = found.violation.belief if found.violation else ""
    if belief == SWALLOWED:
        late = [*reversed(DEPOSITS)]
        return "" if _balance(answer, late) == OWED else "takes another for a repeat"
    if belief not in (IN_ORDER, LOOKS, APART):
        return ""
    knows = _balance(answer, [id for id in DEPOSITS for _ in range(2)]) == OWED
    if belief == IN_ORDER:
        return "a memory is enough" if knows else ""
    return "" if knows else IN_ORDER


def _balance(answer: Any, ids: Sequence[str]) -> Any:
    """Return the balance that one worker makes of these deposits, where nothing goes wrong."""

    def scenario(world: World) -> None:
        _bank(world, answer)
        for id in ids:
            world.publish("deposits", AMOUNT, key=DEPOSITS[id], id=id)

    world, stuck = run_once(scenario, Schedule(), (), 1_000.0, 3_000)
    found = None if stuck else world.stores["db"].rows.get(ROW)
    world.end_tasks()
    return found
