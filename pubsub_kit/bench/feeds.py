"""The feed arena: an hour of a million people and of ten million, and growth from 10K to 1M.

An hour runs in a process of its own, and counts everything from the interpreter's start on: the
imports, the graph, the load, the run and its quantiles. Its peak memory is what the system saw of
that process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pubsub_kit.bench.measure import Aim, Contender, Figure, Row
from pubsub_kit.feed.arena import Arena, Crash
from pubsub_kit.feed.designs import FeedDesign
from pubsub_kit.feed.machines.run import FeedRun
from pubsub_kit.feed.machines.simulate import MONTH, simulate
from pubsub_kit.feed.people.graph import FollowerGraph, follower_graph
from pubsub_kit.feed.people.workload import Workload

HOUR = 3_600.0
PEOPLE, FOLLOWS = 1_000_000, 60.0
SECONDS, BYTES = 15.0, 3e9  # what the hour is to take less than
MANY, MANY_FOLLOWS, MANY_READS = 10_000_000, 55.0, 10_000_000  # reads are a sample: one in seven
MANY_SECONDS, MANY_BYTES = 120.0, 8e9
SIZES = (10_000, 100_000, 1_000_000)
LINEAR = 0.8  # of the rate at the smallest size: what is still called linear growth
_CHILD = "from pubsub_kit.bench import feeds; feeds.child({people}, {follows}, {reads})"


def case(
    people: int, follows: float = FOLLOWS, reads: int | None = None
) -> tuple[FollowerGraph, FeedDesign, Arena]:
    """Return a graph in which everybody is active, a hybrid design, and an arena of one hour."""
    graph = follower_graph(people, follows, active=1.0)
    load = Workload(seconds=HOUR, celebrity_tweets_at=(HOUR / 2,), reads=reads).over(graph)
    machines = max(10, people // 100_000)
    design = FeedDesign(
        workers=machines, stores=machines, threshold=people // 10, removal="fanned out"
    )
    return graph, design, Arena(load, faults=(Crash(HOUR / 2),))


def child(people: int = PEOPLE, follows: float = FOLLOWS, sample: int | None = None) -> None:
    """Run the hour; print what was done, the peak of memory, and the seconds of simulation."""
    graph, design, arena = case(people, follows, sample)
    assert graph.following.sum() == graph.active_followers.sum() == graph.edges  # once a graph
    begin = time.perf_counter()
    run = simulate(design, arena)
    took = time.perf_counter() - begin
    asked = [run.delivery(0.5), run.delivery(0.99), run.read(0.5), run.read(0.99)]
    reads = len(arena.load.read_at)
    print(json.dumps([graph.edges, run.tweets, run.deliveries, reads, peak(), took, *asked]))


def peak() -> float:
    """Return the most memory that this process has held so far, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says begins with the process that started this one
        return 1024.0 * int(status.read_text(encoding="ascii").partition("VmHWM:")[2].split()[0])
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(most) if sys.platform == "darwin" else 1024.0 * most


class Hour:
    """An hour of so many people, in a process of its own; `once`: the first go counts for all."""

    def __init__(
        self,
        people: int = PEOPLE,
        follows: float = FOLLOWS,
        reads: int | None = None,
        most: float = BYTES,
        *,
        once: bool = False,
    ) -> None:
        self.code = _CHILD.format(people=people, follows=follows, reads=reads)
        self.most, self.once = most, once
        self.seen: list[float] = []
        self.took = 0.0

    def contender(self) -> Contender:
        """Count the simulated seconds."""
        return Contender("an hour, with its graph and load", round(HOUR), self._go)

    def _go(self) -> float:
        if not (self.once and self.seen):
            begin = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", self.code], stdout=subprocess.PIPE, check=True
            )
            self.seen, self.took = json.loads(done.stdout), time.perf_counter() - begin
        return self.took

    @property
    def an_event(self) -> float:
        """Seconds of simulation for a tweet, a delivery or a read."""
        _, tweets, deliveries, reads, _, simulated, *_ = self.seen
        return simulated / (tweets + deliveries + reads)

    def beside(self, smaller: Hour) -> Callable[[dict[str, Figure]], Iterator[str]]:
        """Say the same, and what an event costs beside those of a smaller hour."""

        def notes(figures: dict[str, Figure]) -> Iterator[str]:
            yield from self.notes(figures)
            if smaller.seen:
                mine, theirs = 1e6 * self.an_event, 1e6 * smaller.an_event
                yield (
                    f"microseconds of simulation an event: {mine:.3g}, beside {theirs:.3g} "
                    f"({mine / theirs:.2f} ×); run once"
                )

        return notes

    def notes(self, figures: dict[str, Figure]) -> Iterator[str]:
        """Say what was simulated, how long it took, and in how much memory."""
        edges, tweets, deliveries, reads, memory, *_ = self.seen
        (figure,) = figures.values()
        yield (
            f"{edges / 1e6:.1f}M follows, {tweets:,.0f} tweets, {deliveries / 1e6:.2f}M deliveries,"
            f" {reads / 1e6:.2f}M reads in {HOUR / figure.median:.2f} s"
        )
        sign = "reached" if memory < self.most else "MISSED "
        yield f"{sign}: less than {self.most / 1e9:g} GB of memory; it is {memory / 1e9:.2f} GB"


class Growth:
    """Runs of growing networks; an event is a tweet, a delivery or a read."""

    def __init__(self) -> None:
        self.runs: dict[int, FeedRun] = {}

    def contender(self, people: int) -> Contender:
        """Time the run alone; its graph and load are there."""
        _, design, arena = case(people)

        def go() -> float:
            begin = time.perf_counter()
            self.runs[people] = simulate(design, arena)
            return time.perf_counter() - begin

        go()
        return Contender(named(people), round(events(self.runs[people])), go)

    def notes(self, figures: dict[str, Figure]) -> Iterator[str]:
        """Say what an event costs: of the simulator's time, and of the design's machines."""
        costs = {named(people): 1e6 / figures[named(people)].median for people in self.runs}
        yield _growth("microseconds of simulation an event", costs)
        yield _growth(
            "dollars a million events, for what is used of machines",
            {named(people): dollars(run) for people, run in self.runs.items()},
        )


def named(people: int) -> str:
    """Return a size as a name: 10K people."""
    return f"{people // 1_000}K people" if people < 1_000_000 else f"{people // 1_000_000}M people"


def events(run: FeedRun) -> float:
    """Return how many tweets, deliveries and reads a run is about."""
    return run.tweets + run.deliveries + len(run.arena.load.read_at)


def dollars(run: FeedRun) -> float:
    """Return what a million events cost for the machines' time and memory that they take.

    A machine that idles is not counted, so that a size at which one is enough compares with others.
    """
    design, prices, machines = run.design, run.arena.prices, run.arena.machines
    whole = design.workers * prices.worker + design.stores * prices.node
    sent = run.cost - whole
    stores = max(run.store_load * design.stores, run.memory / machines.node_bytes)
    used = run.worker_load * design.workers * prices.worker + stores * prices.node + sent
    return used * run.arena.load.seconds / MONTH / events(run) * 1e6


def _growth(what: str, costs: dict[str, float]) -> str:
    least = next(iter(costs.values()))
    said = ", ".join(f"{name} {cost:.3g} ({cost / least:.2f} ×)" for name, cost in costs.items())
    return f"{what}: {said}"


def rows() -> Iterator[Row]:
    """Yield the rows of the table that are about the feed arena."""
    hour = Hour()
    yield Row(
        "feed: 1M people, an hour of load",
        "simulated seconds/s",
        hour.contender(),
        aims=[Aim("", HOUR / SECONDS)],
        notes=hour.notes,
    )
    many = Hour(MANY, MANY_FOLLOWS, MANY_READS, MANY_BYTES, once=True)
    yield Row(
        "feed: 10M people, an hour of load",
        "simulated seconds/s",
        many.contender(),
        aims=[Aim("", HOUR / MANY_SECONDS)],
        notes=many.beside(hour),
    )
    growth = Growth()
    *smaller, largest = [growth.contender(people) for people in SIZES]
    aims = [Aim(smaller[0].name, LINEAR)]  # accounts between fit a cache, and are quicker still
    yield Row("feed: growth", "events/s", largest, smaller, aims, notes=growth.notes)
