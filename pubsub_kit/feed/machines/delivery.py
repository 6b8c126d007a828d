"""Fan-out on write: each pushed tweet becomes messages, each message waits for one worker.

A tweet's destinations are its followers that have a timeline. They are cut into chunks, a message
each. The partition key decides which worker gets a message; a worker owns one partition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pubsub_kit.feed.arena import Crash, Machines
from pubsub_kit.feed.designs import DesignError, FeedDesign
from pubsub_kit.feed.machines.jobs import Jobs
from pubsub_kit.feed.people.network import Bools, Floats, Ints, Network

#: By reader, a tweet to many goes to every worker. They are all alike, so beyond so many messages a
#: sample of the workers is simulated, and each stands for several.
MESSAGES = 500_000
MOST = 25_000_000  # messages of a run: 4 GB


@dataclass(eq=False)
class Messages:
    """The messages of the fan-out, in order of arrival at each worker.

    `job` is an index into the jobs, `size` counts destinations, `stands_for` workers like its own.
    """

    job: Ints
    size: Floats
    worker: Ints
    stands_for: Floats

    def service(self, design: FeedDesign, machines: Machines) -> Floats:
        """Return how long a worker is busy with each message, in seconds."""
        return machines.message_overhead + self.size / rate(design, machines)


def rate(design: FeedDesign, machines: Machines) -> float:
    """Return how many deliveries a second a worker makes, which looks for their ids or does not."""
    return machines.worker_rate / (1.0 + machines.dedup_work * design.dedup)


def destinations(network: Network, kept: Bools, least: Floats | None = None) -> Floats:
    """Return how many followers of each account have a timeline, and read as often as `least`.

    Where timelines are kept for a part of the active or of the inactive people, that part of an
    account's followers has one: those who follow many count for more, being followers oftener.
    """
    active, follows = network.active, network.following * network.stands_for
    among_active, others = (
        _share(kept & active, active, follows),
        _share(kept & ~active, ~active, follows),
    )
    reading = network.active_followers.astype(np.float64)
    away = (network.followers - reading) * others
    if least is None or not least.any():
        return np.asarray(np.rint(reading * among_active + away))
    often = _often(kept & active, active, follows, network.reading, least)
    here = np.where(least > 0, often, among_active)
    return np.asarray(np.rint(reading * here + np.where(least > 0, 0.0, away)))


def _often(kept: Bools, of: Bools, follows: Floats, reading: Floats, least: Floats) -> Floats:
    """Return for each account the share of follows by those with a timeline who read enough."""
    order = np.flatnonzero(kept)[np.argsort(reading[kept], kind="stable")]
    over = np.append(np.cumsum(follows[order][::-1])[::-1], 0.0)
    whole = max(float(follows[of].sum()), 1e-300)
    return np.asarray(over[np.searchsorted(reading[order], least)] / whole)


def _share(kept: Bools, of: Bools, follows: Floats) -> float:
    if np.array_equal(kept, of):
        return 1.0 if of.any() else 0.0
    whole = float(follows[of].sum())
    return float(follows[kept].sum()) / whole if whole else 0.0


def messages(
    design: FeedDesign, jobs: Jobs, crashes: tuple[Crash, ...] = (), by_size: bool = True
) -> Messages:
    """Cut jobs into messages and give each to a worker.

    By reader, destinations are spread evenly over the workers, beginning with a worker that the
    author decides: an author's followers are always the same people. Raises DesignError where the
    messages would not fit (MOST).
    """
    parts = []
    for lane in _lanes(design, jobs.size):
        chosen, _, workers = lane
        many = float(np.ceil(jobs.size[chosen] / design.chunk).sum())
        if design.partition_by == "reader":
            each = max(many, float(np.minimum(jobs.size[chosen], workers).sum())) / workers
            sample = _sample(workers, int(MESSAGES / max(each, 1.0)), crashes)
            _check_fit(design, each * len(sample))
            parts.append(_by_reader(design, jobs, lane, sample))
        else:
            _check_fit(design, many)
            parts.append(_by_message(design, jobs, lane, by_size))
    return parts[0] if len(parts) == 1 else _joined(parts)


def _check_fit(design: FeedDesign, many: float) -> None:
    if many > MOST:
        raise DesignError(
            f"chunk={design.chunk:_} makes about {many / 1e6:,.0f} million messages of this load, "
            f"more than the {MOST / 1e6:.0f} million that fit: give it more, or a shorter load"
        )


def _lanes(design: FeedDesign, size: Floats) -> Iterator[tuple[Ints, int, int]]:
    """Yield the jobs of each lane, its first worker and how many there are."""
    some = np.flatnonzero(size)
    if not design.express:
        yield some, 0, design.workers
        return
    small = size[some] <= design.chunk
    yield some[small], 0, design.express
    yield some[~small], design.express, design.workers - design.express


def _by_message(
    design: FeedDesign, jobs: Jobs, lane: tuple[Ints, int, int], by_size: bool
) -> Messages:
    chosen, first, workers = lane
    job, size = _cut(chosen, jobs.size[chosen], design.chunk)
    key = _dealt(size) if by_size else np.arange(len(job))
    if design.partition_by == "author":
        key = jobs.author[job]
    return Messages(job, size, first + key % workers, np.ones(len(job)))


def _dealt(size: Floats) -> Ints:
    """Deal messages in turn, those of about one size (to a factor of two) apart from the others.

    Each size begins where its first message would be, had all been dealt together.

    So every worker gets its share of the large ones, and more workers are never later but by a
    little: Kafka's producer also counts bytes, not messages, before it goes on to the next
    partition (KIP-794, 2022). Dealt each in turn, which worker gets many large ones is luck.
    """
    alike = np.frexp(size)[1].astype(np.uint8)
    order = np.argsort(alike, kind="stable")
    many = np.bincount(alike)
    many = many[many > 0]
    begin = np.cumsum(many) - many
    turn = np.empty(len(size), dtype=np.int64)
    turn[order] = np.arange(len(size)) + np.repeat(order[begin] - begin, many)
    return turn


def _by_reader(
    design: FeedDesign, jobs: Jobs, lane: tuple[Ints, int, int], sample: list[tuple[int, float]]
) -> Messages:
    chosen, first, workers = lane
    base, rest = np.divmod(jobs.size[chosen], workers)
    begin = jobs.author[chosen] % workers
    made = []
    for worker, stands_for in sample:
        share = base + ((worker - begin) % workers < rest)
        job, size = _cut(chosen, share, design.chunk)
        like = np.full(len(job), stands_for)
        made.append(Messages(job, size, np.full(len(job), first + worker), like))
    return _joined(made)


def _cut(chosen: Ints, size: Floats, chunk: int) -> tuple[Ints, Floats]:
    """Cut each of the chosen jobs into chunks: the job and the size of each chunk."""
    chunks = np.ceil(size / chunk).astype(np.int64)
    job = np.repeat(chosen, chunks)
    if len(job) == len(chosen) and (chunks == 1).all():
        return job, size
    nth = np.arange(len(job)) - np.repeat(np.cumsum(chunks) - chunks, chunks)
    return job, np.minimum(np.repeat(size, chunks) - nth * float(chunk), float(chunk))


def _sample(workers: int, most: int, crashes: tuple[Crash, ...]) -> list[tuple[int, float]]:
    """Return which workers are simulated and how many each stands for; those that crash apart."""
    doomed = min(workers, max((crash.workers for crash in crashes), default=0))
    chosen = []
    for low, high in ((0, doomed), (doomed, workers)):
        if high > low:
            share = max(1, min(high - low, most * (high - low) // workers))
            picks = low + (np.arange(share) * (high - low)) // share
            chosen += [(int(pick), (high - low) / share) for pick in picks]
    return chosen


def _joined(parts: list[Messages]) -> Messages:
    return Messages(
        np.concatenate([part.job for part in parts]),
        np.concatenate([part.size for part in parts]),
        np.concatenate([part.worker for part in parts]),
        np.concatenate([part.stands_for for part in parts]),
    )
