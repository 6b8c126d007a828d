"""The consumers of exercise 12 that an oracle about lost messages is judged by, each on an engine.

The oracle gets the run's log, as a real system would have kept it. A right system loses nothing
that was acked: it may bill twice, ack late or set an order aside. A wrong one loses an order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pubsub_kit.checks.systems.suspect import Suspect
from pubsub_kit.incidents import written
from pubsub_kit.scenarios.plain import moment
from pubsub_kit.scenarios.real_engines.kinds import (
    DEAD,
    LEASES,
    NAMES,
    PARTITIONS,
    POISON,
    ROW,
    dead,
    shop,
)
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.verbs import clock
from pubsub_kit.world.world import World

FAULTS = ("crash", "pause")
REFUSED, TWICE, BURIED = "a refused ack counts", "twice is a loss", "a dead letter is a loss"
EARLY, LATE = "a crash excuses its worker", "two faults excuse a loss"
MARK, ELSE = "any effect will do", "one billed, all billed"
WAITS, WHOSE = "what waits is lost", "who acks has to bill"
ORDER, SOON = "a bill comes before its ack", "a bill has to come in time"
FIRST, LAST = "the first ack decides", "the last ack decides"


class System(NamedTuple):
    """A consumer, the kind of engine that it runs on, and the orders that it gets."""

    consumer: type
    kind: str
    ids: tuple[str, ...]


class _OnDb:
    def __init__(self, db: Any) -> None:
        self.db = db

    async def amount(self, delivery: Any) -> Any:
        return delivery.data["amount"] * await self.db.get("rate")


class Once(_OnDb):
    async def handle(self, delivery: Any) -> None:
        amount = await self.amount(delivery)
        async with self.db.transaction() as tx:
            if await tx.insert(f"done {delivery.id}"):
                await tx.add(ROW, amount)
        await delivery.ack()


class AtLeastOnce(_OnDb):
    async def handle(self, delivery: Any) -> None:
        await self.db.add(ROW, await self.amount(delivery))
        await delivery.ack()


class SetsAside(_OnDb):
    async def handle(self, delivery: Any) -> None:
        if "amount" in delivery.data:
            await self.db.add(ROW, await self.amount(delivery))
        else:
            await publish(DEAD, delivery.data, id=delivery.id)
        await delivery.ack()


class SkipsIfLate(_OnDb):
    async def handle(self, delivery: Any) -> None:
        amount = await self.amount(delivery)
        if clock() < delivery.deadline:
            async with self.db.transaction() as tx:
                if await tx.insert(f"done {delivery.id}"):
                    await tx.add(ROW, amount)
        await delivery.ack()


class SkipsAndRetries(_OnDb):
    """Gives back what it can't bill, for ever; a late ack of it is refused."""

    async def handle(self, delivery: Any) -> None:
        rate = await self.db.get("rate")
        if clock() < delivery.deadline:
            if "amount" not in delivery.data:
                await delivery.nack(60.0)
                return
            async with self.db.transaction() as tx:
                if await tx.insert(f"done {delivery.id}"):
                    await tx.add(ROW, delivery.data["amount"] * rate)
        await delivery.ack()


class AcksFirst(_OnDb):
    async def handle(self, delivery: Any) -> None:
        await delivery.ack()
        await self.db.add(ROW, await self.amount(delivery))


class Drops(_OnDb):
    """Adds in two steps, so that there are as many bills as acks, and one order has none."""

    async def handle(self, delivery: Any) -> None:
        if "amount" in delivery.data:
            amount = await self.amount(delivery)
            await self.db.add(ROW, amount - 1)
            await self.db.add(ROW, 1)
        await delivery.ack()


class MarksApart(_OnDb):
    async def handle(self, delivery: Any) -> None:
        if await self.db.insert(f"done {delivery.id}"):
            await self.db.add(ROW, await self.amount(delivery))
        await delivery.ack()


class TrustsARefusal(_OnDb):
    """Who comes first bills, and takes a refused ack for a sign that somebody else did.

    The others give it back until it is marked as done, so each run that loses the order has a
    refused ack first.
    """

    async def handle(self, delivery: Any) -> None:
        done = f"done {delivery.id}"
        if await self.db.get(done):
            await delivery.ack()
            return
        if not await self.db.insert(f"taken {delivery.id}"):
            await delivery.nack(25.0)
            return
        amount = await self.amount(delivery)
        if clock() < delivery.deadline:
            async with self.db.transaction() as tx:
                if await tx.insert(done):
                    await tx.add(ROW, amount)
        if not await delivery.ack():
            await self.db.insert(done)


class LeavesItToTheFirst(_OnDb):
    """Who comes first bills, unless it is late by then; the others only ack.

    Under pauses alone, each run that loses the order ends with an ack that was refused.
    """

    async def handle(self, delivery: Any) -> None:
        first = await self.db.insert(f"taken {delivery.id}")
        amount = await self.amount(delivery)
        if first and clock() < delivery.deadline:
            await self.db.add(ROW, amount)
        await delivery.ack()


def stage(world: World, system: System) -> None:
    """Put a system into the world."""
    shop(world, system.consumer, system.kind, system.ids)


def rows(world: World) -> dict[str, Any]:
    """Return what an oracle gets: the lines of the run's log."""
    return {"log": [{**_BLANK, **line} for line in written.rows(world)]}


_BLANK = {"message": "", "worker": "", "topic": "", "target": "", "refused": False}


def truth(world: World) -> Violation | None:
    """Find an order whose ack counted, and that was neither billed nor set aside by the end."""
    buried = dead(world)
    billed = {line["message"] for line in written.rows(world) if line.get("target") == ROW}
    for i, step in enumerate(world.trace):
        if step.kind == "receive" and step.node == "orders" and step.text.startswith("ack "):
            id = step.text.removeprefix("ack ")
            if "refused" not in id and id not in billed and id not in buried:
                words = f"{id} was acked by {step.peer} at {moment(step)}, that ack counted, and "
                words += "it was neither billed nor set aside."
                return Violation(words, i, {id: "billed"}, {id: "lost"})
    return None


def spared_with(found: dict[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Return other rows by belief: without what this belief objects to."""
    log = found["log"]
    others = {}
    if any(line["refused"] for line in log):
        others[REFUSED] = {"log": [line for line in log if not line["refused"]]}
    seen: list[Any] = []
    once = [x for x in log if x.get("target") != ROW or _new(x["message"], seen)]
    if len(once) < len(log):
        others[TWICE] = {"log": once}
    if any(line.get("topic") == DEAD for line in log):
        others[BURIED] = {"log": [line for line in log if line["message"] != POISON]}
    counted = {x["message"] for x in log if x["what"] == "acked" and not x["refused"]}
    if any(x["message"] not in counted for x in log if x["what"] == "delivered"):
        others[WAITS] = {"log": [x for x in log if x["message"] in counted]}
    if len({x["worker"] for x in log if x["what"] in ("acked", "effect")}) > 1:
        others[WHOSE] = {"log": [{**x, "worker": "billing-1"} for x in log if not x["refused"]]}
    last = sorted(log, key=lambda x: x["what"] == "acked")
    if last != log:
        others[ORDER] = {"log": last}
    others[SOON] = {"log": [{**x, "at": 0.0} for x in log]}
    return others


def _new(id: str, seen: list[Any]) -> bool:
    seen.append(id)
    return seen.count(id) == 1


_GOOD = ("order-1", "order-3")
SUSPECTS = (
    Suspect("bills each order once, and acks it then", System(Once, LEASES, _GOOD), "one way"),
    Suspect("may bill an order twice", System(AtLeastOnce, NAMES, _GOOD), TWICE),
    Suspect("sets an order aside that it can't bill",
            System(SetsAside, PARTITIONS, ("order-1", POISON)), BURIED),
    Suspect("leaves an order to others when it is late, where a late ack is refused",
            System(SkipsIfLate, LEASES, _GOOD), REFUSED),
    Suspect("gives back an order that it can't bill, and skips what comes late, where a late ack "
            "is refused", System(SkipsAndRetries, LEASES, ("order-1", POISON)), WAITS),
    Suspect("acks each order, bills it then, and never crashes",
            System(AcksFirst, LEASES, _GOOD), ORDER, kinds=("pause",)),
    Suspect("bills in two steps, and acks an order that it can't bill",
            System(Drops, LEASES, ("order-1", POISON)), ELSE, 0),
    Suspect("acks each order, and bills it then", System(AcksFirst, PARTITIONS, _GOOD), EARLY, 1),
    Suspect("marks an order as done before it bills it",
            System(MarksApart, LEASES, _GOOD), MARK, 1),
    Suspect("takes a refused ack for a sign that another worker billed",
            System(TrustsARefusal, LEASES, ("order-1",)), FIRST, 1),
    Suspect("leaves the bill to the worker that had the order first",
            System(LeavesItToTheFirst, LEASES, ("order-1",)), LAST, 1, kinds=("pause",)),
    Suspect("leaves an order to others when it is late, where a late ack counts",
            System(SkipsIfLate, NAMES, ("order-1",)), LATE, 2),
)  # fmt: skip

#: Why an oracle fails, by what it overlooks, or takes for wrong.
WHY = {
    "never complains": "An oracle that finds nothing wrong with any system can't fail a wrong one. "
    "Which lines of the log say what became of the order in the run that is drawn?",
    "always complains": "It complains of every run without a fault, the right ones included. Print "
    "rows['log']: what is in there that you didn't expect?",
    "only the calm run counts": "It catches what is wrong without any fault, and nothing that "
    "takes a crash or a pause. Is an order less lost after one?",
    "a fault is a violation": "A crash or a pause is the test, and not the fault of the system. "
    "What became of the order after it?",
    "one way": "This system loses nothing. What do you ask for beyond the rule?",
    "a text means right": "Any text means that the run is wrong. What do you return where nothing "
    "is wrong?",
    REFUSED: "The broker refused this ack, so it ended nothing, and the order came again. The line "
    "says so: its field refused is true.",
    WAITS: "No ack of this order counted, so it comes again: it waits, and isn't lost. Which acks "
    "does the rule ask for?",
    WHOSE: "One worker billed the order, and another one acked it. That's no loss: the rule asks "
    "what became of the order, and not by whom.",
    ORDER: "This order was billed, though later than it was acked. The rule asks what the log has "
    "by its end, and not in which order its lines come.",
    SOON: "The rule has no time limit. Between a bill and its ack there may be a crash or a pause, "
    "and the log has both by its end.",
    FIRST: "The first ack of this order was refused, and a later one counted. An order is dealt "
    "with as soon as any of its acks counted: does your rule look at all of them?",
    LAST: "An ack of this order counted, and a later one was refused. The later one takes nothing "
    "back: does your rule look at all acks of an order?",
    TWICE: "An order that was billed twice is wrong in another way. It isn't lost, and this rule "
    "asks for nothing else.",
    BURIED: "An order among the dead letters is not lost: somebody can look at it. The line that "
    "says so is a publication to orders.dead.",
    EARLY: "The ack counted, and the worker was gone before it billed. Which line has to be in "
    "the log besides the ack?",
    LATE: "Its ack came late and counted, as it does on some engines, and nobody billed the "
    "order. Does your rule ask for two faults, or for whose ack it was?",
    MARK: "The log has an effect for this order, and it isn't the bill: it is a mark that says "
    "done. Which target does the rule ask for?",
    ELSE: "One order was billed. Another one was acked, and it was neither billed nor set aside. "
    "Does your oracle look at each order, or only at some, or at how many there are?",
}
