"""World and oracle of exercise 03's client: the id belongs to the purchase, not to the try.

Two people buy at the same moment, each through a program of their own, and then once more. An id
that is a moment, an amount or a small number can come twice then.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pubsub_kit.scenarios.plain import moment, shown
from pubsub_kit.scenarios.sync_cascade.shop import WAY, last
from pubsub_kit.scenarios.sync_cascade.tries import Tries, made_by, tries, why_unanswered
from pubsub_kit.world.chance import uniform
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.search.stopped import stopped_by
from pubsub_kit.world.services import CallError
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.verbs import call
from pubsub_kit.world.world import World

#: Who buys, through which program, and what, one after the other.
BUYERS = {"you": ("buyer", ("buy-1", "buy-2")), "ann": ("buyer-2", ("buy-3", "buy-4"))}
PURCHASES = {name: program for program, names in BUYERS.values() for name in names}
AMOUNT = 10
_AMOUNT = re.compile(rf"(?<!\d){AMOUNT}(?!\d)")
_SHORT = re.compile(r"\D*(\d{1,6})")


class Told(NamedTuple):
    """What you were told of a purchase, or the words of an error, and the step at which."""

    reply: Any
    error: str
    step: int


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
    told = world.store("told")

    async def person(who: str, program: str, purchases: Sequence[str]) -> None:
        for number in purchases:
            reply, words = None, ""
            try:
                reply = await call(program, {"id": number, "amount": AMOUNT})
            except CallError as error:
                words = str(error)
            told.rows[number] = Told(reply, words, last(world.trace, "receive", who))

    for who, (program, purchases) in BUYERS.items():
        world.service(program, answer)
        world.link(who, program, reliable=True)
        world.link(program, "bank", latency=uniform(*WAY))
        world.spawn(person(who, program, purchases), who)


def charged_once(world: World) -> Violation | None:
    """Every purchase is charged, each once, and the buyer says so."""
    charged, told = world.stores["db"].rows.get("charged", 0), world.stores["told"].rows
    replies = {name: told[name].reply if name in told else None for name in PURCHASES}
    wanted = {"charged": AMOUNT * len(PURCHASES), **dict.fromkeys(PURCHASES, "charged")}
    found = {"charged": charged, **replies}
    for name in PURCHASES:
        tried = tries(world.trace, PURCHASES[name], "bank", name)
        if tried is not None and (wrong := _wrong(world.trace, tried, name, told.get(name))):
            message, belief, step = wrong
            why = None if tried.answered else stopped_by(world.trace, name)
            return Violation(message, step, wanted, found, belief, why and why.step)
    if found == wanted:
        return _too_few_ids(world.trace)
    return Violation(
        f"{charged} was charged for {len(PURCHASES)} purchases of {AMOUNT}.", None, wanted, found
    )


def _wrong(trace: Trace, tried: Tries, name: str, told: Told | None) -> tuple[str, str, int] | None:
    """Say what is wrong with one purchase, if anything is: words, a belief, and a step."""
    charges = made_by(trace, tried, "bank")
    if told is None:
        return f"{name} was never answered.", "", tried.end
    if (bad := _charged_wrongly(trace, tried, name, charges)) is not None:
        return bad
    if told.error or told.reply != "charged":
        failed = told.reply == "failed"
        ends = f"ended in an error ({told.error})" if told.error else "was answered "
        ends += "" if told.error else shown(told.reply, 40)
        words = f"{name} {ends}, not 'charged': {_calls(trace, tried)}."
        return words, why_unanswered(tried, bool(told.error), failed), told.step
    if charges:
        return None
    words = (
        f"You said that {name} was charged, but the bank never charged it: {_calls(trace, tried)}"
    )
    if not tried.answered:
        belief = "says charged unseen" if tried.calls else "charges nothing"
        return f"{words}.", belief, told.step
    known = tried.answered[0].id
    other = _also_sent(trace, known, name)
    words += f", and the bank knew the id {known} already"
    words += f": {other} had gone out under it." if other else "."
    elsewhere = other and PURCHASES[other] != PURCHASES[name]
    alike = "one id for two" if _AMOUNT.search(known) else "an id of the program"
    return words, "an id that comes twice" if elsewhere else alike, told.step


def _too_few_ids(trace: Trace) -> Violation | None:
    """Find ids that are short numbers, and not the purchases' own: other purchases will meet."""
    all_tried = {name: tries(trace, program, "bank", name) for name, program in PURCHASES.items()}
    sent = {name: tried.calls[0] for name, tried in all_tried.items() if tried and tried.calls}
    ends = {name: _SHORT.fullmatch(first.id) for name, first in sent.items()}
    if not all(ends.values()):
        return None
    if all(name.endswith("-" + end[1]) for name, end in ends.items() if end):
        return None
    words = f"The purchases went out under the ids {', '.join(c.id for c in sent.values())}. None "
    words += "came twice in this run; of so few numbers, one soon will."
    return Violation(words, max(c.sent for c in sent.values()), belief="too few ids")


def _also_sent(trace: Trace, id: str, name: str) -> str:
    """Return another purchase that went out under this id, or ""."""
    for other, program in PURCHASES.items():
        tried = tries(trace, program, "bank", other) if other != name else None
        if tried is not None and any(each.id == id for each in tried.calls):
            return other
    return ""


def _charged_wrongly(
    trace: Trace, tried: Tries, name: str, charges: list[int]
) -> tuple[str, str, int] | None:
    sums = [_added(trace, i) for i in charges]
    at = [moment(trace[i]) for i in charges]
    minus = next((i for i, much in enumerate(sums) if much < 0), None)
    if minus is not None:
        words = f"At {at[minus]} the bank was asked to charge {sums[minus]:g} for {name}."
        return words, "takes it back", charges[minus]
    if len(charges) > 1:
        ids = list(dict.fromkeys(each.id for each in tried.calls))
        words = f"The bank charged {name} at {at[0]}, and again at {at[1]}: the requests went out "
        words += f"under {len(ids)} ids, such as {ids[0]} and {ids[-1]}."
        belief = "a new id for each try" if tried.renamed else "two requests for one purchase"
        return words, belief, charges[1]
    if sums and sums[0] != AMOUNT:
        words = f"The bank charged {sums[0]:g} for {name}, a purchase of {AMOUNT}."
        return words, "another amount", charges[0]
    return None


def _added(trace: Trace, step: int) -> float:
    _, before, after = trace[step].data
    return float(after.get("charged", 0) - (before.get("charged") or 0))


def _calls(trace: Trace, tried: Tries) -> str:
    """Say how often the bank was called, and what came of it."""
    calls = len(tried.calls)
    if not calls:
        return "you never called the bank"
    words = f"you called the bank {'once' if calls == 1 else f'{calls} times'}"
    if tried.answered and (reply := tried.answered[0].replied) is not None:
        return f"{words}, and a reply came at {moment(trace[reply])}"
    return f"{words}, and no reply came in time"
