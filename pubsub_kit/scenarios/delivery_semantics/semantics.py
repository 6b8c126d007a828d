"""Worlds and oracles of exercise 04: what may be lost, what may be repeated, who says it's done.

Each world has one problem: services that need different semantics, a job that outlasts its lease, a
queue that keeps the order but repeats messages. The worlds with a bad message among good ones, and
with several messages at once, are in `batches.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pubsub_kit.scenarios.delivery_semantics.batches import last
from pubsub_kit.scenarios.drawn import drawn
from pubsub_kit.scenarios.plain import moment
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.verbs import publish
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.scenarios.drawn import Draws
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
            message = f"The {service} is missing, and it never may be.{_crashed(world, service)}"
            return _unmet(world, message, service, done, "ack on receipt is fine")
        if "twice" in need and done > 1:
            again = world.trace[last(world.trace, service)]
            message = (
                f"The {service} was done {done} times, and it must never be done twice: "
                f"{again.node} did it again at {moment(again)}, since no ack had arrived."
            )
            return _unmet(world, message, service, done, "exactly once comes by itself")
    for service in (name for name, need in NEEDS.items() if need != NEEDS["payment"]):
        if f"seen {_topic(service)}-1" in rows:
            message = (
                f"The {service} remembers its id, at the price of a row and a transaction, though "
                "it needs less than that."
            )
            return _unmet(world, message, service, 1, "more than is needed")
    return None


def _crashed(world: World, service: str) -> str:
    crashes = world.trace.of("crash", node=_worker(service))
    if not crashes:
        return ""
    return f" {_worker(service)} had acked it when it crashed at {moment(crashes[0])}."


def _unmet(world: World, message: str, service: str, done: int, belief: str) -> Violation:
    step = last(world.trace, service)
    return Violation(message, step, {service: NEEDS[service]}, {service: f"{done}×"}, belief)


def draw_service(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw the lanes of the service whose need was not met, or all lanes if every need was."""
    services = (violation and violation.expected) or ()
    lanes = [name for s in services for name in ("signup", _topic(s), _worker(s))]
    return drawn(world, violation, title, lanes or None)


def drawn_until(after: float | None = None, **options: Any) -> Draws:
    """Return what draws a run up to `after` seconds past the violation."""

    def draw(world: World, violation: Violation | None, title: str) -> Picture:
        until = None
        if after is not None and violation is not None and violation.step is not None:
            until = world.trace[violation.step].time + after
        return drawn(world, violation, title, until=until, **options)

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
    """The film is rendered, by one worker at a time, and no older attempt overwrites a newer."""
    trace = world.trace
    written = [
        (i, step.data[2][FILM])
        for i, step in enumerate(trace)
        if step.kind == "effect" and FILM in step.data[2]
    ]
    for (_, before), (i, now) in pairwise(written):
        if now < before:
            message = (
                f"At {moment(trace[i])} {trace[i].node} wrote the film of attempt {now} over that "
                f"of attempt {before}.{_paused(trace, i)}"
            )
            wanted, found = {FILM: before}, {FILM: now}
            return Violation(message, i, wanted, found, "the old worker has stopped")
    if not written:
        message = "The film was acked, but never rendered." + _crashes(trace)
        wanted, found = {FILM: "done"}, {}
        return Violation(message, len(trace) - 1, wanted, found, "ack on receipt is fine")
    if (hasty := _in_no_time(trace, written[0][0])) is not None:
        message = f"The film was done after {hasty:g} s, but rendering takes {JOB:g} s."
        wanted, found = {"rendered for": f"{JOB:g} s"}, {"rendered for": f"{hasty:g} s"}
        return Violation(message, written[0][0], wanted, found, "skips the work")
    if (both := side_by_side(trace)) is not None:
        message = (
            f"Two workers rendered the same film at once: its lease ran out, so {trace[both].node} "
            f"began it at {moment(trace[both])} while the first worker was still busy."
        )
        wanted, found = {"workers at it": 1}, {"workers at it": 2}
        return Violation(message, both, wanted, found, "the lease outlasts the job")
    if world.broker.subscriptions["films", "render"].lag:
        message = f"The film was rendered {len(written)} times, because it was never acked."
        wanted, found = {"acked": "once"}, {"acked": "never"}
        return Violation(message, written[1][0], wanted, found, "never acks")
    return None


def _paused(trace: Trace, until: int) -> str:
    """Say when the node of a step had paused before it, if it had."""
    pauses = [s for s in trace[:until] if s.kind == "pause" and s.node == trace[until].node]
    if not pauses:
        return ""
    return f" It had paused at {moment(pauses[-1])}, and didn't notice that it had been replaced."


def _crashes(trace: Trace) -> str:
    """Say who crashed, and when, if anybody did."""
    return "".join(f" {step.node} crashed at {moment(step)}." for step in trace.of("crash"))


def _in_no_time(trace: Trace, done: int) -> float | None:
    """Return how many seconds a worker spent on it, if that is too short."""
    node = trace[done].node
    began = [s.time for s in trace[:done] if s.kind == "begin" and s.node == node]
    worked = trace[done].time - began[-1] if began else 0.0
    return None if worked > JOB - 0.001 else worked


def side_by_side(trace: Trace) -> int | None:
    """Return the step at which a second worker begins, if nobody has crashed or paused."""
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
    message = f"Ann deposited 10 and 5, but her balance is {found} instead of {owed}."
    more = isinstance(found, int | float) and found > owed
    belief = "a queue in order is once" if more else "a deposit is lost"
    step = _repeat(world.trace) if more else last(world.trace)
    if more and world.trace:
        made = world.trace[step]
        message += f" At {moment(made)} {made.node} handled a redelivered deposit as a new one."
    else:
        message += _crashes(world.trace)
    return Violation(message, step, {"balance": owed}, {"balance": found}, belief)


def _repeat(trace: Trace) -> int:
    """Return the first effect of a message that was redelivered."""
    again = False
    for i, step in enumerate(trace):
        if step.kind == "begin":
            again = "(attempt" in step.text
        elif step.kind == "effect" and again:
            return i
    return last(trace)
