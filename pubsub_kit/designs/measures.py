"""What a slice of the load shows, from the facts that were recorded in it, and the bill.

    asked      somebody asks for something           done    it happened, and is to be seen
    accepted   they were promised that it will       stale   it was seen, and was out of date
    refused    they were told that it won't

Latency runs from asked to the first done, or from accepted where nobody asked. Lost is what was
accepted and never done, doubled what was done again, shed what was asked for and never promised.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from math import inf, nan

import numpy as np

from pubsub_kit.designs.build import build
from pubsub_kit.designs.built import Built
from pubsub_kit.designs.components import Cache, Group, Scheduler, Service, Store, Topic
from pubsub_kit.designs.design import Design
from pubsub_kit.designs.problem import Problem, Slice
from pubsub_kit.feed.arena import Prices
from pubsub_kit.world.running import TooManySteps
from pubsub_kit.world.world import World

MONTH = 30 * 86_400  # seconds
STEPS = 3_000_000  # of a run, before it counts as endless
#: The words and the unit of each measure that every load run has.
MEASURES = {
    "p50": ("latency, median", "s"),
    "p99": ("latency, 99th percentile", "s"),
    "p99 in the burst": ("latency p99 in the burst", "s"),
    "oldest": ("age of the oldest", "s"),
    "lost": ("lost", ""),
    "doubled": ("doubled", ""),
    "stale": ("stale", ""),
    "shed": ("refused", ""),
    "cost": ("cost a month", "$"),
}
Measures = Mapping[str, float]


def load(problem: Problem, design: Design) -> tuple[Measures, Built]:
    """Run one slice of the traffic through a design; return what it measured, and the run.

    Counts are those of the slice. Raises DesignError for a design that can't be built.
    """
    part = problem.slice
    world = World(seed=part.seed, latency=0.001)
    built = build(world, design, problem, part)
    part.traffic(built)
    if part.trouble is not None:
        part.trouble(built)
    with suppress(TooManySteps):  # what is not done by then is lost
        world.run(part.seconds + part.drain, max_steps=STEPS)
    return {**measured(built), "cost": cost(design, part), **problem.more(built)}, built


def measured(built: Built) -> dict[str, float]:
    """Return latencies (seconds), the age of the oldest (seconds), and the counts."""
    begun: dict[str, float] = {}
    ended: dict[str, float] = {}
    doubled = stale = 0
    promised: dict[str, float] = {}
    refused: set[str] = set()
    for record in built.records:
        if record.kind == "asked":
            begun.setdefault(record.id, record.time)
        elif record.kind == "accepted":
            begun.setdefault(record.id, record.time)
            promised.setdefault(record.id, record.time)
        elif record.kind == "done":
            doubled += record.id in ended
            ended.setdefault(record.id, record.time)
        elif record.kind == "stale":
            stale += 1
        elif record.kind == "refused":
            refused.add(record.id)
    waits = [max(0.0, ended[i] - at) for i, at in begun.items() if i in ended]
    owed = [i for i in promised if i not in ended and i not in refused]
    open_for = [built.world.now - begun[i] for i in owed]
    waits_in_burst = _in_burst(built, begun, ended)
    return waits_in_burst | {
        "p50": float(np.percentile(waits, 50)) if waits else nan,
        "p99": float(np.percentile(waits, 99)) if waits else inf,
        "oldest": max([*waits, *open_for], default=0.0),
        "lost": float(len(owed)),
        "doubled": float(doubled),
        "stale": float(stale),
        "shed": float(len((refused | begun.keys() - promised.keys()) - ended.keys())),
    }


def _in_burst(
    built: Built, begun: Mapping[str, float], ended: Mapping[str, float]
) -> dict[str, float]:
    """Return the latency of what was asked for in the burst, if there is one."""
    if built.load is None or built.load.burst is None:
        return {}
    since, until = built.load.burst
    asked = [i for i, at in begun.items() if since <= at < until]
    waits = [max(0.0, ended[i] - begun[i]) for i in asked if i in ended]
    return {"p99 in the burst": float(np.percentile(waits, 99)) if waits else inf}


def cost(design: Design, part: Slice, prices: Prices | None = None) -> float:
    """Return the dollars a month of the whole design, by the feed arena's table of prices.

    Those are assumptions, round ones: a worker 100, a cache or store node 500, a million messages
    0.02, for each broker that keeps a copy.
    """
    price = prices or Prices()
    total = 0.0
    messages = part.per_second * MONTH / 1e6
    for each in design.components:
        if isinstance(each, Service | Group):
            total += (each.workers or 1) * price.worker
        elif isinstance(each, Scheduler):
            total += price.worker
        elif isinstance(each, Store | Cache):
            total += each.nodes * price.node
        elif isinstance(each, Topic):
            total += messages * each.replicas * price.million_messages
    return total
