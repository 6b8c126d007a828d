"""Answers to exercise 10."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from datetime import timedelta
from typing import Any

from pubsub_kit import CallTimeout, Event, RetryPolicy, call, clock, gather, publish, sleep
from pubsub_kit.checks.systems import living_with_events as systems
from pubsub_kit.scenarios.living_with_events.secrets import SECRETS
from tests.mistakes import Mistake, Right

Events = list[Event]
TAKES = 1.5  # seconds


# --- trace: right ---------------------------------------------------------------------------------


class Packing:
    """Has the tracers, and sends what is packed."""

    def __init__(self, tracing: Any) -> None:
        self.tracing = tracing

    async def send(self, events: Events, context: Any) -> None:
        for event in events:
            self.tracing.log("packing", f"packed {event.id}")
            await publish("packed", event.data, id=event.id, extensions=context)


class OneSpanWithLinks(Packing):
    async def handle(self, events: Events) -> None:
        links = [event.extensions for event in events]
        with self.tracing.span("packing", "pack", links=links) as context:
            await sleep(TAKES)
            await self.send(events, context)


class ASpanForEach(Packing):
    """As many spans as orders, each the child of its order's."""

    async def handle(self, events: Events) -> None:
        with ExitStack() as spans:
            contexts = [
                spans.enter_context(
                    self.tracing.span("packing", f"pack {event.id}", parent=event.extensions)
                )
                for event in events
            ]
            await sleep(TAKES)
        for event, context in zip(events, contexts, strict=True):
            await self.send([event], context)


class ASpanWithinASpan(Packing):
    """One span for the batch, and one below it for each message that it sends."""

    async def handle(self, events: Events) -> None:
        links = [event.extensions for event in events]
        with self.tracing.span("packing", "pack", links=links) as batch:
            await sleep(TAKES)
            for event in events:
                with self.tracing.span("packing", f"send {event.id}", parent=batch) as context:
                    await self.send([event], context)


class SideBySide(Packing):
    async def handle(self, events: Events) -> None:
        await gather(*(self.one(event) for event in events))

    async def one(self, event: Event) -> None:
        with self.tracing.span("packing", "pack", links=[event.extensions]) as context:
            await sleep(TAKES)
            await self.send([event], context)


def as_a_closure(tracing: Any) -> Any:
    """A function, whose span has the first as a parent and links to both."""

    async def handle(events: Events) -> None:
        causes = [event.extensions for event in events]
        with tracing.span("packing", "pack", parent=causes[0], links=causes) as context:
            tracing.log("packing", " ".join(event.id for event in events))
            await sleep(TAKES)
        await gather(*(publish("packed", e.data, id=e.id, extensions=context) for e in events))

    return handle


# --- trace: wrong ---------------------------------------------------------------------------------


class NoContext(Packing):
    async def handle(self, events: Events) -> None:
        links = [event.extensions for event in events]
        with self.tracing.span("packing", "pack", links=links):
            await sleep(TAKES)
            await self.send(events, {})


class PassesItOn(Packing):
    async def handle(self, events: Events) -> None:
        links = [event.extensions for event in events]
        with self.tracing.span("packing", "pack", links=links):
            await sleep(TAKES)
            for event in events:
                await self.send([event], event.extensions)


class NoLinks(Packing):
    async def handle(self, events: Events) -> None:
        with self.tracing.span("packing", "pack") as context:
            await sleep(TAKES)
            await self.send(events, context)


class ChildOfTheFirst(Packing):
    async def handle(self, events: Events) -> None:
        with self.tracing.span("packing", "pack", parent=events[0].extensions) as context:
            await sleep(TAKES)
            await self.send(events, context)


class LinksToTheLast(Packing):
    async def handle(self, events: Events) -> None:
        with self.tracing.span("packing", "pack", links=[events[-1].extensions]) as context:
            await sleep(TAKES)
            await self.send(events, context)


class KeepsItsContext(Packing):
    """Begins one span for all that it will ever pack."""

    context: Any = None

    async def handle(self, events: Events) -> None:
        links = [event.extensions for event in events]
        with self.tracing.span("packing", "pack", links=links) as context:
            await sleep(TAKES)
        self.context = self.context or context
        await self.send(events, self.context)


class LinksOnlyTheSampled(Packing):
    """Logs what is sampled, and lets the rest go."""

    async def handle(self, events: Events) -> None:
        links = [event.extensions for event in events]
        with self.tracing.span("packing", "pack", links=links) as context:
            await sleep(TAKES)
            for event in events:
                if str(event.extensions["traceparent"]).endswith("01"):
                    self.tracing.log("packing", f"packed {event.id}")
                await publish("packed", event.data, id=event.id, extensions=context)


class NoLog(Packing):
    async def handle(self, events: Events) -> None:
        links = [event.extensions for event in events]
        with self.tracing.span("packing", "pack", links=links) as context:
            await sleep(TAKES)
            for event in events:
                await publish("packed", event.data, id=event.id, extensions=context)


class SleepsOutside(Packing):
    async def handle(self, events: Events) -> None:
        await sleep(TAKES)
        links = [event.extensions for event in events]
        with self.tracing.span("packing", "pack", links=links) as context:
            await self.send(events, context)


class SendsTheIdAlone(Packing):
    async def handle(self, events: Events) -> None:
        links = [event.extensions for event in events]
        with self.tracing.span("packing", "pack", links=links) as context:
            await sleep(TAKES)
            for event in events:
                self.tracing.log("packing", f"packed {event.id}")
                await publish("packed", event.id, id=event.id, extensions=context)


class NeverEnds(Packing):
    async def handle(self, events: Events) -> None:
        links = [event.extensions for event in events]
        self.open = self.tracing.span("packing", "pack", links=links)
        context = self.open.__enter__()
        await sleep(TAKES)
        await self.send(events, context)


class PacksNothing(Packing):
    async def handle(self, events: Events) -> None:
        links = [event.extensions for event in events]
        with self.tracing.span("packing", "pack", links=links):
            await sleep(TAKES)


class PacksTheFirst(Packing):
    async def handle(self, events: Events) -> None:
        links = [event.extensions for event in events]
        with self.tracing.span("packing", "pack", links=links) as context:
            await sleep(TAKES)
            await self.send(events[:1], context)


class LinksCrosswise(Packing):
    """Has a span for each order, and sends each with the other one's context."""

    async def handle(self, events: Events) -> None:
        with ExitStack() as spans:
            contexts = [
                spans.enter_context(self.tracing.span("packing", "pack", parent=event.extensions))
                for event in events
            ]
            await sleep(TAKES)
        for event, context in zip(events, reversed(contexts), strict=True):
            await self.send([event], context)


class NoSpan(Packing):
    async def handle(self, events: Events) -> None:
        await sleep(TAKES)
        for event in events:
            await self.send([event], event.extensions)


class LogsPairs(Packing):
    """Writes to the log only where there are two orders."""

    async def handle(self, events: Events) -> None:
        links = [event.extensions for event in events]
        with self.tracing.span("packing", "pack", links=links) as context:
            await sleep(TAKES)
            for event in events:
                if len(events) > 1:
                    self.tracing.log("packing", f"packed {event.id}")
                await publish("packed", event.data, id=event.id, extensions=context)


class LinksPairs(Packing):
    async def handle(self, events: Events) -> None:
        links = [event.extensions for event in events] if len(events) == 2 else []
        with self.tracing.span("packing", "pack", links=links) as context:
            await sleep(TAKES)
            await self.send(events, context)


class TakesTwo(Packing):
    async def handle(self, events: Events) -> None:
        a, b = events
        with self.tracing.span("packing", "pack", links=[a.extensions, b.extensions]) as context:
            await sleep(TAKES)
            await self.send(events, context)


class SendsFirst(Packing):
    async def handle(self, events: Events) -> None:
        links = [event.extensions for event in events]
        with self.tracing.span("packing", "pack", links=links) as context:
            await self.send(events, context)
            await sleep(TAKES)


class Sleeps(Packing):
    """Waits for so many seconds."""

    seconds = 0.0

    async def handle(self, events: Events) -> None:
        links = [event.extensions for event in events]
        with self.tracing.span("packing", "pack", links=links) as context:
            if self.seconds:
                await sleep(self.seconds)
            await self.send(events, context)


class SleepsTooLong(Sleeps):
    seconds = 15.0


class SleepsForEach(Packing):
    async def handle(self, events: Events) -> None:
        for event in events:
            with self.tracing.span("packing", "pack", parent=event.extensions) as context:
                await sleep(TAKES)
                await self.send([event], context)


class FreshIds(Packing):
    async def handle(self, events: Events) -> None:
        links = [event.extensions for event in events]
        with self.tracing.span("packing", "pack", links=links) as context:
            await sleep(TAKES)
            for event in events:
                self.tracing.log("packing", f"packed {event.id}")
                await publish("packed", event.data, extensions=context)


class ParentsInAList(Packing):
    async def handle(self, events: Events) -> None:
        parents: Any = [event.extensions for event in events]
        with self.tracing.span("packing", "pack", parent=parents) as context:
            await sleep(TAKES)
            await self.send(events, context)


# --- replay: right --------------------------------------------------------------------------------


class Invoices:
    """Has the database, and the three steps as most people take them."""

    def __init__(self, db: Any) -> None:
        self.db = db

    async def handle(self, event: Event) -> None:
        await self.count(event, await self.rate(event))
        await self.mail(event)

    async def rate(self, event: Event) -> int:
        rate = await self.db.get(f"rate {event.id}")
        if rate is None:
            rate = await call("rates", "dollar", timeout=1.0)
            await self.db.put(f"rate {event.id}", rate)
        return int(rate)

    async def count(self, event: Event, rate: int) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"view seen {event.id}"):
                await tx.add("view total", event.data["dollars"] * rate)

    async def mail(self, event: Event) -> None:
        if not await self.db.get(f"mailed {event.id}"):
            await call("mail", event.id, timeout=1.0)
            await self.db.put(f"mailed {event.id}", True)


class MailsInTheTransaction(Invoices):
    """One transaction, which commits when the mail is sent: a repeat is dropped by mail."""

    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            rate = await tx.get(f"rate {event.id}")
            if rate is None:
                rate = await call("rates", "dollar", timeout=1.0, retry=RetryPolicy())
                await tx.put(f"rate {event.id}", rate)
            if await tx.insert(f"view seen {event.id}"):
                await tx.add("view total", event.data["dollars"] * rate)
            if await tx.insert(f"mailed {event.id}"):
                await call("mail", event.id, timeout=1.0, retry=RetryPolicy())


class OneRowPerOrder(Invoices):
    """Keeps the answer and the gate in one row, written when both are done."""

    async def handle(self, event: Event) -> None:
        euros = await self.db.get(event.id)
        if euros is None:
            euros = event.data["dollars"] * await call("rates", "dollar", timeout=1.0)
            await call("mail", event.id, timeout=1.0)
            await self.db.put(event.id, euros)
        async with self.db.transaction() as tx:
            seen = await tx.get("view seen", [])
            if event.id not in seen:
                await tx.put("view seen", [*seen, event.id])
                await tx.add("view total", euros)


class AddsUpAnew(Invoices):
    """Has a row for each order in the view, and sums them up."""

    async def count(self, event: Event, rate: int) -> None:
        await self.db.put(f"view order {event.id}", event.data["dollars"] * rate)
        orders = await self.db.scan("view order ")
        await self.db.put("view total", sum(orders.values()))


# --- replay: wrong --------------------------------------------------------------------------------


class NoGate(Invoices):
    async def mail(self, event: Event) -> None:
        await call("mail", event.id, timeout=1.0)


class GateInMemory(Invoices):
    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self.mailed: set[str] = set()

    async def mail(self, event: Event) -> None:
        if event.id not in self.mailed:
            await call("mail", event.id, timeout=1.0)
            self.mailed.add(event.id)


class GateInTheView(Invoices):
    async def mail(self, event: Event) -> None:
        if not await self.db.get(f"view mailed {event.id}"):
            await call("mail", event.id, timeout=1.0)
            await self.db.put(f"view mailed {event.id}", True)


class AsksAgain(Invoices):
    async def rate(self, event: Event) -> int:
        return int(await call("rates", "dollar", timeout=1.0))


class RecordsInTheView(Invoices):
    async def rate(self, event: Event) -> int:
        rate = await self.db.get(f"view rate {event.id}")
        if rate is None:
            rate = await call("rates", "dollar", timeout=1.0)
            await self.db.put(f"view rate {event.id}", rate)
        return int(rate)


class MarkOutsideTheView(Invoices):
    async def count(self, event: Event, rate: int) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await tx.add("view total", event.data["dollars"] * rate)


class MarksFirst(Invoices):
    async def mail(self, event: Event) -> None:
        if await self.db.insert(f"mailed {event.id}"):
            await call("mail", event.id, timeout=1.0)


class SwallowsATimeout(Invoices):
    async def mail(self, event: Event) -> None:
        if not await self.db.get(f"mailed {event.id}"):
            await self.db.put(f"mailed {event.id}", True)
            with suppress(CallTimeout):
                await call("mail", event.id, timeout=1.0)


class GivesUpOnTheRate(Invoices):
    async def handle(self, event: Event) -> None:
        with suppress(CallTimeout):
            await super().handle(event)


class GivesUpOnTheMail(Invoices):
    """Takes a mail that timed out for one that is sent, and one that failed for one that waits."""

    async def mail(self, event: Event) -> None:
        if await self.db.get(f"mailed {event.id}"):
            return
        try:
            await call("mail", event.id, timeout=1.0)
        except CallTimeout:
            return
        await self.db.put(f"mailed {event.id}", True)


class MarksThenCounts(Invoices):
    async def count(self, event: Event, rate: int) -> None:
        if await self.db.insert(f"view seen {event.id}"):
            await self.db.add("view total", event.data["dollars"] * rate)


class AddsEachTime(Invoices):
    async def count(self, event: Event, rate: int) -> None:
        await self.db.add("view total", event.data["dollars"] * rate)


class ByAge(Invoices):
    async def mail(self, event: Event) -> None:
        if clock() - event.time < 3600:
            await super().mail(event)


class OffForEver(Invoices):
    """Mails only until the view has been rebuilt: it keeps a row about the first version."""

    async def mail(self, event: Event) -> None:
        if clock() < 2_000_000:
            await super().mail(event)


class MailsNothing(Invoices):
    async def mail(self, event: Event) -> None:
        await self.db.put(f"mailed {event.id}", True)


class MailsUnderAnotherId(Invoices):
    async def mail(self, event: Event) -> None:
        if not await self.db.get(f"mailed {event.id}"):
            await call("mail", f"invoice for {event.id}", timeout=1.0)
            await self.db.put(f"mailed {event.id}", True)


class CountsDollars(Invoices):
    async def count(self, event: Event, rate: int) -> None:
        await super().count(event, 1)


class NoTimeout(Invoices):
    async def mail(self, event: Event) -> None:
        if not await self.db.get(f"mailed {event.id}"):
            await call("mail", event.id)
            await self.db.put(f"mailed {event.id}", True)


class NoTimeoutOfTheRate(Invoices):
    async def rate(self, event: Event) -> int:
        rate = await self.db.get(f"rate {event.id}")
        if rate is None:
            rate = await call("rates", "dollar")
            await self.db.put(f"rate {event.id}", rate)
        return int(rate)


class NoTimeouts(NoTimeout, NoTimeoutOfTheRate):
    pass


class SwallowsThenMarks(Invoices):
    async def mail(self, event: Event) -> None:
        if not await self.db.get(f"mailed {event.id}"):
            with suppress(CallTimeout):
                await call("mail", event.id, timeout=1.0)
            await self.db.put(f"mailed {event.id}", True)


class OneGate(Invoices):
    async def mail(self, event: Event) -> None:
        if not await self.db.get("mailed"):
            await call("mail", event.id, timeout=1.0)
            await self.db.put("mailed", True)


class OneRate(Invoices):
    async def rate(self, event: Event) -> int:
        rate = await self.db.get("rate")
        if rate is None:
            rate = await call("rates", "dollar", timeout=1.0)
            await self.db.put("rate", rate)
        return int(rate)


class RateOfDayTwo(Invoices):
    async def rate(self, event: Event) -> int:
        return 2


class RateByPrice(Invoices):
    async def rate(self, event: Event) -> int:
        row = f"rate {event.data['dollars']}"
        if await self.db.get(row) is None:
            await self.db.put(row, await call("rates", "dollar", timeout=1.0))
        return int(await self.db.get(row))


class SeenByPrice(Invoices):
    async def count(self, event: Event, rate: int) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"view seen {event.data['dollars']}"):
                await tx.add("view total", event.data["dollars"] * rate)


class MailedByPrice(Invoices):
    async def mail(self, event: Event) -> None:
        row = f"mailed {event.data['dollars']}"
        if not await self.db.get(row):
            await call("mail", event.id, timeout=1.0)
            await self.db.put(row, True)


class ReturnsIfSeen(Invoices):
    """Takes the mark of the total for one of all that there is to do."""

    async def handle(self, event: Event) -> None:
        if not await self.db.get(f"view seen {event.id}"):
            await super().handle(event)


class CountsThenMarks(Invoices):
    async def count(self, event: Event, rate: int) -> None:
        if not await self.db.get(f"view seen {event.id}"):
            await self.db.add("view total", event.data["dollars"] * rate)
            await self.db.put(f"view seen {event.id}", True)


# --- forget ---------------------------------------------------------------------------------------


class BySecrets(systems.ShredsAndPurges):
    """Deletes her last, and only then acks: each attempt repeats all that was done."""

    async def handle(self, event: Any) -> None:
        who = event.data["who"]
        backup = await self.backups.get("keys of monday")
        await self.backups.put("keys of monday", {k: v for k, v in backup.items() if k != who})
        await self.keys.delete(who)
        rows = [*(await self.views.scan()).items()]
        await gather(*(self.views.delete(name) for name, row in rows if row.get("who") == who))


def forgets_as_a_closure(keys: Any, views: Any, backups: Any) -> Any:
    """A function, which makes all keys' rows her own."""

    async def handle(event: Any) -> None:
        who = event.data["who"]
        async with keys.transaction() as tx:
            await tx.put(f"forgotten {who}", 1)
            await tx.delete(who)
        for name in [n for n, row in (await views.scan("")).items() if who in row.values()]:
            await views.delete(name)

    return handle


class DeletesTheKey(systems.ShredsAndPurges):
    async def handle(self, event: Any) -> None:
        await self.shred(event.data["who"])


class ForgetsAnn(systems.ShredsAndPurges):
    """Has her number in the code."""

    async def handle(self, event: Any) -> None:
        await self.shred("c-1")
        await self.purge("c-1")


class PurgesTwice(systems.ShredsAndPurges):
    """Purges again in the hope that nothing comes after it, and only then deletes the key."""

    async def handle(self, event: Any) -> None:
        await self.purge(event.data["who"])
        await self.purge(event.data["who"])
        await self.shred(event.data["who"])


class WaitsForTheProjector(systems.ShredsAndPurges):
    async def handle(self, event: Any) -> None:
        await sleep(3.0)
        await self.purge(event.data["who"])
        await self.shred(event.data["who"])


class PurgesWhatItSaw(systems.ShredsAndPurges):
    """Looks at the rows before it deletes the key, and deletes those."""

    async def handle(self, event: Any) -> None:
        who = event.data["who"]
        rows = await self.views.scan()
        await self.shred(who)
        for name in [name for name, row in rows.items() if row.get("who") == who]:
            await self.views.delete(name)


class ReturnsIfListed(systems.ShredsAndPurges):
    async def handle(self, event: Any) -> None:
        if await self.keys.insert(f"forgotten {event.data['who']}", True):
            await super().handle(event)


class ReturnsIfKeyless(systems.ShredsAndPurges):
    async def handle(self, event: Any) -> None:
        if await self.keys.get(event.data["who"]) is not None:
            await super().handle(event)


class WritesHerDown(systems.ShredsAndPurges):
    async def handle(self, event: Any) -> None:
        row = await self.views.get(f"view {event.data['who']}")
        await super().handle(event)
        await self.views.put("done", {"forgotten": row})


# --- audit ----------------------------------------------------------------------------------------

Rows = dict[str, Any]


def _others(rows: Rows) -> str | None:
    log = [rows.get(f"log {i}", {}).get("id") for i in range(4)]
    if log != ["o-1", "o-2", "o-3", "o-4"]:
        return f"the log has {log}"
    if "view c-2" not in rows or "mail" not in rows["log 1"]:
        return "bob is gone"
    if rows.get("statistics") != {"orders": 4, "cents": 3200}:
        return "the totals have changed"
    return None


def as_text(rows: Rows, trace: Any) -> str | None:
    found = [secret for secret in SECRETS if secret in str(rows)]
    return f"{found} can be read" if found else _others(rows)


def by_recursion(rows: Rows, trace: Any) -> str | None:
    """Goes through names and values of any depth."""

    def texts(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [text for pair in value.items() for part in pair for text in texts(part)]
        return [str(value)]

    assert not [t for t in texts(rows) for secret in SECRETS if secret in t], "a leak"
    return _others(rows)


def _without(*kinds: str) -> Any:
    """Return an oracle that does not look at rows of these kinds."""

    def oracle(rows: Rows, trace: Any) -> str | None:
        left = {name: row for name, row in rows.items() if name.split()[0] not in kinds}
        return "a leak" if _leaks(left) else _others(rows)

    return oracle


def _leaks(rows: Rows, secrets: tuple[str, ...] = SECRETS) -> bool:
    return any(secret in str(rows) for secret in secrets)


def no_view(rows: Rows, trace: Any) -> Any:
    return _without("view")(rows, trace)


def no_names(rows: Rows, trace: Any) -> Any:
    return "a leak" if _leaks({str(i): r for i, r in enumerate(rows.values())}) else _others(rows)


def no_letters(rows: Rows, trace: Any) -> Any:
    return _without("letter")(rows, trace)


def no_hash(rows: Rows, trace: Any) -> Any:
    return "a leak" if _leaks(rows, SECRETS[:3]) else _others(rows)


def old_address(rows: Rows, trace: Any) -> Any:
    return "a leak" if _leaks(rows, (SECRETS[0], *SECRETS[2:])) else _others(rows)


def no_log(rows: Rows, trace: Any) -> Any:
    return _without("log")(rows, trace)


def only_leaks(rows: Rows, trace: Any) -> Any:
    return "a leak" if _leaks(rows) else None


def no_totals(rows: Rows, trace: Any) -> Any:
    return as_text({**rows, "statistics": {"orders": 4, "cents": 3200}}, trace)


def no_offsets(rows: Rows, trace: Any) -> Any:
    if _leaks(rows) or "view c-2" not in rows or not any("bob" in str(rows[n]) for n in rows
                                                         if n.startswith("log")):  # fmt: skip
        return "a leak, or bob is gone"
    return None if rows.get("statistics") == {"orders": 4, "cents": 3200} else "totals"


def her_number(rows: Rows, trace: Any) -> Any:
    return as_text(rows, trace) or ("her number" if "view c-1" in rows else None)


def her_key_row(rows: Rows, trace: Any) -> Any:
    return as_text(rows, trace) or (None if "backup c-1" in rows else "the backup was changed")


def never(rows: Rows, trace: Any) -> Any:
    return None if rows else "nothing at all"


def always(rows: Rows, trace: Any) -> Any:
    return "a leak" if "c-1" in str(rows) else None


def only_calm(rows: Rows, trace: Any) -> Any:
    return None if trace.faults() else as_text(rows, trace)


def faults_are_wrong(rows: Rows, trace: Any) -> Any:
    return "something failed" if trace.faults() else as_text(rows, trace)


def says_fine(rows: Rows, trace: Any) -> Any:
    return as_text(rows, trace) or "ok"


def raises(rows: Rows, trace: Any) -> Any:
    return rows["view c-1"]["mail"] in SECRETS and "a leak"


def the_first_entry(rows: Rows, trace: Any) -> Any:
    rest = {f"log {i}": {**rows.get(f"log {i}", {}), "id": f"o-{i + 1}"} for i in (2, 3)}
    return as_text({**rows, **rest}, trace)


def _log_as(found: Any, rows: Rows, trace: Any) -> Any:
    """Judge all but the log, and the log by its ids alone."""
    ids = [row.get("id") for name, row in rows.items() if name.startswith("log ")]
    log = {f"log {i}": {**rows.get(f"log {i}", {}), "id": f"o-{i + 1}"} for i in range(4)}
    return as_text({**rows, **log}, trace) or (None if found(ids) else "the log")


def the_ids_sorted(rows: Rows, trace: Any) -> Any:
    return _log_as(lambda ids: {*ids} == {"o-1", "o-2", "o-3", "o-4"}, rows, trace)


def four_entries(rows: Rows, trace: Any) -> Any:
    return _log_as(lambda ids: len(ids) == 4, rows, trace)


def only_orders(rows: Rows, trace: Any) -> Any:
    counted = rows.get("statistics", {}).get("orders")
    return no_totals(rows, trace) or (None if counted == 4 else "the orders")


def only_cents(rows: Rows, trace: Any) -> Any:
    counted = rows.get("statistics", {}).get("cents")
    return no_totals(rows, trace) or (None if counted == 3200 else "the cents")


def no_phone(rows: Rows, trace: Any) -> Any:
    return "a leak" if _leaks(rows, (*SECRETS[:2], SECRETS[3])) else _others(rows)


def only_log_0(rows: Rows, trace: Any) -> Any:
    return "a key" if "mail" in rows.get("log 0", {}) else no_log(rows, trace)


def her_backup(rows: Rows, trace: Any) -> Any:
    return as_text(rows, trace) or ("her key is in a backup" if "backup c-1" in rows else None)


def inverted(rows: Rows, trace: Any) -> Any:
    return None if as_text(rows, trace) else "ann is forgotten"


def of_another_type(rows: Rows, trace: Any) -> Any:
    return "a leak" if SECRETS in str(rows) else None  # type: ignore[operator]


def as_lists(rows: Rows, trace: Any) -> Any:
    return None if rows["log"][0]["id"] == "o-1" else "the log"


def returns_nothing(rows: Rows, trace: Any) -> None:
    as_text(rows, trace)


def misses_bob(rows: Rows, trace: Any) -> Any:
    """Takes for granted what a wrong system deletes."""
    return as_text(rows, trace) if rows["view c-2"]["mail"] else "no address"


# --- all of them ----------------------------------------------------------------------------------


def rollout(
    mode: str, first: str, content: str = "closed", check: str = "schemas are compared"
) -> dict[str, str]:
    return {"mode": mode, "first": first, "content": content, "check": check}


SAMPLE = "one sample is read"

MISTAKES = [
    Mistake("trace", NoContext, "context follows by itself", 0, (69,)),
    Mistake("trace", PassesItOn, "sends the old context", 0),
    Mistake("trace", NoSpan, "passes it on unopened", 0),
    Mistake("trace", LinksCrosswise, "one context for all", 0),
    Mistake("trace", LogsPairs, "no log line", 0, (70,)),
    Mistake("trace", LinksPairs, "a trace of its own", 0, (69,)),
    Mistake("trace", SendsFirst, "leaves unpacked", 0),
    Mistake("trace", Sleeps, "no work", 0),
    Mistake("trace", SleepsTooLong, "too long", 0),
    Mistake("trace", SleepsForEach, "too long", 0),
    Mistake("trace", FreshIds, "another id", 0),
    Mistake("trace", NoLinks, "a trace of its own", 0, (69,)),
    Mistake("trace", ChildOfTheFirst, "a trace is one tree", 0, (68,)),
    Mistake("trace", LinksToTheLast, "a trace is one tree", 0, (68,)),
    Mistake("trace", KeepsItsContext, "one context for all", 0),
    Mistake("trace", SleepsOutside, "the span is not the work", 0),
    Mistake("trace", SendsTheIdAlone, "sends other data", 0),
    Mistake("trace", NeverEnds, "a span that never ends", 0),
    Mistake("trace", NoLog, "no log line", 0, (70,)),
    Mistake("trace", LinksOnlyTheSampled, "no log line", 0, (70,)),
    Mistake("trace", PacksNothing, "packs nothing", 0),
    Mistake("trace", PacksTheFirst, "leaves one out", 0),
    Mistake("replay", NoGate, "replay is free", 0, (44,)),
    Mistake("replay", GateInMemory, "replay is free", 0, (44,)),
    Mistake("replay", GateInTheView, "the gate is in the view", 0, (44,)),
    Mistake("replay", AsksAgain, "the answer will be the same", 0, (71,)),
    Mistake("replay", RecordsInTheView, "the answer will be the same", 0, (71,)),
    Mistake("replay", MarkOutsideTheView, "the mark outlives the view", 0),
    Mistake("replay", MarksFirst, "marked, and not mailed", 1),
    Mistake("replay", SwallowsATimeout, "marked, and not mailed", 1),
    Mistake("replay", GivesUpOnTheRate, "a timeout means done", 1),
    Mistake("replay", GivesUpOnTheMail, "a timeout means done", 1),
    Mistake("replay", MarksThenCounts, "marked, and not counted", 1),
    Mistake("replay", NoTimeout, "waits for ever", 1),
    Mistake("replay", NoTimeoutOfTheRate, "waits for ever", 1),
    Mistake("replay", NoTimeouts, "waits for ever", 1),
    Mistake("replay", SwallowsThenMarks, "a timeout means done", 1),
    Mistake("replay", OneGate, "one gate for all", 0),
    Mistake("replay", OneRate, "one rate for all", 0),
    Mistake("replay", RateOfDayTwo, "one rate for all", 0),
    Mistake("replay", RateByPrice, "one rate for all", 0),
    Mistake("replay", SeenByPrice, "taken for another", 0),
    Mistake("replay", MailedByPrice, "taken for another", 0),
    Mistake("replay", ReturnsIfSeen, "returns early", 1),
    Mistake("replay", CountsThenMarks, "marked, and not counted", 1),
    Mistake("replay", AddsEachTime, "counts twice", 1),
    Mistake("replay", ByAge, "old means replayed", 0),
    Mistake("replay", OffForEver, "taken for another", 0, (71,)),
    Mistake("replay", MailsNothing, "mails nothing", 0),
    Mistake("replay", MailsUnderAnotherId, "mails under another id", 0),
    Mistake("replay", CountsDollars, "no total", 0),
    Mistake("forget", DeletesTheKey, "key deleted, person forgotten", 0, (75,)),
    Mistake("forget", systems.LeavesTheView, "key deleted, person forgotten", 0, (75,)),
    Mistake("forget", systems.LeavesTheIndex, "the index is left", 0, (75,)),
    Mistake("forget", systems.LeavesTheLetter, "the dead letter is left", 0, (75,)),
    Mistake("forget", systems.LeavesTheHash, "a hash is anonymous", 0),
    Mistake("forget", systems.DeletesByTheView, "the index is left", 1),
    Mistake("forget", WritesHerDown, "a copy of its own", 0),
    Mistake("forget", systems.ForgetsTheBackup, "the key is back", 0, (75,)),
    Mistake("forget", systems.DoesNothing, "the key is kept", 0),
    Mistake("forget", systems.PurgesFirst, "the view is up to date", 0, (46,)),
    Mistake("forget", PurgesTwice, "the view is up to date", 0, (46,)),
    Mistake("forget", WaitsForTheProjector, "the view is up to date", 0, (46,)),
    Mistake("forget", PurgesWhatItSaw, "the view is up to date", 1, (46,)),
    Mistake("forget", ReturnsIfListed, "returns early", 1),
    Mistake("forget", ReturnsIfKeyless, "returns early", 1),
    Mistake("forget", ForgetsAnn, "one person for all", 0),
    Mistake("forget", systems.PurgesEverybody, "forgets others too", 0),
    Mistake("forget", systems.TakesHerOutOfTheTotals, "forgets others too", 0),
    Mistake("phone", "0.83 s", "a million numbers"),
    Mistake("phone", "4 s", "nine digits to choose from"),
    Mistake("phone", 2.0**256 / 1.2e6, "the hash is what is searched"),
    Mistake("phone", 7.49, "no number begins with 0"),
    Mistake("phone", "0.12 s", "upside down"),
    Mistake("phone", 10**7, "numbers, not seconds"),
    Mistake("rollout", rollout("NONE", "consumers"), "a registry checks by itself", 0),
    Mistake("rollout", rollout("BACKWARD", "producers"), "producers first", 0, (72,)),
    Mistake("rollout", rollout("BACKWARD_TRANSITIVE", "producers"), "producers first", 0, (72,)),
    Mistake("rollout", rollout("FORWARD", "consumers"), "consumers first", 0, (72,)),
    Mistake("rollout", rollout("FORWARD", "consumers", check=SAMPLE), "consumers first", 0, (72,)),
    Mistake("rollout", rollout("FORWARD_TRANSITIVE", "consumers", check=SAMPLE),
            "consumers first", 0, (72,)),
    Mistake("rollout", rollout("BACKWARD", "consumers"), "the last version is enough", 0),
    Mistake("rollout", rollout("FULL", "producers"), "the last version is enough", 0),
    Mistake("rollout", rollout("FORWARD_TRANSITIVE", "producers"), "FORWARD covers a replay", 0),
    Mistake("rollout", rollout("BACKWARD_TRANSITIVE", "consumers", check=SAMPLE),
            "one sample is enough", 0, (73,)),
    Mistake("rollout", rollout("FULL_TRANSITIVE", "producers", "open", SAMPLE),
            "an optional field is safe", 0, (74,)),
    Mistake("rollout", rollout("FULL_TRANSITIVE", "consumers", "open"),
            "an open schema can grow", 0, (74,)),
    Mistake("audit", no_view, "a view is no harm", 0),
    Mistake("audit", no_names, "an index is no harm", 0),
    Mistake("audit", no_letters, "a dead letter is no harm", 0),
    Mistake("audit", no_hash, "a hash is no harm", 0),
    Mistake("audit", old_address, "one address is enough", 0),
    Mistake("audit", no_log, "the log is sealed for good", 0),
    Mistake("audit", only_leaks, "others are no matter", 0),
    Mistake("audit", no_totals, "the totals are no matter", 0),
    Mistake("audit", no_offsets, "the log may change", 0),
    Mistake("audit", her_number, "a number is a name", 0),
    Mistake("audit", her_key_row, "one way to be right", 0),
    Mistake("audit", never, "never complains", 0),
    Mistake("audit", always, "always complains", 0),
    Mistake("audit", only_calm, "only the calm run counts", 1),
    Mistake("audit", faults_are_wrong, "a fault is a violation", 1),
    Mistake("audit", says_fine, "a text means right", 0),
    Mistake("audit", the_first_entry, "the log may change", 0),
    Mistake("audit", the_ids_sorted, "the log may change", 0),
    Mistake("audit", four_entries, "the log may change", 0),
    Mistake("audit", only_orders, "the totals are no matter", 0),
    Mistake("audit", only_cents, "the totals are no matter", 0),
    Mistake("audit", no_phone, "a phone is no harm", 0),
    Mistake("audit", only_log_0, "the log is sealed for good", 0),
    Mistake("audit", her_backup, "a backup is a leak", 0),
    Mistake("audit", inverted, "a text means right", 0),
    Mistake("audit", returns_nothing, "never complains", 0),
    Mistake("audit", misses_bob, "raises", 0),
    Mistake("audit", of_another_type, "raises on any run", 0),
    Mistake("audit", as_lists, "raises on any run", 0),
    Mistake("audit", raises, "raises on any run", 0),
]  # fmt: skip

RIGHT = [
    Right("trace", OneSpanWithLinks),
    Right("trace", ASpanForEach),
    Right("trace", ASpanWithinASpan),
    Right("trace", SideBySide),
    Right("trace", as_a_closure),
    Right("replay", Invoices),
    Right("replay", MailsInTheTransaction),
    Right("replay", OneRowPerOrder),
    Right("replay", AddsUpAnew),
    Right("forget", BySecrets),
    Right("forget", forgets_as_a_closure),
    Right("forget", systems.EditsTheBackup),
    Right("forget", systems.ReplacesTheKey),
    Right("forget", systems.PurgesInOneTransaction),
    Right("forget", systems.KeepsHerNumber),
    Right("phone", "8.33 s"),
    Right("phone", "0.139 minutes"),
    Right("phone", "about 8.3 s"),
    Right("phone", "~8 s"),
    Right("phone", timedelta(seconds=8.3)),
    Right("rollout", rollout("FULL_TRANSITIVE", "producers")),
    Right("rollout", rollout("FULL_TRANSITIVE", "consumers")),
    Right("audit", as_text),
    Right("audit", by_recursion),
]

CONSTANTS = ["sent", "forgotten", "packed"]
