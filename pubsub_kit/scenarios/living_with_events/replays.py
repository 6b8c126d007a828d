"""Exercise 10's `replay`: invoices whose view is rebuilt a month later, by the same code.

An order waits in the log until the consumer starts, on day 2; the next one comes on day 3, when
no more faults happen. On day 30 a new version is deployed: the view's rows are deleted and the log
is replayed. On day 31 a third order comes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pubsub_kit.scenarios import second_act
from pubsub_kit.scenarios.attempts import left_early, waits_in_vain
from pubsub_kit.scenarios.plain import shown
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.explore import Exploration
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.world import World

DAY = 86_400.0
DOLLARS = {"o-1": 10, "o-2": 20, "o-3": 10}  # two of one price
RATES = (2, 3)  # euros for a dollar, before and after day 10
BEFORE, AFTER = 60, 90  # euros: in the view before the replay, and at the end
FAULTS = ("crash", "duplicate", "reply lost")
UNTIL = 32 * DAY
_GROUP, _VIEW = "invoices", "view "


def invoices(world: World, answer: Any, prefix: str = _VIEW) -> None:
    """A consumer that computes a total, asks for a rate and has mails sent; and its replay.

    The replay deletes the rows that begin with `prefix`.
    """
    db, sent = world.store("db"), world.store("mailbox")
    world.topic("orders")

    async def rates(request: Any) -> int:
        return RATES[world.now > 10 * DAY]

    async def mail(order: Any) -> str:
        await sent.insert(f"{order} on day {world.now / DAY:.0f}")
        return "sent"

    world.service("rates", rates)
    world.service("mail", mail)
    group = world.consumer(
        _GROUP, lambda: answer(db), "orders", start="earliest", ack_deadline=20.0
    )
    group.pause()
    world.spawn(_shop(), "shop")
    world.at(2 * DAY, group.resume)
    world.at(29 * DAY, lambda: vars(world).update(before=dict(db.rows)))
    world.at(30 * DAY, _replay, world, group, prefix)
    for day, order in ((3, "o-2"), (31, "o-3")):
        world.at(day * DAY, _order, world, order)


async def _shop() -> None:
    await publish("orders", {"dollars": DOLLARS["o-1"]}, id="o-1")


def _order(world: World, id: str) -> None:
    if id == "o-2":
        second_act.follows(world)
    world.publish("orders", {"dollars": DOLLARS[id]}, id=id)


def _replay(world: World, group: Any, prefix: str) -> None:
    rows = world.stores["db"].rows
    for key in [key for key in rows if key.startswith(prefix)]:
        del rows[key]
    world.note("note", _GROUP, text="a new version: the view is deleted, the log is replayed")
    group.leave(_GROUP)
    group.hire(_GROUP)
    group.subscription.seek(offset=0)
    world.wake("orders")


def replay_safe(world: World) -> Violation | None:
    """Each order is mailed once, and the view says the same after the replay as before."""
    before, rows = vars(world).get("before", {}), world.stores["db"].rows
    mails: dict[str, list[str]] = {order: [] for order in DOLLARS}
    for key in world.stores["mailbox"].rows:
        order, _, when = key.partition(" on ")
        mails.setdefault(order, []).append(when)
    if strange := [order for order in mails if order not in DOLLARS]:
        words = f"mail was called with {shown(strange[0], 30)}, which is no order's id."
        return _said(world, words, "mails under another id", mails, order=strange[0])
    total = before.get("view total", 0)
    if total != BEFORE:
        return _said(world, f"Before the replay the view's total was {shown(total, 20)} instead of "
                     f"{BEFORE}.", _miscounted(world, total), mails, total)  # fmt: skip
    for order in DOLLARS:
        if len(mails[order]) != 1:
            return _mailed(world, order, mails)
    if (total := rows.get("view total", 0)) != AFTER:
        again = sum(DOLLARS.values()) * RATES[1]
        beliefs = ((again, "the answer will be the same"), (BEFORE, "taken for another"),
                   (sum(DOLLARS.values()) * RATES[0], "one rate for all"),
                   (AFTER - BEFORE, "the mark outlives the view"))  # fmt: skip
        belief = next((belief for value, belief in beliefs if value == total), "no total")
        found = shown(total, 20)
        words = f"After the replay and o-3 the view's total is {found} instead of {AFTER}."
        words += " It took o-1 and o-2 at the rate of day 30." if total == again else ""
        words += " It took o-3 at the rate of day 2." if belief == "one rate for all" else ""
        return _said(world, words, belief, mails, total)
    return None


def _miscounted(world: World, total: Any) -> str:
    if not isinstance(total, int | float) or not (total or world.trace.faults()):
        return "no total"
    if total > BEFORE:
        rows = {key for s in world.trace.of("effect", node=_GROUP) for key in s.data[2]}
        marked = any(key.startswith(_VIEW) and key != "view total" for key in rows)
        torn = marked and world.trace.of("crash", node=_GROUP)
        return "marked, and not counted" if torn else "counts twice"
    return _stopped(world) or ("marked, and not counted" if world.trace.faults() else "no total")


def _stopped(world: World) -> str:
    """Return a belief if no crash, but a call without a reply, can be why an order was left."""
    if waits_in_vain(world, _GROUP, 29 * DAY):
        return "waits for ever"
    late = world.trace.of("timeout", node=_GROUP)
    return "a timeout means done" if late and not world.trace.of("crash", node=_GROUP) else ""


def _mailed(world: World, order: str, mails: dict[str, list[str]]) -> Violation:
    if len(mails[order]) > 1:
        words = f"{order} was mailed on {' and on '.join(mails[order])}."
        early = "returns early" if left_early(world, _GROUP) else ""
        belief = _stopped(world) or early or "replay is free"
        return _said(world, words, belief, mails, order=order)
    words = f"{order} was never mailed."
    if world.trace.faults():
        belief = _stopped(world) or "marked, and not mailed"
    elif order != "o-1":
        belief = "taken for another" if order == "o-3" else "one gate for all"
        words += " The gate that o-1 closed is closed for it too." if order == "o-2" else ""
    elif not any(mails.values()):
        belief = "mails nothing"
    else:
        belief = "old means replayed"
        words += " It had waited for two days when the consumer started."
    fault = next((i for i, step in enumerate(world.trace) if step.fault), None)
    return replace(_said(world, words, belief, mails, order=order), blocker=fault)


def _said(
    world: World, words: str, belief: str, mails: dict[str, list[str]], total: Any = None,
    order: str = "",
) -> Violation:  # fmt: skip
    """Point at the last write of the total, or about an order's mail, or else at its last ack."""
    counts = {f"mails of {name}": len(days) for name, days in mails.items()}
    states: tuple[dict[str, Any], dict[str, Any]] = dict.fromkeys(counts, 1), counts
    if total is not None:
        states = {"view total": BEFORE if "Before" in words else AFTER}, {"view total": total}
    row = f"{order} on" if total is None else "view total"
    steps = [i for i, s in enumerate(world.trace) if s.kind == "effect"
             and any(key.startswith(row) for key in s.data[2])]  # fmt: skip
    steps = steps or [i for i, s in enumerate(world.trace) if s.text == f"ack {order}"]
    return Violation(words, max(steps, default=len(world.trace) - 1), *states, belief)


def diagnose(answer: Any, found: Exploration) -> str:
    """Return a belief that only another run proves: with the view left alone, nobody is mailed."""
    if found.code != "-" or not found.violation or found.violation.belief != "replay is free":
        return ""
    world = World()
    invoices(world, answer, prefix="nothing ")
    world.run(UNTIL, max_steps=3_000)
    world.end_tasks()
    sent = [key.partition(" ")[0] for key in world.stores["mailbox"].rows]
    return "the gate is in the view" if sorted(sent) == sorted(DOLLARS) else ""
