"""Worlds and oracles of exercise 03: payments that count once, however often they arrive.

Three payments come in, two of them alike in all but their id. The network may publish one twice,
an ack may get lost, a worker may crash or be pre-empted at any await. What counts is the books.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from pubsub_kit.scenarios.idempotency.looks import watched
from pubsub_kit.scenarios.plain import moment
from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.search.explore import Exploration, Violation, run_once
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.verbs import publish
from pubsub_kit.world.world import World

PAYMENTS = {"pay-1": ("ann", 10), "pay-2": ("ann", 10), "pay-3": ("bob", 5)}
OWED = {"ann": 20, "bob": 5}
FAULTS = ("duplicate", "crash", "preempt", "ack lost")


def payments(world: World, answer: Any, workers: int = 2) -> None:
    """Three payments on a topic, and workers that run the learner's consumer on one database."""
    db = watched(world)
    world.topic("payments")
    world.consumer("billing", lambda: answer(db), "payments", workers=workers, start="earliest")
    world.spawn(_shop(), "shop")


async def _shop() -> None:
    for number, (account, amount) in PAYMENTS.items():
        await publish("payments", {"account": account, "amount": amount}, id=number)


class Booking(NamedTuple):
    """A write to a balance: its step, its event, whose balance, and whether it wrote that alone."""

    step: int
    event: str
    account: str
    before: Any
    after: Any
    alone: bool


def bookings(world: World) -> Iterator[Booking]:
    """Yield every write to a balance, with the event that its worker was handling."""
    in_hand: dict[str, str] = {}
    for i, step in enumerate(world.trace):
        if step.kind == "begin":
            in_hand[step.node] = step.text.partition(" (attempt")[0]
        elif step.kind == "effect":
            _, before, after = step.data
            for account in (name for name in OWED if name in after):
                was, event = before[account] or 0, in_hand.get(step.node, "")
                yield Booking(i, event, account, was, after[account], len(after) == 1)


def _balances(rows: Mapping[str, Any]) -> dict[str, Any]:
    return {name: rows.get(name, 0) for name in OWED}


def books_balance(world: World) -> Violation | None:
    """Each payment counts exactly once: no balance is ever too high, and none is low at the end."""
    found = _balances(world.stores["db"].rows)
    for made in bookings(world):
        if isinstance(made.after, int | float) and made.after > OWED[made.account]:
            return _doubled(world, made, {**found, made.account: made.after})
    for name, owed in OWED.items():
        if found[name] != owed:
            return _lost(world, name, found)
    return None


def culprit(world: World) -> int | None:
    """Return the step to point at in a run that broke the books: where a payment went wrong."""
    found = books_balance(world)
    return found.step if found else None


# -- one counts twice ------------------------------------------------------------------------------


def _doubled(world: World, too_much: Booking, found: dict[str, Any]) -> Violation:
    """Point at the booking that repeats another, even if the balance is exceeded only later."""
    name, owed = too_much.account, OWED[too_much.account]
    has = f"{name} was charged {found[name]} instead of {owed}"
    pair = _repeat([made for made in bookings(world) if made.account == name])
    if pair is None:
        return Violation(f"{has}.", too_much.step, OWED, found, _why_doubled(world))
    first, again = pair
    late = again.alone and not first.alone
    belief = "looks too late" if late else _why_doubled(world)
    once, more = (world.trace[made.step] for made in pair)
    words = (
        f"{has}: {again.event} counted twice. {once.node} charged it at {moment(once)}, and "
        f"{more.node} charged it again at {moment(more)}."
    )
    return Violation(words, again.step, OWED, found, belief)


def _repeat(made: list[Booking]) -> tuple[Booking, Booking] | None:
    firsts: dict[str, Booking] = {}
    for booking in made:
        if booking.event in firsts and booking.after != booking.before:
            return firsts[booking.event], booking
        firsts.setdefault(booking.event, booking)
    return None


def _why_doubled(world: World) -> str:
    if crash_between_effects(world.trace):
        return "mark and effect apart"
    return "check then act" if world.trace.of("pause") else "no dedup"


def crash_between_effects(trace: Trace) -> bool:
    """Say whether a worker crashed after one write for an event and before another."""
    wrote: dict[str, bool] = {}
    for step in trace:
        if step.kind in ("begin", "end"):
            wrote[step.node] = False
        elif step.kind == "effect":
            wrote[step.node] = True
        elif step.kind == "crash" and wrote.get(step.node):
            return True
    return False


# -- one is lost -----------------------------------------------------------------------------------


def _lost(world: World, name: str, found: dict[str, Any]) -> Violation:
    """Point at where a payment was left out, or at the write that wiped out another."""
    has = f"{name} was charged {found[name]} instead of {OWED[name]}"
    made = [booking for booking in bookings(world) if booking.account == name]
    booked = {booking.event for booking in made}
    missing = [n for n, (account, _) in PAYMENTS.items() if account == name and n not in booked]
    if missing:
        step = _last_end(world.trace, missing[0])
        belief = _why_missing(world, found)
        words = f"{has}: {missing[0]} never counted."
        if (last := world.trace[step]).kind == "end":
            words += f" {last.node} was done with it at {moment(last)} without charging it."
        return Violation(words, step, OWED, found, belief)
    wiped = (b for b in made if b.after == b.before)
    step = next((booking.step for booking in wiped), made[-1].step)
    belief = "lost update" if world.trace.of("pause") else "overwrites"
    who = world.trace[step]
    words = f"{has}. At {moment(who)} {who.node} wrote over a charge that was already there."
    return Violation(words, step, OWED, found, belief)


def _why_missing(world: World, found: Mapping[str, Any]) -> str:
    if not any(found.values()):
        return "books nothing"
    if crash_between_effects(world.trace):
        return "mark and effect apart"
    if world.trace.of("pause"):
        return "a conflict is done"
    return "" if world.trace.faults() else "the body is an id"


def _last_end(trace: Trace, event: str) -> int:
    """Return the step at which a worker was last done with an event, or the run's last step."""
    mine = {s.message for s in trace.of("begin") if s.text.partition(" (attempt")[0] == event}
    ends = [i for i, step in enumerate(trace) if step.kind == "end" and step.message in mine]
    return ends[-1] if ends else len(trace) - 1


# -- which kind of dedup is it ---------------------------------------------------------------------


def diagnose_dedup(answer: Any, found: Exploration) -> str:
    """Tell a consumer that never looks from one whose memory a crash or another worker lacks.

    With one worker and no crash, an in-memory set does its work; having none does not. With a crash
    between the two deliveries, only a durable memory does.
    """
    if found.violation is None or found.violation.belief not in ("no dedup", "check then act"):
        return ""
    if _twice(answer, crash=False):
        return "no dedup"
    return "an in-memory set is enough" if _twice(answer, crash=True) else ""


def _twice(answer: Any, crash: bool) -> bool:
    """Say whether payments do harm that reach one worker twice, seconds apart."""

    def scenario(world: World) -> None:
        payments(world, answer, workers=1)
        if crash:
            world.at(1.0, world.crash, "billing", 1.0)
        world.at(5.0, lambda: world.spawn(_shop(), "shop"))

    world, stuck = run_once(scenario, Schedule(), (), 100.0, 3_000)
    harm = stuck is not None or books_balance(world) is not None
    world.end_tasks()
    return harm


# -- window: how long to remember an id ------------------------------------------------------------

DAY = 86_400.0
WINDOWS = {"2 minutes": 120.0, "5 minutes": 300.0, "1 day": DAY, "8 days": 8 * DAY}
REDRIVEN = 6 * DAY


def window(world: World, choice: Mapping[str, str]) -> None:
    """A consumer that forgets ids after the window, and dead letters redriven on day 6."""
    kept = WINDOWS[choice["window"]]
    db = world.store("db")
    world.topic("payments")

    async def consumer(event: Any) -> None:
        async with db.transaction() as tx:
            seen = await tx.get(f"seen {event.id}")
            if seen is not None and world.now - seen < kept:
                return
            await tx.put(f"seen {event.id}", world.now)
            await tx.add(event.data["account"], event.data["amount"])

    world.consumer("billing", lambda: consumer, "payments", start="earliest", max_deliveries=1)
    world.spawn(_shop(), "shop")
    world.at(REDRIVEN, _redrive, world)


def _redrive(world: World) -> None:
    again = world.broker.redrive("payments.dead")
    if again:
        world.note("note", "payments", text=f"{again} redriven from payments.dead on day 6")
        world.wake("payments")


def books_balance_later(world: World) -> Violation | None:
    """As `books_balance`; what fails here fails because the id was forgotten."""
    found = books_balance(world)
    return found and replace(found, belief="any window will do")
