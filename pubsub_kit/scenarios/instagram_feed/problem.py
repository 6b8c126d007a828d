"""The photo feed as a problem: slice, levels, measures, and what a proposal becomes.

A worker writes 10,000 feeds in 0.5 s, and everybody has a post within a minute: the question says
so. Assumptions: a page of followers takes 2 ms, a snapshot copies 10 million ids a second, a score
10 µs, a feed's lookup 2 ms and its filter 1 ms; scores older than 5 minutes are too old.

A post is there when a worker has written it, or when a reader sees it first: then it is late by
the time between two looks. The largest counts only if each of its followers sees it at the end.

The slice has a twentieth of the traffic and of each fleet. The largest author's chunks are
simulated ten at a time. Its pages come one after the other on any fleet, so each takes what 200
take: ten for each message, and twenty times those, since the slice has a twentieth of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

import numpy as np

from pubsub_kit.designs.built import Built
from pubsub_kit.designs.components import Cache, DesignError, Group, Service, Store, Topic, Wire
from pubsub_kit.designs.design import Design
from pubsub_kit.designs.problem import Problem, Slice, Small, options_of
from pubsub_kit.errors import brief
from pubsub_kit.scenarios.instagram_feed import traffic
from pubsub_kit.scenarios.instagram_feed.rules import feeds_are_true, next_question
from pubsub_kit.scenarios.instagram_feed.steps import CHUNK, Feed, Nobody
from pubsub_kit.world.chance import lognormal

DECISIONS: dict[str, tuple[Any, ...]] = {
    "fan-out-job": ("chunks", "per-post", "recursive"),
    "paging": ("by-id", "offset", "snapshot"),
    "removal": ("filter", "purge", "both"),
    "ranking": ("candidates", "ranked"),
    "newcomers": ("backfill", "next post"),
}
#: What `propose` takes beside those: how the boxes are drawn, the default first.
BOXES: dict[str, tuple[str, ...]] = {
    "lanes": ("own", "shared"),  # chunks have a topic and workers of their own, or not
    "ack": ("after", "before"),  # of a message, and the work
    "feeds-in": ("store", "cache"),
    "read-from": ("primary", "replica"),  # posts and edges
}
#: Decisions of the bank that no run of this problem decides.
UNDECIDED: tuple[str, ...] = ()

_FRESH = dict.fromkeys(("p99", "oldest", "largest"), 60.0)  # s
_ASKED = ("post", "delete", "leave", "follow", "open_feed")
OPENS = 500e6 * 10 / 86_400  # a second
PAGE, PER_FEED, SCORE, COPIED = 0.002, 0.5 / 10_000, 10e-6, 10e6  # s, s, s, ids a second
ROUND_TRIP = 0.002  # s on the network, which keeps no reader busy
_PAGES = CHUNK * traffic.WIDE / 10_000 * traffic.ONE_OF  # that one page of the slice stands for
_COPY = traffic.LARGEST / COPIED  # s


def measures(built: Built) -> dict[str, float]:
    """Return how long the largest post took, what was redone, and how reads fare."""
    opened, chunks = built.of("opened"), built.of("chunk")
    busy = float(np.mean([r.facts["seconds"] for r in opened])) - ROUND_TRIP if opened else inf
    ages = [r.facts["age"] for r in opened if "age" in r.facts]
    parts = [p for p in built.design.components if "open_feed" in getattr(p, "steps", ())]
    readers = sum(getattr(part, "workers", None) or inf for part in parts)
    return {
        "largest": _largest(built),
        "redone": float(len(chunks) - len({(r.id, r.facts["of"]) for r in chunks})),
        "score_age": float(np.percentile(ages, 50)) if ages else inf,
        "readers": 100 * OPENS * busy / readers,
    }


def _largest(built: Built) -> float:
    """Return the seconds until the last follower of the largest author has the post.

    Each must see it at the end. If workers wrote it, it counts when they were done, and otherwise
    when the last one saw it.
    """
    seen, star = built.outside.get("seen", {}), built.of("star")
    had = [seen.get((traffic.STAR, f"s{number:03}")) for number in range(traffic.ROWS)]
    if not star or None in had:
        return inf
    done = [r.time for r in built.of("done") if r.id.startswith(f"{traffic.STAR} ")]
    last = done[-1] if done else max(time for time in had if time)
    return max(0.0, last - star[0].time)


def propose(decisions: Mapping[str, str]) -> Design:
    """Return the design that some decisions come to, on the usual boxes.

    Beside the question's own decisions it takes those of `BOXES`, and a "name"; it ignores others.
    Raises DesignError for an option that a decision does not have.
    """
    decisions = options_of(decisions)
    for name, options in {**DECISIONS, **BOXES}.items():
        if decisions.get(name, options[0]) not in options:
            said = f"not {brief(decisions[name])}"
            raise DesignError(f"{name} is one of {', '.join(map(repr, options))}, {said}")
    given = {name: decisions.get(name, options[0]) for name, options in BOXES.items()}
    own = {name: value for name, value in decisions.items() if name in DECISIONS}
    api = Service("api", _ASKED, workers=400 if own.get("ranking") == "ranked" else 800)
    parts: list[Any] = [api, Topic("posts"), *_workers(given, own), *_stores(given)]
    wires = [Wire("api", "posts")]
    if own.get("removal", "filter") != "filter":
        parts += [Topic("removals"), Group("cleaner", "removals", ("purge",), workers=50)]
        wires += [Wire("api", "removals")]
    if given["lanes"] == "own" and own.get("fan-out-job") != "per-post":
        wires += [Wire("pager", "chunks"), Wire("writer", "chunks")]
    return Design(str(decisions.get("name", "my design")), tuple(parts), tuple(wires), own)


def _workers(given: Mapping[str, str], own: Mapping[str, str]) -> list[Any]:
    ack: Any = "at least once" if given["ack"] == "after" else "at most once"
    if given["lanes"] == "shared" or own.get("fan-out-job") == "per-post":
        return [Group("pager", "posts", ("fan_out",), workers=300, semantics=ack)]
    return [
        Group("pager", "posts", ("fan_out",), workers=100, semantics=ack),
        Topic("chunks"),
        Group("writer", "chunks", ("chunk",), workers=200, semantics=ack),
    ]


def _stores(given: Mapping[str, str]) -> list[Any]:
    kept: Any = Store("feeds", ("feeds",), nodes=40)
    if given["feeds-in"] == "cache":
        kept = Cache("feeds", ("feeds",), keeps=30 * 86_400.0, nodes=40)
    if given["read-from"] == "primary":
        return [Store("db", ("posts", "follows", "cursors"), nodes=12), kept]
    replica = Store("replica", ("posts", "follows"), nodes=12, lag=1.0)
    return [replica, Store("db", ("cursors",), nodes=4), kept]


def references() -> dict[str, Design]:
    """Return three designs to be held against: quick chunks, fewer workers, a split and a purge."""
    return {
        "chunks": propose({"name": "chunks"}),
        "fewer workers": propose({"name": "fewer workers"}).but("writer", workers=120),
        "split": propose({"name": "split", "fan-out-job": "recursive", "removal": "both"}),
    }


PROBLEM = Problem(
    id="instagram-feed",
    title="a photo feed",
    steps=Feed,
    outside=Nobody,
    decisions=DECISIONS,
    needs=("post", "fan_out", "follow", "leave", "delete", "open_feed"),
    roles=("posts", "follows", "feeds", "cursors"),
    small=Small(
        traffic.a_block_and_a_delete, faults=("crash", "ack lost"), at_most=2, seconds=20.0
    ),
    oracle=feeds_are_true,
    slice=Slice(
        traffic.peak,
        one_of=traffic.ONE_OF,
        per_second=traffic.PER_SECOND,
        latencies={"post": lognormal(0.005), "open_feed": lognormal(0.002), "filter": 0.001},
        takes={
            "page": lambda data: PAGE * (_PAGES if data["author"] == "star" else 1),
            "snapshot": lambda data: _COPY if data["author"] == "star" else PAGE,
            "insert": lambda data: PER_FEED * sum(data["viewers"].values()),
            "rank": lambda data: SCORE * data["scores"],
        },
        trouble=traffic.workers_crash,
        seconds=traffic.SECONDS,
    ),
    levels={**_FRESH, "lost": 0, "stale": 0, "score_age": 300.0, "readers": 80.0},
    references=references,
    propose=propose,
    next_question=next_question,
    more=measures,
    units={
        "largest": ("largest post, to the last", "s"),
        "redone": ("chunks done again", ""),
        "score_age": ("age of scores, median", "s"),
        "readers": ("readers busy, percent", ""),
    },
)
