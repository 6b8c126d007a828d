"""What is wrong with a consumer that was ported to three kinds of engine, read from its run.

Each good order is billed once, the one that can't be billed is set aside after three failures, and
each message is acked. A verdict says on which kind of engine, who did what, and when.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

from pubsub_kit.scenarios.plain import crashes, moment, plain, short
from pubsub_kit.scenarios.real_engines.kinds import (
    AMOUNTS,
    DEAD,
    KINDS,
    LEASE,
    NAMES,
    OWED,
    PARTITIONS,
    POISON,
    RATE,
    ROW,
    dead,
)
from pubsub_kit.world.search.explore import Oracle, Violation
from pubsub_kit.world.world import World

COUNTS, FOREVER, DROPPED = "every engine counts", "no limit on failures", "poison is dropped"
ONCE, MEMORY, GOOD = "one failure is enough", "counts in memory", "sets a good one aside"
LATE, EARLY, MARKED = "a late ack is refused everywhere", "acks before it bills", "marks apart"
SKIPS, TWICE, LOOKS = "acks what it did not bill", "delivered once", "looks, then bills"
NAMELESS = "a dead letter needs no id"
WRONG, UNACKED, STUCK = "bills something else", "never acks", "an order is stuck"
OWN, STALE, LEFT = "a mark for each delivery", "an old sum", "a return gives it back"
LIMIT, WAITS = "more tries can't hurt", "a retry can wait"
EMPTY = "an id is enough of a dead letter"
FAILURES = 3


def forgives(error: BaseException) -> bool:
    """Say whether an error tells of the order without an amount, or of an attempt that is None.

    A right answer meets the first, and a wrong one asks None whether it is above 3.
    """
    if isinstance(error, KeyError):
        return error.args == ("amount",)
    return isinstance(error, TypeError) and "NoneType" in str(error)


class Hand(NamedTuple):
    """A delivery in a worker's hand: from its step `begin` to its step `end`, where it has one."""

    id: str
    node: str
    begin: int
    end: int
    how: str  # done, failed, crash, or "" if the run ended


def right(kind: str) -> Oracle:
    """Return the oracle of one kind of engine."""
    return partial(_judged, kind=kind)


def _judged(world: World, kind: str) -> Violation | None:
    run = _Run(world, kind)
    return run.poison() or run.billed() or run.left()


class _Run:
    def __init__(self, world: World, kind: str) -> None:
        self.world, self.trace, self.kind = world, world.trace, kind
        self.hands = [*_hands(world)]
        self.letters = dead(world)

    # -- the order that can't be billed ------------------------------------------------------------

    def poison(self) -> Violation | None:
        """Find a good order among the dead letters, or a bad one that got there wrongly or not."""
        if (odd := next((id for id in self.letters if id not in AMOUNTS), None)) is not None:
            words = f"{DEAD} has a message with the id {short(odd)}, which no order has"
            return self._wrong(words, self._sent(odd), NAMELESS)
        good = next((id for id in self.letters if id != POISON), None)
        if good is not None:
            words = f"{good} is a good order, and {self._who(good)} set it aside{self._errors()}"
            return self._wrong(words, self._sent(good), GOOD)
        if POISON not in self.letters:
            return self._not_aside()
        at = self._sent(POISON)
        tries = [h for h in self.hands if h.id == POISON and h.begin <= at]
        failures = len([h for h in tries if h.end < at and _came_to_an_end(h)]) + 1
        if len(tries) < FAILURES:
            words = f"{POISON} was set aside in its delivery number {len(tries)}, and not after "
            return self._wrong(f"{words}three failures", at, ONCE)
        if failures > FAILURES + 1 + len(self.trace.faults()):
            words = f"{POISON} failed {failures} times before it was set aside, and not three times"
            return self._wrong(words, at, MEMORY if self.trace.faults() else LIMIT)
        letters = self.world.broker.topic(DEAD).log.read(0, 0)
        if any(event.data is None for _, event in letters):
            words = f"{POISON} is among the dead letters without its data"
            return self._wrong(words, at, EMPTY)
        return None

    def _not_aside(self) -> Violation:
        tries = [h for h in self.hands if h.id == POISON]
        if (ack := self._acked(POISON)) is not None:
            words = f"{POISON} was acked at {self._at(ack)}, and it is not among the dead letters"
            return self._wrong(words, ack, DROPPED)
        last = tries[FAILURES] if len(tries) > FAILURES else None
        step = len(self.trace) - 1 if last is None else last.begin
        if not tries:
            words = f"{POISON} never came to a worker, as {self._blocked()} holds up what follows"
            return self._wrong(words + self._errors(), step, self._counts_or(STUCK))
        if len(tries) <= FAILURES and (nack := self._nacked(tries[-1])) is not None:
            words = (
                f"{POISON} was given back at {self._at(nack)}, and by {self.world.now:.0f} s it "
            )
            words += "had not come again, and was not among the dead letters"
            return self._wrong(words, nack, WAITS)
        if len(tries) == 1 and tries[0].how == "done":
            words = f"the handler of {POISON} returned at {self._at(tries[0].end)} with neither an "
            words += "ack nor a nack, and the order never came again"
            return self._wrong(words + self._errors(), tries[0].end, LEFT)
        words = f"{POISON} was delivered {len(tries)} times in {self.world.now:.0f} s, and is not "
        words += f"among the dead letters{self._errors()}"
        return self._wrong(words, step, self._counts_or(FOREVER))

    def _nacked(self, hand: Hand) -> int | None:
        """Return the step in which a worker gave an order back while it had it in hand."""
        steps = ((i, self.trace[i]) for i in range(hand.begin, hand.end))
        sent = (i for i, step in steps if step.kind == "send" and step.node == hand.node)
        return next((i for i in sent if self.trace[i].text == f"nack {hand.id}"), None)

    def _counts_or(self, belief: str) -> str:
        """On the other kinds it was set aside: so it relies on a count that this one lacks."""
        return COUNTS if self.kind == PARTITIONS else belief

    def _blocked(self) -> str:
        return self.hands[-1].id if self.hands else "nothing"

    def _errors(self) -> str:
        """Return the last error of a handler that is not the missing amount, to add to words."""
        errors = [e for _, e in self.world.raised if not isinstance(e, KeyError)]
        return f": its handler raised {short(str(errors[-1]))}" if errors else ""

    # -- the good ones -----------------------------------------------------------------------------

    def billed(self) -> Violation | None:
        """Find an order that was never billed, or twice, or by another amount."""
        added = {id: [*self._adds(id)] for id, amount in AMOUNTS.items() if amount}
        for id, adds in added.items():
            if not adds:
                return self._lost(id)
            if len(adds) > 1:
                return self._twice(id, adds[0], adds[1])
        total = plain(self.world.stores["db"].rows.get(ROW))
        if total == OWED:
            return None
        odd = [adds[0] for id, adds in added.items() if adds[0][1] != _owed(id)]
        step = odd[0][0] if odd else len(self.trace) - 1
        words = f"the row {ROW!r} holds {str(total)[:20]}, and {OWED} is owed"
        if odd:
            before, after = (rows.get(ROW) or 0 for rows in self.trace[step].data[1:])
            words += f": {self.trace[step].node} changed it from {str(before)[:20]} to "
            words += f"{str(after)[:20]} at {self._at(step)}"
            id = next(id for id, adds in added.items() if adds[0] == odd[0])
            if any(_less(after, old) == _owed(id) for old in self._sums(step)):
                return self._wrong(words, step, STALE)
        return self._wrong(words, step, WRONG)

    def _sums(self, until: int) -> Iterator[Any]:
        """Yield what the row held, before each write up to a step."""
        writes = (s for s in self.trace.steps[: until + 1] if s.kind == "effect")
        yield from (s.data[1].get(ROW) or 0 for s in writes if s.data[0] == "db")

    def _adds(self, id: str) -> Iterator[tuple[int, Any]]:
        """Yield the writes that changed what is billed while a worker had an order in hand."""
        for hand in (h for h in self.hands if h.id == id):
            for i in range(hand.begin, hand.end + 1):
                step = self.trace[i]
                if step.kind == "effect" and step.node == hand.node and ROW in step.data[2]:
                    before, after = step.data[1].get(ROW) or 0, step.data[2][ROW]
                    if after != before:
                        yield i, _less(after, before)

    def _lost(self, id: str) -> Violation:
        ack = self._acked(id)
        if ack is None:
            words = f"{id} was never billed{self._errors()}"
            return self._wrong(words, len(self.trace) - 1, STUCK)
        hand = self._hand_of(id, ack)
        who, at = self.trace[ack].peer, self._at(ack)
        since = self.trace[hand.begin].time
        if self.kind == NAMES and self.trace[ack].time >= since + LEASE:
            words = f"{id} was never billed: {who} acked it at {at}, when its lease had been over "
            words += f"since {since + LEASE:g} s, and that ack counted"
            return self._wrong(words, ack, LATE, hand.begin)
        words = f"{id} was acked by {who} at {at}, and was never billed"
        marks = [*self._marks(id, ack)]
        if same := [i for i in marks if ROW in self.trace[i].data[2]]:
            words += f": its write at {self._at(same[0])} left the row {ROW!r} as it was"
            return self._wrong(words, same[0], WRONG)
        if marks:
            words += f": its mark had been written at {self._at(marks[0])}"
            return self._wrong(words, ack, MARKED, marks[0])
        early = hand.how == "crash" or (self.trace.faults() and hand.how != "done")
        return self._wrong(words, ack, EARLY if early else SKIPS)

    def _marks(self, id: str, until: int) -> Iterator[int]:
        """Yield the writes that workers made with an order in hand, before a step."""
        for hand in (h for h in self.hands if h.id == id):
            for i in range(hand.begin, min(hand.end, until)):
                step = self.trace[i]
                if step.kind == "effect" and step.node == hand.node and step.data[0] == "db":
                    yield i

    def _twice(self, id: str, first: tuple[int, Any], again: tuple[int, Any]) -> Violation:
        both = [f"{self.trace[i].node} at {self._at(i)}" for i, _ in (first, again)]
        words = f"{id} was billed twice, by {both[0]} and by {both[1]}"
        marks = [k for s in self.trace.of("effect") for k in s.data[2] if k not in (ROW, "rate")]
        looks = any(id in key for key in marks)
        one, two = ({*self.trace[i].data[2]} - {ROW} for i, _ in (first, again))
        if one and two and not one & two:
            return self._wrong(words, again[0], OWN, first[0])
        return self._wrong(words, again[0], LOOKS if looks else TWICE, first[0])

    def left(self) -> Violation | None:
        """Find a message that nobody acked."""
        group = self.world.broker.subscriptions["orders", "billing"]
        if not group.lag:
            return None
        never = next((id for id in AMOUNTS if self._acked(id) is None), "an order")
        words = f"All is billed, and {never} was never acked"
        return self._wrong(words + self._errors(), len(self.trace) - 1, UNACKED)

    # -- in words ----------------------------------------------------------------------------------

    def _acked(self, id: str) -> int | None:
        """Return the step of the first ack of an order that counted."""
        acks = (i for i, s in enumerate(self.trace) if s.kind == "receive" and s.node == "orders")
        return next((i for i in acks if self.trace[i].text == f"ack {id}"), None)

    def _hand_of(self, id: str, ack: int) -> Hand:
        node = self.trace[ack].peer
        return [h for h in self.hands if (h.id, h.node) == (id, node) and h.begin < ack][-1]

    def _who(self, id: str) -> str:
        return self.trace[self._sent(id)].node

    def _sent(self, id: str) -> int:
        sends = (i for i, s in enumerate(self.trace) if s.kind == "send" and s.peer == DEAD)
        texts = ((i, self.trace[i].text.partition(",")[0]) for i in sends)
        return next((i for i, text in texts if text == id), len(self.trace) - 1)

    def _at(self, step: int) -> str:
        return moment(self.trace[step])

    def _wrong(self, words: str, step: int, belief: str, blocker: int | None = None) -> Violation:
        message = f"On {KINDS[self.kind]}: {words}.{crashes(self.trace)}"
        total = plain(self.world.stores["db"].rows.get(ROW))
        wanted = {ROW: OWED, DEAD: [POISON]}
        found = {ROW: total, DEAD: self.letters[:3]}
        return Violation(message, step, wanted, found, belief, blocker)


def _hands(world: World) -> Iterator[Hand]:
    """Yield each delivery that was in somebody's hand, by its begin."""
    steps = world.trace.steps
    for begin, step in enumerate(steps):
        if step.kind == "begin" and step.text.startswith("order-"):
            ends = (i for i in range(begin + 1, len(steps)) if _ends(steps[i], step.node))
            end = next(ends, len(steps) - 1)
            last = steps[end]
            how = last.text.partition(":")[0] if last.kind == "end" else last.kind
            yield Hand(step.text.split(" ")[0], step.node, begin, end, how)


def _ends(step: Any, node: str) -> bool:
    return step.node == node and step.kind in ("end", "crash")


def _came_to_an_end(hand: Hand) -> bool:
    return hand.how in ("done", "failed")


def _owed(id: str) -> int:
    return RATE * (AMOUNTS[id] or 0)


def _less(after: Any, before: Any) -> Any:
    try:
        return after - before
    except TypeError:
        return after
