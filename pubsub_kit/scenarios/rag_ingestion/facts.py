"""What a run shows of a document: which version was seen, and who wrote or deleted its chunks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pubsub_kit.designs.built import Built, Record
from pubsub_kit.world.trace import Step


def seen_of(built: Built, answer: Record, doc: str) -> Record | None:
    """Return what a query saw of a document; None if nothing."""
    seen = (r for r in built.of("seen") if r.facts["query"] == answer.id)
    return next((r for r in seen if version_of(r)[0] == doc), None)


def version_of(seen: Record) -> tuple[str, str]:
    """Return which document a fact is about, and which version, or versions as in "1+2"."""
    doc, _, versions = seen.id.rpartition(" ")
    return doc, versions


def versions(built: Built, doc: str) -> list[int]:
    """Return the versions of a document that were sent, in their order."""
    named = [version_of(record) for record in built.of("changed")]
    return [int(version) for name, version in named if name == doc]


def cut(built: Built, changed: Record) -> list[str]:
    """Return the chunks of a version, by the chunker of the design."""
    kind: Any = built.kind
    return list(kind.split(changed.facts["text"]))


def taken(built: Built, doc: str, text: str, until: float) -> str:
    """Say which document's chunk took the row of this one, and when; "" if none did."""
    for step in built.world.trace:
        if step.kind == "effect" and step.time <= until and len(step.data or ()) == 3:
            _, before, after = step.data
            for key, row in after.items():
                old = before.get(key)
                held = isinstance(old, dict) and (old.get("doc"), old.get("text")) == (doc, text)
                if held and isinstance(row, dict) and row["doc"] != doc:
                    return f"{row['doc']} has the same text, and took its row at {step.time:g} s"
    return ""


def written(built: Built, key: str) -> tuple[Record, str]:
    """Return when a row was written last, and who did."""
    steps = enumerate(built.world.trace)
    wrote = [(n, s) for n, s in steps if s.kind == "effect" and key in (s.data or ((), (), ()))[2]]
    number, step = wrote[-1]
    return Record(step.time, "written", key, {}, number), step.node


def _changes(built: Built, until: float) -> Iterator[tuple[Step, Any, Any]]:
    """Yield each row that a step wrote by then: the step, the row before, and after."""
    for step in built.world.trace:
        if step.kind == "effect" and step.time <= until and len(step.data or ()) == 3:
            _, before, after = step.data
            for key, row in after.items():
                yield step, before.get(key), row


def deleted(built: Built, answer: Record, doc: str, version: int) -> str:
    """Say who deleted the last chunk of a version that an answer lacks; "" if nobody did."""
    words, of = "", (doc, version, answer.facts["asked"])
    for step, old, row in _changes(built, answer.time):
        mine = isinstance(old, dict) and tuple(map(old.get, ("doc", "version", "model"))) == of
        if mine and "text" in old and not isinstance(row, dict):
            words = f"{step.node} deleted its chunk {old['text']!r} at {step.time:g} s"
    return words


def had_chunks(built: Built, answer: Record, doc: str, version: int) -> bool:
    """Return whether a chunk of a version was ever written to an answer's index by then."""
    of = (doc, version, answer.facts["asked"])
    rows = (row for _, _, row in _changes(built, answer.time) if isinstance(row, dict))
    return any(tuple(map(row.get, ("doc", "version", "model"))) == of for row in rows)


def put_back(built: Built, answer: Record, doc: str) -> str:
    """Say who put an older version into the place of a newer one by then, and when; or ""."""
    for step, old, row in _changes(built, answer.time):
        heads = step.text.startswith(f"versions/{doc} ") and old and row
        if heads and old.get("version", 0) > row.get("version", 0):
            return (
                f"{step.node} put version {row['version']} into the place of version "
                f"{old['version']} at {step.time:g} s"
            )
    return ""


def empty_until(built: Built, answer: Record, doc: str) -> float:
    """Return when the last answer in a row came that has nothing of a document."""
    last = answer.time
    for later in built.of("got"):
        if later.time > answer.time:
            if seen_of(built, later, doc):
                break
            last = later.time
    return last


def current(built: Built, answer: Record, doc: str) -> Record | None:
    """Return when the version that is current at an answer was made so; None if never."""
    named = {f"{doc} {each}" for each in versions(built, doc)}
    made = [r for r in built.of("done") if r.id in named and r.time <= answer.time]
    return made[-1] if made else None


def skipped(built: Built, since: float, until: float) -> str:
    """Say which message came again and was taken as done, with nothing written; "" if none."""
    begun: dict[str, tuple[Step, int]] = {}  # by node, what it does, and how much it has written
    first: dict[str, float] = {}
    for step in built.world.trace:
        if step.kind == "begin":
            first.setdefault(_event(step), step.time)
            begun[step.node] = (step, 0)
        elif step.kind == "effect" and step.node in begun:
            begun[step.node] = (begun[step.node][0], 1)
        elif step.kind == "end" and step.text == "done" and step.node in begun:
            start, wrote = begun.pop(step.node)
            if not wrote and since <= first[_event(start)] < start.time <= until:
                return (
                    f"{_event(start)} came again at {start.time:g} s, and {start.node} took it as "
                    "done without writing anything"
                )
    return ""


def _event(begin: Step) -> str:
    return begin.text.partition(" (attempt")[0]
