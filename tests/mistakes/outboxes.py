"""Answers to exercise 05's question relay."""

from __future__ import annotations

from typing import Any

from pubsub_kit import publish
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
            await Outbox().add(tx, order["id"], order)

    async def relay(self) -> None:
        async def publish_it(id: str, data: Any) -> None:
            await publish("orders", data, id=id)

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
        number = await self.db.add("last number", 1)
        async with self.db.transaction() as tx:
            await tx.put(f"order {order['id']}", order)
            await tx.put(f"outbox {number}", order)

    async def relay(self) -> None:
        for row, order in (await self.db.scan("outbox ")).items():
            if not await self.db.get(f"told {row}"):
                await publish("orders", order, id=order["id"])
                await self.db.put(f"told {row}", True)


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
    """M35: numbers are given when a transaction begins, and transactions end in another order."""

    async def handle(self, order: Order) -> None:
        number = await self.db.add("last number", 1)
        async with self.db.transaction() as tx:
            await tx.put(f"order {order['id']}", order)
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
