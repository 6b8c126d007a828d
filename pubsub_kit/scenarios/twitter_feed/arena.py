"""The arena of exercise 06, its levels, and what a design that misses them believes.

Ninety seconds of 150 million active people, of 300 million accounts, with everything that goes
wrong in a month. The belief behind a miss is found by fixing: change one thing, run the design
again, and if it then keeps the levels, that was the mistake.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, replace
from functools import cache
from typing import Any

import numpy as np

from pubsub_kit.feed.arena import Arena, Crash, Failover, NodeLoss, Poison
from pubsub_kit.feed.designs import FeedDesign
from pubsub_kit.feed.five.messages import FeedExploration
from pubsub_kit.feed.five.oracles import DELETED, DOUBLED, EARLY, LOST
from pubsub_kit.feed.grading.levels import ServiceLevels
from pubsub_kit.feed.machines.measures import Trial, Tries
from pubsub_kit.feed.people.chance import seeded
from pubsub_kit.feed.people.network import Bools, Floats, Ints, Network
from pubsub_kit.feed.people.population import population
from pubsub_kit.feed.people.workload import LARGE_EVENT, Workload
from pubsub_kit.scenarios.twitter_feed.more_tweets import with_tweets

ACTIVE, ACCOUNTS = 150_000_000, 300_000_000  # published (High Scalability); assumed
FOLLOWS = 150.0  # of an account on average: an assumption, so that 75 of them are active
SECONDS = 90.0
CELEBRITY_AT, CRASH_AT, LOSS_AT, EVENT_AT, FAILOVER_AT = 10.0, 20.0, 30.0, 40.0, 60.0
EVENT, POISON_AT = 10.0, 75.0
NEXT = 5  # of the largest accounts after the celebrity tweet at the event, a second apart
#: Of the other accounts with over a million followers, 12 tweet at any time, and 12 of the next 60
#: at the event. Which ones is drawn (`DRAWN` is the seed), so that no list of names helps.
LARGE, OTHERS, AMONG, DRAWN = 1_000_000, 12, 60, 6

#: Within 5 s is Twitter's aim; its reads took 100 ms at p99 (High Scalability, 2013-07-08), and may
#: take twice as long here, where so much goes wrong at once. The other bounds are assumptions.
LEVELS = ServiceLevels(
    delivery_p99_small=5.0,
    delivery_p99_middle=30.0,
    delivery_p99_large=60.0,
    read_p99=0.2,
    backlog=5.0,
    lost=0,
    doubled=0,
    early_replies=0,
    ghosts=2_000,
    cost=120_000,
)

GIVEN = """\
Ninety seconds of 150 million active people, half of 300 million accounts (our assumption):
  at 10 s  the largest account tweets to its 31 million followers
  at 20 s  40 workers crash for 5 s
  at 30 s  20 stores are lost, with all their data
  at 40 s  a large event: 2.4 times as many tweets for 10 s, and large accounts tweet: the 5 that
           come next, and 12 of the 60 after them (12 more, of over a million, at any time)
  at 60 s  the broker fails over, which takes 2 s
  at 75 s  a poison message crashes its worker for 1 s at every attempt
Levels (delivery is by the author's number of followers):
  delivery p99     up to 1K: 5 s   up to 1M: 30 s   more: 60 s
  read p99         200 ms: twice what Twitter reported (High Scalability, 2013-07-08)
  at the end       at most 5 s of work left, and 2,000 deleted entries still shown
  never            a lost or doubled delivery, or a reply before its original
  cost a month     $120,000: a worker $100, a store $500, a million messages 2 cents
A worker makes 4,000 deliveries a second, or 3,200 with dedup, which looks for each id first. A
store holds 64 GB and serves 60,000 lookups or writes a second. More workers write faster: reads
wait where stores can't follow. A pulled list is on `replicas` stores, however many ask for it.
People follow about 150 accounts each, and they make about 300,000 reads a second."""


@cache
def arena() -> Arena:
    """Return the arena, made once."""
    people = population(ACCOUNTS, FOLLOWS, active=ACTIVE / ACCOUNTS, sample=20_000, tail=2.5)
    load = Workload(
        seconds=SECONDS,
        burst=LARGE_EVENT,
        burst_at=EVENT_AT,
        burst_seconds=EVENT,
        celebrity_tweets_at=(CELEBRITY_AT,),
        reads=50_000,
    ).over(people)
    faults = (
        Crash(CRASH_AT, 5.0, 40),
        NodeLoss(LOSS_AT, 20),
        Failover(FAILOVER_AT, 2.0),
        Poison(POISON_AT),
    )
    large = np.flatnonzero(people.followers >= LARGE)
    ranked = large[np.argsort(-people.followers[large], kind="stable")]
    at, others = _others(ranked[1 + NEXT :])
    load = with_tweets(load, EVENT_AT + np.arange(NEXT, dtype=np.float64), ranked[1 : 1 + NEXT])
    return Arena(with_tweets(load, at, others), faults=faults)


def _others(large: Ints) -> tuple[Floats, Ints]:
    """Return when other large accounts tweet, and which of them, from the largest on, do."""
    luck = seeded(DRAWN, 1)
    event = luck.uniform(EVENT_AT, EVENT_AT + EVENT, OTHERS)
    at = np.concatenate((event, luck.uniform(0.0, SECONDS, OTHERS)))
    largest, any_of = (luck.permutation(some)[:OTHERS] for some in (large[:AMONG], large))
    whose = np.concatenate((largest, any_of))
    order = np.argsort(at)
    return at[order], whose[order]


# -- among five people -----------------------------------------------------------------------------

ACKS, GIVES_UP, TWICE = "acks before the work is done", "a try is enough", "no dedup"
NOBODY, LAST = "a delete needs nobody", "a delete comes last"
AFTER = "a reply comes after its original"


def why_it_breaks(found: FeedExploration) -> str:
    """Name the belief behind the run that breaks a design among five people, by what is in it."""
    assert found.violation is not None
    if found.violation.belief == LOST:
        if not any(map(str.isalpha, found.code)):
            return ""  # nothing went wrong, so it was not the ack
        dead = any(s.kind == "note" and ".dead: " in s.text for s in found.trace)
        return GIVES_UP if dead else ACKS
    if found.violation.belief == DELETED:
        return LAST if any(map(str.isalpha, found.code)) else NOBODY
    return {DOUBLED: TWICE, EARLY: AFTER}.get(found.violation.belief, "")


# -- among millions --------------------------------------------------------------------------------

AUTHOR, CHUNK, LANE = "a partition for each author", "a large chunk is cheap", "a lane is faster"
EVERYONE, HIGH = "fan out for everyone", "only the largest is large"
NO_ONE, LOW = "fan out for no one", "to pull is free"
PULLED = "a small account is cheap to pull"
MIRRORED, UNKEPT = "the large are pushed", "some need no timeline"
ORDERED = "order costs nothing"
INACTIVE, ONE = "everybody reads", "one replica is enough"
SHORT, LONG = "nobody scrolls", "memory is free"
RETRIES = "a retry cures everything"
FEW, STORES = "queues absorb anything", "a cache needs no room"
DEAR = "machines for the worst second"

_NEARLY, _MINORITY, _MANY = 0.99, 0.5, 0.1
#: What a mended design has.
THRESHOLD, TIMELINE, CHUNK_OF = 1_000_000, 800, 4_000
SIZES = {"workers": 300, "stores": 130}
ATTEMPTS, REPLICAS = 5, 3
MOST_PARTS = 8_000_000  # messages that are simulated to find a belief: a few seconds' worth
_SHOWN = {"lost": ACKS, "doubled": TWICE, "early_replies": AFTER, "ghosts": LAST}

Mend = tuple[str, dict[str, Any]]


def too_dear(design: FeedDesign, where: Arena) -> str:
    """Name the belief behind machines that cost many times the bound."""
    return DEAR if np.any(design.pushed(where.load.network)) else NO_ONE


def why_it_misses(trial: Trial, tries: Tries, levels: ServiceLevels) -> str:
    """Name the belief behind missed levels: that whose mending makes the design keep them.

    A mending of one thing that is enough comes first, then one together with the number of
    machines, then one that mends the first level that is missed; at last all but one.
    """
    all_missed = levels.missed(trial.values)
    first = all_missed[0]
    if first in _SHOWN:
        return _SHOWN[first]
    mends, probe = list(_mends(trial, first)), _Probe(trial, tries, levels)
    enough: list[str] = []  # to mend the first level
    with suppress(_Spent):
        for belief, changes in (*mends, *_machines(trial, all_missed)):
            missed = probe.missed(changes)
            if not missed:
                return belief
            enough += [belief] * (first not in missed)
        if not probe.missed(SIZES):
            return _of_the_sizes(trial, first)
        for belief, changes in mends:
            if not probe.missed({**changes, **SIZES}):
                return belief
        for belief, _ in mends if not enough else ():
            others = {k: v for b, changes in mends if b != belief for k, v in changes.items()}
            if probe.missed({**others, **SIZES}):
                return belief
    return next(iter([*enough, *(belief for belief, _ in mends)]), "")


class _Spent(Exception):
    """So many designs were tried that a learner would wait too long for more."""


class _Probe:
    """Says what a design would miss with changes, until `MOST_PARTS` messages were simulated."""

    def __init__(self, trial: Trial, tries: Tries, levels: ServiceLevels) -> None:
        self.trial, self.tries, self.levels = trial, tries, levels
        self.left = MOST_PARTS

    def missed(self, changes: Mapping[str, Any]) -> list[str]:
        """Return the levels that are missed; as before, where the changes cannot be made."""
        if self.left <= 0:
            raise _Spent
        try:
            found = self.tries(_mended(self.trial.design, changes))
        except (TypeError, ValueError):  # of a class whose objects are made in another way
            found = self.trial
        self.left -= len(found.run.part_size)
        return self.levels.missed(found.values)


def _mends(trial: Trial, first: str) -> Iterator[Mend]:
    """Yield what could be mended in a design, the number of machines apart."""
    design, network = trial.design, trial.run.arena.load.network
    pushed, kept = (np.asarray(rule(network)) for rule in (design.pushed, design.kept))
    if design.partition_by == "author":
        yield AUTHOR, {"partition_by": "none"}
    if design.chunk > CHUNK_OF:
        yield CHUNK, {"chunk": CHUNK_OF}
    if design.partition_by == "reader" and first == "cost":
        yield ORDERED, {"partition_by": "none"}
    if design.express and first.startswith("delivery"):
        yield LANE, {"express": 0}
    if not np.array_equal(pushed, network.followers < THRESHOLD):
        yield _of_the_rule(trial, pushed, first), {"threshold": THRESHOLD}
    if kept[network.active].mean() < _NEARLY:
        yield UNKEPT, {"skip_inactive": True}
    elif kept[~network.active].any():
        yield INACTIVE, {"skip_inactive": True}
    if design.replicas < REPLICAS:
        yield ONE, {"replicas": REPLICAS}
    if design.replicas > REPLICAS:
        yield LONG, {"replicas": REPLICAS}
    if design.attempts > ATTEMPTS:
        yield RETRIES, {"attempts": ATTEMPTS}
    if design.timeline != TIMELINE:
        yield SHORT if design.timeline < TIMELINE else LONG, {"timeline": TIMELINE}


def _of_the_rule(trial: Trial, pushed: Any, first: str) -> str:
    """Name the belief behind who is pushed and who is pulled."""
    network = trial.run.arena.load.network
    if pushed.any() and pushed[network.followers < THRESHOLD].mean() < _MINORITY:
        few, many = (np.median(network.followers[some]) for some in (~pushed, pushed))
        if few < many:
            return MIRRORED
    if pushed[network.celebrity]:
        return EVERYONE
    if not pushed.any():
        return NO_ONE
    if first == "read_p99" and _share_of_small(network, ~pushed) > _MANY:
        return PULLED
    late = first.startswith("delivery") or first == "backlog"
    return HIGH if late or pushed[network.followers >= THRESHOLD].any() else LOW


def _share_of_small(network: Network, pulled: Bools) -> float:
    """Return the share of a reader's accounts that a rule pulls, though it pushes larger ones."""
    followed = network.followers * network.stands_for
    larger = int(network.followers[~pulled].max())
    some = pulled & (network.followers < min(larger, THRESHOLD))
    return float(followed[some].sum() / followed.sum())


def _of_the_sizes(trial: Trial, first: str) -> str:
    """Name the belief behind numbers of machines that are wrong together."""
    if first == "cost":
        return DEAR
    return _of_the_stores(trial) if first == "read_p99" else FEW


def _of_the_stores(trial: Trial) -> str:
    """Name the belief behind too few stores: they are full, or they are too busy."""
    room = trial.design.stores * trial.run.arena.machines.node_bytes
    return LONG if trial.run.memory > room else STORES


def _machines(trial: Trial, missed: Collection[str]) -> Iterator[Mend]:
    """Yield how many machines there could be instead: fewer if they are too dear, then more."""
    design = trial.design
    now = {name: getattr(design, name) for name in SIZES}
    fewer = SIZES if "cost" in missed else {}
    yield from ((DEAR, {name: most}) for name, most in fewer.items() if now[name] > most)
    for belief, name in ((FEW, "workers"), (_of_the_stores(trial), "stores")):
        yield belief, {name: max(SIZES[name], 2 * now[name])}


def _mended(design: FeedDesign, changes: Mapping[str, Any]) -> FeedDesign:
    """Return the design with changes; a rule of its own gives way to a threshold."""
    if {"threshold", "skip_inactive"} & changes.keys():
        parts = {field.name: getattr(design, field.name) for field in fields(FeedDesign)}
        return FeedDesign(**{**parts, **changes})
    return replace(design, **changes)
