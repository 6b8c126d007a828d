"""The world and the oracle of exercise 07's cut-over: v2 takes over from v1, by replay.

A log has orders, and v1 sends an invoice for each, one after the other, and lags. An operator (the
learner's code) hands over to v2, while orders go on arriving. Each order gets one invoice, which
says how many orders its customer has made, so v2 needs history before it can send any.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from pubsub_kit.scenarios.drawn import drawn
from pubsub_kit.scenarios.plain import moment, shown
from pubsub_kit.scenarios.unasked import Unasked
from pubsub_kit.world.search.explore import Exploration, Violation
from pubsub_kit.world.verbs import sleep
from pubsub_kit.world.world import World

CUSTOMERS = ("ann", "bob", "ann", "bob", "ann", "ann", "ann", "bob", "bob", "ann")
ARRIVES = (0.0, 0.0, 0.0, 0.4, 0.8, 2.2, 2.3, 8.0, 9.0, 10.0)  # seconds, by offset
LAST = len(ARRIVES) - 1
BEFORE = 3  # orders that v1 has invoiced before the run begins
BEGINS = 2.0  # when the operator does (seconds)
FAULTS = ("preempt",)
draw = partial(drawn, lanes=("v1", "operator", "v2"), axis="order")


class Call(NamedTuple):
    """Something that the operator asked for, and the step of the trace at which it had it."""

    verb: str
    offset: int
    step: int


def number(offset: int) -> int:
    """Return how many orders the customer of an order has made, this one included."""
    return CUSTOMERS[: offset + 1].count(CUSTOMERS[offset])


class Orders:
    """The log of orders, as the operator has it; it takes note of what the operator asks for."""

    def __init__(self, world: World) -> None:
        self.world, self.calls = world, list[Call]()

    @property
    def size(self) -> int:
        """How many orders have arrived."""
        return sum(at <= self.world.now for at in ARRIVES)

    async def end(self) -> int:
        """Return the offset that the next order will get."""
        await self.world.point("asking where the log ends")
        self.said("end", self.size, f"the log ends at {self.size}")
        return self.size

    def said(self, verb: str, offset: int, words: str) -> None:
        """Take note of what the operator asked for, and when it had it."""
        self.calls.append(Call(verb, offset, len(self.world.trace)))
        self.world.note("note", "operator", text=words)


class _Version:
    """One version of the service: where it reads, and what it knows of history."""

    def __init__(self, log: Orders, name: str, seconds: float, position: int = 0) -> None:
        self.log, self.world, self.said = log, log.world, log.said
        self.name, self.seconds, self.position = name, seconds, position
        self.known, self.running, self.dedup = {*range(position)}, False, False
        self.until: float = float("inf")

    async def run(self) -> None:
        """Handle one order after the other, until this version is to stop."""
        self.running, invoices = True, self.world.store("invoices")
        while self.position < min(self.until, len(ARRIVES)):
            offset = self.position
            if offset >= self.log.size:
                await sleep(0.2)
                continue
            self.known.add(offset)
            await sleep(self.seconds)
            orders = sum(CUSTOMERS[each] == CUSTOMERS[offset] for each in self.known)
            row = f"order-{offset}"
            if not (self.dedup and any(key.startswith(row) for key in invoices.rows)):
                await invoices.put(f"{row} by {self.name}", orders)
            self.position = offset + 1
        self.running = False


class Old(_Version):
    """v1, as the operator has it."""

    async def where(self) -> int:
        """Return the offset that v1 is at: it may be at work on it."""
        await self.world.point("asking v1 where it is")
        self.said("where", self.position, f"v1 is at {self.position}")
        return self.position

    async def stop(self) -> int:
        """Let v1 end the order that it has in hand, then stop it; return what comes next."""
        await self.world.point("stopping v1")
        return await self._rests(self.position)

    async def stop_at(self, offset: int) -> int:
        """Let v1 handle every order before an offset, then stop it; return what comes next."""
        await self.world.point(f"stopping v1 at {offset}")
        self.said("barrier", offset, f"v1 is to stop at {offset}")
        return await self._rests(offset)

    async def _rests(self, until: int) -> int:
        self.until = until
        while self.running:
            await sleep(0.05)
        self.said("stop", self.position, f"v1 has stopped, next is {self.position}")
        return self.position


class New(_Version):
    """v2, as the operator has it."""

    async def replay(self, until: int) -> None:
        """Let v2 learn from every order before an offset, once it is there; no invoice is sent."""
        await self.world.point(f"replaying to {until}")
        await sleep(0.3)
        while self.log.size < min(until, len(ARRIVES)):
            await sleep(0.2)
        self.known |= {*range(min(until, self.log.size))}
        self.said("replay", until, f"v2 knows what is before {until}")

    async def start(self, offset: int, dedup: bool = False) -> None:
        """Let v2 invoice every order from an offset on; with dedup, not those that have one."""
        await self.world.point(f"starting v2 at {offset}")
        if any(call.verb == "start" for call in self.log.calls):
            raise RuntimeError("v2 is running already: start() may be called once")
        self.said("start", offset, f"v2 starts at {offset}{' with dedup' if dedup else ''}")
        self.position, self.dedup = max(offset, 0), dedup
        self.world.spawn(self.run(), "v2")


def cut_over(world: World, answer: Callable[..., Any]) -> None:
    """v1 at work, orders that arrive, and the learner's operator."""
    log = Orders(world)
    old, new = Old(log, "v1", 1.0, BEFORE), New(log, "v2", 0.1)
    vars(world)["calls"] = log.calls
    world.store("invoices", {f"order-{n} by v1": number(n) for n in range(BEFORE)})
    world.spawn(old.run(), "v1")

    async def operate() -> None:
        await sleep(BEGINS)
        await answer(old, new, log)

    world.service("operator", lambda: Unasked(operate))


def senders(world: World) -> dict[str, Any]:
    """Return who sent an invoice for each order, in order: {"order-0": ["v1"], …}."""
    rows = sorted(world.stores["invoices"].rows)
    return {
        f"order-{n}": [row.split()[2] for row in rows if row.startswith(f"order-{n} by")]
        for n in range(len(CUSTOMERS))
    }


def each_once(world: World) -> Violation | None:
    """Each order has one invoice, and the last one's comes from v2."""
    found = senders(world)
    for n, who in enumerate(found.values()):
        if len(who) != 1:
            return _gap(world, n) if not who else _double(world, n)
    if found[f"order-{LAST}"] != ["v2"]:
        words = f"v1 still sends invoices long after the cut-over: order-{LAST}'s came from v1."
        far = _last(world, "barrier")
        if far is not None and far.offset > LAST:
            words += f" v1 was to stop at {far.offset}, which is behind that order."
        return _wrong(world, words, "a barrier too far" if far else "nobody takes over", LAST)
    return None


def taken_over(world: World) -> Violation | None:
    """As `each_once`, and what v2 writes on its invoices is right too."""
    if (wrong := each_once(world)) is not None:
        return wrong
    rows, replay, start = (
        world.stores["invoices"].rows,
        _last(world, "replay"),
        _last(world, "start"),
    )
    for n in range(len(CUSTOMERS)):
        if (said := rows.get(f"order-{n} by v2", number(n))) == number(n):
            continue
        words = (
            f"order-{n} is {CUSTOMERS[n]}'s order number {number(n)}, and v2's invoice says number "
        )
        words += f"{said}: v2 had heard of {'later ones' if said > number(n) else 'too few'}."
        if replay is None or start is None:
            return _wrong(world, words, "a late subscriber sees history", n)
        words += f" It knew what is before {replay.offset}, and began at {start.offset}."
        late = "replays too late" if replay.step > start.step else "replays too little"
        return _wrong(world, words, "replays too much" if said > number(n) else late, n)
    return None


def diagnose(answer: Any, found: Exploration) -> str:
    """Return what a failure means that no single run shows: an offset that is right by luck."""
    by_luck = found.violation is not None and found.violation.belief == "off by one"
    return "a fixed offset" if by_luck and found.code != "-" else ""


def _last(world: World, verb: str) -> Call | None:
    """Return the last call of this verb."""
    calls: list[Call] = vars(world)["calls"]
    return next((call for call in reversed(calls) if call.verb == verb), None)


def _wrong(world: World, words: str, belief: str, order: int) -> Violation:
    begin = _last(world, "start")
    step = max(_sent(world, order), default=begin.step if begin else len(world.trace) - 1)
    name = f"order-{order}"
    found = " and ".join(senders(world)[name]) or "nobody"
    return Violation(words, step, {name: "one invoice"}, {name: found}, belief)


def _sent(world: World, order: int) -> list[int]:
    """Return the steps at which an invoice for an order was sent in the run."""
    return [i for i, s in enumerate(world.trace) if s.text.startswith(f"order-{order} by")]


def _gap(world: World, order: int) -> Violation:
    """Say why nobody invoiced an order."""
    stop, start = _last(world, "stop"), _last(world, "start")
    words = f"order-{order} never got an invoice"
    if start is None:
        done = f": v1 stopped at {stop.offset}, and v2 was never started" if stop else ""
        return _wrong(world, f"{words}{done}.", "nobody takes over", order)
    left = f"v1 stopped at {stop.offset}" if stop else "v1 never stopped"
    words += f": {left}, and v2 started at {shown(start.offset)}."
    belief = "off by one" if stop and start.offset == stop.offset + 1 else "a gap"
    return _wrong(world, words, "starts at the end" if _told(world, "end") else belief, order)


def _double(world: World, order: int) -> Violation:
    """Say why two versions invoiced an order."""
    stop, start = _last(world, "stop"), _last(world, "start")
    begun = start.offset if start else 0
    sent = _sent(world, order)
    at = " and at ".join(moment(world.trace[i]) for i in sent)
    who = senders(world)[f"order-{order}"]
    whose = f"both from {who[0]}" if who[0] == who[1] else "one from v1 and one from v2"
    words = f"order-{order} got two invoices, {whose}"
    words += f", at {at}." if len(sent) > 1 else "."
    if who[0] == who[1]:
        belief = "two in charge"
    elif start is None or begun < BEFORE:
        belief = "replay is free"
        words += f" v2 started at {begun}, in the middle of history."
    elif stop is None or (start.step < stop.step and begun < stop.offset):
        dedups = world.trace[start.step].text.endswith("dedup")
        belief = "dedup on one side" if dedups else "two in charge"
        words += " v2 started while v1 was still at work."
    elif _told(world, "barrier"):
        belief = "a barrier in the past"
        words += f" v1 was to stop at {begun}, and had gone on to {stop.offset} by then."
    elif _told(world, "where"):
        belief = "asks, then stops"
        words += f" v2 started at {begun}, but v1 had got to {stop.offset} by the time it stopped."
    else:
        belief = "off by one"
        words += f" v1 had done everything before {stop.offset}, and v2 started at {begun}."
    return _wrong(world, words, belief, order)


def _told(world: World, verb: str) -> bool:
    """Say whether the operator had the offset at which it started v2 from this call."""
    start = _last(world, "start")
    calls = {(call.verb, call.offset) for call in vars(world)["calls"]}
    return start is not None and (verb, start.offset) in calls
