"""Worlds and oracles of exercise 04: what may be lost, what may come twice, who says it is done.

Each world has one trouble: a service that needs its own semantics, a job that outlasts its lease, a
queue that keeps the order and repeats, a message that can never be handled. Those about several
messages at once are in `batches.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pubsub_kit.checks.stages.batches import last
from pubsub_kit.retry import RetryPolicy
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.verbs import perform, publish
from pubsub_kit.world.violation import Violation
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.checks.judges import Draws
    from pubsub_kit.show.picture import Picture

# -- semantics: four services, each with a need of its own -----------------------------------------

SEMANTICS = ("at most once", "at least once", "effectively once")
NEEDS = {
    "welcome email": "never twice",
    "invoice": "never missing",
    "payment": "never missing, never twice",
    "live position": "neither matters",
}


def semantics(world: World, choice: Mapping[str, str]) -> None:
    """One event for each service, handled under the chosen semantics."""
    db = world.store("db")
    for service, chosen in choice.items():
        handler = _once if chosen == "effectively once" else _plain
        world.topic(_topic(service))
        world.consumer(
            _worker(service),
            lambda handler=handler: handler(db),
            _topic(service),
            start="earliest",
            semantics="at_most_once" if chosen == "at most once" else "at_least_once",
        )
    world.spawn(_signup(list(choice)), "signup")


async def _signup(services: list[str]) -> None:
    for service in services:
        await publish(_topic(service), {"service": service}, id=f"{_topic(service)}-1")


def _topic(service: str) -> str:
    return service.replace(" ", "-")


def _worker(service: str) -> str:
    return f"{_topic(service)}-worker"


def _plain(db: Any) -> Any:
    async def handle(event: Any) -> None:
        await db.add(event.data["service"], 1)

    return handle


def _once(db: Any) -> Any:
    async def handle(event: Any) -> None:
        async with db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await tx.add(event.data["service"], 1)

    return handle


def needs_are_met(world: World) -> Violation | None:
    """Each service gets what it needs, and none pays for more."""
    rows = world.stores["db"].rows
    for service, need in NEEDS.items():
        done = rows.get(service, 0)
        if "missing" in need and done == 0:
            message = f"The {service} never came, and it must not be missing."
            return _unmet(world, message, service, done, "ack on receipt is fine")
        if "twice" in need and done > 1:
            message = f"The {service} came twice, and it must never do so."
            return _unmet(world, message, service, done, "exactly once comes by itself")
    for service in (name for name, need in NEEDS.items() if need != NEEDS["payment"]):
        if f"seen {_topic(service)}-1" in rows:
            message = f"The {service} has its ids remembered, though it needs less than that."
            return _unmet(world, message, service, 1, "more than is needed")
    return None


def _unmet(world: World, message: str, service: str, done: int, belief: str) -> Violation:
    step = last(world.trace, service)
    return Violation(message, step, {service: NEEDS[service]}, {service: f"{done}×"}, belief)


def draw_service(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw the lanes of the service that did not get what it needs; all of them if none did."""
    services = (violation and violation.expected) or ()
    lanes = [name for s in services for name in ("signup", _topic(s), _worker(s))]
    return drawn(nodes=lanes or None)(world, violation, title)


def drawn(after: float | None = None, **options: Any) -> Draws:
    """Return what draws a run until so many seconds after what is wrong in it."""

    def draw(world: World, violation: Violation | None, title: str) -> Picture:
        from pubsub_kit import show

        wrong, until = violation or Violation(""), None
        if after is not None and wrong.step is not None:
            until = world.trace[wrong.step].time + after
        return show.spacetime(
            world.trace,
            mark=wrong.step,
            expected=wrong.expected,
            actual=wrong.actual,
            caption=wrong.message or None,
            title=title,
            until=until,
            **options,
        )

    return draw


# -- worker: a job that takes longer than its lease ------------------------------------------------

LEASE, JOB, STANDSTILL = 10.0, 25.0, 60.0  # seconds
FILM = "film tea"


def worker(world: World, answer: Any) -> None:
    """Two workers, one film of 25 s to render, a lease of 10 s; the answer acks by itself."""
    db = world.store("db")
    world.pause_for = STANDSTILL
    world.topic("films")
    world.consumer(
        "render",
        lambda: answer(db),
        "films",
        workers=2,
        start="earliest",
        semantics="manual",
        ack_deadline=LEASE,
    )
    world.publish("films", {"film": "tea"}, id="film-1")


def rendered_once_at_a_time(world: World) -> Violation | None:
    """The film gets done; nobody renders it beside another; no older attempt has the last word."""
    trace = world.trace
    written = [
        (i, step.data[2][FILM])
        for i, step in enumerate(trace)
        if step.kind == "effect" and FILM in step.data[2]
    ]
    for (_, before), (i, now) in pairwise(written):
        if now < before:
            message = f"Attempt {now} woke up, and wrote over what attempt {before} had done."
            wanted, found = {FILM: before}, {FILM: now}
            return Violation(message, i, wanted, found, "the old worker has stopped")
    if not written:
        message, wanted, found = "The film was acked, and never rendered.", {FILM: "done"}, {}
        return Violation(message, len(trace) - 1, wanted, found, "ack on receipt is fine")
    if (both := side_by_side(trace)) is not None:
        message = "The lease ran out in the middle: two workers render the same film at once."
        wanted, found = {"workers at it": 1}, {"workers at it": 2}
        return Violation(message, both, wanted, found, "the lease outlasts the job")
    if world.broker.subscriptions["films", "render"].lag:
        message = f"The film was rendered {len(written)} times, and never acked."
        wanted, found = {"acked": "once"}, {"acked": "never"}
        return Violation(message, written[1][0], wanted, found, "never acks")
    return None


def side_by_side(trace: Trace) -> int | None:
    """Return the step at which a second worker begins, where nobody has crashed or paused."""
    if any(step.kind in ("pause", "crash") for step in trace):
        return None
    at_it: set[str] = set()
    for i, step in enumerate(trace):
        if step.kind == "begin":
            at_it.add(step.node)
            if len(at_it) > 1:
                return i
        elif step.kind == "end":
            at_it.discard(step.node)
    return None


# -- fifo: in order is not once --------------------------------------------------------------------

DEPOSITS = {"deposit-1": 10, "deposit-2": 5}


def fifo(world: World, answer: Any) -> None:
    """Two deposits of one account on an ordered topic."""
    db = world.store("db")
    world.topic("deposits")
    world.consumer("bank", lambda: answer(db), "deposits", start="earliest", ordered=True)
    for number, amount in DEPOSITS.items():
        world.publish("deposits", amount, key="ann", id=number)


def deposited_once(world: World) -> Violation | None:
    """The balance is the sum of the deposits."""
    found, owed = world.stores["db"].rows.get("balance", 0), sum(DEPOSITS.values())
    if found == owed:
        return None
    message = f"Ann's deposits of 10 and 5 make a balance of {found}."
    belief = "a deposit is lost" if found < owed else "a queue in order is once"
    step = _repeat(world.trace) if found > owed else last(world.trace)
    return Violation(message, step, {"balance": owed}, {"balance": found}, belief)


def _repeat(trace: Trace) -> int:
    """Return the first effect of a message that had been delivered before."""
    again = False
    for i, step in enumerate(trace):
        if step.kind == "begin":
            again = "(attempt" in step.text
        elif step.kind == "effect" and again:
            return i
    return last(trace)


# -- poison: a message that can never be handled ---------------------------------------------------

DELIVERIES = {"1": 1, "5": 5, "8": 8, "no limit": None}
WAITS = {
    "none": RetryPolicy(base=0.0, jitter=None),
    "growing": RetryPolicy(base=1.0, cap=30.0, jitter=None),
}
HANDLING, OUTAGE, PATIENCE = 0.2, 5.0, 120.0  # seconds


def poison(world: World, choice: Mapping[str, str]) -> None:
    """Three orders: one that is broken, one whose warehouse is down at first, and a good one."""
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
    """Both good orders get done, and the broken one is put aside before patience ends."""
    rows = world.stores["db"].rows
    left = [id for id in ("order-2", "order-3") if f"done {id}" not in rows]
    if world.broker.subscriptions["orders", "packing"].lag:
        return _never_put_aside(world.trace, left)
    if left:
        message = f"{left[0]} is a good order: after the outage it could be packed."
        wanted, found = {left[0]: "packed"}, {left[0]: "a dead letter"}
        belief = "a few quick tries are enough"
        return Violation(message, last(world.trace, f"try {left[0]}"), wanted, found, belief)
    return None


def _never_put_aside(trace: Trace, left: list[str]) -> Violation:
    tries = [i for i, s in enumerate(trace) if s.kind == "effect" and "try order-1" in s.text]
    count = len(tries)
    behind = f" {' and '.join(left)} still wait behind it." if left else ""
    message = f"order-1 was tried {count} times in {PATIENCE:g} s, and comes back again.{behind}"
    wanted, found = {"order-1": "a dead letter"}, {"order-1": f"tried {count}×"}
    step = tries[:9][-1]  # the first that no limit of 8 would have let through
    return Violation(message, step, wanted, found, "requeue works in the end")
