"""Ingestion for retrieval as a problem: slice, levels, and what a proposal becomes.

10 million documents of 20 chunks with 300 tokens; 2% change a day, which is 2.3 documents and 46
chunks a second; 2 million tokens a minute; a change is seen in 5 minutes, a deletion in one. Those
are the question's. Assumptions: 16 of the 20 chunks of a change are as before, an import brings 200
documents at once, the quota halves for two minutes, a backfill may take 60 days, sizes of machines.
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
from pubsub_kit.scenarios.rag_ingestion.asked import next_question
from pubsub_kit.scenarios.rag_ingestion.rules import answers_are_true
from pubsub_kit.scenarios.rag_ingestion.steps import Ingestion
from pubsub_kit.scenarios.rag_ingestion.traffic import (
    IMPORT,
    ONE_OF,
    PER_SECOND,
    half_the_quota,
    more,
    ten_minutes,
    two_documents,
)
from pubsub_kit.scenarios.rag_ingestion.vectors import Embedder
from pubsub_kit.world.chance import lognormal

DECISIONS: dict[str, tuple[Any, ...]] = {
    "chunk-id": ("doc-version-n", "random", "content-hash"),
    "replace": ("flip", "delete-insert", "insert-delete"),
    "delete": ("tombstone", "vectors", "rights-check"),
    "new-model": ("second-index", "in-place"),
    "guard": ("version", "arrival"),
    "cache-key": ("hash-and-model", "hash", "chunk"),
}
#: Decisions of the question that no run decides.
UNDECIDED: tuple[str, ...] = ()
#: What decides the boxes, the default first.
BOXES: dict[str, tuple[str, ...]] = {
    "lanes": ("own-lane", "one-lane"),
    "removal": ("at once", "with changes"),
    "path": ("queued", "sync"),
    "index": ("apart", "one store"),
    "cache": ("store", "expiring", "none"),
    "tombstones": ("heads' store", "expiring"),
    "sweeper": ("yes", "no"),
}
LEASE = 20.0  # seconds


def propose(decisions: Mapping[str, str]) -> Design:
    """Return the design that some decisions come to, on the usual boxes.

    `BOXES` has the decisions that move a box, such as `removal`: whether the API deletes by itself,
    or a deletion queues with changes. The others are the ingestion's own, and unknown ones are left
    out. Raises DesignError for an unknown option.
    """
    decisions = options_of(decisions)
    box = {name: _option(decisions, name) for name in BOXES}
    own, work = box["lanes"] == "own-lane", ("chunk", "upsert", "flip")
    removes = () if box["removal"] == "with changes" else ("remove",)
    asked, live = ("ingest", "query", "switch", *removes), (*work, *({"remove"} - {*removes}))
    live += () if own else ("backfill",)
    parts: list[Any] = [Provider("embedder", ("embed",))]
    if box["path"] == "queued":
        parts += [Service("api", asked, workers=10), Topic("changes", key="doc")]
        parts += [Group("indexer", "changes", live, workers=30 if own else 40, lease=LEASE)]
        wires, workers = [Wire("api", "changes")], ["indexer"]
    else:
        parts += [Service("api", (*asked, *live), workers=200)]
        wires, workers = [], ["api"]
    if own:
        parts += [Topic("replay", key="doc")]
        parts += [Group("filler", "replay", ("backfill", *work), workers=10, lease=LEASE)]
        workers += ["filler"]
    stores = _stores(box, decisions.get("new-model") == "in-place")
    for worker in workers:
        wires += [Wire(worker, "embedder", timeout=15.0)]
        wires += [Wire(worker, store.name) for store in stores]
    if box["sweeper"] == "yes":
        parts += [Scheduler("sweeper", ("sweep",), every=300.0)]
        wires += [Wire("sweeper", store.name) for store in stores if "chunks" in store.holds]
    mine = {name: value for name, value in decisions.items() if name in DECISIONS}
    name = str(decisions.get("name", "my design"))
    return Design(name, (*parts, *stores), tuple(wires), mine)


def _option(decisions: Mapping[str, str], name: str) -> str:
    given = decisions.get(name, BOXES[name][0])
    if given not in BOXES[name]:
        raise DesignError(f"{name!r} is one of {', '.join(BOXES[name])}, not {brief(given)}")
    return given


def _stores(box: Mapping[str, str], in_place: bool) -> list[Any]:
    """Return what keeps the rows; 819 GB of vectors are 13 nodes of 64 GB, an assumption."""
    indexes = 1 if in_place else 2
    heads: tuple[str, ...] = ("versions", "tombstones")
    parts: list[Any] = []
    if box["tombstones"] == "expiring":
        heads = heads[:1]
        parts += [Cache("short", ("tombstones",), keeps=300.0, nodes=2)]
    if box["index"] == "apart":
        parts += [Store("heads", heads, nodes=3), Store("index", ("chunks",), nodes=13 * indexes)]
    else:
        parts += [Store("db", (*heads, "chunks"), nodes=20 * indexes)]
    if box["cache"] == "store":
        parts += [Store("vectors", ("embeddings",), nodes=6)]
    elif box["cache"] == "expiring":
        parts += [Cache("vectors", ("embeddings",), keeps=30 * 86_400.0, nodes=2)]
    return parts


def references() -> dict[str, Design]:
    """Return three designs: a version flips; more workers for live changes; one transaction."""
    flip = propose({"name": "flip", "cache": "expiring"})
    together = {"index": "one store", "replace": "delete-insert", "sweeper": "no"}
    return {
        "flip": flip,
        "live first": flip.but("indexer", workers=40),
        "one store": propose({"name": "one store", **together}),
    }


PROBLEM = Problem(
    id="rag-ingestion",
    title="ingestion for retrieval",
    steps=Ingestion,
    outside=Embedder,
    decisions=DECISIONS,
    needs=("ingest", "chunk", "upsert", "flip", "remove", "query", "backfill", "switch", "embed"),
    roles=("chunks", "versions", "tombstones"),
    optional=("embeddings",),
    small=Small(
        two_documents,
        faults=("crash", "pause", "delay", "ack lost", "reply lost"),
        at_most=1,
        ticks=(60.0, 424.5, 427.0, 480.0),
        seconds=30.0,
        reads=0.05,
    ),
    oracle=answers_are_true,
    slice=Slice(
        ten_minutes,
        one_of=ONE_OF,
        per_second=PER_SECOND,
        latencies={
            "ingest": lognormal(0.005),
            "chunk": lognormal(0.05),
            "upsert": lognormal(0.05),
            "remove": lognormal(0.05),
        },
        trouble=half_the_quota,
        seconds=600.0,
        drain=600.0,
        burst=(IMPORT, IMPORT + 1.0),
    ),
    levels={
        "p99": 300.0,
        "oldest": 300.0,
        "lost": 0,
        "deletion": 60.0,
        "backfill": 60.0,
        "again": 100,
    },
    references=references,
    propose=propose,
    next_question=next_question,
    more=more,
    units={
        "deletion": ("slowest deletion", "s"),
        "backfill": ("days of the backfill", ""),
        "again": ("texts embedded again", ""),
        "strays": ("chunks out of date", ""),
    },
)
