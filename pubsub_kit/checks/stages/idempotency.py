"""Worlds and oracles of exercise 03: payments that count once, however often they arrive.

Three payments come in, two of them alike in all but their id. The network may publish one twice,
an ack may get lost, a worker may crash or be pre-empted at any await. What counts is the books.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.explore import Exploration, Violation, run_once
from pubsub_kit.world.services import CallError
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.verbs import call, publish, sleep
from pubsub_kit.world.world import World

PAYMENTS = {"pay-1": ("ann", 10), "pay-2": ("ann", 10), "pay-3": ("bob", 5)}
OWED = {"ann": 20, "bob": 5}
FAULTS = ("duplicate", "crash", "preempt", "ack lost")


def payments(world: World, answer: Any, workers: int = 2) -> None:
    """Three payments on a topic, and workers that run the learner's consumer on one database."""
    db = world.store("db")
    world.topic("payments")
    world.consumer("billing", lambda: answer(db), "payments", workers=workers, start="earliest")

    async def shop() -> None:
        for number, (account, amount) in PAYMENTS.items():
            await publish("payments", {"account": account, "amount": amount}, id=number)

    world.spawn(shop(), "shop")


def _balances(rows: Mapping[str, Any]) -> dict[str, Any]:
    return {name: rows.get(f"balance {name}", 0) for name in OWED}


def books_balance(world: World) -> Violation | None:
    """Each payment counts exactly once: no balance is ever too high, and none is low at the end."""
    found = _balances(world.stores["db"].rows)
    for i, step in enumerate(world.trace):
        if step.kind == "effect":
            for name, owed in OWED.items():
                balance = step.data[2].get(f"balance {name}", 0)
                if isinstance(balance, int | float) and balance > owed:
                    message = f"{name} has {balance}, but only {owed} was paid: one counts twice."
                    return Violation(message, i, OWED, {**found, name: balance}, _doubled(world))
    for name, owed in OWED.items():
        if found[name] != owed:
            message = f"{name} has {found[name]} in the end, but {owed} was paid: one is lost."
            return Violation(message, len(world.trace) - 1, OWED, found, _lost(world))
    return None


def _doubled(world: World) -> str:
    faults = {step.kind for step in world.trace.faults()}
    if _crash_between_effects(world.trace):
        return "mark and effect apart"
    return "check then act" if "pause" in faults else "no dedup"


def _lost(world: World) -> str:
    if _crash_between_effects(world.trace):
        return "mark and effect apart"
    if not world.trace.faults() and _balances(world.stores["db"].rows)["ann"] == 10:
        return "the body is an id"
    return "lost update" if world.trace.of("pause") else ""


def _crash_between_effects(trace: Trace) -> bool:
    """Say whether a worker crashed after one write of a handling and before another."""
    wrote: dict[str, bool] = {}
    for step in trace:
        if step.kind == "begin":
            wrote[step.node] = False
        elif step.kind == "effect":
            wrote[step.node] = True
        elif step.kind == "crash" and wrote.get(step.node) and "the ack of" not in step.text:
            return True
    return False


def diagnose_dedup(answer: Any, found: Exploration) -> str:
    """Tell a consumer that never looks from one whose memory a crash or another worker lacks.

    With one worker and no crash, an in-memory set does its work; having none does not.
    """
    if found.violation is None or found.violation.belief != "no dedup":
        return ""
    twice = _twice_to_one_worker(answer)
    return "an in-memory set is enough" if twice is None else "no dedup"


def _twice_to_one_worker(answer: Any) -> Violation | None:
    def scenario(world: World) -> None:
        payments(world, answer, workers=1)
        world.at(1.0, _publish_again, world)

    world, stuck = run_once(scenario, Schedule(), (), 100.0, 3_000)
    return stuck or books_balance(world)


def _publish_again(world: World) -> None:
    for number, (account, amount) in PAYMENTS.items():
        world.publish("payments", {"account": account, "amount": amount}, id=number)


# -- endpoint: an idempotency key, and what it must refuse -----------------------------------------


def endpoint(world: World, answer: Any) -> None:
    """A client charges 10 under a key until it has an answer, then sends 99 under the same key."""
    db = world.store("db")
    world.service("api", lambda: answer(db))
    said = world.store("said")

    async def caller() -> None:
        said.rows["first"] = await _insist({"key": "k-1", "amount": 10})
        said.rows["again"] = await _insist({"key": "k-1", "amount": 10})
        said.rows["other"] = await _insist({"key": "k-1", "amount": 99})

    world.spawn(caller(), "client")


async def _insist(request: dict[str, Any]) -> Any:
    for _ in range(6):
        try:
            return await call("api", request, timeout=5.0)
        except CallError:
            await sleep(1.0)
    return None


def key_is_kept(world: World) -> Violation | None:
    """10 is charged once, a repeat hears 'ok' again, and another amount hears 'conflict'."""
    said, charged = world.stores["said"].rows, world.stores["db"].rows.get("charged", 0)
    wanted = {"charged": 10, "first": "ok", "again": "ok", "other": "conflict"}
    found = {"charged": charged, **{name: said.get(name) for name in ("first", "again", "other")}}
    if found == wanted:
        return None
    step = max((i for i, s in enumerate(world.trace) if s.kind == "effect"), default=0)
    if charged > 10 and found["other"] == "ok" and charged in (99, 109):
        message = "99 was charged under a key that stood for a charge of 10."
        return Violation(message, step, wanted, found, "same key, new payload")
    if charged > 10:
        message = f"{charged} was charged; the first request alone was meant."
        return Violation(message, step, wanted, found, _doubled_charge(world))
    if charged < 10:
        message = f"{charged} was charged; the client was to pay 10."
        return Violation(message, step, wanted, found, "mark and effect apart")
    step = len(world.trace) - 1
    if found["other"] != "conflict":
        message = f"The request for 99 is answered {found['other']!r}, as if it were the first."
        return Violation(message, step, wanted, found, "same key, new payload")
    message = "A repeated request must get the first one's answer: 'ok'."
    return Violation(message, step, wanted, found, "a repeat is an error")


def _doubled_charge(world: World) -> str:
    return "mark and effect apart" if _crash_between_effects(world.trace) else "no dedup"


# -- window: how long to remember an id ------------------------------------------------------------

DAY = 86_400.0
WINDOWS = {"2 minutes": 120.0, "5 minutes": 300.0, "1 day": DAY, "8 days": 8 * DAY}


def window(world: World, choice: Mapping[str, str]) -> None:
    """A consumer that forgets ids after the window; its acks may get lost, and it may be down."""
    kept = WINDOWS[choice["window"]]
    db = world.store("db")
    world.topic("payments")

    async def consumer(event: Any) -> None:
        async with db.transaction() as tx:
            seen = await tx.get(f"seen {event.id}")
            if seen is not None and world.now - seen < kept:
                return
            await tx.put(f"seen {event.id}", world.now)
            await tx.add(f"balance {event.data['account']}", event.data["amount"])

    world.consumer("billing", lambda: consumer, "payments", start="earliest", ack_deadline=6 * DAY)

    async def shop() -> None:
        for number, (account, amount) in PAYMENTS.items():
            await publish("payments", {"account": account, "amount": amount}, id=number)

    world.spawn(shop(), "shop")


def books_balance_later(world: World) -> Violation | None:
    """As `books_balance`; what fails here fails since the id was forgotten."""
    found = books_balance(world)
    return found and replace(found, belief="any window will do")


# -- client: the id belongs to the intent ----------------------------------------------------------


def client(world: World, answer: Any) -> None:
    """A bank that charges once an id; the learner writes who calls it, over a lossy network."""
    db = world.store("db")

    async def bank(request: Any) -> str:
        if not isinstance(request, Mapping) or "id" not in request or "amount" not in request:
            raise ValueError(f"bank wants {{'id': …, 'amount': …}}, not {str(request)[:60]}")
        async with db.transaction() as tx:
            if await tx.insert(f"seen {request['id']}"):
                await tx.add("charged", request["amount"])
        return "charged"

    world.service("bank", bank)
    said = world.store("said")

    async def buyer() -> None:
        for number, amount in (("buy-1", 10), ("buy-2", 10)):
            said.rows[number] = await answer({"id": number, "amount": amount})

    world.spawn(buyer(), "buyer")


def charged_once(world: World) -> Violation | None:
    """Two purchases are charged, each once, and the buyer hears so."""
    charged = world.stores["db"].rows.get("charged", 0)
    said = dict(world.stores["said"].rows)
    wanted = {"charged": 20, "buy-1": "charged", "buy-2": "charged"}
    found = {"charged": charged, **{n: said.get(n) for n in ("buy-1", "buy-2")}}
    if found == wanted:
        return None
    step = max((i for i, s in enumerate(world.trace) if s.kind == "effect"), default=0)
    if charged > 20:
        message = f"{charged} was charged for two purchases of 10: one was charged twice."
        return Violation(message, step, wanted, found, "a new id for each try")
    if charged < 20 and not world.trace.faults():
        message = "Two purchases of 10 were made, and one was charged: they share an id."
        return Violation(message, step, wanted, found, "the body is an id")
    message = "A purchase was not answered 'charged', though another try would do it."
    return Violation(message, len(world.trace) - 1, wanted, found, "gives up at once")
