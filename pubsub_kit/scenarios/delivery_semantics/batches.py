"""More worlds and oracles of exercise 04: several messages at once.

A reader commits offsets to say what is done, and an offset stands for everything before it. A
message that can never be handled is redelivered, and good ones wait behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.scenarios.plain import moment
from pubsub_kit.scenarios.unasked import Unasked
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.stores import Store
from pubsub_kit.world.trace import Step, Trace
from pubsub_kit.world.verbs import perform, sleep
from pubsub_kit.world.world import World

# -- commit: offsets that say what is done ---------------------------------------------------------

CLICKS = 4
SLOW, QUICK = 3.0, 1.0  # seconds


def commit(world: World, answer: Any, most: int = CLICKS, db: Store | None = None) -> None:
    """A log of four clicks, the first of them slow; the answer handles `most` of them in a batch.

    `handle(batch)` gets (offset, event) pairs from the committed offset on, and puts the next
    offset to read into the row `committed`.
    """
    db = world.store("db") if db is None else db
    db.rows["committed"] = 0
    world.topic("clicks")
    for i in range(CLICKS):
        world.publish("clicks", {"takes": QUICK if i else SLOW}, id=f"click-{i}")
    world.service("reader", lambda: _Reader(world, answer(db), db, most))


class _Reader(Unasked):
    """Reads from the committed offset, and hands batches to the answer until nothing is left."""

    def __init__(self, world: World, answer: Any, db: Any, most: int) -> None:
        super().__init__(self._read)
        self.world, self.answer, self.db, self.most = world, answer, db, most

    async def _read(self) -> None:
        log = self.world.broker.topic("clicks").log
        for _ in range(2 + CLICKS // self.most):
            offset = await Store.get(self.db, "committed")  # a look that no picture shows
            batch = log.read(0, offset, self.most) if type(offset) is int else []
            clicks = tuple(event.id for _, event in batch)
            left = "" if batch else ": nothing"
            self.world.note("note", "reader", text=f"reads from offset {offset}{left}", data=clicks)
            if not batch:
                return
            await self.answer.handle(batch)
            await sleep(QUICK)


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
    return any(key == f"count click-{number}" for step in effects for key in step.data[2])


def commits(trace: Trace) -> list[int]:
    """Return the steps that wrote the committed offset."""
    return [i for i, s in enumerate(trace) if s.kind == "effect" and "committed" in s.data[2]]


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
        tried, count = last(world.trace, f"try {left[0]}"), len(_tries(world.trace, left[0]))
        times = "only attempt" if count == 1 else f"last of {count} attempts"
        message = (
            f"{left[0]} is a good order, but it became a dead letter: its {times} was at "
            f"{moment(world.trace[tried])}, and the outage lasted until {OUTAGE:g} s."
        )
        wanted, found = {left[0]: "packed"}, {left[0]: "a dead letter"}
        belief = "one attempt is enough" if count == 1 else "a few quick tries are enough"
        return Violation(message, tried, wanted, found, belief)
    return None


def _never_put_aside(trace: Trace, left: list[str]) -> Violation:
    tries = _tries(trace, "order-1")
    count = len(tries)
    behind = f" {' and '.join(left)} never got through behind it." if left else ""
    message = (
        f"order-1 can never be packed, yet it was tried {count} times in {PATIENCE:g} s and keeps "
        f"being redelivered.{behind}"
    )
    wanted, found = {"order-1": "a dead letter"}, {"order-1": f"tried {count}×"}
    step = tries[:9][-1]  # the first that no limit of 8 would have let through
    return Violation(message, step, wanted, found, "requeue works in the end")


def _tries(trace: Trace, id: str) -> list[int]:
    words = f"try {id}"
    return [i for i, s in enumerate(trace) if s.kind == "effect" and words in s.text]


def last(trace: Trace, words: str = "") -> int:
    """Return the last effect that these words describe, or else the last step."""
    steps = [i for i, s in enumerate(trace) if s.kind == "effect" and words in s.text]
    return steps[-1] if steps else len(trace) - 1
