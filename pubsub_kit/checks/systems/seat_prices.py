"""What is wrong with a consumer of seat prices, and why: read from its run, or from one more.

Prices go up and come down, so neither the first nor the highest nor the lowest is the latest.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from pubsub_kit.checks.sandbox import blame
from pubsub_kit.scenarios.broker_availability import seats
from pubsub_kit.scenarios.broker_availability.seats import price_of
from pubsub_kit.scenarios.plain import moment, shown
from pubsub_kit.world.search.explore import Exploration, Violation
from pubsub_kit.world.world import World

PRICES = (10, 12, 11)
LAST = PRICES[-1]
LOOKS, REPLACES = "looks, then writes", "replaces what it sees"
EARLY, MARKED = "acks before it writes", "marks before it writes"
NEVER, WRONG, SKIPS = "never writes", "writes something else", "lets a price go"
HIGHEST, FIRST, ONCE = (
    "the highest is the latest",
    "the first one wins",
    "one generation, one message",
)
BACKWARDS = "the older one wins"
UNACKED, RAISES = "never acks", "raises at an old message"

stage = partial(seats.seats, prices=PRICES)


def the_latest_price_stands(world: World) -> Violation | None:
    """The row A1 ends with the last price; each price was there, and each message was acked."""
    row = world.stores["db"].rows.get("A1")
    wrong = seats.the_last_price_stands(world, LAST)
    if wrong is None:
        return _skipped(world) or _unacked(world, "Seat A1 costs what it should")
    if wrong.step is not None:
        return replace(wrong, belief=_why_over(world, wrong))
    has, every = wrong.message.rstrip("."), seats.writes(world)
    if not every:
        others = [key for key in world.stores["db"].rows if key != "A1"]
        but = f", but {shown(others[0], 20)} was" if others else ""
        words = f"There is no price of seat A1: its row was never written{but}."
        return replace(wrong, message=words, belief=NEVER)
    if wrong_kind := _unfit(row):
        return replace(wrong, message=wrong_kind, belief=WRONG)
    return _unacked(world, has) or _let_go(world, wrong)


def _why_over(world: World, wrong: Violation) -> str:
    """Say why an old price was written over the last one: had its writer looked, and when?"""
    assert wrong.step is not None
    node, right = world.trace[wrong.step].node, wrong.blocker or 0
    steps = [
        (i, s)
        for i, s in enumerate(world.trace.steps[: wrong.step])
        if s.node == node and s.kind in ("begin", "read")
    ]
    if not wrong.belief or not steps or steps[-1][1].kind != "read":
        return wrong.belief
    return REPLACES if steps[-1][0] > right else LOOKS


def _unfit(row: Any) -> str:
    """Say what is wrong with a row that holds none of the prices."""
    if price_of(row) in PRICES:
        return ""
    return f"The row A1 holds {shown(row, 50)}, instead of {LAST}, or a dict with 'price': {LAST}."


def _unacked(world: World, has: str) -> Violation | None:
    if not world.broker.subscriptions["prices", "seats"].lag:
        return None
    acked = {s.text for s in world.trace if s.kind == "receive"}
    left = next((n for n in range(1, 4) if f"ack p-{n}" not in acked), 3)
    times = sum(s.kind == "begin" and f"p-{left}" in s.text for s in world.trace)
    raised = blame.refused(world.raised)
    often = f" It was delivered {times} times, and what comes after it waits." if raised else ""
    words = f"{has}, but p-{left} was never acked.{often} {raised}".rstrip()
    belief = RAISES if raised else UNACKED
    return Violation(words, len(world.trace) - 1, {"unacked": 0}, {"unacked": 4 - left}, belief)


def _skipped(world: World) -> Violation | None:
    """Find a message that was acked, and whose price was never in the row."""
    every = seats.writes(world)
    for number, price in enumerate(PRICES, 1):
        acks = (i for i, s in enumerate(world.trace) if s.text == f"ack p-{number}")
        at = next((i for i in acks if world.trace[i].kind == "receive"), None)
        if at is not None and all(each != price for _, _, each in every):
            words = f"p-{number} was acked at {moment(world.trace[at])}, and its price {price} was "
            words += "never in the row A1."
            return Violation(words, at, {"A1": price}, {}, _why_skipped(world, at, number))
    return None


def _let_go(world: World, wrong: Violation) -> Violation:
    """Name the message that was acked though its price was never written."""
    skipped = _skipped(world)
    if skipped is None:
        return replace(wrong, belief=WRONG)
    words = wrong.message.rstrip(".") + f": {skipped.message}"
    belief, written = skipped.belief, {each for _, _, each in seats.writes(world)}
    if belief == SKIPS and written >= {PRICES[0], max(PRICES)}:
        belief = HIGHEST
    elif belief == SKIPS and written == {PRICES[0]}:
        belief = FIRST
    return replace(wrong, message=words, step=skipped.step, belief=belief)


def _why_skipped(world: World, at: int, number: int) -> str:
    """Say how a price could get lost: by a crash after its ack, or between a mark and its write."""
    steps = world.trace.steps
    faults = [i for i, step in enumerate(steps) if step.fault]
    if not faults:
        return SKIPS
    if min(faults) > at:
        return EARLY
    fault = max(i for i in faults if i < at)
    begun = [i for i in range(fault) if steps[i].text.split()[:1] == [f"p-{number}"]]
    own = steps[begun[-1] : fault] if begun and steps[begun[-1]].kind == "begin" else []
    marked = any(s.kind == "effect" and "A1" not in s.data[2] for s in own)
    return MARKED if marked else SKIPS


def diagnose(answer: Any, found: Exploration) -> str:
    """Ask a consumer that keeps the first price about messages of other generations and offsets."""
    if found.violation is None or found.violation.belief != FIRST:
        return ""
    if _takes(answer, [(1, 0), (2, 1), (3, 2)]):
        return ONCE
    return BACKWARDS if _takes(answer, [(3, 2), (2, 1), (1, 0)]) else ""


class _Handed:
    """A message in hand, of a generation and an offset of our choice."""

    def __init__(self, price: int, generation: int, offset: int) -> None:
        self.data, self.generation, self.offset = {"price": price}, generation, offset
        self.id, self.key, self.source, self.attempt = f"p-{price}", "A1", "box office", 1

    async def ack(self) -> bool:
        """Accept."""
        return True


def _takes(answer: Any, numbers: list[tuple[int, int]]) -> bool:
    """Say whether messages with these generations and offsets all get into the row, in turn."""
    world, got = World(), list[Any]()
    db = world.store("db")

    async def hands() -> None:
        consumer = answer(db)
        for price, (generation, offset) in zip(PRICES, numbers, strict=True):
            await consumer.handle(_Handed(price, generation, offset))
            got.append(price_of(db.rows.get("A1")))

    world.spawn(hands(), "seats")
    with suppress(Exception):  # the answer's own, about messages of another kind
        world.run(max_steps=300)
    world.end_tasks()
    return tuple(got) == PRICES


#: Why each of these consumers fails.
WHY = {
    seats.ZOMBIE: "The group has moved on, so the broker refuses the zombie's commit. Its write to "
    "the database asks nobody: the database has to refuse it as well.",
    LOOKS: "Between the look and the write, others may write. The zombie looked in time, "
    "and wrote too late.",
    REPLACES: "It looked, saw the newer price, and replaced it. Nothing compares which of "
    "the two messages is newer.",
    EARLY: "The message was acked before its price was written, and it won't be delivered again.",
    MARKED: "The mark was written, and the price was not: a fault fell in between. The "
    "redelivery found the mark, and was acked. Write both in one transaction.",
    NEVER: "Readers look at the row A1. A price that isn't there doesn't exist for them.",
    WRONG: "The row A1 holds the latest price: the price itself, or a dict with 'price'.",
    SKIPS: "Each price is the latest one for a while. This one was acked, and no reader "
    "could ever see it.",
    HIGHEST: "The price came down, and the row did not follow. The latest message decides, "
    "and its price may be lower.",
    FIRST: "The first price got in, and later ones were turned away. The newest "
    "message has to win, and not the first one.",
    ONCE: "One generation brings more than one message. Only what comes from an older "
    "generation is to be refused.",
    BACKWARDS: "It lets an older message replace a newer one, and turns newer ones away.",
    UNACKED: "The ack is yours. The broker commits nothing until you await delivery.ack(), "
    "and each rebalance begins again from what was committed last.",
    RAISES: "A message whose handler raises comes again, for ever, and nothing behind it is "
    "delivered. An old message is no error: it needs an ack, and no write.",
}
