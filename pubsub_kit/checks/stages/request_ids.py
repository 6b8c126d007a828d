"""Worlds and oracles of exercise 03, where the id comes over the wire: an endpoint, a client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pubsub_kit.checks.stages.idempotency import crash_between_effects
from pubsub_kit.checks.stages.sync_cascade import last
from pubsub_kit.world.explore import Violation
from pubsub_kit.world.services import CallError
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.verbs import call, sleep
from pubsub_kit.world.world import World

# -- endpoint: an idempotency key, and what it must refuse -----------------------------------------


def endpoint(world: World, answer: Any) -> None:
    """A client charges 10 under a key until it hears of it, again after a restart, and then 99."""
    db = world.store("db")
    world.service("api", lambda: answer(db))
    said = world.store("said")

    async def caller() -> None:
        for name, amount in (("first", 10), ("again", 10), ("other", 99)):
            said.rows[name] = await _insist({"amount": amount, "key": "k-1"})
            if name == "first":
                world.crash("api", restart_after=1.0)
                await sleep(2.0)

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
    wrong_charge = isinstance(charged, int | float) and charged != 10
    message, belief = _charge(charged, world) if wrong_charge else _answer(said)
    step = last(world.trace, *(("effect", "api") if wrong_charge else ("receive", "client")))
    return Violation(message, step, wanted, found, belief)


def _charge(charged: float, world: World) -> tuple[str, str]:
    if charged in (99, 109):
        return "99 is charged under a key that stood for a charge of 10.", "same key, new payload"
    apart = crash_between_effects(world.trace)
    if charged > 10:
        why = "no dedup" if charged >= 119 else "an in-memory set is enough"
        why = "mark and effect apart" if apart else why
        return f"{charged} is charged; the first request alone was meant.", why
    why = "mark and effect apart" if apart else "charges nothing"
    return f"{charged} is charged; the client was to pay 10.", why


def _answer(said: Mapping[str, Any]) -> tuple[str, str]:
    if said.get("first") != "ok" or said.get("again") != "ok":
        name = "first request" if said.get("first") != "ok" else "repeat"
        heard = said.get("first" if name == "first request" else "again")
        return f"The {name} {_heard(heard)}; the client waits for 'ok'.", "a repeat is an error"
    heard = _heard(said.get("other"))
    if said.get("other") is None:
        return f"The request for 99 {heard}; 'conflict' is an answer too.", "refuses by silence"
    return f"The request for 99 {heard}, as if it were the first.", "same key, new payload"


def _heard(answer: Any) -> str:
    return "gets no answer" if answer is None else f"is answered {str(answer)[:30]!r}"


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
    world.service("buyer", answer)
    world.link("you", "buyer", reliable=True)
    said = world.store("said")

    async def you() -> None:
        for number in ("buy-1", "buy-2"):
            try:
                said.rows[number] = await call("buyer", {"id": number, "amount": 10})
            except CallError as error:
                said.rows[number] = f"error: {error}"

    world.spawn(you(), "you")


def charged_once(world: World) -> Violation | None:
    """Two purchases are charged, each once, and the buyer says so."""
    charged, said = world.stores["db"].rows.get("charged", 0), world.stores["said"].rows
    told = {name: said.get(name) for name in ("buy-1", "buy-2")}
    wanted = {"charged": 20, "buy-1": "charged", "buy-2": "charged"}
    found = {"charged": charged, **told}
    if found == wanted:
        return None
    faults = bool(world.trace.faults())
    if isinstance(charged, int | float) and charged != 20:
        message, belief = _amount(charged, told, faults)
        step = _again(world.trace) if charged > 20 else last(world.trace, "receive", "you")
    else:
        message, belief = _silent(told, faults)
        step = last(world.trace, "receive", "you")
    return Violation(message, step, wanted, found, belief)


def _again(trace: Trace) -> int:
    """Return where a purchase is charged for the second time."""
    purchase, charged = "", set[str]()
    for i, step in enumerate(trace):
        if step.kind == "begin" and step.node == "buyer":
            purchase = step.text
        elif step.kind == "effect" and step.node == "bank":
            if purchase in charged:
                return i
            charged.add(purchase)
    return len(trace) - 1


def _amount(charged: float, told: Mapping[str, Any], faults: bool) -> tuple[str, str]:
    if charged > 20:
        message = f"{charged} is charged for two purchases of 10: one is charged twice."
        return message, "a new id for each try"
    if set(told.values()) == {"charged"} and faults:
        return "'charged' is what you hear, but one purchase never was.", "says charged unseen"
    if charged and not faults:
        message = "Two purchases of 10 are made, and one is charged: they share an id."
        return message, "the body is an id"
    if not faults:
        return "Nothing is charged for two purchases of 10.", "charges nothing"
    return _silent(told, faults)


def _silent(told: Mapping[str, Any], faults: bool) -> tuple[str, str]:
    name, heard = next((n, h) for n, h in told.items() if h != "charged")
    if faults:
        return f"{name} ends with {str(heard)[:60]!r}; another try cures it.", "gives up at once"
    return f"{name} is answered {str(heard)[:60]!r}, not 'charged'.", "another answer"
