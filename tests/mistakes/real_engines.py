"""Answers to exercise 12."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pubsub_kit import clock, publish
from pubsub_kit.checks.systems import engine_losses as losses
from pubsub_kit.checks.systems import ported_orders as ported
from pubsub_kit.checks.systems import recorded_engines as recorded
from pubsub_kit.checks.systems import tickets_judged as tickets
from pubsub_kit.patterns import Inbox
from pubsub_kit.scenarios.real_engines.defaults import SITUATIONS
from pubsub_kit.world.trace import Trace
from tests.mistakes import Mistake, Right

Rows = dict[str, Any]


async def set_aside(delivery: Any) -> None:
    await publish("orders.dead", delivery.data, id=delivery.id)


# --- port: right ----------------------------------------------------------------------------------


@dataclass
class OnDb:
    db: Any

    async def amount(self, delivery: Any) -> Any:
        return delivery.data["amount"] * await self.db.get("rate")

    async def bill(self, delivery: Any) -> None:
        amount = await self.amount(delivery)
        async with self.db.transaction() as tx:
            if await tx.insert(f"done {delivery.id}"):
                await tx.add("billed", amount)


class CountsFailures(OnDb):
    async def handle(self, delivery: Any) -> None:
        try:
            await self.bill(delivery)
        except KeyError:
            if await self.db.add(f"failed {delivery.id}", 1) < 3:
                raise
            await set_aside(delivery)
        await delivery.ack()


class SetsAsideAnEnvelope(OnDb):
    """Publishes what it knows of the failure as well."""

    async def handle(self, delivery: Any) -> None:
        try:
            await self.bill(delivery)
        except Exception as error:
            failed = await self.db.add(f"failed {delivery.id}", 1)
            if failed < 3:
                await delivery.nack(5.0)
                return
            letter = {"order": delivery.data, "error": repr(error), "failed": failed}
            await publish("orders.dead", letter, id=delivery.id)
        await delivery.ack()


class CountsDeliveries(OnDb):
    """Counts at the start, so that a crash counts as well: at the fourth, it is set aside."""

    async def handle(self, delivery: Any) -> None:
        if await self.db.add(f"came {delivery.id}", 1) > 3 and "amount" not in delivery.data:
            await set_aside(delivery)
        else:
            await self.bill(delivery)
        await delivery.ack()


class LeavesItIfLate(OnDb):
    """If it has overslept, it goes without an ack: the order comes again to somebody."""

    async def handle(self, delivery: Any) -> None:
        try:
            await self.bill(delivery)
        except KeyError:
            async with self.db.transaction() as tx:
                failed = await tx.get(f"failed {delivery.id}", 0) + 1
                await tx.put(f"failed {delivery.id}", failed)
            if failed < 3:
                await delivery.nack(1.0)
                return
            await set_aside(delivery)
        if clock() < delivery.deadline:
            await delivery.ack()


class KitsInbox:
    def __init__(self, db: Any) -> None:
        self.db, self.inbox = db, Inbox(db, self.add)

    async def add(self, tx: Any, event: Any) -> None:
        await tx.add("billed", event.data["amount"] * await tx.get("rate"))

    async def handle(self, delivery: Any) -> None:
        try:
            await self.inbox.handle(delivery)
        except KeyError:
            if await self.db.add(f"failed {delivery.id}", 1) < 3:
                raise
            await set_aside(delivery)
        await delivery.ack()


class AcksWhatIsDone(OnDb):
    """Checks the clock, and acks only what the database says is done."""

    async def handle(self, delivery: Any) -> None:
        if "amount" not in delivery.data:
            if await self.db.add(f"failed {delivery.id}", 1) < 3:
                raise ValueError("no amount")
            await set_aside(delivery)
            await delivery.ack()
            return
        if clock() < delivery.deadline:
            await self.bill(delivery)
        if await self.db.get(f"done {delivery.id}"):
            await delivery.ack()


# --- port: wrong ----------------------------------------------------------------------------------


class AsOnSqs(OnDb):
    """What the exercise gives: right where attempts are counted, and a late ack is refused."""

    async def handle(self, delivery: Any) -> None:
        if delivery.attempt > 3:
            await set_aside(delivery)
        else:
            amount = await self.amount(delivery)
            if clock() < delivery.deadline:
                async with self.db.transaction() as tx:
                    if await tx.insert(f"done {delivery.id}"):
                        await tx.add("billed", amount)
        await delivery.ack()


class OneIfNobodyCounts(OnDb):
    async def handle(self, delivery: Any) -> None:
        if (delivery.attempt or 1) > 3:
            await set_aside(delivery)
        else:
            await self.bill(delivery)
        await delivery.ack()


class Counting(OnDb):
    """Sets aside as it should; the rest is up to those below."""

    async def handle(self, delivery: Any) -> None:
        if "amount" not in delivery.data:
            if await self.db.add(f"failed {delivery.id}", 1) < 3:
                raise ValueError("no amount")
            await set_aside(delivery)
            await delivery.ack()
            return
        await self.good(delivery)

    async def good(self, delivery: Any) -> None:
        await self.bill(delivery)
        await delivery.ack()


class SkipsIfLateAndAcks(Counting):
    async def good(self, delivery: Any) -> None:
        amount = await self.amount(delivery)
        if clock() < delivery.deadline:
            async with self.db.transaction() as tx:
                if await tx.insert(f"done {delivery.id}"):
                    await tx.add("billed", amount)
        await delivery.ack()


class FencesAndAcks(Counting):
    """The latest one to come bills; the others leave it to that one, and ack."""

    async def good(self, delivery: Any) -> None:
        mine = await self.db.add(f"came {delivery.id}", 1)
        amount = await self.amount(delivery)
        async with self.db.transaction() as tx:
            latest = await tx.get(f"came {delivery.id}") == mine
            if latest and await tx.insert(f"done {delivery.id}"):
                await tx.add("billed", amount)
        await delivery.ack()


class NeverSetsAside(OnDb):
    async def handle(self, delivery: Any) -> None:
        await self.bill(delivery)
        await delivery.ack()


class DropsWhatFails(OnDb):
    async def handle(self, delivery: Any) -> None:
        with suppress(KeyError):
            await self.bill(delivery)
        await delivery.ack()


class SetsAsideAtOnce(OnDb):
    async def handle(self, delivery: Any) -> None:
        try:
            await self.bill(delivery)
        except KeyError:
            await set_aside(delivery)
        await delivery.ack()


class SetsAsideWithoutAnId(OnDb):
    async def handle(self, delivery: Any) -> None:
        try:
            await self.bill(delivery)
        except KeyError:
            if await self.db.add(f"failed {delivery.id}", 1) < 3:
                raise
            await publish("orders.dead", delivery.data)
        await delivery.ack()


class AcksThenSetsAside(OnDb):
    async def handle(self, delivery: Any) -> None:
        try:
            await self.bill(delivery)
        except KeyError:
            if await self.db.add(f"failed {delivery.id}", 1) < 3:
                raise
            await delivery.ack()
            await set_aside(delivery)
        else:
            await delivery.ack()


class CountsInMemory(OnDb):
    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self.failed: dict[str, int] = {}

    async def handle(self, delivery: Any) -> None:
        try:
            await self.bill(delivery)
        except KeyError:
            self.failed[delivery.id] = self.failed.get(delivery.id, 0) + 1
            if self.failed[delivery.id] < 3:
                raise
            await set_aside(delivery)
        await delivery.ack()


class SetsAsideAnyThird(OnDb):
    """Counts in one row for all orders."""

    async def handle(self, delivery: Any) -> None:
        if await self.db.add("came", 1) > 2:
            await set_aside(delivery)
        else:
            await self.bill(delivery)
        await delivery.ack()


class AcksFirst(Counting):
    async def good(self, delivery: Any) -> None:
        if await delivery.ack():
            await self.bill(delivery)


class MarksApart(Counting):
    async def good(self, delivery: Any) -> None:
        if await self.db.insert(f"done {delivery.id}"):
            await self.db.add("billed", await self.amount(delivery))
        await delivery.ack()


class OnlyAcks(Counting):
    async def good(self, delivery: Any) -> None:
        await delivery.ack()


class BillsAgain(Counting):
    async def good(self, delivery: Any) -> None:
        await self.db.add("billed", await self.amount(delivery))
        await delivery.ack()


class LooksThenBills(Counting):
    async def good(self, delivery: Any) -> None:
        if not await self.db.get(f"done {delivery.id}"):
            await self.db.add("billed", await self.amount(delivery))
            await self.db.insert(f"done {delivery.id}")
        await delivery.ack()


class TakesItBackIfRefused(Counting):
    """Believes that an ack says who was right: on some engines, both are."""

    async def good(self, delivery: Any) -> None:
        amount = await self.amount(delivery)
        await self.db.add("billed", amount)
        if not await delivery.ack():
            await self.db.add("billed", -amount)


class OnlyTheFirstAttempt(Counting):
    """And on an engine that does not count, each attempt is the first one."""

    async def good(self, delivery: Any) -> None:
        if delivery.attempt in (1, None):
            await self.bill(delivery)
        await delivery.ack()


class RemembersIds(Counting):
    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self.seen: set[str] = set()

    async def good(self, delivery: Any) -> None:
        if delivery.id not in self.seen:
            await self.db.add("billed", await self.amount(delivery))
            self.seen.add(delivery.id)
        await delivery.ack()


class BillsThenMarks(Counting):
    async def good(self, delivery: Any) -> None:
        if await self.db.get(f"done {delivery.id}") is None:
            await self.db.add("billed", await self.amount(delivery))
            await self.db.put(f"done {delivery.id}", True)
        await delivery.ack()


class OverwritesTheSum(Counting):
    async def good(self, delivery: Any) -> None:
        if await self.db.get(f"done {delivery.id}") is None:
            billed = await self.db.get("billed", 0)
            amount = await self.amount(delivery)
            async with self.db.transaction() as tx:
                if await tx.insert(f"done {delivery.id}"):
                    await tx.put("billed", billed + amount)
        await delivery.ack()


class MarksEachDelivery(Counting):
    async def good(self, delivery: Any) -> None:
        amount = await self.amount(delivery)
        async with self.db.transaction() as tx:
            if await tx.insert(f"done {delivery.id} {delivery.attempt} {delivery.deadline}"):
                await tx.add("billed", amount)
        await delivery.ack()


class ReturnsWhatFails(OnDb):
    """Leaves what failed to the end of its lease, and a position has no lease."""

    async def handle(self, delivery: Any) -> None:
        if "amount" in delivery.data:
            await self.bill(delivery)
        elif await self.db.add(f"failed {delivery.id}", 1) < 3:
            return
        else:
            await set_aside(delivery)
        await delivery.ack()


class LocksForEver(Counting):
    async def good(self, delivery: Any) -> None:
        if not await self.db.insert(f"lock {delivery.id}"):
            raise RuntimeError("somebody has it")
        await self.bill(delivery)
        await delivery.ack()


class CountsInAnAbortedTransaction(OnDb):
    async def handle(self, delivery: Any) -> None:
        async with self.db.transaction() as tx:
            if "amount" not in delivery.data:
                failed = await tx.get(f"failed {delivery.id}", 0) + 1
                await tx.put(f"failed {delivery.id}", failed)
                if failed < 3:
                    raise ValueError("no amount")
                await set_aside(delivery)
            elif await tx.insert(f"done {delivery.id}"):
                await tx.add("billed", delivery.data["amount"] * await tx.get("rate"))
        await delivery.ack()


class TriesFiveTimes(OnDb):
    async def handle(self, delivery: Any) -> None:
        try:
            await self.bill(delivery)
        except KeyError:
            if await self.db.add(f"failed {delivery.id}", 1) < 5:
                raise
            await set_aside(delivery)
        await delivery.ack()


class GivesBackForMinutes(OnDb):
    async def handle(self, delivery: Any) -> None:
        try:
            await self.bill(delivery)
        except KeyError:
            if await self.db.add(f"failed {delivery.id}", 1) < 3:
                await delivery.nack(150.0)
                return
            await set_aside(delivery)
        await delivery.ack()


class SetsAsideAnEmptyOrder(OnDb):
    async def handle(self, delivery: Any) -> None:
        try:
            await self.bill(delivery)
        except KeyError:
            if await self.db.add(f"failed {delivery.id}", 1) < 3:
                raise
            await publish("orders.dead", id=delivery.id)
        await delivery.ack()


class PutsTheSumThatIsOwed(Counting):
    async def good(self, delivery: Any) -> None:
        await self.db.put("billed", 130)
        await delivery.ack()


class MisspellsTheAmount(Counting):
    async def good(self, delivery: Any) -> None:
        await self.db.add("billed", delivery.data["amuont"])
        await delivery.ack()


class NamesTheAckOnly(Counting):
    async def good(self, delivery: Any) -> None:
        await self.bill(delivery)
        await delivery.ack


class GivesAnIdByPosition(OnDb):
    async def handle(self, delivery: Any) -> None:
        try:
            await self.bill(delivery)
        except KeyError:
            if await self.db.add(f"failed {delivery.id}", 1) < 3:
                raise
            await publish("orders.dead", delivery.data, delivery.id)  # type: ignore[call-arg]
        await delivery.ack()


class ForgetsTheRate(Counting):
    async def good(self, delivery: Any) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"done {delivery.id}"):
                await tx.add("billed", delivery.data["amount"])
        await delivery.ack()


class NeverAcks(Counting):
    async def good(self, delivery: Any) -> None:
        await self.bill(delivery)


class RaisesAtGoodOnes(Counting):
    async def good(self, delivery: Any) -> None:
        raise RuntimeError(f"no {delivery.id}")


# --- predict, defaults, incident ------------------------------------------------------------------


def _predicted(**changed: str) -> dict[str, str]:
    return {**recorded.right(), **changed}


#: Every prediction that was recorded otherwise: each has the reason of its own engine.
WRONG_PREDICTIONS = [
    Mistake("predict", _predicted(**{thing: said}), thing)
    for thing, options in recorded.OPTIONS.items()
    for said in options
    if said != recorded.right()[thing]
]


SET = {
    "away": "auto.offset.reset=earliest", "slow": "VisibilityTimeout=60",
    "raises": "AckPolicy.NACK_ON_ERROR", "alone": "min.insync.replicas=2",
    "languages": "partitioner=murmur2_random", "confirmed": "mandatory=True",
    "exits": "flush() at the end", "aborted": "isolation.level=read_committed",
    "restart": "an inbox at the consumer",
}  # fmt: skip


def _bitten(name: str, setting: str, *m: int) -> Mistake:
    return Mistake("defaults", {**SET, name: setting}, SITUATIONS[name].belief, m=m)


def _said(**verdicts: str) -> dict[str, str]:
    return {**tickets.right(), **{key.replace("_", " "): said for key, said in verdicts.items()}}


# --- audit ----------------------------------------------------------------------------------------


def three_sets(rows: Rows, trace: Trace) -> str | None:
    log = rows["log"]
    acked = {each["message"] for each in log if each["what"] == "acked" and not each["refused"]}
    billed = {each["message"] for each in log if each.get("target") == "billed"}
    dead = {each["message"] for each in log if each.get("topic") == "orders.dead"}
    return f"{sorted(acked - billed - dead)} lost" if acked - billed - dead else None


def by_assertions(rows: Rows, trace: Trace) -> None:
    for ack in rows["log"]:
        if ack["what"] == "acked" and ack["refused"] is False:
            told = [each for each in rows["log"] if each["message"] == ack["message"]]
            ends = (each for each in told if each["what"] in ("effect", "published"))
            places = {each.get("target") or each["topic"] for each in ends}
            assert places & {"billed", "orders.dead"}, f"{ack['message']} is lost"


def lists_what_is_lost(rows: Rows, trace: Trace) -> list[str]:
    open_: dict[str, str] = {}
    log = sorted(rows["log"], key=lambda each: each["at"])
    for each in log:
        if each["what"] == "acked" and not each["refused"]:
            open_.setdefault(each["message"], f"{each['message']} is lost")
    for each in log:
        if "billed" in each.values() or each.get("topic") == "orders.dead":
            open_.pop(each["message"], None)
    return [*open_.values()]


def state_of_each_order(rows: Rows, trace: Trace) -> list[str]:
    """Keeps two bits for each order, whatever comes first, and however often."""
    state: dict[str, int] = {}
    for each in reversed(rows["log"]):
        counted = each["what"] == "acked" and not each["refused"]
        safe = each["target"] == "billed" or each["topic"] == "orders.dead"
        state[each["message"]] = state.get(each["message"], 0) | counted | 2 * safe
    return [f"{id} is lost" for id, bits in state.items() if id and bits == 1]


def never_complains(rows: Rows, trace: Trace) -> str | None:
    return None if trace else "no trace"


def always_complains(rows: Rows, trace: Trace) -> str:
    return "odd" if rows else "empty"


def says_ok(rows: Rows, trace: Trace) -> str:
    return three_sets(rows, trace) or "ok"


def calm_run_only(rows: Rows, trace: Trace) -> str | None:
    return None if trace.faults() else three_sets(rows, trace)


def condemns_a_fault(rows: Rows, trace: Trace) -> str | None:
    return "a fault" if trace.faults() else three_sets(rows, trace)


def takes_refused_acks(rows: Rows, trace: Trace) -> str | None:
    refused = [each["message"] for each in rows["log"] if each["refused"]]
    return f"{refused} came too late" if refused else three_sets(rows, trace)


def wants_one_bill(rows: Rows, trace: Trace) -> str | None:
    bills = [each["message"] for each in rows["log"] if each.get("target") == "billed"]
    return "billed twice" if len(bills) > len({*bills}) else three_sets(rows, trace)


def forgets_the_dead(rows: Rows, trace: Trace) -> str | None:
    return three_sets({"log": [e for e in rows["log"] if e.get("topic") != "orders.dead"]}, trace)


def takes_any_effect(rows: Rows, trace: Trace) -> str | None:
    log = [{**e, "target": "billed"} if e.get("target") else e for e in rows["log"]]
    return three_sets({"log": log}, trace)


def excuses_who_crashed(rows: Rows, trace: Trace) -> str | None:
    gone = {each["worker"] for each in rows["log"] if each["what"] == "crashed"}
    acks = [e for e in rows["log"] if e["what"] != "acked" or e["worker"] not in gone]
    return three_sets({"log": acks}, trace)


def wants_nothing_but_bills(rows: Rows, trace: Trace) -> str | None:
    odd = [each for each in rows["log"] if each["what"] == "effect" and each["target"] != "billed"]
    return f"{odd[0]['target']} is no bill" if odd else three_sets(rows, trace)


def looks_at_one_order(rows: Rows, trace: Trace) -> str | None:
    return three_sets({"log": [e for e in rows["log"] if e["message"] != "order-2"]}, trace)


def excuses_two_faults(rows: Rows, trace: Trace) -> str | None:
    return three_sets(rows, trace) if len(trace.faults()) < 2 else None


def excuses_a_crash(rows: Rows, trace: Trace) -> str | None:
    return None if trace.of("crash") else three_sets(rows, trace)


def wants_a_bill_before_each_ack(rows: Rows, trace: Trace) -> str | None:
    seen = set()
    for each in rows["log"]:
        if each.get("target") == "billed" or each.get("topic") == "orders.dead":
            seen.add((each["message"], each["worker"]))
        if each["what"] == "acked" and (each["message"], each["worker"]) not in seen:
            return f"{each['message']} was acked without a bill"
    return None


def counts_refused_acks(rows: Rows, trace: Trace) -> str | None:
    return three_sets({"log": [{**each, "refused": False} for each in rows["log"]]}, trace)


def wants_all_delivered_billed(rows: Rows, trace: Trace) -> str | None:
    log = [{**e, "what": "acked"} if e["what"] == "delivered" else e for e in rows["log"]]
    return three_sets({"log": log}, trace)


def takes_a_nack_for_an_ack(rows: Rows, trace: Trace) -> str | None:
    log = [{**e, "what": "acked"} if e["what"] == "nacked" else e for e in rows["log"]]
    return three_sets({"log": log}, trace)


def wants_the_one_who_billed(rows: Rows, trace: Trace) -> str | None:
    log = [{**e, "message": (e["message"], e["worker"])} for e in rows["log"]]
    return three_sets({"log": log}, trace)


def wants_the_bill_first(rows: Rows, trace: Trace) -> str | None:
    safe = set()
    for each in rows["log"]:
        if each["target"] == "billed" or each["topic"] == "orders.dead":
            safe.add(each["message"])
        if each["what"] == "acked" and not each["refused"] and each["message"] not in safe:
            return f"{each['message']} was acked before it was billed"
    return None


def goes_by_times(rows: Rows, trace: Trace) -> str | None:
    """The same, by comparing the moments of the first bill and the first ack."""
    first: dict[tuple[str, str], float] = {}
    for each in rows["log"]:
        ends = each["target"] == "billed" or each["topic"] == "orders.dead"
        counted = each["what"] == "acked" and not each["refused"]
        if ends or counted:
            first.setdefault((each["message"], "end" if ends else "ack"), each["at"])
    late = [m for (m, what), at in first.items()
            if what == "ack" and first.get((m, "end"), 1e9) > at]  # fmt: skip
    return f"{late[0]} was acked too soon" if late else None


def takes_the_first_ack(rows: Rows, trace: Trace) -> str | None:
    seen: set[str] = set()
    log = []
    for each in rows["log"]:
        if each["what"] != "acked" or each["message"] not in seen:
            log.append(each)
        if each["what"] == "acked":
            seen.add(each["message"])
    return three_sets({"log": log}, trace)


def takes_the_last_ack(rows: Rows, trace: Trace) -> str | None:
    last = {each["message"]: each for each in rows["log"] if each["what"] == "acked"}
    rest = [each for each in rows["log"] if each["what"] != "acked"]
    return three_sets({"log": [*rest, *last.values()]}, trace)


def wants_a_bill_within_a_lease(rows: Rows, trace: Trace) -> str | None:
    ends = [e for e in rows["log"] if e["target"] == "billed" or e["topic"] == "orders.dead"]
    for ack in (e for e in rows["log"] if e["what"] == "acked" and not e["refused"]):
        mine = (abs(e["at"] - ack["at"]) for e in ends if e["message"] == ack["message"])
        if not any(apart < 10.0 for apart in mine):
            return f"{ack['message']} has no bill near its ack"
    return None


def quotes_an_empty_set(rows: Rows, trace: Trace) -> str:
    lost = {each["message"] for each in rows["log"] if each["what"] == "acked"}
    lost -= {each["message"] for each in rows["log"] if each["target"] == "billed"}
    return f"lost: {lost}"


def compares_numbers(rows: Rows, trace: Trace) -> str | None:
    acks = [e for e in rows["log"] if e["what"] == "acked" and not e["refused"]]
    ends = [e for e in rows["log"] if e["target"] == "billed" or e["topic"] == "orders.dead"]
    return "fewer bills than acks" if len(ends) < len(acks) else None


MISTAKES = [
    Mistake("port", AsOnSqs, ported.COUNTS, faults=0),
    Mistake("port", OneIfNobodyCounts, ported.COUNTS, faults=0),
    Mistake("port", SkipsIfLateAndAcks, ported.LATE, faults=2),
    Mistake("port", FencesAndAcks, ported.LATE, faults=2),
    Mistake("port", NeverSetsAside, ported.FOREVER, faults=0),
    Mistake("port", DropsWhatFails, ported.DROPPED, faults=0),
    Mistake("port", SetsAsideAtOnce, ported.ONCE, faults=0),
    Mistake("port", SetsAsideWithoutAnId, ported.NAMELESS, faults=0),
    Mistake("port", AcksThenSetsAside, ported.DROPPED, faults=1),
    Mistake("port", OnlyTheFirstAttempt, ported.SKIPS, faults=1),
    Mistake("port", RemembersIds, ported.TWICE, faults=1),
    Mistake("port", BillsThenMarks, ported.LOOKS, faults=1),
    Mistake("port", OverwritesTheSum, ported.STALE, faults=2),
    Mistake("port", MarksEachDelivery, ported.OWN, faults=1),
    Mistake("port", ReturnsWhatFails, ported.LEFT, faults=0),
    Mistake("port", LocksForEver, ported.STUCK, faults=1),
    Mistake("port", CountsInAnAbortedTransaction, ported.FOREVER, faults=0),
    Mistake("port", CountsInMemory, ported.MEMORY, faults=2),
    Mistake("port", SetsAsideAnyThird, ported.GOOD, faults=0),
    Mistake("port", AcksFirst, ported.EARLY, faults=1),
    Mistake("port", MarksApart, ported.MARKED, faults=1),
    Mistake("port", OnlyAcks, ported.SKIPS, faults=0),
    Mistake("port", BillsAgain, ported.TWICE, faults=1),
    Mistake("port", TakesItBackIfRefused, ported.TWICE, faults=1),
    Mistake("port", LooksThenBills, ported.LOOKS, faults=1),
    Mistake("port", TriesFiveTimes, ported.LIMIT, faults=0),
    Mistake("port", GivesBackForMinutes, ported.WAITS, faults=0),
    Mistake("port", SetsAsideAnEmptyOrder, ported.EMPTY, faults=0),
    Mistake("port", PutsTheSumThatIsOwed, ported.WRONG, faults=0),
    Mistake("port", ForgetsTheRate, ported.WRONG, faults=0),
    Mistake("port", NeverAcks, ported.UNACKED, faults=0),
    Mistake("port", RaisesAtGoodOnes, ported.STUCK, faults=0),
    *WRONG_PREDICTIONS,
    _bitten("away", "enable.auto.commit=false", 12),
    _bitten("slow", "a FIFO queue", 24),
    _bitten("slow", "maxReceiveCount=1"),
    _bitten("raises", "enable.auto.commit=true", 3),
    _bitten("raises", "retries=10"),
    _bitten("alone", "acks=all", 8),
    _bitten("alone", "retries=10"),
    _bitten("languages", "enable.idempotence=true", 29),
    _bitten("languages", "24 partitions"),
    _bitten("confirmed", "confirm_delivery()", 6),
    _bitten("confirmed", "delivery_mode=2"),
    _bitten("exits", "acks=all", 5),
    _bitten("exits", "retries=10"),
    _bitten("aborted", "enable.idempotence=true", 23),
    _bitten("aborted", "transactional.id=shop", 23),
    _bitten("restart", "enable.idempotence=true", 21),
    _bitten("restart", "acks=all"),
    Mistake("incident", _said(doubled_effect="holds"), tickets.OVERLOOKS),
    Mistake("incident", _said(lost="broken"), tickets.ACCUSES),
    Mistake("incident", _said(stuck="broken"), tickets.ACCUSES),
    Mistake("incident", _said(late_ack="holds"), tickets.TRUSTS),
    Mistake("incident", _said(late_ack="broken"), tickets.GUESSES),
    Mistake("incident", _said(out_of_order="undecidable"), tickets.DOUBTS),
    Mistake("incident", _said(stuck="undecidable"), tickets.DOUBTS),
    Mistake("audit", never_complains, "never complains", faults=0),
    Mistake("audit", always_complains, "always complains", faults=0),
    Mistake("audit", says_ok, "a text means right", faults=0),
    Mistake("audit", calm_run_only, "only the calm run counts", faults=1),
    Mistake("audit", condemns_a_fault, "a fault is a violation", faults=1),
    Mistake("audit", takes_refused_acks, losses.REFUSED, faults=1),
    Mistake("audit", wants_one_bill, losses.TWICE, faults=1),
    Mistake("audit", forgets_the_dead, losses.BURIED, faults=0),
    Mistake("audit", takes_any_effect, losses.MARK, faults=1),
    Mistake("audit", excuses_who_crashed, losses.EARLY, faults=1),
    Mistake("audit", excuses_a_crash, losses.EARLY, faults=1),
    Mistake("audit", looks_at_one_order, losses.ELSE, faults=0),
    Mistake("audit", wants_nothing_but_bills, "one way", faults=0),
    Mistake("audit", excuses_two_faults, losses.LATE, faults=2),
    Mistake("audit", wants_a_bill_before_each_ack, losses.WHOSE, faults=1),
    Mistake("audit", counts_refused_acks, losses.REFUSED, faults=1),
    Mistake("audit", wants_all_delivered_billed, losses.WAITS, faults=0),
    Mistake("audit", takes_a_nack_for_an_ack, losses.WAITS, faults=0),
    Mistake("audit", wants_the_one_who_billed, losses.WHOSE, faults=1),
    Mistake("audit", wants_the_bill_first, losses.ORDER, faults=0),
    Mistake("audit", goes_by_times, losses.SOON, faults=1),
    Mistake("audit", wants_a_bill_within_a_lease, losses.SOON, faults=1),
    Mistake("audit", quotes_an_empty_set, "a text means right", faults=0),
    Mistake("audit", takes_the_first_ack, losses.FIRST, faults=1),
    Mistake("audit", takes_the_last_ack, losses.LAST, faults=1),
    Mistake("audit", compares_numbers, losses.ELSE, faults=0),
]  # fmt: skip

RIGHT = [
    Right("port", CountsFailures),
    Right("port", CountsDeliveries),
    Right("port", SetsAsideAnEnvelope),
    Right("port", LeavesItIfLate),
    Right("port", KitsInbox),
    Right("port", AcksWhatIsDone),
    Right("predict", recorded.right()),
    Right("predict", dict(reversed(recorded.right().items()))),
    Right("defaults", SET),
    Right("defaults", {**SET, "away": "retention.ms of 14 days"}),
    Right("incident", tickets.right()),
    Right("incident", {name: said.upper() for name, said in tickets.right().items()}),
    Right("audit", three_sets),
    Right("audit", by_assertions),
    Right("audit", lists_what_is_lost),
    Right("audit", state_of_each_order),
]

CONSTANTS = [130, "billed", "orders.dead"]
