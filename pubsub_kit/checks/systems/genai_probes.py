"""What an answer to exercise 13 that failed has done: which rows it read, and what it wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pubsub_kit.scenarios.genai_pipeline import deletions, indexing
from pubsub_kit.scenarios.genai_pipeline.sights import db_of, event_of
from pubsub_kit.scenarios.idempotency.looks import Deed
from pubsub_kit.world.search.explore import Exploration
from pubsub_kit.world.world import World


def write_at(world: World, step: int) -> Deed:
    """Return the write that a step of the trace is."""
    return next(deed for deed in db_of(world).deeds if (deed.kind, deed.step) == ("write", step))


def rows_before(world: World, step: int) -> dict[str, Any]:
    """Return the rows as they were right before a step of the trace; None stands for no row."""
    rows: dict[str, Any] = {}
    for deed in db_of(world).deeds:
        if deed.kind == "write" and deed.step < step:
            rows |= deed.rows
    return rows


def same_handling(world: World, write: Deed) -> Iterator[Deed]:
    """Yield what was done while the event of a write was handled that time, before and after it."""
    return (deed for deed in db_of(world).deeds if deed.lease is write.lease is not None)


# -- upsert ----------------------------------------------------------------------------------------


def why_indexed(answer: Any, found: Exploration) -> str:
    """Name what led to a look that shows no version, an older one, or not the newest at rest."""
    assert found.world is not None
    assert found.violation is not None
    world, wrong = found.world, found.violation
    if wrong.belief == "refuses what is newer":
        ((doc, newest),) = wrong.expected.items()
        return _why_not(world, f"{doc}-{newest}", doc)
    if wrong.belief == "last writer wins" and wrong.step is not None:
        return _why_older(world, wrong.step, str(*wrong.expected.values()))
    if wrong.belief == "in several steps" and wrong.step is not None:
        return _why_broken(world, wrong.step, next(iter(wrong.expected)))
    return ""


def _why_broken(world: World, step: int, doc: str) -> str:
    write = write_at(world, step)
    about, _, version = event_of(write).rpartition("-")
    if about != doc:
        return "touches another document"
    seen = next(chunks for i, chunks in db_of(world).seen if i == step)
    texts = [row["text"] for row in seen if row["doc"] == doc]
    new = indexing.VERSIONS[doc][int(version)]
    upto = [each for v, each in indexing.VERSIONS[doc].items() if v <= int(version)]
    if any(texts.count(text) > sum(each.count(text) for each in upto) for text in texts):
        return "indexed twice"
    if any(deed.kind == "write" and deed.step > step for deed in same_handling(world, write)):
        return ""
    if all(texts.count(text) >= new.count(text) for text in new):
        return "knows only what it saw" if _unaware(world, step, doc) else "strays"
    once = len([row for row in write.rows.values() if row]) >= len(set(new))
    if once and set(texts) == set(new):
        return "one row for one text"
    steps = [deed for deed in same_handling(world, write) if deed.kind == "write"]
    return "leaves chunks out" if len(steps) == 1 and {*texts} & {*new} else ""


def _unaware(world: World, step: int, doc: str) -> bool:
    """Say whether what a write had last looked at, each row or a scan of none, was older."""
    looks = _looks(world, step)
    last = {key: row for look in looks for key, row in look.rows.items()}
    rows = rows_before(world, step)
    scans = [look.step for look in looks if not look.rows]
    others = [deed.step for deed in db_of(world).deeds if deed.kind == "write"
              and event_of(deed).startswith(f"{doc}-") and deed.step < step]  # fmt: skip
    return any(row != rows.get(key) for key, row in last.items()) or bool(
        scans and others and scans[-1] < others[-1]
    )


def _stale(world: World, step: int, looks: Sequence[Deed]) -> bool:
    """Say whether a row had changed between one of these looks and a step."""
    rows = rows_before(world, step)
    return any(row != rows.get(key) for look in looks for key, row in look.rows.items())


def _why_older(world: World, step: int, newer: str) -> str:
    """Say why an older version was written: nobody looked, or the look was old, or compared ill."""
    looks = _looks(world, step)
    if _stale(world, step, looks):
        return "check outside"
    known = any(newer in str(row) for look in looks for row in look.rows.values())
    read = {key for look in looks for key in look.rows}
    apart = [deed for deed in db_of(world).deeds if deed.kind == "write" and deed.lease is not None
             and str(deed.lease.data["version"]) == newer and not read & {*deed.rows}]  # fmt: skip
    return (
        "compares otherwise"
        if known
        else "the version apart"
        if apart and _heads(world, read)
        else ""
    )


def _heads(world: World, keys: set[str]) -> bool:
    """Say whether some write to these rows came after chunks that the same handling had written."""
    writes = [deed for deed in db_of(world).deeds if deed.kind == "write"]
    return any(a.lease is b.lease and b.step > a.step and keys & {*b.rows} for a in writes
               for b in writes)  # fmt: skip


def _looks(world: World, step: int) -> list[Deed]:
    """Return the looks of the handling that a write belongs to, before its first write."""
    looks = list[Deed]()
    for deed in same_handling(world, write_at(world, step)):
        if deed.kind == "write":
            break
        looks += [deed] if deed.kind == "look" else []
    return looks


def _why_not(world: World, event: str, doc: str) -> str:
    """Say why the newest version of a document isn't there."""
    deeds = [deed for deed in db_of(world).deeds if event_of(deed) == event]
    if _swallowed(world, deeds):
        return "swallows the conflict"
    writes = [deed for deed in deeds if deed.kind == "write"]
    if writes and _last_end(world, event).startswith("failed"):
        return "nobody ends its wait"
    if any(key.startswith("chunk ") for deed in writes for key in deed.rows):
        return ""
    mine = {key for deed in db_of(world).deeds if deed.kind == "write" for key in deed.rows
            if event_of(deed).startswith(f"{doc}-")}  # fmt: skip
    foreign = {key for deed in db_of(world).deeds if deed.kind == "write" for key in deed.rows}
    if any({*look.rows} & (foreign - mine) for look in deeds if look.kind == "look"):
        return "one version for all"
    if any(text in str(deed.rows) for deed in writes for text in deed.lease.data["chunks"]):
        return "another form"
    return "marked before the effect" if writes else ""


def _swallowed(world: World, deeds: Sequence[Deed]) -> bool:
    """Say whether the last handling of an event met a conflict, wrote nothing, and was done."""
    last = [deed for deed in deeds if deed.lease is deeds[-1].lease]
    met = [deed.kind for deed in last if deed.kind in ("conflict", "write")]
    if met or not deeds[-1].node:
        return met[-1:] == ["conflict"]
    ends = (i for i, step in enumerate(world.trace) if i >= last[-1].step
            and (step.kind, step.node) == ("end", last[-1].node))  # fmt: skip
    rows = rows_before(world, next(ends, len(world.trace)))
    return any(row != rows.get(key) for deed in last for key, row in deed.rows.items())


def _last_end(world: World, event: str) -> str:
    """Return how the last handling of an event ended."""
    mine = {s.message for s in world.trace.of("begin") if s.text.partition(" (")[0] == event}
    ends = [step.text for step in world.trace.of("end") if step.message in mine]
    return ends[-1] if ends else ""


# -- tombstone -------------------------------------------------------------------------------------


def why_back(answer: Any, found: Exploration) -> str:
    """Name what let a deleted text return or stay, or a newer one be missing."""
    assert found.world is not None
    assert found.violation is not None
    world, wrong = found.world, found.violation
    if wrong.belief == "no tombstone" and wrong.step is not None:
        return _why_returned(world, wrong.step)
    if wrong.belief == "a deletion is for ever":
        return _why_missing(world, wrong.actual)
    if wrong.belief == "the text is left":
        deeds = [deed for deed in db_of(world).deeds if event_of(deed) in deletions.DELETIONS]
        before = [deed for deed in deeds if deed.step <= (wrong.step or 0)]
        if before and _swallowed(world, before):
            return "swallows the conflict"
        last = [deed for deed in before if deed.lease is before[-1].lease and deed.kind == "write"]
        holds = [
            deed
            for deed in db_of(world).deeds
            if deed.kind == "write"
            and deed.step <= (wrong.step or 0)
            and str(wrong.actual) in str(deed.rows)
        ]
        if last and holds[-1].lease is not last[0].lease and holds[-1].step > last[0].step:
            return "the tombstone comes later"
        return "" if last else "marked before the effect"
    return ""


def _why_returned(world: World, step: int) -> str:
    back = write_at(world, step)
    doc = back.lease.data["doc"]
    writes = [deed for deed in db_of(world).deeds if deed.kind == "write" and deed.step < step]
    buried = [deed for deed in writes if _deletes(deed, doc)]
    graves = {key for deed in buried for key, row in deed.rows.items() if row is not None}
    if not graves:
        others = [deed for deed in writes if _deletes(deed) and any(deed.rows.values())]
        return "no tombstone without a row" if others and not buried else ""
    for deed in writes:
        touched = graves & {*deed.rows}
        if not touched or deed.step <= buried[0].step:
            continue
        if deed.node == "purger":
            last = max(each.step for each in buried if each.step < deed.step)
            age = world.trace[deed.step].time - world.trace[last].time
            written = [deed.before[key] for key in touched]
            if age > deletions.HORIZON:  # rightly purged: what is missing came later
                continue
            return (
                "purges what it saw" if _looked_older(world, deed, written) else "purged too early"
            )
        if not _deletes(deed, doc):
            return "the tombstone is lifted"
        if deed.lease.data["version"] < deletions.DELETIONS[event_of(buried[0])][1]:
            return "the tombstone falls"
    looks = _looks(world, step)
    if not any({*look.rows} & graves for look in looks):
        return "nobody looks at it"
    if _stale(world, step, looks):
        return "check outside"
    rows = rows_before(world, step)
    return "compares otherwise" if any(rows.get(key) is not None for key in graves) else ""


def _deletes(deed: Deed, doc: str = "") -> bool:
    """Say whether a write belongs to the handling of a deletion: of a document, or of any."""
    of = deletions.DELETIONS.get(event_of(deed))
    return of is not None and doc in ("", of[0])


def _looked_older(world: World, purge: Deed, rows: Sequence[Any]) -> bool:
    """Say whether a purge had last seen other rows than those that it deleted."""
    seen = [row for deed in same_handling(world, purge) if deed.kind == "look"
            for key, row in deed.rows.items() if key in purge.rows]  # fmt: skip
    return bool(seen) and seen[-1] not in rows


def _why_missing(world: World, has: Sequence[int]) -> str:
    """Say why the newest version of a document that lives isn't there."""
    ((doc, newest),) = deletions.ALIVE.items()
    deeds = [deed for deed in db_of(world).deeds if event_of(deed) == f"{doc}-{newest}"]
    if deeds and _swallowed(world, deeds):
        return "swallows the conflict"
    seen = [step for step, there in db_of(world).seen if (doc, newest) in there]
    if not seen:
        return ""
    gone = next((step for step, there in db_of(world).seen
                 if step > seen[0] and (doc, newest) not in there), None)  # fmt: skip
    if gone is None:
        return ""
    lost = write_at(world, gone)
    if lost.node == "purger":
        return "purges what lives"
    return "an old deletion deletes" if _deletes(lost) else "last writer wins"
