"""What retrieval must keep: one version and one model in an answer, all of it, nothing deleted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pubsub_kit.designs.built import Built, Record
from pubsub_kit.designs.told import faults
from pubsub_kit.world.search.explore import Violation

GONE = 60.0  # seconds from a deletion to the last answer that may show the document
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
            seen = _seen(built, answer, asked.id)
            if answer.time > asked.time and seen is None:
                empty = f", and was gone at {answer.time:g} s"
            elif seen is not None and (empty or answer.time > asked.time + GONE):
                _, version = _version(seen)
                done = built.of("done", f"{asked.id} {version}")
                words = (
                    f"{asked.id} was deleted at {asked.time:g} s{empty}. At {answer.time:g} s a "
                    f"query sees version {version} of it"
                )
                words += f", made current at {done[-1].time:g} s." if done else "."
                yield _wrong(built, seen, words, "gone", f"version {version}", "deleted returns")


def _mixed(built: Built) -> Iterator[Violation]:
    for seen in built.of("seen"):
        doc, versions = _version(seen)
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


def _went_back(built: Built) -> Iterator[Violation]:
    for seen in built.of("seen"):
        doc, version = _version(seen)
        names = {f"{doc} {each}": each for each in _versions(built, doc)}
        made = [(names[r.id], r) for r in built.of("done") if r.id in names and r.time <= seen.time]
        newer = [record for each, record in made if each > int(version)]
        if newer and made[-1][0] == int(version):
            words = (
                f"{newer[-1].id} was made current at {newer[-1].time:g} s, and {doc} {version} "
                f"after it, at {made[-1][1].time:g} s. At {seen.time:g} s a query sees version "
                f"{version}."
            )
            yield _wrong(built, seen, words, newer[-1].id, f"{doc} {version}", "last writer wins")


def _partly(built: Built) -> Iterator[Violation]:
    whole: dict[str, float] = {}  # by document, when it was first seen so
    for answer in built.of("got"):
        for doc in sorted({_version(record)[0] for record in built.of("changed")}):
            seen = _seen(built, answer, doc)
            if any(record.time <= answer.time for record in built.of("deleted", doc)):
                continue
            if seen is None:
                if doc in whole:
                    words = f"A query at {whole[doc]:g} s sees {doc}. At {answer.time:g} s "
                    words += "a query finds nothing of it."
                    yield _wrong(built, answer, words, "all of it", "nothing", "a gap")
                continue
            changed, found = built.of("changed", seen.id)[:1], seen.facts["texts"].split(BETWEEN)
            wanted = [text for each in changed for text in _cut(built, each)]
            if sorted(found) == sorted(wanted):
                whole.setdefault(doc, answer.time)
            elif doc in whole or any(r.time <= answer.time for r in built.of("done", seen.id)):
                yield _differs(built, seen, wanted, found)


def _differs(built: Built, seen: Record, wanted: list[str], found: list[str]) -> Violation:
    (doc, version), at = _version(seen), f"At {seen.time:g} s a query"
    of = f"of {doc}, version {version}"
    if twice := next((text for text in found if found.count(text) > wanted.count(text)), None):
        times = f"{found.count(twice)} times instead of {wanted.count(twice)}"
        words = f"{at} sees the chunk {twice!r} {of}, {times}."
        return _wrong(built, seen, words, wanted, found, "indexed twice")
    lost = next(text for text in wanted if found.count(text) < wanted.count(text))
    words = f"{at} misses the chunk {lost!r} {of}"
    if taken := _taken(built, doc, lost, seen.time):
        words += f": {taken}."
        return _wrong(built, seen, words, wanted, found, "documents share a chunk")
    return _wrong(built, seen, f"{words}: it shows a part.", wanted, found, "a gap")


def _taken(built: Built, doc: str, text: str, until: float) -> str:
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


def _outdated(built: Built) -> Iterator[Violation]:
    for answer in built.of("got"):
        for change in built.of("changed"):
            doc, version = _version(change)
            seen = _seen(built, answer, doc)
            late = answer.time > change.time + FRESH and not built.of("deleted", doc)
            if late and (seen is None or int(_version(seen)[1]) < int(version)):
                what = f"version {_version(seen)[1]}" if seen else "nothing"
                words = (
                    f"Version {version} of {doc} is there at {change.time:g} s. A query at "
                    f"{answer.time:g} s still sees {what} of it."
                )
                yield _wrong(built, answer, words, f"version {version}", what, "never seen")
    if not built.of("got"):
        words = "Nobody's query was ever answered."
        yield _wrong(built, None, words, "an answer", "none", "no answer")


# -- at rest ---------------------------------------------------------------------------------------


def _text_left(built: Built) -> Iterator[Violation]:
    for asked in built.of("deleted"):
        left = [key for key, row in built.rows("chunks").items() if row["doc"] == asked.id]
        if left:
            at, writer = _written(built, f"chunks/{left[0]}")
            words = (
                f"{asked.id} was deleted at {asked.time:g} s. At rest its text is still in the "
                f"index, in the row {left[0]!r}, which {writer} wrote at {at.time:g} s."
            )
            yield _wrong(built, at, words, "no row", ", ".join(left), "hidden is not deleted")


def _written(built: Built, key: str) -> tuple[Record, str]:
    """Return when a row was written last, and who did."""
    steps = enumerate(built.world.trace)
    wrote = [(n, s) for n, s in steps if s.kind == "effect" and key in (s.data or ((), (), ()))[2]]
    number, step = wrote[-1]
    return Record(step.time, "written", key, {}, number), step.node


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


_CHECKS = (_returned, _mixed, _went_back, _partly, _outdated, _text_left, _again)


# -- facts -----------------------------------------------------------------------------------------


def _wrong(
    built: Built, at: Record | None, words: str, wanted: Any, found: Any, belief: str
) -> Violation:
    last = len(built.world.trace) - 1
    return Violation(words, min(at.step, last) if at else last, wanted, found, belief)


def _seen(built: Built, answer: Record, doc: str) -> Record | None:
    seen = (r for r in built.of("seen") if r.facts["query"] == answer.id)
    return next((r for r in seen if _version(r)[0] == doc), None)


def _version(seen: Record) -> tuple[str, str]:
    """Return which document a fact is about, and which version, or versions as in "1+2"."""
    doc, _, versions = seen.id.rpartition(" ")
    return doc, versions


def _versions(built: Built, doc: str) -> list[int]:
    named = [_version(record) for record in built.of("changed")]
    return [int(version) for name, version in named if name == doc]


def _cut(built: Built, changed: Record) -> list[str]:
    """Return the chunks of a version, by the chunker of the design."""
    kind: Any = built.kind
    return list(kind.split(changed.facts["text"]))


def next_question(built: Built, wrong: Violation) -> str:
    """Put the next question, with the names and moments of the run that broke the design."""
    befell = faults(built.world.trace)
    if not befell:
        return f"Nothing has failed here, and still: {wrong.message} Which decision makes it so?"
    return f"{befell} {_ASKED.get(wrong.belief, 'What does a query see, and when?')}"


_ASKED = {
    "deleted returns": "What tells a late worker that the document is gone, and for how long?",
    "vectors of two models": "Which model's vectors may a query meet meanwhile?",
    "two versions": "Which version may a query see until all of it is written?",
    "a gap": "What does a query see between the old chunks and the new?",
    "indexed twice": "The work is done a second time. Which id do its chunks have then?",
    "last writer wins": "Two versions are written. What decides which one is seen?",
    "hidden is not deleted": "Who deletes what a late worker wrote, and when?",
    "embedded again": "What do you look up before you pay for a vector?",
    "never seen": "The change was accepted. Who comes back to it?",
}
