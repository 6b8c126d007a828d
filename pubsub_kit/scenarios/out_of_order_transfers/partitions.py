"""The world and the oracle of exercise 05's routing: which choice lets one move overtake another.

Ann pays 100 in with an app, then 70 out on a website, then a fee of 20 with the app. Both publish
to the partitions of one topic, each with its own worker. The ledger is down when the first move
arrives, so that move has to be tried again. The moves must be booked in the order they were made.

Each partition is a topic of its own here, so that a choice can put a message where no sound client
would. Its messages keep their order by key, as those of a Kafka partition do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from zlib import crc32

from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.event import Event
from pubsub_kit.scenarios.drawn import drawn
from pubsub_kit.scenarios.plain import moment
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.explore import Exploration, Violation
from pubsub_kit.world.search.stopped import stopped_by
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.verbs import sleep
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

FAULTS = ("crash",)
#: What Ann moves, in this order, and by which client.
PAID = {"paid-in": 100, "paid-out": -70, "fee": -20}
CLIENTS = ("app", "website", "app")
FEW, MORE = 2, 3

ACCOUNT, MOVE, NO_KEY = "the account", "the move's id", "no key"
PYTHON, OWN, SAME = "Python's hash()", "each client's default", "CRC32 in both clients"
NOW, DRAIN, AMPLE = "add one while it runs", "drain, then add one", "one more from the start"
RETRY_TOPIC, DEAD, WAIT, ASIDE = (
    "to a retry topic",
    "to the dead-letter queue, redriven later",
    "stays in place and is retried",
    "the whole account steps aside",
)
OPTIONS: dict[str, Sequence[str]] = {
    "key": (ACCOUNT, MOVE, NO_KEY),
    "hash": (PYTHON, OWN, SAME),
    "partitions": (NOW, DRAIN, AMPLE),
    "failed": (RETRY_TOPIC, DEAD, WAIT, ASIDE),
}
#: What each wrong choice believes, in the order in which they matter.
BELIEFS = {
    NO_KEY: "a topic is totally ordered",
    MOVE: "a topic is totally ordered",
    PYTHON: "hash() is stable",
    OWN: "every client hashes alike",
    NOW: "adding partitions is harmless",
    RETRY_TOPIC: "a retry topic keeps order",
    DEAD: "a dead letter is free",
}


def murmur2(data: bytes) -> int:
    """Return the hash by which Kafka's Java client chooses a partition, as 32 unsigned bits."""
    prime, mask, whole = 0x5BD1E995, 0xFFFFFFFF, len(data) // 4 * 4
    found = 0x9747B28C ^ len(data)
    for i in range(0, whole, 4):
        part = int.from_bytes(data[i : i + 4], "little") * prime & mask
        found = (found * prime & mask) ^ ((part ^ part >> 24) * prime & mask)
    if tail := data[whole:]:
        found = (found ^ int.from_bytes(tail, "little")) * prime & mask
    found = (found ^ found >> 13) * prime & mask
    return found ^ found >> 15


def by_crc32(key: str, partitions: int) -> int:
    """Return the partition that librdkafka's default chooses: CRC32."""
    return crc32(key.encode()) % partitions


def by_murmur2(key: str, partitions: int) -> int:
    """Return the partition that Kafka's Java client chooses."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions


def by_salted_hash(salt: int) -> Callable[[str, int], int]:
    """Return a stand-in for Python's hash() in one process: each process salts it anew."""

    def choose(key: str, partitions: int) -> int:
        salted = blake2b(f"salt {salt} {key}".encode(), digest_size=8).digest()
        return int.from_bytes(salted, "big") % partitions

    return choose


class LedgerDown(PubSubKitError):
    """The ledger can't be reached right now."""


def routed(world: World, choice: Mapping[str, str]) -> None:
    """Two clients, a topic with partitions, a worker for each, and a ledger that is down once."""
    bank = _Bank(world, choice)
    once: dict[str, Any] = {}
    if choice["failed"] == DEAD:
        once = {"max_deliveries": 1, "dead_letter": "dead"}
    patience = RetryPolicy(base=3.0, jitter=None)
    for number in range(MORE):
        topic, options = f"moves-{number}", {"start": "earliest", **once}
        world.topic(topic)
        world.consumer(
            f"worker-{number}", lambda: bank.book, topic, ordered=True, retry=patience, **options
        )
    world.topic("retry")
    world.consumer("late", lambda: bank.book_later, "retry", start="earliest", ordered=True)
    for number, id in enumerate(PAID):
        world.spawn(bank.pay(id, number), CLIENTS[number])
    if once:
        world.at(30.0, _redrive, world)


def _redrive(world: World) -> None:
    if again := world.broker.redrive("dead"):
        world.note("note", "moves-0", text=f"{again} redriven from the dead letters")
        for number in range(MORE):
            world.wake(f"moves-{number}")


class _Bank:
    """What the choices decide, and the ledger that all workers write to."""

    def __init__(self, world: World, choice: Mapping[str, str]) -> None:
        self.world, self.choice = world, choice
        self.ledger = world.store("ledger")
        self.down = True
        salted = by_salted_hash(7), by_salted_hash(8)
        hashes = {PYTHON: salted, OWN: (by_crc32, by_murmur2), SAME: (by_crc32, by_crc32)}
        self.hashes = dict(zip(("app", "website"), hashes[choice["hash"]], strict=True))

    async def pay(self, id: str, number: int) -> None:
        """Publish the move of this number, a second after the one before."""
        await sleep(float(number))
        grows, last = self.choice["partitions"], number == len(PAID) - 1
        if last and grows == DRAIN:
            while self._backlog():
                await sleep(5.0)
        count = MORE if last or grows == AMPLE else FEW
        keys = {ACCOUNT: "ann", MOVE: id, NO_KEY: None}
        key = keys[self.choice["key"]]
        hashed = self.hashes[CLIENTS[number]]
        partition = number % count if key is None else hashed(key, count)
        await publish(f"moves-{partition}", PAID[id], key=key, id=id)

    def _backlog(self) -> bool:
        groups = (g for n in range(MORE) for g in self.world.groups[f"moves-{n}"])
        return any(group.subscription.lag for group in groups)

    async def book(self, event: Event) -> None:
        """Book a move, or do with it what was chosen if the ledger is down."""
        if self.choice["failed"] == ASIDE and await self.ledger.get("aside"):
            await publish("retry", event.data, key=event.key, id=event.id)
        elif self.down:
            self.down = False
            worker = self.world.current().node.name
            self.world.note("note", worker, text="the ledger is down", fault=True)
            await self._failed(event)
        else:
            await self._apply(event)

    async def _failed(self, event: Event) -> None:
        failed = self.choice["failed"]
        if failed not in (RETRY_TOPIC, ASIDE):
            raise LedgerDown("the ledger is down")
        if failed == ASIDE:
            await self.ledger.put("aside", True)
        await publish("retry", event.data, key=event.key, id=event.id)

    async def book_later(self, event: Event) -> None:
        """Book what was put aside, once the ledger has had time to come back."""
        await sleep(8.0)
        await self._apply(event)

    async def _apply(self, event: Event) -> None:
        async with self.ledger.transaction() as tx:
            if await tx.get(f"seen {event.id}") is None:
                await tx.add("ann", event.data)
                await tx.put(f"seen {event.id}", True)


def in_order(world: World) -> Violation | None:
    """The moves are booked in the order in which they were made, all of them."""
    booked: list[str] = []
    for i, step in enumerate(world.trace):
        if step.kind == "effect" and "ann" in step.data[2]:
            booked += [key.removeprefix("seen ") for key in step.data[2] if key != "ann"]
            if booked != [*PAID][: len(booked)]:
                return _overtaken(booked, i, world.trace)
    if len(booked) < len(PAID):
        told = f"Only {len(booked)} of the {len(PAID)} moves were booked."
        why = stopped_by(world.trace, next(id for id in PAID if id not in booked))
        return Violation(told, len(world.trace) - 1, blocker=why and why.step)
    return None


def _overtaken(booked: list[str], step: int, trace: Trace) -> Violation:
    when, balance = moment(trace[step]), trace[step].data[2]["ann"]
    first = next(id for id in PAID if id not in booked)
    move, earlier = f"{PAID[booked[-1]]:+}", f"{PAID[first]:+}"
    message = (
        f"At {when} {move} was booked before {earlier}, which Ann made first: ann = {balance}."
    )
    wanted = [f"{PAID[id]:+}" for id in PAID][: len(booked)]
    found = [f"{PAID[id]:+}" for id in booked]
    lowest = {"booked": ", ".join(wanted), "ann": sum(map(int, wanted))}
    return Violation(message, step, lowest, {"booked": ", ".join(found), "ann": balance})


def diagnose(choice: Mapping[str, str], found: Exploration) -> str:
    """Name the belief that parted two moves, or let one pass the other in their partition."""
    if found.world is None or (pair := _pair(found.world.trace)) is None:
        return ""
    sent = {id: _sent(found.world.trace, id) for id in pair}
    (client, topic), (other, elsewhere) = (sent[id] for id in pair)
    if topic == elsewhere:
        return BELIEFS.get(choice["failed"]) or BELIEFS.get(choice["key"], "")
    if choice["key"] != ACCOUNT:
        return BELIEFS[choice["key"]]
    parted = choice["hash"] if client != other and choice["hash"] != SAME else choice["partitions"]
    return BELIEFS.get(parted, "")


def _pair(trace: Trace) -> tuple[str, str] | None:
    """Return a move that was booked too early, and the one that it overtook."""
    booked: list[str] = []
    for step in trace:
        if step.kind == "effect" and "ann" in step.data[2]:
            booked += [key.removeprefix("seen ") for key in step.data[2] if key != "ann"]
            if booked != [*PAID][: len(booked)]:
                return booked[-1], next(id for id in PAID if id not in booked)
    return None


def _sent(trace: Trace, id: str) -> tuple[str, str]:
    """Return which client published a move, and on which topic."""
    first = next(s for s in trace if s.kind == "send" and s.node in CLIENTS and s.text == id)
    return first.node, first.peer


def in_lanes(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw a run from the clients on the left, over each partition, to its worker."""
    lanes = ["app", "website"]
    for number in range(MORE):
        lanes += [f"moves-{number}", f"worker-{number}"]
    return drawn(world, violation, title, (*lanes, "retry", "late"), _said)


def _said(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    return f"ann = {after['ann']}" if "ann" in after else ""
