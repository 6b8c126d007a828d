"""More worlds and oracles of exercise 04: several messages at once.

A reader commits offsets to say what is done, and an offset stands for everything before it. A batch
holds one bad record, and an exception stands for all of them. A message that can never be handled
is redelivered, and good ones wait behind it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.scenarios.plain import moment, plain, short
from pubsub_kit.world.running import WorldError
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.trace import Step, Trace
from pubsub_kit.world.verbs import perform, sleep
from pubsub_kit.world.world import World

# -- commit: offsets that say what is done ---------------------------------------------------------

CLICKS = 4
SLOW, QUICK = 3.0, 1.0  # seconds


def commit(world: World, answer: Any) -> None:
    """A log of four clicks, the first of them slow; the answer handles them in one batch.

    `handle(batch)` gets (offset, event) pairs from the committed offset on, and puts the next
    offset to read into the row `committed`.
    """
    db = world.store("db", {"committed": 0})
    world.topic("clicks")
    for i in range(CLICKS):
        world.publish("clicks", {"takes": QUICK if i else SLOW}, id=f"click-{i}")
    world.service("reader", lambda: _Reader(world, answer(db), db))


class _Reader:
    """Reads from the committed offset, and hands batches to the answer until nothing is left."""

    def __init__(self, world: World, answer: Any, db: Any) -> None:
        self.world, self.answer, self.db = world, answer, db

    async def recover(self) -> None:
        log = self.world.broker.topic("clicks").log
        for _ in range(3):
            offset = await self.db.get("committed")
            batch = log.read(0, offset, CLICKS) if type(offset) is int else []
            clicks = tuple(event.id for _, event in batch)
            left = "" if batch else ": nothing"
            self.world.note("note", "reader", text=f"reads from offset {offset}{left}", data=clicks)
            if not batch:
                return
            await self.answer.handle(batch)
            await sleep(QUICK)

    async def handle(self, request: Any) -> None: ...


def every_click_counts(world: World) -> Violation | None:
    """Each click was counted at least once, and the committed offset is the log's end."""
    committed = world.stores["db"].rows.get("committed")
    missing = [i for i in range(CLICKS) if not counted(world.trace, i)]
    if type(committed) is not int:
        message = f"The committed offset is {committed!r}, but an offset is a whole number."
        return Violation(message, None, {"committed": CLICKS}, {"committed": committed})
    if missing:
        return _passed_over(world.trace, missing, committed)
    if committed != CLICKS:
        message = (
            f"All {CLICKS} clicks were counted, but the committed offset is {committed} instead of "
            f"{CLICKS}."
        )
        belief = "never commits" if committed == 0 else "the last, not the next"
        step = commits(world.trace)[-1:] or [len(world.trace) - 1]
        wanted, found = {"committed": CLICKS}, {"committed": committed}
        return Violation(message, step[0], wanted, found, belief)
    return None


def _passed_over(trace: Trace, missing: list[int], committed: int) -> Violation:
    names = ", ".join(f"click-{i}" for i in missing)
    was = "was" if len(missing) == 1 else "were"
    wanted, found = {"counted": CLICKS}, {"counted": CLICKS - len(missing)}
    if not committed > missing[0]:
        return Violation(f"{names} {was} never counted.", None, wanted, found, "counts nothing")
    highest = committed - 1 not in missing
    belief = "commit the highest finished" if highest else "committed means processed"
    past = range(missing[0] + 1, 9)
    early = next((i for i in commits(trace) if trace[i].data[2]["committed"] in past), None)
    said = f"offset {committed} was committed" if early is None else _committed(trace[early])
    message = f"{names} {was} never counted, but {said}: all before it counts as done."
    return Violation(message, early, wanted, found, belief)


def _committed(step: Step) -> str:
    return f"the reader committed offset {step.data[2]['committed']} at {moment(step)}"


def counted(trace: Trace, number: int) -> bool:
    """Say whether a click was counted."""
    effects = (s for s in trace if s.kind == "effect" and s.data[0] == "outside")
    return any(key.endswith(f" click-{number}") for step in effects for key in step.data[2])


def commits(trace: Trace) -> list[int]:
    """Return the steps that wrote the committed offset."""
    return [i for i, s in enumerate(trace) if s.kind == "effect" and "committed" in s.data[2]]


# -- batch: one bad record among good ones ---------------------------------------------------------

RECORDS = {"record-1": "good", "record-2": "bad", "record-3": "good"}
TRIES = 3


def batch(world: World, answer: Any) -> None:
    """A batch of three records, the second one bad; what the answer gives back is retried.

    `handle(batch)` gets a list of events and returns the ids that failed (as AWS Lambda's partial
    batch response does; None is none); an exception fails the whole batch. `work(event)` raises for
    the bad one.
    """
    db = world.store("db")
    records = [world.event("records", data, id=id) for id, data in RECORDS.items()]

    async def work(event: Any) -> None:
        await perform("work on", event.id)
        if event.data == "bad":
            raise ValueError("cannot read this record")

    async def source() -> None:
        handler, left = answer(work), records
        for _ in range(TRIES):
            failed = await _failed(world, handler, left) if left else []
            for event in left:
                if event.id not in failed:
                    await db.insert(f"done {event.id}")
            left = [event for event in left if event.id in failed]
            await sleep(1.0)
        for event in left:
            await db.insert(f"dead {event.id}")

    world.spawn(source(), "worker")


async def _failed(world: World, handler: Any, records: list[Any]) -> list[Any]:
    """Return the ids to retry: all of them if the handler raised."""
    ids = [event.id for event in records]
    try:
        failed = await handler.handle(list(records))
    except Exception as error:
        world.heard(error)
        return ids
    if failed is None:
        return []
    if not isinstance(failed, list | tuple | set) or not all(id in ids for id in failed):
        given = short(str(plain(failed)))
        raise WorldError(f"handle(batch) returns a list of ids, such as {ids[:1]}, not {given}")
    return list(failed)


def good_records_are_worked_on_once(world: World) -> Violation | None:
    """Good records are done at the first attempt; the bad one ends up as a dead letter."""
    rows, trace = world.stores["db"].rows, world.trace
    words = (s.text.split(" (")[0] for s in trace if s.kind == "effect")
    worked = Counter(w.removeprefix("work on ") for w in words)
    for id in (id for id, data in RECORDS.items() if data == "good"):
        if f"done {id}" not in rows or worked[id] != 1:
            return _not_once(trace, id, worked[id])
    if "dead record-2" not in rows:
        message = (
            "record-2 failed, but you reported it as done. So it is lost: it never reaches the "
            "dead letters."
        )
        wanted, found = {"record-2": "a dead letter"}, {"record-2": "done"}
        return Violation(message, last(trace, "record-2"), wanted, found, "swallows the error")
    return None


def _not_once(trace: Trace, id: str, count: int) -> Violation:
    times = {0: "never worked on", 1: "reported as failed"}.get(count, f"worked on {count} times")
    first = "works on nothing" if id == "record-1" else "stops at the bad one"
    belief = "one bad record fails the batch" if count else first
    wanted, found = {id: "worked on once, done"}, {id: times}
    step = last(trace, f"{id} (time 2)" if count > 1 else id)
    return Violation(f"{id} is a good record, but it was {times}.", step, wanted, found, belief)


# -- poison: a message that can never be handled ---------------------------------------------------

DELIVERIES = {"1": 1, "5": 5, "8": 8, "no limit": None}
WAITS = {
    "none": RetryPolicy(base=0.0, jitter=None),
    "growing": RetryPolicy(base=1.0, cap=30.0, jitter=None),
}
HANDLING, OUTAGE, PATIENCE = 0.2, 5.0, 120.0  # seconds


def poison(world: World, choice: Mapping[str, str]) -> None:
    """Three orders: a broken one, one whose warehouse is down at first, and a good one."""
    db = world.store("db")
    world.topic("orders")

    async def pack(event: Any) -> None:
        await perform("try", event.id)
        if event.data == "broken":
            raise ValueError("no such item")
        if event.data == "early" and world.now < OUTAGE:
            raise ConnectionError("the warehouse is down")
        await db.insert(f"done {event.id}")

    world.consumer(
        "packing",
        lambda: pack,
        "orders",
        start="earliest",
        latency=HANDLING,
        retry=WAITS[choice["wait between"]],
        max_deliveries=DELIVERIES[choice["deliveries"]],
    )
    for id, data in (("order-1", "broken"), ("order-2", "early"), ("order-3", "good")):
        world.publish("orders", data, id=id)


def good_ones_pass_and_poison_stops(world: World) -> Violation | None:
    """Both good orders get done, and the broken one is a dead letter within two minutes."""
    rows = world.stores["db"].rows
    left = [id for id in ("order-2", "order-3") if f"done {id}" not in rows]
    if world.broker.subscriptions["orders", "packing"].lag:
        return _never_put_aside(world.trace, left)
    if left:
        tried = last(world.trace, f"try {left[0]}")
        message = (
            f"{left[0]} is a good order, but it became a dead letter: its last attempt was at "
            f"{moment(world.trace[tried])}, and the outage lasted until {OUTAGE:g} s."
        )
        wanted, found = {left[0]: "packed"}, {left[0]: "a dead letter"}
        belief = "a few quick tries are enough"
        return Violation(message, tried, wanted, found, belief)
    return None


def _never_put_aside(trace: Trace, left: list[str]) -> Violation:
    tries = [i for i, s in enumerate(trace) if s.kind == "effect" and "try order-1" in s.text]
    count = len(tries)
    behind = f" {' and '.join(left)} never got through behind it." if left else ""
    message = (
        f"order-1 can never be packed, yet it was tried {count} times in {PATIENCE:g} s and keeps "
        f"being redelivered.{behind}"
    )
    wanted, found = {"order-1": "a dead letter"}, {"order-1": f"tried {count}×"}
    step = tries[:9][-1]  # the first that no limit of 8 would have let through
    return Violation(message, step, wanted, found, "requeue works in the end")


def last(trace: Trace, words: str = "") -> int:
    """Return the last effect that these words describe, or else the last step."""
    steps = [i for i, s in enumerate(trace) if s.kind == "effect" and words in s.text]
    return steps[-1] if steps else len(trace) - 1
