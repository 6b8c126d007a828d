"""The views of exercise 08 that an oracle is judged by: four honest ones, and 13 others.

The plainest right one comes first. Each of the others breaks one of three rules: at each position
the view equals the fold of so many events, the position never falls, and it reaches the end.
"""

from __future__ import annotations

from typing import Any

from pubsub_kit.checks.systems.suspect import Suspect
from pubsub_kit.log.event import Event
from pubsub_kit.scenarios.event_sourcing_cqrs import views
from pubsub_kit.world.verbs import sleep
from pubsub_kit.world.world import World


def rows(world: World) -> dict[str, Any]:
    """Return what an oracle gets: the log's events in order, and what was seen of the view."""
    db = world.stores["db"]
    assert isinstance(db, views.Looked)
    log = [views.data(n) for n in range(1, views.published(world) + 1)]
    return {"log": log, "seen": [dict(seen) for _, seen in db.seen]}


class View:
    """An honest view: the balance and the position in one transaction."""

    def __init__(self, db: Any) -> None:
        self.db = db

    async def handle(self, event: Event) -> None:
        data = event.data
        async with self.db.transaction() as tx:
            if data["position"] > await tx.get("position", 0):
                await self.book(tx, data)
                await tx.put("position", data["position"])

    async def book(self, rows: Any, data: dict[str, Any]) -> None:
        await rows.add(data["account"], self.change(data))

    def change(self, data: dict[str, Any]) -> int:
        return int(data["amount"]) * (1 if data["type"] == "deposited" else -1)


# --- right ----------------------------------------------------------------------------------------


class Lags(View):
    async def handle(self, event: Event) -> None:
        await sleep(2.0)
        await super().handle(event)


class Batches(View):
    """Keeps what comes, and books it two at a time."""

    async def handle(self, event: Event) -> None:
        await self.db.put(f"waiting {event.data['position']}", event.data)
        at = await self.db.get("position", 0)
        if event.data["position"] % 2 == 0:
            async with self.db.transaction() as tx:
                while (data := await tx.get(f"waiting {at + 1}")) is not None:
                    at += 1
                    await self.book(tx, data)
                    await tx.put("position", at)


class RebuildsBeside(View):
    """Builds a second set of rows, and puts all of it in place in one transaction at the end."""

    async def handle(self, event: Event) -> None:
        data = event.data
        async with self.db.transaction() as tx:
            if data["position"] > await tx.get("new position", 0):
                await tx.add(f"new {data['account']}", self.change(data))
                await tx.put("new position", data["position"])
            if data["position"] == len(views.LOG):
                for name in views.NAMES:
                    await tx.put(name, await tx.get(f"new {name}", 0))


# --- wrong ----------------------------------------------------------------------------------------


class NeverMoves(View):
    async def handle(self, event: Event) -> None:
        await self.db.get("position")


class StopsOnTheWay(View):
    async def handle(self, event: Event) -> None:
        if event.data["position"] < len(views.LOG):
            await super().handle(event)


class Skips(View):
    async def book(self, rows: Any, data: dict[str, Any]) -> None:
        if data["account"] == "ann":
            await super().book(rows, data)


class ForgetsAnn(View):
    async def book(self, rows: Any, data: dict[str, Any]) -> None:
        if data["account"] == "cy":
            await super().book(rows, data)


class AddsAll(View):
    def change(self, data: dict[str, Any]) -> int:
        return int(data["amount"])


class TellsTooEarly(View):
    """Moves its position first, and finishes what is open, even after a crash."""

    async def handle(self, event: Event) -> None:
        await self.finish()
        data = event.data
        async with self.db.transaction() as tx:
            if data["position"] <= await tx.get("position", 0):
                return
            await tx.put("position", data["position"])
            await tx.put("open", data)
        await self.finish()

    async def finish(self) -> None:
        async with self.db.transaction() as tx:
            if (data := await tx.get("open")) is not None:
                await self.book(tx, data)
                await tx.delete("open")


class CountsARepeat(View):
    async def handle(self, event: Event) -> None:
        async with self.db.transaction() as tx:
            await self.book(tx, event.data)
            await tx.put("position", max(event.data["position"], await tx.get("position", 0)))


class StartsAnewInPlace(View):
    """After a restart it replays all that it has heard of, in front of everybody."""

    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self.at = 0

    async def handle(self, event: Event) -> None:
        most = max(event.data["position"], await self.db.get("most", 0))
        await self.db.put("most", most)
        while self.at < most:
            async with self.db.transaction() as tx:
                for name, value in views.fold(self.at + 1).items():
                    await tx.put(name, value)
            self.at += 1


class BooksToTheOther(View):
    async def book(self, rows: Any, data: dict[str, Any]) -> None:
        await rows.add({"ann": "cy", "cy": "ann"}[data["account"]], self.change(data))


class BeginsWithALie(View):
    """Moves its first position by itself, and finishes what is open, even after a crash."""

    async def handle(self, event: Event) -> None:
        if await self.db.get("begun") is None:
            async with self.db.transaction() as tx:
                await tx.put("position", 1)
                await tx.put("begun", "open")
        if await self.db.get("begun") == "open":
            async with self.db.transaction() as tx:
                await self.book(tx, views.data(1))
                await tx.put("begun", "closed")
        await super().handle(event)


class LeavesOutTheLast(View):
    def change(self, data: dict[str, Any]) -> int:
        return super().change(data) if data["position"] < len(views.LOG) else 0


class BeginsTwice(View):
    """Books the first event, deletes all rows, and books it again."""

    async def handle(self, event: Event) -> None:
        await super().handle(event)
        if await self.db.get("begun") is None:
            async with self.db.transaction() as tx:
                for name, value in views.fold(0).items():
                    await tx.put(name, value)
                await tx.put("begun", True)
            await super().handle(event)


class RunsPastTheEnd(View):
    """Its last position is one too far, for a moment."""

    async def handle(self, event: Event) -> None:
        end = len(views.LOG)
        if event.data["position"] == end > await self.db.get("position", 0):
            async with self.db.transaction() as tx:
                for name, value in {**views.fold(end), "position": end + 1}.items():
                    await tx.put(name, value)
        if await self.db.get("position", 0) > end:
            await self.db.put("position", end)
        await super().handle(event)


_MISS, _SUM = "each event has a look", "another sum"
FOLD, _END, _BACK = "the end is enough", "an honest view may stop", "a view may go back"
ANY = "any balance will do"

SUSPECTS = (
    Suspect("books each event with its position in one transaction", View, _SUM),
    Suspect("lags: it books each event two seconds later", Lags, "a lag is dishonest"),
    Suspect("books events in batches", Batches, _MISS),
    Suspect("is built beside and put in place at the end", RebuildsBeside, _MISS),
    Suspect("never moves", NeverMoves, _END, 0),
    Suspect("stops before the last event", StopsOnTheWay, _END, 0),
    Suspect("adds what was withdrawn", AddsAll, ANY, 0),
    Suspect("leaves out cy, and counts her events all the same", Skips, ANY, 0),
    Suspect("leaves out ann, and counts her events all the same", ForgetsAnn, ANY, 0),
    Suspect("moves its position first, and its balances a little later", TellsTooEarly, FOLD, 0),
    Suspect("counts an event again when it comes again", CountsARepeat, FOLD, 1),
    Suspect("begins at the first event again after a crash", StartsAnewInPlace, _BACK, 1),
    Suspect("books ann's events to cy, and cy's to ann", BooksToTheOther, ANY, 0),
    Suspect("moves its first position before its first balance", BeginsWithALie, FOLD, 0),
    Suspect("leaves out the last event, and counts it all the same", LeavesOutTheLast, ANY, 0),
    Suspect("books its first event, starts anew, and books it again", BeginsTwice, _BACK, 0),
    Suspect("runs one position past the end, and comes back", RunsPastTheEnd, _BACK, 0),
)
