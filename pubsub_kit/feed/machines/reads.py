"""Reading a home timeline: how many lookups it takes, and how long.

A reader looks up the timeline that is kept, the list of each pulled account that it follows, and
what the design checks on read. Of the pulled accounts, the one that most people follow has the
hottest key: its list is on so many stores as there are replicas, whatever the number of stores.
Where there is no timeline (it was never kept, is too short, does not fit in memory, or was lost
with a node), it is rebuilt: from the list of everybody followed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from pubsub_kit.feed.arena import Arena, Machines, NodeLoss
from pubsub_kit.feed.designs import ENTRY_BYTES, DesignError, FeedDesign
from pubsub_kit.feed.machines.stores import Stores, slowest
from pubsub_kit.feed.people.chance import Chance, seeded
from pubsub_kit.feed.people.network import Bools, Floats, Network
from pubsub_kit.feed.people.workload import Load

BLOCK = 1 << 18  # reads at once: what bounds the memory
STEADY = 4_000  # reads in a bin at least, so that a sample's chance does not pass for a burst
OWN = 100  # assumed: tweets in an author's own list, some 40 days of them
SEED = 2013  # every run draws the same numbers, so that designs differ by design alone


@dataclass(eq=False)
class Timelines:
    """What is kept, and what each account's read looks up: arrays with an entry an account.

    `usual`: lookups of a read, `rebuilds`: where the timeline that should be there is not. `bytes`
    counts every replica, `fits` is the share of timelines that there is room for.
    """

    usual: Floats
    rebuilds: Floats
    bytes: float
    fits: float
    idle_held: bool  # whether one who has been inactive finds a timeline


def followed_and_pulled(network: Network, pushed: Bools, often: Floats) -> Floats:
    """Return how many accounts a reader looks up: those that are pulled, or pulled by this reader.

    `often`: how often one has to read for an account to be pushed. A reader follows accounts in
    proportion to their followers.
    """
    pulled = np.zeros(len(pushed))
    if not pushed.all():
        pulled = network.followed_among(~pushed).astype(np.float64)
    if not often[pushed].any():
        return pulled
    order = np.flatnonzero(pushed)[np.argsort(often[pushed], kind="stable")]
    mass = np.append(np.cumsum((network.followers * network.stands_for)[order][::-1])[::-1], 0.0)
    beyond = mass[np.searchsorted(often[order], network.reading, side="right")] / max(mass[0], 1.0)
    return np.asarray(pulled + np.rint((network.following - pulled) * beyond))


def timelines(
    design: FeedDesign, arena: Arena, pushed: Bools, kept: Bools, often: Floats
) -> Timelines:
    """Work out what is kept and looked up. A reader who follows nobody pushed needs no timeline."""
    network, machines = arena.load.network, arena.machines
    following = network.following.astype(np.float64)
    pulled = followed_and_pulled(network, pushed, often)
    needed = following > pulled
    extra = float((design.removal == "checked on read") + (design.replies == "held on read"))
    size = held(design, network, kept & needed, ~pushed | (often > _rarest(network)))
    room = design.stores * machines.node_bytes
    return Timelines(
        usual=np.where(kept | ~needed, pulled + needed, following) + extra,
        rebuilds=following + extra,
        bytes=size,
        fits=min(1.0, room / size) if size else 1.0,
        idle_held=bool(kept[~network.active].all() if not network.active.all() else kept.all()),
    )


def held(design: FeedDesign, network: Network, kept: Bools, listed: Bools) -> float:
    """Return the bytes of the timelines that are kept, and of the lists that somebody pulls."""
    people, authors = (float(network.stands_for[who].sum()) for who in (kept, listed))
    entries = people * design.timeline + authors * min(design.timeline, OWN)
    return entries * ENTRY_BYTES * design.replicas


def _rarest(network: Network) -> float:
    return float(network.reading[network.active].min(initial=np.inf))


def blocks(load: Load) -> Iterator[slice]:
    """Yield slices of a load's reads."""
    for begin in range(0, len(load.read_at), BLOCK):
        yield slice(begin, min(begin + BLOCK, len(load.read_at)))


def lookups(
    design: FeedDesign, arena: Arena, kept: Timelines, told: Callable[[int], None]
) -> Floats:
    """Return how many lookups each read takes."""
    load, active, bereft = arena.load, arena.load.network.active, _Bereft(design, arena)
    room, losses = (seeded(SEED, purpose) for purpose in (1, 2))
    found = np.empty(len(load.read_at))
    for block in blocks(load):
        reader = load.reader[block]
        rebuilt = load.depth[block] > design.timeline
        if not kept.idle_held:
            rebuilt |= load.returning[block] & active[reader]
        if kept.fits < 1:
            rebuilt |= room.random(len(reader)) > kept.fits
        if bereft.losses:
            rebuilt |= losses.random(len(reader)) < bereft.chance(load.read_at[block])
        found[block] = kept.usual[reader]
        again = np.flatnonzero(rebuilt)
        found[block][again] = kept.rebuilds[reader[again]]
        told(len(reader))
    return found


class _Bereft:
    """Reads that are their person's first after the timeline was lost with a node.

    A timeline is lost where all its replicas are at once; people read at random, all equally often.
    """

    def __init__(self, design: FeedDesign, arena: Arena) -> None:
        load, weight = arena.load, arena.load.network.stands_for
        people = float(weight[load.network.active].sum())
        self.often = len(load.read_at) * load.read_stands_for / (load.seconds * max(people, 1.0))
        self.losses = [
            (fault.at, _all_among(fault.nodes, design))
            for fault in arena.faults
            if isinstance(fault, NodeLoss) and fault.nodes >= design.replicas
        ]

    def chance(self, at: Floats) -> Floats:
        """Return the chance of each read, by its time in seconds."""
        chance = np.zeros(len(at))
        for lost, share in self.losses:
            first = np.exp(-self.often * np.maximum(at - lost, 0.0))
            chance += np.where(at >= lost, first * share, 0.0)
        return chance


def _all_among(nodes: int, design: FeedDesign) -> float:
    """Return the share of timelines whose replicas are all among so many of the stores."""
    nodes = min(nodes, design.stores)
    return prod((nodes - n) / (design.stores - n) for n in range(design.replicas))


@dataclass(eq=False)
class Hot:
    """The hottest key: which reads look it up, and the stores that hold it."""

    asks: Bools
    stores: Stores


def hottest(design: FeedDesign, arena: Arena, pushed: Bools, busy: Stores) -> Hot:
    """Return how busy the stores are that hold the list of the largest pulled account.

    A store that holds it serves its share of that key's reads besides what is asked of any other.
    """
    load, network = arena.load, arena.load.network
    pulled = np.where(pushed, -1, network.followers)
    one = np.zeros(len(pulled), dtype=bool)
    if len(pulled) and pulled.max() > 0:
        one[np.argmax(pulled)] = True
    asks = (network.followed_among(one) > 0)[load.reader] if one.any() else np.zeros(0, dtype=bool)
    if not asks.any():
        return Hot(np.zeros(len(load.read_at), dtype=bool), busy)
    on_key = _reading(load, asks.astype(np.float64), len(busy.load))
    others = np.maximum(busy.load - on_key, 0.0) / busy.nodes
    a_store = others + on_key / np.minimum(design.replicas, busy.nodes)
    return Hot(asks, Stores(busy.width, a_store, np.ones(len(a_store)), arena.machines))


def stores(
    design: FeedDesign,
    arena: Arena,
    found: Floats,
    write_at: Floats,
    writes: Floats,
    lasting: Floats | None = None,
) -> Stores:
    """Return how busy stores are: `found` lookups of the reads, and what the fan-out asks.

    It is done with its `writes` at `write_at`, having made them over the `lasting` seconds before.
    """
    load = arena.load
    bins = max(1, round(load.seconds / min(1.0, max(load.seconds / 120, 1e-3))))
    width = load.seconds / bins
    asked = _reading(load, found, bins)
    lasting = np.zeros(len(writes)) if lasting is None else lasting
    asked = asked + _spread(write_at, writes, lasting, width, bins) / width
    alive = _alive(design, arena, (np.arange(bins) + 0.5) * width)
    return Stores(width, asked, alive, arena.machines)


def _spread(end: Floats, much: Floats, lasting: Floats, width: float, bins: int) -> Floats:
    """Return how much falls into each bin, where each amount is spread over the time to its end.

    Up to an edge e, an amount that begins at b and ends at t has had its rate times (e - b), less
    its rate times (e - t) once it is over: two sums a bin, whatever the number of amounts.
    """
    lasting = np.maximum(lasting, 1e-3 * width)
    rate = much / lasting
    edges = np.arange(bins + 1) * width
    so_far = np.zeros(bins + 1)
    for at, sign in ((np.maximum(end - lasting, 0.0), 1.0), (end, -1.0)):
        bin_ = np.minimum(np.ceil(at / width).astype(np.int64), bins + 1)
        rates = np.cumsum(np.bincount(bin_, rate, minlength=bins + 2))[: bins + 1]
        moments = np.cumsum(np.bincount(bin_, rate * at, minlength=bins + 2))[: bins + 1]
        so_far += sign * (edges * rates - moments)
    return np.maximum(np.diff(so_far), 0.0)


def _reading(load: Load, found: Floats, bins: int) -> Floats:
    """Return lookups a second in each bin, drawn through bins that hold enough reads."""
    wide = max(1, min(bins, len(found) // STEADY))
    width = load.seconds / wide
    when = np.minimum((load.read_at / width).astype(np.int64), wide - 1)
    rate = np.bincount(when, found, minlength=wide) * (load.read_stands_for / width)
    middle = (np.arange(wide) + 0.5) * width
    return np.asarray(np.interp((np.arange(bins) + 0.5) * (load.seconds / bins), middle, rate))


def _alive(design: FeedDesign, arena: Arena, at: npt.NDArray[np.floating[Any]]) -> Floats:
    alive = np.full(len(at), float(design.stores))
    for fault in arena.faults:
        if isinstance(fault, NodeLoss):
            alive -= np.where(at >= fault.at, float(fault.nodes), 0.0)
    if (alive < 1).any():
        raise DesignError(
            f"none of the {design.stores} stores is left after the arena's losses: give it more"
        )
    return alive


def latencies(
    arena: Arena, found: Floats, busy: Stores, hot: Hot, told: Callable[[int], None]
) -> Floats:
    """Return how long each read takes, in seconds; a read of the hot key is in its first round."""
    load, machines = arena.load, arena.machines
    rng, luck, heat = (seeded(SEED, purpose) for purpose in (3, 4, 5))
    took = np.empty(len(found))
    for block in blocks(load):
        at, asked = load.read_at[block], found[block]
        rounds = np.ceil(asked / machines.parallel)
        served = slowest(rng, asked, machines.parallel) / busy.rate(at)
        paused = length(luck, pauses(luck, asked, machines)) * machines.pause
        waited = rounds * busy.wait(at)
        if (chosen := np.flatnonzero(hot.asks[block])).size:
            when = at[chosen]
            alone = heat.standard_exponential(len(when)) / hot.stores.rate(when)
            served[chosen] = np.maximum(served[chosen], alone)
            waited[chosen] += np.maximum(hot.stores.wait(when) - busy.wait(when), 0.0)
        took[block] = machines.base_latency + waited + served + paused
        told(len(at))
    return took


def pauses(rng: Chance, lookups: Floats, machines: Machines) -> Floats:
    """Return in how many rounds of a read's lookups at least one meets a machine that pauses.

    The more machines a read asks, the likelier one is slow: Dean & Barroso, The Tail at Scale
    (2013).
    """
    full, rest = np.divmod(lookups, machines.parallel)
    spared = 1.0 - machines.pausing
    found = rng.binomial(full.astype(np.int64), 1.0 - spared**machines.parallel)
    return np.asarray(found + (rng.random(len(lookups)) < 1.0 - spared**rest), dtype=np.float64)


def length(rng: Chance, paused: Floats) -> Floats:
    """Return how long so many pauses are in all, where each lasts from 0.5 to 1.5: 1 on average.

    Were all of a length, a read's p99 could only be so many pauses or one more.
    """
    total = 0.5 * paused
    more = np.flatnonzero(paused)
    while len(more):
        total[more] += rng.random(len(more))
        paused = paused - 1.0
        more = more[paused[more] > 0]
    return total
