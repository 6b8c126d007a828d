"""Run a design in an arena at full scale: `simulate(design, arena)` gives a `FeedRun`.

Fan-out workers are queues, each message waits its turn (queues.py, delivery.py, faults.py); stores
are busy with reads and writes, and a read takes as long as its slowest lookup (reads.py). Nothing
is drawn but which reads are rebuilt and how long lookups take, always from the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pubsub_kit.feed.arena import Arena, Crash
from pubsub_kit.feed.designs import DesignError, FeedDesign, answer, least
from pubsub_kit.feed.machines.anomalies import early_replies, ghosts, span
from pubsub_kit.feed.machines.delivery import Messages, destinations, messages, rate
from pubsub_kit.feed.machines.faults import FanOut, fan_out
from pubsub_kit.feed.machines.jobs import jobs
from pubsub_kit.feed.machines.progress import Report, reporting
from pubsub_kit.feed.machines.reads import hottest, latencies, lookups, stores, timelines
from pubsub_kit.feed.machines.run import FeedRun
from pubsub_kit.feed.people.network import Bools, Floats
from pubsub_kit.feed.people.workload import Load

MONTH = 30 * 86_400.0  # seconds


def simulate(design: FeedDesign, arena: Arena, *, progress: bool | Report = False) -> FeedRun:
    """Run a design in an arena.

    `progress=True` shows a bar in a notebook and a line in a terminal; a function is called with
    (done, of). The same design and arena give the same run, number by number. Raises DesignError
    where a rule of the design, such as `pushed`, does not answer for each account.
    """
    _check(design, arena)
    network, load, machines = arena.load.network, arena.load, arena.machines
    pushed, kept = answer(design, "pushed", network), answer(design, "kept", network)
    often = least(design, network)
    with reporting(progress, "simulate") as report:
        told = _counting(report, 2 * len(load.tweet_at) + 2 * len(load.read_at))
        size = np.where(pushed, destinations(network, kept, often), 0.0)
        unfollowed = _unfollowed(load, pushed)
        work = jobs(design, load, size, unfollowed)
        crashes = tuple(fault for fault in arena.faults if isinstance(fault, Crash))
        parts = messages(design, work, crashes, machines.by_size)
        told(len(load.tweet_at))
        arrive = work.at[parts.job] + machines.broker_latency
        out = fan_out(parts, arrive, design, machines, arena.faults)
        told(len(load.tweet_at))
        lines = timelines(design, arena, pushed, kept, often)
        found = lookups(design, arena, lines, told)
        write_at, writes = _writes(design, arena, out, ~pushed[load.author])
        asked, lasting = _asked(design, arena, out, writes)
        busy = stores(design, arena, found, write_at, asked, lasting)
        hot = hottest(design, arena, pushed, busy)
        took = latencies(arena, found, busy, hot, told)
    of_tweet = slice(None) if not work.removal.any() else ~work.removal[parts.job]
    tweets = max(len(load.tweet_at), 1)
    counted = parts.stands_for
    return FeedRun(
        design=design,
        arena=arena,
        tweets=len(load.tweet_at),
        deliveries=float(work.size[~work.removal].sum()),
        lost=float((out.lost * counted)[of_tweet].sum()),
        doubled=0.0 if design.dedup else float((out.again * counted)[of_tweet].sum()),
        early_replies=early_replies(design, load, work, span(out, len(work.at))),
        ghosts=ghosts(design, load, work, out, unfollowed),
        write_amplification=float(writes.sum()) / tweets,
        lookups_per_read=float(found.mean(dtype=np.float64)) if len(found) else 0.0,
        memory=lines.bytes,
        worker_load=_worker_load(design, arena, out),
        store_load=busy.utilisation,
        hot_load=hot.stores.busiest,
        backlog=_backlog(out, arrive, load.seconds),
        store_backlog=max(busy.backlog, hot.stores.backlog),
        cost=_cost(design, arena, parts),
        part_tweet=work.tweet[parts.job[of_tweet]],
        part_size=(out.size * counted)[of_tweet],
        part_latency=np.maximum(out.made_at - work.at[parts.job], 0.0)[of_tweet],
        read_latency=took,
    )


def _check(design: object, arena: object) -> None:
    if not isinstance(design, FeedDesign) or not isinstance(arena, Arena):
        raise DesignError(
            "simulate(design, arena) takes a design, as FeedDesign(workers=200), and an Arena, "
            f"not {type(design).__name__} and {type(arena).__name__}"
        )


def _counting(report: Report, of: int) -> Callable[[int], None]:
    done = 0

    def told(more: int) -> None:
        nonlocal done
        done += more
        report(done, of)

    return told


def _unfollowed(load: Load, pushed: Bools) -> float:
    """Return how often in the span somebody unfollows an author who is pushed."""
    follows = load.network.followers * load.network.stands_for
    share = float(follows[pushed].sum()) / max(float(follows.sum()), 1.0)
    return load.unfollows * load.seconds * share


def _writes(design: FeedDesign, arena: Arena, out: FanOut, pulled: Bools) -> tuple[Floats, Floats]:
    """Return when the stores are written to, and how often, with all replicas.

    A pulled tweet is one write, to its author's list.
    """
    made = out.size + (0.0 if design.dedup else out.again)
    alone = arena.load.tweet_at[pulled]
    at = np.concatenate((out.made_at, alone))
    count = np.concatenate((made * out.messages.stands_for, np.ones(len(alone))))
    return at, count * design.replicas


def _asked(design: FeedDesign, arena: Arena, out: FanOut, writes: Floats) -> tuple[Floats, Floats]:
    """Return what is asked of stores with each of the writes, and over how many seconds before.

    A worker that drops repeats looks for each id first: a lookup for each entry that it handles.
    """
    asked, lasting = writes.copy(), np.zeros(len(writes))
    fanned = slice(len(out.size))
    lasting[fanned] = out.size / rate(design, arena.machines)
    if design.dedup:
        asked[fanned] += (out.size + out.again) * out.messages.stands_for
    return asked, lasting


def _worker_load(design: FeedDesign, arena: Arena, out: FanOut) -> float:
    busy = ((out.service - out.pause) * out.messages.stands_for).sum()
    return float(busy) / (design.workers * arena.load.seconds)


def _backlog(out: FanOut, arrive: Floats, end: float) -> float:
    """Return the work that waits at the end with the busiest worker, in seconds.

    `arrive`: when messages came first; what comes while a broker or a worker is down waits as well.
    """
    late = np.flatnonzero((out.free_at > end) & (arrive < end))
    waits = np.bincount(out.messages.worker[late], out.left(end)[late])
    return float(waits.max(initial=0.0))


def _cost(design: FeedDesign, arena: Arena, parts: Messages) -> float:
    """Return dollars a month: workers, stores and the broker's messages."""
    prices = arena.prices
    sent = float(parts.stands_for.sum()) * MONTH / arena.load.seconds
    machines = design.workers * prices.worker + design.stores * prices.node
    return machines + sent / 1e6 * prices.million_messages
