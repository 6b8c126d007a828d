"""What retrieval must keep: one version and one model in an answer, all of it, nothing deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pubsub_kit.designs.built import Built, Record
from pubsub_kit.scenarios.rag_ingestion.facts import (
    current,
    cut,
    deleted,
    empty_until,
    had_chunks,
    put_back,
    seen_of,
    skipped,
    taken,
    version_of,
    versions,
    written,
)
from pubsub_kit.world.search.explore import Violation

GONE = 60.0  # seconds from a deletion to the last answer that may show the document
RETRIED = 60.0  # seconds in which an attempt that failed has come again
FRESH = 300.0  # seconds from a change to the last answer that may miss it
_MOMENT = 1.0  # seconds: two workers that embed a text this close race, and neither is to blame
BETWEEN = " · "  # texts of what was seen


def answers_are_true(built: Built) -> Iterator[Violation]:
    """Yield what is wrong after a run, the worst first: what was seen, then what is at rest."""
    for check in _CHECKS:
        yield from check(built)


# -- what queries saw ------------------------------------------------------------------------------


def _returned(built: Built) -> Iterator[Violation]:
    for asked in built.of("deleted"):
        empty = ""
        for answer in built.of("got"):
            seen = seen_of(built, answer, asked.id)
            if answer.time > asked.time and seen is None:
                empty = f", and was gone at {answer.time:g} s"
            elif seen is not None and (empty or answer.time > asked.time + GONE):
                _, version = version_of(seen)
                done = built.of("done", f"{asked.id} {version}")
                words = (
                    f"{asked.id} was deleted at {asked.time:g} s{empty}. At {answer.time:g} s a "
                    f"query sees version {version} of it"
                )
                words += f", made current at {done[-1].time:g} s." if done else "."
                yield _wrong(built, seen, words, "gone", f"version {version}", "deleted returns")


def _mixed(built: Built) -> Iterator[Violation]:
    for seen in built.of("seen"):
        doc, versions = version_of(seen)
        asked, models = seen.facts["asked"], seen.facts["models"]
        if models != asked:
            words = (
                f"At {seen.time:g} s a query is embedded by {asked}, and compared with vectors of "
                f"{doc} by {models}: distances across models mean nothing."
            )
            yield _wrong(built, seen, words, asked, models, "vectors of two models")
        if "+" in versions:
            words = (
                f"At {seen.time:g} s a query sees chunks of {doc} from the versions "
                f"{versions.replace('+', ' and ')} side by side: {seen.facts['texts']}."
            )
            yield _wrong(built, seen, words, "one version", versions, "two versions")


def _of_another(built: Built) -> Iterator[Violation]:
    """Find a chunk that a query sees, and whose vector is none, or is that of another text."""
    made: Mapping[tuple[str, str], Any] = built.outside.get("vectors", {})
    for answer in built.of("got"):
        for row in built.outside["hits"][answer.id]:
            vector, wanted = row.get("vec"), made.get((row["model"], row["text"]))
            if vector is None or vector != wanted:
                whose = next(
                    (f"{text!r} by {m}" for (m, text), v in made.items() if v == vector), ""
                )
                words = (
                    f"At {answer.time:g} s a query is compared with the chunk {row['text']!r} of "
                    f"{row['doc']}, version {row['version']}, and its vector is "
                )
                words += "missing." if vector is None else f"that of {whose or 'no text'}."
                belief = "a chunk without a vector" if vector is None else "another text's vector"
                yield _wrong(built, answer, words, wanted, vector, belief)


def _went_back(built: Built) -> Iterator[Violation]:
    for seen in built.of("seen"):
        doc, version = version_of(seen)
        names = {f"{doc} {each}": each for each in versions(built, doc)}
        made = [(names[r.id], r) for r in built.of("done") if r.id in names and r.time <= seen.time]
        newer = [record for each, record in made if each > _newest(seen)]
        if newer and made[-1][0] == _newest(seen):
            words = (
                f"{newer[-1].id} was made current at {newer[-1].time:g} s, and {doc} {version} "
                f"after it, at {made[-1][1].time:g} s. At {seen.time:g} s a query sees version "
                f"{version}."
            )
            yield _wrong(built, seen, words, newer[-1].id, f"{doc} {version}", "last writer wins")


def _partly(built: Built) -> Iterator[Violation]:
    whole: dict[str, Record] = {}  # by document, which query saw all of it last
    for answer in built.of("got"):
        for doc in sorted({version_of(record)[0] for record in built.of("changed")}):
            seen = seen_of(built, answer, doc)
            if any(record.time <= answer.time for record in built.of("deleted", doc)):
                continue
            if seen is None:
                if doc in whole:
                    yield _nothing(built, whole[doc], answer, doc)
                continue
            changed, found = built.of("changed", seen.id)[:1], seen.facts["texts"].split(BETWEEN)
            wanted = [text for each in changed for text in cut(built, each)]
            if sorted(found) == sorted(wanted):
                whole[doc] = answer
            elif doc in whole or any(r.time <= answer.time for r in built.of("done", seen.id)):
                yield _differs(built, seen, wanted, found)


def _nothing(built: Built, before: Record, answer: Record, doc: str) -> Violation:
    """Say that a document is gone from the answers, for how long, and what the run shows of why."""
    words, at = f"A query at {before.time:g} s sees {doc}", f"A query at {answer.time:g} s"
    if back := put_back(built, answer, doc):
        words += f". {back}. {at} finds nothing of {doc}."
        return _wrong(built, answer, words, "the newer", "the older", "last writer wins")
    asked, model, made = before.facts["asked"], answer.facts["asked"], current(built, answer, doc)
    version = int(version_of(made)[1]) if made else 0
    who, there = deleted(built, answer, doc, version), had_chunks(built, answer, doc, version)
    if asked != model and not who:
        words += f", by {asked}. {at} is embedded by {model}, and finds nothing of it."
        return _wrong(built, answer, words, "all of it", "nothing", "switched too early")
    words += "."
    if made and made.time > before.time:
        words += f" {_of(made)} is made current at {made.time:g} s."
    words += f" {who}." if who else ""
    words += f" {at} finds nothing of {doc}"
    belief, last = "a gap", empty_until(built, answer, doc)
    if last > answer.time + max(RETRIED, 1.5 * built.world.longest_lease):
        words += f", nor does any until {last:g} s"
        belief = "current and deleted" if who else belief if there else "current and empty"
    return _wrong(built, answer, f"{words}.", "all of it", "nothing", belief)


def _of(record: Record) -> str:
    doc, version = version_of(record)
    return f"Version {version} of {doc}"


def _differs(built: Built, seen: Record, wanted: list[str], found: list[str]) -> Violation:
    (doc, version), at = version_of(seen), f"At {seen.time:g} s a query"
    of = f"of {doc}, version {version}"
    if twice := next((text for text in found if found.count(text) > wanted.count(text)), None):
        times = f"{found.count(twice)} times instead of {wanted.count(twice)}"
        words = f"{at} sees the chunk {twice!r} {of}, {times}."
        return _wrong(built, seen, words, wanted, found, "indexed twice")
    lost = next(text for text in wanted if found.count(text) < wanted.count(text))
    words = f"{at} misses the chunk {lost!r} {of}"
    if who := taken(built, doc, lost, seen.time):
        words += f": {who}."
        return _wrong(built, seen, words, wanted, found, "documents share a chunk")
    return _wrong(built, seen, f"{words}: it shows a part.", wanted, found, "a gap")


def _outdated(built: Built) -> Iterator[Violation]:
    for answer in built.of("got"):
        for change in built.of("changed"):
            doc, version = version_of(change)
            seen = seen_of(built, answer, doc)
            late = answer.time > change.time + FRESH and not built.of("deleted", doc)
            if late and (seen is None or _newest(seen) < int(version)):
                what = f"version {version_of(seen)[1]}" if seen else "nothing"
                words, belief = _accepted(built, change), "never seen"
                words += f" A query at {answer.time:g} s still sees {what} of it."
                if again := skipped(built, change.time, answer.time):
                    words, belief = f"{words} {again}.", "marked before the effect"
                yield _wrong(built, answer, words, f"version {version}", what, belief)
    if not built.of("got"):
        words = "Nobody's query was ever answered."
        yield _wrong(built, None, words, "an answer", "none", "no answer")


def _accepted(built: Built, change: Record) -> str:
    """Say when a change was accepted, or only sent: what is accepted is not seen yet."""
    for taken_in in built.of("accepted", change.id)[:1]:
        return f"{_of(change)} was accepted at {taken_in.time:g} s."
    return f"{_of(change)} was sent at {change.time:g} s."


def _never_switched(built: Built) -> Iterator[Violation]:
    """Find a model that was asked for to the last, and answers nobody: some document lacks it."""
    asked, answers = built.of("switch asked"), built.of("got")
    if not asked or not answers or (model := asked[0].id.split()[-1]) == answers[-1].facts["asked"]:
        return
    words = f"The switch to {model} is asked for until {asked[-1].time:g} s, and a query at "
    words += f"{answers[-1].time:g} s is still embedded by {answers[-1].facts['asked']}."
    belief = "never switched"
    rows = [(row["doc"], row["version"], row.get("model")) for row in built.rows("chunks").values()]
    for change in built.of("changed"):
        doc, version = version_of(change)
        newest = int(version) == max(versions(built, doc)) and not built.of("deleted", doc)
        if newest and (doc, int(version), model) not in rows:
            words += f" {_accepted(built, change)} No chunk of it is by {model}."
            since = min((record.time for record in built.of("replayed")), default=0.0)
            belief = "no dual writes" if change.time > since else belief
    for gone in built.of("deleted"):
        if gone.id in built.rows("versions"):
            words += f" {gone.id} was deleted at {gone.time:g} s, and has a head again, without it."
    yield _wrong(built, answers[-1], words, model, answers[-1].facts["asked"], belief)


# -- at rest ---------------------------------------------------------------------------------------


def _text_left(built: Built) -> Iterator[Violation]:
    for asked in built.of("deleted"):
        left = [key for key, row in built.rows("chunks").items() if row["doc"] == asked.id]
        if left:
            at, writer = written(built, f"chunks/{left[0]}")
            words = (
                f"{asked.id} was deleted at {asked.time:g} s. At rest its text is still in the "
                f"index, in the row {left[0]!r}, which {writer} wrote at {at.time:g} s."
            )
            yield _wrong(built, at, words, "no row", ", ".join(left), "hidden is not deleted")


def _again(built: Built) -> Iterator[Violation]:
    """Find a text embedded again when its vector was already kept, oftener than faults excuse."""
    excused = len(list(built.world.trace.faults()))
    embedded = [(r, text) for r in built.of("embedded") for text in r.facts["texts"]]
    for kept in built.of("kept"):
        since = kept.time + _MOMENT
        for text in kept.facts["texts"]:
            again = [r for r, t in embedded if (r.id, t) == (kept.id, text) and r.time > since]
            if len(again) > excused:
                words = (
                    f"The vector of {text!r} by {kept.id} was kept at {kept.time:g} s. At "
                    f"{again[0].time:g} s the same text is embedded again, and paid for again."
                )
                yield _wrong(built, again[0], words, 1, len(again) + 1, "embedded again")


_CHECKS = (
    _returned,
    _mixed,
    _of_another,
    _went_back,
    _partly,
    _outdated,
    _never_switched,
    _text_left,
    _again,
)


# -- facts -----------------------------------------------------------------------------------------


def _wrong(
    built: Built, at: Record | None, words: str, wanted: Any, found: Any, belief: str
) -> Violation:
    last = len(built.world.trace) - 1
    return Violation(words, min(at.step, last) if at else last, wanted, found, belief)


def _newest(seen: Record) -> int:
    """Return the newest version that a fact is about."""
    return max(map(int, version_of(seen)[1].split("+")))
