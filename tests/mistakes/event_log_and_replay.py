"""Answers to exercise 07."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import reduce
from typing import Any

from pubsub_kit import Conflict, sleep
from pubsub_kit.checks.systems import event_log_and_replay as cut_overs
from pubsub_kit.world.trace import Trace
from tests.mistakes import Mistake, Right, own_brokers, own_logs

Rows = dict[str, Any]


class _Base:
    """Has the database and the log."""

    def __init__(self, db: Any, log: Any) -> None:
        self.db, self.log, self.at = db, log, 0


# --- rebuild: right -------------------------------------------------------------------------------


class OneTransactionAPage(_Base):
    async def run(self) -> None:
        while True:
            async with self.db.transaction() as tx:
                page = await self.log.read(await tx.get("position", 0))
                for offset, amount in page:
                    await tx.add("stock", amount)
                    await tx.put("position", offset + 1)
            if not page:
                return


class ComputesItAnewEachTime(_Base):
    """Keeps nothing, and writes the whole sum."""

    async def run(self) -> None:
        total = at = 0
        while page := await self.log.read(at):
            total += sum(amount for _, amount in page)
            at = page[-1][0] + 1
        await self.db.put("stock", total)


class OneRowForBoth(_Base):
    """A snapshot, and a copy of its sum."""

    async def run(self) -> None:
        state = await self.db.get("state", [0, 0])
        while page := await self.log.read(state[0]):
            state = [page[-1][0] + 1, reduce(lambda sum, each: sum + each[1], page, state[1])]
            await self.db.put("state", state)
        await self.db.put("stock", state[1])


class ARowForEachMove(_Base):
    """Writes what may be written twice, and remembers its position in memory alone."""

    async def run(self) -> None:
        while page := await self.log.read(self.at):
            for offset, amount in page:
                await self.db.put(f"move {offset}", amount)
                self.at = offset + 1
        await self.db.put("stock", sum((await self.db.scan("move ")).values()))


class Recursive(_Base):
    async def run(self) -> None:
        position = await self.db.get("position", 0)
        page = await self.log.read(position)
        if page:
            try:
                async with self.db.transaction() as tx:
                    await tx.put("position", max(offset for offset, _ in page) + 1)
                    await tx.put("stock", await tx.get("stock", 0) + sum(a for _, a in page))
            except Conflict:
                pass
            await self.run()


def closure(db: Any, log: Any) -> Any:
    """A function that makes an object of another name."""

    class Made:
        run = OneTransactionAPage(db, log).run

    return Made()


# --- rebuild: wrong -------------------------------------------------------------------------------


class PositionInMemory(_Base):
    async def run(self) -> None:
        while page := await self.log.read(self.at):
            for offset, amount in page:
                await self.db.add("stock", amount)
                self.at = offset + 1


class SeenInMemory(_Base):
    def __init__(self, db: Any, log: Any) -> None:
        super().__init__(db, log)
        self.seen: set[int] = set()

    async def run(self) -> None:
        at = 0
        while page := await self.log.read(at):
            for offset, amount in page:
                if offset not in self.seen:
                    self.seen.add(offset)
                    await self.db.add("stock", amount)
                at = offset + 1


class SumThenPosition(_Base):
    async def run(self) -> None:
        at = await self.db.get("position", 0)
        while page := await self.log.read(at):
            for offset, amount in page:
                await self.db.add("stock", amount)
                at = offset + 1
                await self.db.put("position", at)


class PositionAtTheEndOfThePage(_Base):
    async def run(self) -> None:
        while page := await self.log.read(await self.db.get("position", 0)):
            for _, amount in page:
                await self.db.add("stock", amount)
            await self.db.put("position", page[-1][0] + 1)


class PositionThenSum(_Base):
    async def run(self) -> None:
        at = await self.db.get("position", 0)
        while page := await self.log.read(at):
            for offset, amount in page:
                at = offset + 1
                await self.db.put("position", at)
                await self.db.add("stock", amount)


class CountsEvents(_Base):
    async def run(self) -> None:
        while True:
            async with self.db.transaction() as tx:
                at = await tx.get("position", 0)
                page = await self.log.read(at)
                for _, amount in page:
                    await tx.add("stock", amount)
                await tx.put("position", at + len(page))
            if not page:
                return


class TakesOffsetsFromARange(_Base):
    async def run(self) -> None:
        end = await self.log.end()
        for at in range(self.at, end):
            for _, amount in (await self.log.read(at))[:1]:
                await self.db.add("stock", amount)
        self.at = end


class FromTheStartEachTime(_Base):
    async def run(self) -> None:
        at = 0
        while page := await self.log.read(at):
            for offset, amount in page:
                await self.db.add("stock", amount)
                at = offset + 1


class FromTheLatest(_Base):
    async def run(self) -> None:
        at = await self.db.get("position") or await self.log.end()
        while page := await self.log.read(at):
            at = page[-1][0] + 1
            async with self.db.transaction() as tx:
                await tx.add("stock", sum(amount for _, amount in page))
                await tx.put("position", at)
        await self.db.put("position", at)


class PositionOfTheLastOne(_Base):
    async def run(self) -> None:
        async with self.db.transaction() as tx:
            for offset, amount in await self.log.read(await tx.get("position", 0)):
                await tx.add("stock", amount)
                await tx.put("position", offset)


class OneTooFar(_Base):
    async def run(self) -> None:
        async with self.db.transaction() as tx:
            for offset, amount in await self.log.read(await tx.get("position", 0)):
                await tx.add("stock", amount)
                await tx.put("position", offset + 2)


class FirstPageOnly(_Base):
    async def run(self) -> None:
        await self.db.put("stock", sum(amount for _, amount in await self.log.read(0)))


class LastAmount(_Base):
    async def run(self) -> None:
        async with self.db.transaction() as tx:
            for offset, amount in await self.log.read(await tx.get("position", 0)):
                await tx.put("stock", amount)
                await tx.put("position", offset + 1)


class AddsOne(_Base):
    async def run(self) -> None:
        async with self.db.transaction() as tx:
            for offset, _ in await self.log.read(await tx.get("position", 0)):
                await tx.add("stock", 1)
                await tx.put("position", offset + 1)


class KnowsTheSum(_Base):
    async def run(self) -> None:
        await self.db.put("stock", 4681)


class OneReadACall(_Base):
    """Takes one page, and leaves the rest to the next call."""

    async def run(self) -> None:
        async with self.db.transaction() as tx:
            for offset, amount in await self.log.read(await tx.get("position", 0)):
                await tx.add("stock", amount)
                await tx.put("position", offset + 1)


class _Pages(_Base):
    """Adds a page in a transaction, as long as there is one."""

    async def run(self) -> None:
        while page := await self.log.read(await self.db.get("position", 0)):
            if await self.page(page) == "done":
                return

    async def page(self, page: list[tuple[int, int]]) -> str:
        async with self.db.transaction() as tx:
            await tx.add("stock", sum(amount for _, amount in page))
            await tx.put("position", page[-1][0] + 1)
        return ""


class ReturnsInTheLoop(_Pages):
    async def page(self, page: list[tuple[int, int]]) -> str:
        await super().page(page)
        return "done"


class StopsAtAGap(_Pages):
    """Takes a gap between two pages for the end."""

    async def page(self, page: list[tuple[int, int]]) -> str:
        if page[0][0] != await self.db.get("position", 0):
            return "done"
        return await super().page(page)


class StopsWithinAPage(_Base):
    """Takes a gap within a page for the end."""

    async def run(self) -> None:
        at = await self.db.get("position", 0)
        while page := await self.log.read(at):
            async with self.db.transaction() as tx:
                for offset, amount in page:
                    if offset != at:
                        return
                    at += 1
                    await tx.add("stock", amount)
                    await tx.put("position", at)


class AddsTheFirstOfAPage(_Pages):
    async def page(self, page: list[tuple[int, int]]) -> str:
        async with self.db.transaction() as tx:
            await tx.add("stock", page[0][1])
            await tx.put("position", page[-1][0] + 1)
        return ""


class AddsOffsets(_Pages):
    async def page(self, page: list[tuple[int, int]]) -> str:
        async with self.db.transaction() as tx:
            await tx.add("stock", sum(offset for offset, _ in page))
            await tx.put("position", page[-1][0] + 1)
        return ""


class TwoFurther(_Pages):
    """Goes on by the size of a page."""

    async def page(self, page: list[tuple[int, int]]) -> str:
        async with self.db.transaction() as tx:
            await tx.add("stock", sum(amount for _, amount in page))
            await tx.add("position", 2)
        return ""


class FullPagesOnly(_Base):
    """Stores a position after a full page."""

    async def run(self) -> None:
        at = await self.db.get("position", 0)
        while page := await self.log.read(at):
            at = page[-1][0] + 1
            async with self.db.transaction() as tx:
                await tx.add("stock", sum(amount for _, amount in page))
                if len(page) == 2:
                    await tx.put("position", at)


class TotalFrom0(_Base):
    """Stores both at once, and begins with a total of 0."""

    total = 0

    async def run(self) -> None:
        while page := await self.log.read(await self.db.get("position", 0)):
            total = self.total + sum(amount for _, amount in page)
            async with self.db.transaction() as tx:
                await tx.put("stock", total)
                await tx.put("position", page[-1][0] + 1)
            self.total = total


class NeverMovesOn(_Base):
    async def run(self) -> None:
        while page := await self.log.read(0):
            await self.db.add("stock", page[0][1])


class PollsForEver(_Pages):
    async def run(self) -> None:
        while True:
            await super().run()


NAMES = {"sum": "sum", "position": "position"}


class OtherRow(_Pages):
    """Writes a row of another name, which stands in a dict."""

    async def page(self, page: list[tuple[int, int]]) -> str:
        async with self.db.transaction() as tx:
            await tx.add(NAMES["sum"], sum(amount for _, amount in page))
            await tx.put(NAMES["position"], page[-1][0] + 1)
        return ""


class OnlyReads(_Base):
    async def run(self) -> None:
        await self.log.read(0)


# --- replace --------------------------------------------------------------------------------------


async def replays_twice(old: Any, new: Any, log: Any) -> None:
    """Learns most of it while v1 is at work, and the rest after the stop: a short pause."""
    await new.replay(await log.end())
    at = await old.stop()
    await new.replay(at)
    await new.start(at)


async def by_a_loop(old: Any, new: Any, log: Any) -> None:
    """Waits until v1 is near the end, though that is not needed."""
    while await old.where() < await log.end() - 2:
        await sleep(0.5)
    at = await old.stop()
    await new.replay(until=at)
    await new.start(offset=at, dedup=False)


class Operator:
    """An object with a method that takes its arguments in a tuple."""

    async def hand_over(self, *parts: Any) -> None:
        old, new, _ = parts
        at = await old.stop_at(await old.where())
        await new.replay(at)
        await new.start(at, True)


async def no_history(old: Any, new: Any, log: Any) -> None:
    await new.start(await old.stop())


async def history_as_of_before(old: Any, new: Any, log: Any) -> None:
    await new.replay(await old.where())
    await new.start(await old.stop())


async def replays_to_the_end(old: Any, new: Any, log: Any) -> None:
    at = await old.stop()
    await new.replay(await log.end())
    await new.start(at)


async def replays_all_that_comes(old: Any, new: Any, log: Any) -> None:
    at = await old.stop()
    await new.replay(99)
    await new.start(at)


async def replays_one_too_few(old: Any, new: Any, log: Any) -> None:
    at = await old.stop()
    await new.replay(at - 1)
    await new.start(at)


async def a_barrier_behind_the_last(old: Any, new: Any, log: Any) -> None:
    at = await old.stop_at(10)
    await new.replay(at)
    await new.start(at)


async def waits_till_v1_is_there(old: Any, new: Any, log: Any) -> None:
    while await old.where() < await log.end():
        pass
    await cut_overs.drains_then_switches(old, new, log)


async def two_too_far(old: Any, new: Any, log: Any) -> None:
    at = await old.stop() + 2
    await new.replay(at)
    await new.start(at)


async def barrier_after_the_start(old: Any, new: Any, log: Any) -> None:
    at = await log.end() + 1
    await new.replay(at)
    await new.start(at)
    await old.stop_at(at)


async def starts_at_the_latest_without_history(old: Any, new: Any, log: Any) -> None:
    await old.stop()
    await new.start(await log.end())


async def starts_before_the_replay(old: Any, new: Any, log: Any) -> None:
    at = await old.stop()
    await new.start(at)
    await new.replay(at)


async def knows_the_offset(old: Any, new: Any, log: Any) -> None:
    await old.stop()
    await new.replay(5)
    await new.start(5)


async def only_asks(old: Any, new: Any, log: Any) -> None:
    await old.where()


# --- audit ----------------------------------------------------------------------------------------


def looks_at_each_order(rows: Rows, trace: Trace) -> str | None:
    for order, who in rows.items():
        if len(who) != 1:
            return f"{order} has {len(who)} invoices"
    return None if rows["order-9"] == ["v2"] else "v1 is still at work"


def compares_sorted_lists(rows: Rows, trace: Trace) -> list[str]:
    """Every invoice in one list, and the last one's sender."""
    sent = [order for order, who in rows.items() for _ in who]
    wrong = [] if sorted(sent) == sorted(rows) else ["not one each"]
    return wrong + (["no hand-over"] if "v2" not in rows["order-9"] else [])


def asserts(rows: Rows, trace: Trace) -> None:
    assert all(who in (["v1"], ["v2"]) for who in rows.values()), "one invoice each"
    assert rows["order-9"][0] == "v2", "v2 has to take over"


def finds_gaps_only(rows: Rows, trace: Trace) -> str | None:
    return None if all(rows.values()) and "v2" in rows["order-9"] else "a gap"


def finds_doubles_only(rows: Rows, trace: Trace) -> str | None:
    late = "v2" if rows["order-9"] == ["v2"] or not rows["order-9"] else "v1"
    return "a double" if late == "v1" or any(len(who) > 1 for who in rows.values()) else None


def counts_invoices(rows: Rows, trace: Trace) -> str | None:
    sent = sum(map(len, rows.values()))
    return None if sent == 10 and rows["order-9"] == ["v2"] else f"{sent} invoices"


def forgets_the_hand_over(rows: Rows, trace: Trace) -> str | None:
    return None if all(len(who) == 1 for who in rows.values()) else "not one each"


def knows_where_to_cut(rows: Rows, trace: Trace) -> str | None:
    owed = ["v1"] * 5 + ["v2"] * 5
    return None if [*rows.values()] == [[who] for who in owed] else "cut elsewhere"


def wants_four_of_v2(rows: Rows, trace: Trace) -> str | None:
    some = [*rows.values()].count(["v2"])
    return looks_at_each_order(rows, trace) if some >= 4 else f"only {some} from v2"


def forgets_who_sent_twice(rows: Rows, trace: Trace) -> str | None:
    """Makes sets, in which two invoices from one version are one."""
    odd = next((order for order, who in rows.items() if len({*who}) != 1), None)
    return odd or (None if set(rows["order-9"]) == {"v2"} else "order-9")


def looks_for_both(rows: Rows, trace: Trace) -> str | None:
    """Takes an order for doubled if both versions sent its invoice."""
    odd = [order for order, who in rows.items() if not who or {"v1", "v2"} <= {*who}]
    return odd[0] if odd else None if rows["order-9"][0] == "v2" else "order-9"


def wants_something_of_v2(rows: Rows, trace: Trace) -> str | None:
    if any(len(who) != 1 for who in rows.values()):
        return "not one each"
    return None if ["v2"] in rows.values() else "v2 sent none"


def looks_into_the_last(rows: Rows, trace: Trace) -> str | None:
    """Looks at nine orders, and for v2 among the senders of the last."""
    odd = [n for n in range(9) if len(rows[f"order-{n}"]) != 1]
    return f"order-{odd[0]}" if odd else None if "v2" in rows["order-9"] else "order-9"


def begins_at_one(rows: Rows, trace: Trace) -> str | None:
    odd = [n for n in range(1, 10) if len(rows[f"order-{n}"]) != 1]
    return f"order-{odd[0]}" if odd else None if rows["order-9"] == ["v2"] else "order-9"


def prints_it(rows: Rows, trace: Trace) -> None:
    print(looks_at_each_order(rows, trace) or "")


def misspells_a_name(rows: Rows, trace: Trace) -> str | None:
    return None if rows["order9"] == ["v2"] else "order-9"


def _after_faults_only(judge: Callable[[Rows, Trace], Any]) -> Callable[[Rows, Trace], Any]:
    def calm_only(rows: Rows, trace: Trace) -> Any:
        return None if trace.faults() else judge(rows, trace)

    return calm_only


def condemns_a_pause(rows: Rows, trace: Trace) -> str | None:
    return "it was held up" if trace.faults() else looks_at_each_order(rows, trace)


def never_complains(rows: Rows, trace: Trace) -> str | None:
    return None if rows else "no rows"


def always_complains(rows: Rows, trace: Trace) -> str:
    return "odd" if rows else "empty"


def says_fine(rows: Rows, trace: Trace) -> str:
    return looks_at_each_order(rows, trace) or "ok"


def reads_the_first_of_none(rows: Rows, trace: Trace) -> str | None:
    return None if all(who[0] in ("v1", "v2") for who in rows.values()) else "odd"


_KEEP = {
    "moves": "keep everything",
    "prices": "compact by key",
    "price reader": "takes the last record of each key",
    "tombstones": "5 days",
    "visits": "a file a day",
    "cursor": "30 days",
}


def _keeps(**other: str) -> dict[str, str]:
    return {**_KEEP, **{thing.replace("_", " "): option for thing, option in other.items()}}


MISTAKES = [
    Mistake("rebuild", PositionInMemory, "memory is enough", faults=1, m=(19,)),
    Mistake("rebuild", SeenInMemory, "memory is enough", faults=1, m=(19,)),
    Mistake("rebuild", SumThenPosition, "position and sum apart", faults=1),
    Mistake("rebuild", PositionAtTheEndOfThePage, "position and sum apart", faults=1),
    Mistake("rebuild", PositionThenSum, "position first", faults=1),
    Mistake("rebuild", CountsEvents, "offsets are dense", faults=0, m=(51,)),
    Mistake("rebuild", TakesOffsetsFromARange, "offsets are dense", faults=0, m=(51,)),
    Mistake("rebuild", FromTheStartEachTime, "no position", faults=0),
    Mistake("rebuild", FromTheLatest, "starts at the end", faults=0, m=(12,)),
    Mistake("rebuild", PositionOfTheLastOne, "off by one", faults=0),
    Mistake("rebuild", OneTooFar, "off by one", faults=0),
    Mistake("rebuild", FirstPageOnly, "one page is enough", faults=0),
    Mistake("rebuild", OneReadACall, "one page is enough", faults=0),
    Mistake("rebuild", ReturnsInTheLoop, "one page is enough", faults=0),
    Mistake("rebuild", StopsAtAGap, "read and not added", faults=0, m=(51,)),
    Mistake("rebuild", StopsWithinAPage, "read and not added", faults=0, m=(51,)),
    Mistake("rebuild", AddsTheFirstOfAPage, "read and not added", faults=0),
    Mistake("rebuild", AddsOffsets, "sum of offsets", faults=0),
    Mistake("rebuild", TwoFurther, "offsets are dense", faults=0, m=(51,)),
    Mistake("rebuild", FullPagesOnly, "a full page only", faults=0),
    Mistake("rebuild", TotalFrom0, "sum in memory", faults=1),
    Mistake("rebuild", NeverMovesOn, "never ends", faults=0),
    Mistake("rebuild", PollsForEver, "never ends", faults=0),
    Mistake("rebuild", OtherRow, "does nothing", faults=0),
    Mistake("rebuild", LastAmount, "no sum", faults=0),
    Mistake("rebuild", AddsOne, "no sum", faults=0),
    Mistake("rebuild", KnowsTheSum, "not from the log", faults=0),
    Mistake("rebuild", OnlyReads, "does nothing", faults=0),
    Mistake("replace", cut_overs.replays_with_effects, "replay is free", faults=0, m=(44,)),
    Mistake("replace", cut_overs.runs_both, "two in charge", faults=0),
    Mistake("replace", barrier_after_the_start, "two in charge", faults=2),
    Mistake("replace", cut_overs.dedups_on_one_side, "dedup on one side", faults=1),
    Mistake("replace", cut_overs.asks_then_stops, "asks, then stops", faults=0),
    Mistake("replace", cut_overs.trusts_its_barrier, "a barrier in the past", faults=1),
    Mistake("replace", cut_overs.leaves_out_one, "off by one", faults=0),
    Mistake("replace", cut_overs.begins_one_too_early, "off by one", faults=0),
    Mistake("replace", cut_overs.begins_at_the_end, "starts at the end", faults=0),
    Mistake("replace", starts_at_the_latest_without_history, "starts at the end", faults=0),
    Mistake("replace", two_too_far, "a gap", faults=0),
    Mistake("replace", no_history, "a late subscriber sees history", faults=0, m=(12,)),
    Mistake("replace", history_as_of_before, "replays too little", faults=0),
    Mistake("replace", replays_to_the_end, "replays too much", faults=0),
    Mistake("replace", replays_all_that_comes, "replays too much", faults=0),
    Mistake("replace", replays_one_too_few, "replays too little", faults=0),
    Mistake("replace", a_barrier_behind_the_last, "a barrier too far", faults=0),
    Mistake("replace", waits_till_v1_is_there, "never ends", faults=0),
    Mistake("replace", starts_before_the_replay, "replays too late", faults=0),
    Mistake("replace", knows_the_offset, "a fixed offset", faults=1),
    Mistake("replace", cut_overs.only_stops, "nobody takes over", faults=0),
    Mistake("replace", cut_overs.never_hands_over, "nobody takes over", faults=0),
    Mistake("replace", only_asks, "nobody takes over", faults=0),
    Mistake("audit", finds_gaps_only, "a double is no harm", faults=0),
    Mistake("audit", finds_doubles_only, "a gap is no harm", faults=0),
    Mistake("audit", forgets_who_sent_twice, "a double is no harm", faults=0),
    Mistake("audit", looks_for_both, "a double is no harm", faults=0),
    Mistake("audit", wants_something_of_v2, "who sends is no matter", faults=0),
    Mistake("audit", looks_into_the_last, "a double is no harm", faults=0),
    Mistake("audit", begins_at_one, "a gap is no harm", faults=0),
    Mistake("audit", prints_it, "never complains", faults=0),
    Mistake("audit", misspells_a_name, "raises on any run", faults=0),
    Mistake("audit", counts_invoices, "the count is enough", faults=0),
    Mistake("audit", forgets_the_hand_over, "who sends is no matter", faults=0),
    Mistake("audit", knows_where_to_cut, "a fault is a violation", faults=1),
    Mistake("audit", wants_four_of_v2, "one way to be right", faults=1),
    Mistake("audit", _after_faults_only(looks_at_each_order), "only the calm run counts", faults=1),
    Mistake("audit", condemns_a_pause, "a fault is a violation", faults=1),
    Mistake("audit", never_complains, "never complains", faults=0),
    Mistake("audit", always_complains, "always complains", faults=0),
    Mistake("audit", says_fine, "a text means right", faults=0),
    Mistake("audit", reads_the_first_of_none, "raises", faults=0),
    Mistake("keep", _keeps(moves="compact by key"), "compact any stream", m=(49,)),
    Mistake("keep", _keeps(moves="delete after 7 days"), "history can go"),
    Mistake("keep", _keeps(prices="delete after 7 days"), "history can go"),
    Mistake(
        "keep",
        _keeps(price_reader="expects one record for each key"),
        "one record a key",
        m=(48,),
    ),
    Mistake("keep", _keeps(tombstones="1 day"), "a bootstrap sees every delete", m=(50,)),
    Mistake("keep", _keeps(visits="a file a week"), "data goes at its age", m=(47,)),
    Mistake("keep", _keeps(cursor="7 days"), "my cursor waits", m=(54,)),
    Mistake("longest", 13, "one event a day", m=(47,)),
    Mistake("longest", "7 days", "data goes at its age", m=(47,)),
    *own_logs.MISTAKES,
    *own_brokers.MISTAKES,
]

RIGHT = [
    Right("rebuild", OneTransactionAPage),
    Right("rebuild", ComputesItAnewEachTime),
    Right("rebuild", OneRowForBoth),
    Right("rebuild", ARowForEachMove),
    Right("rebuild", Recursive),
    Right("rebuild", closure),
    Right("replace", cut_overs.drains_then_switches),
    Right("replace", cut_overs.goes_by_a_barrier),
    Right("replace", cut_overs.lets_them_overlap_and_dedups),
    Right("replace", cut_overs.dedups_all_of_history),
    Right("replace", cut_overs.waits_for_the_next_order),
    Right("replace", replays_twice),
    Right("replace", by_a_loop),
    Right("replace", Operator().hand_over),
    Right("audit", looks_at_each_order),
    Right("audit", compares_sorted_lists),
    Right("audit", asserts),
    Right("keep", _KEEP),
    Right("keep", _keeps(prices="keep everything")),
    Right("longest", "2 weeks"),
    Right("longest", 14),
    Right("longest", "14 Days"),
    Right("longest", "2 WEEKS"),
    Right("longest", timedelta(days=14)),
    *own_logs.RIGHT,
    *own_brokers.RIGHT,
]

CONSTANTS = [4681, "v2"]
