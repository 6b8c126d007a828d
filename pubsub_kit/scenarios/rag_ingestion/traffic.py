"""Who changes, deletes and asks for what, when: two documents to search with, a slice to load."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from math import inf, nan
from typing import Any

from pubsub_kit.designs.built import Built
from pubsub_kit.designs.components import DesignError, Group
from pubsub_kit.designs.routes import entry
from pubsub_kit.scenarios.rag_ingestion.rules import BETWEEN
from pubsub_kit.scenarios.rag_ingestion.steps import FIRST
from pubsub_kit.world.services import CallError
from pubsub_kit.world.verbs import sleep

NEW = "m2"
CORPUS, CHUNKS, CHANGED, QUOTA = 10_000_000, 20, 0.02, 2_000_000  # quota: tokens a minute
PER_SECOND, ONE_OF = CORPUS * CHANGED / 86_400, 10  # documents a second
SAME = 16  # chunks of a change that are as before
WARM, BEGIN, END = 10.0, 60.0, 600.0  # seconds: the corpus is there; the backfill begins; it ends
CHANGES = (
    (0.0, "tea", 1, "brew milk salt"),
    (0.5, "chai", 1, "brew"),
    (2.0, "tea", 2, "brew lemon"),
    (425.0, "tea", 3, "brew honey"),
)
BACKFILLED = (
    (130.0, "chai", 1, "brew"),
    (405.0, "chai", 1, "brew"),
    (425.0, "tea", 2, "brew lemon"),
)
QUERIES = (1.5, 2.5, 135.0, 141.0, 390.0, 424.0, 428.0, 600.0, 760.0)  # seconds
IMPORT = 300.0  # when many documents are imported at once (seconds)
BACKLOG, BURST = 400, 20  # documents of the backfill in the slice, and of that import


# -- the small run ---------------------------------------------------------------------------------


def two_documents(built: Built) -> None:
    """Change tea, delete chai while it is indexed, and go to a new model while tea changes again.

    Before the backfill has come to tea, somebody asks for the new model, and must be refused.
    """
    built.world.pause_for = max(built.world.pause_for, 1.5 * built.world.longest_lease)
    for at, doc, version, text in CHANGES:
        built.client(changes(built, at, doc, version, text))
    built.client(deletes(built, 2.0, "chai", 2))
    for at, doc, version, text in BACKFILLED:
        data = {"doc": doc, "version": version, "text": text, "model": NEW}
        built.client(_replays(built, at, data))
    built.client(_switches(built, 140.0, ()))
    built.client(_switches(built, 440.0, (20.0, 20.0, 20.0, 240.0)))
    for number, at in enumerate(QUERIES, 1):
        built.client(asks(built, at, f"q{number}"))


async def changes(built: Built, at: float, doc: str, version: int, text: str) -> None:
    """Change a document at a time (seconds)."""
    await sleep(at)
    name = f"{doc} {version}"
    built.record("changed", name, text=text)
    data = {"id": f"{doc} v{version}", "doc": doc, "version": version, "text": text}
    await _until_taken(built, "ingest", data)


async def deletes(built: Built, at: float, doc: str, version: int) -> None:
    """Delete a document at a time (seconds); the deletion is a version of it."""
    await sleep(at)
    built.record("deleted", doc)
    await _until_taken(built, "remove", {"id": f"{doc} gone", "doc": doc, "version": version})


async def _replays(built: Built, at: float, data: Mapping[str, Any]) -> None:
    await sleep(at)
    name = f"{data['doc']} v{data['version']} {data['model']}"
    built.record("replayed", f"{data['doc']} {data['version']}")
    await _until_taken(built, "backfill", {"id": name, **data})


async def _until_taken(built: Built, step: str, data: Mapping[str, Any]) -> None:
    """Ask until somebody has taken it: an author's system retries, five times at most."""
    for wait in (1.0, 2.0, 4.0, 8.0, 0.0):
        try:
            await built.ask(step, data, timeout=20.0)
        except CallError:
            await sleep(wait)
        else:
            return


async def _switches(built: Built, at: float, waits: tuple[float, ...]) -> None:
    """Ask for the new model, and again after so many seconds each, until it answers."""
    await sleep(at)
    for wait in (*waits, 0.0):
        name, data = f"switch to {NEW}", {"id": f"switch to {NEW}", "model": NEW}
        try:
            answer = await built.ask("switch", data)
        except CallError:
            answer = "nothing"
        built.record("switch asked", name, answer=answer)
        if answer == "yes":
            return
        await sleep(wait)


async def asks(built: Built, at: float, query: str) -> None:
    """Ask, and note what is seen of each document: versions, models and texts."""
    await sleep(at)
    if entry(built.design, "query").how == "publish":
        raise DesignError("a query needs its answer: let a Service perform 'query'")
    try:
        answer = await built.ask("query", {"id": query}, tries=3)
    except CallError:
        return
    built.record("got", query, asked=answer["model"])
    built.outside.setdefault("hits", {})[query] = answer["hits"]
    found: dict[str, list[Any]] = defaultdict(list)
    for row in answer["hits"]:
        found[row["doc"]].append(row)
    for doc, rows in found.items():
        versions, models = _set(rows, "version"), _set(rows, "model")
        texts = BETWEEN.join(row["text"] for row in sorted(rows, key=lambda row: row["n"]))
        facts = {"texts": texts, "models": models, "asked": answer["model"], "query": query}
        built.record("seen", f"{doc} {versions}", **facts)


def _set(rows: list[Any], field: str) -> str:
    return "+".join(sorted({str(row[field]) for row in rows}))


# -- the load --------------------------------------------------------------------------------------


def ten_minutes(built: Built) -> None:
    """Send changes, one import, a few deletions, and a backfill beside them, for ten minutes.

    What changes is indexed before, without a quota, and does not count. The rest of the corpus
    consists of its heads.
    """
    at, times = WARM + 5.0, [IMPORT] * BURST
    while (at := at + built.luck.expovariate(PER_SECOND / built.one_of)) < END:
        times.append(at)
    for number, at in enumerate(sorted(times), 1):
        doc = f"d{number}"
        built.client(changes(built, 0.0, doc, 1, _text(doc, 1)))
        built.client(changes(built, at, doc, 2, _text(doc, 2)))
        if number % 25 == 0:
            built.client(deletes(built, at + 20.0, doc, 3))
    for number in range(BACKLOG):
        doc = f"old{number}"
        built.kept_for("versions").store.rows[f"versions/{doc}"] = {"version": 1, "models": [FIRST]}
        data = {"doc": doc, "version": 1, "text": _text(doc, 1), "model": NEW}
        built.client(_replays(built, BEGIN, data))
    built.world.at(WARM, _begin, built)


def _text(doc: str, version: int) -> str:
    """Return a document of 20 chunks; a second version has the first 16 of the first."""
    return " ".join(f"{doc}.{n}{'b' if version > 1 and n >= SAME else ''}" for n in range(CHUNKS))


def _begin(built: Built) -> None:
    built.records[:] = built.of("embedded")
    built.outside["quota"] = QUOTA / 60 / built.one_of


def half_the_quota(built: Built) -> None:
    """Halve the embedding quota for two minutes; then a worker of each lane dies."""
    built.world.at(400.0, _quota, built, QUOTA / 120)
    built.world.at(520.0, _quota, built, QUOTA / 60)
    for part in built.design.components:
        if isinstance(part, Group):
            node = next(name for name in built.world.nodes if name.startswith(part.name))
            built.world.at(530.0, built.world.crash, node, 1.0)


def _quota(built: Built, tokens: float) -> None:
    built.outside["quota"] = tokens / built.one_of


def more(built: Built) -> dict[str, float]:
    """Return what only this question measures: deletions, the backfill's pace, waste, strays.

    "deletion" is the longest, in seconds; "backfill" the days that the corpus takes at the slice's
    pace; "again" counts texts that a model had embedded before, "strays" chunks out of date.
    """
    asked, calls = built.of("deleted"), built.of("embedded")
    gone = {record.id: record.time for record in built.of("removed")}
    embedded = [(call.id, text) for call in calls for text in call.facts["texts"]]
    filled = [call for call in calls if call.id == NEW and call.time <= END]
    old = sum(text.startswith("old") for call in filled for text in call.facts["texts"])
    pace = old / CHUNKS * built.one_of / (END - BEGIN)
    return {
        "deletion": max((gone.get(r.id, inf) - r.time for r in asked), default=nan),
        "backfill": CORPUS / pace / 86_400 if pace else inf,
        "again": float(len(embedded) - len(set(embedded))),
        "strays": float(_strays(built)),
    }


def _strays(built: Built) -> int:
    heads = built.rows("versions")
    return sum(
        row["version"] != heads.get(row["doc"], {"version": 0})["version"]
        for row in built.rows("chunks").values()
    )
