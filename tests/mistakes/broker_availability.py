"""Answers to exercise 11."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from pubsub_kit.checks.systems import broker_availability as systems
from pubsub_kit.checks.systems import seat_prices as prices
from pubsub_kit.patterns import Inbox
from pubsub_kit.scenarios.broker_availability import choices, decisions, seats
from pubsub_kit.scenarios.broker_availability.choices import LEDGER, OPTIONS, ORDERS, VIEWS
from pubsub_kit.world.trace import Trace
from tests.mistakes import Mistake, Right

Rows = dict[str, Any]
ONE, TWO, FLUSHED, GUARDED, LONE, THREE, NONE = OPTIONS


def _settings(views: str = ONE, orders: str = TWO, ledger: str = FLUSHED) -> dict[str, str]:
    return {VIEWS: views, ORDERS: orders, LEDGER: ledger}


# --- cut: right -----------------------------------------------------------------------------------


def walks_along(mine: list[int], leaders: list[int], watermark: int) -> int:
    at = 0
    while at < len(mine) and at < len(leaders) and mine[at] == leaders[at]:
        at += 1
    return at


def by_recursion(mine: list[int], leaders: list[int], watermark: int) -> int:
    if not mine or not leaders or mine[0] != leaders[0]:
        return 0
    return 1 + by_recursion(mine[1:], leaders[1:], watermark)


def counts_what_agrees(mine: list[int], leaders: list[int], watermark: int) -> int:
    return len([*takewhile(lambda pair: pair[0] == pair[1], zip(mine, leaders, strict=False))])


def epoch_by_epoch(mine: list[int], leaders: list[int], watermark: int) -> int:
    """Compare where each epoch ends, as Kafka's OffsetForLeaderEpoch does."""
    end = 0
    for epoch in dict.fromkeys(mine):
        own, his = mine.count(epoch), leaders.count(epoch)
        end += min(own, his)
        if own != his:
            break
    return end


class Remembers:
    """Remembers an answer by its question, which changes no answer."""

    def cut(self, mine: list[int], leaders: list[int], watermark: int) -> int:
        try:
            return next(i for i, epoch in enumerate(mine) if leaders[i] != epoch)
        except IndexError:
            return len(leaders)
        except StopIteration:
            return len(mine)


# --- cut: wrong -----------------------------------------------------------------------------------


def at_the_watermark(mine: list[int], leaders: list[int], watermark: int) -> int:
    return watermark


def at_the_watermark_at_most(mine: list[int], leaders: list[int], watermark: int) -> int:
    return min(watermark, walks_along(mine, leaders, watermark))


def begins_anew(mine: list[int], leaders: list[int], watermark: int) -> int:
    return 0


def one_less_to_be_safe(mine: list[int], leaders: list[int], watermark: int) -> int:
    return max(walks_along(mine, leaders, watermark) - 1, 0)


def compares_the_last_epochs(mine: list[int], leaders: list[int], watermark: int) -> int:
    return len(mine) if mine and leaders and mine[-1] == leaders[-1] else watermark


def keeps_all(mine: list[int], leaders: list[int], watermark: int) -> int:
    return len(mine)


def as_long_as_the_leaders(mine: list[int], leaders: list[int], watermark: int) -> int:
    return min(len(mine), len(leaders))


def counts_known_epochs(mine: list[int], leaders: list[int], watermark: int) -> int:
    return sum(epoch in leaders for epoch in mine)


def forgets_its_own_tail(mine: list[int], leaders: list[int], watermark: int) -> int:
    pairs = enumerate(zip(mine, leaders, strict=False))
    return next((at for at, (own, his) in pairs if own != his), len(mine))


def watermark_if_any_differs(mine: list[int], leaders: list[int], watermark: int) -> int:
    return len(mine) if mine == leaders[: len(mine)] else watermark


def anew_if_any_differs(mine: list[int], leaders: list[int], watermark: int) -> int:
    return len(mine) if mine == leaders[: len(mine)] else 0


# --- elect ----------------------------------------------------------------------------------------


def the_first_that_is_fit(candidates: list[Any]) -> str | None:
    for each in candidates:
        if each.alive and each.in_sync and not each.wiped:
            return str(each.name)
    return None


def the_longest_log_that_is_fit(candidates: list[Any]) -> str | None:
    fit = [each for each in candidates if each.alive and each.in_sync and not each.wiped]
    return max(fit, key=lambda each: each.end).name if fit else None


def the_candidate_itself(candidates: list[Any]) -> Any:
    return next(
        (c for c in reversed(candidates) if (c.alive, c.in_sync, c.wiped) == (1, 1, 0)), None
    )


def whoever_lives(candidates: list[Any]) -> str | None:
    return next((each.name for each in candidates if each.alive), None)


def the_longest_log(candidates: list[Any]) -> str | None:
    alive = [each for each in candidates if each.alive]
    return max(alive, key=lambda each: each.end).name if alive else None


def in_sync_or_else_whoever_lives(candidates: list[Any]) -> str | None:
    return the_first_that_is_fit(candidates) or whoever_lives(candidates)


def trusts_who_was_in_sync(candidates: list[Any]) -> str | None:
    return next((each.name for each in candidates if each.alive and each.in_sync), None)


def waits_for_ever(candidates: list[Any]) -> str | None:
    return None if candidates else "broker-1"


def keeps_the_first(candidates: list[Any]) -> str:
    return str(candidates[0].name)


def forgets_to_ask_who_lives(candidates: list[Any]) -> str | None:
    return next((each.name for each in candidates if each.in_sync and not each.wiped), None)


def wiped_ones_last(candidates: list[Any]) -> str | None:
    return trusts_who_was_in_sync(sorted(candidates, key=lambda each: each.wiped))


def the_longest_in_sync(candidates: list[Any]) -> str | None:
    return the_longest_log([each for each in candidates if each.in_sync])


def waits_for_all_in_sync(candidates: list[Any]) -> str | None:
    sure = [each for each in candidates if each.in_sync and not each.wiped]
    return str(sure[0].name) if sure and all(each.alive for each in sure) else None


def wants_a_majority(candidates: list[Any]) -> str | None:
    sure = [each for each in candidates if each.alive and each.in_sync and not each.wiped]
    return str(sure[0].name) if len(sure) > 1 else None


# --- zombie ---------------------------------------------------------------------------------------


@dataclass
class OnDb:
    db: Any


class FencesByGeneration(OnDb):
    async def handle(self, delivery: Any) -> None:
        async with self.db.transaction() as tx:
            row = await tx.get("A1", {"generation": 0})
            if row["generation"] <= delivery.generation:
                row = {"price": delivery.data["price"], "generation": delivery.generation}
                await tx.put("A1", row)
        await delivery.ack()


class FencesByOffset(OnDb):
    async def handle(self, delivery: Any) -> None:
        async with self.db.transaction() as tx:
            if await tx.get("offset", -1) <= delivery.offset:
                await tx.put("offset", delivery.offset)
                await tx.put("A1", delivery.data["price"])
        await delivery.ack()


class ComparesAndSets(OnDb):
    async def handle(self, delivery: Any) -> None:
        while True:
            row = await self.db.get("A1")
            if row is not None and row["offset"] >= delivery.offset:
                break
            new = {"price": delivery.data["price"], "offset": delivery.offset}
            if await self.db.compare_and_set("A1", row, new):
                break
        await delivery.ack()


class WritesThenCommits(OnDb):
    async def handle(self, delivery: Any) -> None:
        await self.db.put("A1", delivery.data["price"])
        await delivery.ack()


class RemembersTheGeneration(OnDb):
    """In memory, which the zombie has as it was before."""

    highest = 0

    async def handle(self, delivery: Any) -> None:
        if delivery.generation < self.highest:
            return
        self.highest = delivery.generation
        await self.db.put("A1", delivery.data["price"])
        await delivery.ack()


class LooksFirst(OnDb):
    async def handle(self, delivery: Any) -> None:
        row = await self.db.get("A1", {"generation": 0})
        if row["generation"] <= delivery.generation:
            row = {"price": delivery.data["price"], "generation": delivery.generation}
            await self.db.put("A1", row)
        await delivery.ack()


class TakesItBack(OnDb):
    async def handle(self, delivery: Any) -> None:
        before = await self.db.get("A1")
        await self.db.put("A1", delivery.data["price"])
        if not await delivery.ack():
            await self.db.put("A1", before)


class AcksFirst(OnDb):
    async def handle(self, delivery: Any) -> None:
        if await delivery.ack():
            await self.db.put("A1", delivery.data["price"])


class OnlyAcks(OnDb):
    async def handle(self, delivery: Any) -> None:
        await delivery.ack()


class NeverAcks(OnDb):
    async def handle(self, delivery: Any) -> None:
        await self.db.put("A1", delivery.data["price"])


class AddsThemUp(OnDb):
    async def handle(self, delivery: Any) -> None:
        await self.db.add("A1", delivery.data["price"])
        await delivery.ack()


class KitsInbox:
    def __init__(self, db: Any) -> None:
        self.inbox = Inbox(db, lambda tx, event: tx.put("A1", event.data["price"]))

    async def handle(self, delivery: Any) -> None:
        await self.inbox.handle(delivery)
        await delivery.ack()


class KeepsAllPrices(OnDb):
    async def handle(self, delivery: Any) -> None:
        async with self.db.transaction() as tx:
            known = {**await tx.get("prices", {}), delivery.offset: delivery.data["price"]}
            await tx.put("prices", known)
            await tx.put("A1", known[max(known)])
        await delivery.ack()


class HighestWins(OnDb):
    async def handle(self, delivery: Any) -> None:
        async with self.db.transaction() as tx:
            await tx.put("A1", max(await tx.get("A1", 0), delivery.data["price"]))
        await delivery.ack()


class AlwaysEleven(OnDb):
    async def handle(self, delivery: Any) -> None:
        await self.db.put("A1", 11)
        await delivery.ack()


class DropsOffsetZero(OnDb):
    async def handle(self, delivery: Any) -> None:
        async with self.db.transaction() as tx:
            row = await tx.get("A1", {"offset": 0})
            if row["offset"] < delivery.offset:
                row = {"price": delivery.data["price"], "offset": delivery.offset}
                await tx.put("A1", row)
        await delivery.ack()


class ReplacesWhatItSees(OnDb):
    async def handle(self, delivery: Any) -> None:
        while True:
            row = await self.db.get("A1")
            if await self.db.compare_and_set("A1", row, delivery.data["price"]):
                break
        await delivery.ack()


class PutsItBackIfTheAckRaises(OnDb):
    async def handle(self, delivery: Any) -> None:
        before = await self.db.get("A1")
        await self.db.put("A1", delivery.data["price"])
        try:
            await delivery.ack()
        except ValueError:
            await self.db.put("A1", before)


class MarksFirst(OnDb):
    async def handle(self, delivery: Any) -> None:
        if await self.db.insert(f"seen {delivery.offset}"):
            await self.db.put("A1", delivery.data["price"])
        await delivery.ack()


class RaisesAtAnOldOne(OnDb):
    async def handle(self, delivery: Any) -> None:
        async with self.db.transaction() as tx:
            row = await tx.get("A1", {"offset": -1})
            if row["offset"] >= delivery.offset:
                raise RuntimeError("a zombie")
            await tx.put("A1", {"price": delivery.data["price"], "offset": delivery.offset})
        await delivery.ack()


class OneOfEachGeneration(OnDb):
    async def handle(self, delivery: Any) -> None:
        async with self.db.transaction() as tx:
            row = await tx.get("A1", {"generation": 0})
            if row["generation"] < delivery.generation:
                row = {"price": delivery.data["price"], "generation": delivery.generation}
                await tx.put("A1", row)
        await delivery.ack()


class OlderOneWins(OnDb):
    async def handle(self, delivery: Any) -> None:
        async with self.db.transaction() as tx:
            row = await tx.get("A1", {"offset": 99})
            if row["offset"] > delivery.offset:
                row = {"price": delivery.data["price"], "offset": delivery.offset}
                await tx.put("A1", row)
        await delivery.ack()


class Inserts(OnDb):
    async def handle(self, delivery: Any) -> None:
        await self.db.insert("A1", delivery.data["price"])
        await delivery.ack()


class NeverFreesItsLock(OnDb):
    async def handle(self, delivery: Any) -> None:
        if await self.db.insert("lock"):
            await self.db.put("A1", delivery.data["price"])
            await self.db.put("lock", None)
        await delivery.ack()


class WritesAnotherRow(OnDb):
    async def handle(self, delivery: Any) -> None:
        await self.db.put("a1", delivery.data["price"])
        await delivery.ack()


class NamesItValue(OnDb):
    async def handle(self, delivery: Any) -> None:
        await self.db.put("A1", {"value": delivery.data["price"]})
        await delivery.ack()


# --- audit ----------------------------------------------------------------------------------------


def three_rules(rows: Rows, trace: Trace) -> str | None:
    if missing := set(rows["acked"]) - set(rows["log"]):
        return f"{sorted(missing)} lost"
    if any(len(set(ids)) > 1 for ids in rows["read"]):
        return "two records at one offset"
    if rows["failed"] and len(trace.faults()) <= 1:
        return f"{rows['failed']} given up"
    return None


def by_assertions(rows: Rows, trace: Trace) -> None:
    for id in rows["acked"]:
        assert id in rows["log"], f"{id} is lost"
    for offset, ids in enumerate(rows["read"]):
        assert len(ids) < 2, f"offset {offset} changed"
    crashes = sum(step.fault for step in trace)
    assert crashes > 1 or not rows["failed"], "given up"


def lists_what_is_wrong(rows: Rows, trace: Trace) -> list[str]:
    wrong = [f"{id} is lost" for id in rows["acked"] if rows["log"].count(id) == 0]
    wrong += [f"offset {n} differs" for n, ids in enumerate(rows["read"]) if len(ids) != 1]
    return wrong + ["given up"] * (len(trace.faults()) < 2 and len(rows["failed"]) > 0)


def never_complains(rows: Rows, trace: Trace) -> str | None:
    return None if trace else "no trace"


def always_complains(rows: Rows, trace: Trace) -> str:
    return "odd" if rows else "empty"


def says_ok(rows: Rows, trace: Trace) -> str:
    return three_rules(rows, trace) or "ok"


def looks_at_the_calm_run_only(rows: Rows, trace: Trace) -> str | None:
    return None if trace.faults() else three_rules(rows, trace)


def condemns_a_crash(rows: Rows, trace: Trace) -> str | None:
    return "a crash" if trace.of("crash") else three_rules(rows, trace)


def allows_no_refusal(rows: Rows, trace: Trace) -> str | None:
    return "given up" if rows["failed"] else three_rules(rows, trace)


def forgets_the_loss(rows: Rows, trace: Trace) -> str | None:
    return "given up" if rows["failed"] and len(trace.faults()) <= 1 else None


def forgets_the_refusal(rows: Rows, trace: Trace) -> str | None:
    return "lost" if set(rows["acked"]) - set(rows["log"]) else None


def wants_each_record_once(rows: Rows, trace: Trace) -> str | None:
    return three_rules(rows, trace) or ("twice" if len(rows["log"]) > len({*rows["log"]}) else None)


def forgets_the_offsets(rows: Rows, trace: Trace) -> str | None:
    return three_rules({**rows, "read": []}, trace)


def more_than_two_at_an_offset(rows: Rows, trace: Trace) -> str | None:
    return three_rules({**rows, "read": [[*ids][2:] for ids in rows["read"]]}, trace)


def asks_for_one_record_wrongly(rows: Rows, trace: Trace) -> str | None:
    changed = any(len(set(ids)) == 1 for ids in rows["read"])
    return "changed" if changed else three_rules(rows, trace)


def looks_at_the_first_record_only(rows: Rows, trace: Trace) -> str | None:
    for id in rows["acked"]:
        return None if id in rows["log"] else f"{id} is lost"
    return three_rules(rows, trace)


def counts_records(rows: Rows, trace: Trace) -> str | None:
    lost = len(rows["acked"]) > len(rows["log"])
    return "lost" if lost else three_rules({**rows, "acked": []}, trace)


def asks_for_any_record(rows: Rows, trace: Trace) -> str | None:
    lost = rows["acked"] and not rows["log"]
    return "lost" if lost else three_rules({**rows, "acked": []}, trace)


def compares_the_last_ones(rows: Rows, trace: Trace) -> str | None:
    last = rows["acked"][-1:] != rows["log"][-1:] and rows["acked"]
    return "lost" if last else three_rules(rows, trace)


def knows_one_order(rows: Rows, trace: Trace) -> str | None:
    return three_rules({**rows, "acked": [id for id in rows["acked"] if id == "m1"]}, trace)


def wants_no_more_than_was_acked(rows: Rows, trace: Trace) -> str | None:
    return "differs" if {*rows["acked"]} != {*rows["log"]} else three_rules(rows, trace)


def wants_nothing_that_failed(rows: Rows, trace: Trace) -> str | None:
    return "failed" if {*rows["failed"]} & {*rows["log"]} else three_rules(rows, trace)


def judges_up_to_one_fault(rows: Rows, trace: Trace) -> str | None:
    few = len(trace.faults()) <= 1
    return three_rules(rows if few else {**rows, "acked": []}, trace)


def looks_at_offsets_only(rows: Rows, trace: Trace) -> str | None:
    return three_rules({**rows, "acked": [], "failed": []}, trace)


MISTAKES = [
    Mistake("settings", _settings(views=TWO), choices.DEAR, faults=0),
    Mistake("settings", _settings(orders=FLUSHED), choices.DEAR, faults=0),
    Mistake("settings", _settings(orders=ONE), choices.LEADER, faults=1),
    Mistake("settings", _settings(orders=GUARDED), choices.GUARDS, faults=1, m=(76,)),
    Mistake("settings", _settings(orders=LONE), choices.LONE, faults=2, m=(8,)),
    Mistake("settings", _settings(orders=THREE), choices.COPIES, faults=1, m=(77,)),
    Mistake("settings", _settings(orders=NONE), choices.SENT, faults=1),
    Mistake("settings", _settings(ledger=TWO), choices.DISK, faults=1, m=(7,)),
    Mistake("settings", _settings(ledger=THREE), choices.DISK, faults=1, m=(7,)),
    Mistake("settings", _settings(ledger=ONE), choices.DISK, faults=1, m=(7,)),
    Mistake("settings", _settings(ledger=GUARDED), choices.DISK, faults=1, m=(7,)),
    Mistake("settings", _settings(ledger=LONE), choices.DISK, faults=1, m=(7,)),
    Mistake("settings", _settings(ledger=NONE), choices.SENT, faults=1),
    Mistake("settings", _settings(views=FLUSHED), choices.DEAR, faults=0),
    Mistake("cut", at_the_watermark, decisions.WATERMARK, faults=1, m=(78,)),
    Mistake("cut", at_the_watermark_at_most, decisions.WATERMARK, faults=1, m=(78,)),
    Mistake("cut", begins_anew, decisions.ALL, faults=1),
    Mistake("cut", one_less_to_be_safe, decisions.ALL, faults=1),
    Mistake("cut", compares_the_last_epochs, decisions.ALL, faults=1),
    Mistake("cut", keeps_all, decisions.DIFFERS, faults=1),
    Mistake("cut", as_long_as_the_leaders, decisions.DIFFERS, faults=1),
    Mistake("cut", counts_known_epochs, decisions.DIFFERS, faults=1),
    Mistake("cut", forgets_its_own_tail, decisions.DIFFERS, faults=1),
    Mistake("cut", watermark_if_any_differs, decisions.ALL, faults=0),
    Mistake("cut", anew_if_any_differs, decisions.ALL, faults=0),
    Mistake("elect", whoever_lives, decisions.UNCLEAN, faults=2, m=(79,)),
    Mistake("elect", the_longest_log, decisions.UNCLEAN, faults=2, m=(79,)),
    Mistake("elect", in_sync_or_else_whoever_lives, decisions.UNCLEAN, faults=2, m=(79,)),
    Mistake("elect", trusts_who_was_in_sync, decisions.DISK, faults=1, m=(80,)),
    Mistake("elect", waits_for_ever, decisions.NOBODY, faults=1),
    Mistake("elect", wiped_ones_last, decisions.DISK, faults=2, m=(80,)),
    Mistake("elect", the_longest_in_sync, decisions.DISK, faults=2, m=(80,)),
    Mistake("elect", waits_for_all_in_sync, decisions.NOBODY, faults=2),
    Mistake("elect", wants_a_majority, decisions.NOBODY, faults=1),
    Mistake("elect", keeps_the_first, decisions.DEAD, faults=1),
    Mistake("elect", forgets_to_ask_who_lives, decisions.DEAD, faults=2),
    Mistake("zombie", WritesThenCommits, seats.ZOMBIE, faults=1, m=(81,)),
    Mistake("zombie", RemembersTheGeneration, seats.ZOMBIE, faults=1, m=(81,)),
    Mistake("zombie", LooksFirst, prices.LOOKS, faults=1),
    Mistake("zombie", TakesItBack, prices.LOOKS, faults=1),
    Mistake("zombie", AcksFirst, prices.EARLY, faults=1),
    Mistake("zombie", OnlyAcks, prices.NEVER, faults=0),
    Mistake("zombie", NeverAcks, prices.UNACKED, faults=0),
    Mistake("zombie", AddsThemUp, prices.WRONG, faults=0),
    Mistake("zombie", HighestWins, prices.HIGHEST, faults=0),
    Mistake("zombie", AlwaysEleven, prices.SKIPS, faults=0),
    Mistake("zombie", DropsOffsetZero, prices.SKIPS, faults=0),
    Mistake("zombie", ReplacesWhatItSees, prices.REPLACES, faults=1),
    Mistake("zombie", PutsItBackIfTheAckRaises, prices.REPLACES, faults=1),
    Mistake("zombie", MarksFirst, prices.MARKED, faults=1),
    Mistake("zombie", RaisesAtAnOldOne, prices.RAISES, faults=1),
    Mistake("zombie", OneOfEachGeneration, prices.ONCE, faults=0),
    Mistake("zombie", OlderOneWins, prices.BACKWARDS, faults=0),
    Mistake("zombie", Inserts, prices.FIRST, faults=0),
    Mistake("zombie", NeverFreesItsLock, prices.FIRST, faults=0),
    Mistake("zombie", WritesAnotherRow, prices.NEVER, faults=0),
    Mistake("zombie", NamesItValue, prices.WRONG, faults=0),
    Mistake("client", "gives up", "silence means stored", faults=1),
    Mistake("client", "sends it again", "a retry writes once", faults=1),
    Mistake("quorum", 4, "one copy is enough"),
    Mistake("quorum", "6", "half is a majority"),
    Mistake("quorum", 10, "copies that lie"),
    Mistake("quorum", 3, "three of three"),
    Mistake("audit", never_complains, "never complains", faults=0),
    Mistake("audit", always_complains, "always complains", faults=0),
    Mistake("audit", says_ok, "a text means right", faults=0),
    Mistake("audit", looks_at_the_calm_run_only, "only the calm run counts", faults=1),
    Mistake("audit", condemns_a_crash, "a fault is a violation", faults=1),
    Mistake("audit", allows_no_refusal, "a refusal is a violation", faults=2),
    Mistake("audit", forgets_the_loss, "a loss is no harm", faults=0),
    Mistake("audit", forgets_the_refusal, "never acking is safe", faults=0),
    Mistake("audit", looks_at_offsets_only, "a loss is no harm", faults=0),
    Mistake("audit", forgets_the_offsets, systems.CHANGED, faults=1),
    Mistake("audit", more_than_two_at_an_offset, systems.CHANGED, faults=1),
    Mistake("audit", asks_for_one_record_wrongly, "always complains", faults=0),
    Mistake("audit", looks_at_the_first_record_only, systems.SOME, faults=0),
    Mistake("audit", counts_records, systems.SOME, faults=0),
    Mistake("audit", asks_for_any_record, systems.SOME, faults=0),
    Mistake("audit", compares_the_last_ones, "one way to be right", faults=1),
    Mistake("audit", knows_one_order, systems.SOME, faults=0),
    Mistake("audit", wants_no_more_than_was_acked, systems.IN_DOUBT, faults=2),
    Mistake("audit", wants_nothing_that_failed, systems.IN_DOUBT, faults=2),
    Mistake("audit", judges_up_to_one_fault, systems.TWO, faults=2),
    Mistake("audit", wants_each_record_once, "one way to be right", faults=1),
]

RIGHT = [
    Right("settings", _settings()),
    Right("settings", _settings(views=NONE)),
    Right("settings", _settings(views=GUARDED)),
    Right("cut", walks_along),
    Right("cut", by_recursion),
    Right("cut", counts_what_agrees),
    Right("cut", epoch_by_epoch),
    Right("cut", Remembers().cut),
    Right("elect", the_first_that_is_fit),
    Right("elect", the_longest_log_that_is_fit),
    Right("elect", the_candidate_itself),
    Right("zombie", FencesByGeneration),
    Right("zombie", FencesByOffset),
    Right("zombie", ComparesAndSets),
    Right("zombie", KitsInbox),
    Right("zombie", KeepsAllPrices),
    Right("client", "sends it again, under the same number"),
    Right("quorum", 7),
    Right("quorum", "7"),
    Right("audit", three_rules),
    Right("audit", by_assertions),
    Right("audit", lists_what_is_wrong),
]

CONSTANTS = [1, 2, "broker-1", "broker-2"]
