"""Answers to exercise 08: accounts, views, screens, upcasters, snapshots and oracles of views."""

from __future__ import annotations

import math
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Any

from pubsub_kit import Conflict, call, clock
from pubsub_kit.checks.systems import event_sourcing_cqrs as on_trial
from pubsub_kit.patterns.aggregate import Aggregate
from pubsub_kit.scenarios.event_sourcing_cqrs import views
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Trace
from tests.mistakes import Mistake, Right

DONE = {"withdraw": "withdrawn", "deposit": "deposited"}
Fields = dict[str, Any]

# --- aggregate: right -----------------------------------------------------------------------------


def change(event: Any) -> int:
    return int(event["amount"]) * (1 if event["type"] == "deposited" else -1)


class Account:
    """As the solution does it, in parts that the wrong ones change."""

    def __init__(self, log: Any) -> None:
        self.log = log

    async def handle(self, command: Fields) -> str:
        while True:
            events = await self.log.read(command["account"])
            if self.is_done(events, command):
                return "ok"
            if self.is_refused(self.balance(events), command):
                return "refused"
            try:
                await self.append(command, len(events))
            except Conflict:
                continue
            return "ok"

    def is_done(self, events: list[Any], command: Fields) -> bool:
        return any(event["id"] == command["id"] for event in events)

    def balance(self, events: list[Any]) -> int:
        return sum(map(change, events))

    def is_refused(self, balance: int, command: Fields) -> bool:
        return bool(command["type"] == "withdraw" and command["amount"] > min(balance, 100))

    async def append(self, command: Fields, expected: int | None) -> None:
        event = {"type": DONE[command["type"]], "id": command["id"], "amount": command["amount"]}
        await self.log.append(command["account"], event, expected=expected)


class LetsTheConflictThrough(Account):
    """Raises, and the client asks again."""

    async def handle(self, command: Fields) -> str:
        events = await self.log.read(command["account"])
        if self.is_done(events, command):
            return "ok"
        if self.is_refused(self.balance(events), command):
            return "refused"
        await self.append(command, len(events))
        return "ok"


class ByRecursion(LetsTheConflictThrough):
    async def handle(self, command: Fields) -> str:
        try:
            return await super().handle(command)
        except Conflict:
            return await self.handle(command)


@dataclass(frozen=True)
class State:
    """What the events of an account make."""

    version: int = 0
    balance: int = 0
    done: frozenset[str] = frozenset()

    def after(self, event: Any) -> State:
        return State(self.version + 1, self.balance + change(event), self.done | {event["id"]})


def with_a_state(log: Any) -> Any:
    """Folds into a dataclass, and adds fields to its events."""

    async def handle(command: Fields) -> str:
        while True:
            state = reduce(State.after, await log.read(command["account"]), State())
            if command["id"] in state.done:
                return "ok"
            if command["type"] == "withdraw":
                if command["amount"] > 100 or command["amount"] > state.balance:
                    return "refused"
                left = state.balance - command["amount"]
                new = {"type": "withdrawn", "why": "asked at a branch", "left": left}
            else:
                new = {"type": "deposited"}
            new |= {"id": command["id"], "amount": command["amount"]}
            with suppress(Conflict):
                await log.append(command["account"], new, expected=state.version)
                return "ok"

    return handle


class ByThePattern:
    """Uses the kit's Aggregate."""

    def __init__(self, log: Any) -> None:
        self.log = log

    async def handle(self, command: Fields) -> str:
        def decide(balance: int, command: Any) -> list[Fields]:
            if command["type"] == "withdraw" and command["amount"] > min(balance, 100):
                return []
            return [{"type": DONE[command["type"]], "id": command["id"],
                     "amount": command["amount"]}]  # fmt: skip

        account = Aggregate(
            self.log, command["account"], decide, lambda sum, event: sum + change(event), 0
        )
        return "ok" if await account.execute(command) else "refused"


class KeepsWhatItRead:
    """A cache of the stream, read on from where it ends: a conflict shows that it is old."""

    def __init__(self, log: Any) -> None:
        self.log, self.known = log, dict[str, list[Any]]()

    async def handle(self, command: Fields) -> str:
        account = command["account"]
        while True:
            known = self.known.get(account, [])
            known = [*known, *await self.log.read(account, after=len(known))]
            self.known[account] = known
            if command["id"] in [event["id"] for event in known]:
                return "ok"
            if command["type"] == "withdraw" and command["amount"] > min(
                100, sum(map(change, known))
            ):
                return "refused"
            with suppress(Conflict):
                await Account(self.log).append(command, len(known))
                return "ok"


# --- aggregate: wrong -----------------------------------------------------------------------------


class AppendsAgain(Account):
    async def handle(self, command: Fields) -> str:
        account = command["account"]
        events = await self.log.read(account)
        if self.is_done(events, command):
            return "ok"
        if self.is_refused(self.balance(events), command):
            return "refused"
        while True:
            try:
                await self.append(command, len(events))
                return "ok"
            except Conflict:
                events = await self.log.read(account)


class AppendsAnywhereAfterAConflict(LetsTheConflictThrough):
    async def append(self, command: Fields, expected: int | None) -> None:
        try:
            await super().append(command, expected)
        except Conflict:
            await super().append(command, None)


class AnyVersion(Account):
    async def append(self, command: Fields, expected: int | None) -> None:
        await super().append(command, None)


class ReadsTheEndAgain(Account):
    """Asks for the version just before it appends: a look that is not the decision's."""

    async def append(self, command: Fields, expected: int | None) -> None:
        await super().append(command, len(await self.log.read(command["account"])))


class NeverLooks(Account):
    def is_refused(self, balance: int, command: Fields) -> bool:
        return False


class KnowsNoLimit(Account):
    def is_refused(self, balance: int, command: Fields) -> bool:
        return bool(command["type"] == "withdraw" and command["amount"] > balance)


class KnowsNoRepeat(Account):
    def is_done(self, events: list[Any], command: Fields) -> bool:
        return False


class RemembersIdsInMemory(Account):
    def __init__(self, log: Any) -> None:
        super().__init__(log)
        self.done: set[str] = set()

    def is_done(self, events: list[Any], command: Fields) -> bool:
        return command["id"] in self.done

    async def append(self, command: Fields, expected: int | None) -> None:
        await super().append(command, expected)
        self.done.add(command["id"])


class ApplyRefuses(Account):
    def balance(self, events: list[Any]) -> int:
        has = 0
        for event in events:
            if event["type"] == "withdrawn" and event["amount"] > 100:
                raise ValueError("over the limit")
            has += change(event)
        return has


class ApplyLeavesOut(Account):
    def balance(self, events: list[Any]) -> int:
        return sum(change(e) for e in events if e["type"] == "deposited" or e["amount"] <= 100)


class NoId(Account):
    async def append(self, command: Fields, expected: int | None) -> None:
        event = {"type": DONE[command["type"]], "id": "?", "amount": command["amount"]}
        await self.log.append(command["account"], event, expected=expected)


class AlwaysAnn(Account):
    async def append(self, command: Fields, expected: int | None) -> None:
        await super().append({**command, "account": "ann"}, None)


class AppendsTheCommand(Account):
    async def append(self, command: Fields, expected: int | None) -> None:
        await self.log.append(command["account"], command, expected=expected)


class WritesRowsItself(Account):
    """Goes past append, to the rows of the store."""

    async def append(self, command: Fields, expected: int | None) -> None:
        event = {"type": DONE[command["type"]], "id": command["id"], "amount": command["amount"]}
        await self.log.put(f"{command['account']} {(expected or 0) + 1}", event)


class SwallowsTheConflict(LetsTheConflictThrough):
    async def append(self, command: Fields, expected: int | None) -> None:
        with suppress(Conflict):
            await super().append(command, expected)


class RefusesARepeat(Account):
    async def handle(self, command: Fields) -> str:
        events = await self.log.read(command["account"])
        return "refused" if self.is_done(events, command) else await super().handle(command)


class RefusesOneHundred(Account):
    def is_refused(self, balance: int, command: Fields) -> bool:
        return bool(command["type"] == "withdraw" and command["amount"] >= min(balance, 100))


class RefusesAConflict(LetsTheConflictThrough):
    async def handle(self, command: Fields) -> str:
        try:
            return await super().handle(command)
        except Conflict:
            return "refused"


class TriesThreeTimes(LetsTheConflictThrough):
    async def handle(self, command: Fields) -> str:
        for _ in range(3):
            with suppress(Conflict):
                return await super().handle(command)
        return "refused"


class LooksForItsIdAlone(RefusesAConflict):
    """After a Conflict, only another try of the same command is "ok"."""

    async def handle(self, command: Fields) -> str:
        said = await super().handle(command)
        events = await self.log.read(command["account"])
        return "ok" if self.is_done(events, command) else said


class ReadsBeforeItsLoop(Account):
    async def handle(self, command: Fields) -> str:
        events = await self.log.read(command["account"])
        while True:
            if self.is_done(events, command):
                return "ok"
            if self.is_refused(self.balance(events), command):
                return "refused"
            with suppress(Conflict):
                await self.append(command, len(events))
                return "ok"


class ExpectsOneMore(Account):
    async def append(self, command: Fields, expected: int | None) -> None:
        await super().append(command, (expected or 0) + 1)


class ExpectsNone(Account):
    async def append(self, command: Fields, expected: int | None) -> None:
        await super().append(command, 0)


class ExpectsTheBalance(Account):
    async def append(self, command: Fields, expected: int | None) -> None:
        await super().append(command, self.balance(await self.log.read(command["account"])))


class KeepsItsFirstVersion(Account):
    async def handle(self, command: Fields) -> str:
        self.first = len(await self.log.read(command["account"]))
        return await super().handle(command)

    async def append(self, command: Fields, expected: int | None) -> None:
        await super().append(command, self.first)


class ReadsAnn(Account):
    """Decides on ann's events, and appends to whoever's account it is."""

    async def handle(self, command: Fields) -> str:
        self.account = command["account"]
        return await super().handle({**command, "account": "ann"})

    async def append(self, command: Fields, expected: int | None) -> None:
        await super().append({**command, "account": self.account}, expected)


class LooksForTheIdOnce(Account):
    async def handle(self, command: Fields) -> str:
        events = await self.log.read(command["account"])
        if self.is_done(events, command):
            return "ok"
        while not self.is_refused(self.balance(events), command):
            with suppress(Conflict):
                await self.append(command, len(events))
                return "ok"
            events = await self.log.read(command["account"])
        return "refused"


class DepositsAtAnyVersion(Account):
    async def append(self, command: Fields, expected: int | None) -> None:
        await super().append(command, None if command["type"] == "deposit" else expected)


class AppendsTwo(Account):
    async def append(self, command: Fields, expected: int | None) -> None:
        event = {"type": DONE[command["type"]], "id": command["id"], "amount": command["amount"]}
        await self.log.append(command["account"], event, event, expected=expected)


class SaysOk(Account):
    async def handle(self, command: Fields) -> str:
        return "ok"


class TakesLikeForTheSame(Account):
    """Knows a repeat by its type and amount."""

    def is_done(self, events: list[Any], command: Fields) -> bool:
        new = DONE[command["type"]], command["amount"]
        return new in [(event["type"], event["amount"]) for event in events]


class RaisesItsRefusal(Account):
    async def handle(self, command: Fields) -> str:
        if (said := await super().handle(command)) == "refused":
            raise ValueError("refused")
        return said


class RefusesTheWholeBalance(Account):
    def is_refused(self, balance: int, command: Fields) -> bool:
        amount = command["amount"]
        return bool(command["type"] == "withdraw" and (amount >= balance or amount > 100))


class SaysDone(Account):
    async def handle(self, command: Fields) -> str:
        return (await super().handle(command)).upper()


class KeepsAnOldCopy(Account):
    """Reads once, at the start, and every append is a conflict from then on."""

    def __init__(self, log: Any) -> None:
        super().__init__(log)
        self.events: list[Any] | None = None

    async def handle(self, command: Fields) -> str:
        if self.events is None:
            self.events = await self.log.read(command["account"])
        if self.is_refused(self.balance(self.events), command):
            return "refused"
        await self.append(command, len(self.events))
        return "ok"


# --- projection -----------------------------------------------------------------------------------


class View(on_trial.View):
    """In one transaction."""


class OneRowForAll:
    """Writes all rows at once, from its own count of what there is."""

    def __init__(self, db: Any) -> None:
        self.db = db

    async def handle(self, event: Any) -> None:
        data = event.data
        async with self.db.transaction() as tx:
            at, ann, cy = [await tx.get(name, 0) for name in ("position", "ann", "cy")]
            if data["position"] != at + 1:
                return
            both = {"ann": ann, "cy": cy}
            both[data["account"]] += change(data)
            for name, value in (both | {"position": at + 1}).items():
                await tx.put(name, value)


class RefusesWhatIsEarly(View):
    """Raises for a gap, so that the event comes again."""

    async def handle(self, event: Any) -> None:
        at = await self.db.get("position", 0)
        if event.data["position"] > at + 1:
            raise LookupError(f"{at + 1} comes first")
        await super().handle(event)


class KeepsAllEvents:
    """Each event is a row, and the view is their sum, put in place in one transaction."""

    def __init__(self, db: Any) -> None:
        self.db = db

    async def handle(self, event: Any) -> None:
        await self.db.put(f"event {event.data['position']:03}", event.data)
        known = [*(await self.db.scan("event ")).values()]
        sums = Counter(ann=0, cy=0)
        for data in known:
            sums[data["account"]] += change(data)
        async with self.db.transaction() as tx:
            for name, value in {**sums, "position": len(known)}.items():
                await tx.put(name, value)


class MarksAndBooks(View):
    """An inbox beside the position: right, and twice the rows."""

    async def handle(self, event: Any) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await self.book(tx, event.data)
                await tx.add("position", 1)


class AddsEachTime(View):
    async def handle(self, event: Any) -> None:
        async with self.db.transaction() as tx:
            await self.book(tx, event.data)
            await tx.put("position", max(await tx.get("position", 0), event.data["position"]))


class PositionInMemory(View):
    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self.at = 0

    async def handle(self, event: Any) -> None:
        if event.data["position"] <= self.at:
            return
        async with self.db.transaction() as tx:
            await self.book(tx, event.data)
            await tx.put("position", event.data["position"])
        self.at = event.data["position"]


class WritesThePositionAsItComes(View):
    """Books each event once, and takes over whatever position comes."""

    async def handle(self, event: Any) -> None:
        async with self.db.transaction() as tx:
            for name, value in views.fold(event.data["position"]).items():
                await tx.put(name, value)


class RunsAhead(View):
    async def handle(self, event: Any) -> None:
        if event.data["position"] > await self.db.get("position", 0):
            await self.db.put("position", event.data["position"])
            await self.book(self.db, event.data)


class LagsBehindItself(View):
    async def handle(self, event: Any) -> None:
        if event.data["position"] > await self.db.get("position", 0):
            await self.book(self.db, event.data)
            await self.db.put("position", event.data["position"])


class BooksWithoutPosition(View):
    async def handle(self, event: Any) -> None:
        await self.book(self.db, event.data)


class TakesAway(View):
    def change(self, data: Fields) -> int:
        return -super().change(data)


class BooksTwo(View):
    """Skips the third, since it comes after a pause, it thinks."""

    async def handle(self, event: Any) -> None:
        if event.data["position"] <= 3:
            await super().handle(event)


class SkipsTheFirst(View):
    async def handle(self, event: Any) -> None:
        async with self.db.transaction() as tx:
            if event.data["position"] > await tx.get("position", 1):
                await self.book(tx, event.data)
                await tx.put("position", event.data["position"])


class PositionBesideTheTransaction(View):
    async def handle(self, event: Any) -> None:
        async with self.db.transaction() as tx:
            if event.data["position"] > await tx.get("position", 0):
                await self.book(tx, event.data)
                await self.db.put("position", event.data["position"])


class CountsWhatComes(View):
    async def handle(self, event: Any) -> None:
        async with self.db.transaction() as tx:
            await self.book(tx, event.data)
            await tx.add("position", 1)


class BalancesInMemory(View):
    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self.rows = {"position": 0, "ann": 0, "cy": 0}

    async def handle(self, event: Any) -> None:
        if event.data["position"] > self.rows["position"]:
            self.rows[event.data["account"]] += self.change(event.data)
            self.rows["position"] = event.data["position"]
            async with self.db.transaction() as tx:
                for name, value in self.rows.items():
                    await tx.put(name, value)


class CountsFromZero(View):
    async def handle(self, event: Any) -> None:
        async with self.db.transaction() as tx:
            if event.data["position"] - 1 > await tx.get("position", -1):
                await self.book(tx, event.data)
                await tx.put("position", event.data["position"] - 1)


class KeepsOneRow(View):
    async def handle(self, event: Any) -> None:
        view = await self.db.get("view", {"position": 0, "ann": 0, "cy": 0})
        if event.data["position"] > view["position"]:
            view[event.data["account"]] += self.change(event.data)
            await self.db.put("view", {**view, "position": event.data["position"]})


class LimitsWhatHappened(View):
    def change(self, data: Fields) -> int:
        return (
            super().change({**data, "amount": min(data["amount"], 100)})
            if (data["type"] == "withdrawn")
            else super().change(data)
        )


# --- upcast ---------------------------------------------------------------------------------------


def upcast(event: Fields) -> Fields:
    if event["v"] == 2 or "amount" not in event:
        return event
    kept = {"type": event["type"], "cents": event["amount"] * 100}
    return {"v": 2, **kept, "currency": "EUR", "rate": None}


def upcast_in_place(event: Fields) -> Fields:
    if "amount" in event:
        event.update(v=2, cents=event.pop("amount") * 100, currency="EUR", rate=None)
    return event


async def upcast_awaited(event: Fields) -> Fields:
    return upcast(dict(event))


def upcast_by_a_chain(event: Fields) -> Fields:
    """From each version to the next one, by a table."""
    steps = {(1, "deposited"): upcast, (1, "withdrawn"): upcast}
    step = steps.get((event["v"], event["type"]))
    return upcast_by_a_chain(step(event)) if step else event


async def calls_for_the_rate(event: Fields) -> Fields:
    new = upcast(event)
    return {**new, "rate": await call("rates", "EUR")} if new is not event else event


def reads_the_clock(event: Fields) -> Fields:
    new = upcast(event)
    return {**new, "rate": 1.1 if clock() < 1 else 1.3} if new is not event else event


def invents_a_rate(event: Fields) -> Fields:
    new = upcast(event)
    return {**new, "rate": 1.0} if new is not event else event


def fills_in_a_rate(event: Fields) -> Fields:
    new = upcast(event)
    return {**new, "rate": 1.0} if new is event and new.get("rate", 1) is None else new


def adds_a_field(event: Fields) -> Fields:
    new = upcast(event)
    return {**new, "upcast": True} if new is not event else event


def returns_a_list(event: Fields) -> list[Fields]:
    return [upcast(event)]


def leaves_the_rate_out(event: Fields) -> Fields:
    return {key: value for key, value in upcast(event).items() if key != "rate" or value}


def returns_it_as_it_is(event: Fields) -> Fields:
    return event


def leaves_withdrawals(event: Fields) -> Fields:
    return upcast(event) if event["type"] == "deposited" else event


def converts_again(event: Fields) -> Fields:
    cents = 100 * int(event.get("cents") or event.get("amount", 0))
    if event["type"] == "renamed":
        return event
    return {"v": 2, "type": event["type"], "cents": cents, "currency": "EUR", "rate": None}


def bumps_every_version(event: Fields) -> Fields:
    return {**upcast(event), "v": 2}


def takes_euros_for_cents(event: Fields) -> Fields:
    new = upcast(event)
    return {**new, "cents": event["amount"]} if new is not event else event


def returns_only_new_ones(event: Fields) -> Fields | None:
    new = upcast(event)
    return new if new is not event else None


# --- audit ----------------------------------------------------------------------------------------


def folded(log: Any, position: int) -> dict[str, int]:
    sums = Counter(ann=0, cy=0)
    for event in log[:position]:
        sums[event["account"]] += change(event)
    return {"position": position, **sums}


def three_rules(rows: Fields, trace: Trace) -> str | None:
    before = 0
    for seen in rows["seen"]:
        if seen != folded(rows["log"], seen["position"]):
            return f"at {seen['position']}: {seen}"
        if seen["position"] < before:
            return "it fell"
        before = seen["position"]
    return None if before == len(rows["log"]) else f"it stays at {before}"


def with_asserts(rows: Fields, trace: Trace) -> None:
    looks, log = [folded([], 0), *rows["seen"]], rows["log"]
    assert all(a["position"] <= b["position"] for a, b in pairwise(looks)), "time runs backwards"
    assert looks == [folded(log, look["position"]) for look in looks]
    assert looks[-1] == folded(log, len(log))


def by_running_sums(rows: Fields, trace: Trace) -> list[str]:
    states = [folded(rows["log"], n) for n in range(len(rows["log"]) + 1)]
    at, wrong = 0, []
    for look in rows["seen"]:
        if look not in states[at:]:
            wrong.append(f"{look} is no state from {at} on")
        at = max(at, look["position"])
    return wrong if at == len(states) - 1 else [*wrong, "not at the end"]


def from_the_trace(rows: Fields, trace: Trace) -> Violation | None:
    """Follows the writes of the trace itself."""
    held: Fields = folded([], 0)
    at = 0
    for i, step in enumerate(trace):
        if step.kind == "effect":
            held |= {k: v for k, v in step.data[2].items() if k in held}
            if held != folded(rows["log"], held["position"]) or held["position"] < at:
                return Violation(f"{held}", i)
            at = held["position"]
    return None if at == len(rows["log"]) else Violation("not at the end", len(trace) - 1)


def judges_the_end(rows: Fields, trace: Trace) -> str | None:
    last = rows["seen"][-1] if rows["seen"] else None
    return None if last == folded(rows["log"], len(rows["log"])) else f"it ends with {last}"


def never_asks_for_the_end(rows: Fields, trace: Trace) -> str | None:
    return next((str(s) for s in rows["seen"] if s != folded(rows["log"], s["position"])), None)


def lets_it_fall(rows: Fields, trace: Trace) -> str | None:
    last = rows["seen"][-1]["position"] if rows["seen"] else 0
    wrong = [s for s in rows["seen"] if s != folded(rows["log"], s["position"])]
    return "wrong" if wrong or last != len(rows["log"]) else None


def allows_no_lag(rows: Fields, trace: Trace) -> str | None:
    late = [step for step in trace.of("effect") if step.time > 1]
    return "it lags" if late and not trace.faults() else three_rules(rows, trace)


def adds_what_was_withdrawn(rows: Fields, trace: Trace) -> str | None:
    log = [{**event, "type": "deposited"} for event in rows["log"]]
    return three_rules({**rows, "log": log}, trace)


def wants_every_position(rows: Fields, trace: Trace) -> str | None:
    positions = sorted({seen["position"] for seen in rows["seen"]} - {0})
    if positions != [*range(1, len(rows["log"]) + 1)]:
        return f"it was seen at {positions} alone"
    return three_rules(rows, trace)


def looks_at_ann_alone(rows: Fields, trace: Trace) -> str | None:
    looks = [{**s, "cy": folded(rows["log"], s["position"])["cy"]} for s in rows["seen"]]
    return three_rules({**rows, "seen": looks}, trace)


def looks_at_positions_alone(rows: Fields, trace: Trace) -> str | None:
    looks = [
        {**folded(rows["log"], s["position"]), **({"ann": 0} if s["ann"] < 0 else {})}
        for s in rows["seen"]
        if s["ann"] or s["cy"]
    ]
    return three_rules({**rows, "seen": looks}, trace)


def never_complains(rows: Fields, trace: Trace) -> str | None:
    return "no trace" if not trace else None


def always_complains(rows: Fields, trace: Trace) -> str:
    return f"{len(rows)} rows"


def says_ok(rows: Fields, trace: Trace) -> str:
    return three_rules(rows, trace) or "ok"


def raises_if_nobody_looked(rows: Fields, trace: Trace) -> str | None:
    return three_rules(rows, trace) if rows["seen"][-1] else "nothing"


def excuses_faults(rows: Fields, trace: Trace) -> str | None:
    return None if trace.faults() else three_rules(rows, trace)


def condemns_crashes(rows: Fields, trace: Trace) -> str | None:
    return "it crashed" if trace.of("crash") else three_rules(rows, trace)


def rules(rows: Fields, honest: Any = None, pairs: Any = None, end: Any = None) -> str | None:
    """Judge by three rules, of which any may be another one."""
    log, looks = rows["log"], rows["seen"]
    honest = honest or (lambda look: look == folded(log, look["position"]))
    pairs = pairs or (lambda a, b: a["position"] <= b["position"])
    if not all(map(honest, looks)) or not all(pairs(a, b) for a, b in pairwise(looks)):
        return "dishonest"
    last = looks[-1]["position"] if looks else 0
    return None if (end or (lambda last: last == len(log)))(last) else "no end"


def compares_with_the_whole_log(rows: Fields, trace: Trace) -> str | None:
    whole = folded(rows["log"], len(rows["log"]))
    return rules(rows, honest=lambda look: {**look, "position": whole["position"]} == whole)


def lets_no_balance_fall(rows: Fields, trace: Trace) -> str | None:
    return rules(rows, pairs=lambda a, b: a["ann"] <= b["ann"] and a["cy"] <= b["cy"])


def wants_an_end_before_the_end(rows: Fields, trace: Trace) -> str | None:
    return rules(rows, end=lambda last: last == len(rows["log"]) - 1)


def takes_one_event_too_few(rows: Fields, trace: Trace) -> str | None:
    def honest(look: Fields) -> bool:
        return look == {**folded(rows["log"], look["position"] - 1), "position": look["position"]}

    return rules(rows, honest=honest)


def wants_each_look_to_move(rows: Fields, trace: Trace) -> str | None:
    return rules(rows, pairs=lambda a, b: a["position"] < b["position"])


def swaps_its_answers(rows: Fields, trace: Trace) -> str | None:
    return None if three_rules(rows, trace) else "honest"


def returns_an_empty_text(rows: Fields, trace: Trace) -> str | None:
    return "" if three_rules(rows, trace) else None


def asks_for_another_row(rows: Fields, trace: Trace) -> str | None:
    return rows["looks"] and None


def skips_the_first_look(rows: Fields, trace: Trace) -> str | None:
    looks = rows["seen"]
    first = [folded(rows["log"], look["position"]) for look in looks[:1]]
    return three_rules({**rows, "seen": [*first, *looks[1:]]}, trace)


def skips_the_last_look(rows: Fields, trace: Trace) -> str | None:
    looks = rows["seen"]
    last = [folded(rows["log"], look["position"]) for look in looks[-1:]]
    return three_rules({**rows, "seen": [*looks[:-1], *last]}, trace)


def takes_any_state(rows: Fields, trace: Trace) -> str | None:
    states = [folded(rows["log"], n) for n in range(len(rows["log"]) + 1)]
    return rules(
        rows, lambda look: any({**s, "position": look["position"]} == look for s in states)
    )


def adds_ann_and_cy(rows: Fields, trace: Trace) -> str | None:
    def honest(look: Fields) -> bool:
        state = folded(rows["log"], look["position"])
        return bool(look["ann"] + look["cy"] == state["ann"] + state["cy"])

    return rules(rows, honest=honest)


def leaves_out_the_first_pair(rows: Fields, trace: Trace) -> str | None:
    start = rules({**rows, "seen": rows["seen"][:1]}, end=lambda last: True)
    return start or rules({**rows, "seen": rows["seen"][1:] or rows["seen"]})


def leaves_out_the_last_pair(rows: Fields, trace: Trace) -> str | None:
    judged = rules({**rows, "seen": rows["seen"][:-1]}, end=lambda last: True)
    return judged or rules({**rows, "seen": rows["seen"][-1:]})


def screens(balance: int, email: int) -> dict[str, str]:
    from pubsub_kit.scenarios.event_sourcing_cqrs.screens import OPTIONS

    return {"balance": OPTIONS["balance"][balance], "email": OPTIONS["email"][email]}


MISTAKES = [
    Mistake("aggregate", AppendsAgain, "append again", faults=1, m=(55,)),
    Mistake("aggregate", AppendsAnywhereAfterAConflict, "append again", faults=1, m=(55,)),
    Mistake("aggregate", AnyVersion, "any version", faults=1, m=(56,)),
    Mistake("aggregate", ReadsTheEndAgain, "any version", faults=1, m=(56,)),
    Mistake("aggregate", NeverLooks, "no rule", faults=0),
    Mistake("aggregate", KnowsNoLimit, "no rule", faults=0),
    Mistake("aggregate", KnowsNoRepeat, "a repeat is a new command", faults=0),
    Mistake("aggregate", RemembersIdsInMemory, "a repeat is a new command", faults=0),
    Mistake("aggregate", ApplyRefuses, "apply may refuse", faults=0, m=(57,)),
    Mistake("aggregate", ApplyLeavesOut, "apply may refuse", faults=0, m=(57,)),
    Mistake("aggregate", NoId, "another event", faults=0),
    Mistake("aggregate", AlwaysAnn, "another event", faults=0),
    Mistake("aggregate", AppendsTheCommand, "another event", faults=0),
    Mistake("aggregate", WritesRowsItself, "any version", faults=1, m=(56,)),
    Mistake("aggregate", SwallowsTheConflict, "ok without event", faults=1),
    Mistake("aggregate", RefusesARepeat, "refuses what it should do", faults=0),
    Mistake("aggregate", RefusesOneHundred, "refuses what it should do", faults=0),
    Mistake("aggregate", RefusesTheWholeBalance, "refuses what it should do", faults=0),
    Mistake("aggregate", RefusesAConflict, "a conflict is a refusal", faults=1),
    Mistake("aggregate", TriesThreeTimes, "a conflict is a refusal", faults=1),
    Mistake("aggregate", LooksForItsIdAlone, "a conflict is a refusal", faults=1),
    Mistake("aggregate", ReadsBeforeItsLoop, "expects an old version", faults=1),
    Mistake("aggregate", KeepsItsFirstVersion, "expects an old version", faults=1),
    Mistake("aggregate", ExpectsOneMore, "expects an old version", faults=0),
    Mistake("aggregate", ExpectsNone, "expects an old version", faults=0),
    Mistake("aggregate", ExpectsTheBalance, "expects an old version", faults=0),
    Mistake("aggregate", ReadsAnn, "expects an old version", faults=0),
    Mistake("aggregate", LooksForTheIdOnce, "looks for the id once", faults=1),
    Mistake("aggregate", DepositsAtAnyVersion, "any version", faults=1),
    Mistake("aggregate", AppendsTwo, "two events", faults=0),
    Mistake("aggregate", SaysOk, "ok without append", faults=0),
    Mistake("aggregate", TakesLikeForTheSame, "ok without append", faults=0),
    Mistake("aggregate", RaisesItsRefusal, "raises its answer", faults=0),
    Mistake("aggregate", SaysDone, "another answer", faults=0),
    Mistake("aggregate", KeepsAnOldCopy, "never answers", faults=0),
    Mistake("projection", AddsEachTime, "counts a repeat", faults=1, m=(25,)),
    Mistake("projection", PositionInMemory, "counts a repeat", faults=1),
    Mistake("projection", BooksWithoutPosition, "no position", faults=0),
    Mistake("projection", RunsAhead, "two writes", faults=0),
    Mistake("projection", LagsBehindItself, "two writes", faults=0),
    Mistake("projection", WritesThePositionAsItComes, "goes back", faults=1),
    Mistake("projection", on_trial.NeverMoves, "stops on the way", faults=0),
    Mistake("projection", BooksTwo, "stops on the way", faults=0),
    Mistake("projection", on_trial.Skips, "another fold", faults=0),
    Mistake("projection", SkipsTheFirst, "skips an event", faults=0),
    Mistake("projection", PositionBesideTheTransaction, "two writes", faults=0),
    Mistake("projection", CountsWhatComes, "counts a repeat", faults=1),
    Mistake("projection", BalancesInMemory, "forgets its balances", faults=1),
    Mistake("projection", CountsFromZero, "counts from 0", faults=0),
    Mistake("projection", KeepsOneRow, "no position", faults=0),
    Mistake("projection", LimitsWhatHappened, "another fold", faults=0),
    Mistake("projection", TakesAway, "another fold", faults=0),
    Mistake("projection", on_trial.AddsAll, "another fold", faults=0),
    Mistake("screens", screens(0, 3), "reads its own write", faults=0, m=(46,)),
    Mistake("screens", screens(1, 3), "no row, nothing behind", faults=0, m=(61,)),
    Mistake("screens", screens(2, 3), "waits without end", faults=1),
    Mistake("screens", screens(3, 0), "a view guards uniqueness", faults=0, m=(60,)),
    Mistake("screens", screens(4, 1), "a view guards uniqueness", faults=0, m=(60,)),
    Mistake("screens", screens(4, 2), "a view guards uniqueness", faults=0, m=(60,)),
    Mistake("upcast", calls_for_the_rate, "looks it up", faults=0, m=(59,)),
    Mistake("upcast", reads_the_clock, "looks it up", faults=0, m=(59,)),
    Mistake("upcast", invents_a_rate, "looks it up", faults=0),
    Mistake("upcast", upcast_in_place, "changes the stored event", faults=0),
    Mistake("upcast", fills_in_a_rate, "changes what is right", faults=0),
    Mistake("upcast", adds_a_field, "one field too many", faults=0),
    Mistake("upcast", returns_a_list, "no event", faults=0),
    Mistake("upcast", leaves_the_rate_out, "another form", faults=0),
    Mistake("upcast", returns_it_as_it_is, "leaves it old", faults=0),
    Mistake("upcast", leaves_withdrawals, "leaves it old", faults=0),
    Mistake("upcast", converts_again, "changes what is right", faults=0),
    Mistake("upcast", bumps_every_version, "changes what is right", faults=0),
    Mistake("upcast", takes_euros_for_cents, "another form", faults=0),
    Mistake("upcast", returns_only_new_ones, "changes what is right", faults=0),
    Mistake("snapshot", [8, 2, 6, 4, 9, 1, 7, 5], "the snapshot is the state", faults=0, m=(58,)),
    Mistake("snapshot", [8, 10, 6, 11, 9, 1, 3, 5], "another state", faults=0),
    Mistake("snapshot", [8, 10, 6, 4, 9, 3, 5], "another state", faults=0),
    Mistake("snapshot", [8, 10, 6, 4, 9, 1, 3], "returns nothing", faults=0),
    Mistake("snapshot", [8, 2, 6, 4, 9, 1, 3, 5], "another key", faults=0),
    Mistake("snapshot", [8, 10, 6, 4, 9, 1, 7, 5], "another key", faults=0),
    Mistake("snapshot", [8, 10, 6, 3, 4, 9, 1, 5], "reads all", faults=0),
    Mistake("snapshot", [8, 12, 6, 11, 9, 1, 3, 5], "reads all", faults=0),
    Mistake("snapshot", [8, 10, 6, 4, 9, 1, 5], "reads all", faults=0),
    Mistake("audit", never_complains, "never complains", faults=0),
    Mistake("audit", always_complains, "always complains", faults=0),
    Mistake("audit", says_ok, "a text means right", faults=0),
    Mistake("audit", raises_if_nobody_looked, "raises"),
    Mistake("audit", excuses_faults, "only the calm run counts", faults=1),
    Mistake("audit", condemns_crashes, "a fault is a violation", faults=1),
    Mistake("audit", judges_the_end, "the end is enough", faults=0),
    Mistake("audit", never_asks_for_the_end, "an honest view may stop", faults=0),
    Mistake("audit", lets_it_fall, "a view may go back", faults=1),
    Mistake("audit", allows_no_lag, "a lag is dishonest", faults=0),
    Mistake("audit", adds_what_was_withdrawn, "another sum", faults=0),
    Mistake("audit", wants_every_position, "each event has a look", faults=0),
    Mistake("audit", looks_at_ann_alone, "any balance will do", faults=0),
    Mistake("audit", looks_at_positions_alone, "any balance will do", faults=0),
    Mistake("audit", adds_ann_and_cy, "any balance will do", faults=0),
    Mistake("audit", compares_with_the_whole_log, "a lag is dishonest", faults=0),
    Mistake("audit", lets_no_balance_fall, "balances may not fall", faults=0),
    Mistake("audit", wants_an_end_before_the_end, "another end", faults=0),
    Mistake("audit", takes_one_event_too_few, "always complains", faults=0),
    Mistake("audit", wants_each_look_to_move, "each look moves", faults=0),
    Mistake("audit", swaps_its_answers, "the two answers are swapped", faults=0),
    Mistake("audit", returns_an_empty_text, "an empty text", faults=0),
    Mistake("audit", asks_for_another_row, "raises on any run", faults=0),
    Mistake("audit", skips_the_first_look, "some looks don't count", faults=0),
    Mistake("audit", skips_the_last_look, "some looks don't count", faults=0),
    Mistake("audit", takes_any_state, "a look may be of any position", faults=0),
    Mistake("audit", leaves_out_the_first_pair, "a view may go back", faults=0),
    Mistake("audit", leaves_out_the_last_pair, "a view may go back", faults=0),
]

RIGHT = [
    Right("aggregate", Account),
    Right("aggregate", LetsTheConflictThrough),
    Right("aggregate", ByRecursion),
    Right("aggregate", with_a_state),
    Right("aggregate", ByThePattern),
    Right("aggregate", KeepsWhatItRead),
    Right("projection", View),
    Right("projection", OneRowForAll),
    Right("projection", RefusesWhatIsEarly),
    Right("projection", KeepsAllEvents),
    Right("projection", MarksAndBooks),
    Right("screens", screens(3, 3)),
    Right("screens", screens(4, 3)),
    Right("upcast", upcast),
    Right("upcast", upcast_awaited),
    Right("upcast", upcast_by_a_chain),
    Right("snapshot", [8, 10, 6, 4, 9, 1, 3, 5]),
    Right("snapshot", "8 10 6 4 1 9 3 5"),
    Right("audit", three_rules),
    Right("audit", with_asserts),
    Right("audit", by_running_sums),
    Right("audit", from_the_trace),
]

CONSTANTS = ["refused", {"v": 2}, math.pi]
