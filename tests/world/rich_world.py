"""A world with a bit of everything, whose runs must be the same everywhere and always.

Two of its runs are kept beside this file. If the world is meant to behave differently from now on,
write them anew, and read in the diff what has changed:

    python -m tests.world.rich_world renew

What else it is called with (`seeded 7`, `schedule 2d10r`, `explore`), it prints.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.log.event import Event
from pubsub_kit.world.breaker import Breaker
from pubsub_kit.world.chance import Chance, Schedule, Seeded, exponential, lognormal
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.explore import explore
from pubsub_kit.world.services import CallError
from pubsub_kit.world.stores import Store
from pubsub_kit.world.verbs import call, clock, gather, perform, sleep
from pubsub_kit.world.world import World
from tests.world.payments import FAULTS, MarkFirst, Transactional, charged_once, paying

HERE = Path(__file__).parent
RATES = {
    "loss": 0.03,
    "duplicate": 0.1,
    "reorder": 0.05,
    "delay": 0.02,
    "crash": 0.02,
    "preempt": 0.05,
    "pause": 0.01,
    "ack lost": 0.1,
    "reply lost": 0.03,
    "skew": 0.3,
}


class Billing:
    """Asks two services at once, keeps a set, writes a transaction, publishes what it did."""

    def __init__(self, ledger: Store) -> None:
        self.ledger = ledger
        self.breaker = Breaker(failures=3, reset=2.0)
        self.towns: set[str] = set()

    async def recover(self) -> None:
        await self.ledger.add("restarts", 1)

    async def handle(self, event: Event) -> None:
        self.towns |= {event.data["town"], f"of {event.id}"}
        retry = RetryPolicy(base=0.1, attempts=3)
        await gather(
            call("stock", event.data, timeout=0.5, retry=retry),
            call("bank", event.data, timeout=0.5, retry=retry, breaker=self.breaker),
        )
        async with self.ledger.transaction() as tx:
            if await tx.insert(f"seen {event.id}", round(clock(), 3)):
                await tx.add(event.data["town"], 1)
        await publish("billed", {"order": event.id, "towns": len(self.towns)}, key=event.key)


def build(world: World, orders: int = 12) -> None:
    """Put the services, the consumers and their troubles into a world."""
    ledger = world.store("ledger", {"restarts": 0})
    for topic, partitions in [("orders", 3), ("billed", 2)]:
        world.topic(topic, partitions=partitions)
    world.service("stock", workers=2, queue=3, latency=exponential(0.05))
    world.service("bank", workers=1, latency=lognormal(0.04), fails=0.1)
    world.link("billing-1", "bank", latency=0.2, loss=0.1)

    async def mail(event: Event) -> None:
        if not event.data["towns"] % 3:
            raise ValueError("no such town")
        await perform("mail", event.id)

    world.consumer(
        "billing", lambda: Billing(ledger), "orders", workers=2, ordered=True, ack_deadline=3.0
    )
    world.consumer("mailing", mail, "billed", max_deliveries=2, retry=RetryPolicy(base=0.2))
    world.consumer("archive", lambda event: None, "billed.dead", semantics="at_most_once")

    async def shop() -> None:
        for i in range(orders):
            town = ["Ulm", "Gera", "Jena"][i % 3]
            await publish("orders", {"id": f"o-{i}", "town": town}, key=town)
            await sleep(0.05)

    world.spawn(shop(), "shop")
    world.client("visitor", "stock", rate=4.0, count=orders, timeout=0.2)
    world.at(0.6, world.slow, "bank", 3.0)
    world.at(0.9, world.partition, "billing-2", "stock")
    world.at(1.4, world.crash, "bank", 0.5)
    world.at(1.9, world.repair, "stock", "billing-2")


def run(chance: Chance, orders: int = 12) -> str:
    """Run the world on some luck; returns the whole trace, and the rows that are left."""
    rates = RATES if isinstance(chance, Seeded) else dict.fromkeys(RATES, 0.0)
    world = World(chance=chance, faults=rates, latency=0.01, pause_for=5.0)
    try:
        build(world, orders)
        world.run(until=30.0)
    except CallError as error:  # the one that the world does not expect
        return f"{error!r}"
    rows = "\n".join(f"{key} = {value}" for key, value in world.stores["ledger"].rows.items())
    return f"{world.trace.text()}\n{rows}\n"


def grouped(chance: Chance) -> str:
    """Run a partitioned group whose members die, pause, join and leave; returns the trace."""
    kinds = ("crash", "long crash", "stays down", "pause", "ack lost", "preempt", "broker crash")
    world = World(chance=chance, faults=dict.fromkeys(kinds, 0.03), latency=0.01)
    world.topic("orders", 4)

    async def handle(event: Event) -> None:
        await perform("handle", event.id)

    group = world.consumer(
        "w", lambda: handle, "orders", workers=3, latency=1.0, assignment="partitioned"
    )
    for i in range(60):
        world.at(i * 0.4, world.publish, "orders", i)
    world.at(5.0, group.hire, "w-4", "w-5")
    world.at(9.0, group.leave, "w-4")
    world.at(10.0, group.pause)
    world.at(11.0, group.resume)
    world.run(until=100.0)
    return world.trace.text()


def explored() -> str:
    """Explore a wrong and a right answer; returns what was found, and the runs."""
    found = [
        explore(
            paying(answer, assignment=kind), charged_once, faults=FAULTS, max_faults=2, merge=merge
        )
        for answer in (MarkFirst, Transactional)
        for kind in ("shared", "partitioned")
        for merge in (False, True)
    ]
    return "\n".join(
        f"{f} {f.schedules} {f.merged} {dict(f.fired)} {f.trace.text()}" for f in found
    )


#: The runs that are kept: the name of each file, and what makes it.
GOLDEN: dict[str, Callable[[], str]] = {
    "golden_seeded.txt": lambda: run(Seeded(7), orders=4),
    "golden_schedule.txt": lambda: run(Schedule("2d10r59c"), orders=3),
}


def main(what: str, *more: str) -> None:
    """Write the kept runs anew, or print a run."""
    if what == "renew":
        for name, make in GOLDEN.items():
            (HERE / name).write_text(make(), encoding="utf-8")
    elif what == "explore":
        print(explored())
    elif what == "grouped":
        print(grouped(Seeded(int(more[0]))))
    else:
        print(run(Seeded(int(more[0])) if what == "seeded" else Schedule(more[0])))


if __name__ == "__main__":
    main(*sys.argv[1:])
