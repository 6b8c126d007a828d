"""Worlds and oracles of exercise 03 where the id travels in a request: an endpoint, a client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pubsub_kit.scenarios.idempotency.payments import crash_between_effects
from pubsub_kit.scenarios.plain import moment
from pubsub_kit.scenarios.sync_cascade.shop import last
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.services import CallError, CallFailed
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.verbs import call, sleep
from pubsub_kit.world.world import World

# -- endpoint: an idempotency key, and what it must refuse -----------------------------------------


def endpoint(world: World, answer: Any) -> None:
    """A client asks for 10 under a key until it is answered, again after a restart, then for 99."""
    db = world.store("db")
    world.service("api", lambda: answer(db))
    said, heard = world.store("said"), world.store("heard")

    async def caller() -> None:
        for name, amount in (("first", 10), ("again", 10), ("other", 99)):
            said.rows[name] = await _insist({"amount": amount, "key": "k-1"})
            heard.rows[name] = last(world.trace, "receive", "client")
            if name == "first":
                world.crash("api", restart_after=1.0)
                await sleep(2.0)

    world.spawn(caller(), "client")


async def _insist(request: dict[str, Any]) -> Any:
    tries = 0
    while tries < 6:
        try:
            return await call("api", request, timeout=5.0)
        except CallError as error:
            tries += 3 if isinstance(error, CallFailed) else 1
            await sleep(1.0)
    return None


def key_is_kept(world: World) -> Violation | None:
    """10 is charged once, a repeat is answered 'ok' again, and another amount 'conflict'."""
    said, charged = world.stores["said"].rows, world.stores["db"].rows.get("charged", 0)
    wanted = {"charged": 10, "first": "ok", "again": "ok", "other": "conflict"}
    found = {"charged": charged, **{name: said.get(name) for name in ("first", "again", "other")}}
    if found == wanted:
        return None
    if isinstance(charged, int | float) and charged != 10:
        step = last(world.trace, "effect", "api")
        message, belief = _charge(charged, world, step)
    else:
        name = next((name for name in ("first", "again") if said.get(name) != "ok"), "other")
        message, belief = _answer(name, said.get(name))
        step = world.stores["heard"].rows.get(name, len(world.trace) - 1)
    return Violation(message, step, wanted, found, belief)


def _charge(charged: float, world: World, step: int) -> tuple[str, str]:
    has = f"The client was charged {charged} instead of 10"
    at = moment(world.trace[step])
    if charged in (99, 109):
        words = f"{has}: at {at} the request for 99 was charged under a key that stood for 10."
        return words, "same key, new payload"
    apart = crash_between_effects(world.trace)
    if charged > 10:
        why = "no dedup" if charged >= 119 else "an in-memory set is enough"
        why = "mark and effect apart" if apart else why
        return f"{has}: at {at} api charged it once more under the same key.", why
    why = "mark and effect apart" if apart else "charges nothing"
    return f"{has}, though it asked for 10 and asked again.", why


def _answer(name: str, answer: Any) -> tuple[str, str]:
    heard = "got no answer" if answer is None else f"was answered {str(answer)[:30]!r}"
    if name != "other":
        request = "first request" if name == "first" else "repeat"
        return f"The {request} {heard}; the client is waiting for 'ok'.", "a repeat is an error"
    if answer is None:
        words = f"The request for 99 {heard}, so the client keeps retrying it."
        return words, "refuses by silence"
    words = f"The request for 99 {heard}, as if it were the first one, which was for 10."
    return words, "same key, new payload"


# -- client: the id belongs to the intent ----------------------------------------------------------


PURCHASES = ("buy-1", "buy-2")


def client(world: World, answer: Any) -> None:
    """A bank that charges once per id; the learner writes its client, over a lossy network."""
    db = world.store("db")

    async def bank(request: Any) -> str:
        if not isinstance(request, Mapping) or "id" not in request or "amount" not in request:
            raise ValueError(f"the bank takes {{'id': …, 'amount': …}}, not {str(request)[:60]}")
        async with db.transaction() as tx:
            if await tx.insert(f"seen {request['id']}"):
                await tx.add("charged", request["amount"])
        return "charged"

    world.service("bank", bank)
    world.service("buyer", answer)
    world.link("you", "buyer", reliable=True)
    said, heard = world.store("said"), world.store("heard")

    async def you() -> None:
        for number in PURCHASES:
            try:
                said.rows[number] = await call("buyer", {"id": number, "amount": 10})
            except CallError:
                said.rows[number] = "an error"
            heard.rows[number] = last(world.trace, "receive", "you")

    world.spawn(you(), "you")


def charged_once(world: World) -> Violation | None:
    """Both purchases are charged, each once, and the buyer says so."""
    charged, said = world.stores["db"].rows.get("charged", 0), world.stores["said"].rows
    told = {name: said.get(name) for name in PURCHASES}
    wanted = {"charged": 20, **dict.fromkeys(PURCHASES, "charged")}
    found = {"charged": charged, **told}
    if found == wanted:
        return None
    at = _charges(world.trace)
    name, (message, belief) = _wrong(charged, told, at, world.trace)
    heard = world.stores["heard"].rows.get(name, len(world.trace) - 1)
    return Violation(message, at[name][1] if len(at[name]) > 1 else heard, wanted, found, belief)


def _charges(trace: Trace) -> dict[str, list[int]]:
    """Return, for each purchase, at which steps the bank charged while the buyer handled it."""
    charges: dict[str, list[int]] = {name: [] for name in PURCHASES}
    in_hand = ""
    for i, step in enumerate(trace):
        if step.kind == "begin" and step.node == "buyer":
            in_hand = step.text
        elif step.kind == "effect" and step.node == "bank" and in_hand in charges:
            charges[in_hand].append(i)
    return charges


def _wrong(
    charged: Any, told: Mapping[str, Any], at: Mapping[str, list[int]], trace: Trace
) -> tuple[str, tuple[str, str]]:
    """Return which purchase went wrong, a message that says how, and the belief behind it."""
    faults = bool(trace.faults())
    twice = next((name for name, steps in at.items() if len(steps) > 1), "")
    if twice:
        first, again = (moment(trace[step]) for step in at[twice][:2])
        message = (
            f"You were charged {charged} for two purchases of 10: the bank charged {twice} at "
            f"{first}, and again at {again}, since the second request had another id."
        )
        return twice, (message, "a new id for each try")
    name = next((name for name, heard in told.items() if heard != "charged"), "")
    if name:
        ends = (
            "ended in an error"
            if told[name] == "an error"
            else f"was answered {str(told[name])[:40]!r}"
        )
        if faults:
            return name, (f"{name} {ends} after a message was lost.", "gives up at once")
        return name, (f"{name} {ends}, not 'charged'.", "another answer")
    if all(at.values()):
        words = f"You were charged {charged} for two purchases of 10."
        return PURCHASES[0], (words, "another amount")
    name = next(name for name, steps in at.items() if not steps)
    if faults:
        words = f"You said that {name} was charged, but the bank never charged it."
        return name, (words, "says charged unseen")
    if charged:
        words = f"{name} was never charged: it went out under an id that the bank already knew."
        return name, (words, "the body is an id")
    return name, ("The bank charged nothing for two purchases of 10.", "charges nothing")
