"""What goes wrong in the middle of a fan-out: workers crash, and the broker's leader dies.

Until the fault nothing changes. At the fault, each worker that is hit has at most one message in
hand; what becomes of it depends on the semantics, and all that waits behind it waits longer.

- Crash, at least once: the message is done again from its beginning; what was delivered of it
  already is delivered twice. At most once: it was acknowledged before, so the rest of it is lost.
- Failover, at least once: the worker goes on, but its acknowledgement is lost with the leader, so
  that the whole message comes twice. At most once: it is lost on its way.

A message that has been tried `attempts` times is set aside, and the rest of it counts as lost. A
try whose acknowledgement a failover takes is finished, whatever crashes meanwhile.

A poison message crashes its worker at every attempt, and all behind it wait. It is set aside after
the last attempt, and not counted as lost: nobody could have delivered it. At most once, the first
attempt is the last.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from pubsub_kit.feed.arena import Crash, Failover, Fault, Machines, Poison
from pubsub_kit.feed.designs import FeedDesign
from pubsub_kit.feed.machines.delivery import Messages, rate
from pubsub_kit.feed.machines.queues import Queues
from pubsub_kit.feed.people.network import Bools, Floats, Ints

FOR_EVER = 1e6  # seconds: that nobody waits longer keeps the sums of queues exact


@dataclass(eq=False)
class FanOut:
    """How the messages fared: all arrays have an entry a message, times are in seconds.

    `made_at`: when its deliveries are made. `size`: how many are made (once), and `lost` are not.
    `again`: so many are made a second time, were nobody to notice. `free_at`: when its worker is
    free for the next one, `service` after it began with this one.
    """

    messages: Messages
    arrive: Floats
    service: Floats
    queues: Queues
    free_at: Floats
    size: Floats
    lost: Floats = field(init=False)
    again: Floats = field(init=False)
    pause: Floats = field(init=False)  # of the service: what a worker waits rather than works
    poison: Bools = field(init=False)  # whether it crashes whoever tries it
    _tries: Ints = field(init=False, repr=False)
    _held: Floats = field(init=False, repr=False)  # from the beginning to that of the last try
    _after: Floats = field(init=False, repr=False)  # from the deliveries to when it is free
    _best: Floats = field(init=False, repr=False)  # the most that any try has delivered
    _over: Bools = field(init=False, repr=False)  # all deliveries are made, or the rest given up

    def __post_init__(self) -> None:
        count = len(self.arrive)
        self.lost, self.again, self.pause = np.zeros(count), np.zeros(count), np.zeros(count)
        self._held, self._after, self._best = np.zeros(count), np.zeros(count), np.zeros(count)
        self._tries = np.ones(count, dtype=np.int64)
        self._over = np.zeros(count, dtype=bool)
        self.poison = np.zeros(count, dtype=bool)

    @cached_property
    def made_at(self) -> Floats:
        """Return when each message's deliveries are made."""
        return self.free_at - self._after

    def left(self, at: float) -> Floats:
        """Return how much work each message is yet to a worker at a moment, in seconds."""
        return np.clip(self.free_at - at, 0.0, self.service - self._held)


def fan_out(
    messages: Messages,
    arrive: Floats,
    design: FeedDesign,
    machines: Machines,
    faults: tuple[Fault, ...] = (),
) -> FanOut:
    """Return how messages fare that arrive at these times, with these faults."""
    service = messages.service(design, machines)
    queues = Queues(messages.worker)
    free = queues.departures(arrive, service)
    out = FanOut(messages, arrive.copy(), service, queues, free, messages.size.copy())
    for fault in faults:
        if isinstance(fault, Poison):
            _poison(out, fault, design)
    ours = [fault for fault in faults if isinstance(fault, Crash | Failover)]
    for fault in sorted(ours, key=lambda fault: fault.at):
        _strike(out, fault, design, machines)
    return out


def _poison(out: FanOut, fault: Poison, design: FeedDesign) -> None:
    """Let the first message from a moment on crash its worker until it is set aside.

    Where some messages stand for several workers, one that stands for fewest is taken.
    """
    later = np.flatnonzero((out.arrive >= fault.at) & ~out.poison)
    if not len(later):
        return
    fewest = out.messages.stands_for[later]
    later = later[fewest == fewest.min()]
    bad = later[np.argmin(out.arrive[later])]
    attempts = design.attempts if design.semantics == "at least once" else 1
    out.service[bad] = out.pause[bad] = min(attempts * fault.seconds, FOR_EVER)
    out.size[bad], out.poison[bad] = 0.0, True
    out.free_at = out.queues.departures(out.arrive, out.service)


def _strike(out: FanOut, fault: Crash | Failover, design: FeedDesign, machines: Machines) -> None:
    begin = out.free_at - out.service
    hand = np.flatnonzero((begin <= fault.at) & (out.free_at > fault.at))
    hit = _hit(out.messages, hand[out.left(fault.at)[hand] > 1e-9], fault, design)
    hand = hand[hit[out.messages.worker[hand]] & ~out.poison[hand]]
    back = fault.at + fault.seconds
    begun = begin[hand] + out._held[hand] <= fault.at
    _hold(out, hand[~begun], begin[hand[~begun]], back)
    struck = _Struck(out, hand[begun], begin[hand[begun]], design, machines)
    struck.crash(fault) if isinstance(fault, Crash) else struck.failover(fault)
    waits = hit[out.messages.worker] & (out.arrive >= fault.at) & (out.arrive < back)
    waits &= begin > fault.at
    out.arrive[waits] = back
    out.free_at = out.queues.departures(out.arrive, out.service)


def _hold(out: FanOut, hand: Ints, begin: Floats, back: float) -> None:
    """Put off what waits to be tried again after a fault before: it is not under way, no try."""
    more = np.maximum(back - begin - out._held[hand], 0.0)
    for times in (out.service, out.pause, out._held):
        times[hand] += more
    out._after[hand] += np.where(out._over[hand], more, 0.0)


def _hit(messages: Messages, hand: Ints, fault: Crash | Failover, design: FeedDesign) -> Bools:
    """Return for each worker whether it is hit.

    A crash takes the workers with the largest chunk in hand, so that a run shows the worst of it;
    by reader, where workers are alike and one may stand for several, the first of its lane.
    """
    workers = design.workers
    hit = np.ones(workers, dtype=bool)
    if isinstance(fault, Failover) or fault.workers >= workers:
        return hit
    in_hand = np.full(workers, -1.0)
    in_hand[messages.worker[hand]] = messages.size[hand]
    if design.partition_by == "reader":
        order = np.roll(np.arange(workers), -design.express)
    else:
        order = np.argsort(-in_hand, kind="stable")
    hit[:] = False
    hit[order[: fault.workers]] = True
    return hit


class _Struck:
    """The messages in hand at a fault: one of each worker that is hit."""

    def __init__(
        self, out: FanOut, hand: Ints, begin: Floats, design: FeedDesign, machines: Machines
    ) -> None:
        self.out, self.hand, self.begin = out, hand, begin
        self.whole = out.messages.size[hand]
        self.rate = rate(design, machines)
        self.work = machines.message_overhead + self.whole / self.rate
        self.tried_at = begin + out._held[hand]
        self.over = out._over[hand]
        self.retry = np.zeros(len(hand), dtype=bool)
        if design.semantics == "at least once":
            self.retry = out._tries[hand] < design.attempts
        self.machines, self.once = machines, design.semantics == "at most once"
        out._tries[hand] += self.retry

    def crash(self, fault: Crash) -> None:
        """Do the messages again after the crash, or lose the rest of them."""
        out, hand = self.out, self.hand
        back = np.maximum(fault.at + fault.seconds, self.tried_at)
        worked = fault.at - self.tried_at - self.machines.message_overhead
        done = np.floor(np.clip(worked * self.rate, 0.0, self.whole))
        out._best[hand] = np.maximum(out._best[hand], done)
        under_way = out.service[hand] - out._held[hand] > 0.5 * self.work  # or was it given up?
        repeated = np.where(under_way, self.whole, 0.0)  # were counted as made once more
        once = np.where(self.over, repeated, out._best[hand])
        out.again[hand] += done - np.where(self.retry, 0.0, once)
        self._lose(np.where(self.retry | self.over, 0.0, out.size[hand] - out._best[hand]))
        before = out.service[hand]
        out.pause[hand] += back - np.maximum(fault.at, self.tried_at)
        out.service[hand] = back - self.begin + np.where(self.retry, self.work, 0.0)
        out._held[hand] = back - self.begin
        longer = out._after[hand] + out.service[hand] - before
        given_up = np.where(self.retry, 0.0, back - fault.at)
        out._after[hand] = np.where(self.over, longer, given_up)
        out._over[hand] |= ~self.retry

    def failover(self, fault: Failover) -> None:
        """Have the messages delivered once more after the failover, or lose them."""
        out, hand = self.out, self.hand
        ready = out.free_at[hand]
        back = np.maximum(fault.at + fault.seconds, ready)
        if self.once:
            self._lose(np.where(self.over, 0.0, out.size[hand]))
        out.again[hand] += np.where(self.retry, self.whole, 0.0)
        out.pause[hand] += back - ready
        out.service[hand] = back - self.begin + np.where(self.retry, self.work, 0.0)
        out._held[hand] = back - self.begin
        out._after[hand] += self.begin + out.service[hand] - ready
        out._over[hand] = True

    def _lose(self, rest: Floats) -> None:
        self.out.lost[self.hand] += np.maximum(rest, 0.0)
        self.out.size[self.hand] -= np.maximum(rest, 0.0)
