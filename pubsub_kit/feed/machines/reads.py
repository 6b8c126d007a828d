"""Reading a home timeline: how many lookups it takes, and how long.

A reader looks up the timeline that is kept, the list of each pulled account that it follows, and
what the design checks on read. Where there is no timeline (it was never kept, is too short, does
not fit in memory, or was lost with a node), it is rebuilt: from the list of everybody followed.
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
from pubsub_kit.feed.people.network import Bools, Floats
from pubsub_kit.feed.people.workload import Load

BLOCK = 1 << 18  # reads at once: what bounds the memory
STEADY = 4_000  # reads in a bin at least, so that a sample's chance does not pass for a burst
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


def timelines(design: FeedDesign, arena: Arena, pushed: Bools, kept: Bools) -> Timelines:
    """Work out what is kept and looked up. A reader who follows nobody pushed needs no timeline."""
    network, machines = arena.load.network, arena.machines
    following = network.following.astype(np.float64)
    pulled = np.zeros_like(following)
    if not pushed.all():
        pulled = network.followed_among(~pushed).astype(np.float64)
    needed = following > pulled
    extra = float((design.removal == "checked on read") + (design.replies == "held on read"))
    people = float(network.stands_for[kept & needed].sum() + network.stands_for[~pushed].sum())
    size = people * design.timeline * ENTRY_BYTES * design.replicas
    room = design.stores * machines.node_bytes
    return Timelines(
        usual=np.where(kept | ~needed, pulled + needed, following) + extra,
        rebuilds=following + extra,
        bytes=size,
        fits=min(1.0, room / size) if size else 1.0,
        idle_held=bool(kept[~network.active].all() if not network.active.all() else kept.all()),
    )


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


def stores(
    design: FeedDesign, arena: Arena, found: Floats, write_at: Floats, writes: Floats
) -> Stores:
    """Return how busy stores are: `found` lookups of the reads, and writes with all replicas."""
    load = arena.load
    bins = max(1, round(load.seconds / min(1.0, max(load.seconds / 120, 1e-3))))
    width = load.seconds / bins
    asked = _reading(load, found, bins)
    inside = write_at < load.seconds
    when = (write_at[inside] / width).astype(np.int64)
    asked = asked + np.bincount(when, writes[inside], minlength=bins)[:bins] / width
    alive = _alive(design, arena, (np.arange(bins) + 0.5) * width)
    return Stores(width, asked, alive, arena.machines)


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


def latencies(arena: Arena, found: Floats, busy: Stores, told: Callable[[int], None]) -> Floats:
    """Return how long each read takes, in seconds."""
    load, machines = arena.load, arena.machines
    rng, luck = (seeded(SEED, purpose) for purpose in (3, 4))
    took = np.empty(len(found))
    for block in blocks(load):
        at, asked = load.read_at[block], found[block]
        rounds = np.ceil(asked / machines.parallel)
        served = slowest(rng, asked, machines.parallel) / busy.rate(at)
        paused = pauses(luck, asked, machines) * machines.pause
        took[block] = machines.base_latency + rounds * busy.wait(at) + served + paused
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
