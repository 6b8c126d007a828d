"""Ingestion for retrieval as a problem: slice, levels, and what a proposal becomes.

10 million documents of 20 chunks with 300 tokens; 2% change a day, which is 2.3 documents and 46
chunks a second; 2 million tokens a minute. Those are the question's. Assumptions: 16 of the 20
chunks of a change are as before, latencies, sizes of machines, and a backfill within 60 days.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pubsub_kit.designs.components import (
    Cache,
    Group,
    Provider,
    Scheduler,
    Service,
    Store,
    Topic,
    Wire,
)
from pubsub_kit.designs.design import Design
from pubsub_kit.designs.problem import Problem, Slice, Small
from pubsub_kit.scenarios.rag_ingestion.rules import answers_are_true, next_question
from pubsub_kit.scenarios.rag_ingestion.steps import Ingestion
from pubsub_kit.scenarios.rag_ingestion.traffic import (
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
LEASE = 20.0  # seconds


def propose(decisions: Mapping[str, str]) -> Design:
    """Return the design that some decisions come to, on the usual boxes.

    `lanes` is "own-lane" or "one-lane", `removal` "at once" or "with changes", `path` "queued" or
    "sync", `index` "apart" or "one store" with the heads, `cache` of vectors "store", "expiring" or
    "none", `tombstones` "heads' store" or "expiring", and `sweeper` "yes" or "no"; the others are
    the ingestion's own.
    """
    queued = decisions.get("path", "queued") == "queued"
    own = decisions.get("lanes", "own-lane") == "own-lane"
    work = ("chunk", "upsert", "flip")
    parts: list[Any] = [Provider("embedder", ("embed",))]
    asked: tuple[str, ...] = ("ingest", "query", "switch")
    asked += ("remove",) if decisions.get("removal", "at once") == "at once" else ()
    if queued:
        live = tuple(s for s in (*work, "remove") if s not in asked)
        parts += [Service("api", asked, workers=10), Topic("changes", key="doc")]
        live = live if own else (*live, "backfill")
        parts += [Group("indexer", "changes", live, workers=30 if own else 40, lease=LEASE)]
        wires = [Wire("api", "changes"), Wire("indexer", "embedder", timeout=15.0)]
    else:
        live = (*dict.fromkeys((*asked, "remove")), *work)
        parts += [Service("api", live if own else (*live, "backfill"), workers=200)]
        wires = [Wire("api", "embedder", timeout=15.0)]
    if own:
        parts += [Topic("replay", key="doc")]
        parts += [Group("filler", "replay", ("backfill", *work), workers=10, lease=LEASE)]
        wires += [Wire("filler", "embedder", timeout=15.0)]
    if decisions.get("sweeper", "yes") == "yes":
        parts += [Scheduler("sweeper", ("sweep",), every=300.0)]
    parts += _stores(decisions)
    mine = {name: value for name, value in decisions.items() if name in DECISIONS}
    return Design(str(decisions.get("name", "my design")), tuple(parts), tuple(wires), mine)


def _stores(decisions: Mapping[str, str]) -> list[Any]:
    """Return what keeps the rows; 819 GB of vectors are 13 nodes of 64 GB, an assumption."""
    indexes = 1 if decisions.get("new-model") == "in-place" else 2
    graves = decisions.get("tombstones", "heads' store") != "expiring"
    heads = ("versions", "tombstones") if graves else ("versions",)
    parts: list[Any] = [] if graves else [Cache("short", ("tombstones",), keeps=300.0, nodes=2)]
    if decisions.get("index", "apart") == "apart":
        parts += [Store("heads", heads, nodes=3), Store("index", ("chunks",), nodes=13 * indexes)]
    else:
        parts += [Store("db", (*heads, "chunks"), nodes=20 * indexes)]
    cache = decisions.get("cache", "store")
    if cache == "store":
        parts += [Store("vectors", ("embeddings",), nodes=6)]
    elif cache == "expiring":
        parts += [Cache("vectors", ("embeddings",), keeps=30 * 86_400.0, nodes=2)]
    return parts


def references() -> dict[str, Design]:
    """Return two designs to be held against: a version flips, or one transaction replaces it."""
    together = {"name": "one store", "index": "one store", "replace": "delete-insert"}
    return {
        "flip": propose({"name": "flip", "cache": "expiring"}),
        "one store": propose({**together, "sweeper": "no"}),
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
        ticks=(60.0, 480.0),
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
    ),
    levels={
        "p99": 300.0,
        "oldest": 300.0,
        "lost": 0,
        "deletion, seconds": 60.0,
        "backfill, days": 60.0,
        "embedded again": 100,
    },
    references=references,
    propose=propose,
    next_question=next_question,
    more=more,
)
