"""The notification system as a problem: its boxes, its slice, and what a proposal becomes.

Assumed: a send takes 0.3 s, a decision 5 ms, a receipt 0.1 s; news has a minute, campaigns 5 hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pubsub_kit.designs.components import (
    Cache,
    DesignError,
    Group,
    Provider,
    Scheduler,
    Service,
    Store,
    Topic,
    Wire,
)
from pubsub_kit.designs.design import Design
from pubsub_kit.designs.problem import Problem, Slice, Small, options_of
from pubsub_kit.errors import brief
from pubsub_kit.scenarios.notification_system import people, traffic
from pubsub_kit.scenarios.notification_system.providers import Providers
from pubsub_kit.scenarios.notification_system.reasons import next_question
from pubsub_kit.scenarios.notification_system.rules import people_are_told_right
from pubsub_kit.scenarios.notification_system.steps import Notifier
from pubsub_kit.world.chance import lognormal

#: What the steps ask for; the default first, which is right.
DECISIONS: dict[str, tuple[Any, ...]] = {
    "dedup-key": ("per-event", "per-channel", "collapse-id"),
    "deadline": ("at-send", "at-enqueue"),
    "quiet-hours": ("at-release", "at-decision"),
    "provider-timeout": ("receipt", "retry", "switch"),
    "attempt": ("before", "after"),  # when an attempt is marked: before it is made, or after
    "claim": ("check then write", "one transaction"),  # of a key, and of a place under the cap
}
#: What becomes of boxes and wires.
STRUCTURE: dict[str, tuple[str, ...]] = {
    "partition-key": ("by-recipient", "by-event", "by-recipient-and-channel"),
    "lanes": ("lanes", "one-queue"),
    "campaigns": ("a lane of their own", "with the news"),
    "path": ("queued", "sync"),
    "kept": ("one store", "counts in a cache", "notes in a replica"),
    "escalated": ("yes", "no"),
}
#: Decisions of the question that no run decides: none here.
UNDECIDED: tuple[str, ...] = ()
_FIELDS = {"by-recipient": "user", "by-event": "event", "by-recipient-and-channel": "user_way"}
#: Urgent: 1K codes a second may each wait 2 s for a silent provider. Bulk: 0.3 s a push make 6.7K a
#: second, about 70% of the quota.
_LANES = {
    "urgent": ("deliver_urgent", 5_000),
    "news": ("deliver", 3_000),
    "bulk": ("deliver_bulk", 2_000),
}
_WAYS = ("push", "email", "sms")


def propose(decisions: Mapping[str, str | None]) -> Design:
    """Return the design that some decisions come to, on the usual boxes.

    Ids and options are those of DECISIONS and STRUCTURE; other ids are ignored, and so is
    what was left open (None). Raises DesignError for an option that isn't one.
    """
    decisions = options_of(decisions)
    chosen = {name: decisions.get(name) or options[0] for name, options in STRUCTURE.items()}
    for name, option in chosen.items():
        if option not in STRUCTURE[name]:
            known = ", ".join(map(repr, STRUCTURE[name]))
            raise DesignError(f"the decision {name!r} is one of {known}, not {brief(option)}")
    parts: list[Any] = [Provider(way, (way, "receipt")) for way in _WAYS]
    made = _sync() if chosen["path"] == "sync" else _queued(chosen)
    parts += [*made[0], *_stores(chosen["kept"])]
    steps = ("release", "escalate") if chosen["escalated"] == "yes" else ("release",)
    parts.append(Scheduler("clock", steps, every=30.0))
    wires = [*made[1], *(Wire("clock", part.name) for part in made[0] if _takes_work(part))]
    wires.append(Wire("clock", "push"))
    own = {name: value for name, value in decisions.items() if name in DECISIONS and value}
    return Design(str(decisions.get("name") or "my design"), tuple(parts), tuple(wires), own)


def _takes_work(part: Any) -> bool:
    return isinstance(part, Topic) or (isinstance(part, Service) and "decide" in part.steps)


def _sync() -> tuple[list[Any], list[Wire]]:
    api = Service("api", ("decide", "deliver", "change"), workers=8_000)
    return [api], [Wire("api", way) for way in _WAYS]


def _queued(chosen: Mapping[str, str]) -> tuple[list[Any], list[Wire]]:
    key = _FIELDS[chosen["partition-key"]]
    parts = [
        Service("settings", ("change",), workers=1_000),
        Topic("events", key=key),
        Group("decider", "events", ("decide",), workers=4_000),
    ]
    wires = []
    for lane, steps, workers in _lanes(chosen):
        parts += [Topic(lane, key=key), Group(f"{lane}-out", lane, steps, workers=workers)]
        wires += [Wire("decider", lane), *(Wire(f"{lane}-out", way) for way in _WAYS)]
    return parts, wires


def _lanes(chosen: Mapping[str, str]) -> list[tuple[str, tuple[str, ...], int]]:
    """Return each lane's name, steps and workers; all have as many together."""
    if chosen["lanes"] == "one-queue":
        return [("queue", ("deliver",), sum(workers for _, workers in _LANES.values()))]
    if chosen["campaigns"] == "with the news":
        rest = _LANES["news"][1] + _LANES["bulk"][1]
        return [("urgent", ("deliver_urgent",), _LANES["urgent"][1]), ("rest", ("deliver",), rest)]
    return [(lane, (step,), workers) for lane, (step, workers) in _LANES.items()]


def _stores(kept: str) -> list[Any]:
    if kept == "one store":
        return [Store("db", ("notes", "counts", "prefs", "held"), nodes=12)]
    if kept == "counts in a cache":
        cache = Cache("cache", ("counts",), keeps=86_400.0, nodes=2)
        return [cache, Store("db", ("notes", "prefs", "held"), nodes=10)]
    replica = Store("replicated", ("notes",), nodes=8, lag=1.0)
    return [replica, Store("db", ("counts", "prefs", "held"), nodes=4)]


def references() -> dict[str, Design]:
    """Return designs to be held against: lanes with room, with less room, and a faster campaign."""
    roomy = propose({"name": "lanes"})
    lean = propose({"name": "lean"}).but("decider", workers=1_000).but("urgent-out", workers=4_000)
    fast = propose({"name": "fast campaign"}).but("bulk-out", workers=4_000)
    return {each.name: each for each in (roomy, lean, fast)}


PROBLEM = Problem(
    id="notification-system",
    title="a notification system",
    steps=Notifier,
    outside=Providers,
    decisions=DECISIONS,
    needs=("decide", "deliver", "change", "release", "push", "email"),
    roles=("notes", "counts", "prefs", "held"),
    small=Small(
        people.two_acts,
        faults=("crash", "ack lost", "reply lost"),
        at_most=2,
        ticks=people.TICKS,
        seconds=30.0,
        until=people.UNTIL,
    ),
    oracle=people_are_told_right,
    slice=Slice(
        traffic.five_hours,
        one_of=traffic.ONE_OF,
        per_second=traffic.PER_SECOND,
        latencies={
            "decide": lognormal(0.005),
            "push": lognormal(0.3, 0.3),
            "email": lognormal(0.3, 0.3),
            "sms": lognormal(0.3, 0.3),
            "receipt": lognormal(0.1),
        },
        trouble=traffic.silent_push,
        seconds=traffic.SECONDS,
        burst=traffic.BURST,
        drain=180.0,
    ),
    levels={
        "p99": 5.0,
        "p99 in the burst": 5.0,
        "news p99": 60.0,  # it has minutes
        "campaign p99": 300.0,  # it has hours, of 60 s each
        "doubled": 0,
        "stale": 0,
        "after opt-out": 0,
        "lost": 0,
    },
    references=references,
    propose=propose,
    next_question=next_question,
    more=traffic.more,
    units={
        "p50": ("login codes, median", "s"),
        "p99": ("login codes, p99", "s"),
        "p99 in the burst": ("codes in the burst, p99", "s"),
        "oldest": ("login codes, the slowest", "s"),
        "news p99": ("news, p99", "s"),
        "campaign p99": ("campaign, p99", "s"),
        "doubled": ("told twice", ""),
        "stale": ("told too late", ""),
        "after opt-out": ("told after opting out", ""),
        "lost": ("never told", ""),
        "shed": ("dropped", ""),
    },
)
