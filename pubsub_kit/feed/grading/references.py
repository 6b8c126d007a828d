"""Four designs to hold a learner's against, each as large as the load asks for, by arithmetic.

They differ in one choice alone, who is pushed to whom; all the others are left as a new
`FeedDesign` has them. A fleet is sized as on a whiteboard: the work of the busiest minute, divided
by how busy a machine should be at most, and a spare for each machine that is going to fail.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, floor, log10

import numpy as np

from pubsub_kit.feed.arena import Arena, ArenaError, Crash, NodeLoss
from pubsub_kit.feed.designs import DesignError, FeedDesign, answer, least
from pubsub_kit.feed.machines import delivery
from pubsub_kit.feed.machines.reads import followed_and_pulled, timelines
from pubsub_kit.feed.people.network import Floats, Network

BUSY = 0.6  # assumed: how much of its time a machine works at most in the busiest minute
WINDOW = 60.0  # assumed: seconds over which the busiest stretch is taken
WITHIN = 5.0  # seconds to deliver a tweet: Twitter's aim (High Scalability, 2013-07-08)
MOST = 100_000  # assumed: machines of a kind that anybody would pay for


@dataclass(frozen=True)
class ByRates(FeedDesign):
    """Push to those who read an author's tweets oftener than it takes to pay for the push.

    The rule by pairs of Silberstein and others (Feeding Frenzy, SIGMOD 2010): for each author and
    reader, push if the reader's rate is at least `ratio` times the author's. That makes the work
    least. How many follow an author does not come in, and so neither does how late a tweet is.
    """

    ratio: float = 0.0

    def least_reading(self, network: Network) -> Floats:
        """Return `ratio` times how often each account tweets."""
        return self.ratio * network.tweeting


def pay_off(arena: Arena) -> float:
    """Return from how many reads per tweet on a push pays off, beside rates of 1 for both.

    A push costs a worker's time and a write to each replica, a pull costs a lookup in each read.
    """
    load, machines, prices = arena.load, arena.machines, arena.prices
    operation = prices.node / machines.node_rate
    push = prices.worker / machines.worker_rate + FeedDesign().replicas * operation
    reads = max(len(load.read_at) * load.read_stands_for, 1.0)
    return push / max(operation, 1e-300) * len(load.tweet_at) / reads


def references(arena: Arena) -> dict[str, FeedDesign]:
    """Return fan-out on write, on read, by rates and a hybrid, each sized to keep up in the arena.

    Where more than 100,000 machines of a kind were needed, that many are taken, and do not. Raises
    ArenaError where it is no arena.
    """
    _check(arena)
    write = sized(FeedDesign("fan-out on write"), arena)
    read = sized(FeedDesign("fan-out on read", threshold=0), arena)
    rates = sized(ByRates("by rates", skip_inactive=True, ratio=pay_off(arena)), arena)
    hybrid = FeedDesign("hybrid", threshold=threshold(arena), skip_inactive=True)
    return {design.name: design for design in (write, read, rates, sized(hybrid, arena))}


def _check(arena: object) -> None:
    if not isinstance(arena, Arena):
        raise ArenaError(f"fleets are sized for an Arena, not {type(arena).__name__}")


def sized(design: FeedDesign, arena: Arena) -> FeedDesign:
    """Return the design with as many workers and stores as the busiest minute asks for.

    Raises DesignError where it is no design, or its rules do not answer for each account.
    """
    if not isinstance(design, FeedDesign):
        raise DesignError(f"sized() takes a design, as FeedDesign(threshold=1_000), not {design!r}")
    _check(arena)
    faults, machines = arena.faults, arena.machines
    crashes = [fault for fault in faults if isinstance(fault, Crash)]
    crashing = max((_down(crashes, crash.at) for crash in crashes), default=0)
    lost = sum(f.nodes for f in faults if isinstance(f, NodeLoss))
    working = ceil(fan_out(design, arena) / BUSY)
    workers = design.express + working + (crashing if working else 0)
    operations = lookups(design, arena) + writes(design, arena) * (design.replicas + design.dedup)
    busy = ceil(operations / machines.node_rate / BUSY)
    stores = max(busy, _for_memory(design, arena), design.replicas) + lost
    return replace(
        design,
        workers=min(max(workers, design.express + 1), MOST),
        stores=min(stores, MOST),
    )


def threshold(arena: Arena) -> int:
    """Return how many followers an author may have to be delivered within 5 s, in one digit.

    Of a fleet sized for everybody below the threshold, 40% is free in the busiest minute; the
    largest tweet that this share delivers in 5 s sets the threshold: each follows from the other.
    """
    design = FeedDesign(threshold=10**6, skip_inactive=True)
    for _ in range(8):
        fleet = max(1, ceil(fan_out(design, arena) / BUSY))
        free = (1 - BUSY) * fleet * arena.machines.worker_rate
        design = replace(design, threshold=_one_digit(free * WITHIN))
    return design.threshold


def _one_digit(value: float) -> int:
    unit = int(10 ** floor(log10(max(value, 1.0))))
    return max(1, int(value // unit) * unit)


def destinations(design: FeedDesign, arena: Arena) -> Floats:
    """Return for each tweet into how many timelines it is put: none where it is pulled."""
    network = arena.load.network
    kept, often = answer(design, "kept", network), least(design, network)
    many = delivery.destinations(network, kept, often)
    return np.where(answer(design, "pushed", network), many, 0.0)[arena.load.author]


def _fanned(design: FeedDesign, arena: Arena) -> tuple[Floats, Floats]:
    """Return when something is fanned out, and to how many: a tweet, or its removal."""
    load, many = arena.load, destinations(design, arena)
    if design.removal != "fanned out":
        return load.tweet_at, many
    gone = np.flatnonzero(load.deleted_at < load.seconds)
    at = np.concatenate((load.tweet_at, load.deleted_at[gone]))
    return at, np.concatenate((many, many[gone]))


def fan_out(design: FeedDesign, arena: Arena) -> float:
    """Return the workers that the busiest minute keeps at work all the time."""
    (at, many), machines = _fanned(design, arena), arena.machines
    messages = np.ceil(many / design.chunk)
    work = many / delivery.rate(design, machines) + messages * machines.message_overhead
    return _busiest(at, work, arena.load.seconds)


def writes(design: FeedDesign, arena: Arena) -> float:
    """Return the entries a second that are put into timelines in the busiest minute."""
    return _busiest(*_fanned(design, arena), arena.load.seconds)


def lookups(design: FeedDesign, arena: Arena) -> float:
    """Return the lookups a second of all reads in the busiest minute."""
    load = arena.load
    pushed, often = answer(design, "pushed", load.network), least(design, load.network)
    each = 1.0 + followed_and_pulled(load.network, pushed, often)[load.reader]
    none = ~answer(design, "kept", load.network)[load.reader]
    whole = load.network.following[load.reader].astype(np.float64)
    each = np.where(none, whole, each)
    each += (design.removal == "checked on read") + (design.replies == "held on read")
    return _busiest(load.read_at, each * load.read_stands_for, load.seconds)


def _down(crashes: list[Crash], at: float) -> int:
    """Return how many workers are down at a moment, if a crash hits those that are up."""
    return sum(crash.workers for crash in crashes if crash.at <= at <= crash.at + crash.seconds)


def _busiest(at: Floats, much: Floats, seconds: float) -> float:
    """Return how much falls into the busiest minute, a second."""
    if not len(at):
        return 0.0
    window = min(WINDOW, seconds)
    each = np.bincount((at // window).astype(np.int64), weights=much)
    return float(each.max() / window)


def _for_memory(design: FeedDesign, arena: Arena) -> int:
    network = arena.load.network
    pushed, kept = (answer(design, rule, network) for rule in ("pushed", "kept"))
    lines = timelines(design, arena, pushed, kept, least(design, network))
    return ceil(lines.bytes / arena.machines.node_bytes)
