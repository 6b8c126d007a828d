"""Worlds and oracles of exercise 03: payments that count once, however often they arrive.

Three payments come in, two of them alike in all but their id. The network may publish one twice,
an ack may get lost, a worker may crash or be pre-empted at any await. What counts is the books.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pubsub_kit.scenarios.idempotency.evidence import (
    NO_BLOCK,
    Evidence,
    is_stale,
    why_never,
    why_twice,
    why_wrong,
)
from pubsub_kit.scenarios.idempotency.looks import Deed, Watched, watched
from pubsub_kit.scenarios.plain import moment, shown
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.blocked import handled
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.stores import Store
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.world import World

PAYMENTS = {"pay-1": ("ann", 10), "pay-2": ("ann", 10), "pay-3": ("bob", 5)}
OWED = {"ann": 20, "bob": 5}
FAULTS = ("duplicate", "crash", "preempt", "ack lost")


def payments(
    world: World, answer: Any, workers: int = 2, due: Mapping[str, tuple[str, int]] = PAYMENTS
) -> None:
    """Three payments on a topic, and workers that run the learner's consumer on one database."""
    db = watched(world)
    world.topic("payments")
    world.consumer("billing", lambda: answer(db), "payments", workers=workers, start="earliest")
    world.spawn(shop(due), "shop")


async def shop(due: Mapping[str, tuple[str, int]] = PAYMENTS) -> None:
    """Publish the payments, one after the other."""
    for number, (account, amount) in due.items():
        await publish("payments", {"account": account, "amount": amount}, id=number)


def evidence(world: World) -> Evidence:
    """Return what the workers did with their database."""
    db = world.stores["db"]
    assert isinstance(db, Watched)
    return Evidence(world.trace, db.deeds, OWED)


class Booking(NamedTuple):
    """A write to a balance: its event, whose balance, before and after, and the write itself."""

    event: str
    account: str
    before: Any
    after: Any
    deed: Deed


def bookings(run: Evidence) -> Iterator[Booking]:
    """Yield every write to a balance, with the event that its worker was handling."""
    for deed in run.deeds:
        if deed.kind == "write":
            for account in (name for name in OWED if name in deed.rows):
                was = deed.before.get(account) or 0
                yield Booking(_event(deed.lease), account, was, deed.rows[account], deed)


def _event(lease: Any) -> str:
    return str(getattr(lease, "id", ""))


def _balances(rows: Mapping[str, Any]) -> dict[str, Any]:
    return {name: rows.get(name, 0) for name in OWED}


def books_balance(world: World) -> Violation | None:
    """Each payment counts exactly once: no balance is ever too high, and none is low at the end."""
    db = world.stores["db"]
    if (kept := _kept_on(db)) is not None:
        return kept
    found, run = _balances(db.rows), evidence(world)
    for made in bookings(run):
        if isinstance(made.after, int | float) and made.after > OWED[made.account]:
            return _too_much(run, made, {**found, made.account: made.after})
    for name, owed in OWED.items():
        if found[name] != owed:
            return _too_little(run, name, found)
    return None


def _kept_on(db: Store) -> Violation | None:
    """Return what is wrong if code keeps something on the store object, beside its rows."""
    own = [name for name in vars(db) if name not in ("world", "name", "rows", "versions")]
    if not own:
        return None
    words = f"You keep {own[0]!r} as an attribute of db. Only what you write with put(), insert() "
    words += "or add() is in the database; an attribute is memory of this process."
    return Violation(words, None, {"attributes": 0}, {"attributes": len(own)}, "no row")


def culprit(world: World) -> int | None:
    """Return the step to point at in a run that broke the books: where a payment went wrong."""
    found = books_balance(world)
    return found.step if found else None


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


# -- a balance is too high -------------------------------------------------------------------------


def _too_much(run: Evidence, too_much: Booking, found: dict[str, Any]) -> Violation:
    """Point at the booking that repeats another, even if the balance is exceeded only later."""
    name, trace = too_much.account, run.trace
    has = f"{name} was charged {found[name]} instead of {OWED[name]}"
    pair = _repeat([made for made in bookings(run) if made.account == name])
    if pair is None:
        return _wrong_sum(run, too_much, has, found)
    first, again = (made.deed for made in pair)
    once, more = trace[first.step], trace[again.step]
    words = (
        f"{has}: {pair[1].event} counted twice. {once.node} charged it at {moment(once)}, and "
        f"{more.node} charged it again at {moment(more)}."
    )
    return Violation(words, again.step, OWED, found, why_twice(run, first, again))


def _repeat(made: list[Booking]) -> tuple[Booking, Booking] | None:
    firsts: dict[str, Booking] = {}
    for booking in made:
        if booking.event in firsts and booking.after != booking.before:
            return firsts[booking.event], booking
        firsts.setdefault(booking.event, booking)
    return None


def _wrong_sum(run: Evidence, made: Booking, has: str, found: dict[str, Any]) -> Violation:
    """Point at a booking that did not add its payment's amount."""
    account, amount = PAYMENTS.get(made.event, (made.account, None))
    if (once := _taken_back(run, made)) is not None:
        first, again = run.trace[once.deed.step], run.trace[made.deed.step]
        words = f"{has}. {first.node} charged {made.event} at {moment(first)}, and at "
        words += f"{moment(again)} {again.node} changed the row from {shown(made.before, 20)} to "
        words += f"{shown(made.after, 20)} for its repeat."
        return Violation(words, made.deed.step, OWED, found, "a repeat takes away")
    belief = why_wrong(run, made.deed, made.account, amount)
    who = run.trace[made.deed.step]
    words = f"{has}. At {moment(who)} {who.node} wrote {shown(made.after, 20)} over "
    words += f"{shown(made.before, 20)} for {made.event}, a payment of {amount}"
    words += "." if account == made.account else f" for {account}."
    belief = belief if account == made.account else "another account"
    return Violation(words, made.deed.step, OWED, found, belief)


def _taken_back(run: Evidence, made: Booking) -> Booking | None:
    """Return the charge of a payment that a booking for its repeat lowered the balance after."""
    earlier = (b for b in bookings(run) if b.deed.step < made.deed.step)
    mine = (b for b in earlier if (b.event, b.account) == (made.event, made.account))
    first = next(mine, None)
    numbers = isinstance(made.before, int | float) and isinstance(made.after, int | float)
    lower = first is not None and numbers and made.after < made.before
    again = lower and first is not None and first.deed.lease is not made.deed.lease
    return first if again and not is_stale(run, made.deed, made.account) else None


# -- a balance is too low --------------------------------------------------------------------------


def _too_little(run: Evidence, name: str, found: dict[str, Any]) -> Violation:
    """Point at where a payment was left out, or at the write that added too little."""
    has = f"{name} was charged {found[name]} instead of {OWED[name]}"
    made = [booking for booking in bookings(run) if booking.account == name]
    booked = {booking.event for booking in made}
    missing = [n for n, (account, _) in PAYMENTS.items() if account == name and n not in booked]
    if missing:
        return _left_out(run, missing[0], has, found)
    amounts = {n: amount for n, (_, amount) in PAYMENTS.items()}
    bad = (
        b for b in made if why_wrong(run, b.deed, name, amounts.get(b.event)) or _taken_back(run, b)
    )
    return _wrong_sum(run, next(bad, made[-1]), has, found)


def _left_out(run: Evidence, event: str, has: str, found: dict[str, Any]) -> Violation:
    """Say where a payment that never counted was passed over, and which mark made it so."""
    trace, step = run.trace, _last_end(run.trace, event)
    leases = {id(d.lease): d.lease for d in run.deeds if _event(d.lease) == event}
    why = why_never(run, [*leases.values()])
    words = f"{has}: {event} never counted."
    if (last := trace[step]).kind == "end":
        how = "last failed on" if last.text.startswith("failed") else "was done with"
        words += f" {last.node} {how} it at {moment(last)} without charging it"
        if why.by is not None:
            other = "" if _event(why.by) == event else f", which was written for {_event(why.by)}"
            other = ", which it had written itself" if why.belief == "stops itself" else other
            words += f": it found the row {why.mark[:40]!r}{other}"
        words += f": {NO_BLOCK}." if why.belief == "never entered" else "."
    belief = why.belief
    if belief == "books nothing" and run.deeds:
        rows = dict.fromkeys(key for d in run.deeds if d.kind == "write" for key in d.rows)
        words += (
            f" The rows that were written: {', '.join(map(repr, [*rows][:3]))}." if rows else ""
        )
    if belief == "one mark for all" and _only_of_alike(run, why.mark, event):
        belief = "the body is an id"
    return Violation(words, step, OWED, found, belief, _cut_short(trace, event))


def _only_of_alike(run: Evidence, mark: str, event: str) -> bool:
    """Say whether a mark was used for nothing but payments like this one."""
    users = {_event(deed.lease) for deed in run.deeds if mark in deed.rows}
    return all(PAYMENTS.get(user) == PAYMENTS[event] for user in users)


def _cut_short(trace: Trace, event: str) -> int | None:
    """Return the crash or the pause of the worker that had the event in hand first, if any."""
    for begin, end in handled(trace).items():
        if trace[begin].text.partition(" (attempt")[0] == event:
            span = range(begin, len(trace) if end is None else end + 1)
            mine = (i for i in span if trace[i].node == trace[begin].node)
            return next((i for i in mine if trace[i].kind in ("crash", "pause")), None)
    return None


def _last_end(trace: Trace, event: str) -> int:
    """Return the step at which a worker was last done with an event, or the run's last step."""
    mine = {s.message for s in trace.of("begin") if s.text.partition(" (attempt")[0] == event}
    ends = [i for i, step in enumerate(trace) if step.kind == "end" and step.message in mine]
    return ends[-1] if ends else len(trace) - 1
