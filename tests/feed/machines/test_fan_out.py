"""The fan-out in numpy against one that walks from moment to moment, message by message."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, inf
from random import Random

import numpy as np
import pytest

from pubsub_kit.feed.arena import Arena, Crash, Failover, Fault, Machines
from pubsub_kit.feed.designs import FeedDesign
from pubsub_kit.feed.machines.simulate import simulate
from tests.feed.small import load, town


@dataclass(eq=False)
class Message:
    """A chunk: when it can be had, how often it was tried, what was delivered of it."""

    tweet: int
    size: int
    ready: float
    tries: int = 0
    delivered: int = 0  # over all tries
    best: int = 0  # by any one try, which is how many have it
    made: float = inf


class Worker:
    """Serves its messages one by one; a fault finds it with one in hand, or none."""

    def __init__(self, design: FeedDesign, machines: Machines) -> None:
        self.design, self.machines = design, machines
        self.line: list[Message] = []
        self.gone: list[Message] = []
        self.hand: Message | None = None
        self.began = self.free = 0.0
        self.no_ack_until: float | None = None

    @property
    def holds(self) -> int:
        """How large the message is that is in hand, or is to be tried again."""
        if self.hand or (self.line and self.line[0].tries):
            return (self.hand or self.line[0]).size
        return -1

    def go(self, until: float) -> None:
        while self.hand or self.line:
            if not self.hand:
                start = max(self.line[0].ready, self.free)
                if start > until:
                    return
                self.hand, self.began = self.line.pop(0), start
                self.hand.tries += 1
            work = self.machines.message_overhead + self.hand.size / self.machines.worker_rate
            if self.began + work > until:
                return
            self._finish(self.hand, self.began + work)

    def _finish(self, message: Message, end: float) -> None:
        message.delivered += message.size
        if message.best < message.size:
            message.best, message.made = message.size, end
        back, self.no_ack_until = self.no_ack_until, None
        self._let_go(message, end if back is None else max(back, end), again=back is not None)

    def _let_go(self, message: Message, free: float, again: bool) -> None:
        self.hand, self.free = None, free
        tries = self.design.attempts if self.design.semantics == "at least once" else 1
        if again and message.tries < tries:
            self.line.insert(0, message)
        else:
            self.gone.append(message)

    def crash(self, fault: Crash) -> None:
        back, message = fault.at + fault.seconds, self.hand
        self.free = max(self.free, back)
        if message:
            worked = fault.at - self.began - self.machines.message_overhead
            done = floor(min(max(worked * self.machines.worker_rate, 0.0), message.size))
            if message.best < message.size:
                message.made = fault.at
            message.delivered, message.best = message.delivered + done, max(message.best, done)
            self._let_go(message, self.free, again=True)

    def failover(self, fault: Fault) -> None:
        assert isinstance(fault, Failover)
        back, message = fault.at + fault.seconds, self.hand
        if message and self.design.semantics == "at most once":  # lost on its way
            work = self.machines.message_overhead + message.size / self.machines.worker_rate
            self._let_go(message, max(back, self.began + work), again=False)
        elif message:
            self.no_ack_until = max(self.no_ack_until or 0.0, back)
        else:
            self.free = max(self.free, back)


def cut(design: FeedDesign, sizes: list[int], tweets: list[tuple[float, int]]) -> list[list[int]]:
    """Return tweet, size and worker of each message."""
    rows, turn = [], {True: 0, False: 0}
    for tweet, (_, author) in enumerate(tweets):
        small = bool(design.express) and sizes[author] <= design.chunk
        first = 0 if small else design.express
        many = design.express if small else design.workers - design.express
        if design.partition_by == "reader":
            shares = [sizes[author] // many] * many
            for n in range(sizes[author] % many):
                shares[(author + n) % many] += 1
        else:
            shares = [sizes[author]]
        for worker, share in enumerate(shares):
            for begin in range(0, share, design.chunk):
                place = {"reader": worker, "author": author, "none": turn[small]}
                turn[small] += 1
                size = min(design.chunk, share - begin)
                rows.append([tweet, size, first + place[design.partition_by] % many])
    return rows


Tweets = list[tuple[float, int]]  # when, and by whom


def walked(design: FeedDesign, sizes: list[int], tweets: Tweets, arena: Arena) -> list[Message]:
    """Return the messages after all that befalls them, fault by fault."""
    workers = [Worker(design, arena.machines) for _ in range(design.workers)]
    for tweet, size, number in cut(design, sizes, tweets):
        ready = tweets[tweet][0] + arena.machines.broker_latency
        workers[number].line.append(Message(tweet, size, ready))
    for fault in sorted(arena.faults, key=lambda fault: fault.at):
        for each in workers:
            each.go(fault.at)
        for each in struck(fault, design, workers):
            each.crash(fault) if isinstance(fault, Crash) else each.failover(fault)
    for each in workers:
        each.go(inf)
    return [message for each in workers for message in each.gone]


def struck(fault: Fault, design: FeedDesign, workers: list[Worker]) -> list[Worker]:
    """Return whom a fault hits: by reader the first of the lane, or who has the largest chunk."""
    if not isinstance(fault, Crash):
        return workers
    if design.partition_by == "reader":
        return (workers[design.express :] + workers[: design.express])[: fault.workers]
    return sorted(workers, key=lambda worker: -worker.holds)[: fault.workers]


KINDS: dict[str, tuple[type[Crash | Failover], ...]] = {
    "none": (),
    "crashes": (Crash,),
    "failovers": (Failover,),
    "both": (Crash, Failover),  # crashes first: they do not end a try whose ack is lost
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("partition_by", ["author", "reader", "none"])
@pytest.mark.parametrize("semantics", ["at most once", "at least once"])
def test_what_is_delivered_lost_and_doubled_is_what_a_walk_through_time_finds(
    kind: str, partition_by: str, semantics: str
) -> None:
    for seed in range(60):
        luck = Random(seed)
        sizes = [luck.choice([0, 1, 3, 17, 50, 100, 233, 400]) for _ in range(luck.randint(1, 6))]
        tweets = sorted((luck.uniform(0, 12), luck.randrange(len(sizes))) for _ in range(20))
        workers = luck.randint(1, 5)
        design = FeedDesign(
            workers=workers,
            express=luck.choice([0, luck.randrange(workers)]),
            chunk=luck.choice([7, 60, 1_000]),
            partition_by=partition_by,  # type: ignore[arg-type]
            semantics=semantics,  # type: ignore[arg-type]
            attempts=luck.randint(1, 3),
        )
        machines = Machines(
            worker_rate=luck.choice([51.0, 97.0, 777.0]),
            message_overhead=luck.choice([0.0, 0.13]),
            broker_latency=luck.choice([0.0, 0.005]),
            by_size=False,
        )
        faults: list[Crash | Failover] = []
        for fault in KINDS[kind] * luck.randint(1, 4):
            span = (0, 14) if kind != "both" else (0, 6) if fault is Crash else (6, 14)
            when = luck.uniform(*span), luck.uniform(0, 4)
            faults.append(
                Crash(*when, luck.randint(1, workers)) if fault is Crash else fault(*when)
            )
        arena = Arena(load(town(*sizes), tweets), machines, faults=tuple(faults))
        run, messages = simulate(design, arena), walked(design, sizes, tweets, arena)
        assert run.lost == sum(m.size - m.best for m in messages), seed
        assert run.doubled == sum(m.delivered - m.best for m in messages), seed
        expected = sorted(
            (m.tweet, m.best, m.made - tweets[m.tweet][0]) for m in messages if m.best
        )
        seen = np.column_stack((run.part_tweet, run.part_size, run.part_latency))
        found = sorted(map(tuple, seen[run.part_size > 0].tolist()))
        assert np.array(found) == pytest.approx(np.array(expected), abs=1e-6), seed
        everyone = sorted(wait for _, many, wait in expected for _ in range(many))
        for q in (0.5, 0.99):
            nth = max(0, int(np.ceil(q * len(everyone) - 1e-9)) - 1)
            assert run.delivery(q) == pytest.approx(everyone[nth] if everyone else 0.0, abs=1e-6)
