"""The world and the oracle of exercise 13's upsert: two workers write versions to one index.

Version 9 of tea has three chunks and version 12 has two, one of which is as it was. A second act,
without faults, brings another document, whose name begins like the first one's and which repeats
a text, a longer version, and two that are late whatever happens. After each write somebody looks at
all rows that begin with "chunk ".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pubsub_kit.scenarios import second_act
from pubsub_kit.scenarios.genai_pipeline.sights import Looked, db_of, event_of
from pubsub_kit.scenarios.plain import moment, shown
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.verbs import sleep
from pubsub_kit.world.world import World

FAULTS = ("late duplicate", "crash", "preempt", "ack lost", "delay")
CHANGES: Sequence[tuple[str, int, list[str]]] = [
    ("tea", 9, ["green", "black", "white"]), ("tea", 12, ["green", "mint"]),
]  # fmt: skip
LATER: Sequence[tuple[str, int, list[str]]] = [
    ("tea", 11, ["oolong"]), ("teapot", 4, ["black", "black"]),
    ("tea", 14, ["green", "mint", "sage", "lime"]), ("tea", 13, ["lime"]),
    ("teapot", 5, ["green"]),
]  # fmt: skip
VERSIONS: dict[str, dict[int, list[str]]] = {"tea": {}, "teapot": {}}
for _doc, _version, _texts in [*CHANGES, *LATER]:
    VERSIONS[_doc][_version] = sorted(_texts)


def vector(text: str) -> list[int]:
    """Return the vector of a text: a stand-in for a real model."""
    return [len(text), sum(map(ord, text))]


def index(world: World, answer: Any) -> None:
    """Two workers run the learner's index on what a topic brings, at least once."""
    db = Looked(world, lambda rows: [rows[key] for key in rows if key.startswith("chunk ")])

    async def embed(texts: Sequence[str]) -> list[list[int]]:
        await sleep(0.5)
        return [vector(text) for text in texts]

    world.topic("documents")
    world.consumer("worker", lambda: answer(db, embed), "documents", workers=2, start="earliest")
    world.spawn(_published(world), "authors")


async def _published(world: World) -> None:
    for number, (doc, version, texts) in enumerate([*CHANGES, *LATER], 1):
        data = {"doc": doc, "version": version, "chunks": texts}
        await publish("documents", data, id=f"{doc}-{version}")
        await sleep(0.0 if number < len(CHANGES) else 100.0)
        if number == len(CHANGES):
            if whole_and_newest(world) is not None:
                return
            second_act.follows(world)


# -- the oracle ------------------------------------------------------------------------------------


def whole_and_newest(world: World) -> Violation | None:
    """At each look a document is one whole version, which never falls; at rest it is the newest."""
    at = dict.fromkeys(VERSIONS, 0)
    for step, chunks in db_of(world).seen:
        if (wrong := _unreadable(world, step, chunks)) is not None:
            return wrong
        for doc in VERSIONS:
            texts = sorted(row["text"] for row in chunks if row["doc"] == doc)
            if not texts and not at[doc]:
                continue
            version = next((v for v, each in VERSIONS[doc].items() if each == texts), 0)
            if not version:
                return _broken(world, step, doc, texts)
            if version < at[doc]:
                words = f"{_who(world, step)} put version {version} of {doc} into the place of "
                words += f"version {at[doc]}."
                return Violation(words, step, {doc: at[doc]}, {doc: version}, "last writer wins")
            at[doc] = version
    published = [event.data for _, event in world.broker.topic("documents").log.read(0, 0)]
    for version, doc in sorted((data["version"], data["doc"]) for data in published)[::-1]:
        if at[doc] < version:
            has = f"version {at[doc]}" if at[doc] else "nothing"
            words = f"At the end a reader sees {has} of {doc}. Version {version} was published."
            last, belief = len(world.trace) - 1, "refuses what is newer"
            return Violation(words, last, {doc: version}, {doc: at[doc]}, belief)
    return None


def _unreadable(world: World, step: int, chunks: list[Any]) -> Violation | None:
    for row in chunks:
        form = isinstance(row, dict) and {"doc", "text", "vector"} <= row.keys()
        if not form or row["doc"] not in VERSIONS or not isinstance(row["text"], str):
            words = f"{_who(world, step)} wrote {shown(row, 60)} as a chunk."
            return Violation(words, step, "a dict", shown(row, 60), "another form")
        if row["vector"] not in ((right := vector(row["text"])), tuple(right)):
            words = f"{_who(world, step)} wrote the chunk {shown(row['text'], 30)} of {row['doc']} "
            words += f"with the vector {shown(row['vector'], 30)}."
            return Violation(words, step, vector(row["text"]), row["vector"], "another vector")
    return None


def _broken(world: World, step: int, doc: str, texts: list[str]) -> Violation:
    sees = ", ".join(texts) or "nothing"
    words = f"{_who(world, step)} wrote, and a reader sees {sees} of {doc}."
    deeds = db_of(world).deeds
    event = next(event_of(deed) for deed in deeds if (deed.kind, deed.step) == ("write", step))
    about, _, version = event.rpartition("-")
    if about == doc:
        words += f" Version {version} is {', '.join(VERSIONS[doc][int(version)])}."
    return Violation(words, step, {doc: "one version"}, {doc: sees}, "in several steps")


def _who(world: World, step: int) -> str:
    return f"At {moment(world.trace[step])} {world.trace[step].node}"
