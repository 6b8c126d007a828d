"""Answers to exercise 05's question relay."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from pubsub_kit import Conflict, PublishTimeout, publish
from pubsub_kit.patterns import Outbox, Relay

Order = dict[str, Any]


# --- right ----------------------------------------------------------------------------------------


class SavesBoth:
    """The order and the event in one transaction; the relay publishes, then deletes."""

    def __init__(self, db: Any) -> None:
        self.db = db

    async def handle(self, order: Order) -> None:
        async with self.db.transaction() as tx:
            await tx.put(f"order {order['id']}", order)
            await tx.put(f"outbox {order['id']}", order)

    async def relay(self) -> None:
        for row, order in (await self.db.scan("outbox ")).items():
            await publish("orders", order, id=order["id"])
            await self.db.delete(row)


class ByThePattern(SavesBoth):
    async def handle(self, order: Order) -> None:
        async with self.db.transaction() as tx:
            await tx.put(f"order {order['id']}", order)
            await Outbox(self.db).add(tx, order["id"], order)

    async def relay(self) -> None:
        async def publish_it(id: str, data: Any, key: str | None) -> None:
            await publish("orders", data, id=id, key=key)

        await Relay(self.db, publish_it).run_once()


class OrderIsItsOwnOutbox(SavesBoth):
    """No second row: the order itself says whether it was told."""

    async def handle(self, order: Order) -> None:
        await self.db.put(f"order {order['id']}", {**order, "told": False})

    async def relay(self) -> None:
        for row, order in (await self.db.scan("order ")).items():
            if not order["told"]:
                await publish("orders", order, id=order["id"])
                await self.db.put(row, {**order, "told": True})


class TellsAtOnceAndLater(SavesBoth):
    """Does not wait for the timer, and lets the relay see to what a crash has left."""

    async def handle(self, order: Order) -> None:
        await super().handle(order)
        await publish("orders", order, id=order["id"])
        await self.db.delete(f"outbox {order['id']}")


class NumbersAndAListOfTheTold(SavesBoth):
    """Numbers its rows, but remembers each one that was told, and not only the highest."""

    async def handle(self, order: Order) -> None:
        async with self.db.transaction() as tx:
            await tx.put(f"order {order['id']}", order)
            number = await self.db.add("last number", 1)
            await tx.put(f"outbox {number}", order)

    async def relay(self) -> None:
        for row, order in (await self.db.scan("outbox ")).items():
            if not await self.db.get(f"told {row}"):
                await publish("orders", order, id=order["id"])
                await self.db.put(f"told {row}", True)


class OneListOfAll(SavesBoth):
    """One row lists all that is to be published; relays that meet there conflict."""

    async def handle(self, order: Order) -> None:
        async with self.db.transaction() as tx:
            await tx.put(f"order {order['id']}", order)
            await tx.put("todo", [*await tx.get("todo", []), order])

    async def relay(self) -> None:
        for order in await self.db.get("todo", []):
            await publish("orders", order, id=order["id"])
            async with self.db.transaction() as tx:
                left = [other for other in await tx.get("todo", []) if other != order]
                await tx.put("todo", left)


# --- wrong ----------------------------------------------------------------------------------------


class SavesThenPublishes(SavesBoth):
    """M34."""

    async def handle(self, order: Order) -> None:
        await self.db.put(f"order {order['id']}", order)
        await publish("orders", order, id=order["id"])

    async def relay(self) -> None:
        return None


class OutboxInASecondWrite(SavesBoth):
    async def handle(self, order: Order) -> None:
        await self.db.put(f"order {order['id']}", order)
        await self.db.put(f"outbox {order['id']}", order)


class PublishesThenSaves(SavesBoth):
    async def handle(self, order: Order) -> None:
        await publish("orders", order, id=order["id"])
        await self.db.put(f"order {order['id']}", order)


class PublishesInTheTransaction(SavesBoth):
    async def handle(self, order: Order) -> None:
        async with self.db.transaction() as tx:
            await tx.put(f"order {order['id']}", order)
            await publish("orders", order, id=order["id"])


class AsksForIdsAboveTheLast(SavesBoth):
    """M35: a number is given at the insert, but transactions commit in another order."""

    async def handle(self, order: Order) -> None:
        async with self.db.transaction() as tx:
            await tx.put(f"order {order['id']}", order)
            number = await self.db.add("last number", 1)
            await tx.put(f"outbox {number}", order)

    async def relay(self) -> None:
        last = await self.db.get("last told", 0)
        for row, order in (await self.db.scan("outbox ")).items():
            number = int(row.removeprefix("outbox "))
            if number > last:
                await publish("orders", order, id=order["id"])
                await self.db.put("last told", number)


class DeletesThenPublishes(SavesBoth):
    async def relay(self) -> None:
        for row, order in (await self.db.scan("outbox ")).items():
            await self.db.delete(row)
            await publish("orders", order, id=order["id"])


class NeverDeletes(SavesBoth):
    async def relay(self) -> None:
        for order in (await self.db.scan("outbox ")).values():
            await publish("orders", order, id=order["id"])


class NeverRelays(SavesBoth):
    async def relay(self) -> None:
        await self.db.scan("outbox ")


class OnlyPublishes(SavesBoth):
    async def handle(self, order: Order) -> None:
        await publish("orders", order, id=order["id"])


class OnlySaves(SavesBoth):
    async def handle(self, order: Order) -> None:
        await self.db.put(f"order {order['id']}", order)


class OneRowForAll(SavesBoth):
    """The next order to publish has a row; while it waits, another one takes its place."""

    async def handle(self, order: Order) -> None:
        async with self.db.transaction() as tx:
            await tx.put(f"order {order['id']}", order)
            await tx.put("outbox next", order)


class TellsTheIdAlone(SavesBoth):
    async def relay(self) -> None:
        for row in await self.db.scan("outbox "):
            await publish("orders", id=row.removeprefix("outbox "))
            await self.db.delete(row)


class MakesUpAnId(SavesBoth):
    async def relay(self) -> None:
        for row, order in (await self.db.scan("outbox ")).items():
            await publish("orders", order)
            await self.db.delete(row)


class DeletesAll(SavesBoth):
    """Publishes one of the rows that it found, and clears the list."""

    async def relay(self) -> None:
        rows = await self.db.scan("outbox ")
        for order in list(rows.values())[:1]:
            await publish("orders", order, id=order["id"])
        for row in rows:
            await self.db.delete(row)


class OutboxFirst(SavesBoth):
    async def handle(self, order: Order) -> None:
        await self.db.put(f"outbox {order['id']}", order)
        await self.db.put(f"order {order['id']}", order)


class SwallowsAConflict(SavesBoth):
    """Numbers its orders, and takes a conflict for nothing."""

    async def handle(self, order: Order) -> None:
        with suppress(Conflict):
            async with self.db.transaction() as tx:
                number = await tx.get("number", 0) + 1
                await tx.put("number", number)
                await tx.put(f"order {order['id']}", order)
                await tx.put(f"outbox {number:06d}", order)


class DeletesTheOrder(SavesBoth):
    """Its relay scans the orders, and deletes each that is told."""

    async def relay(self) -> None:
        for row, order in (await self.db.scan("order ")).items():
            await publish("orders", order, id=order["id"])
            await self.db.delete(row)


class SavesOneOrder(SavesBoth):
    """Takes a second order for the first one again."""

    async def handle(self, order: Order) -> None:
        if await self.db.insert("an order"):
            await super().handle(order)


class TriesAgainAfterAConflict(SavesBoth):
    """Numbers its orders, and begins again where another one took the number."""

    async def handle(self, order: Order) -> None:
        try:
            async with self.db.transaction() as tx:
                number = await tx.get("number", 0) + 1
                await tx.put("number", number)
                await tx.put(f"order {order['id']}", order)
                await tx.put(f"outbox {number:06d}", order)
        except Conflict:
            await self.handle(order)


class SavesItLater(SavesBoth):
    """Takes an order down at once; its relay saves it as one, and publishes it."""

    async def handle(self, order: Order) -> None:
        await self.db.put(f"taken {order['id']}", order)

    async def relay(self) -> None:
        for row, order in (await self.db.scan("taken ")).items():
            await self.db.put(f"order {order['id']}", order)
            await publish("orders", order, id=order["id"])
            await self.db.delete(row)


class SwallowsAFailedPublish(SavesBoth):
    """Goes on after a publish that failed, and deletes the row all the same."""

    async def relay(self) -> None:
        for row, order in (await self.db.scan("outbox ")).items():
            with suppress(PublishTimeout):
                await publish("orders", order, id=order["id"])
            await self.db.delete(row)


class LeavesWhatFailed(SavesBoth):
    """Goes on after a publish that failed, and leaves its row for the next time."""

    async def relay(self) -> None:
        for row, order in (await self.db.scan("outbox ")).items():
            with suppress(PublishTimeout):
                await publish("orders", order, id=order["id"])
                await self.db.delete(row)
