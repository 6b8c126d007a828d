"""The classical question: payments that may come twice must be charged once.

Five answers, and what each forgets: the same scenario and the same oracle for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pubsub_kit.log.event import Event
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.explore import Scenario, Violation
from pubsub_kit.world.stores import Conflict, Store
from pubsub_kit.world.verbs import call, perform, sleep
from pubsub_kit.world.world import World

FAULTS = ("duplicate", "crash", "preempt", "ack lost")
PAYMENTS = ("pay-1", "pay-2", "pay-3")


def paying(
    make: Callable[[Store], Any],
    *,
    payments: tuple[str, ...] = PAYMENTS,
    workers: int = 2,
    partitions: int = 1,
    **options: Any,
) -> Scenario:
    """A shop that publishes payments, and workers that charge them in a ledger."""

    def scenario(world: World) -> None:
        ledger = world.store("ledger")
        world.topic("payments", partitions)
        world.consumer(
            "billing",
            lambda: make(ledger),
            "payments",
            workers=workers,
            start="earliest",
            **options,
        )

        async def shop() -> None:
            for payment in payments:
                await publish("payments", {"amount": 10}, id=payment)

        world.spawn(shop(), "shop")

    return scenario


def charged_once(world: World) -> Violation | None:
    """Each payment that was published is charged, and none twice."""
    rows = world.stores["ledger"].rows
    for i, step in enumerate(world.trace):
        if step.kind == "effect":
            for key, count in step.data[2].items():
                if key.startswith("charged") and count > 1:
                    words = f"{key.removeprefix('charged ')} is charged {count} times"
                    return Violation(words, i, expected=1, actual=count)
    published = {step.text for step in world.trace if step.kind == "send" and step.node == "shop"}
    for payment in PAYMENTS:
        if payment in published and f"charged {payment}" not in rows:
            return Violation(f"{payment} is never charged", len(world.trace) - 1, 1, 0)
    return None


class Naive:
    """Charges whatever comes."""

    def __init__(self, ledger: Store) -> None:
        self.ledger = ledger

    async def handle(self, event: Event) -> None:
        await self.ledger.add(f"charged {event.id}", 1)


class InMemory(Naive):
    """Remembers in a set, which is gone after a crash, and which the other worker has not."""

    def __init__(self, ledger: Store) -> None:
        super().__init__(ledger)
        self.seen: set[str] = set()

    async def handle(self, event: Event) -> None:
        if event.id not in self.seen:
            await self.ledger.add(f"charged {event.id}", 1)
            self.seen.add(event.id)


class CheckThenAct(Naive):
    """Looks first, then marks and charges in one transaction; another may do so in between."""

    async def handle(self, event: Event) -> None:
        if await self.ledger.get(f"seen {event.id}"):
            return
        async with self.ledger.transaction() as tx:
            await tx.put(f"seen {event.id}", True)
            await tx.add(f"charged {event.id}", 1)


class MarkFirst(Naive):
    """Marks, then charges: a crash in between loses the charge."""

    async def handle(self, event: Event) -> None:
        if await self.ledger.insert(f"seen {event.id}"):
            await self.ledger.add(f"charged {event.id}", 1)


class ChargeFirst(Naive):
    """Charges, then marks: a crash in between charges twice."""

    async def handle(self, event: Event) -> None:
        if not await self.ledger.get(f"seen {event.id}"):
            await self.ledger.add(f"charged {event.id}", 1)
            await self.ledger.put(f"seen {event.id}", True)


class Transactional(Naive):
    """Marks and charges in one transaction."""

    async def handle(self, event: Event) -> None:
        async with self.ledger.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await tx.add(f"charged {event.id}", 1)


class Stubborn(Naive):
    """Does the same, and tries again by itself where two transactions meet."""

    async def handle(self, event: Event) -> None:
        while True:
            try:
                async with self.ledger.transaction() as tx:
                    if await tx.insert(f"seen {event.id}"):
                        await tx.add(f"charged {event.id}", 1)
                return
            except Conflict:
                continue


class Dozing(Naive):
    """Writes before and after a sleep; after a crash it tidies up what was left half done."""

    async def recover(self) -> None:
        for key in await self.ledger.scan("begun"):
            await self.ledger.add(f"tidied {key}", 1)

    async def handle(self, event: Event) -> None:
        await self.ledger.put(f"begun {event.id}", True)
        await sleep(4)
        await perform("charge", event.id)
        await self.ledger.delete(f"begun {event.id}")


class Calling(Naive):
    """Charges through a service that takes its time."""

    async def recover(self) -> None:
        for key in await self.ledger.scan("asked"):
            if not await self.ledger.get(f"charged {key[6:]}"):
                await self.ledger.put(f"given up {key[6:]}", True)

    async def handle(self, event: Event) -> None:
        await self.ledger.put(f"asked {event.id}", True)
        await call("bank", event.id, timeout=3.0)


def with_a_bank(scenario: Scenario) -> Scenario:
    def both(world: World) -> None:
        ledger = world.store("ledger")

        async def charge(payment: str) -> None:
            await ledger.add(f"charged {payment}", 1)

        world.service("bank", charge, latency=2.0)
        scenario(world)

    return both
